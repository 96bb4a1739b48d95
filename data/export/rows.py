"""One canonical record as rows of `frames` and `events`. No file, no library; what machines noted is elsewhere."""

from collections.abc import Sequence
from typing import Final

from data.episode_format import Episode, Row
from data.export.columns import Block, Cell, Columns, Same, Table
from data.export.tables import fact_name
from games.contract import Seat
from netcode.vocabulary import AWAY, CATCHING_UP, Command, EpisodeTerms

SEAT_WORDS: Final = {-1: None, 0: Seat.LEFT.word, 1: Seat.RIGHT.word}
"""The seat of an event: a number in rows, a word in tables."""


def key_columns(terms: EpisodeTerms) -> dict[str, Same]:
    """What every row of an episode begins with."""
    rules = terms.terms
    names = {"study": rules.study, "dyad": rules.dyad, "session": rules.session, "run": terms.run}
    return {name: Same(value) for name, value in names.items()} | {"episode": Same(terms.episode)}


def frame_block(episode: Episode, label: str, table: Table) -> Block:
    """The rows of `frames`, which is `table` here: with the columns of every game in the export."""
    rules, rows = episode.terms.terms, episode.frames
    columns: Columns = {
        **key_columns(episode.terms),
        "record": Same(label),
        "game": Same(rules.game),
        "frame": [row.frame for row in rows],
        "time_s": [row.frame / rules.tick_rate for row in rows],
        **_seat_columns(rows, rules.actions, Seat.LEFT),
        **_seat_columns(rows, rules.actions, Seat.RIGHT),
        "done": [row.done for row in rows],
        "event_count": [len(row.events) for row in rows],
        "digest": [row.digest.hex() for row in rows],
        **_fact_columns(rows, [fact_name(column[0]) for column in rules.columns], table),
    }
    return Block("frames", len(rows), columns)


def _seat_columns(rows: Sequence[Row], actions: Sequence[str], seat: Seat) -> dict[str, list[Cell]]:
    inputs = [row.inputs[seat] for row in rows]
    columns: dict[str, list[Cell]] = {
        "action": [played.action for played in inputs],
        "action_name": [actions[played.action] for played in inputs],
        "away": [played.flags & AWAY != 0 for played in inputs],
        "catching_up": [played.flags & CATCHING_UP != 0 for played in inputs],
        "quit": [played.command == Command.ABORT for played in inputs],
        "reward": [row.rewards[seat] for row in rows],
    }
    return {f"{seat.word}_{name}": values for name, values in columns.items()}


def _fact_columns(rows: Sequence[Row], names: Sequence[str], table: Table) -> dict[str, list[Cell]]:
    """A game's own columns. A truth value may stand as a number in a row, and a number is one in a shared column."""
    types = {column.name: bool if column.type == "bool" else int for column in table.columns}
    by_column: Sequence[Sequence[int]] = list(zip(*(row.facts for row in rows), strict=True)) or [()] * len(names)
    return {name: list(map(types[name], values)) for name, values in zip(names, by_column, strict=True)}


def event_block(episode: Episode, label: str) -> Block:
    """The rows of `events`."""
    rules = episode.terms.terms
    happened = [(row.frame, number, event) for row in episode.frames for number, event in enumerate(row.events)]
    columns: Columns = {
        **key_columns(episode.terms),
        "record": Same(label),
        "game": Same(rules.game),
        "frame": [frame for frame, _, _ in happened],
        "number": [number for _, number, _ in happened],
        "kind": [event_name(rules.event_kinds, event.kind) for _, _, event in happened],
        "seat": [SEAT_WORDS.get(event.seat) for _, _, event in happened],
        "value": [event.value for _, _, event in happened],
    }
    return Block("events", len(happened), columns)


def event_name(kinds: Sequence[str], kind: int) -> str:
    """An event's name; its number, if the header has no name for it (a reader does not refuse that)."""
    return kinds[kind] if 0 <= kind < len(kinds) else str(kind)
