"""How long a packet takes to the partner and back, from the echoes that every packet carries. No clock of its own."""

from typing import Final, NamedTuple

from netcode.limits import SECOND
from netcode.tuples import make

_SMOOTHING: Final = 8
"""As TCP does it: one slow packet moves the mean by an eighth of its excess."""


class RoundTrip(NamedTuple):
    """A probe with its four times (ns): sent and received back by our clock, received and sent by the partner's."""

    sent: int
    partner_received: int
    partner_sent: int
    received: int


class RoundTrips:
    """The round trips of one program with its partner.

    Args:
        born: when this program's session began (ns).
        longest: a trip that took so long (ns) tells of a silence, not of the line.
    """

    __slots__ = ("_born", "_longest", "count", "echo", "last", "smoothed")

    def __init__(self, born: int, longest: int) -> None:
        self.echo = (0, 0)
        """Of the packet that came last: when it was sent by the partner's clock, and came by ours. We send it back."""
        self.last: RoundTrip | None = None
        self.smoothed = 0
        """The mean time on the wire (ns), there and back, of the last few; 0 before the first."""
        self.count = 0
        self._born = born
        self._longest = longest

    def has_sent(self, echoed_sent: int, now: int) -> bool:
        """Whether a packet echoes one that this program sent: a recording of another session cannot."""
        return 0 < echoed_sent <= now and self._born <= echoed_sent

    def take(self, echoed_sent: int, echoed_received: int, sent: int, now: int) -> None:
        """Take the echo of a packet that came at `now`, unless it echoes nothing of ours or cannot be true."""
        if not self.has_sent(echoed_sent, now):
            return
        on_the_wire = (now - echoed_sent) - (sent - echoed_received)
        if 0 <= on_the_wire < self._longest:
            self.count += 1
            self.last = make(RoundTrip, (echoed_sent, echoed_received, sent, now))
            mean = self.smoothed
            self.smoothed = mean + (on_the_wire - mean) // _SMOOTHING if mean else on_the_wire


def is_notable(trip: RoundTrip, last: RoundTrip | None) -> bool:
    """Whether a round trip is worth a line in the local record: one a second tells offset and drift."""
    return last is None or trip.received - last.received >= SECOND
