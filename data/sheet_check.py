"""What a session's sheet says against what lies there: a missing episode, other bytes. It only reads.

A sheet stands for its own folder: what another station or another copy of a share holds is another sheet's matter.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256 as hash_sha256
from pathlib import Path
from typing import NamedTuple

from data.claims import Claim
from data.findings import Answer, FileFinding
from data.session_sheet import SessionSheet, SheetEpisode


class FoundSheet(NamedTuple):
    """A sheet and where it lies."""

    path: Path
    sheet: SessionSheet


def best_sheets(sheets: Iterable[FoundSheet]) -> list[FoundSheet]:
    """Of each folder and seat the largest sheet: a session that was taken up again after a crash has several."""
    best: dict[tuple[Path, str, int], FoundSheet] = {}
    for found in sheets:
        key = (found.path.parent, found.sheet.opening.run, found.sheet.opening.seat)
        if key not in best or found.sheet.worth > best[key].sheet.worth:
            best[key] = found
    return list(best.values())


def check_sheets(
    sheets: Sequence[FoundSheet], claims: Iterable[tuple[Path, Claim]], pruned: Iterable[Path] = ()
) -> tuple[FileFinding, ...]:
    """Everything in which what lies there is not what the sheets say.

    A canonical file that is missing is named by its claim, if that is in `claims`, and not once more. `pruned` were
    removed on purpose, by a station that had proof of them elsewhere.
    """
    known = {path for path, _ in claims} | set(pruned)
    return tuple(finding for found in best_sheets(sheets) for finding in _check_sheet(found, known, set(pruned)))


def _check_sheet(found: FoundSheet, known: set[Path], pruned: set[Path]) -> Iterator[FileFinding]:
    folder, seat = found.path.parent, found.sheet.opening.seat.word
    for episode in found.sheet.episodes:
        words = f"the sheet of {seat} lists episode {episode.episode + 1}"
        files = [(folder / name, sha256) for name, sha256 in episode.files if folder / name not in pruned]
        missing = [path for path, _ in files if not path.exists()]
        if missing and not (missing == [folder / episode.file] and _has_claim(folder, episode, known)):
            names = ", ".join(path.name for path in missing)
            yield FileFinding(missing[0], Answer.MISSING, f"{words}, of which this is not here: {names}")
        for path, sha256 in files:
            if path not in missing:
                yield from _check_bytes(path, sha256, words)


def _has_claim(folder: Path, episode: SheetEpisode, known: set[Path]) -> bool:
    return folder / episode.claim_file in known


def _check_bytes(path: Path, sha256: str, words: str) -> Iterator[FileFinding]:
    try:
        came = hash_sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
    except OSError as error:
        came = error.strerror or str(error)
    if came != sha256:
        yield FileFinding(path, Answer.DAMAGED, f"{words} with {path.name}: expected {sha256}, found {came}")
