"""What `dyadgrid verify` prints: a row per episode, what is wrong where, and one line for all."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from client.commands.terminal import make_table, open_console, say
from data.findings import Report
from data.verification import verify_paths
from data.verification_report import print_report

_STYLES: Final = {0: "", 1: "bold red", 2: "bold yellow"}
_NUMBERS: Final = ("frames",)


def run_verify(paths: Sequence[Path], *, as_json: bool) -> int:
    """Verify, print, and return the exit code."""
    console = open_console(stderr=as_json)
    with console.status("reading") as status:
        report = verify_paths(paths, progress=lambda done, total, _: status.update(f"{done} of {total} files"))
    _show(report, console)
    if as_json:
        sys.stdout.write(json.dumps(report.to_json()) + "\n")
    return report.exit_code


def _show(report: Report, console: Console) -> None:
    shown = print_report(report)
    if shown.rows:
        table = make_table(shown.columns, _NUMBERS)
        for row in shown.rows:
            table.add_row(*(Text(cell) for cell in row.cells), style=_STYLES[row.exit_code])
        console.print(table)
    for line in shown.details:
        say(console, line)
    say(console, shown.summary, _STYLES[report.exit_code])
