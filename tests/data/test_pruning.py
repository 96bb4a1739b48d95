"""Pruning: only what others have proof of and still hold now, in an order that loses nothing, and back again."""

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from client.commands.outbox import check_receipts, show_outbox
from client.commands.pruning import empty_trashes, prune_files, undo_pruning
from data.delivery import deliver
from data.files import Disk
from data.inventory import count_states, take_inventory
from data.outbox import Item, Outbox, State
from data.pruning import DAY_SECONDS, SETTLED_DAYS, Pruning, decode_tombstone, encode_tombstone, pruned_files
from data.receipts import Level, Receipts
from data.recovery import recover
from data.settlement import Settlement
from data.shares.folder_share import FolderShare
from data.shares.share import Share
from data.state_file import StateFileError
from data.station import Station
from data.status import read_status
from data.verification import verify_paths
from data.verification_report import print_report
from tests.support.disks import Died, QuickDisk, WatchedDisk, dying_at, failing_at
from tests.support.stations import files_under, record_session

NOW = 1_700_000_000.0
LATER = NOW + (SETTLED_DAYS + 1) * DAY_SECONDS
QUICK = QuickDisk()


@pytest.fixture
def share(tmp_path: Path) -> FolderShare:
    return FolderShare.create(tmp_path / "share", QUICK)


@pytest.fixture
def home(tmp_path: Path, share: FolderShare) -> Path:
    """A station whose three files were delivered and settled."""
    home = tmp_path / "left"
    record_session(home, share.url)
    deliver(home, now=NOW, run="first", disk=QUICK)
    deliver(home, now=NOW, run="second", disk=QUICK, settlement=Settlement(Station(home), "second"))
    assert {receipt.level for receipt in Receipts(home).all()} == {Level.SETTLED}
    return home


def set_levels(home: Path, level: Level) -> None:
    for receipt in list(Receipts(home).all()):
        Receipts(home).withdraw(receipt)
        Receipts(home).write(replace(receipt, level=level))


def prune(home: Path, now: float = LATER, *, is_dry: bool = False, days: float | None = None) -> tuple[int, int]:
    report = Pruning(home, QUICK).prune(now, days, is_dry=is_dry)
    return len(report.gone), len(report.kept)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_the_record_goes_to_the_trash_and_claim_and_receipts_stay(home: Path, share: FolderShare) -> None:
    station = Station(home)
    before = {path.name: path.read_bytes() for path in station.episodes.rglob("*.dyad*")}
    receipts = list(Receipts(home).all())
    assert prune(home) == (2, 0)
    assert {path.name: path.read_bytes() for path in station.trash.iterdir()} == before
    assert names(station.episodes) == {name for name in names(share.root) if "_claim_" in name}
    assert list(Receipts(home).all()) == receipts
    assert count_states(take_inventory(home)) == {State.PRUNED: 2, State.SETTLED: 1}
    assert recover(home).did_nothing
    assert prune(home) == (0, 0)


def test_by_default_nothing_changes_and_what_would_go_is_shown_with_its_proof(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files_under(home)
    assert prune_files(home, 0.0, is_dry=True) == 0
    assert files_under(home) == before
    text = capsys.readouterr().out
    assert text.count("would go to the trash") == 2
    assert text.count("level 2 since") == 2
    assert "gave the right bytes just now" in text
    assert "--yes" in text


def test_neither_a_courier_nor_sync_ever_prunes(home: Path) -> None:
    before = files_under(Station(home).episodes)
    recover(home)
    deliver(home, now=LATER * 2, at_once=True, settlement=Settlement(Station(home), "third"))
    assert files_under(Station(home).episodes) == before


@pytest.mark.parametrize(
    ("level", "days", "age", "gone"),
    [
        (Level.STORED, None, 1000, 0),
        (Level.STORED, 0, 1000, 0),
        (Level.SETTLED, None, SETTLED_DAYS - 1, 0),
        (Level.SETTLED, None, SETTLED_DAYS, 2),
        (Level.SETTLED, 5, 6, 2),
        (Level.SETTLED, 5, 4, 0),
        (Level.SETTLED, None, -400, 0),
        (Level.COLLECTED, None, 0, 2),
        (Level.COLLECTED, 5, 4, 0),
        (Level.COLLECTED, None, -400, 0),
    ],
)
def test_a_file_may_go_at_level_3_or_at_level_2_and_an_age(
    home: Path, level: Level, days: float | None, age: float, gone: int
) -> None:
    set_levels(home, level)
    assert prune(home, NOW + age * DAY_SECONDS, days=days) == (gone, 0)


def _lose(share: FolderShare) -> str:
    next(share.root.rglob("*.dyad")).unlink()
    return "nothing"


def _change(share: FolderShare) -> str:
    next(share.root.rglob("*.dyad")).write_bytes(b"other")
    return "does not hold it any more"


def check_that_only_what_the_share_holds_now_goes(home: Path, share: FolderShare, pruning: Pruning) -> None:
    _lose(share)
    report = pruning.prune(LATER, is_dry=False)
    assert [candidate.receipt.name.endswith(".dyadlog") for candidate in report.gone] == [True]
    assert "`outbox check`" in report.kept[0].fault
    assert any(path.suffix == ".dyad" for path in Station(home).episodes.rglob("*"))


def test_what_the_share_does_not_hold_now_stays(home: Path, share: FolderShare) -> None:
    check_that_only_what_the_share_holds_now_goes(home, share, Pruning(home, QUICK))


class TrustingPruning(Pruning):
    """The mutant: takes a receipt for what the share holds now."""

    def _ask(self, receipt: object) -> tuple[str, str]:
        return "it was there once", ""


def test_the_mutant_that_does_not_ask_is_caught(home: Path, share: FolderShare) -> None:
    with pytest.raises(AssertionError):
        check_that_only_what_the_share_holds_now_goes(home, share, TrustingPruning(home, QUICK))


def test_what_the_share_has_changed_stays(home: Path, share: FolderShare) -> None:
    words = _change(share)
    report = Pruning(home, QUICK).prune(LATER, is_dry=False)
    assert words in report.kept[0].fault


def test_a_share_that_is_not_there_or_another_one_keeps_everything_here(home: Path, share: FolderShare) -> None:
    shutil.move(share.root, share.root.with_name("away"))
    assert prune(home) == (0, 2)
    shutil.copytree(share.root.with_name("away"), share.root)
    (share.root / ".dyadgrid-share").unlink()
    assert prune(home) == (0, 2)
    assert len(names(Station(home).episodes)) == 3


def test_a_file_that_has_changed_here_or_is_queued_stays(home: Path) -> None:
    station = Station(home)
    canonical, local = sorted(path for path in station.episodes.rglob("*") if path.suffix in (".dyad", ".dyadlog"))
    canonical.write_bytes(b"changed")
    (receipt,) = [receipt for receipt in Receipts(home).all() if receipt.name == local.name]
    deliver_again(home, receipt.file, receipt.sha256)
    assert prune(home) == (0, 1)


def deliver_again(home: Path, file: str, sha256: str) -> None:
    Outbox(home).queue(Item(file, sha256, 1, "x"))


def test_undo_brings_the_same_bytes_back(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    station = Station(home)
    before = {path: path.read_bytes() for path in station.episodes.rglob("*") if path.is_file()}
    prune(home)
    with pytest.raises(ValueError, match="nothing fits"):
        undo_pruning(home, ["nobody"])
    assert undo_pruning(home, ["canonical", "local"]) == 0
    assert {path: path.read_bytes() for path in station.episodes.rglob("*") if path.is_file()} == before
    assert not names(station.trash) | names(station.tombstones)
    assert recover(home).did_nothing
    assert prune(home) == (2, 0)


def test_the_trash_is_emptied_later_and_only_after_another_look(
    home: Path, share: FolderShare, capsys: pytest.CaptureFixture[str]
) -> None:
    prune(home)
    pruning = Pruning(home, QUICK)
    assert pruning.empty_trash(LATER + 29 * DAY_SECONDS, is_dry=False).gone == ()
    assert len(pruning.empty_trash(LATER + 31 * DAY_SECONDS, is_dry=True).gone) == 2
    assert len(names(Station(home).trash)) == 2
    _lose(share)
    report = pruning.empty_trash(LATER + 31 * DAY_SECONDS, is_dry=False)
    assert (len(report.gone), len(report.kept)) == (1, 1)
    assert [path.suffix for path in Station(home).trash.iterdir()] == [".dyad"]
    with pytest.raises(ValueError, match="not in the trash any more"):
        undo_pruning(home, ["_local_"])
    assert undo_pruning(home, ["canonical"]) == 0
    assert empty_trashes(home, 0.0, is_dry=True) == 0


def test_a_share_that_loses_what_was_pruned_is_an_alarm_and_undo_mends_it(
    home: Path, share: FolderShare, capsys: pytest.CaptureFixture[str]
) -> None:
    prune(home)
    assert check_receipts(home) == 0
    assert "3 files are at their share" in capsys.readouterr().out
    _lose(share)
    assert check_receipts(home) == 1
    assert "`outbox undo` brings it back" in capsys.readouterr().out
    assert {item.state for item in deliver(home, now=LATER).waiting} == {State.LOCAL_CORRUPT}
    assert show_outbox(home, every=False, as_json=False) == 1
    undo_pruning(home, ["canonical"])
    assert not deliver(home, now=LATER, at_once=True).waiting
    assert check_receipts(home) == 0


def test_a_pruned_station_still_verifies(home: Path) -> None:
    prune(home)
    report = verify_paths([home])
    assert [stray for stray in report.strays if stray.answer.exit_code == 1] == []
    (path,) = [path for path in Station(home).tombstones.iterdir() if "canonical" in path.name]
    path.unlink()
    assert any("is not here" in stray.words for stray in verify_paths([home]).strays)


def test_a_pruned_station_says_who_has_its_files_and_lacks_none(home: Path, share: FolderShare) -> None:
    (before,) = read_status([home])
    assert prune(home) == (2, 0)
    (status,) = read_status([home])
    assert (status.lacks, status.received, status.paired) == (before.lacks, before.received, before.paired)
    assert (before.pruned, status.pruned) == ((), (share.url, share.url))
    assert status.notes[-1] == f"2 files pruned, receipt of {share.url}"
    words = f"not judged: 2 pruned files, receipt of {share.url}"
    assert words in print_report(verify_paths([home])).summary
    stone = next(path for path in Station(home).tombstones.iterdir() if "canonical" in path.name)
    stone.write_bytes(stone.read_bytes().replace(b'"sha256": "', b'"sha256": "0'))
    (status,) = read_status([home])
    assert any("not here, but left has it" in lack.words for lack in status.lacks), "that tombstone is of other bytes"


def test_a_torn_tombstone_is_set_aside(home: Path) -> None:
    prune(home)
    path = next(Station(home).tombstones.iterdir())
    path.write_bytes(b"half a tomb")
    assert len(recover(home).set_aside) == 1
    assert len(pruned_files(home)) == 1


def test_a_tombstone_is_read_back_as_it_was_written(home: Path) -> None:
    prune(home)
    for tombstone in Pruning(home).tombstones():
        assert decode_tombstone(encode_tombstone(tombstone)) == tombstone
        with pytest.raises(StateFileError):
            decode_tombstone(encode_tombstone(tombstone).replace(b'"file": "', b'"file": "../'))


@pytest.mark.parametrize("fault", ["fails", "dies"])
@pytest.mark.parametrize("act", ["prune", "undo"])
def test_nothing_is_lost_whatever_call_fails_or_is_the_last(
    home: Path, share: FolderShare, tmp_path: Path, fault: str, act: str
) -> None:
    def do(where: Path, disk: Disk) -> None:
        pruning = Pruning(where, disk, opened)
        if act == "prune":
            pruning.prune(LATER, is_dry=False)
        else:
            for tombstone in list(pruning.tombstones()):
                pruning.undo(tombstone)

    def opened(url: str) -> Share:
        return share

    everything = {path.name: path.read_bytes() for path in Station(home).episodes.rglob("*") if path.is_file()}
    if act == "undo":
        prune(home)
    watched = WatchedDisk()
    shutil.copytree(home, tmp_path / "watched")
    do(tmp_path / "watched", watched)
    for number in range(len(watched.log)):
        where = tmp_path / f"at {number}"
        shutil.copytree(home, where)
        with suppress(Died, OSError):
            do(where, failing_at(number) if fault == "fails" else dying_at(number))
        station = Station(where)
        recover(where, disk=QUICK)
        here = {path.name: path.read_bytes() for path in station.episodes.rglob("*") if path.is_file()}
        trash = {path.name: path.read_bytes() for path in station.trash.iterdir()}
        assert trash | here == everything, number
        assert {
            path.name.removesuffix(".json") for path in station.tombstones.iterdir()
        } >= everything.keys() - here.keys()
        do(where, QUICK)
        assert len(names(station.episodes)) == (1 if act == "prune" else 3), number
        assert not Outbox(where).waiting()
