"""From a record and a position to what is drawn: the client's own picture, and the strip below it. No pixels.

The picture is what the client's painter takes, so a replay looks as the window did. In a replay its time is that of the
episode: what bobs and blinks stands still in a pause, and a frame looks the same however one came to it.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final, NamedTuple

from client.picture import Picture
from client.replay.playhead import Position
from client.replay.record import Record, Whole
from client.replay.sights import Moment, Seen, Sight
from data.episode_row import Row
from games.contract import Seat
from netcode.limits import MILLISECOND, SECOND
from netcode.vocabulary import AWAY, CATCHING_UP, Command

LONGEST_NAME: Final = 36
"""Of a file, in the details: its kind and the start of its hash tell it from its neighbours."""
EYES_OPEN_NS: Final = SECOND
"""The time of a picture's motion at the first frame: at 0 a figure would blink, and look asleep in a pause."""
RECENT_EVENTS: Final = 3
"""Events of this frame and before it that the strip lists: one alone would be gone before it was read."""


class SeatLine(NamedTuple):
    """What the strip says of one seat: its input of the frame, its score and what the frame added to it.

    `guess` is the action that the other seat guessed when it first computed the frame, "" if it guessed none.
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


class Lanes(NamedTuple):
    """What the timeline marks, over the whole episode: stretches (first, last) by seat, frames by seat, frames."""

    away: tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]
    catching_up: tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]
    events: tuple[tuple[int, ...], tuple[int, ...]]
    untrue: tuple[int, ...]
    lost: tuple[int, ...]


class Choice(NamedTuple):
    """What the person at the replay looks at."""

    seat: Seat
    is_shown: bool = False
    has_details: bool = False
    has_figures: bool = False


class Scenes:
    """Everything that can be seen of one record. `seen` has the seats whose local record is there."""

    def __init__(self, record: Record, seen: Mapping[Seat, Seen], name: str) -> None:
        self.record = record
        self.seen = seen
        self._name = name
        self._events = [
            EventLine(row.frame, event.seat, record.terms.terms.event_kinds[event.kind], False)
            for row in record.rows
            for event in row.events
            if event.kind < len(record.terms.terms.event_kinds)
        ]
        self._event_frames = [event.frame for event in self._events]

    @property
    def mark(self) -> Whole:
        """What is special about the record."""
        return self.record.mark

    def can_show(self, seat: Seat) -> bool:
        """Whether there is a local record of what this seat was shown."""
        return seat in self.seen

    def lanes(self, choice: Choice) -> Lanes:
        """The marks of the timeline."""
        rows, seen = self.record.rows, self.seen.get(choice.seat)
        events = tuple(tuple(sorted({event.frame for event in self._events if event.seat == seat})) for seat in Seat)
        is_shown = choice.is_shown and seen is not None
        return Lanes(
            (_stretches(rows, 0, AWAY), _stretches(rows, 1, AWAY)),
            (_stretches(rows, 0, CATCHING_UP), _stretches(rows, 1, CATCHING_UP)),
            (events[0], events[1]),
            seen.untrue_frames if is_shown and seen else (),
            seen.lost_frames if is_shown and seen else (),
        )

    def next_mark(self, lanes: Lanes, choice: Choice, frame: int, direction: int) -> int | None:
        """The nearest frame on that side at which something happened: an event, or an untrue picture if one looks at
        what was shown.
        """
        frames = lanes.untrue + lanes.lost if choice.is_shown else lanes.events[0] + lanes.events[1]
        later = [each for each in frames if (each - frame) * direction > 0]
        return min(later, key=lambda each: abs(each - frame), default=None)

    # --- the picture ----------------------------------------------------------------------------------------------

    def picture(self, choice: Choice, position: Position) -> Picture:
        """The window of a seat at a position, as the painter takes it."""
        moment = self._moment(choice, position.frame)
        picture = self._shown(choice, position, moment) if choice.is_shown else self._true(choice, position)
        return replace(
            picture,
            details=self._details() if choice.has_details else None,
            figures=_figures(position.frame, moment) if choice.has_figures else None,
        )

    def _moment(self, choice: Choice, frame: int) -> Moment | None:
        seen = self.seen.get(choice.seat)
        return seen.moments[frame] if seen is not None else None

    def _bare(self, choice: Choice, position: Position) -> Picture:
        terms = self.record.terms
        rules = terms.terms
        return Picture(
            phase="playing",
            seat=choice.seat,
            now_ns=EYES_OPEN_NS + position.since_ns,
            tick_rate=rules.tick_rate,
            episode_ticks=dict(rules.config).get("frames", self.record.frames),
            round=terms.episode + 1,
            rounds=0,
            labels=(terms.players[0].participant, terms.players[1].participant),
            session=f"{rules.study} {rules.dyad}-{rules.session}",
        )

    def _true(self, choice: Choice, position: Position) -> Picture:
        record = self.record
        return replace(
            self._bare(choice, position),
            scene=record.game.scene(record.states[position.frame + 1], choice.seat),
            progress=position.share,
            is_partner_away=bool(record.rows[position.frame].inputs[choice.seat.other].flags & AWAY),
        )

    def _shown(self, choice: Choice, position: Position, moment: Moment | None) -> Picture:
        bare = self._bare(choice, position)
        sight = moment.sight if moment is not None else None
        if moment is None or sight is None or sight.state is None:
            return bare
        return replace(
            bare,
            scene=self.record.game.scene(sight.state, choice.seat),
            # A picture that stood on for another tick had come to the end of its motion.
            progress=0.0 if not sight.is_live else position.share if moment.is_new else 1.0,
            is_partner_away=sight.is_partner_away,
            **_signs(sight, bare.tick_rate),
        )

    def _details(self) -> tuple[str, ...]:
        terms, end = self.record.terms, self.record.end
        rules = terms.terms
        by = " and ".join(Seat(seat).word for seat in end.seats) if end is not None else ""
        ending = "no END" if end is None else " ".join(word for word in (end.reason.value, end.cause, by) if word)
        return (
            self._name if len(self._name) <= LONGEST_NAME else f"…{self._name[-LONGEST_NAME:]}",
            f"study {rules.study}, dyad {rules.dyad}, session {rules.session}, episode {terms.episode + 1}",
            f"run {terms.run}",
            f"{rules.game} {rules.game_version}, {rules.tick_rate} Hz, delay {rules.delay_frames}, "
            f"window {rules.window_frames}",
            f"{self.record.frames} frames, {ending}",
            *((self.record.fault,) if self.record.fault else ()),
        )

    # --- the strip ------------------------------------------------------------------------------------------------

    def strip(self, choice: Choice, position: Position, quarters: int, *, is_playing: bool) -> Strip:
        """What the strip says at a position."""
        frame = position.frame
        moment = self._moment(choice, frame)
        scores = self.record.game.scene(self.record.states[frame + 1], choice.seat).scores
        return Strip(
            frame,
            frame / self.record.terms.terms.tick_rate,
            quarters,
            is_playing,
            choice.seat,
            choice.is_shown,
            self.can_show(choice.seat),
            _verdicts(frame, moment) if choice.is_shown else (),
            (
                self._seat_line(Seat.LEFT, choice, frame, scores[0], moment),
                self._seat_line(Seat.RIGHT, choice, frame, scores[1], moment),
            ),
            self._recent(frame),
        )

    def _seat_line(self, seat: Seat, choice: Choice, frame: int, score: int, moment: Moment | None) -> SeatLine:
        record = self.record
        row = record.rows[frame]
        action, flags, command = row.inputs[seat]
        is_guessed = choice.is_shown and seat is choice.seat.other and moment is not None and moment.guess >= 0
        guess = moment.guess if moment is not None and is_guessed else -1
        return SeatLine(
            record.terms.players[seat].participant,
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
        names = self.record.terms.terms.actions
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


def _signs(sight: Sight, tick_rate: int) -> dict[str, Any]:
    """The signs of a picture that stood on the window, by the words that the record has of them."""
    silent = sight.silent_ns / SECOND
    return {
        "is_away": sight.notice == "away",
        "is_holding": sight.notice == "waiting for partner",
        "silent_seconds": silent if sight.notice == "partner not reachable" else None,
        "missed_seconds": sight.missed_frames / tick_rate if sight.notice == "fast-forward" else None,
        "travelled": sight.travelled,
    }


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


def _figures(frame: int, moment: Moment | None) -> tuple[tuple[str, str], ...]:
    """What the seat's program knew at the tick of a frame."""
    if moment is None:
        return (("frame", str(frame)), ("local record", "none"))
    tick = moment.tick
    flip = f"{(tick.flip_ns - tick.deadline_ns) / MILLISECOND:.1f} ms" if tick.flip_ns >= 0 else "none"
    return (
        ("frame", str(frame)),
        ("shown", str(moment.sight.count - 1) if moment.sight is not None else "none"),
        ("confirmed", str(tick.verified)),
        ("partner's inputs", str(tick.received)),
        ("rolled back", str(tick.rollback_frames)),
        ("flip", flip),
    )
