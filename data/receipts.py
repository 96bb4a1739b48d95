"""Receipts: durable proof that a share holds a file, by name, hash, share and level of acknowledgement. No network."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum
from itertools import count
from pathlib import Path
from typing import Final

from data.files import Disk, create_durably, replace_durably
from data.layout import paper_name
from data.state_file import Fields, StateFileError, encode_state, utc_text
from data.station import Station

RECEIPT_FORMAT: Final = 1
FLUSHES_AT_ONCE: Final = 16
"""Threads that wait for the disk while many receipts are written."""
RECEIPT_SUFFIX: Final = ".json"


class Level(IntEnum):
    """How much an acknowledgement is worth. A higher one includes the lower ones."""

    STORED = 1
    """Stored, flushed under its final name, and read back with the right hash."""
    SETTLED = 2
    """Verified again later, in another run."""
    COLLECTED = 3
    """A collector at the share's own machine stored it, checked it and said so."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The share `share` holds `file` with these bytes. `file` is its path in the share and under `episodes/`.

    `received_at` and `verified_at` (0: not since) are the station's wall clock, in unix seconds. `run` names the run of
    the courier that got this level: only another run may raise it. It is empty in receipts that know of none.
    """

    file: str
    sha256: str
    size: int
    share: str
    share_id: str
    level: Level
    received_at: float
    run: str = ""
    verified_at: float = 0.0

    @property
    def name(self) -> str:
        """What its item and its receipt are called: the file's own name, unless that is not unique."""
        return paper_name(self.file)


class Receipts:
    """The receipts of one station."""

    def __init__(self, home: Path, disk: Disk | None = None) -> None:
        self._folder = Station(home).receipts
        self._revoked = Station(home).revoked
        self._disk = disk or Disk()

    def write(self, receipt: Receipt) -> None:
        """Keep a receipt, durably; one that stands for the same bytes already only ever gains in level.

        Raises:
            StateFileError: a receipt stands for other bytes under this name.
        """
        try:
            create_durably(self._disk, self.path(receipt.name), encode_receipt(receipt))
        except FileExistsError:
            standing = self.find(receipt.name)
            if standing is None or standing.sha256 != receipt.sha256:
                came = "an unreadable one" if standing is None else standing.sha256
                raise StateFileError(f"receipt {receipt.name}: expected {receipt.sha256}, found {came}") from None
            if receipt.level > standing.level:
                replace_durably(self._disk, self.path(receipt.name), encode_receipt(receipt))
            else:
                self._disk.flush_folder(self._folder)

    def write_many(self, receipts: Sequence[Receipt]) -> list[StateFileError | None]:
        """Keep many receipts, durably: their flushes wait beside each other, the folder is flushed once for all.

        For each of them None, or why it cannot stand.
        """

        def keep(receipt: Receipt) -> StateFileError | None:
            try:
                create_durably(self._disk, self.path(receipt.name), encode_receipt(receipt), flush_folder=False)
            except FileExistsError:
                return self._refused(receipt)
            return None

        with ThreadPoolExecutor(FLUSHES_AT_ONCE, thread_name_prefix="receipt") as threads:
            refusals = list(threads.map(keep, receipts))
        self._disk.flush_folder(self._folder)
        return refusals

    def _refused(self, receipt: Receipt) -> StateFileError | None:
        """What `write` says of a receipt whose name is taken."""
        try:
            self.write(receipt)
        except StateFileError as error:
            return error
        return None

    def revoke(self, receipt: Receipt, found: str, now: float) -> None:
        """Keep for ever what a receipt said and what was found instead; call `withdraw` once its file is queued."""
        record = {"found": found, "revoked_at": utc_text(now), "receipt": receipt_fields(receipt)}
        data = encode_state({"format": RECEIPT_FORMAT, **record})
        for number in count(1):
            try:
                create_durably(self._disk, self._revoked / f"{receipt.name}.{number}{RECEIPT_SUFFIX}", data)
            except FileExistsError:
                continue
            return

    def withdraw(self, receipt: Receipt) -> None:
        """Remove a receipt that was revoked and whose file is queued again."""
        self._disk.unlink(self.path(receipt.name))
        self._disk.flush_folder(self._folder)

    def revoked(self) -> tuple[str, ...]:
        """The names of all records of receipts that did not hold."""
        return tuple(sorted(path.name for path in self._revoked.glob(f"[!.]*{RECEIPT_SUFFIX}")))

    def find(self, name: str) -> Receipt | None:
        """The receipt for a file name; None if there is none that can be read."""
        try:
            return decode_receipt(self.path(name).read_bytes())
        except (OSError, StateFileError):
            return None  # a receipt that cannot be read proves nothing; a recovery reports it

    def all(self) -> Iterator[Receipt]:
        """Every receipt that can be read, by name."""
        for path in self.paths():
            receipt = self.find(path.name.removesuffix(RECEIPT_SUFFIX))
            if receipt is not None:
                yield receipt

    def paths(self) -> list[Path]:
        """Where receipts lie, by name; whether they can be read is not asked."""
        return sorted(self._folder.glob(f"[!.]*{RECEIPT_SUFFIX}"))

    def path(self, name: str) -> Path:
        """Where the receipt for a file name lies."""
        return self._folder / f"{name}{RECEIPT_SUFFIX}"


def receipt_fields(receipt: Receipt) -> dict[str, object]:
    """A receipt as plain values, for people too."""
    return {
        "file": receipt.file,
        "sha256": receipt.sha256,
        "size": receipt.size,
        "share": receipt.share,
        "share_id": receipt.share_id,
        "level": receipt.level.value,
        "level_means": receipt.level.name.lower(),
        "received_at": utc_text(receipt.received_at),
        "run": receipt.run,
        "verified_at": utc_text(receipt.verified_at) if receipt.verified_at else "",
    }


def encode_receipt(receipt: Receipt) -> bytes:
    """The bytes of a receipt."""
    return encode_state({"format": RECEIPT_FORMAT, **receipt_fields(receipt)})


def check_level(level: int) -> Level:
    """A level by its number.

    Raises:
        StateFileError: there is none of this number.
    """
    if level not in tuple(Level):
        raise StateFileError(f"level: expected 1, 2 or 3, got {level}")
    return Level(level)


def decode_receipt(data: bytes) -> Receipt:
    """The receipt that these bytes hold.

    Raises:
        StateFileError: they hold something else.
    """
    fields = Fields(data, RECEIPT_FORMAT)
    return Receipt(
        fields.text("file"),
        fields.text("sha256"),
        fields.integer("size"),
        fields.text("share"),
        fields.text("share_id"),
        check_level(fields.integer("level")),
        fields.moment("received_at"),
        fields.text("run") if fields.has("run") else "",
        fields.moment("verified_at") if fields.has("verified_at") and fields.text("verified_at") else 0.0,
    )
