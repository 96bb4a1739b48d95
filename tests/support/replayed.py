"""Replays of episodes that were lived through in virtual time, and what one sees of them at a frame."""

from pathlib import Path

import pygame

from client.replay.deck_layout import DESIGN_SIZE, deck_layout_for
from client.replay.desk import Desk
from client.replay.files import Opened, open_replay
from client.replay.show import Artist, drawn
from client.replay.strip import Choice
from client.settings import Settings
from games.contract import Seat
from netcode.limits import MILLISECOND, SECOND
from tests.support.lived import Absence, Freeze, Life, Lived, live, write

ROUGH = Life(
    frames=240,
    tick_rate=30,
    window_frames=15,
    lag_ns=60 * MILLISECOND,
    jitter_ns=40 * MILLISECOND,
    loss=0.1,
    freezes=(Freeze(Seat.RIGHT, 150, 3 * SECOND // 2),),
    absences=(Absence(Seat.LEFT, 60, 100),),
)
"""A bad network, a program that stood still, a seat that was away: everything that makes a screen untrue or late."""


def recorded(life: Life, root: Path) -> tuple[Path, tuple[Lived, Lived]]:
    """The folder of an episode with both seats' records, and the seats as they lived it."""
    seats = live(life)
    folders = {write(lived, root) for lived in seats}
    (folder,) = folders
    return folder, seats


def opened(life: Life, root: Path) -> Opened:
    """A replay of it."""
    return open_replay(recorded(life, root)[0])


class Viewer:
    """Draws what a window shows of a replay that stands at a frame."""

    def __init__(self, replay: Opened, language: str = "en", text_size: float = 1.0) -> None:
        self._replay = replay
        self._artist = Artist(replay.scenes, Settings(language=language, text_size=text_size))
        self._drawn = 0

    def at(self, choice: Choice, frame: int, size: tuple[int, int] = DESIGN_SIZE) -> pygame.Surface:
        """The pixels of a window of this size."""
        desk = Desk(self._replay.scenes, choice)
        desk.playhead.jump(frame, 0)
        surface = pygame.Surface(size)
        picture, strip = drawn(desk, desk.playhead.at(0), self._artist.texts)
        self._drawn += 1
        self._artist.paint(surface, deck_layout_for(size), picture, strip, desk.lanes, self._drawn)
        return surface


def bytes_of(pixels: pygame.Surface) -> bytes:
    """Pixels, to be compared."""
    return pygame.image.tobytes(pixels, "RGB")
