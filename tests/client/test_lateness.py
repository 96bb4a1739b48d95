"""Quantiles of lateness, to a class, in bounded room."""

from random import Random

from client.lateness import CLASS_NS, LATEST_NS, Lateness
from netcode.limits import SECOND


def test_without_ticks_nothing_is_late() -> None:
    assert Lateness().quantile_us(99) == 0


def test_quantiles_are_those_of_the_sorted_list_rounded_up_to_a_class() -> None:
    random, lateness = Random(3), Lateness()
    late = [random.randrange(0, 3_000_000) for _ in range(1999)]
    for each in late:
        lateness.add(each)
    for percent in (1, 50, 99, 100):
        exact = sorted(late)[-(-len(late) * percent // 100) - 1]
        assert 0 < lateness.quantile_us(percent) * 1000 - exact <= CLASS_NS


def test_what_is_early_counts_as_in_time_and_what_stood_still_as_the_latest() -> None:
    lateness = Lateness()
    lateness.add(-5)
    lateness.add(3 * SECOND)
    assert lateness.quantile_us(50) == CLASS_NS // 1000
    assert lateness.quantile_us(99) == (LATEST_NS + CLASS_NS) // 1000
