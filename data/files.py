"""Durable file primitives: the calls that a promise rests on, and the few sequences built from them.

No policy, no names, no format. Every call goes through one `Disk`, so that a test can refuse the Nth of them or write
all of them down. Rules that hold throughout: a file is flushed before it gets its final name; a name is durable only
when its folder is flushed; a final name is never given twice; a failed flush is never tried again on the same file,
because the system may have dropped the bytes it could not write and will call the second try a success.
"""

import ctypes
import errno
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final, TypeVar

from filelock import FileLock, SoftFileLock, Timeout

T = TypeVar("T")

TEMPORARY_SUFFIX: Final = ".tmp"
FOLDER_FLUSH_UNSUPPORTED: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})
"""What file systems answer that cannot flush a folder at all (some network and user-space ones)."""
LINK_UNSUPPORTED: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EINVAL, errno.EXDEV})
"""What file systems answer that know no hard links (FAT, some network ones), and two of them between each other."""
WINDOWS_TRANSIENT: Final = frozenset({5, 32, 33})
"""Access denied, sharing violation, lock violation: an antivirus or an indexer holds the file for a moment."""
WINDOWS_RETRIES: Final = 20
WINDOWS_RETRY_SECONDS: Final = 0.05
"""Together one second: longer than a scanner holds a small file, short enough to be told as an error."""
DISK_WORDS: Final = {
    errno.ENOSPC: "it is full",
    errno.EDQUOT: "this user's quota there is used up",
    errno.EROFS: "it is read-only",
    errno.EACCES: "this user may not write there",
    errno.EPERM: "this user may not write there",
    errno.EIO: "the disk reports an error",
    errno.ENOENT: "a folder of it is gone",
    errno.ENOTDIR: "there is a file where a folder should be",
    errno.ENODEV: "the disk is gone",
    errno.ENXIO: "the disk is gone",
    errno.ESTALE: "the disk is gone",
}
"""What a person can do something with, of what a disk may answer."""
RENAME_NOREPLACE: Final = 1
AT_FDCWD: Final = -100


class Disk:
    """The system's file calls, one method each. Each raises `OSError` as it comes."""

    def create(self, path: Path) -> int:
        """Open a file that must not exist yet, for writing."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)

    def open_existing(self, path: Path) -> int:
        """Open a file that must exist, so that it can be flushed.

        For writing where that is allowed, because a network file system may ignore a flush through a reading handle.
        """
        try:
            return os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        except PermissionError:  # another user's file: theirs to change, ours to flush and compare
            return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write some of `data`; return how many bytes."""
        return os.write(descriptor, data)

    def flush(self, descriptor: int) -> None:
        """Bring a file's bytes and size to stable storage."""
        if sys.platform == "darwin":
            import fcntl

            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # fsync stops at the drive's cache there
        else:
            os.fsync(descriptor)

    def flush_data(self, descriptor: int) -> None:
        """Bring a file's bytes to stable storage, and of its metadata only what reading them back needs."""
        if sys.platform == "linux":
            os.fdatasync(descriptor)
        else:
            self.flush(descriptor)

    def close(self, descriptor: int) -> None:
        """Close; on some network file systems this is where a failed write shows."""
        os.close(descriptor)

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name, which must not exist yet."""
        _patiently(lambda: os.link(source, target))

    def rename_new(self, source: Path, target: Path) -> None:
        """Rename to a name that must not exist yet, where links are unknown."""
        _patiently(lambda: _rename_no_replace(source, target))

    def replace(self, source: Path, target: Path) -> None:
        """Rename over whatever holds the name: for our own small state files only, never for an episode."""
        _patiently(lambda: source.replace(target))

    def unlink(self, path: Path) -> None:
        """Remove a name that may be gone already."""
        _patiently(lambda: path.unlink(missing_ok=True))

    def make_folder(self, path: Path) -> bool:
        """Make one folder; its parent must exist, and it may exist itself. Returns whether it is new."""
        try:
            path.mkdir()
        except FileExistsError:
            if not path.is_dir():
                raise
            return False
        return True

    def move_folder(self, source: Path, target: Path) -> None:
        """Rename a folder to a name that must not exist yet."""
        if target.exists():
            raise FileExistsError(errno.EEXIST, "a folder of this name is there", str(target))
        _patiently(lambda: source.rename(target))

    def remove_folder(self, path: Path) -> None:
        """Remove an empty folder."""
        path.rmdir()

    def flush_folder(self, path: Path) -> None:
        """Bring a folder's names to stable storage, where the system can (Windows has no call for it)."""
        if sys.platform == "win32":
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in FOLDER_FLUSH_UNSUPPORTED:
                raise
        finally:
            os.close(descriptor)

    def read(self, path: Path) -> bytes:
        """A file's bytes, through a new open."""
        return read_file(path)

    def free_bytes(self, path: Path) -> int:
        """Space that this user may still fill on the file system of `path`."""
        return shutil.disk_usage(path).free


def _patiently(call: Callable[[], T]) -> T:
    """Try again, bounded, while Windows says that somebody else looks at the file for a moment."""
    for _ in range(WINDOWS_RETRIES):
        try:
            return call()
        except PermissionError as error:
            if getattr(error, "winerror", None) not in WINDOWS_TRANSIENT:
                raise
            time.sleep(WINDOWS_RETRY_SECONDS)
    return call()


def _rename_no_replace(source: Path, target: Path) -> None:
    if sys.platform == "win32":
        source.rename(target)  # refuses an existing target by itself
        return
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        raise OSError(errno.ENOTSUP, "this system cannot rename without replacing", str(target))
    if rename(AT_FDCWD, os.fsencode(source), AT_FDCWD, os.fsencode(target), RENAME_NOREPLACE):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(source), None, str(target))


def read_file(path: Path | str) -> bytes:
    """A file's bytes. For thousands of small files: a file object asks the system for things that nobody wants here."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        size = os.fstat(descriptor).st_size + 1
        pieces = []
        while piece := os.read(descriptor, size):
            pieces.append(piece)
    finally:
        os.close(descriptor)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def disk_words(error: OSError) -> str:
    """Why a disk refused, for people."""
    return DISK_WORDS.get(error.errno or 0, error.strerror or str(error))


def write_all(disk: Disk, descriptor: int, data: bytes) -> None:
    """Write every byte: a short write is continued, an interrupted one repeated."""
    rest = memoryview(data)
    while rest:
        try:
            count = disk.write(descriptor, rest)
        except InterruptedError:
            continue
        if count <= 0:
            raise OSError(errno.EIO, "the system wrote nothing and named no reason")
        rest = rest[count:]


def give_up(disk: Disk, descriptor: int) -> None:
    """Close a file that is given up after an error: what closing it says adds nothing to that error."""
    try:
        disk.close(descriptor)
    except OSError:
        return


def write_flushed(disk: Disk, path: Path, data: bytes) -> None:
    """A new file with these bytes, flushed. Its name is durable only when the caller has flushed the folder."""
    flush_open(disk, write_open(disk, path, data))


def write_open(disk: Disk, path: Path, data: bytes) -> int:
    """A new file with these bytes, still open: `flush_open` ends what this has begun."""
    descriptor = disk.create(path)
    try:
        write_all(disk, descriptor, data)
    except OSError:
        give_up(disk, descriptor)
        raise
    return descriptor


def flush_open(disk: Disk, descriptor: int) -> None:
    """Bring an open file to stable storage, and close it; after a failed flush it is worth nothing."""
    try:
        disk.flush(descriptor)
    except OSError:
        give_up(disk, descriptor)
        raise
    disk.close(descriptor)


def flush_file(disk: Disk, path: Path) -> None:
    """Bring a closed file to stable storage."""
    descriptor = disk.open_existing(path)
    try:
        disk.flush(descriptor)
    finally:
        disk.close(descriptor)


def place_new(disk: Disk, source: Path, target: Path) -> None:
    """Give a flushed file its final name, and never take that name from another file.

    The source keeps its name, unless it lies in the target's own folder: there it may lose it. Flushing the target's
    folder is the caller's.

    Raises:
        FileExistsError: the name is taken.
    """
    try:
        disk.link(source, target)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in LINK_UNSUPPORTED:
            raise
        _place_without_link(disk, source, target)


def _place_without_link(disk: Disk, source: Path, target: Path) -> None:
    """Rename within a folder; from another one bring a copy first.

    Where there are no links there is often no journal either, and a power cut in the middle of a rename from folder to
    folder may leave neither name. So the source stays until the target's folder was flushed.
    """
    if source.parent == target.parent:
        disk.rename_new(source, target)
        return
    temporary = temporary_name(target)
    try:
        write_flushed(disk, temporary, disk.read(source))
        disk.rename_new(temporary, target)
    except OSError:
        _drop(disk, temporary)
        raise


def temporary_name(target: Path) -> Path:
    """A name beside the target that nobody else has, for bytes that are not whole yet."""
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")


def name_of_temporary(path: Path) -> str:
    """The name of the file that a temporary file was to become."""
    return path.name.removesuffix(TEMPORARY_SUFFIX).lstrip(".").rpartition(".")[0]


def create_durably(disk: Disk, target: Path, data: bytes, *, flush_folder: bool = True) -> None:
    """A whole new file or none, under a name that nobody has. `flush_folder` False leaves that to a later call.

    Raises:
        FileExistsError: the name is taken; nothing changed.
    """
    with temporary_file(disk, target, data) as temporary:
        place_new(disk, temporary, target)
    if flush_folder:
        disk.flush_folder(target.parent)


@contextmanager
def temporary_file(disk: Disk, target: Path, data: bytes) -> Iterator[Path]:
    """A flushed file with these bytes beside `target`, to be given final names; its own name goes at the end."""
    temporary = temporary_name(target)
    try:
        write_flushed(disk, temporary, data)
        yield temporary
    except OSError:
        _drop(disk, temporary)
        raise
    disk.unlink(temporary)


def replace_durably(disk: Disk, target: Path, data: bytes) -> None:
    """The new bytes or the old ones, never a mixture: for our own small state files only."""
    temporary = temporary_name(target)
    try:
        write_flushed(disk, temporary, data)
        disk.replace(temporary, target)
    except OSError:
        _drop(disk, temporary)
        raise
    disk.flush_folder(target.parent)


def _drop(disk: Disk, temporary: Path) -> None:
    """Clear a temporary file after an error, if the disk lets us; a recovery sets it aside otherwise."""
    try:
        disk.unlink(temporary)
    except OSError:
        return


def make_folders(disk: Disk, root: Path, relative: PurePosixPath) -> Path:
    """Every folder from `root` (which must exist) down to `relative`, each of them durable in its parent.

    A folder that is there already is flushed all the same: whoever made it may have lost power before that.
    """
    folder = root
    for part in relative.parts:
        child = folder / part
        disk.make_folder(child)
        disk.flush_folder(folder)
        folder = child
    return folder


def make_path(disk: Disk, folder: Path) -> None:
    """A folder and all that lead to it; each one that is new, and this one, is durable in its parent.

    Raises:
        NotADirectoryError: a file stands in the way.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        disk.make_folder(path)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "expected a folder, and there is a file", str(folder))
    for path in dict.fromkeys((*missing, folder)):
        disk.flush_folder(path.parent)


def try_lock(path: Path) -> FileLock | None:
    """The lock of `path`, or None while another process holds it. The system releases it when its holder dies."""
    lock = FileLock(path, blocking=False, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    if isinstance(lock, SoftFileLock):  # a mere file would outlive a killed holder
        lock.release()
        raise OSError(errno.ENOLCK, "this file system has no locks, so a station cannot live on it", str(path))
    return lock


def retire_lock(lock: FileLock) -> None:
    """Release a lock whose name is not needed again. Who waits on the unlinked file finds out and starts over."""
    path = Path(lock.lock_file)
    try:
        if sys.platform != "win32":  # there an open file keeps its name
            path.unlink(missing_ok=True)
    except OSError:
        return  # an empty file stays, which a recovery clears: no reason to fail what has just succeeded
    finally:
        lock.release()
