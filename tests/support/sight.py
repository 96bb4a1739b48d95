"""What a screenshot shows, judged against what the painter draws for that moment as the records tell it.

The board is compared cell by cell, the score bar and the panel piece by piece. So a figure in a wrong place, a sign
that is missing and one that should not be there are all found, and are found by name.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import pygame

from client.layout import Layout, layout_for
from client.painter import Painter
from client.picture import Picture
from client.texts import Texts, guide_values
from client.theme import Theme
from client.view import ONE, eased, replay_ns
from data.episode_format import Prefix, state_digest
from data.local_format import Local
from games import registry
from netcode.limits import MILLISECOND, SECOND
from netcode.vocabulary import AWAY

TOLERANCE = 9.0
"""Mean difference of a piece, per channel. A blink makes 3; a digit of a score 11, a missing gem 14, a missing player
40, and 13 under the overlay."""
LIVELY_TOLERANCE = 30.0
"""About a figure that walks: half a tick more or less makes 10, and what it has just picked up pops. A figure that is
two ticks away makes more than this."""
SLACK_NS = 300 * MILLISECOND
"""What was flipped this long before a screenshot may still be what it shows, on a machine that is busy."""
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Between two ticks there are drawings that the record does not tell of; one of these shares of a tick is near each."""


USUAL_LOOKS = Theme()
TICK_RATE = 30
BOARD_SIDE = 13
_BARE = Picture(phase="playing", seat=0, now_ns=0)
BANNERS: dict[str, Sequence[Picture]] = {
    "partner away": [replace(_BARE, is_partner_away=True)],
    "waiting for partner": [replace(_BARE, is_holding=True)],
    "partner not reachable": [replace(_BARE, silent_seconds=3.0)],
    "fast-forward": [
        replace(_BARE, missed_seconds=float(missed), travelled=travelled / 4)
        for missed in range(1, 5)
        for travelled in range(5)
    ],
}
"""Pictures with each banner, as a window of the demo's size says it: in one line, without seconds to come."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A screenshot, and between which times (ns of the clients' clock) it was taken."""

    path: Path
    before: int
    after: int

    def load(self) -> pygame.Surface:
        """Its pixels."""
        return pygame.image.load(self.path)


class Sighted:
    """One seat's two records of an episode, as what its window must have shown when."""

    def __init__(self, canonical: Prefix, local: Local, rounds: int = 1) -> None:
        self.canonical = canonical
        self.local = local
        self._rounds = rounds
        self._terms = canonical.terms.terms
        self._game = registry.find(self._terms.game)

    @cached_property
    def states(self) -> list[Any]:
        """The state after each count of frames, from the canonical inputs."""
        states = [self._game.initial(self.canonical.terms.seed, dict(self._terms.config))]
        for row in self.canonical.frames:
            actions = (row.inputs[0].action, row.inputs[1].action)
            states.append(self._game.step(states[-1], actions).state)
        return states

    def untrue_frames(self) -> list[int]:
        """Frames that were shown as something else than what they became, in order."""
        shown = [tick for tick in self.local.of("tick") if tick["shown_digest"]]
        return [
            int(tick["shown_frame"])
            for tick in shown
            if tick["shown_digest"] != state_digest(self._game.encode(self.states[int(tick["shown_frame"]) + 1]))
        ]

    def pictures(self, shot: Shot, **signs: object) -> list[Picture]:
        """All that this window may have shown while the screenshot was taken, in order; `signs` replace what is not
        recorded.
        """
        flips = [tick for tick in self.local.of("tick") if 0 <= int(tick["flip_ns"]) <= shot.after]
        near = [tick for tick in flips if int(tick["flip_ns"]) >= shot.before - SLACK_NS] or flips[-1:]
        seen = [*self._passing(near), *self._just_parked(near, shot)]
        return [replace(picture, **signs) for picture in seen]  # type: ignore[arg-type]  # names of a picture's fields

    def _just_parked(self, near: Sequence[dict[str, Any]], shot: Shot) -> list[Picture]:
        """What a window showed that had lost the focus since its last tick's flip: the overlay was drawn at once, but
        the next flip that the record tells of may be a tenth of a second later.
        """
        edge = self._last("focus", shot.after)
        if edge.get("focused", True) or not near or int(edge["t_ns"]) <= near[-1]["flip_ns"]:
            return []
        later = (tick for tick in self.local.of("tick") if int(tick["flip_ns"]) > shot.after)
        return [self._picture(tick, 0.0) for tick in later][:1]

    def _passing(self, ticks: Sequence[dict[str, Any]]) -> Iterator[Picture]:
        """What was shown at these ticks and between them, where a fast-forward passes through many frames."""
        tick_ns = SECOND // self._terms.tick_rate
        last = {**ticks[-1], "flip_ns": ticks[-1]["flip_ns"] + 2 * tick_ns}
        for tick, following in pairwise([*ticks, last]):
            first, missed = tick["shown_frame"], self._missed_frames(tick["flip_ns"])
            passed = range(first, following["shown_frame"]) if missed else ()
            if passed:
                for frame in passed:
                    yield self._picture({**tick, "shown_frame": frame}, (frame - first) / len(passed))
            else:
                shares = [share for share in SHARES if tick["flip_ns"] + share * tick_ns < following["flip_ns"]]
                yield from (self._picture(tick, share) for share in shares)

    def _picture(self, tick: dict[str, Any], share: float) -> Picture:
        seat, terms = self.local.header.seat, self._terms
        missed = self._missed_frames(tick["flip_ns"])
        is_away = not self._last("focus", tick["flip_ns"]).get("focused", True)
        now = tick["flip_ns"] + round(share * SECOND / terms.tick_rate)
        return Picture(
            phase="playing",
            seat=seat,
            now_ns=now,
            scene=self._game.scene(self.states[tick["shown_frame"] + 1], seat),
            progress=0.0 if is_away or missed else share,
            tick_rate=terms.tick_rate,
            episode_ticks=dict(terms.config)["frames"],
            round=self.canonical.terms.episode + 1,
            rounds=self._rounds,
            labels=(self.canonical.terms.players[0].participant, self.canonical.terms.players[1].participant),
            session=f"{terms.study} {terms.dyad}-{terms.session}",
            is_away=is_away,
            missed_seconds=missed / terms.tick_rate if missed * 2 >= terms.tick_rate else None,
            travelled=self._travelled(missed, now),
            is_partner_away=self._is_partner_away(tick["received"]),
        )

    def over(self, **signs: object) -> Picture:
        """The picture of its last state, under the card of the session's end unless `signs` say another one."""
        scene = self._game.scene(self.states[-1], self.local.header.seat)
        totals = (*scene.scores, scene.common)
        tick = next(tick for tick in reversed(self.local.of("tick")) if tick["shown_digest"])
        picture = replace(self._picture({**tick, "shown_frame": -1}, 0.0), phase="finished", scene=scene, totals=totals)
        ordinary = replace(picture, is_away=False, missed_seconds=None, is_partner_away=False)
        return replace(ordinary, **signs)  # type: ignore[arg-type]  # names of a picture's fields

    def _last(self, kind: str, now: int) -> dict[str, Any]:
        return next((entry for entry in reversed(self.local.of(kind)) if int(entry["t_ns"]) < now), {})

    def _missed_frames(self, now: int) -> int:
        """How many frames the fast-forward goes through that runs now; 0 if none does."""
        view = self._last("view", now)
        return int(view["frames"]) if view.get("what") == "fast_forward" else 0

    def _travelled(self, missed_frames: int, now: int) -> float:
        if not missed_frames:
            return 0.0
        duration = replay_ns(missed_frames * (SECOND // self._terms.tick_rate))
        return eased((now - int(self._last("view", now)["t_ns"])) * ONE // duration) / ONE

    def _is_partner_away(self, received: int) -> bool:
        """By the newest real input of the partner that was here."""
        seat = self.local.header.seat
        rows = self.canonical.frames[:received]
        return bool(rows) and bool(rows[-1].inputs[1 - seat].flags & AWAY)


def assert_shows(
    shot: Shot, pictures: Iterable[Picture], language: str = "en", theme: Theme = USUAL_LOOKS, but: int = 0
) -> None:
    """The screenshot shows one of these pictures, which follow each other as they may have done on the window: what
    pops and glides does so in the later ones. `but` pieces of the panel may differ: figures that change as one looks.
    """
    least = differences(shot, *pictures, language=language, theme=theme)
    changing = [piece for piece in least if piece.startswith("panel")]
    assert not least or (least == changing and len(changing) <= but), (
        f"{shot.path} ({shot.load().get_size()}) differs at {least}"
    )


def differences(shot: Shot, *pictures: Picture, language: str = "en", theme: Theme = USUAL_LOOKS) -> list[str]:
    """Names of the pieces in which a screenshot differs from the one that it resembles most."""
    assert pictures, f"{shot.path.name}: nothing was drawn by then"
    pixels = shot.load()
    artist = Artist(pixels.get_size(), language, theme)
    least: list[str] | None = None
    for picture in pictures:
        found = artist.blemishes(pixels, picture)
        if not found:
            return []
        least = found if least is None or len(found) < len(least) else least
    return least or []


def says(shot: Shot, banner: str) -> bool:
    """Whether the board's lower wall bears this banner, a key of `BANNERS`, whatever the rest shows."""
    pixels = shot.load()
    artist = Artist(pixels.get_size())
    wall = tuple(f"cell {x},{BOARD_SIDE - 1} " for x in range(2, 11))
    return any(
        not any(blemish.startswith(wall) for blemish in artist.blemishes(pixels, picture))
        for picture in BANNERS[banner]
    )


class Artist:
    """The painter of a window of this size, one picture after the other."""

    def __init__(self, size: tuple[int, int], language: str = "en", theme: Theme = USUAL_LOOKS) -> None:
        pygame.font.init()
        game = registry.find("foraging")
        values = guide_values(game.configure(tick_rate=TICK_RATE), TICK_RATE)
        self._painter = Painter(theme, Texts(language), guide=game.guide, guide_values=values)
        self._surface = pygame.Surface(size)

    def blemishes(self, pixels: pygame.Surface, picture: Picture) -> list[str]:
        """Names of the pieces of a window in which it differs from what the painter draws."""
        self._painter.paint(self._surface, picture)
        difference = _difference(pixels.convert(self._surface), self._surface)
        layout = layout_for(pixels.get_size(), BOARD_SIDE, BOARD_SIDE)
        lively = _lively_cells(picture)
        return [
            f"{name} by {mean}"
            for name, box in _pieces(layout)
            if (mean := max(pygame.transform.average_color(difference, box)[:3]))
            > (LIVELY_TOLERANCE if name in lively else TOLERANCE)
        ]


def _lively_cells(picture: Picture) -> set[str]:
    """The cells about who walks, those of who stands, and the bar of a fast-forward: names as in `_pieces`.

    Who has just stopped may still glide: what smooths a correction is in no record.
    """
    bar = range(BOARD_SIDE) if picture.missed_seconds is not None else ()
    players = [sprite for sprite in picture.scene.sprites if sprite.kind == "player"] if picture.scene else []
    around, on_own = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)], [(0, 0), (0, -1)]
    cells = {
        f"cell {each.x + dx},{each.y + dy}" for each in players for dx, dy in (around if each.move_ticks else on_own)
    }
    return cells | {f"cell {x},{BOARD_SIDE - 1}" for x in bar}


def _difference(first: pygame.Surface, second: pygame.Surface) -> pygame.Surface:
    """How far two pictures are apart, per pixel and channel."""
    more, less = first.copy(), second.copy()
    more.blit(second, (0, 0), special_flags=pygame.BLEND_RGB_SUB)
    less.blit(first, (0, 0), special_flags=pygame.BLEND_RGB_SUB)
    more.blit(less, (0, 0), special_flags=pygame.BLEND_RGB_ADD)
    return more


def _pieces(layout: Layout) -> Iterator[tuple[str, pygame.Rect]]:
    tile, board, bar = layout.tile, layout.board, layout.bar
    for y in range(board.height // tile):
        for x in range(board.width // tile):
            yield f"cell {x},{y}", pygame.Rect(board.left + x * tile, board.top + y * tile, tile, tile)
    end = bar.width // 3
    yield from _squares("own score", pygame.Rect(bar.left, bar.top, end, bar.height), tile // 2)
    yield from _squares("partner's score", pygame.Rect(bar.right - end, bar.top, end, bar.height), tile // 2)
    if layout.panel is not None:
        status = pygame.Rect(layout.panel.left, bar.top, layout.panel.width, bar.height)
        yield from _squares("status", status, tile // 2)
        cards = pygame.Rect(layout.panel.left, board.top, layout.panel.width, board.height)
        yield from _squares("panel", cards, tile)


def _squares(name: str, box: pygame.Rect, side: int) -> Iterator[tuple[str, pygame.Rect]]:
    for y in range(box.height // side):
        for x in range(box.width // side):
            yield f"{name} {x},{y}", pygame.Rect(box.left + x * side, box.top + y * side, side, side)
