"""What `dyadgrid inspect` prints: both seats in figures, the stretches that one asks about, frames side by side."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from client.commands.inspect_page import write_page
from client.commands.terminal import make_table, open_console, say
from data.inspection.files import Choice, InspectionError, SeatRecord, find_records
from data.inspection.inspection import NEVER, FrameNote, Inspection, SeatTable, inspect_records, lay_side_by_side
from data.inspection.stretches import TOPICS, Stretch, heaviest, mark_words, stretches
from data.inspection.summary import Summary, clock_text, in_ms, ms, summarize, summary_lines
from games.contract import Seat
from netcode.vocabulary import AWAY, CATCHING_UP, Command, Input

FRAMES_WIDTH: Final = 132
"""The columns of a frame need it; on a narrower screen a line goes on in the next one rather than lose its end."""
MOST_STRETCHES: Final = 40
"""A screen or two; `--only` lists all of one topic."""

_SEAT_STYLES: Final = {Seat.LEFT: "bright_cyan", Seat.RIGHT: "dark_orange"}
_TRUTHS: Final = {"": "", "true": "", "untrue": " ✗", "unknown": " ?"}
_GUESSES: Final = {"right": " ✓", "wrong": " ✗", "open": " ?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asks for. `frames` is FROM-TO, `only` one of the topics; empty for all."""

    paths: tuple[Path, ...]
    episode: int | None
    run: str
    frames: str
    only: str
    html: Path | None
    as_json: bool


class FrameRange(NamedTuple):
    """Frames from `first` to `last`, both in it."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> "FrameRange":
        """FROM-TO, or one frame.

        Raises:
            InspectionError: anything else.
        """
        match = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", text)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise InspectionError(f"--frames: expected FROM-TO with FROM up to TO, counted from 0, got {text!r}")
        return cls(first, last)


def run_inspect(wishes: Wishes) -> int:
    """Read, lay side by side, print; write the page if one is wanted. The exit code: 0, whatever the records say.

    Raises:
        ValueError, OSError: what was named cannot be inspected; the text says why.
    """
    span = FrameRange.parse(wishes.frames) if wishes.frames else None
    if wishes.only and wishes.only not in TOPICS:
        raise InspectionError(f"--only: expected one of {', '.join(TOPICS)}, got {wishes.only!r}")
    if wishes.html is not None and wishes.html.suffix.lower() not in (".html", ".htm"):
        raise InspectionError(f"--html: expected a file that ends in .html, got {wishes.html}")
    records = find_records(wishes.paths, Choice(wishes.episode, wishes.run))
    inspection = inspect_records(records)
    if span is not None and span.first >= inspection.frames:
        raise InspectionError(f"--frames: the episode has frames 0 to {inspection.frames - 1}, got {wishes.frames}")
    summary, found = summarize(inspection), stretches(inspection)
    console = open_console(stderr=wishes.as_json)
    _Terminal(console, inspection, records).show(summary, found, span, wishes.only)
    if wishes.html is not None:
        write_page(wishes.html, inspection, summary, found)
        say(console, f"page: {wishes.html}")
    if wishes.as_json:
        sys.stdout.write(json.dumps(_as_json(summary, found)) + "\n")
    return 0


def _as_json(summary: Summary, found: Iterable[Stretch]) -> dict[str, object]:
    told = [{**stretch._asdict(), "seat": stretch.seat.word if stretch.seat is not None else ""} for stretch in found]
    return {**summary.to_json(), "stretches": told}


class _Terminal:
    """Prints one inspection. Names and notices are text from files: none of them is read as markup."""

    def __init__(self, console: Console, inspection: Inspection, records: Mapping[Seat, SeatRecord]) -> None:
        self._console = console
        self._inspection = inspection
        self._records = records

    def show(self, summary: Summary, found: Sequence[Stretch], span: FrameRange | None, only: str) -> None:
        """Everything, in the order in which one reads it."""
        self._show_heading(summary)
        self._show_summary(summary)
        self._show_difference(summary)
        wanted = [stretch for stretch in found if only in ("", stretch.topic) and _touches(stretch, span)]
        self._show_stretches(wanted, most=None if only or span is not None else MOST_STRETCHES)
        if span is not None:
            self._show_frames(span, wanted if only else None)

    def _line(self, text: str, style: str = "") -> None:
        say(self._console, text, style)

    # --- the episode ----------------------------------------------------------------------------------------------

    def _show_heading(self, summary: Summary) -> None:
        terms = self._inspection.terms
        rules = terms.terms
        where = f"study {rules.study}, dyad {rules.dyad}, session {rules.session}, episode {terms.episode + 1}"
        self._line(f"{where}, run {terms.run}", "bold")
        self._line(
            f"{rules.game} at {rules.tick_rate} Hz, input delay {rules.delay_frames}, window {rules.window_frames}; "
            f"{summary.confirmed_frames} frames confirmed; {self._parity(summary)}"
        )
        self._line(clock_text(summary))
        for seat in Seat:
            record = self._records.get(seat)
            self._line(f"{seat.word}: {record.path if record is not None else 'no local record'}", _SEAT_STYLES[seat])
            if record is not None and record.local.fault is not None:
                self._line(f"  torn: {record.local.fault}", "yellow")

    def _parity(self, summary: Summary) -> str:
        if summary.difference:
            where = f"from frame {summary.difference_frame} on" if summary.difference_frame >= 0 else "in their headers"
            return f"the records of the seats differ {where}"
        if summary.is_equal:
            return "both seats hold the same bytes"
        held = [record for record in self._records.values() if record.canonical is not None]
        return "one record is the beginning of the other" if len(held) == len(Seat) else "one seat's record is here"

    def _show_summary(self, summary: Summary) -> None:
        table = make_table([""])
        for seat in self._inspection.seats:
            table.add_column(Text(seat.word, _SEAT_STYLES[seat]))
        for group, lines in groupby(summary_lines(summary), key=lambda line: line.group):
            table.add_row(Text(group, "bold"))
            for line in lines:
                table.add_row(Text(f"  {line.name}", "dim"), *(Text(figure) for figure in line.figures.values()))
        self._console.print()
        self._console.print(table)

    def _show_difference(self, summary: Summary) -> None:
        if summary.difference_frame < 0:
            if summary.difference:
                self._line(summary.difference, "bold red")
            return
        table = make_table(["field", "left", "right"])
        for pair in lay_side_by_side(self._records, summary.difference_frame):
            style = "bold red" if pair.differs else "dim"
            table.add_row(*(Text(cell) for cell in pair), style=style)
        self._line(f"\nThe records part at frame {summary.difference_frame}:", "bold red")
        self._console.print(table)

    # --- stretches ------------------------------------------------------------------------------------------------

    def _show_stretches(self, found: Sequence[Stretch], *, most: int | None) -> None:
        shown = list(found) if most is None else heaviest(found, most)
        if not shown:
            self._line("\nNothing of that kind happened.")
            return
        table = make_table(["frames", "at", "seat", "what", "why"], ["frames", "at"])
        for stretch in shown:
            table.add_row(*_stretch_cells(stretch))
        self._console.print()
        self._console.print(table)
        if len(shown) < len(found):
            rest = len(found) - len(shown)
            self._line(f"{rest} shorter ones are not listed: see --only {{{'|'.join(TOPICS)}}}, --frames or --html.")

    # --- frames ---------------------------------------------------------------------------------------------------

    def _show_frames(self, span: FrameRange, within: Sequence[Stretch] | None) -> None:
        table = make_table(_FRAME_COLUMNS, _NUMBERS)
        for frame in range(span.first, min(span.last + 1, self._inspection.frames)):
            if within is None or any(stretch.first <= frame <= stretch.last for stretch in within):
                self._add_frame(table, frame)
        self._console.print()
        self._console.width = max(self._console.width, FRAMES_WIDTH)
        self._console.print(table)
        for line in _FRAME_KEY:
            self._line(line, "dim")

    def _add_frame(self, table: Table, frame: int) -> None:
        for seat in Seat:
            side = self._inspection.seats.get(seat)
            cells = _seat_cells(self._inspection, side, frame) if side is not None else ["no record"]
            number = str(frame) if seat is Seat.LEFT else ""
            name = Text(seat.word, _SEAT_STYLES[seat])
            did = Text(did_text(self._inspection, seat, frame))
            table.add_row(number, name, did, *(Text(cell) for cell in cells), end_section=seat is Seat.RIGHT)


_NUMBERS: Final = ("frame", "back", "L", "V", "R", "K", "late", "flip", "came", "in/out")
_FRAME_COLUMNS: Final = (
    *("frame", "seat", "did", "guessed", "back", "held", "L", "V", "R", "K"),
    *("shown", "late", "flip", "came", "in/out", "notes"),
)


_FRAME_KEY: Final = (
    "did: what the seat's input of the frame says; in brackets if it was never confirmed",
    "guessed: the partner's action when the seat first computed the frame, and whether it came true",
    "back: frames that this tick dropped and computed again; held: ticks that could not compute the frame, and why",
    "L V R K, after the tick: own inputs committed, frames confirmed, partner's inputs here, own inputs acknowledged",
    "shown: the frame on the screen, with ✗ if it did not happen so; late, flip: ms after the deadline",
    "came: ms from the partner's commitment of its input to the tick here that had it; in/out: packets",
)


def _touches(stretch: Stretch, span: FrameRange | None) -> bool:
    return span is None or (stretch.first <= span.last and stretch.last >= span.first)


def _stretch_cells(stretch: Stretch) -> list[Text]:
    frames = str(stretch.first) if stretch.first == stretch.last else f"{stretch.first}-{stretch.last}"
    style = _SEAT_STYLES[stretch.seat] if stretch.seat is not None else "bold red"
    seat = Text(stretch.seat.word if stretch.seat is not None else "both", style)
    return [Text(frames), Text(ms(stretch.start_ns)), seat, Text(stretch.topic), Text(stretch.words)]


def did_text(inspection: Inspection, seat: Seat, frame: int) -> str:
    """What a seat did in a frame; in brackets if it was committed and never confirmed."""
    if frame < len(inspection.rows):
        return input_text(inspection, inspection.rows[frame].inputs[seat])
    table = inspection.seats.get(seat)
    committed = None if table is None else table.inputs.get(frame)
    return "-" if committed is None else f"({input_text(inspection, committed)})"


def input_text(inspection: Inspection, played: Input) -> str:
    """An input in words."""
    actions = inspection.terms.terms.actions
    words = [actions[played.action] if played.action < len(actions) else str(played.action)]
    words += ["away"] if played.flags & AWAY else []
    words += ["catching up"] if played.flags & CATCHING_UP else []
    words += ["abort"] if played.command == Command.ABORT else []
    return ", ".join(words)


def _seat_cells(inspection: Inspection, side: SeatTable, frame: int) -> list[str]:
    note = side.frames[frame]
    notes = "; ".join(mark_words(mark) for mark in side.marks if mark.frame == frame)
    if note is None:
        return [*("-" for _ in _FRAME_COLUMNS[3:-1]), notes]
    tick = note.tick
    back = str(tick.rollback_frames) if tick.rollback_frames else ""
    held = f"{note.held.ticks} {note.held.why}" if note.held is not None else ""
    known = [str(count) if count >= 0 else "-" for count in (tick.committed, tick.verified, tick.received, tick.acked)]
    late = "" if tick.is_retry else in_ms(tick.late_ns)
    flip = in_ms(tick.flip_ns - tick.deadline_ns) if tick.flip_ns >= 0 else ""
    came = in_ms(note.journey_ns) if note.journey_ns != NEVER else ""
    packets = f"{tick.received_packets}/{tick.sent_packets}" if tick.sent_packets >= 0 else ""
    return [_guess_text(inspection, note), back, held, *known, _shown_text(note), late, flip, came, packets, notes]


def _guess_text(inspection: Inspection, note: FrameNote) -> str:
    if not note.guess:
        return ""
    return input_text(inspection, Input(note.tick.guess)) + _GUESSES[note.guess]


def _shown_text(note: FrameNote) -> str:
    return f"{note.tick.shown_frame}{_TRUTHS[note.truth]}" if note.truth else ""
