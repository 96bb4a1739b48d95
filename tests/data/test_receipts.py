import errno
from dataclasses import replace
from pathlib import Path

import pytest

from data.files import Disk
from data.outbox import Item, Outbox
from data.receipts import Level, Receipt, Receipts
from data.recovery import recover
from data.state_file import StateFileError
from data.station import open_station
from tests.support.disks import WatchedDisk

RUN = "ses-01_run-00c0ffee00c0ffee"
NOW = 1_800_000_000.0


def receipt(number: int) -> Receipt:
    sha = f"{number:02x}" * 32
    file = f"pilot/dyad-012/{RUN}/ep-{number:03}/dyad-012_{RUN}_ep-{number:03}_canonical_{sha[:8]}.dyad"
    return Receipt(file, sha, 100, "file:///share", "00ff", Level.STORED, NOW, "a run")


BATCH = [receipt(number) for number in range(1, 6)]


class LinklessDisk(Disk):
    """A file system that knows no second names."""

    def link(self, source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "no links", str(source), None, str(target))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    open_station(tmp_path, "file:///share", Disk())
    return tmp_path


def test_receipts_of_a_batch_are_flushed_once_and_each_is_found_by_its_name(home: Path) -> None:
    disk = WatchedDisk()
    assert Receipts(home, disk).write_many(BATCH) == [None] * 5
    assert disk.names().count("flush") == 1
    assert disk.names()[-1] == "flush_folder", "all names are durable when it returns"
    assert list(Receipts(home).all()) == BATCH
    assert [Receipts(home).find(one.name) for one in BATCH] == BATCH
    assert [path.name for path in Receipts(home).paths()] == sorted(f"{one.name}.json" for one in BATCH)


def test_a_receipt_of_a_batch_rises_and_goes_without_the_others(home: Path) -> None:
    receipts = Receipts(home)
    receipts.write_many(BATCH)
    better = replace(BATCH[0], level=Level.SETTLED, run="later", verified_at=NOW)
    receipts.write(better)
    receipts.withdraw(BATCH[1])
    assert [receipts.find(one.name) for one in BATCH] == [better, None, *BATCH[2:]]
    assert list(Receipts(home).all()) == [better, *BATCH[2:]]


def test_of_a_batch_only_what_stands_for_other_bytes_is_refused(home: Path) -> None:
    receipts = Receipts(home)
    foreign = replace(BATCH[2], sha256="ff" * 32)
    receipts.write(foreign)
    receipts.write(BATCH[3])
    refusals = receipts.write_many(BATCH)
    assert [refusal is None for refusal in refusals] == [True, True, False, True, True]
    assert [receipts.find(one.name) for one in BATCH] == [*BATCH[:2], foreign, *BATCH[3:]]


def test_where_there_are_no_second_names_each_receipt_has_a_file(home: Path) -> None:
    assert Receipts(home, LinklessDisk()).write_many(BATCH) == [None] * 5
    assert list(Receipts(home).all()) == BATCH
    assert {path.stat().st_nlink for path in Receipts(home).paths()} == {1}
    assert not [path for path in (home / "receipts").iterdir() if path.suffix == ".tmp"]


def test_a_disk_that_refuses_a_batch_leaves_nothing_half_written(home: Path) -> None:
    def refuse(count: int, name: str, _: object) -> None:
        if name == "link" and count > 4:
            raise OSError(errno.EIO, "injected")

    with pytest.raises(OSError, match="injected"):
        Receipts(home, WatchedDisk(refuse)).write_many(BATCH)
    assert all(one in BATCH for one in Receipts(home).all())
    assert not [path for path in (home / "receipts").iterdir() if path.suffix == ".tmp"]


def test_a_receipt_among_those_of_other_files_proves_nothing_and_is_set_aside(home: Path) -> None:
    receipts, stranger = Receipts(home), receipt(9)
    receipts.write_many(BATCH)
    receipts.path(stranger.name).write_bytes(receipts.path(BATCH[0].name).read_bytes())
    assert Receipts(home).find(stranger.name) is None
    with pytest.raises(StateFileError, match="found 5 others"):
        Receipts(home).read(stranger.name)
    assert [name.endswith(".json") for name in recover(home).set_aside] == [True]
    assert list(Receipts(home).all()) == BATCH


def test_a_damaged_file_of_a_batch_proves_none_of_it(home: Path) -> None:
    receipts = Receipts(home)
    receipts.write_many(BATCH)
    path = receipts.path(BATCH[0].name)
    path.write_bytes(path.read_bytes()[:-20])
    assert list(Receipts(home).all()) == []
    outbox = Outbox(home)
    outbox.queue(Item(BATCH[0].file, BATCH[0].sha256, 100, "file:///share"))
    with pytest.raises(ValueError, match="may not leave"):
        outbox.release(*outbox.waiting())


def test_a_batch_of_nothing_touches_nothing(home: Path) -> None:
    disk = WatchedDisk()
    assert Receipts(home, disk).write_many([]) == []
    assert disk.log == []
