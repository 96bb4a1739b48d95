import errno
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.claims import decode_claim, read_claims
from data.delivery import deliver
from data.episode_format import encode_header, read_episode
from data.episode_writer import RETRY_SECONDS, EpisodeWriter
from data.files import Disk
from data.layout import episode_folder
from data.local_format import read_local
from data.outbox import Outbox, State
from data.recorder import QueueLimits, Recorder
from data.recovery import recover
from data.shares.folder_share import FolderShare
from data.station import Station, open_station
from data.tape import Tape
from games.contract import Seat
from netcode.vocabulary import NEUTRAL, Agreement, ConfirmedFrame, End, Ending, Reason
from tests.support.disks import DroppingDisk, QuickDisk, WatchedDisk, failing_at, failing_from
from tests.support.oplog import violations
from tests.support.stations import (
    STATISTICS,
    begin,
    cut,
    files_under,
    finished,
    local_header,
    make_frames,
    make_recorder,
    make_terms,
    record_episode,
    record_session,
)

ROWS = 75


def episode_files(home: Path, episode: int = 0) -> list[Path]:
    folder = Station(home).episodes / episode_folder(make_terms(episode))
    return sorted(folder.iterdir()) if folder.is_dir() else []


def canonical_of(home: Path, episode: int = 0) -> Path:
    return next(path for path in episode_files(home, episode) if path.suffix == ".dyad")


def test_an_ended_episode_is_published_claimed_and_queued(tmp_path: Path) -> None:
    home = tmp_path / "left"
    recorder = make_recorder(home, "/share")
    record_episode(recorder, make_terms(), make_frames(ROWS))
    assert recorder.close(20)
    (sealed,) = recorder.sealed
    episode = read_episode(sealed.path.read_bytes())
    assert episode.rows == tuple(frame.row for frame in make_frames(ROWS))
    assert (episode.sha256, episode.end) == (sealed.sha256, finished(ROWS).end)
    assert sealed.claim == read_claims(sealed.path.parent)[Seat.LEFT]
    assert sealed.claim.statistics == STATISTICS
    assert {item.name for item in Outbox(home).waiting()} == {path.name for path in episode_files(home)}
    assert {item.state for item in Outbox(home).waiting()} == {State.QUEUED}
    assert recorder.alarms == ()


def test_the_local_file_holds_every_note_and_how_it_ended(tmp_path: Path) -> None:
    home = tmp_path / "left"
    record_session(home, "/share")
    (path,) = (path for path in episode_files(home) if path.suffix == ".dyadlog")
    local = read_local(path.read_bytes())
    assert len(local.of("focus")) == ROWS
    assert local.of("ending")[0]["agreement"] == "mutual"
    assert dict(local.stats) == {"rollbacks": 3, "away_frames_left": 4, "away_frames_right": 0}


def test_nothing_is_left_in_recording_after_a_session(tmp_path: Path) -> None:
    record_session(tmp_path, "/share", episodes=3)
    assert list(Station(tmp_path).recording.iterdir()) == []
    assert [len(episode_files(tmp_path, episode)) for episode in range(3)] == [3, 3, 3]


def test_both_seats_record_the_same_bytes_under_the_same_name(tmp_path: Path) -> None:
    for seat in Seat:
        record_session(tmp_path / seat.word, "/share", seat)
    left, right = (canonical_of(tmp_path / seat.word) for seat in Seat)
    assert left.name == right.name
    assert left.read_bytes() == right.read_bytes()


@pytest.mark.parametrize("stranger", [b"row", (0, NEUTRAL), tuple(make_frames(1)[0]), None])
def test_only_a_confirmed_frame_is_recorded(tmp_path: Path, stranger: ConfirmedFrame) -> None:
    recorder = make_recorder(tmp_path, "/share")
    begin(recorder, make_terms())
    with pytest.raises(TypeError, match="ConfirmedFrame"):
        recorder.record([stranger])
    recorder.end(cut(0), {})
    assert recorder.close(20)


def test_only_the_next_frame_of_an_open_episode_is_recorded(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path, "/share")
    with pytest.raises(ValueError, match="open episode"):
        recorder.record(make_frames(1))
    begin(recorder, make_terms())
    with pytest.raises(ValueError, match="expected frame 0"):
        recorder.record(make_frames(1, start=1))
    recorder.record(make_frames(2))
    with pytest.raises(ValueError, match="expected frame 2"):
        recorder.record(make_frames(1))
    with pytest.raises(ValueError, match="2 rows"):
        recorder.end(cut(3), {})
    with pytest.raises(ValueError, match="end it first"):
        begin(recorder, make_terms(1))
    recorder.end(cut(2), {})
    with pytest.raises(ValueError, match="open episode"):
        recorder.end(cut(2), {})
    assert recorder.close(20)
    assert read_episode(canonical_of(tmp_path).read_bytes()).end == cut(2).end


def test_an_id_that_is_no_file_name_is_refused_before_anything_is_recorded(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path, "/share")
    with pytest.raises(ValueError, match="dyad"):
        begin(recorder, make_terms(dyad="a/b"))
    assert recorder.close(20)


def test_a_wrong_note_costs_neither_the_episode_nor_the_thread(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path, "/share")
    begin(recorder, make_terms())
    recorder.note("no such kind", 1)
    recorder.end(cut(0), {})
    assert recorder.close(20)
    assert recorder.refused_notes == 1
    assert "no such kind" in recorder.alarms[0]
    assert len(recorder.sealed) == 1


def test_short_and_interrupted_writes_change_nothing(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path, "/share", disk=DroppingDisk())
    record_episode(recorder, make_terms(), make_frames(ROWS))
    assert recorder.close(20)
    assert read_episode(canonical_of(tmp_path).read_bytes()).end.rows == ROWS


class StallingDisk(Disk):
    """A disk that stops answering in the middle of a flush until it is let go."""

    def __init__(self) -> None:
        self.is_reached = threading.Event()
        self.let_go = threading.Event()

    def flush(self, descriptor: int) -> None:
        self.is_reached.set()
        assert self.let_go.wait(30)
        super().flush(descriptor)


def stalled(home: Path, limits: QueueLimits) -> tuple[Recorder, StallingDisk]:
    open_station(home, "/share", QuickDisk())
    disk = StallingDisk()
    recorder = make_recorder(home, "/share", disk=disk, limits=limits)
    begin(recorder, make_terms())
    assert disk.is_reached.wait(30)
    return recorder, disk


def test_a_disk_that_hangs_raises_an_alarm_and_makes_no_tick_wait(tmp_path: Path) -> None:
    recorder, disk = stalled(tmp_path, QueueLimits(alarm=50))
    for frame in make_frames(ROWS):
        recorder.record([frame])  # returns while the disk hangs: this thread is the only one that could let it go
    assert "does not answer" in recorder.alarms[0]
    recorder.end(finished(ROWS), {})
    assert not recorder.close(0)
    disk.let_go.set()
    assert recorder.close(20)
    assert recorder.alarms == ()
    assert read_episode(canonical_of(tmp_path).read_bytes()).end.rows == ROWS


def test_notes_give_way_before_frames(tmp_path: Path) -> None:
    recorder, disk = stalled(tmp_path, QueueLimits(notes=10))
    for frame in make_frames(ROWS):
        recorder.record([frame])
        recorder.note("focus", 1, True, 1)
    recorder.end(finished(ROWS), {})
    disk.let_go.set()
    assert recorder.close(20)
    assert recorder.refused_notes == ROWS - 5
    assert read_episode(canonical_of(tmp_path).read_bytes()).end == finished(ROWS).end


def test_a_record_that_had_to_stop_is_an_honest_prefix(tmp_path: Path) -> None:
    recorder, disk = stalled(tmp_path, QueueLimits(frames=40))
    recorder.record(make_frames(ROWS))
    assert "stops after 40 frames" in recorder.alarms[-1]
    recorder.end(finished(ROWS), {})
    disk.let_go.set()
    assert recorder.close(20)
    episode = read_episode(canonical_of(tmp_path).read_bytes())
    assert (episode.end.reason, episode.end.rows) == (Reason.RECOVERED, 40)
    assert episode.rows == tuple(frame.row for frame in make_frames(40))


# -- the sequence on disk, without the thread --------------------------------------------------------------------------


def make_tape(rows: int = ROWS) -> Tape:
    terms = make_terms()
    tape = Tape(terms, Seat.LEFT, encode_header(terms), local_header(terms, Seat.LEFT))
    tape.add(make_frames(rows))
    return tape


def write_episode(disk: Disk, home: Path, second_place: Path | None = None) -> EpisodeWriter:
    """One episode as the recorder's thread writes it: opened, grown, synced twice, sealed, published."""
    homes = (home,) if second_place is None else (home, second_place)
    tape = make_tape(0)
    writer = EpisodeWriter(disk, homes, tape, "/share")
    writer.sync(0.0)
    tape.add(make_frames(40))
    tape.note("focus", (1, True, 1))
    tape.collect_notes()
    writer.sync(1.0)
    tape.add(make_frames(35, start=40))
    writer.write(1.5)
    tape.seal(finished(ROWS), STATISTICS)
    writer.publish(2.0)
    return writer


def watched(tmp_path: Path) -> WatchedDisk:
    home = tmp_path / "watched"
    open_station(home, "/share", QuickDisk())
    disk = WatchedDisk()
    assert write_episode(disk, home).published is not None
    return disk


def test_every_promise_is_flushed_in_its_order(tmp_path: Path) -> None:
    log = watched(tmp_path).log
    assert violations(log, Station(tmp_path / "watched").outbox) == []
    names = [name for name, _ in log]
    assert names.index("flush_folder") < names.index("flush_data") < names.index("link")


@pytest.mark.parametrize(
    ("mutant", "broken"),
    [
        (lambda call: call[0] not in ("flush", "flush_data"), "bytes"),
        (lambda call: call[0] != "flush_folder" or call[1][0].name == "outbox", "queued"),
        (lambda call: call[0] != "flush_folder" or call[1][0].name != "outbox", "removed"),
    ],
    ids=["no flush of bytes", "no flush of the episode's folder", "no flush of the outbox"],
)
def test_a_missing_flush_is_caught(tmp_path: Path, mutant: Callable[[Any], bool], broken: str) -> None:
    log = [call for call in watched(tmp_path).log if mutant(call)]
    found = violations(log, Station(tmp_path / "watched").outbox)
    assert any(broken in words for words in found), found


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_a_failure_at_any_call_costs_no_episode(tmp_path: Path, code: int) -> None:
    calls = len(watched(tmp_path).log)
    assert calls > 50
    for number in range(calls):
        home = tmp_path / f"{code}-{number}"
        open_station(home, "/share", QuickDisk())
        writer = write_episode(failing_at(number, code), home)
        assert writer.published is not None, number
        assert writer.published == canonical_of(home)
        assert read_episode(writer.published.read_bytes()).end == finished(ROWS).end
        (claim,) = read_claims(writer.published.parent).values()
        assert decode_claim(claim_bytes(home)) == claim
        report = recover(home, disk=QuickDisk())
        assert not report.recovered, number
        assert not report.unknown, number
        assert {item.name for item in Outbox(home).waiting()} == {path.name for path in episode_files(home)}
        assert recover(home, disk=QuickDisk()).did_nothing, number


def claim_bytes(home: Path) -> bytes:
    return next(path for path in episode_files(home) if path.suffix == ".json").read_bytes()


def test_a_disk_that_fails_for_good_sends_the_episode_to_the_second_place(tmp_path: Path) -> None:
    calls = len(watched(tmp_path).log)
    for number in range(0, calls, 3):
        home, second = tmp_path / f"home-{number}", tmp_path / f"second-{number}"
        open_station(home, "/share", QuickDisk())
        writer = write_episode(failing_from(number, errno.EIO, under=home), home, second)
        assert writer.published is not None
        owner = second if second in writer.published.parents else home
        assert read_episode(canonical_of(owner).read_bytes()).end == finished(ROWS).end
        assert Outbox(owner).waiting()
        if owner == second:
            assert any(str(second) in words for words in writer.words)


def test_an_episode_that_no_place_takes_waits_in_memory_with_an_alarm_and_is_stored_when_it_can_be(
    tmp_path: Path,
) -> None:
    open_station(tmp_path, "/share", Disk())
    is_full = True

    def before(number: int, name: str, arguments: tuple[Any, ...]) -> None:
        if is_full and name == "write":
            raise OSError(errno.ENOSPC, "No space left on device")

    writer = write_episode(WatchedDisk(before), tmp_path)
    assert writer.published is None
    assert writer.is_only_in_memory
    assert "only in this program's memory" in writer.alarm
    assert "it is full" in writer.alarm
    is_full = False
    writer.publish(2.0)
    assert writer.published is None, "it asks again only after a pause"
    writer.publish(2.0 + RETRY_SECONDS)
    assert writer.published == canonical_of(tmp_path)
    assert writer.alarm == ""
    assert "is whole" in writer.words[0]
    assert list(Station(tmp_path).recording.iterdir()) == []


def test_the_window_shows_what_is_wrong_while_it_is_and_afterwards_that_it_is_mended(tmp_path: Path) -> None:
    is_full = threading.Event()

    def before(number: int, name: str, arguments: tuple[Any, ...]) -> None:
        if is_full.is_set() and name == "write":
            raise OSError(errno.ENOSPC, "No space left on device")

    now = 0.0
    recorder = Recorder(tmp_path, share_url="/share", seat=Seat.LEFT, disk=WatchedDisk(before), monotonic=lambda: now)
    is_full.set()
    begin(recorder, make_terms())
    recorder.record(make_frames(ROWS))
    wait_for(lambda: bool(recorder.alarms))
    assert "Do not close this program" in recorder.alarms[0]
    is_full.clear()
    now += RETRY_SECONDS
    wait_for(lambda: not any("Do not close" in words for words in recorder.alarms))
    assert "Tell the experimenter" in recorder.alarms[0]
    recorder.end(finished(ROWS), {})
    assert recorder.close(20)
    assert read_episode(canonical_of(tmp_path).read_bytes()).end == finished(ROWS).end


def wait_for(is_so: Callable[[], bool]) -> None:
    for _ in range(2000):
        if is_so():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came true")


def test_what_was_durable_before_a_disk_failed_is_kept_until_the_whole_is(tmp_path: Path) -> None:
    open_station(tmp_path, "/share", Disk())
    tape = make_tape(60)
    is_broken = False

    def before(number: int, name: str, arguments: tuple[Any, ...]) -> None:
        if is_broken and name in ("write", "flush_data", "flush"):
            raise OSError(errno.EIO, "injected")

    writer = EpisodeWriter(WatchedDisk(before), (tmp_path,), tape, "/share")
    writer.sync(0.0)
    is_broken = True
    tape.add(make_frames(30, start=60))
    writer.sync(1.0)
    assert recover(tmp_path).living, "the lock of the kept draft keeps a recovery away"
    writer.abandon()  # what a killed process does
    report = recover(tmp_path)
    assert len(report.recovered) == 1
    assert read_episode(canonical_of(tmp_path).read_bytes()).end.rows == 60


def test_a_failed_flush_is_never_repeated_on_its_file(tmp_path: Path) -> None:
    log = watched(tmp_path).log
    for number, (name, _) in enumerate(log):
        if name not in ("flush", "flush_data"):
            continue
        home = tmp_path / f"flush-{number}"
        open_station(home, "/share", QuickDisk())
        disk = failing_at(number)
        write_episode(disk, home)
        poisoned = disk.log[number][1][0]
        rest = disk.log[number + 1 :]
        of_it = [call[0] for call in rest if call[1][:1] == (poisoned,)]
        assert set(of_it) <= {"close", "unlink"}, number


def test_a_recorder_whose_disk_never_works_says_so_and_close_tells_the_truth(tmp_path: Path) -> None:
    is_broken = False

    def before(number: int, name: str, arguments: tuple[Any, ...]) -> None:
        if is_broken:
            raise OSError(errno.EIO, "injected")

    recorder = make_recorder(tmp_path, "/share", disk=WatchedDisk(before))
    is_broken = True
    record_episode(recorder, make_terms(), make_frames(ROWS))
    assert not recorder.close(20)
    assert recorder.sealed == ()
    (alarm,) = recorder.alarms
    assert "was not stored before this program ended" in alarm
    assert "the disk reports an error" in alarm


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_on_the_thread_is_an_alarm_and_not_a_silence(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path, "/share")
    begin(recorder, make_terms())
    recorder.end(Ending(End(Reason.FINISHED, 0, seats=(9,)), Agreement.MUTUAL), {})  # no reader would take it back
    assert not recorder.close(20)
    assert "The recorder stopped" in recorder.alarms[-1]


def test_a_recorder_that_is_closed_in_the_middle_leaves_a_legal_rest(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path, "/share")
    begin(recorder, make_terms())
    recorder.record(make_frames(65))
    assert not recorder.close(20)
    assert len(recover(tmp_path).recovered) == 1
    episode = read_episode(canonical_of(tmp_path).read_bytes())
    assert (episode.end.reason, episode.end.rows) == (Reason.RECOVERED, 60)


def test_a_second_writer_of_the_same_episode_is_kept_out(tmp_path: Path) -> None:
    open_station(tmp_path, "/share", Disk())
    first, second = (EpisodeWriter(Disk(), (tmp_path,), make_tape(), "/share") for _ in range(2))
    first.sync(0.0)
    second.sync(0.0)
    assert "another process records this episode" in second.words[0]
    before = files_under(Station(tmp_path).recording)
    second.abandon()
    assert files_under(Station(tmp_path).recording) >= {name for name in before if "try-1" in name}
    first.abandon()


def test_what_was_recorded_is_delivered(tmp_path: Path) -> None:
    share = FolderShare.create(tmp_path / "share")
    record_session(tmp_path / "left", share.url, episodes=2)
    report = deliver(tmp_path / "left", now=0.0)
    assert len(report.delivered) == 6
    assert not report.waiting
