"""What lies under some paths, sorted by what it is: canonical and local files, claims, sheets. Nothing is judged.

Files are found, station homes and shares alike, by their names; only a file that was named itself is looked into.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from data.claims import Claim, decode_claim
from data.episode_format import SUFFIX
from data.findings import Answer, FileFinding
from data.judgement import read_bytes
from data.layout import Kind, SessionKind, parse_name, parse_session_name
from data.local_format import LOCAL_SUFFIX, is_local
from data.pruning import decode_tombstone
from data.session_sheet import decode_sheet
from data.sheet_check import FoundSheet
from data.state_file import StateFileError

PART_SUFFIX: Final = ".part"
"""What a file is called in addition while it is written, and after a crash until the next recovery."""
_CANONICAL: Final = (SUFFIX, SUFFIX + PART_SUFFIX)
_LOCAL: Final = (LOCAL_SUFFIX, LOCAL_SUFFIX + PART_SUFFIX)

SET_ASIDE: Final = "torn"
"""The folder of a station in which a recovery keeps what it replaced: counted, and judged only if it is asked for."""

TRASH: Final = "trash"
"""The folder of a station in which files lie that it has pruned."""
TOMBSTONES: Final = "tombstones"
"""The folder of a station that says which they are."""


class Claimed(NamedTuple):
    """A claim and where it lies."""

    path: Path
    claim: Claim


class Found(NamedTuple):
    """What lies under the paths, each file once, in order: `files` and `local_files` to read, and what is counted.

    `alone` are canonical files that were named themselves or by their own folder: of those nobody said that they are
    all there is. `set_aside` counts canonical files in a station's folders for torn and for pruned ones; `pruned` are
    the places that those were removed from on purpose, and the share that has given a receipt for each.
    """

    files: tuple[Path, ...]
    claims: tuple[Claimed, ...]
    strays: tuple[FileFinding, ...]
    local_files: tuple[Path, ...]
    set_aside: int
    alone: frozenset[Path]
    sheets: tuple[FoundSheet, ...] = ()
    pruned: Mapping[Path, str] = {}


def find(paths: Sequence[Path]) -> Found:
    """Everything of ours under the paths, each file once. A named file is judged whatever it is called."""
    search = _Search()
    for path in paths:
        ours = [search.take(file, path) for file in _files_under(path, search.strays)]
        if not any(ours):
            search.strays.append(FileFinding(path, Answer.NO_EPISODE, "none in this folder"))
    return search.found()


class _Search:
    """What has been found so far: one `take` for each file under the paths."""

    def __init__(self) -> None:
        self.strays: list[FileFinding] = []
        self._files: list[Path] = []
        self._claims: list[Claimed] = []
        self._sheets: list[FoundSheet] = []
        self._pruned: dict[Path, str] = {}
        self._local_files: list[Path] = []
        self._alone: set[Path] = set()
        self._set_aside = 0
        self._seen: set[str] = set()

    def take(self, path: Path, root: Path) -> bool:
        """Sort one file, found under `root`, by its name; whether it is one of ours. `root` itself always is."""
        is_root = path == root
        if path.parent.name == TOMBSTONES and not is_root:
            return self._take_tombstone(path)
        is_local = path.name.endswith(_LOCAL) or (is_root and _holds_local(path))
        is_canonical = is_root or path.name.endswith(_CANONICAL)
        if not (is_local or is_canonical or _is_claim(path) or _is_sheet(path)):
            return False
        # Of a loop of links `resolve` would raise; `realpath` names it, and reading it fails in words.
        real = os.path.realpath(path)
        if real not in self._seen:
            self._seen.add(real)
            if is_local:
                self._local_files.append(path)
            elif is_canonical:
                self._take_canonical(path, root)
            elif _is_sheet(path):
                self._take_sheet(path)
            else:
                self._take_claim(path)
        return True

    def _take_canonical(self, path: Path, root: Path) -> None:
        if is_set_aside(path, root):
            self._set_aside += 1
            return
        self._files.append(path)
        if root in (path, path.parent):
            self._alone.add(path)

    def _take_claim(self, path: Path) -> None:
        try:
            self._claims.append(Claimed(path, decode_claim(path.read_bytes())))
        except (OSError, StateFileError) as error:
            self.strays.append(FileFinding(path, Answer.DAMAGED, f"a claim that cannot be read: {error}"))

    def _take_tombstone(self, path: Path) -> bool:
        try:
            tombstone = decode_tombstone(path.read_bytes())
        except (OSError, StateFileError):
            return False
        file = path.parent.parent / "episodes" / tombstone.file
        if not file.exists():
            self._pruned[file] = tombstone.share
        return True

    def _take_sheet(self, path: Path) -> None:
        try:
            self._sheets.append(FoundSheet(path, decode_sheet(path.read_bytes())))
        except (OSError, StateFileError) as error:
            self.strays.append(FileFinding(path, Answer.DAMAGED, f"a session's sheet that cannot be read: {error}"))

    def found(self) -> Found:
        """All of it."""
        return Found(
            tuple(self._files),
            tuple(self._claims),
            tuple(self.strays),
            tuple(self._local_files),
            self._set_aside,
            frozenset(self._alone),
            tuple(self._sheets),
            self._pruned,
        )


def is_set_aside(path: Path, root: Path) -> bool:
    """Whether a file below `root` lies in a folder for torn or pruned ones."""
    return not {SET_ASIDE, TRASH}.isdisjoint(path.relative_to(root).parts[:-1])


def _files_under(path: Path, strays: list[FileFinding]) -> Iterator[Path]:
    """A file itself, or all files in a folder in order; a folder that cannot be read becomes a stray."""

    def refused(error: OSError) -> None:
        strays.append(FileFinding(Path(error.filename), Answer.NO_EPISODE, f"cannot be read: {error.strerror}"))

    if not _is_folder(path):
        yield path
        return
    for folder, folders, names in os.walk(path, onerror=refused):
        folders.sort()
        for name in sorted(names):
            yield Path(folder, name)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # judging it will say why it cannot be read


def _holds_local(path: Path) -> bool:
    try:
        return is_local(read_bytes(path))
    except OSError:
        return False  # judging it will say why it cannot be read


def _is_claim(path: Path) -> bool:
    name = parse_name(path.name)
    return name is not None and name.kind is Kind.CLAIM


def _is_sheet(path: Path) -> bool:
    name = parse_session_name(path.name)
    return name is not None and name.kind is SessionKind.SHEET
