"""The card over a replay's picture while it is worked out what a seat saw. No loop, no clock: a share comes in."""

import pygame

from client.hud import filled_bar
from client.lettering import Lettering, Style
from client.replay.deck_layout import DeckLayout
from client.shapes import panel, put
from client.texts import Texts
from client.theme import Theme
from games.contract import Seat


class ProgressCard:
    """The card of one window."""

    def __init__(self, theme: Theme, texts: Texts) -> None:
        self._theme = theme
        self._texts = texts
        self._lettering = Lettering(theme)

    def paint(self, surface: pygame.Surface, layout: DeckLayout, seat: Seat, share: float) -> None:
        """Draw it into the middle of the picture."""
        theme, pad, high = self._theme, layout.px(20), layout.px(6)
        room = max(1, layout.view.width - 4 * pad)
        name = self._texts(f"replay.{seat.word}")
        style = Style(16 * layout.unit, "bold", theme.text)
        words = self._lettering.fitted(self._texts("replay.working", seat=name), style, room)
        wide = words.get_width()
        card = panel((wide + 2 * pad, words.get_height() + 3 * pad + high), pad, theme.card, theme.card_edge)
        below = put(card, words, topleft=(pad, pad)).bottom + pad
        put(card, filled_bar((wide, high), round(wide * share), theme.news, theme), topleft=(pad, below))
        put(surface, card, center=layout.view.center)
