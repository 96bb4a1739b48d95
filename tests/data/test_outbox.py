from dataclasses import replace
from pathlib import Path

import pytest

from data.files import Disk
from data.outbox import LAST_BACKOFF_SECONDS, Item, Outbox, State, decode_item, encode_item
from data.receipts import Level, Receipt, Receipts
from data.state_file import StateFileError
from data.station import known_shares, open_station, read_identity
from tests.support.disks import WatchedDisk, failing_at

SHA = "ab" * 32
STEM = "dyad-012_ses-01_run-00c0ffee00c0ffee_ep-001"
FILE = f"pilot/dyad-012/ses-01_run-00c0ffee00c0ffee/ep-001/{STEM}_canonical_abababab.dyad"
ITEM = Item(FILE, SHA, 100, "file:///share")
RECEIPT = Receipt(FILE, SHA, 100, "file:///share", "00ff", Level.STORED, 1_800_000_000.0)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    open_station(tmp_path, "file:///share", Disk())
    return tmp_path


def test_a_queued_file_waits_until_it_is_released(home: Path) -> None:
    outbox = Outbox(home)
    outbox.queue(ITEM)
    assert Outbox(home).waiting() == (ITEM,)
    assert outbox.counts() == {State.QUEUED: 1}


def test_queueing_twice_keeps_what_is_known(home: Path) -> None:
    outbox = Outbox(home)
    later = ITEM.put_off(State.BLOCKED, "full", 1_800_000_000.0)
    outbox.queue(ITEM)
    outbox.update(later)
    outbox.queue(ITEM)
    (kept,) = outbox.waiting()
    assert (kept.state, kept.attempts, kept.reason) == (State.BLOCKED, 1, "full")


def test_an_item_that_has_changed_is_read_again_and_one_that_is_gone_is_not_told(home: Path) -> None:
    outbox = Outbox(home)
    outbox.queue(ITEM)
    assert outbox.waiting() == (ITEM,)
    later = ITEM.put_off(State.BLOCKED, "full", 1_800_000_000.0)
    Outbox(home).update(later)
    (known,) = outbox.waiting()
    assert (known.state, known.attempts) == (State.BLOCKED, 1)
    outbox.path(ITEM.name).unlink()
    assert outbox.waiting() == ()


def test_an_outbox_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert Outbox(tmp_path / "nowhere").waiting() == ()


def check_that_a_file_leaves_only_against_a_receipt(outbox: Outbox, home: Path) -> None:
    outbox.queue(ITEM)
    with pytest.raises(ValueError, match="may not leave"):
        outbox.release(ITEM)
    Receipts(home).write(replace(RECEIPT, sha256="cd" * 32))
    with pytest.raises(ValueError, match="may not leave"):
        outbox.release(ITEM)
    assert outbox.path(ITEM.name).exists()


class TrustingOutbox(Outbox):
    """The mutant: lets a file go because somebody says so."""

    def release(self, *items: Item) -> None:
        for item in items:
            self.path(item.name).unlink()


def test_an_episode_leaves_the_outbox_only_against_a_receipt(home: Path) -> None:
    check_that_a_file_leaves_only_against_a_receipt(Outbox(home), home)


def test_the_mutant_that_lets_files_go_is_caught(home: Path) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check_that_a_file_leaves_only_against_a_receipt(TrustingOutbox(home), home)


def test_a_received_file_is_in_one_state_even_if_a_crash_left_its_item(home: Path) -> None:
    outbox = Outbox(home)
    outbox.queue(ITEM)
    Receipts(home).write(RECEIPT)
    assert outbox.counts() == {State.VERIFIED: 1}
    outbox.release(ITEM)
    assert outbox.waiting() == ()
    assert outbox.counts() == {State.VERIFIED: 1}


def test_an_item_is_read_back_as_it_was_written() -> None:
    item = replace(ITEM, state=State.CONFLICT, attempts=7, next_attempt=1_800_000_000.0, reason="é \n")
    assert decode_item(encode_item(item)) == item


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"state": "QUEUED"', b'"state": "PRUNED"'),
        (b'"file": "pilot', b'"file": "../pilot'),
        (b'"attempts": 0', b'"attempts": true'),
        (b'"next_attempt": "1970', b'"next_attempt": "tomorrow 1970'),
        (b'"sha256"', b'"sha512"'),
        (b"}", b""),
    ],
)
def test_a_torn_or_strange_item_is_refused_and_passed_over(home: Path, old: bytes, new: bytes) -> None:
    data = encode_item(ITEM).replace(old, new)
    with pytest.raises(StateFileError):
        decode_item(data)
    Outbox(home).path(ITEM.name).write_bytes(data)
    assert Outbox(home).waiting() == ()


def test_there_is_always_a_next_attempt_and_it_is_never_far() -> None:
    item, now = ITEM, 1_800_000_000.0
    pauses = []
    for _ in range(50):
        item = item.put_off(State.BLOCKED, "gone", now)
        pauses.append(item.next_attempt - now)
        assert not item.is_due(now)
        assert item.is_due(item.next_attempt)
    assert 0 < pauses[0] <= 1
    assert pauses[0] < pauses[3] < pauses[6]
    assert max(pauses) <= LAST_BACKOFF_SECONDS


def test_a_clock_that_jumps_a_year_delays_nothing() -> None:
    now = 1_800_000_000.0
    item = ITEM.put_off(State.BLOCKED, "gone", now)
    year = 365 * 24 * 3600
    assert item.is_due(now + year)
    assert item.is_due(now - year)


def test_a_receipt_is_kept_once_and_never_for_other_bytes(home: Path) -> None:
    receipts = Receipts(home)
    receipts.write(RECEIPT)
    receipts.write(replace(RECEIPT, received_at=1_900_000_000.0))
    assert receipts.find(RECEIPT.name) == RECEIPT
    with pytest.raises(StateFileError, match="expected"):
        receipts.write(replace(RECEIPT, sha256="cd" * 32))
    assert list(receipts.all()) == [RECEIPT]


def test_an_unreadable_receipt_proves_nothing(home: Path) -> None:
    receipts = Receipts(home)
    receipts.write(RECEIPT)
    path = next((home / "receipts").iterdir())
    for data in (b"", path.read_bytes()[:40], path.read_bytes().replace(b'"level": 1', b'"level": 9')):
        path.write_bytes(data)
        assert receipts.find(RECEIPT.name) is None
        with pytest.raises(StateFileError, match="unreadable"):
            receipts.write(RECEIPT)


def test_a_station_keeps_its_id_and_takes_a_new_share(tmp_path: Path) -> None:
    station = open_station(tmp_path / "a" / "left", "one", Disk())
    first = read_identity(station)
    open_station(station.home, "two", Disk())
    second = read_identity(station)
    assert first is not None
    assert second is not None
    assert (first.station, second.share) == (second.station, "two")
    disk = WatchedDisk()
    open_station(station.home, "two", disk)
    assert "create" not in disk.names()


def test_a_station_is_whole_or_made_again_whatever_call_fails(tmp_path: Path) -> None:
    watched = WatchedDisk()
    open_station(tmp_path / "watched", "one", watched)
    for number in range(len(watched.log)):
        home = tmp_path / str(number)
        with pytest.raises(OSError, match="injected"):
            open_station(home, "one", failing_at(number))
        station = open_station(home, "one", Disk())
        assert read_identity(station) is not None


def test_what_is_known_of_shares_may_be_lost_without_harm(home: Path) -> None:
    station = open_station(home, "one", Disk())
    for data in (b"", b"{}", b'{"format": 1, "shares": {"a": 1}}'):
        station.shares_file.write_bytes(data)
        assert known_shares(station) == {}


def test_two_programs_that_make_the_same_station_at_once_agree_on_who_it_is(tmp_path: Path) -> None:
    """Two demos were started side by side in a new home: one of them ended with "File exists"."""

    class Overtaken(Disk):
        """Another program makes the station between our looking and our writing."""

        def link(self, source: Path, target: Path) -> None:
            if not target.exists():
                open_station(tmp_path, "theirs", Disk())
            super().link(source, target)

    station = open_station(tmp_path, "ours", Overtaken())
    identity = read_identity(station)
    assert identity is not None
    assert identity.share == "ours", "the later one says where episodes go from now on"
    assert open_station(tmp_path, "ours", Disk()) == station
    assert read_identity(station) == identity, "who it is stays"
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".tmp")] == []


def test_an_identity_that_is_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "station.json").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        open_station(tmp_path, "share", Disk())
