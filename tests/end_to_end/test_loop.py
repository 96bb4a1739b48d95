"""The loop that plays touches no disk and no share: whatever could wait for one is another thread's or process's."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from client.keys import make_keys
from games.contract import Seat
from tests.support.command_line import LAUNCHER, PATIENCE_SECONDS, CommandLine, wait_until

pytestmark = pytest.mark.processes

EPISODES = 2
FRAMES = 60


def _start(terminal: CommandLine, seat: Seat, *arguments: object) -> "subprocess.Popen[bytes]":
    """A client of which every call to a disk on its loop's thread is noted."""
    folder = terminal.folder
    values: dict[str, object] = {
        "--seat": seat.word,
        "--home": folder / seat.word,
        "--share": folder / "share",
        "--keys": folder / "keys",
        "--participant": f"P{seat}",
        "--dyad": 1,
        "--session": 1,
        "--episodes": EPISODES,
        "--frames": FRAMES,
        "--hz": 60,
        "--rejoin-seconds": 0,
        "--final-seconds": 0,
    }
    words = [word for pair in values.items() for word in pair]
    guard = [sys.executable, "-m", "tests.support.loop_guard", folder / f"{seat.word}.notes"]
    command = [*guard, "play", *words, *arguments, "--bot", "--headless", "--reports", "--no-settings"]
    with (folder / f"{seat.word}.told").open("w") as told:
        return subprocess.Popen(list(map(str, command)), cwd=LAUNCHER.parent, env=terminal.environment, stdout=told)


def _address(told: Path) -> str | None:
    lines = told.read_text().rpartition("\n")[0].splitlines()
    return next((each["address"] for each in map(json.loads, lines) if each["event"] == "listening"), None)


def _played(terminal: CommandLine, *left_arguments: object) -> dict[Seat, dict[str, Any]]:
    """Two clients play to the end; what was noted of each."""
    (terminal.folder / "share").mkdir()
    make_keys(terminal.folder / "keys")
    left = _start(terminal, Seat.LEFT, "--listen", "tcp://127.0.0.1:*", *left_arguments)
    told = terminal.folder / "left.told"
    wait_until(lambda: _address(told) is not None or left.poll() is not None, "left to listen")
    right = _start(terminal, Seat.RIGHT, "--partner", _address(told))
    assert [left.wait(PATIENCE_SECONDS), right.wait(PATIENCE_SECONDS)] == [0, 0]
    notes = {seat: json.loads((terminal.folder / f"{seat.word}.notes").read_text()) for seat in Seat}
    assert all(noted["turns"] > EPISODES * FRAMES for noted in notes.values()), "the guard was there while they played"
    return notes


def test_no_call_to_a_disk_or_a_share_is_made_on_the_loops_own_thread(terminal: CommandLine) -> None:
    assert {seat: noted["calls"] for seat, noted in _played(terminal).items()} == {Seat.LEFT: [], Seat.RIGHT: []}


def test_a_single_look_at_a_file_on_the_loops_thread_would_show(terminal: CommandLine) -> None:
    notes = _played(terminal, "--plant")
    assert [call.partition("(")[0] for call in notes[Seat.LEFT]["calls"]] == ["os.stat"]
    assert notes[Seat.RIGHT]["calls"] == []
