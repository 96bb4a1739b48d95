import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from data.claims import read_claims
from data.delivery import deliver
from data.draft import PART_NAMES
from data.episode_format import encode_header, read_episode
from data.episode_writer import EpisodeWriter
from data.files import Disk, try_lock
from data.framing import FormatError
from data.layout import Kind, draft_name, episode_folder, parse_name
from data.local_format import read_local
from data.outbox import Outbox
from data.receipts import Receipts
from data.recovery import recover
from data.shares.folder_share import FolderShare
from data.station import Station, open_station, read_identity
from data.tape import Tape
from games.contract import Seat
from netcode.vocabulary import Agreement, Reason
from tests.support.disks import Died, QuickDisk, WatchedDisk, dying_at
from tests.support.oplog import violations
from tests.support.stations import (
    STATISTICS,
    begin,
    files_under,
    finished,
    local_header,
    make_frames,
    make_recorder,
    make_terms,
    record_session,
)

ROWS = 75
BLOCKS = 60
"""Rows of whole blocks: what a crash before END leaves of 75."""


def make_tape(rows: int, episode: int = 0) -> Tape:
    terms = make_terms(episode)
    tape = Tape(terms, Seat.LEFT, encode_header(terms), local_header(terms, Seat.LEFT))
    tape.add(make_frames(rows))
    tape.note("focus", (1, True, 1))
    tape.collect_notes()
    return tape


def killed_recording(home: Path, rows: int = ROWS) -> Path:
    """What a process that was killed while it recorded leaves; returns the draft's folder."""
    open_station(home, "/share", QuickDisk())
    tape = make_tape(rows)
    writer = EpisodeWriter(QuickDisk(), (home,), tape, "/share")
    writer.sync(0.0)
    writer.abandon()
    return Station(home).recording / draft_name(tape.terms, Seat.LEFT, 1)


def killed_sealing(home: Path) -> Path:
    """The same, killed when END was written and nothing published."""
    folder = killed_recording(home)
    tape = make_tape(ROWS)
    tape.seal(finished(ROWS), STATISTICS)
    assert tape.sealed is not None
    (folder / PART_NAMES[Kind.CANONICAL]).write_bytes(b"".join(tape.canonical))
    (folder / PART_NAMES[Kind.LOCAL]).write_bytes(b"".join(tape.local))
    (folder / PART_NAMES[Kind.CLAIM]).write_bytes(tape.sealed.claim)
    return folder


def published(home: Path, episode: int = 0) -> dict[Kind, Path]:
    folder = Station(home).episodes / episode_folder(make_terms(episode))
    found = {}
    for path in folder.iterdir():
        name = parse_name(path.name)
        assert name is not None
        assert name.kind not in found
        found[name.kind] = path
    return found


def check_idempotent(home: Path) -> None:
    before = files_under(home)
    assert recover(home, disk=QuickDisk()).did_nothing
    assert files_under(home) == before


def test_a_home_in_order_is_left_as_it_is(tmp_path: Path) -> None:
    record_session(tmp_path, "/share", episodes=2)
    check_idempotent(tmp_path)


def test_a_home_that_does_not_exist_stays_so(tmp_path: Path) -> None:
    assert recover(tmp_path / "nowhere").did_nothing
    assert not (tmp_path / "nowhere").exists()


def test_a_torn_episode_becomes_a_partial_one_and_its_original_is_kept(tmp_path: Path) -> None:
    folder = killed_recording(tmp_path)
    torn = (folder / PART_NAMES[Kind.CANONICAL]).read_bytes()
    report = recover(tmp_path)
    assert len(report.recovered) == len(report.set_aside) == 1
    files = published(tmp_path)
    episode = read_episode(files[Kind.CANONICAL].read_bytes())
    assert (episode.end.reason, episode.end.rows) == (Reason.RECOVERED, BLOCKS)
    assert episode.rows == tuple(frame.row for frame in make_frames(BLOCKS))
    assert files[Kind.CANONICAL].read_bytes().startswith(torn)
    assert (Station(tmp_path).torn / folder.name / PART_NAMES[Kind.CANONICAL]).read_bytes() == torn
    local = read_local(files[Kind.LOCAL].read_bytes())
    assert len(local.of("focus")) == 1
    claim = read_claims(files[Kind.CLAIM].parent)[Seat.LEFT]
    assert (claim.reason, claim.agreement, claim.rows) == (Reason.RECOVERED, Agreement.RECOVERED, BLOCKS)
    assert (claim.sha256, claim.local_file) == (episode.sha256, files[Kind.LOCAL].name)
    assert {item.name for item in Outbox(tmp_path).waiting()} == {path.name for path in files.values()}
    assert list(Station(tmp_path).recording.iterdir()) == []
    check_idempotent(tmp_path)


def test_a_sealed_episode_is_published_as_its_writer_would_have(tmp_path: Path) -> None:
    killed_sealing(tmp_path / "killed")
    record_session(tmp_path / "whole", "/share")
    report = recover(tmp_path / "killed")
    assert (len(report.published), report.recovered, report.set_aside) == (1, [], [])
    ours, theirs = published(tmp_path / "killed"), published(tmp_path / "whole")
    assert ours[Kind.CANONICAL].read_bytes() == theirs[Kind.CANONICAL].read_bytes()
    claim = read_claims(ours[Kind.CLAIM].parent)[Seat.LEFT]
    assert (claim.agreement, claim.statistics) == (Agreement.MUTUAL, STATISTICS)
    check_idempotent(tmp_path / "killed")


def test_a_sealed_episode_without_its_claim_says_what_its_local_file_knows(tmp_path: Path) -> None:
    folder = killed_sealing(tmp_path)
    (folder / PART_NAMES[Kind.CLAIM]).write_bytes(b"{")
    recover(tmp_path)
    claim = read_claims(published(tmp_path)[Kind.CLAIM].parent)[Seat.LEFT]
    assert (claim.reason, claim.agreement, claim.held_rows) == (Reason.FINISHED, Agreement.MUTUAL, ROWS)
    assert claim.statistics == {"rollbacks": 3, "away_frames_left": 4, "away_frames_right": 0}


def test_a_sealed_episode_with_a_torn_local_file_keeps_both(tmp_path: Path) -> None:
    folder = killed_sealing(tmp_path)
    local = folder / PART_NAMES[Kind.LOCAL]
    local.write_bytes(local.read_bytes()[:-5])
    recover(tmp_path)
    files = published(tmp_path)
    assert read_episode(files[Kind.CANONICAL].read_bytes()).end == finished(ROWS).end
    assert read_local(files[Kind.LOCAL].read_bytes()).fault is None
    claim = read_claims(files[Kind.CLAIM].parent)[Seat.LEFT]
    assert (claim.reason, claim.agreement) == (Reason.FINISHED, Agreement.MUTUAL)
    assert (Station(tmp_path).torn / folder.name).is_dir()
    check_idempotent(tmp_path)


def test_an_episode_without_a_readable_local_file_is_recovered_alone(tmp_path: Path) -> None:
    folder = killed_recording(tmp_path)
    (folder / PART_NAMES[Kind.LOCAL]).write_bytes(b"\x00" * 50)
    recover(tmp_path)
    files = published(tmp_path)
    assert set(files) == {Kind.CANONICAL, Kind.CLAIM}
    assert read_claims(files[Kind.CLAIM].parent)[Seat.LEFT].local_file == ""


@pytest.mark.parametrize("data", [b"", b"\x89DYD", b"\x00" * 4000])
def test_a_draft_that_holds_no_episode_is_set_aside(tmp_path: Path, data: bytes) -> None:
    folder = killed_recording(tmp_path)
    (folder / PART_NAMES[Kind.CANONICAL]).write_bytes(data)
    report = recover(tmp_path)
    assert report.set_aside == [f"torn/{folder.name}"]
    assert files_under(Station(tmp_path).episodes) == set()
    check_idempotent(tmp_path)


def test_every_cut_of_a_recording_is_recovered_to_its_whole_blocks(tmp_path: Path) -> None:
    folder = killed_sealing(tmp_path / "original")
    whole = (folder / PART_NAMES[Kind.CANONICAL]).read_bytes()
    choose = random.Random(5)
    for number, size in enumerate(sorted(choose.sample(range(len(whole)), 40))):
        home = tmp_path / str(number)
        shutil.copytree(tmp_path / "original", home)
        (Station(home).recording / folder.name / PART_NAMES[Kind.CANONICAL]).write_bytes(whole[:size])
        recover(home, disk=QuickDisk())
        for path in Station(home).episodes.rglob("*.dyad"):
            episode = read_episode(path.read_bytes())
            assert episode.end.reason is Reason.RECOVERED
            assert episode.rows == tuple(frame.row for frame in make_frames(episode.end.rows))
        check_idempotent(home)


def test_a_second_torn_draft_of_the_same_name_does_not_replace_the_first(tmp_path: Path) -> None:
    for _ in range(2):
        folder = killed_recording(tmp_path)
        recover(tmp_path)
    assert {path.name for path in Station(tmp_path).torn.iterdir()} == {folder.name, f"{folder.name}.2"}


def test_a_rest_of_a_failed_disk_gives_way_to_the_whole_that_its_writer_sealed(tmp_path: Path) -> None:
    record_session(tmp_path, "/share")
    before = files_under(Station(tmp_path).episodes)
    folder = killed_recording(tmp_path)
    assert recover(tmp_path).set_aside == [f"torn/{folder.name}"]
    assert files_under(Station(tmp_path).episodes) == before


@pytest.mark.parametrize("prepare", [killed_recording, killed_sealing])
def test_a_recovery_flushes_what_a_dead_writer_may_not_have(tmp_path: Path, prepare: Callable[[Path], Path]) -> None:
    parts = list(prepare(tmp_path).iterdir())
    disk = WatchedDisk()
    recover(tmp_path, disk=disk)
    outbox = Station(tmp_path).outbox
    assert violations(disk.log, outbox, parts) == []
    without_flushes = [call for call in disk.log if call[0] != "flush"]
    assert violations(without_flushes, outbox, parts), "the mutant that trusts the dead writer is caught"


@pytest.mark.parametrize("survivor", [Kind.CLAIM, Kind.CANONICAL, Kind.LOCAL])
def test_a_whole_draft_is_published_again_whatever_names_a_power_cut_has_left(tmp_path: Path, survivor: Kind) -> None:
    folder = killed_sealing(tmp_path / "killed")
    record_session(tmp_path / "whole", "/share")
    source = published(tmp_path / "whole")[survivor]
    kept = Station(tmp_path / "killed").episodes / episode_folder(make_terms())
    kept.mkdir(parents=True)
    (kept / source.name).write_bytes(source.read_bytes())
    if survivor is not Kind.CANONICAL:  # the local files of two sessions differ, and so do the claims that name them
        shutil.copyfile(published(tmp_path / "whole")[Kind.LOCAL], folder / PART_NAMES[Kind.LOCAL])
        shutil.copyfile(published(tmp_path / "whole")[Kind.CLAIM], folder / PART_NAMES[Kind.CLAIM])
    recover(tmp_path / "killed")
    assert set(published(tmp_path / "killed")) == set(Kind)
    assert len(Outbox(tmp_path / "killed").waiting()) == 3


def test_a_damaged_file_makes_way_for_the_whole_one_of_a_draft(tmp_path: Path) -> None:
    killed_sealing(tmp_path)
    recover(tmp_path)
    path = published(tmp_path)[Kind.CANONICAL]
    whole = path.read_bytes()
    path.write_bytes(b"")
    killed_sealing(tmp_path)
    assert recover(tmp_path).set_aside == [f"torn/{path.name}"]
    assert path.read_bytes() == whole


# -- beside the living -------------------------------------------------------------------------------------------------


def test_what_a_living_writer_holds_is_not_touched(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path, "/share")
    begin(recorder, make_terms())
    recorder.record(make_frames(ROWS))
    folder = Station(tmp_path).recording / draft_name(make_terms(), Seat.LEFT, 1)
    while not (folder / PART_NAMES[Kind.LOCAL]).exists():
        pass
    report = recover(tmp_path)
    assert report.living == [folder.name]
    assert report.did_nothing
    recorder.end(finished(ROWS), STATISTICS)
    assert recorder.close(20)
    assert recorder.alarms == ()
    assert read_episode(published(tmp_path)[Kind.CANONICAL].read_bytes()).end == finished(ROWS).end
    check_idempotent(tmp_path)


def test_a_dead_draft_beside_a_living_one_is_recovered(tmp_path: Path) -> None:
    dead = killed_recording(tmp_path)
    living = EpisodeWriter(Disk(), (tmp_path,), make_tape(ROWS, episode=1), "/share")
    living.sync(0.0)
    report = recover(tmp_path)
    assert report.set_aside == [f"torn/{dead.name}"]
    assert report.living == [draft_name(make_terms(1), Seat.LEFT, 1)]
    living.tape.seal(finished(ROWS), {})
    living.publish(1.0)
    assert living.published == published(tmp_path, 1)[Kind.CANONICAL]


def test_a_recovery_at_any_moment_of_a_living_writer_changes_nothing_of_it(tmp_path: Path) -> None:
    """The writer's every disk call is a moment at which somebody starts `sync`."""
    open_station(tmp_path, "/share", Disk())

    def before(number: int, name: str, arguments: tuple[object, ...]) -> None:
        report = recover(tmp_path)
        assert (report.recovered, report.published, report.set_aside) == ([], [], []), (number, name)

    tape = make_tape(ROWS)
    writer = EpisodeWriter(WatchedDisk(before), (tmp_path,), tape, "/share")
    writer.sync(0.0)
    tape.seal(finished(ROWS), STATISTICS)
    writer.publish(1.0)
    assert writer.words == []
    assert writer.published is not None
    assert {item.name for item in Outbox(tmp_path).waiting()} == {path.name for path in published(tmp_path).values()}
    check_idempotent(tmp_path)


def test_one_recovery_at_a_time(tmp_path: Path) -> None:
    killed_recording(tmp_path)
    lock = try_lock(tmp_path / "recovery.lock")
    assert lock is not None
    assert recover(tmp_path).living == ["another recovery is at work here"]
    lock.release()
    assert recover(tmp_path).recovered


# -- items, receipts, strangers ----------------------------------------------------------------------------------------


def test_a_finished_file_without_an_item_is_queued_unless_it_was_received(tmp_path: Path) -> None:
    share = FolderShare.create(tmp_path / "share")
    home = tmp_path / "left"
    record_session(home, share.url)
    for path in Station(home).outbox.iterdir():
        path.unlink()
    assert len(recover(home).queued) == 3
    deliver(home, now=0.0)
    check_idempotent(home)
    next(Station(home).receipts.iterdir()).unlink()
    assert len(recover(home).queued) == 1


def test_a_half_written_item_or_receipt_is_set_aside_and_made_again(tmp_path: Path) -> None:
    share = FolderShare.create(tmp_path / "share")
    home = tmp_path / "left"
    record_session(home, share.url)
    station = Station(home)
    items = sorted(station.outbox.iterdir())
    items[0].write_bytes(items[0].read_bytes()[:30])
    items[1].with_name(f".{items[1].name}.00aa.tmp").write_bytes(b"{")
    report = recover(home)
    assert len(report.set_aside) == 2
    assert len(report.queued) == 1
    assert len(Outbox(home).waiting()) == 3
    deliver(home, now=0.0)
    receipt = next(station.receipts.iterdir())
    receipt.write_bytes(b"")
    assert len(recover(home).queued) == 1
    deliver(home, now=0.0)
    assert len(list(Receipts(home).all())) == 3
    check_idempotent(home)


def test_state_that_a_living_courier_may_be_writing_is_left_alone(tmp_path: Path) -> None:
    record_session(tmp_path, "/share")
    half = Station(tmp_path).outbox / ".x.json.00aa.tmp"
    half.write_bytes(b"{")
    lock = try_lock(Station(tmp_path).courier_lock)
    assert lock is not None
    assert recover(tmp_path).did_nothing
    assert half.exists()
    lock.release()
    assert recover(tmp_path).set_aside == ["torn/x.json.00aa.tmp"]


def test_strangers_are_reported_and_left_alone(tmp_path: Path) -> None:
    record_session(tmp_path, "/share")
    station = Station(tmp_path)
    strangers = [
        station.recording / "notes.txt",
        station.recording / "notes.lock",
        station.outbox / "notes.txt",
        station.receipts / "notes.txt",
        station.episodes / "notes.txt",
        published(tmp_path)[Kind.CANONICAL].parent / "notes.txt",
        station.episodes
        / published(tmp_path)[Kind.CANONICAL].name.replace("canonical_", "canonical_0").replace("0.", "."),
    ]
    for path in strangers:
        path.write_text("mine")
    report = recover(tmp_path)
    assert report.did_nothing
    assert len(report.unknown) == len(strangers)
    assert all(path.read_text() == "mine" for path in strangers)


def test_a_stranger_in_a_drafts_folder_is_kept_with_it(tmp_path: Path) -> None:
    folder = killed_sealing(tmp_path)
    (folder / "notes.txt").write_text("mine")
    recover(tmp_path)
    assert (Station(tmp_path).torn / folder.name / "notes.txt").read_text() == "mine"
    assert published(tmp_path)


def test_a_file_whose_bytes_its_name_does_not_promise_is_not_queued(tmp_path: Path) -> None:
    record_session(tmp_path, "/share")
    path = published(tmp_path)[Kind.CANONICAL]
    Outbox(tmp_path).path(path.name).unlink()
    path.write_bytes(b"bit rot")
    report = recover(tmp_path)
    assert report.queued == []
    assert "promises" in report.unknown[0]


def test_a_lost_identity_is_made_anew_and_its_rest_kept(tmp_path: Path) -> None:
    killed_recording(tmp_path)
    station = Station(tmp_path)
    station.identity_file.write_bytes(b"{")
    report = recover(tmp_path)
    assert "torn/station.json" in report.set_aside
    identity = read_identity(station)
    assert identity is not None
    assert identity.share == ""
    assert {item.share for item in Outbox(tmp_path).waiting()} == {""}
    assert "share of this station is not known" in deliver(tmp_path, now=0.0).trouble[0]
    open_station(tmp_path, FolderShare.create(tmp_path / "share").url, Disk())
    assert len(deliver(tmp_path, now=0.0, at_once=True).delivered) == 3


def test_a_lock_of_a_writer_that_died_without_a_folder_is_cleared(tmp_path: Path) -> None:
    open_station(tmp_path, "/share", Disk())
    lock = Station(tmp_path).recording / f"{draft_name(make_terms(), Seat.LEFT, 1)}.lock"
    lock.touch()
    recover(tmp_path)
    assert not lock.exists()


# -- death at every call -----------------------------------------------------------------------------------------------


def sealing(disk: Disk, home: Path) -> None:
    tape = make_tape(ROWS)
    writer = EpisodeWriter(disk, (home,), tape, "/share")
    try:
        writer.sync(0.0)
        tape.seal(finished(ROWS), STATISTICS)
        writer.publish(1.0)
    finally:
        release_as_the_system_does(writer)


def release_as_the_system_does(writer: EpisodeWriter) -> None:
    """The locks of a dead process are free; its files stay as they are."""
    draft = writer._draft
    if draft is not None:
        draft._lock.release()


def recovering(disk: Disk, home: Path) -> None:
    recover(home, disk=disk)


@pytest.mark.parametrize(
    ("prepare", "act"),
    [
        (lambda home: open_station(home, "/share", QuickDisk()), sealing),
        (killed_recording, recovering),
        (killed_sealing, recovering),
    ],
    ids=["a writer", "a recovery of a torn draft", "a recovery of a sealed draft"],
)
def test_a_death_at_any_call_leaves_what_a_recovery_makes_whole(
    tmp_path: Path, prepare: Callable[[Path], object], act: Callable[[Disk, Path], None]
) -> None:
    prepare(tmp_path / "watched")
    watched = WatchedDisk()
    act(watched, tmp_path / "watched")
    assert len(watched.log) > 30
    for number in range(len(watched.log)):
        home = tmp_path / str(number)
        prepare(home)
        with pytest.raises(Died):
            act(dying_at(number), home)
        for path in Station(home).episodes.rglob("*.dyad"):
            read_episode(path.read_bytes())  # a published file is whole, whatever happened
        recover(home, disk=QuickDisk())
        episodes = [read_episode(path.read_bytes()) for path in Station(home).episodes.rglob("*.dyad")]
        assert len(episodes) <= 1, number
        for episode in episodes:
            assert episode.rows == tuple(frame.row for frame in make_frames(episode.end.rows))
        if act is recovering:
            assert len(episodes) == 1, number
        assert {item.name for item in Outbox(home).waiting()} == {
            path.name for path in Station(home).episodes.rglob("*") if path.is_file()
        }
        check_idempotent(home)


# -- a real process, really killed -------------------------------------------------------------------------------------


def run_station(home: Path, share: Path, call: int) -> list[list[str]]:
    command = [sys.executable, "-m", "tests.support.crash", str(home), str(share), str(call), "2", "75"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2])
    assert done.returncode == -signal.SIGKILL, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.processes
@pytest.mark.parametrize("seed", range(8))
def test_a_station_that_is_killed_at_a_random_call_loses_nothing_that_it_named(tmp_path: Path, seed: int) -> None:
    share = FolderShare.create(tmp_path / "share")
    home = tmp_path / "left"
    call = random.Random(seed).randrange(10, 180)
    lines = run_station(home, share.root, call)
    recover(home)
    assert not deliver(home, now=0.0, at_once=True).waiting
    there = {path.relative_to(share.root).as_posix(): path for path in share.root.rglob("*.dyad")}
    for path in there.values():
        try:
            episode = read_episode(path.read_bytes())
        except FormatError as error:
            raise AssertionError(f"seed {seed}, call {call}: torn under a final name") from error
        assert episode.rows == tuple(frame.row for frame in make_frames(episode.end.rows))
    sealed = {line[1] for line in lines if line[0] == "sealed"}
    assert sealed <= {read_episode(path.read_bytes()).sha256 for path in there.values()}
    acknowledged = {line[1] for line in lines if line[0] == "received"}
    assert all((share.root / file).exists() for file in acknowledged)
    check_idempotent(home)
