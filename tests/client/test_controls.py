"""Taps shorter than a tick, two keys at once, and keys that are held while the focus moves."""

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client import controls as controls_module
from client.controls import PENDING_PRESSES, RETURN_GRACE_NS, USUAL_CAPS, Controls, bindings_for, key_caps
from client.events import PAD_ACT, FocusEdge, KeyEdge

ACTIONS = ("stay", "up", "right", "down", "left", "drop")
STAY, UP, RIGHT, DOWN, LEFT, DROP = range(6)
ARROW_UP, ARROW_RIGHT, ARROW_DOWN, ARROW_LEFT, SPACE, KEY_W, KEY_D, KEY_P = 82, 79, 81, 80, 44, 26, 7, 19
DIRECTION_KEYS = {ARROW_UP: UP, ARROW_RIGHT: RIGHT, ARROW_DOWN: DOWN, ARROW_LEFT: LEFT, KEY_W: UP, KEY_D: RIGHT}


def hands() -> Controls:
    return Controls(bindings_for(ACTIONS))


def press(controls: Controls, *scancodes: int, now_ns: int = 0) -> None:
    for scancode in scancodes:
        controls.feed(KeyEdge(scancode, True), now_ns)


def release(controls: Controls, *scancodes: int, now_ns: int = 0) -> None:
    for scancode in scancodes:
        controls.feed(KeyEdge(scancode, False), now_ns)


def tap(controls: Controls, scancode: int, now_ns: int = 0) -> None:
    press(controls, scancode, now_ns=now_ns)
    release(controls, scancode, now_ns=now_ns)


def test_no_key_is_no_action() -> None:
    assert hands().sample() == STAY


@pytest.mark.parametrize(("scancode", "action"), [*DIRECTION_KEYS.items(), (SPACE, DROP)])
def test_arrows_letters_and_space_ask_for_their_actions_by_name(scancode: int, action: int) -> None:
    controls = hands()
    press(controls, scancode)
    assert controls.sample() == action


def test_another_games_actions_are_bound_by_their_names_and_not_by_their_order() -> None:
    controls = Controls(bindings_for(("wait", "interact", "left", "right")))
    press(controls, ARROW_RIGHT)
    assert controls.sample() == 3
    press(controls, SPACE, ARROW_UP)
    assert [controls.sample(), controls.sample()] == [1, 3]


def test_a_tap_shorter_than_a_tick_counts_once() -> None:
    controls = hands()
    tap(controls, ARROW_UP)
    assert [controls.sample() for _ in range(3)] == [UP, STAY, STAY]


def test_a_held_direction_goes_on_and_a_held_drop_does_not() -> None:
    controls = hands()
    press(controls, ARROW_LEFT)
    assert [controls.sample() for _ in range(3)] == [LEFT, LEFT, LEFT]
    press(controls, SPACE)
    assert [controls.sample() for _ in range(3)] == [DROP, LEFT, LEFT]


def test_of_two_held_directions_the_newer_one_wins_and_the_older_one_takes_over_again() -> None:
    controls = hands()
    press(controls, ARROW_UP)
    controls.sample()
    press(controls, ARROW_RIGHT)
    assert [controls.sample(), controls.sample()] == [RIGHT, RIGHT]
    release(controls, ARROW_RIGHT)
    assert controls.sample() == UP


def test_two_taps_within_a_tick_come_one_after_the_other_and_a_third_is_dropped() -> None:
    controls = hands()
    for scancode in (ARROW_UP, ARROW_RIGHT, ARROW_DOWN):
        tap(controls, scancode)
    assert [controls.sample() for _ in range(4)] == [UP, RIGHT, STAY, STAY]


def test_a_tap_between_two_ticks_of_a_held_key_is_not_lost() -> None:
    controls = hands()
    press(controls, ARROW_UP)
    controls.sample()
    tap(controls, ARROW_RIGHT)
    assert [controls.sample(), controls.sample()] == [RIGHT, UP]


def test_keys_that_mean_nothing_do_nothing() -> None:
    controls = hands()
    press(controls, KEY_P)
    assert controls.sample() == STAY


def test_losing_the_focus_lets_go_of_everything() -> None:
    controls = hands()
    press(controls, ARROW_UP, SPACE)
    controls.feed(FocusEdge(False), 0)
    assert [controls.sample() for _ in range(3)] == [STAY, STAY, STAY]


def test_keys_pressed_without_the_focus_do_nothing() -> None:
    controls = hands()
    controls.feed(FocusEdge(False), 0)
    press(controls, ARROW_UP)
    assert controls.sample() == STAY
    controls.feed(FocusEdge(True), 10)
    assert controls.sample() == STAY


def test_a_key_held_while_the_focus_returns_counts_only_after_a_fresh_press() -> None:
    controls = hands()
    controls.feed(FocusEdge(False), 0)
    controls.feed(FocusEdge(True), 1000)
    press(controls, ARROW_UP, now_ns=1000 + RETURN_GRACE_NS - 1)
    assert controls.sample() == STAY
    release(controls, ARROW_UP, now_ns=2000 + RETURN_GRACE_NS)
    press(controls, ARROW_UP, now_ns=3000 + RETURN_GRACE_NS)
    assert controls.sample() == UP


def test_a_press_after_the_grace_counts() -> None:
    controls = hands()
    controls.feed(FocusEdge(True), 1000)
    press(controls, ARROW_UP, now_ns=1000 + RETURN_GRACE_NS)
    assert controls.sample() == UP


def test_a_key_held_through_a_scripted_absence_counts_only_after_a_fresh_press() -> None:
    controls = hands()
    press(controls, ARROW_UP)
    controls.feed(FocusEdge(False, scripted=True), 0)
    controls.feed(FocusEdge(True, scripted=True), 10)
    press(controls, ARROW_UP, now_ns=10**9)  # an edge for a key that never came up
    assert controls.sample() == STAY
    release(controls, ARROW_UP, now_ns=10**9)
    press(controls, ARROW_UP, now_ns=10**9)
    assert controls.sample() == UP


def test_a_key_whose_release_was_lost_does_not_stick() -> None:
    controls = hands()
    press(controls, ARROW_UP, ARROW_RIGHT)
    controls.sample()
    controls.sample()
    assert set(controls.held) == {ARROW_UP, ARROW_RIGHT}
    controls.release_all_but(frozenset({ARROW_UP}))
    assert controls.sample() == UP
    controls.release_all_but(frozenset())
    assert controls.sample() == STAY


EDGES = st.lists(st.tuples(st.sampled_from([*DIRECTION_KEYS, SPACE]), st.booleans()), max_size=8)


@given(st.lists(EDGES, max_size=30))
def test_every_tick_obeys_the_stated_rule(ticks: list[list[tuple[int, bool]]]) -> None:
    """Against the rule written down naively: all presses in a queue of two, all held directions in order."""
    controls, down, presses, held = hands(), set(), [], []
    for edges in ticks:
        for scancode, is_down in edges:
            controls.feed(KeyEdge(scancode, is_down), 0)
            action = DIRECTION_KEYS.get(scancode, DROP)
            is_press = is_down and (scancode not in down or scancode == SPACE)
            if is_press and len(presses) < PENDING_PRESSES:
                presses.append(action)
            down = down | {scancode} if is_down else down - {scancode}
            held = [key for key in held if key in down]
            held += [key for key in down if key not in held and key != SPACE]
        expected = presses.pop(0) if presses else (DIRECTION_KEYS[held[-1]] if held else STAY)
        assert controls.sample() == expected


@given(st.lists(EDGES, max_size=20))
def test_once_all_keys_are_up_the_hands_come_to_rest(ticks: list[list[tuple[int, bool]]]) -> None:
    controls = hands()
    for edges in ticks:
        for scancode, is_down in edges:
            controls.feed(KeyEdge(scancode, is_down), 0)
        controls.sample()
    release(controls, *DIRECTION_KEYS, SPACE)
    rest = [controls.sample() for _ in range(PENDING_PRESSES + 3)]
    assert rest[PENDING_PRESSES:] == [STAY] * 3


@given(EDGES, EDGES)
def test_nothing_from_before_an_absence_acts_after_it(
    before: list[tuple[int, bool]], while_away: list[tuple[int, bool]]
) -> None:
    controls = hands()
    for scancode, is_down in before:
        controls.feed(KeyEdge(scancode, is_down), 0)
    controls.feed(FocusEdge(False), 0)
    for scancode, is_down in while_away:
        controls.feed(KeyEdge(scancode, is_down), 0)
    controls.feed(FocusEdge(True), 10)
    assert [action for action, _ in groupby(controls.sample() for _ in range(5))] == [STAY]


def test_the_check_of_the_grace_catches_hands_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls_module, "RETURN_GRACE_NS", 0)
    with pytest.raises(AssertionError):
        test_a_key_held_while_the_focus_returns_counts_only_after_a_fresh_press()


def test_a_direction_that_is_held_when_a_round_begins_counts_and_what_was_tapped_before_does_not() -> None:
    controls = hands()
    tap(controls, SPACE)
    press(controls, ARROW_UP)
    controls.begin()
    assert [controls.sample() for _ in range(2)] == [UP, UP]


def test_chosen_keys_replace_the_usual_ones_and_take_them_from_other_actions() -> None:
    bindings = bindings_for(ACTIONS, [("drop", (KEY_W, 40))])
    up, drop = ACTIONS.index("up"), ACTIONS.index("drop")
    assert {scancode: bindings.actions.get(scancode) for scancode in (82, 26, 40, 44)} == {
        82: up,
        26: drop,
        40: drop,
        44: None,
    }
    assert bindings.actions[PAD_ACT] == drop, "a gamepad goes on working"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ([("jump", (26,))], "got 'jump'"),
        ([("stay", (26,))], "got 'stay'"),
        ([("up", (26,)), ("left", (26,))], "got w for up and left"),
        ([("up", (44,))], "drop: its usual keys are taken"),
    ],
)
def test_keys_that_leave_an_action_without_or_ask_for_two_are_refused(
    keys: list[tuple[str, tuple[int, ...]]], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        bindings_for(ACTIONS, keys)


def test_the_keys_to_show_are_the_first_of_each_action() -> None:
    assert key_caps(ACTIONS, bindings_for(ACTIONS)) == USUAL_CAPS
    chosen = bindings_for(ACTIONS, [("left", (4, 80)), ("drop", (40,))])
    assert key_caps(ACTIONS, chosen) == (82, 79, 81, 4, 40)
    assert key_caps(ACTIONS[:5], bindings_for(ACTIONS[:5])).act is None


def test_a_key_that_waits_to_come_up_is_believed_down_until_it_does() -> None:
    controls = hands()
    press(controls, ARROW_UP)
    controls.clear()
    assert controls.believed_down == (ARROW_UP,)
    controls.release_all_but(frozenset({ARROW_UP}))
    press(controls, ARROW_UP)
    assert controls.sample() == STAY, "it is still the old press"
    controls.release_all_but(frozenset())
    press(controls, ARROW_UP)
    assert controls.sample() == UP
