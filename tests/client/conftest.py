"""Client tests draw on SDL's dummy driver, unless they bring a display of their own."""

from collections.abc import Iterator
from pathlib import Path

import pygame
import pytest

from tests.support.browser import Browser, find_browser


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    """A real browser, or a skip that says so."""
    program = find_browser()
    if program is None:
        pytest.skip("no chromium here: the page was not opened in a browser")
    return Browser(program, tmp_path / "profile")


@pytest.fixture
def dummy_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """SDL's dummy driver, for this test alone: a real window's test may run in the same process."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    monkeypatch.setenv("SDL_VIDEO_X11_WMCLASS", "test")


@pytest.fixture
def fonts(dummy_driver: None) -> Iterator[None]:
    """Fonts and surfaces, and no window."""
    pygame.display.init()
    pygame.font.init()
    yield
    pygame.display.quit()
