"""Two windows on one desktop: what they show while a person plays, leaves one for the other, and comes back."""

import time
from itertools import pairwise

import pytest

from games.contract import Seat
from games.foraging import RIGHT
from netcode.vocabulary import CATCHING_UP
from tests.support.command_line import CommandLine
from tests.support.desktop import Desktop, wait_for
from tests.support.participants import Client, Screen, Table
from tests.support.recordings import absences, assert_away_as_told, inputs_of, is_troubled, presses, spans
from tests.support.sight import Shot, assert_shows, says

pytestmark = [pytest.mark.window, pytest.mark.processes]

HZ = 30
ARROW_RIGHT = 79
MISSED_SECONDS = 1.2
"""Long enough away for the fast-forward to be told in words."""


def fast_forward(place: Desktop, left: Screen, right: Screen, name: str) -> Shot:
    """Leave the left window for the right one and come back; a picture of what it then shows first.

    A busy machine may come too late to see it: then the person goes away again.
    """
    tries = iter(range(10))

    def seen() -> Shot | None:
        number = next(tries)
        place.focus(right.window)
        time.sleep(MISSED_SECONDS)
        place.focus(left.window)
        shots = [left.look(f"{name}-{number}-{shot}") for shot in range(4)]
        return next((shot for shot in shots if says(shot, "fast-forward")), None)

    return wait_for("a picture of the fast-forward", seen)


def assert_key_counts(screen: Screen, scancode: int, action: int) -> None:
    """A press is in the local record with its tick, and in the canonical one D frames later."""
    local, record = screen.local(), screen.canonical()
    pressed = presses(local, scancode)[0]
    first = next(frame for frame, each in enumerate(inputs_of(record, screen.seat)) if each.action == action)
    due = pressed + record.terms.terms.delay_frames
    assert first == due or (first > due and is_troubled(local, pressed))


def test_the_demos_windows_show_the_game_move_by_keys_lose_the_focus_and_pass_quickly_through_what_was_missed(
    place: Desktop, terminal: CommandLine
) -> None:
    folder = terminal.folder
    (folder / "share").mkdir()
    terminal.environment["DISPLAY"] = place.environment["DISPLAY"]
    where = ("--home", folder, "--share", folder / "share")
    demo = terminal.start("demo", "--json", "--episodes", 1, "--frames", 16 * HZ, "--seed", 5, *where)
    left, right = (Screen(place, folder, seat, folder / seat.word) for seat in Seat)
    wait_for("both windows", lambda: [screen.window for screen in (left, right)])
    wait_for("the round", lambda: left.is_recording() and right.is_recording(), 60)

    left.focus()
    with place.holding("Right"):
        time.sleep(0.7)
    shots = [(screen, screen.look("demo-moved")) for screen in (left, right)]
    fast_forward(place, left, right, "demo-fast-forward")
    right.focus()
    shots += [(screen, screen.look("demo-left-is-away")) for screen in (left, right)]
    left.focus()

    outcome = terminal.finish(demo)
    assert outcome.code == 0, outcome.text
    assert outcome.json["episodes"][0]["equal"]
    assert_key_counts(left, ARROW_RIGHT, RIGHT)
    sighted = {screen.seat: screen.sighted() for screen in (left, right)}
    for screen, shot in shots:
        assert_shows(shot, sighted[screen.seat].pictures(shot))
    for screen in (left, right):
        assert_away_as_told(screen.canonical(), screen.local())
    assert not right.local().of("focus"), "a bot's seat ignores what the window system says about focus"
    moved = sighted[Seat.LEFT].states
    assert moved[0][3][0] != moved[-1][3][0], "the left player walked"


def test_focus_moves_from_window_to_window_and_both_records_agree_on_who_was_away_in_which_frame(
    table: Table, place: Desktop
) -> None:
    pair = table.start_pair("--frames", 12 * HZ, "--final-seconds", 15, right=("--language", "de"))
    left, right = pair.left, pair.right
    pair.play()
    left.focus()
    left.reach(HZ // 2)
    shots: list[tuple[Client, Shot]] = [(client, client.look("left-plays")) for client in pair]
    with place.holding("Right"):
        time.sleep(0.5)
        right.focus()
        time.sleep(MISSED_SECONDS)
        shots += [(client, client.look("right-plays")) for client in pair]
        left.focus()
        time.sleep(1.0)
    with place.holding("Right"):
        time.sleep(0.5)
    shots.append((left, fast_forward(place, left, right, "fast-forward")))
    right.focus()
    left.hear("episode", reason="finished", agreement="mutual")
    left.hear("phase", phase="closed")
    end = left.look("ended-while-away")
    pair.dismiss(left, right)

    assert left.canonical_bytes() == right.canonical_bytes()
    sighted = {client.seat: client.sighted() for client in pair}
    for client, shot in shots:
        language = "en" if client is left else "de"
        assert_shows(shot, sighted[client.seat].pictures(shot), language)
    assert_shows(end, [sighted[Seat.LEFT].over()])
    for client in pair:
        assert_away_as_told(client.canonical(), client.local())
        assert_return_is_quick(client)
    assert_fresh_press_needed(left)


def assert_return_is_quick(client: Client) -> None:
    """After each absence the view is live again within a second of frames, and until then the inputs say so."""
    record, local = client.canonical(), client.local()
    catching_up = spans(inputs_of(record, client.seat), CATCHING_UP)
    assert all(len(span) <= HZ for span in catching_up)
    views = [str(entry["what"]) for entry in local.of("view")]
    told = absences(local, len(record.frames))
    returns = [absence for absence in told if absence and absence.stop < len(record.frames)]  # no tick: nothing missed
    assert len(catching_up) >= len(returns) > 0
    assert "live" in views
    gone_again = sum(pair == ("fast_forward", "park") for pair in pairwise(views))  # before it was live
    assert views.count("live") + gone_again >= len(returns)


def assert_fresh_press_needed(client: Client) -> None:
    """The key that was held through the first return did nothing until it was pressed again."""
    record, local = client.canonical(), client.local()
    inputs, delay = inputs_of(record, client.seat), record.terms.terms.delay_frames
    pressed = presses(local, ARROW_RIGHT)[0]
    first = next(absence for absence in absences(local, len(inputs)) if absence.start >= pressed)
    edges = [entry for entry in local.of("key") if entry["scancode"] == ARROW_RIGHT]
    released = next(int(edge["frame"]) for edge in edges if not edge["down"] and int(edge["frame"]) >= first.stop)
    held = inputs[first.stop + delay : released + delay]
    assert len(held) > HZ // 2, "the key was held on after the return"
    assert not any(each.action for each in held)
    fresh = [int(edge["frame"]) for edge in edges if edge["down"] and int(edge["frame"]) >= released]
    assert fresh, "the key was pressed again"
    assert any(each.action == RIGHT for each in inputs[fresh[0] + delay :])
