"""The collector's disk: many files made durable together, each proven before anything is said of it. No socket.

The order is that of a folder share: bytes flushed under a temporary name, the final name given without taking it from
another file, the final name flushed, its folders flushed, and then the bytes read back through a new open and compared.
What a batch shares is shared: flushes run beside each other, so the disk writes its journal once for many files, and a
folder is flushed once for all its new names.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from data.collector.alarms import Alarm
from data.collector.incoming import Incoming
from data.collector.messages import Blocked, Conflict, Receipt, Refused, Reply
from data.collector.place import CollectorPlace
from data.collector.structure import structure_fault
from data.crew import Crew
from data.files import Disk, create_durably, disk_words, flush_file, flush_open, make_folders, place_new, write_open
from data.receipts import Level
from data.shares.share import OTHER_BYTES

MOST_FOLDERS: Final = 10_000
"""Folders that are known to be durable; then all are forgotten and flushed once more."""
KEPT_SUFFIX: Final = ".kept"
"""Of a file in quarantine: no program takes it for an episode."""
DIVERGED_FOLDER: Final = "diverged"
"""The folder in quarantine with copies of episodes whose seats differ."""


class Candidate(NamedTuple):
    """A whole file that is to lie at `path`. `part` is a flushed file with these bytes already, or None."""

    station: str
    path: str
    sha256: bytes
    data: bytes
    part: Path | None = None


class Stored(NamedTuple):
    """A file that is here and proven."""

    path: str
    sha256: str
    size: int
    station: str


@dataclass(slots=True)
class _Work:
    """One candidate on its way; `reply` ends it."""

    candidate: Candidate
    target: Path
    temporary: Path | None = None
    descriptor: int | None = None
    reply: Reply | None = None
    folders: set[str] = field(default_factory=set)


class Vault:
    """Stores whole files below `place.root`, which must exist. `alarm` hears of what a person has to look at."""

    def __init__(
        self,
        place: CollectorPlace,
        disk: Disk,
        incoming: Incoming,
        alarm: Callable[[Alarm], None],
        threads: int | None = None,
    ) -> None:
        self._place = place
        self._disk = disk
        self._incoming = incoming
        self._alarm = alarm
        self._crew = Crew("collector-disk", threads)
        self._durable: set[str] = set()
        """Folders below the root whose names are on the disk, as paths from it."""

    def close(self) -> None:
        """End the threads; what they were told to do is done first."""
        self._crew.close()

    def store(self, candidates: Sequence[Candidate]) -> tuple[list[Reply], list[Stored]]:
        """Make all of them durable; the answer to each, in order, and what is here now."""
        works = [_Work(each, self._place.root / each.path) for each in candidates]
        waiting = works
        while waiting:  # of two files with one name the second waits until the first one lies there
            first = {work.candidate.path: work for work in reversed(waiting)}
            self._store_each(list(first.values()))
            waiting = [work for work in waiting if work.reply is None]
        return [work.reply for work in works if work.reply is not None], _stored(works)

    def _store_each(self, works: list[_Work]) -> None:
        """One round: no two of these have the same name."""
        self._one_by_one(works, self._check)
        self._one_by_one(works, self._write)
        self._all(works, self._flush_new)
        self._one_by_one(works, self._place_file)
        self._all(works, self._flush_final)
        self._flush_folders(works)
        self._one_by_one(works, self._prove)
        self._clear(works)

    def _clear(self, works: Iterable[_Work]) -> None:
        """Take the temporary names away; a file that came in chunks and was blocked waits for its next try."""
        for work in works:
            if work.temporary is not None and work.temporary != work.candidate.part:
                self._incoming.drop(work.temporary)
            if work.candidate.part is not None and not isinstance(work.reply, Blocked):
                self._incoming.drop(work.candidate.part)

    def _all(self, works: Iterable[_Work], step: Callable[[_Work], None]) -> None:
        """A step that waits for the disk, of all that go on beside each other. For computing, threads are slower."""
        going_on = [work for work in works if work.reply is None]
        self._crew.each(lambda work: _guard(work, step), going_on)

    def _one_by_one(self, works: Iterable[_Work], step: Callable[[_Work], None]) -> None:
        for work in works:
            if work.reply is None:
                _guard(work, step)

    def _check(self, work: _Work) -> None:
        station, path, digest, data, _ = work.candidate
        found = sha256(data).digest()
        if found != digest:
            work.reply = Refused(f"the bytes are not those of {digest.hex()}, but of {found.hex()}")
            return
        fault = structure_fault(path, data)
        if fault:
            kept = self._keep(work.candidate)
            self._alarm(Alarm("damaged", path, f"from {station}: {fault}; kept as {kept}"))
            work.reply = Refused(f"{fault} (kept in the collector's quarantine)")

    def _write(self, work: _Work) -> None:
        candidate = work.candidate
        if work.target.exists():
            return
        if candidate.part is not None:
            work.temporary = candidate.part
            return
        self._incoming.make_folder(candidate.station)
        work.temporary = self._incoming.temporary(candidate.station, candidate.sha256)
        work.descriptor = write_open(self._disk, work.temporary, candidate.data)

    def _flush_new(self, work: _Work) -> None:
        """Flush what was just written: the system has begun with it, and several flushes share the disk's journal."""
        if work.descriptor is None:
            return
        descriptor, work.descriptor = work.descriptor, None
        flush_open(self._disk, descriptor)

    def _place_file(self, work: _Work) -> None:
        """Give it its name. In this thread only: here folders are made, and remembered as durable once they are."""
        work.folders = self._make_folders(work.candidate.path.split("/")[:-1])
        if work.temporary is None:
            return
        if work.temporary != work.candidate.part and self._disk.read(work.temporary) != work.candidate.data:
            work.reply = Blocked(OTHER_BYTES)  # a cable or a memory that flips bits: no name for that
            return
        try:
            place_new(self._disk, work.temporary, work.target)
        except FileExistsError:  # a courier of another kind was faster: what lies there is compared like our own
            return
        except FileNotFoundError:  # somebody removed a folder that was durable: made anew at the next try
            self._durable.clear()
            raise

    def _make_folders(self, parts: list[str]) -> set[str]:
        """Make the way down; returns the folders that have a new name in them, the last one among them."""
        unflushed = set()
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder not in self._durable:
                self._disk.make_folder(self._place.root / folder)
                unflushed.add("/".join(parts[: depth - 1]))
        return {*unflushed, "/".join(parts)}

    def _flush_final(self, work: _Work) -> None:
        flush_file(self._disk, work.target)

    def _flush_folders(self, works: Sequence[_Work]) -> None:
        """Each folder once; a folder that refuses holds up all that has new names in it."""
        going_on = [work for work in works if work.reply is None]
        folders = list({folder for work in going_on for folder in work.folders})
        refusals = dict(zip(folders, self._crew.each(self._flush_folder, folders), strict=True))
        for work in going_on:
            refused = next((refusals[folder] for folder in work.folders if refusals[folder]), "")
            if refused:
                work.reply = Blocked(refused)
                self._durable.clear()
            else:
                self._remember(work.candidate.path)

    def _flush_folder(self, folder: str) -> str:
        try:
            self._disk.flush_folder(self._place.root / folder)
        except OSError as error:
            return disk_words(error)
        return ""

    def _remember(self, path: str) -> None:
        if len(self._durable) > MOST_FOLDERS:
            self._durable.clear()
        folder = path.rpartition("/")[0]
        while folder and folder not in self._durable:
            self._durable.add(folder)
            folder = folder.rpartition("/")[0]

    def _prove(self, work: _Work) -> None:
        """Compare with the bytes whose hash was found right: equal ones have the same."""
        candidate = work.candidate
        there = self._disk.read(work.target)
        if there == candidate.data:
            work.reply = Receipt(candidate.path, candidate.sha256, Level.COLLECTED)
            return
        kept, found = self._keep(candidate), sha256(there).digest()
        words = f"expected {candidate.sha256.hex()}, found {found.hex()}"
        sent = f"what {candidate.station} sent is kept as {kept}"
        self._alarm(Alarm("conflict", candidate.path, f"other bytes have this name: {words}; {sent}"))
        work.reply = Conflict(f"the collector holds other bytes under this name ({words})")

    def _keep(self, candidate: Candidate) -> str:
        """Keep bytes that may not stand under their name, durably; where, from the root."""
        folder = self._place.quarantine / candidate.station
        self._disk.make_folder(folder)
        self._disk.flush_folder(folder.parent)
        path = self.kept(candidate.station, candidate.path, candidate.sha256)
        try:
            create_durably(self._disk, path, candidate.data)
        except FileExistsError:
            self._disk.flush_folder(folder)
        return path.relative_to(self._place.root).as_posix()

    def keep_episode(self, folder: str) -> str:
        """Keep copies of everything in an episode's folder, for what is done about it later; where, from the root.

        Raises:
            OSError: the disk refuses.
        """
        there = make_folders(self._disk, self._place.quarantine, PurePosixPath(DIVERGED_FOLDER, folder))
        for path in sorted(each for each in (self._place.root / folder).iterdir() if each.is_file()):
            with suppress(FileExistsError):
                copy = there / f"{path.name}{KEPT_SUFFIX}"
                create_durably(self._disk, copy, self._disk.read(path), flush_folder=False)
        self._disk.flush_folder(there)
        return there.relative_to(self._place.root).as_posix()

    def kept(self, station: str, path: str, digest: bytes) -> Path:
        """Where quarantine keeps a file that was to lie at `path`."""
        name = f"{digest.hex()}_{PurePosixPath(path).name}{KEPT_SUFFIX}"
        return self._place.quarantine / station / name


def _guard(work: _Work, step: Callable[[_Work], None]) -> None:
    """A disk that refuses one file blocks that file, in words, and no other."""
    try:
        step(work)
    except OSError as error:
        work.reply = Blocked(disk_words(error))


def _stored(works: Iterable[_Work]) -> list[Stored]:
    return [
        Stored(each.path, each.sha256.hex(), len(each.data), each.station)
        for each in (work.candidate for work in works if isinstance(work.reply, Receipt))
    ]
