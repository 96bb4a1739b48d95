"""The collector as a person runs it: keys, a terminal, sessions that deliver to it, sticks, mistakes and kills."""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from data.collector.place import CollectorPlace
from data.files import try_lock
from data.receipts import Level, Receipts
from data.shares.share import ShareBlockedError
from tests.collector_kill_runs import run
from tests.support.collecting import STATION, episode_files, make_keys, played, share_of, stored
from tests.support.command_line import CommandLine, Outcome, wait_until
from tests.support.disks import QuickDisk
from tests.support.stations import make_frames, make_recorder, make_terms, record_episode

pytestmark = pytest.mark.processes


class Running:
    """A collector's process: its address, and what came of it once it was asked to end."""

    def __init__(self, terminal: CommandLine, root: Path, keys: Path, listen: str = "tcp://127.0.0.1:*") -> None:
        self._terminal = terminal
        words = ("collect", "--dir", root, "--listen", listen, "--keys", keys)
        self.process = terminal.start(*words)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"listening on (\S+) for", line)
            if found:
                self.address = found[1]
                break
        else:
            raise AssertionError(terminal.finish(self.process).text)
        self._keys = keys

    def share(self, station: str = STATION) -> str:
        return f"{self.address.replace('tcp:', 'collector:')}?keys={self._keys / f'station-{station}'}"

    def end(self, number: signal.Signals = signal.SIGINT) -> Outcome:
        self.process.send_signal(number)
        return self._terminal.finish(self.process)


def test_a_demo_delivers_to_a_collector_which_pairs_and_verifies_and_ends_when_asked(
    terminal: CommandLine, tmp_path: Path
) -> None:
    keys, root, home = tmp_path / "lab", tmp_path / "share", tmp_path / "home"
    made = terminal.run("keys", keys, "--collector", "--station", STATION)
    assert made.code == 0, made.text
    assert f"station-{STATION}" in made.output
    there = Running(terminal, root, keys)
    played_ = terminal.demo("--episodes", 1, "--frames", 60, "--home", home, "--share", there.share())
    assert played_.code == 0, played_.text
    assert played_.json["share"] == there.share()
    levels = {receipt.level for seat in ("left", "right") for receipt in Receipts(home / seat).all()}
    assert levels == {Level.COLLECTED}
    sums = list(root.glob("*/*/*/SHA256SUMS"))
    wait_until(lambda: bool(sums or list(root.glob("*/*/*/SHA256SUMS"))), "the sums of the session")
    outcome = there.end()
    assert outcome.code == 0, outcome.text
    assert "ended:" in outcome.output
    assert not outcome.has_traceback
    (sums_file,) = root.glob("*/*/*/SHA256SUMS")
    assert len(sums_file.read_text().splitlines()) == len(stored(root))
    verified = terminal.run("verify", root)
    assert verified.code == 0, verified.text


def test_a_stick_s_good_files_are_taken_and_a_bad_one_makes_exit_code_1(terminal: CommandLine, tmp_path: Path) -> None:
    home, archive, root = tmp_path / "left", tmp_path / "stick.tar", tmp_path / "share"
    recorder = make_recorder(home, tmp_path / "nowhere", disk=QuickDisk())
    record_episode(recorder, make_terms(0), make_frames(40))
    assert recorder.close(20)
    assert terminal.run("outbox", "export", archive, "--home", home).code == 0
    good = terminal.run("collect", "--dir", root, "--import", archive)
    assert good.code == 0, good.text
    back = terminal.run("outbox", "receipts", f"{archive}.receipts.json", "--home", home)
    assert back.code == 0, back.text
    assert {receipt.level for receipt in Receipts(home).all()} == {Level.COLLECTED}
    data = bytearray(archive.read_bytes())
    place = data.index(b"\x89DYD") + 500
    data[place] ^= 1
    archive.write_bytes(data)
    bad = terminal.run("collect", "--dir", tmp_path / "other", "--import", archive)
    assert bad.code == 1
    assert "refused: " in bad.output
    assert "its bytes are" in bad.output
    assert not bad.has_traceback
    assert len(stored(tmp_path / "other")) == len(stored(root)) - 1
    rebuilt = terminal.run("collect", "--dir", root, "--rebuild")
    assert rebuilt.code == 0
    assert f"{len(stored(root))} files read" in rebuilt.output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--listen", "tcp://127.0.0.1:*"), "expected --listen"),
        (("--listen", "tcp://127.0.0.1:*", "--keys", "none"), "cannot read the key"),
        (("--import", "KEYS/collector/collector.key"), "outbox export"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    terminal: CommandLine, tmp_path: Path, words: tuple[str, ...], expected: str
) -> None:
    keys = make_keys(tmp_path / "keys")
    outcome = terminal.run("collect", "--dir", tmp_path / "share", *(word.replace("KEYS", str(keys)) for word in words))
    assert outcome.code == 2
    assert len(outcome.errors.splitlines()) == 1
    assert expected in outcome.errors


def test_a_second_collector_is_told_that_there_is_one(terminal: CommandLine, tmp_path: Path) -> None:
    keys, root = make_keys(tmp_path / "keys"), tmp_path / "share"
    CollectorPlace(root).own.mkdir(parents=True)
    lock = try_lock(CollectorPlace(root).lock)
    assert lock is not None
    try:
        words = ("--listen", "tcp://127.0.0.1:*", "--keys", keys)
        outcome = terminal.run("collect", "--dir", root, *words)
    finally:
        lock.release()
    assert outcome.code == 2
    assert "another collector works in" in outcome.errors


@contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own with so much space; a skip where nobody may mount."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"a full disk needs the right to mount: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_told_to_the_station_and_nothing_is_torn_and_it_goes_on_with_space(
    terminal: CommandLine, tmp_path: Path
) -> None:
    keys = make_keys(tmp_path / "keys")
    sent = episode_files(tmp_path / "sent", played(frames=400))
    with _small_disk(tmp_path / "disk", 4) as disk:
        there = Running(terminal, disk / "share", keys)
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(disk).free - 700_000))
        path, data = next(iter(sent.items()))
        digest = sha256(data).hexdigest()
        with share_of(there.share()) as share:
            with pytest.raises(ShareBlockedError, match="full"):
                share.store(path, tmp_path / "sent" / path, digest, "owner")
            assert stored(disk / "share") == {}
            ballast.unlink()
            assert share.store(path, tmp_path / "sent" / path, digest, "owner") is Level.COLLECTED
        outcome = there.end(signal.SIGTERM)
        assert outcome.code == 0, outcome.text
        assert not outcome.has_traceback
        assert stored(disk / "share") == {path: data}


def test_kills_of_collector_and_couriers_lose_nothing_that_was_answered_for(tmp_path: Path) -> None:
    tally = run(tmp_path, stations=2, episodes=4, kills=4, every=0.3, seed=11)
    assert tally.files >= 20
    assert min(tally.kills.values()) >= 1
    assert tally.while_waiting >= 1
