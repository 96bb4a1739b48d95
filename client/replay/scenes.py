"""From a record and a position to the picture that the client's painter takes: a replay looks as the window did.

In a replay the picture's time is that of the episode: what bobs and blinks stands still in a pause, and a frame looks
the same however one came to it. No pixels.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from client.picture import Picture
from client.pictures import session_lines
from client.replay.playhead import Position
from client.replay.record import Record, Whole, printable
from client.replay.sights import Moment, Seen, Sight
from client.replay.strip import Choice, Strips
from client.texts import Texts
from games.contract import Seat
from netcode.limits import MILLISECOND, SECOND
from netcode.vocabulary import AWAY, End

LONGEST_NAME: Final = 36
"""Of a file, in the details: its kind and the start of its hash tell it from its neighbours."""
LONGEST_LINE: Final = 300
EYES_OPEN_NS: Final = SECOND
"""The time of a picture's motion at the first frame: at 0 a figure would blink, and look asleep in a pause."""


class Scenes:
    """Everything that can be seen of one record.

    `seen` has the seats whose local record is there. Behind the last frame of the record there may be some more, which
    a seat computed and nobody confirmed: `frames` counts them too.
    """

    def __init__(self, record: Record, seen: Mapping[Seat, Seen], name: str, unconfirmed_frames: int = 0) -> None:
        self.record = record
        self.seen = seen
        self.frames = record.frames + unconfirmed_frames
        self.strips = Strips(record, seen)
        self._name = name

    @property
    def mark(self) -> Whole:
        """What is special about the record."""
        return self.record.mark

    def can_show(self, seat: Seat) -> bool:
        """Whether there is a local record of what this seat was shown."""
        return seat in self.seen

    def picture(self, choice: Choice, position: Position, texts: Texts) -> Picture:
        """The window of a seat at a position, as the painter takes it."""
        moment = self._moment(choice, position.frame)
        picture = self._shown(choice, position, moment) if choice.is_shown else self._true(choice, position)
        return replace(
            picture,
            details=self._details(choice.seat, texts) if choice.has_details else None,
            figures=_figures(position.frame, moment) if choice.has_figures else None,
        )

    def _moment(self, choice: Choice, frame: int) -> Moment | None:
        is_asked = (choice.is_shown or choice.has_figures) and choice.seat in self.seen
        return self.seen[choice.seat].at(frame) if is_asked else None

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
            labels=self.record.participants,
            session=printable(f"{rules.study} {rules.dyad}-{rules.session}"[:LONGEST_LINE]),
        )

    def _true(self, choice: Choice, position: Position) -> Picture:
        record = self.record
        frame = min(position.frame, record.frames - 1)
        return replace(
            self._bare(choice, position),
            scene=record.game.scene(record.states[frame + 1], choice.seat),
            progress=position.share if frame == position.frame else 0.0,
            is_partner_away=bool(record.rows[frame].inputs[choice.seat.other].flags & AWAY),
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

    def _details(self, seat: Seat, texts: Texts) -> tuple[str, ...]:
        terms, record = self.record.terms, self.record
        rules = terms.terms
        lines = (
            self._name if len(self._name) <= LONGEST_NAME else f"…{self._name[-LONGEST_NAME:]}",
            *session_lines(texts, rules, seat, terms.run),
            texts("details.rules", delay=rules.delay_frames, window=rules.window_frames),
            texts("details.ending", round=terms.episode + 1, frames=record.frames, ending=_ending(record.end, texts)),
            *((record.fault,) if record.fault else ()),
        )
        return tuple(printable(line[:LONGEST_LINE]) for line in lines)


def _ending(end: End | None, texts: Texts) -> str:
    if end is None:
        return texts("ending.none")
    seats = ", ".join(texts(f"replay.{Seat(seat).word}") for seat in end.seats)
    kind = end.cause if end.cause == "away_limit" else end.reason.value
    return texts(f"ending.{kind}", seats=seats)


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


def _figures(frame: int, moment: Moment | None) -> tuple[tuple[str, str], ...]:
    """What the seat's program knew at the tick of a frame."""
    if moment is None:
        return (("figure.frame", str(frame)), ("replay.no_local", "-"))
    tick = moment.tick
    flip = f"{(tick.flip_ns - tick.deadline_ns) / MILLISECOND:.1f} ms" if tick.flip_ns >= 0 else "-"
    return (
        ("figure.frame", str(frame)),
        ("figure.shown", str(moment.sight.count - 1) if moment.sight is not None else "-"),
        ("figure.confirmed", str(tick.verified)),
        ("figure.received", str(tick.received)),
        ("figure.rolled_back", str(tick.rollback_frames)),
        ("figure.flip", flip),
    )
