"""What the strip below the picture says: both seats' inputs, events, and what to think of the picture. No pixels."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

from client.replay.playhead import Position
from client.replay.record import Record
from client.replay.sights import Moment, Seen
from data.episode_row import Row
from games.contract import Seat
from netcode.vocabulary import AWAY, CATCHING_UP, Command

RECENT_EVENTS: Final = 3
"""Events of this frame and before it that the strip lists: one alone would be gone before it was read."""


class Choice(NamedTuple):
    """What the person at the replay looks at."""

    seat: Seat
    is_shown: bool = False
    has_details: bool = False
    has_figures: bool = False


class SeatLine(NamedTuple):
    """What the strip says of one seat: its input of the frame, its score and what the frame added to it.

    `action` is "" in a frame that nobody confirmed. `guess` is the action that the other seat guessed when it first
    computed the frame, "" if it guessed none.
    """

    label: str
    action: str
    is_away: bool
    is_catching_up: bool
    quits: bool
    score: int
    reward: int
    guess: str
    was_guessed_right: bool


class EventLine(NamedTuple):
    """Something that happened in a frame."""

    frame: int
    seat: int
    name: str
    is_now: bool


class Verdict(NamedTuple):
    """A key of the texts, and the values of its blanks."""

    key: str
    values: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Strip:
    """All that the strip says at one position, but for what holds for the whole episode.

    `verdicts` say what to think of the picture: keys of the texts, and what fills their blanks; none in the true view.
    """

    frame: int
    seconds: float
    quarters: int
    is_playing: bool
    seat: Seat
    is_shown: bool
    can_show: bool
    verdicts: tuple[Verdict, ...]
    seats: tuple[SeatLine, SeatLine]
    events: tuple[EventLine, ...]
    common: int


class Lanes(NamedTuple):
    """What the timeline marks, over the whole episode: stretches (first, last) by seat, frames by seat, frames."""

    away: tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]
    catching_up: tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]
    events: tuple[tuple[int, ...], tuple[int, ...]]
    untrue: tuple[int, ...]
    lost: tuple[int, ...]


class Strips:
    """Makes the strips of one record. `seen` has the seats whose local record is there."""

    def __init__(self, record: Record, seen: Mapping[Seat, Seen]) -> None:
        self._record = record
        self._seen = seen
        kinds = record.terms.terms.event_kinds
        self._events = [
            EventLine(row.frame, event.seat, kinds[event.kind], False)
            for row in record.rows
            for event in row.events
            if 0 <= event.kind < len(kinds)
        ]
        self._event_frames = [event.frame for event in self._events]

    def lanes(self, choice: Choice) -> Lanes:
        """The marks of the timeline."""
        rows, seen = self._record.rows, self._seen[choice.seat] if choice.is_shown else None
        events = tuple(tuple(sorted({event.frame for event in self._events if event.seat == seat})) for seat in Seat)
        return Lanes(
            (_stretches(rows, 0, AWAY), _stretches(rows, 1, AWAY)),
            (_stretches(rows, 0, CATCHING_UP), _stretches(rows, 1, CATCHING_UP)),
            (events[0], events[1]),
            seen.untrue_frames if seen is not None else (),
            seen.lost_frames if seen is not None else (),
        )

    def next_mark(self, lanes: Lanes, choice: Choice, frame: int, direction: int) -> int | None:
        """The nearest frame on that side at which something happened: an event, or an untrue picture if one looks at
        what was shown.
        """
        frames = lanes.untrue + lanes.lost if choice.is_shown else lanes.events[0] + lanes.events[1]
        later = [each for each in frames if (each - frame) * direction > 0]
        return min(later, key=lambda each: abs(each - frame), default=None)

    def at(self, choice: Choice, position: Position, quarters: int, *, is_playing: bool) -> Strip:
        """What the strip says at a position."""
        frame = position.frame
        moment = self._seen[choice.seat].at(frame) if choice.is_shown else None
        confirmed = self._record.frames
        scene = self._record.game.scene(self._record.states[min(frame + 1, confirmed)], choice.seat)
        beyond = (Verdict("replay.beyond", (("frames", frame + 1 - confirmed),)),) if frame >= confirmed else ()
        return Strip(
            frame,
            frame / self._record.terms.terms.tick_rate,
            quarters,
            is_playing,
            choice.seat,
            choice.is_shown,
            choice.seat in self._seen,
            _verdicts(frame, moment) if choice.is_shown else beyond,
            (
                self._seat_line(Seat.LEFT, choice, frame, scene.scores[0], moment),
                self._seat_line(Seat.RIGHT, choice, frame, scene.scores[1], moment),
            ),
            self._recent(frame),
            scene.common,
        )

    def _seat_line(self, seat: Seat, choice: Choice, frame: int, score: int, moment: Moment | None) -> SeatLine:
        record = self._record
        if frame >= record.frames:
            return SeatLine(record.participants[seat], "", False, False, False, score, 0, "", False)
        row = record.rows[frame]
        action, flags, command = row.inputs[seat]
        is_guessed = choice.is_shown and seat is choice.seat.other and moment is not None and moment.guess >= 0
        guess = moment.guess if moment is not None and is_guessed else -1
        return SeatLine(
            record.participants[seat],
            self._action(action),
            bool(flags & AWAY),
            bool(flags & CATCHING_UP),
            command == Command.ABORT,
            score,
            row.rewards[seat],
            self._action(guess) if guess >= 0 else "",
            guess == action,
        )

    def _action(self, action: int) -> str:
        names = self._record.terms.terms.actions
        return names[action] if action < len(names) else str(action)

    def _recent(self, frame: int) -> tuple[EventLine, ...]:
        until = bisect_right(self._event_frames, frame)
        recent = self._events[max(0, until - RECENT_EVENTS) : until]
        return tuple(event._replace(is_now=event.frame == frame) for event in reversed(recent))


def _stretches(rows: Sequence[Row], seat: int, flag: int) -> tuple[tuple[int, int], ...]:
    """First and last frame of each stretch whose inputs carry a flag."""
    found = []
    for is_set, run in groupby(rows, key=lambda row: bool(row.inputs[seat].flags & flag)):
        frames = [row.frame for row in run]
        if is_set:
            found.append((frames[0], frames[-1]))
    return tuple(found)


def _verdicts(frame: int, moment: Moment | None) -> tuple[Verdict, ...]:
    """What to think of what was shown at a frame, and of what followed before the next one."""
    if moment is None:
        return (Verdict("replay.shown.unknown"),)
    held = [Verdict("replay.shown.held", (("ticks", moment.held_ticks),))] if moment.held_ticks else []
    others = [Verdict("replay.shown.others", (("others", moment.others),))] if moment.others else []
    return (_verdict(frame, moment), *held, *others)


def _verdict(frame: int, moment: Moment) -> Verdict:
    sight = moment.sight
    if sight is None:
        return Verdict("replay.shown.nothing")
    age = (("frames", frame + 1 - sight.count),)
    if sight.truth != "true":
        return Verdict(f"replay.shown.{sight.truth}", age)
    if not sight.is_live:
        return Verdict("replay.shown.passing" if sight.missed_frames else "replay.shown.parked", age)
    return Verdict("replay.shown.true") if moment.is_new else Verdict("replay.shown.stood", age)
