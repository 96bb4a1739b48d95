"""What `dyadgrid status` prints: a row for each session, what is missing on which machine, and one line for all."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.text import Text

from client.commands.terminal import make_table, open_console, say
from data.status import SessionStatus, read_status

COLUMNS: Final = ("study", "dyad", "ses", "run", "planned", "played", "here", "paired", "partial", "differ", "sheets")
_NUMBERS: Final = COLUMNS[4:10]
SHORT_RUN_DIGITS: Final = 6


def run_status(paths: Sequence[Path], *, as_json: bool) -> int:
    """Print the status of every session under the paths; 0 only if everything that was played is here.

    Raises:
        OSError: a path leads nowhere.
        ValueError: no session is there.
    """
    found = read_status(paths)
    if not found:
        raise ValueError(f"no session in {', '.join(map(str, paths))}: expected a share, a station, or a part of one")
    console = open_console(stderr=as_json)
    table = make_table(COLUMNS, _NUMBERS)
    for status in found:
        table.add_row(*(Text(cell) for cell in _cells(status)), style="" if status.is_whole else "bold red")
    console.print(table)
    for status in found:
        where = " ".join(status.key)
        for words in status.alarms:
            say(console, f"{where}: {words}", "bold red")
        for words in status.notes:
            say(console, f"{where}: {words}", "yellow")
    say(console, _summary(found), "bold green" if _is_whole(found) else "bold red")
    if as_json:
        sys.stdout.write(json.dumps({"ok": _is_whole(found), "sessions": [_json(one) for one in found]}) + "\n")
    return 0 if _is_whole(found) else 1


def _is_whole(found: Sequence[SessionStatus]) -> bool:
    return all(status.is_whole for status in found)


def _cells(status: SessionStatus) -> tuple[str, ...]:
    counts = (status.expected, status.received, status.paired, len(status.partial), len(status.divergent))
    planned = str(status.planned) if status.planned else "?"
    study, dyad, folder = status.key
    session, _, run = folder.partition("_run-")
    short = (dyad.removeprefix("dyad-"), session.removeprefix("ses-"), run[:SHORT_RUN_DIGITS])
    sheets = "both" if len(status.sheets) > 1 else "".join(status.sheets) or "none"
    return (study, *short, planned, *map(str, counts), sheets)


def _summary(found: Sequence[SessionStatus]) -> str:
    expected, received = (sum(getattr(status, name) for status in found) for name in ("expected", "received"))
    sessions = f"{len(found)} session{'' if len(found) == 1 else 's'}"
    counts = f"{sessions}: {received} of {expected} episodes are here from both seats"
    if _is_whole(found):
        return f"{counts}. You have everything."
    incomplete = sum(not status.is_whole for status in found)
    return f"{counts}. {incomplete} of them are not whole: run `dyadgrid sync` on the machines that are named."


def _json(status: SessionStatus) -> dict[str, Any]:
    return {
        **status.key._asdict(),
        "ok": status.is_whole,
        "planned": status.planned,
        "expected": status.expected,
        "expected_from": "sheets" if status.sheets else "claims",
        "received": status.received,
        "paired": status.paired,
        "partial": list(status.partial),
        "divergent": list(status.divergent),
        "sheets": list(status.sheets),
        "missing": [lack._asdict() for lack in status.lacks],
        "notes": list(status.notes),
    }
