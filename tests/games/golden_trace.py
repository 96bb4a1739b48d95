"""Prints one JSON object: for every game, a hash over a fixed walk and one over two bots. A test runs it."""

import json
from hashlib import blake2b

from games import registry
from tests.games.conformance import trace_digest
from tests.games.walks import bots_play


def bots_digest(game_id: str) -> str:
    game = registry.find(game_id)
    steps = bots_play(game, 77, game.configure(tick_rate=30, frames=900), delay_frames=2)
    played = [(step.actions, step.transition.rewards, game.encode(step.before)) for step in steps]
    return blake2b(repr(played).encode(), digest_size=16).hexdigest()


if __name__ == "__main__":
    print(json.dumps({name: [trace_digest(registry.find(name)), bots_digest(name)] for name in registry.names()}))
