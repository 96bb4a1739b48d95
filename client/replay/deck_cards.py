"""The strip's upper row and its footer, each part drawn onto a surface of its own. Knows nothing of where they are."""

from typing import Final

import pygame
from pygame import Rect

from client.lettering import Lettering, Style
from client.replay.deck_layout import DeckLayout
from client.replay.playhead import NORMAL
from client.replay.record import Whole
from client.replay.strip import Strip
from client.shapes import disc, panel, polygon, put
from client.sprites import Sprites
from client.texts import Texts
from client.theme import Colour, Theme, Weight, blend

LEAST_MARK: Final = 150
"""Units of width below which a mark goes into the footer."""
KEYS: Final = (
    ("keys.space", "replay.key.play"),
    ("← →", "replay.key.step"),
    ("↑ ↓", "replay.key.speed"),
    ("S", "replay.key.shown"),
    ("Tab", "replay.key.seat"),
    ("N P", "replay.key.mark"),
    ("Esc", "replay.key.close"),
    ("replay.cap.page", "replay.key.skip"),
    ("F1 F3", "replay.key.details"),
)
"""What the footer tells, the most needed first: a narrow window leaves out the last."""


class DeckCards:
    """The parts of one strip. What does not fit is made smaller, and in the last resort left out."""

    def __init__(self, theme: Theme, texts: Texts, lettering: Lettering, sprites: Sprites) -> None:
        self._theme = theme
        self._texts = texts
        self._lettering = lettering
        self._sprites = sprites

    def play(self, layout: DeckLayout, box: Rect, is_playing: bool) -> pygame.Surface:
        """The button that plays and pauses: it shows what it will do."""
        plate = self._button(layout, box, lit=False)
        size = round(box.height * 0.42)
        if is_playing:
            bar = panel((max(2, size // 3), size), size * 0.08, self._theme.text)
            put(plate, bar, center=(round(box.width * 0.39), box.height // 2))
            put(plate, bar, center=(round(box.width * 0.61), box.height // 2))
        else:
            arrow = polygon((size, size), ((0.08, 0), (1, 0.5), (0.08, 1)), self._theme.text)
            put(plate, arrow, center=(box.width // 2 + size // 12, box.height // 2))
        return plate

    def clock(self, layout: DeckLayout, box: Rect, frame: int, seconds: float, frames: int) -> pygame.Surface:
        """Which frame of how many, and the time since the first one."""
        plate = _empty(box)
        number = self._lettering.digits(str(frame), self._style(layout, 24, "bold"))
        put(plate, number, midleft=(layout.px(4), box.height // 2))
        left = layout.px(4) + number.get_width() + layout.px(8)
        small = self._style(layout, 12, "medium", self._theme.text_quiet)
        time = f"{int(seconds) // 60}:{seconds % 60:04.1f}"
        lines = [self._lettering.digits(f"/ {frames - 1}", small), self._lettering.digits(f"{time}", small)]
        top = (box.height - sum(line.get_height() for line in lines)) // 2
        for line in lines:
            top = put(plate, line, topleft=(left, top)).bottom
        return plate

    def speed(self, layout: DeckLayout, box: Rect, quarters: int) -> pygame.Surface:
        """How fast it plays, between the signs for slower and faster."""
        plate = _empty(box)
        quiet = self._style(layout, 16, "medium", self._theme.text_faint)
        put(plate, self._lettering.text("\N{MINUS SIGN}", quiet), midleft=(0, box.height // 2))
        put(plate, self._lettering.text("+", quiet), midright=(box.width, box.height // 2))
        words = f"{quarters / NORMAL:g}\N{MULTIPLICATION SIGN}"
        colour = self._theme.text_quiet if quarters == NORMAL else self._theme.gem
        put(plate, self._lettering.text(words, self._style(layout, 16, "bold", colour)), center=_middle(box))
        return plate

    def mark(self, layout: DeckLayout, box: Rect, mark: Whole) -> pygame.Surface:
        """What is special about the record, if anything."""
        plate = _empty(box)
        if mark and box.width >= layout.px(LEAST_MARK):
            pill = self._mark_pill(layout, box.width, mark)
            put(plate, pill, center=_middle(box))
        return plate

    def _mark_pill(self, layout: DeckLayout, room: int, mark: str) -> pygame.Surface:
        colour = self._theme.alarm if mark in ("torn", "damaged", "diverged") else self._theme.notice
        pad, dot = layout.px(12), layout.px(9)
        style = self._style(layout, 13, "bold")
        words = self._lettering.fitted(self._texts(f"replay.mark.{mark}"), style, room - 2 * pad - 2 * dot)
        wide = words.get_width() + 2 * pad + 2 * dot
        fill = blend(self._theme.card, colour, 0.3)
        high = words.get_height() + layout.px(4)
        pill = self._sprites.plate((wide, high), high // 2, fill, colour).copy()
        spot = put(pill, disc(dot, colour), midleft=(pad, high // 2))
        put(pill, words, midleft=(spot.right + dot, high // 2))
        return pill

    def true(self, layout: DeckLayout, box: Rect, strip: Strip) -> pygame.Surface:
        """The half of the switch that shows what is true."""
        return self._segment(layout, box, self._texts("replay.true"), lit=not strip.is_shown, dim=False)

    def shown(self, layout: DeckLayout, box: Rect, strip: Strip) -> pygame.Surface:
        """The half of the switch that shows what a seat was shown."""
        seat = self._texts(f"replay.{strip.seat.word}")
        words = self._texts("replay.as_shown", seat=seat) if strip.can_show else self._texts("replay.no_local")
        return self._segment(layout, box, words, lit=strip.is_shown, dim=not strip.can_show)

    def _segment(self, layout: DeckLayout, box: Rect, words: str, *, lit: bool, dim: bool) -> pygame.Surface:
        theme = self._theme
        plate = self._button(layout, box, lit=lit)
        colour = theme.backdrop_bottom if lit else theme.text_faint if dim else theme.text
        style = self._style(layout, 13, "medium" if dim else "bold", colour)
        put(plate, self._lettering.fitted(words, style, box.width - layout.px(14)), center=_middle(box))
        return plate

    def _button(self, layout: DeckLayout, box: Rect, *, lit: bool) -> pygame.Surface:
        theme = self._theme
        fill = theme.text if lit else theme.card
        return self._sprites.plate(box.size, layout.px(9), fill, theme.card_edge).copy()

    def footer(self, layout: DeckLayout, box: Rect, mark: Whole) -> pygame.Surface:
        """The keys, as many as fit; before them what is special about the record, where the upper row has no room."""
        theme, plate = self._theme, _empty(box)
        cap_style = self._style(layout, 11, "bold", theme.text_quiet)
        style = self._style(layout, 12, "medium", theme.text_faint)
        left = 0
        if mark and layout.mark.width < layout.px(LEAST_MARK):
            pill = self._mark_pill(layout, box.width, mark)
            left = put(plate, pill, midleft=(0, box.height // 2)).right + layout.px(14)
        for cap, key in KEYS:
            name = self._lettering.text(self._texts(cap), cap_style)
            words = self._lettering.text(self._texts(key), style)
            wide = name.get_width() + layout.px(10)
            if left + wide + layout.px(5) + words.get_width() > box.width:
                break
            edge = blend(theme.card_edge, theme.text_faint, 0.3)
            key_cap = self._sprites.plate((wide, box.height), layout.px(4), theme.card, edge)
            place = put(plate, key_cap, topleft=(left, 0))
            put(plate, name, center=place.center)
            left = put(plate, words, midleft=(place.right + layout.px(5), place.centery)).right + layout.px(14)
        return plate

    def _style(self, layout: DeckLayout, units: float, weight: Weight, colour: Colour | None = None) -> Style:
        return Style(units * layout.unit, weight, colour or self._theme.text)


def _empty(box: Rect) -> pygame.Surface:
    return pygame.Surface((max(1, box.width), max(1, box.height)), pygame.SRCALPHA)


def _middle(box: Rect) -> tuple[int, int]:
    return box.width // 2, box.height // 2
