"""`dyadgrid replay`: its pictures show what the record says, and every mistake is one line."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from math import hypot
from pathlib import Path
from shutil import copy

import pygame
import pytest

import launcher
from client.layout import layout_for
from client.motion import position
from client.painter import Painter
from client.picture import Picture
from client.replay.deck_layout import DESIGN_SIZE, deck_layout_for
from client.replay.files import Opened, open_replay
from client.replay.playhead import Position
from client.replay.strip import Choice
from client.texts import Texts, guide_values
from client.theme import Theme
from data.layout import Kind, parse_name
from games import registry
from games.contract import Scene, Seat
from netcode.limits import MILLISECOND, SECOND
from netcode.vocabulary import End, Player, Reason
from tests.support.lived import Life
from tests.support.recorded import file_bytes, finished, make_terms, play, wandering
from tests.support.replayed import ROUGH, Viewer, bytes_of, recorded

pytestmark = pytest.mark.usefixtures("fonts")

VIEW = deck_layout_for(DESIGN_SIZE).view
SIDE = 13
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded(ROUGH, tmp_path_factory.mktemp("share"))[0]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """The command line in this process: its exit code, and what it wrote to its error output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("client.commands.own_settings.settings_file", lambda: tmp_path / "settings.toml")

    def call(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["dyadgrid", "replay", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            launcher.main()
        output, errors = capsys.readouterr()
        assert output == ""
        return int(ended.value.code or 0), errors

    return call


def file_of(folder: Path, kind: Kind, seat: Seat | None = None) -> Path:
    found = [
        path for path in folder.iterdir() if (name := parse_name(path.name)) and (name.kind, name.seat) == (kind, seat)
    ]
    assert len(found) == 1
    return found[0]


def board_of(scene: Scene, seat: Seat) -> pygame.Surface:
    """The client's own window around a scene, of the size that it has in a replay."""
    surface, painter = pygame.Surface(VIEW.size), client_painter()
    painter.jump()
    painter.paint(surface, Picture(phase="playing", seat=seat, now_ns=0, scene=scene, tick_rate=30, episode_ticks=240))
    return surface


@cache
def client_painter() -> Painter:
    game = registry.find("foraging")
    values = guide_values(game.configure(tick_rate=30), 30)
    return Painter(Theme(), Texts(), guide=game.guide, guide_values=values)


def cell(x: int, y: int) -> pygame.Rect:
    layout = layout_for(VIEW.size, SIDE, SIDE)
    return pygame.Rect(
        layout.board.left + x * layout.tile, layout.board.top + y * layout.tile, layout.tile, layout.tile
    )


def shows_seat(pixels: pygame.Surface, seat: int, x: int, y: int) -> bool:
    """Whether a cell is filled with a player's colour, or its neighbour's share of it while they walk."""
    mask = pygame.mask.from_threshold(pixels.subsurface(cell(x, y)), Theme().players[seat].base, (45, 45, 45, 255))
    return mask.count() > 0.05 * cell(x, y).width ** 2


@pytest.mark.parametrize("frame", [0, 1, 57, 130, 239])
def test_a_picture_shows_the_players_where_the_row_of_its_frame_says(run: Run, folder: Path, frame: int) -> None:
    code, errors = run(folder, "--png", frame, "out.png")
    assert (code, errors) == (0, "")
    pixels = pygame.image.load("out.png")
    assert pixels.get_size() == DESIGN_SIZE
    record = open_replay(folder).scenes.record
    facts = dict(zip([column.name for column in record.game.columns], record.rows[frame].facts, strict=True))
    for seat in Seat:
        x, y = facts[f"{seat.word}_x"], facts[f"{seat.word}_y"]
        around = [(x, y), (x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)]
        assert any(shows_seat(pixels, seat, *place) for place in around)
        far = [(ox, oy) for ox, oy in ((3, 4), (9, 4), (3, 8), (9, 8)) if abs(ox - x) + abs(oy - y) > 3]
        assert not any(shows_seat(pixels, seat, *place) for place in far)


def same_board(pixels: pygame.Surface, scene: Scene, seat: Seat) -> bool:
    """Whether every cell is as the client draws this scene, but for a gem's bobbing."""
    expected, layout = board_of(scene, seat), layout_for(VIEW.size, SIDE, SIDE)
    return all(
        max(
            abs(first - second)
            for first, second in zip(
                pygame.transform.average_color(pixels, box)[:3],
                pygame.transform.average_color(expected, box)[:3],
                strict=True,
            )
        )
        < 6
        for box in (cell(x, y) for y in range(layout.board.height // layout.tile) for x in range(SIDE))
    )


def cells_apart(first: Scene, second: Scene) -> float:
    """How far the left player is drawn from where the other scene has it."""
    places = [position(next(each for each in scene.sprites if each.seat == 0), 0.0) for scene in (first, second)]
    return hypot(places[0][0] - places[1][0], places[0][1] - places[1][1])


def test_what_was_shown_is_what_the_window_really_showed_and_not_what_became_true(
    run: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    slow = Life(frames=240, tick_rate=30, window_frames=15, lag_ns=150 * MILLISECOND)
    folder, seats = recorded(slow, tmp_path_factory.mktemp("lived"))
    replay = open_replay(folder)
    record, seen = replay.scenes.record, replay.scenes.seen[Seat.RIGHT]
    game, tried = record.game, 0
    for frame in seen.untrue_frames:
        true = game.scene(record.states[frame + 1], Seat.RIGHT)
        shown = next(game.scene(each.state, Seat.RIGHT) for each in seats[1].shown if each.frame == frame + 1)
        if cells_apart(true, shown) < 0.5:
            continue  # one can hardly see that the guess was wrong
        boards = []
        for words in ((), ("--shown",)):
            assert run(folder, "--seat", "right", *words, "--png", frame, "out.png") == (0, "")
            boards.append(pygame.image.load("out.png"))
        assert same_board(boards[1], shown, Seat.RIGHT)
        assert same_board(boards[0], true, Seat.RIGHT)
        assert not same_board(boards[1], true, Seat.RIGHT)
        tried += 1
        if tried == 2:
            return
    pytest.fail("fewer than two frames of this episode were visibly untrue")


def test_the_client_draws_it_and_nobody_else(folder: Path) -> None:
    """Above the strip a replay is the client's painter's own picture, pixel for pixel."""
    replay = open_replay(folder)
    record = replay.scenes.record
    picture = replay.scenes.picture(Choice(Seat.LEFT), Position(100, 0.0, -(-100 * SECOND // 30)), Texts())
    assert picture.scene == record.game.scene(record.states[101], Seat.LEFT)
    values = guide_values(dict(record.terms.terms.config), 30)
    alone = pygame.Surface(VIEW.size)
    Painter(Theme(), Texts(), guide=record.game.guide, guide_values=values).paint(alone, picture)
    pixels = Viewer(replay).at(Choice(Seat.LEFT), 100).subsurface(VIEW)
    assert bytes_of(pixels) == bytes_of(alone)


def test_this_machines_settings_reach_a_replay_and_the_command_line_counts_more(
    folder: Path, run: Run, tmp_path: Path
) -> None:
    looks = {}
    (tmp_path / "settings.toml").write_text("text_size = 1.5\n")
    for name, words in {
        "file": (),
        "larger": ("--text-size", 1.5),
        "usual": ("--text-size", 1),
        "still": ("--text-size", 1, "--reduced-motion"),
        "german": ("--text-size", 1, "--language", "de"),
    }.items():
        assert run(folder, "--png", 100, f"{name}.png", *words) == (0, "")
        looks[name] = bytes_of(pygame.image.load(f"{name}.png"))
    assert looks["file"] == looks["larger"]
    assert len(set(looks.values())) == 4


def test_a_replay_says_which_round_it_is(tmp_path: Path) -> None:
    game = registry.find("foraging")
    terms = replace(make_terms(game), episode=2)
    rows, end = play(game, terms, wandering(game, terms))
    (tmp_path / "third.dyad").write_bytes(file_bytes(terms, rows, end))
    picture = open_replay(tmp_path / "third.dyad").scenes.picture(Choice(Seat.LEFT), Position(20, 0, 0.0), Texts())
    assert (picture.round, picture.rounds) == (3, 0)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (End(Reason.CUT, 60), "Runde 1: 60 Bilder, abgeschnitten"),
        (End(Reason.ABORTED, 60, "quit", (0, 1)), "Runde 1: 60 Bilder, vorzeitig beendet von: links, rechts"),
        (End(Reason.FINISHED, 60, "away_limit", (1,)), "Runde 1: 60 Bilder, beendet wegen Abwesenheit: rechts"),
    ],
)
def test_the_details_of_a_replay_are_in_the_windows_language(tmp_path: Path, end: End, words: str) -> None:
    game = registry.find("foraging")
    terms = make_terms(game)
    rows, _ = play(game, terms, wandering(game, terms))
    (tmp_path / "a.dyad").write_bytes(file_bytes(terms, rows[:60], end))
    choice = Choice(Seat.RIGHT, has_details=True)
    picture = open_replay(tmp_path / "a.dyad").scenes.picture(choice, Position(20, 0, 0.0), Texts("de"))
    assert picture.details is not None
    assert words in picture.details
    assert f"rechter Platz, Lauf {terms.run}" in picture.details


@pytest.mark.parametrize(
    ("size", "language"),
    [((200, 100), "en"), ((480, 520), "de"), ((640, 1200), "en"), ((1366, 700), "de"), ((1920, 1080), "en")],
)
def test_every_kind_of_replay_can_be_drawn_in_windows_of_every_size(
    folder: Path, size: tuple[int, int], language: str
) -> None:
    viewer, looks = Viewer(open_replay(folder), language), set()
    for choice in (
        Choice(Seat.LEFT),
        Choice(Seat.RIGHT, is_shown=True),
        Choice(Seat.LEFT, is_shown=True, has_details=True, has_figures=True),
    ):
        for frame in (80, 160):
            looks.add(bytes_of(viewer.at(choice, frame, size)))
    assert len(looks) == 6 or size == (200, 100)


def mark_of(replay: Opened) -> bytes:
    layout = deck_layout_for(DESIGN_SIZE)
    return bytes_of(Viewer(replay).at(Choice(Seat.LEFT), 20).subsurface(layout.mark))


def test_a_record_that_is_no_whole_episode_is_shown_with_a_mark(tmp_path: Path) -> None:
    game = registry.find("foraging")
    terms = make_terms(game)
    rows, end = play(game, terms, wandering(game, terms))
    files = {
        "whole": file_bytes(terms, rows, end),
        "cut": file_bytes(terms, rows[:60], End(Reason.CUT, 60)),
        "recovered": file_bytes(terms, rows[:60], End(Reason.RECOVERED, 60)),
        "diverged": file_bytes(terms, rows[:60], End(Reason.DIVERGED, 60, frame=40)),
        "torn": file_bytes(terms, rows, end)[:-100],
        "damaged": file_bytes(terms, rows, end).replace(rows[50][-8:], b"\x00" * 8),
    }
    looks = {}
    for name, data in files.items():
        path = tmp_path / f"{name}.dyad"
        path.write_bytes(data)
        replay = open_replay(path)
        assert replay.scenes.mark == ("" if name == "whole" else name)
        assert bool(replay.remarks) == (name in ("torn", "damaged"))
        looks[name] = mark_of(replay)
    assert len(set(looks.values())) == len(looks)


def test_a_torn_file_is_shown_up_to_where_it_is_good_and_says_so(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "torn.dyad"
    path.write_bytes(finished(frames=75)[:-200])
    code, errors = run(path, "--png", 59, "out.png")
    assert code == 0
    (line,) = errors.splitlines()
    assert "showing its 60 good frames" in line
    assert "torn.dyad" in line
    code, errors = run(path, "--png", 60, "out.png")
    assert code == 2
    assert "expected a frame from 0 to 59, got 60" in errors


def test_a_row_that_does_not_follow_from_its_inputs_ends_what_is_shown(run: Run, tmp_path: Path) -> None:
    game = registry.find("foraging")
    terms = make_terms(game)
    rows, end = play(game, terms, wandering(game, terms))
    other, _ = play(game, replace(terms, seed=8), wandering(game, terms))
    (tmp_path / "wrong.dyad").write_bytes(file_bytes(terms, [*rows[:30], *other[30:75]], end))
    code, errors = run("wrong.dyad", "--png", 29, "out.png")
    assert code == 0
    assert "showing its 30 good frames" in errors
    assert "frame 30" in errors


def test_the_canonical_file_can_be_named_alone_and_with_a_local_one_from_elsewhere(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    copy(file_of(folder, Kind.CANONICAL), tmp_path / "x.dyad")
    assert run("x.dyad", "--png", 5, "out.png") == (0, "")
    code, errors = run("x.dyad", "--shown", "--png", 5, "out.png")
    assert code == 2
    assert "no local record of the left seat" in errors
    log = file_of(folder, Kind.LOCAL, Seat.RIGHT)
    assert run("x.dyad", "--local", log, "--shown", "--png", 5, "right.png") == (0, "")
    assert run(folder, "--seat", "right", "--shown", "--png", 5, "same.png") == (0, "")
    first, second = (pygame.image.load(name) for name in ("right.png", "same.png"))
    assert bytes_of(first) == bytes_of(second)


def test_ids_that_no_font_can_show_are_shown_as_far_as_they_can(tmp_path: Path) -> None:
    game = registry.find("foraging")
    terms = make_terms(game)
    odd = Player("\0" + "x" * 5000 + "\n", "human")
    terms = replace(terms, players=(odd, replace(odd, participant="")), terms=replace(terms.terms, study="\0\n" * 999))
    path = tmp_path / "odd.dyad"
    path.write_bytes(file_bytes(terms, *play(game, terms, wandering(game, terms))))
    for seat in Seat:
        Viewer(open_replay(path)).at(Choice(seat, has_details=True, has_figures=True), 10)


def other_version(folder: Path) -> Path:
    game = registry.find("foraging")
    terms = make_terms(game, source="0123456789abcdef")
    path = folder / "old.dyad"
    path.write_bytes(file_bytes(terms, *play(game, terms, wandering(game, terms))))
    return path


def test_mistakes_are_one_line_each_that_says_what_to_mend(run: Run, folder: Path, tmp_path: Path) -> None:
    log, share = file_of(folder, Kind.LOCAL, Seat.LEFT), folder.parents[3]
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.dyad").write_text("hello\n")
    (tmp_path / "text.dyadlog").write_text("hello\n")
    (tmp_path / "short.dyad").write_bytes(finished()[:40])
    (tmp_path / "two").mkdir()
    other, _ = recorded(Life(frames=30, run=b"\x01\x02" * 4), tmp_path / "others")
    for each in (folder, other):
        copy(file_of(each, Kind.CANONICAL), tmp_path / "two")
    other_log = file_of(other, Kind.LOCAL, Seat.LEFT)
    for words, arguments in (
        ("no such file or folder", ("nowhere", "--png", 0, "x.png")),
        ("no episode file (.dyad) here", ("empty",)),
        ("not the folder of one episode; there are 1 below it, such as", (share,)),
        ("files of several episodes", ("two",)),
        ("no episode file", ("text.dyad",)),
        ("no episode file", ("short.dyad",)),
        ("a local record; name the canonical file", (log,)),
        ("cannot re-simulate: source 0123456789abcdef of foraging", (other_version(tmp_path),)),
        ("expected a frame from 0 to 239, got 240", (folder, "--png", 240, "x.png")),
        ("expected a frame from 0 to 239, got -1", (folder, "--png", -1, "x.png")),
        ("expected a frame from 0 to 239, got 240", (folder, "--frame", 240)),
        ("cannot write nowhere/x.png", (folder, "--png", 0, "nowhere/x.png")),
        ("expected a file that ends in .png, got x.jpg", (folder, "--png", 0, "x.jpg")),
        ("cannot write empty.png: ", (folder, "--png", 0, "empty.png")),
        ("expected left or right, got 'middle'", (folder, "--seat", "middle")),
        ("--local nowhere: cannot be read", (folder, "--local", "nowhere")),
        ("--local text.dyadlog: no local record", (folder, "--local", "text.dyadlog")),
        ("the canonical file is of run", (folder, "--local", other_log)),
        ("expected en or de, got 'xx'", (folder, "--language", "xx")),
        ("--png", (folder, "--png", "x", "x.png")),
    ):
        (tmp_path / "empty.png").mkdir(exist_ok=True)
        code, errors = run(*arguments)
        assert code == 2, (arguments, errors)
        (line,) = errors.splitlines()
        assert words in line, (words, line)
    assert not (tmp_path / "x.png").exists()
