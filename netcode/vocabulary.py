"""The words of the protocol as values: inputs, confirmed frames, endings, and what two seats agreed to play."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, Literal, NamedTuple

from games.contract import Event

PROTOCOL_VERSION: Final = 1
CHECKPOINT_FRAMES: Final = 30
"""A chain value is exchanged, and a block of the episode file is cut, after every 30th frame."""

AWAY: Final = 1
"""Flag: the seat's window had no focus, or its program stood still."""
CATCHING_UP: Final = 2
"""Flag: the seat's view was not live."""


class Command(IntEnum):
    """What a seat can say inside an input, besides its action. It takes effect at that input's frame."""

    NONE = 0
    ABORT = 1


class Input(NamedTuple):
    """What one seat does in one frame. Written once, never changed."""

    action: int
    flags: int = 0
    command: int = 0


NEUTRAL: Final = Input(0)
"""The input of the first `delay` frames of both seats, by rule."""


class ConfirmedFrame(NamedTuple):
    """A frame that the real inputs of both seats have settled: the only thing that is recorded.

    Only `netcode.timeline` makes one. `inputs` are (left, right); `state` is the state after the frame; `row` is its
    canonical encoding.
    """

    frame: int
    inputs: tuple[Input, Input]
    state: object
    rewards: tuple[int, int]
    events: tuple[Event, ...]
    done: bool
    row: bytes


class Reason(StrEnum):
    """How an episode ended, as the END record of its canonical file says it."""

    FINISHED = "finished"
    ABORTED = "aborted"
    CUT = "cut"
    DIVERGED = "diverged"
    RECOVERED = "recovered"
    """Only a start-up recovery writes this one, for a seat that crashed."""

    @property
    def is_complete(self) -> bool:
        """Whether both seats must hold equal files when both say this."""
        return self in (Reason.FINISHED, Reason.ABORTED)


class Agreement(StrEnum):
    """What one seat knows of the partner's record: in its local file and its claim, never in the canonical file."""

    MUTUAL = "mutual"
    INPUTS_HELD = "inputs_held"
    ONE_SIDED = "one_sided"
    PARTNER_SEALED = "partner_sealed"
    PARTNER_LOST = "partner_lost"
    LEFT = "left"
    DIVERGED = "diverged"
    RECOVERED = "recovered"


Cause = Literal["game", "quit", "away_limit", ""]


@dataclass(frozen=True, slots=True)
class End:
    """The part of an ending that stands in the canonical file, and is the same on both seats if it is complete.

    `cause` says by what rule a complete episode ended; `seats` are those whose quit or absence ended it; `frame` is the
    first frame that differs (`diverged` only, else -1).
    """

    reason: Reason
    rows: int
    cause: Cause = ""
    seats: tuple[int, ...] = ()
    frame: int = -1


@dataclass(frozen=True, slots=True)
class Ending:
    """How an episode ended for one seat: the shared part, and what this seat alone can say of its partner.

    `held_rows` is M, the frames of which this seat knows that the partner holds both inputs. `partner_rows` is what
    the partner named in its FIN or SEAL, or -1. `dropped_frames` counts predicted frames that nobody will confirm.
    """

    end: End
    agreement: Agreement
    held_rows: int = 0
    partner_rows: int = -1
    dropped_frames: int = 0


@dataclass(frozen=True, slots=True)
class Player:
    """Who sits in a seat: a participant id, and whether a `human` or a `bot` makes the inputs."""

    participant: str
    kind: Literal["human", "bot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What both seats must bring alike to a session. Every field is compared, and every field stands in the header.

    `columns` are (name, type, unit, meaning); `config` is sorted by name. Units last: `_frames` are ticks,
    `tick_rate` is in Hz. `away_limit_frames` 0 means no limit.
    """

    study: str
    dyad: str
    session: str
    game: str
    game_version: str
    source_hash: str
    config: tuple[tuple[str, int], ...]
    actions: tuple[str, ...]
    event_kinds: tuple[str, ...]
    columns: tuple[tuple[str, str, str, str], ...]
    tick_rate: int
    delay_frames: int
    window_frames: int
    guess_frames: int
    away_limit_frames: int
    protocol: int = PROTOCOL_VERSION


@dataclass(frozen=True, slots=True)
class EpisodeTerms:
    """All that the HEADER of one episode says: the session's terms, who plays, the run, the episode and its seed.

    `run` is 16 lower-case hex digits; `players` are (left, right); 0 <= `seed` < 2**63.
    """

    terms: Terms
    players: tuple[Player, Player]
    run: str
    episode: int
    seed: int
