"""What a participant meets around the rounds, as pictures of real windows: they say what the records say.

Other states have their pictures where they are provoked: leaving and being left, faults, sizes, the background.
"""

import signal
import time
from dataclasses import replace

import pytest

from client.picture import Picture
from client.pictures import session_lines
from client.texts import Texts
from client.theme import Theme
from games import registry
from games.contract import Scene, Seat
from tests.support.command_line import CommandLine
from tests.support.desktop import Desktop, wait_for
from tests.support.participants import Client, Table
from tests.support.sight import Shot, assert_shows, differences

pytestmark = [pytest.mark.window, pytest.mark.processes]

HZ = 30
SEEN_SECONDS = 20
"""A last screen that stays long enough to be looked at."""
COUNTDOWN_SECONDS = 3
RESULT_SECONDS = 5
DRAWN_SECONDS = 0.4
"""A phase is told when it begins, and its first drawing comes after that: on a busy machine some ticks later."""
FIGURE_PIECES = 3
"""Pieces of the panel that the milliseconds since the partner was heard may touch."""
LARGE = Theme(text_scale=1.4)
STILL = Theme(reduced_motion=True)


def first_scene(client: Client) -> Scene:
    terms = client.canonical().terms
    game = registry.find(terms.terms.game)
    return game.scene(game.initial(terms.seed, dict(terms.terms.config)), client.seat)


def countdown(client: Client) -> list[Picture]:
    """The first countdown, at each moment of it."""
    over = client.sighted(rounds=2).over(phase="countdown", scene=first_scene(client))
    return [replace(over, seconds_to_go=step / 10) for step in range(1, COUNTDOWN_SECONDS * 10 + 1)]


def result(client: Client) -> list[Picture]:
    """The result of the first round, with each number of seconds until the next one."""
    over = client.sighted(rounds=2).over(phase="result")
    return [replace(over, seconds_to_go=float(seconds)) for seconds in range(1, RESULT_SECONDS + 1)]


def finish(client: Client) -> Picture:
    """The last screen after two rounds."""
    first, last = (client.sighted(episode, rounds=2).over().totals for episode in (0, 1))
    assert first is not None
    assert last is not None
    totals = (first[0] + last[0], first[1] + last[1], first[2] + last[2])
    return client.sighted(1, rounds=2).over(totals=totals)


def test_countdown_result_and_last_screen_say_it_in_german_in_large_letters_and_without_motion(table: Table) -> None:
    looks = {Seat.LEFT: ("de", LARGE), Seat.RIGHT: ("en", STILL)}
    pair = table.start_pair(
        *("--episodes", 2, "--frames", 2 * HZ, "--bot", "--final-seconds", SEEN_SECONDS),
        left=("--language", "de", "--text-size", LARGE.text_scale),
        right=("--reduced-motion",),
    )
    shots: list[tuple[Client, str, Shot]] = []
    for phase in ("countdown", "result", "closed"):
        for client in pair:
            client.hear("phase", phase=phase)
            time.sleep(DRAWN_SECONDS)
            shots.append((client, phase, client.look(phase)))
    pair.dismiss(pair.left, pair.right)

    assert pair.left.canonical_bytes() == pair.right.canonical_bytes()
    for client, phase, shot in shots:
        language, theme = looks[client.seat]
        pictures = {"countdown": countdown, "result": result, "closed": lambda each: [finish(each)]}[phase](client)
        assert_shows(shot, pictures, language, theme)


def test_details_tell_an_experimenter_what_waits_for_the_share(
    table: Table, place: Desktop, terminal: CommandLine
) -> None:
    """The first round's files wait while the second one is played."""
    missing = terminal.folder / "not-mounted"
    pair = table.start_pair(
        *("--episodes", 2, "--frames", 10 * HZ, "--share", missing, "--final-seconds", SEEN_SECONDS),
    )
    pair.left.hear("phase", phase="result")
    pair.left.focus()
    words = pair.left.hear("delivery")["words"]
    assert words[0].startswith("delivery: ")
    place.tap("F1")
    shot = wait_for("the details", lambda: details_shown(pair.left, tuple(words)))
    place.tap("F1")
    for client in pair:
        client.signal(signal.SIGTERM)
    assert [client.process.wait(60) for client in pair] == [0, 0], pair.left.errors
    assert shot.path.exists()


def details_shown(client: Client, words: tuple[str, ...]) -> Shot | None:
    """A picture with these lines at the end of the details, if the window shows them now."""
    shot = client.look("details")
    terms = client.canonical().terms
    rules, texts = terms.terms, Texts()
    for phase in ("result", "waiting", "countdown", "playing"):
        lines = (
            *session_lines(texts, rules, client.seat, terms.run),
            texts("details.phase", phase=texts(f"phase.{phase}"), ms=12),
            texts("details.connection", event=texts("link.connected")),
            *words,
        )
        over = client.sighted(rounds=2).over(phase="result", seconds_to_go=4.0, details=lines)
        differing = [piece for piece in differences(shot, over) if piece.startswith("panel")]
        if len(differing) <= FIGURE_PIECES:
            return shot
    return None
