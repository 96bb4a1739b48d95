"""The archive for a USB stick: all that a station has not delivered, in one file; and the receipts that come back.

An uncompressed POSIX tar that any system opens. Its first member is `manifest.json`, which names every file with its
SHA-256; then the files themselves, each at its path in a share. Nothing leaves an outbox when it is packed: only the
receipts that an import at the other end writes may end that.
"""

import errno
import os
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256 as hash_sha256
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

from data.files import Disk, flush_file, place_new, temporary_name
from data.layout import check_relative
from data.outbox import Item, Outbox
from data.receipts import Receipt, Receipts, check_level
from data.state_file import Fields, StateFileError, encode_state
from data.station import Station, read_identity

ARCHIVE_FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
RECEIPTS_FORMAT: Final = 1
RECEIPTS_SUFFIX: Final = ".receipts.json"
MOST_BYTES: Final = 64 << 20
"""Of a manifest or a list of receipts: some 200,000 files; more is damage."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What an archive holds, and which files could not be packed because they are not what was queued, in words."""

    files: tuple[Item, ...]
    refused: tuple[str, ...]
    size: int


def pack(homes: Iterable[Path], target: Path, disk: Disk | None = None) -> Packed:
    """Pack everything that waits in these homes (one station and its second place) into a new file.

    The archive is whole, flushed and read back before it has its name. Outboxes stay as they are.

    Raises:
        FileExistsError: the name is taken; nothing changed.
        OSError: it cannot be written, or gives back other bytes.
        ValueError: nothing waits there.
    """
    disk = disk or Disk()
    homes = tuple(homes)
    found = list(_waiting(homes))
    good = [each for each in found if not each.fault]
    if not good:
        raise ValueError("nothing waits in this outbox, so there is nothing to pack")
    if target.exists():
        raise FileExistsError(errno.EEXIST, "it is there already, and nothing is overwritten", str(target))
    temporary = temporary_name(target)
    try:
        _write(disk, temporary, _station_id(homes[0]), good)
        size = _read_back(temporary, good)
        place_new(disk, temporary, target)
    finally:
        disk.unlink(temporary)
    flush_file(disk, target)
    disk.flush_folder(target.parent)
    return Packed(tuple(each.item for each in good), tuple(each.fault for each in found if each.fault), size)


class _Waiting(NamedTuple):
    item: Item
    source: Path
    fault: str


def _waiting(homes: tuple[Path, ...]) -> Iterator[_Waiting]:
    seen = set()
    for home in homes:
        for item in Outbox(home).waiting():
            if item.file not in seen:
                seen.add(item.file)
                source = Station(home).episodes / item.file
                yield _Waiting(item, source, _fault(source, item))


def _fault(source: Path, item: Item) -> str:
    try:
        found = hash_sha256(source.read_bytes()).hexdigest()
    except OSError as error:
        return f"{item.file}: cannot be read: {error.strerror}"
    return "" if found == item.sha256 else f"{item.file}: expected {item.sha256}, found {found}"


def _station_id(home: Path) -> str:
    identity = read_identity(Station(home))
    return "" if identity is None else identity.station


def _write(disk: Disk, path: Path, station: str, files: list[_Waiting]) -> None:
    listed = [{"file": each.item.file, "sha256": each.item.sha256, "size": each.item.size} for each in files]
    manifest = encode_state({"format": ARCHIVE_FORMAT, "station": station, "files": listed})
    descriptor = disk.create(path)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            _add(archive, MANIFEST, manifest)
            for each in files:
                _add(archive, each.item.file, each.source.read_bytes())
        file.flush()
        disk.flush(descriptor)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    """A member without clock and owner: equal outboxes make equal archives."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = 0o644
    archive.addfile(member, BytesIO(data))


def _read_back(path: Path, files: list[_Waiting]) -> int:
    """The size of a whole archive.

    Raises:
        OSError: it does not hold what it should.
    """
    with tarfile.open(path, "r:") as archive:
        for each in files:
            member = archive.extractfile(each.item.file)
            found = "" if member is None else hash_sha256(member.read()).hexdigest()
            if found != each.item.sha256:
                raise OSError(errno.EIO, f"it gives back other bytes of {each.item.file} than were written", str(path))
    return path.stat().st_size


def read_vouchers(data: bytes, now: float) -> tuple[Receipt, ...]:
    """The receipts that an import wrote beside its archive.

    Raises:
        StateFileError: something else.
    """
    return tuple(_voucher(fields, now) for fields in Fields(data, RECEIPTS_FORMAT, MOST_BYTES).objects("receipts"))


def _voucher(fields: Fields, now: float) -> Receipt:
    file = fields.text("file")
    try:
        check_relative(file)
    except ValueError as error:
        raise StateFileError(str(error)) from error
    level = check_level(fields.integer("level"))
    words = [fields.text(name) for name in ("sha256", "share", "share_id")]
    return Receipt(file, words[0], fields.integer("size"), words[1], words[2], level, now)


class Taken(NamedTuple):
    """What came of receipts: those that were taken, and those that fit nothing of this station, in words."""

    receipts: tuple[Receipt, ...]
    strangers: tuple[str, ...]


def take_receipts(home: Path, receipts: Iterable[Receipt], disk: Disk | None = None) -> Taken:
    """Keep those receipts that speak of exactly a file of this home, and let its item go. The caller holds the lock.

    Raises:
        OSError: this machine's disk is in the way; run it again.
    """
    disk = disk or Disk()
    outbox, papers = Outbox(home, disk), Receipts(home, disk)
    waiting = {item.name: item for item in outbox.waiting()}
    taken, strangers = [], []
    for receipt in receipts:
        item, standing = waiting.get(receipt.name), papers.find(receipt.name)
        known = item or standing
        if known is None:
            strangers.append(f"{receipt.file}: no file of this station")
        elif (known.file, known.sha256) != (receipt.file, receipt.sha256):
            strangers.append(f"{receipt.file}: expected {known.sha256}, the receipt is for {receipt.sha256}")
        else:
            papers.write(receipt)
            if item is not None:
                outbox.release(item)
            taken.append(receipt)
    return Taken(tuple(taken), tuple(strangers))
