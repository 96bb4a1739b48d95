"""All that one drawing shows, as one value. No pixels and no pygame: the app fills it in, the painter draws it."""

from dataclasses import dataclass
from typing import Literal

from games.contract import Scene

Phase = Literal["waiting", "countdown", "playing", "result", "finished", "refused"]
"""waiting: for the partner, before a round. result: a round is over. finished: the session is over. refused: this
session cannot start or go on; `error` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One moment of one seat's window.

    Text fields named `..._key` and the names of `figures` are keys of the text catalogues; `session`, `labels`,
    `details`, `alarms` and `error` are shown as they are. Times count in seconds, and `now_ns` only drives motion: it
    must never run backwards.
    """

    phase: Phase
    seat: int
    now_ns: int

    scene: Scene | None = None
    """The board; None before the first one."""
    progress: float = 0.0
    """How far the tick after the scene has come, 0 to 1."""
    tick_rate: int = 30
    episode_ticks: int = 0
    """The whole episode's length, for the time bar."""
    round: int = 1
    rounds: int = 1
    """0 if nobody knows how many there are."""
    labels: tuple[str, str] = ("", "")
    """The participants' ids, (left, right)."""
    session: str = ""

    seconds_to_go: float | None = None
    """Until the countdown ends or the next round begins, if that is known."""
    totals: tuple[int, int, int] | None = None
    """Left, right and common score over all rounds, once there was one."""
    outcome_key: str = ""
    """How the round or the session ended, if it was not simply over."""
    has_played: bool = True
    """A round was ended; without one there are no scores, and nobody is thanked for playing."""
    is_early: bool = False
    """The session is over before all of its rounds were played to their end."""
    trouble_key: str = ""
    """Why the partner is not connected, where the connection can say."""
    error: tuple[str, ...] = ()

    is_away: bool = False
    """The own window is in the background: the board is parked under a plain overlay."""
    missed_seconds: float | None = None
    """A fast-forward runs, through so many seconds."""
    travelled: float = 0.0
    """How much of it is done, 0 to 1."""
    is_partner_away: bool = False
    is_holding: bool = False
    """The game stands until the partner's inputs arrive."""
    silent_seconds: float | None = None
    """The partner cannot be reached, and has not been heard for so long."""
    gives_up_seconds: float | None = None
    """Until the round is given up for that."""

    details: tuple[str, ...] | None = None
    """The RA asked for details (F1): these lines."""
    figures: tuple[tuple[str, str], ...] | None = None
    """The RA asked for netcode figures (F3): names, as text keys, and values."""
    alarms: tuple[str, ...] = ()
    """What the RA must know even without asking, such as a record that cannot be written."""
