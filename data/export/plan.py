"""Which records of which episodes go into an export, and which are left out and why. Nothing is written or re-read.

What verification found decides: a whole record of an episode that both seats completed goes in. A partial or divergent
one goes in when it is asked for, and is marked by the columns `answer`, `pairing`, `reason` and `record`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from data.claims import Claim, best_claims
from data.episode_format import FormatError
from data.findings import Answer, EpisodeFinding, FileFinding, Pairing, Report
from data.framing import records
from data.layout import Kind, episode_key, parse_name
from data.local_format import LOCAL_SUFFIX, decode_local_header
from data.search import Claimed, Found
from games.contract import Seat

_WHOLE: Final = (Answer.GOOD, Answer.PARTIAL, Answer.CANNOT_RESIMULATE, Answer.DIVERGED)
"""Files that can be read to their END and whose rows nothing speaks against."""
_SOUND: Final = (Answer.GOOD, Answer.CANNOT_RESIMULATE)
_HEADER_BYTES: Final = 1 << 16
"""A local header is some 3 kB: enough of a renamed file to learn whose it is."""

BOTH: Final = "both"


class Wishes(NamedTuple):
    """What else goes into an export, besides whole episodes."""

    partial: bool = False
    divergent: bool = False


@dataclass(frozen=True, slots=True)
class ChosenRecord:
    """One record of an episode that is exported. `label` is the column `record`.

    `noted` are the seats whose notes are exported beside it: what they were shown is held against this record.
    """

    label: str
    file: FileFinding
    noted: tuple[Seat, ...]


@dataclass(frozen=True, slots=True)
class ChosenEpisode:
    """An episode that is exported: its record, or both if they differ, and what each seat says of it."""

    finding: EpisodeFinding
    records: tuple[ChosenRecord, ...]
    claims: Mapping[Seat, Claim]
    local_files: Mapping[Seat, Path]
    own_files: Mapping[Seat, FileFinding]
    """Each seat's own record, as far as something says whose it is."""


class LeftOut(NamedTuple):
    """An episode, or a file of none, that is not exported. `is_fault` means that nobody left it out by choice."""

    finding: EpisodeFinding | FileFinding
    reason: str
    is_fault: bool


class ExportPlan(NamedTuple):
    """All that goes into an export, in the order in which it is written, and all that does not."""

    episodes: tuple[ChosenEpisode, ...]
    left_out: tuple[LeftOut, ...]
    claim_files: tuple[Path, ...]


def plan_export(report: Report, found: Found, wishes: Wishes) -> ExportPlan:
    """Choose, from what a search found and a verification answered."""
    claims: defaultdict[tuple[str, int], list[Claimed]] = defaultdict(list)
    for claimed in found.claims:
        claims[claimed.claim.run, claimed.claim.episode].append(claimed)
    logs, unknown = _logs_by_episode(found.local_files)
    chosen, claim_files = [], []
    left_out = [*(LeftOut(stray, stray.words, True) for stray in report.strays), *unknown]
    for finding in sorted(report.episodes, key=_order):
        key = (finding.terms.run, finding.terms.episode)
        reason = why_not(finding, wishes)
        if reason is not None:
            left_out.append(reason)
            continue
        chosen.append(_choose(finding, best_claims(claimed.claim for claimed in claims[key]), logs.get(key, [])))
        claim_files += [claimed.path for claimed in claims[key]]
    return ExportPlan(tuple(chosen), tuple(left_out), tuple(claim_files))


def _order(finding: EpisodeFinding) -> tuple[str, str, str, str, int]:
    terms = finding.terms
    return terms.terms.study, terms.terms.dyad, terms.terms.session, terms.run, terms.episode


def why_not(finding: EpisodeFinding, wishes: Wishes) -> LeftOut | None:
    """Why an episode is not exported; None if it is."""
    whole = [file for file in finding.files if file.answer in _WHOLE]
    if not whole:
        return LeftOut(finding, f"{finding.answer}: no whole record of it is here", True)
    if _is_divergent(finding):
        return None if wishes.divergent else LeftOut(finding, f"{finding.answer} (see --include-divergent)", True)
    complete = any(file.end is not None and file.end.reason.is_complete for file in whole)
    if finding.answer in _SOUND and complete:
        return None
    if wishes.partial:
        return None
    is_fault = finding.answer not in (*_SOUND, Answer.PARTIAL)
    return LeftOut(finding, f"{finding.answer} (see --include-partial)", is_fault)


def _is_divergent(finding: EpisodeFinding) -> bool:
    """Whether the seats contradict each other, or said so themselves; another file may be worse than that."""
    return finding.answer is Answer.DIVERGED or finding.pairing is Pairing.DIVERGED


def _choose(finding: EpisodeFinding, claims: Mapping[Seat, Claim], logs: Sequence["_Log"]) -> ChosenEpisode:
    own = _own_files(finding, claims, logs)
    whole = _distinct((file for file in finding.files if file.answer in _WHOLE), own)
    kept = whole if _is_divergent(finding) else whole[:1]
    records = []
    for number, file in enumerate(kept):
        whose = tuple(seat for seat in Seat if seat in own and own[seat].sha256 == file.sha256)
        elsewhere = {seat for seat in own if any(own[seat].sha256 == other.sha256 for other in kept)} - {*whose}
        # Of one record, both seats' notes; of two, each seat's beside its own, and nobody's twice.
        noted = tuple(seat for seat in Seat if seat in whose or (number == 0 and seat not in elsewhere))
        records.append(ChosenRecord(_label(finding, file, whose), file, noted))
    local_files = {seat: log for seat in Seat if (log := _own_log(seat, claims, logs)) is not None}
    return ChosenEpisode(finding, tuple(records), claims, local_files, own)


def _distinct(files: Iterable[FileFinding], own: Mapping[Seat, FileFinding]) -> list[FileFinding]:
    """One file for each content, the longest record first; of equally long ones the left seat's, then the right's."""
    by_content: dict[str, FileFinding] = {}
    for file in sorted(files, key=lambda file: str(file.path)):
        by_content.setdefault(file.sha256, file)

    def place(file: FileFinding) -> tuple[int, int, str]:
        seats = [seat for seat in Seat if seat in own and own[seat].sha256 == file.sha256]
        return -file.rows, min(seats, default=len(Seat)), file.sha256

    return sorted(by_content.values(), key=place)


def _own_files(
    finding: EpisodeFinding, claims: Mapping[Seat, Claim], logs: Sequence["_Log"]
) -> dict[Seat, FileFinding]:
    """Each seat's record: the one that it claims; without a claim, the one beside which only its own notes lie."""
    whole = sorted((file for file in finding.files if file.answer in _WHOLE), key=lambda file: str(file.path))
    own: dict[Seat, FileFinding] = {}
    for seat in Seat:
        if seat in claims:
            mine = [file for file in whole if file.sha256 == claims[seat].sha256]
        else:
            mine = [file for file in whole if _seats_beside(file, logs) == {seat}]
        if mine:
            own[seat] = mine[0]
    return own


def _seats_beside(file: FileFinding, logs: Sequence["_Log"]) -> set[Seat]:
    return {log.seat for log in logs if log.path.parent == file.path.parent}


def _label(finding: EpisodeFinding, file: FileFinding, seats: tuple[Seat, ...]) -> str:
    if len(seats) == len(Seat) or finding.pairing is Pairing.EQUAL:
        return BOTH
    return seats[0].word if seats else file.sha256[:8]


class _Log(NamedTuple):
    """A local file, whose it is, and its size."""

    path: Path
    seat: Seat
    digest: str
    size: int


def _own_log(seat: Seat, claims: Mapping[Seat, Claim], logs: Sequence[_Log]) -> Path | None:
    """A seat's notes: those that it claims, else the longest."""
    mine = sorted((log for log in logs if log.seat is seat), key=lambda log: (-log.size, log.digest, str(log.path)))
    claimed = claims[seat].local_sha256 if seat in claims else ""
    named = [log for log in mine if claimed and log.digest and claimed.startswith(log.digest)]
    return next((log.path for log in (*named, *mine)), None)


def _logs_by_episode(paths: Iterable[Path]) -> tuple[dict[tuple[str, int], list[_Log]], list[LeftOut]]:
    """Local files under their final names, by run and episode, and what is none although it is called so."""
    found: defaultdict[tuple[str, int], list[_Log]] = defaultdict(list)
    strays = []
    for path in paths:
        if not path.name.endswith(LOCAL_SUFFIX):
            continue
        try:
            key, log = _identify(path)
        except ValueError as error:
            words = f"a local file that cannot be read: {error}"
            strays.append(LeftOut(FileFinding(path, Answer.DAMAGED, words), words, is_fault=True))
        else:
            found[key].append(log)
    return dict(found), strays


def _identify(path: Path) -> tuple[tuple[str, int], _Log]:
    """Whose file it is: by its name, or, if somebody renamed it, by its header.

    Raises:
        FormatError: it has none.
        ValueError: its header names no seat.
    """
    name, key = parse_name(path.name), episode_key(path.name)
    size = path.stat().st_size
    if key is not None and name is not None and name.kind is Kind.LOCAL and name.seat is not None:
        return key, _Log(path, name.seat, name.digest, size)
    with path.open("rb") as file:
        first = next(records(file.read(_HEADER_BYTES)), None)
    if first is None:
        raise FormatError("record", "HEADER", "the file's end")
    header, _ = decode_local_header(first.payload)
    return (header.run, header.episode), _Log(path, Seat(header.seat), "", size)
