"""Kill a real collector and the real couriers of many stations again and again; then count what is where.

    python -m tests.collector_kill_runs --stations 8 --episodes 50     the long one, some minutes
    python -m tests.collector_kill_runs --stations 3 --episodes 4 --kills 6 --seed 7

Stations come in pairs: both seats of a dyad hold the same canonical files. Each has recorded its episodes, and a
courier process of its own delivers them to one collector process. Every second or so (`--every`) one of these
processes, drawn by the seed, gets SIGKILL and is started again, so that the collector dies while it writes, flushes,
places and answers, and couriers between an answer and its receipt.

After every kill of the collector, and at the end: everything that a receipt stands for lies in the share, hash for
hash; no file has a final name and other bytes than that name says. At the end everything that was recorded is
acknowledged, what is acknowledged is exactly what can be retrieved, the index says the same, and `SHA256SUMS` hold.
Exit code 0 if so.
"""

import argparse
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from data.collector.place import CollectorPlace
from data.collector.sums import sums_text
from data.delivery import deliver
from data.outbox import Outbox
from data.receipts import Level, Receipts
from data.recovery import recover
from games.contract import Seat
from tests.support.collecting import make_keys, stored
from tests.support.command_line import LAUNCHER, CommandLine
from tests.support.disks import QuickDisk
from tests.support.stations import make_frames, make_recorder, make_terms, record_episode

ROWS = 900
"""Of an episode: some 20 kB of canonical file."""
START_SECONDS = 60.0
END_SECONDS = 300.0
PLACES = ["collector", "courier"]


class Tally(NamedTuple):
    """What really happened: a run in which nobody died proves nothing."""

    files: int
    kills: dict[str, int]
    while_waiting: int
    seconds: float

    def words(self) -> str:
        killed = ", ".join(f"{count} of {place}s" for place, count in self.kills.items())
        return f"{self.files} files; kills: {killed}; {self.while_waiting} while files waited; {self.seconds:.0f} s"


def run(folder: Path, *, stations: int, episodes: int, kills: int, every: float, seed: int) -> Tally:
    """One run; raises `AssertionError` if anything is not as it must be."""
    terminal = CommandLine(folder)
    try:
        return _Run(terminal, stations, episodes, random.Random(seed)).run(kills, every)
    finally:
        terminal.close()


class _Run:
    def __init__(self, terminal: CommandLine, stations: int, episodes: int, draw: random.Random) -> None:
        self._terminal = terminal
        self._draw = draw
        self._root = terminal.folder / "share"
        names = [f"pc-{number}" for number in range(stations)]
        self._keys = make_keys(terminal.folder / "keys", *names)
        self._homes = [terminal.folder / name for name in names]
        self._address = ""
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._start_collector("tcp://127.0.0.1:*")
        for number, home in enumerate(self._homes):
            share = f"{self._address.replace('tcp:', 'collector:')}?keys={self._keys / f'station-{home.name}'}"
            _record(home, share, number, episodes)

    def run(self, kills: int, every: float) -> Tally:
        started = time.monotonic()
        counts = dict.fromkeys(PLACES, 0)
        while_waiting = 0
        for home in self._homes:
            self._start_courier(home)
        for number in range(kills):
            # The first one early: a quick machine has delivered a short run's files before the second.
            time.sleep(self._draw.uniform(0.0, 0.2) if number == 0 else self._draw.uniform(0.1, 2 * every))
            place = PLACES[number % 2] if number < 2 else self._draw.choice(PLACES)
            while_waiting += any(Outbox(home).waiting() for home in self._homes)
            counts[place] += 1
            if place == "collector":
                self._kill("collector")
                self._check_acknowledged()
                self._start_collector(self._address)
            else:
                home = self._draw.choice(self._homes)
                self._kill(home.name)
                self._start_courier(home)
        self._finish()
        files = self._check_all()
        return Tally(files, counts, while_waiting, time.monotonic() - started)

    # --- processes ----------------------------------------------------------------------------------------------------

    def _spawn(self, name: str, *words: object, log: Path | None = None) -> None:
        with (log or Path(os.devnull)).open("ab") as output:
            self._processes[name] = subprocess.Popen(
                [sys.executable, str(LAUNCHER), *map(str, words)],
                cwd=self._terminal.folder,
                env=self._terminal.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def _start_collector(self, address: str) -> None:
        log = self._terminal.folder / "collector.log"
        before = log.stat().st_size if log.exists() else 0
        words = ("collect", "--dir", self._root, "--listen", address, "--keys", self._keys)
        self._spawn("collector", *words, log=log)
        deadline = time.monotonic() + START_SECONDS
        while not (found := re.search(r"listening on (\S+) for", log.read_bytes()[before:].decode())):
            _expect(self._processes["collector"].poll() is None, f"the collector ended: {log.read_text()[-800:]}")
            _expect(time.monotonic() < deadline, "the collector did not start")
            time.sleep(0.02)
        self._address = found[1]

    def _start_courier(self, home: Path) -> None:
        self._spawn(home.name, "courier", "--home", home, "--parent", os.getpid())

    def _kill(self, name: str) -> None:
        self._processes[name].kill()
        self._processes[name].wait()

    def _finish(self) -> None:
        """Let everything arrive: end the couriers, and deliver what still waits without their patience."""
        for home in self._homes:
            self._processes[home.name].send_signal(signal.SIGTERM)
            self._processes[home.name].wait(END_SECONDS)
        for home in self._homes:
            recover(home)
            report = deliver(home, now=time.time(), at_once=True)
            _expect(not report.waiting, f"{home.name} still holds {len(report.waiting)} files: {report.trouble}")
        self._processes["collector"].send_signal(signal.SIGTERM)
        code = self._processes["collector"].wait(END_SECONDS)
        _expect(code == 0, f"the collector ended with {code}: {(self._terminal.folder / 'collector.log').read_text()}")

    # --- what must hold -----------------------------------------------------------------------------------------------

    def _receipts(self) -> dict[str, str]:
        return {
            receipt.file: receipt.sha256
            for home in self._homes
            for receipt in Receipts(home).all()
            if receipt.level is Level.COLLECTED
        }

    def _there(self) -> dict[str, str]:
        found = {path: sha256(data).hexdigest() for path, data in stored(self._root).items()}
        for path, digest in found.items():
            _expect(f"_{digest[:8]}." in path or path.endswith(f"_{digest[:8]}"), f"torn under its final name: {path}")
        return found

    def _check_acknowledged(self) -> None:
        acknowledged = self._receipts()
        there = self._there()
        for path, digest in acknowledged.items():
            _expect(there.get(path) == digest, f"acknowledged, and not there: {path}")

    def _check_all(self) -> int:
        acknowledged, there = self._receipts(), self._there()
        recorded = {
            path.relative_to(home / "episodes").as_posix(): sha256(path.read_bytes()).hexdigest()
            for home in self._homes
            for path in (home / "episodes").rglob("*")
            if path.is_file()
        }
        _expect(acknowledged == recorded, f"{len(recorded)} files were recorded, {len(acknowledged)} acknowledged")
        _expect(there == acknowledged, f"{len(acknowledged)} files are acknowledged, {len(there)} retrievable")
        rows = sqlite3.connect(CollectorPlace(self._root).index)
        indexed = dict(rows.execute("SELECT path, sha256 FROM files"))
        sessions = [session for (session,) in rows.execute("SELECT DISTINCT session FROM files")]
        rows.close()
        _expect(indexed == there, f"{len(there)} files are there, {len(indexed)} in the index")
        for session in sessions:
            of_session = sorted((path, digest) for path, digest in there.items() if path.startswith(f"{session}/"))
            found = (self._root / session / "SHA256SUMS").read_bytes()
            _expect(found == sums_text(session, of_session), f"the sums of {session} are not those of its files")
        rests = [*self._root.rglob("*.tmp"), *self._root.rglob("*.part"), *self._root.rglob("*.kept")]
        _expect(not rests, f"left over: {rests}")
        return len(there)


def _record(home: Path, share: str, number: int, episodes: int) -> None:
    """A station that has recorded: the seats of a dyad are two stations, with equal canonical files."""
    pair, seat = divmod(number, 2)
    recorder = make_recorder(home, share, Seat(seat), disk=QuickDisk())
    for episode in range(episodes):
        terms = make_terms(episode, dyad=str(pair + 1))
        record_episode(recorder, terms, make_frames(ROWS, salt=pair), seat=Seat(seat))
    _expect(recorder.close(60), f"{home} did not record: {recorder.alarms}")


def _expect(holds: bool, words: str) -> None:
    if not holds:
        raise AssertionError(words)


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m tests.collector_kill_runs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stations", type=int, default=8)
    parser.add_argument("--episodes", type=int, default=50)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two kills, on average")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dyadgrid-collector-") as folder:
        tally = run(
            Path(folder),
            stations=given.stations,
            episodes=given.episodes,
            kills=given.kills,
            every=given.every,
            seed=given.seed,
        )
    print(tally.words())
    _expect(tally.while_waiting > 0, "everything was delivered before anybody died: more episodes are needed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
