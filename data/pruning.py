"""Pruning: a station makes room, and only where somebody else has proof. Never by itself, and never at once.

Only canonical and local files go; claims, sheets and receipts are small and stay. A file may go if a receipt of level 3
stands for it, or one of level 2 that is old enough, and the very share of that receipt gives the right bytes *now*.
The order is: receipt durable, verified again, tombstone durable, file in the trash and gone from its place. The trash
is emptied later, after the same check once more; until then `undo` brings a file back.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256 as hash_sha256
from pathlib import Path
from typing import Final, NamedTuple

from data.files import Disk, create_durably, flush_file, make_folders, place_new, replace_durably
from data.layout import Kind, check_relative, paper_name, parse_name
from data.outbox import Outbox
from data.receipts import Level, Receipt, Receipts, check_level
from data.settlement import hash_at
from data.shares.share import Share, ShareBlockedError, open_share
from data.state_file import Fields, StateFileError, encode_state, utc_text
from data.station import Station

TOMBSTONE_FORMAT: Final = 1
TOMBSTONE_SUFFIX: Final = ".json"
PRUNED_KINDS: Final = (Kind.CANONICAL, Kind.LOCAL)
DAY_SECONDS: Final = 86_400.0
SETTLED_DAYS: Final = 30.0
"""How old a receipt of level 2 must be, unless somebody names another age: time to notice a share that forgets."""
TRASH_DAYS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What stands for a file that was removed here: which bytes, and who has them. `pruned_at` is in unix seconds."""

    file: str
    sha256: str
    size: int
    share: str
    share_id: str
    level: Level
    pruned_at: float

    @property
    def name(self) -> str:
        """The file's own name."""
        return paper_name(self.file)


class Candidate(NamedTuple):
    """A file that may go, or `fault`: why it may not. `proof` is for people."""

    receipt: Receipt
    proof: str
    fault: str


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What went, or would go, and what stays although its receipt would allow it, each with its reason."""

    gone: tuple[Candidate, ...]
    kept: tuple[Candidate, ...]

    @property
    def size(self) -> int:
        """Bytes that went, or would go."""
        return sum(candidate.receipt.size for candidate in self.gone)


class Pruning:
    """The room that one home can make. Whoever changes something holds the courier's lock."""

    def __init__(self, home: Path, disk: Disk | None = None, open_share: Callable[[str], Share] = open_share) -> None:
        self._station = Station(home)
        self._disk = disk or Disk()
        self._open_share = open_share
        self._receipts = Receipts(home, self._disk)
        self._shares: dict[str, Share] = {}

    def prune(self, now: float, older_than_days: float | None = None, *, is_dry: bool) -> PruneReport:
        """Move to the trash what may go; `is_dry` only finds out what would.

        `older_than_days` is the age of a receipt of any level; None asks for no age of level 3, and 30 days of level 2.

        Raises:
            OSError: this machine's disk is in the way; what was done so far is whole.
        """
        gone: list[Candidate] = []
        kept: list[Candidate] = []
        for receipt in self._old_enough(now, older_than_days):
            candidate = self._candidate(receipt)
            (kept if candidate.fault else gone).append(candidate)
            if not candidate.fault and not is_dry:
                self._remove(receipt, now)
        return PruneReport(tuple(gone), tuple(kept))

    def undo(self, tombstone: Tombstone) -> None:
        """Bring a file back from the trash.

        Raises:
            ValueError: the trash does not hold its bytes any more.
            OSError: this machine's disk is in the way; run it again.
        """
        trashed, target = self.trashed(tombstone), self._station.episodes / check_relative(tombstone.file)
        if _hash(target) != tombstone.sha256:  # else an undo that a crash has cut short
            if _hash(trashed) != tombstone.sha256:
                raise ValueError(f"{tombstone.name} is not in the trash any more; {tombstone.share} has it")
            make_folders(self._disk, self._station.episodes, check_relative(tombstone.file).parent)
            self._place(trashed, target, tombstone.sha256)
        self._disk.unlink(trashed)
        self._disk.flush_folder(self._station.trash)
        self._disk.unlink(self._tombstone_path(tombstone.name))
        self._disk.flush_folder(self._station.tombstones)

    def empty_trash(self, now: float, older_than_days: float = TRASH_DAYS, *, is_dry: bool) -> PruneReport:
        """Remove for good what lies in the trash for so long, if its share gives the right bytes now.

        Raises:
            OSError: as for `prune`.
        """
        gone: list[Candidate] = []
        kept: list[Candidate] = []
        for tombstone in self.tombstones():
            receipt = self._receipts.find(tombstone.name)
            is_old = now - tombstone.pruned_at >= older_than_days * DAY_SECONDS
            if receipt is None or not is_old or not self.trashed(tombstone).exists():
                continue
            candidate = Candidate(receipt, *self._ask(receipt))
            (kept if candidate.fault else gone).append(candidate)
            if not candidate.fault and not is_dry:
                self._disk.unlink(self.trashed(tombstone))
                self._disk.flush_folder(self._station.trash)
        return PruneReport(tuple(gone), tuple(kept))

    def tombstones(self) -> Iterator[Tombstone]:
        """Every tombstone that can be read, by name; a recovery reports others."""
        for path in sorted(self._station.tombstones.glob(f"[!.]*{TOMBSTONE_SUFFIX}")):
            try:
                yield decode_tombstone(path.read_bytes())
            except (OSError, StateFileError):
                continue

    def trashed(self, tombstone: Tombstone) -> Path:
        """Where a pruned file lies until the trash is emptied."""
        return self._station.trash / tombstone.name

    def _old_enough(self, now: float, older_than_days: float | None) -> Iterator[Receipt]:
        """Receipts whose file is here, of a kind that may go, of a level and an age that allow it."""
        outbox = Outbox(self._station.home, self._disk)
        for receipt in self._receipts.all():
            name = parse_name(receipt.name)
            least = older_than_days
            if least is None:
                least = SETTLED_DAYS if receipt.level is Level.SETTLED else 0.0
            age = now - (receipt.verified_at or receipt.received_at)  # negative for a clock that was set back
            is_old = receipt.level >= Level.SETTLED and age >= least * DAY_SECONDS
            is_big = name is not None and name.kind in PRUNED_KINDS
            is_here = is_big and is_old and (self._station.episodes / receipt.file).exists()
            if is_here and not outbox.path(receipt.name).exists():
                yield receipt

    def _candidate(self, receipt: Receipt) -> Candidate:
        own = _hash(self._station.episodes / receipt.file)
        if own != receipt.sha256:
            return Candidate(
                receipt, "", f"this station's own file has changed: expected {receipt.sha256}, found {own}"
            )
        return Candidate(receipt, *self._ask(receipt))

    def _ask(self, receipt: Receipt) -> tuple[str, str]:
        """The proof, or why there is none."""
        try:
            if receipt.share not in self._shares:
                self._shares[receipt.share] = self._open_share(receipt.share)
            found = hash_at(receipt, self._shares[receipt.share])
        except (ShareBlockedError, ValueError) as error:
            return "", f"its share cannot be asked now: {error}"
        if found != receipt.sha256:
            return "", f"its share does not hold it any more: {receipt.share} has {found or 'nothing'} (`outbox check`)"
        when = utc_text(receipt.verified_at or receipt.received_at)
        return f"level {receipt.level.value} since {when}, and {receipt.share} gave the right bytes just now", ""

    def _remove(self, receipt: Receipt, now: float) -> None:
        """The steps after the check, each durable before the next."""
        flush_file(self._disk, self._receipts.path(receipt.name))
        self._disk.flush_folder(self._station.receipts)
        self._bury(receipt, now)
        self._move_to_trash(receipt)

    def _bury(self, receipt: Receipt, now: float) -> None:
        share, share_id, level = receipt.share, receipt.share_id, receipt.level
        tombstone = Tombstone(receipt.file, receipt.sha256, receipt.size, share, share_id, level, now)
        path = self._tombstone_path(receipt.name)
        try:
            create_durably(self._disk, path, encode_tombstone(tombstone))
        except FileExistsError:  # of an attempt that a crash has cut short
            replace_durably(self._disk, path, encode_tombstone(tombstone))

    def _move_to_trash(self, receipt: Receipt) -> None:
        source, trashed = self._station.episodes / receipt.file, self._station.trash / receipt.name
        self._place(source, trashed, receipt.sha256)
        self._disk.unlink(source)
        self._disk.flush_folder(source.parent)

    def _place(self, source: Path, target: Path, sha256: str) -> None:
        """Give a file a second place, durably; one that has these bytes already is flushed."""
        try:
            place_new(self._disk, source, target)
        except FileExistsError:
            if _hash(target) != sha256:
                raise
        flush_file(self._disk, target)
        self._disk.flush_folder(target.parent)

    def _tombstone_path(self, name: str) -> Path:
        return self._station.tombstones / f"{name}{TOMBSTONE_SUFFIX}"


def pruned_files(home: Path) -> frozenset[str]:
    """The files that this home has pruned, by their path under `episodes/`."""
    station = Station(home)
    return frozenset(
        tombstone.file for tombstone in Pruning(home).tombstones() if not (station.episodes / tombstone.file).exists()
    )


def named(tombstones: Iterable[Tombstone], name: str) -> list[Tombstone]:
    """Those whose name holds a part."""
    return [tombstone for tombstone in tombstones if name in tombstone.name]


def _hash(path: Path) -> str:
    try:
        return hash_sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return error.strerror or str(error)


def encode_tombstone(tombstone: Tombstone) -> bytes:
    """The bytes of a tombstone."""
    return encode_state(
        {
            "format": TOMBSTONE_FORMAT,
            "file": tombstone.file,
            "sha256": tombstone.sha256,
            "size": tombstone.size,
            "share": tombstone.share,
            "share_id": tombstone.share_id,
            "level": tombstone.level.value,
            "pruned_at": utc_text(tombstone.pruned_at),
        }
    )


def decode_tombstone(data: bytes) -> Tombstone:
    """The tombstone that these bytes hold.

    Raises:
        StateFileError: they hold something else.
    """
    fields = Fields(data, TOMBSTONE_FORMAT)
    file = fields.text("file")
    try:
        check_relative(file)
    except ValueError as error:
        raise StateFileError(str(error)) from error
    return Tombstone(
        file,
        fields.text("sha256"),
        fields.integer("size"),
        fields.text("share"),
        fields.text("share_id"),
        check_level(fields.integer("level")),
        fields.moment("pruned_at"),
    )
