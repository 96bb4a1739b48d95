"""The terminal that a command prints to: its width, and tables that fit into 80 columns. It knows no command."""

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

FILE_WIDTH: Final = 160
"""In a file or a pipe nothing has to fit a screen, and nothing may be cut off."""
ROOM: Final = (0, 1, 0, 0)
"""Space around a cell: one column to its right, so that nine columns fit into 80."""


def open_console(*, stderr: bool) -> Console:
    """A console that adds no colours of its own and cuts nothing off where nobody looks at a screen."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = FILE_WIDTH
    return console


def make_table(columns: Sequence[str], numbers: Sequence[str] = ()) -> Table:
    """A table with a line under its head and none elsewhere; the columns `numbers` are aligned to the right."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=ROOM)
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return table


def say(console: Console, text: object, style: str = "") -> None:
    """Print a line as it is: paths and ids come from outside, and no markup is read in them or break put into them."""
    console.print(Text(str(text), style=style), soft_wrap=True)


class FileProgress:
    """A bar over many files, on a terminal only, that leaves nothing behind."""

    def __init__(self, console: Console, words: str) -> None:
        note = TextColumn("{task.fields[note]}")
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), note, TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task(words, total=None, note="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, done: int, total: int, note: str = "", words: str | None = None) -> None:
        """So many of so many are done; `words` replace what is being done."""
        self._progress.update(self._task, completed=done, total=total, note=note, description=words)
