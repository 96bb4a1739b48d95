"""Two seats' records of one episode side by side: the prefix law, and where it is broken. No file."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple, Protocol

from data.episode_row import Row, decode_row, named_values
from data.packing import unpack_map
from netcode.vocabulary import End, EpisodeTerms


class Record(Protocol):
    """What is compared: a whole episode or the good prefix of a torn one."""

    @property
    def terms(self) -> EpisodeTerms:
        """What was agreed."""

    @property
    def header(self) -> bytes:
        """The HEADER payload."""

    @property
    def rows(self) -> Sequence[bytes]:
        """The encoded rows."""

    @property
    def end(self) -> End | None:
        """How it ended; None if it is torn."""


class Difference(NamedTuple):
    """The first place at which two records of an episode differ. `frame` is -1 for the header."""

    frame: int
    field: str
    ours: str
    theirs: str

    def words(self) -> str:
        """The difference in one line."""
        where = "header" if self.frame < 0 else f"frame {self.frame}"
        return f"{where}, {self.field}: {self.ours} here, {self.theirs} there"


def first_difference(ours: Record, theirs: Record) -> Difference | None:
    """Where two records break the prefix law, or the equality that complete ones owe each other; None if nowhere."""
    if ours.header != theirs.header:
        return header_difference(ours.header, theirs.header)
    facts = [column[0] for column in ours.terms.terms.columns]
    for mine, other in zip(ours.rows, theirs.rows, strict=False):
        if mine != other:
            row, other_row = decode_row(mine), decode_row(other)
            unknown = Difference(row.frame, "added columns", _short(mine), _short(other))
            return row_difference(row, other_row, facts) or unknown
    return _end_difference(ours.end, theirs.end)


def header_difference(ours: bytes, theirs: bytes) -> Difference:
    """The first name of two unequal headers that has two values."""
    for mine, other in zip_longest(unpack_map(ours, "header").items(), unpack_map(theirs, "header").items()):
        if mine != other:
            name = (mine or other)[0]
            return Difference(-1, name, *("nothing" if pair is None else _short(pair[1]) for pair in (mine, other)))
    raise AssertionError("equal values have one encoding, so unequal headers differ in a value")


def row_difference(ours: Row, theirs: Row, facts: Sequence[str]) -> Difference | None:
    """The first column in which two rows differ; None if they differ in none that this version knows."""
    for (name, mine), (_, other) in zip(named_values(ours, facts), named_values(theirs, facts), strict=True):
        if mine != other:
            return Difference(ours.frame, name, _short(mine), _short(other))
    return None


def _end_difference(ours: End | None, theirs: End | None) -> Difference | None:
    """What two ENDs contradict each other in. A seat that was cut says nothing against one that has more rows.

    An end is computed from rows, so a record cannot go on behind the frame at which a complete one ended.
    """
    if ours is None or theirs is None:
        return None
    last, other = (ours, theirs) if ours.reason.is_complete else (theirs, ours)
    if not last.reason.is_complete or ours == theirs:
        return None
    if other.reason.is_complete or other.rows > last.rows:
        return Difference(last.rows, "END", _short(_end_words(ours)), _short(_end_words(theirs)))
    return None


def _end_words(end: End) -> str:
    return f"{end.reason} {end.cause} after {end.rows} rows"


def _short(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
