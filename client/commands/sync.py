"""Sync: recover what a crash left, then bring everything that waits to its share, and say what was done."""

import time
from pathlib import Path
from typing import Final

from rich.console import Console

from client.commands.terminal import open_console, say
from data.courier import DeliveryReport, deliver
from data.outbox import Item, Outbox, State
from data.recovery import RecoveryReport, recover
from data.station import Station, homes_of

SEARCH_DEPTH: Final = 4
"""Folders below the given one in which stations are looked for: HOME/left, and the user's own data folder."""


def run_sync(home: Path) -> int:
    """Recover and deliver for every station at or below `home`, and for the second places that they know of.

    The exit code is 0 if nothing waits any more, and the disk refused nothing.

    Raises:
        ValueError: there is no station there.
        OSError: a folder there cannot be read or written.
    """
    stations = [*dict.fromkeys(place for station in find_stations(home) for place in homes_of(station))]
    if not stations:
        raise ValueError(f"no station in {home}: expected a folder that a session or a demo recorded into")
    console = open_console(stderr=False)
    recoveries, reports = zip(*(_sync_station(station, console) for station in stations), strict=True)
    refused = sum(len(recovery.refused) for recovery in recoveries)
    waiting = sum(len(report.waiting) for report in reports)
    delivered = sum(len(report.delivered) for report in reports)
    words = "nothing waits" if not waiting else f"{waiting} still wait. Nothing is lost: run sync again later"
    say(console, f"{delivered} files delivered, {words}.", "bold red" if waiting or refused else "bold green")
    if refused:
        say(console, f"The disk refused {refused} files: get help, then run sync again.", "bold red")
    return 1 if waiting or refused else 0


def find_stations(home: Path, depth: int = SEARCH_DEPTH) -> list[Path]:
    """The stations at or below a folder, in order of their names."""
    if Station(home).exists:
        return [home]
    if depth == 0 or not home.is_dir():
        return []
    return [found for folder in sorted(home.iterdir()) if folder.is_dir() for found in find_stations(folder, depth - 1)]


def _sync_station(home: Path, console: Console) -> tuple[RecoveryReport, DeliveryReport]:
    say(console, home)
    recovery = recover(home)
    _show_recovery(recovery, console)
    waiting = len(Outbox(home).waiting())
    with console.status(f"{waiting} files to deliver"):
        report = deliver(home, now=time.time(), at_once=True, report=lambda item: _show_item(item, console))
    if report.waiting:
        say(console, f"  {len(report.waiting)} files wait: {'; '.join(report.trouble) or 'they were just queued'}")
    elif not report.delivered:
        say(console, "  nothing to deliver")
    return recovery, report


def _show_recovery(report: RecoveryReport, console: Console) -> None:
    lines = {
        "published": report.published,
        "recovered": report.recovered,
        "queued": report.queued,
        "set aside": report.set_aside,
        "in use, not touched": report.living,
        "not ours, left alone": report.unknown,
        "refused by the disk": report.refused,
    }
    for word, found in lines.items():
        for line in found:
            say(console, f"  {word}: {line}")


def _show_item(item: Item, console: Console) -> None:
    if item.state is State.VERIFIED:
        say(console, f"  delivered: {item.name}")
