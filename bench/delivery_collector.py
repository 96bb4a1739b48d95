"""What a collector answers for in a second with four stations, and whether its memory stays flat meanwhile.

The collector is a process of its own, as `dyadgrid collect` starts it, its checking child included; stations are four
more, each with a few files under way at once. They keep no receipts: that is work of other machines, on other disks.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from math import inf
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Final

from bench.measure import Benchmark
from bench.records import played_episode
from data.collector.keys import load_station_keys, make_collector_keys
from data.collector.line import Line
from data.collector.messages import Chunk, Receipt
from data.episode_format import EpisodeEncoder, read_episode
from data.episode_header import encode_header
from data.files import Disk, flush_file, place_new, write_flushed
from data.layout import canonical_name, episode_folder
from netcode.address import parse_address

STATIONS: Final = 4
FRAMES: Final = 1_400
"""Some 60 kB."""
FILES: Final = 400
"""Of each station."""
UNDER_WAY: Final = 16
LAUNCHER: Final = Path(__file__).resolve().parents[1] / "launcher.py"
MEGABYTE: Final = 1e6


def run() -> Iterator[Benchmark]:
    """The budgets of the collector."""
    file = played_episode(FRAMES)
    with tempfile.TemporaryDirectory(prefix="dyadgrid-bench-") as name:
        folder = Path(name)
        made = make_collector_keys(folder / "keys", [f"pc-{number}" for number in range(STATIONS)])
        process, address = _start_collector(folder)
        try:
            _deliver(address, made, file, 0, FILES // 4)  # folders of Python, pages of SQLite: warm
            before, worked = _resident(process.pid), _worked(process.pid)
            seconds = _deliver(address, made, file, 1, FILES)
            grown, worked = _resident(process.pid) - before, _worked(process.pid) - worked
        finally:
            process.terminate()
            process.wait(30)
            assert process.stdout is not None
            process.stdout.close()
        disk = _disk_alone(folder / "disk", file)
    rate, cost = STATIONS * FILES / seconds, worked * 1000 / (STATIONS * FILES)
    yield Benchmark("this disk alone: 60 kB, flushed twice, 16 at once", disk, disk, "files/s", inf, at_least=True)
    yield Benchmark("collector, 4 stations, files of 60 kB", rate, rate, "receipts/s", 400, at_least=True)
    yield Benchmark("collector's processor, a receipt", cost, cost, "ms", inf)
    yield Benchmark("collector's memory over 1,600 files (96 MB)", grown, grown, "MB more", 16)


def _start_collector(folder: Path) -> "tuple[subprocess.Popen[str], str]":
    words = ["collect", "--dir", str(folder / "share"), "--listen", "tcp://127.0.0.1:*", "--keys", str(folder / "keys")]
    process = subprocess.Popen([sys.executable, str(LAUNCHER), *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"listening on (\S+)", line)
        if found:
            return process, found[1]
    raise RuntimeError("the collector did not start")


def _deliver(address: str, keys: list[Path], file: bytes, batch: int, files: int) -> float:
    """Seconds until the last of all stations' files is answered for, from the first question on."""
    context = get_context("spawn")
    gate = context.Barrier(len(keys) + 1)
    stations = [
        context.Process(target=_station, args=(address, folder, file, 1000 * batch + number, files, gate))
        for number, folder in enumerate(keys)
    ]
    for station in stations:
        station.start()
    gate.wait()
    start = time.perf_counter()
    for station in stations:
        station.join()
    seconds = time.perf_counter() - start
    assert all(station.exitcode == 0 for station in stations), "a station got no receipt"
    return seconds


def _station(address: str, keys: Path, file: bytes, run_number: int, count: int, gate: Barrier) -> None:
    files = list(_made_files(file, run_number, count))
    with Line(parse_address(address, listens=False), load_station_keys(keys)) as line:
        awaited: deque[int] = deque()
        gate.wait()
        for path, data in files:
            if len(awaited) == UNDER_WAY:
                _take(line, awaited)
            awaited.append(line.send(Chunk(path, sha256(data).digest(), len(data), 0, data)))
        while awaited:
            _take(line, awaited)


def _take(line: Line, awaited: deque[int]) -> None:
    number, reply = line.receive()
    assert isinstance(reply, Receipt), reply
    awaited.remove(number)


def _made_files(file: bytes, run_number: int, count: int) -> Iterator[tuple[str, bytes]]:
    """The same rows as so many episodes of one run: each is a legal file with a hash of its own."""
    episode = read_episode(file)
    for number in range(count):
        terms = replace(episode.terms, run=f"{run_number:016x}", episode=number)
        encoder = EpisodeEncoder(encode_header(terms))
        parts = [encoder.start(), *map(encoder.add, episode.rows), encoder.end(episode.end)]
        data = b"".join(parts)
        yield str(episode_folder(terms) / canonical_name(terms, sha256(data).hexdigest())), data


def _disk_alone(folder: Path, data: bytes) -> float:
    """Files a second with the calls that a collector's promise needs, and nothing else: what is left of the disk."""
    disk, count = Disk(), 320
    folder.mkdir()

    def prove(number: int) -> None:
        flush_file(disk, folder / str(number))

    with ThreadPoolExecutor(8) as threads:
        start = time.perf_counter()
        for first in range(0, count, 16):
            numbers = range(first, first + 16)
            list(threads.map(lambda number: write_flushed(disk, folder / f"{number}.tmp", data), numbers))
            for number in numbers:
                place_new(disk, folder / f"{number}.tmp", folder / str(number))
                disk.unlink(folder / f"{number}.tmp")
            list(threads.map(prove, numbers))
            disk.flush_folder(folder)
        return count / (time.perf_counter() - start)


def _worked(pid: int) -> float:
    """Seconds of processor that a process has used, its children not counted; 0 where the system does not say."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> float:
    """Memory of a process that is in use, in MB; 0 where the system does not say."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmRSS:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 / MEGABYTE if found else 0.0
