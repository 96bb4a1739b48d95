"""Disks that refuse, flip bits and die at a call; and a server's, which loses what was not flushed under its name."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.disks import Died, WatchedDisk

YEAR_SECONDS = 365 * 86400.0
_WRITING = frozenset({"create", "write", "link", "rename_new", "replace", "make_folder", "move_folder"})
PLENTY_BYTES = 1 << 40


class SimulatedDisk(WatchedDisk):
    """A disk whose trouble is set from outside. Calls are counted from the moment in which it is set."""

    def __init__(self) -> None:
        super().__init__(self._meet)
        self.calm()

    def calm(self) -> None:
        """Nothing goes wrong from now on."""
        self.log.clear()
        self.refusal = 0
        self._at = -1
        self._what: Callable[[], None] | None = None
        self._flip_at = -1

    def at(self, call: int, what: Callable[[], None]) -> None:
        """Do something just before the call of this number from now."""
        self._at, self._what = len(self.log) + call, what

    def die_at(self, call: int) -> None:
        """The process is gone at this call."""

        def die() -> None:
            raise Died(str(call))

        self.at(call, die)

    def fail_at(self, call: int, code: int) -> None:
        """One call is refused."""

        def fail() -> None:
            raise OSError(code, "simulated")

        self.at(call, fail)

    def flip_at(self, call: int) -> None:
        """One bit of what is written from this call on arrives wrong, once."""
        self._flip_at = len(self.log) + call

    def _meet(self, number: int, name: str, arguments: tuple[Any, ...]) -> None:
        if self.refusal and name in _WRITING:
            raise OSError(self.refusal, "simulated")
        what = self._what
        if what is not None and number >= self._at:
            self._what = None
            what()

    def write(self, descriptor: int, data: memoryview) -> int:
        if 0 <= self._flip_at <= len(self.log) and data:
            self._flip_at = -1
            wrong = bytearray(data)
            wrong[len(wrong) // 2] ^= 4
            data = memoryview(bytes(wrong))
        return super().write(descriptor, data)  # type: ignore[no-any-return]  # made by a loop over names

    def free_bytes(self, path: Path) -> int:
        return 10 if self.refusal == errno.ENOSPC else PLENTY_BYTES


class ServerDisk(SimulatedDisk):
    """A server's disk: a name is durable once the file was flushed *under that name*, bytes once they were flushed."""

    def __init__(self) -> None:
        super().__init__()
        self._names: set[Path] = set()
        self._bytes: set[Path] = set()

    def create(self, path: Path) -> int:
        descriptor: int = super().create(path)  # type: ignore[assignment]  # made by a loop over names
        self._bytes.add(path)
        return descriptor

    def flush(self, descriptor: int) -> None:
        path = self._paths[descriptor]
        super().flush(descriptor)
        self._bytes.discard(path)
        self._names.discard(path)

    def link(self, source: Path, target: Path) -> None:
        super().link(source, target)
        self._moved(source, target)

    def rename_new(self, source: Path, target: Path) -> None:
        super().rename_new(source, target)
        self._moved(source, target)

    def replace(self, source: Path, target: Path) -> None:
        super().replace(source, target)
        self._moved(source, target)

    def _moved(self, source: Path, target: Path) -> None:
        self._names.add(target)
        if source in self._bytes:
            self._bytes.add(target)

    def unlink(self, path: Path) -> None:
        super().unlink(path)
        self._names.discard(path)
        self._bytes.discard(path)

    def lose_power(self) -> None:
        """What was not flushed is gone: names, and the second half of bytes."""
        for path in self._names:
            path.unlink(missing_ok=True)
        for path in self._bytes - self._names:
            if path.exists():
                path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        self._names.clear()
        self._bytes.clear()
