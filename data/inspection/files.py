"""Which files an inspection lays side by side: each seat's local record, and the canonical file that goes with it.

Files are found and read here and nowhere else of the inspection; nothing is written.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from data.claims import read_claims
from data.draft import PART_SUFFIX
from data.episode_format import SUFFIX, FormatError, Prefix, read_prefix
from data.framing import records
from data.judgement import read_bytes
from data.layout import parse_name
from data.local_format import LOCAL_SUFFIX, Local, LocalHeader, decode_local_header, read_local_prefix
from data.station import Station
from games.contract import Seat

_NAMED: Final = re.compile(r"run-(?P<run>[0-9a-f]{16})_ep-(?P<number>\d+)$")
_LOCAL: Final = (LOCAL_SUFFIX, LOCAL_SUFFIX + PART_SUFFIX)
_CANONICAL: Final = (SUFFIX, SUFFIX + PART_SUFFIX)
_SET_ASIDE: Final = Station(Path()).torn.name
"""The folder of a station that holds what a recovery replaced: to be asked for by name."""
_HEADER_BYTES: Final = 1 << 16
"""A local header is some 3 kB: enough of a file to learn whose it is."""


class InspectionError(ValueError):
    """What was named cannot be inspected; the text says why. The user's to mend."""


class Key(NamedTuple):
    """Which episode a file is of. `episode` counts from 0, as in data."""

    run: str
    episode: int

    def words(self) -> str:
        """The episode as people read it."""
        return f"run {self.run} episode {self.episode + 1}"


class Choice(NamedTuple):
    """What narrows down a folder of many episodes: `episode` counts from 1, `run` is the beginning of a run id."""

    episode: int | None = None
    run: str = ""

    def takes(self, key: Key) -> bool:
        """Whether it leaves this episode."""
        return self.episode in (None, key.episode + 1) and key.run.startswith(self.run)


@dataclass(frozen=True, slots=True)
class SeatRecord:
    """What one seat has left of an episode. `canonical` is None if no file of its own is there to be read."""

    seat: Seat
    path: Path
    local: Local
    canonical_path: Path | None
    canonical: Prefix | None
    canonical_bytes: bytes


def find_records(paths: Sequence[Path], choice: Choice) -> dict[Seat, SeatRecord]:
    """The records of one episode that `paths` name: files, episode folders, stations, shares. One seat or both.

    Raises:
        InspectionError: nothing is there, it is ambiguous, or the paths are of different episodes or of one seat.
        OSError: a file cannot be read.
    """
    found = [_logs_at(path, choice) for path in paths]
    key = _common_key(paths, found)
    logs: dict[Seat, Path] = {}
    for candidates in found:
        logs = _by_seat(candidates[key]) | logs
    if len(paths) > 1 and len(logs) == 1:
        raise InspectionError(f"both records are of the {next(iter(logs)).word} seat: {' and '.join(map(str, paths))}")
    return _records(logs, key)


def _logs_at(path: Path, choice: Choice) -> dict[Key, list[Path]]:
    """The local records that a path names, by episode. What a choice leaves out was not meant."""
    if not path.exists():
        raise InspectionError(f"{path}: no such file or folder")
    if not path.is_dir() and not path.name.endswith(_CANONICAL):
        return {_key(path): [path]}
    logs: dict[Key, list[Path]] = {}
    for log in _logs_in(path) if path.is_dir() else _logs_beside(path):
        logs.setdefault(_key(log), []).append(log)
    taken = {key: group for key, group in logs.items() if choice.takes(key)}
    if not taken:
        raise InspectionError(_nothing_words(path, logs, choice))
    return taken


def _nothing_words(path: Path, logs: Mapping[Key, object], choice: Choice) -> str:
    if not logs:
        return f"{path}: no local record ({LOCAL_SUFFIX}) here"
    wanted = f"episode {choice.episode}" if choice.episode is not None else "episode"
    wanted += f" of run {choice.run}" if choice.run else ""
    return f"{path}: no {wanted} here, but {_list_words(logs)}"


def _list_words(keys: Iterable[Key], most: int = 4) -> str:
    words = [key.words() for key in sorted(keys)]
    rest = [f"{len(words) - most} more"] if len(words) > most else []
    return ", ".join(words[:most] + rest)


def _logs_in(folder: Path) -> list[Path]:
    logs = sorted(path for path in folder.rglob(f"*{LOCAL_SUFFIX}") if path.is_file())
    return [log for log in logs if _SET_ASIDE not in log.relative_to(folder).parts[:-1]]


def _logs_beside(canonical: Path) -> list[Path]:
    """The local records in the folder of a canonical file that are of the same episode."""
    prefix = _prefix(canonical, read_bytes(canonical))
    key = Key(prefix.terms.run, prefix.terms.episode)
    logs = sorted(path for path in canonical.parent.iterdir() if path.name.endswith(_LOCAL))
    return [log for log in logs if _key(log) == key]


def _key(log: Path) -> Key:
    named = _named_key(log)
    if named is not None:
        return named
    header = _header(log)
    return Key(header.run, header.episode)


def _named_key(path: Path) -> Key | None:
    """The episode that a file's name tells; None of a renamed file."""
    name = parse_name(path.name)
    match = _NAMED.search(name.stem) if name is not None else None
    return None if match is None else Key(match["run"], int(match["number"]) - 1)


def _header(log: Path) -> LocalHeader:
    try:
        with log.open("rb") as file:
            first = next(records(file.read(_HEADER_BYTES)), None)
        if first is None:
            raise FormatError("record", "HEADER", "the file's end")
        return decode_local_header(first.payload)[0]
    except FormatError as error:
        raise InspectionError(f"{log}: no local record: {error}") from error


def _common_key(paths: Sequence[Path], found: Sequence[Mapping[Key, Sequence[Path]]]) -> Key:
    """The one episode that all paths hold; of several runs of it, the newest."""
    common = set(found[0]).intersection(*found[1:])
    if not common:
        told = [f"{path} is of {_list_words(keys)}" for path, keys in zip(paths, found, strict=True)]
        raise InspectionError("different episodes: " + "; ".join(told))
    if len({key.episode for key in common}) > 1:
        raise InspectionError(f"{paths[0]} holds {_list_words(common)}: choose with --episode")
    return max(common, key=lambda key: (_header(found[0][key][0]).wall_ns, key))


def _by_seat(logs: Sequence[Path]) -> dict[Seat, Path]:
    """Each seat's record; of several, which only a recovery leaves, the longest."""
    best: dict[Seat, Path] = {}
    for log in sorted(logs, key=lambda path: path.stat().st_size):
        best[Seat(_header(log).seat)] = log
    return best


def _records(logs: Mapping[Seat, Path], key: Key) -> dict[Seat, SeatRecord]:
    """Read everything. The canonical files of both seats are mostly one and the same, and are then read once."""
    read: dict[bytes, Prefix] = {}
    taken: dict[Seat, SeatRecord] = {}
    for seat, log in sorted(logs.items()):
        try:
            local = read_local_prefix(log.read_bytes())
        except FormatError as error:
            raise InspectionError(f"{log}: {error}") from error
        path = _canonical_of(seat, log.parent, key)
        data = b"" if path is None else read_bytes(path)
        if path is not None and data not in read:
            read[data] = _prefix(path, data)
        taken[seat] = SeatRecord(seat, log, local, path, read.get(data), data)
    return taken


def _canonical_of(seat: Seat, folder: Path, key: Key) -> Path | None:
    """The canonical file that a seat claims; without a claim, the longest of the episode in the folder."""
    claim = read_claims(folder).get(seat)
    if claim is not None and (claim.run, claim.episode) == key and (folder / claim.file).is_file():
        return folder / claim.file
    files = [path for path in sorted(folder.iterdir()) if path.name.endswith(_CANONICAL) and _is_of(path, key)]
    return max(files, key=lambda path: path.stat().st_size, default=None)


def _is_of(canonical: Path, key: Key) -> bool:
    named = _named_key(canonical)
    if named is not None:
        return named == key
    try:
        terms = read_prefix(read_bytes(canonical)).terms
    except (OSError, FormatError):
        return False  # what a stray file is worth is for `verify` to say
    return (terms.run, terms.episode) == key


def _prefix(path: Path, data: bytes) -> Prefix:
    try:
        return read_prefix(data)
    except FormatError as error:
        raise InspectionError(f"{path}: no canonical file: {error}") from error
