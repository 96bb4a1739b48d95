"""Cut the power of a real file system under a real station, again and again, and look at what a restart finds.

    python -m tests.power_cut                       100 cuts on ext4
    python -m tests.power_cut --cuts 20 --data writeback
    python -m tests.power_cut --mutant no-flush     a station that flushes nothing: exits 1, because it is caught

A station records and delivers on a file system in a file (a loop device) which lies on another such one. A cut freezes
the outer one between two blocks, wherever the inner one is just then, and copies the file: what the platter would hold
at this moment. What the kernel still had in memory is missing. The copy is mounted, its journal replayed, and what the
station had said before the cut is compared with what a recovery makes of it.

Needs root, loop devices, `mkfs`, `mount` and `fsfreeze`; where they are refused it says so and exits with 0, since
nothing was found. Exit code 1: a promise was broken. A disk that lies about its own cache is not part of this, and
neither is a file system without a journal: there a block can have two owners after a cut, whatever was flushed.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from threading import Thread

from data.files import Disk
from tests.crash_states.oracle import Case, judge
from tests.crash_states.platter import read_tree
from tests.crash_states.protocols import create_share, deliver_all, open_new, record
from tests.crash_states.trace import Known, Marked, Promise, Rows, Sealed, Stored, Trace
from tests.support.disks import QuickDisk

TOOLS = ("losetup", "mount", "umount", "mkfs.ext4", "fsfreeze")
DATA_MODES = ("ordered", "writeback")
"""How ext4 relates bytes to names: bytes first, or in any order."""
INNER_BYTES = 40 << 20
OUTER_BYTES = 80 << 20
INODES = 16_384
"""A station makes many small files."""
EPISODES = 3
MOST_STEP, MOST_STEPS = 40, 5
"""Rows between two flushes, and flushes: together fewer rows than the oracle knows."""
LONGEST_PAUSE_SECONDS = 0.15
PROMISES: dict[str, type] = {kind.__name__: kind for kind in (Rows, Sealed, Stored, Known, Marked)}


class SkipError(Exception):
    """This machine does not permit it; the text says what."""


# -- the station, in a process of its own ------------------------------------------------------------------------------


class SayingTrace(Trace):
    """Says each promise on the standard output, as soon as it holds."""

    def promise(self, *promises: Promise) -> None:
        for promise in promises:
            print(json.dumps([self.root.name, type(promise).__name__, *promise]), flush=True)


def live(base: Path, seed: int, *, flushes: bool) -> None:
    """Record and deliver for ever, a new station after every few episodes."""
    draw, disk = random.Random(seed), Disk() if flushes else QuickDisk()
    for number in count():
        root = base / str(number)
        disk.make_folder(root)
        disk.flush_folder(base)
        trace = SayingTrace(root, disk)  # type: ignore[arg-type]  # a disk that logs nothing
        open_new(trace)
        create_share(trace)
        for episode in range(EPISODES):
            steps = tuple(draw.randrange(1, MOST_STEP) for _ in range(draw.randrange(1, MOST_STEPS)))
            record(trace, steps, episode=episode, writes_between=draw.randrange(2))
            deliver_all(trace)


class Station:
    """The process that lives on the file system, and all that it has promised."""

    def __init__(self, base: Path, seed: int, *, flushes: bool) -> None:
        command = [sys.executable, "-m", "tests.power_cut", "--live", str(base), "--seed", str(seed)]
        self._process = subprocess.Popen(
            command if flushes else [*command, "--mutant", "no-flush"], stdout=subprocess.PIPE, text=True
        )
        self._lines: list[str] = []
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        self._lines.extend(self._process.stdout)  # list.extend takes them one by one, as they come

    @property
    def promises(self) -> dict[str, list[Promise]]:
        """By the number of the station."""
        found: dict[str, list[Promise]] = {}
        for line in tuple(self._lines):
            root, kind, *values = json.loads(line)
            values = [tuple(value) if isinstance(value, list) else value for value in values]
            found.setdefault(root, []).append(PROMISES[kind](*values))
        return found

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


# -- file systems in files ---------------------------------------------------------------------------------------------


def call(*command: object) -> None:
    """Run a tool.

    Raises:
        SkipError: it is refused here.
    """
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise SkipError(f"{' '.join(map(str, command))}: {(done.stderr or done.stdout).strip()}")


@contextmanager
def mounted(image: Path, target: Path, options: str) -> Iterator[Path]:
    """An image as a folder, for as long as the block lasts."""
    target.mkdir(exist_ok=True)
    call("mount", "-o", f"loop,{options}", image, target)
    try:
        yield target
    finally:
        for _ in range(50):  # a killed process may hold it for a moment
            if subprocess.run(["umount", target], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)


def make_image(path: Path, size: int) -> None:
    with path.open("wb") as image:
        image.truncate(size)
    call("mkfs.ext4", "-q", "-N", INODES, path)


class Cutter:
    """A file system whose power is cut by copying it."""

    def __init__(self, work: Path, data_mode: str, stack: ExitStack) -> None:
        self._options = f"noatime,data={data_mode}"
        self._work = work
        make_image(work / "outer.img", OUTER_BYTES)
        self._outer = stack.enter_context(mounted(work / "outer.img", work / "outer", "noatime"))
        make_image(self._outer / "inner.img", INNER_BYTES)
        self.folder = stack.enter_context(mounted(self._outer / "inner.img", work / "inner", self._options))

    def cut(self) -> Path:
        """The image as it is at this moment: no block of it is written while it is copied."""
        copy = self._work / "cut.img"
        call("fsfreeze", "-f", self._outer)
        try:
            shutil.copyfile(self._outer / "inner.img", copy)
        finally:
            call("fsfreeze", "-u", self._outer)
        return copy

    @contextmanager
    def restarted(self, copy: Path) -> Iterator[Path]:
        """What a machine finds that starts from this image."""
        with mounted(copy, self._work / "restarted", self._options) as folder:
            yield folder


def check_permitted() -> None:
    """Raises SkipError with the reason where no file system can be made."""
    if not sys.platform.startswith("linux"):
        raise SkipError(f"it needs Linux, and this is {sys.platform}")
    if os.geteuid() != 0:
        raise SkipError("it needs root for loop devices")
    missing = [tool for tool in TOOLS if shutil.which(tool, path=f"{os.environ['PATH']}:/sbin:/usr/sbin") is None]
    if missing:
        raise SkipError(f"there is no {', '.join(missing)}")


def run(work: Path, cuts: int, seed: int = 0, data_mode: str = "ordered", *, flushes: bool = True) -> list[str]:
    """So many cuts, with images and mounts in an empty folder; what each broke, in words.

    Raises:
        SkipError: this machine does not permit it.
    """
    check_permitted()
    broken: list[str] = []
    with ExitStack() as stack:
        cutter = Cutter(work, data_mode, stack)
        draw = random.Random(seed)
        station = Station(cutter.folder, seed, flushes=flushes)
        stack.callback(station.end)
        while not station.promises and station.is_alive:
            time.sleep(0.01)
        for number in range(cuts):
            time.sleep(draw.uniform(0.0, LONGEST_PAUSE_SECONDS))
            assert station.is_alive, "the station ended by itself: is its disk full?"
            broken += [f"cut {number}: {words}" for words in _cut_and_judge(cutter, station, work)]
            if broken and not flushes:
                break
    return broken


def _cut_and_judge(cutter: Cutter, station: Station, work: Path) -> list[str]:
    """What this cut breaks of what had been promised before it."""
    promised = station.promises
    copy = cutter.cut()
    broken = []
    with cutter.restarted(copy) as folder:
        for name in sorted(promised, key=int)[-2:]:  # older stations are finished, and were judged before
            root = folder / name
            tree = read_tree(root) if root.is_dir() else {}
            case = Case({}, tuple(promised[name]), ("left",), delivers=True, may_lose_torn=False, has_locks=False)
            place = work / "judged"
            with suppress(FileNotFoundError):
                shutil.rmtree(place)
            broken.append(judge(tree, case, place, set()))
    copy.unlink()
    return [words for words in broken if words]


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m tests.power_cut", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", choices=DATA_MODES, default="ordered")
    parser.add_argument("--mutant", choices=("no-flush",))
    parser.add_argument("--live", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.live is not None:
        live(options.live, options.seed, flushes=options.mutant is None)
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="dyadgrid-power-") as work:
            broken = run(Path(work), options.cuts, options.seed, options.data, flushes=options.mutant is None)
    except SkipError as reason:
        print(f"skipped: {reason}")
        return 0
    for words in broken:
        print(f"BROKEN {words}")
    seconds = time.monotonic() - started
    print(f"{options.cuts} power cuts on ext4 (data={options.data}), {len(broken)} broken, {seconds:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
