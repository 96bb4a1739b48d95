"""Where two windows stand side by side on one desktop. The demo's only: in the lab each machine has its own."""

from typing import Final

import pygame

WIDEST: Final = 1000
SHAPE_PERCENT: Final = 76
"""Height of the width: the board and the panel beside it then fill the window."""
MARGIN: Final = 12
"""Between the windows, and to the edges of the desktop."""
BARS: Final = 80
"""Room for the title bar and the desktop's own bars."""


def half_of_desktop(half: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Position and size of the window in the `left` or `right` half of the desktop, for a window's own area."""
    pygame.display.init()
    desktop_width, desktop_height = pygame.display.get_desktop_sizes()[0]
    width = min(WIDEST, desktop_width // 2 - 2 * MARGIN)
    height = min(width * SHAPE_PERCENT // 100, desktop_height - BARS - MARGIN)
    middle = desktop_width // 2
    x = middle - MARGIN - width if half == "left" else middle + MARGIN
    return (x, max(BARS // 2, (desktop_height - height) // 2)), (width, height)
