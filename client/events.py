"""What a window says, as plain values. No pygame, no clock: who polls knows when."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class KeyEdge:
    """A key went down or came up.

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
class Resized:
    """The surface has another size now: lay out and draw everything again."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PanelToggled:
    """The RA asked for the details (F1) or the netcode figures (F3), or asked them away."""

    panel: Literal["details", "figures"]


WindowEvent = KeyEdge | FocusEdge | CloseRequested | Resized | PanelToggled
