"""What `dyadgrid verify` prints: a row per episode or per session, what is wrong where, and one line for all."""

import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from client.commands.terminal import FileProgress, make_table, open_console, say
from data.findings import FileFinding, Report
from data.verification import verify_paths
from data.verification_report import ReportRow, ReportTable, print_report

MOST_LINES: Final = 60
"""Episodes that get a line each; of more, every session gets one, and what is not good one more."""
_STYLES: Final = {0: "", 1: "bold red", 2: "bold yellow"}
_NUMBERS: Final = ("frames", "episodes")


def run_verify(paths: Sequence[Path], *, jobs: int | None, every_episode: bool, as_json: bool) -> int:
    """Verify, print, and return the exit code.

    Raises:
        OSError: a process of ours was ended from outside.
    """
    console = open_console(stderr=as_json)
    began = time.monotonic()
    with FileProgress(console, "verifying") as bar:
        frames = 0

        def heard(done: int, total: int, finding: FileFinding) -> None:
            nonlocal frames
            frames += finding.rows
            bar.show(done, total, f"{frames:,} frames")

        report = verify_paths(paths, jobs=jobs, progress=heard)
    _show(report, console, every_episode=every_episode)
    _show_pace(report, console, time.monotonic() - began)
    if as_json:
        sys.stdout.write(json.dumps(report.to_json()) + "\n")
    return report.exit_code


def _show(report: Report, console: Console, *, every_episode: bool) -> None:
    shown = print_report(report)
    if every_episode or len(shown.rows) <= MOST_LINES:
        _print_table(console, shown.columns, shown.rows)
    else:
        _print_table(console, shown.session_columns, shown.session_rows)
        _print_table(console, shown.columns, [row for row in shown.rows if row.exit_code])
    _say_all(console, shown)
    say(console, shown.summary, _STYLES[report.exit_code])


def _print_table(console: Console, columns: Sequence[str], rows: Iterable[ReportRow]) -> None:
    table = make_table(columns, _NUMBERS)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row.cells), style=_STYLES[row.exit_code])
    if table.row_count:
        console.print(table)


def _say_all(console: Console, shown: ReportTable) -> None:
    for line in shown.details:
        say(console, line)
    for line in shown.warnings:
        say(console, line, "yellow")


def _show_pace(report: Report, console: Console, seconds: float) -> None:
    """Only for somebody who watches: a log should not differ from run to run."""
    if console.is_terminal and report.frames:
        say(console, f"{report.frames:,} frames in {seconds:.1f} s, {report.frames / seconds:,.0f} a second", "dim")
