"""A verification's report as plain rows and lines of text, for whoever prints it. No colour and no terminal."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from data.continuity import Session
from data.findings import Answer, EpisodeFinding, FileFinding, Report

COLUMNS: Final = ("study", "dyad", "session", "episode", "frames", "ended", "seats", "answer", "sha256")
SESSION_COLUMNS: Final = ("study", "dyad", "session", "run", "episodes", "frames", "seats", "answers")
SHORT_HASH_DIGITS: Final = 12


class ReportRow(NamedTuple):
    """One line of a table: its cells, and how the line is meant: exit code 0, 1 or 2."""

    cells: tuple[str, ...]
    exit_code: int


class ReportTable(NamedTuple):
    """A whole report: a row per episode and one per session, then lines that say what is wrong where, then one for all.

    `warnings` are of what is odd and not wrong.
    """

    columns: tuple[str, ...]
    rows: tuple[ReportRow, ...]
    session_columns: tuple[str, ...]
    session_rows: tuple[ReportRow, ...]
    details: tuple[str, ...]
    warnings: tuple[str, ...]
    summary: str


def print_report(report: Report) -> ReportTable:
    """What to print, in order. Paths and values are text from outside: whoever prints must not read markup in them."""
    rows = tuple(ReportRow(_cells(episode), episode.answer.exit_code) for episode in report.episodes)
    details = [line for episode in report.episodes for line in _details(episode)]
    details += [_file_line(stray) for stray in report.strays]
    warnings = tuple(f"warning: {gap.words()}" for gap in report.gaps)
    return ReportTable(
        COLUMNS, rows, SESSION_COLUMNS, _session_rows(report.episodes), tuple(details), warnings, _summary(report)
    )


def _session_rows(episodes: Sequence[EpisodeFinding]) -> tuple[ReportRow, ...]:
    sessions: defaultdict[Session, list[EpisodeFinding]] = defaultdict(list)
    for episode in episodes:
        terms = episode.terms.terms
        sessions[Session(terms.study, terms.dyad, terms.session, episode.terms.run)].append(episode)
    return tuple(_session_row(session, found) for session, found in sorted(sessions.items()))


def _session_row(session: Session, episodes: Sequence[EpisodeFinding]) -> ReportRow:
    frames = sum(episode.rows for episode in episodes)
    pairings = _counts(Counter(episode.pairing.value for episode in episodes))
    answers = _counts(Counter(episode.answer.value for episode in episodes))
    cells = (*session, str(len(episodes)), str(frames), pairings, answers)
    return ReportRow(cells, max(episode.answer.exit_code for episode in episodes))


def _counts(counted: Counter[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in sorted(counted.items()))


def _cells(episode: EpisodeFinding) -> tuple[str, ...]:
    terms = episode.terms
    # Episodes count from 0 in data and from 1 in names and tables, because people read these.
    number = str(terms.episode + 1)
    hashes = " ".join(digest[:SHORT_HASH_DIGITS] for digest in episode.hashes)
    ids = (terms.terms.study, terms.terms.dyad, terms.terms.session, number)
    return (*ids, str(episode.rows), episode.reason, episode.pairing.value, episode.answer.value, hashes)


def _details(episode: EpisodeFinding) -> list[str]:
    lines = [f"run {episode.terms.run}, episode {episode.terms.episode + 1}: {words}" for words in episode.words]
    lines += [_file_line(file) for file in episode.files if file.answer.exit_code or _was_not_played(file)]
    return lines


def _was_not_played(file: FileFinding) -> bool:
    return file.answer is Answer.CANNOT_RESIMULATE


def _file_line(file: FileFinding) -> str:
    return f"{file.path}: {file.answer.value}: {file.words}"


def _summary(report: Report) -> str:
    counts = ", ".join(f"{count} {answer.value}" for answer, count in report.answers.items()) or "nothing found"
    passed = [f"not judged: {_files(report.local_files, 'local')}"] if report.local_files else []
    passed += [f"not judged: {_files(report.set_aside, 'torn')}, set aside by a recovery"] if report.set_aside else []
    counted = Counter(report.pruned)
    passed += [f"not judged: {_files(counted[share], 'pruned')}, receipt of {share}" for share in sorted(counted)]
    return "; ".join([counts, *passed])


def _files(count: int, word: str) -> str:
    return f"{count} {word} file{'' if count == 1 else 's'}"
