"""Publishing: whole, flushed files get their final names under `episodes/` and an item each in the outbox.

A recorder that seals and a recovery that finds sealed files run these same lines, and may run them again after a crash.
"""

import errno
from hashlib import sha256 as hash_sha256
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from data.files import Disk, flush_file, make_folders, place_new
from data.outbox import Item, Outbox
from data.station import Station


class WholeFile(NamedTuple):
    """A whole and flushed file at `source`, and the name that it is to have."""

    source: Path
    name: str
    sha256: str
    size: int


def whole_file(source: Path, name: str, data: bytes) -> WholeFile:
    """A whole file with these bytes."""
    return WholeFile(source, name, hash_sha256(data).hexdigest(), len(data))


def publish(disk: Disk, station: Station, folder: PurePosixPath, files: tuple[WholeFile, ...], share_url: str) -> Path:
    """Give each file its name in the episode's folder, durably, then queue it, durably. Returns that folder.

    Raises:
        OSError: something is not durable; run again, or do it in another place.
    """
    target = make_folders(disk, station.episodes, folder)
    for file in files:
        _place(disk, file, target / file.name)
    disk.flush_folder(target)
    queue(disk, station, folder, files, share_url)
    return target


def queue(disk: Disk, station: Station, folder: PurePosixPath, files: tuple[WholeFile, ...], share_url: str) -> None:
    """Put published files into the outbox, durably."""
    outbox = Outbox(station.home, disk)
    for file in files:
        outbox.queue(Item(str(folder / file.name), file.sha256, file.size, share_url), flush=False)
    outbox.flush()


def _place(disk: Disk, file: WholeFile, target: Path) -> None:
    try:
        place_new(disk, file.source, target)
    except FileExistsError:  # published before a crash, or by the other seat of a shared home
        found = hash_sha256(disk.read(target)).hexdigest()
        if found != file.sha256:
            words = f"other bytes have this name already (expected {file.sha256}, found {found})"
            raise OSError(errno.EEXIST, words, str(target)) from None
        flush_file(disk, target)
