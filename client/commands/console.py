"""What the demo prints: progress while they play, then one table, then where everything lies, and what is missing."""

import json
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from client.commands.demo import DemoPlan
from client.commands.demo_result import DemoResult, EpisodeResult
from client.commands.terminal import make_table, open_console, say
from data.claims import Statistics
from data.outbox import Item
from games.contract import Seat

HASH_DIGITS: Final = 8
"""As many as stand in the file's name."""
COLUMNS: Final = (
    *("ep", "frames", "seat", "ended", "agreement", "sha256"),
    *("rollbacks", "holds", "late ms", "dropped", "receipt"),
)
NUMBERS: Final = ("ep", "frames", "rollbacks", "holds", "late ms", "dropped")
MS_US: Final = 1000
PLAYERS: Final = {
    (): "You play both, each while its window has the focus",
    (Seat.LEFT,): "You play the right one, a bot the left one",
    (Seat.RIGHT,): "You play the left one, a bot the right one",
    tuple(Seat): "Bots play both",
}


class DemoConsole:
    """The terminal during a demo. With `quiet` everything but the last line goes to the error output."""

    def __init__(self, plan: DemoPlan, frames: int, *, quiet: bool) -> None:
        self._console = open_console(stderr=quiet)
        self._plan = plan
        self._frames = frames
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
        )
        is_seen = self._console.is_terminal
        self._progress = Progress(*columns, console=self._console, transient=True, disable=not is_seen)
        self._bars: dict[Seat, TaskID] = {}
        self._delivery: TaskID | None = None
        self._to_deliver = 0
        self._trouble = ""

    def __enter__(self) -> Self:
        self._progress.start()
        for seat in Seat:
            self._bars[seat] = self._progress.add_task(f"{seat.word}: starting", total=self._frames, note="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def _greet(self) -> None:
        plan = self._plan
        rounds = f"{plan.episodes} episode{'s' if plan.episodes > 1 else ''} of {self._frames} frames"
        say(self._console, f"{plan.game}: {rounds} at {plan.tick_rate} a second")
        if not plan.headless:
            say(self._console, f"Two windows open. {PLAYERS[plan.bots]}: arrow keys or WASD, and space.")
            say(self._console, "Click a window if it does not listen. Closing one ends the game for both.")

    def hear(self, seat: Seat, told: dict[str, Any]) -> None:
        """Show what a client tells."""
        bar, name = self._bars[seat], seat.word
        match told["event"]:
            case "listening" if seat is Seat.LEFT:
                self._greet()
            case "frame":
                text = f"{name}: episode {told['episode'] + 1} of {self._plan.episodes}"
                self._progress.update(bar, description=text, completed=told["frame"], note=told["notice"])
            case "phase":
                self._progress.update(bar, note=told["phase"])
                for line in told["refusal"]:
                    say(self._console, f"{name}: cannot play: {line}")
            case "episode":
                words = f"{told['reason']} after {told['rows']} frames, {told['agreement']}"
                say(self._console, f"{name}: episode {told['index'] + 1} {words}")
                self._progress.update(bar, completed=told["rows"])
            case "closed":
                for alarm in told["alarms"]:
                    say(self._console, f"{name}: {alarm}", "bold red")

    def wait_for_receipts(self, waiting: Sequence[Item]) -> None:
        """Show how many files are on their way, and once why they do not arrive."""
        if self._delivery is None:
            for bar in self._bars.values():
                self._progress.remove_task(bar)
            self._to_deliver = len(waiting)
            self._delivery = self._progress.add_task("delivering", total=self._to_deliver, note="")
        self._progress.update(self._delivery, completed=self._to_deliver - len(waiting))
        reason = next((item.reason for item in waiting if item.reason), "")
        if reason and reason != self._trouble:
            self._trouble = reason
            say(self._console, f"waiting up to {self._plan.delivery_wait_seconds:g} s: {reason}")

    def show(self, result: DemoResult) -> None:
        """The table, and what is missing."""
        say(self._console, "")
        if result.episodes:
            table = make_table(COLUMNS, NUMBERS)
            for episode in result.episodes:
                _add_rows(table, episode)
            self._console.print(table)
            say(self._console, "")
        say(self._console, f"run       {result.run}")
        say(self._console, f"stations  {result.home}")
        say(self._console, f"share     {result.share}")
        if result.is_ok:
            say(self._console, "Every episode is complete, the same on both seats, and received.", "bold green")
        for line in result.missing:
            say(self._console, f"missing   {line}", "bold red")
        if result.waiting_files:
            say(self._console, f"Nothing is lost. To deliver later: dyadgrid sync --home {result.home}")

    def print_json(self, result: DemoResult) -> None:
        """The last line."""
        sys.stdout.write(json.dumps(result.to_json()) + "\n")
        sys.stdout.flush()


def _add_rows(table: Table, episode: EpisodeResult) -> None:
    sign = "=" if episode.is_equal else "!="
    for seat, found in zip(Seat, episode.seats, strict=True):
        number = str(episode.index + 1)
        if found is None:
            table.add_row(number, "", seat.word, "no record")
            continue
        claim, counts = found.claim, found.claim.statistics
        table.add_row(
            number,
            str(claim.rows),
            seat.word,
            claim.reason.value,
            claim.agreement.value,
            f"{claim.sha256[:HASH_DIGITS]} {sign}",
            str(counts.get("rollbacks", 0)),
            str(counts.get("holds", 0)),
            _late_words(counts),
            str(counts.get("dropped_drawings", "")),
            "yes" if found.is_received else "no",
        )


def _late_words(counts: Statistics) -> str:
    """The median and the 99th percentile of how late ticks began; nothing where nobody counted, as in a recovery."""
    half, most = counts.get("late_p50_us"), counts.get("late_p99_us")
    return f"{half / MS_US:.1f}/{most / MS_US:.1f}" if isinstance(half, int) and isinstance(most, int) else ""
