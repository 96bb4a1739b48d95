"""`dyadgrid collect`: run a collector with its live view, take archives from a stick, or make the index anew."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from client.commands.collect_view import CollectScreen
from client.commands.terminal import FileProgress, open_console, say
from data.collector.alarms import Alarm
from data.collector.archive import import_archive, write_receipts
from data.collector.collector import Collector
from data.collector.keys import AllowList, CollectorKeys, load_collector_keys
from data.collector.router import CollectorSocket
from data.collector.service import serve
from data.files import Disk

RED = "bold red"


@dataclass(frozen=True, slots=True)
class CollectPlan:
    """What was asked for: to listen, or to take archives, or to make the index anew."""

    folder: Path
    listen: str | None
    keys: Path | None
    archives: tuple[Path, ...]
    rebuild: bool
    jobs: int


def run_collect(plan: CollectPlan) -> int:
    """Do what the plan says; the exit code is 1 if a member of an archive was refused.

    Raises:
        ValueError: options that do not belong together.
        CollectorError, ArchiveError, CollectorKeysError, CollectorSocketError, OSError: the user's to mend.
    """
    if plan.archives or plan.rebuild:
        if plan.listen is not None or plan.keys is not None:
            raise ValueError("--import and --rebuild work without --listen and --keys, and while no collector runs")
        return _work_and_end(plan)
    if plan.listen is None or plan.keys is None:
        raise ValueError("expected --listen tcp://ADDRESS:PORT and --keys DIR, or --import ARCHIVE, or --rebuild")
    _listen(plan, plan.listen, plan.keys)
    return 0


def _work_and_end(plan: CollectPlan) -> int:
    console = open_console(stderr=False)
    with Collector(plan.folder, jobs=0, ring=lambda alarm: _ring(console, alarm)) as collector:
        if plan.rebuild:
            say(console, f"{collector.rebuild()} files read and indexed")
        return max((_import(archive, collector, console) for archive in plan.archives), default=0)


def _import(path: Path, collector: Collector, console: Console) -> int:
    with FileProgress(console, path.name) as progress:
        report = import_archive(path, collector, time.monotonic(), progress.show)
    for words in report.refused:
        say(console, f"refused: {words}", RED)
    receipts = write_receipts(path, report, (collector.url, collector.share_id), Disk())
    say(console, f"{len(report.taken)} files taken from {path.name}, {len(report.refused)} refused")
    say(console, f"Bring {receipts.name} back to station {report.station}: dyadgrid outbox receipts {receipts.name}")
    return 1 if report.refused else 0


def _ring(console: Console, alarm: Alarm) -> None:
    say(console, f"ALARM {alarm.kind}: {alarm.about}: {alarm.words}", RED)
    if console.is_terminal:
        console.bell()


def _listen(plan: CollectPlan, address: str, keys: Path) -> None:
    loaded = load_collector_keys(keys)
    with (
        CollectScreen(open_console(stderr=False), plan.folder.absolute()) as screen,
        Collector(plan.folder, jobs=plan.jobs, ring=screen.ring) as collector,
        _socket(address, loaded) as socket,
        _stopping() as stop,
    ):
        screen.greet(socket.address, tuple(sorted(loaded.stations.values())))
        serve(collector, socket, AllowList(keys, loaded.stations), stop, show=screen.show)


@contextmanager
def _socket(address: str, keys: CollectorKeys) -> Iterator[CollectorSocket]:
    socket = CollectorSocket(address, keys)
    try:
        yield socket
    finally:
        socket.close()


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that Control-C and SIGTERM set; a second Control-C ends the program at once."""
    stop = threading.Event()

    def ask(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
