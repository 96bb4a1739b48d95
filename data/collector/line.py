"""A station's line to its collector: a DEALER that asks and hears, and says in words why nobody answers. No file.

Every wait is bounded, and a line that broke is not mended: its owner opens another one.
"""

import socket as dns
import struct
import time
from collections.abc import Callable
from typing import Final, Self

import zmq

from data.collector.keys import StationKeys
from data.collector.messages import MAX_MESSAGE_BYTES, MessageError, Reply, Request, decode_reply, encode
from netcode.address import Address
from netcode.connection import Call, LinkEvent, LinkTally

CONNECT_SECONDS: Final = 5.0
"""For a connection and its handshake. A machine in the same lab answers within a tenth."""
ANSWER_SECONDS: Final = 30.0
"""For the answer to one message: a busy disk may take its time, and a courier has it."""
SEALED_BYTES: Final = MAX_MESSAGE_BYTES + 33
QUEUE_MESSAGES: Final = 64
UNREAD_MESSAGES: Final = 1024
"""Many more answers than questions are ever under way: a queue that is full when the collector goes, and a heartbeat
after that, make libzmq 4.3.5 abort the whole process (`!_io_error`)."""
HEARTBEAT_MS: Final = 1000
HEARTBEAT_TIMEOUT_MS: Final = 5000
HEARTBEAT_TTL_MS: Final = 10_000
"""After so long without a sign of this station its collector lets the connection go."""
POLL_MS: Final = 50
MOST_REPORTS: Final = 64
_REPORT: Final = struct.Struct("=Hi")
_HOPELESS: Final = (LinkEvent.WRONG_KEY, LinkEvent.NOBODY_LISTENS)
"""Waiting longer changes nothing; a courier comes back by itself."""
_WORDS: Final = {
    LinkEvent.DISCONNECTED: "the connection to it broke",
    LinkEvent.WRONG_KEY: "it does not know this station's key, or this station holds another key than its",
    LinkEvent.NOBODY_LISTENS: "no collector listens there",
    LinkEvent.NO_ANSWER: "something listens there that does not answer as a collector",
}


class LineError(Exception):
    """Nobody answers; the text says why, for a person."""


class Line:
    """One connection to a collector, made at the first question. For one thread; close it, or use it as a context.

    Args:
        address: where the collector listens.
        keys: this station's.
        clock: seconds that never jump.
    """

    def __init__(self, address: Address, keys: StationKeys, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._keys = keys
        self._clock = clock
        self._number = 0
        self._call = Call(LinkTally())
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._last: LinkEvent | None = None
        self._is_there = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    def ask(self, request: Request, seconds: float = ANSWER_SECONDS) -> Reply:
        """The answer to a question.

        Raises:
            LineError: there is none in time.
        """
        number = self.send(request)
        while True:
            came, reply = self.receive(seconds)
            if came == number:
                return reply

    def send(self, request: Request) -> int:
        """Send a question and do not wait for its answer; returns its number.

        Raises:
            LineError: nobody is there.
        """
        self._connect()
        self._number += 1
        try:
            self._socket.send(encode(request, self._number), zmq.NOBLOCK)
        except zmq.ZMQError as error:
            raise self._broken("it takes nothing") from error
        return self._number

    def receive(self, seconds: float = ANSWER_SECONDS) -> tuple[int, Reply]:
        """The next answer, and the number of its question.

        Raises:
            LineError: none comes in time, or what comes is none.
        """
        deadline = self._clock() + seconds
        while not self._socket.poll(POLL_MS):
            self._listen()
            if self._last is LinkEvent.DISCONNECTED:
                raise self._broken(_WORDS[LinkEvent.DISCONNECTED])
            if self._clock() >= deadline:
                raise self._broken("it is there, and does not answer")
        parts = self._socket.recv_multipart()
        try:
            reply, number = decode_reply(b"".join(parts))
        except MessageError as error:
            raise self._broken(f"it answers in words that are not understood here: {error}") from error
        return number, reply

    def _connect(self) -> None:
        if self._context is None:
            self._open()
        deadline = self._clock() + CONNECT_SECONDS
        self._listen()
        while not self._is_there:
            self._monitor.poll(POLL_MS)
            self._listen()
            if self._last in _HOPELESS or self._clock() >= deadline:
                raise self._broken(_WORDS.get(self._last, "it does not answer") if self._last else "it does not answer")
        if self._last is LinkEvent.DISCONNECTED:
            raise self._broken(_WORDS[LinkEvent.DISCONNECTED])

    def _open(self) -> None:
        host = _resolved(self._address)
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._monitor = self._context.socket(zmq.PAIR)
        options = {
            zmq.IPV6: host.is_ipv6,
            zmq.LINGER: 0,
            zmq.SNDHWM: QUEUE_MESSAGES,
            zmq.RCVHWM: UNREAD_MESSAGES,
            zmq.MAXMSGSIZE: SEALED_BYTES,
            zmq.IMMEDIATE: 1,
            zmq.HEARTBEAT_IVL: HEARTBEAT_MS,
            zmq.HEARTBEAT_TIMEOUT: HEARTBEAT_TIMEOUT_MS,
            zmq.HEARTBEAT_TTL: HEARTBEAT_TTL_MS,
            zmq.CONNECT_TIMEOUT: int(CONNECT_SECONDS * 1000),
            zmq.RECONNECT_IVL: 100,
        }
        for option, value in options.items():
            self._socket.setsockopt(option, value)
        self._socket.curve_publickey = self._keys.public
        self._socket.curve_secretkey = self._keys.secret
        self._socket.curve_serverkey = self._keys.collector_public
        self._socket.monitor("inproc://line-reports", Call.REPORTS)
        self._monitor.setsockopt(zmq.RCVHWM, 0)
        self._monitor.connect("inproc://line-reports")
        self._socket.connect(str(host))

    def _listen(self) -> None:
        """What became of the connection: the last that was said of it stands in `_last`."""
        for _ in range(MOST_REPORTS):
            try:
                report = self._monitor.recv_multipart(zmq.NOBLOCK)[0]
            except zmq.Again:
                return
            event = self._call.take(*_REPORT.unpack(report))
            if event is not None:
                self._is_there = self._is_there or event is LinkEvent.CONNECTED
                if not (self._is_there and event not in (LinkEvent.CONNECTED, LinkEvent.DISCONNECTED)):
                    self._last = event

    def _broken(self, words: str) -> LineError:
        self.close()
        return LineError(words)

    def close(self) -> None:
        """Give the connection back. May be called again; the next question opens another one."""
        if self._context is None:
            return
        context, self._context = self._context, None
        self._socket.disable_monitor()
        self._monitor.close(0)
        self._socket.close(0)
        context.term()
        self._call, self._last, self._is_there = Call(LinkTally()), None, False

    def __del__(self) -> None:
        """A line that nobody closed: its owner was let go."""
        self.close()


def _resolved(address: Address) -> Address:
    """The address with a number instead of a name.

    Raises:
        LineError: no machine has that name.
    """
    try:
        found = dns.getaddrinfo(address.host, address.port, type=dns.SOCK_STREAM)
    except OSError as error:
        raise LineError(f"no machine of the name {address.host} is known here ({error.strerror})") from error
    best = min(found, key=lambda way: way[0] is not dns.AF_INET)
    return address._replace(host=str(best[4][0]))
