"""Receipts: durable proof that a share holds a file, by name, hash, share and level of acknowledgement. No network.

Each file has a name of its own under `receipts/`. Receipts that were written together share one file under all of their
names (hard links): one flush for all of them, and every name is still found, raised and removed by itself.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import count
from pathlib import Path
from typing import Final

from data.files import LINK_UNSUPPORTED, Disk, create_durably, replace_durably, temporary_file
from data.layout import paper_name
from data.state_file import Fields, StateFileError, encode_state, utc_text
from data.station import Station

RECEIPT_FORMAT: Final = 1
SHEAF_FORMAT: Final = 2
"""Of a file that holds several receipts."""
MOST_SHEAVES: Final = 32
"""Read ones that are kept in memory; then all are forgotten."""
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
        self._sheaves: dict[tuple[int, ...], Mapping[str, Receipt]] = {}
        """Those that were read, by what identifies a file that nobody writes to any more."""

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
        """Keep a batch of receipts, durably, in one file that gets all of their names.

        For each of them None, or why it cannot stand.
        """
        if not receipts:
            return []
        with temporary_file(self._disk, self.path(receipts[0].name), encode_sheaf(receipts)) as sheaf:
            refusals = [self._name(sheaf, receipt) for receipt in receipts]
        self._disk.flush_folder(self._folder)
        return refusals

    def _name(self, sheaf: Path, receipt: Receipt) -> StateFileError | None:
        try:
            self._disk.link(sheaf, self.path(receipt.name))
        except FileExistsError:
            return self._refused(receipt)
        except OSError as error:
            if error.errno not in LINK_UNSUPPORTED:
                raise
            return self._refused(receipt)  # this file system knows no second names: a file for each
        return None

    def _refused(self, receipt: Receipt) -> StateFileError | None:
        """What `write` says of a receipt."""
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
            return self.read(name)
        except (OSError, StateFileError):
            return None  # a receipt that cannot be read proves nothing; a recovery reports it

    def read(self, name: str) -> Receipt:
        """The receipt for a file name; a sheaf is read once for all of its names.

        Raises:
            OSError: it cannot be read.
            StateFileError: it is none, or one of other files.
        """
        path = self.path(name)
        seen = path.stat()
        key = (seen.st_dev, seen.st_ino, seen.st_mtime_ns, seen.st_size)
        sheaf = self._sheaves.get(key)
        if sheaf is None:
            receipts = decode_receipts(self._disk.read(path))
            if len(receipts) == 1:
                return receipts[0]
            sheaf = self._keep(key, receipts)
        if name not in sheaf:
            raise StateFileError(f"receipt {name}: expected it in a sheaf, found {len(sheaf)} others")
        return sheaf[name]

    def _keep(self, key: tuple[int, ...], receipts: Sequence[Receipt]) -> Mapping[str, Receipt]:
        if len(self._sheaves) >= MOST_SHEAVES:
            self._sheaves.clear()
        self._sheaves[key] = {receipt.name: receipt for receipt in receipts}
        return self._sheaves[key]

    def all(self) -> Iterator[Receipt]:
        """Every receipt that can be read, by name."""
        for path in self.paths():
            receipt = self.find(name_of_receipt(path))
            if receipt is not None:
                yield receipt

    def paths(self) -> list[Path]:
        """Where receipts lie, by name; whether they can be read is not asked."""
        return sorted(self._folder.glob(f"[!.]*{RECEIPT_SUFFIX}"))

    def path(self, name: str) -> Path:
        """Where the receipt for a file name lies."""
        return self._folder / f"{name}{RECEIPT_SUFFIX}"


def name_of_receipt(path: Path) -> str:
    """The name of the file that a receipt at this path is for."""
    return path.name.removesuffix(RECEIPT_SUFFIX)


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
    return _receipt(Fields(data, RECEIPT_FORMAT))


def encode_sheaf(receipts: Sequence[Receipt]) -> bytes:
    """The bytes of a file that holds several receipts, one a line."""
    lines = ",\n".join(json.dumps(receipt_fields(receipt), ensure_ascii=False) for receipt in receipts)
    return f'{{"format": {SHEAF_FORMAT}, "receipts": [\n{lines}\n]}}\n'.encode()


def decode_receipts(data: bytes) -> tuple[Receipt, ...]:
    """All receipts that these bytes hold: one, or those of a sheaf.

    Raises:
        StateFileError: they hold something else.
    """
    fields = Fields(data, RECEIPT_FORMAT, SHEAF_FORMAT)
    if fields.integer("format") == RECEIPT_FORMAT:
        return (_receipt(fields),)
    return tuple(_receipt(each) for each in fields.objects("receipts"))


def _receipt(fields: Fields) -> Receipt:
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
