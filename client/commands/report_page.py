"""A report as one page of HTML that needs nothing but a browser: no script, no network, no other file.

No time of its making and no path of this machine stands in it: equal files give an equal page.
"""

from collections.abc import Iterator, Sequence
from html import escape
from importlib import metadata, resources
from typing import Final

from client.commands import report_tables as tables
from client.commands.report_figures import figure_html, session_figures
from client.commands.report_study import study_figures
from client.commands.report_tables import began_text, is_received, session_name
from client.commands.slots import fill_slots
from data.findings import Answer
from data.reporting.exclusions import ALWAYS
from data.reporting.reporting import EpisodeReport, Session, StudyReport
from games.contract import Seat

MARK: Final = '<meta name="generator" content="dyadgrid report">'
"""What a page of ours is known by before it is replaced; it stands in its first lines."""
MOST_SESSIONS: Final = 100
"""Sessions that are shown one by one: a page of some 10 MB. Of more, each has its line, and figures over all."""
MOST_POINTS: Final = 40
"""Lines of what needs attention: more than that is read in the tables."""


def page(report: StudyReport) -> str:
    """The whole page. Text from files is escaped wherever it stands."""
    single = len(report.sessions) == 1
    return fill_slots(
        resources.files("client").joinpath("pages", "report.html").read_text(encoding="utf-8"),
        {
            "mark": MARK,
            "style": resources.files("client").joinpath("pages", "report.css").read_text(encoding="utf-8"),
            "title": escape(title_of(report)),
            "facts": _items(_facts(report)),
            "attention": _attention(report),
            "overview": "" if single else _overview(report),
            "sessions": "".join(_sessions(report)),
            "limits": tables.limits_table(report.limits) + _list(ALWAYS),
            "records": tables.records_table(report),
            "version": escape(metadata.version("dyadgrid")),
        },
    )


def title_of(report: StudyReport) -> str:
    """What the page is about."""
    studies = sorted({session.study for session in report.sessions})
    if len(report.sessions) == 1:
        return f"Study {studies[0]}, {session_name(report.sessions[0])}"
    if len(studies) == 1:
        return f"Study {studies[0]}"
    return f"Studies {', '.join(studies)}"


def _items(texts: Sequence[str]) -> str:
    return "".join(f"<li>{escape(text)}</li>" for text in texts)


def _list(texts: Sequence[str], kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f"<ul{style}>{_items(texts)}</ul>" if texts else ""


def counted(count: int, word: str) -> str:
    """So many of something."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _facts(report: StudyReport) -> list[str]:
    episodes = report.episodes
    dyads = {(session.study, session.dyad) for session in report.sessions}
    minutes = sum(map(tables.seconds_of, episodes)) / 60
    games = sorted({f"{each.finding.terms.terms.game} {each.finding.terms.terms.game_version}" for each in episodes})
    facts = [counted(len(episodes), "episode"), f"{minutes:.1f} min of play", f"game {', '.join(games)}"]
    if len(report.sessions) == 1:
        return [*_session_facts(report.sessions[0]), *facts[:2]]
    return [counted(len(dyads), "dyad"), counted(len(report.sessions), "session"), *facts]


# --- what needs attention ---------------------------------------------------------------------------------------------


def _attention(report: StudyReport) -> str:
    points = attention_points(report)
    remarkable = sum(bool(episode.suggestions) for episode in report.episodes)
    total = counted(len(report.episodes), "episode")
    told = f"{remarkable:,} of {total} remarkable: see the reasons." if remarkable else f"{total}: none is remarkable."
    if not points:
        words = "Every record is good, the same on both seats, and received."
        return f'<div class="verdict good"><p><b>✓ {words}</b> {told}</p></div>'
    more = [f"and {len(points) - MOST_POINTS:,} more: see the tables"] if len(points) > MOST_POINTS else []
    head = f"<p><b>✗ {counted(len(points), 'point')} for somebody to look at.</b> {told}</p>"
    return f'<div class="verdict bad">{head}{_list([*points[:MOST_POINTS], *more])}</div>'


def attention_points(report: StudyReport) -> tuple[str, ...]:
    """What somebody has to do something about, the worst first. No path of this machine."""
    return tuple(_points(report))


def _points(report: StudyReport) -> Iterator[str]:
    episodes = sorted(report.episodes, key=lambda episode: -episode.finding.answer.severity)
    for episode in episodes:
        if episode.finding.answer is not Answer.GOOD:
            yield f"{_name(episode)}: {episode.finding.answer.value}{_why(episode)}"
    for episode in report.episodes:
        yield from (f"{_name(episode)}: {words}" for words in episode.words if episode.play is not None)
    yield from (f"{stray.path.name}: {stray.answer.value}: {stray.words}" for stray in report.strays)
    yield from (gap.words() for gap in report.gaps)
    for episode in report.episodes:
        if not is_received(episode):
            places = "; ".join(each.words() for each in episode.deliveries if not each.is_received)
            yield f"{_name(episode)}: not received: {places or 'its files are not named as ours are'}"


def _name(episode: EpisodeReport) -> str:
    rules = episode.finding.terms.terms
    return f"dyad {rules.dyad}, session {rules.session}, episode {tables.episode_number(episode)}"


def _why(episode: EpisodeReport) -> str:
    """What is wrong in an episode, and no path of this machine."""
    finding = episode.finding
    words = [finding.difference.words()] if finding.difference is not None else []
    words += [f"{file.path.name}: {file.words}" for file in finding.files if file.answer is not Answer.GOOD]
    return f" ({'; '.join(words)})" if words else ""


# --- sessions ---------------------------------------------------------------------------------------------------------


def _overview(report: StudyReport) -> str:
    figures = "".join(figure_html(figure, str(at)) for at, figure in enumerate(study_figures(report), start=1))
    return f"<section><h2>Sessions</h2>{tables.sessions_table(report)}{figures}</section>"


def _sessions(report: StudyReport) -> Iterator[str]:
    sessions = report.sessions
    if len(sessions) > MOST_SESSIONS:
        words = (
            f"More than {MOST_SESSIONS} sessions are not shown one by one. A report of a dyad's folder shows its own."
        )
        yield f"<section><p>{words}</p></section>"
        return
    for number, session in enumerate(sessions, start=1):
        yield _session(session, report, "" if len(sessions) == 1 else f"{number}.")


def _session(session: Session, report: StudyReport, prefix: str) -> str:
    figures = enumerate(session_figures(session), start=1)
    reasons = tables.reasons_table(session)
    lives = tables.lives_table(session, report.limits)
    name = session_name(session).capitalize()
    parts = [
        f'<h2>{escape(f"{prefix} {name}")}</h2><ul class="facts">{_items(_session_facts(session))}</ul>'
        if prefix
        else "",
        "<h3>Episodes</h3>",
        tables.episodes_table(session),
        "<h3>Suggested exclusions</h3>",
        reasons or "<p>None: no episode is over a limit.</p>",
        "<h3>How each machine lived them</h3>" if lives else "",
        lives,
        *(figure_html(figure, f"{prefix}{at}") for at, figure in figures),
    ]
    return f"<section>{''.join(parts)}</section>"


def _session_facts(session: Session) -> list[str]:
    terms = session.episodes[0].finding.terms
    rules = terms.terms
    began = [episode.life.began_ns for episode in session.episodes if episode.life is not None]
    window = f"input delay {rules.delay_frames}, window {rules.window_frames} frames"
    facts = [began_text(min(began))] if began else []
    facts += [
        f"{seat.word} {player.participant} ({player.kind})" for seat, player in zip(Seat, terms.players, strict=True)
    ]
    return [*facts, f"{rules.game} {rules.game_version} at {rules.tick_rate} Hz", window, f"run {session.run}"]
