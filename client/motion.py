"""Where things are drawn between two ticks, and how corrections and pick-ups look. No pygame: numbers in, numbers out.

A move's place follows from the state and the time since its tick, so it is smooth at any rate and right after a
rollback. What jumps farther than a player can walk is a correction: the figure is drawn where it was and glides to
where it is. What jumps across the board (a new round) is simply there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot, pi, sin
from typing import Final, NamedTuple

from games.contract import Sprite

GLIDE_NS: Final = 80_000_000
"""A correction takes this long: too short to mislead, long enough for the eye to follow."""
CORRECTION_CELLS: Final = 0.35
"""A jump beyond what the time since the last drawing explains, from which on it is eased."""
FARTHEST_GLIDE_CELLS: Final = 4.0
BUSIEST_CELLS_PER_SECOND: Final = 12.0
"""Faster than anything on a board walks."""
POP_NS: Final = 220_000_000
POP_SHARE: Final = 0.16
NS_PER_SECOND: Final = 1_000_000_000


class Placed(NamedTuple):
    """A sprite and where to draw it, in cells from the board's corner; `swell` is its size, 1 at rest; `stride` is how
    much of a step is done, 0 at rest.
    """

    sprite: Sprite
    x: float
    y: float
    swell: float
    stride: float


class Burst(NamedTuple):
    """A ring where something was picked up or delivered: its cell, and how much of it is over, 0 to 1."""

    x: float
    y: float
    share: float
    seat: int


@dataclass(slots=True)
class _Trace:
    """Where one sprite was the last time, and the glide and pop that it is in."""

    x: float
    y: float
    seen_ns: int
    carries: int
    offset_x: float = 0.0
    offset_y: float = 0.0
    glide_ns: int = -GLIDE_NS
    pop_ns: int = -POP_NS
    pop_x: float = 0.0
    pop_y: float = 0.0

    def offset(self, now_ns: int) -> tuple[float, float]:
        """How far from its place the sprite is still drawn."""
        left = max(0.0, 1 - (now_ns - self.glide_ns) / GLIDE_NS)
        return self.offset_x * left * left, self.offset_y * left * left


class Motion:
    """The eye's memory of one board: it holds as many traces as there are sprites."""

    def __init__(self, *, reduced: bool) -> None:
        self._reduced = reduced
        self._traces: dict[tuple[str, int], _Trace] = {}

    def forget(self) -> None:
        """A new round: nothing on the board comes from somewhere."""
        self._traces.clear()

    def place(self, sprites: Iterable[Sprite], progress: float, now_ns: int) -> tuple[list[Placed], list[Burst]]:
        """Where all of these are now, and the rings that are still spreading."""
        known = self._traces
        self._traces = {}
        placed = [self._follow(sprite, known, progress, now_ns) for sprite in sprites]
        bursts = [
            Burst(trace.pop_x, trace.pop_y, (now_ns - trace.pop_ns) / POP_NS, key[1])
            for key, trace in self._traces.items()
            if 0 <= now_ns - trace.pop_ns < POP_NS and not self._reduced
        ]
        return placed, bursts

    def _follow(self, sprite: Sprite, known: dict[tuple[str, int], _Trace], progress: float, now_ns: int) -> Placed:
        x, y, stride = position(sprite, progress)
        key = (sprite.kind, sprite.key)
        trace = known.get(key) or _Trace(x, y, now_ns, sprite.carries)
        self._traces[key] = trace
        if sprite.carries != trace.carries:
            trace.carries, trace.pop_ns, trace.pop_x, trace.pop_y = sprite.carries, now_ns, x, y
        self._correct(trace, x, y, now_ns)
        trace.x, trace.y, trace.seen_ns = x, y, now_ns
        aside_x, aside_y = trace.offset(now_ns)
        return Placed(sprite, x + aside_x, y + aside_y, self._swell(trace, now_ns), 0.0 if self._reduced else stride)

    def _correct(self, trace: _Trace, x: float, y: float, now_ns: int) -> None:
        """Start a glide if the sprite jumped: from where it was drawn to where it is."""
        jump = hypot(trace.x - x, trace.y - y)
        walked = BUSIEST_CELLS_PER_SECOND * (now_ns - trace.seen_ns) / NS_PER_SECOND
        if jump > FARTHEST_GLIDE_CELLS:
            trace.offset_x = trace.offset_y = 0.0
        elif jump > CORRECTION_CELLS + walked:
            aside_x, aside_y = trace.offset(now_ns)
            trace.offset_x, trace.offset_y = trace.x + aside_x - x, trace.y + aside_y - y
            trace.glide_ns = now_ns

    def _swell(self, trace: _Trace, now_ns: int) -> float:
        since = now_ns - trace.pop_ns
        if self._reduced or not 0 <= since < POP_NS:
            return 1.0
        return 1.0 + POP_SHARE * sin(pi * since / POP_NS)


def position(sprite: Sprite, progress: float) -> tuple[float, float, float]:
    """Where a sprite is `progress` ticks after its state, and how much of its step is done (0 at rest)."""
    if sprite.move_ticks <= 0:
        return float(sprite.x), float(sprite.y), 0.0
    done = min(1.0, (sprite.moved_ticks + progress) / sprite.move_ticks)
    x = sprite.from_x + (sprite.x - sprite.from_x) * done
    y = sprite.from_y + (sprite.y - sprite.from_y) * done
    return x, y, done % 1.0
