"""Text as surfaces, in the one font that ships with the client. Knows no layout and no language.

SDL hints small letters to whole pixels, which makes them uneven; rendered large and scaled down they keep their
shapes. Every surface here has premultiplied alpha: put it on a surface with `BLEND_PREMULTIPLIED`.
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from io import BytesIO
from typing import Final, NamedTuple

import pygame

from client.shapes import put, shrunk
from client.theme import Colour, Theme, Weight

SMALL_PIXELS: Final = 40
"""Below this size letters are rendered larger and scaled down; above it the plain ones are as good."""
FINENESS: Final = 4
KEPT_SURFACES: Final = 512
"""Texts that stay rendered; the least recently used goes first. A screen has fewer than a hundred."""
KEPT_FONTS: Final = 64
"""Sizes of the font that stay open. One window size needs about twenty."""
LEAST_SHARE: Final = 0.7
"""A text that does not fit shrinks to this share of its size before it loses its end."""


class Style(NamedTuple):
    """How a text is set: pixels of its size (before the participant's scale), weight and colour."""

    pixels: float
    weight: Weight
    colour: Colour


class Lettering:
    """The typesetter of one window. Pygame's font module must be ready; memory is bounded."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._files = {weight: theme.font_file(weight).read_bytes() for weight in ("medium", "bold")}
        self._fonts: dict[tuple[int, Weight], pygame.Font] = {}
        self._surfaces: OrderedDict[tuple[str, str, Style], pygame.Surface] = OrderedDict()

    def text(self, words: str, style: Style) -> pygame.Surface:
        """One line, as high as its font and as wide as its words."""
        return self._kept(words, style, self._render)

    def width(self, words: str, style: Style) -> int:
        """How wide a line would be."""
        font, shrink = self._font(style)
        return -(-font.size(_printable(words))[0] // shrink)

    def height(self, style: Style) -> int:
        """How high every line of a style is."""
        font, shrink = self._font(style)
        return font.get_height() // shrink

    def fitted(self, words: str, style: Style, width: int) -> pygame.Surface:
        """One line no wider than `width`: smaller if need be, and in the last resort with its end left out."""
        share = min(1.0, width / max(1, self.width(words, style)))
        smaller = style._replace(pixels=style.pixels * max(LEAST_SHARE, share))
        while self.width(words, smaller) > width and len(words) > 1:
            words = words[:-2] + "…"
        return self.text(words, smaller)

    def wrapped(self, words: str, style: Style, width: int) -> list[pygame.Surface]:
        """Lines no wider than `width`, broken between words."""
        lines: list[str] = []
        for word in words.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.width(longer, style) <= width:
                lines[-1] = longer
            else:
                lines.append(word)
        return [self.fitted(line, style, width) for line in lines]

    def block(self, words: str, style: Style, width: int, height: int) -> list[pygame.Surface]:
        """Lines no wider than `width` and together no higher than `height`, smaller if need be."""
        share = 1.0
        while True:
            smaller = style._replace(pixels=style.pixels * share)
            lines = self.wrapped(words, smaller, width)
            if share <= LEAST_SHARE or sum(line.get_height() for line in lines) <= height:
                return lines
            share = max(LEAST_SHARE, share * 0.92)

    def digits(self, figures: str, style: Style) -> pygame.Surface:
        """Figures of equal width, so that a number that counts does not shiver. For short texts of digits and signs."""
        return self._kept(figures, style, self._in_columns)

    def _kept(self, words: str, style: Style, render: Callable[[str, Style], pygame.Surface]) -> pygame.Surface:
        key = (render.__name__, words, style)
        surface = self._surfaces.get(key)
        if surface is None:
            surface = self._surfaces[key] = render(words, style)
            if len(self._surfaces) > KEPT_SURFACES:
                self._surfaces.popitem(last=False)
        else:
            self._surfaces.move_to_end(key)
        return surface

    def _in_columns(self, figures: str, style: Style) -> pygame.Surface:
        column = max(self.width(digit, style) for digit in "0123456789")
        runs = re.findall(r"\d|\D+", figures)
        widths = [column if run.isdigit() else self.width(run, style) for run in runs]
        line = pygame.Surface((max(1, sum(widths)), self.height(style)), pygame.SRCALPHA)
        left = 0
        for run, width in zip(runs, widths, strict=True):
            put(line, self.text(run, style), midtop=(left + width // 2, 0))
            left += width
        return line

    def _render(self, words: str, style: Style) -> pygame.Surface:
        font, shrink = self._font(style)
        # An empty text is a surface of no width, and scaling that down ends the whole program inside SDL's code.
        large = font.render(_printable(words) or " ", True, style.colour)
        if shrink == 1:
            return large.premul_alpha()
        return shrunk(large, (max(1, -(-large.get_width() // shrink)), max(1, large.get_height() // shrink)))

    def _font(self, style: Style) -> tuple[pygame.Font, int]:
        pixels = max(1.0, style.pixels * self._theme.text_scale)
        shrink = FINENESS if pixels < SMALL_PIXELS else 1
        size = round(pixels * shrink)
        key = (size, style.weight)
        if key not in self._fonts:
            if len(self._fonts) >= KEPT_FONTS:
                self._fonts.clear()
            self._fonts[key] = pygame.Font(BytesIO(self._files[style.weight]), size)
        return self._fonts[key], shrink


def _printable(words: str) -> str:
    """The words with spaces for what no font draws: a NUL or half a character, as a partner or a file name may hold
    them, would raise out of the drawing.
    """
    return words if words.isprintable() else "".join(letter if letter.isprintable() else " " for letter in words)
