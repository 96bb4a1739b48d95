"""What a window says, as plain values. No pygame, no clock: who polls knows when."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

PAD_UP, PAD_RIGHT, PAD_DOWN, PAD_LEFT, PAD_ACT = range(1024, 1029)
"""A gamepad's directions and buttons, as scancodes above all of the keyboards'."""
PAD_NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {PAD_UP: "pad up", PAD_RIGHT: "pad right", PAD_DOWN: "pad down", PAD_LEFT: "pad left", PAD_ACT: "pad button"}
)


@dataclass(frozen=True, slots=True)
class KeyEdge:
    """A key went down or came up, or a gamepad's stick or button did as if it were one.

    `scancode` is the USB HID usage of the place on the keyboard, the same on every system and layout; `name` is what
    the layout calls it, for the record and for people.
    """

    scancode: int
    down: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class FocusEdge:
    """The keyboard came to this window or left it. `scripted` edges were posted by a script, not by the desktop."""

    focused: bool
    scripted: bool = False


@dataclass(frozen=True, slots=True)
class CloseRequested:
    """Somebody wants this seat to leave: by the window's close button, a signal or the chord."""

    by: Literal["button", "signal", "chord"]


@dataclass(frozen=True, slots=True)
class Uncovered:
    """The desktop shows the window anew, perhaps in another size: all of it must be drawn and flipped again."""


@dataclass(frozen=True, slots=True)
class PanelToggled:
    """The RA asked for the details (F1) or the netcode figures (F3), or asked them away."""

    panel: Literal["details", "figures"]


@dataclass(frozen=True, slots=True)
class PointerEdge:
    """The main mouse button went down or came up, at a pixel of the window."""

    x: int
    y: int
    down: bool


@dataclass(frozen=True, slots=True)
class PointerMoved:
    """The mouse is at another pixel of the window; while its button is down, perhaps beside the window."""

    x: int
    y: int


WindowEvent = KeyEdge | FocusEdge | CloseRequested | Uncovered | PanelToggled | PointerEdge | PointerMoved
