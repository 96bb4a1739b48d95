"""An inspection in figures: one column per seat, as values, as JSON and as lines of text. No file and no terminal."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, NamedTuple

from data.inspection import Inspection, SeatTable
from data.inspection_clocks import one_way
from games.contract import Seat
from netcode.limits import MILLISECOND, SECOND
from netcode.vocabulary import AWAY, CATCHING_UP


class Spread(NamedTuple):
    """How some times (ns) are spread: how many there are, the median, the 99th percentile and the largest."""

    times: int
    p50: int
    p99: int
    most: int


def spread(times: Sequence[int]) -> Spread | None:
    """The spread of some times by nearest rank; None of none."""
    if not times:
        return None
    ordered = sorted(times)
    p50, p99 = (ordered[-(-len(ordered) * share // 100) - 1] for share in (50, 99))
    return Spread(len(ordered), p50, p99, ordered[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatSummary:
    """One seat in figures. Times are ns; `journey` is that of the partner's inputs to here, `way_there` from here.

    `undrawn` are ticks that no picture showed while the participant was there, `undrawn_away` while they were not.
    `held` counts ticks held by the full window, `end_ns` is how long it waited at the end.
    """

    participant: str
    ended: str
    rows: int
    agreement: str
    dropped_frames: int
    ticks: int
    late: Spread | None
    flip: Spread | None
    drawings: int
    undrawn: int
    undrawn_away: int
    untrue_drawings: int
    untrue_longest_ns: int
    guesses: int
    wrong_guesses: int
    rollbacks: int
    deepest_rollback: int
    recomputed_frames: int
    holds: int
    held: int
    held_ns: int
    longest_hold_ns: int
    end_ns: int
    away_frames: int
    catching_up_frames: int
    focus_losses: int
    standstills: int
    longest_standstill_ns: int
    owed_ticks: int
    fast_forwarded_frames: int
    pacing_changes: int
    shortest_period_ns: int
    longest_period_ns: int
    journey: Spread | None
    round_trip: Spread | None
    way_there: Spread | None
    way_back: Spread | None
    received_packets: int
    sent_packets: int
    fault: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole episode in figures. `offset_ns` says how far the right machine's clock is ahead of the left one's."""

    run: str
    episode: int
    frames: int
    confirmed_frames: int
    is_equal: bool
    difference: str
    difference_frame: int
    offset_ns: int | None
    offset_uncertainty_ns: int | None
    drift_ppb: int | None
    drift_error_ppb: int | None
    seats: dict[str, SeatSummary]

    def to_json(self) -> dict[str, object]:
        """The same as plain values; a spread becomes a map."""
        plain = asdict(self)
        for seat in plain["seats"].values():
            seat |= {name: value._asdict() for name, value in seat.items() if isinstance(value, Spread)}
        return plain


def summarize(inspection: Inspection) -> Summary:
    """Count everything."""
    alignment, difference = inspection.alignment, inspection.difference
    return Summary(
        inspection.terms.run,
        inspection.terms.episode,
        inspection.frames,
        len(inspection.rows),
        inspection.is_equal,
        difference.words() if difference else "",
        difference.frame if difference else -1,
        alignment.offset_ns if alignment else None,
        alignment.uncertainty_ns if alignment else None,
        alignment.drift_ppb if alignment else None,
        alignment.drift_error_ppb if alignment else None,
        {seat.word: _seat_summary(inspection, table) for seat, table in inspection.seats.items()},
    )


def _seat_summary(inspection: Inspection, table: SeatTable) -> SeatSummary:
    ending, ticks, drawings = table.ending, table.ticks, table.drawings
    flags = [row.inputs[table.seat].flags for row in inspection.rows]
    guesses = [note.guess for note in table.frames if note is not None and note.guess]
    window = [hold for hold in table.holds if hold.why == "window"]
    periods = [mark.integer("period_ns") for mark in table.marks if mark.kind == "pacing"]
    undrawn, undrawn_away = _undrawn(inspection, table, flags)
    ways = [one_way(trip, table.seat, inspection.alignment) for trip in table.trips if inspection.alignment is not None]
    return SeatSummary(
        participant=inspection.terms.players[table.seat].participant,
        ended=str(ending.get("reason", "no ending")),
        rows=_int(ending.get("rows", -1)),
        agreement=str(ending.get("agreement", "")),
        dropped_frames=_int(ending.get("dropped_frames", 0)),
        ticks=len(ticks),
        late=spread(wake_up_lateness(table)),
        flip=spread([tick.flip_ns - tick.deadline_ns for tick in ticks if tick.flip_ns >= 0]),
        drawings=len(drawings),
        undrawn=undrawn,
        undrawn_away=undrawn_away,
        untrue_drawings=sum(drawing.truth == "untrue" for drawing in drawings),
        untrue_longest_ns=_longest([d.until_ns - d.flip_ns for d in drawings if d.truth == "untrue"]),
        guesses=len(guesses),
        wrong_guesses=guesses.count("wrong"),
        rollbacks=len(table.rollbacks),
        deepest_rollback=_longest([rollback.frames for rollback in table.rollbacks]),
        recomputed_frames=sum(rollback.frames for rollback in table.rollbacks),
        holds=len(window),
        held=sum(hold.ticks for hold in window),
        held_ns=sum(hold.end_ns - hold.start_ns for hold in window),
        longest_hold_ns=_longest([hold.end_ns - hold.start_ns for hold in window]),
        end_ns=sum(hold.end_ns - hold.start_ns for hold in table.holds if hold.why == "end"),
        away_frames=sum(flag & AWAY != 0 for flag in flags),
        catching_up_frames=sum(flag & CATCHING_UP != 0 for flag in flags),
        focus_losses=sum(mark.kind == "focus" and not mark.values["focused"] for mark in table.marks),
        standstills=len(table.standstills),
        longest_standstill_ns=_longest([still.end_ns - still.start_ns for still in table.standstills]),
        owed_ticks=_sum(table, "wake", "owed_ticks"),
        fast_forwarded_frames=_sum(table, "view", "frames"),
        pacing_changes=len(periods),
        shortest_period_ns=min(periods, default=0),
        longest_period_ns=max(periods, default=0),
        journey=spread([note.journey_ns for note in table.frames if note is not None and note.journey_ns >= 0]),
        round_trip=spread([trip.round_trip for trip in table.trips]),
        way_there=spread([way.there for way in ways]),
        way_back=spread([way.back for way in ways]),
        received_packets=sum(max(0, tick.received_packets) for tick in ticks),
        sent_packets=sum(max(0, tick.sent_packets) for tick in ticks),
        fault="" if table.record.local.fault is None else str(table.record.local.fault),
    )


def wake_up_lateness(table: SeatTable) -> list[int]:
    """How late each wake-up for a tick was: once for a batch, and not for a tick that only a packet let go."""
    wakes = {(tick.deadline_ns, tick.start_ns): tick.late_ns for tick in table.ticks if not tick.is_retry}
    return list(wakes.values())


def _undrawn(inspection: Inspection, table: SeatTable, flags: Sequence[int]) -> tuple[int, int]:
    """Ticks that computed a frame and were in no picture: while there, and while away (which is drawn seldom)."""
    delay = inspection.terms.terms.delay_frames
    here = away = 0
    for tick in table.ticks:
        if not tick.held and tick.flip_ns < 0:
            sampled = tick.target + delay
            is_away = sampled < len(flags) and flags[sampled] & AWAY != 0
            away, here = away + is_away, here + (not is_away)
    return here, away


def _longest(values: Sequence[int]) -> int:
    return max(values, default=0)


def _sum(table: SeatTable, kind: str, column: str) -> int:
    return sum(mark.integer(column) for mark in table.marks if mark.kind == kind)


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value


class Line(NamedTuple):
    """One line of the summary table: what it is, each seat's figure, and whether it opens a group of lines."""

    name: str
    figures: dict[Seat, str]
    opens_group: bool


NOTHING: Final = "-"


def summary_lines(summary: Summary) -> list[Line]:
    """The figures as text, in the order in which one asks for them."""
    columns = {Seat[word.upper()]: _texts(seat) for word, seat in summary.seats.items()}
    names = list(next(iter(columns.values())))
    return [
        Line(name.removeprefix("*"), {seat: texts[name] for seat, texts in columns.items()}, name.startswith("*"))
        for name in names
    ]


def _texts(seat: SeatSummary) -> dict[str, str]:
    share = f" ({100 * seat.wrong_guesses / seat.guesses:.0f} % wrong)" if seat.guesses else ""
    periods = f"{ms(seat.shortest_period_ns)} to {ms(seat.longest_period_ns)}" if seat.pacing_changes else NOTHING
    return {
        "ended": f"{seat.ended}, {seat.rows} frames, {seat.agreement or 'no agreement'}",
        "predicted frames dropped at the end": str(seat.dropped_frames),
        "*late ticks: p50 / p99 / max": spread_text(seat.late),
        "flip after the deadline: p50 / p99 / max": spread_text(seat.flip),
        "pictures; ticks without one (here, away)": f"{seat.drawings}; {seat.undrawn}, {seat.undrawn_away}",
        "pictures of what did not happen": _counted(seat.untrue_drawings, seat.untrue_longest_ns),
        "*guessed frames": f"{seat.guesses}{share}",
        "rollbacks; deepest; frames computed again": (
            f"{seat.rollbacks}; {seat.deepest_rollback}; {seat.recomputed_frames}"
        ),
        "holds of the full window": _counted(seat.holds, seat.longest_hold_ns),
        "ticks held so, time": f"{seat.held}, {ms(seat.held_ns)}",
        "wait at the end": ms(seat.end_ns),
        "*round trip: p50 / p99 / max": spread_text(seat.round_trip),
        "a probe's way there, back: p50": " / ".join(_p50(way) for way in (seat.way_there, seat.way_back)),
        "partner's inputs on their way: p50 / p99 / max": spread_text(seat.journey),
        "packets received / sent": f"{seat.received_packets} / {seat.sent_packets}",
        "pacing changes; periods": f"{seat.pacing_changes}; {periods}",
        "*away frames / catching up": f"{seat.away_frames} / {seat.catching_up_frames}",
        "times without focus": str(seat.focus_losses),
        "standstills": _counted(seat.standstills, seat.longest_standstill_ns),
        "ticks owed and played": str(seat.owed_ticks),
        "frames shown in fast-forward": str(seat.fast_forwarded_frames),
    }


def _counted(count: int, longest: int) -> str:
    return f"{count}, longest {ms(longest)}" if count else "0"


def _p50(times: Spread | None) -> str:
    return NOTHING if times is None else ms(times.p50)


def spread_text(times: Spread | None) -> str:
    """Median, 99th percentile and largest."""
    return NOTHING if times is None else " / ".join(ms(time) for time in times[1:])


def ms(time_ns: int) -> str:
    """A time as people read it: two or three digits, in ms or s."""
    if abs(time_ns) >= SECOND:
        return f"{time_ns / SECOND:.2f} s"
    if abs(time_ns) >= 10 * MILLISECOND:
        return f"{time_ns / MILLISECOND:.0f} ms"
    return f"{time_ns / MILLISECOND:.2f} ms"


def clock_text(summary: Summary) -> str:
    """What the probes say of the two clocks, in one sentence."""
    if summary.offset_ns is None or summary.offset_uncertainty_ns is None:
        return "no probe was noted, so the two clocks are not aligned"
    ahead = "ahead of" if summary.offset_ns >= 0 else "behind"
    text = f"right's clock is {ms(abs(summary.offset_ns))} {ahead} left's (± {ms(summary.offset_uncertainty_ns)})"
    if summary.drift_error_ppb is None or summary.drift_error_ppb < 0:
        return f"{text}; too short to tell a drift"
    drift, error = (summary.drift_ppb or 0) / 1000, summary.drift_error_ppb / 1000
    return f"{text}, drift {drift:+.2f} ppm (± {error:.2f})" if drift else f"{text}; no drift (± {error:.2f} ppm)"
