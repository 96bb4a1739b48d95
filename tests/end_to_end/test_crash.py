"""A client that is killed in the middle: what the partner does, what is left, and how all of it is delivered."""

import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from data.episode_format import read_episode
from tests.support.command_line import CommandLine

pytestmark = pytest.mark.processes


def _rows(home: Path) -> tuple[bytes, ...]:
    (file,) = home.glob("episodes/**/*.dyad")
    return read_episode(file.read_bytes()).rows


def _is_prefix(shorter: tuple[bytes, ...], longer: tuple[bytes, ...]) -> bool:
    return longer[: len(shorter)] == shorter


def _blocks(home: Path) -> int:
    return sum(path.stat().st_size for path in home.glob("recording/*/*.dyad.part"))


def _free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return int(any_port.getsockname()[1])


def _play(terminal: CommandLine, seat: str, port: int, *more: object) -> Any:  # noqa: ANN401 - a generic Popen
    """One seat as on its own machine."""
    address = ("--listen" if seat == "left" else "--partner", f"tcp://127.0.0.1:{port}")
    who = ("--keys", terminal.folder / "keys", "--dyad", 12, "--session", "a-1", "--participant", f"P-{seat}")
    where = ("--home", terminal.folder / seat, "--share", terminal.folder / "share")
    return terminal.start(
        "play", "--seat", seat, *address, *who, *where, "--headless", "--bot", "--final-seconds", 0, "--reports", *more
    )


def _keys(terminal: CommandLine) -> None:
    made = terminal.run("keys", terminal.folder / "keys")
    assert made.code == 0, made.text


def _told(output: str, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in output.splitlines()]
    return [line for line in lines if line["event"] == event]


def test_a_pair_plays_on_two_machines_with_keys_and_its_own_couriers(terminal: CommandLine, tmp_path: Path) -> None:
    _keys(terminal)
    (tmp_path / "share").mkdir()
    port = _free_port()
    length = ("--episodes", 1, "--frames", 40)
    right = _play(terminal, "right", port, *length)  # who comes first waits for the other
    left = _play(terminal, "left", port, *length)
    outcomes = [terminal.finish(left), terminal.finish(right)]
    assert [outcome.code for outcome in outcomes] == [0, 0], outcomes
    assert _rows(tmp_path / "left") == _rows(tmp_path / "right")
    report = terminal.run("verify", tmp_path / "share", "--json").json
    (episode,) = report["episodes"]
    assert (episode["answer"], episode["pairing"], episode["dyad"]) == ("good", "equal", "12")


def test_after_a_kill_the_survivor_ends_by_itself_and_sync_delivers_what_exists(
    terminal: CommandLine, tmp_path: Path
) -> None:
    _keys(terminal)
    port = _free_port()
    length = ("--frames", 9000, "--hz", 60, "--lost-seconds", 4, "--rejoin-seconds", 0, "--no-courier")
    left, right = (_play(terminal, seat, port, *length) for seat in ("left", "right"))
    terminal.wait_while(right, lambda: _blocks(tmp_path / "right") > 4000, "a recording that grows")
    right.kill()
    terminal.finish(right)
    survivor = terminal.finish(left)
    assert survivor.code == 0, survivor.text
    notices = [told["notice"] for told in _told(survivor.output, "frame")]
    assert "partner not reachable" in notices, "the window says what it waits for"
    (ended,) = _told(survivor.output, "episode")
    assert (ended["reason"], ended["agreement"]) == ("cut", "partner_lost")

    missing = terminal.run("sync", "--home", tmp_path)
    assert missing.code == 1
    assert "is it mounted?" in missing.output
    (tmp_path / "share").mkdir()
    synced = terminal.run("sync", "--home", tmp_path)
    assert synced.code == 0, synced.text
    shorter, longer = sorted((_rows(tmp_path / "left"), _rows(tmp_path / "right")), key=len)
    assert len(shorter) >= 30
    assert _is_prefix(shorter, longer)
    report = terminal.run("verify", tmp_path / "share", "--json").json
    (episode,) = report["episodes"]
    assert (report["exit_code"], episode["answer"], episode["pairing"]) == (0, "good, partial", "prefix")
    assert {file["end"] for file in episode["files"]} == {"cut", "recovered"}
    assert "nothing waits" in terminal.run("sync", "--home", tmp_path).output


def test_a_demo_that_loses_a_client_says_so_and_delivers_the_rest(terminal: CommandLine, tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = terminal.start("demo", "--headless", "--json", "--frames", 9000, "--hz", 60, "--home", home)
    terminal.wait_while(process, lambda: _blocks(home / "left") > 4000, "a recording that grows")
    beside = terminal.run("sync", "--home", home)
    assert "in use, not touched" in beside.output
    assert _blocks(home / "left") > 0, "a sync beside a running demo touches no living file"
    os.kill(terminal.find("play", "left"), signal.SIGKILL)
    outcome = terminal.finish(process)
    assert outcome.code == 1
    assert not outcome.has_traceback, outcome.text
    assert "the left client was ended by SIGKILL" in outcome.errors
    (episode,) = outcome.json["episodes"]
    assert (episode["left"]["end"], episode["right"]["end"]) == ("recovered", "cut")
    assert episode["left"]["received"]
    assert episode["right"]["received"]
    shorter, longer = sorted((_rows(home / "left"), _rows(home / "right")), key=len)
    assert _is_prefix(shorter, longer)
    verified = terminal.run("verify", outcome.json["share"])
    assert verified.code == 0
    assert "good, partial" in verified.output
