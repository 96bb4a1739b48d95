"""What moves on a window, over the stage that stands still: draws again only what changed since the last drawing.

Copying a whole window costs more than everything that moves on it together. So each drawing says what lies where, and
the canvas compares that with the last one: what came, went, moved or looks different has its place restored from the
stage and everything that touches it put there again.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import pygame
from pygame import Rect

Item = tuple[pygame.Surface, tuple[int, int]]
"""A premultiplied surface, and where its upper left corner lies. A surface that lies somewhere is never drawn on:
another look is another surface.
"""

MOST_BOXES: Final = 48
"""With more separate places to restore, copying all of the window once is as cheap."""


class Canvas:
    """The surface of one window, and what lies on it."""

    def __init__(self) -> None:
        self._target: pygame.Surface | None = None
        self._size = (0, 0)
        self._laid: list[Item] = []

    def forget(self) -> None:
        """What is on the surface is not known any more: the next drawing draws all of it."""
        self._target = None

    def show(
        self,
        target: pygame.Surface,
        ground: pygame.Surface,
        changes: Sequence[Rect] | None,
        board: tuple[Rect, list[Item]],
        above: list[Item],
    ) -> bool:
        """Draw the ground, then what lies on the board (and is cut off at its edges), then what lies above all of it.

        `changes` are the places where the ground is not what it was; None for everywhere. Returns whether a pixel may
        have changed.
        """
        edges, on_board = board
        laid = [*on_board, *above]
        boxes = self._boxes(target, changes, laid)
        self._target, self._size, self._laid = target, target.get_size(), laid
        for box in boxes:
            target.set_clip(box)
            target.blit(ground, box, box)
            inside = box.clip(edges)
            if inside:
                target.set_clip(inside)
                target.fblits(on_board, pygame.BLEND_PREMULTIPLIED)
                target.set_clip(box)
            target.fblits(above, pygame.BLEND_PREMULTIPLIED)
        target.set_clip(None)
        return bool(boxes)

    def _boxes(self, target: pygame.Surface, changes: Sequence[Rect] | None, laid: list[Item]) -> list[Rect]:
        """The places to draw again, none touching another."""
        everywhere = [target.get_rect()]
        if changes is None or target is not self._target or target.get_size() != self._size:
            return everywhere
        if len(laid) == len(self._laid):  # nothing came or went: what is not what it was is seen in its place
            pairs = [pair for pair in zip(self._laid, laid, strict=True) if pair[0] != pair[1]]
            boxes = merged([*changes, *(box for before, now in pairs for box in _left_and_taken(before, now))])
            return boxes if len(boxes) <= MOST_BOXES else everywhere
        before, now = set(self._laid), set(laid)
        # What stays must lie in the same order, or one of two that overlap would show through the other.
        if [item for item in self._laid if item in now] != [item for item in laid if item in before]:
            return everywhere
        boxes = merged([*changes, *(_place(item) for item in before ^ now)])
        return boxes if len(boxes) <= MOST_BOXES else everywhere


def _place(item: Item) -> Rect:
    return Rect(item[1], item[0].get_size())


def _left_and_taken(before: Item, now: Item) -> tuple[Rect, ...]:
    """The places of what was there and of what is there instead: a step apart they are one, far apart two."""
    left, taken = _place(before), _place(now)
    return (left.union(taken),) if left.colliderect(taken) else (left, taken)


def merged(boxes: Iterable[Rect]) -> list[Rect]:
    """Boxes that cover the same, none touching another."""
    apart: list[Rect] = []
    for each in boxes:
        box = each
        while (touched := box.collidelist(apart)) >= 0:
            box = box.union(apart.pop(touched))
        apart.append(box)
    return apart


def centred(figure: pygame.Surface, x: int, y: int) -> Item:
    """A surface whose middle lies there."""
    return figure, (x - figure.get_width() // 2, y - figure.get_height() // 2)
