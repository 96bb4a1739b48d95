"""Times follow the tick rate, and a configuration holds exactly what its game knows."""

import pytest

from games import registry
from games.configuration import check, episode_frames, ticks


@pytest.mark.parametrize(
    ("tick_rate", "expected"), [(10, 2), (20, 3), (24, 4), (30, 5), (60, 10), (144, 24), (240, 40)]
)
def test_a_time_in_sixtieths_of_a_second_becomes_the_nearest_ticks(tick_rate: int, expected: int) -> None:
    assert ticks(10, tick_rate) == expected


def test_no_time_is_shorter_than_a_tick() -> None:
    assert ticks(1, 10) == 1


def test_an_episode_lasts_as_long_as_asked_or_its_default_seconds() -> None:
    assert episode_frames(60, None, 90) == 5_400
    assert episode_frames(60, 7, 90) == 7


def test_a_refusal_names_what_was_expected_and_what_came() -> None:
    with pytest.raises(ValueError, match="tick_rate: expected 10 to 240, got 500"):
        episode_frames(500, None, 60)
    with pytest.raises(ValueError, match="frames: expected 1 to 10000000, got 0"):
        episode_frames(30, 0, 60)
    with pytest.raises(ValueError, match="gems: expected 1 to 9, got 10"):
        check({"gems": 10}, {"gems": (1, 9)})
    with pytest.raises(ValueError, match="expected the names gems, got coins"):
        check({"coins": 1}, {"gems": (1, 9)})


@pytest.mark.parametrize("game_id", registry.names())
def test_play_is_as_fast_at_60_hz_as_at_30(game_id: str) -> None:
    """The same keys, held for the same time, lead to the same cells."""
    game, ends = registry.find(game_id), []
    for tick_rate in (30, 60):
        state = game.initial(
            8, {**game.configure(tick_rate=tick_rate), **({"layout": 1} if game_id == "foraging" else {})}
        )
        for action in (3, 2, 3, 0, 2, 1, 3, 3):
            for _ in range(tick_rate * 2 // 3):
                state = game.step(state, (action, 5 - action if action else 0)).state
        ends.append([(sprite.x, sprite.y) for sprite in game.scene(state, 0).sprites if sprite.kind == "player"])
    assert ends[0] == ends[1]
