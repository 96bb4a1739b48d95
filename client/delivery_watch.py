"""What an experimenter should know of the delivery while a session runs: watched on a thread, in this machine's files.

No share is asked here, whoever delivers: an outbox says by itself what waits and why, and a share that hangs shows in
items that nobody touches. The loop only reads what was found last.
"""

import heapq
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from data.outbox import ITEM_SUFFIX, Item, decode_item
from data.receipts import Receipts
from data.state_file import StateFileError
from data.station import Station

LOOK_SECONDS: Final = 2.0
LOOK_FACTOR: Final = 500.0
"""A look takes the interpreter from the loop, so it has at most a five-hundredth of the time."""
STUCK_SECONDS: Final = 90.0
"""A courier tries everything at least once a minute: an outbox that stands still for longer means that it hangs."""
MOST_READ: Final = 3
"""Items that are read in each look: a full outbox must not cost a tick."""


@dataclass(frozen=True, slots=True)
class _Outbox:
    """What was seen of one outbox: how many wait, and the first few of them."""

    count: int
    first: tuple[Item, ...]


class DeliveryWatch:
    """Looks at the outboxes of one session's stations. `words` and `alarms` are for the loop, and never wait."""

    def __init__(self, homes: Sequence[Path], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._homes = tuple(homes)
        self._monotonic = monotonic
        self._seen: dict[Path, tuple[_Outbox, float]] = {}
        self._revoked_before = self._count_revoked()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="delivery watch", daemon=True)
        self.words: tuple[str, ...] = ()
        """What waits and why; nothing if all is delivered."""
        self.alarms: tuple[str, ...] = ()
        """What somebody has to look after: a share lost what it had acknowledged."""

    def start(self) -> None:
        """Look every now and then from here on."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._end.set()

    def look(self) -> None:
        """One look at every outbox."""
        now = self._monotonic()
        self.words = tuple(words for home in self._homes if (words := self._words(home, now)))
        lost = self._count_revoked() - self._revoked_before
        if lost > 0:
            self.alarms = (
                f"The share has lost {lost} files that it had acknowledged. They are safe on this machine and are "
                "delivered again. Tell the experimenter.",
            )

    def _run(self) -> None:
        pause = LOOK_SECONDS
        while not self._end.wait(pause):
            began = self._monotonic()
            self.look()
            pause = max(LOOK_SECONDS, LOOK_FACTOR * (self._monotonic() - began))

    def _words(self, home: Path, now: float) -> str:
        outbox = _read(home)
        before, since = self._seen.get(home, (None, now))
        if outbox != before:
            since = now
        self._seen[home] = outbox, since
        if not outbox.count:
            return ""
        reason = next((item.reason for item in outbox.first if item.reason), "")
        if now - since >= STUCK_SECONDS:
            reason = "the share does not answer. Nothing is lost: the files are safe on this machine"
        return f"delivery: {outbox.count} files wait" + (f": {reason}" if reason else "")

    def _count_revoked(self) -> int:
        return sum(len(Receipts(home).revoked()) for home in self._homes)


def _read(home: Path) -> _Outbox:
    """What waits there; of much of it, only how much."""
    folder = Station(home).outbox
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(ITEM_SUFFIX) and entry.name[0] != "."]
    except OSError:
        return _Outbox(0, ())  # nothing was recorded there yet
    items = []
    for name in heapq.nsmallest(MOST_READ, names):
        try:
            items.append(decode_item((folder / name).read_bytes()))
        except (OSError, StateFileError):  # delivered meanwhile, or torn: a recovery reports it
            continue
    return _Outbox(len(names), tuple(items))
