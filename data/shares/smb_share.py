"""A folder on an SMB server as a share, without a mount: the same order of steps as in a folder, over the network.

The second flush, of the *final* name through a new open, is what counts: servers were seen to lose a name whose bytes
they had flushed under another one and gave back when asked. Nothing here ever replaces a file.
"""

import errno
import threading
from collections.abc import Callable
from hashlib import sha256 as hash_sha256
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import SplitResult

from data.files import TEMPORARY_SUFFIX
from data.layout import check_relative
from data.receipts import Level
from data.shares.folder_share import MARK_NAME, PROBE_BYTES, PROBE_START, decode_mark, drawn, new_mark
from data.shares.share import (
    OTHER_BYTES,
    RESERVE_BYTES,
    SHARE_WORDS,
    Identity,
    Probe,
    ShareBlockedError,
    ShareConflictError,
    checked_source,
)
from data.shares.smb_address import SmbAddress

if TYPE_CHECKING:
    from data.shares.examination import Examination, Ground
    from data.shares.smb_server import SmbFolder

T = TypeVar("T")

REPLY_SECONDS: Final = 20.0
"""How long one call may wait for its answer: a busy server flushes a small file within a few seconds."""
EXTRA: Final = "smbprotocol"
INSTALL_WORDS: Final = "SMB needs one package more: pip install 'dyadgrid[share]'"
_GONE: Final = frozenset({errno.ENOTCONN, errno.EPIPE, errno.ECONNRESET, errno.ECONNABORTED, errno.ESHUTDOWN})
"""What a connection says whose server has been started anew since the last call."""

_open_folders: Final[dict[str, "SmbFolder"]] = {}
"""One connection for each address in this process: a courier opens its share in each pass, and logging on is slow."""
_lock: Final = threading.RLock()


class SmbShare:
    """A folder on an SMB server. The folder itself must exist. One call at a time, from any thread."""

    def __init__(self, address: SmbAddress, reply_seconds: float = REPLY_SECONDS) -> None:
        self._address = address
        self._reply_seconds = reply_seconds

    @classmethod
    def at(cls, parts: SplitResult) -> "SmbShare":
        """The share of an `smb:` URL.

        Raises:
            ValueError: the address is not whole, or this installation has no SMB.
        """
        address = SmbAddress.of(parts)
        if find_spec(EXTRA) is None:
            raise ValueError(f"share {address.place}: {INSTALL_WORDS}")
        return cls(address)

    @property
    def url(self) -> str:
        """The address; a password never stands in it."""
        return self._address.url

    def identify(self) -> Identity:
        """Who the share is; nothing is written."""
        return self._ask(lambda server: Identity(_read_mark(server), is_mount=False))

    def probe(self, owner: str) -> Probe:
        """Exclusive creation (twice), renaming without replacing, flushes, read-back, free space."""
        return self._ask(lambda server: self._probe(server, owner))

    def store(self, relative: str, source: Path, sha256: str, owner: str) -> Level:
        """Bring a file there and prove that it is there; if the name exists, only the proof."""
        data = checked_source(source, sha256)
        target = check_relative(relative)
        self._ask(lambda server: self._store(server, target, data, owner))
        found = self.sha256_of(relative)
        if found != sha256:
            raise ShareConflictError(
                f"the share holds other bytes under this name (expected {sha256}, found {found}): {relative}"
            )
        return Level.STORED

    def sha256_of(self, relative: str) -> str | None:
        """The hash of what lies there now."""
        target = str(check_relative(relative))

        def question(server: "SmbFolder") -> str | None:
            return hash_sha256(server.read(target)).hexdigest() if server.has_file(target) else None

        return self._ask(question)

    def examine(self, look: Callable[["Ground", str], "Examination"]) -> "Examination":
        """What `look` makes of the server's file calls."""
        return self._ask(lambda server: look(server, f"a folder on a server, reached by {server.dialect}"))

    def _ask(self, question: Callable[["SmbFolder"], T]) -> T:
        """The answer, or why there is none, in words.

        Every question here may be asked again. So one that meets a connection from before the server's last start is
        asked once more, over a new one.
        """
        with _lock:
            try:
                is_new = self.url not in _open_folders
                server = self._server()
                try:
                    return question(server)
                except OSError as error:
                    if is_new or error.errno not in _GONE:
                        raise
                    forget_connections(self.url)
                    return question(self._server())
            except OSError as error:
                forget_connections(self.url)
                words = error.strerror or SHARE_WORDS.get(error.errno or 0, str(error))
                raise ShareBlockedError(f"share {self._address.place}: {words}") from error

    def _server(self) -> "SmbFolder":
        from data.shares.smb_server import SmbFolder

        if self.url not in _open_folders:
            server = SmbFolder(self._address, self._reply_seconds)
            try:
                if not server.has_folder(""):
                    raise OSError(errno.ENOENT, "it is not there: make the folder on the server first")
            except OSError:
                server.close()
                raise
            _open_folders[self.url] = server
        return _open_folders[self.url]

    def _probe(self, server: "SmbFolder", owner: str) -> Probe:
        free_bytes = server.free_bytes()
        if free_bytes < RESERVE_BYTES:
            raise OSError(errno.ENOSPC, f"it is full ({free_bytes} bytes left)")
        _clear(server, "", f"{PROBE_START}{owner}")
        first, other, final = (drawn(f"{PROBE_START}{owner}-{number}") for number in range(3))
        server.create(first, PROBE_BYTES)
        _must_refuse(lambda: server.create(first, b"other bytes"), "creates a file that exists")
        server.rename_new(first, final)
        server.create(other, b"other bytes")
        _must_refuse(lambda: server.rename_new(other, final), "renames over a file that exists")
        server.flush(final)
        server.flush_folder("")
        if server.read(final) != PROBE_BYTES:
            raise OSError(errno.EIO, OTHER_BYTES)
        for name in (first, other, final):
            server.unlink(name)
        return Probe(_mark(server, owner), Level.STORED, free_bytes)

    def _store(self, server: "SmbFolder", target: PurePosixPath, data: bytes, owner: str) -> None:
        folder = _make_folders(server, target.parent)
        _clear(server, folder, f".{target.name}.{owner}")
        if not server.has_file(str(target)):
            _place(server, f"{folder}/{drawn(f'.{target.name}.{owner}')}", str(target), data)
        server.flush(str(target))
        server.flush_folder(folder)


def forget_connections(url: str | None = None) -> None:
    """Close the connections of this process, or the one to this share."""
    with _lock:
        for known in [url] if url is not None else list(_open_folders):
            server = _open_folders.pop(known, None)
            if server is not None:
                server.close()


def _make_folders(server: "SmbFolder", relative: PurePosixPath) -> str:
    """Every folder down to `relative`, each of them durable in its parent where the server can do that."""
    folder = ""
    for part in relative.parts:
        child = f"{folder}/{part}" if folder else part
        server.make_folder(child)
        server.flush_folder(folder)
        folder = child
    return folder


def _place(server: "SmbFolder", temporary: str, target: str, data: bytes) -> None:
    server.create(temporary, data)
    if server.read(temporary) != data:  # a cable or a memory that flips bits: no name for that
        server.unlink(temporary)
        raise OSError(errno.EIO, OTHER_BYTES)
    try:
        server.rename_new(temporary, target)
    except FileExistsError:  # the partner's station was faster: what lies there is compared like our own
        server.unlink(temporary)


def _clear(server: "SmbFolder", folder: str, start: str) -> None:
    """Remove what a crash of this owner has left."""
    for name in server.names(folder, f"{start}*{TEMPORARY_SUFFIX}"):
        server.unlink(f"{folder}/{name}")


def _must_refuse(action: Callable[[], None], fault: str) -> None:
    try:
        action()
    except FileExistsError:
        return
    raise OSError(errno.EPROTO, f"it {fault}, so it could overwrite data")


def _read_mark(server: "SmbFolder") -> str:
    return decode_mark(server.read(MARK_NAME)) if server.has_file(MARK_NAME) else ""


def _mark(server: "SmbFolder", owner: str) -> str:
    """Give the folder an id if it has none; of two stations that do so at once, one wins and both use its id."""
    if not _read_mark(server):
        _place(server, drawn(f"{PROBE_START}{owner}-mark"), MARK_NAME, new_mark())
        server.flush(MARK_NAME)  # receipts will name this id
        server.flush_folder("")
    return _read_mark(server)
