"""The collector's socket: a ROUTER that lets in exactly the stations on its list, and knows which of them speaks.

Who may come in is asked for every connection (ZAP, RFC 27) and answered by a thread of its own, so that a disk that
makes the collector wait does not turn stations away. The name of a station is what its key stands for: a message
carries that key as a property that libzmq has set, and no station can choose it.
"""

import struct
import threading
from collections.abc import Mapping
from typing import Final

import zmq
from zmq.utils import z85

from data.collector.collector import Answer, Message
from data.collector.keys import CollectorKeys
from data.collector.messages import MAX_MESSAGE_BYTES
from netcode.address import parse_address

SEALED_BYTES: Final = MAX_MESSAGE_BYTES + 33
"""A message as CURVE sends it: with a command's name, a nonce, a MAC and flags. One byte more ends the connection."""
QUEUE_MESSAGES: Final = 32
"""Of one connection: 8 MB at most. A station has fewer under way."""
MOST_MESSAGES: Final = 64
"""Taken in one turn: so many files are made durable together, and nobody waits for more than those."""
MOST_BYTES: Final = 16 << 20
MOST_REPORTS: Final = 256
KEEPALIVE_SECONDS: Final = 10
"""Stations knock, and say how long their silence may last; a connection of one that does neither ends by this.

The collector itself does not knock: a station that leaves while its queue here is full makes libzmq 4.3.5 abort the
whole process at the next knock (`!_io_error`).
"""
HANDSHAKE_MS: Final = 5000
"""A stranger who connects and says nothing is dropped after this."""
LINGER_MS: Final = 500
DOOR_POLL_MS: Final = 100
DOOR_ENDPOINT: Final = "inproc://zeromq.zap.01"
DOOR_DOMAIN: Final = b"dyadgrid-collector"
DOOR_FIELDS: Final = 7
USER: Final = "User-Id"
_REPORT: Final = struct.Struct("=Hi")
_FAILURES: Final = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)


class CollectorSocketError(Exception):
    """The address cannot be used; the text says which and why. The user's to mend."""


class CollectorSocket:
    """Listens at `address` for the stations of `keys`.

    Attributes:
        refused: connections that came to nothing: unknown keys, no encryption, scans, garbage.
        strangers: those of them that had keys, but none that is on the list.
        oddities: messages of stations that had not one part, or that may not come in any more; they were dropped.
        unsent: answers whose station was gone when they were ready.

    Raises:
        CollectorSocketError: the address is malformed, in use or not ours.
    """

    def __init__(self, address: str, keys: CollectorKeys) -> None:
        self.refused = self.oddities = self.unsent = 0
        self._context = zmq.Context()
        self._door = _Door(self._context, keys)
        self._socket = self._context.socket(zmq.ROUTER)
        self._monitor = self._context.socket(zmq.PAIR)
        try:
            endpoint = parse_address(address, listens=True)
            self._configure(keys, is_ipv6=endpoint.is_ipv6)
            self._watch()
            self._socket.bind(str(endpoint))
        except (zmq.ZMQError, ValueError) as error:
            self.close()
            words = zmq.strerror(error.errno or 0) if isinstance(error, zmq.ZMQError) else str(error)
            raise CollectorSocketError(f"cannot listen on {address or 'an empty address'}: {words}") from error

    def _configure(self, keys: CollectorKeys, *, is_ipv6: bool) -> None:
        options = {
            zmq.IPV6: is_ipv6,
            zmq.LINGER: LINGER_MS,
            zmq.SNDHWM: QUEUE_MESSAGES,
            zmq.RCVHWM: QUEUE_MESSAGES,
            zmq.MAXMSGSIZE: SEALED_BYTES,
            zmq.TCP_KEEPALIVE: 1,
            zmq.TCP_KEEPALIVE_IDLE: KEEPALIVE_SECONDS,
            zmq.TCP_KEEPALIVE_INTVL: KEEPALIVE_SECONDS,
            zmq.HANDSHAKE_IVL: HANDSHAKE_MS,
            zmq.ROUTER_MANDATORY: 1,
        }
        for option, value in options.items():
            self._socket.setsockopt(option, value)
        self._socket.curve_publickey = keys.public
        self._socket.curve_secretkey = keys.secret
        self._socket.curve_server = True
        self._socket.zap_domain = DOOR_DOMAIN

    def _watch(self) -> None:
        """Have the socket report. The queue has no limit: at one, the thread that serves all stations would stop."""
        self._socket.monitor("inproc://collector-reports", _FAILURES)
        self._monitor.setsockopt(zmq.RCVHWM, 0)
        self._monitor.connect("inproc://collector-reports")

    @property
    def address(self) -> str:
        """The address in use, with the port that was chosen."""
        return self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    @property
    def strangers(self) -> int:
        """Connections with a key that is not on the list."""
        return self._door.refused

    def admit(self, stations: Mapping[bytes, str]) -> None:
        """From now on exactly these may come in; who is in already, and may not any more, is not heard."""
        self._door.admit(stations)

    @property
    def stations(self) -> frozenset[str]:
        """The names of those that may come in now."""
        return self._door.stations

    def receive(self, timeout_ms: int) -> list[Message]:
        """Wait until something arrives, then take all that is there, up to a bound."""
        if not self._socket.poll(timeout_ms):
            return []
        messages: list[Message] = []
        size = 0
        while len(messages) < MOST_MESSAGES and size < MOST_BYTES:
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                break
            if len(frames) != 2:  # where it goes, and what it is
                self.oddities += 1
                continue
            route, data = frames
            station = self._door.name_of(str(data.get(USER)))
            if station is None:
                self.oddities += 1
                continue
            messages.append(Message(station, route.bytes, data.bytes))
            size += len(messages[-1].data)
        return messages

    def send(self, answer: Answer) -> None:
        """Send an answer; a station that is gone asks again when it is back."""
        try:
            self._socket.send_multipart(answer, zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                raise
            self.unsent += 1

    def look(self) -> None:
        """Count the connections that came to nothing. Call it some times a second."""
        for _ in range(MOST_REPORTS):
            try:
                self._monitor.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            self.refused += 1

    def close(self) -> None:
        """Close everything, after the last answers had `LINGER_MS` to leave. May be called again."""
        if self._context.closed:
            return
        # In this order: with nobody at the other end of the monitor, the socket's thread would wait there for ever.
        self._socket.disable_monitor()
        self._monitor.close(0)
        self._socket.close()
        self._door.close()
        self._context.term()


class _Door:
    """Answers libzmq's question whether a caller may come in, and as whom, in a thread of its own."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", keys: CollectorKeys) -> None:
        self.refused = 0
        self.admit(keys.stations)
        self._socket = context.socket(zmq.REP)
        self._socket.bind(DOOR_ENDPOINT)
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="collector-door", daemon=True)
        self._thread.start()

    def admit(self, stations: Mapping[bytes, str]) -> None:
        """Let in exactly these, by public key (Z85)."""
        self._names = {public.decode(): name for public, name in stations.items()}

    @property
    def stations(self) -> frozenset[str]:
        """The names of those that may come in now."""
        return frozenset(self._names.values())

    def name_of(self, public: str) -> str | None:
        """The station that this key belongs to now; a key that was replaced belongs to none, even if it is in."""
        return self._names.get(public)

    def _serve(self) -> None:
        while not self._is_closing.is_set():
            if self._socket.poll(DOOR_POLL_MS):
                self._socket.send_multipart(self._reply(self._socket.recv_multipart()))
        self._socket.close(0)

    def _reply(self, question: list[bytes]) -> list[bytes]:
        is_curve = len(question) == DOOR_FIELDS and question[5] == b"CURVE"
        public = z85.encode(question[6]) if is_curve else b""
        if self.name_of(public.decode()) is None:
            self.refused += 1
            return [b"1.0", question[1], b"400", b"unknown key", b"", b""]
        return [b"1.0", question[1], b"200", b"OK", public, b""]

    def close(self) -> None:
        """End the thread; it closes its socket itself."""
        self._is_closing.set()
        self._thread.join()
