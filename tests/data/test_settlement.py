"""What an earlier run delivered is verified again: a receipt that holds rises, one that does not is an alarm."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from data.courier import PASS_SECONDS, run_courier
from data.delivery import DeliveryReport, deliver
from data.outbox import Outbox, State
from data.receipts import Level, Receipts, decode_receipt, encode_receipt
from data.recovery import recover
from data.settlement import PATIENCE_SECONDS, SETTLE_ITEMS, Settlement
from data.shares.folder_share import FolderShare
from data.station import Station
from tests.support.disks import QuickDisk
from tests.support.stations import make_frames, make_recorder, make_terms, record_episode, record_session

NOW = 1_800_000_000.0
QUICK = QuickDisk()


@pytest.fixture
def share(tmp_path: Path) -> FolderShare:
    return FolderShare.create(tmp_path / "share", QUICK)


@pytest.fixture
def home(tmp_path: Path, share: FolderShare) -> Path:
    """A station whose three files were delivered by an earlier run."""
    record_session(tmp_path / "left", share.url)
    assert len(deliver(tmp_path / "left", now=NOW, run="first").delivered) == 3
    return tmp_path / "left"


def levels(home: Path) -> list[Level]:
    return [receipt.level for receipt in Receipts(home).all()]


def settle(home: Path, run: str = "second", now: float = NOW + 10) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    report = deliver(home, now=now, run=run, settlement=Settlement(Station(home), run))
    return len(report.settled), report.alarms, report.trouble


def test_a_later_run_raises_what_still_holds_and_only_once(home: Path) -> None:
    before = list(Receipts(home).all())
    assert settle(home) == (3, (), ())
    assert levels(home) == [Level.SETTLED] * 3
    for old, new in zip(before, Receipts(home).all(), strict=True):
        assert new == replace(old, level=Level.SETTLED, run="second", verified_at=NOW + 10)
    assert settle(home, "third") == (0, (), ())
    assert Outbox(home).counts() == {State.SETTLED: 3}


def test_the_run_that_delivered_does_not_settle(home: Path) -> None:
    assert settle(home, "first") == (0, (), ())
    assert levels(home) == [Level.STORED] * 3


def test_a_receipt_from_before_there_were_runs_may_rise(home: Path) -> None:
    (receipt, *_) = Receipts(home).all()
    old = encode_receipt(receipt).replace(b',\n  "run": "first",\n  "verified_at": ""', b"")
    assert decode_receipt(old).run == ""
    Receipts(home).path(receipt.name).write_bytes(old)
    assert settle(home, "first") == (1, (), ())


def test_a_receipt_never_falls(home: Path) -> None:
    receipts = Receipts(home)
    (receipt, *_) = receipts.all()
    for level in (Level.COLLECTED, Level.STORED, Level.SETTLED):
        receipts.write(replace(receipt, level=level))
        found = receipts.find(receipt.name)
        assert found is not None
        assert found.level is Level.COLLECTED


def _check_what_was_lost(home: Path, share: FolderShare, name: str, found: str) -> None:
    settled, (alarm,), _ = settle(home)
    assert settled == 2
    assert name in alarm
    assert found in alarm
    (item,) = Outbox(home).waiting()
    assert item.name == name
    assert found in item.reason
    assert Receipts(home).find(name) is None
    (trace,) = Station(home).revoked.iterdir()
    assert found in trace.read_text()
    assert item.sha256 in trace.read_text()
    assert recover(home).did_nothing


def test_what_the_share_has_lost_is_an_alarm_and_is_delivered_again(home: Path, share: FolderShare) -> None:
    lost = next(share.root.rglob("*.dyadlog"))
    data = lost.read_bytes()
    lost.unlink()
    _check_what_was_lost(home, share, lost.name, "nothing")
    assert len(deliver(home, now=NOW + 20, run="second").delivered) == 1
    assert lost.read_bytes() == data
    assert levels(home) == [Level.SETTLED, Level.SETTLED, Level.STORED]


def test_what_the_share_has_changed_is_an_alarm_and_stays_a_conflict(home: Path, share: FolderShare) -> None:
    changed = next(share.root.rglob("*.dyad"))
    changed.write_bytes(b"something else")
    _check_what_was_lost(home, share, changed.name, "other bytes")
    assert not deliver(home, now=NOW + 20, run="second").delivered
    assert Outbox(home).counts()[State.CONFLICT] == 1
    assert changed.read_bytes() == b"something else"


def test_a_share_that_loses_a_file_twice_leaves_two_traces(home: Path, share: FolderShare) -> None:
    for run in ("second", "third"):
        next(share.root.rglob("*.dyad")).unlink()
        assert len(settle(home, run)[1]) == 1
        deliver(home, now=NOW + 20, run=run)
        for receipt in Receipts(home).all():
            Receipts(home).withdraw(receipt)
            Receipts(home).write(replace(receipt, level=Level.STORED, run="before"))
    assert len(Receipts(home).revoked()) == 2


def _unmount(share: FolderShare) -> None:
    shutil.move(share.root, share.root.with_name("away"))
    share.root.mkdir()


def _exchange(share: FolderShare) -> None:
    _unmount(share)
    FolderShare.create(share.root, QUICK)


def _take_away(share: FolderShare) -> None:
    shutil.rmtree(share.root)


@pytest.mark.parametrize(
    ("happen", "words"),
    [(_unmount, "is it mounted"), (_exchange, "expected the share"), (_take_away, "is it mounted")],
    ids=["unmounted", "another share", "gone"],
)
def test_a_share_that_is_not_there_is_no_loss(
    home: Path, share: FolderShare, happen: Callable[[FolderShare], None], words: str
) -> None:
    happen(share)
    settled, alarms, (trouble,) = settle(home)
    assert (settled, alarms) == (0, ())
    assert words in trouble
    assert levels(home) == [Level.STORED] * 3
    assert not Outbox(home).waiting()


def test_a_silent_share_is_asked_once_a_minute(home: Path, share: FolderShare) -> None:
    away = share.root.with_name("away")
    share.root.rename(away)
    settlement = Settlement(Station(home), "second")
    asked = [
        deliver(home, now=NOW + seconds, run="second", settlement=settlement, settle_limit=5).trouble
        for seconds in (0, 1, PATIENCE_SECONDS - 1, PATIENCE_SECONDS)
    ]
    assert [len(trouble) for trouble in asked] == [1, 0, 0, 1]
    away.rename(share.root)
    report = deliver(home, now=NOW + 3 * PATIENCE_SECONDS, run="second", settlement=settlement)
    assert len(report.settled) == 3
    assert settlement.is_done


def test_a_pass_settles_a_few_and_none_while_files_wait(home: Path, share: FolderShare) -> None:
    settlement = Settlement(Station(home), "second")
    for number in range(1, 4):
        deliver(home, now=NOW, run="second", settlement=settlement, settle_limit=1)
        assert levels(home).count(Level.SETTLED) == number
    record_session(home, share.url, episodes=2)
    report = deliver(home, now=NOW, run="second", settlement=Settlement(Station(home), "x"), settle_limit=1)
    assert (len(report.delivered), report.settled) == (6, ())


class Told(threading.Event):
    """A wish to stop that comes after so many waits; `pauses` are the waits."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self._waits = waits

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0.0)
        if len(self.pauses) >= self._waits:
            self.set()
        return self.is_set()


def test_a_courier_settles_by_itself_and_not_while_an_episode_is_recorded(home: Path, share: FolderShare) -> None:
    draft = Station(home).recording / "an episode"
    draft.mkdir()
    run_courier([home], stop=Told(3), run="second", now=lambda: NOW)
    assert levels(home) == [Level.STORED] * 3
    draft.rmdir()
    run_courier([home], stop=Told(2), run="second", now=lambda: NOW)
    assert levels(home) == [Level.SETTLED] * 3
    assert SETTLE_ITEMS >= 3


def test_while_an_episode_is_recorded_files_go_one_by_one_with_pauses(tmp_path: Path, share: FolderShare) -> None:
    record_session(tmp_path / "right", share.url)
    draft = Station(tmp_path / "right").recording / "an episode"
    draft.mkdir()
    stop = Told(3)
    run_courier([tmp_path / "right"], stop=stop, poll_seconds=77.0, now=lambda: NOW)
    assert len(Outbox(tmp_path / "right").waiting()) == 0
    assert stop.pauses == [1.0, 1.0, 77.0]


def test_a_pass_ends_after_its_time_so_that_somebody_else_can_have_the_lock(tmp_path: Path, share: FolderShare) -> None:
    record_session(tmp_path / "right", share.url)
    clock = iter(number * PASS_SECONDS for number in range(100))
    passes: list[int] = []
    run_courier(
        [tmp_path / "right"],
        stop=Told(3),
        now=lambda: NOW,
        monotonic=lambda: next(clock),
        hear=lambda report: passes.append(len(report.delivered)),
    )
    assert passes == [1, 1, 1]


def test_a_courier_that_can_do_nothing_looks_seldom_at_a_full_outbox(tmp_path: Path, share: FolderShare) -> None:
    record_session(tmp_path / "right", share.url)
    away = share.root.with_name("away")
    share.root.rename(away)
    clock = iter(0.25 * number for number in range(100))
    stop, heard = Told(3), list[DeliveryReport]()
    run_courier([tmp_path / "right"], stop=stop, now=lambda: NOW, monotonic=lambda: next(clock), hear=heard.append)
    assert stop.pauses[0] == 5.0, "a pass that takes a second may be repeated after five"
    assert heard[1] is not heard[0], "the items have changed"
    assert heard[2] is heard[1], "nothing has changed since, and nothing is due: nothing is read"
    away.rename(share.root)
    stop = Told(1)
    run_courier([tmp_path / "right"], stop=stop, now=lambda: NOW + 99, monotonic=lambda: next(clock))
    assert stop.pauses == [0.5], "while something is delivered it goes on"


def test_a_file_that_comes_while_nothing_is_due_is_delivered_at_once(tmp_path: Path, share: FolderShare) -> None:
    home = tmp_path / "right"
    record_session(home, share.url)
    for item in Outbox(home).waiting():
        Outbox(home).update(item.put_off(State.BLOCKED, "a while ago", NOW))

    class Recording(Told):
        def wait(self, timeout: float | None = None) -> bool:
            if len(self.pauses) == 2:
                recorder = make_recorder(home, share.url)
                record_episode(recorder, make_terms(5), make_frames(3))
                assert recorder.close(20)
            return super().wait(timeout)

    run_courier([home], stop=Recording(4), now=lambda: NOW)
    assert {receipt.name.split("_")[3] for receipt in Receipts(home).all()} == {"ep-006"}
    assert len(Outbox(home).waiting()) == 3


def test_a_receipt_is_read_back_as_it_was_written(home: Path) -> None:
    (receipt, *_) = Receipts(home).all()
    for one in (receipt, replace(receipt, level=Level.COLLECTED, verified_at=NOW)):
        assert decode_receipt(encode_receipt(one)) == one
