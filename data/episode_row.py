"""One row of an episode: a frame's inputs, rewards, events, facts and state digest as canonical bytes, and back."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from data.episode_header import ROW_COLUMNS
from data.framing import FormatError
from data.packing import kind_of, pack, unpack
from games.contract import Event
from netcode.vocabulary import AWAY, CATCHING_UP, Command, Input

DIGEST_BYTES: Final = 8
"""64 bits: two states of one episode share a digest by chance once in some 10**10 episodes."""

ACTION_BITS: Final = 16
FLAG_BITS: Final = 4
COMMAND_SHIFT: Final = ACTION_BITS + FLAG_BITS
"""An input is one integer, `action + (flags << 16) + (command << 20)`: one byte for what most frames hold."""

_ACTIONS: Final = (1 << ACTION_BITS) - 1
_FLAGS: Final = AWAY | CATCHING_UP
_LARGEST_INPUT: Final = _ACTIONS | _FLAGS << ACTION_BITS | int(max(Command)) << COMMAND_SHIFT
_LARGEST_FRAME: Final = (1 << 31) - 1
_TYPES: Final = (int, int, int, int, int, bool, list, list, bytes)
_FACT_TYPES: Final = {int, bool}
_INPUTS_CACHED: Final = 4096
"""Distinct inputs of a game: its actions times the flags times the commands, with room."""


class Row(NamedTuple):
    """What one row says, all as confirmed; facts and digest are of the state after the frame.

    `inputs` and `rewards` are (left, right). `facts` are in the order of the header's columns.
    """

    frame: int
    inputs: tuple[Input, Input]
    rewards: tuple[int, int]
    done: bool
    events: tuple[Event, ...]
    facts: tuple[int, ...]
    digest: bytes


def state_digest(encoded_state: bytes) -> bytes:
    """The digest of a state's canonical bytes, as it stands in a row."""
    return blake2b(encoded_state, digest_size=DIGEST_BYTES).digest()


def encode_row(
    frame: int,
    inputs: tuple[Input, Input],
    rewards: tuple[int, int],
    done: bool,
    events: tuple[Event, ...],
    facts: tuple[int, ...],
    digest: bytes,
) -> bytes:
    """The canonical bytes of one row. Hot path: nothing is checked here; a reader checks everything."""
    (la, lf, lc), (ra, rf, rc) = inputs
    left, right = la | lf << ACTION_BITS | lc << COMMAND_SHIFT, ra | rf << ACTION_BITS | rc << COMMAND_SHIFT
    left_reward, right_reward = rewards
    return pack((frame, left, right, left_reward, right_reward, done, events, facts, digest))


def decode_row(data: bytes) -> Row:
    """What the bytes of one row say. Columns after the known ones are of a later writer, and are passed over.

    Raises:
        FormatError: not one canonical row.
    """
    return row_of(unpack(data, "row"))


def row_of(values: object) -> Row:
    """The row that decoded values make, for a reader that has split a block already.

    Raises:
        FormatError: as `decode_row`.
    """
    if not isinstance(values, list) or len(values) < len(_TYPES):
        raise FormatError("row", f"an array of at least {len(_TYPES)}", kind_of(values))
    known = values[: len(_TYPES)]
    types = tuple(map(type, known))
    if types != _TYPES:
        raise _wrong_type(known, types)
    frame, left, right, left_reward, right_reward, done, events, facts, digest = known
    if not 0 <= frame <= _LARGEST_FRAME:
        raise FormatError("frame", f"0 to {_LARGEST_FRAME}", frame)
    if len(digest) != DIGEST_BYTES:
        raise FormatError("digest", f"{DIGEST_BYTES} bytes", kind_of(digest))
    if not {*map(type, facts)} <= _FACT_TYPES:
        raise FormatError("facts", "integers and truth values", kind_of(facts))
    happened = tuple(map(_event, events)) if events else ()
    inputs = _left_input(left), _right_input(right)
    return Row(frame, inputs, (left_reward, right_reward), done, happened, tuple(facts), digest)


@lru_cache(_INPUTS_CACHED)
def _left_input(code: int) -> Input:
    return _input("left_input", code)


@lru_cache(_INPUTS_CACHED)
def _right_input(code: int) -> Input:
    return _input("right_input", code)


def _input(column: str, code: int) -> Input:
    if code < 0 or code & ~_LARGEST_INPUT:
        raise FormatError(column, f"an action, flags within {_FLAGS} and a command within {max(Command):d}", code)
    return Input(code & _ACTIONS, code >> ACTION_BITS & _FLAGS, code >> COMMAND_SHIFT)


def _event(value: object) -> Event:
    if not isinstance(value, list) or len(value) != 3 or {*map(type, value)} != {int}:
        raise FormatError("events", "three integers each", kind_of(value))
    return Event(*value)


def _wrong_type(known: list[object], types: tuple[type, ...]) -> FormatError:
    index = next(index for index, type_ in enumerate(types) if type_ is not _TYPES[index])
    return FormatError(ROW_COLUMNS[index][0], ROW_COLUMNS[index][1], kind_of(known[index]))


def named_values(row: Row, facts: Sequence[str]) -> Iterator[tuple[str, object]]:
    """Every value of a row by name, in order, with inputs taken apart; `facts` are the names of the game's columns."""
    yield "frame", row.frame
    for seat, played in zip(("left", "right"), row.inputs, strict=True):
        yield from ((f"{seat}_{name}", value) for name, value in zip(Input._fields, played, strict=True))
    yield from zip(("left_reward", "right_reward"), row.rewards, strict=True)
    yield "done", row.done
    yield "events", row.events
    yield from zip(facts, row.facts, strict=True)
    yield "digest", row.digest
