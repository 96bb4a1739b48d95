"""What a table of an export is made of: columns, and blocks of rows. No table, no file, no library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

ColumnType: TypeAlias = Literal["int", "float", "bool", "str"]
Cell: TypeAlias = int | float | bool | str | None

TYPES: Final[Mapping[str, ColumnType]] = {"int": "int", "float": "float", "bool": "bool", "str": "str"}


class TableColumn(NamedTuple):
    """One column. `games` names the games that fill it, if it is one of a game's own; it is null for all others."""

    name: str
    type: ColumnType
    unit: str
    meaning: str
    games: tuple[str, ...] = ()


class Table(NamedTuple):
    """One table: what a row of it is, and its columns in order."""

    name: str
    meaning: str
    columns: tuple[TableColumn, ...]


class Same(NamedTuple):
    """A column that has one value in every row of a block."""

    value: Cell


Columns: TypeAlias = Mapping[str, Sequence[Cell] | Same]
"""Values by column; all sequences are equally long."""


@dataclass(frozen=True, slots=True)
class Block:
    """The rows that one episode adds to one table, column by column; a column of the table that it lacks is null."""

    table: str
    rows: int
    columns: Columns


def columns_of(text: str) -> tuple[TableColumn, ...]:
    """Columns written as lines of `name | type | unit | meaning`; a line without a bar continues the one before."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if "|" in line:
            lines.append(line.strip())
        else:
            lines[-1] += f" {line.strip()}"
    return tuple(_column(*(part.strip() for part in line.split("|"))) for line in lines)


def _column(name: str, type_: str, unit: str, meaning: str) -> TableColumn:
    return TableColumn(name, TYPES[type_], unit, meaning)


def seat_columns_of(text: str) -> tuple[TableColumn, ...]:
    """Columns of the left seat, then of the right one, from lines with `SEAT` in them."""
    return tuple(column for seat in ("left", "right") for column in columns_of(text.replace("SEAT", seat)))
