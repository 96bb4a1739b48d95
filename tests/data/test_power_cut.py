from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from data.courier import deliver
from data.episode_format import read_episode
from data.episode_writer import EpisodeWriter
from data.framing import FormatError
from data.outbox import Outbox
from data.receipts import Receipts
from data.recovery import recover
from data.share import FolderShare, Share
from data.station import Station, open_station
from tests.data.test_recovery import BLOCKS, ROWS, killed_recording, killed_sealing, make_tape
from tests.support.disks import QuickDisk, WatchedDisk
from tests.support.oplog import Log
from tests.support.power_cut import Machine, crash_states, fingerprint, materialise
from tests.support.stations import STATISTICS, finished, make_frames, record_session

SAMPLES = 40
"""States tried after each call; equal ones are recovered once."""
Call = tuple[str, tuple[Any, ...]]


def no_mutant(call: Call) -> bool:
    return True


def without(*names: str, last: str = "") -> Callable[[Call], bool]:
    """A log from which these calls are missing, all of them or those on a folder of this name."""
    return lambda call: call[0] not in names or (bool(last) and call[1][0].name != last)


def rows_at(home: Path) -> int:
    """How many good rows a home holds; every published file must be whole, and queued or received."""
    files = list(Station(home).episodes.rglob("*.dyad"))
    most = -1
    for path in files:
        episode = read_episode(path.read_bytes())
        assert episode.rows == tuple(frame.row for frame in make_frames(episode.end.rows))
        most = max(most, episode.end.rows)
    known = {item.name for item in Outbox(home).items()}
    assert {path.name for path in files} <= known, "published, and neither queued nor received"
    return most


def check_every_state(
    log: Log, machine: Machine, promises: dict[int, int], work: Path, keep: Callable[[Call], bool]
) -> int:
    """Recover every state: from call n on, `promises[n]` rows must be there. Returns how many states differed."""
    kept = [(number, call) for number, call in enumerate(log, start=1) if keep(call)]
    seen: set[object] = set()
    for state in crash_states([call for _, call in kept], machine, Random(1), SAMPLES):
        made = kept[state.calls - 1][0]
        promised = max((rows for call, rows in promises.items() if call <= made), default=-1)
        key = fingerprint(state.tree), promised
        if key in seen:
            continue
        seen.add(key)
        home = work / str(len(seen))
        materialise(state.tree, home)
        recover(home, disk=QuickDisk())
        assert rows_at(home) >= promised, f"after call {made}: {log[made - 1]}"
    return len(seen)


def written(tmp_path: Path) -> tuple[Log, Machine, dict[int, int]]:
    """The log of one episode, and what it had promised when."""
    home = tmp_path / "home"
    open_station(home, "/share", QuickDisk())
    machine = Machine(home)
    disk = WatchedDisk()
    tape = make_tape(ROWS)
    writer = EpisodeWriter(disk, (home,), tape, "/share")
    writer.sync(0.0)
    promises = {len(disk.log): BLOCKS}
    tape.seal(finished(ROWS), STATISTICS)
    writer.publish(1.0)
    assert writer.published is not None
    promises[len(disk.log)] = ROWS
    return disk.log, machine, promises


def recovered(prepare: Callable[[Path], Path], rows: int) -> Callable[[Path], tuple[Log, Machine, dict[int, int]]]:
    """The log of a recovery, which may lose nothing at any moment."""

    def run(tmp_path: Path) -> tuple[Log, Machine, dict[int, int]]:
        home = tmp_path / "home"
        prepare(home)
        machine = Machine(home)
        disk = WatchedDisk()
        recover(home, disk=disk)
        return disk.log, machine, {0: rows}

    return run


PROTOCOLS = {
    "a recording": written,
    "a recovery of a torn draft": recovered(killed_recording, BLOCKS),
    "a recovery of a sealed draft": recovered(killed_sealing, ROWS),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_power_cut_loses_what_was_promised(tmp_path: Path, protocol: str) -> None:
    log, machine, promises = PROTOCOLS[protocol](tmp_path)
    assert check_every_state(log, machine, promises, tmp_path, no_mutant) > 30


@pytest.mark.parametrize(
    ("protocol", "mutant"),
    [
        ("a recording", without("flush", "flush_data")),
        ("a recording", without("flush_folder")),
        ("a recording", without("flush_folder", last="recording")),
        ("a recovery of a sealed draft", without("flush_folder")),
        ("a recovery of a torn draft", without("flush")),
    ],
    ids=["no flush of files", "no flush of folders", "no flush of recording", "recovery: folders", "recovery: files"],
)
def test_a_missing_flush_is_caught_by_a_power_cut(
    tmp_path: Path, protocol: str, mutant: Callable[[Call], bool]
) -> None:
    log, machine, promises = PROTOCOLS[protocol](tmp_path)
    with pytest.raises((AssertionError, FormatError)):
        check_every_state(log, machine, promises, tmp_path, mutant)


def delivered(tmp_path: Path) -> tuple[Log, Machine]:
    """The log of a delivery: station and share on one machine, under one root."""
    FolderShare.create(tmp_path / "root" / "share")
    record_session(tmp_path / "root" / "left", tmp_path / "root" / "share", rows=31)
    machine = Machine(tmp_path / "root")
    disk = WatchedDisk()

    def opened(url: str) -> Share:
        return FolderShare(tmp_path / "root" / "share", disk)

    assert len(deliver(tmp_path / "root" / "left", now=0.0, disk=disk, open_share=opened).delivered) == 3
    return disk.log, machine


def check_every_delivery(log: Log, machine: Machine, work: Path) -> int:
    """After any power cut, what a receipt stands for is at the share, and what is not waits."""
    seen: set[object] = set()
    for state in crash_states(log, machine, Random(2), SAMPLES):
        key = fingerprint(state.tree)
        if key in seen:
            continue
        seen.add(key)
        root = work / str(len(seen))
        materialise(state.tree, root)
        recover(root / "left", disk=QuickDisk())
        share = FolderShare(root / "share")
        for receipt in Receipts(root / "left").all():
            assert share.sha256_of(receipt.file) == receipt.sha256, f"after call {state.calls}"
        assert len(Outbox(root / "left").items()) == 3
    return len(seen)


def test_no_power_cut_takes_back_what_a_receipt_stands_for(tmp_path: Path) -> None:
    log, machine = delivered(tmp_path)
    assert check_every_delivery(log, machine, tmp_path) > 30


@pytest.mark.parametrize(
    "mutant", [without("flush"), without("flush_folder")], ids=["no flush of files", "no flush of folders"]
)
def test_a_share_that_skips_a_flush_is_caught(tmp_path: Path, mutant: Callable[[Call], bool]) -> None:
    log, machine = delivered(tmp_path)
    with pytest.raises(AssertionError):
        check_every_delivery([call for call in log if mutant(call)], machine, tmp_path)
