"""Players and gems as a window shows them: where each of them stands now and how it looks. Draws nothing itself.

Gems never move, so each of them is one surface, with its shadow, for every step of its slow rise and fall.
"""

from itertools import product
from math import pi, sin
from operator import itemgetter
from typing import Final, NamedTuple

import pygame

from client.canvas import Item, centred
from client.layout import Layout
from client.lettering import Lettering, Style
from client.motion import Burst, Motion, Placed
from client.picture import Picture
from client.shapes import put
from client.sprites import DOWN, LEFT, RIGHT, UP, Sprites
from client.texts import Texts
from client.theme import Colour, Theme, blend
from games.contract import Scene

PLAYER_SHARE: Final = 0.98
GEM_SHARE: Final = 0.56
BADGE_SHARE: Final = 0.38
"""Sizes of a player, a gem on the floor and a carried one, in shares of a cell."""

HOP_SHARE: Final = 0.07
"""How high a step lifts a player, in shares of a cell."""
BOB_SHARE: Final = 0.035
BOB_NS: Final = 1_700_000_000
BEATS: Final = 32
"""Steps of a gem's rise and fall; neighbours are a few of them apart."""
BLINK_EVERY_NS: Final = 4_300_000_000
BLINK_NS: Final = 130_000_000
KEPT_LOOKS: Final = 256
"""Players' surfaces that stay drawn, of 20 kB each in a usual window: as many as an ordinary round shows."""


_TagLook = tuple[str, Colour, Colour, Colour | None]
"""A tag's text key, and the colours of its letters, its plate and the plate's edge."""


class _PlayerLook(NamedTuple):
    """What decides what a player's surface looks like: all that the figure itself depends on, how far it is lifted
    above its shadow, and whether it carries something.
    """

    seat: int
    size: int
    facing: int
    blinks: bool
    is_absent: bool
    lift: int
    carries: bool


class _Wardrobe(NamedTuple):
    """What is the same for all drawings in one layout. `gems` has a surface for each beat; the rest comes as needed."""

    layout: Layout
    gems: list[pygame.Surface]
    shadow: pygame.Surface
    badge: pygame.Surface
    players: dict[_PlayerLook, pygame.Surface]
    tags: dict[_TagLook, pygame.Surface]


class Actors:
    """Everyone and everything on one window's board."""

    def __init__(self, theme: Theme, texts: Texts, lettering: Lettering, sprites: Sprites) -> None:
        self._theme = theme
        self._texts = texts
        self._lettering = lettering
        self._sprites = sprites
        self._motion = Motion(reduced=theme.reduced_motion)
        self._wardrobe: _Wardrobe | None = None
        self._unseen: list[tuple[int, int, bool]] = []

    def forget(self) -> None:
        """A new round: nothing on the board comes from somewhere."""
        self._motion.forget()

    def items(self, layout: Layout, picture: Picture, scene: Scene) -> list[Item]:
        """What lies on the board, from the farthest to the nearest, and the players' tags above all of it."""
        wardrobe = self._wardrobe
        if wardrobe is None or wardrobe.layout is not layout:
            wardrobe = self._wardrobe = self._dress(layout)
        if picture.phase == "countdown" and self._unseen:
            self._draw_ahead(layout.tile, *self._unseen.pop())
        players = [sprite for sprite in scene.sprites if sprite.kind == "player"]
        placed, bursts = self._motion.place(players, picture.progress, picture.now_ns)
        rows = [(each.y, each.sprite.seat, self._player(wardrobe, picture, each)) for each in placed]
        rows += self._gems(wardrobe, picture, scene)
        rows.sort(key=itemgetter(0, 1))
        items = [self._burst(layout, burst) for burst in bursts]
        items += [figure for _, _, figure in rows]
        items += [self._tag(wardrobe, picture, each) for each in placed]
        return items

    def _dress(self, layout: Layout) -> _Wardrobe:
        tile = layout.tile
        bobs = [
            0 if self._theme.reduced_motion else round(sin(2 * pi * beat / BEATS) * BOB_SHARE * tile)
            for beat in range(BEATS)
        ]
        self._unseen = list(product((0, 1), (UP, RIGHT, DOWN, LEFT), (False, True)))
        drawn = {bob: self._gem(tile, bob) for bob in set(bobs)}
        return _Wardrobe(
            layout=layout,
            gems=[drawn[bob] for bob in bobs],
            shadow=self._sprites.shadow(_even(tile * 0.84)),
            badge=self._sprites.gem(_even(tile * BADGE_SHARE)),
            players={},
            tags={},
        )

    def _draw_ahead(self, tile: int, seat: int, facing: int, blinks: bool) -> None:
        """One look of a player, drawn while nobody plays: the first time takes milliseconds."""
        self._sprites.player(seat, _even(tile * PLAYER_SHARE), facing, blinks=blinks)

    def _gem(self, tile: int, bob: int) -> pygame.Surface:
        """A gem on its shadow, `bob` pixels below its middle height, in a square of one cell."""
        cell = pygame.Surface((tile, tile), pygame.SRCALPHA)
        middle = tile // 2
        put(cell, self._sprites.shadow(_even(tile * 0.52)), center=(middle, middle + round(tile * 0.27)))
        put(cell, self._sprites.gem(_even(tile * GEM_SHARE)), center=(middle, middle - round(tile * 0.03) + bob))
        return cell

    def _gems(self, wardrobe: _Wardrobe, picture: Picture, scene: Scene) -> list[tuple[float, int, Item]]:
        """Each gem's row, a seat behind those of all players, and its item."""
        (left, top), tile = wardrobe.layout.board.topleft, wardrobe.layout.tile
        beat, gems = picture.now_ns * BEATS // BOB_NS, wardrobe.gems
        rows: list[tuple[float, int, Item]] = []
        for sprite in scene.sprites:
            if sprite.kind != "player":
                x, y = sprite.x, sprite.y
                gem = gems[(beat + x * 12 + y * 7) % BEATS]
                rows.append((y, -1, (gem, (left + x * tile, top + y * tile))))
        return rows

    def _player(self, wardrobe: _Wardrobe, picture: Picture, each: Placed) -> Item:
        """A player on its shadow, with what it carries: one surface for each look, and looks come back."""
        sprite, tile = each.sprite, wardrobe.layout.tile
        look = _PlayerLook(
            sprite.seat,
            _even(tile * PLAYER_SHARE * each.swell),
            sprite.facing,
            self._blinks(picture.now_ns, sprite.seat),
            _is_absent(picture, sprite.seat),
            round(tile * (0.04 + HOP_SHARE * sin(pi * each.stride))),
            sprite.carries > 0,
        )
        figure = wardrobe.players.get(look)
        if figure is None:
            if len(wardrobe.players) >= KEPT_LOOKS:
                wardrobe.players.clear()
            figure = wardrobe.players[look] = self._dressed(wardrobe, look)
        return centred(figure, *_centre(wardrobe.layout, each))

    def _dressed(self, wardrobe: _Wardrobe, look: _PlayerLook) -> pygame.Surface:
        tile, shadow, badge = wardrobe.layout.tile, wardrobe.shadow, wardrobe.badge
        below, aside, above = round(tile * 0.36), round(tile * 0.31), round(tile * 0.29) + look.lift
        reach = max(look.size // 2 + look.lift, below + shadow.get_height(), aside + badge.get_width()) + 1
        whole = pygame.Surface((2 * reach, 2 * reach), pygame.SRCALPHA)
        figure = self._sprites.player(look.seat, look.size, look.facing, blinks=look.blinks, absent=look.is_absent)
        put(whole, shadow, center=(reach, reach + below))
        put(whole, figure, center=(reach, reach - look.lift))
        if look.carries:
            put(whole, badge, center=(reach + aside, reach - above))
        return whole

    def _tag(self, wardrobe: _Wardrobe, picture: Picture, each: Placed) -> Item:
        theme, seat, layout = self._theme, each.sprite.seat, wardrobe.layout
        colours = theme.players[seat]
        look: _TagLook
        if _is_absent(picture, seat):
            look = ("tag.away", theme.well, theme.text_quiet, None)
        elif seat == picture.seat:
            look = ("tag.you", colours.ink, colours.base, None)
        else:
            look = ("tag.partner", colours.base, theme.well, blend(theme.well, colours.base, 0.5))
        tag = wardrobe.tags.get(look)
        if tag is None:
            tag = wardrobe.tags[look] = self._render_tag(layout.tile, *look)
        x, y = _centre(layout, each)
        return tag, (x - tag.get_width() // 2, y - round(layout.tile * 0.46) - tag.get_height())

    def _render_tag(self, tile: int, key: str, ink: Colour, fill: Colour, edge: Colour | None) -> pygame.Surface:
        label = self._lettering.text(self._texts(key), Style(max(8.0, tile * 0.215), "bold", ink))
        high = label.get_height() + max(1, tile // 24)
        tag = self._sprites.plate((label.get_width() + high, high), high // 2, fill, edge).copy()
        put(tag, label, center=tag.get_rect().center)
        return tag

    def _burst(self, layout: Layout, burst: Burst) -> Item:
        tile = layout.tile
        step = round(burst.share * 8)
        size = _even(tile * (0.8 + 0.09 * step))
        ring = self._sprites.ring(size, max(1, tile // 20), self._theme.gem_light, 200 - 24 * step)
        x = layout.board.left + round((burst.x + 0.5) * tile)
        y = layout.board.top + round((burst.y + 0.5) * tile)
        return centred(ring, x, y)

    def _blinks(self, now_ns: int, seat: int) -> bool:
        if self._theme.reduced_motion:
            return False
        return (now_ns + seat * BLINK_EVERY_NS // 3) % BLINK_EVERY_NS < BLINK_NS


def _is_absent(picture: Picture, seat: int) -> bool:
    return picture.is_partner_away and seat != picture.seat


def _centre(layout: Layout, each: Placed) -> tuple[int, int]:
    """The middle of a sprite's place, in pixels."""
    return (
        layout.board.left + round((each.x + 0.5) * layout.tile),
        layout.board.top + round((each.y + 0.5) * layout.tile),
    )


def _even(length: float) -> int:
    """Whole pixels, even: a figure's middle then falls between two pixels wherever it stands."""
    return max(2, round(length / 2) * 2)
