"""Who makes a seat's inputs: a person at the keys, or a bot. Away and catching up are flags of the input itself."""

from collections.abc import Callable
from typing import Any, Protocol

from client.controls import Controls
from games.contract import NEUTRAL_ACTION, Bot
from netcode.vocabulary import AWAY, CATCHING_UP, Input


class Player(Protocol):
    """Makes one input a tick for one seat."""

    def begin(self, episode: int) -> None:
        """An episode begins; nothing of the one before counts."""

    def act(self, state: Any) -> int:  # noqa: ANN401 - a game's state is its own affair
        """The action of this tick, seeing this (perhaps predicted) state."""


class Person:
    """A participant at the keyboard."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def begin(self, episode: int) -> None:  # noqa: ARG002 - one episode is like the other
        """What was pressed before counts for nothing; who holds a direction at the start goes there."""
        self._controls.begin()

    def act(self, state: object) -> int:  # noqa: ARG002 - a person looks at the window
        """What the keys say."""
        return self._controls.sample()


class BotPlayer:
    """A bot on this machine. Its inputs travel and are confirmed like a person's."""

    def __init__(self, make_bot: Callable[[int], Bot[Any]]) -> None:
        """`make_bot` makes the bot of an episode."""
        self._make_bot = make_bot
        self._bot = make_bot(0)

    def begin(self, episode: int) -> None:
        """A new bot for every episode."""
        self._bot = self._make_bot(episode)

    def act(self, state: Any) -> int:  # noqa: ANN401 - a game's state is its own affair
        """What the bot decides."""
        return self._bot.act(state)


def make_input(player: Player, state: object, *, is_away: bool, is_live: bool) -> Input:
    """The input of one tick. Someone who is away does nothing; someone who catches up acts, and says so."""
    if is_away:
        return Input(NEUTRAL_ACTION, AWAY)
    return Input(player.act(state), 0 if is_live else CATCHING_UP)
