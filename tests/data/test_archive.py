"""The archive for a USB stick: whole or not there, readable by anybody, and it ends nothing without receipts."""

import json
import subprocess
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest

from data.archive import MANIFEST, pack, read_vouchers, take_receipts
from data.inventory import count_states, take_inventory
from data.outbox import Outbox, State
from data.receipts import Level, Receipts
from data.recovery import recover
from data.state_file import StateFileError
from data.station import Station, read_identity
from tests.support.disks import Died, QuickDisk, WatchedDisk, dying_at, failing_at
from tests.support.stations import files_under, record_session

NOW = 1_800_000_000.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    record_session(tmp_path / "left", "/a/share/that/is/away")
    return tmp_path / "left"


def vouchers(home: Path, level: int = 3, **changed: object) -> bytes:
    """What an import writes for everything that waits here."""
    receipts = [
        {
            "file": item.file,
            "sha256": item.sha256,
            "size": item.size,
            "share": "file:///s",
            "share_id": "00",
            "level": level,
        }
        | changed
        for item in Outbox(home).waiting()
    ]
    return json.dumps({"format": 1, "receipts": receipts}).encode()


def test_an_archive_holds_a_manifest_and_then_every_file_at_its_path_in_a_share(home: Path, tmp_path: Path) -> None:
    items = Outbox(home).waiting()
    packed = pack([home], tmp_path / "stick.tar", QuickDisk())
    assert packed.files == items
    assert packed.size == (tmp_path / "stick.tar").stat().st_size
    with tarfile.open(tmp_path / "stick.tar", "r:") as archive:
        members = archive.getmembers()
        assert [member.name for member in members] == [MANIFEST, *(item.file for item in items)]
        read = [archive.extractfile(member) for member in members]
        manifest, *files = [file.read() for file in read if file is not None]
    identity = read_identity(Station(home))
    assert identity is not None
    assert json.loads(manifest) == {
        "format": 1,
        "station": identity.station,
        "files": [{"file": item.file, "sha256": item.sha256, "size": item.size} for item in items],
    }
    assert [sha256(data).hexdigest() for data in files] == [item.sha256 for item in items]
    assert Outbox(home).waiting() == items, "packing is no proof of anything"


def test_the_system_opens_it_too(home: Path, tmp_path: Path) -> None:
    pack([home], tmp_path / "stick.tar", QuickDisk())
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xf", tmp_path / "stick.tar", "-C", tmp_path / "out"], check=True)
    assert files_under(tmp_path / "out") == {MANIFEST, *(item.file for item in Outbox(home).waiting())}


def test_a_name_that_is_taken_is_left_alone(home: Path, tmp_path: Path) -> None:
    (tmp_path / "stick.tar").write_text("mine")
    with pytest.raises(FileExistsError):
        pack([home], tmp_path / "stick.tar", QuickDisk())
    assert (tmp_path / "stick.tar").read_text() == "mine"


def test_of_an_empty_outbox_there_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing waits"):
        pack([tmp_path], tmp_path / "stick.tar")
    assert not list(tmp_path.glob("*.tar"))


def test_a_file_that_is_not_what_was_queued_is_named_and_left_out(home: Path, tmp_path: Path) -> None:
    first, second, _ = Outbox(home).waiting()
    (Station(home).episodes / first.file).write_bytes(b"changed")
    (Station(home).episodes / second.file).unlink()
    packed = pack([home], tmp_path / "stick.tar", QuickDisk())
    assert len(packed.files) == 1
    assert [words.split(":")[0] for words in packed.refused] == [first.file, second.file]


@pytest.mark.parametrize("fault", ["fails", "dies"])
def test_an_archive_is_whole_or_not_there_whatever_call_fails_or_is_the_last(
    home: Path, tmp_path: Path, fault: str
) -> None:
    watched = WatchedDisk()
    (tmp_path / "watched").mkdir()
    whole = pack([home], tmp_path / "watched" / "stick.tar", watched)
    items = Outbox(home).waiting()
    for number in range(len(watched.log)):
        folder = tmp_path / str(number)
        folder.mkdir()
        disk = failing_at(number) if fault == "fails" else dying_at(number)
        with pytest.raises((OSError, Died)):
            pack([home], folder / "stick.tar", disk)
        assert all(path.stat().st_size == whole.size for path in folder.glob("*.tar"))
        assert Outbox(home).waiting() == items
    assert len(watched.log) >= 5


class FlippingDisk(QuickDisk):
    """Turns over one bit of a packed file, after everything was written."""

    def flush(self, descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").resolve()
        with tarfile.open(path, "r:") as archive:
            place = archive.getmembers()[2].offset_data + 5
        data = bytearray(path.read_bytes())
        data[place] ^= 1
        path.write_bytes(data)


def test_a_stick_that_gives_other_bytes_back_is_found_out(home: Path, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gives back other bytes"):
        pack([home], tmp_path / "stick.tar", FlippingDisk())
    assert not (tmp_path / "stick.tar").exists()


def test_receipts_of_an_import_end_what_waits(home: Path) -> None:
    taken = take_receipts(home, read_vouchers(vouchers(home), NOW), QuickDisk())
    assert (len(taken.receipts), taken.strangers) == (3, ())
    assert not Outbox(home).waiting()
    assert Outbox(home).counts() == {State.COLLECTED: 3}
    assert {receipt.level for receipt in Receipts(home).all()} == {Level.COLLECTED}
    assert recover(home).did_nothing


def test_receipts_taken_twice_change_nothing(home: Path) -> None:
    data = vouchers(home)
    take_receipts(home, read_vouchers(data, NOW), QuickDisk())
    before = list(Receipts(home).all())
    taken = take_receipts(home, read_vouchers(data, NOW + 9), QuickDisk())
    assert (len(taken.receipts), taken.strangers) == (3, ())
    assert list(Receipts(home).all()) == before


def test_a_receipt_for_other_bytes_or_of_a_stranger_ends_nothing(home: Path, tmp_path: Path) -> None:
    forged = vouchers(home, sha256="0" * 64)
    taken = take_receipts(home, read_vouchers(forged, NOW), QuickDisk())
    assert (taken.receipts, len(taken.strangers)) == ((), 3)
    record_session(tmp_path / "right", "x", episodes=2)
    taken = take_receipts(home, read_vouchers(vouchers(tmp_path / "right"), NOW), QuickDisk())
    assert any("no file of this station" in words for words in taken.strangers)
    assert all(
        receipt.file in {item.file for item in Outbox(tmp_path / "right").waiting()} for receipt in taken.receipts
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"level": 3', b'"level": 4'), (b'"file": "', b'"file": "../'), (b'"format": 1', b'"format": 2'), (b"[", b"")],
)
def test_a_strange_file_of_receipts_is_refused_whole(home: Path, old: bytes, new: bytes) -> None:
    with pytest.raises(StateFileError):
        read_vouchers(vouchers(home).replace(old, new, 1), NOW)


def test_taking_receipts_survives_whatever_call_fails(tmp_path: Path) -> None:
    record_session(tmp_path / "original", "x", rows=3)
    receipts = read_vouchers(vouchers(tmp_path / "original"), NOW)
    names = {item.file for item in Outbox(tmp_path / "original").waiting()}
    for number in range(30):
        home = tmp_path / str(number)
        record_session(home, "x", rows=3)
        try:
            take_receipts(home, receipts, failing_at(number))
        except OSError:
            assert {item.file for item in Outbox(home).items()} == names
            assert len(take_receipts(home, receipts, QuickDisk()).receipts) == 3
        assert not Outbox(home).waiting()


def test_the_inventory_names_every_file_in_one_state(home: Path) -> None:
    assert count_states(take_inventory(home)) == {State.QUEUED: 3}
    first, second, _ = Outbox(home).waiting()
    Outbox(home).path(first.name).unlink()
    Outbox(home).path(second.name).write_bytes(b"half")
    (Station(home).recording / "a draft").mkdir()
    entries = take_inventory(home)
    assert count_states(entries) == {State.RECORDING: 1, State.FINAL: 2, State.QUEUED: 1}
    assert [entry.item.reason for entry in entries if entry.item.file == second.file] == [
        "its item or receipt cannot be read: run sync"
    ]
    assert all(entry.written_at > 0 for entry in entries)
