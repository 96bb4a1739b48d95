"""Round trips and clock offsets of a whole session as points and one line. Pure: probes of its episodes in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from data.inspection.clocks import BILLION, Alignment, Trip, align
from data.reporting.life import Life
from games.contract import Seat
from netcode.limits import SECOND


class ProbePoint(NamedTuple):
    """One probe: when it was answered, in s since the session's first probe, its round trip and the offset in ns.

    `offset_ns` is how far the right clock was ahead, less the session's mean offset.
    """

    seat: Seat
    at_seconds: float
    round_trip_ns: int
    offset_ns: int


@dataclass(frozen=True, slots=True)
class SessionClock:
    """`line` is the right clock over the left one; None if a clock began anew between episodes, or without probes.

    Then `offset_ns` of a point is less its own episode's mean offset.
    """

    points: tuple[ProbePoint, ...]
    line: Alignment | None
    start_ns: int = 0
    """The left clock at the first probe."""

    def offset_at(self, at_seconds: float) -> float:
        """The line at a moment of `points`, in ns less the mean offset; only if there is one."""
        assert self.line is not None
        return self.line.drift_ppb * (at_seconds * SECOND + self.start_ns - self.line.at_ns) / BILLION


ONE_CLOCK_NS: Final = SECOND // 2
"""Offsets of two episodes of a session never differ by so much, at 10 ppm, unless a machine was started anew."""


def session_clock(lives: Sequence[Life]) -> SessionClock:
    """What the probes of a session's episodes say together."""
    lines = [(life, line) for life in lives if (line := align({seat: life.probes.get(seat, ()) for seat in Seat}))]
    if not lines:
        return SessionClock((), None)
    offsets = [line.offset_ns for _, line in lines]
    whole = None
    if max(offsets) - min(offsets) < ONE_CLOCK_NS:
        whole = align({seat: [trip for life in lives for trip in life.probes.get(seat, ())] for seat in Seat})
    start = min(_left_ns(trip, seat) for life, _ in lines for seat, trips in life.probes.items() for trip in trips)
    points = [
        _point(trip, seat, start, (whole or line).offset_ns)
        for life, line in lines
        for seat, trips in life.probes.items()
        for trip in trips
    ]
    return SessionClock(tuple(sorted(points, key=lambda point: point.at_seconds)), whole, start)


def _left_ns(trip: Trip, seat: Seat) -> int:
    """The middle of a probe on the left machine's clock."""
    if seat is Seat.LEFT:
        return (trip.sent + trip.received) // 2
    return (trip.partner_received + trip.partner_sent) // 2


def _point(trip: Trip, seat: Seat, start: int, mean: int) -> ProbePoint:
    offset = trip.offset if seat is Seat.LEFT else -trip.offset
    return ProbePoint(seat, (_left_ns(trip, seat) - start) / SECOND, trip.round_trip, offset - mean)
