"""Many files into a folder at once: the same steps as for one, each for all of them before the next begins.

No flush is left out, and no read-back: they only wait beside each other. A file system writes its journal once for all
flushes that wait, and a folder is flushed once for all of its new names. A file that is refused holds up no other.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256 as hash_sha256
from itertools import accumulate
from pathlib import Path
from typing import Final

from data.files import TEMPORARY_SUFFIX, Disk, flush_file, flush_open, place_new, write_open
from data.layout import check_relative
from data.receipts import Level
from data.shares.share import (
    LocalCorruptError,
    Order,
    Outcome,
    ShareBlockedError,
    ShareConflictError,
    checked_source,
    other_bytes,
)

FLUSHES_AT_ONCE: Final = 16
"""Threads that wait for the disk. More do not help it, and fewer leave it idle."""


@dataclass(slots=True)
class _Work:
    """One file on its way; `outcome` ends it."""

    order: Order
    target: Path
    temporary: Path
    data: bytes = b""
    descriptor: int | None = None
    folders: tuple[Path, ...] = ()
    outcome: Outcome | OSError | None = None
    is_flushed: bool = False


class Batch:
    """Files for one folder `root`, which must exist. `drawn` gives a temporary name that nobody else has."""

    def __init__(self, disk: Disk, root: Path, owner: str, drawn: Callable[[str], str]) -> None:
        self._disk = disk
        self._root = root
        self._owner = owner
        self._drawn = drawn
        self._made: set[Path] = set()

    def store(self, orders: Sequence[Order]) -> list[Outcome | OSError]:
        """What became of each, in order: a level, or what a share raises; an `OSError` as it came."""
        works = [self._begin(order) for order in orders]
        with ThreadPoolExecutor(FLUSHES_AT_ONCE, thread_name_prefix="flush") as threads:
            _one_by_one(works, self._read_source)
            _one_by_one(works, self._make_folders)
            _beside(threads, works, self._write)
            _beside(threads, works, self._flush_new)
            _beside(threads, works, self._place)
            _beside(threads, works, self._flush_final)
            self._flush_folders(threads, works)
            _one_by_one(works, self._prove)
        return [work.outcome for work in works if work.outcome is not None]

    def _begin(self, order: Order) -> _Work:
        target = self._root / check_relative(order.relative)
        return _Work(order, target, target.with_name(self._drawn(f".{target.name}.{self._owner}")))

    def _read_source(self, work: _Work) -> None:
        work.data = checked_source(work.order.source, work.order.sha256)

    def _write(self, work: _Work) -> None:
        for path in leftovers(work.target.parent, f".{work.target.name}.{self._owner}"):
            self._disk.unlink(path)  # what a crash of this owner has left
        if work.target.exists():
            return
        work.descriptor = write_open(self._disk, work.temporary, work.data)

    def _make_folders(self, work: _Work) -> None:
        """Make the way down, each folder once; all folders whose names must be durable, the last one included."""
        parts = work.target.parent.relative_to(self._root).parts
        work.folders = tuple(accumulate(parts, lambda folder, part: folder / part, initial=self._root))
        for folder in work.folders[1:]:
            if folder not in self._made:
                self._disk.make_folder(folder)
                self._made.add(folder)

    def _flush_new(self, work: _Work) -> None:
        if work.descriptor is None:
            return
        descriptor, work.descriptor = work.descriptor, None
        flush_open(self._disk, descriptor)
        work.is_flushed = True

    def _place(self, work: _Work) -> None:
        if not work.is_flushed:
            return
        if self._disk.read(work.temporary) != work.data:
            self._disk.unlink(work.temporary)
            raise other_bytes(str(self._root))
        with suppress(FileExistsError):  # another station was faster: what lies there is compared like our own
            place_new(self._disk, work.temporary, work.target)
        self._disk.unlink(work.temporary)

    def _flush_final(self, work: _Work) -> None:
        flush_file(self._disk, work.target)

    def _flush_folders(self, threads: ThreadPoolExecutor, works: Iterable[_Work]) -> None:
        """Each folder once, after all files in it; one that refuses holds up what has new names in it."""
        going_on = [work for work in works if work.outcome is None]
        folders = list(dict.fromkeys(folder for work in going_on for folder in work.folders))
        refusals = dict(zip(folders, threads.map(self._flush_folder, folders), strict=True))
        for work in going_on:
            work.outcome = next((refusals[folder] for folder in work.folders if refusals[folder] is not None), None)

    def _flush_folder(self, folder: Path) -> OSError | None:
        try:
            self._disk.flush_folder(folder)
        except OSError as error:
            return error
        return None

    def _prove(self, work: _Work) -> None:
        found = hash_sha256(self._disk.read(work.target)).hexdigest()
        if found != work.order.sha256:
            raise ShareConflictError(
                f"the share holds other bytes under this name (expected {work.order.sha256}, found {found}): "
                f"{work.target}"
            )
        work.outcome = Level.STORED


def leftovers(folder: Path, start: str) -> list[Path]:
    """The temporary files in a folder whose names begin so. A pattern would be compiled anew for each file."""
    names = [name for name in os.listdir(folder) if name.startswith(start)]  # noqa: PTH208  # thousands of names
    return [folder / name for name in names if name.endswith(TEMPORARY_SUFFIX)]


def _one_by_one(works: Iterable[_Work], step: Callable[[_Work], None]) -> None:
    """A step that computes: threads would only be in each other's way."""
    for work in works:
        _guarded(work, step)


def _beside(threads: ThreadPoolExecutor, works: Iterable[_Work], step: Callable[[_Work], None]) -> None:
    """A step that waits for the disk, of all files beside each other."""
    list(threads.map(lambda work: _guarded(work, step), works))


def _guarded(work: _Work, step: Callable[[_Work], None]) -> None:
    if work.outcome is not None:
        return
    try:
        step(work)
    except (LocalCorruptError, ShareBlockedError, ShareConflictError, OSError) as error:
        work.outcome = error
