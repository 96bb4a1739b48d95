"""Where everything goes in a window of a given size. Rectangles only; draws nothing.

The board comes first: it gets the largest cells that leave room for the score bar above it and, where there is width
for one, a panel beside it. What is left over is shared out as air.
"""

from typing import Final, NamedTuple

from pygame import Rect

from client.settings import SMALLEST

DESIGN_SIZE: Final = (1000, 760)
"""The window size in which one unit is one pixel."""
ALONE_WIDTH: Final = 640
"""The same for a window without a panel: it has less to show, and shows it larger."""
LEAST_UNIT: Final = 0.5
TILE_STEP: Final = 8
"""Cells grow in these steps, so that halves and quarters of a cell fall on whole pixels."""
LEAST_TILE: Final = 8

MARGIN: Final = 12
BAR: Final = 56
GAP: Final = 10
LEAST_PANEL: Final = 216
MOST_PANEL: Final = 360


class Layout(NamedTuple):
    """The places of one window, in pixels. `unit` scales texts and margins; `panel` is None in a narrow window."""

    size: tuple[int, int]
    unit: float
    tile: int
    board: Rect
    bar: Rect
    panel: Rect | None

    def px(self, units: float) -> int:
        """Whole pixels for a length in units, at least one."""
        return max(1, round(units * self.unit))


def layout_for(size: tuple[int, int], columns: int, rows: int) -> Layout:
    """The layout for a window of `size` around a board of so many cells; a tiny window shows part of a small one."""
    size = width, height = max(size[0], SMALLEST[0]), max(size[1], SMALLEST[1])
    unit, narrow_unit = _unit(width / DESIGN_SIZE[0], height), _unit(width / ALONE_WIDTH, height)
    beside, alone = (
        _tile(size, unit, columns, rows, with_panel=True),
        _tile(size, narrow_unit, columns, rows, with_panel=False),
    )
    has_panel = beside * 6 >= alone * 5  # a panel may cost the board a sixth of its size, no more
    tile = beside if has_panel else alone
    unit = unit if has_panel else narrow_unit
    board_size = (columns * tile, rows * tile)
    spare = max(0.0, height - board_size[1] - (2 * MARGIN + BAR + GAP) * unit)
    bar_height = round(BAR * unit + min(spare * 0.4, 18 * unit))
    gap = round(GAP * unit + min(spare * 0.15, 8 * unit))
    top = max(0, (height - bar_height - gap - board_size[1]) // 2)
    free = width - board_size[0] - gap - 2 * round(MARGIN * unit + min(spare * 0.15, 8 * unit))
    side = round(min(max(free, LEAST_PANEL * unit), MOST_PANEL * unit)) if has_panel else 0
    left = max(0, (width - board_size[0] - (side + gap if has_panel else 0)) // 2)
    board = Rect((left, top + bar_height + gap), board_size)
    bar = Rect(left, top, board.width, bar_height)
    panel = Rect(board.right + gap, top, side, board.bottom - top) if has_panel else None
    return Layout(size, unit, tile, board, bar, panel)


def _unit(share_of_width: float, height: int) -> float:
    return max(LEAST_UNIT, min(share_of_width, height / DESIGN_SIZE[1]))


def _tile(size: tuple[int, int], unit: float, columns: int, rows: int, *, with_panel: bool) -> int:
    wide = size[0] - (2 * MARGIN + (LEAST_PANEL + GAP if with_panel else 0)) * unit
    high = size[1] - (2 * MARGIN + BAR + GAP) * unit
    return max(LEAST_TILE, int(min(wide / columns, high / rows)) // TILE_STEP * TILE_STEP)
