"""Start-up recovery: whatever a crash left in a home is brought to a legal state. Nothing is deleted, nothing guessed.

Touches only what no living writer holds, and running it twice does what running it once does:

- a draft with END is published and queued, as its writer would have done;
- a draft without END becomes a partial episode of its good prefix, marked `recovered`; the torn original is kept;
- a finished file that is neither queued nor received is queued;
- a half-written item or receipt is set aside, and what it stood for is queued again;
- what is not ours is left alone and reported.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256 as hash_sha256
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from data.claims import Claim, decode_claim, encode_claim, make_claim, read_claims
from data.draft import PART_NAMES, PART_SUFFIX, draft_lock, remove_draft
from data.episode_format import EpisodeEncoder, Prefix, read_prefix
from data.files import TEMPORARY_SUFFIX, Disk, flush_file, retire_lock, try_lock, write_flushed
from data.framing import FormatError
from data.layout import (
    DIGEST_NAME_DIGITS,
    Kind,
    canonical_name,
    check_relative,
    episode_folder,
    parse_draft_name,
    parse_name,
    seat_name,
)
from data.local_format import Local, LocalEncoder, read_local_prefix
from data.outbox import ITEM_SUFFIX, Outbox, decode_item
from data.publishing import WholeFile, publish, queue, whole_file
from data.receipts import RECEIPT_SUFFIX, Receipts, decode_receipt
from data.state_file import StateFileError
from data.station import LOCK_SUFFIX, Station, make_station_folders, open_station, read_identity
from games.contract import Seat
from netcode.vocabulary import Agreement, End, Ending, Reason

RECOVERED_PREFIX: Final = "recovered-"
"""Begins the names of files that a recovery makes inside a draft's folder."""
RECOVERED_MARK: Final = {"recovered": 1}
"""The counts of a local file that a recovery ended."""


@dataclass(slots=True)
class RecoveryReport:
    """What a recovery found, and did, in words; all empty means that everything was in order."""

    home: Path
    published: list[str] = field(default_factory=list)
    """Whole episodes that were sealed but not published."""
    recovered: list[str] = field(default_factory=list)
    """Partial episodes made from torn ones."""
    queued: list[str] = field(default_factory=list)
    """Finished files that were not queued."""
    set_aside: list[str] = field(default_factory=list)
    """Torn originals and half-written state, now in `torn/`."""
    living: list[str] = field(default_factory=list)
    """What another process holds; nothing of it was touched."""
    unknown: list[str] = field(default_factory=list)
    """What is not ours or not as it should be; left alone."""

    @property
    def did_nothing(self) -> bool:
        """Whether everything was in order already."""
        return not (self.published or self.recovered or self.queued or self.set_aside)


def recover(home: Path, *, disk: Disk | None = None) -> RecoveryReport:
    """Bring a home to a legal state. A home that does not exist has nothing to recover, and stays so.

    Raises:
        OSError: the station's disk refuses; run again when it does not.
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


class _Found(NamedTuple):
    """A file of a draft: its whole bytes, and whether they are the original ones."""

    data: bytes
    is_original: bool


class _Recovery:
    """One recovery of one home, under its lock."""

    def __init__(self, station: Station, disk: Disk, report: RecoveryReport) -> None:
        self._station = station
        self._disk = disk
        self._report = report
        self._share_url = ""
        self._living_stems: set[str] = set()

    def run(self) -> None:
        make_station_folders(self._station, self._disk)
        self._share_url = self._identify()
        for folder in sorted(self._station.recording.iterdir()):
            self._recover_entry(folder)
        self._set_aside_torn_state()
        self._queue_unqueued()

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
        if name is None or not path.is_dir():
            self._report.unknown.append(f"recording/{path.name}")
            return
        lock = try_lock(draft_lock(self._station, path.name))
        if lock is None:
            self._living_stems.add(name.stem)
            self._report.living.append(path.name)
            return
        try:
            if path.is_dir():  # its writer may have finished since we looked
                _DraftRecovery(self, path, name.seat).run()
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
                self._living_stems.add(name.stem)
            else:
                retire_lock(lock)

    def _set_aside(self, path: Path) -> None:
        target = self._station.torn / path.name.lstrip(".")
        number = 1
        while target.exists():
            number += 1
            target = self._station.torn / f"{path.name.lstrip('.')}.{number}"
        if path.is_dir():
            self._disk.move_folder(path, target)
        else:
            self._disk.replace(path, target)
        self._disk.flush_folder(self._station.torn)
        self._disk.flush_folder(path.parent)
        self._report.set_aside.append(f"torn/{target.name}")

    def _set_aside_torn_state(self) -> None:
        """Half-written items and receipts, unless somebody may be writing them now."""
        lock = try_lock(self._station.courier_lock)
        if lock is None:
            self._report.living.append("a courier is at work here")
            return
        try:
            for path in tuple(self._torn_state()):
                self._set_aside(path)
        finally:
            lock.release()

    def _torn_state(self) -> Iterator[Path]:
        for folder, suffix, decode in (
            (self._station.outbox, ITEM_SUFFIX, decode_item),
            (self._station.receipts, RECEIPT_SUFFIX, decode_receipt),
        ):
            for path in sorted(folder.iterdir()):
                if path.name.endswith(TEMPORARY_SUFFIX):
                    if not self._living_stems:
                        yield path
                elif parse_name(path.name.removesuffix(suffix)) is None or not path.name.endswith(suffix):
                    self._report.unknown.append(f"{folder.name}/{path.name}")
                else:
                    try:
                        decode(path.read_bytes())
                    except StateFileError:
                        yield path

    def _queue_unqueued(self) -> None:
        outbox, receipts = Outbox(self._station.home, self._disk), Receipts(self._station.home, self._disk)
        for path in sorted(self._station.episodes.rglob("*")):
            # The item first, the receipt after it: a courier writes the receipt before it removes the item.
            if path.is_dir() or outbox.path(path.name).exists() or receipts.find(path.name) is not None:
                continue
            self._queue_one(path, PurePosixPath(path.relative_to(self._station.episodes).as_posix()))

    def _queue_one(self, path: Path, relative: PurePosixPath) -> None:
        name = parse_name(path.name)
        try:
            check_relative(str(relative))
        except ValueError:
            name = None
        if name is None:
            self._report.unknown.append(f"episodes/{relative}")
            return
        if name.stem in self._living_stems:
            return
        data = self._disk.read(path)
        if hash_sha256(data).hexdigest()[:DIGEST_NAME_DIGITS] != name.digest:
            self._report.unknown.append(f"episodes/{relative}: its bytes are not those that its name promises")
            return
        file = whole_file(path, path.name, data)
        queue(self._disk, self._station, relative.parent, (file,), self._share_url)
        self._report.queued.append(path.name)


class _DraftRecovery:
    """The recovery of one dead writer's draft, under its lock."""

    def __init__(self, recovery: _Recovery, folder: Path, seat: Seat) -> None:
        self._recovery = recovery
        self._station = recovery._station
        self._disk = recovery._disk
        self._report = recovery._report
        self._folder = folder
        self._seat = seat

    def run(self) -> None:
        self._clear_earlier_attempt()
        data = self._read(Kind.CANONICAL)
        try:
            prefix = read_prefix(data or b"")
        except FormatError:
            prefix = None
        if prefix is None or self._is_superseded(prefix):
            self._put_away(is_torn=prefix is None or not prefix.is_whole)
            return
        self._publish(prefix, data or b"")

    def _clear_earlier_attempt(self) -> None:
        """Remove what a recovery that crashed itself made here: it is made again, byte for byte."""
        for path in self._folder.glob(f"{RECOVERED_PREFIX}*"):
            self._disk.unlink(path)

    def _read(self, kind: Kind) -> bytes | None:
        try:
            return self._disk.read(self._folder / PART_NAMES[kind])
        except FileNotFoundError:
            return None

    def _is_superseded(self, prefix: Prefix) -> bool:
        """Whether the same writer has sealed this episode in another draft, after a disk error."""
        claim = read_claims(self._station.episodes / episode_folder(prefix.terms)).get(self._seat)
        return claim is not None and claim.reason is not Reason.RECOVERED and claim.rows >= len(prefix.rows)

    def _publish(self, prefix: Prefix, data: bytes) -> None:
        canonical = _Found(data, True) if prefix.is_whole else _Found(_recovered_canonical(prefix), False)
        found_local = self._local()
        local = None if found_local is None else found_local[0]
        claim = self._claim(prefix, canonical, found_local)
        files = [self._whole(Kind.CANONICAL, canonical, canonical_name(prefix.terms, _sha(canonical)))]
        for kind, found in ((Kind.LOCAL, local), (Kind.CLAIM, claim)):
            if found is not None:
                files.append(self._whole(kind, found, seat_name(prefix.terms, self._seat, kind, _sha(found))))
        self._disk.flush_folder(self._folder)
        publish(self._disk, self._station, episode_folder(prefix.terms), tuple(files), self._recovery._share_url)
        words = f"{files[0].name} ({len(prefix.rows)} frames)"
        (self._report.published if prefix.is_whole else self._report.recovered).append(words)
        self._put_away(is_torn=not (canonical.is_original and local is not None and local.is_original))

    def _local(self) -> tuple[_Found, Local] | None:
        data = self._read(Kind.LOCAL)
        try:
            local = read_local_prefix(data or b"")
        except FormatError:
            return None
        return (_Found(data or b"", True) if local.fault is None else _Found(_recovered_local(local), False)), local

    def _claim(self, prefix: Prefix, canonical: _Found, local: tuple[_Found, Local] | None) -> _Found:
        """The claim that the writer left, if it speaks of these very files; else what the files can say."""
        local_sha256 = "" if local is None else _sha(local[0])
        written = self._written_claim()
        if written is not None and (written.sha256, written.local_sha256) == (_sha(canonical), local_sha256):
            return _Found(self._read(Kind.CLAIM) or b"", True)
        ending = _ending(prefix, None if local is None else local[1])
        claim = make_claim(
            prefix.terms,
            self._seat,
            ending,
            (canonical_name(prefix.terms, _sha(canonical)), _sha(canonical)),
            (seat_name(prefix.terms, self._seat, Kind.LOCAL, local_sha256), local_sha256) if local else ("", ""),
            dict(local[1].stats) if local else {},
        )
        return _Found(encode_claim(claim), False)

    def _written_claim(self) -> Claim | None:
        try:
            return decode_claim(self._read(Kind.CLAIM) or b"")
        except StateFileError:
            return None

    def _whole(self, kind: Kind, found: _Found, name: str) -> WholeFile:
        """A flushed file with these bytes: the writer may have died before it flushed the original one."""
        if found.is_original:
            source = self._folder / PART_NAMES[kind]
            flush_file(self._disk, source)
        else:
            source = self._folder / f"{RECOVERED_PREFIX}{kind}{PART_SUFFIX}"
            write_flushed(self._disk, source, found.data)
        return whole_file(source, name, found.data)

    def _put_away(self, is_torn: bool) -> None:
        """Keep the folder of a torn draft; remove that of a whole one, which lives on under its final names."""
        self._clear_earlier_attempt()
        strangers = {path.name for path in self._folder.iterdir()} - set(PART_NAMES.values())
        if is_torn or strangers:
            self._recovery._set_aside(self._folder)
        else:
            remove_draft(self._disk, self._folder)
            self._disk.flush_folder(self._station.recording)


def _sha(found: _Found) -> str:
    return hash_sha256(found.data).hexdigest()


def _recovered_canonical(prefix: Prefix) -> bytes:
    """A legal partial episode of the good rows: a byte prefix of what the writer would have written, and an END."""
    encoder = EpisodeEncoder(prefix.header)
    chunks = [encoder.start(), *(encoder.add(row) for row in prefix.rows)]
    return b"".join((*chunks, encoder.end(End(Reason.RECOVERED, len(prefix.rows)))))


def _recovered_local(local: Local) -> bytes:
    encoder = LocalEncoder(local.header)
    start = encoder.start()
    for entry in local.entries:
        encoder.add(entry.kind, *entry.values)
    return start + encoder.end(RECOVERED_MARK)


def _ending(prefix: Prefix, local: Local | None) -> Ending:
    """How the episode ended, as far as the files say: agreement stands in the local one only."""
    if not prefix.is_whole or prefix.end is None:
        return Ending(End(Reason.RECOVERED, len(prefix.rows)), Agreement.RECOVERED)
    told = local.of("ending") if local is not None else []
    if not told:
        return Ending(prefix.end, Agreement.RECOVERED)
    last = told[-1]
    return Ending(
        prefix.end,
        Agreement(str(last["agreement"])),
        int(last["held_rows"]),
        int(last["partner_rows"]),
        int(last["dropped_frames"]),
    )
