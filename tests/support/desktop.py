"""A virtual display with a window manager, and hands to use it: what a test needs to be a person at a desktop."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TypeVar

import pytest

TOOLS = ("Xvfb", "openbox", "xdotool", "wmctrl", "xprop", "xwininfo", "import")
PATIENCE_SECONDS = 20.0
"""How long a desktop may take for one thing on a loaded machine, before a test gives up."""

FIRST_DISPLAY, PROCESSES, DISPLAYS_EACH = 100, 4000, 10
_desktops = count()
TITLE_BAR = 18
DRAG_STEPS = 10

T = TypeVar("T")


def wait_for(what: str, answer: Callable[[], T | None], seconds: float = PATIENCE_SECONDS) -> T:
    """The first answer that is neither None nor false."""
    deadline = time.monotonic() + seconds
    while not (found := answer()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)
    return found


class Desktop:
    """One running display. Programs started with `environment` open their windows on it."""

    def __init__(self, display: str) -> None:
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("SDL_")}
        self.environment["DISPLAY"] = display

    def window(self, class_name: str) -> str:
        """The id of the window of a class, once it is there."""
        return wait_for(
            f"a window of class {class_name}",
            lambda: self._ask("xdotool", "search", "--onlyvisible", "--class", f"^{class_name}$").split(),
        )[-1]

    def focus(self, window: str) -> None:
        self._ask("xdotool", "windowactivate", "--sync", window)

    def minimise(self, window: str) -> None:
        self._ask("xdotool", "windowminimize", window)

    def resize(self, window: str, width: int, height: int) -> None:
        self._ask("xdotool", "windowsize", window, str(width), str(height))

    def cover(self, window: str, by: str) -> None:
        """Put another window over one, without giving it the focus."""
        x, y, _, _ = self.area(window)
        self._ask("xdotool", "windowmove", by, str(x), str(y), "windowraise", by)

    def area(self, window: str) -> tuple[int, int, int, int]:
        """Where a window is, without its frame, and its size."""
        lines = self._ask("xwininfo", "-id", window).splitlines()
        values = dict(line.strip().split(":", 1) for line in lines if ":" in line)
        x, y, width, height = (
            int(values[name]) for name in ("Absolute upper-left X", "Absolute upper-left Y", "Width", "Height")
        )
        return x, y, width, height

    def move(self, window: str, x: int, y: int) -> None:
        self._ask("xdotool", "windowmove", window, str(x), str(y))

    def drag(self, window: str, dx: int, dy: int) -> None:
        """Drag a window by its title bar, in steps as a hand does."""
        x, y, width, _ = self.area(window)
        words = ["mousemove", str(x + width // 3), str(y - TITLE_BAR // 2), "mousedown", "1"]
        for _ in range(DRAG_STEPS):
            words += ["sleep", "0.02", "mousemove_relative", "--", str(dx // DRAG_STEPS), str(dy // DRAG_STEPS)]
        try:
            self._ask("xdotool", *words)
        finally:
            self._ask("xdotool", "mouseup", "1")

    def act(self, *words: object) -> None:
        """Several things of xdotool in one go, such as `keydown Left sleep 0.1 keyup Left`."""
        self._ask("xdotool", *(str(word) for word in words))

    def tap(self, *keys: str) -> None:
        self._ask("xdotool", "key", *keys)

    @contextmanager
    def holding(self, *keys: str) -> Iterator[None]:
        """Keys that are down for a while, and come up whatever happens."""
        try:
            for key in keys:
                self._ask("xdotool", "keydown", key)
            yield
        finally:
            for key in reversed(keys):
                self._ask("xdotool", "keyup", key)

    def close(self, window: str) -> None:
        """As by the close button."""
        self._ask("wmctrl", "-i", "-c", window)

    def screenshot(self, window: str, path: Path) -> Path:
        """A window's own pixels. There is no file if the window is gone: the tool then waits for a click on another."""
        with suppress(subprocess.TimeoutExpired):
            self._ask("import", "-window", window, str(path))
        return path

    def has_window_manager(self) -> bool:
        return "window id" in self._ask("xprop", "-root", "_NET_SUPPORTING_WM_CHECK")

    def _ask(self, *command: str) -> str:
        """What a tool says; "" if it found nothing, which is an answer too."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=10, check=False)
        return done.stdout


@contextmanager
def desktop(size: str = "1400x800") -> Iterator[Desktop]:
    """A display of its own for one test."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"a virtual desktop needs {', '.join(missing)}")
    read, write = os.pipe()
    # Without -noreset the server starts anew when its last client goes, and who is just coming is thrown out.
    options = ["-displayfd", str(write), "-screen", "0", f"{size}x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(
        ["Xvfb", _free_display(), *options],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as answer, ended(server):
        number = answer.readline().strip()
        assert number, "the X server did not start"
        place = Desktop(f":{number}")
        manager = subprocess.Popen(["openbox"], env=place.environment, stderr=subprocess.DEVNULL)
        with ended(manager):
            wait_for("the window manager", place.has_window_manager)
            yield place


def _free_display() -> str:
    """A number that no other test process takes. The server could find one, but one that ends takes the socket of one
    that begins on the same number with it.
    """
    return f":{FIRST_DISPLAY + os.getpid() % PROCESSES * DISPLAYS_EACH + next(_desktops) % DISPLAYS_EACH}"


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever happens, this process is gone afterwards."""
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)
