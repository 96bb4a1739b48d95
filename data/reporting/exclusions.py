"""Which episodes somebody should think about leaving out, and why: limits with names. A suggestion, never a decision.

Pure: figures in, reasons out. Nothing is left out of any file or table because of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final, NamedTuple

from data.findings import Answer, EpisodeFinding, Pairing
from data.inspection.summary import SeatSummary
from data.reporting.life import Life
from data.reporting.play import Play
from games.contract import Seat
from netcode.limits import MILLISECOND


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Up to which figure an episode is not remarkable. Each is printed in the report, with `MEANINGS`."""

    away_percent: float = 5.0
    held_percent: float = 2.0
    round_trip_ms: float = 50.0
    late_ms: float = 10.0
    untrue_percent: float = 5.0


MEANINGS: Final = {
    "away_percent": "share of an episode's frames in which a seat was away",
    "held_percent": "share of a seat's ticks that were held, because the partner's inputs were missing",
    "round_trip_ms": "median round trip of a seat's probes, in ms",
    "late_ms": "99th percentile of how late a seat's ticks began, in ms",
    "untrue_percent": "share of a seat's pictures that showed what did not happen (a guess that was taken back later)",
}
"""What each threshold is a limit of, in words."""

ALWAYS: Final = (
    "an episode that did not finish by the game's own rule (aborted, cut, recovered, diverged)",
    "an answer of verify other than good",
    "records of the two seats that are not both here and equal",
    "an episode without the notes of both machines: lateness, round trips and pictures cannot be judged",
)
"""What is named without a limit."""


class Suggestion(NamedTuple):
    """A reason to leave an episode out: the rule's name, and what it was in this episode."""

    rule: str
    words: str


def threshold_lines(limits: Thresholds) -> list[tuple[str, float, str]]:
    """Each limit: its name, its value, what it means."""
    return [(field.name, getattr(limits, field.name), MEANINGS[field.name]) for field in fields(limits)]


def suggestions(
    finding: EpisodeFinding, play: Play | None, life: Life | None, limits: Thresholds
) -> tuple[Suggestion, ...]:
    """Why somebody should think about leaving this episode out; nothing if nothing speaks against it."""
    return (*_record_reasons(finding), *_play_reasons(play, limits), *_life_reasons(life, limits))


def _record_reasons(finding: EpisodeFinding) -> Iterator[Suggestion]:
    if finding.reason != "finished":
        causes = {file.end.cause for file in finding.files if file.end is not None and file.end.cause}
        cause = f" ({', '.join(sorted(causes))})" if causes else ""
        how = f"{finding.reason or 'no end'}{cause}"
        yield Suggestion("ended", f"{how} after {finding.rows} frames")
    if finding.answer is not Answer.GOOD:
        yield Suggestion("verify", finding.answer.value)
    if finding.pairing is not Pairing.EQUAL:
        yield Suggestion("records", _PAIRINGS[finding.pairing])


_PAIRINGS: Final = {
    Pairing.PREFIX: "one seat's record is only the beginning of the other's",
    Pairing.ONE_SEAT: "only one seat's record is here",
    Pairing.DIVERGED: "the seats' records contradict each other",
}


def _play_reasons(play: Play | None, limits: Thresholds) -> Iterator[Suggestion]:
    if play is None or not play.frames:
        return
    for seat in Seat:
        away = 100 * play.away_frames[seat] / play.frames
        if away > limits.away_percent:
            yield Suggestion("away_percent", f"{seat.word} was away in {away:.1f} % of the frames")


def _life_reasons(life: Life | None, limits: Thresholds) -> Iterator[Suggestion]:
    noted = {} if life is None else life.summary.seats
    missing = [seat.word for seat in Seat if seat.word not in noted]
    if missing:
        yield Suggestion("notes", f"no notes of the {' and the '.join(missing)} machine")
    for word, seat in noted.items():
        yield from _seat_reasons(word, seat, limits)


def _seat_reasons(word: str, seat: SeatSummary, limits: Thresholds) -> Iterator[Suggestion]:
    held, untrue = held_percent(seat), untrue_percent(seat)
    if held > limits.held_percent:
        yield Suggestion("held_percent", f"{word} was held in {held:.1f} % of its ticks")
    if seat.round_trip is not None and seat.round_trip.p50 > limits.round_trip_ms * MILLISECOND:
        yield Suggestion("round_trip_ms", f"{word}'s median round trip was {seat.round_trip.p50 / MILLISECOND:.1f} ms")
    if seat.late is not None and seat.late.p99 > limits.late_ms * MILLISECOND:
        yield Suggestion(
            "late_ms", f"a hundredth of {word}'s ticks was {seat.late.p99 / MILLISECOND:.1f} ms late or more"
        )
    if untrue > limits.untrue_percent:
        yield Suggestion("untrue_percent", f"{untrue:.1f} % of {word}'s pictures showed what did not happen")


def held_percent(seat: SeatSummary) -> float:
    """The share of a seat's ticks that the full window held."""
    return 100 * seat.held / seat.ticks if seat.ticks else 0.0


def untrue_percent(seat: SeatSummary) -> float:
    """The share of a seat's pictures that showed what did not happen."""
    return 100 * seat.untrue_drawings / seat.drawings if seat.drawings else 0.0
