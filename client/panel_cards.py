"""What each card of the side panel shows, drawn onto its plate. Knows nothing of which cards there are, or where."""

from collections.abc import Mapping, Sequence
from typing import Final

import pygame
from pygame import Rect

from client.controls import SCANCODE_SPACE, KeyCaps, key_name
from client.layout import Layout
from client.lettering import LEAST_SHARE, Lettering, Style
from client.picture import Picture
from client.shapes import disc, panel, polygon, put
from client.sprites import Sprites
from client.texts import Texts
from client.theme import Colour, Theme, blend
from games.contract import GuideLine, Seat

Values = Mapping[str, int | str]

KEY_UNITS: Final = 33
ARROWS: Final = {82: 0, 80: 90, 81: 180, 79: 270}
"""The scancodes of the arrow keys, and how far each is turned from the upward one (degrees)."""
PAD_UNITS: Final = 16
FIGURE_UNITS: Final = 20


def status_of(picture: Picture, theme: Theme) -> tuple[str, Colour, int]:
    """The partner's state as a text key, its colour and the seconds that belong to it."""
    if picture.phase == "refused":
        return "status.refused", theme.alarm, 0
    if picture.phase == "finished":
        return "status.over", theme.text_faint, 0
    if picture.silent_seconds is not None:
        return "status.silent", theme.alarm, int(picture.silent_seconds)
    if picture.phase == "waiting":
        return "status.waiting", theme.notice, 0
    if picture.is_holding:
        return "status.holding", theme.notice, 0
    if picture.is_partner_away:
        return "status.away", theme.notice, 0
    return "status.here", theme.calm, 0


class PanelCards:
    """The cards of one window's side panel. Each draws onto a plate of any size; what does not fit is left out."""

    def __init__(
        self,
        theme: Theme,
        texts: Texts,
        lettering: Lettering,
        sprites: Sprites,
        guide: Sequence[GuideLine],
        guide_values: Values,
        keys: KeyCaps,
    ) -> None:
        self._theme = theme
        self._texts = texts
        self._lettering = lettering
        self._sprites = sprites
        self._guide = tuple(guide)
        self._guide_values = guide_values
        self._keys = keys

    @property
    def guide_lines(self) -> int:
        """How many lines explain how to score."""
        return len(self._guide)

    def draw_status(self, plate: pygame.Surface, layout: Layout, picture: Picture) -> None:
        """How the partner is."""
        key, colour, seconds = status_of(picture, self._theme)
        size, pad = layout.px(12), layout.px(PAD_UNITS)
        halo = disc(size * 2, blend(self._theme.card, colour, 0.28))
        spot = put(plate, halo, midleft=(pad - size // 4, plate.get_height() // 2))
        put(plate, disc(size, colour), center=spot.center)
        left = spot.right + layout.px(10)
        room = plate.get_width() - left - layout.px(10)
        title = self._lettering.fitted(self._texts(key), Style(15 * layout.unit, "bold", self._theme.text), room)
        more = self._texts(f"{key}.more", seconds=seconds)
        quiet = self._lettering.fitted(more, Style(13 * layout.unit, "medium", self._theme.text_quiet), room)
        top = (plate.get_height() - title.get_height() - quiet.get_height()) // 2
        put(plate, quiet, topleft=(left, put(plate, title, topleft=(left, top)).bottom))

    def draw_team(self, plate: pygame.Surface, layout: Layout, picture: Picture) -> None:
        """The pair's score, and which round it is."""
        theme, pad = self._theme, layout.px(PAD_UNITS)
        common = picture.scene.common if picture.scene else 0
        room = plate.get_width() - 2 * pad
        title = self._title(plate, layout, self._texts("team"), room)
        low = plate.get_height() - layout.px(12)
        dots = self._round_dots(layout, picture) if picture.rounds else pygame.Surface((1, 1), pygame.SRCALPHA)
        key = "round" if picture.rounds else "round.open"
        words = self._texts(key, round=picture.round, rounds=picture.rounds)
        label = self._lettering.fitted(words, Style(14 * layout.unit, "medium", theme.text_quiet), room)
        label_box = put(plate, label, bottomleft=(pad, low))
        if label_box.right + layout.px(12) + dots.get_width() <= pad + room:
            put(plate, dots, midright=(pad + room, label_box.centery))
        middle, between = (title.bottom + label_box.top) // 2, label_box.top - title.bottom
        large = Style(44 * layout.unit, "bold", theme.gem)
        share = min(1.0, between / self._lettering.height(large))
        number = self._lettering.text(str(common), large._replace(pixels=large.pixels * share))
        gem = self._sprites.gem(layout.px(34))
        box = put(plate, gem, midleft=(pad - layout.px(2), middle))
        put(plate, number, midleft=(box.right + layout.px(8), middle))

    def _round_dots(self, layout: Layout, picture: Picture) -> pygame.Surface:
        """One dot a round: done, running (a longer one), to come."""
        size, gap = layout.px(8), layout.px(5)
        wide = size * 3
        dots = pygame.Surface((size * picture.rounds + gap * (picture.rounds - 1) + wide - size, size), pygame.SRCALPHA)
        left = 0
        for index in range(1, picture.rounds + 1):
            colour = (
                self._theme.text if index <= picture.round else blend(self._theme.card, self._theme.text_faint, 0.5)
            )
            colour = blend(colour, self._theme.card, 0.45) if index < picture.round else colour
            length = wide if index == picture.round else size
            left = put(dots, panel((length, size), size / 2, colour), topleft=(left, 0)).right + gap
        return dots

    def draw_guide(self, plate: pygame.Surface, layout: Layout, picture: Picture) -> None:
        """How to score, line by line."""
        pad = layout.px(PAD_UNITS)
        room = plate.get_width() - 2 * pad
        top = self._title(plate, layout, self._texts("guide.title"), room).bottom + layout.px(4)
        low = plate.get_height() - layout.px(8)
        size, gap = layout.px(34), layout.px(6)
        column = max((len(line.icons) for line in self._guide), default=0) * (size + gap) - gap
        left = pad + column + layout.px(14)
        share = (low - top) // max(1, len(self._guide))
        style = Style(14 * layout.unit, "medium", self._theme.text)
        for index, line in enumerate(self._guide):
            middle = top + (low - top) * (2 * index + 1) // (2 * len(self._guide))
            icons = self._icons(line, picture.seat, size, gap)
            put(plate, icons, center=(pad + column // 2, middle))
            words = self._texts(line.text, **self._guide_values)
            lines = self._lettering.block(words, style, plate.get_width() - left - layout.px(12), share)
            y = middle - sum(each.get_height() for each in lines) // 2
            for each in lines:
                y = put(plate, each, topleft=(left, y)).bottom

    def _icons(self, line: GuideLine, seat: int, size: int, gap: int) -> pygame.Surface:
        """The pictures of one line side by side; words that nobody here knows leave none."""
        known = [icon for icon in (self._sprites.icon(kind, seat, size) for kind in line.icons) if icon is not None]
        row = pygame.Surface((max(1, len(known) * (size + gap) - gap), size), pygame.SRCALPHA)
        for index, icon in enumerate(known):
            put(row, icon, topleft=(index * (size + gap), 0))
        return row

    def draw_keys(self, plate: pygame.Surface, layout: Layout, _picture: Picture) -> None:
        """Which keys do what."""
        pad = layout.px(PAD_UNITS)
        room = plate.get_width() - 2 * pad
        top = self._title(plate, layout, self._texts("keys.title"), room).bottom
        side, gap = layout.px(KEY_UNITS), layout.px(5)
        block = side * 3 + gap * 2
        label_style = Style(13 * layout.unit, "medium", self._theme.text_quiet)
        high = side * 2 + gap + layout.px(4) + self._lettering.height(label_style)
        top += max(0, (plate.get_height() - layout.px(10) - top - high) // 2)
        below = top + side + gap
        label_top = below + side + layout.px(4)
        keys = self._keys
        for key, left, y in (
            (keys.up, side + gap, top),
            (keys.left, 0, below),
            (keys.down, side + gap, below),
            (keys.right, 2 * (side + gap), below),
        ):
            if key is not None:
                put(plate, self._key(key, side, layout), topleft=(pad + left, y))
        put(plate, self._lettering.text(self._texts("keys.move"), label_style), midtop=(pad + block // 2, label_top))
        if keys.act is None:
            return
        wide = min(layout.px(104), room - block - layout.px(18))
        left = pad + block + layout.px(18)
        cap = self._key(keys.act, side, layout, wide)
        put(plate, cap, topleft=(left, below))
        act = self._lettering.fitted(self._texts("keys.act"), label_style, wide)
        put(plate, act, midtop=(left + wide // 2, label_top))

    def _key(self, scancode: int, side: int, layout: Layout, wide: int | None = None) -> pygame.Surface:
        """A key with its arrow or its name."""
        cap = self._cap((wide or side, side), layout)
        middle = (cap.get_width() // 2, side // 2 - layout.px(1))
        if scancode in ARROWS:
            size = layout.px(11)
            point = polygon((size, size), ((0.5, 0.08), (1, 0.92), (0, 0.92)), self._theme.text)
            put(cap, pygame.transform.rotate(point, ARROWS[scancode]), center=middle)
            return cap
        name = self._texts("keys.space") if scancode == SCANCODE_SPACE else key_name(scancode)
        style = Style(13 * layout.unit, "bold", self._theme.text)
        word = self._lettering.fitted(name[:1].upper() + name[1:], style, cap.get_width() - layout.px(8))
        put(cap, word, center=middle)
        return cap

    def draw_details(self, plate: pygame.Surface, layout: Layout, picture: Picture) -> None:
        """What the RA asked for, alarms first."""
        pad = layout.px(PAD_UNITS)
        room = plate.get_width() - 2 * pad
        top = self._title(plate, layout, self._texts("details.title"), room).bottom + layout.px(6)
        size, least = 13.0 * layout.unit, 13.0 * LEAST_SHARE * layout.unit
        room_below = plate.get_height() - pad // 2 - top
        lines = self._detail_lines(picture, size, room, layout.px(6))
        while size > least and sum(line.get_height() + gap for line, gap in lines) > room_below:
            size = max(least, size * 0.94)
            lines = self._detail_lines(picture, size, room, layout.px(6))
        for line, gap in lines:
            if top + line.get_height() > plate.get_height() - pad // 2:
                return
            top = put(plate, line, topleft=(pad, top)).bottom + gap

    def _detail_lines(self, picture: Picture, size: float, room: int, gap: int) -> list[tuple[pygame.Surface, int]]:
        """Each line, and the gap below it."""
        alarm, plain = Style(size, "bold", self._theme.notice), Style(size, "medium", self._theme.text)
        said = [*((words, alarm) for words in picture.alarms), *((words, plain) for words in picture.details or ())]
        lines: list[tuple[pygame.Surface, int]] = []
        for words, style in said:
            wrapped = self._lettering.wrapped(words, style, room)
            lines += [(line, 0) for line in wrapped[:-1]]
            lines += [(line, gap) for line in wrapped[-1:]]
        return lines

    def draw_figures(self, plate: pygame.Surface, layout: Layout, picture: Picture) -> None:
        """Netcode figures, a name and a value a line, as large as there is height for."""
        pad = layout.px(PAD_UNITS)
        room = plate.get_width() - 2 * pad
        top = self._title(plate, layout, self._texts("figures.title"), room).bottom + layout.px(4)
        figures = picture.figures or ()
        step = min(layout.px(FIGURE_UNITS), (plate.get_height() - top - pad // 2) // max(1, len(figures)))
        quiet = Style(13 * layout.unit, "medium", self._theme.text_quiet)
        quiet = quiet._replace(pixels=quiet.pixels * min(1.0, step / self._lettering.height(quiet)))
        bold = quiet._replace(weight="bold", colour=self._theme.text)
        for key, value in figures:
            figure = self._lettering.digits(value, bold)
            put(plate, figure, topright=(pad + room, top))
            name = self._lettering.fitted(self._texts(key), quiet, room - figure.get_width() - layout.px(6))
            put(plate, name, topleft=(pad, top))
            top += step

    def draw_foot(self, plate: pygame.Surface, layout: Layout, picture: Picture) -> None:
        """Who sits here, and how the RA learns more; an alarm takes its place."""
        if picture.alarms:
            self.draw_alarm(plate, layout)
            return
        style = Style(12 * layout.unit, "medium", self._theme.text_faint)
        middle = plate.get_height() // 2
        hint = self._lettering.text(self._texts("hint.details"), style)
        left = put(plate, hint, midright=(plate.get_width() - layout.px(4), middle)).left
        own = picture.labels[picture.seat]
        words = " · ".join(
            word for word in (own, self._texts(f"seat.{Seat(picture.seat).word}"), picture.session) if word
        )
        room = left - layout.px(16)
        put(plate, self._lettering.fitted(words, style, room), midleft=(layout.px(4), middle))

    def draw_alarm(self, plate: pygame.Surface, layout: Layout) -> None:
        """That somebody has to look, and where."""
        theme = self._theme
        put(
            plate,
            panel(plate.get_size(), layout.px(7), blend(theme.card, theme.alarm, 0.5), theme.alarm),
            topleft=(0, 0),
        )
        words = self._lettering.fitted(
            f"{self._texts('alarm')} · F1",
            Style(13 * layout.unit, "bold", theme.text),
            plate.get_width() - layout.px(16),
        )
        put(plate, words, center=plate.get_rect().center)

    def _title(self, plate: pygame.Surface, layout: Layout, words: str, room: int) -> Rect:
        style = Style(13 * layout.unit, "bold", self._theme.text_quiet)
        return put(plate, self._lettering.fitted(words, style, room), topleft=(layout.px(PAD_UNITS), layout.px(12)))

    def _cap(self, size: tuple[int, int], layout: Layout) -> pygame.Surface:
        """A key: a cap on its shadow."""
        theme = self._theme
        key = panel(size, layout.px(6), theme.well)
        face = panel(
            (size[0], size[1] - layout.px(3)), layout.px(6), blend(theme.card, theme.text_faint, 0.38), theme.text_faint
        )
        put(key, face, topleft=(0, 0))
        return key
