"""Draws the strip below the picture: where one is, what both seats did, what happened, and the keys."""

from collections.abc import Callable
from typing import Final

import pygame
from pygame import Rect

from client.lettering import Lettering
from client.replay.deck_boxes import DeckBoxes
from client.replay.deck_cards import DeckCards
from client.replay.deck_layout import DeckLayout
from client.replay.record import Whole
from client.replay.strip import Lanes, Strip
from client.shapes import fall, put
from client.sprites import Sprites
from client.stage import Stage
from client.texts import Texts
from client.theme import Theme, blend
from games.contract import Seat

LANE: Final = 5
"""Height of a seat's marks above (left) or below (right) the timeline, in units."""


class Deck:
    """The strip of one window. Its parts are drawn again only when what they say changes."""

    def __init__(self, theme: Theme, texts: Texts, frames: int, confirmed: int, mark: Whole) -> None:
        self._theme = theme
        self._frames = frames
        self._confirmed = confirmed
        self._mark = mark
        self._stage = Stage()
        self._sprites = Sprites(theme)
        lettering = Lettering(theme)
        self._cards = DeckCards(theme, texts, lettering, self._sprites)
        self._boxes = DeckBoxes(theme, texts, lettering, self._sprites)
        self._ground: tuple[object, pygame.Surface] = (None, pygame.Surface((1, 1)))

    def paint(self, surface: pygame.Surface, layout: DeckLayout, strip: Strip, lanes: Lanes) -> None:
        """Draw the strip; everything in its place is drawn over."""
        self._stage.set(layout, self._ground_for(layout))
        self._lay_top(layout, strip)
        self._lay("timeline", lanes, layout, layout.timeline, lambda box: self._timeline(layout, box, lanes))
        for seat in Seat:
            self._lay_seat(layout, strip, seat)
        said = (strip.verdicts, strip.events, strip.common)
        self._lay("middle", said, layout, layout.middle, lambda box: self._boxes.middle(layout, box, strip))
        self._lay("footer", None, layout, layout.footer, lambda box: self._cards.footer(layout, box, self._mark))
        surface.blit(self._stage.surface, layout.deck)
        self._paint_knob(surface, layout, strip.frame)

    def _lay_top(self, layout: DeckLayout, strip: Strip) -> None:
        cards, clock = self._cards, (strip.frame, strip.seconds)
        self._lay("play", strip.is_playing, layout, layout.play, lambda box: cards.play(layout, box, strip.is_playing))
        self._lay("clock", clock, layout, layout.clock, lambda box: cards.clock(layout, box, *clock, self._frames))
        self._lay("speed", strip.quarters, layout, layout.speed, lambda box: cards.speed(layout, box, strip.quarters))
        self._lay("mark", None, layout, layout.mark, lambda box: cards.mark(layout, box, self._mark))
        mode = (strip.is_shown, strip.can_show, strip.seat)
        self._lay("true", mode, layout, layout.true, lambda box: cards.true(layout, box, strip))
        self._lay("shown", mode, layout, layout.shown, lambda box: cards.shown(layout, box, strip))

    def _lay_seat(self, layout: DeckLayout, strip: Strip, seat: Seat) -> None:
        line, is_own = strip.seats[seat], seat is strip.seat

        def draw(box: Rect) -> pygame.Surface:
            return self._boxes.seat(layout, box, seat, line, is_own)

        self._lay(f"{seat.word} seat", (line, is_own), layout, layout.seats[seat], draw)

    def _lay(
        self, name: str, content: object, layout: DeckLayout, box: Rect, draw: Callable[[Rect], pygame.Surface]
    ) -> None:
        inside = box.move(-layout.deck.left, -layout.deck.top)
        self._stage.lay(name, content, inside, lambda: draw(box))

    def _ground_for(self, layout: DeckLayout) -> pygame.Surface:
        if self._ground[0] != layout:
            theme = self._theme
            ground = fall(layout.deck.size, blend(theme.backdrop_bottom, theme.card, 0.55), theme.backdrop_bottom)
            pygame.draw.rect(ground, theme.card_edge, (0, 0, layout.deck.width, 1))
            self._ground = (layout, ground)
        return self._ground[1]

    def _timeline(self, layout: DeckLayout, box: Rect, lanes: Lanes) -> pygame.Surface:
        """The groove with what is marked on it: left's marks above, right's below, what was untrue in it."""
        theme, plate = self._theme, pygame.Surface(box.size, pygame.SRCALPHA)
        groove = layout.groove.move(-box.left, -box.top)
        pygame.draw.rect(plate, theme.card_edge, groove, border_radius=groove.height // 2)
        if self._confirmed < self._frames:
            self._paint_beyond(plate, layout, box, groove)
        for frames, colour in ((lanes.untrue, theme.alarm), (lanes.lost, theme.text)):
            for frame in frames:
                self._tick(plate, layout, box, frame, groove, colour)
        lane = layout.px(LANE)
        for seat in Seat:
            base = theme.players[seat].base
            near = Rect(0, groove.top - lane - layout.px(1), 0, lane)
            far = Rect(0, near.top - lane + layout.px(1), 0, max(2, lane // 2))
            if seat is Seat.RIGHT:
                near.top, far.bottom = groove.bottom + layout.px(1), box.height - far.top
            for frame in lanes.events[seat]:
                self._tick(plate, layout, box, frame, near, base)
            for stretches, colour in ((lanes.away[seat], base), (lanes.catching_up[seat], theme.text_faint)):
                for first, last in stretches:
                    left = layout.x_of(first, self._frames) - box.left
                    wide = layout.x_of(last, self._frames) - box.left - left
                    pygame.draw.rect(plate, colour, (left, far.top, max(2, wide), far.height))
        return plate

    def _paint_beyond(self, plate: pygame.Surface, layout: DeckLayout, box: Rect, groove: Rect) -> None:
        """Where nothing was confirmed the groove is only an outline."""
        left = layout.x_of(self._confirmed - 1, self._frames) - box.left + layout.px(2)
        hollow = Rect(left, groove.top, groove.right - left, groove.height).inflate(-2, -2)
        pygame.draw.rect(plate, self._theme.well, hollow, border_radius=hollow.height // 2)

    def _tick(
        self, plate: pygame.Surface, layout: DeckLayout, box: Rect, frame: int, lane: Rect, colour: tuple[int, int, int]
    ) -> None:
        wide = max(1, layout.px(1.5))
        left = layout.x_of(frame, self._frames) - box.left - wide // 2
        pygame.draw.rect(plate, colour, (left, lane.top, wide, lane.height))

    def _paint_knob(self, surface: pygame.Surface, layout: DeckLayout, frame: int) -> None:
        theme, x = self._theme, layout.x_of(frame, self._frames)
        thin = layout.px(2)
        line = Rect(x - thin // 2, layout.timeline.top, thin, layout.timeline.height)
        pygame.draw.rect(surface, theme.text, line)
        size = layout.px(15)
        put(surface, self._sprites.plate((size, size), size // 2, theme.text, None), center=(x, layout.groove.centery))
