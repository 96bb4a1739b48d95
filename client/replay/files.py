"""Which files a replay reads: one canonical record, and the local records of its seats. Nothing is written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from client.replay.record import Record, ReplayError, replayed
from client.replay.scenes import Scenes
from client.replay.sights import LateSights
from data.claims import read_claims
from data.draft import PART_SUFFIX
from data.episode_format import SUFFIX, FormatError, Prefix, read_prefix
from data.judgement import read_bytes
from data.layout import episode_key
from data.local_format import LOCAL_SUFFIX, Local, is_local, read_local_prefix
from games.contract import Seat

_CANONICAL: Final = (SUFFIX, SUFFIX + PART_SUFFIX)
_LOCAL: Final = (LOCAL_SUFFIX, LOCAL_SUFFIX + PART_SUFFIX)


class Opened(NamedTuple):
    """A replay ready to be shown: what can be seen, whose eyes to begin with, the file it is of, and what to say.

    `sights` are those of the scenes, which may still have to be gone through.
    """

    scenes: Scenes
    sights: LateSights
    seat: Seat
    path: Path
    remarks: tuple[str, ...]


def open_replay(path: Path, local: Path | None = None, seat: Seat | None = None) -> Opened:
    """Read what a path names: a canonical file, or the folder of one episode.

    `local` is a seat's local record; without it those beside the canonical file are taken. `seat` is whose eyes to
    begin with: of `local`, or left.

    Raises:
        ReplayError: it cannot be shown; the text says why.
    """
    canonical, prefix = _canonical_at(path, seat)
    locals_ = _named(local, prefix) if local is not None else _beside(canonical, prefix)
    record = _record(canonical, prefix)
    remarks = [f"{canonical}: {record.fault}; showing its {record.frames} good frames"] if record.fault else []
    for log, found in locals_.items():
        remarks += [f"{log}: {found.fault}; what it tells up to there is shown"] if found.fault is not None else []
    by_seat = {Seat(found.header.seat): found for found in locals_.values()}
    begin = next(iter(by_seat)) if seat is None and local is not None else seat or Seat.LEFT
    seen = LateSights(record, by_seat)
    scenes = Scenes(record, seen, canonical.name, seen.unconfirmed_frames)
    return Opened(scenes, seen, begin, canonical, tuple(remarks))


def _record(path: Path, prefix: Prefix) -> Record:
    try:
        return replayed(prefix)
    except ReplayError as error:
        raise ReplayError(f"{path}: {error}") from error


def _canonical_at(path: Path, seat: Seat | None) -> tuple[Path, Prefix]:
    if not path.exists():
        raise ReplayError(f"{path}: no such file or folder")
    if not path.is_dir():
        if path.name.endswith(_LOCAL):
            raise ReplayError(f"{path}: a local record; name the canonical file ({SUFFIX}), and this one by --local")
        return path, _prefix(path)
    files = sorted(each for each in path.iterdir() if each.name.endswith(_CANONICAL) and each.is_file())
    if not files:
        raise ReplayError(f"{path}: {_nothing_words(path)}")
    if len({episode_key(each.name) for each in files}) > 1:
        raise ReplayError(f"{path}: files of several episodes; name one of them, such as {files[0]}")
    read = {file: _prefix(file) for file in files}
    longest = max(files, key=lambda file: len(read[file].rows))
    claim = read_claims(path).get(seat if seat is not None else Seat.LEFT)
    own = path / claim.file if claim is not None and path / claim.file in files else longest
    # A cut leaves the seats records of different lengths. The longer one is as true, unless they contradict each other.
    chosen = longest if read[longest].rows[: len(read[own].rows)] == read[own].rows else own
    return chosen, read[chosen]


def _nothing_words(folder: Path) -> str:
    deeper = sorted({each.parent for each in folder.rglob(f"*{SUFFIX}")})
    if not deeper:
        return f"no episode file ({SUFFIX}) here"
    return f"not the folder of one episode; there are {len(deeper)} below it, such as {deeper[0]}"


def _prefix(path: Path) -> Prefix:
    try:
        data = read_bytes(path)
        if is_local(data):
            raise ReplayError(f"{path}: a local record; name the canonical file ({SUFFIX}), and this one by --local")
        return read_prefix(data)
    except FormatError as error:
        raise ReplayError(f"{path}: no episode file: {error}") from error
    except OSError as error:
        raise ReplayError(f"{path}: cannot be read: {error.strerror or error}") from error


def _named(path: Path, prefix: Prefix) -> Mapping[Path, Local]:
    """The local record that was asked for."""
    local = _local(path)
    if not _is_of(local, prefix):
        found, wanted = local.header, prefix.terms
        raise ReplayError(
            f"--local {path}: of run {found.run} episode {found.episode + 1}; "
            f"the canonical file is of run {wanted.run} episode {wanted.episode + 1}"
        )
    return {path: local}


def _beside(canonical: Path, prefix: Prefix) -> Mapping[Path, Local]:
    """The local records of the episode in the folder of its canonical file; the longest of each seat."""
    key = (prefix.terms.run, prefix.terms.episode)
    best: dict[Seat, tuple[int, Path, Local]] = {}
    for path in sorted(canonical.absolute().parent.iterdir()):
        if not path.name.endswith(_LOCAL) or episode_key(path.name) not in (None, key):
            continue
        try:
            local = _local(path)
        except ReplayError:
            continue  # a stray file beside it; the episode can be seen without
        size = path.stat().st_size
        seat = Seat(local.header.seat)
        if _is_of(local, prefix) and size > best.get(seat, (0,))[0]:
            best[seat] = (size, path, local)
    return {path: local for _, path, local in best.values()}


def _local(path: Path) -> Local:
    try:
        local = read_local_prefix(read_bytes(path))
    except FormatError as error:
        raise ReplayError(f"--local {path}: no local record: {error}") from error
    except OSError as error:
        raise ReplayError(f"--local {path}: cannot be read: {error.strerror or error}") from error
    if local.header.seat not in tuple(Seat):
        raise ReplayError(f"--local {path}: no local record: expected seat 0 or 1, got {local.header.seat}")
    return local


def _is_of(local: Local, prefix: Prefix) -> bool:
    return (local.header.run, local.header.episode) == (prefix.terms.run, prefix.terms.episode)
