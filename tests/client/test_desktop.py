"""Two real windows on a virtual desktop, used as a person uses them."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pygame
import pytest

from client.layout import layout_for
from client.theme import Theme
from tests.support.desktop import Desktop, desktop, wait_for

pytestmark = pytest.mark.window

RIGHT, LEFT, DROP = 2, 4, 5


class Probe:
    """One window that writes down what it sees."""

    def __init__(self, place: Desktop, name: str, left: int, folder: Path) -> None:
        self._log = folder / f"{name}.log"
        command = [sys.executable, "-m", "tests.support.window_probe", name, str(left), str(self._log)]
        self.process = subprocess.Popen(command, env=place.environment)
        self.window = place.window(name)

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def wait(self, what: str, wanted: Callable[[dict[str, object]], bool], after: int = 0) -> int:
        """How many lines there were up to and with the first wanted one."""

        def found() -> int | None:
            return next((index + 1 for index, line in enumerate(self.lines()) if index >= after and wanted(line)), None)

        return wait_for(what, found)

    def seen(self) -> int:
        return len(self.lines())

    def come_to(self, away: bool) -> int:
        """Wait until its last word on being away is this one; how many lines there were by then."""

        def there() -> bool:
            said = [line["away"] for line in self.lines() if "away" in line]
            return (said[-1] if said else False) is away

        wait_for(f"away to be {away}", there)
        return self.seen()


@pytest.fixture
def windows(tmp_path: Path) -> Iterator[tuple[Desktop, Probe, Probe]]:
    with desktop() as place, ExitStack() as stack:
        probes = []
        for name, left in (("dyadgrid-one", 0), ("dyadgrid-two", 700)):
            probes.append(Probe(place, name, left, tmp_path))
            stack.callback(probes[-1].process.wait, 10)
            stack.callback(probes[-1].process.kill)
        yield place, probes[0], probes[1]


def is_away(away: bool) -> Callable[[dict[str, object]], bool]:
    return lambda line: line.get("away") is away


def acts(action: int) -> Callable[[dict[str, object]], bool]:
    return lambda line: line.get("action") == action


def test_keys_reach_the_window_that_has_the_focus_and_nothing_sticks(windows: tuple[Desktop, Probe, Probe]) -> None:
    place, one, two = windows
    place.focus(one.window)
    two.come_to(away=True)
    back = one.come_to(away=False)
    wait_for("a tap that counts", lambda: _taps(place, one, "space", DROP, back))

    before = two.seen()
    with place.holding("Left"):
        held = one.wait("a held key", acts(LEFT), back)
        place.focus(two.window)
        gone = one.wait("the first window to be away", is_away(True), held)
        one.wait("its player to stand still", acts(0), held)
        two.wait("the second window's turn", is_away(False), before)
        place.focus(one.window)
        returned = one.wait("the return with a held key", is_away(False), gone)
        wait_for("a tap that counts", lambda: _taps(place, one, "space", DROP, returned))
    wait_for("a fresh press", lambda: _taps(place, one, "Right", RIGHT, returned))
    acted = [line["action"] for line in one.lines()[returned:] if "action" in line]
    assert LEFT not in acted, "a key held through the return acted without a fresh press"
    assert not any(line.get("action") == LEFT for line in two.lines()), "the other window took the held key"


def _taps(place: Desktop, probe: Probe, key: str, action: int, after: int) -> bool:
    """Tap once; whether a tap has counted by now. Right after a return none does."""
    place.tap(key)
    return any(acts(action)(line) for line in probe.lines()[after:])


def test_resizing_full_screen_and_minimising_keep_the_picture_right(
    windows: tuple[Desktop, Probe, Probe], tmp_path: Path
) -> None:
    place, one, _ = windows
    place.focus(one.window)
    one.come_to(away=False)
    place.resize(one.window, 900, 650)
    one.wait("the new size", lambda line: line.get("width") == 900 and line.get("height") == 650)
    wait_for(
        "the picture in the new size",
        lambda: _shows_board(place.screenshot(one.window, tmp_path / "a.png"), (900, 650)),
    )

    before = one.seen()
    place.tap("F11")
    one.wait("the full screen", lambda line: line.get("width") == 1400, before)
    wait_for("the full picture", lambda: _shows_board(place.screenshot(one.window, tmp_path / "b.png"), (1400, 800)))
    before = one.seen()
    place.tap("F11")
    one.wait("the window", lambda line: line.get("width") == 900, before)

    before = one.seen()
    place.minimise(one.window)
    gone = one.wait("to be away while minimised", is_away(True), before)
    place.focus(one.window)
    one.wait("to be back", is_away(False), gone)
    wait_for(
        "the picture after all that", lambda: _shows_board(place.screenshot(one.window, tmp_path / "c.png"), (900, 650))
    )


def _shows_board(path: Path, size: tuple[int, int]) -> bool:
    """Whether a screenshot has this size and the outer walls where they belong."""
    if not path.exists():
        return False
    picture = pygame.image.load(path)
    board = layout_for(size, 13, 13).board
    wall, places = Theme().wall_panel, (board.midtop, (board.left, board.centery), (board.right - 1, board.centery))
    inward = ((0, 12), (12, 0), (-12, 0))
    if picture.get_size() != size:
        return False
    return all(
        max(abs(picture.get_at((x + dx, y + dy))[channel] - wall[channel]) for channel in range(3)) < 24
        for (x, y), (dx, dy) in zip(places, inward, strict=True)
    )


def test_the_close_button_and_the_chord_ask_to_leave(windows: tuple[Desktop, Probe, Probe]) -> None:
    place, one, two = windows
    place.close(two.window)
    two.wait("the request", lambda line: line.get("by") == "button")
    assert two.process.wait(10) == 0
    place.focus(one.window)
    one.come_to(away=False)
    with place.holding("Control_L", "Shift_L", "q"):
        one.wait("the chord", lambda line: line.get("by") == "chord")
    assert one.process.wait(10) == 0
