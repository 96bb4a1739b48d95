"""Where in an episode a replay is: play, pause, speed, step, scrub. No window and no clock: the time is an argument.

Frame n is the moment from the tick that computed it up to the next tick. Positions follow from one anchor, so nothing
is added up and playing cannot drift; a pause falls on a frame and never between two.
"""

from typing import Final, NamedTuple

from netcode.limits import MILLISECOND, SECOND

QUARTER_SPEEDS: Final = (1, 2, 4, 8, 16, 32)
"""Speeds in quarters, so that they are exact: 0.25 to 8 times as fast as it was played."""
NORMAL: Final = 4
REPEAT_AFTER: Final = 350 * MILLISECOND
"""A key that steps and is held down this long goes on by itself; a tap is never taken for two."""
REPEATS_PER_SECOND: Final = 12
"""Slow enough to let go at the frame that one wants."""


class Position(NamedTuple):
    """A frame, how much of the tick after it has passed (0 to 1), and the time since the episode's first frame."""

    frame: int
    share: float
    since_ns: int


class Playhead:
    """The one position of a replay. `frames` is at least 1; times never run backwards."""

    def __init__(self, frames: int, tick_rate: int) -> None:
        assert frames > 0, "nothing to show"
        self.frames = frames
        self.quarters = NORMAL
        """The speed, in quarters."""
        self.jumps = 0
        """Grows whenever the next position does not follow from the last one by playing, and when it comes to rest."""
        self._tick_rate = tick_rate
        self._anchor = (0, 0)  # a time of the caller's clock, and the position (ns of the episode) that it had then
        self._is_playing = False
        self._is_grabbed = False

    @property
    def last(self) -> int:
        """The last frame."""
        return self.frames - 1

    @property
    def is_playing(self) -> bool:
        """Whether it plays, or will when a hand lets go of it."""
        return self._is_playing

    def at(self, now: int) -> Position:
        """Where it is; having come to the last frame it rests there."""
        since = self._since(now)
        end = self._begin(self.last)
        if since >= end:
            if self._moves:
                self._rest(self.last, now)
            return Position(self.last, 0.0, end)
        scaled = since * self._tick_rate
        frame = scaled // SECOND
        return Position(frame, scaled % SECOND / SECOND if self._moves else 0.0, since)

    def toggle(self, now: int) -> None:
        """Play or pause; at the end, play from the beginning."""
        position = self.at(now)
        if self._is_playing:
            self._rest(position.frame, now)
        else:
            self._is_playing = True
            self._stand_at(0 if position.frame == self.last else position.frame, now)

    def step(self, frames: int, now: int) -> None:
        """Pause, so many frames on or back."""
        self._rest(self.at(now).frame + frames, now)

    def jump(self, frame: int, now: int) -> None:
        """To a frame, playing or pausing as before."""
        self._stand_at(frame, now)

    def skip(self, seconds: int, now: int) -> None:
        """So many seconds on or back, playing or pausing as before."""
        self._stand_at(self.at(now).frame + seconds * self._tick_rate, now)

    def change_speed(self, steps: int, now: int) -> None:
        """So many of `QUARTER_SPEEDS` faster or slower, from where it is."""
        self._anchor = (now, self._since(now))
        index = QUARTER_SPEEDS.index(self.quarters) + steps
        self.quarters = QUARTER_SPEEDS[min(max(0, index), len(QUARTER_SPEEDS) - 1)]

    def grab(self, frame: int, now: int) -> None:
        """A hand took it to a frame: it stands there, and again wherever the hand goes, until it lets go."""
        self._is_grabbed = True
        self._stand_at(frame, now)

    def let_go(self, now: int) -> None:
        """The hand lets go: it plays on if it played before."""
        if self._is_grabbed:
            frame = self.at(now).frame
            self._is_grabbed = False
            self._stand_at(frame, now)

    @property
    def _moves(self) -> bool:
        return self._is_playing and not self._is_grabbed

    def _since(self, now: int) -> int:
        time, position = self._anchor
        return position + (now - time) * self.quarters // NORMAL if self._moves else position

    def _begin(self, frame: int) -> int:
        """The first ns of the episode that belongs to a frame."""
        return -(-frame * SECOND // self._tick_rate)

    def _rest(self, frame: int, now: int) -> None:
        self._is_playing = False
        self._stand_at(frame, now)

    def _stand_at(self, frame: int, now: int) -> None:
        self._anchor = (now, self._begin(min(max(0, frame), self.last)))
        self.jumps += 1


class Repeat:
    """A key that steps, while it is held: one step at once, then more at absolute times."""

    def __init__(self) -> None:
        self._key: int | None = None
        self._since = 0
        self._done = 0
        self.step = 0
        """The frames of one step, on or back."""

    def press(self, key: int, step: int, now: int) -> None:
        """The key of a step went down; the first step is the caller's."""
        self._key, self.step, self._since, self._done = key, step, now, 0

    def release(self, key: int) -> None:
        """A key came up; another one than the newest changes nothing."""
        if key == self._key:
            self._key = None

    def stop(self) -> None:
        """The keyboard went elsewhere."""
        self._key = None

    def due(self, now: int) -> int:
        """How many steps are due since the last call."""
        if self._key is None or now - self._since < REPEAT_AFTER:
            return 0
        count = 1 + (now - self._since - REPEAT_AFTER) * REPEATS_PER_SECOND // SECOND
        due, self._done = count - self._done, count
        return due
