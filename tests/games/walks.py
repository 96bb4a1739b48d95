"""Ways through an episode: actions that change now and then, and two bots. No assertion."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from games import registry
from games.contract import Game, Transition
from games.random_bits import below

Actions = tuple[int, int]


class Step(NamedTuple):
    """One frame of a walk: the state before it, what both seats did, and what came of it."""

    before: Any
    actions: Actions
    transition: Transition


def random_actions(game: Game[Any], seed: int, frames: int) -> Iterator[Actions]:
    """Keys held for some frames each, as hands do: a new action about every sixth frame and seat."""
    random, held = seed, [0, 0]
    for _ in range(frames):
        for seat in (0, 1):
            random, choice = below(random, 6 * len(game.actions))
            held[seat] = choice if choice < len(game.actions) else held[seat]
        yield held[0], held[1]


def walk(game: Game[Any], seed: int, frames: int, tick_rate: int = 30) -> list[Step]:
    """An episode of `frames` frames with random actions."""
    state, steps = game.initial(seed, game.configure(tick_rate=tick_rate, frames=frames)), []
    for actions in random_actions(game, seed, frames):
        steps.append(Step(state, actions, game.step(state, actions)))
        state = steps[-1].transition.state
    return steps


def bots_play(game: Game[Any], seed: int, config: dict[str, int], delay_frames: int = 0) -> list[Step]:
    """A whole episode of two bots, whose actions count `delay_frames` later, as they do over a network."""
    state, steps = game.initial(seed, config), list[Step]()
    bots = [registry.bot(game.id, seat, seed) for seat in (0, 1)]
    waiting = [(0, 0)] * delay_frames
    while not steps or not steps[-1].transition.done:
        waiting.append((bots[0].act(state), bots[1].act(state)))
        actions = waiting.pop(0)
        steps.append(Step(state, actions, game.step(state, actions)))
        state = steps[-1].transition.state
    return steps


def final_scores(game: Game[Any], steps: list[Step]) -> Actions:
    """Both seats' own scores at the end of a walk."""
    return game.scene(steps[-1].transition.state, 0).scores
