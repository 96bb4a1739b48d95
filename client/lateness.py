"""How late the ticks of an episode began: counted in classes, so that an episode of any length needs the same room."""

from typing import Final

from netcode.limits import MILLISECOND

CLASS_NS: Final = 10_000
"""How finely lateness is told; the budget for its 99th percentile is fifty times this."""
LATEST_NS: Final = 100 * MILLISECOND
"""What is later than a hiccup counts as this: a standstill has a record of its own."""


class Lateness:
    """The lateness of one episode's ticks."""

    def __init__(self) -> None:
        self._counts = [0] * (LATEST_NS // CLASS_NS + 1)
        self._total = 0

    def add(self, late_ns: int) -> None:
        """A tick began so long after its deadline."""
        self._counts[min(max(0, late_ns), LATEST_NS) // CLASS_NS] += 1
        self._total += 1

    def quantile_us(self, percent: int) -> int:
        """So many percent of the ticks were not later than this (us, rounded up to a class); 0 for no ticks."""
        wanted, seen = -(-self._total * percent // 100), 0
        if not wanted:
            return 0
        for late, count in enumerate(self._counts):
            seen += count
            if seen >= wanted:
                return (late + 1) * CLASS_NS // 1000
        raise AssertionError("all ticks are in some class")
