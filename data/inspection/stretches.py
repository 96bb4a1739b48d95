"""The stretches of an episode that one asks about, and why each was as it was. No file and no terminal."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeVar

from data.inspection.inspection import NEVER, FrameNote, Hold, Inspection, Mark, Rollback, SeatTable, difference_words
from data.inspection.summary import ms
from games.contract import Seat
from netcode.limits import MILLISECOND, SECOND
from netcode.vocabulary import AWAY, CATCHING_UP, Reason

T = TypeVar("T")

Topic = Literal["holds", "rollbacks", "away", "late", "differences"]
TOPICS: Final[tuple[Topic, ...]] = ("holds", "rollbacks", "away", "late", "differences")

GROUPED_NS: Final = SECOND // 4
"""What follows within a quarter of a second belongs to the same trouble."""
LATE_SHARE: Final = 2
"""A tick is told of when it is late by half a period: from there on a picture may be missing."""


class Stretch(NamedTuple):
    """Frames `first` to `last` of one seat (None: of the records), the time that it took, and what it was in words."""

    topic: Topic
    seat: Seat | None
    first: int
    last: int
    start_ns: int
    end_ns: int
    words: str

    @property
    def duration_ns(self) -> int:
        """How long it took."""
        return self.end_ns - self.start_ns


def stretches(inspection: Inspection) -> list[Stretch]:
    """All of them, in order of their frames."""
    found = list(_difference(inspection))
    for table in inspection.seats.values():
        teller = _Teller(inspection, table)
        for tell in (teller.holds, teller.rollbacks, teller.away, teller.late, teller.untrue):
            found += tell()
    return sorted(found, key=lambda stretch: (stretch.first, stretch.start_ns, TOPICS.index(stretch.topic)))


def heaviest(found: Sequence[Stretch], most: int) -> list[Stretch]:
    """At most so many: a difference of the records, then the longest; still in order of their frames."""
    ranked = sorted(range(len(found)), key=lambda index: (found[index].seat is None, found[index].duration_ns))
    return [found[index] for index in sorted(ranked[max(0, len(ranked) - most) :])]


def _difference(inspection: Inspection) -> Iterator[Stretch]:
    difference = inspection.difference
    if difference is None:
        return
    frame = max(0, difference.frame)
    notes = [_note(table, frame) for table in inspection.seats.values()]
    at = min((note.start_ns for note in notes if note is not None), default=0)
    yield Stretch("differences", None, frame, frame, at, at, f"the records part: {difference_words(difference)}")


def _note(table: SeatTable, frame: int) -> FrameNote | None:
    return table.frames[frame] if 0 <= frame < len(table.frames) else None


def _groups(items: Iterable[T], belongs: Callable[[T, T], bool]) -> Iterator[list[T]]:
    """Items in order, cut where one does not belong to the one before."""
    group: list[T] = []
    for item in items:
        if group and not belongs(group[-1], item):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _is_one_absence(one: tuple[int, int], two: tuple[int, int]) -> bool:
    """Whether a flagged frame goes on with the absence before it: away, then catching up, then it is over."""
    return two[0] == one[0] + 1 and not (one[1] & CATCHING_UP and two[1] & AWAY)


def _several(count: int, one: str, many: str = "") -> str:
    return f"1 {one}" if count == 1 else f"{count} {many or one + 's'}"


class _Teller:
    """Tells the stretches of one seat. Its partner's record, if it is there, is asked for the causes."""

    def __init__(self, inspection: Inspection, table: SeatTable) -> None:
        self._inspection = inspection
        self._table = table
        self._rules = inspection.terms.terms
        self._partner = inspection.seats.get(table.seat.other)
        self._other = table.seat.other.word

    def _stretch(self, topic: Topic, frames: tuple[int, int], times: tuple[int, int], words: str) -> Stretch:
        return Stretch(topic, self._table.seat, *frames, *times, words)

    # --- holds ----------------------------------------------------------------------------------------------------

    def holds(self) -> Iterator[Stretch]:
        """Each hold, and what it waited for."""
        for hold in self._table.holds:
            length = f"{_several(hold.ticks, 'tick')} held, {ms(hold.end_ns - hold.start_ns)}"
            why = self._why_full(hold) if hold.why == "window" else self._why_end(hold)
            times = hold.start_ns, hold.end_ns
            yield self._stretch("holds", (hold.frame, hold.frame), times, f"{length}: {why}")

    def _why_full(self, hold: Hold) -> str:
        missing = hold.frame - self._rules.window_frames
        text = f"the window was full, without {self._other}'s input of frame {missing}"
        note = _note(self._table, missing)
        if self._partner is None or note is None:
            return text
        if note.journey_ns == NEVER:
            return f"{text}, which never came"
        return f"{text}; {self._late_input(missing, hold.start_ns)}"

    def _late_input(self, frame: int, needed_ns: int) -> str:
        """Whether the partner's input was made late, and by what, or was long on its way."""
        begun = self._committed_ns(frame)
        if begun is None:
            return f"{self._other} did not note when it made it"
        if begun <= needed_ns:
            journey = self._journey(frame)
            text = f"it was made {ms(needed_ns - begun)} earlier, and was on its way for {ms(journey)}"
            still = self._partner_stood_still(begun, begun + journey)
            return f"{text}: {still}" if still else text
        made = f"it was made {ms(begun - needed_ns)} later"
        return f"{made}: {self._what_delayed(needed_ns, begun)}"

    def _what_delayed(self, from_ns: int, to_ns: int) -> str:
        """What the partner did between two times in which an input of it was missing."""
        assert self._partner is not None
        still = self._partner_stood_still(from_ns, to_ns)
        if still:
            return still
        for hold in self._partner.holds:
            if hold.start_ns < to_ns and hold.end_ns > from_ns:
                return f"{self._other} was held itself, at frame {hold.frame}"
        return f"{self._other} was behind"

    def _partner_stood_still(self, from_ns: int, to_ns: int) -> str:
        for still in self._partner.standstills if self._partner is not None else ():
            if still.start_ns < to_ns and still.end_ns > from_ns:
                return f"{self._other}'s program stood still for {ms(still.end_ns - still.start_ns)}"
        return ""

    def _committed_ns(self, frame: int) -> int | None:
        """When the partner committed its input of a frame: at the first try of the tick so many frames before."""
        note = None if self._partner is None else _note(self._partner, frame - self._rules.delay_frames)
        if note is None:
            return None
        return note.held.start_ns if note.held is not None else note.start_ns

    def _journey(self, frame: int) -> int:
        note = _note(self._table, frame)
        return NEVER if note is None else note.journey_ns

    def _why_end(self, hold: Hold) -> str:
        rows = len(self._inspection.rows)
        if self._table.ending.get("reason") == Reason.DIVERGED:
            return "the records had been found to differ, so both seats stopped"
        if hold.verified >= rows and hold.frame >= rows:
            return f"the last frame was confirmed; {self._other}'s last word was missing"
        return f"frame {hold.frame - 1} may be the end; {self._other}'s inputs from frame {hold.received} were missing"

    # --- rollbacks ------------------------------------------------------------------------------------------------

    def rollbacks(self) -> Iterator[Stretch]:
        """Rollbacks that follow each other closely, with the cause of the deepest."""
        for group in _groups(self._table.rollbacks, lambda one, two: two.t_ns - one.t_ns <= GROUPED_NS):
            deepest = max(group, key=lambda rollback: rollback.frames)
            frames = min(rollback.first for rollback in group), max(rollback.last for rollback in group)
            depth = _several(deepest.frames, "frame")
            text = f"{depth} computed again" if len(group) == 1 else f"{len(group)} rollbacks, the deepest {depth}"
            yield self._stretch("rollbacks", frames, self._time_of(group), f"{text}: {self._why_rolled_back(deepest)}")

    def _time_of(self, group: Sequence[Rollback]) -> tuple[int, int]:
        """From when the first dropped frame was computed to when the last was put right."""
        note = _note(self._table, group[0].first)
        end = group[-1].t_ns
        return (min(end, note.start_ns) if note is not None else end), end

    def _why_rolled_back(self, rollback: Rollback) -> str:
        frame = rollback.first
        row = self._inspection.rows[frame] if frame < len(self._inspection.rows) else None
        note, journey = _note(self._table, frame), self._journey(frame)
        text = f"{self._other}'s input of frame {frame}"
        if row is None or note is None:
            return f"{text} was not what was guessed"
        if note.guess == "wrong":
            real = self.action(row.inputs[self._table.seat.other].action)
            text += f" was guessed {self.action(note.tick.guess)} and was {real}"
        else:
            text += " was not what was guessed"
        text += f"; it came {ms(rollback.t_ns - note.start_ns)} after the frame was computed"
        text += f", {ms(journey)} after it was made" if journey != NEVER else ""
        still = self._partner_stood_still(note.start_ns, rollback.t_ns)
        return f"{text}: {still}" if still else text

    def action(self, action: int) -> str:
        """The name of an action, in quotes: "was right" would praise the guess."""
        return f'"{self._rules.actions[action]}"' if 0 <= action < len(self._rules.actions) else str(action)

    # --- away -----------------------------------------------------------------------------------------------------

    def away(self) -> Iterator[Stretch]:
        """Frames in which the seat's own inputs say that it was away, then those in which it caught up."""
        flagged = [
            (row.frame, row.inputs[self._table.seat].flags)
            for row in self._inspection.rows
            if row.inputs[self._table.seat].flags
        ]
        for group in _groups(
            flagged, lambda one, two: two[0] == one[0] + 1 and not (two[1] & AWAY and one[1] & CATCHING_UP)
        ):
            away = sum(flags & AWAY != 0 for _, flags in group)
            behind = len(group) - away
            counts = [_several(away, "frame") + " away"] if away else []
            counts += [_several(behind, "frame") + " catching up"] if behind else []
            first, last = group[0][0], group[-1][0]
            words = f"{', '.join(counts)}: {self._why_away(first, last)}"
            yield self._stretch("away", (first, last), self._times(first, last), words)

    def _times(self, first: int, last: int) -> tuple[int, int]:
        """When the seat itself computed these frames."""
        one, two = _note(self._table, first), _note(self._table, last)
        start = one.start_ns if one is not None else 0
        return start, max(start, two.start_ns if two is not None else start)

    def _why_away(self, first: int, last: int) -> str:
        """What the seat noted around these frames, in its own order."""
        delay = self._rules.delay_frames
        marks = [mark for mark in self._table.marks if first - delay - 1 <= mark.frame <= last + 1]
        told = [mark_words(mark) for mark in marks if mark.kind in ("focus", "wake", "view")]
        return "; ".join(told) if told else "not said why"

    # --- late -----------------------------------------------------------------------------------------------------

    def late(self) -> Iterator[Stretch]:
        """Ticks that began half a period late or more."""
        least = SECOND // self._rules.tick_rate // LATE_SHARE
        late = [
            note
            for note in self._table.frames
            if note is not None and not note.tick.is_retry and note.tick.late_ns >= least
        ]
        for group in _groups(late, lambda one, two: two.start_ns - one.start_ns <= GROUPED_NS):
            first, last = group[0].tick.target, group[-1].tick.target
            most = max(note.tick.late_ns for note in group)
            wakes = len({note.start_ns for note in group})
            text = f"{_several(len(group), 'tick')} began up to {ms(most)} late"
            text += f", in {_several(wakes, 'wake-up')}" if wakes < len(group) else ""
            times = group[0].start_ns - group[0].tick.late_ns, group[-1].start_ns
            still = [each for each in self._table.standstills if times[0] <= each.end_ns <= times[1]]
            text += f": the program stood still for {ms(still[0].end_ns - still[0].start_ns)}" if still else ""
            yield self._stretch("late", (first, last), times, text)

    # --- what was shown -------------------------------------------------------------------------------------------

    def untrue(self) -> Iterator[Stretch]:
        """Pictures in a row that showed a state which the canonical record does not have."""
        drawings = [drawing for drawing in self._table.drawings if drawing.truth == "untrue"]
        for group in _groups(drawings, lambda one, two: two.flip_ns - one.until_ns <= GROUPED_NS):
            shown = sorted({drawing.shown_frame for drawing in group})
            time = sum(drawing.until_ns - drawing.flip_ns for drawing in group)
            text = f"{_several(len(group), 'picture')} of what did not happen, {ms(time)}: {self._why_untrue(shown[0])}"
            frames = shown[0], shown[-1]
            yield self._stretch("differences", frames, (group[0].flip_ns, group[-1].until_ns), text)

    def _why_untrue(self, frame: int) -> str:
        """The guess on which the picture stood: the first wrong one among the frames that were not confirmed then."""
        note = _note(self._table, frame)
        known = frame if note is None else note.tick.verified
        for guessed in range(min(known, frame), frame + 1):
            earlier = _note(self._table, guessed)
            if earlier is not None and earlier.guess == "wrong":
                real = self._inspection.rows[guessed].inputs[self._table.seat.other].action
                told = f"{self._other}'s input of frame {guessed} was guessed {self.action(earlier.tick.guess)}"
                return f"{told} and was {self.action(real)}"
        return f"{self._other}'s inputs from frame {known} were guessed anew after it"


def mark_words(mark: Mark) -> str:
    """A mark in a few words."""
    match mark.kind:
        case "focus":
            return "focus came back" if mark.values["focused"] else "focus was lost"
        case "wake":
            return f"woke after {ms(mark.integer('standstill_ns'))}, {mark.integer('owed_ticks')} ticks owed"
        case "view":
            passed = f"view ran through {mark.integer('frames')} frames"
            words = {"park": "view parked", "fast_forward": passed, "live": "view live"}
            return words.get(mark.text("what"), mark.text("what"))
        case "notice":
            return f'notice "{mark.text("text")}"' if mark.text("text") else "notice gone"
        case "pacing":
            return f"period {mark.integer('period_ns') / MILLISECOND:.2f} ms"
        case "key":
            return f"key {mark.integer('scancode')} {'down' if mark.values['down'] else 'up'}"
    return mark.kind
