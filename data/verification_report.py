"""A verification's report as plain rows and lines of text, for whoever prints it. No colour and no terminal."""

from typing import Final, NamedTuple

from data.findings import Answer, EpisodeFinding, FileFinding, Report

COLUMNS: Final = ("study", "dyad", "session", "episode", "frames", "ended", "seats", "answer", "sha256")
SHORT_HASH_DIGITS: Final = 12


class ReportRow(NamedTuple):
    """One line of the table: the cells of `COLUMNS`, and how the line is meant: exit code 0, 1 or 2."""

    cells: tuple[str, ...]
    exit_code: int


class ReportTable(NamedTuple):
    """A whole report: a row per episode, then lines that say what is wrong where, then one line for all."""

    columns: tuple[str, ...]
    rows: tuple[ReportRow, ...]
    details: tuple[str, ...]
    summary: str


def print_report(report: Report) -> ReportTable:
    """What to print, in order. Paths and values are text from outside: whoever prints must not read markup in them."""
    rows = tuple(ReportRow(_cells(episode), episode.answer.exit_code) for episode in report.episodes)
    details = [line for episode in report.episodes for line in _details(episode)]
    details += [_file_line(stray) for stray in report.strays]
    return ReportTable(COLUMNS, rows, tuple(details), _summary(report))


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
    return "; ".join([counts, *passed])


def _files(count: int, word: str) -> str:
    return f"{count} {word} file{'' if count == 1 else 's'}"
