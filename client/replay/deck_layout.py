"""Where the strip below the picture has its parts, in a window of a given size. Rectangles only; draws nothing."""

from typing import Final, NamedTuple

from pygame import Rect

from client.settings import SMALLEST

DESIGN_SIZE: Final = (1000, 900)
"""The window in which one unit is one pixel, and a client's own window has room above the strip."""
LEAST_UNIT: Final = 0.78
"""Smaller letters cannot be read."""
MOST_UNIT: Final = 1.7

PAD: Final = 14
ROW: Final = 32
TIMELINE: Final = 34
BOX: Final = 58
FOOTER: Final = 18
GAP: Final = 7
HIGH: Final = 10 + ROW + GAP + TIMELINE + GAP + BOX + GAP + FOOTER + 8

SMALLEST_WINDOW: Final = (SMALLEST[0], SMALLEST[1] + round(HIGH * LEAST_UNIT))
"""A client's smallest window, and the strip."""


class DeckLayout(NamedTuple):
    """The places of one window, in pixels: `view` is the client's picture, all others are parts of `deck`."""

    size: tuple[int, int]
    unit: float
    view: Rect
    deck: Rect
    play: Rect
    clock: Rect
    speed: Rect
    mark: Rect
    true: Rect
    shown: Rect
    groove: Rect
    timeline: Rect
    seats: tuple[Rect, Rect]
    middle: Rect
    footer: Rect

    def px(self, units: float) -> int:
        """Whole pixels for a length in units, at least one."""
        return max(1, round(units * self.unit))

    def frame_at(self, x: int, frames: int) -> int:
        """The frame under a pixel of the timeline; outside of it, its first or last."""
        share = (x - self.groove.left) / max(1, self.groove.width)
        return min(max(0, round(share * (frames - 1))), frames - 1)

    def x_of(self, frame: int, frames: int) -> int:
        """Where a frame is on the timeline."""
        return self.groove.left + round(self.groove.width * frame / max(1, frames - 1))


def deck_layout_for(size: tuple[int, int]) -> DeckLayout:
    """The layout for a window of this size; a window that is too small is drawn as if it were larger."""
    size = width, height = max(size[0], SMALLEST_WINDOW[0]), max(size[1], SMALLEST_WINDOW[1])
    unit = min(max(LEAST_UNIT, min(width / DESIGN_SIZE[0], height / DESIGN_SIZE[1])), MOST_UNIT)
    high, pad, gap, row = round(HIGH * unit), round(PAD * unit), round(GAP * unit), round(ROW * unit)
    deck = Rect(0, height - high, width, high)
    left, room = pad, width - 2 * pad
    top = deck.top + round(10 * unit)
    play = Rect(left, top, row, row)
    clock = Rect(play.right + gap, top, min(round(150 * unit), room // 3), row)
    speed = Rect(clock.right, top, round(88 * unit), row)
    segment = min(round(150 * unit), room // 4)
    shown = Rect(left + room - segment, top, segment, row)
    true = Rect(shown.left - segment, top, segment, row)
    mark = Rect(speed.right + gap, top, max(0, true.left - speed.right - 2 * gap), row)
    timeline = Rect(left, top + row + gap, room, round(TIMELINE * unit))
    groove = Rect(left + row // 4, 0, room - row // 2, round(8 * unit))
    groove.centery = timeline.centery
    box_top, box_high = timeline.bottom + gap, round(BOX * unit)
    wide = (room - 2 * gap) * 3 // 10
    seats = (Rect(left, box_top, wide, box_high), Rect(left + room - wide, box_top, wide, box_high))
    middle = Rect(seats[0].right + gap, box_top, seats[1].left - seats[0].right - 2 * gap, box_high)
    footer = Rect(left, seats[0].bottom + gap, room, round(FOOTER * unit))
    view = Rect(0, 0, width, deck.top)
    return DeckLayout(
        size, unit, view, deck, play, clock, speed, mark, true, shown, groove, timeline, seats, middle, footer
    )
