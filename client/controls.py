"""From key edges to one action a tick. No window, no clock: edges and the time come in, an action id goes out.

The rule for a tick: the first press since the last tick, however short; else the direction pressed last that is still
held; else nothing. A second press inside one tick waits for the next one. So no tap is lost, and two held directions
never fight: the newer one wins, and the older one takes over again when the newer one is let go.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from client.events import PAD_ACT, PAD_DOWN, PAD_LEFT, PAD_NAMES, PAD_RIGHT, PAD_UP, FocusEdge, KeyEdge
from client.scancodes import NAMES
from games.contract import NEUTRAL_ACTION

PENDING_PRESSES: Final = 2
"""Presses that wait for a tick. More would be obeyed so late that they would feel like somebody else's."""

RETURN_GRACE_NS: Final = 300_000_000
"""A key that was held elsewhere arrives as a fresh press up to a quarter of a second after the focus."""

SCANCODE_SPACE: Final = 44
DIRECTION_SCANCODES: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    # The arrow key, then the place that a US keyboard calls W, D, S or A, then a gamepad's.
    {"up": (82, 26, PAD_UP), "right": (79, 7, PAD_RIGHT), "down": (81, 22, PAD_DOWN), "left": (80, 4, PAD_LEFT)}
)


@dataclass(frozen=True, slots=True)
class Bindings:
    """Which scancode asks for which action, and which actions go on while their key is held."""

    actions: Mapping[int, int]
    held: frozenset[int]


class KeyCaps(NamedTuple):
    """The keys to show to a participant, as scancodes: the first one of each action, None where there is none."""

    up: int | None
    right: int | None
    down: int | None
    left: int | None
    act: int | None


USUAL_CAPS: Final = KeyCaps(82, 79, 81, 80, SCANCODE_SPACE)


def key_caps(actions: Sequence[str], bindings: Bindings) -> KeyCaps:
    """The keys to show for a game's actions."""
    first: dict[str, int] = {}
    for scancode, action in bindings.actions.items():
        if scancode not in PAD_NAMES:
            first.setdefault(actions[action], scancode)
    act = next((scancode for name, scancode in first.items() if name not in DIRECTION_SCANCODES), None)
    return KeyCaps(first.get("up"), first.get("right"), first.get("down"), first.get("left"), act)


def bindings_for(actions: Sequence[str], keys: Iterable[tuple[str, tuple[int, ...]]] = ()) -> Bindings:
    """The keys for a game's actions: arrows, WASD and sticks for its directions; space and a gamepad's buttons for its
    first other action. An action that `keys` names has these keys on the keyboard instead.

    A chosen key is no usual key of another action any more.

    Raises:
        ValueError: `keys` names an action that the game does not have or a key for two of them, or leaves one without.
    """
    others = [name for name in actions[NEUTRAL_ACTION + 1 :] if name not in DIRECTION_SCANCODES]
    usual = {name: scancodes for name, scancodes in DIRECTION_SCANCODES.items() if name in actions}
    usual |= dict.fromkeys(others[:1], (SCANCODE_SPACE, PAD_ACT))
    chosen = dict(keys)
    _check_chosen(actions, chosen)
    taken = {scancode for scancodes in chosen.values() for scancode in scancodes}
    bound: dict[int, int] = {}
    for name in dict.fromkeys((*usual, *chosen)):
        pads = [scancode for scancode in usual.get(name, ()) if scancode in PAD_NAMES]
        left = [scancode for scancode in usual.get(name, ()) if scancode not in taken and scancode not in PAD_NAMES]
        wanted = chosen.get(name, left)
        if not wanted:
            raise ValueError(f"keys: {name}: its usual keys are taken by other actions; expected others for it")
        bound |= dict.fromkeys((*wanted, *pads), actions.index(name))
    held = frozenset(actions.index(name) for name in DIRECTION_SCANCODES if name in actions)
    return Bindings(MappingProxyType(bound), held)


def _check_chosen(actions: Sequence[str], chosen: Mapping[str, tuple[int, ...]]) -> None:
    owners: dict[int, str] = {}
    for name, scancodes in chosen.items():
        if name not in actions[NEUTRAL_ACTION + 1 :]:
            raise ValueError(f"keys: expected an action of this game ({', '.join(actions[1:])}), got {name!r}")
        for scancode in scancodes:
            if scancode in owners:
                raise ValueError(
                    f"keys: expected one action for a key, got {key_name(scancode)} for {owners[scancode]} and {name}"
                )
            owners[scancode] = name


def key_name(scancode: int) -> str:
    """What a key is called, for people."""
    return NAMES.get(scancode) or PAD_NAMES.get(scancode) or f"key {scancode}"


class Controls:
    """The hands of one participant: which keys are down, and which presses no tick has taken yet.

    It listens only while the seat has the focus. Edges must come in the order in which they happened.
    """

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings
        self._held: list[int] = []  # scancodes of held directions, the newest last
        self._pending: deque[int] = deque()
        self._stale: set[int] = set()  # keys down since before the seat came back: deaf until they come up
        self._listening = True
        self._listening_since_ns: int | None = None

    @property
    def held(self) -> tuple[int, ...]:
        """The scancodes of held directions, the newest last."""
        return tuple(self._held)

    @property
    def believed_down(self) -> tuple[int, ...]:
        """The scancodes that must be down, if no edge was lost: held ones, and those that wait to come up."""
        return (*self._held, *self._stale)

    def feed(self, event: KeyEdge | FocusEdge, now_ns: int) -> None:
        """Take one edge in."""
        if isinstance(event, FocusEdge):
            self._turn(event.focused, now_ns)
        elif event.down:
            self._press(event.scancode, now_ns)
        else:
            self._release(event.scancode)

    def sample(self) -> int:
        """The action of this tick. Call it once a tick: a press that it returns is used up."""
        if self._pending:
            return self._pending.popleft()
        return self._bindings.actions[self._held[-1]] if self._held else NEUTRAL_ACTION

    def begin(self) -> None:
        """A round begins: presses from before it count for nothing, a direction that is held by now does."""
        self._pending.clear()

    def clear(self) -> None:
        """Forget every key and press; a key that is down now counts again after a fresh press."""
        self._stale.update(self._held)
        self._held.clear()
        self._pending.clear()

    def release_all_but(self, down: frozenset[int]) -> None:
        """Let go of every key that the keyboard's own state says is up: an edge can be lost, and keys would stick."""
        self._held = [scancode for scancode in self._held if scancode in down]
        self._stale &= down

    def _turn(self, focused: bool, now_ns: int) -> None:
        self.clear()
        self._listening = focused
        self._listening_since_ns = now_ns if focused else None

    def _press(self, scancode: int, now_ns: int) -> None:
        action = self._bindings.actions.get(scancode)
        if action is None or scancode in self._stale or scancode in self._held:
            return
        if not self._listening or self._is_in_grace(now_ns):
            self._stale.add(scancode)
            return
        if action in self._bindings.held:
            self._held.append(scancode)
        if len(self._pending) < PENDING_PRESSES:
            self._pending.append(action)

    def _release(self, scancode: int) -> None:
        self._stale.discard(scancode)
        if scancode in self._held:
            self._held.remove(scancode)

    def _is_in_grace(self, now_ns: int) -> bool:
        return self._listening_since_ns is not None and now_ns - self._listening_since_ns < RETURN_GRACE_NS
