"""The demo as a stranger runs it: what it plays, records, delivers, says and leaves behind."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from data.episode_format import read_episode
from tests.support.command_line import CommandLine

pytestmark = pytest.mark.processes

SEATS = ("left", "right")
SECOND_AT_60_HZ = 60


def _episode_is_whole(episode: dict[str, Any], frames: int | None = None) -> bool:
    seats = [episode[seat] for seat in SEATS]
    is_whole = all((seat["end"], seat["agreement"], seat["received"]) == ("finished", "mutual", True) for seat in seats)
    hashes = {seat["sha256"] for seat in seats}
    return is_whole and episode["equal"] and len(hashes) == 1 and frames in (None, episode["frames"])


def _away_rows(file: str) -> dict[str, int]:
    """Counted in the file itself."""
    frames = read_episode(Path(file).read_bytes()).frames
    return {seat: sum(row.inputs[number].flags & 1 for row in frames) for number, seat in enumerate(SEATS)}


def test_a_bad_link_a_lost_focus_and_a_stopped_process_leave_equal_records(
    terminal: CommandLine, tmp_path: Path
) -> None:
    trouble = ("--lag-ms", 40, "--jitter-ms", 30, "--loss", 0.1, "--away", "left:100-220", "--freeze", "right:150:1.5")
    outcome = terminal.demo("--episodes", 2, "--frames", 300, "--hz", 60, *trouble)
    assert outcome.code == 0, outcome.text
    assert len(outcome.json["episodes"]) == 2
    for index, episode in enumerate(outcome.json["episodes"]):
        left, right = episode["left"], episode["right"]
        assert episode["index"] == index
        assert _episode_is_whole(episode, frames=300), outcome.text
        assert min(left["rollbacks"], right["rollbacks"]) > 0
        assert min(left["wrong_guesses"], right["wrong_guesses"]) > 0
        assert left["away_frames"] == right["away_frames"] == _away_rows(left["file"])
        # A busy machine may stop the left process too for a moment: what it owes then is away as well.
        assert 120 - 6 <= left["away_frames"]["left"] <= 120 + 6 + left["owed_ticks"]
        assert 1 <= right["away_frames"]["right"] <= right["owed_ticks"]
        assert left["holds"] > 0, "the right process stood still for longer than the prediction window"
        assert left["fast_forwarded_frames"] > 0
        for seat in (left, right):
            assert 0 < seat["late_p50_us"] <= seat["late_p99_us"]
            assert seat["drawings"] > 0
        assert right["dropped_drawings"] >= 60, "while it stood still, it drew nothing"
    share = Path(outcome.json["share"])
    assert tmp_path in share.parents
    assert terminal.run("verify", share).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--frames", 1),
        ("--frames", 15, "--hz", 10, "--game", "crossing", "--language", "de", "--bots", "none"),
        ("--frames", 240, "--hz", 240, "--seed", 7),
    ],
    ids=["one frame", "10 Hz", "240 Hz"],
)
def test_every_length_rate_and_game_ends_whole(terminal: CommandLine, arguments: tuple[object, ...]) -> None:
    outcome = terminal.demo("--episodes", 1, *arguments)
    assert outcome.code == 0, outcome.text
    assert all(_episode_is_whole(episode) for episode in outcome.json["episodes"])


def test_demos_side_by_side_and_one_after_the_other_share_a_home_and_a_share(
    terminal: CommandLine, tmp_path: Path
) -> None:
    places = ("--home", tmp_path / "home", "--share", tmp_path / "share")
    (tmp_path / "share").mkdir()
    arguments = ("demo", "--headless", "--json", "--episodes", 1, "--frames", 40, *places)
    together = [terminal.start(*arguments), terminal.start(*arguments)]
    outcomes = [*(terminal.finish(process) for process in together), terminal.run(*arguments)]
    assert [outcome.code for outcome in outcomes] == [0, 0, 0], [outcome.text for outcome in outcomes]
    assert len({outcome.json["run"] for outcome in outcomes}) == 3
    report = terminal.run("verify", tmp_path / "share", "--json").json
    assert [episode["answer"] for episode in report["episodes"]] == ["good"] * 3
    assert [episode["pairing"] for episode in report["episodes"]] == ["equal"] * 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_demo_that_is_asked_to_leave_aborts_on_both_seats_and_leaves_nothing_behind(
    terminal: CommandLine, tmp_path: Path, number: signal.Signals
) -> None:
    home = tmp_path / "home"
    freeze = ("--freeze", "right:70:500") if number is signal.SIGINT else ()
    process = terminal.start("demo", "--headless", "--json", "--frames", 9000, "--home", home, *freeze)
    terminal.wait_while(process, lambda: _has_blocks(home / "left"), "a recording that grows")
    process.send_signal(number)
    outcome = terminal.finish(process)
    assert outcome.code == 1, outcome.text
    assert not outcome.has_traceback, outcome.text
    assert "1 of 2 episodes were played" in outcome.errors
    (episode,) = outcome.json["episodes"]
    assert {episode[seat]["end"] for seat in SEATS} <= {"aborted", "cut"}
    assert all(episode[seat]["received"] for seat in SEATS)
    assert terminal.run("verify", outcome.json["share"]).code == 0


def _has_blocks(station: Path) -> bool:
    return any(path.stat().st_size > 3000 for path in station.glob("recording/*/*.dyad.part"))


def test_the_terminal_tells_a_person_what_was_played_and_where_it_lies(terminal: CommandLine, tmp_path: Path) -> None:
    outcome = terminal.run("demo", "--headless", "--episodes", 1, "--frames", 30, "--home", tmp_path / "home")
    assert outcome.code == 0
    for words in ("foraging: 1 episode of 30 frames", "left: episode 1 finished after 30 frames", "same on both seats"):
        assert words in outcome.output
    assert str(tmp_path / "home") in outcome.output
    assert outcome.errors == ""


def test_without_a_display_a_windowed_demo_says_so(terminal: CommandLine, tmp_path: Path) -> None:
    outcome = terminal.run("demo", "--frames", 30, "--home", tmp_path / "home")
    assert outcome.code == 2
    assert "there is no display" in outcome.errors
    assert not outcome.has_traceback, outcome.text


def test_a_client_that_dies_before_the_game_begins_ends_the_demo_at_once(terminal: CommandLine, tmp_path: Path) -> None:
    process = terminal.start("demo", "--headless", "--json", "--home", tmp_path / "home")
    os.kill(terminal.find("play", "right"), signal.SIGKILL)
    outcome = terminal.finish(process)
    assert outcome.code == 1, outcome.text
    assert "0 of 2 episodes were played" in outcome.errors
    assert "the right client was ended by SIGKILL" in outcome.errors
    assert outcome.json["episodes"] == []
