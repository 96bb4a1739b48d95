"""What stands still behind the play: a backdrop and the cards laid on it. Drawn again piece by piece when it changes.

A frame then starts with one opaque copy, whatever the cards look like.
"""

from collections.abc import Callable

import pygame

from client.shapes import put


class Stage:
    """The still part of one window. Set it first, then lay every card, each drawing."""

    def __init__(self) -> None:
        self._key: object = None
        self._backdrop = pygame.Surface((1, 1))
        self._laid: dict[str, object] = {}
        self._changes: list[pygame.Rect] | None = None
        self.surface = self._backdrop

    def take_changes(self) -> list[pygame.Rect] | None:
        """Where it changed since the last call; None for everywhere."""
        changes, self._changes = self._changes, []
        return changes

    def set(self, key: object, backdrop: pygame.Surface) -> None:
        """Stand on this backdrop; another key (another arrangement of cards, too) takes every card away."""
        if key == self._key and backdrop is self._backdrop:
            return
        self._key, self._backdrop = key, backdrop
        self._laid.clear()
        self.surface = backdrop.copy()
        self._changes = None

    def lay(self, name: str, content: object, box: pygame.Rect, draw: Callable[[], pygame.Surface]) -> None:
        """A card in its box, drawn only if its content is not what lies there; `draw` makes a surface of that size."""
        if self._laid.get(name, self) == content:
            return
        self._laid[name] = content
        self.surface.blit(self._backdrop, box, box)
        put(self.surface, draw(), topleft=box.topleft)
        if self._changes is not None:
            self._changes.append(box)
