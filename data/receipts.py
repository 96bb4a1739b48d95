"""Receipts: durable proof that a share holds a file, by name, hash, share and level of acknowledgement. No network."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

from data.files import Disk, create_durably
from data.layout import paper_name
from data.state_file import Fields, StateFileError, encode_state, utc_text
from data.station import Station

RECEIPT_FORMAT: Final = 1
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

    `received_at` is the station's wall clock, in unix seconds: for people, never for a decision.
    """

    file: str
    sha256: str
    size: int
    share: str
    share_id: str
    level: Level
    received_at: float

    @property
    def name(self) -> str:
        """What its item and its receipt are called: the file's own name, unless that is not unique."""
        return paper_name(self.file)


class Receipts:
    """The receipts of one station."""

    def __init__(self, home: Path, disk: Disk | None = None) -> None:
        self._folder = Station(home).receipts
        self._disk = disk or Disk()

    def write(self, receipt: Receipt) -> None:
        """Keep a receipt, durably; one that stands for the same bytes already is kept as it is.

        Raises:
            StateFileError: a receipt stands for other bytes under this name.
        """
        try:
            create_durably(self._disk, self.path(receipt.name), _encode(receipt))
        except FileExistsError:
            standing = self.find(receipt.name)
            if standing is None or standing.sha256 != receipt.sha256:
                came = "an unreadable one" if standing is None else standing.sha256
                raise StateFileError(f"receipt {receipt.name}: expected {receipt.sha256}, found {came}") from None
            self._disk.flush_folder(self._folder)

    def find(self, name: str) -> Receipt | None:
        """The receipt for a file name; None if there is none that can be read."""
        try:
            return decode_receipt(self.path(name).read_bytes())
        except (OSError, StateFileError):
            return None  # a receipt that cannot be read proves nothing; a recovery reports it

    def all(self) -> Iterator[Receipt]:
        """Every receipt that can be read, by name."""
        for path in sorted(self._folder.glob(f"*{RECEIPT_SUFFIX}")):
            receipt = self.find(path.name.removesuffix(RECEIPT_SUFFIX))
            if receipt is not None:
                yield receipt

    def path(self, name: str) -> Path:
        """Where the receipt for a file name lies."""
        return self._folder / f"{name}{RECEIPT_SUFFIX}"


def _encode(receipt: Receipt) -> bytes:
    return encode_state(
        {
            "format": RECEIPT_FORMAT,
            "file": receipt.file,
            "sha256": receipt.sha256,
            "size": receipt.size,
            "share": receipt.share,
            "share_id": receipt.share_id,
            "level": receipt.level.value,
            "level_means": receipt.level.name.lower(),
            "received_at": utc_text(receipt.received_at),
        }
    )


def decode_receipt(data: bytes) -> Receipt:
    """The receipt that these bytes hold.

    Raises:
        StateFileError: they hold something else.
    """
    fields = Fields(data, RECEIPT_FORMAT)
    level = fields.integer("level")
    if level not in tuple(Level):
        raise StateFileError(f"level: expected 1, 2 or 3, got {level}")
    return Receipt(
        fields.text("file"),
        fields.text("sha256"),
        fields.integer("size"),
        fields.text("share"),
        fields.text("share_id"),
        Level(level),
        fields.moment("received_at"),
    )
