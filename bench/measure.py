"""One measured figure, and how to take many of them."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A median and a 99th percentile in `unit`, and the budget it is held against (at most, or `at_least`)."""

    name: str
    value: float
    p99: float
    unit: str
    budget: float
    at_least: bool = False

    @property
    def is_within(self) -> bool:
        """Whether the median keeps the budget."""
        return self.value >= self.budget if self.at_least else self.value <= self.budget

    def to_json(self) -> dict[str, object]:
        """The object of `--json`."""
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "p99": round(self.p99, 4),
            "unit": self.unit,
            "budget": self.budget,
            "within": self.is_within,
        }


def quantile(samples: Sequence[float], share: float) -> float:
    """The value below which `share` of the samples lie; 0 for none."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def summary(name: str, samples: Sequence[float], unit: str, budget: float, *, at_least: bool = False) -> Benchmark:
    """The benchmark of a list of samples; the 99th percentile is on the bad side."""
    bad = quantile(samples, 0.01 if at_least else 0.99)
    return Benchmark(name, quantile(samples, 0.5), bad, unit, budget, at_least)


def timed(action: Callable[[], object], count: int, *, per: int = 1) -> list[float]:
    """Microseconds of `count` calls of `action`, each divided by `per`."""
    samples = []
    with quiet():
        for _ in range(count):
            start = time.perf_counter_ns()
            action()
            samples.append((time.perf_counter_ns() - start) / 1000 / per)
    return samples


@contextmanager
def quiet() -> Iterator[None]:
    """No garbage collection meanwhile, as in a client that plays."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
