"""An export's tables as CSV: one file for each, UTF-8, a head, comma, point, LF; null is an empty cell.

Nothing but the standard library writes it, so equal input gives equal bytes with any version of anything.
"""

import csv
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from data.export.columns import Block, Cell, Same, Table, TableColumn

TRUTH: Final = {True: "true", False: "false"}
"""As R, pandas, DuckDB and people read it."""


class CsvTables:
    """Tables that grow by one block after the other, in `folder`, which holds none of them yet."""

    def __init__(self, folder: Path, tables: Sequence[Table]) -> None:
        self._folder = folder
        self._tables = {table.name: table for table in tables}
        self._open = ExitStack()
        self._writers: dict[str, Any] = {}

    def __enter__(self) -> Self:
        for table in self._tables.values():
            path = self._folder / f"{table.name}.csv"
            file = self._open.enter_context(path.open("x", encoding="utf-8", newline=""))
            self._writers[table.name] = csv.writer(file, lineterminator="\n")
            self._writers[table.name].writerow([column.name for column in table.columns])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def write(self, block: Block) -> None:
        """Append the rows of one block."""
        columns = [_cells(block, column) for column in self._tables[block.table].columns]
        self._writers[block.table].writerows(zip(*columns, strict=True))


def _cells(block: Block, column: TableColumn) -> Iterable[Cell]:
    values: Iterable[Cell] | Same = block.columns.get(column.name, Same(None))
    if isinstance(values, Same):
        values = repeat(values.value, block.rows)
    return [None if value is None else TRUTH[bool(value)] for value in values] if column.type == "bool" else values
