"""The window on the desktop: opens it, turns pygame's events into values, flips. Draws nothing, decides nothing.

With SDL's dummy driver (`headless`) there is a surface but no desktop: no polled focus and no polled keyboard, because
posted events do not change those.
"""

import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Final

if sys.platform == "win32":  # read when SDL loads, so it stands before the import
    # Without it Windows stretches the window on a scaled display, and every edge is soft.
    os.environ.setdefault("SDL_WINDOWS_DPI_AWARENESS", "permonitorv2")

import pygame

from client.events import (
    CloseRequested,
    FocusEdge,
    KeyEdge,
    PanelToggled,
    PointerEdge,
    PointerMoved,
    Uncovered,
    WindowEvent,
)
from client.gamepad import Gamepads
from client.settings import SMALLEST

USUAL_SIZE: Final = (1000, 760)

LEAVE_CHORD: Final = frozenset({pygame.KSCAN_LCTRL, pygame.KSCAN_LSHIFT, pygame.KSCAN_Q})
LEAVE_HOLD_NS: Final = 1_000_000_000
"""The chord (left control, left shift and Q, and nothing else) must be held this long: hands that play, even wildly,
never do so."""

PANEL_KEYS: Final = {pygame.K_F1: PanelToggled("details"), pygame.K_F3: PanelToggled("figures")}

MAIN_BUTTON: Final = 1

PLAIN_FRAMEBUFFER: Final = frozenset({"x11"})
"""Where SDL's accelerated framebuffer waits 2-6 ms for the display in every flip and the plain one needs a tenth of
that. Wayland has no plain one: without acceleration no window opens there.
"""

SHOWN_ANEW: Final = (
    pygame.WINDOWSIZECHANGED,
    pygame.WINDOWEXPOSED,
    pygame.WINDOWRESTORED,
    pygame.WINDOWSHOWN,
    pygame.WINDOWDISPLAYCHANGED,
)

POLITE_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Chord:
    """The one way to leave by the keyboard: all of its keys, nothing else, for long enough."""

    def __init__(self) -> None:
        self._down: set[int] = set()
        self._since_ns: int | None = None

    def feed(self, scancode: int, down: bool, now_ns: int) -> None:
        """Take one key edge in."""
        if down:
            self._down.add(scancode)
        else:
            self._down.discard(scancode)
        self._since_ns = now_ns if self._down == LEAVE_CHORD else None

    def clear(self) -> None:
        """Forget every key: the keyboard went elsewhere."""
        self._down.clear()
        self._since_ns = None

    def take(self, now_ns: int) -> bool:
        """Whether it has just been held for long enough; once per hold."""
        if self._since_ns is None or now_ns - self._since_ns < LEAVE_HOLD_NS:
            return False
        self._since_ns = None
        return True


class Window:
    """One window, opened by making it. Only the main thread may use it.

    `has_pointer` makes it tell where the mouse goes; its button is told in any case.

    Raises:
        pygame.error: there is no display to open a window on.
    """

    def __init__(
        self,
        title: str,
        *,
        headless: bool,
        position: tuple[int, int] | None = None,
        size: tuple[int, int] = USUAL_SIZE,
        smallest: tuple[int, int] = SMALLEST,
        class_name: str = "dyadgrid",
        has_pointer: bool = False,
        has_border: bool = True,
    ) -> None:
        _prepare(headless, class_name)
        self._headless = headless
        self._is_full_screen = False
        self._signalled = False
        self._chord = Chord()
        self._gamepads = Gamepads()
        self._key_codes: dict[int, int] = {}  # the polled keyboard is asked by key code; the last one of a scancode
        self._handlers = {number: signal.signal(number, self._on_signal) for number in POLITE_SIGNALS}
        try:
            self._window = _opened(title, size, position, smallest, has_border=has_border)
        except pygame.error:
            self._give_signals_back()
            raise
        if has_pointer:
            pygame.event.set_allowed(pygame.MOUSEMOTION)

    @property
    def surface(self) -> pygame.Surface:
        """Where to draw, in the display's own pixels, which may be more than the desktop counts. Ask each time: a
        resize replaces it.
        """
        return self._window.get_surface()

    def poll(self, now_ns: int) -> list[WindowEvent]:
        """What happened since the last call, in order."""
        events = list(self._translated(now_ns))
        if self._signalled:
            self._signalled = False
            events.append(CloseRequested("signal"))
        if self._chord.take(now_ns):
            events.append(CloseRequested("chord"))
        return events

    def has_focus(self) -> bool | None:
        """Whether the keyboard talks to this window now; None where nobody can say."""
        return None if self._headless else pygame.key.get_focused()

    def keys_down(self, scancodes: tuple[int, ...]) -> frozenset[int] | None:
        """Which of these keys the keyboard and the gamepads say are down; None where nobody can say."""
        if self._headless:
            return None
        pressed = pygame.key.get_pressed()
        held = {scancode for scancode in scancodes if pressed[self._key_codes.get(scancode, 0)]}
        return self._gamepads.held.union(held)

    def flip(self) -> None:
        """Show what was drawn."""
        self._window.flip()

    def post_focus(self, focused: bool) -> None:
        """Put a real focus event into the queue, as the desktop does; it comes back from `poll` as `scripted`."""
        kind = pygame.WINDOWFOCUSGAINED if focused else pygame.WINDOWFOCUSLOST
        pygame.event.post(pygame.event.Event(kind, scripted=True))

    def set_icon(self, icon: pygame.Surface) -> None:
        """The picture in the title bar and the task bar."""
        self._window.set_icon(icon)

    def toggle_full_screen(self) -> None:
        """Fill the desktop without a border, or go back. Nothing is stretched: the surface gets the new size."""
        self._is_full_screen = not self._is_full_screen
        if self._is_full_screen:
            self._window.set_fullscreen(desktop=True)
        else:
            self._window.set_windowed()

    def take_focus(self) -> None:
        """Come to the front and ask the desktop for the keyboard, which it may refuse."""
        self._window.focus()

    def vanish(self) -> None:
        """Take the window from the screen. Polite signals are caught still, so that what must be finished can be."""
        self._window.destroy()
        pygame.joystick.quit()
        pygame.display.quit()

    def close(self) -> None:
        """Take the window from the screen, and give the signals back."""
        self.vanish()
        self._give_signals_back()

    def _give_signals_back(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signalled = True

    def _translated(self, now_ns: int) -> Iterator[WindowEvent]:
        closing = False
        for event in pygame.event.get():
            if event.type in (pygame.KEYDOWN, pygame.KEYUP):
                yield from self._key(event, now_ns)
            elif event.type in (pygame.WINDOWFOCUSGAINED, pygame.WINDOWFOCUSLOST):
                self._chord.clear()
                focused = event.type == pygame.WINDOWFOCUSGAINED
                yield FocusEdge(focused, scripted=bool(getattr(event, "scripted", False)))
            elif event.type in (pygame.QUIT, pygame.WINDOWCLOSE) and not closing:
                closing = True  # closing the only window sends both
                yield CloseRequested("button")
            elif event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP) and event.button == MAIN_BUTTON:
                yield PointerEdge(*self._pixel(event.pos), event.type == pygame.MOUSEBUTTONDOWN)
            elif event.type == pygame.MOUSEMOTION:
                yield PointerMoved(*self._pixel(event.pos))
            elif event.type in SHOWN_ANEW:
                yield Uncovered()
            else:
                yield from self._gamepads.feed(event)

    def _pixel(self, position: tuple[int, int]) -> tuple[int, int]:
        """Where on the surface a position in the desktop's units is: a dense display has several pixels to a unit."""
        (x, y), (across, down), (width, height) = position, self.surface.get_size(), self._window.size
        return x * across // width, y * down // height

    def _key(self, event: pygame.Event, now_ns: int) -> Iterator[WindowEvent]:
        down = event.type == pygame.KEYDOWN
        self._chord.feed(event.scancode, down, now_ns)
        self._key_codes[event.scancode] = event.key
        if down and event.key == pygame.K_F11:
            self.toggle_full_screen()
        elif down and event.key in PANEL_KEYS:
            yield PANEL_KEYS[event.key]
        yield KeyEdge(event.scancode, down, pygame.key.name(event.key))


def _prepare(headless: bool, class_name: str) -> None:
    if headless:
        os.environ["SDL_VIDEODRIVER"] = "dummy"
        os.environ["SDL_AUDIODRIVER"] = "dummy"
    # Pygame has filled in the program's name by now, which both windows of a demo would share.
    os.environ["SDL_VIDEO_X11_WMCLASS"] = class_name


def _opened(
    title: str,
    size: tuple[int, int],
    position: tuple[int, int] | None,
    smallest: tuple[int, int],
    *,
    has_border: bool,
) -> pygame.Window:
    pygame.display.quit()  # SDL reads the settings when its video starts, which may have happened already
    pygame.display.init()
    pygame.font.init()
    pygame.joystick.init()
    pygame.event.set_blocked(pygame.MOUSEMOTION)
    place = pygame.WINDOWPOS_CENTERED if position is None else position
    if pygame.display.get_driver() in PLAIN_FRAMEBUFFER:
        os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")  # read when a window gets its surface
    # Without high DPI the desktop stretches what is drawn, and every edge is soft.
    window = pygame.Window(title, size, place, resizable=True, borderless=not has_border, allow_high_dpi=True)
    window.minimum_size = smallest
    window.get_surface()  # a flip before the first drawing needs one
    return window
