"""Where a report goes: a page in the folder one stands in, in place of nothing but an earlier report."""

import os
from pathlib import Path
from typing import Final

from client.commands.report_page import MARK
from data.reporting.reporting import StudyReport
from data.shares.folder_share import MARK_NAME
from data.station import Station

SUFFIXES: Final = (".html", ".htm")
_HEAD_BYTES: Final = 512
"""The mark of a page of ours stands in its first lines."""


class PlaceError(ValueError):
    """A report cannot go there; the text says why. The user's to mend."""


def default_name(report: StudyReport) -> str:
    """A name for the page: of one session with its run, so that repeated sessions do not replace each other's."""
    studies = sorted({session.study for session in report.sessions})
    if len(report.sessions) == 1:
        (session,) = report.sessions
        return f"report_{session.study}_dyad-{session.dyad}_ses-{session.session}_run-{session.run}.html"
    return f"report_{'_'.join(studies[:3])}.html"


def check_place(target: Path) -> None:
    """Refuse what is not ours to replace, and folders that hold recordings and nothing else.

    Raises:
        PlaceError: it is no name of a page, there is no such folder, or something that is no report lies there.
        OSError: it cannot be looked at.
    """
    if target.suffix.lower() not in SUFFIXES:
        raise PlaceError(f"--to: expected a file that ends in .html, got {target}")
    place = target.absolute()
    if not place.parent.is_dir():
        raise PlaceError(f"--to {target}: there is no folder {place.parent}")
    for folder in place.resolve().parents:
        if (folder / MARK_NAME).is_file() or Station(folder).identity_file.is_file():
            raise PlaceError(f"{place} would lie among the recordings of {folder}: name another place with --to")
    if place.exists() and not is_report(place):
        raise PlaceError(f"{place} is there, and it is no report: nothing was written. Name another file with --to")


def is_report(path: Path) -> bool:
    """Whether a file is a page of ours."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return MARK.encode() in file.read(_HEAD_BYTES)


def write_report(target: Path, text: str) -> None:
    """The whole page under its name, or what was there before.

    Raises:
        OSError: it cannot be written.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(target)
    except BaseException:  # an interrupt too: half a page is of no use to anybody
        draft.unlink(missing_ok=True)
        raise
