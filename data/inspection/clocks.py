"""Two monotonic clocks brought onto one line by the probes of both seats: round trips, offset, drift. No file.

A probe has four times: sent (t0) and received back (t3) on the clock of the seat that noted it, received (t1) and
answered (t2) on its partner's. If both ways took the same time, the partner's clock is ahead of ours by
`((t1 - t0) + (t2 - t3)) / 2`, and it cannot be off from that by more than half the round trip.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from games.contract import Seat
from netcode.limits import SECOND

BILLION: Final = 1_000_000_000
_SHORTEST_SHARE: Final = 2
"""The shorter half of the round trips: a long one was long on one way only, and says little about the offset."""
_DRIFT_FROM: Final = 30 * SECOND
"""Crystals differ by some 10 ppm, which is a millisecond in 100 s: nothing shorter can show it."""


class Trip(NamedTuple):
    """One probe, in ns; `sent` and `received` on the clock of the seat that noted it."""

    sent: int
    partner_received: int
    partner_sent: int
    received: int

    @property
    def round_trip(self) -> int:
        """Time on the wire, there and back."""
        return (self.received - self.sent) - (self.partner_sent - self.partner_received)

    @property
    def offset(self) -> int:
        """How far the partner's clock is ahead of ours, if both ways took the same time."""
        return ((self.partner_received - self.sent) + (self.partner_sent - self.received)) // 2


@dataclass(frozen=True, slots=True)
class Alignment:
    """The right machine's clock as a line over the left one's: `right = left + offset + drift * (left - at)`.

    `uncertainty_ns` is half the shortest round trip: what an asymmetric way could hide. `drift_ppb` is 0 where the
    probes cannot tell it from none; `drift_error_ppb` is its standard error, -1 if it was not asked for.
    """

    at_ns: int
    offset_ns: int
    drift_ppb: int
    drift_error_ppb: int
    uncertainty_ns: int

    def to_left(self, time_ns: int, seat: Seat) -> int:
        """A time of a seat's clock, on the left one's."""
        if seat is Seat.LEFT:
            return time_ns
        left = time_ns - self.offset_ns
        return left - self.drift_ppb * (left - self.at_ns) // BILLION


class _Sample(NamedTuple):
    left_ns: int
    offset_ns: int
    round_trip: int


def align(trips: dict[Seat, Sequence[Trip]]) -> Alignment | None:
    """The line that the probes of both seats (or of one) give; None without any."""
    samples = sorted(_samples(trips), key=lambda sample: sample.round_trip)
    if not samples:
        return None
    kept = samples[: max(2, -(-len(samples) // _SHORTEST_SHARE))]
    at = sum(sample.left_ns for sample in kept) // len(kept)
    offset = sum(sample.offset_ns for sample in kept) // len(kept)
    drift, error = _drift(kept, at, offset)
    return Alignment(at, offset, drift, error, max(0, samples[0].round_trip) // 2)


def _samples(trips: dict[Seat, Sequence[Trip]]) -> Iterable[_Sample]:
    for trip in trips.get(Seat.LEFT, ()):
        yield _Sample((trip.sent + trip.received) // 2, trip.offset, trip.round_trip)
    for trip in trips.get(Seat.RIGHT, ()):
        yield _Sample((trip.partner_received + trip.partner_sent) // 2, -trip.offset, trip.round_trip)


def _drift(samples: Sequence[_Sample], at: int, offset: int) -> tuple[int, int]:
    """The slope of the least-squares line and its standard error, in ppb; a slope within two errors counts as none."""
    span = max(sample.left_ns for sample in samples) - min(sample.left_ns for sample in samples)
    if span < _DRIFT_FROM or len(samples) < 3:
        return 0, -1
    away = [sample.left_ns - at for sample in samples]
    squares = sum(x * x for x in away)
    slope = sum(x * (sample.offset_ns - offset) for x, sample in zip(away, samples, strict=True)) / squares
    left_over = sum((s.offset_ns - offset - slope * x) ** 2 for x, s in zip(away, samples, strict=True))
    error = (left_over / (len(samples) - 2) / squares) ** 0.5
    return (round(slope * BILLION) if abs(slope) > 2 * error else 0), round(error * BILLION)


class OneWay(NamedTuple):
    """A probe's two ways, in ns: from the seat that noted it to its partner, and back."""

    there: int
    back: int


def one_way(trip: Trip, seat: Seat, alignment: Alignment) -> OneWay:
    """How long each way of a trip took, by the aligned clocks: good to `uncertainty_ns`, and their sum exactly."""
    other = seat.other
    there = alignment.to_left(trip.partner_received, other) - alignment.to_left(trip.sent, seat)
    back = alignment.to_left(trip.received, seat) - alignment.to_left(trip.partner_sent, other)
    return OneWay(there, back)
