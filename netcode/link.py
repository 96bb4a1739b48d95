"""The one module with a socket: ROUTER and DEALER over TCP, encrypted, never blocking. It knows bytes, not packets."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

import zmq
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils.monitor import parse_monitor_message

from games.contract import Seat
from netcode.limits import MAX_PACKET_BYTES, MILLISECOND

_QUEUE_PACKETS: Final = 128
"""A packet repairs the loss of all before it, so a long queue of old ones is worth nothing."""
_MOST_DRAINED: Final = 512
"""One wake-up takes at most so many packets, so a flood cannot hold up a tick."""
_HEARTBEAT_MS: Final = 200
_HEARTBEAT_TIMEOUT_MS: Final = 600
_RECONNECT_MS: Final = 100
_RECONNECT_MOST_MS: Final = 1000
_HANDSHAKE_MS: Final = 2000
"""A stranger who connects and says nothing is dropped after this."""
_LINGER_MS: Final = 200
_ZAP_DOMAIN: Final = b"dyadgrid"
_RIGHT_ID: Final = b"right"


class LinkEvent(Enum):
    """What happened to the connection, for the window and the local record."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    STRANGER_REFUSED = "stranger refused"
    """Somebody without the right key tried to take the partner's seat (or the partner has the wrong key)."""
    WRONG_KEY = "wrong key"
    """The partner's machine does not accept our key, or is not the one we hold a key of."""


class LinkError(Exception):
    """The address cannot be used; the text says which and why. The user's to mend."""


@dataclass(frozen=True, slots=True)
class Keys:
    """CURVE keys (Z85 text as bytes): our own pair, and the one public key that we accept."""

    public: bytes
    secret: bytes
    partner_public: bytes


class Link(Protocol):
    """Carries packets to and from the partner. Any transport with these calls can take its place."""

    def send(self, data: bytes) -> None:
        """Send if it can be done now; a packet that cannot be sent is lost, as on any network."""

    def drain(self) -> list[bytes]:
        """What has arrived, oldest first. Never waits."""

    def wait(self, timeout_ns: int) -> bool:
        """Wait until something arrives, at most `timeout_ns`; whether something did."""

    def events(self) -> list[LinkEvent]:
        """What happened to the connection since the last call."""

    def close(self) -> None:
        """Give everything back. Packets on their way get a short time to leave."""


class ZmqLink:
    """A `Link` over ZeroMQ. The left seat binds and the right seat connects, so only one machine accepts connections.

    Args:
        seat: which end this is.
        address: `tcp://host:port`; the left seat may give port `*` for any free one.
        keys: without them (None) the link is open: for tests on one machine only.

    Raises:
        LinkError: the address is malformed, in use or not ours.
    """

    def __init__(self, seat: Seat, address: str, keys: Keys | None) -> None:
        self._context = zmq.Context()
        self._is_router = seat is Seat.LEFT
        self._authenticator: ThreadAuthenticator | None = None
        self._socket = self._context.socket(zmq.ROUTER if self._is_router else zmq.DEALER)
        self._monitor = self._socket.get_monitor_socket()
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self.unsent = 0
        """Packets that could not be sent when they were due."""
        self.oddities = 0
        """Messages that were no single packet of the partner. They were dropped."""
        self._configure()
        try:
            if keys is not None:
                self._secure(keys)
            self._open(address)
        except (zmq.ZMQError, ValueError) as error:
            self.close()
            verb = "listen on" if self._is_router else "connect to"
            raise LinkError(f"cannot {verb} {address}: {error}") from error

    def _configure(self) -> None:
        options = {
            zmq.LINGER: _LINGER_MS,
            zmq.SNDHWM: _QUEUE_PACKETS,
            zmq.RCVHWM: _QUEUE_PACKETS,
            zmq.MAXMSGSIZE: MAX_PACKET_BYTES,
            zmq.HEARTBEAT_IVL: _HEARTBEAT_MS,
            zmq.HEARTBEAT_TIMEOUT: _HEARTBEAT_TIMEOUT_MS,
            zmq.HANDSHAKE_IVL: _HANDSHAKE_MS,
            zmq.RECONNECT_IVL: _RECONNECT_MS,
            zmq.RECONNECT_IVL_MAX: _RECONNECT_MOST_MS,
        }
        if self._is_router:
            options |= {zmq.ROUTER_HANDOVER: 1, zmq.ROUTER_MANDATORY: 1}
        else:
            options |= {zmq.IMMEDIATE: 1}
            self._socket.setsockopt(zmq.ROUTING_ID, _RIGHT_ID)
        for option, value in options.items():
            self._socket.setsockopt(option, value)

    def _secure(self, keys: Keys) -> None:
        """Encrypt, and accept exactly the partner's key: with handover, a stranger could otherwise take the seat."""
        self._socket.curve_publickey = keys.public
        self._socket.curve_secretkey = keys.secret
        if not self._is_router:
            self._socket.curve_serverkey = keys.partner_public
            return
        self._authenticator = ThreadAuthenticator(self._context)
        self._authenticator.start()
        self._authenticator.configure_curve_callback(_ZAP_DOMAIN.decode(), _OneKey(keys.partner_public))
        self._socket.curve_server = True
        self._socket.zap_domain = _ZAP_DOMAIN

    def _open(self, address: str) -> None:
        if self._is_router:
            self._socket.bind(address)
        else:
            self._socket.connect(address)

    @property
    def address(self) -> str:
        """The address in use, with the port that was chosen."""
        return self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def send(self, data: bytes) -> None:
        """Send if it can be done now, else count it as unsent."""
        parts = [_RIGHT_ID, data] if self._is_router else [data]
        try:
            self._socket.send_multipart(parts, zmq.NOBLOCK, copy=True)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                raise
            self.unsent += 1

    def drain(self) -> list[bytes]:
        """What has arrived, oldest first, at most a bounded number at once."""
        packets: list[bytes] = []
        for _ in range(_MOST_DRAINED):
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            expected = 2 if self._is_router else 1
            if len(parts) != expected or (self._is_router and parts[0] != _RIGHT_ID):
                self.oddities += 1
            else:
                packets.append(parts[-1])
        return packets

    def wait(self, timeout_ns: int) -> bool:
        """Wait in the poller, in whole milliseconds rounded down, so that a deadline is not overslept."""
        return bool(self._poller.poll(max(0, timeout_ns // MILLISECOND)))

    def events(self) -> list[LinkEvent]:
        """What the socket's monitor said since the last call. A wrong key shows nowhere else: `send` succeeds."""
        seen: list[LinkEvent] = []
        while self._monitor.poll(0):
            message: Any = parse_monitor_message(self._monitor.recv_multipart(zmq.NOBLOCK))
            event = _EVENTS.get(message["event"])
            if message["event"] == zmq.EVENT_HANDSHAKE_FAILED_AUTH or event is LinkEvent.WRONG_KEY:
                event = LinkEvent.STRANGER_REFUSED if self._is_router else LinkEvent.WRONG_KEY
            if event is not None:
                seen.append(event)
        return seen

    def close(self) -> None:
        """Close everything, after the last packets had `_LINGER_MS` to leave."""
        self._socket.disable_monitor()
        self._monitor.close(0)
        self._socket.close()
        if self._authenticator is not None:
            self._authenticator.stop()
        self._context.term()


_EVENTS: Final = {
    zmq.EVENT_HANDSHAKE_SUCCEEDED: LinkEvent.CONNECTED,
    zmq.EVENT_DISCONNECTED: LinkEvent.DISCONNECTED,
    zmq.EVENT_HANDSHAKE_FAILED_AUTH: LinkEvent.WRONG_KEY,
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL: LinkEvent.WRONG_KEY,
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL: LinkEvent.WRONG_KEY,
}


class _OneKey:
    """The allow-list: exactly one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def callback(self, domain: str, key: bytes) -> bool:  # noqa: ARG002 - the authenticator's signature
        """Whether `key` (Z85) may connect."""
        return key == self._key
