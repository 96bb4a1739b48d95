"""The window of a replay, and its pictures without one: the client's painter above, the strip below."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pygame

from client.events import Uncovered
from client.painter import Painter
from client.picture import Picture
from client.replay.deck import Deck
from client.replay.deck_layout import DESIGN_SIZE, SMALLEST_WINDOW, DeckLayout, deck_layout_for
from client.replay.desk import Desk
from client.replay.files import Opened
from client.replay.playhead import Position
from client.replay.progress_card import ProgressCard
from client.replay.record import ReplayError
from client.replay.scenes import Scenes
from client.replay.sights import LateSights
from client.replay.strip import Choice, Lanes, Strip
from client.seat import DisplayError, check_display
from client.settings import Settings
from client.texts import Texts, guide_values
from client.theme import Theme
from client.window import Window
from games.contract import Seat
from netcode.limits import SECOND
from netcode.metronome import Metronome

DRAWINGS_PER_SECOND: Final = 60
DESKTOP_BARS: Final = 90
"""Room for a title bar and the desktop's own bars."""
WORK_NS: Final = SECOND // 80
"""Of each drawing's time, at most so much goes into working out what was shown: the window answers meanwhile."""
TICKS_AT_ONCE: Final = 20
"""As many as are gone through in a millisecond or two."""


class Artist:
    """Draws moments of one replay onto surfaces of any size."""

    def __init__(self, scenes: Scenes, looks: Settings) -> None:
        terms, game = scenes.record.terms.terms, scenes.record.game
        theme = Theme(text_scale=looks.text_size, reduced_motion=looks.reduced_motion)
        self.texts = texts = Texts(looks.language)
        values = guide_values(dict(terms.config), terms.tick_rate)
        self._painter = Painter(theme, texts, guide=game.guide, guide_values=values)
        self._deck = Deck(theme, texts, scenes.frames, scenes.record.frames, scenes.mark)
        self._progress = ProgressCard(theme, texts)
        self._jumps = 0
        self._view: tuple[object, pygame.Surface] = (None, pygame.Surface((1, 1)))

    def forget(self) -> None:
        """Somebody else may have drawn on the surface: draw all of it the next time."""
        self._painter.forget()

    def paint(
        self, surface: pygame.Surface, layout: DeckLayout, picture: Picture, strip: Strip, lanes: Lanes, jumps: int
    ) -> None:
        """Draw everything. `jumps` differs from the last call's if the picture does not follow from the last one."""
        if jumps != self._jumps:
            self._jumps = jumps
            self._painter.jump()
        self._painter.paint(self._view_of(surface, layout.view.clip(surface.get_rect())), picture)
        self._deck.paint(surface, layout, strip, lanes)

    def paint_progress(self, surface: pygame.Surface, layout: DeckLayout, seat: Seat, share: float) -> None:
        """Say over the picture that what a seat saw is being worked out, and how much of it is done."""
        self._progress.paint(surface, layout, seat, share)
        self.forget()

    def _view_of(self, surface: pygame.Surface, box: pygame.Rect) -> pygame.Surface:
        """The painter's part of a surface: the same object each time, as the painter builds upon its last drawing.

        A window that is resized keeps its surface object and gets other pixels: then a part of the old ones is no use.
        """
        key = (surface, surface._pixels_address, tuple(box))
        if key != self._view[0]:
            self._view = (key, surface.subsurface(box))
        return self._view[1]


def write_png(scenes: Scenes, choice: Choice, frame: int, path: Path, looks: Settings) -> None:
    """Write what the window shows at a frame in a pause, without a display.

    Raises:
        ReplayError: there is no such frame, or the file cannot be written.
    """
    if not 0 <= frame < scenes.frames:
        raise ReplayError(f"--png: expected a frame from 0 to {scenes.frames - 1}, got {frame}")
    if path.suffix.lower() != ".png":
        raise ReplayError(f"--png: expected a file that ends in .png, got {path}")
    pygame.font.init()
    surface = pygame.Surface(DESIGN_SIZE)
    desk = Desk(scenes, choice)
    desk.playhead.jump(frame, 0)
    position = desk.playhead.at(0)
    artist = Artist(scenes, looks)
    picture, strip = drawn(desk, position, artist.texts)
    artist.paint(surface, deck_layout_for(DESIGN_SIZE), picture, strip, desk.lanes, 1)
    try:
        with path.open("wb") as file:
            pygame.image.save(surface, file, "out.png")
    except OSError as error:
        raise ReplayError(f"cannot write {path}: {error.strerror or error}") from error


def drawn(desk: Desk, position: Position, texts: Texts, choice: Choice | None = None) -> tuple[Picture, Strip]:
    """What is to be drawn at a position, of the desk's choice or of another one."""
    scenes, playhead, choice = desk.scenes, desk.playhead, choice or desk.choice
    picture = scenes.picture(choice, position, texts)
    strip = scenes.strips.at(choice, position, playhead.quarters, is_playing=playhead.is_playing)
    return picture, strip


def show_window(
    opened: Opened, choice: Choice, frame: int, looks: Settings, *, full_screen: bool, clock: Callable[[], int]
) -> None:
    """Open the window at a frame, and come back when it was closed.

    Raises:
        ReplayError: there is no display.
    """
    try:
        check_display()
    except DisplayError as error:
        raise ReplayError(
            "no window can be opened here: there is no display. --png writes a picture without"
        ) from error
    window = Window(
        f"dyadgrid replay - {opened.path.name}",
        headless=False,
        size=_window_size(),
        smallest=SMALLEST_WINDOW,
        class_name="dyadgrid-replay",
        has_pointer=True,
    )
    try:
        if full_screen:
            window.toggle_full_screen()
        desk = Desk(opened.scenes, choice)
        desk.playhead.jump(frame, clock())
        _Show(window, Artist(opened.scenes, looks), desk, opened.sights, clock).run()
    finally:
        window.close()


def _window_size() -> tuple[int, int]:
    width, height = pygame.display.get_desktop_sizes()[0]
    return min(DESIGN_SIZE[0], width), min(DESIGN_SIZE[1], height - DESKTOP_BARS)


class _Show:
    """The loop: look at the events, draw, wait for an absolute time."""

    def __init__(
        self, window: Window, artist: Artist, desk: Desk, sights: LateSights, clock: Callable[[], int]
    ) -> None:
        self._window = window
        self._artist = artist
        self._desk = desk
        self._sights = sights
        self._clock = clock
        self._drawings = Metronome(DRAWINGS_PER_SECOND, clock())
        self._last: object = None

    def run(self) -> None:
        """Until somebody closes it."""
        while not self._desk.wants_close:
            self._wait()
            now = self._clock()
            layout = deck_layout_for(self._window.surface.get_size())
            for event in self._window.poll(now):
                self._desk.feed(event, layout, now)
                if isinstance(event, Uncovered):
                    self._last = None
                    self._artist.forget()
            self._desk.run(now)
            share = self._work_out(now)
            self._desk.is_ready = share >= 1
            self._draw(now, share)

    def _work_out(self, now: int) -> float:
        """Go on with what must be known before the choice can be drawn, but not for long; how much of it is done."""
        choice = self._desk.choice
        if choice.seat not in self._sights or not (choice.is_shown or choice.has_figures):
            return 1.0
        share = self._sights.go_on(choice.seat, 0)
        while share < 1 and self._clock() - now < WORK_NS:
            share = self._sights.go_on(choice.seat, TICKS_AT_ONCE)
        return share

    def _wait(self) -> None:
        due = self._drawings.due(self._clock())
        if due > 1:
            self._drawings.restart(self._clock())  # what was late is not drawn afterwards
        else:
            self._drawings.ticked()
        left = self._drawings.deadline - self._clock()
        if left > 0:
            time.sleep(left / SECOND)

    def _draw(self, now: int, share: float) -> None:
        surface, desk = self._window.surface, self._desk
        playhead, position = desk.playhead, desk.playhead.at(now)
        content = (position, desk.choice, share, playhead.quarters, playhead.is_playing, surface.get_size())
        if content == self._last:
            return  # nothing moves in a pause
        self._last = content
        # Until it is known what was shown, what is true stands there.
        choice = desk.choice if share >= 1 else desk.choice._replace(is_shown=False, has_figures=False)
        picture, strip = drawn(desk, position, self._artist.texts, choice)
        layout = deck_layout_for(surface.get_size())
        self._artist.paint(surface, layout, picture, strip, desk.lanes_of(choice), playhead.jumps)
        if share < 1:
            self._artist.paint_progress(surface, layout, choice.seat, share)
        self._window.flip()
