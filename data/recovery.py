"""Start-up recovery: whatever a crash left in a home is brought to a legal state. Nothing is deleted, nothing guessed.

Touches only what no living writer holds, and running it twice does what running it once does:

- a draft with END is published and queued, as its writer would have done;
- a draft without END becomes a partial episode of its good prefix, marked `recovered`; the torn original is kept;
- a session that nobody records any more gets its sheet and its checksums;
- a finished file that is neither queued nor received is queued;
- a half-written item or receipt is set aside, and what it stood for is queued again;
- what is not ours is left alone and reported.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256 as hash_sha256
from pathlib import Path, PurePosixPath

from data.draft import draft_lock
from data.draft_recovery import recover_draft
from data.files import TEMPORARY_SUFFIX, Disk, disk_words, flush_file, name_of_temporary, retire_lock, try_lock
from data.layout import (
    DIGEST_NAME_DIGITS,
    check_relative,
    digest_in,
    is_paper_name,
    paper_name,
    parse_draft_name,
    parse_name,
    parse_session_name,
)
from data.outbox import ITEM_SUFFIX, Outbox, decode_item
from data.pruning import TOMBSTONE_SUFFIX, decode_tombstone
from data.publishing import queue, whole_file
from data.receipts import RECEIPT_SUFFIX, Receipts, name_of_receipt
from data.session_sheet import decode_opening
from data.sessions import OPENING_SUFFIX, remove_opening, write_sheet
from data.state_file import StateFileError
from data.station import LOCK_SUFFIX, Station, homes_of, make_station_folders, open_station, read_identity, set_aside
from games.contract import Seat


@dataclass(slots=True)
class RecoveryReport:
    """What a recovery found, and did, in words; all empty means that everything was in order."""

    home: Path
    published: list[str] = field(default_factory=list)
    """Whole episodes that were sealed but not published."""
    recovered: list[str] = field(default_factory=list)
    """Partial episodes made from torn ones."""
    sheets: list[str] = field(default_factory=list)
    """Sheets of sessions that ended without one."""
    queued: list[str] = field(default_factory=list)
    """Finished files that were not queued."""
    set_aside: list[str] = field(default_factory=list)
    """Torn originals and half-written state, now in `torn/`."""
    living: list[str] = field(default_factory=list)
    """What another process holds; nothing of it was touched."""
    unknown: list[str] = field(default_factory=list)
    """What is not ours or not as it should be; left alone."""
    refused: list[str] = field(default_factory=list)
    """What the disk did not give or take, and why; it is as it was, and the next recovery tries again."""

    @property
    def did_nothing(self) -> bool:
        """Whether there was nothing that it could do."""
        return not (self.published or self.recovered or self.sheets or self.queued or self.set_aside)


def recover(home: Path, *, disk: Disk | None = None) -> RecoveryReport:
    """Bring a home to a legal state. A home that does not exist has nothing to recover, and stays so.

    One file that the disk refuses costs no other one its recovery: see `RecoveryReport.refused`.

    Raises:
        OSError: the home itself cannot be used, as on a disk that is read-only; run again when it can.
    """
    station, report = Station(home), RecoveryReport(home)
    if not station.exists:
        return report
    lock = try_lock(home / f"recovery{LOCK_SUFFIX}")
    if lock is None:
        report.living.append("another recovery is at work here")
        return report
    try:
        _Recovery(station, disk or Disk(), report).run()
    finally:
        lock.release()
    return report


class _Recovery:
    """One recovery of one home, under its lock."""

    def __init__(self, station: Station, disk: Disk, report: RecoveryReport) -> None:
        self._station = station
        self._disk = disk
        self._report = report
        self._share_url = ""
        self._has_open_sessions = False
        self._open_stems: set[str] = set()
        """Episodes whose files may still change: a living writer's, and what a disk refused to bring to an end."""

    def run(self) -> None:
        make_station_folders(self._station, self._disk)
        self._share_url = self._identify()
        for path in sorted(self._station.recording.iterdir()):
            with self._reporting(f"recording/{path.name}"):
                self._recover_entry(path)
        self._end_sessions()
        self._set_aside_torn_state()
        self._queue_unqueued()

    @contextmanager
    def _reporting(self, what: str) -> Iterator[None]:
        """Go on with the next one if the disk refuses this: a bad sector under one file must not end every start."""
        try:
            yield
        except OSError as error:
            self._report.refused.append(f"{what}: {disk_words(error)}")

    def _identify(self) -> str:
        """Where this station's files go; a station that lost its identity gets a new one and no share."""
        try:
            identity = read_identity(self._station)
        except StateFileError:
            identity = None
            self._set_aside(self._station.identity_file)
        if identity is None:
            open_station(self._station.home, "", self._disk)
            return ""
        return identity.share

    def _recover_entry(self, path: Path) -> None:
        if path.suffix == LOCK_SUFFIX:
            self._clear_lock(path)
            return
        name = parse_draft_name(path.name)
        if name is None or not path.is_dir() or path.is_symlink():  # what a link leads to may be anybody's
            self._report.unknown.append(f"recording/{path.name}")
            return
        lock = try_lock(draft_lock(self._station, path.name))
        if lock is None:
            self._open_stems.add(name.stem)
            self._report.living.append(path.name)
            return
        try:
            if path.is_dir():  # its writer may have finished since we looked
                self._recover_draft(path, name.seat)
        except OSError:
            self._open_stems.add(name.stem)
            raise
        finally:
            retire_lock(lock)

    def _clear_lock(self, path: Path) -> None:
        """Remove the lock of a writer that died without a folder."""
        name = parse_draft_name(path.name.removesuffix(LOCK_SUFFIX))
        if name is None:
            self._report.unknown.append(f"recording/{path.name}")
        elif path.exists() and not path.with_suffix("").exists():
            lock = try_lock(path)
            if lock is None:
                self._open_stems.add(name.stem)
            else:
                retire_lock(lock)

    def _recover_draft(self, folder: Path, seat: Seat) -> None:
        outcome = recover_draft(self._disk, self._station, folder, seat, self._share_url)
        if outcome.published:
            (self._report.recovered if outcome.is_partial else self._report.published).append(outcome.published)
        self._report.set_aside += [f"{path.parent.name}/{path.name}" for path in outcome.torn]

    def _end_sessions(self) -> None:
        for path in sorted(self._station.sessions.iterdir()):
            with self._reporting(f"sessions/{path.name}"):
                if path.name.endswith(TEMPORARY_SUFFIX):
                    self._set_aside(path)
                elif path.suffix == OPENING_SUFFIX and _is_plain(path):
                    self._end_session(path)
                elif path.suffix != LOCK_SUFFIX:
                    self._report.unknown.append(f"sessions/{path.name}")

    def _end_session(self, path: Path) -> None:
        lock = try_lock(path.with_suffix(LOCK_SUFFIX))
        if lock is None:
            self._has_open_sessions = True
            self._report.living.append(f"sessions/{path.name}")
            return
        try:
            if path.exists() and not self._open_stems:  # else its recorder has just ended it, or an episode is to come
                self._write_sheet(path)
        finally:
            retire_lock(lock)

    def _write_sheet(self, path: Path) -> None:
        try:
            opening = decode_opening(self._disk.read(path))
            sheet = write_sheet(self._disk, self._station, homes_of(self._station.home), opening, self._share_url)
        except ValueError:  # no opening, or one with ids that no name can hold
            self._set_aside(path)
            return
        remove_opening(self._disk, path)
        if sheet is not None:
            self._report.sheets.append(sheet.name)

    def _set_aside(self, path: Path) -> None:
        target = set_aside(self._station, path, self._disk)
        self._report.set_aside.append(f"{target.parent.name}/{target.name}")

    def _set_aside_torn_state(self) -> None:
        """Half-written items, receipts and tombstones, unless somebody may be writing them now."""
        lock = try_lock(self._station.courier_lock)
        if lock is None:
            self._report.living.append("a courier is at work here")
            return
        try:
            receipts = Receipts(self._station.home, self._disk)
            for folder, suffix, read in (
                (self._station.outbox, ITEM_SUFFIX, lambda path: decode_item(self._disk.read(path))),
                (self._station.receipts, RECEIPT_SUFFIX, lambda path: receipts.read(name_of_receipt(path))),
                (self._station.tombstones, TOMBSTONE_SUFFIX, lambda path: decode_tombstone(self._disk.read(path))),
            ):
                for path in sorted(folder.iterdir()):
                    with self._reporting(f"{folder.name}/{path.name}"):
                        self._recover_state(path, suffix, read)
            for path in sorted((*self._station.trash.iterdir(), *self._station.revoked.iterdir())):
                if path.name.endswith(TEMPORARY_SUFFIX):
                    with self._reporting(f"{path.parent.name}/{path.name}"):
                        self._set_aside(path)
        finally:
            lock.release()

    def _recover_state(self, path: Path, suffix: str, read: Callable[[Path], object]) -> None:
        if not _is_plain(path):
            self._report.unknown.append(f"{path.parent.name}/{path.name}")
        elif path.name.endswith(TEMPORARY_SUFFIX):
            if not self._open_stems:
                self._set_aside(path)
        elif not path.name.endswith(suffix) or not is_paper_name(path.name.removesuffix(suffix)):
            self._report.unknown.append(f"{path.parent.name}/{path.name}")
        else:
            try:
                read(path)
            except StateFileError:
                self._set_aside(path)

    def _queue_unqueued(self) -> None:
        outbox, receipts = Outbox(self._station.home, self._disk), Receipts(self._station.home, self._disk)
        for path in sorted(self._station.episodes.rglob("*")):
            relative = PurePosixPath(path.relative_to(self._station.episodes).as_posix())
            with self._reporting(f"episodes/{relative}"):
                if path.name.endswith(TEMPORARY_SUFFIX) and self._is_of_the_dead(path):
                    self._set_aside(path)
                # The item first, the receipt after it: a courier writes the receipt before it removes the item.
                elif not (path.is_dir() or _has_papers(outbox, receipts, paper_name(str(relative)))):
                    self._queue_one(path, relative)

    def _is_of_the_dead(self, path: Path) -> bool:
        """Whether a temporary file beside finished ones was ours, and its writer is gone."""
        target = name_of_temporary(path)
        name = parse_name(target)
        if name is None:
            return parse_session_name(target) is not None and not (self._open_stems or self._has_open_sessions)
        return name.stem not in self._open_stems

    def _queue_one(self, path: Path, relative: PurePosixPath) -> None:
        try:
            check_relative(str(relative))
        except ValueError:
            self._report.unknown.append(f"episodes/{relative}")
            return
        if not _is_plain(path):
            self._report.unknown.append(f"episodes/{relative}")
            return
        name = parse_name(path.name)
        if name is not None and name.stem in self._open_stems:
            return
        data = self._disk.read(path)
        if hash_sha256(data).hexdigest()[:DIGEST_NAME_DIGITS] != digest_in(path.name):
            self._report.unknown.append(f"episodes/{relative}: its bytes are not those that its name promises")
            return
        flush_file(self._disk, path)  # whoever brought it here, a person perhaps, may not have
        self._disk.flush_folder(path.parent)
        file = whole_file(path, path.name, data)
        queue(self._disk, self._station, relative.parent, (file,), self._share_url)
        self._report.queued.append(path.name)


def _has_papers(outbox: Outbox, receipts: Receipts, name: str) -> bool:
    return outbox.path(name).exists() or receipts.path(name).exists()


def _is_plain(path: Path) -> bool:
    """Whether this is a file of its own: no folder, no link to somewhere else, no pipe that nobody ever writes to."""
    return path.is_file() and not path.is_symlink()
