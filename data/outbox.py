"""The outbox: finished files that wait until a share has acknowledged them, one durable item each. No delivery."""

import os
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from data.crew import CALLS_AT_ONCE, flushers
from data.files import Disk, create_durably, read_file, replace_durably
from data.layout import check_relative, paper_name
from data.receipts import Receipt, Receipts
from data.state_file import Fields, StateFileError, encode_state, utc_text
from data.station import Station

ITEM_FORMAT: Final = 1
ITEM_SUFFIX: Final = ".json"

FIRST_BACKOFF_SECONDS: Final = 1.0
LAST_BACKOFF_SECONDS: Final = 60.0
"""A share that comes back is used within a minute; asking once a minute troubles nobody."""
BACKOFF_JITTER: Final = 0.25
"""Up to a quarter earlier, so that the machines of a lab do not all ask in the same moment."""


class State(StrEnum):
    """Where a file stands on its way. Only those in brackets are written down; the others follow from what lies where.

    RECORDING: a living draft. FINAL: published, not queued. [QUEUED]: waiting, not tried yet. SENDING: in work.
    STORED: at the share, unproven. VERIFIED, SETTLED, COLLECTED: a receipt of level 1, 2 or 3. PRUNABLE, PRUNED: may be
    removed here; removed. [WAIT]: held back by a person. [BLOCKED]: tried, the share could not take it. [CONFLICT]: the
    share holds other bytes under this name. [LOCAL_CORRUPT]: our own file is not what was queued. DIVERGED: of a pair.
    """

    RECORDING = "RECORDING"
    FINAL = "FINAL"
    QUEUED = "QUEUED"
    SENDING = "SENDING"
    STORED = "STORED"
    VERIFIED = "VERIFIED"
    SETTLED = "SETTLED"
    COLLECTED = "COLLECTED"
    PRUNABLE = "PRUNABLE"
    PRUNED = "PRUNED"
    WAIT = "WAIT"
    BLOCKED = "BLOCKED"
    CONFLICT = "CONFLICT"
    DIVERGED = "DIVERGED"
    LOCAL_CORRUPT = "LOCAL_CORRUPT"


ITEM_STATES: Final = (State.QUEUED, State.WAIT, State.BLOCKED, State.CONFLICT, State.LOCAL_CORRUPT)
_ITEM_WORDS: Final = tuple(state.value for state in ITEM_STATES)
RECEIPT_STATES: Final = {1: State.VERIFIED, 2: State.SETTLED, 3: State.COLLECTED}


@dataclass(frozen=True, slots=True)
class Item:
    """One file and where it is to go. `file` is its path in the share and under the station's `episodes/`.

    `next_attempt` is unix seconds on this machine's wall clock, 0 for at once. `reason` is for people.
    """

    file: str
    sha256: str
    size: int
    share: str
    state: State = State.QUEUED
    attempts: int = 0
    next_attempt: float = 0.0
    reason: str = ""

    @property
    def name(self) -> str:
        """What its item and its receipt are called: the file's own name, unless that is not unique."""
        return paper_name(self.file)

    def is_due(self, now: float) -> bool:
        """Whether it is time to try. A clock that was set back does not make a file wait for a year."""
        return not self.is_held and self._is_time(now)

    def _is_time(self, now: float) -> bool:
        return self.next_attempt <= now or self.next_attempt > now + LAST_BACKOFF_SECONDS

    @property
    def is_held(self) -> bool:
        """Whether a person holds it back: nobody tries it, not even one who is in a hurry."""
        return self.state is State.WAIT

    def hold(self) -> "Item":
        """The item, held back by a person."""
        return replace(self, state=State.WAIT, reason="held back by a person")

    def renew(self) -> "Item":
        """The item as if it had never been tried: due at once, and not held back."""
        return replace(self, state=State.QUEUED, attempts=0, next_attempt=0.0, reason="")

    def put_off(self, state: State, reason: str, now: float) -> "Item":
        """The item after an attempt that failed: there is always a next one."""
        pause = min(LAST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** min(self.attempts, 10))
        # A seeded draw: the same item at the same attempt waits equally long, so a test can say how long.
        earlier = random.Random(f"{self.name} {self.attempts}").uniform(0, BACKOFF_JITTER)
        due = now + pause * (1 - earlier)
        return replace(self, state=state, attempts=self.attempts + 1, next_attempt=due, reason=reason)


class Outbox:
    """The items of one station. A file leaves it only against a receipt.

    One that is asked again and again, as a courier's with a backlog, reads only what is new.
    """

    def __init__(self, home: Path, disk: Disk | None = None) -> None:
        self._station = Station(home)
        self._disk = disk or Disk()
        self._known: dict[str, tuple[tuple[int, ...], Item]] = {}

    def queue(self, item: Item, *, flush: bool = True) -> None:
        """Add a file; one that is queued already stays as it is. With `flush` False the caller calls `flush` later."""
        try:
            create_durably(self._disk, self.path(item.name), encode_item(item), flush_folder=flush)
        except FileExistsError:
            if flush:
                self.flush()

    def flush(self) -> None:
        """Make what was queued durable."""
        self._disk.flush_folder(self._station.outbox)

    def update(self, item: Item) -> None:
        """Write down how an attempt went. Only the holder of the courier's lock may."""
        path = self.path(item.name)
        self._forget(path)
        replace_durably(self._disk, path, encode_item(item))

    def release(self, *items: Item) -> None:
        """Let files go. Each may, once a durable receipt stands for exactly its bytes.

        Raises:
            ValueError: for one of them no such receipt stands.
        """
        receipts = Receipts(self._station.home)
        for item in items:
            standing = receipts.find(item.name)
            if standing is None or (standing.file, standing.sha256) != (item.file, item.sha256):
                raise ValueError(f"{item.name} may not leave the outbox: no receipt stands for its {item.sha256}")
        paths = [self.path(item.name) for item in items]
        flushers().each(self._disk.unlink, paths, CALLS_AT_ONCE)  # a disk busy with its journal lets each of them wait
        for path in paths:
            self._forget(path)

    def waiting(self) -> tuple[Item, ...]:
        """Every file that no receipt covers yet, by name. An item that cannot be read is left to a recovery."""
        return tuple(item for item in map(self._read, self._paths()) if item is not None)

    def _paths(self) -> list[str]:
        folder = str(self._station.outbox)
        try:
            names = os.listdir(folder)  # noqa: PTH208  # names alone, of thousands
        except FileNotFoundError:
            return []
        # Texts: making a `Path` of each of thousands costs more than asking the disk for it.
        return [f"{folder}{os.sep}{name}" for name in sorted(names) if name.endswith(ITEM_SUFFIX) and name[0] != "."]

    def _read(self, path: str) -> Item | None:
        """The item at this path; one that this object has read before, and that is as it was, is not read again."""
        try:
            seen = os.stat(path)  # noqa: PTH116  # a `Path` of each of thousands costs more than this, see `_paths`
            key = (seen.st_ino, seen.st_mtime_ns, seen.st_size)
            known = self._known.get(path)
            if known is None or known[0] != key:
                known = self._known[path] = key, decode_item(read_file(path))
        except (OSError, StateFileError):  # delivered meanwhile, torn, or not readable: a recovery reports it
            return None
        return known[1]

    def _forget(self, path: Path) -> None:
        """Two writings in one moment may look alike from outside."""
        self._known.pop(str(path), None)

    def items(self) -> tuple[Item, ...]:
        """Every file of this station, waiting or received; each is in exactly one state."""
        receipts = {receipt.name: receipt for receipt in Receipts(self._station.home).all()}
        waiting = [item for item in self.waiting() if item.name not in receipts]
        return (*waiting, *(_received(receipt) for receipt in receipts.values()))

    def counts(self) -> Mapping[State, int]:
        """How many files are in each state."""
        return Counter(item.state for item in self.items())

    def path(self, name: str) -> Path:
        """Where the item of a file lies."""
        return self._station.outbox / f"{name}{ITEM_SUFFIX}"


def _received(receipt: Receipt) -> Item:
    return Item(receipt.file, receipt.sha256, receipt.size, receipt.share, RECEIPT_STATES[receipt.level])


def encode_item(item: Item) -> bytes:
    """The bytes of an item."""
    return encode_state(
        {
            "format": ITEM_FORMAT,
            "file": item.file,
            "sha256": item.sha256,
            "size": item.size,
            "share": item.share,
            "state": item.state.value,
            "attempts": item.attempts,
            "next_attempt": utc_text(item.next_attempt),
            "reason": item.reason,
        }
    )


def decode_item(data: bytes) -> Item:
    """The item that these bytes hold.

    Raises:
        StateFileError: they hold something else.
    """
    fields = Fields(data, ITEM_FORMAT)
    file = fields.text("file")
    try:
        check_relative(file)
    except ValueError as error:
        raise StateFileError(str(error)) from error
    return Item(
        file,
        fields.text("sha256"),
        fields.integer("size"),
        fields.text("share"),
        State(fields.word("state", _ITEM_WORDS)),
        fields.integer("attempts"),
        fields.moment("next_attempt"),
        fields.text("reason"),
    )
