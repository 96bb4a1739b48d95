"""An archive from a station without a network, taken into a collector with the checks that a connection gets.

The archive is an uncompressed POSIX tar: `manifest.json` first, then every file at its path in the share. It comes on a
stick, so nothing in it is trusted, and nothing is ever unpacked: members are read, checked and stored as any file.
"""

import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from data.collector.collector import Collector
from data.collector.desk import check_digest, check_place
from data.collector.keys import CollectorKeysError, check_station_name
from data.collector.messages import MAX_FILE_BYTES, Receipt
from data.collector.vault import Candidate
from data.files import Disk, replace_durably
from data.receipts import Level
from data.state_file import encode_state

ARCHIVE_FORMAT: Final = 1
MANIFEST_NAME: Final = "manifest.json"
MOST_MANIFEST_BYTES: Final = 64 << 20
"""Some 200,000 files; more is damage."""
MOST_MEMBERS: Final = 100_000
BATCH_BYTES: Final = 16 << 20
BATCH_FILES: Final = 64
RECEIPTS_SUFFIX: Final = ".receipts.json"
NO_STATION: Final = "archive"
"""In place of a station that does not say who it is."""


class ArchiveError(Exception):
    """This is no archive of a station; the text says why. The user's to mend."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One file as the manifest names it."""

    path: str
    sha256: bytes
    size: int


@dataclass(slots=True)
class ImportReport:
    """What came of an archive. `refused` says of each member, in words, why it was not taken."""

    station: str
    taken: list[Listed] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def import_archive(path: Path, collector: Collector, now: float, progress: Callable[[int, int], None]) -> ImportReport:
    """Take every good file of an archive; `progress` hears (members done, members listed).

    Raises:
        ArchiveError: it is none of ours: no manifest, or one that cannot be read.
        OSError: it cannot be read.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            return _import(archive, collector, now, progress)
    except (tarfile.TarError, EOFError) as error:
        raise ArchiveError(f"{path}: expected an archive of `dyadgrid outbox export`: {error}") from error


def _import(
    archive: tarfile.TarFile, collector: Collector, now: float, progress: Callable[[int, int], None]
) -> ImportReport:
    station, listed = _read_manifest(archive)
    report = ImportReport(station)
    wanted = dict(listed)
    batch: list[Candidate] = []
    done = 0
    for member in _members(archive, report):
        done += 1
        found = _read_member(archive, member, wanted)
        if isinstance(found, str):
            report.refused.append(found)
            continue
        batch.append(Candidate(station, *found))
        if len(batch) >= BATCH_FILES or sum(len(each.data) for each in batch) >= BATCH_BYTES:
            _store(batch, listed, collector, now, report)
            progress(done, len(listed))
    _store(batch, listed, collector, now, report)
    report.refused += [f"{path}: in the manifest, and not in the archive" for path in wanted]
    return report


def _members(archive: tarfile.TarFile, report: ImportReport) -> Iterator[tarfile.TarInfo]:
    """Every member behind the manifest; an archive that is broken in the middle gives what stands before that."""
    for _ in range(MOST_MEMBERS):
        try:
            member = archive.next()
        except (tarfile.TarError, EOFError, ValueError) as error:
            report.refused.append(f"the archive is broken behind the members that were read: {error}")
            return
        archive.members = []  # type: ignore[attr-defined]  # undocumented: otherwise every member stays in memory
        if member is None:
            return
        yield member
    report.refused.append(f"expected at most {MOST_MEMBERS} members; the rest was not read")


def _read_manifest(archive: tarfile.TarFile) -> tuple[str, dict[str, Listed]]:
    first = archive.next()
    if first is None or first.name != MANIFEST_NAME or not first.isreg() or first.size > MOST_MANIFEST_BYTES:
        raise tarfile.ReadError(f"its first member must be {MANIFEST_NAME}, got {first.name if first else 'none'!r}")
    try:
        fields = json.loads(_content(archive, first))
        if fields["format"] != ARCHIVE_FORMAT:
            raise ValueError(f"format: expected {ARCHIVE_FORMAT}, got {fields['format']!r:.60}")
        station = check_station_name(fields["station"] or NO_STATION)
        listed = [Listed(each["file"], bytes.fromhex(each["sha256"]), int(each["size"])) for each in fields["files"]]
    except (ValueError, TypeError, KeyError, RecursionError, CollectorKeysError) as error:
        raise tarfile.ReadError(f"{MANIFEST_NAME}: {type(error).__name__} {error}") from error
    return station, {each.path: each for each in listed}


def _read_member(
    archive: tarfile.TarFile, member: tarfile.TarInfo, wanted: dict[str, Listed]
) -> tuple[str, bytes, bytes] | str:
    """Path, SHA-256 and bytes of a member, taken out of `wanted`; or why the member is refused."""
    name = f"{member.name[:300]!r}"
    if not member.isreg() or member.issparse():
        return f"{name}: expected a plain file, got a link, a folder or a device"
    try:
        check_place(member.name)
    except ValueError as error:
        return f"{name}: {error}"
    listed = wanted.pop(member.name, None)
    if listed is None:
        return f"{name}: not in the manifest, or there twice"
    if member.size != listed.size or member.size > MAX_FILE_BYTES:
        return f"{name}: the manifest says {listed.size} bytes, the archive {member.size}"
    try:
        check_digest(member.name, listed.sha256)
    except ValueError as error:
        return f"{name}: {error}"
    try:
        data = _content(archive, member)
    except (tarfile.TarError, EOFError) as error:
        return f"{name}: cannot be read: {error}"
    found = sha256(data).digest()
    if found != listed.sha256:
        return f"{name}: the manifest says {listed.sha256.hex()}, its bytes are {found.hex()}"
    return listed.path, listed.sha256, data


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None, "a plain file has content"
    return file.read(member.size)


def _store(
    batch: list[Candidate], listed: dict[str, Listed], collector: Collector, now: float, report: ImportReport
) -> None:
    for candidate, reply in zip(batch, collector.store(batch, now), strict=True):
        if isinstance(reply, Receipt):
            report.taken.append(listed[candidate.path])
        else:
            report.refused.append(f"{candidate.path}: {getattr(reply, 'words', reply)}")
    batch.clear()


def write_receipts(archive: Path, report: ImportReport, share: tuple[str, str], disk: Disk) -> Path:
    """Write, beside an archive, what was taken of it: the person who brought it takes that back to the station.

    `share` is the URL and the id of the share that holds it now.

    Raises:
        OSError: the stick refuses.
    """
    path = archive.with_name(f"{archive.name}{RECEIPTS_SUFFIX}")
    receipts = [
        {
            "file": each.path,
            "sha256": each.sha256.hex(),
            "size": each.size,
            "share": share[0],
            "share_id": share[1],
            "level": Level.COLLECTED.value,
        }
        for each in report.taken
    ]
    fields = {"format": ARCHIVE_FORMAT, "station": report.station, "receipts": receipts}
    replace_durably(disk, path, encode_state(fields))
    return path
