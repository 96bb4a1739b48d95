"""The board comes first, nothing overlaps, and everything lies inside the window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.layout import TILE_STEP, layout_for


@given(st.integers(480, 4000), st.integers(360, 2400))
def test_everything_lies_in_the_window_and_nothing_on_the_board(width: int, height: int) -> None:
    layout = layout_for((width, height), 13, 13)
    inside = (0, 0, width, height)
    parts = [layout.board, layout.bar] + ([layout.panel] if layout.panel else [])
    for part in parts:
        assert part.left >= inside[0]
        assert part.top >= inside[1]
        assert part.right <= inside[2]
        assert part.bottom <= inside[3]
    assert not layout.board.colliderect(layout.bar)
    assert layout.panel is None or not layout.board.colliderect(layout.panel)
    assert layout.tile % TILE_STEP == 0


@pytest.mark.parametrize(
    ("size", "tile"), [((800, 600), 40), ((1000, 760), 48), ((1280, 720), 48), ((1920, 1080), 72), ((3840, 2160), 144)]
)
def test_usual_windows_give_the_board_nearly_all_of_their_height(size: tuple[int, int], tile: int) -> None:
    layout = layout_for(size, 13, 13)
    assert layout.tile == tile
    assert layout.panel is not None


def test_a_narrow_window_has_no_panel_and_a_larger_board() -> None:
    layout = layout_for((600, 900), 13, 13)
    assert layout.panel is None
    assert layout.board.width > 500


def test_a_window_without_a_panel_has_larger_texts_than_one_that_must_share_its_width() -> None:
    assert layout_for((490, 520), 13, 13).unit > 0.6


def test_texts_do_not_shrink_when_a_window_loses_its_panel() -> None:
    wide, narrow = layout_for((700, 620), 13, 13), layout_for((560, 620), 13, 13)
    assert wide.panel is not None
    assert narrow.panel is None
    assert narrow.unit >= wide.unit
