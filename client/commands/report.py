"""What `dyadgrid report` prints: how far it is, what needs attention, and where the page is."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

from rich.console import Console

from client.commands.report_page import attention_points, counted, page
from client.commands.report_place import check_place, default_name, write_report
from client.commands.report_tables import is_received
from client.commands.terminal import FileProgress, open_console, say
from data.reporting.exclusions import Thresholds
from data.reporting.reporting import EpisodeReport, ReportingError, StudyReport, report_on

MOST_LINES: Final = 20
"""Points that are told one by one; the page has more of them, and its tables all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asks for. `to` is None for a name of ours; `limits` are NAME=VALUE."""

    sources: tuple[Path, ...]
    to: Path | None
    limits: tuple[str, ...]
    jobs: int | None
    as_json: bool


def run_report(wishes: Wishes) -> int:
    """Read everything, write the page, say what needs attention. The exit code: 0, judging is for `verify`.

    Raises:
        ValueError: a limit or the place is not what it may be, or there is nothing to report on.
        OSError: something cannot be read or written.
    """
    limits = parse_limits(wishes.limits)
    if wishes.to is not None:
        check_place(wishes.to)
    console = open_console(stderr=wishes.as_json)
    with FileProgress(console, "verifying") as bar:
        report = report_on(
            wishes.sources,
            limits=limits,
            jobs=wishes.jobs,
            verified=lambda done, total, _: bar.show(done, total, "files"),
            told=lambda done, total: bar.show(done, total, "episodes", words="reading"),
        )
    target = (wishes.to or Path(default_name(report))).absolute()
    check_place(target)
    write_report(target, page(report))
    _show(report, console)
    say(console, f"page: {target}", "bold")
    if wishes.as_json:
        sys.stdout.write(json.dumps(_as_json(report, target)) + "\n")
    return 0


def parse_limits(texts: Iterable[str]) -> Thresholds:
    """The usual limits with those replaced that are named: NAME=VALUE.

    Raises:
        ReportingError: no such name, or no number from 0 on.
    """
    names = [field.name for field in fields(Thresholds)]
    limits = Thresholds()
    for text in texts:
        name, _, value = text.partition("=")
        if name not in names:
            raise ReportingError(f"--limit: expected NAME=VALUE with a NAME of {', '.join(names)}, got {text!r}")
        limits = replace(limits, **{name: _limit(text, value)})
    return limits


def _limit(text: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ReportingError(f"--limit: expected a number from 0 on after the =, got {text!r}")
    return number


def _show(report: StudyReport, console: Console) -> None:
    points = attention_points(report)
    for point in points[:MOST_LINES]:
        say(console, point, "bold red")
    if len(points) > MOST_LINES:
        say(console, f"and {len(points) - MOST_LINES:,} more: see the page", "bold red")
    remarkable = [episode for episode in report.episodes if episode.suggestions]
    for episode in remarkable[:MOST_LINES]:
        reasons = "; ".join(each.words for each in episode.suggestions)
        say(console, f"remarkable: {episode.finding.words_for_people()}: {reasons}", "yellow")
    if len(remarkable) > MOST_LINES:
        say(console, f"and {len(remarkable) - MOST_LINES:,} more remarkable ones: see the page", "yellow")
    total = len(report.episodes)
    sessions = counted(len(report.sessions), "session")
    say(console, f"{counted(total, 'episode')} of {sessions}, {len(remarkable):,} remarkable")


def _as_json(report: StudyReport, target: Path) -> dict[str, object]:
    return {
        "page": str(target),
        "sessions": len(report.sessions),
        "episodes": [_episode_json(episode) for episode in report.episodes],
        "attention": list(attention_points(report)),
        "limits": {field.name: getattr(report.limits, field.name) for field in fields(report.limits)},
    }


def _episode_json(episode: EpisodeReport) -> dict[str, object]:
    terms = episode.finding.terms
    return {
        "study": terms.terms.study,
        "dyad": terms.terms.dyad,
        "session": terms.terms.session,
        "run": terms.run,
        "episode": terms.episode,
        "answer": episode.finding.answer.value,
        "is_received": is_received(episode),
        "suggestions": _reasons_json(episode),
    }


def _reasons_json(episode: EpisodeReport) -> Sequence[dict[str, str]]:
    return [each._asdict() for each in episode.suggestions]
