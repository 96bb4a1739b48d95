"""What a game costs: a step, the digest of a state, and a whole episode played again from its inputs."""

import time
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Final

from bench.measure import Benchmark, quiet, summary
from bench.pair import action_at
from data.episode_row import encode_row
from games import registry
from netcode.timeline import DIGEST_BYTES
from netcode.vocabulary import Input

FRAMES: Final = 18_000
RUNS: Final = 7


def run() -> Iterator[Benchmark]:
    """All budgets of games, and of what stands on re-simulation."""
    for name in registry.names():
        steps, digests = _costs(name)
        yield summary(f"{name}: step", steps, "us", 3.0)
        yield summary(f"{name}: 64-bit digest of a state", digests, "us", 2.0)
    samples = [_resimulate() for _ in range(RUNS)]
    yield summary("re-simulation of 18,000 frames, rows encoded", samples, "s", 0.25)


def _played(name: str, frames: int) -> Iterator[tuple[Any, tuple[int, int]]]:
    """States of an episode that two bots play, each with the actions that follow."""
    game = registry.find(name)
    state = game.initial(5, game.configure(tick_rate=30, frames=frames))
    bots = [registry.bot(name, seat, 5) for seat in (0, 1)]
    for _ in range(frames):
        actions = (bots[0].act(state), bots[1].act(state))
        yield state, actions
        state = game.step(state, actions).state


def _costs(name: str) -> tuple[list[float], list[float]]:
    game = registry.find(name)
    moments = list(_played(name, 5_000))
    steps, digests = [], []
    with quiet():
        for state, actions in moments:
            start = time.perf_counter_ns()
            game.step(state, actions)
            middle = time.perf_counter_ns()
            blake2b(game.encode(state), digest_size=DIGEST_BYTES).digest()
            steps.append((middle - start) / 1000)
            digests.append((time.perf_counter_ns() - middle) / 1000)
    return steps, digests


def _resimulate() -> float:
    game = registry.find("foraging")
    state = game.initial(5, game.configure(tick_rate=30, frames=FRAMES))
    with quiet():
        start = time.perf_counter()
        for frame in range(FRAMES):
            inputs = Input(action_at(frame // 7)), Input(action_at(frame // 5))
            state, rewards, events, done = game.step(state, (inputs[0].action, inputs[1].action))
            digest = blake2b(game.encode(state), digest_size=DIGEST_BYTES).digest()
            encode_row(frame, inputs, rewards, done, events, game.facts(state), digest)
        return time.perf_counter() - start
