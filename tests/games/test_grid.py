"""Who may step where: exits, distances, and two players who want the same."""

from itertools import product

import pytest

from games.contract import PAD_LEFT, PAD_RIGHT
from games.grid import UNREACHABLE, board, distances, give_way, player_sprite

ROOM = board(
    (
        "######",
        "#L.#.#",
        "#..R.#",
        "######",
    )
)


def test_a_board_is_read_as_it_is_drawn() -> None:
    assert (ROOM.columns, ROOM.rows) == (6, 4)
    assert ROOM.tiles[7] == PAD_LEFT
    assert ROOM.tiles[15] == PAD_RIGHT
    assert ROOM.pads == (7, 15)
    assert ROOM.xy(15) == (3, 2)


def test_a_step_leads_to_the_next_cell_unless_there_is_a_wall() -> None:
    assert ROOM.exits[0][8 * 4 : 8 * 4 + 4] == (8, 8, 14, 7)
    assert ROOM.exits[0][3 * 4 : 3 * 4 + 4] == (3, 3, 3, 3), "nothing leads out of a wall"


def test_a_pad_admits_its_owner_alone() -> None:
    up, right, _, left = range(4)
    assert ROOM.exits[0][8 * 4 + left] == 7
    assert ROOM.exits[1][8 * 4 + left] == 8
    assert ROOM.exits[1][14 * 4 + right] == 15
    assert ROOM.exits[0][14 * 4 + right] == 14
    assert ROOM.exits[1][13 * 4 + up] == 13


def test_distances_count_steps_and_know_what_cannot_be_reached() -> None:
    steps = distances(ROOM.exits[1], 15)
    assert [steps[cell] for cell in (15, 14, 8, 13, 16, 10)] == [0, 1, 2, 2, 1, 2]
    assert steps[7] == UNREACHABLE, "the pad of the left seat"
    assert distances(ROOM.exits[0], 14)[16] == UNREACHABLE, "behind the pad of the right seat"
    around = distances(ROOM.exits[1], 15, blocked=14)
    assert around[8] == UNREACHABLE


@pytest.mark.parametrize("favoured", [0, 1])
@pytest.mark.parametrize(
    ("what", "cells", "goals", "expected"),
    [
        ("both free ways", (1, 9), (2, 8), (2, 8)),
        ("nobody moves", (1, 9), (1, 9), (1, 9)),
        ("one follows the other", (1, 2), (2, 3), (2, 3)),
        ("one runs into a standing one", (1, 2), (2, 2), (1, 2)),
        ("a standing one is run into", (1, 2), (1, 1), (1, 2)),
        ("face to face", (1, 2), (2, 1), (1, 2)),
    ],
)
def test_a_meeting_ends_the_same_whoever_is_favoured(
    what: str, cells: tuple[int, int], goals: tuple[int, int], expected: tuple[int, int], favoured: int
) -> None:
    assert give_way(cells, goals, favoured) == (expected, favoured), what


def test_a_free_cell_that_both_want_is_taken_by_turns() -> None:
    assert give_way((1, 3), (2, 2), 0) == ((2, 3), 1)
    assert give_way((1, 3), (2, 2), 1) == ((1, 2), 0)


def test_meetings_are_the_same_with_the_seats_exchanged() -> None:
    """For all cells and goals on a small line: no cell is shared, nobody passes through, no seat is preferred."""
    for left, right, left_goal, right_goal, favoured in product(range(4), range(4), range(4), range(4), (0, 1)):
        if left == right:
            continue
        (to_left, to_right), next_favoured = give_way((left, right), (left_goal, right_goal), favoured)
        mirrored = give_way((right, left), (right_goal, left_goal), 1 - favoured)
        assert mirrored == ((to_right, to_left), 1 - next_favoured)
        assert to_left != to_right
        assert (to_left, to_right) != (right, left)
        assert to_left in (left, left_goal)
        assert to_right in (right, right_goal)


def test_a_move_is_drawn_from_its_first_tick_to_its_last_and_then_at_rest() -> None:
    place = (8, 7, 15, 1)  # a move of 5 ticks that began in frame 10
    moved = [player_sprite(ROOM, 0, place, 0, frame, move_ticks=5) for frame in range(11, 17)]
    assert [(sprite.moved_ticks, sprite.move_ticks) for sprite in moved] == [
        (0, 5),
        (1, 5),
        (2, 5),
        (3, 5),
        (4, 5),
        (0, 0),
    ]
    assert [(sprite.from_x, sprite.x) for sprite in moved] == [(1, 2)] * 5 + [(2, 2)]
