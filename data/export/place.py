"""Where an export goes: a folder that is new, empty or an earlier export, and never one with raw data in it.

It is written beside its place and moved there whole, so that a folder never holds half of an export.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final

from data.export.errors import ExportError

MANIFEST: Final = "export.json"
KIND: Final = "dyadgrid export"


def check_place(target: Path, sources: Sequence[Path]) -> None:
    """Refuse a folder that is not ours to write.

    Raises:
        ExportError: it touches a source, or holds what no export of ours has put there.
        OSError: it cannot be looked at.
    """
    place = target.resolve()
    for source in sources:
        raw = source.resolve()
        if place == raw or raw in place.parents or place in raw.parents:
            raise ExportError(f"--to {target} and {source} lie in each other: raw data is never written to")
    _check_contents(target, place)


def _check_contents(target: Path, place: Path) -> None:
    if not place.exists():
        return
    if not place.is_dir():
        raise ExportError(f"--to {target} is no folder")
    if not any(place.iterdir()):
        return
    ours = _files_of_export(place)
    if ours is None:
        raise ExportError(f"--to {target} is not empty and no earlier export: nothing there is overwritten")
    there = {path.relative_to(place).as_posix() for path in place.rglob("*") if not path.is_dir() or path.is_symlink()}
    strange = sorted(there - ours)
    if strange:
        raise ExportError(f"--to {target} is an earlier export, but {strange[0]} is not part of it: move it away first")


def _files_of_export(place: Path) -> set[str] | None:
    """Which files an earlier export says it is made of; None if there is none."""
    try:
        manifest = json.loads((place / MANIFEST).read_bytes())
        if manifest["kind"] != KIND:
            return None
        return {str(file["path"]) for file in manifest["files"]} | {MANIFEST}
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def new_place(target: Path) -> Iterator[Path]:
    """A folder to write into that takes the place of `target` at the end, unless something was raised.

    Raises:
        ExportError: what was there has changed meanwhile.
        OSError: it cannot be made or moved.
    """
    place = target.resolve()
    draft = place.with_name(f".{place.name}.{os.getpid()}.part")
    draft.mkdir(parents=True)
    try:
        yield draft
        _check_contents(target, place)  # somebody may have put a file there while we wrote
        _move(draft, place)
    except BaseException:  # an interrupt too: what is half written is of no use to anybody
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _move(draft: Path, place: Path) -> None:
    if not place.exists():
        draft.rename(place)
        return
    earlier = draft.with_suffix(".old")
    place.rename(earlier)
    try:
        draft.rename(place)
    except OSError:
        earlier.rename(place)
        raise
    shutil.rmtree(earlier)


def list_files(folder: Path) -> list[dict[str, Any]]:
    """Every file below, in order, with its size and SHA-256."""
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    return [{"path": name, "bytes": path.stat().st_size, "sha256": sha256_of(path)} for name, path in files]


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, without holding it in memory."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
