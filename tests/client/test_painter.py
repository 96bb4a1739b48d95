"""What is in the picture is on the surface, where it belongs, and nowhere else."""

from dataclasses import replace

import pygame
import pytest

from client.layout import Layout, layout_for
from client.lettering import Lettering, Style
from client.painter import Painter
from client.picture import Picture
from client.settings import LARGEST_TEXT
from client.texts import CATALOGUES, Texts
from client.theme import Colour, Theme
from games.contract import PAD_LEFT, PAD_RIGHT, WALL, Scene, Sprite
from tests.support.preview import DETAILS, FIGURES, painter, pictures

pytestmark = pytest.mark.usefixtures("fonts")

THEME = Theme()
SIZE = (1000, 760)
SIDE = 13


def scene_with(*sprites: Sprite) -> Scene:
    tiles = bytearray(WALL if {x, y} & {0, SIDE - 1} else 0 for y in range(SIDE) for x in range(SIDE))
    tiles[SIDE + 1], tiles[2 * SIDE - 2] = PAD_LEFT, PAD_RIGHT
    return Scene(SIDE, SIDE, bytes(tiles), sprites, (3, 4), 9, 900)


def player(seat: int, x: int, y: int, carries: int = 0) -> Sprite:
    return Sprite("player", seat, seat, x, y, x, y, 0, 0, 2, carries)


def gem(x: int, y: int) -> Sprite:
    return Sprite("gem", 2 + y * SIDE + x, -1, x, y, x, y, 0, 0, 0, 0)


SCENE = scene_with(player(0, 4, 6), player(1, 8, 3), gem(6, 9))
PLAYING = Picture(phase="playing", seat=0, now_ns=10**9, scene=SCENE, episode_ticks=1800, rounds=2)


def paint(picture: Picture, size: tuple[int, int] = SIZE, artist: Painter | None = None) -> pygame.Surface:
    surface = pygame.Surface(size)
    (artist or Painter(THEME, Texts())).paint(surface, picture)
    return surface


def layout(size: tuple[int, int] = SIZE) -> Layout:
    return layout_for(size, SIDE, SIDE)


def share_of(surface: pygame.Surface, colour: Colour, box: pygame.Rect, tolerance: int = 26) -> float:
    """How much of a box is drawn in about this colour."""
    near = pygame.mask.from_threshold(surface.subsurface(box), colour, (tolerance, tolerance, tolerance, 255))
    return near.count() / (box.width * box.height)


def cell(x: int, y: int, size: tuple[int, int] = SIZE) -> pygame.Rect:
    place = layout(size)
    return pygame.Rect(place.board.left + x * place.tile, place.board.top + y * place.tile, place.tile, place.tile)


def play_field(size: tuple[int, int] = SIZE) -> pygame.Rect:
    """The cells inside the outer walls."""
    place = layout(size)
    return place.board.inflate(-2 * place.tile, -2 * place.tile)


def pixels(surface: pygame.Surface, box: pygame.Rect) -> bytes:
    return pygame.image.tobytes(surface.subsurface(box), "RGB")


@pytest.mark.parametrize("size", [(800, 600), (1000, 760), (1280, 720), (1920, 1080)])
def test_players_and_gems_stand_where_the_scene_says_and_nowhere_else(size: tuple[int, int]) -> None:
    surface = paint(PLAYING, size)
    for seat, place in ((0, (4, 6)), (1, (8, 3))):
        base = THEME.players[seat].base
        assert share_of(surface, base, cell(*place, size), 45) > 0.12
        assert share_of(surface, base, cell(3, 10, size)) == 0
    assert share_of(surface, THEME.gem, cell(6, 9, size), 60) > 0.05
    assert share_of(surface, THEME.gem, cell(7, 9, size), 60) == 0


def test_a_player_in_the_middle_of_a_move_stands_between_two_cells() -> None:
    walking = player(0, 5, 6)._replace(from_x=4, moved_ticks=2, move_ticks=5)
    surface = paint(replace(PLAYING, scene=scene_with(walking), progress=0.5))
    base = THEME.players[0].base
    shares = [share_of(surface, base, cell(x, 6)) for x in (3, 4, 5, 6)]
    assert shares[0] == shares[3] == 0
    assert shares[1] == pytest.approx(shares[2], abs=0.08)
    assert shares[1] > 0.05


def test_a_carried_gem_shows_at_its_player() -> None:
    empty = share_of(paint(PLAYING), THEME.gem, cell(4, 6), 60)
    surface = paint(replace(PLAYING, scene=scene_with(player(0, 4, 6, carries=1))))
    assert share_of(surface, THEME.gem, cell(4, 6), 60) > empty + 0.01


def test_the_two_players_differ_in_shape_and_not_in_colour_alone() -> None:
    surface = paint(PLAYING)
    ball, diamond = cell(4, 6), cell(8, 3)
    corner = 0.27  # from a cell's edge: inside the ball, outside the diamond
    inside = [
        surface.get_at((box.left + round(box.width * corner), box.top + round(box.height * 0.69)))
        for box in (ball, diamond)
    ]
    assert max(abs(inside[0][channel] - THEME.players[0].base[channel]) for channel in range(3)) < 60
    assert max(abs(inside[1][channel] - THEME.players[1].base[channel]) for channel in range(3)) > 60


NOTICES = {
    "partner away": {"is_partner_away": True},
    "holding": {"is_holding": True},
    "silent": {"silent_seconds": 3.0, "gives_up_seconds": 7.0},
    "fast forward": {"missed_seconds": 12.0, "travelled": 0.5},
}


@pytest.mark.parametrize("name", NOTICES)
@pytest.mark.parametrize("size", [(800, 600), (1000, 760), (1920, 1080)])
def test_a_notice_lies_on_the_lower_wall_and_hides_no_play(name: str, size: tuple[int, int]) -> None:
    calm, noticed = paint(PLAYING, size), paint(replace(PLAYING, **NOTICES[name]), size)
    place = layout(size)
    wall = pygame.Rect(place.board.left, place.board.bottom - place.tile, place.board.width, place.tile)
    assert pixels(calm, wall) != pixels(noticed, wall)
    if name != "partner away":  # that one also changes the partner's figure and tag
        assert pixels(calm, play_field(size)) == pixels(noticed, play_field(size))


def test_an_absent_partners_figure_is_pale_and_the_own_one_is_not() -> None:
    surface = paint(replace(PLAYING, is_partner_away=True))
    assert share_of(surface, THEME.players[1].base, cell(8, 3)) < 0.01
    assert share_of(surface, THEME.players[0].base, cell(4, 6)) > 0.15


@pytest.mark.parametrize(
    "change",
    [
        {"details": DETAILS, "alarms": ("The record cannot be written",)},
        {"figures": FIGURES},
        {"details": DETAILS, "figures": FIGURES},
        {"alarms": ("disk full",)},
    ],
)
def test_what_the_ra_asks_for_shows_beside_the_board_and_never_on_it(change: dict[str, object]) -> None:
    calm, asked = paint(PLAYING), paint(replace(PLAYING, **change))
    place = layout()
    assert place.panel is not None
    assert pixels(calm, place.panel) != pixels(asked, place.panel)
    assert pixels(calm, place.board) == pixels(asked, place.board)
    assert pixels(calm, place.bar) == pixels(asked, place.bar)


@pytest.mark.parametrize(
    "change", [{"details": DETAILS}, {"figures": FIGURES}, {"details": DETAILS, "figures": FIGURES}, {"alarms": ("x",)}]
)
def test_a_window_too_narrow_for_a_panel_shows_what_the_ra_asks_for_and_alarms_all_the_same(
    change: dict[str, object],
) -> None:
    size = (490, 520)
    assert layout(size).panel is None
    calm, asked = paint(PLAYING, size), paint(replace(PLAYING, **change), size)
    assert pixels(calm, calm.get_rect()) != pixels(asked, asked.get_rect())
    if set(change) == {"alarms"}:
        assert pixels(calm, play_field(size)) == pixels(asked, play_field(size)), "an alarm hides no play"


def test_in_the_countdown_the_players_are_bright_on_a_dim_board() -> None:
    surface = paint(
        replace(PLAYING, phase="countdown", seconds_to_go=2.5, scene=scene_with(player(0, 1, 1), gem(11, 11)))
    )
    assert share_of(surface, THEME.players[0].base, cell(1, 1), 45) > 0.12
    assert share_of(surface, THEME.wall_top, cell(0, 6)) < 0.01


@pytest.mark.parametrize("language", CATALOGUES)
def test_the_largest_text_keeps_to_its_places(language: str) -> None:
    """What is drawn beside its place would be cut off at a card's edge or lie on what is next to it."""
    large = Lettering(Theme(text_scale=LARGEST_TEXT))
    for words in (Texts(language)("guide.foraging.carry"), Texts(language)("notice.silent.more", seconds="15")):
        for height in (48, 56):
            lines = large.block(words, Style(14, "medium", THEME.text), 200, height)
            assert sum(line.get_height() for line in lines) <= height
            assert max(line.get_width() for line in lines) <= 200


@pytest.mark.parametrize("size", [(640, 480), (1000, 760)])
def test_the_largest_figures_stay_within_their_cards(size: tuple[int, int]) -> None:
    """Of the time, and of the team's score where details leave little room for it."""
    theme = Theme(text_scale=LARGEST_TEXT)
    surface = paint(replace(PLAYING, details=DETAILS), size, Painter(theme, Texts()))
    bar, panel = layout(size).bar, layout(size).panel
    assert panel is not None
    middle = pygame.Rect(bar.centerx - 40, bar.bottom - 2, 80, 1)
    assert share_of(surface, THEME.text, middle) == 0
    team = pygame.Rect(panel.left + 20, layout(size).board.top, 60, round(26 * layout(size).unit))
    assert share_of(surface, THEME.gem, team) == 0, "the score lies on the card's title"


def test_netcode_figures_do_not_show_unless_asked_for() -> None:
    artist = Painter(THEME, Texts())
    surface = paint(replace(PLAYING, figures=FIGURES), artist=artist)
    artist.paint(surface, PLAYING)
    assert pixels(surface, surface.get_rect()) == pixels(paint(PLAYING), surface.get_rect())


def test_an_away_window_is_dim_and_says_so() -> None:
    here, away = paint(PLAYING), paint(replace(PLAYING, is_away=True))
    box = cell(1, 11)
    brightness = [sum(pygame.transform.average_color(surface, box)[:3]) for surface in (here, away)]
    assert brightness[1] < brightness[0] * 0.6
    middle = layout().board.inflate(-400, -500)
    assert share_of(away, THEME.text, middle) > 0.005


@pytest.mark.parametrize("language", CATALOGUES)
@pytest.mark.parametrize("size", [(200, 120), (480, 360), (800, 600), (600, 900), (1920, 1080)])
def test_every_state_can_be_drawn_in_every_language_and_size(language: str, size: tuple[int, int]) -> None:
    artist = painter(language)
    for picture in pictures().values():
        surface = paint(picture, size, artist)
        assert len(set(pixels(surface, surface.get_rect())[::97])) > 8


@pytest.mark.parametrize("theme", [Theme(text_scale=1.4), Theme(reduced_motion=True)])
def test_a_participants_settings_can_be_drawn(theme: Theme) -> None:
    for picture in pictures().values():
        paint(picture, artist=painter(theme=theme))


def test_every_phase_looks_different() -> None:
    artist = painter()
    looks = {pixels(paint(picture, artist=artist), pygame.Rect((0, 0), SIZE)) for picture in pictures().values()}
    assert len(looks) == len(pictures())


def test_a_frame_depends_on_its_picture_and_not_on_the_frames_before() -> None:
    artist = painter()
    surface = pygame.Surface(SIZE)
    everything = pictures()
    for name in ("details_figures", "partner_away", "result", "countdown", "waiting"):
        artist.paint(surface, everything[name])
    artist.paint(surface, everything["waiting"])
    assert pixels(surface, surface.get_rect()) == pixels(
        paint(everything["waiting"], artist=painter()), surface.get_rect()
    )


def test_a_resize_draws_everything_anew_and_nothing_is_stretched() -> None:
    artist = painter()
    paint(pictures()["playing"], (800, 600), artist)
    resized = paint(pictures()["playing"], (1280, 720), artist)
    fresh = paint(pictures()["playing"], (1280, 720), painter())
    assert pixels(resized, resized.get_rect()) == pixels(fresh, fresh.get_rect())


def test_a_long_session_keeps_no_more_surfaces_than_a_short_one() -> None:
    artist = painter()
    surface = pygame.Surface((800, 600))
    playing = pictures()["playing"]
    assert playing.scene is not None
    counts = []
    for frame in range(1500):
        scene = playing.scene._replace(ticks_left=1800 - frame, common=frame, scores=(frame, frame))
        figures = (("figure.frame", str(frame)), ("figure.round_trip", f"{frame / 7:.1f} ms"))
        artist.paint(surface, replace(playing, scene=scene, figures=figures, now_ns=frame * 33_000_000))
        counts.append((len(artist._lettering._surfaces), len(artist._sprites._kept), len(artist._lettering._fonts)))
    assert max(count[0] for count in counts) <= 512
    assert counts[-1][1] <= counts[400][1] + 40
    assert counts[-1][2] < 64
