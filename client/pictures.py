"""From a session and a view to the one value that a window draws. It decides words and signs, not pixels."""

from typing import Any, Final

from client.focus import Focus
from client.picture import Phase as Card
from client.picture import Picture
from client.texts import Texts
from client.view import ONE, Shown, View
from games.contract import Scene, Seat
from netcode.episode import Held
from netcode.limits import MILLISECOND, SECOND
from netcode.link import LinkEvent
from netcode.pulse import Tally
from netcode.session import Phase, Session
from netcode.vocabulary import Agreement, Ending, Reason, Terms

_CARDS: Final[dict[Phase, Card]] = {
    Phase.GREETING: "waiting",
    Phase.READYING: "waiting",
    Phase.COUNTDOWN: "countdown",
    Phase.PLAYING: "playing",
    Phase.RESULT: "result",
    Phase.WAITING: "waiting",
    Phase.REFUSED: "refused",
    Phase.FINISHED: "finished",
    Phase.CLOSED: "finished",
}
_TROUBLES: Final[dict[LinkEvent, str]] = {
    LinkEvent.STRANGER_REFUSED: "trouble.stranger",
    LinkEvent.WRONG_KEY: "trouble.wrong_key",
    LinkEvent.NOBODY_LISTENS: "trouble.nobody_listens",
    LinkEvent.NO_ANSWER: "trouble.no_answer",
}
"""What an experimenter can mend, as keys of the text catalogues."""
_BRIEF_READYING: Final = SECOND
"""Between two rounds the partner's word takes some milliseconds: no card for it unless it takes long."""
_LEAST_MISSED: Final = SECOND // 2
"""Nobody feels that they missed less, so no words are made about it; what is shown passes quickly all the same."""


class Pictures:
    """Makes the pictures of one seat's window over a whole session."""

    def __init__(self, session: Session[Any], seat: Seat, title: str, texts: Texts, *, is_person: bool) -> None:
        self._session = session
        self._seat = seat
        self._title = title
        self._texts = texts
        self._tick_ns = SECOND // session.setup.terms.tick_rate
        self._episode_ticks = dict(session.setup.terms.config).get("frames", 0)
        self._is_person = is_person
        self._totals: tuple[int, int, int] | None = None
        self._last: tuple[Scene, Ending] | None = None
        self._rounds_played = 0
        self._drawn: tuple[object, Scene | None] = (None, None)
        self._since: tuple[Phase, int] = (session.phase, 0)
        self.link_event: LinkEvent | None = None
        """What last happened to the connection."""
        self.delivery: tuple[str, ...] = ()
        """What waits for the share, and why."""
        self.shows_details = False
        self.shows_figures = False
        self.shown: Shown | None = None
        """What of the view the last picture shows, while an episode is played."""

    def finished(self, scene: Scene, ending: Ending) -> None:
        """An episode ended on this scene."""
        left, right, common = self._totals or (0, 0, 0)
        self._totals = (left + scene.scores[0], right + scene.scores[1], common + scene.common)
        self._last = (scene, ending)
        self._rounds_played += ending.end.reason is Reason.FINISHED

    def make(self, view: View | None, focus: Focus, tally: Tally, alarms: tuple[str, ...], now: int) -> Picture:
        """The picture of this moment."""
        session = self._session
        phase, setup = session.phase, session.setup
        if self._since[0] is not phase:
            self._since = (phase, now)
        is_playing = phase is Phase.PLAYING
        shown = self.shown = view.shown(now) if view is not None and is_playing else None
        silent = session.silent_for(now)
        is_silent = is_playing and silent >= setup.times.silence_notice
        return Picture(
            phase=self._card(now),
            seat=self._seat,
            now_ns=now,
            scene=self._scene(shown),
            progress=min(1.0, shown.since_ns / self._tick_ns) if shown is not None else 0.0,
            tick_rate=setup.terms.tick_rate,
            episode_ticks=self._episode_ticks,
            round=self._round(),
            rounds=setup.episodes,
            labels=self._labels(),
            session=self._title,
            seconds_to_go=self._seconds_to_go(now),
            totals=self._totals,
            outcome_key=self._outcome(),
            has_played=self._last is not None,
            is_early=self._rounds_played < setup.episodes,
            trouble_key=_TROUBLES.get(self.link_event, "") if self.link_event is not None else "",
            error=session.refusal,
            is_away=is_playing and self._is_person and focus.is_away,
            missed_seconds=_missed_seconds(shown, self._tick_ns),
            travelled=shown.travelled / ONE if shown is not None else 0.0,
            is_partner_away=is_playing and self._partner_is_away(),
            is_holding=is_playing and not is_silent and self.holds(now),
            silent_seconds=silent / SECOND if is_silent else None,
            gives_up_seconds=max(0, setup.times.lost - silent) / SECOND if is_silent else None,
            details=self._details(now) if self.shows_details else None,
            figures=self._figures(tally, now) if self.shows_figures else None,
            alarms=alarms,
        )

    def holds(self, now: int) -> bool:
        """Whether the game has stood still for so long that words are due."""
        episode = self._session.episode
        if episode is None or episode.held is Held.NO or episode.has_reached_end:
            return False
        return now - episode.held_since >= self._session.setup.times.hold_notice

    def _card(self, now: int) -> Card:
        phase = self._session.phase
        if phase is Phase.CLOSED and self._session.refusal:
            return "refused"
        if phase is Phase.READYING and self._last is not None and now - self._since[1] < _BRIEF_READYING:
            return "result"
        return _CARDS[phase]

    def _scene(self, shown: Shown | None) -> Scene | None:
        session = self._session
        if shown is not None:
            if shown.state is not self._drawn[0]:  # states are values: the same one looks the same
                self._drawn = (shown.state, session.setup.game.scene(shown.state, self._seat))
            return self._drawn[1]
        if session.phase in (Phase.COUNTDOWN, Phase.PLAYING) and session.episode is not None:
            return session.setup.game.scene(session.episode.timeline.head, self._seat)
        return self._last[0] if self._last is not None else None

    def _round(self) -> int:
        episode = self._session.episode
        return 1 if episode is None else episode.terms.episode + 1

    def _labels(self) -> tuple[str, str]:
        own = self._session.setup.player.participant
        partner = self._session.partner
        other = partner.participant if partner is not None else ""
        return (own, other) if self._seat is Seat.LEFT else (other, own)

    def _seconds_to_go(self, now: int) -> float | None:
        session = self._session
        if session.phase is Phase.COUNTDOWN:
            return session.countdown_left(now) / SECOND
        if session.phase is Phase.RESULT:
            return max(0, session.setup.times.result - (now - self._since[1])) / SECOND
        return None

    def _partner_is_away(self) -> bool:
        episode = self._session.episode
        return episode is not None and episode.partner_is_away

    def _outcome(self) -> str:
        """How the last round ended, as a key of the text catalogues; empty if it was simply over."""
        if self._last is None or self._session.phase in (Phase.COUNTDOWN, Phase.PLAYING):
            return "outcome.partner_left" if self._session.partner_left else ""
        ending = self._last[1]
        end = ending.end
        match end.reason:
            case Reason.DIVERGED:
                return "outcome.diverged"
            case Reason.CUT:
                return "outcome.left" if ending.agreement is Agreement.LEFT else "outcome.cut"
            case Reason.ABORTED if len(end.seats) == 1:
                return "outcome.aborted_own" if end.seats[0] == self._seat else "outcome.aborted_partner"
            case Reason.ABORTED:
                return "outcome.aborted"
        return "outcome.away_limit" if end.cause == "away_limit" else ""

    def _details(self, now: int) -> tuple[str, ...]:
        session, texts = self._session, self._texts
        silent_ms = session.silent_for(now) // MILLISECOND
        lines = [
            *session_lines(texts, session.setup.terms, self._seat, session.run),
            texts("details.phase", phase=texts(f"phase.{session.phase.value}"), ms=silent_ms),
        ]
        if self.link_event is not None:
            lines.append(texts("details.connection", event=texts(f"link.{self.link_event.name.lower()}")))
        if session.rejected:
            lines.append(texts("details.rejected", count=session.rejected, words=session.last_rejection))
        lines += self.delivery
        return tuple(lines)

    def _figures(self, tally: Tally, now: int) -> tuple[tuple[str, str], ...]:
        session = self._session
        episode = session.episode
        if episode is None:
            return (("figure.phase", self._texts(f"phase.{session.phase.value}")),)
        return (
            ("figure.frame", str(episode.frame)),
            ("figure.confirmed", str(episode.timeline.confirmed_count)),
            ("figure.ahead", f"{episode.pacing.own_estimate(episode.frame, now) / 1000:+.1f}"),
            ("figure.round_trip", f"{session.round_trips.smoothed / MILLISECOND:.1f} ms"),
            ("figure.rollbacks", f"{tally.rollbacks} ({tally.max_rollback_frames})"),
            ("figure.holds", f"{tally.holds} ({tally.held_ticks})"),
        )


def session_lines(texts: Texts, terms: Terms, seat: Seat, run: str) -> tuple[str, ...]:
    """What an RA compares between two machines: which session, which seat, which game."""
    return (
        texts("details.session", study=terms.study, dyad=terms.dyad, session=terms.session),
        texts(f"details.seat.{seat.word}", run=run or texts("details.no_run")),
        texts("details.game", game=terms.game, version=terms.game_version, rate=terms.tick_rate),
    )


def _missed_seconds(shown: Shown | None, tick_ns: int) -> float | None:
    if shown is None or shown.mode != "fast_forward":
        return None
    missed = shown.missed_frames * tick_ns
    return missed / SECOND if missed >= _LEAST_MISSED else None
