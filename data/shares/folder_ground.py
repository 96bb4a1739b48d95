"""A folder's file calls by relative paths, as an examination tries them. No policy."""

import os
import sys
from pathlib import Path, PurePosixPath

from data.files import FOLDER_FLUSH_UNSUPPORTED, Disk, flush_file, place_new, write_flushed


class FolderGround:
    """The calls under one folder."""

    def __init__(self, root: Path, disk: Disk) -> None:
        self._root = root
        self._disk = disk

    def create(self, path: str, data: bytes) -> None:
        """A new file with these bytes, flushed."""
        write_flushed(self._disk, self._there(path), data)

    def rename_new(self, source: str, target: str) -> None:
        """Give a file another name that nobody has, as delivery does: by a link where there are links."""
        place_new(self._disk, self._there(source), self._there(target))
        self._disk.unlink(self._there(source))

    def flush(self, path: str) -> None:
        """Bring a closed file to stable storage."""
        flush_file(self._disk, self._there(path))

    def flush_folder(self, path: str) -> bool:
        """Bring a folder's names to stable storage; False where the system has no way to."""
        if sys.platform == "win32":
            return False
        descriptor = os.open(self._there(path), os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in FOLDER_FLUSH_UNSUPPORTED:
                raise
            return False
        finally:
            os.close(descriptor)
        return True

    def read(self, path: str) -> bytes:
        """A file's bytes, through a new open."""
        return self._disk.read(self._there(path))

    def unlink(self, path: str) -> None:
        """Remove a file that may be gone."""
        self._disk.unlink(self._there(path))

    def make_folder(self, path: str) -> None:
        """Make one folder, which may exist."""
        self._disk.make_folder(self._there(path))

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder."""
        self._disk.remove_folder(self._there(path))

    def free_bytes(self) -> int:
        """Space left for this user."""
        return self._disk.free_bytes(self._root)

    def _there(self, path: str) -> Path:
        return self._root / PurePosixPath(path)
