"""How large the desktop is, and where two windows stand side by side on it, which only the demo's do."""

from typing import Final

import pygame

WIDEST: Final = 1000
SHAPE_PERCENT: Final = 76
"""Height of the width: the board and the panel beside it then fill the window."""
MARGIN: Final = 12
"""Between the windows, and to the edges of the desktop."""
BARS: Final = 80
"""Room for the title bar and the desktop's own bars."""


def desktop_size() -> tuple[int, int]:
    """The size of the first display, in pixels."""
    pygame.display.init()
    return pygame.display.get_desktop_sizes()[0]


def half_of_desktop(half: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Position and size of the window in the `left` or `right` half of the desktop, for a window's own area."""
    desktop_width, desktop_height = desktop_size()
    width = min(WIDEST, desktop_width // 2 - 2 * MARGIN)
    height = min(width * SHAPE_PERCENT // 100, desktop_height - BARS - MARGIN)
    middle = desktop_width // 2
    x = middle - MARGIN - width if half == "left" else middle + MARGIN
    return (x, max(BARS // 2, (desktop_height - height) // 2)), (width, height)
