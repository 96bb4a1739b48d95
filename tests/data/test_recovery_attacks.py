"""What people, backups, other programs and clocks do to a home. Nothing of it may cost a recording, or be deleted."""

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from data.claims import read_claims
from data.delivery import deliver
from data.draft import PART_NAMES
from data.episode_format import read_episode
from data.episode_writer import EpisodeWriter
from data.files import Disk
from data.layout import Kind
from data.outbox import LAST_BACKOFF_SECONDS, Item, Outbox, State
from data.receipts import Receipts
from data.recovery import recover
from data.shares.folder_share import FolderShare
from data.station import Station, open_station
from games.contract import Seat
from netcode.vocabulary import Reason
from tests.data.test_recovery import (
    BLOCKS,
    ROWS,
    check_idempotent,
    killed_recording,
    killed_sealing,
    make_tape,
    published,
)
from tests.support.disks import QuickDisk
from tests.support.stations import begin, finished, make_frames, make_recorder, make_terms, record_session


class RefusingDisk(QuickDisk):
    """A bad sector: reading this one file fails."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, path: Path) -> bytes:
        if path == self._path:
            raise OSError(errno.EIO, "Input/output error", str(path))
        return super().read(path)


class ReadOnlyDisk(Disk):
    """A disk that the system has made read-only after an error."""

    def _refuse(self, *arguments: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    write = flush = flush_data = link = rename_new = replace = unlink = _refuse  # type: ignore[assignment]
    create = open_existing = make_folder = move_folder = remove_folder = _refuse  # type: ignore[assignment]


# -- bad disks ---------------------------------------------------------------------------------------------------------


def test_a_bad_sector_under_one_draft_costs_no_other_its_recovery(tmp_path: Path) -> None:
    bad = killed_sealing(tmp_path) / PART_NAMES[Kind.CANONICAL]
    other = killed_recording(tmp_path / "other")
    good = Station(tmp_path).recording / other.name.replace("ep-001", "ep-002")
    shutil.copytree(other, good)
    report = recover(tmp_path, disk=RefusingDisk(bad))
    assert len(report.recovered) == 1
    assert report.refused == [f"recording/{bad.parent.name}: the disk reports an error"]
    assert bad.exists()
    assert len(recover(tmp_path).published) == 1, "the next recovery tries again"
    check_idempotent(tmp_path)


def test_a_bad_sector_under_a_finished_file_stops_nothing(tmp_path: Path) -> None:
    record_session(tmp_path, "/share", episodes=2)
    paths = sorted(Station(tmp_path).episodes.rglob("*.dyad"))
    for path in paths:
        Outbox(tmp_path).path(path.name).unlink()
    report = recover(tmp_path, disk=RefusingDisk(paths[0]))
    assert report.queued == [paths[1].name]
    assert len(report.refused) == 1
    assert recover(tmp_path).queued == [paths[0].name]


def test_a_read_only_home_is_an_error_and_nothing_else(tmp_path: Path) -> None:
    killed_recording(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(OSError, match="Read-only"):
        recover(tmp_path, disk=ReadOnlyDisk())
    assert {path: path.read_bytes() for path in before} == before
    assert len(recover(tmp_path).recovered) == 1


# -- files, folders and links where they do not belong -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["recording", "outbox", "receipts", "torn", "episodes"])
def test_a_file_where_a_folder_should_be_is_named_and_kept(tmp_path: Path, name: str) -> None:
    record_session(tmp_path, "/share")
    (tmp_path / name).rename(tmp_path / "elsewhere") if (tmp_path / name).is_dir() else None
    (tmp_path / name).write_text("mine")
    with pytest.raises(NotADirectoryError, match="expected a folder") as caught:
        recover(tmp_path)
    assert caught.value.filename == str(tmp_path / name)
    assert (tmp_path / name).read_text() == "mine"


def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("mine")
    with pytest.raises(NotADirectoryError):
        open_station(tmp_path / "home", "/share", Disk())
    with pytest.raises(NotADirectoryError):
        open_station(tmp_path / "home" / "below", "/share", Disk())


@pytest.mark.parametrize("folder", ["outbox", "receipts"])
def test_a_folder_where_an_item_or_a_receipt_should_be_is_left_alone(tmp_path: Path, folder: str) -> None:
    share = FolderShare.create(tmp_path / "share")
    home = tmp_path / "left"
    record_session(home, share.url)
    name = published(home)[Kind.CLAIM].name
    if folder == "outbox":
        Outbox(home).path(name).unlink()
    (home / folder / f"{name}.json").mkdir()
    report = recover(home)
    assert report.unknown == [f"{folder}/{name}.json"]
    assert len(deliver(home, now=0.0).delivered) == 2
    assert len(Outbox(home).items()) >= 2


def test_a_folder_where_a_part_should_be_is_reported(tmp_path: Path) -> None:
    folder = killed_recording(tmp_path)
    (folder / PART_NAMES[Kind.CANONICAL]).unlink()
    (folder / PART_NAMES[Kind.CANONICAL]).mkdir()
    report = recover(tmp_path)
    assert report.refused
    assert folder.is_dir()


def test_a_link_in_place_of_a_draft_is_not_followed(tmp_path: Path) -> None:
    elsewhere = killed_recording(tmp_path / "other")
    station = open_station(tmp_path / "home", "/share", Disk())
    (station.recording / elsewhere.name).symlink_to(elsewhere, target_is_directory=True)
    report = recover(station.home)
    assert report.unknown == [f"recording/{elsewhere.name}"]
    assert report.did_nothing
    assert sorted(path.name for path in elsewhere.iterdir()) == sorted(
        PART_NAMES[kind] for kind in (Kind.CANONICAL, Kind.LOCAL)
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.symlink_to(path),
        lambda path: path.symlink_to("/etc/hostname"),
        os.mkfifo,
    ],
    ids=["dangling", "to itself", "to a file elsewhere", "a pipe that nobody writes to"],
)
def test_what_is_no_file_of_its_own_is_reported_under_any_name(tmp_path: Path, make: Callable[[Path], None]) -> None:
    record_session(tmp_path, "/share")
    file = published(tmp_path)[Kind.CANONICAL]
    strangers = [
        file.with_name(file.name.replace("canonical", "left_local").replace(".dyad", ".dyadlog")),
        Station(tmp_path).receipts / f"{file.name.replace('ep-001', 'ep-009')}.json",
        Station(tmp_path).outbox / f"{file.name.replace('ep-001', 'ep-009')}.json",
    ]
    for path in strangers:
        make(path)
    report = recover(tmp_path)
    assert len(report.unknown) == len(strangers)
    assert report.did_nothing
    assert all(path.is_symlink() or path.is_fifo() for path in strangers)


def test_the_episodes_folder_may_be_a_link_to_another_disk(tmp_path: Path) -> None:
    station = open_station(tmp_path / "home", "/share", Disk())
    station.episodes.rmdir()
    (tmp_path / "big").mkdir()
    station.episodes.symlink_to(tmp_path / "big", target_is_directory=True)
    record_session(station.home, "/share")
    assert len(Outbox(station.home).waiting()) == 3
    check_idempotent(station.home)


# -- copies and names --------------------------------------------------------------------------------------------------


def test_a_home_copied_while_it_lives_is_recovered_where_it_was_copied_to(tmp_path: Path) -> None:
    home, copy = tmp_path / "home", tmp_path / "copy"
    open_station(home, "/share", Disk())
    writer = EpisodeWriter(Disk(), (home,), make_tape(ROWS), "/share")
    writer.sync(0.0)
    shutil.copytree(home, copy)
    assert len(recover(copy).recovered) == 1
    assert recover(home).living, "the original lives on"
    writer.tape.seal(finished(ROWS), {})
    writer.publish(1.0)
    ours, theirs = (read_episode(published(place)[Kind.CANONICAL].read_bytes()).rows for place in (home, copy))
    assert (len(ours), len(theirs)) == (ROWS, BLOCKS)
    assert ours[:BLOCKS] == theirs


def test_a_copied_home_delivers_the_same_files_once_and_both_get_receipts(tmp_path: Path) -> None:
    share = FolderShare.create(tmp_path / "share")
    record_session(tmp_path / "left", share.url)
    shutil.copytree(tmp_path / "left", tmp_path / "copy")
    for home in ("left", "copy"):
        assert len(deliver(tmp_path / home, now=0.0).delivered) == 3
    assert len(list((tmp_path / "share").rglob("*.dyad"))) == 1


def test_studies_that_differ_in_case_only_stay_apart_on_a_share_that_tells_them_apart(tmp_path: Path) -> None:
    share = FolderShare.create(tmp_path / "share")
    for number, study in enumerate(("Pilot", "pilot")):
        recorder = make_recorder(tmp_path / str(number), share.url)
        begin(recorder, make_terms(study=study))
        recorder.record(make_frames(BLOCKS))
        recorder.close(20)
        recover(tmp_path / str(number))
        assert not deliver(tmp_path / str(number), now=0.0).waiting
    assert {path.parts[-5].lower() for path in (tmp_path / "share").rglob("*.dyad")} == {"pilot"}
    receipts = [receipt for number in range(2) for receipt in Receipts(tmp_path / str(number)).all()]
    assert all(share.sha256_of(receipt.file) == receipt.sha256 for receipt in receipts)


def test_names_in_capitals_as_an_old_memory_stick_makes_them_are_reported_and_kept(tmp_path: Path) -> None:
    record_session(tmp_path, "/share")
    file = published(tmp_path)[Kind.CANONICAL]
    capitals = file.with_name(file.name.upper())
    shutil.copyfile(file, capitals)
    report = recover(tmp_path)
    assert report.unknown == [f"episodes/{capitals.relative_to(Station(tmp_path).episodes)}"]
    assert capitals.exists()


def test_the_same_seat_of_one_episode_in_two_homes_is_one_record(tmp_path: Path) -> None:
    """A crash on one machine, the same session's rest from another one: both get to the share, and none is lost."""
    share = FolderShare.create(tmp_path / "share")
    killed_recording(tmp_path / "one")
    record_session(tmp_path / "two", share.url)
    recover(tmp_path / "one")
    assert len(deliver(tmp_path / "one", share.url, now=0.0).delivered) == 3
    assert len(deliver(tmp_path / "two", now=0.0).delivered) == 3
    folder = next((tmp_path / "share").rglob("*.dyad")).parent
    assert read_claims(folder)[Seat.LEFT].reason is Reason.FINISHED, "its own word counts before a recovered one"


# -- clocks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [-40e9, -31e6, 31e6, 200e9], ids=["before 1970", "a year back", "a year on", "8300"])
def test_a_clock_that_jumps_delays_nothing_by_more_than_a_minute(tmp_path: Path, jump: float) -> None:
    home = tmp_path / "left"
    record_session(home, tmp_path / "share")
    now = 1.7e9
    assert len(deliver(home, now=now).waiting) == 3
    assert all(item.state is State.BLOCKED for item in Outbox(home).waiting())
    FolderShare.create(tmp_path / "share")
    later = now + jump
    delivered = len(deliver(home, now=later).delivered)
    delivered += len(deliver(home, now=later + LAST_BACKOFF_SECONDS).delivered)
    assert delivered == 3
    check_idempotent(home)


def test_an_item_that_waits_for_a_time_that_no_clock_has_is_due(tmp_path: Path) -> None:
    item = Item("a/b/c/d/e", "0" * 64, 1, "/share")
    assert replace(item, next_attempt=1e18).is_due(0.0)
