"""Delivery of a backlog to a folder: how fast beside `rsync -a --fsync` in the same run, and what an idle pass costs.

Both copy the same files from the same disk to the same disk. rsync flushes each file once, and neither folders nor
final names; a delivery does, reads everything back, and keeps a receipt for each file.
"""

import os
import random
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import Final

from bench.measure import Benchmark, quantile, summary
from bench.pair import bench_terms
from data.delivery import Memory, deliver
from data.files import Disk
from data.layout import canonical_name, episode_folder
from data.outbox import Item, Outbox
from data.recovery import recover
from data.shares.folder_share import FolderShare
from data.station import open_station
from netcode.agreement import Agreed, episode_terms
from netcode.vocabulary import Player

EPISODES: Final = 2_000
LOTS: Final = 4
EPISODE_BYTES: Final = 60_000
IDLE_SECONDS: Final = 0.5
GROWTH_MEGABYTES: Final = 8.0
"""Flat memory: so much more after the second thousand than after the first is noise of the allocator."""
PASSES: Final = 5


class _UnflushedDisk(Disk):
    """Only for making what is measured: nothing of it must survive anything."""

    def flush(self, descriptor: int) -> None:  # noqa: ARG002  # nothing is flushed
        return

    def flush_folder(self, path: Path) -> None:  # noqa: ARG002  # nothing is flushed
        return


def run() -> Iterator[Benchmark]:
    """Folder delivery and idle passes."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        home, share = Path(folder) / "home", FolderShare.create(Path(folder) / "share")
        _fill(home, share.url)
        yield from _beside_rsync(home, Path(folder) / "rsync")
        yield _idle("a pass over 2,000 delivered files", lambda: deliver(home, now=time.time()))
        yield _idle("a recovery of 2,000 delivered files", lambda: recover(home), inf)


def _beside_rsync(home: Path, target: Path) -> Iterator[Benchmark]:
    """Lot by lot in turn, so that whatever else the machine does meets both."""
    rsync, ours, sizes = [], [], []
    memory = Memory(home)  # a courier keeps its own from pass to pass
    for _ in range(LOTS):
        lot = [item.file for item in Outbox(home).waiting()[: EPISODES // LOTS]]
        rsync += _rsync_files_a_second(home, target, lot)
        began = time.perf_counter()
        report = deliver(home, now=time.time(), limit=len(lot), memory=memory)
        ours.append(len(lot) / (time.perf_counter() - began))
        assert len(report.delivered) == len(lot), report.trouble
        sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    if rsync:
        yield summary("rsync -a --fsync, 60 KB files", rsync, "files/s", inf)
    else:
        yield Benchmark("rsync -a --fsync: rsync is not installed, so there is no yardstick", 0.0, 0.0, "", inf)
    yield summary("folder delivery with receipts, 60 KB files", ours, "files/s", quantile(rsync, 0.5), at_least=True)
    growth = sizes[-1] - sizes[LOTS // 2 - 1]
    yield Benchmark("more memory after 2,000 files than after 1,000", growth, growth, "MB", GROWTH_MEGABYTES)


def _idle(name: str, action: object, budget: float = IDLE_SECONDS) -> Benchmark:
    assert callable(action)
    samples = []
    for _ in range(PASSES):
        began = time.perf_counter()
        action()
        samples.append(time.perf_counter() - began)
    return Benchmark(name, sorted(samples)[PASSES // 2], max(samples), "s", budget)


def _fill(home: Path, share_url: str) -> None:
    """A station with finished episodes of one session that all wait."""
    disk = _UnflushedDisk()
    station = open_station(home, share_url, disk)
    agreed = Agreed(bytes(8), 5, 0, (Player("P1", "bot"), Player("P2", "bot")))
    rules = bench_terms("foraging", 600)
    outbox, chance = Outbox(home, disk), random.Random(7)
    for number in range(EPISODES):
        terms = episode_terms(agreed, replace(rules), number)
        data = chance.randbytes(EPISODE_BYTES)
        digest = sha256(data).hexdigest()
        folder = episode_folder(terms)
        path = station.episodes / folder / canonical_name(terms, digest)
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        outbox.queue(Item(str(folder / path.name), digest, len(data), share_url), flush=False)
    os.sync()


def _rsync_files_a_second(home: Path, target: Path, lot: list[str]) -> list[float]:
    """What rsync does with the same files; nothing where there is none."""
    program = shutil.which("rsync")
    if program is None:
        return []
    command = [program, "-a", "--fsync", "--files-from=-", f"{home}/episodes/", f"{target}/"]
    began = time.perf_counter()
    subprocess.run(command, input="\n".join(lot), text=True, check=True)
    return [len(lot) / (time.perf_counter() - began)]
