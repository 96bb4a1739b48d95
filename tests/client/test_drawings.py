"""Drawings come a whole number of times for each tick, about 60 a second, and seldom while nobody looks."""

from itertools import pairwise

import pytest

from client.drawings import AWAY_PERIOD, DRAWINGS_PER_SECOND, Drawings
from netcode.limits import SECOND
from netcode.metronome import Metronome

SECONDS = 4


def lived(tick_rate: int, *, is_seldom: bool = False) -> tuple[Drawings, list[int]]:
    """A loop as the client's that wakes up in time; the times of its drawings."""
    drawings, ticks, now = Drawings(tick_rate, 0), Metronome(tick_rate, 0), 0
    drawn = []
    while now < SECONDS * SECOND:
        now = max(now, min(ticks.deadline, drawings.deadline(ticks.deadline)))
        due = ticks.due(now)
        ticks.ticked(due)
        if due:
            drawings.ticked(now)
        if drawings.take(now, is_seldom=is_seldom):
            drawn.append(now)
    return drawings, drawn


@pytest.mark.parametrize("tick_rate", [10, 24, 30, 45, 50, 60, 90, 120, 240])
def test_whatever_the_tick_rate_drawings_are_even_and_about_sixty_a_second_and_none_is_dropped(tick_rate: int) -> None:
    drawings, drawn = lived(tick_rate)
    assert drawings.made == len(drawn)
    assert drawings.made / SECONDS == pytest.approx(DRAWINGS_PER_SECOND, rel=0.26)
    assert drawings.dropped == 0
    gaps = [second - first for first, second in pairwise(drawn)]
    assert max(gaps) - min(gaps) < 10


@pytest.mark.parametrize("tick_rate", [10, 24, 30, 45, 60])
def test_every_tick_is_drawn_at_once(tick_rate: int) -> None:
    moments = set(lived(tick_rate)[1])
    ticks = {tick * SECOND // tick_rate for tick in range(tick_rate * SECONDS)}
    assert ticks <= moments


@pytest.mark.parametrize("tick_rate", [30, 60])
def test_a_window_that_nobody_looks_at_is_drawn_seldom_and_drops_nothing(tick_rate: int) -> None:
    drawings, _ = lived(tick_rate, is_seldom=True)
    assert drawings.made == pytest.approx(SECONDS * SECOND / AWAY_PERIOD, abs=2)
    assert drawings.dropped == 0


def test_drawings_for_which_there_was_no_time_are_left_out_and_counted() -> None:
    drawings = Drawings(30, 0)
    assert drawings.take(0, is_seldom=False)
    drawings.ticked(SECOND)
    assert drawings.take(SECOND, is_seldom=False)
    assert (drawings.made, drawings.dropped) == (2, DRAWINGS_PER_SECOND - 1)
    assert not drawings.take(SECOND + 1, is_seldom=False)


def test_who_comes_back_is_shown_something_at_once_and_nothing_counts_as_dropped() -> None:
    drawings = Drawings(60, 0)
    assert drawings.take(0, is_seldom=True)
    drawings.ticked(SECOND // 60)
    assert not drawings.take(SECOND // 60, is_seldom=True)
    drawings.restart()
    drawings.ticked(SECOND)
    assert drawings.take(SECOND, is_seldom=False)
    assert drawings.dropped == 0
