"""The board without anyone on it: floor, raised walls and pads, drawn once per size. No sprites, no time.

The light comes from the upper left: walls are bright at their upper and left edges, show a dark front where their lower
side is open, and throw their shadow down and to the right.
"""

import pygame

from client.shapes import fade, glow, put, round_corners
from client.sprites import Sprites
from client.theme import Colour, Theme, blend
from games.contract import PAD_LEFT, PAD_RIGHT, WALL, Scene

FRONT_SHARE = 0.24
"""How much of a wall's cell its front takes."""
CORNER_SHARE = 0.16
OUTER_CORNER_SHARE = 0.3
FINENESS = 2
"""The board is drawn twice as large and scaled down once: smooth corners, and a megabyte where 4 would take many."""


def render(scene: Scene, tile: int, theme: Theme, sprites: Sprites) -> pygame.Surface:
    """The empty board of a scene, `tile` pixels a cell, opaque but for its rounded outer corners."""
    large = _Board(scene, tile, theme, sprites).drawn()
    finished = pygame.Surface((scene.columns * tile, scene.rows * tile), pygame.SRCALPHA)
    finished.blit(pygame.transform.smoothscale(large, finished.get_size()), (0, 0))
    round_corners(finished, tile * OUTER_CORNER_SHARE)
    return finished


class _Board:
    """One board being drawn, from the floor up."""

    def __init__(self, scene: Scene, tile: int, theme: Theme, sprites: Sprites) -> None:
        self._scene = scene
        self._tile = tile * FINENESS
        self._line = max(FINENESS, round(tile * FINENESS / 24))
        self._theme = theme
        self._sprites = sprites
        self._surface = pygame.Surface((scene.columns * self._tile, scene.rows * self._tile))
        self._cells = [(x, y) for y in range(scene.rows) for x in range(scene.columns)]

    def drawn(self) -> pygame.Surface:
        """Everything, from the floor up."""
        for x, y in self._cells:
            self._draw_floor(x, y)
        for x, y in self._cells:
            self._draw_pad(x, y)
        for x, y in self._cells:
            self._draw_shadow(x, y)
        for x, y in self._cells:
            if self._is_wall(x, y):
                self._draw_wall(x, y)
        return self._surface

    def _is_wall(self, x: int, y: int) -> bool:
        """Whether a cell is wall; what lies outside the board is wall too."""
        inside = 0 <= x < self._scene.columns and 0 <= y < self._scene.rows
        return not inside or self._scene.tiles[y * self._scene.columns + x] == WALL

    def _box(self, x: int, y: int) -> pygame.Rect:
        return pygame.Rect(x * self._tile, y * self._tile, self._tile, self._tile)

    def _draw_floor(self, x: int, y: int) -> None:
        theme, box = self._theme, self._box(x, y)
        colour = theme.floor_odd if (x + y) % 2 else theme.floor
        pygame.draw.rect(self._surface, theme.floor_seam, box)
        plate = box.inflate(-2 * FINENESS, -2 * FINENESS)
        pygame.draw.rect(self._surface, blend(colour, (255, 255, 255), 0.055), plate, border_radius=self._tile // 14)
        plate.top += FINENESS
        pygame.draw.rect(self._surface, colour, plate, border_radius=self._tile // 14)
        self._draw_specks(x, y, box, colour)

    def _draw_specks(self, x: int, y: int, box: pygame.Rect, colour: Colour) -> None:
        """A few worn spots, the same on every machine: their places follow from the cell alone."""
        worn = (x * 7919 + y * 104729 + x * y * 31) % 11
        if worn > 3:
            return
        dot = max(FINENESS, self._tile // 26)
        for speck in range(worn + 1):
            place = (x * 131 + y * 197 + speck * 61) % 100
            left = box.left + self._tile * (18 + place * 64 // 100) // 100
            top = box.top + self._tile * (18 + place * 37 % 64) // 100
            pygame.draw.rect(self._surface, blend(colour, (0, 0, 0), 0.2), (left, top, dot, dot))

    def _draw_pad(self, x: int, y: int) -> None:
        tile = self._scene.tiles[y * self._scene.columns + x]
        if tile not in (PAD_LEFT, PAD_RIGHT):
            return
        seat = 0 if tile == PAD_LEFT else 1
        box = self._box(x, y)
        halo = glow((self._tile * 5, self._tile * 5), self._theme.players[seat].base, 70)
        put(self._surface, halo, center=box.center)
        put(self._surface, self._sprites.pad(seat, self._tile), center=box.center)

    def _draw_shadow(self, x: int, y: int) -> None:
        if self._is_wall(x, y):
            return
        box, reach = self._box(x, y), self._tile
        if self._is_wall(x, y - 1):
            below = fade((self._tile, max(1, round(reach * 0.42))), 150)
            put(self._surface, below, topleft=box.topleft)
        if self._is_wall(x - 1, y):
            beside = fade((max(1, round(reach * 0.24)), self._tile), 110, sideways=True)
            put(self._surface, beside, topleft=box.topleft)

    def _draw_wall(self, x: int, y: int) -> None:
        theme, box = self._theme, self._box(x, y)
        front = round(self._tile * FRONT_SHARE) if self._has_front(x, y) else 0
        top = pygame.Rect(box.left, box.top, box.width, box.height - front)
        if front:
            self._draw_front(pygame.Rect(box.left, top.bottom, box.width, front), x, y)
        self._draw_top(top, x, y)
        inset = top.inflate(-self._tile * 0.2, -self._tile * 0.2)
        pygame.draw.rect(self._surface, theme.wall_panel, inset, border_radius=self._tile // 10)

    def _has_front(self, x: int, y: int) -> bool:
        return not self._is_wall(x, y + 1) or y == self._scene.rows - 1

    def _draw_top(self, top: pygame.Rect, x: int, y: int) -> None:
        """A wall's top: bright along its free upper and left edges, dim along its free right one."""
        theme, line = self._theme, self._line
        free_up, free_left, free_right = (not self._is_wall(*cell) for cell in ((x, y - 1), (x - 1, y), (x + 1, y)))
        if free_right:
            self._draw_plate(blend(theme.wall_top, theme.wall_front, 0.45), top, free_up and free_left, free_up)
            top = pygame.Rect(top.left, top.top, top.width - line, top.height)
        self._draw_plate(theme.wall_light, top, free_up and free_left, free_up and free_right)
        left, above = line if free_left else 0, line if free_up else 0
        top = pygame.Rect(top.left + left, top.top + above, top.width - left, top.height - above)
        self._draw_plate(theme.wall_top, top, free_up and free_left, free_up and free_right)

    def _draw_plate(self, colour: Colour, box: pygame.Rect, round_left: bool, round_right: bool) -> None:
        """A plate whose upper corners are round where they stand free on both sides."""
        radius = round(self._tile * CORNER_SHARE)
        pygame.draw.rect(
            self._surface,
            colour,
            box,
            border_top_left_radius=radius if round_left else 0,
            border_top_right_radius=radius if round_right else 0,
            border_bottom_left_radius=0,
            border_bottom_right_radius=0,
        )

    def _draw_front(self, front: pygame.Rect, x: int, y: int) -> None:
        """The lower side of a wall: a course of bricks on a dark foot."""
        theme, seam = self._theme, FINENESS
        pygame.draw.rect(self._surface, theme.wall_front, front)
        pygame.draw.rect(self._surface, theme.wall_seam, (front.left, front.top, front.width, seam))
        middle = front.left + self._tile // 2 + (self._tile // 4 if (x + y) % 2 else 0)
        pygame.draw.rect(self._surface, theme.wall_seam, (middle, front.top, seam, front.height))
        foot = front.height // 5
        pygame.draw.rect(self._surface, theme.wall_foot, (front.left, front.bottom - foot, front.width, foot))
