"""Who counts as away: by a script, by the window's edges, by the watchdog; in this order."""

from client.events import FocusEdge
from client.focus import SETTLE_NS, WATCHDOG_NS, Focus

SETTLED = SETTLE_NS + 1
LOST, GAINED = FocusEdge(False), FocusEdge(True)
SCRIPTED_LOST, SCRIPTED_GAINED = FocusEdge(False, scripted=True), FocusEdge(True, scripted=True)


def person() -> Focus:
    return Focus(obey_window=True, now_ns=0)


def test_a_participant_is_there_until_something_says_otherwise() -> None:
    focus = person()
    assert not focus.is_away
    assert focus.take_edge() is None


def test_the_windows_edges_count_at_once() -> None:
    focus = person()
    focus.feed(LOST, SETTLED)
    assert focus.is_away
    focus.feed(GAINED, SETTLED + 1)
    assert not focus.is_away


def test_focus_that_flaps_while_windows_open_is_nobodys_absence() -> None:
    focus = person()
    for now_ns in range(0, SETTLE_NS, SETTLE_NS // 10):
        focus.feed(LOST if now_ns % 2 else GAINED, now_ns)
        focus.watch(now_ns % 3 == 0, now_ns)
        assert not focus.is_away


def test_a_window_that_opens_behind_another_one_is_away_once_that_lasts() -> None:
    focus = person()
    focus.feed(LOST, 0)
    for now_ns in range(0, WATCHDOG_NS + 1, WATCHDOG_NS // 5):
        assert not focus.is_away
        focus.watch(False, now_ns)
    assert focus.is_away


def test_the_watchdog_notices_focus_lost_without_an_event_but_not_at_once() -> None:
    focus = person()
    focus.watch(False, SETTLED)
    focus.watch(False, SETTLED + WATCHDOG_NS - 1)
    assert not focus.is_away
    focus.watch(False, SETTLED + WATCHDOG_NS)
    assert focus.is_away
    focus.watch(True, SETTLED + 2 * WATCHDOG_NS)
    focus.watch(True, SETTLED + 3 * WATCHDOG_NS)
    assert not focus.is_away


def test_a_disagreement_that_ends_in_time_is_none() -> None:
    focus = person()
    focus.watch(False, SETTLED)
    focus.watch(True, SETTLED + WATCHDOG_NS // 2)
    focus.watch(False, SETTLED + WATCHDOG_NS)
    assert not focus.is_away


def test_where_nobody_can_say_the_watchdog_says_nothing() -> None:
    focus = person()
    focus.feed(LOST, SETTLED)
    focus.watch(None, SETTLED + 10 * WATCHDOG_NS)
    focus.watch(None, SETTLED + 20 * WATCHDOG_NS)
    assert focus.is_away


def test_a_scripted_absence_stands_against_the_window_while_it_lasts() -> None:
    focus = person()
    focus.feed(SCRIPTED_LOST, 1)
    for step in range(10):
        focus.watch(True, SETTLED + step * WATCHDOG_NS)
    focus.feed(GAINED, SETTLED + 10 * WATCHDOG_NS)
    assert focus.is_away
    focus.feed(SCRIPTED_GAINED, SETTLED + 11 * WATCHDOG_NS)
    assert not focus.is_away


def test_a_scripted_return_does_not_bring_back_who_really_left() -> None:
    focus = person()
    focus.feed(LOST, SETTLED)
    focus.feed(SCRIPTED_LOST, SETTLED)
    focus.feed(SCRIPTED_GAINED, SETTLED + 1)
    assert focus.is_away


def test_a_bots_seat_ignores_the_window_and_obeys_a_script() -> None:
    focus = Focus(obey_window=False, now_ns=0)
    focus.feed(LOST, SETTLED)
    focus.watch(False, SETTLED)
    focus.watch(False, SETTLED + WATCHDOG_NS)
    assert not focus.is_away
    focus.feed(SCRIPTED_LOST, SETTLED + WATCHDOG_NS)
    assert focus.is_away


def test_each_turn_is_told_once() -> None:
    focus = person()
    focus.feed(LOST, SETTLED)
    assert focus.take_edge() == LOST
    assert focus.take_edge() is None
    focus.feed(GAINED, SETTLED + 1)
    assert focus.take_edge() == GAINED
    assert focus.take_edge() is None


def test_an_absence_shorter_than_a_look_is_no_turn() -> None:
    focus = person()
    focus.feed(LOST, SETTLED)
    focus.feed(GAINED, SETTLED)
    assert focus.take_edge() is None
