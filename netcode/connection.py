"""What a socket's monitor reports, as words and counts. No socket: (event, value) in, what it means for a seat out.

The left seat listens, so a report may be about the partner or about anybody on the network who knocks. The right seat
calls, so every report is about the one connection that it wants, but few of them say why it failed.
"""

import errno
from dataclasses import dataclass
from enum import Enum
from typing import Final

import zmq


class LinkEvent(Enum):
    """What happened to the connection, for the window and the local record."""

    CONNECTED = "connected"
    """The partner is there, with the right key. A second time without a `DISCONNECTED`: it came back before we knew."""
    DISCONNECTED = "disconnected"
    STRANGER_REFUSED = "stranger refused"
    """Left only. Somebody tried a key that is not the partner's: a stranger, or the partner with wrong keys."""
    WRONG_KEY = "wrong key"
    """Right only. The other machine does not take our key, or we hold another key than its."""
    NOBODY_LISTENS = "nobody listens"
    """Right only. No program listens at the address, or the network does not lead there."""
    NO_ANSWER = "no answer"
    """Right only. Something listens there and does not answer as a partner: another program, or one that is stuck."""


@dataclass(slots=True)
class LinkTally:
    """What a link went through since it was opened."""

    connects: int = 0
    """Times that the partner connected; all but the first are reconnects."""
    refused: int = 0
    """Connections that came to nothing: strangers, scans, garbage, and the partner's own attempts that broke off."""
    unsent: int = 0
    """Packets that nobody could take when they were due. They are lost, as on any network."""
    oddities: int = 0
    """Messages that were no single packet of the partner. They were dropped."""


_WRONG_KEY: Final = zmq.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC
_HUNG_UP: Final = (errno.EPIPE, errno.ECONNRESET)
_HANG_UPS: Final = 2
"""The other machine hangs up on a caller that holds a wrong key of it, without a word. Once may be its own exit."""


class Knocks:
    """The left seat's view: who knocked, and who was let in. That the partner is *gone* is told by sending, not here.

    A connection is known by its file descriptor, but success is reported without one; it goes to the connection that
    waits longest, so in a race two visitors may swap places in `refused`, and the sum is still right.
    """

    REPORTS: Final = (
        zmq.EVENT_ACCEPTED
        | zmq.EVENT_HANDSHAKE_SUCCEEDED
        | zmq.EVENT_HANDSHAKE_FAILED_AUTH
        | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
        | zmq.EVENT_DISCONNECTED
    )

    def __init__(self, tally: LinkTally) -> None:
        self._tally = tally
        self._waiting: dict[int, None] = {}
        self._failure = 0

    def take(self, event: int, value: int) -> LinkEvent | None:
        """What a report means, if it is worth a word."""
        if event == zmq.EVENT_ACCEPTED:
            self._waiting[value] = None
        elif event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self._waiting.pop(next(iter(self._waiting), -1), None)
            self._tally.connects += 1
            return LinkEvent.CONNECTED
        elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            return LinkEvent.STRANGER_REFUSED
        elif event == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
            self._failure = value
        elif event == zmq.EVENT_DISCONNECTED:
            return self._close(value)
        return None

    def _close(self, descriptor: int) -> LinkEvent | None:
        failure, self._failure = self._failure, 0
        if descriptor not in self._waiting:
            return None
        del self._waiting[descriptor]
        self._tally.refused += 1
        return LinkEvent.STRANGER_REFUSED if failure == _WRONG_KEY else None


class Call:
    """The right seat's view of the one connection that it makes."""

    REPORTS: Final = (
        zmq.EVENT_CONNECTED
        | zmq.EVENT_CONNECT_RETRIED
        | zmq.EVENT_CLOSED
        | zmq.EVENT_HANDSHAKE_SUCCEEDED
        | zmq.EVENT_HANDSHAKE_FAILED_AUTH
        | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
        | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
        | zmq.EVENT_DISCONNECTED
    )

    def __init__(self, tally: LinkTally) -> None:
        self._tally = tally
        self._is_connected = False
        self._is_explained = False
        self._hang_ups = 0
        self.is_given_up = False
        """The connection ended and libzmq has not said that it will try again: after a broken frame it never does."""

    def take(self, event: int, value: int) -> LinkEvent | None:
        """What a report means, if it is worth a word."""
        match event:
            case zmq.EVENT_CONNECTED:
                self._is_explained = False
            case zmq.EVENT_CONNECT_RETRIED:
                self.is_given_up = False
            case zmq.EVENT_CLOSED:
                return LinkEvent.NOBODY_LISTENS
            case zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._is_connected, self.is_given_up = True, False
                self._tally.connects += 1
                return LinkEvent.CONNECTED
            case zmq.EVENT_DISCONNECTED:
                return self._end()
            case _ if not self._is_connected:
                return self._explain(event, value)
        return None

    def _explain(self, event: int, value: int) -> LinkEvent | None:
        """Why a connection was made and came to nothing."""
        self._is_explained = True
        if event == zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL and value in _HUNG_UP:
            self._hang_ups += 1
            # Who was once let in holds the right key: then it is the other machine that cannot.
            is_wrong_key = self._hang_ups >= _HANG_UPS and not self._tally.connects
            return LinkEvent.WRONG_KEY if is_wrong_key else None
        is_wrong_key = event == zmq.EVENT_HANDSHAKE_FAILED_AUTH or value == _WRONG_KEY
        return LinkEvent.WRONG_KEY if is_wrong_key else LinkEvent.NO_ANSWER

    def _end(self) -> LinkEvent | None:
        was_connected, self._is_connected = self._is_connected, False
        self.is_given_up = True
        self._tally.refused += not was_connected
        if was_connected:
            return LinkEvent.DISCONNECTED
        return None if self._is_explained else LinkEvent.NO_ANSWER
