"""Bots make progress wherever they are put, give way, change their keys, and repeat themselves exactly."""

from itertools import pairwise
from typing import Any

import pytest

from games import registry
from games.contract import Game
from games.foraging import CARRIES, CELL, FORAGING, PLAYERS, SCORE, STAY
from games.foraging_bot import ForagingBot
from games.foraging_layouts import LAYOUTS
from tests.games.walks import Step, bots_play, final_scores

HZ = 30
each_layout = pytest.mark.parametrize("layout", range(1, len(LAYOUTS) + 1), ids=[layout.name for layout in LAYOUTS])
each_game = pytest.mark.parametrize("game_id", registry.names())


def longest_stand_frames(game: Game[Any], steps: list[Step]) -> int:
    """The longest time that either player stayed in one cell."""
    longest, stood = 0, [0, 0]
    for before, after in pairwise(game.scene(step.before, 0).sprites[-2:] for step in steps):
        for seat in (0, 1):
            is_still = (before[seat].x, before[seat].y) == (after[seat].x, after[seat].y)
            stood[seat] = stood[seat] + 1 if is_still else 0
            longest = max(longest, *stood)
    return longest


@each_layout
def test_both_bots_deliver_on_every_layout_and_never_stand_for_long(layout: int) -> None:
    config = {**FORAGING.configure(tick_rate=HZ, frames=1800), "layout": layout}
    for seed in range(6):
        steps = bots_play(FORAGING, seed, config)
        assert min(final_scores(FORAGING, steps)) >= 10
        assert longest_stand_frames(FORAGING, steps) <= 2 * HZ


@each_game
@pytest.mark.parametrize(("tick_rate", "delay_frames"), [(30, 1), (30, 2), (30, 4), (60, 4), (10, 1)])
def test_bots_play_on_when_their_actions_count_later(game_id: str, tick_rate: int, delay_frames: int) -> None:
    game = registry.find(game_id)
    for seed in range(3):
        steps = bots_play(game, seed, game.configure(tick_rate=tick_rate), delay_frames)
        assert min(final_scores(game, steps)) >= 4
        assert longest_stand_frames(game, steps) <= 5 * tick_rate


@each_game
def test_a_bot_changes_its_key_often_enough_to_be_guessed_wrong(game_id: str) -> None:
    game = registry.find(game_id)
    for seat in (0, 1):
        keys = [step.actions[seat] for step in bots_play(game, 4, game.configure(tick_rate=HZ, frames=900))]
        changes = sum(before != after for before, after in pairwise(keys))
        assert 30 * 2 <= changes <= 30 * 8, "two to eight times a second, as a person does"


@each_game
def test_a_bot_does_the_same_for_the_same_seat_and_seed_and_another_thing_for_others(game_id: str) -> None:
    game = registry.find(game_id)
    states = [step.before for step in bots_play(game, 9, game.configure(tick_rate=HZ, frames=600))]

    def keys(seat: int, seed: int) -> list[int]:
        bot = registry.bot(game_id, seat, seed)
        return [bot.act(state) for state in states]

    assert keys(0, 9) == keys(0, 9)
    assert keys(0, 9) != keys(0, 10)
    assert keys(0, 9) != keys(1, 9)


@each_layout
def test_a_bot_plays_on_beside_a_partner_who_stands_anywhere(layout: int) -> None:
    config = {**FORAGING.configure(tick_rate=HZ, frames=900), "layout": layout}
    for place in LAYOUTS[layout - 1].spawns[::5]:
        frame, random, favoured, (left, right), *rest = FORAGING.initial(place, config)
        state: Any = (frame, random, favoured, (left, (place, place, *right[2:])), *rest)
        bot = ForagingBot(0, place)
        for _ in range(900):
            state = FORAGING.step(state, (bot.act(state), STAY)).state
        assert state[PLAYERS][0][SCORE] >= 3, f"the partner stands at {LAYOUTS[layout - 1].board.xy(place)}"


def test_two_bots_who_meet_in_a_corridor_get_past_each_other() -> None:
    """Each carries a gem through the same narrow door of the layout `doors`, from the other's half."""
    config = {**FORAGING.configure(tick_rate=HZ), "layout": 3}
    for seed in range(20):
        frame, random, favoured, (left, right), *rest = FORAGING.initial(seed, config)
        left_cell, right_cell = 4 * 13 + 7, 4 * 13 + 5
        left = (left_cell, left_cell, 0, 3, 1, 0, 0)
        right = (right_cell, right_cell, 0, 1, 1, 0, 0)
        state: Any = (frame, random, favoured, (left, right), *rest)
        bots = ForagingBot(0, seed), ForagingBot(1, seed)
        for _ in range(10 * HZ):
            state = FORAGING.step(state, (bots[0].act(state), bots[1].act(state))).state
        assert min(player[SCORE] for player in state[PLAYERS]) >= 1


def test_a_bot_walks_about_when_there_is_no_gem_and_takes_one_that_lies_under_it() -> None:
    config = {**FORAGING.configure(tick_rate=HZ), "gems": 1, "layout": 1}
    _, random, favoured, (left, right), common, _, _, rules = FORAGING.initial(5, config)
    state: Any = (0, random, favoured, (left, (*right[:4], 1, *right[5:])), common, b"", (), rules)
    bot, visited = ForagingBot(0, 5), {}
    for _ in range(10 * HZ):
        state = FORAGING.step(state, (bot.act(state), STAY)).state
        visited[state[PLAYERS][0][CELL]] = True
    assert len(visited) >= 20
    cell = state[PLAYERS][0][CELL]
    state = (*state[:5], bytes([cell]), *state[6:])
    for _ in range(5 * HZ):
        state = FORAGING.step(state, (bot.act(state), STAY)).state
    assert state[PLAYERS][0][CARRIES] or state[PLAYERS][0][SCORE]
