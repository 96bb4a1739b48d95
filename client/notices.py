"""What is unusual right now, said where it hides no play: a banner on the board's lower wall, and the away overlay."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import pygame

from client.canvas import Item, centred
from client.hud import filled_bar
from client.layout import Layout
from client.lettering import Lettering, Style
from client.picture import Picture
from client.shapes import disc, panel, polygon, put
from client.texts import Texts
from client.theme import Colour, Theme, blend

Sign = Literal["pause", "wait", "break", "forward"]
TWO_LINES_TILE: Final = 36
"""A wall lower than this has room for one line only."""

SAID: Final[Mapping[str, str]] = MappingProxyType(
    {
        "away": "away",
        "notice.fast_forward": "fast-forward",
        "notice.silent": "partner not reachable",
        "notice.holding": "waiting for partner",
        "notice.partner_away": "partner away",
        "": "",
    }
)
"""How the record tells what a window told, whatever its language."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One banner: how loud it is, its sign, what is the matter and what that means, and how much of it is done."""

    colour: Colour
    sign: Sign
    title: str
    more: str
    share: float | None = None


def notice_key(picture: Picture) -> str:
    """The one thing that matters most now, as a key of `SAID`; empty on an ordinary frame."""
    if picture.phase != "playing":
        return ""
    if picture.is_away:
        return "away"
    if picture.missed_seconds is not None:
        return "notice.fast_forward"
    if picture.silent_seconds is not None:
        return "notice.silent"
    if picture.is_holding:
        return "notice.holding"
    return "notice.partner_away" if picture.is_partner_away else ""


def notice_for(picture: Picture, texts: Texts, theme: Theme) -> Notice | None:
    """The banner that this picture needs; None on an ordinary frame, and under the overlay."""
    key = notice_key(picture)
    match key:
        case "notice.fast_forward":
            title = texts(key, seconds=max(1, round(picture.missed_seconds or 0)))
            return Notice(theme.news, "forward", title, texts(f"{key}.more"), picture.travelled)
        case "notice.silent":
            return Notice(theme.alarm, "break", texts(key), _patience(picture, texts))
        case "notice.holding":
            return Notice(theme.notice, "wait", texts(key), texts(f"{key}.more"))
        case "notice.partner_away":
            return Notice(theme.notice, "pause", texts(key), texts(f"{key}.more"))
    return None


def _patience(picture: Picture, texts: Texts) -> str:
    if picture.gives_up_seconds is None:
        return texts("notice.silent.more.open")
    return texts("notice.silent.more", seconds=f"{max(0.0, picture.gives_up_seconds):.0f}")


class Notices:
    """The banner and the overlay of one window."""

    def __init__(self, theme: Theme, texts: Texts, lettering: Lettering) -> None:
        self._theme = theme
        self._texts = texts
        self._lettering = lettering
        self._banner_key: object = None
        self._banner = pygame.Surface((1, 1))
        self._overlay_key: object = None
        self._overlay = pygame.Surface((1, 1))

    def items(self, layout: Layout, picture: Picture) -> list[Item]:
        """What there is to say, if anything."""
        if notice_key(picture) == "away":
            if self._overlay_key != layout:
                self._overlay_key = layout
                self._overlay = self._render_overlay(layout)
            return [(self._overlay, layout.board.topleft)]
        notice = notice_for(picture, self._texts, self._theme)
        return [] if notice is None else self._banner_items(layout, notice)

    def _banner_items(self, layout: Layout, notice: Notice) -> list[Item]:
        key = (layout, notice.colour, notice.sign, notice.title, notice.more)
        if key != self._banner_key:
            self._banner_key = key
            self._banner = self._render_banner(layout, notice)
        wall = pygame.Rect(layout.board.left, layout.board.bottom - layout.tile, layout.board.width, layout.tile)
        items = [centred(self._banner, *wall.center)]
        if notice.share is not None:
            items.append(self._progress(layout, items[0], notice.colour, notice.share))
        return items

    def _progress(self, layout: Layout, banner: Item, colour: Colour, share: float) -> Item:
        """The bar at a banner's lower edge: how much is done."""
        surface, (left, top) = banner
        wide, high = surface.get_width() - surface.get_height(), max(2, layout.px(3))
        bar = filled_bar((wide, high), round(wide * share), colour, self._theme)
        return bar, (left + surface.get_height() // 2, top + surface.get_height() - 2 - layout.px(2) - high)

    def _render_banner(self, layout: Layout, notice: Notice) -> pygame.Surface:
        theme, high = self._theme, layout.tile - 4
        wide = min(layout.board.width - layout.tile, round(layout.tile * 10.6))
        fill = blend(theme.card, notice.colour, 0.16)
        banner = panel((wide, high), high * 0.28, fill, notice.colour, width=2)
        icon = put(
            banner, sign(notice.sign, round(high * 0.62), notice.colour, fill), midleft=(round(high * 0.28), high // 2)
        )
        left, room = icon.right + round(high * 0.24), wide - icon.right - round(high * 0.48)
        bold = Style(14 * layout.unit, "bold", theme.text)
        quiet = Style(12.5 * layout.unit, "medium", blend(theme.text, notice.colour, 0.35))
        said = [(notice.title, bold), (notice.more, quiet)] if layout.tile >= TWO_LINES_TILE else [(notice.title, bold)]
        below = 0 if notice.share is None else layout.px(6)  # the bar's
        share = min(1.0, (high - 6 - below) / sum(self._lettering.height(style) for _, style in said))
        lines = [
            self._lettering.fitted(words, style._replace(pixels=style.pixels * share), room) for words, style in said
        ]
        top = (high - below - sum(line.get_height() for line in lines)) // 2
        for line in lines:
            top = put(banner, line, topleft=(left, top)).bottom
        return banner

    def _render_overlay(self, layout: Layout) -> pygame.Surface:
        theme, lettering = self._theme, self._lettering
        overlay = panel(layout.board.size, layout.tile * 0.3, (8, 10, 18), opacity=190)
        width = min(round(layout.board.width * 0.86), layout.px(420))
        inner = width - 2 * layout.px(24)
        title = lettering.wrapped(self._texts("away.title"), Style(21 * layout.unit, "bold", theme.text), inner)
        more = lettering.wrapped(self._texts("away.more"), Style(15 * layout.unit, "medium", theme.text_quiet), inner)
        icon = sign("pause", layout.px(54), theme.notice, theme.card)
        pad, gap = layout.px(24), layout.px(12)
        high = 2 * pad + icon.get_height() + 2 * gap + sum(line.get_height() for line in (*title, *more))
        card = panel((width, high), layout.px(18), theme.card, theme.card_edge)
        top = put(card, icon, midtop=(width // 2, pad)).bottom + gap
        for line in title:
            top = put(card, line, midtop=(width // 2, top)).bottom
        top += gap
        for line in more:
            top = put(card, line, midtop=(width // 2, top)).bottom
        put(overlay, card, center=overlay.get_rect().center)
        return overlay


def sign(kind: Sign, size: int, colour: Colour, ink: Colour) -> pygame.Surface:
    """A round sign: two bars for a pause, dots for waiting, a gap for a broken link, two arrows for passing quickly."""
    plate = disc(size, colour)
    middle = size // 2
    if kind == "pause":
        bar = panel((max(2, round(size * 0.15)), round(size * 0.46)), size * 0.05, ink)
        put(plate, bar, center=(round(size * 0.37), middle))
        put(plate, bar, center=(round(size * 0.63), middle))
    elif kind == "wait":
        for x in (0.26, 0.5, 0.74):
            put(plate, disc(max(2, round(size * 0.16)), ink), center=(round(size * x), middle))
    elif kind == "break":
        put(
            plate,
            panel((max(2, round(size * 0.15)), round(size * 0.38)), size * 0.06, ink),
            midtop=(middle, round(size * 0.18)),
        )
        put(plate, disc(max(2, round(size * 0.17)), ink), center=(middle, round(size * 0.74)))
    else:
        side = round(size * 0.34)
        arrow = polygon((side, round(size * 0.44)), ((0, 0), (1, 0.5), (0, 1)), ink)
        put(plate, arrow, midleft=(round(size * 0.2), middle))
        put(plate, arrow, midleft=(round(size * 0.48), middle))
    return plate
