"""SHA256SUMS: one in each session's folder, for `sha256sum -c`. Made from the index, and by the collector alone."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from data.files import Disk, replace_durably
from data.session_sheet import encode_sums

SUMS_NAME: Final = "SHA256SUMS"


def sums_text(session: str, files: Iterable[tuple[str, str]]) -> bytes:
    """What the file of a session's folder says of (path in the share, SHA-256)."""
    return encode_sums({PurePosixPath(path).relative_to(session).as_posix(): digest for path, digest in files})


def refresh_sums(root: Path, session: str, files: Iterable[tuple[str, str]], disk: Disk) -> bool:
    """Write a session's sums, unless they stand there already; whether they were written.

    Raises:
        OSError: the disk refuses.
    """
    path, text = root / session / SUMS_NAME, sums_text(session, files)
    if path.exists() and disk.read(path) == text:
        return False
    replace_durably(disk, path, text)
    return True
