"""What one machine noted of an episode as rows: keys, pictures, ticks, probes, marks. No file, no library.

Times stand as they were noted, and once more as seconds on a clock that both seats share, if probes allow that.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from data.episode_format import Row
from data.export.columns import Block, Cell, Columns, Same
from data.inspection.clocks import Alignment, Trip, align
from data.local_format import Local
from data.local_kinds import LOCAL_KINDS
from games.contract import Seat
from netcode.limits import SECOND

_NAMES: Final = {kind.name: tuple(column.name for column in kind.columns) for kind in LOCAL_KINDS}
_NOT_NOTED: Final = -1
"""What a file says where there was nothing to say, and of a column from after its time."""
_ACTIONS: Final = (1 << 16) - 1
"""The lowest 16 bits of an input are its action (docs/episode-format.md)."""


class Notes:
    """One machine's notes on one episode, column by column: `notes["tick"]["start_ns"]`."""

    def __init__(self, seat: Seat, local: Local) -> None:
        self.seat = seat
        self.local = local
        rows: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for entry in local.entries:
            rows[entry.kind].append(entry.values)
        self._kinds = {kind: dict(zip(_NAMES[kind], zip(*rows[kind], strict=True), strict=True)) for kind in rows}

    def __getitem__(self, kind: str) -> Mapping[str, Sequence[Any]]:
        return self._kinds.get(kind) or dict.fromkeys(_NAMES[kind], ())

    @property
    def trips(self) -> list[Trip]:
        """Its probes."""
        probes = self["probe"]
        return [Trip(*times) for times in zip(*(probes[f"t{number}_ns"] for number in range(4)), strict=True)]

    @property
    def first_deadline(self) -> int | None:
        """When its first tick was due; None if there was none."""
        return next(iter(self["tick"]["deadline_ns"]), None)


@dataclass(frozen=True, slots=True)
class SharedClock:
    """The time since the first tick of an episode: on the left machine's clock, or on each one's own without probes."""

    alignment: Alignment | None
    starts: Mapping[Seat, int]

    def seconds(self, seat: Seat, times: Sequence[int]) -> list[Cell]:
        """Times of a seat's clock; null for a seat that had no tick, and whose clock no probe ties to its partner's."""
        if seat not in self.starts:
            return [None] * len(times)
        start, line = self.starts[seat], self.alignment
        if line is None or seat is Seat.LEFT:
            return [(time - start) / SECOND for time in times]
        return [(line.to_left(time, seat) - start) / SECOND for time in times]


def share_clock(notes: Mapping[Seat, Notes]) -> SharedClock:
    """The clock of an episode, from what its seats noted."""
    line = align({seat: noted.trips for seat, noted in notes.items()})
    firsts = {seat: noted.first_deadline for seat, noted in notes.items()}
    starts = {seat: first for seat, first in firsts.items() if first is not None}
    if line is None or not starts:
        return SharedClock(line, starts)
    first = min(line.to_left(start, seat) for seat, start in starts.items())
    return SharedClock(line, dict.fromkeys(Seat, first))


def note_blocks(key: Mapping[str, Same], notes: Notes, clock: SharedClock, rows: Sequence[Row]) -> Iterator[Block]:
    """The rows of all tables of one machine's notes. `rows` are the record that the pictures are held against."""
    head: Columns = {**key, "seat": Same(notes.seat.word)}
    for table, columns in (
        ("inputs", _inputs(notes, clock)),
        ("views", _views(notes, clock, rows)),
        ("timing", _timing(notes, clock)),
        ("clock", _clock(notes, clock)),
        ("marks", _marks(notes, clock)),
    ):
        yield Block(table, len(next(iter(columns.values()))), {**head, **columns})


_Lists = dict[str, Sequence[Cell]]


def _inputs(notes: Notes, clock: SharedClock) -> _Lists:
    keys = notes["key"]
    return {
        "frame": keys["frame"],
        "t_ns": keys["t_ns"],
        "t_s": clock.seconds(notes.seat, keys["t_ns"]),
        "scancode": keys["scancode"],
        "down": keys["down"],
    }


def _views(notes: Notes, clock: SharedClock, rows: Sequence[Row]) -> _Lists:
    """A picture of the state before frame 0 is held against nothing: no row has that state."""
    ticks = notes["tick"]
    drawn = [tick for tick, digest in enumerate(ticks["shown_digest"]) if digest]
    present, frames = _at(ticks["frame"], drawn), _at(ticks["shown_frame"], drawn)
    flips, digests = _at(ticks["flip_ns"], drawn), _at(ticks["shown_digest"], drawn)
    true = [rows[frame].digest if 0 <= frame < len(rows) else None for frame in frames]
    return {
        "tick": drawn,
        "frame": present,
        "shown_frame": frames,
        "behind_frames": [now - 1 - shown for now, shown in zip(present, frames, strict=True)],
        "t_ns": flips,
        "t_s": clock.seconds(notes.seat, flips),
        "shown_digest": [digest.hex() for digest in digests],
        "true_digest": [None if digest is None else digest.hex() for digest in true],
        "differs": [None if known is None else shown != known for shown, known in zip(digests, true, strict=True)],
    }


def _at(column: Sequence[Any], places: Sequence[int]) -> list[Any]:
    return [column[place] for place in places]


def _timing(notes: Notes, clock: SharedClock) -> _Lists:
    ticks = notes["tick"]
    same = ("frame", "deadline_ns", "start_ns", "end_ns", "held", "rollback_frames", "wrong_guesses", "verified")
    told = ("flip_ns", "guess", "committed", "received_packets", "sent_packets")
    due, began = ticks["deadline_ns"], ticks["start_ns"]
    return {
        "tick": range(len(due)),
        **{name: ticks[name] for name in (*same, "received", "acked")},
        **{name: [_told(value) for value in ticks[name]] for name in told},
        "t_s": clock.seconds(notes.seat, began),
        "late_ns": [start - deadline for start, deadline in zip(began, due, strict=True)],
        "held_why": [why or None for why in ticks["held_why"]],
        "committed_action": [None if code == _NOT_NOTED else code & _ACTIONS for code in ticks["input"]],
    }


def _told(value: int) -> int | None:
    return None if value == _NOT_NOTED else value


def _clock(notes: Notes, clock: SharedClock) -> _Lists:
    trips = notes.trips
    sent = [trip.sent for trip in trips]
    return {
        "probe": range(len(trips)),
        "t_s": clock.seconds(notes.seat, sent),
        "t0_ns": sent,
        "t1_ns": [trip.partner_received for trip in trips],
        "t2_ns": [trip.partner_sent for trip in trips],
        "t3_ns": [trip.received for trip in trips],
        "rtt_ns": [trip.round_trip for trip in trips],
        "offset_ns": [trip.offset for trip in trips],
    }


_MARKS: Final[Mapping[str, Callable[[dict[str, Any]], tuple[Cell, Cell]]]] = {
    "focus": lambda mark: ("gained" if mark["focused"] else "lost", None),
    "hold": lambda mark: (mark["why"] or None, mark["held_ticks"]),
    "pacing": lambda mark: (None, mark["period_ns"]),
    "wake": lambda mark: (None, mark["standstill_ns"]),
    "view": lambda mark: (mark["what"] or None, mark["frames"]),
    "notice": lambda mark: (mark["text"] or None, None),
}
"""What stands in the columns `what` and `amount` of each kind."""


def _marks(notes: Notes, clock: SharedClock) -> _Lists:
    marks: list[tuple[Any, ...]] = [
        (mark["t_ns"], kind, mark["frame"], *told(mark))
        for kind, told in _MARKS.items()
        for mark in notes.local.of(kind)
    ]
    marks.sort(key=lambda mark: (mark[0], mark[1]))
    times = [mark[0] for mark in marks]
    return {
        "frame": [mark[2] for mark in marks],
        "t_ns": times,
        "t_s": clock.seconds(notes.seat, times),
        "kind": [mark[1] for mark in marks],
        "what": [mark[3] for mark in marks],
        "amount": [mark[4] for mark in marks],
    }
