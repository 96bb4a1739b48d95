"""The strip's boxes: each seat with its input and its score, and between them what happened. Knows nothing of where."""

from typing import Final

import pygame
from pygame import Rect

from client.lettering import Lettering, Style
from client.replay.deck_layout import DeckLayout
from client.replay.strip import EventLine, SeatLine, Strip
from client.shapes import polygon, put
from client.sprites import DOWN, LEFT, RIGHT, UP, Sprites
from client.texts import Texts
from client.theme import Colour, Theme, Weight, blend
from games.contract import Seat

ARROW: Final = ((0.5, 0.08), (1, 0.92), (0, 0.92))
TURNS: Final = {"up": 0, "left": 90, "down": 180, "right": 270}
FACINGS: Final = {"up": UP, "right": RIGHT, "down": DOWN, "left": LEFT}
MOST_VERDICTS: Final = 2
"""With more of them there would be no room for a score."""
LEAST_NAME: Final = 40
"""Units of width below which a name tells nothing."""


class DeckBoxes:
    """The boxes of one strip. What does not fit is made smaller, and in the last resort left out."""

    def __init__(self, theme: Theme, texts: Texts, lettering: Lettering, sprites: Sprites) -> None:
        self._theme = theme
        self._texts = texts
        self._lettering = lettering
        self._sprites = sprites

    def seat(self, layout: DeckLayout, box: Rect, seat: Seat, line: SeatLine, is_own: bool) -> pygame.Surface:
        """One seat: who, what it did in the frame, its score. The seat whose eyes one looks through has a frame."""
        theme, colours = self._theme, self._theme.players[seat]
        edge = colours.base if is_own else theme.card_edge
        plate = self._sprites.plate(box.size, layout.px(10), theme.card, edge).copy()
        pad = layout.px(10)
        size = round(box.height * 0.66)
        figure = self._sprites.player(seat, size, FACINGS.get(line.action, DOWN), absent=line.is_away)
        left = put(plate, figure, midleft=(pad, box.height // 2)).right + pad
        right = self._paint_score(plate, layout, seat, line).left - layout.px(6)
        name = " · ".join(word for word in (line.label, self._texts(f"seat.{seat.word}")) if word)
        label = self._named_and_guessed(layout, name, line, right - left)
        did = self._did(layout, line, right - left)
        between = layout.px(3)
        top = (box.height - label.get_height() - between - did.get_height()) // 2
        put(plate, did, topleft=(left, put(plate, label, topleft=(left, top)).bottom + between))
        return plate

    def _named_and_guessed(self, layout: DeckLayout, name: str, line: SeatLine, room: int) -> pygame.Surface:
        """Who it is, and to the right of it what the other seat guessed; of what has no room, the guess is kept."""
        theme = self._theme
        quiet = self._style(layout, 12, "medium", theme.text_quiet)
        if not line.guess:
            return self._lettering.fitted(name, quiet, room)
        row = pygame.Surface((max(1, room), self._lettering.height(quiet)), pygame.SRCALPHA)
        sign, colour = ("✓", theme.calm) if line.was_guessed_right else ("✗", theme.alarm)
        action = self._named("action", line.guess)
        words = f"{self._texts('replay.guessed', action=action)} {sign}"
        style = self._style(layout, 12, "bold", blend(colour, theme.text, 0.25))
        if self._lettering.width(words, style) > room:
            words = f"({action}) {sign}"
        guess = put(row, self._lettering.fitted(words, style, room), midright=(room, row.get_height() // 2))
        if guess.left > layout.px(LEAST_NAME):
            put(row, self._lettering.fitted(name, quiet, guess.left - layout.px(6)), topleft=(0, 0))
        return row

    def _paint_score(self, plate: pygame.Surface, layout: DeckLayout, seat: Seat, line: SeatLine) -> Rect:
        colour = self._theme.players[seat].base
        number = self._lettering.text(str(line.score), self._style(layout, 26, "bold", colour))
        box = put(plate, number, midright=(plate.get_width() - layout.px(12), plate.get_height() // 2))
        if line.reward:
            gain = self._lettering.text(f"{line.reward:+d}", self._style(layout, 15, "bold", self._theme.gem))
            box = put(plate, gain, midright=(box.left - layout.px(5), box.centery))
        return box

    def _did(self, layout: DeckLayout, line: SeatLine, room: int) -> pygame.Surface:
        """The action with its arrow, then what else the input says."""
        theme = self._theme
        row = pygame.Surface((max(1, room), layout.px(20)), pygame.SRCALPHA)
        middle, left = row.get_height() // 2, 0
        if line.action in TURNS:
            arrow = pygame.transform.rotate(polygon((layout.px(13),) * 2, ARROW, theme.text), TURNS[line.action])
            left = put(row, arrow, midleft=(0, middle)).right + layout.px(6)
        action = self._lettering.fitted(
            self._named("action", line.action) if line.action else "\N{EM DASH}",
            self._style(layout, 15, "bold"),
            room - left,
        )
        left = put(row, action, midleft=(left, middle)).right + layout.px(8)
        for words, colour in self._remarks(line):
            style = self._style(layout, 13, "bold", colour)
            wide = self._lettering.width(words, style)
            if left + min(wide, layout.px(40)) > room:
                break
            left = put(row, self._lettering.fitted(words, style, room - left), midleft=(left, middle)).right
            left += layout.px(8)
        return row

    def _remarks(self, line: SeatLine) -> list[tuple[str, Colour]]:
        theme, texts = self._theme, self._texts
        remarks = [
            (texts("replay.quits"), theme.alarm, line.quits),
            (texts("replay.away"), theme.notice, line.is_away),
            (texts("replay.catching_up"), theme.news, line.is_catching_up),
        ]
        return [(words, colour) for words, colour, is_so in remarks if is_so]

    def middle(self, layout: DeckLayout, box: Rect, strip: Strip) -> pygame.Surface:
        """What to think of the picture, the newest events, and the pair's score."""
        theme = self._theme
        plate = self._sprites.plate(box.size, layout.px(10), theme.well, theme.card_edge).copy()
        pad = layout.px(10)
        top, low = layout.px(7), plate.get_height() - layout.px(3)
        room = box.width - 2 * pad
        for verdict in strip.verdicts[:MOST_VERDICTS]:
            words = self._texts(verdict.key, **dict(verdict.values))
            style = self._style(layout, 13, "bold", self._verdict_colour(verdict.key))
            top = put(plate, self._lettering.fitted(words, style, room), topleft=(pad, top)).bottom
        beside = self._paint_common(plate, layout, strip.common, (top + low) // 2 if top < low - pad else low - pad)
        for words, style in self._event_lines(layout, strip):
            line = self._lettering.fitted(words, style, beside.left - 2 * pad)
            if top + line.get_height() > low:
                break
            top = put(plate, line, topleft=(pad, top)).bottom
        return plate

    def _event_lines(self, layout: DeckLayout, strip: Strip) -> list[tuple[str, Style]]:
        loud = self._style(layout, 12, "bold")
        quiet = self._style(layout, 12, "medium", self._theme.text_faint)
        if not strip.events:
            return [(self._texts("replay.no_event"), quiet)]
        return [(self._event_words(event), loud if event.is_now else quiet) for event in strip.events]

    def _paint_common(self, plate: pygame.Surface, layout: DeckLayout, common: int, middle: int) -> Rect:
        number = self._lettering.text(str(common), self._style(layout, 22, "bold", self._theme.gem))
        place = put(plate, number, midright=(plate.get_width() - layout.px(12), middle))
        return put(plate, self._sprites.gem(layout.px(20)), midright=(place.left - layout.px(4), middle))

    def _verdict_colour(self, verdict: str) -> Colour:
        theme = self._theme
        loud = {"replay.shown.untrue": theme.alarm, "replay.shown.lost": theme.alarm, "replay.shown.true": theme.calm}
        return blend(loud.get(verdict, theme.notice), theme.text, 0.35)

    def _event_words(self, event: EventLine) -> str:
        seat = self._texts(f"replay.{Seat(event.seat).word}") if event.seat in (0, 1) else ""
        words = self._texts("replay.event", frame=event.frame, seat=seat, event=self._named("event", event.name))
        return " ".join(words.split())

    def _named(self, kind: str, name: str) -> str:
        """A word of the game's in the language of the catalogue, or as the game has it."""
        key = f"{kind}.{name}"
        words = self._texts(key)
        return name if words == key else words

    def _style(self, layout: DeckLayout, units: float, weight: Weight, colour: Colour | None = None) -> Style:
        return Style(units * layout.unit, weight, colour or self._theme.text)
