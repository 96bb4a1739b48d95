"""An export's tables as Parquet, in folders `study=.../dyad=...`: one file for each table and dyad. Needs `analysis`.

Short episodes share a row group, because each one costs room in the file; no more than such a group and one episode are
in memory. Equal input gives equal bytes with one version of
pyarrow; with another one the values are the same, and the bytes may not be.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Final, Self
from urllib.parse import quote

from data.export.columns import Block, Cell, Same, Table, TableColumn
from data.export.errors import ExportError
from data.export.tables import PARTITION, exact_name

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

EXTRA: Final = "dyadgrid[analysis]"
COMPRESSION: Final = "zstd"
COMPRESSION_LEVEL: Final = 3
FORMAT_VERSION: Final = "2.6"
DATA_PAGE_VERSION: Final = "1.0"
ROW_GROUP_ROWS: Final = 16_384
"""Some ten minutes of play, and 5 MB in memory: a group for each short episode made files a half larger."""
EMPTY_ID: Final = "__HIVE_DEFAULT_PARTITION__"
"""What Hive and all readers take for a folder without a value."""


def require_pyarrow() -> str:
    """The name and version of what writes Parquet here.

    Raises:
        ExportError: it is not installed.
    """
    try:
        import pyarrow.parquet
    except ImportError as error:
        words = f"--format parquet needs pyarrow: pip install '{EXTRA}' (or take --format csv, which needs nothing)"
        raise ExportError(words) from error
    return f"pyarrow {pyarrow.__version__}"


def check_ids(ids: Sequence[tuple[str, str]]) -> None:
    """Refuse ids (study, dyad) that readers would take for one number: no folder can keep `7` and `007` apart.

    Raises:
        ExportError: there are two such.
    """
    known: dict[tuple[str, int], str] = {}
    for study, dyad in sorted(set(ids)):
        if dyad.isdecimal():
            other = known.setdefault((study, int(dyad)), dyad)
            if other != dyad:
                raise ExportError(
                    f"dyads {other!r} and {dyad!r} of study {study!r} are one number to readers of Parquet folders: "
                    "export them apart, or take --format csv"
                )


class ParquetTables:
    """Tables that grow by one block after the other, in `folder`. All blocks of a dyad come one after the other."""

    def __init__(self, folder: Path, tables: Sequence[Table]) -> None:
        self._folder = folder
        self._tables = {table.name: table for table in tables}
        self._schemas = {table.name: _schema(table) for table in tables}
        self._place: tuple[Cell, ...] | None = None
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._waiting: dict[str, list[pa.Table]] = {table.name: [] for table in tables}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._finish_files()
        self._open.close()

    def write(self, block: Block) -> None:
        """Append the rows of one block."""
        import pyarrow as pa

        self._turn_to(tuple(_constant(block, name) for name in PARTITION))
        schema = self._schemas[block.table]
        columns = _in_file(self._tables[block.table])
        arrays = [_array(block, name, type_) for name, type_ in zip(columns, schema.types, strict=True)]
        waiting = self._waiting[block.table]
        waiting.append(pa.Table.from_arrays(arrays, schema=schema))
        if sum(part.num_rows for part in waiting) >= ROW_GROUP_ROWS:
            self._write_group(block.table)

    def _write_group(self, name: str) -> None:
        """All that waits for a table becomes one row group; where nothing waits, none."""
        import pyarrow as pa

        waiting = self._waiting[name]
        rows = sum(part.num_rows for part in waiting)
        if rows:
            self._writers[name].write_table(pa.concat_tables(waiting), row_group_size=rows)
        waiting.clear()

    def _finish_files(self) -> None:
        for name in self._writers:
            self._write_group(name)
        self._open.close()

    def _turn_to(self, place: tuple[Cell, ...]) -> None:
        """Every dyad gets a file of each table, an empty one too: a reader that finds no file at all fails."""
        if place == self._place:
            return
        self._finish_files()
        self._place = place
        parts = [
            f"{name}={quote(str(value), safe='') or EMPTY_ID}" for name, value in zip(PARTITION, place, strict=True)
        ]
        for name, schema in self._schemas.items():
            folder = self._folder.joinpath(name, *parts)
            folder.mkdir(parents=True)
            file = self._open.enter_context((folder / f"{name}.parquet").open("xb"))
            self._writers[name] = self._open.enter_context(_writer(file, schema))


def _in_file(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _constant(block: Block, name: str) -> Cell:
    value = block.columns[name]
    assert isinstance(value, Same)
    return value.value


def _writer(file: BinaryIO, schema: "pa.Schema") -> "pq.ParquetWriter":
    """Every setting that shapes the bytes stands here, and none is left to a default that may change."""
    import pyarrow.parquet as pq

    return pq.ParquetWriter(
        file,
        schema,
        version=FORMAT_VERSION,
        data_page_version=DATA_PAGE_VERSION,
        compression=COMPRESSION,
        compression_level=COMPRESSION_LEVEL,
        use_dictionary=True,
        write_statistics=True,
        store_schema=True,
        write_page_index=False,
        use_byte_stream_split=False,
    )


def _schema(table: Table) -> "pa.Schema":
    """Names, types, and what each column means, which readers of Parquet metadata can show."""
    import pyarrow as pa

    types = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "str": pa.string()}
    return pa.schema([_field(column, types[column.type]) for column in table.columns])


def _field(column: TableColumn, type_: "pa.DataType") -> "pa.Field":
    import pyarrow as pa

    name = exact_name(column.name) if column.name in PARTITION else column.name
    return pa.field(name, type_, metadata={"unit": column.unit, "meaning": column.meaning})


def _array(block: Block, name: str, type_: "pa.DataType") -> "pa.Array":
    import pyarrow as pa

    values = block.columns.get(name, Same(None))
    try:
        if isinstance(values, Same):
            return pa.repeat(pa.scalar(values.value, type_), block.rows)
        return pa.array(values, type_)
    except (OverflowError, pa.ArrowInvalid) as error:
        words = f"{block.table}.{name}: a value that no Parquet column of ours holds ({error}): take --format csv"
        raise ExportError(words) from error
