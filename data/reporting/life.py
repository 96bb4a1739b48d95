"""How both machines lived an episode, in figures small enough to keep for a whole study. Pure: an inspection in."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from data.inspection.clocks import Trip
from data.inspection.inspection import Inspection
from data.inspection.summary import Summary, summarize
from games.contract import Seat

MOST_PROBES: Final = 240
"""Probes of an episode and seat that are kept for the plots: two a minute over two hours, four a second over one."""


class Stop(NamedTuple):
    """A moment at which a seat did not go on: `held` by a full window, or its program `stood still`."""

    seat: Seat
    kind: str
    frame: int
    length_ns: int


@dataclass(frozen=True, slots=True)
class Life:
    """One episode by the notes of its seats. `began_ns` is UTC in unix ns, by the first machine's own clock.

    `probes` are kept as they were noted, thinned; `depths` counts rollbacks by the frames that they dropped.
    """

    began_ns: int
    summary: Summary
    probes: Mapping[Seat, tuple[Trip, ...]]
    depths: Mapping[Seat, Counter[int]]
    stops: tuple[Stop, ...]


def life_of(inspection: Inspection) -> Life:
    """The figures of an inspected episode."""
    tables = inspection.seats
    return Life(
        next(iter(tables.values())).record.local.header.wall_ns,
        summarize(inspection),
        {seat: thinned(table.trips, MOST_PROBES) for seat, table in tables.items()},
        {seat: Counter(rollback.frames for rollback in table.rollbacks) for seat, table in tables.items()},
        tuple(_stops(inspection)),
    )


def _stops(inspection: Inspection) -> Iterable[Stop]:
    for seat, table in inspection.seats.items():
        for hold in table.holds:
            if hold.why == "window":
                yield Stop(seat, "held", hold.frame, hold.end_ns - hold.start_ns)
        for still in table.standstills:
            yield Stop(seat, "stood still", still.frame, still.end_ns - still.start_ns)


def thinned(trips: Sequence[Trip], most: int) -> tuple[Trip, ...]:
    """Every so many of them, evenly, so that at most `most` are left."""
    return tuple(trips[:: max(1, -(-len(trips) // most))])
