"""A study or a session in figures: every episode verified, read once, and kept as what a page needs of it.

An episode is in memory only while it is read, on as many cores as there are. Nothing is written, and nothing is left
out: an episode that cannot be read has its line and its reason.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, TypeAlias

from data.claims import best_claims
from data.cores import work_in_order
from data.episode_format import FormatError, Prefix, read_prefix
from data.export.plan import ChosenEpisode, Wishes, plan_export
from data.findings import EpisodeFinding, FileFinding, Gap
from data.inspection.files import InspectionError, SeatRecord
from data.inspection.inspection import Inspection, inspect_records
from data.judgement import read_bytes
from data.judges import worthy_jobs
from data.local_format import Local, read_local_prefix
from data.reporting.delivery import Delivery, deliveries
from data.reporting.exclusions import Suggestion, Thresholds, suggestions
from data.reporting.life import Life, life_of
from data.reporting.play import Play, bin_frames_for, play_of
from data.search import Found, find
from data.verification import Progress, verify_found
from games.contract import Seat

Told: TypeAlias = Callable[[int, int], None]
"""Is told (episodes read, episodes to read)."""


class ReportingError(ValueError):
    """Nothing can be reported on; the text says why. The user's to mend."""


@dataclass(frozen=True, slots=True)
class EpisodeReport:
    """One episode. `play` is None if no record of it can be read whole, `life` if no notes of it can; `words` say why.

    `agreements` are what each seat's claim says of its partner's record.
    """

    finding: EpisodeFinding
    agreements: Mapping[Seat, str]
    deliveries: tuple[Delivery, ...]
    play: Play | None
    life: Life | None
    suggestions: tuple[Suggestion, ...]
    words: tuple[str, ...]


class Session(NamedTuple):
    """The episodes of one run, in order."""

    study: str
    dyad: str
    session: str
    run: str
    episodes: tuple[EpisodeReport, ...]


@dataclass(frozen=True, slots=True)
class StudyReport:
    """All sessions under some sources, the files that belong to no episode, and episodes that seem to be missing."""

    sessions: tuple[Session, ...]
    strays: tuple[FileFinding, ...]
    gaps: tuple[Gap, ...]
    limits: Thresholds

    @property
    def episodes(self) -> tuple[EpisodeReport, ...]:
        """All of them, in order."""
        return tuple(episode for session in self.sessions for episode in session.episodes)


def report_on(
    sources: Sequence[Path],
    *,
    limits: Thresholds | None = None,
    jobs: int | None = None,
    verified: Progress | None = None,
    told: Told | None = None,
) -> StudyReport:
    """Verify and read everything under `sources`; both callbacks are told how far it is.

    Raises:
        ReportingError: a source does not exist, or there is no episode.
        OSError: something cannot be read.
    """
    for source in sources:
        if not source.exists():
            raise ReportingError(f"{source}: no such file or folder")
    found = find(sources)
    report = verify_found(found, jobs=jobs, progress=verified)
    if not report.episodes:
        raise ReportingError(f"no episode under {', '.join(map(str, sources))}: nothing was written")
    limits = limits or Thresholds()
    said, delivered = _agreements(found), deliveries(found)
    chosen = plan_export(report, found, Wishes(True, True)).episodes
    readings = _read_all(chosen, worthy_jobs(found.local_files) if jobs is None else jobs, told)
    episodes = []
    for finding in sorted(report.episodes, key=_order):
        key = _key(finding)
        read = readings.pop(key, None) or _Read(words=tuple(_why_unread(finding)))
        reasons = suggestions(finding, read.play, read.life, limits)
        episodes.append(
            EpisodeReport(finding, said.get(key, {}), delivered.get(key, ()), read.play, read.life, reasons, read.words)
        )
    sessions = tuple(Session(*key, tuple(group)) for key, group in groupby(episodes, key=_session))
    return StudyReport(sessions, report.strays, report.gaps, limits)


def _read_all(chosen: Sequence[ChosenEpisode], jobs: int, told: Told | None) -> dict[tuple[str, int], "_Read"]:
    readings: dict[tuple[str, int], _Read] = {}
    for episode, read in zip(chosen, work_in_order(_read, chosen, jobs), strict=True):
        readings[_key(episode.finding)] = read
        if told is not None:
            told(len(readings), len(chosen))
    return readings


def _key(finding: EpisodeFinding) -> tuple[str, int]:
    return finding.terms.run, finding.terms.episode


def _session(episode: EpisodeReport) -> tuple[str, str, str, str]:
    terms = episode.finding.terms
    return terms.terms.study, terms.terms.dyad, terms.terms.session, terms.run


def _order(finding: EpisodeFinding) -> tuple[object, ...]:
    """By study, dyad, session, run and episode, as people sort: dyad 2 comes before dyad 10."""
    terms = finding.terms
    ids = (terms.terms.study, terms.terms.dyad, terms.terms.session)
    return *map(_as_people_sort, ids), *ids, terms.run, terms.episode


def _as_people_sort(text: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text) if part)


def _why_unread(finding: EpisodeFinding) -> list[str]:
    return [f"{file.path.name}: {file.answer}: {file.words}" for file in finding.files]


def _agreements(found: Found) -> dict[tuple[str, int], dict[Seat, str]]:
    """What the seats say of each episode, the best claim of each."""
    claims = sorted((claimed.claim for claimed in found.claims), key=lambda claim: (claim.run, claim.episode))
    return {
        key: {seat: claim.agreement.value for seat, claim in sorted(best_claims(group).items())}
        for key, group in groupby(claims, key=lambda claim: (claim.run, claim.episode))
    }


# --- one episode ------------------------------------------------------------------------------------------------------


class _Read(NamedTuple):
    """What came of reading one episode."""

    play: Play | None = None
    life: Life | None = None
    words: tuple[str, ...] = ()


def _read(chosen: ChosenEpisode) -> _Read:
    """The figures of an episode: its rows, and what its machines noted if that can be read."""
    words: list[str] = []
    records = _records(chosen, words)
    inspection = _inspected(records, words)
    longest = _canonical(chosen.records[0].file) if inspection is None else None
    terms = chosen.finding.terms.terms
    rows = longest.frames if longest is not None else inspection.rows if inspection is not None else ()
    play = play_of(terms, rows, bin_frames_for(dict(terms.config), len(rows)))
    return _Read(play, None if inspection is None else life_of(inspection), tuple(words))


def _inspected(records: Mapping[Seat, SeatRecord], words: list[str]) -> Inspection | None:
    """Both seats' notes side by side; those of one seat if the other's cannot be used."""
    for tried in (records, *({seat: record} for seat, record in records.items() if len(records) > 1)):
        if not tried:
            continue
        try:
            return inspect_records(tried)
        except InspectionError as error:
            if str(error) not in words:
                words.append(str(error))
    return None


def _records(chosen: ChosenEpisode, words: list[str]) -> dict[Seat, SeatRecord]:
    """Each seat's notes beside the record that is its own, or else beside the one that is here."""
    records: dict[Seat, SeatRecord] = {}
    read: dict[Path, tuple[Prefix, bytes]] = {}
    for seat, path in sorted(chosen.local_files.items()):
        local = _local(path, seat, chosen.finding, words)
        if local is not None:
            own = chosen.own_files.get(seat, chosen.records[0].file).path
            if own not in read:
                data = read_bytes(own)
                read[own] = read_prefix(data), data
            records[seat] = SeatRecord(seat, path, local, own, *read[own])
    return records


def _canonical(file: FileFinding) -> Prefix:
    return read_prefix(read_bytes(file.path))


def _local(path: Path, seat: Seat, finding: EpisodeFinding, words: list[str]) -> Local | None:
    """A seat's notes, if they can be read and are of this episode; if not, that is told."""
    try:
        local = read_local_prefix(read_bytes(path))
    except FormatError as error:
        words.append(f"{path.name}: a local file that cannot be read: {error}")
        return None
    header = local.header
    if (header.run, header.episode, header.seat) != (*_key(finding), seat):
        words.append(f"{path.name}: a local file of another episode or seat than its name says")
        return None
    return local
