"""The cards over the board while nobody plays: waiting, countdown, result, end of the session, refusal."""

from typing import Final

import pygame

from client.canvas import Item, centred
from client.hud import filled_bar
from client.layout import Layout
from client.lettering import Lettering, Style
from client.notices import sign
from client.picture import Picture
from client.shapes import panel, put
from client.sprites import DOWN, LEFT, RIGHT, Sprites
from client.texts import Texts
from client.theme import Colour, Theme

PAD_UNITS: Final = 28
WIDTH_UNITS: Final = 430
VEIL_OPACITY: Final = 165
CLEAR_VEIL_OPACITY: Final = 105
"""In the countdown the board stays legible, and the players stand on the veil: one should find oneself by then."""
COUNTDOWN_SECONDS: Final = 3.0


class _Stack:
    """Surfaces one below the other, centred, with gaps: what a card consists of."""

    def __init__(self) -> None:
        self._rows: list[tuple[pygame.Surface, int]] = []

    def add(self, *surfaces: pygame.Surface, gap: int = 0) -> None:
        self._rows += [(surface, gap if index == 0 else 0) for index, surface in enumerate(surfaces)]

    @property
    def height(self) -> int:
        return sum(surface.get_height() + gap for surface, gap in self._rows)

    def paint(self, plate: pygame.Surface, top: int) -> None:
        for surface, gap in self._rows:
            top = put(plate, surface, midtop=(plate.get_width() // 2, top + gap)).bottom


class Cards:
    """The card of one window: drawn again only when what it says changes."""

    def __init__(self, theme: Theme, texts: Texts, lettering: Lettering, sprites: Sprites) -> None:
        self._theme = theme
        self._texts = texts
        self._lettering = lettering
        self._sprites = sprites
        self._key: object = None
        self._veil = pygame.Surface((1, 1))
        self._card = pygame.Surface((1, 1))
        self._bar_key = (0, 0)
        self._bar = pygame.Surface((1, 1))

    def items(self, layout: Layout, picture: Picture) -> list[Item]:
        """The card of this phase, if it has one."""
        if picture.phase == "playing":
            return []
        self._prepare(layout, picture)
        card = centred(self._card, *layout.board.center)
        items = [card]
        if picture.phase == "countdown" and picture.seconds_to_go is not None:
            items.append(self._countdown(layout, picture.seat, picture.seconds_to_go, card))
        return items

    def veil(self, layout: Layout, picture: Picture) -> list[Item]:
        """What lies over the board below the card, so that it is seen to rest."""
        if picture.phase == "playing":
            return []
        self._prepare(layout, picture)
        return [(self._veil, layout.board.topleft)]

    def _prepare(self, layout: Layout, picture: Picture) -> None:
        key = (layout, self._content(picture))
        if key != self._key:
            self._key = key
            opacity = CLEAR_VEIL_OPACITY if picture.phase == "countdown" else VEIL_OPACITY
            self._veil = panel(layout.board.size, layout.tile * 0.3, (8, 10, 18), opacity=opacity)
            self._card = self._render(layout, picture)

    def _countdown(self, layout: Layout, seat: int, seconds: float, card: Item) -> Item:
        """The bar at the card's lower end that runs out."""
        (surface, (left, top)), pad = card, layout.px(PAD_UNITS)
        wide, high = surface.get_width() - 2 * pad, layout.px(6)
        filled = round(wide * min(1.0, max(0.0, seconds / COUNTDOWN_SECONDS)))
        if (wide, filled) != self._bar_key:
            self._bar_key = (wide, filled)
            self._bar = filled_bar((wide, high), filled, self._theme.players[seat].base, self._theme)
        return self._bar, (left + pad, top + surface.get_height() - pad - high)

    def _content(self, picture: Picture) -> object:
        scene = picture.scene
        result = (scene.scores, scene.common) if scene and picture.phase == "result" else None
        ended = (picture.outcome_key, picture.has_played, picture.is_early)
        words = (ended, picture.trouble_key, picture.error, picture.totals, picture.round, picture.rounds)
        return picture.phase, picture.seat, _whole(picture.seconds_to_go), result, words

    def _render(self, layout: Layout, picture: Picture) -> pygame.Surface:
        stack = _Stack()
        inner = self._inner_width(layout)
        if picture.phase == "waiting":
            self._fill_waiting(stack, layout, picture, inner)
        elif picture.phase == "countdown":
            self._fill_countdown(stack, layout, picture, inner)
        elif picture.phase == "refused":
            self._fill_refused(stack, layout, picture, inner)
        else:
            self._fill_result(stack, layout, picture, inner)
        pad = layout.px(PAD_UNITS)
        card = panel((inner + 2 * pad, stack.height + 2 * pad), layout.px(20), self._theme.card, self._theme.card_edge)
        stack.paint(card, pad)
        return card

    def _inner_width(self, layout: Layout) -> int:
        return min(layout.px(WIDTH_UNITS), layout.board.width - layout.tile) - 2 * layout.px(PAD_UNITS)

    def _fill_waiting(self, stack: _Stack, layout: Layout, picture: Picture, inner: int) -> None:
        stack.add(self._pair(layout, layout.px(72)))
        stack.add(*self._title(layout, self._texts("waiting.title"), inner), gap=layout.px(16))
        stack.add(*self._quiet(layout, self._texts("waiting.more"), inner), gap=layout.px(8))
        if picture.trouble_key:
            stack.add(*self._loud(layout, self._texts(picture.trouble_key), inner), gap=layout.px(14))

    def _fill_countdown(self, stack: _Stack, layout: Layout, picture: Picture, inner: int) -> None:
        theme = self._theme
        stack.add(*self._quiet(layout, self._texts("round", round=picture.round, rounds=picture.rounds), inner))
        stack.add(*self._title(layout, self._texts("countdown.title"), inner), gap=layout.px(2))
        if picture.seconds_to_go is not None:
            number = str(_whole(picture.seconds_to_go))
            stack.add(self._lettering.text(number, Style(96 * layout.unit, "bold", theme.text)), gap=layout.px(2))
        stack.add(self._you(layout, picture.seat), gap=layout.px(4))
        stack.add(pygame.Surface((1, layout.px(6)), pygame.SRCALPHA), gap=layout.px(20))

    def _fill_refused(self, stack: _Stack, layout: Layout, picture: Picture, inner: int) -> None:
        stack.add(sign("break", layout.px(60), self._theme.alarm, self._theme.card))
        stack.add(*self._title(layout, self._texts("refused.title"), inner), gap=layout.px(14))
        for line in picture.error:
            stack.add(*self._quiet(layout, line, inner), gap=layout.px(8))
        stack.add(*self._plain(layout, self._texts("refused.more"), inner), gap=layout.px(14))

    def _fill_result(self, stack: _Stack, layout: Layout, picture: Picture, inner: int) -> None:
        is_last = picture.phase == "finished"
        values = {"round": picture.round, "rounds": picture.rounds}
        last_title = self._texts("finished.early" if picture.is_early else "finished.title")
        title = last_title if is_last else self._texts("result.title", **values)
        stack.add(*self._title(layout, title, inner))
        if picture.outcome_key:
            stack.add(*self._loud(layout, self._texts(picture.outcome_key), inner), gap=layout.px(6))
        scores = self._scores(picture)
        if scores is not None:
            if is_last and picture.rounds > 1:
                stack.add(*self._quiet(layout, self._texts("finished.totals"), inner), gap=layout.px(14))
            stack.add(self._score_row(layout, picture.seat, scores, inner), gap=layout.px(20))
        stack.add(*self._plain(layout, self._next_words(picture), inner), gap=layout.px(20))

    def _scores(self, picture: Picture) -> tuple[int, int, int] | None:
        if picture.phase == "finished" or picture.scene is None:
            return picture.totals
        return (*picture.scene.scores, picture.scene.common)

    def _next_words(self, picture: Picture) -> str:
        if picture.phase == "finished":
            return self._texts("finished.more" if picture.has_played else "finished.unplayed")
        if picture.seconds_to_go is None:
            return self._texts("result.wait")
        return self._texts("result.next", seconds=_whole(picture.seconds_to_go))

    def _score_row(self, layout: Layout, seat: int, scores: tuple[int, int, int], inner: int) -> pygame.Surface:
        """Own, team and partner's score side by side; the team's in the middle, larger."""
        theme, size = self._theme, layout.px(50)
        columns = (
            (self._sprites.player(seat, size, RIGHT), self._texts("you"), scores[seat], theme.players[seat].base, 34),
            (self._sprites.gem(size), self._texts("team.short"), scores[2], theme.gem, 44),
            (
                self._sprites.player(1 - seat, size, LEFT),
                self._texts("partner"),
                scores[1 - seat],
                theme.players[1 - seat].base,
                34,
            ),
        )
        blocks = [self._score_block(layout, *column) for column in columns]
        row = pygame.Surface((inner, max(block.get_height() for block in blocks)), pygame.SRCALPHA)
        for index, block in enumerate(blocks):
            put(row, block, midbottom=(inner * (2 * index + 1) // 6, row.get_height()))
        return row

    def _score_block(
        self, layout: Layout, figure: pygame.Surface, name: str, score: int, colour: Colour, units: int
    ) -> pygame.Surface:
        label = self._lettering.text(name, Style(14 * layout.unit, "medium", self._theme.text_quiet))
        number = self._lettering.text(str(score), Style(units * layout.unit, "bold", colour))
        stack = _Stack()
        stack.add(figure, number, label)
        width = max(figure.get_width(), label.get_width(), number.get_width())
        block = pygame.Surface((width, stack.height), pygame.SRCALPHA)
        stack.paint(block, 0)
        return block

    def _pair(self, layout: Layout, size: int) -> pygame.Surface:
        gap = layout.px(18)
        pair = pygame.Surface((2 * size + gap, size), pygame.SRCALPHA)
        put(pair, self._sprites.player(0, size, RIGHT), topleft=(0, 0))
        put(pair, self._sprites.player(1, size, LEFT), topleft=(size + gap, 0))
        return pair

    def _you(self, layout: Layout, seat: int) -> pygame.Surface:
        figure = self._sprites.player(seat, layout.px(46), DOWN)
        style = Style(15 * layout.unit, "medium", self._theme.text_quiet)
        label = self._lettering.text(self._texts("countdown.you_are"), style)
        gap = layout.px(8)
        row = pygame.Surface((figure.get_width() + gap + label.get_width(), figure.get_height()), pygame.SRCALPHA)
        box = put(row, label, midleft=(0, row.get_height() // 2))
        put(row, figure, midleft=(box.right + gap, row.get_height() // 2))
        return row

    def _title(self, layout: Layout, words: str, inner: int) -> list[pygame.Surface]:
        return self._lettering.wrapped(words, Style(24 * layout.unit, "bold", self._theme.text), inner)

    def _plain(self, layout: Layout, words: str, inner: int) -> list[pygame.Surface]:
        return self._lettering.wrapped(words, Style(16 * layout.unit, "medium", self._theme.text), inner)

    def _loud(self, layout: Layout, words: str, inner: int) -> list[pygame.Surface]:
        return self._lettering.wrapped(words, Style(14 * layout.unit, "medium", self._theme.notice), inner)

    def _quiet(self, layout: Layout, words: str, inner: int) -> list[pygame.Surface]:
        return self._lettering.wrapped(words, Style(15 * layout.unit, "medium", self._theme.text_quiet), inner)


def _whole(seconds: float | None) -> int | None:
    """Seconds as people count down: 3 from 3.0 down to just above 2.0; never below 1 while something is to come."""
    return None if seconds is None else max(1, -int(-seconds // 1))
