"""The courier: brings what waits in outboxes to its share, pass by pass, for as long as it may. It runs in a process of
its own: a share may hang in a call that nothing can interrupt, so nothing that must stay alive runs here.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from data.delivery import THIS_RUN, DeliveryReport, Memory, deliver, ignore
from data.files import Disk, try_lock
from data.outbox import Item, Outbox, State
from data.settlement import SETTLE_ITEMS, Settlement
from data.station import Station

PASS_ITEMS: Final = 512
"""Files in one pass. Each pass lists the outbox once, and a courier that is told to stop finishes its batch."""
HUNG_ITEMS: Final = 100
"""Of what was due when a courier hung, so many are marked: each takes a few flushes, and a person reads the first."""
PASS_SECONDS: Final = 10.0
"""A pass takes no new file after so long, so that somebody else can have the courier's lock for a moment."""
IDLE_FACTOR: Final = 10.0
LONGEST_IDLE_SECONDS: Final = 5.0
"""A courier that has delivered nothing rests ten times as long as it has looked, and looks every 5 s at least."""
LOCK_GAP_SECONDS: Final = 0.1
"""Between two passes of a backlog while nobody plays: so long somebody else can take the courier's lock."""
RECORDING_PAUSE_SECONDS: Final = 1.0
"""Between two files while an episode is recorded here: the disk and the cable belong to the game."""
HUNG: Final = "its share did not answer: the courier that asked it was ended"


class Stop(Protocol):
    """A wish to end, as an event of `threading` or `multiprocessing` carries it."""

    def is_set(self) -> bool:
        """Whether to end now."""

    def wait(self, timeout: float) -> object:
        """Sleep, but no longer than until the wish comes."""


def ignore_pass(report: DeliveryReport) -> None:
    """The report of somebody who does not want to hear of passes."""


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
    memories = {home: Memory(home, monotonic=monotonic) for home in settlements}
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
                memory=memories[home],
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
