"""Figures move evenly between ticks, glide after a correction, and pop when they pick something up."""

from itertools import pairwise

import pytest

from client.motion import GLIDE_NS, POP_NS, Motion, position
from games.contract import Sprite

FRAME_NS = 16_666_667


def player(x: int, from_x: int, moved: int, ticks: int, carries: int = 0) -> Sprite:
    return Sprite("player", 0, 0, x, 0, from_x, 0, moved, ticks, 1, carries)


def look(motion: Motion, sprite: Sprite, now_ns: int, progress: float = 0.0) -> tuple[float, float]:
    placed, _ = motion.place([sprite], progress, now_ns)
    return placed[0].x, placed[0].swell


def test_a_move_is_even_from_cell_to_cell() -> None:
    steps = [position(player(3, 2, moved, 5), half / 2)[0] for moved in range(5) for half in range(2)]
    assert steps[0] == 2
    assert steps[-1] == pytest.approx(2.9)
    assert [second - first for first, second in pairwise(steps)] == pytest.approx([0.1] * 9)


def test_a_thing_at_rest_stands_in_its_cell_and_a_late_tick_does_not_carry_it_farther() -> None:
    assert position(player(3, 3, 0, 0), 0.9) == (3, 0, 0)
    assert position(player(3, 2, 4, 5), 5.0)[0] == 3


def test_ordinary_walking_is_no_correction() -> None:
    motion = Motion(reduced=False)
    for drawing in range(30):
        moved, half = divmod(drawing, 2)
        cell, moved = divmod(moved, 5)
        sprite = player(3 + cell, 2 + cell, moved, 5)
        x, _ = look(motion, sprite, drawing * FRAME_NS, half / 2)
        assert x == pytest.approx(2 + drawing / 10)


def test_a_correction_glides_and_arrives() -> None:
    motion = Motion(reduced=False)
    look(motion, player(2, 2, 0, 0), 0)
    seen = [
        look(motion, player(4, 4, 0, 0), FRAME_NS + step_ns)[0] for step_ns in range(0, GLIDE_NS + 1, GLIDE_NS // 8)
    ]
    assert seen[0] == pytest.approx(2)
    assert all(first < second for first, second in pairwise(seen))
    assert seen[-1] == 4


def test_a_jump_across_the_board_is_no_glide() -> None:
    motion = Motion(reduced=False)
    look(motion, player(1, 1, 0, 0), 0)
    assert look(motion, player(11, 11, 0, 0), FRAME_NS)[0] == 11


def test_after_a_new_round_nothing_comes_from_somewhere() -> None:
    motion = Motion(reduced=False)
    look(motion, player(2, 2, 0, 0), 0)
    motion.forget()
    assert look(motion, player(4, 4, 0, 0), FRAME_NS)[0] == 4


def test_a_pick_up_pops_once_and_ends() -> None:
    motion = Motion(reduced=False)
    look(motion, player(2, 2, 0, 0), 0)
    swells = [
        look(motion, player(2, 2, 0, 0, carries=1), FRAME_NS + step)[1] for step in range(0, 2 * POP_NS, POP_NS // 4)
    ]
    assert max(swells[:4]) > 1.1
    assert swells[4:] == [1.0] * 4


def test_reduced_motion_neither_pops_nor_hops() -> None:
    motion = Motion(reduced=True)
    look(motion, player(2, 2, 0, 0), 0)
    placed, bursts = motion.place([player(3, 2, 2, 5, carries=1)], 0.0, FRAME_NS + POP_NS // 2)
    assert (placed[0].swell, placed[0].stride, bursts) == (1.0, 0.0, [])


def test_what_left_the_board_is_forgotten() -> None:
    motion = Motion(reduced=False)
    for key in range(1000):
        motion.place([Sprite("player", key, 0, 1, 0, 1, 0, 0, 0, 0, 0)], 0.0, key)
    assert len(motion._traces) == 1
