"""Sync: recover what a crash left, bring what waits to its share, verify earlier files there again, and say it all."""

from pathlib import Path
from typing import Final

from rich.console import Console

from client.commands.courier_process import HUNG_SECONDS
from client.commands.errand import Delivery, send_delivery
from client.commands.terminal import open_console, say
from data.delivery import DeliveryReport
from data.outbox import Item, Outbox, State
from data.recovery import RecoveryReport, recover
from data.station import Station, homes_of

SEARCH_DEPTH: Final = 4
"""Folders below the given one in which stations are looked for: HOME/left, and the user's own data folder."""


def run_sync(home: Path, seconds: float = HUNG_SECONDS) -> int:
    """Recover and deliver for every station at or below `home`, and for the second places that they know of.

    A share that says nothing for so many seconds hangs, and is let go. The exit code is 0 if nothing waits any more,
    the disk refused nothing, and every receipt held that was asked for.

    Raises:
        ValueError: there is no station there.
        OSError: a folder there cannot be read or written.
    """
    stations = [*dict.fromkeys(place for station in find_stations(home) for place in homes_of(station))]
    if not stations:
        raise ValueError(f"no station in {home}: expected a folder that a session or a demo recorded into")
    console = open_console(stderr=False)
    recoveries, reports = zip(*(_sync_station(station, console, seconds) for station in stations), strict=True)
    refused = sum(len(recovery.refused) for recovery in recoveries)
    waiting = sum(len(report.waiting) for report in reports)
    alarms = sum(len(report.alarms) for report in reports)
    delivered = sum(len(report.delivered) for report in reports)
    words = "nothing waits" if not waiting else f"{waiting} still wait. Nothing is lost: run sync again later"
    say(console, f"{delivered} files delivered, {words}.", "bold red" if waiting or refused else "bold green")
    if refused:
        say(console, f"The disk refused {refused} files: get help, then run sync again.", "bold red")
    if alarms:
        say(console, f"{alarms} receipts did not hold: the share has lost files. Tell the experimenter.", "bold red")
    return 1 if waiting or refused or alarms else 0


def find_stations(home: Path, depth: int = SEARCH_DEPTH) -> list[Path]:
    """The stations at or below a folder, in order of their names."""
    if Station(home).exists:
        return [home]
    if depth == 0 or not home.is_dir():
        return []
    return [found for folder in sorted(home.iterdir()) if folder.is_dir() for found in find_stations(folder, depth - 1)]


def _sync_station(home: Path, console: Console, seconds: float) -> tuple[RecoveryReport, DeliveryReport]:
    say(console, home)
    recovery = recover(home)
    _show_recovery(recovery, console)
    waiting = len(Outbox(home).waiting())
    with console.status(f"{waiting} files to deliver, then those of earlier runs to verify again"):
        report = send_delivery(Delivery(home, settles=True), lambda item: _show_item(item, console), seconds)
    _show_delivery(report, console)
    return recovery, report


def _show_delivery(report: DeliveryReport, console: Console) -> None:
    held = [item for item in report.waiting if item.is_held]
    waiting = len(report.waiting) - len(held)
    if waiting:
        say(console, f"  {waiting} files wait: {'; '.join(report.trouble) or 'they were just queued'}")
    elif not report.delivered and not held:
        say(console, "  nothing to deliver")
    if report.trouble and not waiting:
        say(console, f"  what was delivered earlier could not be verified again: {'; '.join(report.trouble)}", "yellow")
    if held:
        say(console, f"  {len(held)} files are held back by a person: `dyadgrid outbox release` lets them go")
    if report.settled:
        say(console, f"  verified again: {len(report.settled)} files of earlier runs, all as they should be")
    for words in report.alarms:
        say(console, f"  ALARM: {words}", "bold red")


def _show_recovery(report: RecoveryReport, console: Console) -> None:
    lines = {
        "published": report.published,
        "recovered": report.recovered,
        "sheet written": report.sheets,
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
