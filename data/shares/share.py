"""Shares: where episodes go. What each kind must be able to do, what can go wrong, and which kind an address names.

A share stores durably, proves what it holds, and overwrites nothing. How a kind does that stands in its own module.
"""

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256 as hash_sha256
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TypeAlias, runtime_checkable
from urllib.parse import SplitResult, urlsplit

from data.files import read_file
from data.receipts import Level

RESERVE_BYTES: Final = 1 << 20
"""A share with less space than this counts as full: the next file would most likely fail half-way."""

SHARE_WORDS: Final = {
    errno.ENOSPC: "it is full",
    errno.EDQUOT: "this user's quota there is used up",
    errno.EROFS: "it is read-only",
    errno.EACCES: "this user may not write there",
    errno.EPERM: "this user may not write there",
    errno.ENOENT: "a folder of it is gone: is it mounted?",
    errno.ENOTDIR: "there is a file where a folder should be",
    errno.EEXIST: "there is a file where a folder should be",
    errno.ESTALE: "it was taken away and came back as another one: mount it again",
    errno.EIO: "it reports an input/output error",
    errno.ETIMEDOUT: "it does not answer",
    errno.EHOSTDOWN: "its server does not answer",
    errno.EHOSTUNREACH: "its server cannot be reached",
    errno.ENOTCONN: "the connection to it is closed",
}


OTHER_BYTES: Final = "it gives back other bytes than it was given"


class ShareBlockedError(Exception):
    """The share cannot take anything now; the text says why, for a person. Trying again later is right."""


class ShareConflictError(Exception):
    """The share holds other bytes under this name. They were left as they are."""


class LocalCorruptError(Exception):
    """The station's own file is not what was queued. Nothing was stored."""


def checked_source(source: Path, sha256: str) -> bytes:
    """The bytes of a station's file that a share is to take.

    Raises:
        LocalCorruptError: they are not those that were queued.
    """
    try:
        data = read_file(source)
    except OSError as error:
        raise LocalCorruptError(f"the station's own file cannot be read: {error.strerror}: {source}") from error
    found = hash_sha256(data).hexdigest()
    if found != sha256:
        raise LocalCorruptError(f"the station's own file has changed: expected {sha256}, found {found}: {source}")
    return data


class Identity(NamedTuple):
    """What a share says of itself, asked without writing. `share_id` is empty for a folder without our mark."""

    share_id: str
    is_mount: bool


@dataclass(frozen=True, slots=True)
class Probe:
    """What a share showed that it can do: the best level that it reaches, and its free space."""

    share_id: str
    level: Level
    free_bytes: int


class Share(Protocol):
    """A place that stores files and proves it."""

    @property
    def url(self) -> str:
        """The share's address, as items and receipts name it."""

    def identify(self) -> Identity:
        """Who the share is; nothing is written.

        Raises:
            ShareBlockedError: it is not there.
        """

    def probe(self, owner: str) -> Probe:
        """Try everything that `store` relies on. `owner` as for `store`.

        Raises:
            ShareBlockedError: something is missing, in words.
        """

    def store(self, relative: str, source: Path, sha256: str, owner: str) -> Level:
        """Bring a file there and prove that it is there. `owner` is the station's id.

        Two processes of one owner may disturb each other, so that one of them is blocked for a moment; no more.

        Raises:
            ShareBlockedError: try again later.
            ShareConflictError: other bytes have this name.
            LocalCorruptError: `source` does not hold the bytes of `sha256`.
        """

    def sha256_of(self, relative: str) -> str | None:
        """The hash of what lies there now, read through a new open; None if nothing does.

        Raises:
            ShareBlockedError: it cannot be asked.
        """


@runtime_checkable
class HearsBacklog(Protocol):
    """A share whose keeper wants to know what a station still holds: a collector shows it."""

    def tell_backlog(self, files: int, size: int) -> None:
        """So many files of so many bytes wait in this station's outbox; it travels with the next question."""


class Order(NamedTuple):
    """A file to be stored: its path in the share, where the station has it, and its hash."""

    relative: str
    source: Path
    sha256: str


Outcome: TypeAlias = Level | ShareBlockedError | ShareConflictError | LocalCorruptError
"""What became of an order: the level, or what `Share.store` would have raised."""


@runtime_checkable
class StoresMany(Protocol):
    """A share that stores many files faster than one after the other, with the same proof for each."""

    def store_many(self, orders: Sequence[Order], owner: str) -> list[Outcome]:
        """What became of each order, in order. No order's trouble is another's."""


def other_bytes(place: str) -> ShareBlockedError:
    """A share that does not give back what it was given: a cable or a memory that flips bits."""
    return ShareBlockedError(f"share {place}: {OTHER_BYTES}")


def other_name(expected: str, found: str, place: Path) -> ShareConflictError:
    """A share that holds other bytes under a name than those that were to be there."""
    words = f"the share holds other bytes under this name (expected {expected}, found {found}): {place}"
    return ShareConflictError(words)


def open_share(url_or_path: str) -> Share:
    """The share at a path or a URL. Nothing is touched, and nobody is asked.

    Raises:
        ValueError: an address of another kind, or one that is not whole.
    """
    parts = urlsplit(url_or_path)
    if url_or_path and not _is_url(url_or_path):
        return _open_path(url_or_path)
    if parts.scheme not in _KINDS:
        expected = ", ".join(f"{kind}:" for kind in _KINDS)
        raise ValueError(f"share: expected a folder or a URL ({expected}), got {without_password(url_or_path)[:200]!r}")
    return _KINDS[parts.scheme](parts)


def share_address(text: str) -> str:
    """A share as a person names it, in the form in which items name it: nothing in it depends on the current folder.

    Raises:
        ValueError: as for `open_share`.
    """
    share = open_share(text)
    return share.url if _is_url(text) else str(Path(text).absolute())


def without_password(url: str) -> str:
    """A URL as it may be shown: somebody may have written a password into it."""
    before, at, after = url.rpartition("@")
    user, colon, _ = before.partition("://")[2].partition(":")
    return f"{before.partition('://')[0]}://{user}:...@{after}" if at and colon else url


def _is_url(text: str) -> bool:
    """Whether a text is meant as a URL; one letter before a colon is a Windows drive."""
    scheme = urlsplit(text).scheme
    return scheme == "file" or (len(scheme) > 1 and "://" in text)


def _open_path(path: str) -> Share:
    from data.shares.folder_share import FolderShare

    return FolderShare(Path(path))


def _open_file(parts: SplitResult) -> Share:
    from data.shares.folder_share import FolderShare

    return FolderShare.at(parts)


def _open_smb(parts: SplitResult) -> Share:
    from data.shares.smb_share import SmbShare

    return SmbShare.at(parts)


def _open_collector(parts: SplitResult) -> Share:
    from data.collector.share import CollectorShare

    return CollectorShare(parts.geturl())


_KINDS: Final[dict[str, Callable[[SplitResult], Share]]] = {
    "file": _open_file,
    "smb": _open_smb,
    "collector": _open_collector,
}
"""Each kind of share by its URL's scheme. Their modules are imported late: a client needs only its own."""
