"""The panel beside the board: the partner's state, the round and the team's score, how to score, the keys.

On request of the RA, details (F1) or netcode figures (F3) take the place of cards that explain the game.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

import pygame
from pygame import Rect

from client.canvas import Item
from client.layout import Layout
from client.panel_cards import FIGURE_UNITS, PanelCards, status_of
from client.picture import Picture
from client.sprites import Sprites
from client.stage import Stage
from client.theme import Theme

FOOT_UNITS: Final = 22
FIGURES_HEAD_UNITS: Final = 48
GAP_UNITS: Final = 8
SHEET_UNITS: Final = 420
"""How wide what is asked for is at most where there is no panel."""


class _Card(NamedTuple):
    """One card: its least height, its share of spare height, what it shows (drawn again when that changes), and how."""

    name: str
    units: float
    stretch: float
    content: Callable[[Picture], object]
    draw: Callable[[pygame.Surface, Layout, Picture], None]


class SidePanel:
    """The side panel of one window."""

    def __init__(self, theme: Theme, sprites: Sprites, cards: PanelCards) -> None:
        self._theme = theme
        self._sprites = sprites
        self._cards = cards
        self._sheet_key: object = None
        self._sheet: list[Item] = []
        self._arrangement: tuple[object, list[tuple[_Card, Rect]]] = (None, [])

    def arrangement(self, picture: Picture) -> object:
        """What decides which cards there are and how high they are."""
        return picture.details is None, None if picture.figures is None else len(picture.figures)

    def lay(self, stage: Stage, layout: Layout, picture: Picture) -> None:
        """Lay every card into its place, if the window has a panel."""
        if layout.panel is None:
            return
        key = (layout, self.arrangement(picture))
        if key != self._arrangement[0]:
            self._arrangement = (key, self._places(layout, layout.panel, picture))
        for card, box in self._arrangement[1]:
            stage.lay(card.name, card.content(picture), box, partial(self._render, card, box, layout, picture))

    def items(self, layout: Layout, picture: Picture) -> list[Item]:
        """What an experimenter must see in a window that has no room for a panel: an alarm on the board's upper wall,
        and what was asked for over the board.
        """
        if layout.panel is not None or not (picture.alarms or picture.details or picture.figures):
            return []
        key = (layout, picture.alarms, picture.details, picture.figures)
        if key != self._sheet_key:
            self._sheet_key, self._sheet = key, self._render_sheet(layout, picture)
        return self._sheet

    def _render_sheet(self, layout: Layout, picture: Picture) -> list[Item]:
        board, gap = layout.board, layout.px(GAP_UNITS)
        wide = min(board.width - 2 * layout.tile, layout.px(SHEET_UNITS))
        left, top = board.centerx - wide // 2, board.top + layout.tile + gap
        items: list[Item] = []
        if picture.alarms:
            strip = pygame.Surface((wide, layout.px(FOOT_UNITS)), pygame.SRCALPHA)
            self._cards.draw_alarm(strip, layout)
            items.append((strip, (left, board.top + (layout.tile - strip.get_height()) // 2)))
        sheets = []
        if picture.details is not None:
            sheets.append((board.height // 2, self._cards.draw_details))
        if picture.figures is not None:
            sheets.append(
                (layout.px(FIGURES_HEAD_UNITS + FIGURE_UNITS * len(picture.figures)), self._cards.draw_figures)
            )
        for high, draw in sheets:
            plate = self._sprites.plate((wide, high), layout.px(14), self._theme.card, self._theme.card_edge).copy()
            draw(plate, layout, picture)
            items.append((plate, (left, top)))
            top += high + gap
        return items

    def _places(self, layout: Layout, column: Rect, picture: Picture) -> list[tuple[_Card, Rect]]:
        """The cards and where they go: the status beside the bar, the others beside the board, ending with it."""
        theme, draw = self._theme, self._cards
        status = _Card("status", 0, 0, lambda shown: status_of(shown, theme), draw.draw_status)
        placed = [(status, Rect(column.topleft, (column.width, layout.bar.height)))]
        cards = self._column(picture)
        gap, top = layout.board.top - layout.bar.bottom, layout.board.top
        spare = layout.board.height - gap * (len(cards) - 1) - sum(layout.px(card.units) for card in cards)
        stretch = sum(card.stretch for card in cards) or 1.0
        for card in cards:
            high = layout.px(card.units) + int(spare * card.stretch / stretch)
            placed.append((card, Rect(column.left, top, column.width, high)))
            top += high + gap
        return placed

    def _column(self, picture: Picture) -> list[_Card]:
        draw = self._cards
        cards = [
            _Card("team", 122, 1.0, _team, draw.draw_team),
            _Card("guide", 50 + 46 * draw.guide_lines, 1.2, lambda shown: shown.seat, draw.draw_guide),
            _Card("keys", 134, 0.8, lambda _: None, draw.draw_keys),
        ]
        if picture.details is not None:
            details = _Card("details", 120, 2.0, lambda shown: (shown.details, shown.alarms), draw.draw_details)
            cards = [cards[0]._replace(stretch=0.0), details]
        if picture.figures is not None:
            high = FIGURES_HEAD_UNITS + FIGURE_UNITS * len(picture.figures)
            figures = _Card("figures", high, 0.0, lambda shown: shown.figures, draw.draw_figures)
            cards = [*cards[:2], figures]
        return [*cards, _Card("foot", FOOT_UNITS, 0.0, _foot, draw.draw_foot)]

    def _render(self, card: _Card, box: Rect, layout: Layout, picture: Picture) -> pygame.Surface:
        if card.name == "foot":
            plate = pygame.Surface(box.size, pygame.SRCALPHA)
        else:
            plate = self._sprites.plate(box.size, layout.px(14), self._theme.card, self._theme.card_edge).copy()
        card.draw(plate, layout, picture)
        return plate


def _team(picture: Picture) -> object:
    return picture.round, picture.rounds, picture.scene.common if picture.scene else 0


def _foot(picture: Picture) -> object:
    return picture.session, picture.labels, picture.seat, bool(picture.alarms)
