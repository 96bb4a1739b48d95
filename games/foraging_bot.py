"""A player of `foraging` that needs no person: it fetches gems, hesitates and gives way. It has no part in the rules.

It decides anew only when something near it has changed, and holds its key otherwise, as a hand does. Everything it
draws comes from its own seed, so the same states make it act the same way.
"""

from functools import lru_cache
from typing import Final

from games.contract import Seat
from games.foraging import CARRIES, CELL, FRAME, PLAYERS, RULES, STAY, UP, State
from games.foraging_layouts import LAYOUTS
from games.grid import NO_CELL, UNREACHABLE, distances
from games.random_bits import below

_HESITATES_ONE_IN: Final = 20
"""Decisions out of which one is a short stop: one in two or three seconds, as a person looks around."""
_LONGEST_STAND_MOVES: Final = 2
"""A stop lasts up to as long as this many moves would."""
_SHORTEST_DETOUR: Final = 3
_LONGEST_DETOUR: Final = 10
"""Cells for which a bot goes around a partner in its way. Drawn anew each time, so two bots do not dance for ever."""
_NOISE: Final = 4
"""Steps by which a gem may seem farther than it is: two bots that judged exactly would always run for the same one."""
_RIVALRY: Final = 4
"""Steps by which a gem seems farther that the partner is nearer to."""


@lru_cache(maxsize=4096)  # every goal on every layout for both seats fits; detours come and go
def _distances(layout: int, seat: int, goal: int, blocked: int = NO_CELL) -> tuple[int, ...]:
    return distances(LAYOUTS[layout - 1].board.exits[seat], goal, blocked)


class ForagingBot:
    """Plays `seat`. Its choices depend on `seed` and on the states it was shown, in order, and on nothing else."""

    def __init__(self, seat: int, seed: int) -> None:
        self._seat = Seat(seat)
        self._random = seed * 2 + seat
        self._seen: tuple[object, ...] = ()
        self._action = STAY
        self._goal = NO_CELL
        self._stands_until = 0
        self._avoided, self._detour = NO_CELL, 0

    def act(self, state: State) -> int:
        """The key it holds down in this state."""
        frame, _, _, players, _, gems, _, _ = state
        if frame < self._stands_until:
            return STAY
        seen = (players[self._seat][CELL], players[self._seat][CARRIES], players[self._seat.other][CELL], gems)
        if seen != self._seen:
            self._seen = seen
            self._action = self._decide(state)
        return self._action

    def _decide(self, state: State) -> int:
        """A key for a situation it has not seen: mostly the next step towards the goal, sometimes a stop."""
        if self._below(_HESITATES_ONE_IN) == 0:
            return self._stand(state)
        self._choose_goal(state)
        self._detour = max(0, self._detour - 1)
        action = self._step(state)
        if not self._is_blocked(state, action):
            return action
        if self._below(2) == 0:
            return self._stand(state)
        self._avoided = state[PLAYERS][self._seat.other][CELL]
        self._detour = _SHORTEST_DETOUR + self._below(_LONGEST_DETOUR - _SHORTEST_DETOUR + 1)
        action = self._step(state)
        return self._stand(state) if self._is_blocked(state, action) else action

    def _below(self, bound: int) -> int:
        self._random, value = below(self._random, bound)
        return value

    def _stand(self, state: State) -> int:
        """Let go of the key for some ticks, then look again."""
        self._stands_until = state[FRAME] + 1 + self._below(_LONGEST_STAND_MOVES * state[RULES].move_ticks)
        self._seen = ()
        return STAY

    def _choose_goal(self, state: State) -> None:
        """The own pad with a gem; else a gem, kept until it is gone; else, while there is none, a walk to anywhere."""
        _, _, _, players, _, gems, _, rules = state
        cell, _, _, _, carries, _, _ = players[self._seat]
        if carries:
            self._goal = rules.pads[self._seat]
        elif gems and self._goal not in gems:
            self._goal = min((self._apparent_distance(state, gem), gem) for gem in gems)[1]
        elif not gems and (self._goal in rules.pads or self._goal in (NO_CELL, cell)):
            spawns = LAYOUTS[rules.layout - 1].spawns
            self._goal = spawns[self._below(len(spawns))]

    def _apparent_distance(self, state: State, gem: int) -> int:
        players, layout = state[PLAYERS], state[RULES].layout
        own = _distances(layout, self._seat, gem)[players[self._seat][CELL]]
        partner = _distances(layout, self._seat.other, gem)[players[self._seat.other][CELL]]
        return own + self._below(_NOISE + 1) + (_RIVALRY if partner < own else 0)

    def _step(self, state: State) -> int:
        """The key that leads nearer to the goal, straight on if that is as good; without such a way, any open one."""
        rules, (cell, _, _, facing, _, _, _) = state[RULES], state[PLAYERS][self._seat]
        steps = _distances(rules.layout, self._seat, self._goal, self._avoided if self._detour else NO_CELL)
        ahead = rules.exits[self._seat][cell * 4 : cell * 4 + 4]
        nearer = [way for way in range(4) if UNREACHABLE < steps[ahead[way]] < steps[cell]]
        if facing in nearer:
            return UP + facing
        ways = nearer or [way for way in range(4) if ahead[way] not in (cell, self._avoided)]
        return UP + ways[self._below(len(ways))] if ways else STAY

    def _is_blocked(self, state: State, action: int) -> bool:
        players, exits = state[PLAYERS], state[RULES].exits[self._seat]
        return action != STAY and exits[players[self._seat][CELL] * 4 + action - UP] == players[self._seat.other][CELL]
