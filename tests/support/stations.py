"""Stations that have recorded something: terms, confirmed frames and whole sessions without a network or a game."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from data.claims import Statistics
from data.episode_format import encode_header, encode_row
from data.files import Disk
from data.local_format import LocalHeader
from data.recorder import QUEUE_LIMITS, QueueLimits, Recorder
from games.contract import Seat
from netcode.vocabulary import Agreement, ConfirmedFrame, End, Ending, EpisodeTerms, Input, Reason
from tests.support import recorded
from tests.support.toy_game import ToyGame

STATISTICS: Statistics = {"rollbacks": 3, "away_frames": {"left": 4, "right": 0}, "note": "a text"}


def make_terms(episode: int = 0, **session: str) -> EpisodeTerms:
    """Terms of an episode of the toy game; `session` changes fields of the session's terms."""
    terms = recorded.make_terms(ToyGame(), episode=episode, source="0" * 64)
    session_terms = terms.terms
    for name, value in session.items():
        session_terms = replace(session_terms, **{name: value})  # type: ignore[arg-type]  # every id is a text
    return replace(terms, terms=session_terms)


def make_frames(count: int, start: int = 0, salt: int = 0) -> tuple[ConfirmedFrame, ...]:
    """Confirmed frames; another `salt` gives other rows."""
    frames = []
    for frame in range(start, start + count):
        inputs = (Input(frame % 5), Input(salt))
        row = encode_row(frame, inputs, (0, 1), False, (), (frame, salt), frame.to_bytes(8, "big"))
        frames.append(ConfirmedFrame(frame, inputs, None, (0, 1), (), False, row))
    return tuple(frames)


def finished(rows: int) -> Ending:
    return Ending(End(Reason.FINISHED, rows, "game"), Agreement.MUTUAL, rows, rows)


def cut(rows: int) -> Ending:
    return Ending(End(Reason.CUT, rows), Agreement.PARTNER_LOST, rows)


def local_header(terms: EpisodeTerms, seat: Seat) -> LocalHeader:
    return LocalHeader(
        run=terms.run,
        study=terms.terms.study,
        dyad=terms.terms.dyad,
        session=terms.terms.session,
        episode=terms.episode,
        seat=seat,
        participant=terms.players[seat].participant,
        machine=(("system", "test"),),
        wall_ns=1,
        monotonic_ns=2,
    )


def make_recorder(
    home: Path,
    share: Path | str,
    seat: Seat = Seat.LEFT,
    disk: Disk | None = None,
    limits: QueueLimits = QUEUE_LIMITS,
) -> Recorder:
    return Recorder(home, share_url=str(share), seat=seat, disk=disk, limits=limits)


def begin(recorder: Recorder, terms: EpisodeTerms, seat: Seat = Seat.LEFT) -> None:
    recorder.begin(terms, encode_header(terms), local_header(terms, seat))


def record_episode(
    recorder: Recorder,
    terms: EpisodeTerms,
    frames: Sequence[ConfirmedFrame],
    ending: Ending | None = None,
    seat: Seat = Seat.LEFT,
) -> None:
    begin(recorder, terms, seat)
    for frame in frames:
        recorder.note("focus", frame.frame, True, frame.frame)
        recorder.record([frame])
    recorder.end(ending or finished(len(frames)), STATISTICS)


def record_session(home: Path, share: Path | str, seat: Seat = Seat.LEFT, episodes: int = 1, rows: int = 75) -> None:
    """A station that has recorded whole episodes and closed."""
    recorder = make_recorder(home, share, seat)
    for episode in range(episodes):
        record_episode(recorder, make_terms(episode), make_frames(rows), seat=seat)
    assert recorder.close(20), recorder.alarms


def files_under(folder: Path) -> set[str]:
    """Every file below, as text; lock files left out, because they say nothing."""
    return {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"
    }
