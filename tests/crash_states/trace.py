"""What a protocol did, call by call, and what it had promised when. Both are taken from the real code."""

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tests.crash_states.platter import Call
from tests.support.disks import CHANGING_CALLS, QuickDisk


class Rows(NamedTuple):
    """So many rows of this episode survive from now on."""

    episode: int
    rows: int


class Sealed(NamedTuple):
    """This file is published and queued. `file` is its path from the root."""

    file: str
    sha256: str


class Stored(NamedTuple):
    """The share has this file. `file` is its path from the root."""

    file: str
    sha256: str


class Known(NamedTuple):
    """This home knows who it is, and where its episodes go: to one of `shares`."""

    home: str
    station: str
    shares: tuple[str, ...]


class Marked(NamedTuple):
    """The share is known by this id."""

    share_id: str


class Begun(NamedTuple):
    """A session of this home has begun: whatever happens, it ends with a sheet of so many episodes."""

    home: str
    episodes: int


Promise = Rows | Sealed | Stored | Known | Marked | Begun
Refusal = Callable[[str, tuple[Any, ...]], int]
"""The error number with which a call is refused, or 0."""


def nobody_else(name: str, arguments: tuple[Any, ...]) -> None:
    pass


def refuse_nothing(name: str, arguments: tuple[Any, ...]) -> int:
    return 0


class LoggingDisk(QuickDisk):
    """Writes down every changing call that succeeded. A flush that was refused is written down as what it does."""

    def __init__(self, refuse: Refusal = refuse_nothing) -> None:
        self.log: list[Call] = []
        self.refuse = refuse
        self.before = nobody_else
        """What somebody else does just before a call of ours."""
        self._paths: dict[int, Path] = {}

    def _named(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(self._paths.get(value, value) if isinstance(value, int) else value for value in arguments)


def _logged(name: str) -> Callable[..., object]:
    original = getattr(QuickDisk, name)

    def call(self: LoggingDisk, *arguments: Any) -> object:  # noqa: ANN401 - whatever the call takes
        named = tuple(bytes(value) if isinstance(value, memoryview) else value for value in self._named(arguments))
        self.before(name, named)
        code = self.refuse(name, named)
        if code:
            if name in ("flush", "flush_data"):
                self.log.append(("poison", named))
            raise OSError(code, errno.errorcode[code])
        result = original(self, *arguments)
        self.log.append((name, named))
        if name in ("create", "open_existing"):
            self._paths[result] = arguments[0]
        return result

    return call


for _name in CHANGING_CALLS:
    setattr(LoggingDisk, _name, _logged(_name))


@dataclass
class Trace:
    """One run of one protocol under `root`."""

    root: Path
    disk: LoggingDisk = field(default_factory=LoggingDisk)
    promises: list[tuple[int, Promise]] = field(default_factory=list)

    def promise(self, *promises: Promise) -> None:
        """From the next call on, and for ever."""
        self.promises += [(len(self.disk.log), promise) for promise in promises]

    def in_force(self, calls: int) -> tuple[Promise, ...]:
        """What had been promised after so many calls."""
        return tuple(promise for since, promise in self.promises if since <= calls)

    @property
    def home(self) -> Path:
        return self.root / "left"

    @property
    def other_home(self) -> Path:
        return self.root / "right"

    @property
    def share(self) -> Path:
        return self.root / "share"
