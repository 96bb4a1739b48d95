"""A game whose state is altered in one frame, as a bug or a bad memory cell would do it on one machine only."""

from typing import Any

from games.contract import Game, Transition


class Tampered:
    """`game`, but the step of one frame gives another state than it should: always the same one, so rollbacks agree."""

    def __init__(self, game: Game[Any], frame: int) -> None:
        self._game = game
        self._frame = frame

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the game has
        return getattr(self._game, name)

    def step(self, state: Any, actions: tuple[int, int]) -> Transition:  # noqa: ANN401
        """Both the toy and the real games keep the frames played as the first item of their state."""
        transition: Transition = self._game.step(state, actions)
        altered: Any = transition.state
        if state[0] != self._frame:
            return transition
        if self._game.id == "toy":
            return transition._replace(state=altered._replace(mix=altered.mix ^ 1))
        return self._game.step(altered, (0, 0))._replace(events=transition.events)
