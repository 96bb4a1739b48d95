"""An inspection in figures: one column per seat, as values, as JSON and as lines of text. No file and no terminal."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, NamedTuple

from data.inspection.clocks import one_way
from data.inspection.inspection import Inspection, SeatTable, difference_words
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
    made_drawings: int | None
    dropped_drawings: int | None
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
        difference_words(difference) if difference else "",
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
    counted = dict(table.record.local.stats)
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
        made_drawings=counted.get("drawings"),
        dropped_drawings=counted.get("dropped_drawings"),
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
    """One line of the summary: its group, what it is, and each seat's figure."""

    group: str
    name: str
    figures: dict[Seat, str]


NOTHING: Final = "-"
DIGITS_FROM: Final = 10
"""From so many ms on, nobody asks for hundredths."""
_SPREADS: Final = "p50 / p99 / max"


def summary_lines(summary: Summary) -> list[Line]:
    """The figures as text, in the order in which one asks for them."""
    told = {Seat[word.upper()]: _texts(seat) for word, seat in summary.seats.items()}
    names = next(iter(told.values()))
    return [Line(group, name, {seat: texts[group, name] for seat, texts in told.items()}) for group, name in names]


def _texts(seat: SeatSummary) -> dict[tuple[str, str], str]:
    """One seat's figures by group and name."""
    groups = {
        "end": {
            "ended": f"{seat.ended}, {seat.rows} frames",
            "agreement": seat.agreement or NOTHING,
            "predicted frames dropped": str(seat.dropped_frames),
            "wait at the end": ms(seat.end_ns),
        },
        f"timing, {_SPREADS}": {
            "ticks late": spread_text(seat.late),
            "flips after the deadline": spread_text(seat.flip),
            "pictures": str(seat.drawings),
            "drawings, and dropped ones": _drawn_text(seat),
            "ticks without: here, away": f"{seat.undrawn}, {seat.undrawn_away}",
            "of what did not happen": _counted(seat.untrue_drawings, seat.untrue_longest_ns),
        },
        "prediction": {
            "guessed frames": _share_text(seat.guesses, seat.wrong_guesses),
            "rollbacks": f"{seat.rollbacks}, deepest {seat.deepest_rollback}" if seat.rollbacks else "0",
            "frames computed again": str(seat.recomputed_frames),
            "holds of the full window": _counted(seat.holds, seat.longest_hold_ns),
            "ticks held so": f"{seat.held}, {ms(seat.held_ns)}" if seat.held else "0",
        },
        f"network, {_SPREADS}": {
            "round trip": spread_text(seat.round_trip),
            "one way there, back": f"{_p50(seat.way_there)}, {_p50(seat.way_back)}",
            "partner's inputs": spread_text(seat.journey),
            "packets in, out": f"{seat.received_packets}, {seat.sent_packets}",
            "pacing changes": _pacing_text(seat),
        },
        "absence": {
            "frames away, catching up": f"{seat.away_frames}, {seat.catching_up_frames}",
            "losses of focus": str(seat.focus_losses),
            "standstills": _counted(seat.standstills, seat.longest_standstill_ns),
            "ticks owed and played": str(seat.owed_ticks),
            "frames fast-forwarded": str(seat.fast_forwarded_frames),
        },
    }
    return {(group, name): text for group, lines in groups.items() for name, text in lines.items()}


def _drawn_text(seat: SeatSummary) -> str:
    """What the window counted; nothing in a record from before it did, or of a program that crashed."""
    return NOTHING if seat.made_drawings is None else f"{seat.made_drawings}, {seat.dropped_drawings or 0}"


def _share_text(count: int, wrong: int) -> str:
    return f"{count}, {100 * wrong / count:.0f} % wrong" if count else "0"


def _pacing_text(seat: SeatSummary) -> str:
    if not seat.pacing_changes:
        return "0"
    shortest, longest = (period / MILLISECOND for period in (seat.shortest_period_ns, seat.longest_period_ns))
    return f"{seat.pacing_changes}, {shortest:.2f} to {longest:.2f} ms"


def _counted(count: int, longest: int) -> str:
    return f"{count}, longest {ms(longest)}" if count else "0"


def _p50(times: Spread | None) -> str:
    return NOTHING if times is None else ms(times.p50)


def spread_text(times: Spread | None) -> str:
    """Median, 99th percentile and largest, all in ms."""
    return NOTHING if times is None else f"{' / '.join(map(in_ms, times[1:]))} ms"


def in_ms(time_ns: int) -> str:
    """A time in ms without its unit."""
    value = time_ns / MILLISECOND
    return f"{value:.2f}" if abs(value) < DIGITS_FROM else f"{value:.0f}"


def ms(time_ns: int) -> str:
    """A time as people read it: two or three digits, in ms or s."""
    if abs(time_ns) >= SECOND:
        return f"{time_ns / SECOND:.2f} s"
    return f"{in_ms(time_ns)} ms"


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
