"""The courier: brings what waits in outboxes to its share and keeps the receipts. Runs in a process of its own.

A share may hang in a call that nothing can interrupt, so nothing that must stay alive runs here. Per file the order is:
stored and proven, receipt durable, item gone. A crash between any two of them repeats work and loses nothing. What an
earlier run delivered is verified again when nothing else is to be done (data.settlement).
"""

import secrets
import time
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from data.files import Disk, try_lock
from data.outbox import Item, Outbox, State
from data.receipts import Level, Receipt, Receipts
from data.settlement import SETTLE_ITEMS, Settled, Settlement
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

PASS_ITEMS: Final = 512
"""Files in one pass. Each pass reads the outbox once, and a courier that is told to stop finishes its batch."""
HUNG_ITEMS: Final = 100
"""Of what was due when a courier hung, so many are marked: each takes a few flushes, and a person reads the first."""
BACKLOG_FILES: Final = 8
"""From so many on, files go together: a session's few are not worth threads, a week without a share is."""
BATCH_FILES: Final = 64
MOST_BATCH_FILES: Final = 256
LEAST_BATCH_FILES: Final = 4
QUICK_SECONDS: Final = 1.0
SLOW_SECONDS: Final = 5.0
"""The first batch, and how the next one follows from how long it took: a fast disk takes many files at once, and over
a slow line a batch must not look like a share that hangs."""
BATCH_BYTES: Final = 16 << 20
"""What is held in memory at once, except for one file that is larger by itself."""
PASS_SECONDS: Final = 10.0
"""A pass takes no new file after so long, so that somebody else can have the courier's lock for a moment."""
IDLE_FACTOR: Final = 10.0
LONGEST_IDLE_SECONDS: Final = 5.0
"""A courier that has delivered nothing rests ten times as long as it has looked, and looks every 5 s at least."""
LOCK_GAP_SECONDS: Final = 0.1
"""Between two passes of a backlog while nobody plays: so long somebody else can take the courier's lock."""
RECORDING_PAUSE_SECONDS: Final = 1.0
"""Between two files while an episode is recorded here: the disk and the cable belong to the game."""
THIS_RUN: Final = secrets.token_hex(8)
"""Names this process in the receipts that it writes: what it delivered, only another one may settle."""
HUNG: Final = "its share did not answer: the courier that asked it was ended"
NO_SHARE: Final = "the share of this station is not known: record once more in this home, with its share"


class Stop(Protocol):
    """A wish to end, as an event of `threading` or `multiprocessing` carries it."""

    def is_set(self) -> bool:
        """Whether to end now."""

    def wait(self, timeout: float) -> object:
        """Sleep, but no longer than until the wish comes."""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What one pass over one home did. `waiting` is all that is still in the outbox; `trouble` says in words why.

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


def always() -> bool:
    """The answer of somebody who wants everything done."""
    return True


def ignore(item: Item) -> None:
    """The report of somebody who does not want one."""


def ignore_pass(report: DeliveryReport) -> None:
    """The same, of whole passes."""


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
    outbox: Outbox | None = None,
) -> DeliveryReport:
    """One pass over one home: every due item once, at most `limit` of them, then a few receipts of earlier runs.

    `share_url` sends everything there instead of where its item says, and stands in the items from then on. `now` is
    the wall clock in unix seconds. `at_once` does not wait for an item's next attempt. `report` hears of each item when
    it is taken up (SENDING) and how it went. `only` are names of items; others are passed over. `go_on` is asked before
    each file: on False the pass ends there. `settlement` knows what may be verified again, at most `settle_limit`.
    `outbox` is this home's from an earlier pass, which has read most of its items.
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
        one_pass = _Pass(station, now, report, disk, open_share, run, go_on, outbox or Outbox(home, disk))
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
        outbox: Outbox,
    ) -> None:
        self._run = run
        self._go_on = go_on
        self._station = station
        self._now = now
        self._report = report
        self._disk = disk
        self._open_share = open_share
        self._outbox = outbox
        self._receipts = Receipts(station.home, disk)
        self._backlog = (0, 0)
        self._delivered: list[Receipt] = []
        self._done: set[str] = set()
        """Of items whose fate in this pass is known."""
        self._trouble: list[str] = []

    def run(self, choice: _Choice, settlement: Settlement | None, settle_limit: int | None) -> DeliveryReport:
        settled, due = Settled(), None
        waiting: tuple[Item, ...] = ()
        try:
            identity = self._identity()
            waiting = self._outbox.waiting()
            self._backlog = len(waiting), sum(item.size for item in waiting)
            due = choice.due(waiting, identity.share, self._now)
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
            # Reading a full outbox takes seconds: once is enough if nothing was tried.
            waiting if due == [] and not settled.revoked else self._outbox.waiting(),
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
        rest, most = items, BATCH_FILES
        while rest and self._go_on():
            batch, rest = self._next_batch(share, rest, most)
            for item in batch:
                self._report(replace(item, state=State.SENDING))
            began = time.monotonic()
            try:
                self._deliver_batch(batch, share, probe, owner)
            except ShareBlockedError as error:
                still = [item for item in (*batch, *rest) if item.name not in self._done]
                self._block(still, str(error))
                return
            most = next_batch_files(most, time.monotonic() - began)

    def _next_batch(self, share: Share, items: list[Item], most: int) -> tuple[list[Item], list[Item]]:
        """What goes next, and the rest: one file, or of a backlog so many at once, unless somebody plays here."""
        is_backlog = isinstance(share, StoresMany) and len(items) >= BACKLOG_FILES and not self._station.is_recording
        count = size = 0
        for item in items[: most if is_backlog else 1]:
            size += item.size
            if count and size > BATCH_BYTES:
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
            self._done.add(item.name)
            self._delivered.append(receipt)
            self._report(replace(item, state=State.VERIFIED, reason=""))
        if blocked is not None:
            raise blocked

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
        self._report(later)

    def _tell(self, reason: str) -> None:
        if reason not in self._trouble:
            self._trouble.append(reason)


def next_batch_files(most: int, seconds: float) -> int:
    """How many files may go together after a batch of at most `most` took so long."""
    if seconds <= QUICK_SECONDS:
        return min(2 * most, MOST_BATCH_FILES)
    return max(most // 2, LEAST_BATCH_FILES) if seconds > SLOW_SECONDS else most


def _addressed(item: Item, share_url: str) -> Item:
    """The item, bound for this share; at another one it has not been tried yet."""
    if item.share == share_url:
        return item
    return replace(item, share=share_url, state=State.QUEUED, attempts=0, next_attempt=0.0, reason="")


def put_off_hanging(home: Path, now: float, disk: Disk | None = None) -> int:
    """Write down that a courier hung at what was due: for whoever ended it. Returns how many items that were.

    Nothing is done while it still holds the lock, because it could not be ended.

    Raises:
        OSError: this machine's disk is in the way.
    """
    station = Station(home)
    lock = try_lock(station.courier_lock) if station.outbox.is_dir() else None
    if lock is None:
        return 0
    try:
        outbox = Outbox(home, disk)
        due = [item for item in outbox.waiting() if item.is_due(now)][:HUNG_ITEMS]
        for item in due:
            outbox.update(item.put_off(State.BLOCKED, HUNG, now))
    finally:
        lock.release()
    return len(due)


def received(home: Path, item: Item, open_share: Callable[[str], Share] = open_share) -> bool:
    """Whether a receipt stands for an item *and* the share that it names still holds exactly these bytes."""
    receipt = Receipts(home).find(item.name)
    if receipt is None or (receipt.file, receipt.sha256) != (item.file, item.sha256):
        return False
    try:
        return open_share(receipt.share).sha256_of(receipt.file) == item.sha256
    except (ShareBlockedError, ValueError):  # not now, or not by this installation
        return False


def run_courier(
    homes: Iterable[Path],
    *,
    stop: Stop,
    poll_seconds: float = 0.5,
    report: Callable[[Item], None] = ignore,
    hear: Callable[[DeliveryReport], None] = ignore_pass,
    now: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    run: str = THIS_RUN,
) -> None:
    """Deliver from these homes until told to stop; a home that does not exist yet is looked for again each time.

    `report` hears of items as `deliver` tells them, `hear` of every pass. While an episode is recorded in a home, its
    files go one by one with pauses, and nothing is verified again.
    """
    settlements = {home: Settlement(Station(home), run) for home in homes}
    outboxes = {home: Outbox(home) for home in settlements}
    seen: dict[Path, _Seen] = {}
    while not stop.is_set():
        began, has_delivered, has_backlog = monotonic(), False, False
        for home, settlement in settlements.items():
            is_quiet, state = not Station(home).is_recording, _state_of(Station(home).outbox)
            has_settled = settlement.is_done or not is_quiet
            if has_settled and home in seen and seen[home].is_all_that_waits(state, now()):
                hear(seen[home].report)
                continue
            pace = _Pace(Station(home), stop, monotonic)
            is_quiet = not Station(home).is_recording
            done = deliver(
                home,
                now=now(),
                report=report,
                limit=PASS_ITEMS,
                run=run,
                settlement=settlement if is_quiet else None,
                settle_limit=SETTLE_ITEMS,
                go_on=pace.go_on,
                outbox=outboxes[home],
            )
            has_delivered = has_delivered or bool(done.delivered)
            has_backlog = has_backlog or (is_quiet and _goes_on(done, now()))
            seen[home] = _Seen(state, done)
            hear(done)
        idle = 0.0 if has_delivered else min(LONGEST_IDLE_SECONDS, IDLE_FACTOR * (monotonic() - began))
        stop.wait(LOCK_GAP_SECONDS if has_backlog else max(poll_seconds, idle))


def _goes_on(done: DeliveryReport, now: float) -> bool:
    """Whether a pass has delivered something, and more was due than it took."""
    return bool(done.delivered) and any(item.is_due(now) for item in done.waiting)


class _Seen(NamedTuple):
    """What a pass has left, and what its outbox looked like before."""

    outbox: tuple[int, int]
    report: DeliveryReport

    def is_all_that_waits(self, outbox: tuple[int, int], now: float) -> bool:
        """Whether nothing was added or changed since, and nothing is due: reading it all again would find nothing."""
        is_same = outbox == self.outbox and not self.report.is_busy
        return is_same and bool(self.report.waiting) and not any(item.is_due(now) for item in self.report.waiting)


def _state_of(outbox: Path) -> tuple[int, int]:
    """When a folder last changed, and how many names it has: a file that comes changes at least one of them."""
    try:
        return outbox.stat().st_mtime_ns, sum(1 for _ in outbox.iterdir())
    except OSError:
        return 0, 0


class _Pace:
    """How fast one pass may go: no longer than a pass lasts, with pauses while somebody plays, and not after a stop."""

    def __init__(self, station: Station, stop: Stop, monotonic: Callable[[], float]) -> None:
        self._station = station
        self._stop = stop
        self._monotonic = monotonic
        self._began = monotonic()
        self._is_first = True

    def go_on(self) -> bool:
        if not self._is_first and self._station.is_recording:
            self._stop.wait(RECORDING_PAUSE_SECONDS)
        is_in_time = self._is_first or self._monotonic() - self._began < PASS_SECONDS
        self._is_first = False
        return is_in_time and not self._stop.is_set()
