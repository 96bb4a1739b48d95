"""A walled board of cells, who may step where on it, and a step as a picture. No scores, no randomness, no input.

A cell is one integer, `y * columns + x`. Facings are 0 up, 1 right, 2 down, 3 left.
"""

from typing import Final, NamedTuple

from games.contract import FLOOR, PAD_LEFT, PAD_RIGHT, WALL, Seat, Sprite

_TILES: Final = {".": FLOOR, "#": WALL, "L": PAD_LEFT, "R": PAD_RIGHT}
UNREACHABLE: Final = -1
NO_CELL: Final = 0
"""The corner of the rim, wall on every board, stands for no cell at all."""

Pair = tuple[int, int]
"""One value per seat, (left, right)."""

Place = tuple[int, int, int, int]
"""Where a player is: cell, the cell it came from, the first frame in which it may act again, facing."""


class Board(NamedTuple):
    """A board as tables. `pads` are the cells of (left, right).

    `exits[seat][cell * 4 + facing]` is the cell that a step leads to, or the same cell where a wall or the partner's
    pad is in the way: a pad admits its owner alone, so nobody can stand on it and keep the other from scoring.
    """

    columns: int
    rows: int
    tiles: bytes
    pads: Pair
    exits: tuple[tuple[int, ...], tuple[int, ...]]

    def xy(self, cell: int) -> tuple[int, int]:
        """Column and row of a cell."""
        return cell % self.columns, cell // self.columns


def board(rows: tuple[str, ...]) -> Board:
    """The board drawn by `rows` of `#` wall, `.` floor, and one pad `L` and `R` each; its rim must be wall."""
    columns = len(rows[0])
    tiles = bytes(_TILES[mark] for row in rows for mark in row)
    pads = tiles.index(PAD_LEFT), tiles.index(PAD_RIGHT)
    return Board(columns, len(rows), tiles, pads, (_exits(tiles, columns, pads[1]), _exits(tiles, columns, pads[0])))


def _exits(tiles: bytes, columns: int, foreign_pad: int) -> tuple[int, ...]:
    table = []
    for cell, tile in enumerate(tiles):
        for ahead in (cell - columns, cell + 1, cell + columns, cell - 1):
            is_open = tile != WALL and tiles[ahead] != WALL and ahead != foreign_pad
            table.append(ahead if is_open else cell)
    return tuple(table)


def distances(exits: tuple[int, ...], goal: int, blocked: int = NO_CELL) -> tuple[int, ...]:
    """Steps from every cell to `goal` for the owner of `exits`, going around the cell `blocked`; else UNREACHABLE."""
    steps = [UNREACHABLE] * (len(exits) // 4)
    steps[goal] = 0
    reached = [goal]
    for cell in reached:
        for ahead in exits[cell * 4 : cell * 4 + 4]:
            if steps[ahead] == UNREACHABLE and ahead != blocked:
                steps[ahead] = steps[cell] + 1
                reached.append(ahead)
    return tuple(steps)


def give_way(cells: Pair, goals: Pair, favoured: int) -> tuple[Pair, int]:
    """Where two players end up who want from `cells` to `goals`, and which seat to favour the next time.

    A goal that is the own cell means to stay. They never share a cell and never pass through each other; one may enter
    the cell that the other leaves. A free cell that both want goes to the favoured seat, and the favour to the other:
    by turns, because any rule by frame number would meet the rhythm of the moves and prefer one seat.
    """
    left, right = goals
    if left == right:
        if left == cells[0] or right == cells[1]:
            return cells, favoured
        return ((left, cells[1]) if favoured == Seat.LEFT else (cells[0], right)), 1 - favoured
    if left == cells[1] and right == cells[0]:
        return cells, favoured
    return goals, favoured


def player_sprite(board: Board, seat: int, place: Place, carries: int, frame: int, move_ticks: int) -> Sprite:
    """The player of `seat` after `frame` frames: within a move if it came from another cell, else at rest in its cell.

    The frame in which a move begins has done none of its ticks, so that a window which adds the time since the last
    tick shows it arrive exactly when the next move may begin.
    """
    cell, origin, free_at, facing = place
    if cell == origin or frame > free_at:
        return Sprite("player", seat, seat, *board.xy(cell), *board.xy(cell), 0, 0, facing, carries)
    moved_ticks = frame - 1 - (free_at - move_ticks)
    return Sprite("player", seat, seat, *board.xy(cell), *board.xy(origin), moved_ticks, move_ticks, facing, carries)
