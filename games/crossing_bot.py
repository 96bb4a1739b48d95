"""A player of `crossing` that needs no person: it walks to the other bank and back, and strays a little on the way."""

from typing import Final

from games.contract import Seat
from games.crossing import BOARD, State
from games.grid import NO_CELL, distances
from games.random_bits import below

_STRAYS_ONE_IN: Final = 8
"""Decisions out of which one goes anywhere; without them, two who stand face to face would stand so for ever."""


class CrossingBot:
    """Plays `seat`. Its choices depend on `seed` and on the states it was shown, in order, and on nothing else."""

    def __init__(self, seat: int, seed: int) -> None:
        self._seat = Seat(seat)
        self._random = seed * 2 + seat
        self._decides_at = 0
        self._cell = NO_CELL
        self._action = 0

    def act(self, state: State) -> int:
        """The key it holds down in this state: decided anew in each cell, and when it has not moved for a while."""
        frame, _, walkers, _, move_ticks = state
        cell, _, _, _, score = walkers[self._seat]
        if cell != self._cell or frame >= self._decides_at:
            self._cell, self._decides_at = cell, frame + 2 * move_ticks
            self._action = self._decide(cell, walkers[self._seat.other][0], score)
        return self._action

    def _decide(self, cell: int, partner: int, score: int) -> int:
        """A way that leads nearer to the column to reach, around the partner; now and then any way."""
        self._random, stray = below(self._random, _STRAYS_ONE_IN)
        self._random, choice = below(self._random, 12)
        goal = BOARD.pads[self._seat if score % 2 else self._seat.other] + BOARD.columns
        steps = distances(BOARD.exits[self._seat], goal, partner)
        ahead = BOARD.exits[self._seat][cell * 4 : cell * 4 + 4]
        nearer = [way for way in range(4) if 0 <= steps[ahead[way]] < steps[cell]]
        ways = nearer if stray and nearer and goal != partner else range(4)
        return 1 + ways[choice % len(ways)]
