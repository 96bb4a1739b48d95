"""Draws one window: a whole frame from one value. Asks nobody, decides nothing, waits for nothing.

What seldom changes (the board, the panels, every figure and text) is drawn once and kept; a frame is then a few dozen
copies. Nothing is stretched: another window size draws everything anew.
"""

from collections.abc import Sequence
from math import pi, sin
from typing import Final

import pygame

from client import board
from client.cards import Cards
from client.hud import Hud
from client.layout import Layout, layout_for
from client.lettering import Lettering, Style
from client.motion import Burst, Motion, Placed
from client.notices import Notices
from client.panel_cards import PanelCards, Values
from client.picture import Picture
from client.shapes import fall, put, shadow
from client.side_panel import SidePanel
from client.sprites import Sprites
from client.stage import Stage
from client.texts import Texts
from client.theme import Theme, blend
from games.contract import FLOOR, WALL, GuideLine, Scene

PLAYER_SHARE: Final = 0.98
GEM_SHARE: Final = 0.56
BADGE_SHARE: Final = 0.38
"""Sizes of a player, a gem on the floor and a carried one, in shares of a cell."""

HOP_SHARE: Final = 0.07
"""How high a step lifts a player, in shares of a cell."""
BOB_SHARE: Final = 0.035
BOB_NS: Final = 1_700_000_000
BLINK_EVERY_NS: Final = 4_300_000_000
BLINK_NS: Final = 130_000_000

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

    `guide` are the lines on how to score, and `guide_values` what their texts' placeholders stand for.
    """

    def __init__(
        self, theme: Theme, texts: Texts, *, guide: Sequence[GuideLine] = (), guide_values: Values | None = None
    ) -> None:
        self._theme = theme
        self._texts = texts
        self._lettering = Lettering(theme)
        self._sprites = Sprites(theme)
        self._motion = Motion(reduced=theme.reduced_motion)
        self._hud = Hud(theme, texts, self._lettering, self._sprites)
        self._panel = SidePanel(
            theme,
            self._sprites,
            PanelCards(theme, texts, self._lettering, self._sprites, guide, guide_values or {}),
        )
        self._stage = Stage()
        self._notices = Notices(theme, texts, self._lettering)
        self._cards = Cards(theme, texts, self._lettering, self._sprites)
        self._backdrop_key: object = None
        self._backdrop = pygame.Surface((1, 1))
        self._moment: tuple[int, str] | None = None

    def paint(self, surface: pygame.Surface, picture: Picture) -> None:
        """Draw a picture; everything on the surface is drawn over."""
        self._begin(picture)
        scene = picture.scene
        ground = scene or EMPTY_BOARD
        layout = layout_for(surface.get_size(), ground.columns, ground.rows)
        backdrop = self._backdrop_for(surface, layout, ground)
        self._stage.set((layout, self._panel.arrangement(picture)), backdrop)
        self._hud.lay(self._stage, layout, picture)
        self._panel.lay(self._stage, layout, picture)
        surface.blit(self._stage.surface, (0, 0))
        self._hud.paint_time(surface, layout, picture)
        if scene is not None:
            surface.set_clip(layout.board)
            self._paint_scene(surface, layout, picture, scene)
            surface.set_clip(None)
        self._cards.paint(surface, layout, picture)
        self._notices.paint(surface, layout, picture)

    def jump(self) -> None:
        """The next picture does not follow from the last one: nothing glides or pops on its way there."""
        self._motion.forget()

    def _begin(self, picture: Picture) -> None:
        """Nothing on a new round's board comes from somewhere on the last one's."""
        moment = (picture.round, "board" if picture.scene else "")
        if moment != self._moment:
            self._moment = moment
            self._motion.forget()

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

    def _paint_scene(self, surface: pygame.Surface, layout: Layout, picture: Picture, scene: Scene) -> None:
        placed, bursts = self._motion.place(scene, picture.progress, picture.now_ns)
        for burst in bursts:
            self._paint_burst(surface, layout, burst)
        for each in sorted(placed, key=lambda each: (each.y, each.sprite.seat)):
            if each.sprite.kind == "player":
                self._paint_player(surface, layout, picture, each)
            else:
                self._paint_gem(surface, layout, picture, each)
        for each in placed:
            if each.sprite.kind == "player":
                self._paint_tag(surface, layout, picture, each)

    def _paint_gem(self, surface: pygame.Surface, layout: Layout, picture: Picture, each: Placed) -> None:
        tile = layout.tile
        x, y = _centre(layout, each)
        put(surface, self._sprites.shadow(_even(tile * 0.52)), center=(x, y + round(tile * 0.27)))
        phase = picture.now_ns / BOB_NS + each.sprite.x * 0.37 + each.sprite.y * 0.21
        bob = 0 if self._theme.reduced_motion else round(sin(2 * pi * (phase % 1.0)) * BOB_SHARE * tile)
        put(surface, self._sprites.gem(_even(tile * GEM_SHARE)), center=(x, y - round(tile * 0.03) + bob))

    def _paint_player(self, surface: pygame.Surface, layout: Layout, picture: Picture, each: Placed) -> None:
        tile, sprite = layout.tile, each.sprite
        x, y = _centre(layout, each)
        is_absent = self._is_absent(picture, sprite.seat)
        put(surface, self._sprites.shadow(_even(tile * 0.84)), center=(x, y + round(tile * 0.36)))
        lift = round(tile * (0.04 + HOP_SHARE * sin(pi * each.stride)))
        size = _even(tile * PLAYER_SHARE * each.swell)
        blinks = self._blinks(picture.now_ns, sprite.seat)
        figure = self._sprites.player(sprite.seat, size, sprite.facing, blinks=blinks, absent=is_absent)
        put(surface, figure, center=(x, y - lift))
        if sprite.carries:
            badge = self._sprites.gem(_even(tile * BADGE_SHARE))
            put(surface, badge, center=(x + round(tile * 0.31), y - lift - round(tile * 0.29)))

    def _paint_tag(self, surface: pygame.Surface, layout: Layout, picture: Picture, each: Placed) -> None:
        theme, seat, tile = self._theme, each.sprite.seat, layout.tile
        colours = theme.players[seat]
        if self._is_absent(picture, seat):
            words, ink, fill, edge = self._texts("tag.away"), theme.well, theme.text_quiet, None
        elif seat == picture.seat:
            words, ink, fill, edge = self._texts("tag.you"), colours.ink, colours.base, None
        else:
            words, ink, fill, edge = (
                self._texts("tag.partner"),
                colours.base,
                theme.well,
                blend(theme.well, colours.base, 0.5),
            )
        label = self._lettering.text(words, Style(max(8.0, tile * 0.215), "bold", ink))
        high = label.get_height() + max(1, tile // 24)
        plate = self._sprites.plate((label.get_width() + high, high), high // 2, fill, edge)
        x, y = _centre(layout, each)
        box = put(surface, plate, midbottom=(x, y - round(tile * 0.46)))
        put(surface, label, center=box.center)

    def _paint_burst(self, surface: pygame.Surface, layout: Layout, burst: Burst) -> None:
        tile = layout.tile
        step = round(burst.share * 8)
        size = _even(tile * (0.8 + 0.09 * step))
        ring = self._sprites.ring(size, max(1, tile // 20), self._theme.gem_light, 200 - 24 * step)
        x = layout.board.left + round((burst.x + 0.5) * tile)
        y = layout.board.top + round((burst.y + 0.5) * tile)
        put(surface, ring, center=(x, y))

    def _is_absent(self, picture: Picture, seat: int) -> bool:
        return picture.is_partner_away and seat != picture.seat

    def _blinks(self, now_ns: int, seat: int) -> bool:
        if self._theme.reduced_motion:
            return False
        return (now_ns + seat * BLINK_EVERY_NS // 3) % BLINK_EVERY_NS < BLINK_NS


def _centre(layout: Layout, each: Placed) -> tuple[int, int]:
    """The middle of a sprite's place, in pixels."""
    return (
        layout.board.left + round((each.x + 0.5) * layout.tile),
        layout.board.top + round((each.y + 0.5) * layout.tile),
    )


def _even(length: float) -> int:
    """Whole pixels, even: a figure's middle then falls between two pixels wherever it stands."""
    return max(2, round(length / 2) * 2)
