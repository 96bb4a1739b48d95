"""The stretches of an episode that one asks about, and why each was as it was. No file and no terminal."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple, TypeVar

from data.inspection import Drawing, Hold, Inspection, LoggedTick, Mark, Rollback, SeatTable, Standstill
from data.inspection_summary import ms, spread
from games.contract import Seat
from netcode.limits import SECOND
from netcode.vocabulary import AWAY, CATCHING_UP

T = TypeVar("T")

Topic = Literal["holds", "rollbacks", "away", "late", "differences"]
TOPICS: Final[tuple[Topic, ...]] = ("holds", "rollbacks", "away", "late", "differences")

GROUPED_NS: Final = SECOND // 4
"""What follows within a quarter of a second belongs to the same trouble."""
LATE_SHARE: Final = 2
"""A tick is worth telling of from half a period on: a picture may be missing then."""


class Stretch(NamedTuple):
    """Frames `first` to `last` of one seat (None: of the records), the time it took, and what it was in words."""

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
    """At most so many, the longest of them, still in order."""
    if len(found) <= most:
        return list(found)
    kept = sorted(range(len(found)), key=lambda index: _weight(found[index]), reverse=True)[:most]
    return [found[index] for index in sorted(kept)]


def _weight(stretch: Stretch) -> tuple[bool, int]:
    return stretch.seat is None, stretch.duration_ns


def _difference(inspection: Inspection) -> Iterator[Stretch]:
    difference = inspection.difference
    if difference is not None:
        frame = max(0, difference.frame)
        at = next((n.start_ns for t in inspection.seats.values() if (n := _note(t, frame)) is not None), 0)
        yield Stretch("differences", None, frame, frame, at, at, f"the records part here: {difference.words()}")


def _note(table: SeatTable, frame: int):  # type: ignore[no-untyped-def]  # replaced below
    return table.frames[frame] if 0 <= frame < len(table.frames) else None


def _groups(items: Iterable[T], is_next: Callable[[T, T], bool]) -> Iterator[list[T]]:
    """Items in order, cut where one does not belong to the one before."""
    group: list[T] = []
    for item in items:
        if group and not is_next(group[-1], item):
            yield group
            group = []
        group.append(item)
    if group:
        yield group
