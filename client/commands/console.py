"""What the demo prints: progress while they play, then one table, then where everything lies."""

import json
import sys
from types import TracebackType
from typing import Any, Final, Self

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from client.commands.demo import DemoPlan, DemoResult, EpisodeResult
from games.contract import Seat

HASH_DIGITS: Final = 12
FILE_WIDTH: Final = 120
"""Without a terminal nothing has to fit one."""


class DemoConsole:
    """The terminal during a demo. With `quiet` everything but the last line goes to the error output."""

    def __init__(self, plan: DemoPlan, frames: int, *, quiet: bool) -> None:
        self._console = Console(stderr=quiet, highlight=False)
        if not self._console.is_terminal:
            self._console.width = FILE_WIDTH
        self._plan = plan
        self._frames = frames
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self._progress = Progress(*columns, console=self._console, transient=True)
        self._bars: dict[Seat, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        for seat in Seat:
            self._bars[seat] = self._progress.add_task(f"{seat.word} is starting", total=self._frames, note="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def watch(self, seat: Seat, told: dict[str, Any]) -> None:
        """Show what a client tells."""
        bar, name = self._bars[seat], seat.word
        match told["event"]:
            case "frame":
                text = f"{name}: episode {told['episode'] + 1} of {self._plan.episodes}"
                self._progress.update(bar, description=text, completed=told["frame"], note=told["notice"])
            case "phase":
                self._progress.update(bar, note=told["phase"])
                for line in told["refusal"]:
                    self._console.print(f"{name}: cannot play: {line}", markup=False)
            case "episode":
                words = (
                    f"{name}: episode {told['index'] + 1} {told['reason']}, {told['rows']} frames, {told['agreement']}"
                )
                self._console.print(words, markup=False)
            case "closed":
                for alarm in told["alarms"]:
                    self._console.print(f"{name}: {alarm}", markup=False)

    def show(self, result: DemoResult) -> None:
        """The table, and what is missing."""
        table = Table(title=f"run {result.run}", box=box.SIMPLE_HEAD, title_justify="left")
        for column in ("episode", "frames", "seat", "ended", "agreement", "canonical SHA-256"):
            table.add_column(column, no_wrap=True)
        for column in ("rollbacks", "holds", "receipt"):
            table.add_column(column, justify="right", no_wrap=True)
        for episode in result.episodes:
            _add_rows(table, episode)
        self._console.print(table)
        self._console.print(f"stations: {result.home}", markup=False, soft_wrap=True)
        self._console.print(f"share:    {result.share}", markup=False, soft_wrap=True)
        if result.is_ok:
            self._console.print("Every episode is complete, the same on both seats, and received.")
        for line in result.missing:
            self._console.print(f"missing: {line}", markup=False, soft_wrap=True)

    def print_json(self, result: DemoResult) -> None:
        """The last line."""
        sys.stdout.write(json.dumps(result.to_json()) + "\n")
        sys.stdout.flush()


def _add_rows(table: Table, episode: EpisodeResult) -> None:
    values = episode.to_json()
    for seat in Seat:
        found = values[seat.word]
        number = str(episode.index + 1) if seat is Seat.LEFT else ""
        if found is None:
            table.add_row(number, "", seat.word, "no record")
            continue
        digest = f"{found['sha256'][:HASH_DIGITS]} {'=' if episode.is_equal else '≠'}"
        table.add_row(
            number,
            str(found["rows"]),
            seat.word,
            found["end"],
            found["agreement"],
            digest,
            str(found["rollbacks"]),
            str(found["holds"]),
            "yes" if found["received"] else "no",
            end_section=seat is Seat.RIGHT,
        )
