"""The tables of a report: its sessions, a session's episodes and how both machines lived them, reasons, records."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final, NamedTuple

from data.findings import Answer, Pairing
from data.inspection.summary import SeatSummary, in_ms
from data.reporting.exclusions import Thresholds, held_percent, threshold_lines, untrue_percent
from data.reporting.reporting import EpisodeReport, Session, StudyReport
from games.contract import Seat
from netcode.limits import MILLISECOND, SECOND

NOTHING: Final = "–"  # noqa: RUF001 - what stands in an empty cell, as in print
MOST_RECORDS: Final = 4000
"""Lines of the list of records: two of each of 2,000 episodes, and less than a megabyte of the page."""
_SHORT_HASH_DIGITS: Final = 12


class Cell(NamedTuple):
    """One cell: its text, whether it is a number, and whether it is over a limit or otherwise not as it should be."""

    text: str
    is_number: bool = False
    is_over: bool = False

    def html(self) -> str:
        """The cell; what is over a limit is bold and has a mark, so that it is seen without colours too."""
        kinds = [word for word, holds in (("n", self.is_number), ("over", self.is_over)) if holds]
        style = f' class="{" ".join(kinds)}"' if kinds else ""
        return f"<td{style}>{escape(self.text)}</td>"


def _number(text: str, *, is_over: bool = False) -> Cell:
    return Cell(text, True, is_over)


def table(heads: Sequence[str], rows: Iterable[Sequence[Cell]], kind: str = "") -> str:
    """A table; an empty one is nothing. A head that begins with `#` stands over numbers."""
    body = "".join(f"<tr>{''.join(cell.html() for cell in row)}</tr>" for row in rows)
    if not body:
        return ""
    head = "".join(
        f'<th class="n">{escape(text[1:])}</th>' if text.startswith("#") else f"<th>{escape(text)}</th>"
        for text in heads
    )
    style = f' class="{kind}"' if kind else ""
    return f'<div class="scroll"><table{style}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


# --- words for figures ------------------------------------------------------------------------------------------------


def began_text(wall_ns: int) -> str:
    """A moment of a machine's own clock, in UTC."""
    return f"{datetime.fromtimestamp(wall_ns // SECOND, UTC):%Y-%m-%d %H:%M} UTC"


def session_name(session: Session) -> str:
    """The session as people call it."""
    return f"dyad {session.dyad}, session {session.session}"


def episode_number(episode: EpisodeReport) -> str:
    """The episode's number as people count, from 1."""
    return str(episode.finding.terms.episode + 1)


def seconds_of(episode: EpisodeReport) -> float:
    """Its length in time of the game."""
    return episode.finding.rows / episode.finding.terms.terms.tick_rate


def _percent(value: float) -> str:
    return f"{value:.1f}"


# --- sessions ---------------------------------------------------------------------------------------------------------

_SESSION_HEADS: Final = (
    *("#no.", "study", "dyad", "session", "run", "began", "#episodes", "#good", "#equal", "#received"),
    "#remarkable",
)


def sessions_table(report: StudyReport) -> str:
    """A line for each session: how many episodes there are, and of how many each good thing can be said."""
    return table(_SESSION_HEADS, (_session_row(at, each) for at, each in enumerate(report.sessions, start=1)))


def _session_row(number: int, session: Session) -> list[Cell]:
    episodes = session.episodes
    total = len(episodes)
    began = min((episode.life.began_ns for episode in episodes if episode.life is not None), default=None)
    good = sum(episode.finding.answer is Answer.GOOD for episode in episodes)
    equal = sum(episode.finding.pairing is Pairing.EQUAL for episode in episodes)
    received = sum(is_received(episode) for episode in episodes)
    remarkable = sum(bool(episode.suggestions) for episode in episodes)
    return [
        _number(str(number)),
        Cell(session.study),
        Cell(session.dyad),
        Cell(session.session),
        Cell(session.run),
        Cell(NOTHING if began is None else began_text(began)),
        _number(str(total)),
        *(_number(str(count), is_over=count < total) for count in (good, equal, received)),
        _number(str(remarkable), is_over=remarkable > 0),
    ]


def is_received(episode: EpisodeReport) -> bool:
    """Whether every place that holds it says that all of it has arrived."""
    return bool(episode.deliveries) and all(delivery.is_received for delivery in episode.deliveries)


# --- episodes ---------------------------------------------------------------------------------------------------------

_EPISODE_HEADS: Final = (
    *("#ep", "began", "#frames", "#length (s)", "ended", "seats agree", "verify", "records", "score", "sha-256"),
    "delivery",
)


def episodes_table(session: Session) -> str:
    """What came of each episode of a session, and where its files are."""
    return table(_EPISODE_HEADS, map(_episode_row, session.episodes))


def _episode_row(episode: EpisodeReport) -> list[Cell]:
    finding = episode.finding
    places = "; ".join(delivery.words() for delivery in episode.deliveries) or NOTHING
    hashes = ", ".join(digest[:_SHORT_HASH_DIGITS] for digest in finding.hashes) or NOTHING
    return [
        _number(episode_number(episode)),
        Cell(NOTHING if episode.life is None else began_text(episode.life.began_ns)),
        _number(str(finding.rows)),
        _number(f"{seconds_of(episode):.1f}"),
        Cell(finding.reason or "no end", is_over=finding.reason != "finished"),
        Cell(_agreement(episode)),
        Cell(finding.answer.value, is_over=finding.answer is not Answer.GOOD),
        Cell(finding.pairing.value, is_over=finding.pairing is not Pairing.EQUAL),
        Cell(_scores(episode)),
        Cell(hashes),
        Cell(places, is_over=not is_received(episode)),
    ]


def _agreement(episode: EpisodeReport) -> str:
    told = [episode.agreements.get(seat, NOTHING) for seat in Seat]
    return told[0] if len(set(told)) == 1 else f"left {told[0]}, right {told[1]}"


def _scores(episode: EpisodeReport) -> str:
    curves = episode.play.curves if episode.play is not None else ()
    return ", ".join(f"{curve.name.replace('_', ' ')} {curve.last}" for curve in curves) or NOTHING


_LIFE_HEADS: Final = (
    *("#ep", "seat", "#away (%)", "#guessed (%)", "#wrong (%)", "#rollbacks", "#deepest", "#held (%)"),
    *("#longest hold (ms)", "#stood still (ms)", "#round trip (ms)", "#late (ms)", "#untrue (%)"),
)


def lives_table(session: Session, limits: Thresholds) -> str:
    """Two lines for each episode: how each seat's machine lived it. What is over a limit is marked."""
    rows = [
        _life_row(episode, seat, limits)
        for episode in session.episodes
        if episode.life is not None
        for seat in Seat
        if seat.word in episode.life.summary.seats
    ]
    return table(_LIFE_HEADS, rows, "lives")


def _life_row(episode: EpisodeReport, seat: Seat, limits: Thresholds) -> list[Cell]:
    assert episode.life is not None
    summary = episode.life.summary
    told, frames = summary.seats[seat.word], max(1, summary.frames)
    away = 100 * told.away_frames / max(1, summary.confirmed_frames)
    return [
        _number(episode_number(episode)),
        Cell(seat.word),
        _number(_percent(away), is_over=away > limits.away_percent),
        _number(_percent(100 * told.guesses / frames)),
        _number(_percent(100 * told.wrong_guesses / frames)),
        _number(str(told.rollbacks)),
        _number(str(told.deepest_rollback)),
        _number(_percent(held_percent(told)), is_over=held_percent(told) > limits.held_percent),
        _number(in_ms(told.longest_hold_ns) if told.holds else NOTHING),
        _number(in_ms(told.longest_standstill_ns) if told.standstills else NOTHING),
        _time_cell(told, lambda side: side.round_trip and side.round_trip.p50, limits.round_trip_ms),
        _time_cell(told, lambda side: side.late and side.late.p99, limits.late_ms),
        _number(_percent(untrue_percent(told)), is_over=untrue_percent(told) > limits.untrue_percent),
    ]


def _time_cell(told: SeatSummary, figure: Callable[[SeatSummary], int | None], limit_ms: float) -> Cell:
    value = figure(told)
    return _number(NOTHING) if value is None else _number(in_ms(value), is_over=value > limit_ms * MILLISECOND)


# --- reasons, limits, records -----------------------------------------------------------------------------------------


def reasons_table(session: Session) -> str:
    """Every episode that somebody should think about leaving out, and all its reasons."""
    rows = [
        [_number(episode_number(episode)), Cell("; ".join(each.words for each in episode.suggestions))]
        for episode in session.episodes
        if episode.suggestions
    ]
    return table(("#ep", "reasons to think about leaving it out"), rows)


def limits_table(limits: Thresholds) -> str:
    """The limits of the suggestions."""
    lines = threshold_lines(limits)
    return table(("name", "#limit", "of what"), ([Cell(n), _number(f"{limit:g}"), Cell(of)] for n, limit, of in lines))


def records_table(report: StudyReport) -> str:
    """Every canonical file with its whole hash: which bytes this page speaks of."""
    files = [file for episode in report.episodes for file in episode.finding.files]
    rows = sorted({(file.path.name, file.sha256 or NOTHING, file.answer.value) for file in files})
    left_out = f"<p>{len(rows) - MOST_RECORDS:,} more are not listed.</p>" if len(rows) > MOST_RECORDS else ""
    cells = ([Cell(text) for text in row] for row in rows[:MOST_RECORDS])
    return table(("record", "sha-256", "verify"), cells, "records") + left_out
