"""An inspection as one page of HTML that needs nothing but a browser: no network, no other file."""

import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Final

from client.commands.slots import fill_slots
from data.episode_row import ACTION_BITS, COMMAND_SHIFT
from data.inspection.clocks import one_way
from data.inspection.inspection import (
    NEVER,
    FieldPair,
    FrameNote,
    Inspection,
    SeatTable,
    difference_words,
    lay_side_by_side,
)
from data.inspection.stretches import Stretch, heaviest, mark_words
from data.inspection.summary import Line, Summary, clock_text, ms, summary_lines
from games.contract import Seat
from netcode.vocabulary import Input

_PARTS: Final = "client"
_TEN_US: Final = 10_000
"""Times in the page are whole numbers of 10 us: finer than a screen, and short to write."""
MOST_STRETCHES: Final = 3000
"""More rows than anybody reads, and less than a megabyte of the page."""
_TRUTHS: Final = {"": "-", "true": "t", "untrue": "u", "unknown": "x"}


def write_page(path: Path, inspection: Inspection, summary: Summary, found: Sequence[Stretch]) -> None:
    """Write the page; a file of that name is replaced.

    Raises:
        OSError: it cannot be written.
    """
    path.write_text(page(inspection, summary, found), encoding="utf-8")


def page(inspection: Inspection, summary: Summary, found: Sequence[Stretch]) -> str:
    """The whole page. Text from files is escaped wherever it stands."""
    terms = inspection.terms
    rules = terms.terms
    title = f"dyad {rules.dyad}, session {rules.session}, episode {terms.episode + 1}"
    facts = (
        f"{rules.game} at {rules.tick_rate} Hz",
        f"input delay {rules.delay_frames}, window {rules.window_frames}, guesses for {rules.guess_frames} frames",
        f"{summary.confirmed_frames} frames confirmed",
        clock_text(summary),
        f"study {rules.study}, run {terms.run}",
    )
    return fill_slots(
        _part("inspect.html"),
        {
            "style": _part("inspect.css"),
            "script": _part("inspect.js"),
            "title": escape(title),
            "badge": _badge(inspection),
            "facts": "".join(f"<li>{escape(fact)}</li>" for fact in facts),
            "summary": _summary_table(inspection, summary),
            "difference": _difference(inspection),
            "stretches": _stretch_table(heaviest(found, MOST_STRETCHES)),
            "left_out": _left_out(len(found)),
            "machines": _machines(inspection),
            "data": _embedded(_data(inspection)),
        },
    )


def _part(name: str) -> str:
    return resources.files(_PARTS).joinpath("pages", name).read_text(encoding="utf-8")


def _embedded(value: object) -> str:
    """JSON that can stand inside a script element, whatever text is in it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")


# --- the readable parts -----------------------------------------------------------------------------------------------


def _badge(inspection: Inspection) -> str:
    if inspection.difference is not None:
        return '<span class="badge bad">✗ the records differ</span>'
    if inspection.is_equal:
        return '<span class="badge good">✓ both seats hold the same bytes</span>'
    held = [table for table in inspection.seats.values() if table.record.canonical is not None]
    words = "one record is the beginning of the other" if len(held) == len(Seat) else "one seat's record"
    return f'<span class="badge">{words}</span>'


def _summary_table(inspection: Inspection, summary: Summary) -> str:
    """A small table for each group of figures, so that all of them stand in view."""
    players = inspection.terms.players
    heads = "".join(
        f'<th class="{seat.word}">{seat.word}<small>{escape(players[seat].participant)}, {players[seat].kind}</small>'
        "</th>"
        for seat in inspection.seats
    )
    tables = []
    for group, lines in groupby(summary_lines(summary), key=lambda line: line.group):
        rows = "".join(map(_figure_row, lines))
        head = f"<thead><tr><th>{escape(group)}</th>{heads}</tr></thead>"
        tables.append(f'<table class="figures">{head}<tbody>{rows}</tbody></table>')
    return "".join(tables)


def _figure_row(line: Line) -> str:
    figures = "".join(f"<td>{escape(figure)}</td>" for figure in line.figures.values())
    return f"<tr><th>{escape(line.name)}</th>{figures}</tr>"


def _difference(inspection: Inspection) -> str:
    difference = inspection.difference
    if difference is None:
        return ""
    records = {seat: table.record for seat, table in inspection.seats.items()}
    rows = "".join(map(_pair_row, lay_side_by_side(records, difference.frame)))
    head = "<tr><th>field</th><th>left</th><th>right</th></tr>"
    where = "the header" if difference.frame < 0 else f"frame {difference.frame}"
    return (
        f'<section id="difference"><h2>The records part at {where}</h2><p>{escape(difference_words(difference))}</p>'
        f'<table class="pairs"><thead>{head}</thead><tbody>{rows}</tbody></table></section>'
    )


def _pair_row(pair: FieldPair) -> str:
    mark = ' class="differs"' if pair.differs else ""
    return f"<tr{mark}>{''.join(f'<td>{escape(cell)}</td>' for cell in pair)}</tr>"


def _stretch_table(found: Iterable[Stretch]) -> str:
    rows = []
    for stretch in found:
        seat = stretch.seat.word if stretch.seat is not None else "both"
        frames = str(stretch.first) if stretch.first == stretch.last else f"{stretch.first}–{stretch.last}"  # noqa: RUF001 - a range
        rows.append(
            f'<tr data-topic="{stretch.topic}" data-first="{stretch.first}" data-last="{stretch.last}" tabindex="0">'
            f'<td>{frames}</td><td>{ms(stretch.start_ns)}</td><td class="{seat}">{seat}</td>'
            f"<td>{stretch.topic}</td><td>{escape(stretch.words)}</td></tr>"
        )
    return "".join(rows)


def _left_out(count: int) -> str:
    return f"<p>{count - MOST_STRETCHES} shorter ones are left out.</p>" if count > MOST_STRETCHES else ""


def _machines(inspection: Inspection) -> str:
    parts = []
    for seat, table in inspection.seats.items():
        facts = "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in table.record.local.header.machine
        )
        parts.append(f'<div><h3 class="{seat.word}">{seat.word}</h3><dl>{facts}</dl></div>')
    return "".join(parts)


# --- what the timeline is drawn from ----------------------------------------------------------------------------------


def _data(inspection: Inspection) -> dict[str, object]:
    rules = inspection.terms.terms
    return {
        "rate": rules.tick_rate,
        "frames": inspection.frames,
        "confirmed": len(inspection.rows),
        "delay": rules.delay_frames,
        "actions": rules.actions,
        "inputs": {seat.word: _inputs(inspection, seat) for seat in Seat},
        "events": _events(inspection),
        "seats": {seat.word: _seat(inspection, table) for seat, table in inspection.seats.items()},
    }


def _inputs(inspection: Inspection, seat: Seat) -> list[int]:
    """A number per frame; beyond the confirmed ones what the seat itself committed, and -1 where nobody knows."""
    codes = [_code(row.inputs[seat]) for row in inspection.rows]
    table = inspection.seats.get(seat)
    committed = {} if table is None else table.inputs
    return codes + [
        _code(committed[frame]) if frame in committed else -1 for frame in range(len(codes), inspection.frames)
    ]


def _code(played: Input) -> int:
    return played.action | played.flags << ACTION_BITS | played.command << COMMAND_SHIFT


def _events(inspection: Inspection) -> list[list[object]]:
    kinds = inspection.terms.terms.event_kinds
    told = []
    for row in inspection.rows:
        if row.events:
            words = [
                f"{kinds[event.kind]} ({Seat(event.seat).word if event.seat in (0, 1) else 'pair'})"
                for event in row.events
            ]
            told.append([row.frame, ", ".join(words)])
    return told


def _seat(inspection: Inspection, table: SeatTable) -> dict[str, object]:
    """A seat's columns, one place per frame that it computed, and what is rare as lists of [frame, ...]."""
    notes = [note for note in table.frames if note is not None]
    ticks = [note.tick for note in notes]
    starts = [note.start_ns // _TEN_US for note in notes]
    alignment = inspection.alignment
    return {
        "t": [now - before for before, now in zip([0, *starts], starts, strict=False)],
        "late": [0 if tick.is_retry else tick.late_ns // _TEN_US for tick in ticks],
        "flip": [(tick.flip_ns - tick.deadline_ns) // _TEN_US if tick.flip_ns >= 0 else -1 for tick in ticks],
        "guess": [tick.guess for tick in ticks],
        "verdict": "".join(note.guess[:1] or "-" for note in notes),
        "shown": [note.tick.target - note.tick.shown_frame if note.truth else 0 for note in notes],
        "truth": "".join(_TRUTHS[note.truth] for note in notes),
        "committed": _ahead([tick.committed for tick in ticks]),
        "verified": _behind([tick.verified for tick in ticks]),
        "received": _behind([tick.received for tick in ticks]),
        "acked": _behind([tick.acked for tick in ticks]),
        "came": [note.journey_ns // _TEN_US if note.journey_ns != NEVER else -1 for note in notes],
        "settled": [_settled(note) for note in notes],
        "in": [tick.received_packets for tick in ticks],
        "out": [tick.sent_packets for tick in ticks],
        "rollbacks": [
            [tick.target, tick.rollback_frames, tick.wrong_guesses] for tick in ticks if tick.rollback_frames
        ],
        "computed": [[note.tick.target, note.computed] for note in notes if note.computed > 1],
        "holds": [
            [hold.frame, hold.ticks, hold.start_ns // _TEN_US, (hold.end_ns - hold.start_ns) // _TEN_US, hold.why]
            for hold in table.holds
        ],
        "still": [[still.frame, still.start_ns // _TEN_US, still.end_ns // _TEN_US] for still in table.standstills],
        "probes": [
            [
                (_left(inspection, table.seat, trip.received) - inspection.start_ns) // _TEN_US,
                trip.round_trip // _TEN_US,
                *((way // _TEN_US for way in one_way(trip, table.seat, alignment)) if alignment is not None else ()),
            ]
            for trip in table.trips
        ],
        "pacing": [
            [mark.t_ns // _TEN_US, mark.integer("period_ns") // 1000] for mark in table.marks if mark.kind == "pacing"
        ],
        "marks": [[mark.frame, mark_words(mark)] for mark in table.marks if mark.kind != "pacing"],
    }


def _left(inspection: Inspection, seat: Seat, time_ns: int) -> int:
    return time_ns if inspection.alignment is None else inspection.alignment.to_left(time_ns, seat)


def _ahead(counts: Sequence[int]) -> list[int]:
    """Counts per frame as how far they are ahead of it; -1 stays for a count that was not noted."""
    return [count - frame if count >= 0 else -1 for frame, count in enumerate(counts)]


def _behind(counts: Sequence[int]) -> list[int]:
    """Counts per frame as how far they are behind the present, which is a frame further."""
    return [frame + 1 - count for frame, count in enumerate(counts)]


def _settled(note: FrameNote) -> int:
    return (note.confirmed_ns - note.start_ns) // _TEN_US if note.confirmed_ns != NEVER else -1
