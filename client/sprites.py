"""The figures on the board and in the panels, drawn once per size and kept. Knows no scene, no layout and no time.

Every figure is drawn by shapes, so there are no picture files and it is sharp at any size. All surfaces are square,
hold their figure in the middle and have premultiplied alpha.
"""

from typing import Final, Literal

import pygame

from client.shapes import FINENESS, drawn, glow, panel, shadow
from client.theme import Colour, PlayerColours, Theme, blend

Eyes = Literal["open", "shut"]
KEPT_FIGURES: Final = 1024
"""More than two players' four facings, two eyes, and ten sizes of each, on the board and in the panels."""

LARGE_SIZES: Final = tuple(round(64 * 1.25**step) for step in range(24))
"""Sizes in which players are drawn to be scaled down, up to those of a cell of thousands of pixels."""

UP, RIGHT, DOWN, LEFT = range(4)
GAZES: Final = {UP: (0.0, -0.11), RIGHT: (0.11, -0.02), DOWN: (0.0, 0.06), LEFT: (-0.11, -0.02)}
"""Where the eyes sit for each facing, in shares of the figure's size from its middle."""

FADED_SHARE: Final = 0.62
"""How far an absent player's colours go towards grey."""
GREY: Final[Colour] = (112, 119, 140)


class Sprites:
    """The wardrobe of one window. Memory is bounded: a new size may push all old ones out."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._kept: dict[tuple[object, ...], pygame.Surface] = {}

    def player(
        self, seat: int, size: int, facing: int = DOWN, *, blinks: bool = False, absent: bool = False
    ) -> pygame.Surface:
        """A seat's figure: a ball (left) or a diamond (right) that looks where it goes; asleep and pale if absent."""
        key = ("player", seat, size, facing, blinks, absent)
        kept = self._kept.get(key)
        if kept is None:
            large = self._large_player(seat, size, facing, "shut" if blinks or absent else "open", absent)
            kept = self._keep(key, pygame.transform.smoothscale(large, (size, size)))
        return kept

    def _large_player(self, seat: int, size: int, facing: int, eyes: Eyes, absent: bool) -> pygame.Surface:
        """A figure drawn large, to be scaled down: drawing is what takes long, and a figure swells in many sizes."""
        large_size = next(step for step in LARGE_SIZES if step >= size * FINENESS)
        key = ("large player", seat, large_size, facing, eyes, absent)
        return self._kept.get(key) or self._keep(
            key, _player(self._colours(seat, absent), seat, large_size, facing, eyes)
        )

    def gem(self, size: int) -> pygame.Surface:
        """A gem."""
        key = ("gem", size)
        return self._kept.get(key) or self._keep(key, _gem(self._theme, size))

    def pad(self, seat: int, size: int) -> pygame.Surface:
        """A seat's pad: a frame in its colour around its shape."""
        key = ("pad", seat, size)
        return self._kept.get(key) or self._keep(key, _pad(self._theme.players[seat], seat, size))

    def shadow(self, size: int) -> pygame.Surface:
        """What a figure of this size throws on the floor."""
        key = ("shadow", size)
        return self._kept.get(key) or self._keep(key, shadow((size, max(1, round(size * 0.4))), 150))

    def ring(self, size: int, thickness: int, colour: Colour, opacity: int) -> pygame.Surface:
        """A circle line that spreads where something was picked up."""
        key = ("ring", size, thickness, colour, opacity)
        return self._kept.get(key) or self._keep(key, _ring(size, thickness, colour, opacity))

    def glow(self, size: int, colour: Colour, strength: int) -> pygame.Surface:
        """A soft light."""
        key = ("glow", size, colour, strength)
        return self._kept.get(key) or self._keep(key, glow((size, size), colour, strength))

    def plate(self, size: tuple[int, int], radius: int, fill: Colour, edge: Colour | None) -> pygame.Surface:
        """A rounded plate under a text. Copy it before you draw on it."""
        key = ("plate", size, radius, fill, edge)
        return self._kept.get(key) or self._keep(key, panel(size, radius, fill, edge))

    def icon(self, kind: str, own_seat: int, size: int) -> pygame.Surface | None:
        """A game's word for a sprite or tile as a picture; None for a word that nobody here knows."""
        seats = {"own": own_seat, "partner": 1 - own_seat, "left": 0, "right": 1}
        name, _, whose = kind.partition("_")
        if kind == "gem":
            return self.gem(size)
        if name == "pad" and whose in seats:
            return self.pad(seats[whose], size)
        if name == "player" and whose in seats:
            return self.player(seats[whose], size)
        return None

    def _colours(self, seat: int, faded: bool) -> PlayerColours:
        colours = self._theme.players[seat]
        if not faded:
            return colours
        return PlayerColours(
            *(
                blend(colour, GREY, FADED_SHARE)
                for colour in (colours.base, colours.light, colours.dark, colours.outline, colours.ink)
            )
        )

    def _keep(self, key: tuple[object, ...], surface: pygame.Surface) -> pygame.Surface:
        if len(self._kept) >= KEPT_FIGURES:
            self._kept.clear()
        self._kept[key] = surface
        return surface


def shape(large: pygame.Surface, seat: int, reach: float, colour: Colour, lift: float = 0.0) -> None:
    """Fill a seat's shape: `reach` is its half width and `lift` its way up, both in shares of the surface."""
    size = large.get_width()
    middle = pygame.Vector2(size / 2, size / 2 - lift * size)
    if seat == 0:
        pygame.draw.circle(large, colour, middle, reach * size)
    else:
        _diamond(large, middle, reach * size * 1.16, colour)


def _diamond(large: pygame.Surface, middle: pygame.Vector2, reach: float, colour: Colour) -> None:
    """A diamond with round corners: a smaller one, and a thick round line along its edge."""
    corner = reach * 0.22
    inner = reach - corner * 1.42
    tips = [middle + pygame.Vector2(inner, 0).rotate(quarter) for quarter in (0, 90, 180, 270)]
    pygame.draw.polygon(large, colour, tips)
    for tip, following in zip(tips, [*tips[1:], tips[0]], strict=True):
        across = (following - tip).normalize().rotate(-90) * corner
        pygame.draw.polygon(large, colour, (tip, following, following + across, tip + across))
        pygame.draw.circle(large, colour, tip, corner)


def _player(colours: PlayerColours, seat: int, size: int, facing: int, eyes: Eyes) -> pygame.Surface:
    """A figure `size` pixels wide without smooth edges: scale it down."""
    large = pygame.Surface((size, size), pygame.SRCALPHA)
    shape(large, seat, 0.42, colours.outline)
    shape(large, seat, 0.385, colours.dark)
    steps = 7
    for step in range(steps):
        share = step / (steps - 1)
        shape(
            large,
            seat,
            0.365 - 0.115 * share,
            blend(colours.base, colours.light, share * 0.55),
            0.012 + 0.06 * share,
        )
    _gloss(large, seat)
    _face(large, GAZES[facing], eyes, colours)
    return large.premul_alpha()


def _gloss(large: pygame.Surface, seat: int) -> None:
    """The light of a lamp on the upper left."""
    size = large.get_width()
    spot = pygame.Surface(large.get_size(), pygame.SRCALPHA)
    x, y = (0.33, 0.25) if seat == 0 else (0.41, 0.215)
    pygame.draw.ellipse(spot, (255, 255, 255, 120), (x * size - size * 0.06, y * size, size * 0.13, size * 0.07))
    large.blit(spot, (0, 0))


def _face(large: pygame.Surface, gaze: tuple[float, float], eyes: Eyes, colours: PlayerColours) -> None:
    size = large.get_width()
    for side in (-1, 1):
        x = (0.5 + side * 0.112 + gaze[0]) * size
        y = (0.5 + gaze[1]) * size
        if eyes == "shut":
            _lid(large, pygame.Vector2(x, y), size * 0.085, size * 0.024, colours.outline)
            continue
        white = pygame.Rect(0, 0, size * 0.165, size * 0.215)
        white.center = round(x), round(y)
        pygame.draw.ellipse(large, colours.outline, white.inflate(size * 0.03, size * 0.03))
        pygame.draw.ellipse(large, (255, 255, 255), white)
        pupil = (x + gaze[0] * 0.36 * size, y + gaze[1] * 0.5 * size)
        pygame.draw.circle(large, (16, 20, 34), pupil, size * 0.055)
        pygame.draw.circle(large, (255, 255, 255), (pupil[0] - size * 0.018, pupil[1] - size * 0.022), size * 0.017)


def _lid(large: pygame.Surface, middle: pygame.Vector2, reach: float, thickness: float, colour: Colour) -> None:
    """A shut eye: a line that hangs through, as round at its ends as along it."""
    for degrees in range(20, 161, 4):
        aside = pygame.Vector2(reach, 0).rotate(degrees)
        pygame.draw.circle(large, colour, (middle.x + aside.x, middle.y + aside.y * 0.62), thickness)


GEM_POINTS: Final = ((0.5, 0.0), (0.93, 0.25), (0.93, 0.75), (0.5, 1.0), (0.07, 0.75), (0.07, 0.25))


def _gem(theme: Theme, size: int) -> pygame.Surface:
    def draw(large: pygame.Surface, _fine: int) -> None:
        outer, rim = _hexagon(large, 0.47), _hexagon(large, 0.41)
        table = _hexagon(large, 0.23)
        pygame.draw.polygon(large, theme.gem_outline, outer)
        shades = (0.45, -0.35, -0.75, -0.9, -0.1, 0.7)  # facets clockwise from the upper right; light from the left
        for index, shade in enumerate(shades):
            following = (index + 1) % 6
            facet = (rim[index], rim[following], table[following], table[index])
            towards = theme.gem_light if shade > 0 else theme.gem_dark
            pygame.draw.polygon(large, blend(theme.gem, towards, abs(shade)), facet)
        pygame.draw.polygon(large, blend(theme.gem, theme.gem_light, 0.62), table)
        pygame.draw.polygon(large, theme.gem_light, (table[4], table[5], table[0], _between(table[0], table[4])))

    return drawn((size, size), draw)


def _hexagon(large: pygame.Surface, reach: float) -> list[tuple[float, float]]:
    size = large.get_width()
    return [((0.5 + (x - 0.5) * 2 * reach) * size, (0.5 + (y - 0.5) * 2 * reach) * size) for x, y in GEM_POINTS]


def _between(first: tuple[float, float], second: tuple[float, float]) -> tuple[float, float]:
    return ((first[0] + second[0]) / 2, (first[1] + second[1]) / 2)


def _pad(colours: PlayerColours, seat: int, size: int) -> pygame.Surface:
    def draw(large: pygame.Surface, fine: int) -> None:
        line = max(fine, round(size * 0.055 * fine))
        box = large.get_rect().inflate(-0.1 * size * fine, -0.1 * size * fine)
        corner = round(size * 0.2 * fine)
        floor = blend(colours.dark, (30, 36, 56), 0.52)
        pygame.draw.rect(large, colours.base, box, border_radius=corner)
        pygame.draw.rect(large, floor, box.inflate(-2 * line, -2 * line), border_radius=corner - line)
        shape(large, seat, 0.235, colours.base)
        shape(large, seat, 0.235 - line / size / fine * (1.0 if seat == 0 else 1.15), floor)

    return drawn((size, size), draw)


def _ring(size: int, thickness: int, colour: Colour, opacity: int) -> pygame.Surface:
    def draw(large: pygame.Surface, fine: int) -> None:
        pygame.draw.circle(large, (*colour, opacity), large.get_rect().center, size * fine / 2, thickness * fine)

    return drawn((size, size), draw)
