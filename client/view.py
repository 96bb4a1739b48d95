"""Which state the window shows: the live one, the one it is parked on, or one on the way back. No window, no clock.

The session never waits for the view. While a participant is away the game goes on; the view stays on the frame at which
they left. On their return it runs through what they missed, as it was confirmed, and is live again in under a second:
slow at both ends, so that one can see where one was and where one is.

All counts are counts of frames: the state shown at count n is the one after n frames.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from netcode.vocabulary import ConfirmedFrame

Mode = Literal["live", "parked", "fast_forward"]

KEPT_STATES: Final = 1024
"""Missed states that are kept. When there are more, every other one goes: a longer absence is sampled more coarsely.
At 60 drawings a second a fast-forward shows at most 60 of them, so nobody can see the gaps."""

SHORTEST_NS: Final = 250_000_000
"""A fast-forward shorter than this is a twitch, not a motion."""
LONGEST_NS: Final = 900_000_000
"""Nobody waits longer than this for the live frame, however long they were away."""
FULL_ABSENCE_NS: Final = 30_000_000_000
"""The absence from which on a fast-forward takes its longest."""

ONE: Final = 1 << 20
"""One, in the fixed-point fractions of this module."""
NS_PER_SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Shown:
    """What to draw now: a state, the count of frames before it, and how far the tick after it has come.

    `since_ns` counts from that state's tick and is at most one tick period while live, so motion never runs away.
    `missed_frames` is how long the absence was that is being shown or waited for, and `travelled` how much of a
    fast-forward is done, in `ONE`ths.
    """

    frame: int
    state: object
    since_ns: int
    mode: Mode
    missed_frames: int
    travelled: int = 0


@dataclass(frozen=True, slots=True)
class _Replay:
    """A fast-forward on its way from one count to the moving live one."""

    origin: int
    start_ns: int
    duration_ns: int
    missed_frames: int


class View:
    """One seat's eyes during one episode. Memory is bounded, however long an absence lasts."""

    def __init__(self, tick_rate: int) -> None:
        self._tick_ns = NS_PER_SECOND // tick_rate
        self._live: tuple[int, object] | None = None
        self._live_ns = 0
        self._parked: tuple[int, object] | None = None
        self._replay: _Replay | None = None
        self._counts: list[int] = []
        self._states: list[object] = []
        self._stride = 1
        self.fast_forwarded_frames = 0

    @property
    def is_live(self) -> bool:
        """Whether the participant sees the present. If not, their inputs carry AWAY or CATCHING_UP."""
        return self._parked is None

    def live(self, frame: int, state: object, now_ns: int) -> None:
        """The predicted head after a tick: `frame` frames are computed. A rollback may lower nothing but the state."""
        self._live = (frame, state)
        self._live_ns = now_ns

    def confirmed(self, frames: Iterable[ConfirmedFrame]) -> None:
        """What became certain in a tick: kept while it is missed, for the fast-forward to show."""
        if self._parked is None:
            return
        for confirmed in frames:
            self._keep(confirmed.frame + 1, confirmed.state)

    def park(self, now_ns: int) -> None:
        """The participant left: stay on what is shown now."""
        if self._live is None:
            return
        shown = self.shown(now_ns)  # a fast-forward that has run out by now is over
        if self._replay is not None:
            not_reached = self._replay.origin + self._replay.missed_frames - shown.frame
            self.fast_forwarded_frames -= max(0, not_reached)
            self._parked = (shown.frame, shown.state)
            self._replay = None
        elif self._parked is None:
            self._parked = self._live

    def resume(self, now_ns: int) -> None:
        """The participant is back: run through what they missed."""
        if self._parked is None or self._replay is not None or self._live is None:
            return
        self._fast_forward(self._live[0] - self._parked[0], now_ns)

    def standstill(self, frames: int, now_ns: int) -> None:
        """The program stood still and owes `frames` ticks. Call it before they are run; they are then shown in passing.

        A seat that is away anyway, or is already on its way back, owes its view nothing more.
        """
        if self._parked is not None or self._live is None:
            return
        self._parked = self._live
        self._fast_forward(frames, now_ns)

    def end(self) -> None:
        """The episode is over: whatever was parked or passing gives way to the end screen at once."""
        self._settle()

    def shown(self, now_ns: int) -> Shown:
        """What to draw at `now_ns`, which never runs backwards. There must have been a live frame."""
        assert self._live is not None, "nothing to show before the first tick"
        if self._replay is not None and now_ns - self._replay.start_ns >= self._replay.duration_ns:
            self._settle()
        if self._parked is None:
            frame, state = self._live
            return Shown(frame, state, min(max(0, now_ns - self._live_ns), self._tick_ns), "live", 0)
        if self._replay is None:
            frame, state = self._parked
            return Shown(frame, state, 0, "parked", self._live[0] - frame)
        return self._passing(self._replay, now_ns)

    def _passing(self, replay: _Replay, now_ns: int) -> Shown:
        assert self._live is not None
        assert self._parked is not None
        travelled = eased((max(0, now_ns - replay.start_ns) * ONE) // replay.duration_ns)
        way = max(0, self._live[0] - replay.origin) * travelled
        count = replay.origin + way // ONE
        kept = bisect_right(self._counts, count) - 1
        frame, state = (self._counts[kept], self._states[kept]) if kept >= 0 else self._parked
        # Between two kept states of one stride the motion runs on; between sampled ones it would only be a guess.
        since_ns = way % ONE * self._tick_ns // ONE if frame == count else 0
        return Shown(frame, state, since_ns, "fast_forward", replay.missed_frames, travelled)

    def _fast_forward(self, missed: int, now_ns: int) -> None:
        assert self._parked is not None
        if missed <= 0:
            self._settle()
            return
        duration = replay_ns(missed * self._tick_ns)
        self._replay = _Replay(self._parked[0], now_ns, duration, missed)
        self.fast_forwarded_frames += missed

    def _settle(self) -> None:
        self._parked = None
        self._replay = None
        self._counts.clear()
        self._states.clear()
        self._stride = 1

    def _keep(self, count: int, state: object) -> None:
        assert self._parked is not None
        if count <= self._parked[0] or count % self._stride:
            return
        self._counts.append(count)
        self._states.append(state)
        if len(self._counts) > KEPT_STATES:
            self._stride *= 2
            kept = [index for index, kept_count in enumerate(self._counts) if kept_count % self._stride == 0]
            self._counts = [self._counts[index] for index in kept]
            self._states = [self._states[index] for index in kept]


def replay_ns(missed_ns: int) -> int:
    """How long a fast-forward through an absence takes: longer for a longer one, and never a second."""
    share = min(missed_ns, FULL_ABSENCE_NS) * ONE // FULL_ABSENCE_NS
    return SHORTEST_NS + (LONGEST_NS - SHORTEST_NS) * share // ONE


def eased(share: int) -> int:
    """The way done after a share of the time (both in `ONE`ths, 0 to 1): slow, fast, slow; never backwards."""
    if share >= ONE:
        return ONE
    return share * share * (3 * ONE - 2 * share) // (ONE * ONE)
