"""What is drawn on top of the last drawing is, pixel for pixel, what drawing everything anew would give."""

from dataclasses import replace
from random import Random

import pygame
import pytest

from client.canvas import Canvas, merged
from client.picture import Picture
from tests.support.preview import painter, pictures, scene_after

pytestmark = pytest.mark.usefixtures("fonts")

SIZE = (640, 480)


def wandering(random: Random, count: int) -> list[Picture]:
    """Pictures as a session shows them: play that goes on, interrupted by everything that can interrupt it."""
    everything, states = pictures(), [scene_after(frames) for frames in range(400, 460)]
    names, shown = sorted(everything), []
    for number in range(count):
        name = random.choice([*names, *["playing"] * 3 * len(names)])
        picture = replace(everything[name], now_ns=number * 17_000_000, progress=number % 3 / 3)
        if picture.scene is not None:
            picture = replace(picture, scene=states[number * len(states) // count])
        if picture.phase == "countdown":
            picture = replace(picture, seconds_to_go=3 * (1 - number / count))
        shown.append(picture)
    return shown


def test_a_drawing_upon_the_last_one_is_the_same_as_a_drawing_of_everything() -> None:
    hasty, thorough = painter(), painter()
    drawn, whole = pygame.Surface(SIZE), pygame.Surface(SIZE)
    kept = 0
    for number, picture in enumerate(wandering(Random(11), 220)):
        before = drawn.copy()
        has_changed = hasty.paint(drawn, picture)
        thorough.forget()
        thorough.paint(whole, picture)
        assert drawn.get_buffer().raw == whole.get_buffer().raw, f"drawing {number}"
        if not has_changed:
            kept += 1
            assert drawn.get_buffer().raw == before.get_buffer().raw
    assert kept < 200, "the pictures differ"


def test_a_picture_that_stays_needs_no_new_pixels_until_the_surface_is_another_one() -> None:
    artist, picture = painter(), pictures()["result"]
    surface = pygame.Surface(SIZE)
    assert [artist.paint(surface, picture) for _ in range(3)] == [True, False, False]
    artist.forget()
    assert artist.paint(surface, picture)
    assert artist.paint(pygame.Surface(SIZE), picture)
    assert artist.paint(pygame.Surface((700, 500)), picture)


def test_two_things_that_change_places_in_the_order_are_drawn_again() -> None:
    canvas, target = Canvas(), pygame.Surface((40, 40))
    ground, red, blue = pygame.Surface((40, 40)), *(pygame.Surface((20, 20), pygame.SRCALPHA) for _ in range(2))
    red.fill((255, 0, 0, 255))
    blue.fill((0, 0, 255, 255))
    first, second = (red, (5, 5)), (blue, (10, 10))
    canvas.show(target, ground, None, (target.get_rect(), []), [first, second])
    assert target.get_at((15, 15)) == (0, 0, 255, 255)
    assert canvas.show(target, ground, [], (target.get_rect(), []), [second, first])
    assert target.get_at((15, 15)) == (255, 0, 0, 255)


def test_what_lies_on_the_board_is_cut_off_at_its_edges_and_what_lies_above_is_not() -> None:
    canvas, target = Canvas(), pygame.Surface((40, 40))
    ground, white = pygame.Surface((40, 40)), pygame.Surface((10, 10), pygame.SRCALPHA)
    white.fill((255, 255, 255, 255))
    board = pygame.Rect(10, 10, 20, 20)
    canvas.show(target, ground, None, (board, [(white, (5, 15))]), [(white, (25, 25))])
    lit = [target.get_at(place)[0] for place in ((7, 18), (12, 18), (27, 27), (33, 33))]
    assert lit == [0, 255, 255, 255]


def test_merged_boxes_cover_the_same_and_touch_no_other() -> None:
    random = Random(5)
    boxes = [pygame.Rect(random.randrange(300), random.randrange(300), 30, 20) for _ in range(60)]
    apart = merged(boxes)
    assert all(any(whole.contains(box) for whole in apart) for box in boxes)
    assert all(first is second or not first.colliderect(second) for first in apart for second in apart)
