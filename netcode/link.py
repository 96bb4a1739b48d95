"""The one module with a socket: ROUTER and DEALER over TCP, encrypted, never blocking. It knows bytes, not packets.

Three habits of libzmq shape it. A listener with keys but without a doorkeeper lets everybody in. A caller that once
received a broken frame is never connected again. And a monitor that nobody reads stops the socket's own thread.
"""

import errno
import socket as dns
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import zmq
from zmq.utils import z85

from games.contract import Seat
from netcode.address import Address, parse_address
from netcode.connection import Call, Knocks, LinkEvent, LinkTally
from netcode.limits import MAX_PACKET_BYTES, MILLISECOND

__all__ = ["QUEUE_PACKETS", "UNREAD_PACKETS", "Keys", "Link", "LinkError", "LinkEvent", "LinkTally", "ZmqLink"]

_SEALED_BYTES: Final = MAX_PACKET_BYTES + 33
"""A packet as CURVE sends it: with a command's name, a nonce, a MAC and flags. One byte more ends the connection."""
QUEUE_PACKETS: Final = 128
"""A packet repairs the loss of all before it, so a long queue of old ones is worth nothing."""
UNREAD_PACKETS: Final = 8192
"""What may lie unread while our program stands still: more than a partner says at 240 Hz until it gives up.

A full queue makes libzmq stop reading, and when the partner then goes, its next heartbeat aborts the whole process
(`!_io_error`, in libzmq 4.3.5).
"""
_MOST_DRAINED: Final = 512
"""One wake-up takes at most so many packets, so a flood cannot hold up a tick."""
_MOST_REPORTS: Final = 64
"""One look at the monitor takes at most so many reports (about 10 us each), for the same reason."""
_MOST_KNOCKS: Final = 8
"""One look at the door answers at most so many. Only who knows our public key gets that far."""
_HEARTBEAT_MS: Final = 200
_HEARTBEAT_TIMEOUT_MS: Final = 600
_CONNECT_MS: Final = 500
"""An unanswered call is begun anew: TCP itself asks again after 1, 3 and 7 s, too late for a healed cable."""
_RECONNECT_MS: Final = 100
"""And up to as much again by chance. It does not grow: one partner, one switch, and somebody waits in front of it."""
_REVIVE: Final = 250 * MILLISECOND
"""How long libzmq has to say that it tries again, before we do."""
_HANDSHAKE_MS: Final = 2000
"""A stranger who connects and says nothing is dropped after this."""
_LINGER_MS: Final = 200
_ZAP_ENDPOINT: Final = "inproc://zeromq.zap.01"
_ZAP_DOMAIN: Final = b"dyadgrid"
_ZAP_FIELDS: Final = 7
_REPORT: Final = struct.Struct("=Hi")
_RIGHT_ID: Final = b"right"
_KEY_CHARACTERS: Final = 40


class LinkError(Exception):
    """The address cannot be used; the text says which and why. The user's to mend."""


@dataclass(frozen=True, slots=True)
class Keys:
    """CURVE keys (Z85 text as bytes): our own pair, and the one public key that we accept."""

    public: bytes
    secret: bytes = field(repr=False)
    partner_public: bytes

    def __post_init__(self) -> None:
        """Refuse what is no key.

        Raises:
            ValueError: one of them is none.
        """
        for key in (self.public, self.secret, self.partner_public):
            if len(key) != _KEY_CHARACTERS or not set(key) <= set(z85.Z85CHARS):
                raise ValueError(f"expected keys of {_KEY_CHARACTERS} Z85 characters, got something else")


class Link(Protocol):
    """Carries packets to and from the partner. Any transport with these calls can take its place."""

    @property
    def tally(self) -> LinkTally:
        """What the link went through so far."""

    def send(self, data: bytes) -> None:
        """Send if it can be done now; a packet that cannot be sent is lost, as on any network."""

    def drain(self) -> list[bytes]:
        """What has arrived, oldest first. Never waits."""

    def wait(self, timeout_ns: int) -> bool:
        """Wait until something arrives, at most `timeout_ns`; whether something did."""

    def events(self) -> list[LinkEvent]:
        """What happened to the connection since the last call. Call it some ten times a second: it also mends it."""

    def close(self) -> None:
        """Give everything back. Packets on their way get a short time to leave."""


class ZmqLink:
    """A `Link` over ZeroMQ. The left seat binds and the right seat connects, so only one machine accepts connections.

    Args:
        seat: which end this is.
        address: `tcp://host:port`; the left seat may give `*` for every interface, or for any free port.
        keys: our own, and the partner's public one.
        clock: a monotonic clock (ns).

    Raises:
        LinkError: the address is malformed, in use or not ours.
    """

    def __init__(self, seat: Seat, address: str, keys: Keys, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._is_router = seat is Seat.LEFT
        self._clock = clock
        self.tally = LinkTally()
        self._view = Knocks(self.tally) if self._is_router else Call(self.tally)
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER if self._is_router else zmq.DEALER)
        self._monitor = self._context.socket(zmq.PAIR)
        self._door: _Door | None = None
        self._poller = zmq.Poller()
        self._news: list[LinkEvent] = []
        self._trouble: LinkEvent | None = None
        self._is_reached = False
        self._ended_at: int | None = None
        try:
            self._endpoint = _resolved(parse_address(address, listens=self._is_router), listens=self._is_router)
            self._configure()
            self._secure(keys)
            self._watch()
            self._open()
        except (zmq.ZMQError, ValueError, OSError) as error:
            self.close()
            verb = "listen on" if self._is_router else "call"
            raise LinkError(f"cannot {verb} {address or 'an empty address'}: {_words(error)}") from error

    def _configure(self) -> None:
        options = {
            zmq.IPV6: self._endpoint.is_ipv6,
            zmq.LINGER: _LINGER_MS,
            zmq.SNDHWM: QUEUE_PACKETS,
            zmq.RCVHWM: UNREAD_PACKETS,
            zmq.MAXMSGSIZE: _SEALED_BYTES,
            zmq.HEARTBEAT_IVL: _HEARTBEAT_MS,
            zmq.HEARTBEAT_TIMEOUT: _HEARTBEAT_TIMEOUT_MS,
            zmq.HANDSHAKE_IVL: _HANDSHAKE_MS,
        }
        if self._is_router:
            options |= {zmq.ROUTER_HANDOVER: 1, zmq.ROUTER_MANDATORY: 1}
        else:
            options |= {zmq.IMMEDIATE: 1, zmq.CONNECT_TIMEOUT: _CONNECT_MS, zmq.RECONNECT_IVL: _RECONNECT_MS}
            self._socket.setsockopt(zmq.ROUTING_ID, _RIGHT_ID)
        for option, value in options.items():
            self._socket.setsockopt(option, value)

    def _secure(self, keys: Keys) -> None:
        """Encrypt, and accept exactly the partner's key: with handover, a stranger could otherwise take the seat."""
        self._socket.curve_publickey = keys.public
        self._socket.curve_secretkey = keys.secret
        if self._is_router:
            self._door = _Door(self._context, keys.partner_public)
            self._socket.curve_server = True
            self._socket.zap_domain = _ZAP_DOMAIN
        else:
            self._socket.curve_serverkey = keys.partner_public

    def _watch(self) -> None:
        """Have the socket report. The queue has no limit: at one, the thread that serves the partner would stop."""
        reports = "inproc://reports"
        self._socket.monitor(reports, self._view.REPORTS)
        self._monitor.setsockopt(zmq.RCVHWM, 0)
        self._monitor.connect(reports)
        self._poller.register(self._socket, zmq.POLLIN)
        if self._door is not None:
            self._poller.register(self._door.socket, zmq.POLLIN)

    def _open(self) -> None:
        if self._is_router:
            self._socket.bind(str(self._endpoint))
        else:
            self._socket.connect(str(self._endpoint))

    @property
    def address(self) -> str:
        """The address in use, with the port that was chosen."""
        return self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def send(self, data: bytes) -> None:
        """Send if it can be done now, else count it as unsent.

        Raises:
            ValueError: more than a packet may have. It would cost the connection, and so would every repetition.
        """
        if len(data) > MAX_PACKET_BYTES:
            raise ValueError(f"expected a packet of at most {MAX_PACKET_BYTES} bytes to send, got {len(data)}")
        parts = [_RIGHT_ID, data] if self._is_router else [data]
        try:
            self._socket.send_multipart(parts, zmq.NOBLOCK, copy=True)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                raise
            self.tally.unsent += 1
            if error.errno == zmq.EHOSTUNREACH and self._is_reached:
                self._note(LinkEvent.DISCONNECTED)

    def drain(self) -> list[bytes]:
        """What has arrived, oldest first, at most a bounded number at once."""
        packets: list[bytes] = []
        for _ in range(_MOST_DRAINED):
            if not int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:  # asking costs half of an `Again`
                break
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            expected = 2 if self._is_router else 1
            if len(parts) != expected or (self._is_router and parts[0] != _RIGHT_ID):
                self.tally.oddities += 1
            else:
                packets.append(parts[-1])
        return packets

    def wait(self, timeout_ns: int) -> bool:
        """Wait in the poller, in whole milliseconds rounded down, so that a deadline is not overslept."""
        ready = dict(self._poller.poll(max(0, timeout_ns // MILLISECOND)))
        if self._door is not None and self._door.socket in ready:
            self._door.answer()
        return self._socket in ready

    def events(self) -> list[LinkEvent]:
        """What became of the connection since the last call. A wrong key shows nowhere else: `send` succeeds."""
        if self._door is not None:
            self._door.answer()
        for _ in range(_MOST_REPORTS):
            try:
                report = self._monitor.recv_multipart(zmq.NOBLOCK)[0]
            except zmq.Again:
                break
            event = self._view.take(*_REPORT.unpack(report))
            if event is not None:
                self._note(event)
        self._revive()
        news, self._news = self._news, []
        return news

    def _note(self, event: LinkEvent) -> None:
        """Keep what is new: a trouble that goes on is one event, not ten a second."""
        if event in (LinkEvent.CONNECTED, LinkEvent.DISCONNECTED):
            self._is_reached = event is LinkEvent.CONNECTED
            self._trouble = None
        elif event is self._trouble:
            return
        else:
            self._trouble = event
        self._news.append(event)

    def _revive(self) -> None:
        """Call again where libzmq has given up: after a frame that was broken on its way, or a key that was refused."""
        if not isinstance(self._view, Call) or not self._view.is_given_up:
            self._ended_at = None
            return
        now = self._clock()
        if self._ended_at is None:
            self._ended_at = now
        elif now - self._ended_at >= _REVIVE:
            self._ended_at = now
            # libzmq ignores a second call to an address that it has not been told to forget.
            self._socket.disconnect(str(self._endpoint))
            self._open()

    def close(self) -> None:
        """Close everything, after the last packets had `_LINGER_MS` to leave. May be called again."""
        if self._context.closed:
            return
        # In this order: with nobody at the other end of the monitor, the socket's thread would wait there for ever.
        self._socket.disable_monitor()
        self._monitor.close(0)
        self._socket.close()
        if self._door is not None:
            self._door.socket.close(0)
        self._context.term()


class _Door:
    """Answers libzmq's question (ZAP, RFC 27) whether a caller may come in: with exactly one key, and no other way."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", partner_public: bytes) -> None:
        self._key = z85.decode(partner_public)
        self.socket = context.socket(zmq.REP)
        self.socket.bind(_ZAP_ENDPOINT)

    def answer(self) -> None:
        """Answer who waits, at most a few at once. A caller whom nobody answers is dropped by its handshake's time."""
        for _ in range(_MOST_KNOCKS):
            try:
                question = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            self.socket.send_multipart(self._reply(question), zmq.NOBLOCK)

    def _reply(self, question: list[bytes]) -> list[bytes]:
        is_partner = len(question) == _ZAP_FIELDS and question[5] == b"CURVE" and question[6] == self._key
        status = [b"200", b"OK"] if is_partner else [b"400", b"unknown key"]
        return [b"1.0", question[1], *status, b"", b""]


def _resolved(address: Address, *, listens: bool) -> Address:
    """The address with a number instead of a name: a name server that hangs later must not hang the socket's thread."""
    if listens:
        return address
    found = dns.getaddrinfo(address.host, address.port, type=dns.SOCK_STREAM)
    best = min(found, key=lambda way: way[0] is not dns.AF_INET)
    return address._replace(host=str(best[4][0]))


def _words(error: Exception) -> str:
    if isinstance(error, dns.gaierror):
        return f"no machine of that name is known here ({error.strerror})"
    if isinstance(error, zmq.ZMQError):
        return _REASONS.get(error.errno or 0, str(error))
    return str(error)


_NOT_OURS: Final = "this is no address of this machine (its own address, or * for all of them, is expected)"
_REASONS: Final = {
    zmq.EADDRINUSE: "another program listens there; if it is this one, from before, end it or take another port",
    zmq.EADDRNOTAVAIL: _NOT_OURS,
    errno.ENODEV: _NOT_OURS,
    zmq.EAGAIN: _NOT_OURS,
    errno.EACCES: "ports below 1024 belong to the system; take one above",
}
