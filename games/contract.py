"""The contract between a game and everything above it: a pure function of integers, and a picture as data.

Everything that influences play (step counter and limit, score, random state, cooldowns) lives in the state, and the
state is an immutable value: saving it is keeping a reference, loading it is assigning one.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Generic, NamedTuple, Protocol, TypeVar

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)

Config = Mapping[str, int]
"""A game's whole configuration: every name the game knows, with integer values, defaults filled in."""

NEUTRAL_ACTION = 0
"""Action 0 of every game does nothing: it is what a seat that stalls will, by rule, have done."""


class Seat(IntEnum):
    """A place at the table. Left listens and right connects; rows and pairs are always in this order."""

    LEFT = 0
    RIGHT = 1

    @property
    def other(self) -> "Seat":
        """The partner's seat."""
        return Seat(1 - self)

    @property
    def word(self) -> str:
        """`left` or `right`, as in files, logs and options."""
        return self.name.lower()


class Column(NamedTuple):
    """One tidy column that a game's `facts` fill, declared once: name, `int` or `bool`, unit, meaning."""

    name: str
    type: str
    unit: str
    meaning: str


class Event(NamedTuple):
    """Something that happened in a frame: an index into the game's `event_kinds`, the seat that did it, a value."""

    kind: int
    seat: int
    value: int


class Transition(NamedTuple, Generic[S]):
    """What one step gave: the next state, a reward per seat (integers), the events in order, and whether it ended."""

    state: S
    rewards: tuple[int, int]
    events: tuple[Event, ...]
    done: bool


class Sprite(NamedTuple):
    """One thing that stands on the board, in cells; a move in progress names where it comes from.

    `moved_ticks` of `move_ticks` are done: at 0 of 0 the thing rests at (x, y). `facing` is 0 up, 1 right, 2 down,
    3 left. `carries` counts what it holds. `seat` is the player it belongs to, or -1. `key` names the same thing from
    frame to frame.
    """

    kind: str
    key: int
    seat: int
    x: int
    y: int
    from_x: int
    from_y: int
    moved_ticks: int
    move_ticks: int
    facing: int
    carries: int


FLOOR, WALL, PAD_LEFT, PAD_RIGHT = 0, 1, 2, 3
"""Tile ids of a scene."""


class Scene(NamedTuple):
    """A picture of one state as data: what a window draws, without a pixel of how.

    `tiles` is row-major, `columns * rows` tile ids. `scores` are (left, right), `common` is the pair's shared score,
    `ticks_left` counts down to the end of the episode.
    """

    columns: int
    rows: int
    tiles: bytes
    sprites: tuple[Sprite, ...]
    scores: tuple[int, int]
    common: int
    ticks_left: int


class GuideLine(NamedTuple):
    """One line of the panel that tells a participant how to score: sprite or tile kinds to draw, and a text key."""

    icons: tuple[str, ...]
    text: str


class Game(Protocol[S]):
    """A deterministic two-player game.

    `step` must be a pure function; `encode` must be canonical: equal states give equal bytes, in a fixed order.
    """

    @property
    def id(self) -> str:
        """The game's name on the command line, on the wire and in files."""

    @property
    def version(self) -> str:
        """Changes whenever the same inputs could give other states."""

    @property
    def actions(self) -> tuple[str, ...]:
        """Names of the actions; an action id is an index into them, and 0 does nothing."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """What `facts` return, in order."""

    @property
    def event_kinds(self) -> tuple[str, ...]:
        """Names of the events; an event's kind is an index into them."""

    @property
    def guide(self) -> tuple[GuideLine, ...]:
        """How to score, in a few lines."""

    def configure(self, *, tick_rate: int, frames: int | None = None) -> dict[str, int]:
        """The whole configuration for a tick rate (Hz) and an episode length (frames; None: the game's default).

        Raises:
            ValueError: a value outside the game's limits; the text names what was expected and what came.
        """

    def initial(self, seed: int, config: Config) -> S:
        """The state before frame 0. `seed` is 0 <= seed < 2**63."""

    def step(self, state: S, actions: tuple[int, int]) -> Transition[S]:
        """The state after one frame in which (left, right) did `actions`."""

    def encode(self, state: S) -> bytes:
        """The canonical bytes of a state."""

    def facts(self, state: S) -> tuple[int, ...]:
        """The tidy values of a state, one per column."""

    def scene(self, state: S, seat: int) -> Scene:
        """The picture of a state as `seat` sees it."""


class Bot(Protocol[S_contra]):
    """An input source that plays one seat. It may be slow and stateful: its inputs travel like a person's."""

    def act(self, state: S_contra) -> int:
        """The action to take in this state, which may be a predicted one."""
