"""Two seats' local records of one episode as one table by frame: known, guessed, computed, shown, sent, and why held.

Pure functions over records that were read (`data.inspection.files`). Times of both seats are brought onto the left
seat's clock (`data.inspection.clocks`) and count in ns from the first deadline of the episode.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from data.episode_format import Row
from data.episode_row import ACTION_BITS, COMMAND_SHIFT, FLAG_BITS, named_values
from data.inspection.clocks import Alignment, Trip, align
from data.inspection.files import InspectionError, SeatRecord
from data.local_format import Value
from data.parity import Difference, first_difference
from games.contract import Seat
from netcode.limits import Times
from netcode.vocabulary import EpisodeTerms, Input, Terms

Guess = Literal["", "right", "wrong", "open"]
"""What became of the partner's guessed action: nothing was guessed, it came true, it did not, nobody will know."""
Truth = Literal["", "true", "untrue", "unknown"]
"""What a picture showed: nothing new, a state of the canonical record, another one, or one that nobody confirmed."""

NOT_DRAWN: Final = -1
NEVER: Final = -1
BYTES_SHOWN: Final = 16
"""Of a state, around the first byte that differs: a line of a screen."""
STANDSTILL: Final = Times().standstill


class LoggedTick(NamedTuple):
    """A row of the kind `tick`, column by column. `frame` is the present after it: a count."""

    frame: int
    deadline_ns: int
    start_ns: int
    end_ns: int
    flip_ns: int
    verified: int
    received: int
    acked: int
    held: bool
    guess: int
    rollback_frames: int
    wrong_guesses: int
    shown_frame: int
    shown_digest: bytes
    committed: int
    input: int
    held_why: str
    received_packets: int
    sent_packets: int

    @property
    def target(self) -> int:
        """The frame that the tick computed, or could not compute."""
        return self.frame if self.held else self.frame - 1

    @property
    def is_retry(self) -> bool:
        """Whether it ran because a packet arrived, and not because it was due: it has no lateness."""
        return self.start_ns == self.deadline_ns

    @property
    def late_ns(self) -> int:
        """How long after its deadline it began."""
        return self.start_ns - self.deadline_ns


def input_of(code: int) -> Input:
    """An input from the number that stands for it in rows."""
    return Input(code % (1 << ACTION_BITS), code >> ACTION_BITS & (1 << FLAG_BITS) - 1, code >> COMMAND_SHIFT)


class Hold(NamedTuple):
    """Ticks in a row that could not compute `frame`. `why` is `window` or `end`; the tick that ended it is not in it.

    `received`, `verified` are R and V while it lasted; `end_ns` is when the next tick went on, or the last one of it.
    """

    frame: int
    ticks: int
    start_ns: int
    end_ns: int
    why: str
    received: int
    verified: int


class Rollback(NamedTuple):
    """The tail from frame `first` to `last` was dropped at `t_ns` and computed again, from the first wrong guess on."""

    first: int
    last: int
    wrong_guesses: int
    t_ns: int

    @property
    def frames(self) -> int:
        """Its depth."""
        return self.last - self.first + 1


class Standstill(NamedTuple):
    """A stretch in which no tick ran for longer than a standstill takes; `frame` was the present."""

    frame: int
    start_ns: int
    end_ns: int


class Drawing(NamedTuple):
    """A picture that was flipped at `flip_ns`, in the tick of `frame`, and stood until `until_ns`."""

    frame: int
    shown_frame: int
    truth: Truth
    flip_ns: int
    until_ns: int


class Mark(NamedTuple):
    """Something else that was noted: `kind` is that of the local file, `values` its columns."""

    t_ns: int
    frame: int
    kind: str
    values: Mapping[str, Value]

    def integer(self, column: str) -> int:
        """The value of an integer column."""
        value = self.values[column]
        assert isinstance(value, int)
        return value

    def text(self, column: str) -> str:
        """The value of a text column."""
        value = self.values[column]
        assert isinstance(value, str)
        return value


class FrameNote(NamedTuple):
    """One frame as one seat lived it. `tick` is the one that computed it first.

    `start_ns` of the tick, `confirmed_ns` and so on are on the episode's own clock. `journey_ns` is how long the
    partner's input of this frame took from its commitment there to the tick that had it here, -1 if not known.
    """

    tick: LoggedTick
    start_ns: int
    held: Hold | None
    guess: Guess
    truth: Truth
    computed: int
    confirmed_ns: int
    journey_ns: int


@dataclass(frozen=True, slots=True)
class SeatTable:
    """One seat's side. `frames` has one place for each frame of the inspection; None where the seat never came."""

    seat: Seat
    record: SeatRecord
    ticks: tuple[LoggedTick, ...]
    frames: tuple[FrameNote | None, ...]
    holds: tuple[Hold, ...]
    rollbacks: tuple[Rollback, ...]
    standstills: tuple[Standstill, ...]
    drawings: tuple[Drawing, ...]
    trips: tuple[Trip, ...]
    marks: tuple[Mark, ...]
    inputs: Mapping[int, Input]
    """The seat's own inputs as it committed them, by frame; none in a file from before they were noted."""
    ending: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Inspection:
    """One episode, both seats. `rows` are the truth: the longest canonical record, or the left one's if they differ.

    `start_ns` is the left clock at time 0. `difference` says where the canonical records part, if they do.
    """

    terms: EpisodeTerms
    rows: tuple[Row, ...]
    seats: Mapping[Seat, SeatTable]
    frames: int
    alignment: Alignment | None
    start_ns: int
    difference: Difference | None

    @property
    def is_equal(self) -> bool:
        """Whether both seats hold the same canonical bytes."""
        held = [table.record.canonical_bytes for table in self.seats.values()]
        return len(held) == len(Seat) and held[0] == held[1] != b""


MOST_UNNOTED_FRAMES: Final = 1_000_000
"""Hours of frames that were played while no note could be taken. More is no episode, and would fill the memory."""


def inspect_records(records: Mapping[Seat, SeatRecord]) -> Inspection:
    """Lay the records of one episode side by side: of one seat, or of both.

    Raises:
        InspectionError: no canonical file is there, no tick was noted, or a tick names a frame that cannot be.
    """
    difference = _difference(records)
    truths = {seat: _truth_for(seat, records, differ=difference is not None) for seat in records}
    alignment = align({seat: _trips(record) for seat, record in records.items()})
    terms = _terms(records)
    readings = {seat: _Reading(seat, record, alignment, terms.terms) for seat, record in records.items()}
    starts = {seat: reading.first_deadline for seat, reading in readings.items()}
    if alignment is not None:
        starts = dict.fromkeys(starts, min(starts.values()))
    rows = max(truths.values(), key=len) if difference is None else next(iter(truths.values()))
    count = max(len(rows), *(reading.computed for reading in readings.values()))
    tables = {
        seat: reading.table(readings.get(seat.other), truths[seat], starts[seat], count)
        for seat, reading in readings.items()
    }
    return Inspection(terms, rows, tables, count, alignment, next(iter(starts.values())), difference)


def _terms(records: Mapping[Seat, SeatRecord]) -> EpisodeTerms:
    return next(record.canonical.terms for record in records.values() if record.canonical is not None)


def _difference(records: Mapping[Seat, SeatRecord]) -> Difference | None:
    held = [record.canonical for record in records.values() if record.canonical is not None]
    return first_difference(held[0], held[1]) if len(held) == len(Seat) and held[0] is not held[1] else None


def difference_words(difference: Difference) -> str:
    """A difference between left's record and right's in one line."""
    where = "header" if difference.frame < 0 else f"frame {difference.frame}"
    return f"{where}, {difference.field}: {difference.ours} in left's, {difference.theirs} in right's"


def _truth_for(seat: Seat, records: Mapping[Seat, SeatRecord], *, differ: bool) -> tuple[Row, ...]:
    """What was confirmed, for one seat: its own record or its partner's longer one; if they differ, its own."""
    own, others = records[seat].canonical, [record.canonical for record in records.values()]
    candidates = [own] if differ and own is not None else [each for each in others if each is not None]
    if not candidates:
        paths = " and ".join(str(record.path) for record in records.values())
        raise InspectionError(f"no canonical file (.dyad) beside {paths}: without it nobody knows what was true")
    return max((each.frames for each in candidates), key=len)


def _trips(record: SeatRecord) -> list[Trip]:
    return [Trip(*entry.values) for entry in record.local.entries if entry.kind == "probe"]  # type: ignore[arg-type]  # the format has checked that they are integers


class _Reading:
    """One seat's record while it is turned into a table. All its times are still on the left seat's clock."""

    def __init__(self, seat: Seat, record: SeatRecord, alignment: Alignment | None, rules: Terms) -> None:
        self.seat = seat
        self.record = record
        self._alignment = alignment
        self._rules = rules
        entries = record.local.entries
        self.ticks = [LoggedTick(*entry.values) for entry in entries if entry.kind == "tick"]  # type: ignore[arg-type]  # as above
        if not self.ticks:
            raise InspectionError(f"{record.path}: not one tick was noted")
        self.first_deadline = self.to_left(self.ticks[0].deadline_ns)
        self.computed = max(tick.frame for tick in self.ticks)
        if self.computed > len(self.ticks) + MOST_UNNOTED_FRAMES:
            raise InspectionError(
                f"{record.path}: frame {self.computed} is named after {len(self.ticks)} ticks; "
                f"expected at most {MOST_UNNOTED_FRAMES:,} frames without one"
            )
        self.begun = self._begun()
        """Per frame, when the seat first tried to compute it: then it committed the input of `frame + delay`."""

    def to_left(self, time_ns: int) -> int:
        """A time of this seat's clock on the left one's."""
        return time_ns if self._alignment is None else self._alignment.to_left(time_ns, self.seat)

    def _begun(self) -> dict[int, int]:
        begun: dict[int, int] = {}
        for tick in self.ticks:
            begun.setdefault(tick.target, self.to_left(tick.start_ns))
        return begun

    def table(self, partner: "_Reading | None", truth: Sequence[Row], start: int, count: int) -> SeatTable:
        """The finished side of one seat; times count from `start`."""
        holds, rollbacks = self._holds(start), self._rollbacks(start)
        drawings = self._drawings(truth, start)
        frames = self._frames(truth, start, count, holds, rollbacks, self._journeys(partner, count))
        return SeatTable(
            self.seat,
            self.record,
            tuple(self.ticks),
            frames,
            tuple(holds),
            tuple(rollbacks),
            tuple(self._standstills(start)),
            tuple(drawings),
            tuple(_trips(self.record)),
            tuple(self._marks(start)),
            {tick.committed - 1: input_of(tick.input) for tick in self.ticks if tick.input >= 0},
            next(iter(self.record.local.of("ending")), {}),
        )

    def _since(self, time_ns: int, start: int) -> int:
        return self.to_left(time_ns) - start

    # --- what happened, in order ----------------------------------------------------------------------------------

    def _holds(self, start: int) -> list[Hold]:
        holds: list[Hold] = []
        run: list[LoggedTick] = []
        for tick in self.ticks:
            if tick.held:
                run.append(tick)
            elif run:
                holds.append(self._hold(run, tick.start_ns, start))
                run = []
        return [*holds, self._hold(run, run[-1].end_ns, start)] if run else holds

    def _hold(self, run: Sequence[LoggedTick], until: int, start: int) -> Hold:
        first, last = run[0], run[-1]
        is_full = first.frame >= first.received + self._rules.window_frames
        why = first.held_why or ("window" if is_full else "end")
        times = self._since(first.start_ns, start), self._since(until, start)
        return Hold(first.frame, len(run), *times, why, last.received, last.verified)

    def _rollbacks(self, start: int) -> list[Rollback]:
        return [
            Rollback(
                tick.target - tick.rollback_frames,
                tick.target - 1,
                tick.wrong_guesses,
                self._since(tick.start_ns, start),
            )
            for tick in self.ticks
            if tick.rollback_frames
        ]

    def _standstills(self, start: int) -> list[Standstill]:
        """Found in the ticks themselves: a standstill that owed nothing was not noted as one."""
        pairs = zip(self.ticks, self.ticks[1:], strict=False)
        return [
            Standstill(before.frame, self._since(before.end_ns, start), self._since(after.start_ns, start))
            for before, after in pairs
            if after.start_ns - before.end_ns >= STANDSTILL
        ]

    def _drawings(self, truth: Sequence[Row], start: int) -> list[Drawing]:
        drawn = [tick for tick in self.ticks if tick.flip_ns != NOT_DRAWN]
        flips = [self._since(tick.flip_ns, start) for tick in drawn]
        until = [*flips[1:], self._since(self.ticks[-1].end_ns, start)] if drawn else []
        return [
            Drawing(tick.target, tick.shown_frame, truth_of(tick, truth), flip, max(flip, end))
            for tick, flip, end in zip(drawn, flips, until, strict=True)
        ]

    def _marks(self, start: int) -> list[Mark]:
        marks = []
        for entry in self.record.local.entries:
            if entry.kind in ("focus", "wake", "view", "notice", "pacing", "key"):
                noted = Mark(0, 0, entry.kind, entry.named())
                time_ns = self._since(noted.integer("t_ns"), start)
                marks.append(noted._replace(t_ns=time_ns, frame=noted.integer("frame")))
        return marks

    # --- frame by frame -------------------------------------------------------------------------------------------

    def _frames(
        self,
        truth: Sequence[Row],
        start: int,
        count: int,
        holds: Sequence[Hold],
        rollbacks: Sequence[Rollback],
        journeys: Sequence[int],
    ) -> tuple[FrameNote | None, ...]:
        held = {hold.frame: hold for hold in holds}
        computed = _times_computed(rollbacks, count)
        confirmed = self._confirmed(start, count)
        notes: list[FrameNote | None] = [None] * count
        for tick in self.ticks:
            frame = tick.target
            if not tick.held and frame >= 0:
                notes[frame] = FrameNote(
                    tick,
                    self._since(tick.start_ns, start),
                    held.get(frame),
                    _guess_of(tick, self.seat, truth),
                    truth_of(tick, truth),
                    computed[frame],
                    confirmed[frame],
                    journeys[frame],
                )
        return tuple(notes)

    def _confirmed(self, start: int, count: int) -> list[int]:
        """Per frame, when this seat confirmed it; NEVER if it did not."""
        times = [NEVER] * count
        known = 0
        for tick in self.ticks:
            verified = min(tick.verified, count)
            if verified > known:
                times[known:verified] = [self._since(tick.start_ns, start)] * (verified - known)
                known = verified
        return times

    def _journeys(self, partner: "_Reading | None", count: int) -> list[int]:
        """Per frame, how long the partner's input travelled: from its commitment to the tick here that had it."""
        journeys = [NEVER] * count
        if partner is None or self._alignment is None:
            return journeys
        here = 0
        for tick in self.ticks:
            while here < min(tick.received, count):
                begun = partner.begun.get(here - self._rules.delay_frames)
                if begun is not None:
                    journeys[here] = max(0, self.to_left(tick.start_ns) - begun)
                here += 1
        return journeys


def _times_computed(rollbacks: Sequence[Rollback], count: int) -> list[int]:
    """How often each frame was computed: once, and once more in every rollback through it."""
    changes: defaultdict[int, int] = defaultdict(int)
    for rollback in rollbacks:
        changes[rollback.first] += 1
        changes[rollback.last + 1] -= 1
    times, depth = [], 1
    for frame in range(count):
        depth += changes[frame]
        times.append(depth)
    return times


def _guess_of(tick: LoggedTick, seat: Seat, truth: Sequence[Row]) -> Guess:
    if tick.guess < 0:
        return ""
    frame = tick.target
    if frame >= len(truth):
        return "open"
    return "right" if truth[frame].inputs[seat.other].action == tick.guess else "wrong"


def truth_of(tick: LoggedTick, truth: Sequence[Row]) -> Truth:
    """Whether the picture of a tick showed a state of the canonical record. The state before frame 0 is always true."""
    if tick.flip_ns == NOT_DRAWN or not tick.shown_digest:
        return ""
    if tick.shown_frame < 0:
        return "true"
    if tick.shown_frame >= len(truth):
        return "unknown"
    return "true" if truth[tick.shown_frame].digest == tick.shown_digest else "untrue"


class FieldPair(NamedTuple):
    """One value of both records at the frame where they part."""

    name: str
    left: str
    right: str

    @property
    def differs(self) -> bool:
        """Whether it is one of those that are not alike."""
        return self.left != self.right


def lay_side_by_side(records: Mapping[Seat, SeatRecord], frame: int) -> list[FieldPair]:
    """A frame's rows and states in both records, field by field, those that differ first; `-` where one has none."""
    left, right = (_named_row(records[seat], frame) for seat in Seat)
    pairs = [_pair(name, left.get(name, "-"), right.get(name, "-")) for name in dict.fromkeys([*left, *right])]
    return sorted(pairs, key=lambda pair: not pair.differs)


def _named_row(record: SeatRecord, frame: int) -> dict[str, object]:
    canonical = record.canonical
    named: dict[str, object] = {}
    if canonical is not None and 0 <= frame < len(canonical.frames):
        columns = [column[0] for column in canonical.terms.terms.columns]
        named = dict(named_values(canonical.frames[frame], columns))
    for entry in record.local.of("divergence"):
        if entry["frame"] == frame:
            named |= {"bytes of the state": entry["state"], "bytes of the row": entry["row"]}
    return named


def _pair(name: str, left: object, right: object) -> FieldPair:
    """Two values as text. Of bytes, what stands around the first that differ."""
    if not (isinstance(left, bytes) and isinstance(right, bytes)):
        return FieldPair(name, str(left), str(right))
    at = next((at for at, (one, two) in enumerate(zip(left, right, strict=False)) if one != two), len(left))
    return FieldPair(name, _around(left, at), _around(right, at))


def _around(data: bytes, at: int) -> str:
    if len(data) <= BYTES_SHOWN:
        return data.hex(" ")
    start = max(0, min(at - BYTES_SHOWN // 2, len(data) - BYTES_SHOWN))
    return f"{data[start : start + BYTES_SHOWN].hex(' ')} (from byte {start} of {len(data)})"
