"""Antialiased shapes as surfaces: drawn large, scaled down once. Knows nothing of games, text or layout."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import pygame

from client.theme import Colour, blend

FINENESS: Final = 4
"""Shapes are drawn this many times larger and scaled down, which is what makes their edges smooth."""

Point = tuple[float, float]


def put(target: pygame.Surface, figure: pygame.Surface, **place: int | tuple[int, int]) -> pygame.Rect:
    """Put a premultiplied surface onto another one, placed as by `Surface.get_rect`; where it came to lie."""
    box = figure.get_rect(**place)
    target.blit(figure, box, special_flags=pygame.BLEND_PREMULTIPLIED)
    return box


def drawn(size: tuple[int, int], draw: Callable[[pygame.Surface, int], None]) -> pygame.Surface:
    """What `draw` draws on a surface `FINENESS` times as large as `size`, scaled down to it."""
    large = pygame.Surface((size[0] * FINENESS, size[1] * FINENESS), pygame.SRCALPHA)
    draw(large, FINENESS)
    return shrunk(large, size)


def shrunk(large: pygame.Surface, size: tuple[int, int]) -> pygame.Surface:
    """A smaller copy whose transparent edges keep their colour instead of fading to black."""
    return pygame.transform.smoothscale(large.premul_alpha(), size)


def panel(
    size: tuple[int, int],
    radius: float,
    fill: Colour,
    edge: Colour | None = None,
    *,
    opacity: int = 255,
    width: int = 1,
) -> pygame.Surface:
    """A rounded card, `opacity` of 255 opaque; an edge line lies inside its outline."""
    plate = pygame.Surface(size, pygame.SRCALPHA)
    plate.fill((*(edge or fill), opacity))
    plate = plate.premul_alpha()
    round_corners(plate, radius)
    if edge is not None:
        inner = (max(1, size[0] - 2 * width), max(1, size[1] - 2 * width))
        put(plate, panel(inner, radius - width, fill), topleft=(width, width))
    return plate


def round_corners(plate: pygame.Surface, radius: float) -> None:
    """Cut smooth corners off a premultiplied surface. Only they are drawn large, so a big plate costs no more."""
    width, height = plate.get_size()
    reach = min(round(radius), width // 2, height // 2)
    if reach < 1:
        return
    corner = _white_disc(2 * reach)
    for x, left in ((0, 0), (width - reach, reach)):
        for y, top in ((0, 0), (height - reach, reach)):
            plate.blit(corner, (x, y), (left, top, reach, reach), special_flags=pygame.BLEND_RGBA_MULT)


@lru_cache(maxsize=64)
def _white_disc(diameter: int) -> pygame.Surface:
    """A stencil for round corners, drawn once per size. Never draw on it."""
    return disc(diameter, (255, 255, 255))


def disc(diameter: int, fill: Colour) -> pygame.Surface:
    """A filled circle."""

    def draw(large: pygame.Surface, _fine: int) -> None:
        pygame.draw.circle(large, fill, large.get_rect().center, large.get_width() / 2)

    return drawn((diameter, diameter), draw)


def polygon(size: tuple[int, int], points: Sequence[Point], fill: Colour) -> pygame.Surface:
    """A filled polygon; its points are shares of `size`."""

    def draw(large: pygame.Surface, _fine: int) -> None:
        width, height = large.get_size()
        pygame.draw.polygon(large, fill, [(x * width, y * height) for x, y in points])

    return drawn(size, draw)


def shadow(size: tuple[int, int], strength: int) -> pygame.Surface:
    """A soft dark ellipse that fills `size`, darkest in the middle: what stands on a floor touches it there."""
    small = pygame.Surface((32, 32), pygame.SRCALPHA)
    for ring in range(16, 0, -1):
        nearness = 1 - ring / 16
        pygame.draw.circle(small, (0, 0, 0, round(strength * min(1.0, nearness * 1.8))), (16, 16), ring)
    return pygame.transform.smoothscale(small, size).premul_alpha()


def glow(size: tuple[int, int], colour: Colour, strength: int) -> pygame.Surface:
    """A soft light in one colour, brightest in the middle."""
    small = pygame.Surface((64, 64), pygame.SRCALPHA)
    for ring in range(32, 0, -1):
        nearness = 1 - ring / 32
        pygame.draw.circle(small, (*colour, round(strength * nearness * nearness)), (32, 32), ring)
    return pygame.transform.smoothscale(small, size).premul_alpha()


def fall(size: tuple[int, int], top: Colour, bottom: Colour) -> pygame.Surface:
    """An opaque vertical gradient."""
    column = pygame.Surface((1, size[1]))
    for y in range(size[1]):
        column.set_at((0, y), blend(top, bottom, y / max(1, size[1] - 1)))
    return pygame.transform.scale(column, size)


def fade(size: tuple[int, int], strength: int, *, sideways: bool = False) -> pygame.Surface:
    """Black that is `strength` opaque at the top (or left) and nothing at the other end: a cast shadow."""
    length = size[0] if sideways else size[1]
    strip = pygame.Surface((length, 1) if sideways else (1, length), pygame.SRCALPHA)
    for step in range(length):
        share = 1 - step / length
        strip.set_at((step, 0) if sideways else (0, step), (0, 0, 0, round(strength * share * share)))
    return pygame.transform.scale(strip, size).premul_alpha()
