"""One pass over one home: what is due goes to its share, and receipts come back. No process, no loop, no patience.

Per file the order is: stored and proven, receipt durable, item gone. A crash between any two of them repeats work and
loses nothing. What an earlier run delivered is verified again when nothing else is to be done (data.settlement).
"""

import secrets
import time
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from data.files import Disk, try_lock
from data.outbox import Item, Outbox, State
from data.receipts import Level, Receipt, Receipts
from data.settlement import Settled, Settlement
from data.shares.share import (
    HearsBacklog,
    LocalCorruptError,
    Order,
    Outcome,
    Probe,
    Share,
    ShareBlockedError,
    ShareConflictError,
    StoresMany,
    open_share,
)
from data.state_file import StateFileError
from data.station import Identity, KnownShare, Station, known_shares, read_identity, remember_share

BACKLOG_FILES: Final = 8
"""From so many on, files go together: a session's few are not worth threads, a week without a share is."""
FIRST_BATCH: Final = 16
MOST_IN_BATCH: Final = 256
LEAST_IN_BATCH: Final = 4
BYTES_A_FILE: Final = 64 << 10
"""A batch holds at most so many bytes for each of its files, 16 MB for the largest one: all of it is in memory at once.
A file that is larger by itself goes alone."""
QUICK_SECONDS: Final = 1.0
SLOW_SECONDS: Final = 5.0
"""A disk takes twice as many files in the batch after a quick one; over a thin line batches become smaller, because one
that takes a minute looks like a share that hangs, and is lost whole."""
THIS_RUN: Final = secrets.token_hex(8)
"""Names this process in the receipts that it writes: what it delivered, only another one may settle."""
NO_SHARE: Final = "the share of this station is not known: record once more in this home, with its share"


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What one pass over one home did. `waiting` is what it found in the outbox and has left there, as it is now;
    `trouble` says in words why.

    `is_busy`: another process delivers from this home now, so this one touched nothing. `settled` were verified again;
    `alarms` say in words which receipts did not hold.
    """

    home: Path
    delivered: tuple[Receipt, ...] = ()
    waiting: tuple[Item, ...] = ()
    trouble: tuple[str, ...] = ()
    is_busy: bool = False
    settled: tuple[Receipt, ...] = ()
    alarms: tuple[str, ...] = ()


class Memory:
    """What a courier keeps of one home from pass to pass: the items that it has read, and how quick its shares are.

    `monotonic` counts seconds and never jumps.
    """

    def __init__(self, home: Path, disk: Disk | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.outbox = Outbox(home, disk)
        self.monotonic = monotonic
        self._most_in_batch: dict[str, int] = {}
        """By the URL of a share."""

    def most_in_batch(self, url: str) -> int:
        """How many files of a backlog may go to a share at once."""
        return self._most_in_batch.get(url, FIRST_BATCH)

    def learn(self, url: str, seconds: float) -> None:
        """A batch for a share took so long."""
        most = self.most_in_batch(url)
        if seconds <= QUICK_SECONDS:
            self._most_in_batch[url] = min(2 * most, MOST_IN_BATCH)
        elif seconds > SLOW_SECONDS:
            self._most_in_batch[url] = max(most // 2, LEAST_IN_BATCH)


def always() -> bool:
    """The answer of somebody who wants everything done."""
    return True


def ignore(item: Item) -> None:
    """The report of somebody who does not want one."""


def deliver(
    home: Path,
    share_url: str | None = None,
    *,
    now: float,
    report: Callable[[Item], None] = ignore,
    at_once: bool = False,
    limit: int | None = None,
    disk: Disk | None = None,
    open_share: Callable[[str], Share] = open_share,
    only: Container[str] | None = None,
    run: str = THIS_RUN,
    settlement: Settlement | None = None,
    settle_limit: int | None = None,
    go_on: Callable[[], bool] = always,
    memory: Memory | None = None,
) -> DeliveryReport:
    """One pass over one home: every due item once, at most `limit` of them, then a few receipts of earlier runs.

    `share_url` sends everything there instead of where its item says, and stands in the items from then on. `now` is
    the wall clock in unix seconds. `at_once` does not wait for an item's next attempt. `report` hears of each item when
    it is taken up (SENDING) and how it went. `only` are names of items; others are passed over. `go_on` is asked before
    each file or batch: on False the pass ends there. `settlement` knows what may be verified again, at most
    `settle_limit`. `memory` is this home's, from earlier passes.
    """
    station = Station(home)
    if not station.outbox.is_dir():
        return DeliveryReport(home)
    try:
        lock = try_lock(station.courier_lock)
    except OSError as error:
        return DeliveryReport(home, trouble=(f"this machine is in the way: {error}",))
    if lock is None:
        return DeliveryReport(home, (), Outbox(home).waiting(), ("another courier is at work here",), is_busy=True)
    try:
        disk = disk or Disk()
        one_pass = _Pass(station, now, report, disk, open_share, run, go_on, memory or Memory(home, disk))
        return one_pass.run(_Choice(share_url, at_once, limit, only), settlement, settle_limit)
    finally:
        lock.release()


class _Choice(NamedTuple):
    """Which items a pass takes, and where they go."""

    share_url: str | None
    at_once: bool
    limit: int | None
    only: Container[str] | None

    def due(self, waiting: Iterable[Item], share: str, now: float) -> list[Item]:
        """The items that it takes, each with its share."""
        chosen = [item for item in waiting if not item.is_held and (self.only is None or item.name in self.only)]
        addressed = [_addressed(item, self.share_url or item.share or share) for item in chosen]
        is_hurried = self.at_once or self.share_url is not None
        return [item for item in addressed if is_hurried or item.is_due(now)][: self.limit]


class _Pass:
    """One pass over one home, under its courier lock."""

    def __init__(
        self,
        station: Station,
        now: float,
        report: Callable[[Item], None],
        disk: Disk,
        open_share: Callable[[str], Share],
        run: str,
        go_on: Callable[[], bool],
        memory: Memory,
    ) -> None:
        self._run = run
        self._go_on = go_on
        self._station = station
        self._now = now
        self._report = report
        self._disk = disk
        self._open_share = open_share
        self._memory = memory
        self._outbox = memory.outbox
        self._receipts = Receipts(station.home, disk)
        self._backlog = (0, 0)
        self._delivered: list[Receipt] = []
        self._waiting: dict[str, Item] = {}
        """By name, what this pass found and has left; reading a full outbox once more would take seconds."""
        self._done: set[str] = set()
        """Of items whose fate in this pass is known."""
        self._trouble: list[str] = []

    def run(self, choice: _Choice, settlement: Settlement | None, settle_limit: int | None) -> DeliveryReport:
        settled = Settled()
        try:
            self._waiting = {item.name: item for item in self._outbox.waiting()}
            identity = self._identity()
            self._backlog = len(self._waiting), sum(item.size for item in self._waiting.values())
            due = choice.due(self._waiting.values(), identity.share, self._now)
            for url in dict.fromkeys(item.share for item in due):
                self._deliver_to(url, [item for item in due if item.share == url], identity.station)
            if settlement is not None and not (due and settle_limit is not None):
                settled = settlement.settle(settle_limit, self._now, self._disk, self._open_share, self._go_on)
        except (OSError, StateFileError) as error:
            self._tell(f"this machine is in the way: {error}")
        for words in settled.trouble:
            self._tell(words)
        return DeliveryReport(
            self._station.home,
            tuple(self._delivered),
            self._outbox.waiting() if settled.revoked else tuple(self._waiting.values()),
            tuple(self._trouble),
            settled=settled.settled,
            alarms=settled.alarms,
        )

    def _identity(self) -> Identity:
        identity = read_identity(self._station)
        if identity is None:
            raise StateFileError(f"{self._station.identity_file} is missing: recover this home first")
        return identity

    def _deliver_to(self, url: str, items: list[Item], owner: str) -> None:
        try:
            share = self._open_share(url) if url else None
            if share is None:
                raise ShareBlockedError(NO_SHARE)
            probe = self._trusted(share, owner)
        except (ShareBlockedError, ValueError) as error:
            self._block(items, str(error))
            return
        rest = items
        while rest and self._go_on():
            batch, rest = self._next_batch(share, rest, self._memory.most_in_batch(url))
            for item in batch:
                self._report(replace(item, state=State.SENDING))
            began = self._memory.monotonic()
            try:
                self._deliver_batch(batch, share, probe, owner)
            except ShareBlockedError as error:
                still = [item for item in (*batch, *rest) if item.name not in self._done]
                self._block(still, str(error))
                return
            if len(batch) > 1:  # a file that goes alone says nothing of many
                self._memory.learn(url, self._memory.monotonic() - began)

    def _next_batch(self, share: Share, items: list[Item], most: int) -> tuple[list[Item], list[Item]]:
        """What goes next, and the rest: one file, or of a backlog so many at once, unless somebody plays here."""
        is_backlog = isinstance(share, StoresMany) and len(items) >= BACKLOG_FILES and not self._station.is_recording
        count = size = 0
        for item in items[: most if is_backlog else 1]:
            size += item.size
            if count and size > most * BYTES_A_FILE:
                break
            count += 1
        return items[:count], items[count:]

    def _deliver_batch(self, batch: list[Item], share: Share, probe: Probe, owner: str) -> None:
        """Store, keep the receipts, let the items go; in that order, for all of them.

        Raises:
            ShareBlockedError: for at least one of them, after the others are through.
        """
        stored, blocked = self._store_batch(batch, share, owner)
        receipts = [
            Receipt(item.file, item.sha256, item.size, share.url, probe.share_id, level, self._now, self._run)
            for item, level in stored
        ]
        refusals = self._write(receipts)
        kept = [
            (item, receipt) for (item, _), receipt, no in zip(stored, receipts, refusals, strict=True) if no is None
        ]
        for (item, _), refusal in zip(stored, refusals, strict=True):
            if refusal is not None:  # this one's receipt; the others can be delivered all the same
                self._put_off(item, State.BLOCKED, f"this machine is in the way: {refusal}")
        self._outbox.release(*[item for item, _ in kept])
        for item, receipt in kept:
            self._note_delivered(item, receipt)
        if blocked is not None:
            raise blocked

    def _note_delivered(self, item: Item, receipt: Receipt) -> None:
        self._done.add(item.name)
        del self._waiting[item.name]
        self._delivered.append(receipt)
        self._report(replace(item, state=State.VERIFIED, reason=""))

    def _store_batch(
        self, batch: list[Item], share: Share, owner: str
    ) -> tuple[list[tuple[Item, Level]], ShareBlockedError | None]:
        """What the share stored, and why it takes no more, if it does not; what cannot be stored is put off."""
        stored: list[tuple[Item, Level]] = []
        blocked = None
        for item, outcome in zip(batch, self._outcomes(batch, share, owner), strict=True):
            if isinstance(outcome, ShareConflictError):
                self._put_off(item, State.CONFLICT, str(outcome))
            elif isinstance(outcome, LocalCorruptError):
                self._put_off(item, State.LOCAL_CORRUPT, str(outcome))
            elif isinstance(outcome, ShareBlockedError):
                blocked = outcome
            else:
                stored.append((item, outcome))
        return stored, blocked

    def _outcomes(self, batch: list[Item], share: Share, owner: str) -> list[Outcome]:
        orders = [Order(item.file, self._station.episodes / item.file, item.sha256) for item in batch]
        if len(orders) > 1 and isinstance(share, StoresMany):
            return share.store_many(orders, owner)
        try:
            return [share.store(*order, owner) for order in orders]
        except (ShareConflictError, LocalCorruptError, ShareBlockedError) as error:
            return [error]

    def _write(self, receipts: list[Receipt]) -> list[StateFileError | None]:
        """Make receipts durable; of each why not."""
        if len(receipts) != 1:
            return self._receipts.write_many(receipts) if receipts else []
        try:
            self._receipts.write(receipts[0])
        except StateFileError as error:
            return [error]
        return [None]

    def _trusted(self, share: Share, owner: str) -> Probe:
        """Probe a share, unless it is the bare folder on which it used to be mounted: that must not be filled."""
        if isinstance(share, HearsBacklog):
            share.tell_backlog(*self._backlog)
        seen, known = share.identify(), known_shares(self._station).get(share.url)
        if known is not None and known.was_mount and not seen.is_mount and seen.share_id != known.share_id:
            raise ShareBlockedError(f"share {share.url}: it is not mounted now, and only its empty folder is there")
        probe = share.probe(owner)
        remember_share(self._station, share.url, KnownShare(probe.share_id, seen.is_mount), self._disk)
        return probe

    def _block(self, items: Iterable[Item], reason: str) -> None:
        for item in items:
            self._put_off(item, State.BLOCKED, reason)

    def _put_off(self, item: Item, state: State, reason: str) -> None:
        self._done.add(item.name)
        later = item.put_off(state, reason, self._now)
        self._tell(reason)
        self._outbox.update(later)
        self._waiting[item.name] = later
        self._report(later)

    def _tell(self, reason: str) -> None:
        if reason not in self._trouble:
            self._trouble.append(reason)


def _addressed(item: Item, share_url: str) -> Item:
    """The item, bound for this share; at another one it has not been tried yet."""
    if item.share == share_url:
        return item
    return replace(item, share=share_url, state=State.QUEUED, attempts=0, next_attempt=0.0, reason="")


def received(home: Path, item: Item, open_share: Callable[[str], Share] = open_share) -> bool:
    """Whether a receipt stands for an item *and* the share that it names still holds exactly these bytes."""
    receipt = Receipts(home).find(item.name)
    if receipt is None or (receipt.file, receipt.sha256) != (item.file, item.sha256):
        return False
    try:
        return open_share(receipt.share).sha256_of(receipt.file) == item.sha256
    except (ShareBlockedError, ValueError):  # not now, or not by this installation
        return False
