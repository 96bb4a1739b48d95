"""An episode played again from its header and inputs: every row must come out as it was recorded. No file, no clock."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

from data.episode_row import Row, decode_row, encode_row, state_digest
from data.parity import row_difference
from games.contract import Game, Seat
from netcode.vocabulary import AWAY, NEUTRAL, Command, End, EpisodeTerms, Input, Reason, Terms

_NEUTRALS: Final = (NEUTRAL, NEUTRAL)


class Played(Protocol):
    """What is played again: a whole episode or the good prefix of a torn one."""

    @property
    def terms(self) -> EpisodeTerms:
        """What was agreed."""

    @property
    def rows(self) -> Sequence[bytes]:
        """The encoded rows."""

    @property
    def frames(self) -> Sequence[Row]:
        """The same rows, decoded."""

    @property
    def end(self) -> End | None:
        """How it ended; None if it is torn."""


class Mismatch(NamedTuple):
    """The first thing that the rules of the game and of the protocol say otherwise. `frame` is -1 for the header."""

    frame: int
    field: str
    expected: str
    came: str

    def words(self) -> str:
        """The mismatch in one line."""
        where = "header" if self.frame < 0 else f"frame {self.frame}"
        return f"{where}, {self.field}: expected {self.expected}, came {self.came}"


def resimulate(played: Played, game: Game[Any], *, into: list[Any] | None = None) -> Mismatch | None:
    """Play an episode again; None if everything in it follows from its header and inputs.

    `game` must be the version that the header names. Rows are compared as bytes and taken apart only if they differ.
    `into` takes the state before the first row, and the one after each row that came out as it was recorded.
    """
    mismatch = _declared(played.terms.terms, game)
    if mismatch is not None:
        return mismatch
    try:
        return _replay(played, game, into)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        # The game is right by assumption, so what it cannot play is wrong in the record.
        return Mismatch(-1, "config", "what the game can play", f"{type(error).__name__}: {error}")


def _declared(terms: Terms, game: Game[Any]) -> Mismatch | None:
    tables = (
        ("actions", game.actions, terms.actions),
        ("event_kinds", game.event_kinds, terms.event_kinds),
        ("columns", tuple(map(tuple, game.columns)), terms.columns),
    )
    for name, expected, came in tables:
        if tuple(expected) != came:
            return Mismatch(-1, name, str(expected), str(came))
    return None


def _replay(played: Played, game: Game[Any], into: list[Any] | None) -> Mismatch | None:
    terms = played.terms.terms
    step, encode, facts = game.step, game.encode, game.facts
    state = game.initial(played.terms.seed, dict(terms.config))
    rule = EndRule(terms.away_limit_frames)
    end: End | None = None
    if into is not None:
        into.append(state)
    for recorded, row in zip(played.rows, played.frames, strict=True):
        frame, inputs = row.frame, row.inputs
        if end is not None:
            return Mismatch(frame, "row", f"none after the episode ended ({end.cause})", "a row")
        if frame < terms.delay_frames and inputs != _NEUTRALS:
            return _not_neutral(frame, inputs)
        state, rewards, events, done = step(state, (inputs[0].action, inputs[1].action))
        computed = encode_row(frame, inputs, rewards, done, events, facts(state), state_digest(encode(state)))
        if computed != recorded:
            mismatch = _row_mismatch(computed, row, terms)
            if mismatch is not None:
                return mismatch
        if into is not None:
            into.append(state)
        end = rule.end_at(frame, inputs, done=done)
    return _end_mismatch(end, played.end)


def _not_neutral(frame: int, inputs: tuple[Input, Input]) -> Mismatch:
    seat = Seat.LEFT if inputs[Seat.LEFT] != NEUTRAL else Seat.RIGHT
    return Mismatch(frame, f"{seat.word} input", "neutral within the input delay", str(tuple(inputs[seat])))


def _row_mismatch(computed: bytes, row: Row, terms: Terms) -> Mismatch | None:
    difference = row_difference(decode_row(computed), row, [column[0] for column in terms.columns])
    return None if difference is None else Mismatch(*difference)


class EndRule:
    """The rules by which confirmed rows end an episode, in their order: the game, then a quit, then an absence.

    They are written a second time here, because a check that asks the code it checks proves nothing.
    """

    def __init__(self, away_limit_frames: int) -> None:
        self._limit = away_limit_frames
        self._away = [0, 0]

    def end_at(self, frame: int, inputs: tuple[Input, Input], *, done: bool) -> End | None:
        """The end that the next frame makes, if it makes one. Call it for every frame in order."""
        left, right = inputs
        away = self._away
        away[0] = away[0] + 1 if left.flags & AWAY else 0
        away[1] = away[1] + 1 if right.flags & AWAY else 0
        if done:
            return End(Reason.FINISHED, frame + 1, "game")
        if left.command or right.command:
            quitters = tuple(seat for seat in (0, 1) if inputs[seat].command == Command.ABORT)
            return End(Reason.ABORTED, frame + 1, "quit", quitters)
        if self._limit and max(away) >= self._limit:
            absent = tuple(seat for seat in (0, 1) if away[seat] >= self._limit)
            return End(Reason.FINISHED, frame + 1, "away_limit", absent)
        return None


def _end_mismatch(computed: End | None, recorded: End | None) -> Mismatch | None:
    """A complete END must be the computed one. A recovered or diverged file may stop anywhere, a cut one at no end."""
    if recorded is None or recorded.reason in (Reason.RECOVERED, Reason.DIVERGED):
        return None
    expected = computed if computed is not None else End(Reason.CUT, recorded.rows)
    for name, ours, theirs in (
        ("END reason", expected.reason, recorded.reason),
        ("END cause", expected.cause or "none", recorded.cause or "none"),
        ("END seats", expected.seats, recorded.seats),
    ):
        if ours != theirs:
            return Mismatch(recorded.rows - 1, name, str(ours), str(theirs))
    return None
