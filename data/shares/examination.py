"""An examination of a share: everything that delivery relies on, tried one by one, and what it takes. By hand only.

A courier's probe asks whether it may go on; this one tells a person, who may have to tell whoever runs the server.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

from data.receipts import Level
from data.shares.folder_share import PROBE_START, drawn
from data.shares.share import RESERVE_BYTES, SHARE_WORDS, Share, ShareBlockedError

EPISODE_BYTES: Final = 60_000
"""A typical canonical file: an episode of a minute at 30 Hz."""
ROUNDS: Final = 5
"""Episodes that are stored to see how long it takes."""
OWNER: Final = "by-hand"
NOT_TRIED: Final = "not tried, since something before it failed"


class Ground(Protocol):
    """The file calls of a share, by paths relative to it. Each raises `OSError`."""

    def create(self, path: str, data: bytes) -> None:
        """A new file with these bytes, flushed; `FileExistsError` if the name is taken."""

    def rename_new(self, source: str, target: str) -> None:
        """Rename to a name that nobody has; `FileExistsError` if it is taken."""

    def flush(self, path: str) -> None:
        """Bring a closed file to stable storage."""

    def flush_folder(self, path: str) -> bool:
        """Bring a folder's names to stable storage; False where that is unknown."""

    def read(self, path: str) -> bytes:
        """A file's bytes, through a new open."""

    def unlink(self, path: str) -> None:
        """Remove a file that may be gone."""

    def make_folder(self, path: str) -> None:
        """Make one folder, which may exist."""

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder."""

    def free_bytes(self) -> int:
        """Space left for this user."""


@runtime_checkable
class Examinable(Protocol):
    """A share that lets its file calls be tried."""

    def examine(self, look: Callable[[Ground, str], "Examination"]) -> "Examination":
        """What `look` makes of the share's ground and of its kind in words.

        Raises:
            ShareBlockedError: it is not there at all.
        """


class Ability(NamedTuple):
    """Something that a share should be able to do. `is_there` is None if it was not tried."""

    name: str
    is_there: bool | None
    words: str
    is_needed: bool = True


@dataclass(frozen=True, slots=True)
class Pace:
    """What things take, in milliseconds: one flush, and one episode from the first byte to its proof."""

    flush: float
    episode: float
    slowest_episode: float

    @property
    def files_a_second(self) -> float:
        """Episodes that one station delivers in a second, one after the other."""
        return 1000 / self.episode if self.episode else 0.0


@dataclass(frozen=True, slots=True)
class Examination:
    """What came of it. `trouble` says why a share is not usable, empty if it is; `level` is the best within reach."""

    url: str
    kind: str
    abilities: tuple[Ability, ...] = ()
    free_bytes: int | None = None
    pace: Pace | None = None
    trouble: str = ""
    level: Level = Level.SETTLED

    @property
    def is_usable(self) -> bool:
        """Whether episodes may be delivered there."""
        return not self.trouble

    def to_json(self) -> dict[str, Any]:
        """The object of `--json`."""
        pace = self.pace
        return {
            "url": self.url,
            "kind": self.kind,
            "usable": self.is_usable,
            "trouble": self.trouble,
            "level": self.level.value if self.is_usable else 0,
            "free_bytes": self.free_bytes,
            "abilities": [
                {"name": each.name, "ok": each.is_there, "needed": each.is_needed, "words": each.words}
                for each in self.abilities
            ],
            "milliseconds": None
            if pace is None
            else {"flush": pace.flush, "episode": pace.episode, "slowest_episode": pace.slowest_episode},
        }


def examine(share: Share) -> Examination:
    """Try a share. What was made there meanwhile is removed again."""
    try:
        if isinstance(share, Examinable):
            return share.examine(lambda ground, kind: _Examiner(ground, share.url, kind).run())
        probe = share.probe(OWNER)
    except ShareBlockedError as error:
        return Examination(share.url, "", trouble=str(error))
    return Examination(share.url, "a collector", free_bytes=probe.free_bytes, level=probe.level)


class _MissingError(Exception):
    """An ability is not there; the text says what happened instead."""


@dataclass(slots=True)
class _Examiner:
    ground: Ground
    url: str
    kind: str
    abilities: list[Ability] = field(default_factory=list)
    trouble: str = ""
    free_bytes: int | None = None
    pace: Pace | None = None

    def run(self) -> Examination:
        names = [drawn(f"{PROBE_START}{OWNER}-{number}") for number in range(3)]
        folder = f"{PROBE_START}{OWNER}-{secrets.token_hex(4)}"
        try:
            for name, words, step in self._steps((names[0], names[1], names[2]), folder):
                self._try(name, words, step)
            if not self.trouble:
                self.pace = self._measure(folder)
        except OSError as error:
            self.trouble = _words(error)
        finally:
            self._clean(names, folder)
        return Examination(self.url, self.kind, tuple(self.abilities), self.free_bytes, self.pace, self.trouble)

    def _steps(self, names: tuple[str, str, str], folder: str) -> Iterator[tuple[str, str, Callable[[], None]]]:
        """Each ability: its name, its words, and how it is tried. They build on each other."""
        ground = self.ground
        first, other, final = names
        yield "space", "has space left", self._ask_space
        yield "write", "lets this user create, write and flush a file (fsync)", lambda: ground.create(first, b"probe")
        yield (
            "exclusive_create",
            "refuses to create a file that exists (O_EXCL, FILE_CREATE)",
            lambda: _must_refuse(lambda: ground.create(first, b"other"), "it created the file once more"),
        )
        yield "rename", "renames a file", lambda: ground.rename_new(first, final)
        yield (
            "rename_no_replace",
            "refuses to rename over a file that exists (link, RENAME_NOREPLACE, ReplaceIfExists = false)",
            lambda: self._rename_over(other, final),
        )
        yield "flush", "flushes a file again under its final name (fsync, SMB FLUSH)", lambda: ground.flush(final)
        yield "flush_folder", "flushes a folder, so that names survive a power cut", self._flush_folder
        yield "read_back", "gives back the bytes that it was given", lambda: self._read_back(final)
        yield "folders", "lets this user make folders", lambda: ground.make_folder(folder)
        yield "remove", "lets this user remove its own temporary files", lambda: ground.unlink(other)

    def _try(self, name: str, words: str, step: Callable[[], None]) -> None:
        is_needed = name != "flush_folder"
        if self.trouble:
            self.abilities.append(Ability(name, None, f"{words}: {NOT_TRIED}", is_needed))
            return
        try:
            step()
        except (_MissingError, OSError) as error:
            found = str(error) if isinstance(error, _MissingError) else _words(error)
            self.abilities.append(Ability(name, False, f"{words}: {found}", is_needed))
            self.trouble = f"{words}: {found}" if is_needed else ""
        else:
            self.abilities.append(Ability(name, True, words, is_needed))

    def _ask_space(self) -> None:
        self.free_bytes = self.ground.free_bytes()
        if self.free_bytes < RESERVE_BYTES:
            raise _MissingError(f"{self.free_bytes} bytes are left")

    def _rename_over(self, other: str, final: str) -> None:
        self.ground.create(other, b"other bytes")
        _must_refuse(lambda: self.ground.rename_new(other, final), "it replaced the file, and would lose data so")

    def _flush_folder(self) -> None:
        if not self.ground.flush_folder(""):
            raise _MissingError("it does not know how; the second flush of each file has to do")

    def _read_back(self, final: str) -> None:
        found = self.ground.read(final)
        if found != b"probe":
            raise _MissingError(f"it gave back {len(found)} other bytes")

    def _measure(self, folder: str) -> Pace:
        """Store episodes as delivery does."""
        flushes, episodes = [], []
        for number in range(ROUNDS):
            data = secrets.token_bytes(EPISODE_BYTES)
            temporary, final = drawn(f"{folder}/{number}"), f"{folder}/{number}"
            began = time.perf_counter()
            self.ground.create(temporary, data)
            self.ground.rename_new(temporary, final)
            renamed = time.perf_counter()
            self.ground.flush(final)
            flushes.append(time.perf_counter() - renamed)
            self.ground.flush_folder(folder)
            if self.ground.read(final) != data:
                raise OSError("it gives back other bytes than it was given")
            episodes.append(time.perf_counter() - began)
        return Pace(*(round(1000 * value, 2) for value in (median(flushes), median(episodes), max(episodes))))

    def _clean(self, names: list[str], folder: str) -> None:
        """Leave nothing, as far as the share lets us."""
        try:
            for name in (*names, *(f"{folder}/{number}" for number in range(ROUNDS))):
                self.ground.unlink(name)
            self.ground.remove_folder(folder)
        except OSError:
            return  # what is said already explains it; a courier's probe clears what begins like ours


def _must_refuse(action: Callable[[], None], fault: str) -> None:
    try:
        action()
    except FileExistsError:
        return
    raise _MissingError(fault)


def _words(error: OSError) -> str:
    return SHARE_WORDS.get(error.errno or 0) or error.strerror or str(error)
