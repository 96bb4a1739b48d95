"""Files that come in several chunks: what is there of each of them, durable chunk by chunk, per station.

What is there is what the disk says, so a collector that starts again goes on where it was. Nothing here is trusted:
the whole file's SHA-256 decides at the end.
"""

import os
from hashlib import sha256
from pathlib import Path
from typing import Final

from data.collector.messages import Chunk, Have, Offer
from data.collector.place import CollectorPlace
from data.files import Disk, give_up, write_all

PART_SUFFIX: Final = ".part"
MOST_PARTS: Final = 16
"""Unfinished files of one station; its courier sends one after the other, so old ones are forgotten ones."""


class Incoming:
    """The unfinished files of all stations. Only the collector that holds the lock may have one."""

    def __init__(self, place: CollectorPlace, disk: Disk) -> None:
        self._place = place
        self._disk = disk

    def path(self, station: str, digest: bytes) -> Path:
        """Where the unfinished file of this SHA-256 lies."""
        return self._place.incoming / station / f"{digest.hex()}{PART_SUFFIX}"

    def temporary(self, station: str, digest: bytes) -> Path:
        """A name for a file that comes whole, in the same folder."""
        return self._place.incoming / station / f"{digest.hex()}.{os.urandom(4).hex()}.tmp"

    def make_folder(self, station: str) -> None:
        """A station's own folder. It need not be durable: what is lost of it is sent again."""
        folder = self._place.incoming / station
        if not folder.is_dir():
            self._disk.make_folder(folder)

    def offer(self, station: str, offer: Offer) -> Have | bytes:
        """How much of the file is there, and the SHA-256 of that; or all of it, if only its final name is missing."""
        path = self.path(station, offer.sha256)
        if offer.fresh:
            self._disk.unlink(path)
        data = self._disk.read(path) if path.exists() else b""
        found = sha256(data).digest()
        if len(data) < offer.size:
            return Have(len(data), found)
        if found == offer.sha256:
            return data
        self._disk.unlink(path)
        return Have(0, sha256(b"").digest())

    def append(self, station: str, chunk: Chunk) -> Have:
        """Write the chunk behind what is there, durably; a chunk that does not fit there changes nothing."""
        path = self.path(station, chunk.sha256)
        there = path.stat().st_size if path.exists() else 0
        if chunk.offset != there:
            return Have(there, b"")
        if not there:
            self._make_room(station)
        descriptor = self._disk.open_existing(path) if path.exists() else self._disk.create(path)
        try:
            os.lseek(descriptor, there, os.SEEK_SET)
            write_all(self._disk, descriptor, chunk.data)
            self._disk.flush(descriptor)
        except OSError:
            give_up(self._disk, descriptor)
            self._disk.unlink(path)  # after a failed flush nobody knows what is there
            raise
        self._disk.close(descriptor)
        return Have(there + len(chunk.data), b"")

    def _make_room(self, station: str) -> None:
        parts = sorted((self._place.incoming / station).glob(f"*{PART_SUFFIX}"), key=lambda part: part.stat().st_mtime)
        for part in parts[: max(0, len(parts) - MOST_PARTS + 1)]:
            self._disk.unlink(part)

    def drop(self, path: Path) -> None:
        """Forget a file that is not needed any more, if the disk lets us; a start clears the rest."""
        try:
            self._disk.unlink(path)
        except OSError:
            return

    def clear(self) -> None:
        """At a start: remove what a killed collector was in the middle of writing in one go."""
        for path in self._place.incoming.glob("*/*.tmp"):
            self._disk.unlink(path)
