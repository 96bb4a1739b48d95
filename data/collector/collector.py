"""A collector without its socket: messages of stations in, answers out, and everything durable in between.

One turn takes whatever has arrived, makes all of it durable together, and only then answers. What may follow an answer
(playing an episode again, comparing its seats, the sums of a session) is done by `tend`, between two turns.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple, Self

from filelock import BaseFileLock

from data.collector.alarms import Alarm, Alarms
from data.collector.checks import ALARMING, CANNOT_CHECK, DIVERGED, Checks
from data.collector.desk import Desk, Order, StationTally
from data.collector.incoming import Incoming
from data.collector.index import EpisodeCheck, Index
from data.collector.messages import Ask, Blocked, Chunk, Conflict, Have, Hello, Holds, Offer, Reply, Welcome
from data.collector.place import CollectorPlace
from data.collector.sums import refresh_sums
from data.collector.vault import Candidate, Vault
from data.files import Disk, disk_words, make_path, try_lock
from data.shares.folder_share import MARK_NAME, FolderShare
from data.shares.share import RESERVE_BYTES

QUIET_SECONDS: Final = 1.0
"""An episode's files come one after the other: looking at it before the last one is there is work done twice."""
SUMS_SECONDS: Final = 2.0
"""A session's sums are written at most so often."""
COMPARE_SECONDS: Final = 30.0
"""An index that could not be written is brought up to date again after so long."""
MOST_UNCHECKED: Final = 64
"""Folders taken from the index at once."""


class CollectorError(Exception):
    """No collector can work in this folder; the text says why. The user's to mend."""


class Message(NamedTuple):
    """Bytes from a station: `route` is where the answer goes."""

    station: str
    route: bytes
    data: bytes


class Answer(NamedTuple):
    """Bytes for a station."""

    route: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class View:
    """What a person may see of a collector now. `waiting` are files that stations say they still hold."""

    files: int = 0
    episodes: int = 0
    unchecked: int = 0
    pairings: dict[str, int] = field(default_factory=dict)
    stations: dict[str, StationTally] = field(default_factory=dict)
    alarms: tuple[Alarm, ...] = ()
    alarm_count: int = 0
    free_bytes: int = 0
    trouble: str = ""

    @property
    def waiting(self) -> int:
        """What all stations together still hold."""
        return sum(tally.waiting_files for tally in self.stations.values())


def ring_nothing(alarm: Alarm) -> None:
    """The bell of somebody who reads the files."""


class Collector:
    """The collector of one folder. Use it as a context: it holds the folder's lock.

    Args:
        root: the share; it is made and marked if it is new.
        jobs: processes that play episodes again; 0 leaves that to a later start.
        ring: hears every new alarm.
        disk: every call that a promise rests on goes through it.
    """

    def __init__(
        self, root: Path, *, jobs: int = 1, ring: Callable[[Alarm], None] = ring_nothing, disk: Disk | None = None
    ) -> None:
        self._place = CollectorPlace(root.absolute())
        self._disk = disk or Disk()
        self._ring = ring
        self._jobs = jobs
        self.desk = Desk()
        self._lock: BaseFileLock | None = None
        self._trouble = ""
        self._stale_since: float | None = None
        self._dirty: dict[str, float] = {}
        self._quiet_from: dict[str, float] = {}
        self._came: set[str] = set()

    def __enter__(self) -> Self:
        """Take the folder, and make index and folder agree.

        Raises:
            CollectorError: another collector works there.
            OSError: the folder cannot be made or read.
        """
        place, disk = self._place, self._disk
        make_path(disk, place.root)
        for folder in place.folders:
            disk.make_folder(folder)
            disk.flush_folder(folder.parent)
        self._lock = try_lock(place.lock)
        if self._lock is None:
            raise CollectorError(f"another collector works in {place.root}: end it first")
        try:
            self._share = FolderShare.create(place.root, disk)
            self.share_id = self._share.identify().share_id
            self._alarms = Alarms(place, disk, self._ring)
            self._incoming = Incoming(place, disk)
            self._incoming.clear()
            self._vault = Vault(place, disk, self._incoming, self._alarms.raise_alarm)
            self._index = Index(place)
            self._checks = Checks(place.root, self._jobs)
            self._compare()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Write what is still to be written, and give the folder back."""
        self._checks.close()
        self._vault.close()
        with suppress(OSError, sqlite3.Error):  # derived: the next start writes it
            for session in self._dirty:
                refresh_sums(self._place.root, session, self._index.files_of(session), self._disk)
        self._index.close()
        assert self._lock is not None
        self._lock.release()

    @property
    def url(self) -> str:
        """The folder as a share's URL: how the receipts of an import name it."""
        return self._share.url

    def rebuild(self) -> int:
        """Make the index anew from every byte of the folder; returns how many files there are.

        Raises:
            OSError: the folder cannot be read.
            sqlite3.Error: the index cannot be written.
        """
        added = self._index.rebuild().added
        self._refresh_all_sums()
        return added

    def _compare(self) -> None:
        """Make the index agree with the folder; what is gone from it rings."""
        try:
            changes = self._index.compare()
            self._refresh_all_sums()
        except sqlite3.Error as error:
            self._trouble = f"the index cannot be written: {error}"
            self._stale_since = self._stale_since or 0.0
            return
        self._stale_since = None
        for path in changes.gone:
            self._alarms.raise_alarm(Alarm("missing", path, f"{path} was received, and is not there any more"))

    def _refresh_all_sums(self) -> None:
        for session in self._index.sessions():
            self._dirty.setdefault(session, 0.0)

    # --- a turn -----------------------------------------------------------------------------------------------------

    def turn(self, messages: Sequence[Message], now: float) -> list[Answer]:
        """Answer everything that has arrived, after all of it is durable. `now` counts seconds and never jumps."""
        taken = [(message, self.desk.take(*message)) for message in messages]
        answers = [Answer(message.route, each) for message, each in taken if isinstance(each, bytes)]
        orders = [each for _, each in taken if isinstance(each, Order)]
        replies = self._carry_out(orders, now)
        answers += [
            Answer(order.route, self.desk.answer(order, reply)) for order, reply in zip(orders, replies, strict=True)
        ]
        return answers

    def _carry_out(self, orders: Sequence[Order], now: float) -> list[Reply]:
        """What the disk says to each. Whole files of one turn are made durable together."""
        blocked = self._blocked(orders)
        replies: dict[int, Reply] = {}
        candidates: dict[int, Candidate] = {}
        for number, order in enumerate(orders):
            try:
                found = blocked or self._prepare(order)
            except OSError as error:
                found = Blocked(self._told(disk_words(error)))
            if isinstance(found, Candidate):
                candidates[number] = found
            else:
                replies[number] = found
        replies |= zip(candidates, self.store(list(candidates.values()), now), strict=True)
        return [replies[number] for number in range(len(orders))]

    def _blocked(self, orders: Sequence[Order]) -> Blocked | None:
        """Why nothing can be taken now."""
        if not orders:
            return None
        coming = sum(len(order.request.data) for order in orders if isinstance(order.request, Chunk))
        try:
            if not (self._place.root / MARK_NAME).exists():
                return Blocked(self._told("the folder of the share is not there: is it mounted?"))
            free = self._disk.free_bytes(self._place.root)
        except OSError as error:
            return Blocked(self._told(disk_words(error)))
        if coming and free < RESERVE_BYTES + coming:
            return Blocked(self._told(f"the disk is full ({free} bytes left)"))
        self._trouble = ""
        return None

    def _told(self, words: str) -> str:
        self._trouble = words
        return f"the collector's disk: {words}"

    def _prepare(self, order: Order) -> Reply | Candidate:
        """The answer to what is no whole file yet, or the file."""
        request, station = order.request, order.station
        match request:
            case Hello():
                return Welcome(self.share_id, self._disk.free_bytes(self._place.root))
            case Ask():
                target = self._place.root / request.path
                return Holds(sha256(self._disk.read(target)).digest() if target.exists() else b"")
            case Offer():
                return self._offered(station, request)
            case Chunk():
                return self._chunk(station, request)

    def _offered(self, station: str, offer: Offer) -> Reply | Candidate:
        target = self._place.root / offer.path
        if target.exists():
            data = self._disk.read(target)
            if sha256(data).digest() == offer.sha256:  # to be flushed and read once more before it is answered for
                return Candidate(station, offer.path, offer.sha256, data)
            if self._vault.kept(station, offer.path, offer.sha256).exists():
                return Conflict("the collector holds other bytes under this name; these are kept in its quarantine")
        self._incoming.make_folder(station)
        found = self._incoming.offer(station, offer)
        return found if isinstance(found, Have) else self._whole(station, offer, found)

    def _chunk(self, station: str, chunk: Chunk) -> Reply | Candidate:
        if chunk.offset == 0 and len(chunk.data) == chunk.size:
            return Candidate(station, chunk.path, chunk.sha256, chunk.data)
        self._incoming.make_folder(station)
        have = self._incoming.append(station, chunk)
        if have.offset < chunk.size:
            return have
        return self._whole(station, chunk, self._disk.read(self._incoming.path(station, chunk.sha256)))

    def _whole(self, station: str, request: Offer | Chunk, data: bytes) -> Candidate:
        part = self._incoming.path(station, request.sha256)
        return Candidate(station, request.path, request.sha256, data, part)

    def store(self, candidates: Sequence[Candidate], now: float) -> list[Reply]:
        """Make whole files durable and keep the index; the answer to each, in order. An import calls it, too."""
        if not candidates:
            return []
        replies, stored = self._vault.store(candidates)
        for reply in replies:
            if isinstance(reply, Blocked):
                self._trouble = reply.words
        try:
            sessions = self._index.add(stored)
        except sqlite3.Error as error:
            self._trouble = f"the index cannot be written: {error}"
            self._stale_since = now
            return replies
        for session in sessions:
            self._dirty.setdefault(session, now)
        for folder in {each.path.rpartition("/")[0] for each in stored}:
            self._quiet_from[folder] = now + QUIET_SECONDS
            self._came.add(folder)
        return replies

    # --- between two turns ------------------------------------------------------------------------------------------

    def tend(self, now: float) -> None:
        """Do a little of what may follow an answer. Never waits for a child."""
        try:
            self._tend_checks(now)
            self._tend_sums(now)
            if self._stale_since is not None and now - self._stale_since > COMPARE_SECONDS:
                self._stale_since = now
                self._compare()
        except sqlite3.Error as error:
            self._trouble = f"the index cannot be written: {error}"
            self._stale_since = self._stale_since or now
        except OSError as error:
            self._trouble = disk_words(error)

    @property
    def has_work(self) -> bool:
        """Whether `tend` has something to do soon."""
        return bool(self._dirty or self._quiet_from or self._checks.under_way)

    def _tend_checks(self, now: float) -> None:
        for found in self._checks.finished():
            self._index.check(found, is_current=found.folder not in self._came)
            self._alarm(found)
        if not self._jobs or not self._checks.is_free:
            return
        busy = self._checks.under_way
        for folder in self._index.unchecked(MOST_UNCHECKED):
            if folder in busy or self._quiet_from.get(folder, now) > now:
                continue
            if not self._checks.is_free:
                return
            self._quiet_from.pop(folder, None)
            self._came.discard(folder)
            self._checks.start(folder)

    def _alarm(self, found: EpisodeCheck) -> None:
        if found.answer in ALARMING:
            words = f"{found.words}; {self._kept(found.folder)}" if found.answer == DIVERGED else found.words
            self._alarms.raise_alarm(Alarm(found.answer, found.folder, words))
        elif found.answer == CANNOT_CHECK:
            self._alarms.raise_alarm(Alarm("unchecked", found.folder, found.words))

    def _kept(self, folder: str) -> str:
        """What to say of the copies of an episode whose seats differ. Both stay where they are, too."""
        try:
            return f"copies of all its files are kept in {self._vault.keep_episode(folder)}"
        except OSError as error:
            return f"no copies could be kept: {disk_words(error)}"

    def _tend_sums(self, now: float) -> None:
        """The session that waits longest, if it has waited long enough: one at a time, for the stations' sake."""
        session = min(self._dirty, key=lambda each: self._dirty[each], default=None)
        if session is None or now - self._dirty[session] < SUMS_SECONDS:
            return
        del self._dirty[session]
        try:
            refresh_sums(self._place.root, session, self._index.files_of(session), self._disk)
        except OSError:
            self._dirty[session] = now
            raise

    def view(self) -> View:
        """What a person may see now."""
        try:
            files, episodes, unchecked, pairings = self._index.counts()
        except sqlite3.Error:
            files, episodes, unchecked, pairings = 0, 0, 0, {}
        try:
            free = self._disk.free_bytes(self._place.root)
        except OSError:
            free = 0
        alarms = self._alarms.standing
        stations = dict(self.desk.tallies)
        count = self._alarms.count
        return View(files, episodes, unchecked, pairings, stations, alarms, count, free, self._trouble)
