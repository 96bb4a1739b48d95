"""Who sits at a simulated machine: keys held and let go, a window that loses focus, a bot. No session, no network."""

from random import Random
from typing import Any

from games.contract import Bot
from netcode.vocabulary import AWAY, CATCHING_UP, CHECKPOINT_FRAMES, Input
from tests.simulator.plan import MachinePlan

_CATCH_UP_TICKS = 5
"""After focus returns the view is not live for so many ticks."""
_LONGEST_HOLD = 20


class Person:
    """Makes one seat's inputs, one a tick, from what the seat is shown."""

    def __init__(self, plan: MachinePlan, actions: int, frames: int, rng: Random, bot: Bot[Any] | None) -> None:
        self._plan = plan
        self._actions = actions
        self._frames = frames
        self._rng = rng
        self._bot = bot
        self._key = 0
        self._held_for = 0
        self._catching_up = 0

    def sample(self, now: int, frame: int, state: Any) -> Input:  # noqa: ANN401  # a game's own
        """The input of the tick at virtual time `now`, for (about) `frame`, while `state` is on the screen."""
        if any(start <= now < stop for start, stop in self._plan.aways):
            self._held_for = 0
            self._catching_up = _CATCH_UP_TICKS
            return Input(0, AWAY)
        flags = CATCHING_UP if self._catching_up else 0
        self._catching_up = max(0, self._catching_up - 1)
        return Input(self._action(frame, state), flags)

    def _action(self, frame: int, state: Any) -> int:  # noqa: ANN401  # a game's own
        match self._plan.player:
            case "bot" if self._bot is not None:
                return self._bot.act(state)
            case "still":
                return 0
            case "taps":
                return self._rng.randrange(self._actions)
            case "boundary" if not self._is_near_boundary(frame):
                return 1
        if self._held_for == 0:
            self._held_for = 1 if self._plan.player == "boundary" else self._rng.randrange(1, _LONGEST_HOLD)
            self._key = self._rng.randrange(self._actions)
        self._held_for -= 1
        return self._key

    def _is_near_boundary(self, frame: int) -> bool:
        return frame < 8 or frame >= self._frames - 8 or frame % CHECKPOINT_FRAMES in (0, CHECKPOINT_FRAMES - 1)
