"""When a window is drawn: about 60 times a second, a whole number of times for each tick. No window, no clock.

In step with the ticks, one waking up serves both, every tick is seen as soon as it was run, and the drawings between
two ticks are evenly apart. A rate that does not divide 60, or is not divided by it, gets the nearest number.
"""

from typing import Final

from netcode.limits import SECOND

DRAWINGS_PER_SECOND: Final = 60
AWAY_PERIOD: Final = SECOND // 10
"""A window that nobody looks at is drawn seldom; its ticks go on."""


class Drawings:
    """The rhythm of one window's drawings. `made` and `dropped` count since they were last set to 0.

    A drawing is dropped when its time goes by without one; those that are left out on purpose are not.
    """

    def __init__(self, tick_rate: int, now: int) -> None:
        self._per_tick = max(1, round(DRAWINGS_PER_SECOND / tick_rate))
        self._ticks_each = max(1, round(tick_rate / DRAWINGS_PER_SECOND))
        self._period = SECOND * self._ticks_each // (tick_rate * self._per_tick)
        self._ticked_at = now
        self._ticks = 0
        self._next = 0  # of the drawings of this tick
        self._drawn_at: int | None = None
        self.made = 0
        self.dropped = 0

    def deadline(self, next_tick: int) -> int:
        """When the next drawing is due (ns), if the next tick is due at `next_tick`."""
        if self._next >= self._per_tick:
            return next_tick
        return min(next_tick, self._ticked_at + self._next * self._period)

    def restart(self) -> None:
        """The next drawing is not put off, however seldom they were; none was dropped until then."""
        self._drawn_at = None

    def ticked(self, now: int) -> None:
        """A tick was run: its drawings count from here."""
        self._ticked_at = now
        self._ticks += 1
        self._next = 0 if self._ticks % self._ticks_each == 0 else self._per_tick

    def take(self, now: int, *, is_seldom: bool) -> bool:
        """Whether to draw now; if so, it is counted."""
        if self._next >= self._per_tick or now < self._ticked_at + self._next * self._period:
            return False
        self._next = 1 + (now - self._ticked_at) // self._period
        since = self._period if self._drawn_at is None else now - self._drawn_at
        if is_seldom and self._drawn_at is not None and since < AWAY_PERIOD - self._period // 2:
            return False
        self._drawn_at = now
        self.made += 1
        if not is_seldom:
            self.dropped += max(0, (since + self._period // 2) // self._period - 1)
        return True
