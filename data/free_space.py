"""How much space a session needs, asked before it begins: a disk that fills up in the middle is nobody's pleasure."""

from pathlib import Path
from typing import Final

from data.files import Disk

BYTES_A_FRAME: Final = 512
"""Canonical and local rows of one seat together are some 200; a busy local file may double that."""
COPIES: Final = 2
"""An episode that meets a disk error is written once more beside its first half."""
RESERVE_BYTES: Final = 64 << 20
"""For everything else on the machine."""


def bytes_needed(episodes: int, frames: int) -> int:
    """What one seat's session may take at most, with a reserve."""
    return RESERVE_BYTES + COPIES * BYTES_A_FRAME * episodes * frames


def missing_space(home: Path, episodes: int, frames: int, disk: Disk | None = None) -> str:
    """Why a session does not fit on the disk under `home` (which need not exist yet), for people; empty if it does."""
    folder = next(path for path in (home.absolute(), *home.absolute().parents) if path.exists())
    free, needed = (disk or Disk()).free_bytes(folder), bytes_needed(episodes, frames)
    if free >= needed:
        return ""
    return f"The disk of {folder} has {_megabytes(free)} free, and this session may need {_megabytes(needed)}."


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
