"""Client tests draw on SDL's dummy driver, unless they bring a display of their own."""

import os
from collections.abc import Iterator

import pytest

os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ["SDL_AUDIODRIVER"] = "dummy"

import pygame  # after the settings that SDL reads when it loads


@pytest.fixture
def pygame_ready() -> Iterator[None]:
    """Fonts and surfaces, and no window."""
    pygame.display.init()
    pygame.font.init()
    yield
    pygame.display.quit()
