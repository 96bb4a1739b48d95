"""A draft: one attempt to bring a tape to disk, from an exclusive folder under a lock to published, queued files.

The sequence, and what a power cut between two steps leaves for `data.recovery`:

1. lock taken, folder made, both `.part` created exclusively, start written, files and folders flushed: an empty episode
2. a block appended when its 30 frames are confirmed, data flushed once a second: a good prefix of whole blocks
3. END written, both files flushed and closed, claim written and flushed, folder flushed: whole files, not yet published
4. names under `episodes/`, items in the outbox (data.publishing): the same again, and running it twice does no harm
5. parts and folder removed, lock released: nothing

An error in steps 1 to 4 ends the draft for good; the tape still has every byte, and another draft starts from its
beginning. A flush that failed is never repeated on the same file.
"""

from pathlib import Path
from typing import Final

from data.files import Disk, give_up, retire_lock, try_lock, write_all, write_flushed
from data.layout import Kind, draft_name, episode_folder
from data.publishing import WholeFile, publish
from data.station import LOCK_SUFFIX, Station
from data.tape import Tape

PART_SUFFIX: Final = ".part"
PART_NAMES: Final = {kind: f"{kind}{kind.suffix}{PART_SUFFIX}" for kind in Kind}
"""`canonical.dyad.part`, `local.dyadlog.part`, `claim.json.part`: the folder's name says whose they are."""


def draft_lock(station: Station, name: str) -> Path:
    """The lock that a draft's writer holds for its life: beside the folder, so that the folder can be moved."""
    return station.recording / f"{name}{LOCK_SUFFIX}"


class _Part:
    """One growing file: how many of the tape's chunks it holds already."""

    def __init__(self, disk: Disk, path: Path) -> None:
        self._disk = disk
        self.path = path
        self._descriptor: int | None = disk.create(path)
        self._chunks = 0
        self.size = 0

    def catch_up(self, chunks: list[bytes]) -> None:
        """Append what the tape has and the file has not."""
        data = b"".join(chunks[self._chunks :])
        if data and self._descriptor is not None:
            write_all(self._disk, self._descriptor, data)
            self._chunks = len(chunks)
            self.size += len(data)

    def flush_data(self) -> None:
        if self._descriptor is not None:
            self._disk.flush_data(self._descriptor)

    def flush(self) -> None:
        if self._descriptor is not None:
            self._disk.flush(self._descriptor)

    def close(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            self._disk.close(descriptor)

    def give_up(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            give_up(self._disk, descriptor)


class Draft:
    """One attempt at one episode in one station. After an `OSError` it may only be given up, discarded or released."""

    def __init__(self, disk: Disk, station: Station, tape: Tape, attempt: int) -> None:
        self._disk = disk
        self._station = station
        self._tape = tape
        self.name = draft_name(tape.terms, tape.seat, attempt)
        self.folder = station.recording / self.name
        lock = try_lock(draft_lock(station, self.name))
        if lock is None:
            raise FileExistsError(f"another process records this episode in {station.home}")
        self._lock = lock
        self._parts: list[_Part] = []
        self.durable_bytes = 0
        """Of the canonical file, what surely survives a power cut."""

    def start(self) -> None:
        """Make the folder and its files, with everything that the tape holds so far."""
        if self.folder.exists():
            raise FileExistsError(f"{self.folder} is a crash's rest and waits for its recovery")
        self._disk.make_folder(self.folder)
        self._canonical, self._local = (self._new_part(kind) for kind in (Kind.CANONICAL, Kind.LOCAL))
        self.catch_up()
        for part in self._parts:
            part.flush()
        self._disk.flush_folder(self.folder)
        self._disk.flush_folder(self._station.recording)
        self.durable_bytes = self._canonical.size

    def _new_part(self, kind: Kind) -> _Part:
        part = _Part(self._disk, self.folder / PART_NAMES[kind])
        self._parts.append(part)
        return part

    def catch_up(self) -> None:
        """Write what the tape has gained."""
        self._canonical.catch_up(self._tape.canonical)
        self._local.catch_up(self._tape.local)

    def sync(self) -> None:
        """Make what was written durable."""
        for part in self._parts:
            part.flush_data()
        self.durable_bytes = self._canonical.size

    def publish(self, share_url: str) -> Path:
        """Bring a sealed tape to its final names and into the outbox; returns the canonical file's path."""
        sealed = self._tape.sealed
        assert sealed is not None, "a tape is published after it was sealed"
        self.catch_up()
        for part in self._parts:
            part.flush()
            part.close()
        claim = self.folder / PART_NAMES[Kind.CLAIM]
        write_flushed(self._disk, claim, sealed.claim)
        self._disk.flush_folder(self.folder)
        files = (
            WholeFile(self._canonical.path, sealed.canonical_name, sealed.canonical_sha256, self._canonical.size),
            WholeFile(self._local.path, sealed.local_name, sealed.local_sha256, self._local.size),
            WholeFile(claim, sealed.claim_name, sealed.claim_sha256, len(sealed.claim)),
        )
        return publish(self._disk, self._station, episode_folder(self._tape.terms), files, share_url) / files[0].name

    def give_up(self) -> None:
        """Close what is open and keep what is there; the lock stays, so no recovery takes it for a crash's rest."""
        for part in self._parts:
            part.give_up()

    def discard(self) -> None:
        """Remove a draft whose every byte lies elsewhere, and let go of it."""
        self.give_up()
        if self.folder.exists():
            remove_draft(self._disk, self.folder)
            self._disk.flush_folder(self._station.recording)
        self.release()

    def release(self) -> None:
        """Let go of the lock."""
        retire_lock(self._lock)


def remove_draft(disk: Disk, folder: Path) -> None:
    """Remove a draft's folder and the parts in it."""
    for name in PART_NAMES.values():
        disk.unlink(folder / name)
    disk.remove_folder(folder)
