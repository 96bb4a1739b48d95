"""A disk that takes no more in the middle of a session: nothing is lost while a window is there to say so."""

import resource
from pathlib import Path

import pytest

from games.contract import Seat
from tests.support.command_line import CommandLine
from tests.support.pair import Pair, Player

pytestmark = pytest.mark.processes

NO_DISPLAY = ("env", "SDL_VIDEODRIVER=dummy", "SDL_AUDIODRIVER=dummy")
"""A window that draws and that nobody sees: to the program it is one."""
FULL_BYTES = 12_000
"""No file of the program grows further: less than an episode's notes, more than what it says in a test."""


def fill_up(player: Player) -> None:
    resource.prlimit(player.process.pid, resource.RLIMIT_FSIZE, (FULL_BYTES, resource.RLIM_INFINITY))


def make_room(player: Player) -> None:
    resource.prlimit(player.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_a_window_stays_until_its_episode_is_on_a_disk_or_somebody_insists(
    terminal: CommandLine, tmp_path: Path
) -> None:
    share = tmp_path / "share"
    share.mkdir()
    pair = Pair(terminal, frames=200)
    left, address = pair.start_left("--share", share, before=NO_DISPLAY, headless=False)
    right = pair.start(Seat.RIGHT, address, "--share", share, before=NO_DISPLAY, headless=False)
    right.await_word("phase", phase="countdown")
    for player in (left, right):
        fill_up(player)
    alarms = [player.await_word("waits_for_disk")["alarms"][0] for player in (left, right)]
    assert all("Do not close this program. Make room on the disk" in alarm for alarm in alarms), alarms

    right.process.terminate()
    assert right.process.wait(60) == 1, "an episode that is stored nowhere is no success"
    (told,) = right.said("closed")
    assert "was not stored before this program ended" in told["alarms"][0]

    make_room(left)
    assert left.process.wait(60) == 0
    (told,) = left.said("closed")
    assert told["recorded"]
    assert len(left.rows()) == 200

    assert terminal.run("sync", "--home", tmp_path).code == 0
    report = terminal.run("verify", share, "--json").json
    (episode,) = report["episodes"]
    assert (episode["answer"], episode["rows"]) == ("good, partial", 200)
    assert sorted(file["end"] for file in episode["files"]) == ["finished", "recovered"]
