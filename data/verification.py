"""`verify`: every canonical file under some paths judged, laid beside its partner's, and held against the sheets.

It reads and never writes. Progress is told to the caller; how a report looks is for `data.verification_report`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeAlias

from data.claims import Claim
from data.continuity import find_gaps, find_orphans
from data.episode_format import FormatError, read_prefix
from data.findings import Answer, EpisodeFinding, FileFinding, Pairing, Report
from data.judgement import read_bytes
from data.judges import judge_files
from data.parity import Difference, first_difference
from data.search import PART_SUFFIX, SET_ASIDE, Claimed, Found, find
from data.sheet_check import check_sheets
from netcode.vocabulary import Terms

__all__ = ["PART_SUFFIX", "SET_ASIDE", "Claimed", "Found", "Progress", "find", "gather", "verify_found", "verify_paths"]

Progress: TypeAlias = Callable[[int, int, FileFinding], None]
"""Is told (files done, files in all, the answer to the file that was just judged)."""


def verify_paths(paths: Sequence[Path], *, jobs: int | None = None, progress: Progress | None = None) -> Report:
    """Judge every episode under `paths`: files, folders, station homes, shares. Nothing is raised for what is there.

    The report is the same for any number of `jobs` (processes; None: as many as the work is worth).

    Raises:
        OSError: a process of ours was ended from outside.
    """
    return verify_found(find(paths), jobs=jobs, progress=progress)


def verify_found(found: Found, *, jobs: int | None = None, progress: Progress | None = None) -> Report:
    """Judge what a search has found. Raises as `verify_paths` does."""
    judged = []
    for done, finding in enumerate(_sharing_terms(judge_files(found.files, jobs)), start=1):
        judged.append(finding)
        if progress is not None:
            progress(done, len(found.files), finding)
    claims = [claimed for claimed in found.claims if claimed.path.parent / claimed.claim.file not in found.pruned]
    episodes, strays = gather(judged, claims)
    known = {(episode.terms.run, episode.terms.episode) for episode in episodes}
    known |= {(claim.run, claim.episode) for _, claim in found.claims}
    orphans = find_orphans(found.local_files, known)
    gaps = find_gaps(episodes, found.alone)
    unmet = check_sheets(found.sheets, found.claims, found.pruned)
    strays = (*found.strays, *strays, *orphans, *unmet)
    pruned = tuple(sorted(found.pruned.values()))
    return Report(episodes, strays, len(found.local_files), found.set_aside, gaps, pruned)


def _sharing_terms(findings: Iterable[FileFinding]) -> Iterable[FileFinding]:
    """The same answers, with one value for what all episodes of a session agreed: it is most of an answer's size."""
    shared: dict[Terms, Terms] = {}
    for finding in findings:
        if finding.terms is None:
            yield finding
        else:
            terms = finding.terms.terms
            yield replace(finding, terms=replace(finding.terms, terms=shared.setdefault(terms, terms)))


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
    comparison = _compare(records)
    here = {(file.path.parent, file.path.name) for file in files}
    unmet = [claim for path, claim in claims if claim.file and (path.parent, claim.file) not in here]
    answers = [file.answer for file in files]
    answers += [Answer.DIVERGED] if comparison.difference else []
    answers += [Answer.MISSING] if unmet else []
    return EpisodeFinding(
        terms,
        max(answers, key=lambda answer: answer.severity),
        _pairing(records, files, claims, comparison.difference),
        comparison.words + tuple(map(_unmet_words, unmet)),
        tuple(files),
        comparison.difference,
        comparison.files,
    )


def _distinct(files: Sequence[FileFinding]) -> list[FileFinding]:
    """One file for each content, the longest record first. What has no hash is not whole, and stands for itself."""
    by_content = {file.sha256 or str(file.path): file for file in reversed(files)}
    return sorted(by_content.values(), key=lambda file: file.rows, reverse=True)


class _Comparison(NamedTuple):
    """What came of holding records against each other: the first difference, in which two files, in words."""

    difference: Difference | None = None
    files: tuple[Path, Path] | None = None
    words: tuple[str, ...] = ()


def _compare(records: Sequence[FileFinding]) -> _Comparison:
    """Hold the longest record against each other one. Files are read again: thousands are not kept in memory."""
    for other in records[1:]:
        try:
            longest, shorter = (read_prefix(read_bytes(file.path)) for file in (records[0], other))
        except (OSError, FormatError) as error:
            return _Comparison(words=(f"{other.path.name} changed while it was verified: {error}",))
        difference = first_difference(longest, shorter)
        if difference is not None:
            words = f"{records[0].path} against {other.path}: {difference.words()}"
            return _Comparison(difference, (records[0].path, other.path), (words,))
    return _Comparison()


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
