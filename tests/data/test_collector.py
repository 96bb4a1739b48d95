"""A collector without its socket: what it answers for is there, whatever the disk and the stations do."""

import errno
import re
import shutil
import sqlite3
import subprocess
import time
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest

from data.collector.alarms import Alarm
from data.collector.checks import check_episode
from data.collector.collector import Collector, CollectorError
from data.collector.messages import (
    CHUNK_BYTES,
    Ask,
    Blocked,
    Chunk,
    Conflict,
    Have,
    Hello,
    Holds,
    Offer,
    Receipt,
    Refused,
    Welcome,
)
from data.collector.place import CollectorPlace
from data.collector.vault import Vault
from data.episode_format import EpisodeEncoder, encode_header, encode_row, state_digest
from data.files import Disk
from data.shares.folder_share import MARK_NAME
from games import registry
from games.contract import Seat
from netcode.vocabulary import End, Input, Reason
from tests.support.collecting import (
    STATION,
    alarms,
    ask,
    episode_files,
    large_file,
    played,
    quarantined,
    stored,
    whole,
)
from tests.support.disks import Died, LyingDisk, QuickDisk, WatchedDisk, dying_at, failing_at, failing_from
from tests.support.synthetic import Played, cut_short


@pytest.fixture(scope="module")
def episode(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All files of one episode, both seats."""
    return episode_files(tmp_path_factory.mktemp("episode"), played())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "share"


def collector(root: Path, disk: Disk | None = None) -> Collector:
    return Collector(root, jobs=0, disk=disk or QuickDisk())


def receipts(replies: list[object]) -> set[str]:
    return {reply.path for reply in replies if isinstance(reply, Receipt)}


def check_answered_is_retrievable(root: Path, answered: set[str], sent: dict[str, bytes]) -> None:
    there = stored(root)
    for path in answered:
        assert there[path] == sent[path], f"{path} was answered for"
    for path, data in there.items():
        assert sha256(data).hexdigest().startswith(path.rpartition("_")[2].partition(".")[0]), f"torn: {path}"


def test_everything_of_an_episode_is_answered_for_and_lies_there_byte_for_byte(
    root: Path, episode: dict[str, bytes]
) -> None:
    with collector(root) as open_collector:
        replies = ask(open_collector, *(whole(*item) for item in episode.items()))
        assert [type(reply) for reply in replies] == [Receipt] * 5
        assert {(reply.path, reply.level) for reply in replies if isinstance(reply, Receipt)} == {
            (path, 3) for path in episode
        }
    assert stored(root) == episode
    assert list((root / ".collector/incoming").rglob("*.*")) == []


def test_a_station_hears_who_the_collector_is_and_what_it_holds(root: Path, episode: dict[str, bytes]) -> None:
    path, data = next(iter(episode.items()))
    with collector(root) as open_collector:
        welcome, nothing = ask(open_collector, Hello("ab", 1, 2), Ask(path))
        assert isinstance(welcome, Welcome)
        assert welcome.share_id == open_collector.share_id
        assert nothing == Holds(b"")
        ask(open_collector, whole(path, data))
        assert ask(open_collector, Ask(path)) == [Holds(sha256(data).digest())]


def test_the_same_file_from_two_stations_is_answered_for_twice_and_lies_there_once(
    root: Path, episode: dict[str, bytes]
) -> None:
    path, data = next(iter(episode.items()))
    with collector(root) as open_collector:
        same = [whole(path, data), whole(path, data)]
        assert all(isinstance(reply, Receipt) for reply in ask(open_collector, *same))
        assert all(isinstance(reply, Receipt) for reply in ask(open_collector, *same, station="right-pc"))
    assert stored(root) == {path: data}


# --- order and failures of the disk ---------------------------------------------------------------------------------


def test_an_answer_comes_after_both_flushes_and_the_reading_back(root: Path, episode: dict[str, bytes]) -> None:
    path, data = next(iter(episode.items()))
    read: list[Path] = []

    class Reading(WatchedDisk):
        def read(self, path: Path) -> bytes:
            read.append(path)
            self.log.append(("read", (path,)))
            return super().read(path)

    disk = Reading()
    with collector(root, disk) as open_collector:
        disk.log.clear()
        assert isinstance(ask(open_collector, whole(path, data))[0], Receipt)
        log = list(disk.log)
    target = root / path
    calls = [name for name, _ in log]
    temporary = next(arguments[0] for name, arguments in log if name == "create")
    assert calls.index("flush") < calls.index("link")
    assert ("flush", (temporary,)) in log[: calls.index("link")]
    after = log[calls.index("link") :]
    assert after.index(("flush", (target,))) < after.index(("read", (target,)))
    assert after.index(("flush_folder", (target.parent,))) < after.index(("read", (target,)))
    for folder in (root, *[root / parent for parent in Path(path).parents if parent != Path()]):
        assert ("flush_folder", (folder,)) in after, folder


def test_whatever_call_fails_no_answer_is_given_for_what_is_not_there_and_the_next_try_succeeds(
    tmp_path: Path, episode: dict[str, bytes]
) -> None:
    """Every call of one turn fails once, in every run another one."""
    sent = dict(list(episode.items())[:2])
    for number in count():
        root = tmp_path / str(number)
        disk = WatchedDisk()
        with Collector(root, jobs=0, disk=disk) as open_collector:
            start = len(disk.log)
            failing = failing_at(start + number, (errno.EIO, errno.ENOSPC)[number % 2])
            disk._before = failing._before
            replies = ask(open_collector, *(whole(*item) for item in sent.items()))
            was_reached = len(disk.log) > start + number
            disk._before = None
            assert all(isinstance(reply, Receipt | Blocked) for reply in replies)
            check_answered_is_retrievable(root, receipts(replies), sent)
            again = ask(open_collector, *(whole(*item) for item in sent.items()))
            assert receipts(again) == set(sent), f"{number}: {again}"
        assert stored(root) == sent
        shutil.rmtree(root)
        if not was_reached:
            break
    assert number > 15


def test_a_collector_that_dies_between_any_two_calls_keeps_what_it_answered_for_and_goes_on(
    tmp_path: Path, episode: dict[str, bytes]
) -> None:
    sent = dict(list(episode.items())[:2])
    first, second = (whole(*item) for item in sent.items())
    for number in count():
        root = tmp_path / str(number)
        disk = WatchedDisk()
        answered: set[str] = set()
        died = False
        dead = collector(root, disk).__enter__()
        answered |= receipts(ask(dead, first))
        disk._before = dying_at(len(disk.log) + number)._before
        try:
            answered |= receipts(ask(dead, second))
        except Died:
            died = True
        _bury(dead)
        with collector(root) as open_collector:
            check_answered_is_retrievable(root, answered, sent)
            assert receipts(ask(open_collector, first, second)) == set(sent)
        assert list((root / ".collector/incoming").rglob("*.tmp")) == []
        shutil.rmtree(root)
        if not died:
            break
    assert number > 8


def _bury(dead: Collector) -> None:
    """What the system does for a process that is gone, and nothing that the process would do itself."""
    dead._vault.close()
    dead._index.close()
    assert dead._lock is not None
    dead._lock.release()


def test_a_full_disk_blocks_in_words_and_the_collector_goes_on_when_there_is_space(
    root: Path, episode: dict[str, bytes]
) -> None:
    class Filling(QuickDisk):
        free = 10**9

        def free_bytes(self, path: Path) -> int:
            return self.free

    disk = Filling()
    path, data = next(iter(episode.items()))
    with collector(root, disk) as open_collector:
        disk.free = 1000
        (reply,) = ask(open_collector, whole(path, data))
        assert isinstance(reply, Blocked)
        assert "full" in reply.words
        assert "full" in open_collector.view().trouble
        disk.free = 10**9
        assert isinstance(ask(open_collector, whole(path, data))[0], Receipt)
        assert open_collector.view().trouble == ""


def test_a_disk_that_fills_up_in_the_middle_blocks_every_file_of_the_turn_and_leaves_nothing_torn(
    root: Path, episode: dict[str, bytes]
) -> None:
    disk = WatchedDisk()
    with collector(root, disk) as open_collector:
        disk._before = failing_from(len(disk.log) + 4, errno.ENOSPC)._before
        replies = ask(open_collector, *(whole(*item) for item in episode.items()))
        check_answered_is_retrievable(root, receipts(replies), episode)
        assert any(isinstance(reply, Blocked) and "full" in reply.words for reply in replies)
        disk._before = None
        assert receipts(ask(open_collector, *(whole(*item) for item in episode.items()))) == set(episode)


def test_a_share_that_is_not_mounted_any_more_is_not_filled(root: Path, episode: dict[str, bytes]) -> None:
    with collector(root) as open_collector:
        (root / MARK_NAME).unlink()
        (reply,) = ask(open_collector, whole(*next(iter(episode.items()))))
        assert isinstance(reply, Blocked)
        assert "mounted" in reply.words
    assert stored(root) == {}


def test_a_folder_that_somebody_removed_is_made_anew(root: Path, episode: dict[str, bytes]) -> None:
    items = list(episode.items())
    with collector(root) as open_collector:
        ask(open_collector, whole(*items[0]))
        shutil.rmtree(root / "pilot")
        for _ in range(2):
            replies = ask(open_collector, whole(*items[1]))
        assert isinstance(replies[0], Receipt)


def test_a_clock_that_jumps_decides_nothing(root: Path, episode: dict[str, bytes]) -> None:
    with collector(root) as open_collector:
        for now, item in zip((5.0, -1e9, 1e12, 0.0, 7.0), episode.items(), strict=True):
            assert isinstance(ask(open_collector, whole(*item), now=now)[0], Receipt)
            open_collector.tend(now)
    assert stored(root) == episode


def test_two_collectors_do_not_work_in_one_folder(root: Path) -> None:
    with collector(root), pytest.raises(CollectorError, match="another collector"), collector(root):
        pass


# --- files in several chunks ----------------------------------------------------------------------------------------


def chunks(path: str, data: bytes, start: int = 0) -> list[Chunk]:
    digest = sha256(data).digest()
    offsets = range(start, len(data), CHUNK_BYTES)
    return [Chunk(path, digest, len(data), offset, data[offset : offset + CHUNK_BYTES]) for offset in offsets]


@pytest.fixture(scope="module")
def large() -> tuple[str, bytes]:
    return large_file(played(), 3 * CHUNK_BYTES)


def test_a_large_file_goes_on_where_a_killed_collector_had_it(root: Path, large: tuple[str, bytes]) -> None:
    path, data = large
    digest = sha256(data).digest()
    parts = chunks(path, data)
    offer = Offer(path, digest, len(data), fresh=False)
    with collector(root) as before:
        assert ask(before, offer) == [Have(0, sha256(b"").digest())]
        assert ask(before, *parts[:2]) == [Have(CHUNK_BYTES, b""), Have(2 * CHUNK_BYTES, b"")]
    with collector(root) as after:
        have = Have(2 * CHUNK_BYTES, sha256(data[: 2 * CHUNK_BYTES]).digest())
        assert ask(after, offer) == [have]
        replies = ask(after, *parts[2:])
        assert replies[-1] == Receipt(path, digest, 3)
        assert ask(after, offer) == [Receipt(path, digest, 3)]
    assert stored(root) == {path: data}


def test_a_chunk_that_does_not_fit_changes_nothing_and_says_where_to_go_on(
    root: Path, large: tuple[str, bytes]
) -> None:
    path, data = large
    parts = chunks(path, data)
    with collector(root) as open_collector:
        ask(open_collector, parts[0])
        assert ask(open_collector, parts[2], parts[0]) == [Have(CHUNK_BYTES, b"")] * 2


def test_a_beginning_that_is_not_the_station_s_is_forgotten_on_request(root: Path, large: tuple[str, bytes]) -> None:
    path, data = large
    digest = sha256(data).digest()
    with collector(root) as open_collector:
        wrong = Chunk(path, digest, len(data), 0, bytes(1000))
        assert ask(open_collector, wrong) == [Have(1000, b"")]
        (have,) = ask(open_collector, Offer(path, digest, len(data), fresh=False))
        assert have == Have(1000, sha256(bytes(1000)).digest())
        (fresh,) = ask(open_collector, Offer(path, digest, len(data), fresh=True))
        assert fresh == Have(0, sha256(b"").digest())
        assert isinstance(ask(open_collector, *chunks(path, data))[-1], Receipt)


def test_chunks_that_do_not_make_the_promised_file_are_refused_and_forgotten(
    root: Path, large: tuple[str, bytes]
) -> None:
    path, data = large
    parts = chunks(path, data)
    broken = [*parts[:1], *[Chunk(*_fields(part, bytes(len(part.data)))) for part in parts[1:]]]
    with collector(root) as open_collector:
        reply = ask(open_collector, *broken)[-1]
        assert isinstance(reply, Refused)
        (have,) = ask(open_collector, Offer(path, parts[0].sha256, len(data), fresh=False))
        assert have == Have(0, sha256(b"").digest())
    assert stored(root) == {}


def _fields(chunk: Chunk, data: bytes) -> tuple[str, bytes, int, int, bytes]:
    return chunk.path, chunk.sha256, chunk.size, chunk.offset, data


def test_a_large_file_that_was_blocked_at_its_end_needs_only_its_name(root: Path, large: tuple[str, bytes]) -> None:
    path, data = large
    parts = chunks(path, data)
    disk = WatchedDisk()
    with collector(root, disk) as open_collector:
        ask(open_collector, *parts[:-1])

        def refuse_links(_count: int, name: str, _arguments: object) -> None:
            if name == "link":
                raise OSError(errno.ENOSPC, "injected")

        disk._before = refuse_links
        assert isinstance(ask(open_collector, parts[-1])[0], Blocked)
        disk._before = None
        (reply,) = ask(open_collector, Offer(path, parts[0].sha256, len(data), fresh=False))
        assert isinstance(reply, Receipt)
    assert stored(root) == {path: data}


def test_a_station_s_forgotten_beginnings_do_not_pile_up(root: Path) -> None:
    with collector(root) as open_collector:
        path, data = large_file(played(), 2 * CHUNK_BYTES)
        start = path.rpartition("_")[0]
        for number in range(20):
            digest = sha256(bytes([number])).digest()
            name = f"{start}_{digest.hex()[:8]}.dyadlog"
            ask(open_collector, Chunk(name, digest, len(data), 0, b"x"))
    assert len(list((root / ".collector/incoming" / STATION).iterdir())) == 16


# --- conflicts, damage, divergence ----------------------------------------------------------------------------------


def test_other_bytes_under_a_name_stay_and_what_was_sent_is_kept_with_an_alarm(
    root: Path, episode: dict[str, bytes]
) -> None:
    path, data = next(iter(episode.items()))
    (root / path).parent.mkdir(parents=True)
    (root / path).write_bytes(b"other bytes")
    rung: list[Alarm] = []
    with Collector(root, jobs=0, ring=rung.append, disk=QuickDisk()) as open_collector:
        for _ in range(2):
            (reply,) = ask(open_collector, whole(path, data))
            assert isinstance(reply, Conflict)
        assert [alarm.kind for alarm in rung] == ["conflict"]
    assert (root / path).read_bytes() == b"other bytes"
    assert list(quarantined(root).values()) == [data]
    assert len(alarms(root)) == 1


def test_a_large_file_with_a_name_that_has_other_bytes_is_sent_once_and_then_known(
    root: Path, large: tuple[str, bytes]
) -> None:
    path, data = large
    (root / path).parent.mkdir(parents=True)
    (root / path).write_bytes(b"other bytes")
    offer = Offer(path, sha256(data).digest(), len(data), fresh=False)
    with collector(root) as open_collector:
        assert isinstance(ask(open_collector, offer)[0], Have)
        assert isinstance(ask(open_collector, *chunks(path, data))[-1], Conflict)
        assert isinstance(ask(open_collector, offer)[0], Conflict)
    assert list(quarantined(root).values()) == [data]


def _renamed(path: str, data: bytes) -> str:
    start, _, end = path.rpartition("_")
    return f"{start}_{sha256(data).hexdigest()[:8]}.{end.partition('.')[2]}"


def test_a_damaged_file_is_refused_kept_and_rings(root: Path, episode: dict[str, bytes]) -> None:
    rung: list[Alarm] = []
    with Collector(root, jobs=0, ring=rung.append, disk=QuickDisk()) as open_collector:
        for path, data in episode.items():
            broken = data[: len(data) // 2] + b"?" + data[len(data) // 2 + 1 :]
            (reply,) = ask(open_collector, whole(_renamed(path, broken), broken))
            if path.endswith(".json") and isinstance(reply, Receipt):
                continue  # a letter of a text may be any other
            assert isinstance(reply, Refused), path
            assert "quarantine" in reply.words
    assert {alarm.kind for alarm in rung} == {"damaged"}
    assert len(rung) >= 3
    assert not any(path.endswith((".dyad", ".dyadlog")) for path in stored(root))


def test_a_file_of_another_episode_than_its_path_says_is_refused(root: Path, episode: dict[str, bytes]) -> None:
    with collector(root) as open_collector:
        for path, data in episode.items():
            (reply,) = ask(open_collector, whole(path.replace("ep-001", "ep-002"), data))
            assert isinstance(reply, Refused), path
    assert stored(root) == {}


def test_a_disk_that_gives_back_other_bytes_is_not_answered_for(root: Path, episode: dict[str, bytes]) -> None:
    path, data = next(iter(episode.items()))
    disk = LyingDisk(lambda read, found: found + b"!" if read.name.endswith(".dyad") else found)
    with Collector(root, jobs=0, disk=disk) as open_collector:
        assert isinstance(ask(open_collector, whole(path, data))[0], Conflict)


def test_bytes_that_were_altered_on_their_way_to_the_disk_get_no_name_and_are_sent_again(
    root: Path, episode: dict[str, bytes]
) -> None:
    path, data = next(iter(episode.items()))
    flips = [True]
    disk = LyingDisk(lambda read, found: found[:-1] + b"!" if read.parent.name == STATION and flips else found)
    with Collector(root, jobs=0, disk=disk) as open_collector:
        (reply,) = ask(open_collector, whole(path, data))
        assert isinstance(reply, Blocked)
        assert "other bytes" in reply.words
        assert not stored(root)
        assert not [*CollectorPlace(root).incoming.glob("*/*.tmp")]
        flips.clear()
        assert isinstance(ask(open_collector, whole(path, data))[0], Receipt)
    assert not alarms(root)


def _idle(episode: Played, rows: int) -> Played:
    """The same episode as it would be had nobody done anything: another record that follows from its inputs."""
    game = registry.find(episode.terms.terms.game)
    state = game.initial(episode.terms.seed, dict(episode.terms.terms.config))
    encoder = EpisodeEncoder(encode_header(episode.terms))
    parts, encoded = [encoder.start()], []
    for frame in range(rows):
        state, rewards, events, done = game.step(state, (0, 0))
        digest = state_digest(game.encode(state))
        encoded.append(encode_row(frame, (Input(0), Input(0)), rewards, done, events, game.facts(state), digest))
        parts.append(encoder.add(encoded[-1]))
    end = End(Reason.CUT, rows)
    return Played(episode.terms, encoded, end, b"".join([*parts, encoder.end(end)]))


def test_seats_that_differ_are_both_kept_and_the_alarm_names_frame_and_field(root: Path, tmp_path: Path) -> None:
    left, right = cut_short(played(), 40), _idle(played(), 30)
    sent = episode_files(tmp_path / "a", left, [Seat.LEFT]) | episode_files(tmp_path / "b", right, [Seat.RIGHT])
    rung: list[Alarm] = []
    with Collector(root, jobs=1, ring=rung.append, disk=QuickDisk()) as open_collector:
        assert receipts(ask(open_collector, *(whole(*item) for item in sent.items()))) == set(sent)
        _tend_until_checked(open_collector)
        assert [alarm.kind for alarm in rung] == ["diverged"]
        assert re.search(r"frame \d+, (left|right)_action: \d+ here, \d+ there", rung[0].words)
        assert open_collector.view().pairings == {"diverged": 1}
    assert stored(root) == sent
    assert len(alarms(root)) == 1
    kept = {name.removeprefix("diverged/").removesuffix(".kept"): data for name, data in quarantined(root).items()}
    assert kept == sent, "copies, should somebody tidy up the study's folder"
    assert "kept in .collector/quarantine/diverged/" in rung[0].words
    with Collector(root, jobs=0, ring=rung.append, disk=QuickDisk()) as open_collector:
        assert open_collector.view().alarms == tuple(rung), "an alarm stands after a restart, and does not ring again"


def _tend_until_checked(open_collector: Collector) -> None:
    for turn in count(10):
        open_collector.tend(float(turn))
        if open_collector.view().unchecked == 0:
            return
        time.sleep(0.02)
        assert turn < 3000, "nothing was checked within a minute"


def test_pairs_are_found_and_episodes_played_again_in_the_background(root: Path, episode: dict[str, bytes]) -> None:
    with Collector(root, jobs=1, disk=QuickDisk()) as open_collector:
        ask(open_collector, *(whole(*item) for item in episode.items()))
        _tend_until_checked(open_collector)
        view = open_collector.view()
    assert (view.files, view.episodes, view.pairings, view.alarm_count) == (5, 1, {"equal": 1}, 0)


def test_a_missing_partner_is_no_alarm(root: Path, tmp_path: Path) -> None:
    sent = episode_files(tmp_path / "one", played(), [Seat.LEFT])
    claim_first = dict(reversed(sent.items()))
    with collector(root) as open_collector:
        ask(open_collector, *(whole(*item) for item in claim_first.items()))
    folder = next(iter(sent)).rpartition("/")[0]
    assert check_episode(root, folder)[1:3] == ("good", "one seat")


# --- index, sums, alarms --------------------------------------------------------------------------------------------


def _indexed(root: Path) -> dict[str, str]:
    rows = sqlite3.connect(CollectorPlace(root).index)
    try:
        return dict(rows.execute("SELECT path, sha256 FROM files"))
    finally:
        rows.close()


@pytest.mark.parametrize("harm", ["missing", "garbage", "cut", "another version", "a row too few"])
def test_an_index_that_is_missing_broken_or_behind_is_made_anew_from_the_files(
    root: Path, episode: dict[str, bytes], harm: str
) -> None:
    expected = {path: sha256(data).hexdigest() for path, data in episode.items()}
    with collector(root) as open_collector:
        ask(open_collector, *(whole(*item) for item in episode.items()))
    assert _indexed(root) == expected
    index = CollectorPlace(root).index
    if harm == "missing":
        index.unlink()
    elif harm == "garbage":
        index.write_bytes(b"no database" * 1000)
    elif harm == "cut":
        index.write_bytes(index.read_bytes()[:5000])
    else:
        rows = sqlite3.connect(index, isolation_level=None)
        if harm == "another version":
            rows.execute("PRAGMA user_version = 99")
        else:
            rows.execute("DELETE FROM files WHERE path = ?", (next(iter(episode)),))
        rows.close()
    with collector(root) as open_collector:
        assert open_collector.view().files == 5
    assert _indexed(root) == expected


def test_a_file_that_is_gone_since_it_was_received_rings(root: Path, episode: dict[str, bytes]) -> None:
    with collector(root) as open_collector:
        ask(open_collector, *(whole(*item) for item in episode.items()))
    gone = next(iter(episode))
    (root / gone).unlink()
    rung: list[Alarm] = []
    with Collector(root, jobs=0, ring=rung.append, disk=QuickDisk()) as open_collector:
        assert [(alarm.kind, alarm.about) for alarm in rung] == [("missing", gone)]
        assert open_collector.view().files == 4


def test_an_index_that_cannot_be_written_costs_no_answer(
    root: Path, episode: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with collector(root) as open_collector:
        rows = sqlite3.connect(CollectorPlace(root).index, isolation_level=None)
        rows.execute("DROP TABLE files")
        rows.close()
        replies = ask(open_collector, *(whole(*item) for item in episode.items()))
        assert receipts(replies) == set(episode)
        assert "index" in open_collector.view().trouble
    with collector(root) as open_collector:
        assert open_collector.view().files == 5


def test_a_session_s_sums_are_those_that_sha256sum_accepts(root: Path, tmp_path: Path) -> None:
    sent = episode_files(tmp_path / "a", played(0)) | episode_files(tmp_path / "a", played(1))
    with collector(root) as open_collector:
        ask(open_collector, *(whole(*item) for item in sent.items()))
        for turn in range(10):
            open_collector.tend(float(turn))
    (sums,) = root.glob("*/*/*/SHA256SUMS")
    lines = sums.read_text().splitlines()
    assert len(lines) == len(sent)
    for line in lines:
        digest, name = line.split("  ")
        assert sha256((sums.parent / name).read_bytes()).hexdigest() == digest
    program = shutil.which("sha256sum")
    if program:
        subprocess.run([program, "-c", "SHA256SUMS"], cwd=sums.parent, check=True, stdout=subprocess.DEVNULL)


def test_sums_that_a_killed_collector_did_not_write_are_written_by_the_next_one(
    root: Path, episode: dict[str, bytes]
) -> None:
    with collector(root) as open_collector:
        ask(open_collector, *(whole(*item) for item in episode.items()))
    (sums,) = root.glob("*/*/*/SHA256SUMS")
    expected = sums.read_bytes()
    sums.unlink()
    with collector(root):
        pass
    assert sums.read_bytes() == expected


# --- mutants: each is a rule left out, and each is caught -----------------------------------------------------------


def test_a_vault_that_answers_without_reading_back_is_caught(
    root: Path, episode: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def believe(self: Vault, work: object) -> None:
        work.reply = Receipt(work.candidate.path, work.candidate.sha256, 3)  # type: ignore[attr-defined]

    monkeypatch.setattr(Vault, "_prove", believe)
    with pytest.raises(AssertionError):
        test_other_bytes_under_a_name_stay_and_what_was_sent_is_kept_with_an_alarm(root, episode)


@pytest.mark.parametrize("step", ["_flush_new", "_flush_final"])
def test_a_vault_that_leaves_out_a_flush_is_caught(
    root: Path, episode: dict[str, bytes], step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Vault, step, lambda self, work: None)
    with pytest.raises((AssertionError, ValueError)):
        test_an_answer_comes_after_both_flushes_and_the_reading_back(root, episode)
