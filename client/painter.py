"""Draws one window: a whole frame from one value. Asks nobody, decides nothing, waits for nothing.

What seldom changes (the board, the panels, every figure and text) is drawn once and kept; a frame then says what lies
where, and only what differs from the last one is copied. Nothing is stretched: another window size draws everything
anew.
"""

from collections.abc import Sequence
from typing import Final

import pygame

from client import board
from client.actors import Actors
from client.canvas import Canvas
from client.cards import Cards
from client.controls import USUAL_CAPS, KeyCaps
from client.hud import Hud
from client.layout import Layout, layout_for
from client.lettering import Lettering
from client.notices import Notices
from client.panel_cards import PanelCards, Values
from client.picture import Picture
from client.shapes import fall, put, shadow
from client.side_panel import SidePanel
from client.sprites import Sprites
from client.stage import Stage
from client.texts import Texts
from client.theme import Theme
from games.contract import FLOOR, WALL, GuideLine, Scene

EMPTY_SIDE: Final = 13
EMPTY_BOARD: Final = Scene(
    EMPTY_SIDE,
    EMPTY_SIDE,
    bytes(WALL if {x, y} & {0, EMPTY_SIDE - 1} else FLOOR for y in range(EMPTY_SIDE) for x in range(EMPTY_SIDE)),
    (),
    (0, 0),
    0,
    0,
)
"""What the window shows while there is no scene yet."""


class Painter:
    """The painter of one window. Pygame's display and font modules must be ready.

    `guide` are the lines on how to score, and `guide_values` what their texts' placeholders stand for; `keys` are those
    that are shown.
    """

    def __init__(
        self,
        theme: Theme,
        texts: Texts,
        *,
        guide: Sequence[GuideLine] = (),
        guide_values: Values | None = None,
        keys: KeyCaps = USUAL_CAPS,
    ) -> None:
        lettering, sprites = Lettering(theme), Sprites(theme)
        self._theme = theme
        self._lettering = lettering
        self._sprites = sprites
        self._actors = Actors(theme, texts, lettering, sprites)
        self._hud = Hud(theme, texts, lettering, sprites)
        self._panel = SidePanel(
            theme,
            sprites,
            PanelCards(theme, texts, lettering, sprites, guide, guide_values or {}, keys),
        )
        self._stage = Stage()
        self._canvas = Canvas()
        self._notices = Notices(theme, texts, lettering)
        self._cards = Cards(theme, texts, lettering, sprites)
        self._layout: tuple[object, Layout] | None = None
        self._backdrop_key: object = None
        self._backdrop = pygame.Surface((1, 1))
        self._moment: tuple[int, str] | None = None

    def forget(self) -> None:
        """Somebody else may have drawn on the surface: draw all of it the next time."""
        self._canvas.forget()

    def paint(self, surface: pygame.Surface, picture: Picture) -> bool:
        """Draw a picture; whether a pixel may have changed since the last one.

        What lies on the surface from the last time is built upon, so nobody else may draw on it without `forget`.
        """
        self._begin(picture)
        scene = picture.scene
        ground = scene or EMPTY_BOARD
        layout = self._layout_for(surface.get_size(), ground.columns, ground.rows)
        backdrop = self._backdrop_for(surface, layout, ground)
        self._stage.set((layout, self._panel.arrangement(picture)), backdrop)
        self._hud.lay(self._stage, layout, picture)
        self._panel.lay(self._stage, layout, picture)
        actors = [] if scene is None else self._actors.items(layout, picture, scene)
        veil = self._cards.veil(layout, picture)
        on_board = [*veil, *actors] if picture.phase == "countdown" else [*actors, *veil]
        above = [
            *self._hud.time(layout, picture),
            *self._cards.items(layout, picture),
            *self._panel.items(layout, picture),
            *self._notices.items(layout, picture),
        ]
        changes = self._stage.take_changes()
        return self._canvas.show(surface, self._stage.surface, changes, (layout.board, on_board), above)

    def jump(self) -> None:
        """The next picture does not follow from the last one: nothing glides or pops on its way there."""
        self._actors.forget()

    def _begin(self, picture: Picture) -> None:
        """Nothing on a new round's board comes from somewhere on the last one's."""
        moment = (picture.round, "board" if picture.scene else "")
        if moment != self._moment:
            self._moment = moment
            self._actors.forget()

    def _layout_for(self, size: tuple[int, int], columns: int, rows: int) -> Layout:
        """The layout, the same object as long as nothing about it changes."""
        key = (size, columns, rows)
        if self._layout is None or self._layout[0] != key:
            self._layout = (key, layout_for(size, columns, rows))
        return self._layout[1]

    def _backdrop_for(self, surface: pygame.Surface, layout: Layout, ground: Scene) -> pygame.Surface:
        key = (layout, ground.tiles)
        if key != self._backdrop_key:
            self._backdrop_key = key
            self._backdrop = self._render_backdrop(layout, ground).convert(surface)
        return self._backdrop

    def _render_backdrop(self, layout: Layout, ground: Scene) -> pygame.Surface:
        theme = self._theme
        backdrop = fall(layout.size, theme.backdrop_top, theme.backdrop_bottom)
        below = layout.board.inflate(layout.tile, layout.tile * 0.7).move(0, layout.tile // 4)
        put(backdrop, shadow(below.size, 130), topleft=below.topleft)
        put(backdrop, board.render(ground, layout.tile, theme, self._sprites), topleft=layout.board.topleft)
        return backdrop
