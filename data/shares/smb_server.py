"""One folder on an SMB 2 or 3 server: the few file calls that a share is made of, each bounded in time. No policy.

The only module that knows the library, which is an extra and is met only by a station that uses it. What goes wrong
comes as `OSError`, so that a share says it in the same words as a mounted folder.
"""

import errno
import logging
import socket
import struct
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from smbprotocol.connection import Connection
from smbprotocol.exceptions import SMBAuthenticationError, SMBConnectionClosed, SMBException, SMBResponseException
from smbprotocol.file_info import (
    FileFsFullSizeInformation,
    FileInformationClass,
    FileRenameInformation,
)
from smbprotocol.header import NtStatus
from smbprotocol.open import (
    CreateDisposition,
    CreateOptions,
    DirectoryAccessMask,
    FileAttributes,
    FilePipePrinterAccessMask,
    ImpersonationLevel,
    Open,
    ShareAccess,
    SMB2QueryInfoRequest,
    SMB2QueryInfoResponse,
    SMB2SetInfoRequest,
)
from smbprotocol.session import Session
from smbprotocol.tree import TreeConnect

from data.shares.smb_address import SmbAddress

logging.getLogger("smbprotocol").addHandler(logging.NullHandler())  # its tracebacks are for nobody: words say it all

CONNECT_SECONDS: Final = 10.0
CHUNK_BYTES: Final = 1 << 16
"""A message's worth: every server takes it, whatever the credits that it grants."""

_LOGON_FAILED: Final = frozenset({0xC000006A, 0xC000006D, 0xC000006E, 0xC000006F, 0xC0000071, 0xC0000072, 0xC0000193})
"""Wrong password, unknown user, an account that is restricted, out of hours, expired or disabled."""
_CODES: Final[dict[int, int]] = {
    NtStatus.STATUS_OBJECT_NAME_COLLISION: errno.EEXIST,
    NtStatus.STATUS_OBJECT_NAME_NOT_FOUND: errno.ENOENT,
    NtStatus.STATUS_OBJECT_PATH_NOT_FOUND: errno.ENOENT,
    NtStatus.STATUS_NO_SUCH_FILE: errno.ENOENT,
    NtStatus.STATUS_ACCESS_DENIED: errno.EACCES,
    NtStatus.STATUS_DISK_FULL: errno.ENOSPC,
    NtStatus.STATUS_IO_TIMEOUT: errno.ETIMEDOUT,
    NtStatus.STATUS_USER_SESSION_DELETED: errno.ENOTCONN,
    NtStatus.STATUS_NETWORK_NAME_DELETED: errno.ENOTCONN,
    NtStatus.STATUS_NOT_A_DIRECTORY: errno.ENOTDIR,
    NtStatus.STATUS_FILE_IS_A_DIRECTORY: errno.EISDIR,
    NtStatus.STATUS_SHARING_VIOLATION: errno.EBUSY,
    0xC00000A2: errno.EROFS,  # media write protected
    0xC0000044: errno.EDQUOT,  # quota exceeded
}
_FOLDER_FLUSH_UNKNOWN: Final = frozenset(
    {
        NtStatus.STATUS_INVALID_PARAMETER,
        NtStatus.STATUS_INVALID_DEVICE_REQUEST,
        NtStatus.STATUS_NOT_SUPPORTED,
        NtStatus.STATUS_ACCESS_DENIED,
    }
)
"""How servers refuse to flush a folder that cannot."""


class SmbFolder:
    """An open way to a folder. Paths are relative to it, with `/`; the empty path is the folder itself."""

    def __init__(self, address: SmbAddress, reply_seconds: float) -> None:
        """Connect and log on.

        Raises:
            ShareBlockedError: there is no password.
            OSError: in words where the number does not say it.
        """
        self._address = address
        self._connection = _BoundedConnection(uuid.uuid4(), address.host, address.port)
        self._connection.reply_seconds = reply_seconds
        password = address.password()
        try:
            with _in_our_words(address):
                self._connection.connect(timeout=min(CONNECT_SECONDS, reply_seconds))
                _bound_sending(self._connection.transport._sock, reply_seconds)  # the library has no call for it
                session = Session(self._connection, address.login, password, require_encryption=False)
                session.connect()
                self._tree = TreeConnect(session, rf"\\{address.host}\{address.share}")
                self._tree.connect()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection without a word: the server may be gone."""
        if self._connection.transport is not None:
            self._connection.disconnect(close=False)

    @property
    def dialect(self) -> str:
        """What is spoken with the server, such as `SMB 3.1.1`."""
        number = int(self._connection.dialect)
        return "SMB " + ".".join(str(digit) for digit in (number >> 8, number >> 4 & 15, number & 15))

    def make_folder(self, path: str) -> None:
        """Make one folder; its parent must exist, and it may exist itself."""
        with self._opened(path, _FOLDER_ACCESS, CreateDisposition.FILE_OPEN_IF, CreateOptions.FILE_DIRECTORY_FILE):
            pass

    def has_folder(self, path: str) -> bool:
        """Whether a folder is there."""
        return self._has(path, CreateOptions.FILE_DIRECTORY_FILE)

    def has_file(self, path: str) -> bool:
        """Whether a file is there."""
        return self._has(path, CreateOptions.FILE_NON_DIRECTORY_FILE)

    def create(self, path: str, data: bytes) -> None:
        """A new file with these bytes, flushed.

        Raises:
            FileExistsError: the name is taken.
        """
        write = FilePipePrinterAccessMask.GENERIC_WRITE
        with self._opened(path, write, CreateDisposition.FILE_CREATE, share_access=0) as file:
            for start in range(0, len(data), CHUNK_BYTES):
                self._write_chunk(file, start, data[start : start + CHUNK_BYTES])
            file.flush()

    def _write_chunk(self, file: Any, start: int, chunk: bytes) -> None:  # noqa: ANN401  # the library has no types
        written = file.write(chunk, start)
        if written != len(chunk):
            raise OSError(errno.EIO, f"it took {written} of {len(chunk)} bytes and named no reason")

    def flush(self, path: str) -> None:
        """Bring a closed file to stable storage."""
        with self._opened(path, FilePipePrinterAccessMask.GENERIC_WRITE) as file:
            file.flush()

    def flush_folder(self, path: str) -> bool:
        """Bring a folder's names to stable storage; False from a server that cannot flush folders."""
        access = DirectoryAccessMask.FILE_ADD_FILE | DirectoryAccessMask.FILE_ADD_SUBDIRECTORY
        try:
            with self._opened(path, access, options=CreateOptions.FILE_DIRECTORY_FILE) as folder:
                folder.flush()
        except OSError as error:
            cause = error.__cause__
            if isinstance(cause, SMBResponseException) and cause.status in _FOLDER_FLUSH_UNKNOWN:
                return False
            raise
        return True

    def rename_new(self, source: str, target: str) -> None:
        """Rename to a name that must not exist yet.

        Raises:
            FileExistsError: it does.
        """
        access = FilePipePrinterAccessMask.DELETE | FilePipePrinterAccessMask.FILE_READ_ATTRIBUTES
        rename = FileRenameInformation()
        rename["replace_if_exists"] = False
        rename["file_name"] = self._there(target)
        with self._opened(source, access) as file:
            request = SMB2SetInfoRequest()
            request["info_type"] = rename.INFO_TYPE
            request["file_info_class"] = rename.INFO_CLASS
            request["file_id"] = file.file_id
            request["buffer"] = rename
            self._answer(request)

    def unlink(self, path: str) -> None:
        """Remove a file that may be gone already."""
        self._remove(path, CreateOptions.FILE_NON_DIRECTORY_FILE)

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder that may be gone already."""
        self._remove(path, CreateOptions.FILE_DIRECTORY_FILE)

    def _remove(self, path: str, kind: int) -> None:
        options = kind | CreateOptions.FILE_DELETE_ON_CLOSE
        try:
            with self._opened(path, FilePipePrinterAccessMask.DELETE, options=options):
                pass
        except FileNotFoundError:
            return

    def read(self, path: str) -> bytes:
        """A file's bytes, through a new open."""
        with self._opened(path, FilePipePrinterAccessMask.GENERIC_READ) as file:
            size = file.end_of_file
            return b"".join(file.read(start, min(CHUNK_BYTES, size - start)) for start in range(0, size, CHUNK_BYTES))

    def names(self, path: str, pattern: str) -> list[str]:
        """The names in a folder that a pattern with `*` fits."""
        with self._opened(
            path, DirectoryAccessMask.FILE_LIST_DIRECTORY, options=CreateOptions.FILE_DIRECTORY_FILE
        ) as it:
            try:
                found = it.query_directory(pattern, FileInformationClass.FILE_NAMES_INFORMATION)
            except SMBResponseException as error:
                if error.status in (NtStatus.STATUS_NO_SUCH_FILE, NtStatus.STATUS_NO_MORE_FILES):
                    return []
                raise
            return [entry["file_name"].get_value().decode("utf-16-le") for entry in found]

    def free_bytes(self) -> int:
        """Space that this user may still fill."""
        with self._opened("", _FOLDER_ACCESS, options=CreateOptions.FILE_DIRECTORY_FILE) as folder:
            size = FileFsFullSizeInformation()
            request = SMB2QueryInfoRequest()
            request["info_type"] = size.INFO_TYPE
            request["file_info_class"] = size.INFO_CLASS
            request["file_id"] = folder.file_id
            request["output_buffer_length"] = len(size)
            answer = SMB2QueryInfoResponse()
            answer.unpack(self._answer(request)["data"].get_value())
            size = answer.parse_buffer(FileFsFullSizeInformation)
        units, sectors, sector = (
            int(size[name].get_value()) for name in ("caller_available_units", "sectors_per_unit", "bytes_per_sector")
        )
        return units * sectors * sector

    def _has(self, path: str, options: int) -> bool:
        try:
            with self._opened(path, FilePipePrinterAccessMask.FILE_READ_ATTRIBUTES, options=options):
                return True
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return False

    def _there(self, path: str) -> str:
        """A path as the server names it, from its share."""
        return "\\".join([*self._address.folder, *(part for part in path.split("/") if part)])

    @contextmanager
    def _opened(
        self,
        path: str,
        access: int,
        disposition: int = CreateDisposition.FILE_OPEN,
        options: int = CreateOptions.FILE_NON_DIRECTORY_FILE,
        share_access: int = (
            ShareAccess.FILE_SHARE_READ | ShareAccess.FILE_SHARE_WRITE | ShareAccess.FILE_SHARE_DELETE
        ),
    ) -> Iterator[Any]:
        """A new open of a path, closed afterwards: closing is where some servers say that a write failed."""
        with _in_our_words(self._address):
            opened = Open(self._tree, self._there(path))
            opened.create(
                ImpersonationLevel.Impersonation,
                access,
                FileAttributes.FILE_ATTRIBUTE_NORMAL,
                share_access,
                disposition,
                options,
            )
            try:
                yield opened
            except BaseException:
                self._give_up(opened)
                raise
            opened.close()

    def _give_up(self, opened: Any) -> None:  # noqa: ANN401  # the library has no types
        """Close after an error: what closing says adds nothing to it."""
        try:
            opened.close()
        except (SMBException, OSError, ValueError):
            return

    def _answer(self, request: Any) -> Any:  # noqa: ANN401  # the library has no types
        session = self._tree.session
        return self._connection.receive(self._connection.send(request, session.session_id, self._tree.tree_connect_id))


_FOLDER_ACCESS: Final = DirectoryAccessMask.FILE_LIST_DIRECTORY | DirectoryAccessMask.FILE_READ_ATTRIBUTES


class _BoundedConnection(Connection):  # type: ignore[misc]  # the library has no types
    """A connection that waits for no answer longer than `reply_seconds`; the library would wait for ever."""

    reply_seconds = CONNECT_SECONDS

    def receive(
        self,
        request: Any,  # noqa: ANN401  # the library has no types
        wait: bool = True,
        timeout: float | None = None,
        resolve_symlinks: bool = True,
    ) -> Any:  # noqa: ANN401  # the library has no types
        try:
            return super().receive(request, wait, timeout or self.reply_seconds, resolve_symlinks)
        except SMBException as error:
            if type(error) is SMBException and "timeout" in str(error):  # it has no type of its own
                raise TimeoutError(errno.ETIMEDOUT, f"no answer within {self.reply_seconds:g} s") from error
            raise


def _bound_sending(sock: socket.socket, seconds: float) -> None:
    """A server that stands still takes no bytes either; sending to it must not wait for ever."""
    if sys.platform == "win32":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, int(seconds * 1000))
    else:
        whole = int(seconds)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", whole, int((seconds - whole) * 1e6)))


@contextmanager
def _in_our_words(address: SmbAddress) -> Iterator[None]:
    """What the library raises, as `OSError`; a wrong password says nothing of what it was."""
    try:
        yield
    except SMBResponseException as error:
        raise _of_status(error, address) from error
    except SMBAuthenticationError as error:
        raise OSError(errno.EACCES, _refused(address)) from error
    except SMBConnectionClosed as error:
        raise OSError(errno.ENOTCONN, "the connection to it is closed") from error
    except BlockingIOError as error:  # the bound of sending
        raise TimeoutError(errno.ETIMEDOUT, "it does not answer") from error
    except (SMBException, ValueError, LookupError, struct.error, AttributeError, TypeError) as error:
        if isinstance(error.__cause__, OSError):  # what the library makes of a failed connect
            raise OSError(errno.EHOSTUNREACH, f"its server cannot be reached: {_reason(error.__cause__)}") from error
        # Bytes that are no SMB come as whatever the library trips over.
        raise OSError(errno.EPROTO, "what answers at its address is no SMB server that we understand") from error


def _of_status(error: SMBResponseException, address: SmbAddress) -> OSError:
    status = error.status
    if status in _LOGON_FAILED:
        return OSError(errno.EACCES, _refused(address))
    if status == NtStatus.STATUS_BAD_NETWORK_NAME:
        return OSError(errno.ENODEV, f"its server has no share called {address.share}")
    if status in _CODES:
        return OSError(_CODES[status], "")
    return OSError(errno.EIO, f"its server refuses with the code 0x{status:08X}")


def _refused(address: SmbAddress) -> str:
    return f"its server does not accept the user {address.login} with this password"


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
