"""The boards of `foraging`, drawn as text. No rule of play: only where walls, pads and gems may be.

Each is its own mirror image, so neither seat has the better half, and none can be cut in two by a partner who stands
still: whoever plays on beside an absent partner still reaches every gem and the own pad.
"""

from typing import Final, NamedTuple

from games.contract import FLOOR
from games.grid import Board, board, distances

NEAREST_SPAWN: Final = 4
"""Steps from either pad to the nearest cell where a gem may appear: a gem must be carried, not picked up on the pad."""


class Layout(NamedTuple):
    """A board with a name, and the cells where gems may appear, in ascending order."""

    name: str
    board: Board
    spawns: tuple[int, ...]


def _layout(name: str, *rows: str) -> Layout:
    drawn = board(rows)
    from_left, from_right = (distances(drawn.exits[seat], drawn.pads[seat]) for seat in (0, 1))
    spawns = tuple(
        cell
        for cell, tile in enumerate(drawn.tiles)
        if tile == FLOOR and min(from_left[cell], from_right[cell]) >= NEAREST_SPAWN
    )
    return Layout(name, drawn, spawns)


LAYOUTS: Final = (
    _layout(
        "courts",
        "#############",
        "#L....#....R#",
        "#.##..#..##.#",
        "#.#.......#.#",
        "#....###....#",
        "#...........#",
        "###...#...###",
        "#...........#",
        "#....###....#",
        "#.#.......#.#",
        "#.##..#..##.#",
        "#.....#.....#",
        "#############",
    ),
    _layout(
        "lanes",
        "#############",
        "#L.........R#",
        "#.##.###.##.#",
        "#.#.......#.#",
        "#...#.#.#...#",
        "#.#.#...#.#.#",
        "#.#...#...#.#",
        "#.#.#...#.#.#",
        "#...#.#.#...#",
        "#.#.......#.#",
        "#.##.###.##.#",
        "#...........#",
        "#############",
    ),
    _layout(
        "doors",
        "#############",
        "#L....#....R#",
        "#.#.#.#.#.#.#",
        "#.....#.....#",
        "#.#.#...#.#.#",
        "#.#.#.#.#.#.#",
        "#.....#.....#",
        "#.#.#.#.#.#.#",
        "#.#.#...#.#.#",
        "#.....#.....#",
        "#.###.#.###.#",
        "#.....#.....#",
        "#############",
    ),
    _layout(
        "pillars",
        "#############",
        "#L.........R#",
        "#.#.#.#.#.#.#",
        "#...........#",
        "#.#.##.##.#.#",
        "#...#...#...#",
        "#.#...#...#.#",
        "#...#...#...#",
        "#.#.##.##.#.#",
        "#...........#",
        "#.#.#.#.#.#.#",
        "#...........#",
        "#############",
    ),
    _layout(
        "bridges",
        "#############",
        "#L...###...R#",
        "#..#.....#..#",
        "#.##.###.##.#",
        "#...........#",
        "##.#.#.#.#.##",
        "##...#.#...##",
        "##.#.#.#.#.##",
        "#...........#",
        "#.##.###.##.#",
        "#..#.....#..#",
        "#....###....#",
        "#############",
    ),
)
