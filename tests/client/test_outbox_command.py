"""`dyadgrid outbox`: every file with its state in words, and a person's wishes obeyed under the courier's lock."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from client.commands import errand, processes
from client.commands.outbox import (
    check_receipts,
    courier_lock,
    export_archive,
    hold_items,
    release_items,
    retry_items,
    show_outbox,
    take_receipts_file,
)
from client.commands.sync import run_sync
from data.delivery import deliver
from data.files import try_lock
from data.outbox import Outbox, State
from data.shares.folder_share import MARK_NAME, FolderShare
from data.station import Station
from games.contract import Seat
from tests.data.test_archive import vouchers
from tests.support.disks import QuickDisk
from tests.support.stations import record_session

NOW = 1_800_000_000.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two stations whose share is not there."""
    for seat in Seat:
        record_session(tmp_path / "home" / seat.word, str(tmp_path / "share"), seat)
    return tmp_path / "home"


def _shown(home: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = show_outbox(home, every=False, as_json=False, now=lambda: NOW)
    return code, capsys.readouterr().out


def test_what_waits_is_shown_with_its_reason(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deliver(home / "left", now=NOW - 0.5)
    code, text = _shown(home, capsys)
    assert code == 1
    assert text.count("BLOCKED") == 4
    assert "it is not there: is it mounted?" in text
    assert "3 QUEUED" in text


def test_what_was_received_is_counted_and_listed_on_request(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    FolderShare.create(tmp_path / "share", QuickDisk())
    for seat in Seat:
        deliver(home / seat.word, now=NOW)
    assert _shown(home, capsys) == (0, f"{home / 'left'}\n  3 VERIFIED\n{home / 'right'}\n  3 VERIFIED\n")
    assert show_outbox(home, every=True, as_json=False) == 0
    assert capsys.readouterr().out.count("VERIFIED") == 8


def test_a_row_names_dyad_session_run_and_file_and_fits_a_terminal(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (Station(home / "left").recording / "pilot_dyad-012_ses-01_run-00c0ffee00c0ffee_ep-002_left_try-1").mkdir()
    deliver(home / "left", now=NOW - 0.5)
    text = _shown(home / "left", capsys)[1]
    rows = [line.split() for line in text.splitlines() if line.startswith("012")]
    assert [row[:6] for row in rows] == [
        ["012", "01", "00c0ff", "ep-002", "left", "try-1"],
        ["012", "01", "00c0ff", "ep-001", "canonical", "BLOCKED"],
        ["012", "01", "00c0ff", "ep-001", "left", "claim"],
        ["012", "01", "00c0ff", "ep-001", "left", "local"],
    ]
    assert [row[-1] for row in rows[1:]] == ["1"] * 3
    assert text.count("is it mounted?") == 1
    assert max(len(line.rstrip()) for line in text.splitlines() if "share" not in line and str(home) not in line) <= 80


def test_a_courier_that_seems_to_hang_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = try_lock(Station(home / "left").courier_lock)
    assert lock is not None
    show_outbox(home, every=False, as_json=False, now=lambda: NOW + 10**9)
    text = capsys.readouterr().out
    assert text.count("its share does not answer") == 1
    assert text.index("its share does not answer") < text.index(str(home / "right"))
    lock.release()


def test_json_names_every_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_outbox(home, every=False, as_json=True) == 1
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [one["counts"] for one in told["homes"]] == [{"QUEUED": 3}, {"QUEUED": 3}]
    (item, *_) = told["homes"][0]["items"]
    assert (item["state"], item["attempts"], item["reason"]) == ("QUEUED", 0, "")
    assert not told["ok"]


def test_what_is_held_back_stays_until_it_is_released(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    FolderShare.create(tmp_path / "share", QuickDisk())
    assert hold_items(home, ["left local"]) == 0
    assert run_sync(home) == 1
    assert "held back by a person" in capsys.readouterr().out
    (held,) = Outbox(home / "left").waiting()
    assert (held.state, Outbox(home / "right").waiting()) == (State.WAIT, ())
    assert not deliver(home / "left", str(tmp_path / "share"), now=NOW, at_once=True).delivered
    assert retry_items(home, []) == 0
    assert len(Outbox(home / "left").waiting()) == 1
    assert release_items(home, ["ep-001"]) == 0
    assert run_sync(home) == 0


def test_a_retry_begins_anew_and_says_why_it_failed(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(home / "left", now=NOW)
    assert retry_items(home, ["left_claim"]) == 1
    assert "is it mounted?" in capsys.readouterr().out
    attempts = {item.name.split("_")[4]: item.attempts for item in Outbox(home / "left").waiting()}
    assert attempts == {"canonical": 1, "left": 1}
    FolderShare.create(tmp_path / "share", QuickDisk())
    assert retry_items(home, []) == 0
    assert not Outbox(home / "left").waiting()


@pytest.mark.parametrize("act", [hold_items, retry_items, release_items])
def test_a_name_that_fits_nothing_is_a_mistake_of_the_users(home: Path, act: Callable[[Path, list[str]], int]) -> None:
    with pytest.raises(ValueError, match="'nobody': nothing fits"):
        act(home, ["nobody"])


def test_a_courier_that_hangs_is_named_and_nothing_changes(home: Path) -> None:
    lock = try_lock(Station(home / "left").courier_lock)
    assert lock is not None
    with pytest.raises(ValueError, match="a courier is at work"), courier_lock(home / "left", seconds=0):
        pass
    lock.release()
    with courier_lock(home / "left", seconds=0):
        assert try_lock(Station(home / "left").courier_lock) is None


def test_an_archive_is_of_one_station(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="of one station"):
        export_archive(home, tmp_path / "stick.tar")
    assert export_archive(home / "left", tmp_path / "stick.tar") == 0
    assert "3 files" in capsys.readouterr().out
    (Station(home / "right").episodes / Outbox(home / "right").waiting()[0].file).write_bytes(b"changed")
    assert export_archive(home / "right", tmp_path / "other.tar") == 1
    assert "not packed" in capsys.readouterr().out


def test_receipts_come_back_to_the_stations_that_they_speak_of(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "stick.tar.receipts.json"
    file.write_bytes(vouchers(home / "left"))
    assert take_receipts_file(home, file) == 0
    assert not Outbox(home / "left").waiting()
    file.write_bytes(vouchers(home / "right", sha256="0" * 64))
    assert take_receipts_file(home, file) == 1
    assert "not taken" in capsys.readouterr().out
    assert len(Outbox(home / "right").waiting()) == 3
    file.write_text("no receipts")
    with pytest.raises(ValueError, match=str(file)):
        take_receipts_file(home, file)


def test_sync_says_that_a_share_could_not_be_asked_again(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    share = FolderShare.create(tmp_path / "share", QuickDisk())
    for seat in Seat:
        deliver(home / seat.word, now=NOW, run="earlier")
    share.root.rename(tmp_path / "away")
    assert run_sync(home) == 0
    assert capsys.readouterr().out.count("could not be verified again") == 2


def test_a_receipt_that_did_not_hold_is_an_alarm_of_sync_and_stands_in_the_outbox(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    share = FolderShare.create(tmp_path / "share", QuickDisk())
    for seat in Seat:
        deliver(home / seat.word, now=NOW, run="earlier")
    next(share.root.rglob("*left_claim*")).unlink()
    assert run_sync(home) == 1
    assert "ALARM" in capsys.readouterr().out
    assert run_sync(home) == 0
    assert _shown(home, capsys)[0] == 0
    code, text = _shown(home, capsys)
    assert (code, "1 receipts did not hold" in text) == (0, True)


# -- a share that hangs ------------------------------------------------------------------------------------------------


@pytest.fixture
def hanging(tmp_path: Path) -> Path:
    """Whoever opens a pipe that nobody writes to sits in that call, as in one into a dead mount."""
    share = FolderShare.create(tmp_path / "share", QuickDisk())
    (share.root / MARK_NAME).unlink()
    os.mkfifo(share.root / MARK_NAME)
    return share.root / MARK_NAME


def test_a_sync_says_that_its_share_hangs_and_ends(
    home: Path, hanging: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_sync(home, 2.0) == 1
    text = capsys.readouterr().out
    assert text.count("its share does not answer") == 2
    assert "6 still wait" in text
    assert {item.state for item in Outbox(home / "left").waiting()} == {State.BLOCKED}
    hanging.unlink()
    assert run_sync(home) == 0


def test_a_retry_says_that_its_share_hangs_and_ends(
    home: Path, hanging: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert retry_items(home / "left", [], 2.0) == 1
    assert "0 delivered, 3 still wait: its share does not answer" in capsys.readouterr().out
    assert (hanging.parent / MARK_NAME).is_fifo()


def test_a_check_says_that_its_share_hangs_and_ends(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    share = FolderShare.create(tmp_path / "share", QuickDisk())
    deliver(home / "left", now=NOW)
    (share.root / MARK_NAME).unlink()
    os.mkfifo(share.root / MARK_NAME)
    assert check_receipts(home / "left", 2.0) == 1
    assert "its share does not answer" in capsys.readouterr().out
    assert courier_lock(home / "left", 0).__enter__() is None, "and nobody holds the lock"


def test_control_c_works_while_a_share_hangs(home: Path, hanging: Path) -> None:
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        run_sync(home, 600.0)
    assert hanging.is_fifo()


def test_a_process_that_is_ended_from_outside_is_told(
    home: Path, hanging: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started = processes.start

    def start_and_end(arguments: list[str], *, stdin: int, stdout: int, may_hang: bool) -> "subprocess.Popen[str]":
        process = started(arguments, stdout, stdin=stdin, may_hang=may_hang)
        process.kill()
        return process

    monkeypatch.setattr(errand, "start", start_and_end)
    assert run_sync(home, 600.0) == 1
    assert "ended from outside" in capsys.readouterr().out
    assert hanging.is_fifo()
