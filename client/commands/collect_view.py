"""What a collector's terminal shows: a live table where somebody looks, plain lines where nobody does."""

import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from client.commands.terminal import make_table, say
from data.collector.alarms import Alarm
from data.collector.collector import View
from data.collector.service import Visitors
from data.findings import Pairing

COLUMNS: Final = ("station", "receipts", "waiting", "MB", "rejected", "last word")
NUMBERS: Final = ("receipts", "waiting", "MB", "rejected")
LINE_SECONDS: Final = 5.0
"""In a file or a pipe, a line at most so often, and only if something has changed."""
SHOWN_ALARMS: Final = 8
SHOWN_WORDS: Final = 200
RED: Final = "bold red"


class CollectScreen:
    """The terminal while a collector runs."""

    def __init__(self, console: Console, folder: Path) -> None:
        self._console = console
        self._folder = folder
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._last_line = ""
        self._said_at = float("-inf")
        self._last: tuple[View, Visitors] | None = None
        self._stations: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
        if self._last is not None:
            say(self._console, f"ended: {_line(*self._last)}")

    def greet(self, address: str, stations: tuple[str, ...]) -> None:
        """Say where it listens, and for whom."""
        self._stations = stations
        say(self._console, f"collecting into {self._folder}")
        say(self._console, f"listening on {address} for {', '.join(stations)}; Control-C ends it")

    def ring(self, alarm: Alarm) -> None:
        """A new alarm: a line that stays, and the bell."""
        say(self._console, f"ALARM {alarm.kind}: {alarm.about}: {alarm.words[:SHOWN_WORDS]}", RED)
        if self._console.is_terminal:
            self._console.bell()

    def show(self, view: View, visitors: Visitors) -> None:
        """What there is now."""
        self._last = (view, visitors)
        if visitors.stations != self._stations:
            self._stations = visitors.stations
            say(self._console, f"from now on listening for {', '.join(self._stations) or 'nobody'}")
        if self._live is not None:
            self._live.update(_table(view, visitors), refresh=True)
            return
        line, now = _line(view, visitors), time.monotonic()
        if line != self._last_line and now - self._said_at >= LINE_SECONDS:
            self._last_line, self._said_at = line, now
            say(self._console, line)


def _line(view: View, visitors: Visitors) -> str:
    words = [
        f"{view.files} files of {view.episodes} episodes",
        f"{_pairs(view)} pairs complete",
        f"{view.waiting} waiting at stations",
        f"{view.unchecked} to be checked",
        f"{view.alarm_count} alarms",
    ]
    rejected = sum(tally.rejected for tally in view.stations.values())
    words += [f"{rejected} messages rejected"] if rejected else []
    words += [f"{visitors.refused} connections refused"] if visitors.refused else []
    words += [f"BLOCKED: {view.trouble}"] if view.trouble else []
    words += [visitors.trouble] if visitors.trouble else []
    return ", ".join(words)


def _pairs(view: View) -> int:
    return view.pairings.get(Pairing.EQUAL.value, 0)


def _table(view: View, visitors: Visitors) -> Group:
    table = make_table(COLUMNS, NUMBERS)
    for name, tally in sorted(view.stations.items()):
        words = tally.last_words or tally.last_rejection
        cells = (tally.receipts, tally.waiting_files, f"{tally.waiting_bytes / 1e6:.1f}", tally.rejected)
        table.add_row(name, *map(str, cells), Text(words[:SHOWN_WORDS]))
    parts: list[RenderableType] = [Text(_line(view, visitors), style=RED if view.trouble else ""), table]
    parts.append(Text(f"{view.free_bytes / 1e9:,.1f} GB free"))
    parts += [
        Text(f"ALARM {alarm.kind}: {alarm.about}: {alarm.words[:SHOWN_WORDS]}", style=RED)
        for alarm in view.alarms[-SHOWN_ALARMS:]
    ]
    return Group(*parts)
