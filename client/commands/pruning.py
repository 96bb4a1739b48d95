"""What `dyadgrid outbox prune`, `undo` and `empty-trash` do and print: what goes, on which proof, and what stays."""

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

from client.commands.outbox import courier_lock, stations_under
from client.commands.terminal import open_console, say
from data.pruning import PruneReport, Pruning, named


def prune_files(home: Path, older_than_days: float | None, *, is_dry: bool) -> int:
    """Move to the trash what may go, or show it; 1 if something stays although its receipt would allow it.

    Raises:
        ValueError: there is no station, or a courier hangs.
    """
    words = ("would go to the trash", "Nothing was changed: `--yes` does it") if is_dry else ("in the trash", "")
    return _act(
        home, words, is_dry, lambda station: Pruning(station).prune(time.time(), older_than_days, is_dry=is_dry)
    )


def empty_trashes(home: Path, older_than_days: float, *, is_dry: bool) -> int:
    """Remove for good what lies in the trash for so long, or show it. Code and errors as of `prune_files`."""
    words = ("would be removed for good", "Nothing was changed: `--yes` does it") if is_dry else ("removed", "")
    return _act(
        home, words, is_dry, lambda station: Pruning(station).empty_trash(time.time(), older_than_days, is_dry=is_dry)
    )


def _act(home: Path, words: tuple[str, str], is_dry: bool, action: Callable[[Path], PruneReport]) -> int:
    console = open_console(stderr=False)
    kept = 0
    for station in stations_under(home):
        with nullcontext() if is_dry else courier_lock(station):
            report = action(station)
        say(console, station)
        _show(report, words[0], console)
        kept += len(report.kept)
    if words[1]:
        say(console, words[1])
    return 1 if kept else 0


def _show(report: PruneReport, words: str, console: Console) -> None:
    for candidate in report.gone:
        say(console, f"  {words}: {candidate.receipt.name}: {candidate.proof}")
    for candidate in report.kept:
        say(console, f"  stays: {candidate.receipt.name}: {candidate.fault}", "bold red")
    say(console, f"  {len(report.gone)} files, {report.size:,} bytes")


def undo_pruning(home: Path, names: Sequence[str]) -> int:
    """Bring the named files back.

    Raises:
        ValueError: a name fits nothing that was pruned, the trash does not hold it any more, or a courier hangs.
    """
    stations = stations_under(home)
    for name in names:
        if not any(named(Pruning(station).tombstones(), name) for station in stations):
            raise ValueError(f"expected a pruned file or part of its name, got {name!r}: nothing fits")
    console = open_console(stderr=False)
    for station in stations:
        with courier_lock(station):
            pruning = Pruning(station)
            for tombstone in [each for each in pruning.tombstones() if any(name in each.name for name in names)]:
                pruning.undo(tombstone)
                say(console, f"back: {tombstone.file}")
    return 0
