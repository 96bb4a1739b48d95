"""Do I have everything? What a share (or some stations) should hold, by its sheets and claims, against what it holds.

Nothing is played again here, that is `verify`'s; but every file that is counted as received has the right bytes.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256 as hash_sha256
from pathlib import Path
from typing import NamedTuple

from data.claims import Claim, Pairing, best_claims, compare_claims, decode_claim
from data.layout import Kind, SessionKind, parse_name, parse_session_name
from data.pruning import Tombstone, decode_tombstone
from data.search import TOMBSTONES
from data.session_sheet import SessionSheet, SheetEpisode, decode_sheet
from data.state_file import StateFileError
from games.contract import Seat


class SessionKey(NamedTuple):
    """One session that was really played, as its folders are called."""

    study: str
    dyad: str
    session: str


class Lack(NamedTuple):
    """Something that is not here, or not as it should be. `episode` counts from 0; -1 means the whole session."""

    episode: int
    seat: str
    words: str


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """One session: how many episodes it has, how many are here from both seats, and what they are worth.

    `planned` is 0 if no sheet says it; `sheets` are the seats whose sheet is here. `lacks` are missing files,
    `divergent` and `partial` episode numbers from 0. `pruned` names, for each file that a station here removed on
    purpose, the share that has given a receipt for it: such a file counts as received.
    """

    key: SessionKey
    planned: int
    sheets: tuple[str, ...]
    expected: int
    received: int
    paired: int
    partial: tuple[int, ...]
    divergent: tuple[int, ...]
    lacks: tuple[Lack, ...]
    pruned: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether everything that was played is here, and the seats agree."""
        return not self.lacks and not self.divergent

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing, and no lack."""
        notes = []
        if not self.sheets:
            notes.append(
                "no sheet is here, so what to expect is known from claims only: it was recorded before there were "
                "sheets, or its clients have not ended yet"
            )
        if self.planned > self.expected:
            notes.append(f"{self.expected} of {self.planned} planned episodes were played")
        if self.partial:
            notes.append(f"episode {_numbers(self.partial)}: partial, and nobody has more of it")
        for share, count in sorted(Counter(self.pruned).items()):
            notes.append(f"{count} file{'' if count == 1 else 's'} pruned, receipt of {share}")
        return tuple(notes)

    @property
    def alarms(self) -> tuple[str, ...]:
        """What somebody has to look after."""
        divergent = f"episode {_numbers(self.divergent)}: the two records differ; `dyadgrid verify` says where"
        return ((divergent,) if self.divergent else ()) + tuple(lack.words for lack in self.lacks)


def _numbers(episodes: Sequence[int]) -> str:
    return ", ".join(str(episode + 1) for episode in episodes)


def read_status(paths: Sequence[Path]) -> tuple[SessionStatus, ...]:
    """The status of every session under the paths: shares, stations, folders of them.

    Raises:
        FileNotFoundError: a path leads nowhere.
    """
    folders: defaultdict[SessionKey, _Folder] = defaultdict(_Folder)
    for path in paths:
        if not path.is_dir():
            raise FileNotFoundError(2, "expected a folder: a share, a station, or a part of one", str(path))
        for file in _files(path):
            _sort(file, folders)
    return tuple(_judge(key, folder) for key, folder in sorted(folders.items()))


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root.absolute()):
        folders[:] = sorted(name for name in folders if name not in ("torn", "trash", "quarantine"))
        yield from (Path(folder, name) for name in sorted(names))


class _Folder:
    """What lies there of one session, by name; a copy elsewhere counts as the same file."""

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}
        self.claims: list[Claim] = []
        self.sheets: list[SessionSheet] = []
        self.torn: list[Lack] = []
        self.tombstones: dict[str, Tombstone] = {}
        self.unclaimed: set[int] = set()
        """Episodes of which something is here."""


def _sort(path: Path, folders: dict[SessionKey, _Folder]) -> None:
    name, own = parse_name(path.name), parse_session_name(path.name)
    if path.parent.name == TOMBSTONES:
        _sort_tombstone(path, folders)
    elif name is not None:
        folder = folders[_key(path.parents[1])]
        if path.name in folder.files:
            return
        folder.files[path.name] = path
        episode = int(name.stem.rpartition("_ep-")[2]) - 1
        folder.unclaimed.add(episode)
        if name.kind is Kind.CLAIM:
            try:
                folder.claims.append(decode_claim(path.read_bytes()))
            except (OSError, StateFileError) as error:
                seat = "" if name.seat is None else name.seat.word
                folder.torn.append(Lack(episode, seat, f"{path.name}: a claim that cannot be read: {error}"))
    elif own is not None and own.kind is SessionKind.SHEET:
        folder = folders[_key(path.parent)]
        try:
            folder.sheets.append(decode_sheet(path.read_bytes()))
        except (OSError, StateFileError) as error:
            folder.torn.append(Lack(-1, own.seat.word, f"{path.name}: a sheet that cannot be read: {error}"))


def _sort_tombstone(path: Path, folders: dict[SessionKey, "_Folder"]) -> None:
    with suppress(OSError, StateFileError):  # a torn one stands for nothing; a recovery reports it
        tombstone = decode_tombstone(path.read_bytes())
        file = Path(tombstone.file)
        folders[_key(file.parents[1])].tombstones[file.name] = tombstone


def _key(session: Path) -> SessionKey:
    return SessionKey(session.parent.parent.name, session.parent.name, session.name)


def _judge(key: SessionKey, folder: _Folder) -> SessionStatus:
    sheets = {seat: _best_sheet(folder.sheets, seat) for seat in Seat}
    listed = {seat: _by_episode(sheet) for seat, sheet in sheets.items()}
    claims: defaultdict[int, list[Claim]] = defaultdict(list)
    for claim in folder.claims:
        claims[claim.episode].append(claim)
    episodes = sorted({*claims, *folder.unclaimed, *(episode for one in listed.values() for episode in one)})
    here = [seat.word for seat, sheet in sheets.items() if sheet is not None]
    lacks = [*folder.torn]
    if len(here) == 1:
        other = next(seat.word for seat in Seat if seat.word not in here)
        lacks.append(Lack(-1, other, f"the sheet of {other} is not here: its machine has not delivered everything"))
    received, pairings = 0, {}
    for episode in episodes:
        best = best_claims(claims[episode])
        missing = [lack for seat in Seat for lack in _lacks(folder, episode, seat, best.get(seat), listed, sheets)]
        lacks += missing
        received += not missing
        pairings[episode] = compare_claims(best.get(Seat.LEFT), best.get(Seat.RIGHT)).pairing
    return SessionStatus(
        key=key,
        planned=max((sheet.opening.planned for sheet in sheets.values() if sheet is not None), default=0),
        sheets=tuple(here),
        expected=len(episodes),
        received=received,
        paired=sum(pairing is Pairing.PAIRED for pairing in pairings.values()),
        partial=tuple(episode for episode in episodes if _is_partial(claims[episode], pairings[episode])),
        divergent=tuple(episode for episode, pairing in pairings.items() if pairing is Pairing.DIVERGED),
        lacks=tuple(lacks),
        pruned=tuple(stone.share for name, stone in folder.tombstones.items() if name not in folder.files),
    )


def _best_sheet(sheets: Sequence[SessionSheet], seat: Seat) -> SessionSheet | None:
    return max((sheet for sheet in sheets if sheet.opening.seat is seat), key=lambda sheet: sheet.worth, default=None)


def _by_episode(sheet: SessionSheet | None) -> dict[int, SheetEpisode]:
    return {} if sheet is None else {episode.episode: episode for episode in sheet.episodes}


def _is_partial(claims: Sequence[Claim], pairing: Pairing) -> bool:
    best = best_claims(claims).values()
    return pairing is not Pairing.DIVERGED and bool(best) and not any(claim.is_complete for claim in best)


def _lacks(
    folder: _Folder,
    episode: int,
    seat: Seat,
    claim: Claim | None,
    listed: dict[Seat, dict[int, SheetEpisode]],
    sheets: dict[Seat, SessionSheet | None],
) -> Iterator[Lack]:
    """What is not here of one seat's part of an episode."""
    number = episode + 1
    on_sheet = listed[seat].get(episode)
    if claim is None and on_sheet is None:
        if sheets[seat] is not None:
            return  # that seat has told of everything that it has, and it has nothing of this one
        yield Lack(episode, seat.word, f"episode {number}: nothing from {seat.word} yet")
        return
    files = {Path(file).name: sha256 for file, sha256 in (on_sheet.files if on_sheet is not None else ())}
    if claim is not None:
        files |= {claim.file: claim.sha256, claim.local_file: claim.local_sha256}
    files.pop("", None)
    pruned = {name for name, stone in folder.tombstones.items() if stone.sha256 == files.get(name)}
    missing = sorted(file for file in files if file not in folder.files and file not in pruned)
    if claim is None and len(missing) == len(files):
        yield Lack(episode, seat.word, f"episode {number}: nothing from {seat.word} is here, and its sheet lists it")
    elif missing:
        yield Lack(episode, seat.word, f"episode {number}: not here, but {seat.word} has it: {', '.join(missing)}")
    for file in sorted(files.keys() & folder.files.keys()):
        came = _hash(folder.files[file])
        if came != files[file]:
            words = f"episode {number}: {file} is damaged: expected {files[file]}, found {came}"
            yield Lack(episode, seat.word, words)


def _hash(path: Path) -> str:
    try:
        return hash_sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return error.strerror or str(error)
