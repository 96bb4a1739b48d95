"""`verify`: every canonical file under some paths judged, and each laid beside its partner's.

It reads and never writes. Progress is told to the caller; how a report looks is for `data.verification_report`.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from data.claims import Claim, decode_claim
from data.episode_format import SUFFIX, FormatError, read_prefix
from data.findings import Answer, EpisodeFinding, FileFinding, Pairing, Report
from data.judgement import judge_file, read_bytes
from data.layout import Kind, parse_name
from data.local_format import LOCAL_SUFFIX, is_local
from data.parity import Difference, first_difference
from data.state_file import StateFileError

Progress: TypeAlias = Callable[[int, int, Path], None]
"""Is told (files done, files in all, the file that was just judged)."""

PART_SUFFIX: Final = ".part"
"""What a file is called in addition while it is written, and after a crash until the next recovery."""
_CANONICAL: Final = (SUFFIX, SUFFIX + PART_SUFFIX)
_LOCAL: Final = (LOCAL_SUFFIX, LOCAL_SUFFIX + PART_SUFFIX)

SET_ASIDE: Final = "torn"
"""The folder of a station in which a recovery keeps what it replaced: counted, and judged only if it is asked for."""


class Claimed(NamedTuple):
    """A claim and where it lies."""

    path: Path
    claim: Claim


class Found(NamedTuple):
    """What lies under the paths: files to judge, claims, and what is only counted."""

    files: tuple[Path, ...]
    claims: tuple[Claimed, ...]
    strays: tuple[FileFinding, ...]
    local_files: int
    set_aside: int


def verify_paths(paths: Sequence[Path], *, progress: Progress | None = None) -> Report:
    """Judge every episode under `paths`: files, folders, station homes, shares. Nothing is raised for what is there."""
    found = find(paths)
    judged = []
    for done, path in enumerate(found.files, start=1):
        judged.append(judge_file(path))
        if progress is not None:
            progress(done, len(found.files), path)
    episodes, strays = gather(judged, found.claims)
    return Report(episodes, (*found.strays, *strays), found.local_files, found.set_aside)


def find(paths: Sequence[Path]) -> Found:
    """Everything of ours under the paths, each file once. A named file is judged whatever it is called."""
    search = _Search()
    for path in paths:
        ours = [search.take(file, path) for file in _files_under(path, search.strays)]
        if not any(ours):
            search.strays.append(FileFinding(path, Answer.NO_EPISODE, "none in this folder"))
    return Found(tuple(search.files), tuple(search.claims), tuple(search.strays), search.local_files, search.set_aside)


class _Search:
    """What has been found so far: one `take` for each file under the paths."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.claims: list[Claimed] = []
        self.strays: list[FileFinding] = []
        self.local_files = 0
        self.set_aside = 0
        self._seen: set[Path] = set()

    def take(self, path: Path, root: Path) -> bool:
        """Sort one file, found under `root`, by its name; whether it is one of ours. `root` itself always is."""
        is_root = path == root
        is_local = path.name.endswith(_LOCAL) or (is_root and _holds_local(path))
        is_canonical = is_root or path.name.endswith(_CANONICAL)
        if not (is_local or is_canonical or _is_claim(path)):
            return False
        if path.resolve() not in self._seen:
            self._seen.add(path.resolve())
            if is_local:
                self.local_files += 1
            elif is_canonical:
                self._take_canonical(path, root)
            else:
                self._take_claim(path)
        return True

    def _take_canonical(self, path: Path, root: Path) -> None:
        if SET_ASIDE in path.relative_to(root).parts[:-1]:
            self.set_aside += 1
        else:
            self.files.append(path)

    def _take_claim(self, path: Path) -> None:
        try:
            self.claims.append(Claimed(path, decode_claim(path.read_bytes())))
        except (OSError, StateFileError) as error:
            self.strays.append(FileFinding(path, Answer.DAMAGED, f"a claim that cannot be read: {error}"))


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


def gather(
    judged: Sequence[FileFinding], claims: Sequence[Claimed]
) -> tuple[tuple[EpisodeFinding, ...], tuple[FileFinding, ...]]:
    """Files and claims put together by run and episode; and what belongs to none."""
    files: defaultdict[tuple[str, int], list[FileFinding]] = defaultdict(list)
    claimed: defaultdict[tuple[str, int], list[Claimed]] = defaultdict(list)
    for finding in judged:
        if finding.terms is not None:
            files[finding.terms.run, finding.terms.episode].append(finding)
    for claim in claims:
        claimed[claim.claim.run, claim.claim.episode].append(claim)
    episodes = [_judge_episode(found, claimed.pop(key, [])) for key, found in sorted(files.items())]
    alone = [_unmet(claim) for rest in claimed.values() for claim in rest if claim.claim.file]
    return tuple(episodes), (*(finding for finding in judged if finding.terms is None), *alone)


def _unmet(claimed: Claimed) -> FileFinding:
    return FileFinding(claimed.path, Answer.MISSING, _unmet_words(claimed.claim))


def _unmet_words(claim: Claim) -> str:
    return f"{claim.seat.word} claims {claim.file}, which is not here"


def _judge_episode(files: Sequence[FileFinding], claims: Sequence[Claimed]) -> EpisodeFinding:
    """Everything that is here of one episode: each file's answer, the prefix law between them, and what is missing."""
    terms = next(file.terms for file in files if file.terms is not None)
    records = _distinct(files)
    difference, words = _compare(records)
    here = {(file.path.parent, file.path.name) for file in files}
    unmet = [claim for path, claim in claims if claim.file and (path.parent, claim.file) not in here]
    answers = [file.answer for file in files]
    answers += [Answer.DIVERGED] if difference else []
    answers += [Answer.MISSING] if unmet else []
    pairing = _pairing(records, files, claims, difference)
    words += tuple(map(_unmet_words, unmet))
    worst = max(answers, key=lambda answer: answer.severity)
    return EpisodeFinding(terms, worst, pairing, words, tuple(files), difference)


def _distinct(files: Sequence[FileFinding]) -> list[FileFinding]:
    """One file for each content, the longest record first. What has no hash is not whole, and stands for itself."""
    by_content = {file.sha256 or str(file.path): file for file in reversed(files)}
    return sorted(by_content.values(), key=lambda file: file.rows, reverse=True)


def _compare(records: Sequence[FileFinding]) -> tuple[Difference | None, tuple[str, ...]]:
    """Hold the longest record against each other one. Files are read again: thousands are not kept in memory."""
    for other in records[1:]:
        try:
            longest, shorter = (read_prefix(read_bytes(file.path)) for file in (records[0], other))
        except (OSError, FormatError) as error:
            return None, (f"{other.path.name} changed while it was verified: {error}",)
        difference = first_difference(longest, shorter)
        if difference is not None:
            return difference, (f"{records[0].path} against {other.path}: {difference.words()}",)
    return None, ()


def _pairing(
    records: Sequence[FileFinding],
    files: Sequence[FileFinding],
    claims: Sequence[Claimed],
    difference: Difference | None,
) -> Pairing:
    if difference is not None:
        return Pairing.DIVERGED
    if len(records) > 1:
        return Pairing.PREFIX
    seats = {claimed.claim.seat for claimed in claims if claimed.claim.sha256 == records[0].sha256}
    return Pairing.EQUAL if len(seats) > 1 or len(files) > 1 else Pairing.ONE_SEAT
