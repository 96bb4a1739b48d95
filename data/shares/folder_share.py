"""A folder as a share, mounted or local: stores durably, proves what it holds, and overwrites nothing.

What an answer is worth rests on the order here. Bytes are flushed under a temporary name, the name is placed without
replacing another, the *final* name is opened again and flushed, then the folders, and only then are the bytes read
back through a new open. A server may lose a rename if only the old name was flushed, and a cache can answer a read.
"""

import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256 as hash_sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import SplitResult
from urllib.request import url2pathname

from data.files import (
    TEMPORARY_SUFFIX,
    Disk,
    flush_file,
    make_folders,
    make_path,
    place_new,
    write_flushed,
)
from data.layout import check_relative
from data.receipts import Level
from data.shares.folder_batch import Batch, leftovers, names_in
from data.shares.folder_ground import FolderGround
from data.shares.mounts import mount_of
from data.shares.share import (
    RESERVE_BYTES,
    SHARE_WORDS,
    Identity,
    Order,
    Outcome,
    Probe,
    ShareBlockedError,
    checked_source,
    other_bytes,
    other_name,
)
from data.state_file import Fields, StateFileError, encode_state

if TYPE_CHECKING:
    from data.shares.examination import Examination, Ground

T = TypeVar("T")

MARK_NAME: Final = ".dyadgrid-share"
MARK_FORMAT: Final = 1
SHARE_ID_BYTES: Final = 8
PROBE_START: Final = ".probe-"
"""How the names of temporary files begin that are no episode's."""
FOUNDER: Final = "founder"
"""Who makes a share; a station's id never looks like it."""
PROBE_BYTES: Final = b"dyadgrid asks whether this folder keeps what it is given\n"


def new_mark() -> bytes:
    """The bytes of a mark: an id that no other share has."""
    return encode_state({"format": MARK_FORMAT, "share": secrets.token_hex(SHARE_ID_BYTES)})


def decode_mark(data: bytes) -> str:
    """The id in a mark; empty for bytes that are none."""
    try:
        return Fields(data, MARK_FORMAT).text("share")
    except StateFileError:
        return ""


def drawn(start: str) -> str:
    """A temporary name that nobody else has: not even a copy of this home on another machine, with the same id.

    Two writers of one temporary file would give each other's half-written bytes a final name.
    """
    return f"{start}-{secrets.token_hex(4)}{TEMPORARY_SUFFIX}"


class FolderShare:
    """A folder as a share. The folder itself must exist: a missing one may be a mount that is not there."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self.root = root.absolute()
        self._disk = disk or Disk()

    @classmethod
    def create(cls, root: Path, disk: Disk | None = None) -> "FolderShare":
        """Make the folder and mark it as a share; one that is there already stays as it is. Never for a courier."""
        share = cls(root, disk)
        make_path(share._disk, share.root)
        share._mark(FOUNDER)
        return share

    @classmethod
    def at(cls, parts: SplitResult) -> "FolderShare":
        """The share of a `file:` URL."""
        host = f"//{parts.netloc}" if parts.netloc not in ("", "localhost") else ""
        return cls(Path(host + url2pathname(parts.path)))

    @property
    def url(self) -> str:
        """The folder as a `file:` URL."""
        return self.root.as_uri()

    def identify(self) -> Identity:
        """Who the share is; nothing is written."""
        return self._ask(self._identify)

    def probe(self, owner: str) -> Probe:
        """Exclusive creation (twice), placing without replacing, flushes, read-back, free space."""
        return self._ask(lambda: self._probe(owner))

    def store(self, relative: str, source: Path, sha256: str, owner: str) -> Level:
        """Bring a file there and prove that it is there; if the name exists, only the proof."""
        data = checked_source(source, sha256)
        return self._ask(lambda: self._store(check_relative(relative), data, sha256, owner))

    def store_many(self, orders: Sequence[Order], owner: str) -> list[Outcome]:
        """The same for many files, whose flushes wait beside each other."""
        try:
            outcomes = self._ask(lambda: Batch(self._disk, self.root, owner, drawn).store(orders))
        except ShareBlockedError as error:
            return [error for _ in orders]
        return [self._blocked(each) if isinstance(each, OSError) else each for each in outcomes]

    def sha256_of(self, relative: str) -> str | None:
        """The hash of what lies there now."""
        path = self.root / check_relative(relative)
        if not self._ask(lambda: path.exists()):
            return None
        return self._ask(lambda: hash_sha256(self._disk.read(path)).hexdigest())

    def examine(self, look: Callable[["Ground", str], "Examination"]) -> "Examination":
        """What `look` makes of the folder's file calls."""
        mount = mount_of(self.root)
        kind = str(mount) if mount is not None else "a folder"
        return self._ask(lambda: look(FolderGround(self.root, self._disk), kind))

    def _ask(self, question: Callable[[], T]) -> T:
        """The answer, or why there is none, in words."""
        try:
            if not self.root.is_dir():
                there = "there is a file in its place" if self.root.exists() else "it is not there: is it mounted?"
                raise ShareBlockedError(f"share {self.root}: {there}")
            return question()
        except OSError as error:
            raise self._blocked(error) from error

    def _blocked(self, error: OSError) -> ShareBlockedError:
        words = SHARE_WORDS.get(error.errno or 0, error.strerror or str(error))
        return ShareBlockedError(f"share {self.root}: {words}")

    def _identify(self) -> Identity:
        return Identity(self._read_mark(), os.path.ismount(self.root))  # Path.is_mount refuses on Windows before 3.12

    def _read_mark(self) -> str:
        try:
            return decode_mark(self._disk.read(self.root / MARK_NAME))
        except FileNotFoundError:
            return ""

    def _mark(self, owner: str) -> str:
        """Give the folder an id if it has none; of two stations that do so at once, one wins and both use its id.

        The temporary file is called like a probe's, so that the owner's next probe clears what a crash left of it.
        """
        if not self._read_mark():
            self._place(self.root / drawn(f"{PROBE_START}{owner}-mark"), self.root / MARK_NAME, new_mark())
            self._flush_final(self.root / MARK_NAME)  # receipts will name this id
        return self._read_mark()

    def _probe(self, owner: str) -> Probe:
        free_bytes = self._disk.free_bytes(self.root)
        if free_bytes < RESERVE_BYTES:
            raise ShareBlockedError(f"share {self.root}: it is full ({free_bytes} bytes left)")
        self._clear(self.root, f"{PROBE_START}{owner}")
        paths = [self.root / drawn(f"{PROBE_START}{owner}-{number}") for number in range(3)]
        self._try_abilities(*paths)
        for path in paths:
            self._disk.unlink(path)
        return Probe(self._mark(owner), Level.STORED, free_bytes)

    def _clear(self, folder: Path, start: str) -> None:
        """Remove what a crash of this owner has left. Of two copies of one home, the other one just tries again."""
        for name in leftovers(names_in(folder), start):
            self._disk.unlink(folder / name)

    def _try_abilities(self, first: Path, other: Path, final: Path) -> None:
        write_flushed(self._disk, first, PROBE_BYTES)
        self._must_refuse(lambda: self._disk.close(self._disk.create(first)), "creates a file that exists")
        place_new(self._disk, first, final)
        write_flushed(self._disk, other, b"other bytes")
        self._must_refuse(lambda: place_new(self._disk, other, final), "renames over a file that exists")
        self._flush_final(final)
        if self._disk.read(final) != PROBE_BYTES:
            raise other_bytes(str(self.root))

    def _must_refuse(self, action: Callable[[], None], fault: str) -> None:
        try:
            action()
        except FileExistsError:
            return
        raise ShareBlockedError(f"share {self.root}: it {fault}, so it could overwrite data")

    def _store(self, relative: PurePosixPath, data: bytes, sha256: str, owner: str) -> Level:
        folder = make_folders(self._disk, self.root, relative.parent)
        target = folder / relative.name
        self._clear(folder, f".{target.name}.{owner}")
        if not target.exists():
            self._place(target.with_name(drawn(f".{target.name}.{owner}")), target, data)
        self._flush_final(target)
        found = hash_sha256(self._disk.read(target)).hexdigest()
        if found != sha256:
            raise other_name(sha256, found, target)
        return Level.STORED

    def _place(self, temporary: Path, target: Path, data: bytes) -> None:
        write_flushed(self._disk, temporary, data)
        if self._disk.read(temporary) != data:  # a cable or a memory that flips bits: no name for that
            self._disk.unlink(temporary)
            raise other_bytes(str(self.root))
        with suppress(FileExistsError):  # the partner's station was faster: what lies there is compared like our own
            place_new(self._disk, temporary, target)
        self._disk.unlink(temporary)

    def _flush_final(self, target: Path) -> None:
        flush_file(self._disk, target)
        self._disk.flush_folder(target.parent)
