"""A session ends with a sheet and checksums, written by its recorder or by a recovery, and delivered like the rest."""

import errno
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from data.delivery import deliver
from data.files import try_lock
from data.inventory import take_inventory
from data.layout import parse_session_name, session_folder
from data.outbox import Outbox
from data.receipts import Receipts
from data.recorder import Recorder
from data.recovery import recover
from data.session_sheet import SessionSheet, decode_opening, decode_sheet, encode_opening, encode_sheet, make_opening
from data.sessions import OpenSession, SessionPlan, opening_path
from data.shares.folder_share import FolderShare
from data.state_file import StateFileError
from data.station import Station, open_station
from data.verification import verify_paths
from games.contract import Seat
from netcode.vocabulary import Agreement, Reason
from tests.support.disks import Died, QuickDisk, WatchedDisk, dying_at, failing_at
from tests.support.stations import files_under, make_frames, make_recorder, make_terms, record_episode, record_session

PLAN = SessionPlan(3, (("dyadgrid", "1.2.3"),))
NOW = 1_800_000_000.0
FOLDER = session_folder(make_terms())


def record(home: Path, share: str = "x", seat: Seat = Seat.LEFT, episodes: int = 2, rows: int = 31) -> None:
    """A session that ended as it should."""
    recorder = Recorder(home, share_url=share, seat=seat, plan=PLAN, disk=QuickDisk())
    for episode in range(episodes):
        record_episode(recorder, make_terms(episode), make_frames(rows), seat=seat)
    assert recorder.close(20), recorder.alarms
    assert recorder.alarms == ()


def sheets(root: Path, seat: Seat = Seat.LEFT) -> list[SessionSheet]:
    return [decode_sheet(path.read_bytes()) for path in sorted(root.rglob(f"*_{seat.word}_sheet_*.json"))]


def test_a_sheet_says_what_its_seat_played(tmp_path: Path) -> None:
    record(tmp_path)
    (sheet,) = sheets(Station(tmp_path).episodes)
    opening = sheet.opening
    assert (opening.study, opening.dyad, opening.session, opening.run) == ("pilot", "12", "1", "00c0ffee00c0ffee")
    assert (opening.seat, opening.planned, opening.versions) == (Seat.LEFT, 3, PLAN.versions)
    assert opening.participants == tuple(player.participant for player in make_terms().players)
    assert [(one.episode, one.reason, one.agreement, one.rows) for one in sheet.episodes] == [
        (number, Reason.FINISHED, Agreement.MUTUAL, 31) for number in (0, 1)
    ]
    assert not list(Station(tmp_path).sessions.iterdir())


def test_sha256sum_accepts_what_both_machines_delivered(tmp_path: Path) -> None:
    share = FolderShare.create(tmp_path / "share", QuickDisk())
    for seat in Seat:
        record(tmp_path / seat.word, share.url, seat)
        assert len(deliver(tmp_path / seat.word, now=NOW).delivered) == 8
    folder = share.root / FOLDER
    names = sorted(path.name for path in folder.glob("SHA256SUMS_*"))
    assert [parse_session_name(name).seat for name in names] == [Seat.LEFT, Seat.RIGHT]  # type: ignore[union-attr]  # ours
    told = subprocess.run(
        ["sha256sum", "-c", "--strict", *names], cwd=folder, capture_output=True, text=True, check=True
    )
    listed = {line.partition(":")[0] for line in told.stdout.splitlines()}
    assert listed | set(names) == files_under(folder), "every file of the session stands in one of the lists"
    assert verify_paths([share.root]).strays == ()
    assert {receipt.file for receipt in Receipts(tmp_path / "left").all()} >= {f"{FOLDER}/{names[0]}"}


def test_everything_of_a_session_is_in_the_inventory_and_nothing_is_left_for_a_recovery(tmp_path: Path) -> None:
    record(tmp_path)
    assert {entry.item.file for entry in take_inventory(tmp_path)} == files_under(Station(tmp_path).episodes)
    assert recover(tmp_path).did_nothing


def test_a_session_of_which_nothing_was_played_has_no_sheet(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, share_url="x", seat=Seat.LEFT, plan=PLAN, disk=QuickDisk())
    assert recorder.close(20)
    assert files_under(Station(tmp_path).episodes) == set()


def leave_open(home: Path) -> None:
    """A client that was killed after its first episode, before its sheet."""
    open_station(home, "x", QuickDisk())
    session = OpenSession(QuickDisk(), Station(home), make_terms(), Seat.LEFT, PLAN)
    recorder = make_recorder(home, "x", disk=QuickDisk())
    record_episode(recorder, make_terms(), make_frames(31))
    assert recorder.close(20)
    session._lock.release()  # as the system does for the dead


def test_a_recovery_writes_the_sheet_of_a_session_whose_client_died(tmp_path: Path) -> None:
    leave_open(tmp_path)
    report = recover(tmp_path)
    assert len(report.sheets) == 1
    (sheet,) = sheets(Station(tmp_path).episodes)
    assert (sheet.opening.planned, len(sheet.episodes)) == (3, 1)
    assert len(Outbox(tmp_path).waiting()) == 5
    assert recover(tmp_path).did_nothing
    assert not list(Station(tmp_path).sessions.iterdir())


def test_a_session_that_is_taken_up_again_gets_a_longer_sheet_beside_the_first(tmp_path: Path) -> None:
    leave_open(tmp_path)
    recover(tmp_path)
    recorder = Recorder(tmp_path, share_url="x", seat=Seat.LEFT, plan=PLAN, disk=QuickDisk())
    record_episode(recorder, make_terms(1), make_frames(40))
    assert recorder.close(20)
    assert sorted(len(sheet.episodes) for sheet in sheets(Station(tmp_path).episodes)) == [1, 2]
    (Station(tmp_path).episodes / FOLDER / "ep-002").joinpath("nothing").touch()
    assert [stray.words for stray in verify_paths([tmp_path]).strays] == []


def test_a_living_session_is_left_alone(tmp_path: Path) -> None:
    leave_open(tmp_path)
    lock = try_lock(opening_path(Station(tmp_path), FOLDER, Seat.LEFT).with_suffix(".lock"))
    assert lock is not None
    report = recover(tmp_path)
    assert report.sheets == []
    assert report.living == [f"sessions/{opening_path(Station(tmp_path), FOLDER, Seat.LEFT).name}"]
    lock.release()
    assert len(recover(tmp_path).sheets) == 1


@pytest.mark.parametrize("data", [b"", b"{}", b"half an ope"])
def test_a_torn_opening_is_set_aside(tmp_path: Path, data: bytes) -> None:
    leave_open(tmp_path)
    opening_path(Station(tmp_path), FOLDER, Seat.LEFT).write_bytes(data)
    report = recover(tmp_path)
    assert (report.sheets, len(report.set_aside)) == ([], 1)
    assert recover(tmp_path).did_nothing


def test_an_opening_with_ids_that_lead_elsewhere_is_set_aside(tmp_path: Path) -> None:
    leave_open(tmp_path)
    path = opening_path(Station(tmp_path), FOLDER, Seat.LEFT)
    path.write_bytes(encode_opening(replace(decode_opening(path.read_bytes()), study="../..")))
    assert len(recover(tmp_path).set_aside) == 1
    assert not list(tmp_path.rglob("*_sheet_*"))


def test_an_episode_that_has_no_place_yet_leaves_the_sheet_to_a_recovery(tmp_path: Path) -> None:
    class Full(QuickDisk):
        def link(self, source: Path, target: Path) -> None:
            if "episodes" in target.parts:
                raise OSError(errno.ENOSPC, "no space")
            super().link(source, target)

    recorder = Recorder(tmp_path, share_url="x", seat=Seat.LEFT, plan=PLAN, disk=Full())
    record_episode(recorder, make_terms(), make_frames(31))
    assert not recorder.close(20)
    assert files_under(Station(tmp_path).episodes) == set()
    report = recover(tmp_path)
    assert (len(report.published), len(report.sheets)) == (1, 1)
    (sheet,) = sheets(Station(tmp_path).episodes)
    assert len(sheet.episodes) == 1


@pytest.mark.parametrize("fault", ["fails", "dies"])
def test_a_sheet_is_there_after_the_next_start_whatever_call_fails_or_is_the_last(tmp_path: Path, fault: str) -> None:
    record_session(tmp_path / "original", "x", rows=31)
    original = Station(tmp_path / "original")

    def session(home: Path, disk: WatchedDisk) -> None:
        home.mkdir()
        for folder in ("episodes", "outbox"):
            _copy(original.home / folder, home / folder)
        open_station(home, "x", QuickDisk())
        opened = OpenSession(disk, Station(home), make_terms(), Seat.LEFT, PLAN)
        try:
            opened.close([home], "x")
        finally:
            opened._lock.release()

    watched = WatchedDisk()
    session(tmp_path / "watched", watched)
    expected = files_under(Station(tmp_path / "watched").episodes)
    assert len(expected) == 5
    for number in range(len(watched.log)):
        home = tmp_path / str(number)
        with suppress(Died, OSError):
            session(home, failing_at(number) if fault == "fails" else dying_at(number))
        had_begun = any(Station(home).sessions.glob("*.json")) or len(files_under(Station(home).episodes)) > 3
        assert recover(home, disk=QuickDisk()).refused == []
        assert files_under(Station(home).episodes) == (expected if had_begun else files_under(original.episodes)), (
            number
        )
        assert {item.file for item in Outbox(home).waiting()} == files_under(Station(home).episodes)
        assert recover(home, disk=QuickDisk()).did_nothing


def _copy(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file():
            (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            (target / path.relative_to(source)).write_bytes(path.read_bytes())


def test_a_disk_that_refuses_the_opening_costs_the_sheet_and_no_episode(tmp_path: Path) -> None:
    class Refusing(QuickDisk):
        def create(self, path: Path) -> int:
            if path.parent.name == "sessions":
                raise OSError(errno.ENOSPC, "no space")
            return super().create(path)

    recorder = Recorder(tmp_path, share_url="x", seat=Seat.LEFT, plan=PLAN, disk=Refusing())
    record_episode(recorder, make_terms(), make_frames(31))
    assert recorder.close(20)
    assert "has no sheet: it is full" in recorder.alarms[0]
    assert len(recorder.sealed) == 1


def test_a_sheet_and_an_opening_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    opening = make_opening(make_terms(), Seat.RIGHT, 0, (("a", "b"),))
    assert decode_opening(encode_opening(opening)) == opening
    record(tmp_path)
    (sheet,) = sheets(Station(tmp_path).episodes)
    assert decode_sheet(encode_sheet(sheet)) == sheet


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"ep-001/', b'"../ep-001/'),
        (b'"ep-001/', b'"/ep-001/'),
        (b'"rows": 31', b'"rows": true'),
        (b'"reason": "finished"', b'"reason": "won"'),
        (b'"left": "', b'"left": 7, "x": "'),
        (b'"episodes": [', b'"episodes": [1, '),
    ],
)
def test_a_strange_sheet_is_refused(tmp_path: Path, old: bytes, new: bytes) -> None:
    record(tmp_path)
    (path,) = Station(tmp_path).episodes.rglob("*_sheet_*")
    data = path.read_bytes()
    assert old in data
    with pytest.raises(StateFileError):
        decode_sheet(data.replace(old, new, 1))
