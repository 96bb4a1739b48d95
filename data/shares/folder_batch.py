"""Many files into a folder at once: the same steps as for one, each for all of them before the next begins.

No flush is left out, and no read-back: they only wait beside each other. A file system writes its journal once for all
flushes that wait, and a folder is flushed once for all of its new names. A file that is refused holds up no other.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256 as hash_sha256
from itertools import accumulate
from pathlib import Path

from data.crew import CALLS_AT_ONCE, Crew, flushers
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
    other_name,
)


@dataclass(slots=True)
class _Work:
    """One file on its way; `outcome` ends it."""

    order: Order
    target: Path
    temporary: Path
    data: bytes = b""
    descriptor: int | None = None
    folders: tuple[str, ...] = ()
    """Those whose names must be durable: the root as "", and all below it on the way, relative to it."""
    outcome: Outcome | OSError | None = None
    is_flushed: bool = False


class Batch:
    """Files for one folder `root`, which must exist. `drawn` gives a temporary name that nobody else has."""

    def __init__(self, disk: Disk, root: Path, owner: str, drawn: Callable[[str], str]) -> None:
        self._disk = disk
        self._root = root
        self._owner = owner
        self._drawn = drawn
        self._made: dict[str, Path] = {"": root}
        """Folders by their path below the root, as text: a `Path` as a key costs more than making the folder."""
        self._names: dict[str, frozenset[str]] = {}
        """What lay in each folder when this batch began; nothing in one that it made."""

    def store(self, orders: Sequence[Order]) -> list[Outcome | OSError]:
        """What became of each, in order: a level, or what a share raises; an `OSError` as it came."""
        works = [self._begin(order) for order in orders]
        crew = flushers()
        crew.each(_guarded(self._write), works, CALLS_AT_ONCE)
        crew.each(_guarded(self._flush_new), works)
        crew.each(_guarded(self._place), works, CALLS_AT_ONCE)
        crew.each(_guarded(self._flush_final), works)
        self._flush_folders(crew, works)
        crew.each(_guarded(self._prove), works, CALLS_AT_ONCE)
        return [work.outcome for work in works if work.outcome is not None]

    def _begin(self, order: Order) -> _Work:
        target = self._root / check_relative(order.relative)
        return _Work(order, target, target.with_name(self._drawn(f".{target.name}.{self._owner}")))

    def _write(self, work: _Work) -> None:
        """Read the source, and write its bytes under a temporary name, unless the final one is taken."""
        work.data = checked_source(work.order.source, work.order.sha256)
        inner, _, name = work.order.relative.rpartition("/")
        folder = self._make_folder(inner)
        work.folders = ("", *accumulate(inner.split("/"), "{}/{}".format))
        if inner not in self._names:
            self._names[inner] = names_in(folder)
        for left in leftovers(self._names[inner], f".{name}.{self._owner}"):
            self._disk.unlink(folder / left)  # what a crash of this owner has left
        if name not in self._names[inner]:
            work.descriptor = write_open(self._disk, work.temporary, work.data)

    def _make_folder(self, inner: str) -> Path:
        """Make a folder and those above it, each once."""
        made = self._made.get(inner)
        if made is None:
            above, _, name = inner.rpartition("/")
            made = self._make_folder(above) / name
            if self._disk.make_folder(made):
                self._names[inner] = frozenset()
            self._made[inner] = made
        return made

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

    def _flush_folders(self, crew: Crew, works: Iterable[_Work]) -> None:
        """Each folder once, after all files in it; one that refuses holds up what has new names in it."""
        going_on = [work for work in works if work.outcome is None]
        folders = list(dict.fromkeys(inner for work in going_on for inner in work.folders))
        refusals = dict(zip(folders, crew.each(self._flush_folder, folders), strict=True))
        for work in going_on:
            work.outcome = next((refusals[inner] for inner in work.folders if refusals[inner] is not None), None)

    def _flush_folder(self, inner: str) -> OSError | None:
        try:
            self._disk.flush_folder(self._made[inner])
        except OSError as error:
            return error
        return None

    def _prove(self, work: _Work) -> None:
        """Compare with the bytes whose hash was found right when they were read: equal ones have the same."""
        found = self._disk.read(work.target)
        if found != work.data:
            raise other_name(work.order.sha256, hash_sha256(found).hexdigest(), work.target)
        work.outcome = Level.STORED


def names_in(folder: Path) -> frozenset[str]:
    """What lies in a folder."""
    return frozenset(os.listdir(folder))  # noqa: PTH208  # names alone, of thousands


def leftovers(names: Iterable[str], start: str) -> list[str]:
    """The temporary files among these that begin so. A pattern would be compiled anew for each file."""
    return [name for name in names if name.startswith(start) and name.endswith(TEMPORARY_SUFFIX)]


def _guarded(step: Callable[[_Work], None]) -> Callable[[_Work], None]:
    """A step that a file takes which is still on its way; what goes wrong ends that file's way and no other's."""

    def guarded(work: _Work) -> None:
        if work.outcome is not None:
            return
        try:
            step(work)
        except (LocalCorruptError, ShareBlockedError, ShareConflictError, OSError) as error:
            work.outcome = error

    return guarded
