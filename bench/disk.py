"""Late ticks with a loaded disk and a hung share against without, in the same run.

Two real clients play by bots, with their recorders and couriers. In every other episode another program writes and
flushes to the same disk without a pause, and the share that both couriers deliver to has stopped to answer: a FUSE
mount that hangs, so that not even a kill brings a courier back, or a pipe without a writer where no mount is
permitted. The loop must not notice either: what it is late by must not differ by more than quiet episodes differ.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from math import inf
from pathlib import Path
from statistics import median
from typing import Final

from bench.measure import Benchmark, quantile, summary
from bench.seats import POLL_SECONDS, lateness_of, playing
from data.shares.folder_share import MARK_NAME, FolderShare
from games.contract import Seat
from tests.support.faulty_mount import NoMountError, open_mount
from tests.support.stations import record_session

TICK_RATE: Final = 60
PLAYED_FRAMES: Final = 5 * TICK_RATE
RUNS: Final = 4
"""Of each kind, in turns: fewer have no spread, more take longer than a machine is the same."""
LATE_US: Final = 1000.0
"""A tick is counted as late from a millisecond on; a participant notices ten times that."""
FLUSHED_BYTES: Final = 1 << 20
CLOSED_SECONDS: Final = 5.0
Figure = Callable[[Sequence[float]], float]
_LOAD: Final = f"""
import os, sys, time
descriptor = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)
while True:
    started = time.perf_counter_ns()
    os.pwrite(descriptor, os.urandom(4096) * ({FLUSHED_BYTES} // 4096), 0)
    os.fsync(descriptor)
    print((time.perf_counter_ns() - started) / 1000, flush=True)
"""


def run() -> Iterator[Benchmark]:
    """Quiet and loaded episodes in turns, then what they differ by."""
    quiet, loaded, flushes = list[list[float]](), list[list[float]](), list[float]()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        for number in range(RUNS):
            folder = Path(name) / str(number)
            quiet.append(_play(folder / "quiet", FolderShare.create(folder / "share").root))
            with _loaded_disk(folder, flushes), _hung_share(folder) as share:
                loaded.append(_play(folder / "loaded", share))
    yield summary("yardstick: 1 MiB written and flushed on the loaded disk", flushes, "us", inf)
    yield from _compared("p99 of ticks' lateness", quiet, loaded, "us", lambda late: quantile(late, 0.99))
    yield from _compared("ticks later than 1 ms", quiet, loaded, "%", _late_percent)


def _late_percent(lateness: Sequence[float]) -> float:
    return 100 * sum(late > LATE_US for late in lateness) / len(lateness)


def _compared(
    name: str, quiet: Sequence[Sequence[float]], loaded: Sequence[Sequence[float]], unit: str, figure: Figure
) -> Iterator[Benchmark]:
    """The figure of either kind (its median, and the worst run), and the excess against the spread of the quiet."""
    calm, busy = [figure(each) for each in quiet], [figure(each) for each in loaded]
    yield Benchmark(f"{name}, quiet", median(calm), max(calm), unit, inf)
    yield Benchmark(f"{name}, loaded disk and hung share", median(busy), max(busy), unit, inf)
    excess = median(busy) - median(calm)
    yield Benchmark(f"{name}: excess, against the spread of the quiet", excess, excess, unit, max(calm) - min(calm))


@contextmanager
def _loaded_disk(folder: Path, flushes: list[float]) -> Iterator[None]:
    """Another program writes and flushes beside the recordings; `flushes` gets what each of its rounds took (us)."""
    command = [sys.executable, "-c", _LOAD, str(folder / "load")]
    load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield
    finally:
        load.kill()
        told, _ = load.communicate()
        flushes += map(float, told.split())


@contextmanager
def _hung_share(folder: Path) -> Iterator[Path]:
    """A share that does not answer any more, and no courier left behind that waits for it."""
    with ExitStack() as stack:
        try:
            mount = stack.enter_context(open_mount(folder))
        except NoMountError:
            share = folder / "pipe"
            share.mkdir()
            os.mkfifo(share / MARK_NAME)
            yield share
            return
        share = FolderShare.create(mount.share("hung")).root
        mount.break_share("hung", "hang", "probe")
        yield share
        assert mount.has_begun("hung"), "the couriers have met it"
        mount.mend_all()
        _await_end_of_couriers(folder)


def _await_end_of_couriers(folder: Path) -> None:
    """A courier whose client is gone ends by itself, once its call has returned."""
    deadline = time.monotonic() + CLOSED_SECONDS
    while _processes_with(str(folder)):
        assert time.monotonic() < deadline, "a courier ends when its share answers again"
        time.sleep(POLL_SECONDS)


def _processes_with(word: str) -> list[int]:
    """Couriers whose command names this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = entry.read_bytes().decode(errors="replace").split("\0")
            if "courier" in words and any(each.startswith(word) for each in words):
                found.append(int(entry.parent.name))
    return found


def _play(folder: Path, share: Path) -> list[float]:
    """One episode of two clients, whose couriers have something to deliver meanwhile; how late its ticks were (us)."""
    folder.mkdir(parents=True)
    homes = {seat: folder / seat.word for seat in Seat}
    for seat, home in homes.items():
        record_session(home, share, seat)
    options = ["--hz", str(TICK_RATE), "--headless"]
    before = set(folder.rglob("*.dyadlog"))
    with playing(folder, homes, share, PLAYED_FRAMES, options) as clients:
        for client in clients:
            client.hear(lambda told: told["event"] == "closed")
    return [late for path in set(folder.rglob("*.dyadlog")) - before for late in lateness_of(path)]
