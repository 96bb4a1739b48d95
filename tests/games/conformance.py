"""What every game must do, one function a law. A law takes a game and asserts; `test_conformance` applies them all."""

from collections.abc import Callable
from fractions import Fraction
from hashlib import blake2b
from itertools import pairwise, product
from typing import Any

import pytest

from games.contract import FLOOR, NEUTRAL_ACTION, PAD_RIGHT, WALL, Event, Game, Scene, Sprite, Transition
from tests.games.walks import bots_play, final_scores, random_actions, walk

SEEDS = (0, 1, 7, 2**62 + 12345, 2**63 - 1)
FRAMES = 240

AnyGame = Game[Any]
Law = Callable[[AnyGame], None]


def step_is_a_pure_function(game: AnyGame) -> None:
    for seed in SEEDS:
        once, again = walk(game, seed, FRAMES), walk(game, seed, FRAMES)
        assert once == again
        for before, actions, transition in reversed(once):
            assert game.step(before, actions) == transition


def states_are_immutable_values_of_whole_numbers(game: AnyGame) -> None:
    for before, _, transition in walk(game, 3, FRAMES):
        assert_immutable(before)
        assert_immutable(transition)


def assert_immutable(value: object) -> None:
    if isinstance(value, tuple):
        for part in value:
            assert_immutable(part)
    else:
        assert type(value) in (int, bool, bytes, str), f"{value!r} in a state"


def a_saved_state_resumes_where_it_was_saved(game: AnyGame) -> None:
    steps = walk(game, 11, FRAMES)
    expected = [game.encode(step.transition.state) for step in steps]
    for saved in range(0, FRAMES, 7):
        state = steps[saved].before
        for guess in product(range(len(game.actions)), range(len(game.actions))):
            game.step(state, guess)
        for frame in range(saved, min(saved + 20, FRAMES)):
            state = game.step(state, steps[frame].actions).state
            assert game.encode(state) == expected[frame]


def encode_is_canonical_and_tells_states_apart(game: AnyGame) -> None:
    """Over all futures of two frames from many states of a walk: alike in bytes exactly if alike in value."""
    for before, _, _ in walk(game, 5, FRAMES)[::16]:
        siblings: dict[bytes, object] = {}
        for first in product(range(len(game.actions)), range(len(game.actions))):
            middle = game.step(before, first).state
            for second in ((0, 0), (1, 2), (3, 4)):
                state = game.step(middle, second).state
                encoded = game.encode(state)
                assert type(encoded) is bytes
                assert siblings.setdefault(encoded, state) == state
        assert len(siblings) == len(dict.fromkeys(siblings.values()))


def facts_fit_the_columns(game: AnyGame) -> None:
    names = [column.name for column in game.columns]
    assert len(dict.fromkeys(names)) == len(names)
    assert all(name.isidentifier() and name == name.lower() for name in names)
    assert all(column.type in ("int", "bool") and column.meaning for column in game.columns)
    for _, _, transition in walk(game, 2, FRAMES):
        facts = game.facts(transition.state)
        assert len(facts) == len(game.columns)
        assert all(type(fact) is int for fact in facts)
        assert all(fact in (0, 1) for fact, column in zip(facts, game.columns, strict=True) if column.type == "bool")


def rewards_and_events_are_declared_integers(game: AnyGame) -> None:
    assert len(dict.fromkeys(game.event_kinds)) == len(game.event_kinds)
    for seed in SEEDS:
        for _, _, transition in walk(game, seed, FRAMES):
            assert type(transition) is Transition
            assert type(transition.done) is bool
            assert len(transition.rewards) == 2
            assert all(type(reward) is int for reward in transition.rewards)
            for event in transition.events:
                assert type(event) is Event
                assert all(type(field) is int for field in event)
                assert 0 <= event.kind < len(game.event_kinds)
                assert event.seat in (-1, 0, 1)


def a_scene_is_a_valid_picture(game: AnyGame) -> None:
    for before, _, transition in walk(game, 9, FRAMES):
        left, right = game.scene(before, 0), game.scene(before, 1)
        for scene in (left, right):
            assert_valid_scene(scene)
        assert game.scene(transition.state, 0).ticks_left == left.ticks_left - 1
    assert game.scene(transition.state, 0).ticks_left == 0


def assert_valid_scene(scene: Scene) -> None:
    assert len(scene.tiles) == scene.columns * scene.rows
    assert all(FLOOR <= tile <= PAD_RIGHT for tile in scene.tiles)
    assert len(dict.fromkeys(sprite.key for sprite in scene.sprites)) == len(scene.sprites)
    assert sorted(sprite.seat for sprite in scene.sprites if sprite.kind == "player") == [0, 1]
    for sprite in scene.sprites:
        for x, y in ((sprite.x, sprite.y), (sprite.from_x, sprite.from_y)):
            assert 0 <= x < scene.columns
            assert 0 <= y < scene.rows
            assert scene.tiles[y * scene.columns + x] != WALL
        assert 0 <= sprite.facing <= 3
        assert sprite.carries >= 0
        assert 0 <= sprite.moved_ticks < sprite.move_ticks or sprite.moved_ticks == sprite.move_ticks == 0


def motion_has_no_jumps(game: AnyGame) -> None:
    """Drawn a whole tick later, a player is where the next scene begins to draw it."""
    for before, after in pairwise(game.scene(step.before, 0) for step in walk(game, 13, FRAMES)):
        players = {sprite.key: sprite for sprite in after.sprites if sprite.kind == "player"}
        for sprite in before.sprites:
            if sprite.kind == "player":
                assert drawn_at(sprite, 1) == drawn_at(players[sprite.key], 0)


def drawn_at(sprite: Sprite, ticks_later: int) -> tuple[Fraction, Fraction]:
    if sprite.move_ticks == 0:
        return Fraction(sprite.x), Fraction(sprite.y)
    done = Fraction(sprite.moved_ticks + ticks_later, sprite.move_ticks)
    return sprite.from_x + (sprite.x - sprite.from_x) * done, sprite.from_y + (sprite.y - sprite.from_y) * done


def an_episode_ends_exactly_at_its_last_frame(game: AnyGame) -> None:
    for frames in (1, 2, 37, FRAMES):
        ends = [step.transition.done for step in walk(game, 4, frames)]
        assert ends == [False] * (frames - 1) + [True]


def configure_fills_every_name_and_keeps_its_limits(game: AnyGame) -> None:
    for tick_rate in (10, 30, 60, 144, 240):
        config = game.configure(tick_rate=tick_rate)
        assert all(type(value) is int for value in config.values())
        assert config["frames"] % tick_rate == 0
        assert game.configure(tick_rate=tick_rate, frames=1) == {**config, "frames": 1}
        game.initial(0, config)
    game.configure(tick_rate=10, frames=10_000_000)
    for tick_rate, frames in ((9, None), (241, None), (-30, 10), (30, 0), (30, -1), (30, 10_000_001)):
        with pytest.raises(ValueError, match=r"expected .* to .*, got"):
            game.configure(tick_rate=tick_rate, frames=frames)


def initial_refuses_a_configuration_that_is_not_its_own(game: AnyGame) -> None:
    """A configuration can come from a file or a partner; a huge or missing value must not reach the rules."""
    config = game.configure(tick_rate=30)
    for name in config:
        for wrong in ({**config, name: -1}, {**config, name: 2**40}, {n: config[n] for n in config if n != name}):
            with pytest.raises(ValueError, match=name):
                game.initial(0, wrong)
    with pytest.raises(ValueError, match="gravity"):
        game.initial(0, {**config, "gravity": 1})


def the_neutral_action_moves_nobody(game: AnyGame) -> None:
    state = game.initial(1, game.configure(tick_rate=30))
    begin = [sprite for sprite in game.scene(state, 0).sprites if sprite.kind == "player"]
    for _ in range(60):
        state = game.step(state, (NEUTRAL_ACTION, NEUTRAL_ACTION)).state
    assert [sprite for sprite in game.scene(state, 0).sprites if sprite.kind == "player"] == begin


def an_action_outside_the_list_does_nothing(game: AnyGame) -> None:
    for before, (left, right), _ in walk(game, 6, FRAMES):
        for stray in (-1, len(game.actions), 255, 2**31):
            assert game.step(before, (stray, right)) == game.step(before, (NEUTRAL_ACTION, right))
            assert game.step(before, (left, stray)) == game.step(before, (left, NEUTRAL_ACTION))


def the_seats_are_equally_good(game: AnyGame) -> None:
    """Two equal bots share their points nearly evenly over many episodes."""
    totals = [0, 0]
    for seed in range(30):
        scores = final_scores(game, bots_play(game, seed, game.configure(tick_rate=10, frames=600)))
        totals = [totals[0] + scores[0], totals[1] + scores[1]]
    assert min(totals) > 30
    assert abs(totals[0] - totals[1]) * 100 <= 5 * sum(totals), totals


def trace_digest(game: AnyGame, seed: int = 20_240, frames: int = 600) -> str:
    """One hash over everything that a walk gives, frame by frame."""
    config = game.configure(tick_rate=30, frames=frames)
    state, running = game.initial(seed, config), blake2b(digest_size=16)
    running.update(repr(sorted(config.items())).encode() + game.encode(state))
    for actions in random_actions(game, seed, frames):
        state, *rest = game.step(state, actions)
        running.update(game.encode(state) + repr((rest, game.facts(state), game.scene(state, 0))).encode())
    return running.hexdigest()


LAWS: tuple[Law, ...] = (
    step_is_a_pure_function,
    states_are_immutable_values_of_whole_numbers,
    a_saved_state_resumes_where_it_was_saved,
    encode_is_canonical_and_tells_states_apart,
    facts_fit_the_columns,
    rewards_and_events_are_declared_integers,
    a_scene_is_a_valid_picture,
    motion_has_no_jumps,
    an_episode_ends_exactly_at_its_last_frame,
    configure_fills_every_name_and_keeps_its_limits,
    initial_refuses_a_configuration_that_is_not_its_own,
    the_neutral_action_moves_nobody,
    an_action_outside_the_list_does_nothing,
    the_seats_are_equally_good,
)
