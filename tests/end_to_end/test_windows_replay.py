"""A replay in a real window, with a person's keys and mouse: it shows what `--png` writes, and nothing else."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pygame
import pytest

from client.replay.deck_layout import DESIGN_SIZE, DeckLayout, deck_layout_for
from client.replay.files import Opened, open_replay
from client.replay.strip import Choice
from games.contract import Seat
from tests.support.command_line import CommandLine
from tests.support.desktop import Desktop, desktop, wait_for
from tests.support.participants import keep
from tests.support.replayed import ROUGH, Viewer, bytes_of, recorded

pytestmark = [pytest.mark.window, pytest.mark.processes]

LAST = ROUGH.frames - 1


@pytest.fixture
def place() -> Iterator[Desktop]:
    """A desktop on which the window gets the size that it wants."""
    with desktop("1400x1100") as place:
        yield place


class Watched:
    """One replay in its window, and what it must show."""

    def __init__(self, place: Desktop, folder: Path, replay: Opened, language: str = "en") -> None:
        self.place = place
        self.window = place.window("dyadgrid-replay")
        self._folder = folder
        self._viewer = Viewer(replay, language)

    @property
    def layout(self) -> DeckLayout:
        return deck_layout_for(self.place.area(self.window)[2:])

    def look(self, name: str = "now") -> pygame.Surface:
        """Its pixels."""
        return pygame.image.load(self.place.screenshot(self.window, self._folder / f"replay-{name}.png"))

    def await_frame(self, name: str, choice: Choice, frame: int) -> None:
        """Wait until it shows a frame, pixel for pixel, at the size that it has; the picture is kept."""
        expected: dict[tuple[int, int], bytes] = {}

        def is_there() -> bool:
            pixels = self.look(name)
            size = pixels.get_size()
            if size not in expected:
                expected[size] = bytes_of(self._viewer.at(choice, frame, size))
            return bytes_of(pixels) == expected[size]

        wait_for(f"frame {frame} of {choice} ({name})", is_there)
        keep(self._folder / f"replay-{name}.png")

    def click(self, x: int, y: int) -> None:
        self.place.act("mousemove", "--window", self.window, x, y, "click", 1)

    def drag(self, *places: tuple[int, int]) -> None:
        """From place to place with the button down, and up at the last one."""
        words: list[object] = ["mousemove", "--window", self.window, *places[0], "mousedown", 1]
        for place in places[1:]:
            words += ["mousemove", "--window", self.window, *place]
        try:
            self.place.act(*words)
        finally:
            self.place.act("mouseup", 1)


def test_a_person_plays_steps_scrubs_and_compares_what_was_true_with_what_was_shown(
    place: Desktop, terminal: CommandLine
) -> None:
    pygame.font.init()
    folder, _ = recorded(ROUGH, terminal.folder / "share")
    replay = open_replay(folder)
    untrue = next(frame for frame in replay.scenes.seen[Seat.RIGHT].untrue_frames if frame > 150)
    terminal.environment["DISPLAY"] = place.environment["DISPLAY"]
    with ExitStack() as stack:
        process = terminal.start("replay", folder, "--seat", "right", "--frame", untrue)
        stack.callback(lambda: process.poll() is None and process.kill())
        watched = Watched(place, terminal.folder, replay)
        place.focus(watched.window)
        true, shown = Choice(Seat.RIGHT), Choice(Seat.RIGHT, is_shown=True)
        watched.await_frame("true", true, untrue)
        assert watched.look().get_size() == DESIGN_SIZE
        place.tap("s")
        watched.await_frame("shown", shown, untrue)
        place.tap("Right", "Right", "Left")
        watched.await_frame("stepped", shown, untrue + 1)
        place.tap("Tab")
        watched.await_frame("other-seat", Choice(Seat.LEFT, is_shown=True), untrue + 1)

        layout = watched.layout
        watched.click(*layout.true.center)
        watched.click(layout.x_of(70, ROUGH.frames), layout.groove.centery)
        watched.await_frame("clicked", Choice(Seat.LEFT), layout.frame_at(layout.x_of(70, ROUGH.frames), ROUGH.frames))
        middle = (layout.x_of(LAST // 2, ROUGH.frames), layout.groove.centery)
        watched.drag(middle, (layout.groove.right - 30, 300), (layout.groove.left - 10, 20))
        watched.await_frame("dragged", Choice(Seat.LEFT), 0)

        place.tap("F1", "F3", "s", "End")
        panels = Choice(Seat.LEFT, is_shown=True, has_details=True, has_figures=True)
        watched.await_frame("panels", panels, LAST)
        place.tap("F1", "F3", "Tab", "s", "Prior")
        watched.await_frame("a-second-back", true, LAST - ROUGH.tick_rate)
        place.tap("space")
        watched.await_frame("played-to-its-end", true, LAST)

        place.resize(watched.window, 640, 560)
        watched.await_frame("small", true, LAST)
        place.tap("F11", "s", "Home")
        watched.await_frame("full-screen", shown, 0)
        place.tap("Escape")
        outcome = terminal.finish(process)
    assert (outcome.code, outcome.output, outcome.errors) == (0, "", "")


def test_the_close_button_ends_a_replay_that_plays(place: Desktop, terminal: CommandLine) -> None:
    folder, _ = recorded(ROUGH, terminal.folder / "share")
    terminal.environment["DISPLAY"] = place.environment["DISPLAY"]
    pygame.font.init()
    with ExitStack() as stack:
        process = terminal.start("replay", folder, "--shown", "--language", "de")
        stack.callback(lambda: process.poll() is None and process.kill())
        watched = Watched(place, terminal.folder, open_replay(folder), "de")
        place.focus(watched.window)
        watched.await_frame("waits", Choice(Seat.LEFT, is_shown=True), 0)
        clock = watched.layout.clock
        before = bytes_of(watched.look().subsurface(clock))
        place.tap("Down", "Down", "space")
        wait_for("it to play", lambda: bytes_of(watched.look("plays").subsurface(clock)) != before)
        keep(terminal.folder / "replay-plays.png")
        place.close(watched.window)
        outcome = terminal.finish(process)
    assert (outcome.code, outcome.text) == (0, "")


def test_without_a_display_it_says_so_and_a_picture_can_be_had_all_the_same(terminal: CommandLine) -> None:
    folder, _ = recorded(ROUGH, terminal.folder / "share")
    outcome = terminal.run("replay", folder)
    assert outcome.code == 2
    (line,) = outcome.errors.splitlines()
    assert "there is no display" in line
    outcome = terminal.run("replay", folder, "--png", 10, "out.png")
    assert (outcome.code, outcome.text) == (0, "")
    pygame.font.init()
    written = pygame.image.load(terminal.folder / "out.png")
    expected = Viewer(open_replay(folder)).at(Choice(Seat.LEFT), 10)
    assert bytes_of(written) == bytes_of(expected)
