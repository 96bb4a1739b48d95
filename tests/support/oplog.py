"""What a log of disk calls must obey for its promises to survive a power cut, checked call by call."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

Log = list[tuple[str, tuple[Any, ...]]]


class _Reading:
    def __init__(self, outbox: Path, unflushed: Iterable[Path]) -> None:
        self.outbox = outbox
        self.unflushed = set(unflushed)
        self.unnamed: dict[Path, list[Path]] = {}
        self.violations: list[str] = []

    def take(self, name: str, arguments: tuple[Any, ...]) -> None:
        match name, arguments:
            case "create", (path,):
                self.unflushed.add(path)
            case "write", (path, _):
                self.unflushed.add(path)
            case (("flush" | "flush_data"), (path,)):
                self.unflushed.discard(path)
            case "link", (source, target):
                self._link(source, target)
            case "flush_folder", (folder,):
                self.unnamed.pop(folder, None)
            case "unlink", (path,) if path.name.endswith(".part"):
                self._expect_durable(f"{path.name} removed")

    def _link(self, source: Path, target: Path) -> None:
        if source in self.unflushed:
            self.violations.append(f"{target.name} named before its bytes were flushed")
        if target.parent == self.outbox:
            waiting = {folder: names for folder, names in self.unnamed.items() if folder != self.outbox}
            if waiting:
                self.violations.append(f"{target.name} queued before a flush of {[str(f) for f in waiting]}")
        self.unnamed.setdefault(target.parent, []).append(target)

    def _expect_durable(self, what: str) -> None:
        if self.unnamed:
            self.violations.append(f"{what} before a flush of {[str(folder) for folder in self.unnamed]}")


def violations(log: Log, outbox: Path, unflushed: Iterable[Path] = ()) -> list[str]:
    """Every broken rule: bytes before names, names before the queue, the queue before the parts go.

    `unflushed` are files that were written before the log began.
    """
    reading = _Reading(outbox, unflushed)
    for name, arguments in log:
        reading.take(name, arguments)
    return reading.violations
