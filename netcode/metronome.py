"""When the next tick is due. Deadlines are absolute and exact; time is an argument."""

from netcode.limits import SECOND


class Metronome:
    """A row of deadlines `1 / tick_rate` apart. Sleeps are never added up, so it cannot drift."""

    def __init__(self, tick_rate: int, now: int) -> None:
        self._tick_rate = tick_rate
        self._anchor = now
        self._ticks = 0

    @property
    def period(self) -> int:
        """Nanoseconds between two deadlines, rounded down; for measures, not for adding up."""
        return SECOND // self._tick_rate

    @property
    def deadline(self) -> int:
        """When the next tick is due (ns of the caller's clock)."""
        return self._anchor + self._ticks * SECOND // self._tick_rate

    def due(self, now: int) -> int:
        """How many ticks are due: 0 before the deadline, 1 from it on, more when we are late by whole periods."""
        behind = now - self.deadline
        return 0 if behind < 0 else 1 + behind * self._tick_rate // SECOND

    def ticked(self, count: int = 1) -> None:
        """`count` ticks were run: the deadline moves on by as many periods."""
        self._ticks += count

    def stretch(self, thousandths: int) -> None:
        """Move all later deadlines by `thousandths` of a period: the one way in which pacing acts."""
        self._anchor += thousandths * SECOND // (1000 * self._tick_rate)

    def restart(self, now: int) -> None:
        """Count anew from `now`: time in which the pair did not play is not played afterwards."""
        self._anchor = now
        self._ticks = 1
