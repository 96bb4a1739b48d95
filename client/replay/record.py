"""An episode that can be looked at frame by frame: its rows, and the state after each. No file, no window."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from data.episode_format import Prefix, TornError
from data.episode_row import Row, state_digest
from data.judgement import unplayable
from data.resimulation import Mismatch, resimulate
from games import registry
from games.contract import Game
from netcode.vocabulary import End, EpisodeTerms, Reason

Whole = Literal["", "cut", "recovered", "diverged", "torn", "damaged"]
"""What is special about a record: nothing, or why it is not a whole episode that both seats agreed upon."""

_MARKS: dict[Reason, Whole] = {Reason.CUT: "cut", Reason.RECOVERED: "recovered", Reason.DIVERGED: "diverged"}


LONGEST_ID: Final = 40
"""As in file names: what is longer was not written by this program."""


def printable(text: str) -> str:
    """A text without what no font can show."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


class ReplayError(ValueError):
    """What was named cannot be shown; the text says why. The user's to mend."""


@dataclass(frozen=True)
class Record:
    """A canonical record, played again.

    `states[n]` is the state after n frames, `rows[n]` the row of frame n; there is one state more than rows. `fault`
    says what is wrong behind them, in words; it is empty if the whole file is good.
    """

    terms: EpisodeTerms
    game: Game[Any]
    rows: tuple[Row, ...]
    states: tuple[Any, ...]
    end: End | None
    fault: str
    mark: Whole

    @property
    def frames(self) -> int:
        """How many frames can be shown."""
        return len(self.rows)

    @property
    def participants(self) -> tuple[str, str]:
        """Their ids, (left, right), as far as they can be written: a file may hold any text."""
        left, right = (player.participant[:LONGEST_ID] for player in self.terms.players)
        return printable(left), printable(right)

    @cached_property
    def first_digest(self) -> bytes:
        """The digest of the state before frame 0, which no row holds."""
        return state_digest(self.game.encode(self.states[0]))

    def digest(self, count: int) -> bytes:
        """The digest of the true state after `count` frames; there must be one."""
        return self.rows[count - 1].digest if count else self.first_digest


def replayed(prefix: Prefix) -> Record:
    """What can be shown of a file: all of it, or its good beginning.

    Raises:
        ReplayError: it was played by other rules than are installed here, or not even one frame is good.
    """
    terms = prefix.terms
    why_not = unplayable(terms.terms)
    if why_not:
        raise ReplayError(f"{why_not}. Install the version that it was recorded with to see it")
    game = registry.find(terms.terms.game)
    states: list[Any] = []
    mismatch = resimulate(prefix, game, into=states)
    rows = prefix.frames[: max(0, len(states) - 1)]
    fault, mark = _trouble(prefix, mismatch)
    if not rows:
        raise ReplayError(f"no frame to show{f': {fault}' if fault else ', the episode ended before its first one'}")
    return Record(terms, game, rows, tuple(states), prefix.end, fault, mark)


def _trouble(prefix: Prefix, mismatch: Mismatch | None) -> tuple[str, Whole]:
    """What is wrong with a file in words, and its mark."""
    if mismatch is not None:
        return mismatch.words(), "damaged"
    if prefix.fault is not None:
        return str(prefix.fault), "torn" if isinstance(prefix.fault, TornError) else "damaged"
    if prefix.end is None:
        return "the file stops without an END", "torn"
    return "", _MARKS.get(prefix.end.reason, "")
