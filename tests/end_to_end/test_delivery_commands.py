"""What an RA and an experimenter do about a delivery, as they type it: status, outbox, a USB stick, a tidy station."""

import shutil
import subprocess
from pathlib import Path

import pytest

from data.delivery import deliver
from data.outbox import Outbox
from data.receipts import Receipts
from data.recovery import recover
from tests.support.command_line import CommandLine
from tests.support.stations import files_under

pytestmark = pytest.mark.processes

SEATS = ("left", "right")


def test_everything_of_a_demo_is_there_and_needs_no_tool_of_ours_to_be_checked(
    terminal: CommandLine, share: Path
) -> None:
    whole = terminal.run("status", share, "--json")
    assert whole.code == 0, whole.text
    (session,) = whole.json["sessions"]
    assert (session["planned"], session["expected"], session["received"], session["paired"]) == (2, 2, 2, 2)
    (folder,) = share.glob("*/*/ses-*")
    sums = sorted(path.name for path in folder.glob("SHA256SUMS_*"))
    assert len(sums) == 2
    subprocess.run(["sha256sum", "--quiet", "--strict", "-c", *sums], cwd=folder, check=True)
    next(folder.rglob("*_right_local_*")).unlink()
    assert subprocess.run(["sha256sum", "--status", "-c", *sums], cwd=folder, check=False).returncode == 1
    lacking = terminal.run("status", share)
    assert lacking.code == 1
    assert "but right has it" in lacking.output
    assert terminal.run("verify", share).code == 1


def test_what_waits_goes_by_stick_to_a_collector_and_its_receipts_end_the_wait(
    terminal: CommandLine, recorded: Path, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(recorded / "home", tmp_path / "home"))
    for seat in SEATS:  # as if nothing had ever been delivered
        for receipt in list(Receipts(home / seat).all()):
            Receipts(home / seat).withdraw(receipt)
    assert terminal.run("sync", "--home", home / "nowhere").code == 2
    for seat in SEATS:
        recovered = deliver_nowhere(terminal, home / seat, tmp_path)
        stick = tmp_path / f"{seat}.tar"
        packed = terminal.run("outbox", "export", stick, "--home", home / seat)
        assert packed.code == 0, packed.text
        assert f"{recovered} files in" in packed.output
        assert terminal.run("outbox", "export", stick, "--home", home / seat).code == 2, "never overwritten"
    imported = terminal.run(
        "collect",
        "--dir",
        tmp_path / "collected",
        "--import",
        tmp_path / "left.tar",
        "--import",
        tmp_path / "right.tar",
    )
    assert imported.code == 0, imported.text
    for seat in SEATS:
        receipts = tmp_path / f"{seat}.tar.receipts.json"
        assert terminal.run("outbox", "--home", home / seat, "receipts", receipts).code == 0
        assert not Outbox(home / seat).waiting()
    told = terminal.run("outbox", "--home", home, "--json")
    assert told.code == 0, told.text
    assert [set(one["counts"]) for one in told.json["homes"]] == [{"COLLECTED"}, {"COLLECTED"}]
    assert terminal.run("status", tmp_path / "collected").code == 0
    assert terminal.run("verify", tmp_path / "collected").code == 0


def deliver_nowhere(terminal: CommandLine, home: Path, tmp_path: Path) -> int:
    """A recovery queues what has no receipt; the share is away. Returns how many files wait."""
    recover(home)
    report = deliver(home, str(tmp_path / "away"), now=0.0)
    assert {item.reason for item in report.waiting} != {""}
    return len(report.waiting)


def test_a_station_is_pruned_only_when_asked_and_everything_comes_back(terminal: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    played = terminal.demo("--episodes", 2, "--frames", 5, "--home", tmp_path / "home", "--share", tmp_path / "share")
    assert played.code == 0, played.text
    home = tmp_path / "home" / "left"
    before = files_under(home / "episodes")
    assert "verified again: 8 files" in terminal.run("sync", "--home", home).output
    shown = terminal.run("outbox", "prune", "--older-than", 0, "--home", home)
    assert shown.code == 0, shown.text
    assert shown.output.count("would go to the trash") == 4
    assert files_under(home / "episodes") == before
    assert terminal.run("outbox", "prune", "--older-than", 0, "--yes", "--home", home).code == 0
    assert len(before) - len(files_under(home / "episodes")) == 4
    assert terminal.run("outbox", "check", "--home", home).code == 0
    assert terminal.run("outbox", "undo", "canonical", "local", "--home", home).code == 0
    assert files_under(home / "episodes") == before
