"""Which games there are, who plays them without a person, what defines them. It reads no file and keeps no state."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from games.contract import Bot, Game
from games.crossing import CROSSING
from games.crossing_bot import CrossingBot
from games.foraging import FORAGING
from games.foraging_bot import ForagingBot

_SHARED: Final = ("configuration.py", "contract.py", "grid.py")


class _Entry(NamedTuple):
    game: Game[Any]
    bot: Callable[[int, int], Bot[Any]]
    sources: tuple[str, ...]


_ENTRIES: Final = {
    entry.game.id: entry
    for entry in (
        _Entry(FORAGING, ForagingBot, (*_SHARED, "foraging.py", "foraging_layouts.py", "random_bits.py")),
        _Entry(CROSSING, CrossingBot, (*_SHARED, "crossing.py")),
    )
}


def names() -> tuple[str, ...]:
    """The ids of all games; the first is the default of the command line."""
    return tuple(_ENTRIES)


def find(game_id: str) -> Game[Any]:
    """The game of this id.

    Raises:
        LookupError: there is none; the text names those that there are.
    """
    return _entry(game_id).game


def bot(game_id: str, seat: int, seed: int) -> Bot[Any]:
    """A new bot for one seat of a game. Raises LookupError as `find` does."""
    return _entry(game_id).bot(seat, seed)


def source_files(game_id: str) -> tuple[str, ...]:
    """The modules whose text defines how a game plays, sorted, as file names in the folder of this package.

    A game's bot is not among them: it makes inputs, and inputs are in the record. Raises LookupError as `find` does.
    """
    return tuple(sorted(_entry(game_id).sources))


def _entry(game_id: str) -> _Entry:
    if game_id not in _ENTRIES:
        raise LookupError(f"no game is called {game_id!r}; there are {', '.join(_ENTRIES)}")
    return _ENTRIES[game_id]
