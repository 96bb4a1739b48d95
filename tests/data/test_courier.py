import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from data import courier
from data.claims import Pairing, compare_claims, read_claims
from data.courier import HUNG, put_off_hanging, run_courier
from data.delivery import deliver, received
from data.files import Disk, try_lock
from data.layout import episode_folder
from data.outbox import LAST_BACKOFF_SECONDS, Item, Outbox, State
from data.receipts import Level, Receipts
from data.recovery import recover
from data.shares.folder_share import MARK_NAME, FolderShare
from data.shares.share import Identity, Probe, Share, ShareBlockedError, open_share
from data.station import Station
from games.contract import Seat
from netcode.vocabulary import Agreement, End, Ending, Reason
from tests.support.disks import Died, QuickDisk, WatchedDisk, dying_at, failing_at
from tests.support.stations import (
    files_under,
    make_frames,
    make_recorder,
    make_terms,
    record_episode,
    record_session,
)

NOW = 1_800_000_000.0


@pytest.fixture
def share(tmp_path: Path) -> FolderShare:
    return FolderShare.create(tmp_path / "share")


@pytest.fixture
def home(tmp_path: Path, share: FolderShare) -> Path:
    record_session(tmp_path / "left", share.url)
    return tmp_path / "left"


def finished_files(home: Path) -> dict[str, bytes]:
    episodes = Station(home).episodes
    return {name: (episodes / name).read_bytes() for name in files_under(episodes)}


def at_share(share: FolderShare) -> dict[str, bytes]:
    return {name: (share.root / name).read_bytes() for name in files_under(share.root) if name != MARK_NAME}


def check_acknowledged_is_retrievable(home: Path, share: FolderShare) -> None:
    """The invariant: what a receipt stands for lies at the share with exactly its bytes."""
    there = at_share(share)
    for receipt in Receipts(home).all():
        assert receipt.file in there, f"{receipt.file} was acknowledged and is not there"
        assert sha256(there[receipt.file]).hexdigest() == receipt.sha256


def check_nothing_is_lost(home: Path) -> None:
    """The other one: every finished file waits or was received."""
    known = {item.file for item in Outbox(home).items()}
    assert known == set(finished_files(home))


def test_everything_finished_is_delivered_received_and_kept(home: Path, share: FolderShare) -> None:
    before = finished_files(home)
    told: list[Item] = []
    report = deliver(home, now=NOW, report=told.append)
    assert at_share(share) == before == finished_files(home)
    assert {receipt.file for receipt in report.delivered} == set(before)
    assert (report.waiting, report.trouble, report.is_busy) == ((), (), False)
    assert [item.state for item in told] == [State.SENDING, State.VERIFIED] * 3
    assert all(received(home, item) for item in Outbox(home).items())
    check_acknowledged_is_retrievable(home, share)


def test_a_second_pass_has_nothing_to_do_and_asks_no_share(home: Path, share: FolderShare) -> None:
    deliver(home, now=NOW)
    shutil.rmtree(share.root)
    report = deliver(home, now=NOW)
    assert (report.delivered, report.trouble) == ((), ())


def test_a_home_that_was_never_used_has_nothing_to_deliver_and_stays_so(tmp_path: Path) -> None:
    assert deliver(tmp_path / "nowhere", now=NOW).delivered == ()
    assert not (tmp_path / "nowhere").exists()


def test_both_stations_deliver_one_canonical_file_and_two_claims_that_pair(tmp_path: Path, share: FolderShare) -> None:
    for seat in Seat:
        record_session(tmp_path / seat.word, share.url, seat)
        assert not deliver(tmp_path / seat.word, now=NOW).waiting
    folder = share.root / episode_folder(make_terms())
    assert sorted(path.suffix for path in folder.iterdir()) == [".dyad", ".dyadlog", ".dyadlog", ".json", ".json"]
    claims = read_claims(folder)
    assert compare_claims(claims.get(Seat.LEFT), claims.get(Seat.RIGHT)).pairing is Pairing.PAIRED


def test_stations_that_disagree_lie_side_by_side(tmp_path: Path, share: FolderShare) -> None:
    for seat in Seat:
        recorder = make_recorder(tmp_path / seat.word, share.url, seat)
        record_episode(recorder, make_terms(), make_frames(75, salt=seat), seat=seat)
        assert recorder.close(20)
        assert not deliver(tmp_path / seat.word, now=NOW).waiting
    folder = share.root / episode_folder(make_terms())
    assert len(list(folder.glob("*.dyad"))) == 2
    claims = read_claims(folder)
    assert compare_claims(claims.get(Seat.LEFT), claims.get(Seat.RIGHT)).pairing is Pairing.DIVERGED


def test_a_second_and_a_third_run_go_into_the_same_share(tmp_path: Path, share: FolderShare) -> None:
    for run in ("1" * 16, "2" * 16, "3" * 16):
        for seat in Seat:
            home = tmp_path / run / seat.word
            recorder = make_recorder(home, share.url, seat)
            record_episode(recorder, replace(make_terms(), run=run), make_frames(40), seat=seat)
            assert recorder.close(20)
            assert not deliver(home, now=NOW).waiting
    assert len(list(share.root.glob("pilot/dyad-012/*/ep-001/*.dyad"))) == 3


# -- shares in trouble -------------------------------------------------------------------------------------------------


def test_a_missing_share_costs_only_time(home: Path, share: FolderShare) -> None:
    away = share.root.with_name("away")
    share.root.rename(away)
    report = deliver(home, now=NOW)
    assert not share.root.exists(), "a mount point that is not mounted must not be filled"
    assert len(report.waiting) == 3
    assert {item.state for item in report.waiting} == {State.BLOCKED}
    assert "not there" in report.trouble[0]
    assert len(report.trouble) == 1
    assert not deliver(home, now=NOW + 0.1).trouble, "it is not asked again before its time"
    away.rename(share.root)
    assert len(deliver(home, now=NOW + LAST_BACKOFF_SECONDS).delivered) == 3


def test_a_share_that_appears_later_is_used_at_once_when_somebody_asks(home: Path, share: FolderShare) -> None:
    shutil.rmtree(share.root)
    deliver(home, now=NOW)
    share.root.mkdir()  # by hand, without our mark
    assert len(deliver(home, now=NOW, at_once=True).delivered) == 3
    check_acknowledged_is_retrievable(home, share)


def test_a_file_in_the_shares_place_is_named_and_left_alone(home: Path, share: FolderShare) -> None:
    shutil.rmtree(share.root)
    share.root.write_text("mine")
    report = deliver(home, now=NOW)
    assert "a file in its place" in report.trouble[0]
    assert share.root.read_text() == "mine"
    assert len(report.waiting) == 3


def test_another_share_can_be_named_for_what_waits(home: Path, share: FolderShare, tmp_path: Path) -> None:
    shutil.rmtree(share.root)
    deliver(home, now=NOW)
    other = FolderShare.create(tmp_path / "usb stick")
    report = deliver(home, str(other.root), now=NOW)
    assert not report.waiting
    assert {receipt.share for receipt in report.delivered} == {other.url}
    check_acknowledged_is_retrievable(home, other)


def test_an_address_of_an_unknown_kind_waits_with_words(tmp_path: Path) -> None:
    record_session(tmp_path, "s3://server/lab")
    report = deliver(tmp_path, now=NOW)
    assert "expected a folder or a URL" in report.trouble[0]
    assert len(report.waiting) == 3


def test_an_unmounted_mount_point_is_not_filled(home: Path, share: FolderShare) -> None:
    class Mounted(FolderShare):
        def identify(self) -> Identity:
            return super().identify()._replace(is_mount=True)

    def mounted(url: str) -> Share:
        return Mounted(share.root)

    assert deliver(home, now=NOW, open_share=mounted).delivered
    record_episode_more(home, share)
    shutil.rmtree(share.root)
    share.root.mkdir()
    report = deliver(home, now=NOW)
    assert "not mounted" in report.trouble[0]
    assert files_under(share.root) == set()
    assert deliver(home, now=NOW, at_once=True, open_share=mounted).delivered


def record_episode_more(home: Path, share: FolderShare) -> None:
    recorder = make_recorder(home, share.url)
    record_episode(recorder, make_terms(7), make_frames(31))
    assert recorder.close(20)


def test_a_share_that_vanishes_in_the_middle_blocks_the_rest_and_resumes(home: Path, share: FolderShare) -> None:
    away = share.root.with_name("away")

    class Vanishing(FolderShare):
        def store(self, relative: str, source: Path, sha256: str, owner: str) -> Level:
            if relative.endswith(".dyadlog"):
                self.root.rename(away)
            return super().store(relative, source, sha256, owner)

    report = deliver(home, now=NOW, open_share=lambda url: Vanishing(share.root))
    assert len(report.delivered) == 2
    assert [item.state for item in report.waiting] == [State.BLOCKED]
    away.rename(share.root)
    assert len(deliver(home, now=NOW, at_once=True).delivered) == 1
    check_acknowledged_is_retrievable(home, share)


def test_other_bytes_under_a_name_are_a_conflict_that_is_shown_and_kept(home: Path, share: FolderShare) -> None:
    name = next(name for name in finished_files(home) if name.endswith(".dyad"))
    (share.root / name).parent.mkdir(parents=True)
    (share.root / name).write_bytes(b"theirs")
    report = deliver(home, now=NOW)
    assert len(report.delivered) == 2
    assert [(item.file, item.state) for item in report.waiting] == [(name, State.CONFLICT)]
    assert "other bytes" in report.trouble[0]
    assert (share.root / name).read_bytes() == b"theirs"
    check_nothing_is_lost(home)


def test_a_station_file_that_has_changed_is_not_delivered(home: Path, share: FolderShare) -> None:
    name = next(name for name in finished_files(home) if name.endswith(".dyad"))
    (Station(home).episodes / name).write_bytes(b"bit rot")
    report = deliver(home, now=NOW)
    assert [(item.file, item.state) for item in report.waiting] == [(name, State.LOCAL_CORRUPT)]
    assert name not in at_share(share)


# -- receipts ----------------------------------------------------------------------------------------------------------


class LyingShare:
    """The mutant of every share: says that it stored, and did not."""

    def __init__(self, honest: FolderShare) -> None:
        self._honest = honest
        self.url = honest.url

    def identify(self) -> Identity:
        return self._honest.identify()

    def probe(self, owner: str) -> Probe:
        return self._honest.probe(owner)

    def store(self, relative: str, source: Path, sha256: str, owner: str) -> Level:
        return Level.STORED

    def sha256_of(self, relative: str) -> str | None:
        return self._honest.sha256_of(relative)


def test_the_mutant_that_acknowledges_before_storing_is_caught(home: Path, share: FolderShare) -> None:
    deliver(home, now=NOW, open_share=lambda url: LyingShare(share))
    with pytest.raises(AssertionError, match="is not there"):
        check_acknowledged_is_retrievable(home, share)
    assert not any(received(home, item) for item in Outbox(home).items()), "the share itself is asked"


def test_received_asks_the_share_and_not_only_the_receipt(home: Path, share: FolderShare) -> None:
    items = Outbox(home).items()
    assert not any(received(home, item) for item in items)
    deliver(home, now=NOW)
    assert all(received(home, item) for item in items)
    assert not received(home, replace(items[0], sha256="0" * 64))
    (share.root / items[0].file).write_bytes(b"changed")
    (share.root / items[1].file).unlink()
    assert [received(home, item) for item in items] == [False, False, True]
    shutil.rmtree(share.root)
    assert not any(received(home, item) for item in items)


def test_a_receipt_names_file_hash_share_and_level(home: Path, share: FolderShare) -> None:
    for receipt in deliver(home, now=NOW).delivered:
        assert Receipts(home).find(receipt.name) == receipt
        assert receipt.share == share.url
        assert receipt.share_id == share.identify().share_id
        assert (receipt.level, receipt.received_at) == (Level.STORED, NOW)


def test_an_item_goes_only_after_its_receipt_is_durable(home: Path, share: FolderShare) -> None:
    disk = WatchedDisk()
    deliver(home, now=NOW, disk=disk)
    station = Station(home)
    for item in Outbox(home).items():
        placed = next(n for n, call in enumerate(disk.log) if call[1][-1:] == (Receipts(home).path(item.name),))
        flushed = disk.log.index(("flush_folder", (station.receipts,)), placed)
        assert disk.log.index(("unlink", (station.outbox / f"{item.name}.json",))) > flushed


# -- crashes and faults at every call ----------------------------------------------------------------------------------


def delivery_calls(home: Path) -> int:
    disk = WatchedDisk()
    deliver(home, now=NOW, disk=disk, open_share=on_disk(disk))
    return len(disk.log)


def on_disk(disk: Disk) -> Callable[[str], Share]:
    """Shares by URL, on a disk of ours."""

    def opened(url: str) -> Share:
        share = open_share(url)
        assert isinstance(share, FolderShare)
        return FolderShare(share.root, disk)

    return opened


@pytest.mark.parametrize("fault", ["fails", "dies"])
def test_nothing_is_lost_whatever_call_fails_or_is_the_last(tmp_path: Path, fault: str) -> None:
    original = tmp_path / "original"
    record_session(original, tmp_path / "share", rows=31)
    shutil.copytree(original, tmp_path / "watched")
    FolderShare.create(tmp_path / "share")
    calls = delivery_calls(tmp_path / "watched")
    assert calls > 60
    for number in range(calls):
        home = tmp_path / f"{number}"
        shutil.copytree(original, home)
        shutil.rmtree(tmp_path / "share")
        share = FolderShare.create(tmp_path / "share")
        disk = failing_at(number) if fault == "fails" else dying_at(number)
        with suppress(Died):
            deliver(home, now=NOW, disk=disk, open_share=on_disk(disk))
        check_acknowledged_is_retrievable(home, share)
        check_nothing_is_lost(home)
        recover(home, disk=QuickDisk())
        check_nothing_is_lost(home)
        quick = QuickDisk()
        report = deliver(home, now=NOW, at_once=True, disk=quick, open_share=on_disk(quick))
        assert not report.waiting, (number, report.trouble)
        assert at_share(share) == finished_files(home), number
        check_acknowledged_is_retrievable(home, share)


# -- the process -------------------------------------------------------------------------------------------------------


def test_two_couriers_do_not_deliver_from_one_home(home: Path) -> None:
    lock = try_lock(Station(home).courier_lock)
    assert lock is not None
    report = deliver(home, now=NOW)
    assert report.is_busy
    assert len(report.waiting) == 3
    lock.release()
    assert len(deliver(home, now=NOW).delivered) == 3


def test_what_a_courier_hung_at_is_blocked_in_words_once_it_is_gone(home: Path) -> None:
    lock = try_lock(Station(home).courier_lock)
    assert lock is not None
    assert put_off_hanging(home, NOW) == 0, "it cannot be ended, and holds its lock"
    lock.release()
    Outbox(home).update(Outbox(home).waiting()[0].hold())
    assert put_off_hanging(home, NOW) == 2
    assert put_off_hanging(home, NOW) == 0, "nothing is due any more"
    assert Outbox(home).counts() == {State.WAIT: 1, State.BLOCKED: 2}
    assert {item.reason for item in Outbox(home).waiting() if not item.is_held} == {HUNG}
    assert put_off_hanging(home.parent / "nowhere", NOW) == 0


def test_a_pass_is_bounded(home: Path) -> None:
    report = deliver(home, now=NOW, limit=2)
    assert (len(report.delivered), len(report.waiting)) == (2, 1)


def test_a_courier_delivers_from_every_home_until_it_is_told_to_stop(tmp_path: Path, share: FolderShare) -> None:
    homes = [tmp_path / seat.word for seat in Seat]
    stop = threading.Event()
    verified: list[str] = []

    def note(item: Item) -> None:
        if item.state is State.VERIFIED:
            verified.append(item.name)
            if len(verified) == 6:
                stop.set()

    courier = threading.Thread(
        target=run_courier,
        args=(homes,),
        kwargs={"stop": stop, "poll_seconds": 0.01, "report": note, "now": lambda: NOW},
    )
    courier.start()
    for seat in Seat:
        record_session(tmp_path / seat.word, share.url, seat)
    courier.join(30)
    assert not courier.is_alive()
    assert len(verified) == 6
    assert not any(Outbox(home).waiting() for home in homes)


class CountedStop(threading.Event):
    """Notes how long it was rested, and comes when nothing waits any more."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.rests: list[float] = []
        self._home = home

    def wait(self, timeout: float | None = None) -> bool:
        self.rests.append(timeout or 0.0)
        if not Outbox(self._home).waiting():
            self.set()
        return self.is_set()


@pytest.mark.parametrize("recording", [False, True])
def test_a_backlog_is_not_rested_from_unless_somebody_plays(
    home: Path, monkeypatch: pytest.MonkeyPatch, *, recording: bool
) -> None:
    monkeypatch.setattr(courier, "PASS_ITEMS", 1)
    stop = CountedStop(home)
    if recording:
        (Station(home).recording / "a draft").mkdir()
    run_courier([home], stop=stop, poll_seconds=60.0, now=lambda: NOW)
    assert len(stop.rests) == 3
    pause = 60.0 if recording else courier.LOCK_GAP_SECONDS
    assert stop.rests == [pause, pause, 60.0]


def test_a_recovered_partial_is_delivered_beside_the_partners_whole(tmp_path: Path, share: FolderShare) -> None:
    partial = Ending(End(Reason.CUT, 45), Agreement.PARTNER_LOST, 45)
    recorder = make_recorder(tmp_path / "right", share.url, Seat.RIGHT)
    record_episode(recorder, make_terms(), make_frames(45), partial, seat=Seat.RIGHT)
    assert recorder.close(20)
    record_session(tmp_path / "left", share.url)
    for seat in Seat:
        deliver(tmp_path / seat.word, now=NOW)
    claims = read_claims(share.root / episode_folder(make_terms()))
    assert compare_claims(claims[Seat.LEFT], claims[Seat.RIGHT]).pairing is Pairing.PREFIX


def test_a_station_without_an_identity_says_so_and_delivers_after_a_recovery(home: Path) -> None:
    Station(home).identity_file.unlink()
    assert "recover this home first" in deliver(home, now=NOW).trouble[0]
    recover(home)
    assert len(deliver(home, now=NOW).delivered) == 3


def test_a_share_can_say_no_in_any_words(home: Path, share: FolderShare) -> None:
    class Refusing(FolderShare):
        def probe(self, owner: str) -> Probe:
            raise ShareBlockedError("closed for the holidays")

    report = deliver(home, now=NOW, open_share=lambda url: Refusing(share.root))
    assert report.trouble == ("closed for the holidays",)
    assert {item.reason for item in report.waiting} == {"closed for the holidays"}


def test_a_home_that_cannot_be_locked_is_told_and_costs_nothing(home: Path) -> None:
    Station(home).courier_lock.unlink(missing_ok=True)
    Station(home).courier_lock.mkdir()
    assert "this machine is in the way" in deliver(home, now=NOW).trouble[0]
    check_nothing_is_lost(home)


def test_a_disk_of_this_machine_that_fails_is_told_and_costs_nothing(home: Path, share: FolderShare) -> None:
    report = deliver(home, now=NOW, disk=failing_at(0), open_share=lambda url: FolderShare(share.root, Disk()))
    assert "this machine is in the way" in report.trouble[0]
    check_nothing_is_lost(home)
