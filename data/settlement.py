"""Settlement: what a share acknowledged in an earlier run is verified again, a little at a time. No store, no probe.

A read-back right after writing may be answered by a cache that a power cut on the server empties. A later run asks
again, over a new connection: a receipt that still holds rises to level 2. One that does not is an alarm. Then the order
is: what was said and found is durable, the file is queued again from this station's copy, the receipt is gone.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from data.files import Disk
from data.outbox import Item, Outbox
from data.receipts import Level, Receipt, Receipts
from data.shares.share import Share, ShareBlockedError
from data.station import Station

SETTLE_ITEMS: Final = 5
"""Receipts in one pass of a courier that has nothing else to do: a hundred thousand need a day, and nobody waits."""
PATIENCE_SECONDS: Final = 60.0
"""Before a share that could not be asked is asked again."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of one round. `alarms` say in words which receipts did not hold; `trouble` why nobody could ask."""

    settled: tuple[Receipt, ...] = ()
    revoked: tuple[Receipt, ...] = ()
    alarms: tuple[str, ...] = ()
    trouble: tuple[str, ...] = ()


class Settlement:
    """The receipts of one home that another run may raise. `run` names this run; the caller holds the courier's lock.

    They are listed once, because reading a thousand receipts in every pass would be all that a courier does.
    """

    def __init__(self, station: Station, run: str, *, every: bool = False) -> None:
        """With `every`, receipts of all levels and runs are asked for; those that hold and cannot rise stay."""
        self._station = station
        self._run = run
        self._every = every
        self._waiting: deque[str] | None = None
        self._not_before = float("-inf")

    @property
    def is_done(self) -> bool:
        """Whether every receipt of an earlier run was asked for."""
        return self._waiting is not None and not self._waiting

    def settle(
        self, limit: int | None, now: float, disk: Disk, open_share: Callable[[str], Share], go_on: Callable[[], bool]
    ) -> Settled:
        """Ask for at most `limit` receipts; `go_on` is asked before each.

        Raises:
            OSError: this machine's disk is in the way.
        """
        waiting = self._list()
        if not waiting or self._not_before > now:
            return Settled()
        round_ = _Round(self._station, self._run, now, disk, open_share, every=self._every)
        for _ in range(len(waiting) if limit is None else min(limit, len(waiting))):
            if not go_on():
                break
            name = waiting.popleft()
            if not round_.ask(name):
                waiting.append(name)
                self._not_before = now + PATIENCE_SECONDS
        return Settled(tuple(round_.settled), tuple(round_.revoked), tuple(round_.alarms), tuple(round_.trouble))

    def _list(self) -> deque[str]:
        if self._waiting is None:
            receipts = Receipts(self._station.home).all()
            self._waiting = deque(one.name for one in receipts if self._every or _may_rise(one, self._run))
        return self._waiting


def _may_rise(receipt: Receipt, run: str) -> bool:
    return receipt.level is Level.STORED and receipt.run != run


class _Round:
    def __init__(
        self,
        station: Station,
        run: str,
        now: float,
        disk: Disk,
        open_share: Callable[[str], Share],
        *,
        every: bool,
    ) -> None:
        self.settled: list[Receipt] = []
        self.revoked: list[Receipt] = []
        self.alarms: list[str] = []
        self.trouble: list[str] = []
        self._station = station
        self._every = every
        self._run = run
        self._now = now
        self._open_share = open_share
        self._outbox = Outbox(station.home, disk)
        self._receipts = Receipts(station.home, disk)
        self._shares: dict[str, Share] = {}
        self._silent: set[str] = set()

    def ask(self, name: str) -> bool:
        """Whether this receipt needs no more asking."""
        receipt = self._receipts.find(name)
        if receipt is None or self._outbox.path(name).exists() or not self._is_wanted(receipt):
            return True
        if receipt.share in self._silent:
            return False
        try:
            found = self.found_at(receipt)
        except (ShareBlockedError, ValueError) as error:
            self._silent.add(receipt.share)
            self.trouble.append(str(error))
            return False
        if found == receipt.sha256:
            self._raise(receipt)
        else:
            self._revoke(receipt, found)
        return True

    def _is_wanted(self, receipt: Receipt) -> bool:
        return self._every or _may_rise(receipt, self._run)

    def found_at(self, receipt: Receipt) -> str:
        """The hash of what the very share of a receipt holds under its name now; empty if nothing does."""
        if receipt.share not in self._shares:
            self._shares[receipt.share] = self._open_share(receipt.share)
        return hash_at(receipt, self._shares[receipt.share])

    def _raise(self, receipt: Receipt) -> None:
        if not _may_rise(receipt, self._run):
            self.settled.append(receipt)
            return
        better = replace(receipt, level=Level.SETTLED, run=self._run, verified_at=self._now)
        self._receipts.write(better)
        self.settled.append(better)

    def _revoke(self, receipt: Receipt, found: str) -> None:
        what = f"other bytes ({found})" if found else "nothing"
        words = f"share {receipt.share} had acknowledged {receipt.file} and holds {what} now"
        self._receipts.revoke(receipt, words, self._now)
        self._outbox.queue(Item(receipt.file, receipt.sha256, receipt.size, receipt.share, reason=words))
        self._receipts.withdraw(receipt)
        self.revoked.append(receipt)
        is_here = (self._station.episodes / receipt.file).exists()
        own = "from this station's own copy" if is_here else "but was pruned here: `outbox undo` brings it back"
        self.alarms.append(f"{words}. It is queued again, {own}. Tell the experimenter")


def hash_at(receipt: Receipt, share: Share) -> str:
    """The hash of what the very share of a receipt holds under its name now; empty if nothing does.

    Raises:
        ShareBlockedError: it cannot be asked, or another share has its address now, as the bare folder under a mount.
    """
    _check_identity(receipt, share)
    found = share.sha256_of(receipt.file)
    if found != receipt.sha256:
        _check_identity(receipt, share)  # it may have gone away in between
    return found or ""


def _check_identity(receipt: Receipt, share: Share) -> None:
    there = share.identify().share_id
    if receipt.share_id and there != receipt.share_id:
        came = f"the share {there}" if there else "a folder without a share's mark"
        raise ShareBlockedError(
            f"share {receipt.share}: expected the share {receipt.share_id}, found {came}: is it mounted?"
        )
