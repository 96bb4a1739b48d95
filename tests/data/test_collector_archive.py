"""Archives from a stick: the good files are taken, everything else is named, and nothing is ever unpacked."""

import json
import tarfile
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from data.archive import pack, read_vouchers, take_receipts
from data.collector.archive import ArchiveError, ImportReport, import_archive, write_receipts
from data.collector.collector import Collector
from data.files import Disk
from data.outbox import Outbox, State
from data.receipts import Level
from tests.support.collecting import episode_files, large_file, played, stored
from tests.support.disks import QuickDisk
from tests.support.stations import record_session

STATION = "ab" * 8


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "share"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All files of an episode, and one of several chunks."""
    path, data = large_file(played(1), 600_000)
    return episode_files(tmp_path_factory.mktemp("episode"), played()) | {path: data}


def listed(files: dict[str, bytes]) -> list[dict[str, object]]:
    return [{"file": path, "sha256": sha256(data).hexdigest(), "size": len(data)} for path, data in files.items()]


def member(archive: tarfile.TarFile, name: str, data: bytes, **changes: object) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in changes.items():
        setattr(info, field, value)
    archive.addfile(info, BytesIO(data))


def write(
    path: Path,
    files: dict[str, bytes],
    more: Callable[[tarfile.TarFile], None] = lambda archive: None,
    manifest: object = None,
) -> Path:
    """An archive of these files, with `more` behind them."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        told = {"format": 1, "station": STATION, "files": listed(files)} if manifest is None else manifest
        member(archive, "manifest.json", json.dumps(told).encode())
        for name, data in files.items():
            member(archive, name, data)
        more(archive)
    return path


def taken_from(path: Path, root: Path) -> ImportReport:
    with Collector(root, jobs=0, disk=QuickDisk()) as collector:
        return import_archive(path, collector, 0.0, lambda done, total: None)


def test_a_good_archive_is_taken_whole_and_again(tmp_path: Path, root: Path, files: dict[str, bytes]) -> None:
    path = write(tmp_path / "good.tar", files)
    for _ in range(2):
        report = taken_from(path, root)
        assert (report.station, report.refused) == (STATION, [])
        assert [each.path for each in report.taken] == list(files)
    assert stored(root) == files


def test_what_a_station_packed_comes_back_to_it_as_receipts_of_level_3(tmp_path: Path, root: Path) -> None:
    home, archive = tmp_path / "left", tmp_path / "stick.tar"
    record_session(home, tmp_path / "nowhere", episodes=2)
    waiting = Outbox(home).waiting()
    pack([home], archive)
    with Collector(root, jobs=0, disk=QuickDisk()) as collector:
        report = import_archive(archive, collector, 0.0, lambda done, total: None)
        paper = write_receipts(archive, report, (collector.url, collector.share_id), Disk())
    assert report.refused == []
    assert paper.name == "stick.tar.receipts.json"
    taken = take_receipts(home, read_vouchers(paper.read_bytes(), 1.0))
    assert (len(taken.receipts), taken.strangers) == (len(waiting), ())
    assert {receipt.level for receipt in taken.receipts} == {Level.COLLECTED}
    assert Outbox(home).waiting() == ()
    assert {item.state for item in Outbox(home).items()} == {State.COLLECTED}


def _link(name: str, kind: bytes, target: str) -> Callable[[tarfile.TarFile], None]:
    return lambda archive: member(archive, name, b"", type=kind, linkname=target)


GOOD_NAME = "pilot/dyad-001/ses-01_run-0000000000000001/ep-003/dyad-001_ses-01_run-0000000000000001_ep-003_{}"

HOSTILE: dict[str, tuple[Callable[[tarfile.TarFile], None], str]] = {
    "a symbolic link": (_link("pilot/link", tarfile.SYMTYPE, "/etc/passwd"), "expected a plain file"),
    "a hard link": (_link("pilot/link", tarfile.LNKTYPE, "manifest.json"), "expected a plain file"),
    "a device": (_link("pilot/null", tarfile.CHRTYPE, ""), "expected a plain file"),
    "a folder": (_link("pilot", tarfile.DIRTYPE, ""), "expected a plain file"),
    "an absolute path": (lambda archive: member(archive, "/tmp/evil", b"x"), "path in a share"),
    "a path upwards": (lambda archive: member(archive, "../../evil", b"x"), "path in a share"),
    "a stranger's file": (
        lambda archive: member(archive, GOOD_NAME.format("canonical_00000000.dyad"), b"x"),
        "not in the manifest",
    ),
    "the collector's own folder": (
        lambda archive: member(archive, ".collector/a/b/c/x_canonical_00000000.dyad", b"x"),
        "path in a share",
    ),
}


@pytest.mark.parametrize(("hostile", "words"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_member_that_may_not_be_there_is_named_and_the_good_ones_are_taken(
    tmp_path: Path, root: Path, files: dict[str, bytes], hostile: Callable[[tarfile.TarFile], None], words: str
) -> None:
    report = taken_from(write(tmp_path / "bad.tar", files, hostile), root)
    assert len(report.refused) == 1
    assert words in report.refused[0]
    assert stored(root) == files
    assert not (tmp_path / "evil").exists()
    assert not Path("/tmp/evil").exists()


def test_a_member_that_comes_twice_is_taken_once(tmp_path: Path, root: Path, files: dict[str, bytes]) -> None:
    name, data = next(iter(files.items()))
    report = taken_from(write(tmp_path / "twice.tar", files, lambda archive: member(archive, name, data)), root)
    assert ["there twice" in words for words in report.refused] == [True]
    assert stored(root) == files


def test_wrong_sizes_wrong_hashes_and_missing_members_are_told_apart(
    tmp_path: Path, root: Path, files: dict[str, bytes]
) -> None:
    entries = listed(files)
    entries[0] |= {"size": 1}
    entries[1] |= {"sha256": str(entries[1]["sha256"])[:8] + "0" * 56}
    entries[2] |= {"sha256": "0" * 64}
    entries.append({"file": GOOD_NAME.format("canonical_00000000.dyad"), "sha256": "0" * 64, "size": 3})
    told = {"format": 1, "station": STATION, "files": entries}
    report = taken_from(write(tmp_path / "wrong.tar", files, manifest=told), root)
    words = " | ".join(report.refused)
    assert len(report.refused) == 4
    for expected in ("says 1 bytes", "its bytes are", "the file's name says", "not in the archive"):
        assert expected in words
    names = list(files)
    assert stored(root) == {name: files[name] for name in names[3:]}


def test_a_damaged_episode_is_refused_like_one_that_came_by_the_network(
    tmp_path: Path, root: Path, files: dict[str, bytes]
) -> None:
    name, data = next(iter(files.items()))
    broken = data[:-1] + bytes([data[-1] ^ 1])
    renamed = f"{name.rpartition('_')[0]}_{sha256(broken).hexdigest()[:8]}.dyad"
    report = taken_from(write(tmp_path / "damaged.tar", {renamed: broken}), root)
    assert "quarantine" in report.refused[0]
    assert stored(root) == {}


def test_an_archive_that_is_cut_off_gives_what_stands_before_the_cut(
    tmp_path: Path, root: Path, files: dict[str, bytes]
) -> None:
    path = write(tmp_path / "cut.tar", files)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 300_000])
    report = taken_from(path, root)
    assert report.refused
    assert len(report.taken) == 5
    assert set(stored(root)) == {each.path for each in report.taken}


@pytest.mark.parametrize("position", range(0, 4000, 397))
def test_a_flipped_byte_loses_at_most_what_it_is_in(
    tmp_path: Path, root: Path, files: dict[str, bytes], position: int
) -> None:
    path = write(tmp_path / "flipped.tar", files)
    data = bytearray(path.read_bytes())
    data[position] ^= 0x41
    path.write_bytes(data)
    try:
        report = taken_from(path, root)
    except ArchiveError:
        assert stored(root) == {}
        return
    assert all(files.get(name) == there for name, there in stored(root).items())
    assert report.refused or stored(root) == files


NO_ARCHIVES = {
    "nothing": b"",
    "a text": b"hello" * 1000,
    "zeros": bytes(20_480),
}


@pytest.mark.parametrize("data", NO_ARCHIVES.values(), ids=NO_ARCHIVES.keys())
def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path, root: Path, data: bytes) -> None:
    (tmp_path / "no.tar").write_bytes(data)
    with pytest.raises(ArchiveError, match="outbox export"):
        taken_from(tmp_path / "no.tar", root)


NO_MANIFESTS = {
    "another format": {"format": 2, "station": STATION, "files": []},
    "no files": {"format": 1, "station": STATION},
    "a list": [],
    "a station that is a path": {"format": 1, "station": "../..", "files": []},
    "a hash that is none": {"format": 1, "station": STATION, "files": [{"file": "a", "sha256": "zz", "size": 1}]},
}


@pytest.mark.parametrize("manifest", NO_MANIFESTS.values(), ids=NO_MANIFESTS.keys())
def test_a_manifest_that_cannot_be_read_is_told(tmp_path: Path, root: Path, manifest: object) -> None:
    with pytest.raises(ArchiveError, match="manifest"):
        taken_from(write(tmp_path / "no.tar", {}, manifest=manifest), root)


def test_a_full_disk_refuses_the_rest_in_words_and_a_second_import_takes_it(
    tmp_path: Path, root: Path, files: dict[str, bytes]
) -> None:
    from tests.support.disks import WatchedDisk, failing_from

    path = write(tmp_path / "good.tar", files)
    disk = WatchedDisk()
    with Collector(root, jobs=0, disk=disk) as collector:
        disk._before = failing_from(len(disk.log) + 3)._before
        report = import_archive(path, collector, 0.0, lambda done, total: None)
        assert any("full" in words for words in report.refused)
        disk._before = None
        assert import_archive(path, collector, 0.0, lambda done, total: None).refused == []
    assert stored(root) == files
