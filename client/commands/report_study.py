"""The figures over all sessions of a report: scores, where they were, and what the limits are about. No page."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from client.commands import report_plots as plots
from client.commands.report_figures import COLOURS, Figure, heat_figure
from client.commands.report_plots import BOTH, Axis, Chart, Key, axis_to, panel_row
from data.inspection.summary import SeatSummary
from data.reporting.exclusions import Thresholds, held_percent, untrue_percent
from data.reporting.play import Play
from data.reporting.reporting import EpisodeReport, StudyReport
from games.contract import Seat
from netcode.limits import MILLISECOND

_WIDE: Final = (980.0, 200.0)
_STEP: Final = 0.22
"""How far the seats stand beside the place of their session."""


class Placed(NamedTuple):
    """An episode and the number of its session, from 1."""

    number: int
    episode: EpisodeReport


def study_figures(report: StudyReport) -> list[Figure]:
    """Every figure over all sessions that the data allow."""
    placed = [Placed(at, each) for at, session in enumerate(report.sessions, start=1) for each in session.episodes]
    plays = [each.episode.play for each in placed if each.episode.play is not None and each.episode.play.frames]
    sessions = _session_axis(len(report.sessions))
    made = [_scores(placed, sessions)] if plays else []
    made += list(_positions(placed, plays))
    if any(each.episode.life is not None for each in placed):
        made.append(_quality(placed, sessions, report.limits))
    return made


def _session_axis(sessions: int) -> Axis:
    numbers = range(1, sessions + 1)
    return Axis("session (no. of the table)", 0.5, sessions + 0.5, ticks=plots.whole_ticks(numbers))


def _scores(placed: Sequence[Placed], sessions: Axis) -> Figure:
    points = [
        (each.number, curve) for each in placed if each.episode.play is not None for curve in each.episode.play.curves
    ]
    unit = points[0][1].unit
    chart = Chart(sessions, axis_to(f"score at the end ({unit})", [curve.last for _, curve in points]), *_WIDE)
    for number, curve in points:
        if curve.seat is None:
            chart.cross(number, curve.last, BOTH)
        else:
            chart.dot(number + (curve.seat - 0.5) * 2 * _STEP, curve.last, COLOURS[curve.seat], faint=True)
    names = dict.fromkeys((curve.name, curve.seat) for _, curve in points)
    keys = [
        Key("cross", BOTH, name) if seat is None else Key("dot", COLOURS[seat], name.replace("_", " "))
        for name, seat in names
    ]
    caption = "Each mark is one episode: its last confirmed score, also of episodes that did not finish."
    return Figure("Scores by session", chart.svg() + plots.legend(keys), caption)


def _positions(placed: Sequence[Placed], plays: Sequence[Play]) -> Iterator[Figure]:
    """One map per seat, if all sessions play one game: boards of different games are not one board."""
    games = {each.episode.finding.terms.terms.game for each in placed}
    if len(games) == 1 and plays:
        yield heat_figure([play.positions for play in plays], "of all sessions")


class _Metric(NamedTuple):
    """One panel: its name in the limits, its axis, and a seat's figure."""

    limit: str
    label: str
    figure: Callable[[EpisodeReport, SeatSummary], float | None]


def _away(episode: EpisodeReport, seat: SeatSummary) -> float:
    assert episode.life is not None
    return 100 * seat.away_frames / max(1, episode.life.summary.confirmed_frames)


_METRICS: Final = (
    _Metric("away_percent", "away (%)", _away),
    _Metric("held_percent", "held (%)", lambda _, seat: held_percent(seat)),
    _Metric("untrue_percent", "untrue (%)", lambda _, seat: untrue_percent(seat)),
    _Metric("round_trip_ms", "round trip (ms)", lambda _, seat: seat.round_trip and seat.round_trip.p50 / MILLISECOND),
    _Metric("late_ms", "late, p99 (ms)", lambda _, seat: seat.late and seat.late.p99 / MILLISECOND),
)


def _quality(placed: Sequence[Placed], sessions: Axis, limits: Thresholds) -> Figure:
    panels = [_quality_panel(metric, placed, sessions, getattr(limits, metric.limit)) for metric in _METRICS]
    keys = [Key("dot", COLOURS[seat], f"{seat.word} seat") for seat in Seat]
    keys.append(Key("dashed", BOTH, "limit above which an episode is remarkable"))
    caption = (
        "Each dot is one seat in one episode, by the notes of its machine: share of frames away, of ticks held, of "
        "pictures that showed what did not happen, the median round trip, and the 99th percentile of lateness."
    )
    return Figure("What the limits are about", panel_row(*panels) + plots.legend(keys), caption)


def _quality_panel(metric: _Metric, placed: Sequence[Placed], sessions: Axis, limit: float) -> str:
    points = [
        (each.number, seat, value)
        for each in placed
        if each.episode.life is not None
        for seat in Seat
        if (told := each.episode.life.summary.seats.get(seat.word)) is not None
        and (value := metric.figure(each.episode, told)) is not None
    ]
    chart = Chart(sessions, axis_to(metric.label, [limit, *(value for *_, value in points)]), 480, 170)
    chart.line([(sessions.low, limit), (sessions.high, limit)], BOTH, width=1, dash="5 3")
    for number, seat, value in points:
        chart.dot(number + (seat - 0.5) * 2 * _STEP, value, COLOURS[seat], faint=True)
    return chart.svg()
