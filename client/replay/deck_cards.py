"""What each part of the strip shows, drawn onto a surface of its own. Knows nothing of where the parts are."""

from typing import Final

import pygame
from pygame import Rect

from client.lettering import Lettering, Style
from client.replay.deck_layout import DeckLayout
from client.replay.playhead import NORMAL
from client.replay.record import Whole
from client.replay.strip import EventLine, SeatLine, Strip
from client.shapes import disc, panel, polygon, put
from client.sprites import DOWN, LEFT, RIGHT, UP, Sprites
from client.texts import Texts
from client.theme import Colour, Theme, Weight, blend
from games.contract import Seat

ARROW: Final = ((0.5, 0.08), (1, 0.92), (0, 0.92))
LEAST_MARK: Final = 150
"""Units of width below which a mark goes into the footer."""
TURNS: Final = {"up": 0, "left": 90, "down": 180, "right": 270}
FACINGS: Final = {"up": UP, "right": RIGHT, "down": DOWN, "left": LEFT}
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

    # --- the upper row --------------------------------------------------------------------------------------------

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

    # --- the boxes ------------------------------------------------------------------------------------------------

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
        quiet = self._style(layout, 12, "medium", theme.text_quiet)
        label = self._lettering.fitted(name, quiet, right - left)
        did = self._did(layout, line, right - left)
        between = layout.px(3)
        top = (box.height - label.get_height() - between - did.get_height()) // 2
        put(plate, did, topleft=(left, put(plate, label, topleft=(left, top)).bottom + between))
        return plate

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
            self._named("action", line.action), self._style(layout, 15, "bold"), room - left
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
        if line.guess:
            sign = "✓" if line.was_guessed_right else "✗"
            guess = texts("replay.guessed", action=self._named("action", line.guess))
            remarks.append((f"{guess} {sign}", theme.calm if line.was_guessed_right else theme.alarm, True))
        return [(words, colour) for words, colour, is_so in remarks if is_so]

    def middle(self, layout: DeckLayout, box: Rect, strip: Strip) -> pygame.Surface:
        """What to think of the picture, and the newest events."""
        theme = self._theme
        plate = self._sprites.plate(box.size, layout.px(10), theme.well, theme.card_edge).copy()
        pad = layout.px(10)
        room, lines = box.width - 2 * pad, []
        for verdict in strip.verdicts:
            words = self._texts(verdict.key, **dict(verdict.values))
            lines.append((words, self._style(layout, 13, "bold", self._verdict_colour(verdict.key))))
        for event in strip.events:
            colour = theme.text if event.is_now else theme.text_faint
            style = self._style(layout, 12, "bold" if event.is_now else "medium", colour)
            lines.append((self._event_words(event), style))
        if not strip.events:
            lines.append((self._texts("replay.no_event"), self._style(layout, 12, "medium", theme.text_faint)))
        shown = [self._lettering.fitted(words, style, room) for words, style in lines]
        top = layout.px(7)
        for line in shown:
            if top + line.get_height() > box.height - layout.px(3):
                break
            top = put(plate, line, topleft=(pad, top)).bottom
        return plate

    def _verdict_colour(self, verdict: str) -> Colour:
        theme = self._theme
        loud = {"replay.shown.untrue": theme.alarm, "replay.shown.lost": theme.alarm, "replay.shown.true": theme.calm}
        return blend(loud.get(verdict, theme.notice), theme.text, 0.35)

    def _event_words(self, event: EventLine) -> str:
        seat = self._texts(f"replay.{Seat(event.seat).word}") if event.seat in (0, 1) else ""
        words = self._texts("replay.event", frame=event.frame, seat=seat, event=self._named("event", event.name))
        return " ".join(words.split())

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

    # --- words ----------------------------------------------------------------------------------------------------

    def _named(self, kind: str, name: str) -> str:
        """A word of the game's in the language of the catalogue, or as the game has it."""
        key = f"{kind}.{name}"
        words = self._texts(key)
        return name if words == key else words

    def _style(self, layout: DeckLayout, units: float, weight: Weight, colour: Colour | None = None) -> Style:
        return Style(units * layout.unit, weight, colour or self._theme.text)


def _empty(box: Rect) -> pygame.Surface:
    return pygame.Surface((max(1, box.width), max(1, box.height)), pygame.SRCALPHA)


def _middle(box: Rect) -> tuple[int, int]:
    return box.width // 2, box.height // 2
