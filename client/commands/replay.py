"""What `dyadgrid replay` checks before a window opens: its wishes, its files, and what there is to say about them."""

from dataclasses import dataclass
from pathlib import Path

from client.commands.terminal import open_console, say
from client.replay.files import Opened, open_replay
from client.replay.record import ReplayError
from client.replay.strip import Choice
from games.contract import Seat


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asks for. `seat` is a word, or None for the files' own."""

    path: Path
    local: Path | None
    seat: str | None
    is_shown: bool
    frame: int


def prepare(wishes: Wishes) -> tuple[Opened, Choice]:
    """Read the files, say what is wrong with them, and choose what is looked at first.

    Raises:
        ReplayError: it cannot be shown; the text says why.
        OSError: a folder cannot be read.
    """
    if wishes.seat not in (None, "left", "right"):
        raise ReplayError(f"--seat: expected left or right, got {wishes.seat!r}")
    opened = open_replay(wishes.path, wishes.local, None if wishes.seat is None else Seat[wishes.seat.upper()])
    scenes = opened.scenes
    if wishes.frame >= scenes.frames:
        raise ReplayError(f"--frame: expected a frame from 0 to {scenes.frames - 1}, got {wishes.frame}")
    if wishes.is_shown and not scenes.can_show(opened.seat):
        raise ReplayError(f"--shown: no local record of the {opened.seat.word} seat beside {opened.path}")
    console = open_console(stderr=True)
    for remark in opened.remarks:
        say(console, remark, "yellow")
    return opened, Choice(opened.seat, wishes.is_shown)
