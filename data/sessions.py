"""The sessions of a station: each is written down when it begins, and ends with a sheet and checksums for the share.

1. opening durable under `sessions/`, beside a lock that its recorder holds: a crash leaves it
2. every episode published: the claims under `episodes/` say what there is
3. sheet and checksums durable beside the episodes, and queued
4. opening removed, lock released

A recovery that finds an opening which nobody holds does steps 3 and 4, and may do them twice.
"""

import errno
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256 as hash_sha256
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from filelock import FileLock

from data.claims import best_claims, decode_claim
from data.files import Disk, create_durably, flush_file, make_folders, retire_lock, try_lock
from data.layout import Kind, folder_of_session, parse_name, session_folder, session_stem, sheet_name, sums_name
from data.outbox import Item, Outbox
from data.session_sheet import FiledClaim, Opening, encode_opening, encode_sheet, encode_sums, make_opening, make_sheet
from data.state_file import StateFileError
from data.station import LOCK_SUFFIX, Station
from games.contract import Seat
from netcode.vocabulary import EpisodeTerms

OPENING_SUFFIX: Final = ".json"


class SessionPlan(NamedTuple):
    """What a client knows of its session beforehand: how many episodes are planned, and which versions play them."""

    planned: int
    versions: tuple[tuple[str, str], ...] = ()


class OpenSession:
    """A session that is being recorded: between its first episode and its sheet, under its lock."""

    def __init__(self, disk: Disk, station: Station, terms: EpisodeTerms, seat: Seat, plan: SessionPlan) -> None:
        """Write the session down, durably.

        Raises:
            OSError: the disk refuses it, or another process records this very seat and run here.
        """
        self.run = terms.run
        self._disk = disk
        self._station = station
        self._opening = make_opening(terms, seat, plan.planned, plan.versions)
        self._path = opening_path(station, session_folder(terms), seat)
        disk.make_folder(station.sessions)
        lock = try_lock(self._path.with_suffix(LOCK_SUFFIX))
        if lock is None:
            raise FileExistsError(errno.EEXIST, "another process records this seat's session", str(self._path))
        self._lock: FileLock = lock
        try:
            _put(disk, self._path, encode_opening(self._opening))
            disk.flush_folder(station.home)
        except OSError:
            lock.release()
            raise

    def close(self, homes: Sequence[Path], share_url: str) -> None:
        """Write sheet and checksums of what lies in these homes, queue both, and forget the opening.

        Raises:
            OSError: a recovery has to do it.
        """
        try:
            write_sheet(self._disk, self._station, homes, self._opening, share_url)
            remove_opening(self._disk, self._path)
        finally:
            retire_lock(self._lock)

    def abandon(self) -> None:
        """Leave the sheet to a recovery."""
        self._lock.release()


def opening_path(station: Station, folder: PurePosixPath, seat: Seat) -> Path:
    """Where the opening of one seat's session lies."""
    return station.sessions / f"{folder.parts[0]}_{session_stem(folder)}_{seat.word}{OPENING_SUFFIX}"


def remove_opening(disk: Disk, path: Path) -> None:
    """Forget a session whose sheet is durable and queued."""
    disk.unlink(path)
    disk.flush_folder(path.parent)


def write_sheet(disk: Disk, station: Station, homes: Sequence[Path], opening: Opening, share_url: str) -> Path | None:
    """Make a session's sheet and checksums durable, and queue them; where the sheet lies, or None if there is nothing.

    Raises:
        OSError: something is not durable; run again.
    """
    folder, seat = folder_of_session(opening.study, opening.dyad, opening.session, opening.run), opening.seat
    filed = list(_claims_of(homes, folder, seat))
    if not filed:
        return None
    best = [_best(claims) for claims in _by_episode(filed)]
    sheet = encode_sheet(make_sheet(opening, best))
    sheet_sha256 = hash_sha256(sheet).hexdigest()
    name = sheet_name(folder, seat, sheet_sha256)
    sums = encode_sums({**_checksums(filed), name: sheet_sha256})
    sums_sha256 = hash_sha256(sums).hexdigest()
    target = make_folders(disk, station.episodes, folder)
    outbox = Outbox(station.home, disk)
    for file, data, digest in ((name, sheet, sheet_sha256), (sums_name(seat, sums_sha256), sums, sums_sha256)):
        _put(disk, target / file, data)
        outbox.queue(Item(str(folder / file), digest, len(data), share_url), flush=False)
    outbox.flush()
    return target / name


def _put(disk: Disk, path: Path, data: bytes) -> None:
    """A file with these bytes, durably; one that has them already is flushed.

    Raises:
        FileExistsError: other bytes have the name.
    """
    try:
        create_durably(disk, path, data)
    except FileExistsError:
        if disk.read(path) != data:
            raise
        flush_file(disk, path)
        disk.flush_folder(path.parent)


def _claims_of(homes: Iterable[Path], folder: PurePosixPath, seat: Seat) -> Iterator[FiledClaim]:
    """Every claim of one seat in one session, each once."""
    seen = set()
    for home in homes:
        for path in sorted((Station(home).episodes / folder).glob(f"*/*{Kind.CLAIM.suffix}")):
            name = parse_name(path.name)
            if name is None or name.kind is not Kind.CLAIM or name.seat is not seat or path.name in seen:
                continue
            seen.add(path.name)
            data = path.read_bytes()
            try:
                yield FiledClaim(path.parent.name, path.name, hash_sha256(data).hexdigest(), decode_claim(data))
            except StateFileError:
                continue  # `verify` names it


def _by_episode(filed: Iterable[FiledClaim]) -> list[list[FiledClaim]]:
    episodes: dict[int, list[FiledClaim]] = {}
    for one in filed:
        episodes.setdefault(one.claim.episode, []).append(one)
    return list(episodes.values())


def _best(claims: Sequence[FiledClaim]) -> FiledClaim:
    (best,) = best_claims(filed.claim for filed in claims).values()
    return next(filed for filed in claims if filed.claim == best)


def _checksums(filed: Iterable[FiledClaim]) -> dict[str, str]:
    sums = {}
    for folder, name, digest, claim in filed:
        sums[f"{folder}/{name}"] = digest
        for file, file_digest in ((claim.file, claim.sha256), (claim.local_file, claim.local_sha256)):
            if file:
                sums[f"{folder}/{file}"] = file_digest
    return sums
