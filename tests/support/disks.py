"""Disks that misbehave on purpose: the Nth call fails, a read lies, a process dies between two calls."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data.files import Disk

CHANGING_CALLS = (
    "create",
    "open_existing",
    "write",
    "flush",
    "flush_data",
    "close",
    "link",
    "rename_new",
    "replace",
    "unlink",
    "make_folder",
    "move_folder",
    "remove_folder",
    "flush_folder",
)


class Died(BaseException):
    """The process is gone. No BaseException is caught by the code under test, as nothing runs after a SIGKILL."""


class QuickDisk(Disk):
    """Flushes nothing: for what no power cut can hit, since only the flushes of a thousand small files take time."""

    def flush(self, descriptor: int) -> None:
        pass

    def flush_data(self, descriptor: int) -> None:
        pass

    def flush_folder(self, path: Path) -> None:
        if not path.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such folder", str(path))


class WatchedDisk(QuickDisk):
    """Calls `before(number, name, arguments)` ahead of every changing call, counted from 0.

    In the log and for `before`, an open file is named by its path, because descriptors are used again.
    """

    def __init__(self, before: Callable[[int, str, tuple[Any, ...]], None] | None = None) -> None:
        self.log: list[tuple[str, tuple[Any, ...]]] = []
        self._before = before
        self._paths: dict[int, Path] = {}

    def _called(self, name: str, *arguments: object) -> None:
        arguments = tuple(self._paths.get(value, value) if isinstance(value, int) else value for value in arguments)
        number = len(self.log)
        self.log.append((name, arguments))
        if self._before is not None:
            self._before(number, name, arguments)

    def names(self) -> list[str]:
        return [name for name, _ in self.log]


def _watch(name: str) -> Callable[..., object]:
    original = getattr(QuickDisk, name)

    def call(self: WatchedDisk, *arguments: Path) -> object:
        self._called(name, *arguments)
        result = original(self, *arguments)
        if name in ("create", "open_existing"):
            self._paths[result] = arguments[0]
        return result

    return call


for _name in CHANGING_CALLS:
    setattr(WatchedDisk, _name, _watch(_name))


def failing_at(number: int, code: int = errno.EIO) -> WatchedDisk:
    """The call of this number fails once."""

    def before(count: int, name: str, arguments: tuple[Any, ...]) -> None:
        if count == number:
            raise OSError(code, f"injected into {name}")

    return WatchedDisk(before)


def failing_from(number: int, code: int = errno.ENOSPC, under: Path | None = None) -> WatchedDisk:
    """Every writing call from this number on fails; with `under`, only those that name a path there."""

    def before(count: int, name: str, arguments: tuple[Any, ...]) -> None:
        paths = [argument for argument in arguments if isinstance(argument, Path)]
        is_there = under is None or any(under in (path, *path.parents) for path in paths)
        if count >= number and is_there and name not in ("close", "unlink", "remove_folder"):
            raise OSError(code, f"injected into {name}")

    return WatchedDisk(before)


def dying_at(number: int) -> WatchedDisk:
    """The process dies just before the call of this number, and nothing of it runs on."""
    is_dead = False

    def before(count: int, name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal is_dead
        is_dead = is_dead or count == number
        if is_dead:
            raise Died(f"{number}: {name}")

    return WatchedDisk(before)


class DroppingDisk(Disk):
    """Writes at most a few bytes a call, and is interrupted every other time."""

    def __init__(self) -> None:
        self.calls = 0

    def write(self, descriptor: int, data: memoryview) -> int:
        self.calls += 1
        if self.calls % 2:
            raise InterruptedError(errno.EINTR, "injected")
        return super().write(descriptor, data[:7])


class LyingDisk(Disk):
    """Acknowledges everything and gives other bytes back."""

    def __init__(self, changed: Callable[[Path, bytes], bytes]) -> None:
        self._changed = changed

    def read(self, path: Path) -> bytes:
        return self._changed(path, super().read(path))
