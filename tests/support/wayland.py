"""A dense display: a headless Wayland compositor whose desktop counts one unit where its screen has several pixels."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.desktop import ended, wait_for

TOOLS = ("weston", "weston-screenshooter")
SOCKET = "dense"


class DenseDisplay:
    """One running compositor. Programs started with `environment` open their windows on it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.settings = {"XDG_RUNTIME_DIR": str(folder), "WAYLAND_DISPLAY": SOCKET, "SDL_VIDEODRIVER": "wayland"}
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("SDL_")}
        self.environment |= self.settings

    def screenshot(self) -> Path:
        """The whole screen, in its own pixels."""
        pictures = set(self._folder.glob("wayland-screenshot-*.png"))
        subprocess.run(TOOLS[1], env=self.environment, cwd=self._folder, check=True, timeout=10, capture_output=True)
        return (set(self._folder.glob("wayland-screenshot-*.png")) - pictures).pop()


@contextmanager
def dense_display(folder: Path, scale: int, size: tuple[int, int] = (2600, 1800)) -> Iterator[DenseDisplay]:
    """A display of its own for one test, with its socket in `folder`, whose path must be a short one."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"a dense display needs {', '.join(missing)}")
    place = DenseDisplay(folder)
    place.environment["HOME"] = str(folder)
    options = ["--backend=headless-backend.so", "--use-pixman", "--debug", "--idle-time=0", f"--socket={SOCKET}"]
    shape = [f"--width={size[0]}", f"--height={size[1]}", f"--scale={scale}", "--no-config"]
    folder.chmod(0o700)
    compositor = subprocess.Popen(
        ["weston", *options, *shape], env=place.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with ended(compositor):
        wait_for("the compositor", (folder / SOCKET).exists)
        yield place
