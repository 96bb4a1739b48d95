"""What a board must be so that two people, one of whom may be absent, can play on it fairly."""

import pytest

from games.contract import FLOOR, PAD_LEFT, PAD_RIGHT, WALL
from games.foraging import FORAGING, MOST_GEMS
from games.foraging_layouts import LAYOUTS, NEAREST_SPAWN, Layout
from games.grid import UNREACHABLE, board, distances

MIRRORED_TILE = {FLOOR: FLOOR, WALL: WALL, PAD_LEFT: PAD_RIGHT, PAD_RIGHT: PAD_LEFT}
each_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)


def unreachable_beside_a_standing_partner(layout: Layout) -> list[tuple[int, int, int]]:
    """For both seats: (seat, where the partner stands, a gem's cell without a way from the own pad)."""
    drawn, lost = layout.board, []
    for seat in (0, 1):
        for partner, tile in enumerate(drawn.tiles):
            if tile == WALL or partner == drawn.pads[seat]:
                continue
            steps = distances(drawn.exits[seat], drawn.pads[seat], blocked=partner)
            lost += [(seat, partner, c) for c in layout.spawns if c != partner and steps[c] == UNREACHABLE]
    return lost


@each_layout
def test_a_board_is_13_by_13_with_a_rim_of_wall(layout: Layout) -> None:
    drawn = layout.board
    assert (drawn.columns, drawn.rows, len(drawn.tiles)) == (13, 13, 169)
    for cell, tile in enumerate(drawn.tiles):
        x, y = drawn.xy(cell)
        assert tile == WALL or (0 < x < 12 and 0 < y < 12)


@each_layout
def test_a_board_is_its_own_mirror_image(layout: Layout) -> None:
    drawn = layout.board
    for cell, tile in enumerate(drawn.tiles):
        x, y = drawn.xy(cell)
        assert drawn.tiles[y * 13 + 12 - x] == MIRRORED_TILE[tile]
    assert layout.spawns == tuple(sorted(12 - cell % 13 + cell // 13 * 13 for cell in layout.spawns))


@each_layout
def test_pads_lie_in_the_upper_corners_of_their_seats(layout: Layout) -> None:
    (left_x, left_y), (right_x, right_y) = (layout.board.xy(pad) for pad in layout.board.pads)
    assert left_x < 6 < right_x
    assert left_y == right_y <= 3


@each_layout
def test_every_open_cell_is_reached_from_both_pads(layout: Layout) -> None:
    drawn = layout.board
    for seat in (0, 1):
        steps = distances(drawn.exits[seat], drawn.pads[seat])
        for cell, tile in enumerate(drawn.tiles):
            is_mine = tile != WALL and cell != drawn.pads[1 - seat]
            assert (steps[cell] != UNREACHABLE) == is_mine


@each_layout
def test_a_partner_who_stands_still_cuts_nobody_off_from_gems_or_pad(layout: Layout) -> None:
    assert unreachable_beside_a_standing_partner(layout) == []


def test_a_board_with_a_single_door_would_be_noticed() -> None:
    drawn = board(("#######", "#L.#.R#", "#.....#", "#..#..#", "#######"))
    layout = Layout("single door", drawn, (16, 18))
    assert (0, 17, 18) in unreachable_beside_a_standing_partner(layout)


@each_layout
def test_gems_appear_on_floor_away_from_the_pads_and_always_find_a_place(layout: Layout) -> None:
    drawn = layout.board
    assert len(layout.spawns) >= 2 * MOST_GEMS + 2
    for cell in layout.spawns:
        assert drawn.tiles[cell] == FLOOR
        for seat in (0, 1):
            assert distances(drawn.exits[seat], drawn.pads[seat])[cell] >= NEAREST_SPAWN


def test_names_are_told_apart_and_seeds_reach_every_layout() -> None:
    assert len(dict.fromkeys(layout.name for layout in LAYOUTS)) == len(LAYOUTS)
    config = FORAGING.configure(tick_rate=30)
    drawn = [FORAGING.facts(FORAGING.initial(seed, config))[0] for seed in range(100)]
    assert sorted(dict.fromkeys(drawn)) == [1, 2, 3, 4, 5]
    assert min(drawn.count(number) for number in range(1, 6)) >= 10
