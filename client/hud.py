"""The bar above the board: own score, time, partner's score. What must be read at a glance, and nothing else."""

from functools import lru_cache
from typing import Final

import pygame

from client.canvas import Item
from client.layout import Layout
from client.lettering import Lettering, Style
from client.picture import Picture
from client.shapes import panel, put
from client.sprites import LEFT, RIGHT, Sprites
from client.stage import Stage
from client.texts import Texts, clock
from client.theme import Colour, Theme

LAST_SECONDS: Final = 10
"""From here on the time is drawn in the gems' yellow."""
BAR_UNITS: Final = 170


class Hud:
    """The score bar of one window."""

    def __init__(self, theme: Theme, texts: Texts, lettering: Lettering, sprites: Sprites) -> None:
        self._theme = theme
        self._texts = texts
        self._lettering = lettering
        self._sprites = sprites
        self._time_key: object = None
        self._time: list[Item] = []

    def lay(self, stage: Stage, layout: Layout, picture: Picture) -> None:
        """Lay the bar with both scores."""
        scores = picture.scene.scores if picture.scene else (0, 0)
        content = (picture.seat, scores, picture.is_partner_away)
        stage.lay("bar", content, layout.bar, lambda: self._render(layout, picture, scores))

    def _render(self, layout: Layout, picture: Picture, scores: tuple[int, int]) -> pygame.Surface:
        theme = self._theme
        plate = panel(layout.bar.size, layout.px(14), theme.card, theme.card_edge)
        own, other = picture.seat, 1 - picture.seat
        self._paint_player(plate, layout, own, self._texts("you"), scores[own], on_left=True, faded=False)
        faded = picture.is_partner_away
        self._paint_player(plate, layout, other, self._texts("partner"), scores[other], on_left=False, faded=faded)
        return plate

    def _paint_player(
        self, plate: pygame.Surface, layout: Layout, seat: int, name: str, score: int, *, on_left: bool, faded: bool
    ) -> None:
        box, colours = plate.get_rect(), self._theme.players[seat]
        size = round(box.height * 0.8)
        figure = self._sprites.player(seat, size, RIGHT if on_left else LEFT, absent=faded)
        pad = layout.px(10)
        small = Style(14 * layout.unit, "medium", self._theme.text_quiet)
        large = Style(28 * layout.unit, "bold", colours.base)
        both = self._lettering.height(small) + self._lettering.height(large)
        share = min(1.0, (box.height - layout.px(2)) / both)
        label = self._lettering.text(name, small._replace(pixels=small.pixels * share))
        number = self._lettering.text(str(score), large._replace(pixels=large.pixels * share))
        between = layout.px(2)
        top = (box.height - label.get_height() - number.get_height() + between) // 2
        below = top + label.get_height() - between
        if on_left:
            edge = put(plate, figure, midleft=(pad, box.centery)).right + pad // 2
            put(plate, label, topleft=(edge, top))
            put(plate, number, topleft=(edge, below))
        else:
            edge = put(plate, figure, midright=(box.right - pad, box.centery)).left - pad // 2
            put(plate, label, topright=(edge, top))
            put(plate, number, topright=(edge, below))

    def time(self, layout: Layout, picture: Picture) -> list[Item]:
        """What moves in it: the time left, and the bar that it takes from."""
        if picture.scene is None:
            return []
        seconds = max(0.0, (picture.scene.ticks_left - picture.progress) / picture.tick_rate)
        whole = max(1, picture.episode_ticks) / picture.tick_rate
        filled = round(layout.px(BAR_UNITS) * min(1.0, seconds / whole))
        is_last = picture.phase == "playing" and seconds <= LAST_SECONDS
        key = (layout, clock(seconds), filled, is_last)
        if key != self._time_key:
            self._time_key = key
            self._time = self._render_time(layout, clock(seconds), filled, is_last=is_last)
        return self._time

    def _render_time(self, layout: Layout, words: str, filled: int, *, is_last: bool) -> list[Item]:
        colour = self._theme.gem if is_last else self._theme.text
        style = Style(30 * layout.unit, "bold", colour)
        gap, high = layout.px(5), layout.px(6)
        room = layout.bar.height - gap - high - layout.px(12)
        share = min(1.0, room / self._lettering.height(style))
        time = self._lettering.digits(words, style._replace(pixels=style.pixels * share))
        bar = filled_bar((layout.px(BAR_UNITS), high), filled, colour, self._theme)
        top = layout.bar.centery - (time.get_height() + gap + high) // 2
        middle = layout.bar.centerx
        return [
            (time, (middle - time.get_width() // 2, top)),
            (bar, (middle - bar.get_width() // 2, top + time.get_height() + gap)),
        ]


def filled_bar(size: tuple[int, int], filled: int, colour: Colour, theme: Theme) -> pygame.Surface:
    """A round-ended bar, so many pixels of it filled from the left."""
    bar = _whole_bar(size, theme.well).copy()
    if filled > 0:
        full, end, high = _whole_bar(size, colour), size[1] // 2 + 1, size[1]
        length = min(size[0], max(2 * end, filled))
        bar.blit(full, (0, 0), (0, 0, length - end, high), pygame.BLEND_PREMULTIPLIED)
        bar.blit(full, (length - end, 0), (size[0] - end, 0, end, high), pygame.BLEND_PREMULTIPLIED)
    return bar


@lru_cache(maxsize=16)
def _whole_bar(size: tuple[int, int], colour: Colour) -> pygame.Surface:
    """A bar of one colour, which another one is put together from. Never draw on it."""
    return panel(size, size[1] / 2, colour)
