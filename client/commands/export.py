"""What `dyadgrid export` prints: how far it is, what was written, and what was left out and why."""

import json
import sys
from collections import Counter
from typing import Final

from rich.console import Console
from rich.text import Text

from client.commands.terminal import FileProgress, make_table, open_console, say
from data.export.export import Order, Outcome, export
from data.findings import EpisodeFinding

MOST_LINES: Final = 20
"""Left-out episodes that are told one by one; the manifest has all of them."""
MOST_TABLES: Final = 12
"""More than that are files of players, which are counted."""


def run_export(order: Order, *, as_json: bool) -> int:
    """Export, print, and return the exit code.

    Raises:
        ExportError: the place is not ours, a package is missing, or nothing can be exported.
        OSError: something cannot be read or written.
    """
    console = open_console(stderr=as_json)
    with FileProgress(console, "verifying") as bar:
        outcome = export(
            order,
            verified=lambda done, total, _: bar.show(done, total, "files"),
            exported=lambda done, total, _: bar.show(done, total, "episodes", words="writing"),
        )
    _show(outcome, console)
    if as_json:
        sys.stdout.write(json.dumps(outcome.to_json()) + "\n")
    return outcome.exit_code


def _show(outcome: Outcome, console: Console) -> None:
    if len(outcome.rows) <= MOST_TABLES:
        table = make_table(("table", "rows"), ("rows",))
        for name, rows in outcome.rows.items():
            table.add_row(Text(name), f"{rows:,}")
        console.print(table)
    else:
        say(console, f"{len(outcome.rows):,} files, {sum(outcome.rows.values()):,} rows")
    _show_left_out(outcome, console)
    say(console, f"{outcome.episodes:,} episodes exported to {outcome.target}", "bold green")


def _show_left_out(outcome: Outcome, console: Console) -> None:
    """Each one that nobody wanted left out, then how many were left out by choice."""
    faults = [left for left in outcome.left_out if left.is_fault]
    for left in faults[:MOST_LINES]:
        found = left.finding
        name = found.words_for_people() if isinstance(found, EpisodeFinding) else str(found.path)
        say(console, f"left out: {name}: {left.reason}", "bold red")
    if len(faults) > MOST_LINES:
        say(console, f"left out: {len(faults) - MOST_LINES:,} more (see the manifest)", "bold red")
    chosen = Counter(left.reason for left in outcome.left_out if not left.is_fault)
    for reason, count in sorted(chosen.items()):
        say(console, f"left out: {count:,} {reason}", "yellow")
