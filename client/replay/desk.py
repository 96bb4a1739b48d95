"""What keys and mouse do to a replay: events and the time come in, playhead and choice change. Draws nothing."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

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
from client.replay.deck_layout import DeckLayout
from client.replay.playhead import Playhead, Repeat
from client.replay.scenes import Scenes
from client.replay.strip import Choice, Lanes
from games.contract import Seat

SPACE, ESCAPE, TAB, HOME, PAGE_UP, END, PAGE_DOWN = 44, 41, 43, 74, 75, 77, 78
RIGHT, LEFT, DOWN, UP = 79, 80, 81, 82
"""Scancodes: the places of keys, whatever the layout prints on them."""
STEPS: Final[Mapping[int, int]] = MappingProxyType({RIGHT: 1, LEFT: -1})
SECONDS: Final[Mapping[int, int]] = MappingProxyType({PAGE_UP: -1, PAGE_DOWN: 1})
FASTER: Final[Mapping[int, int]] = MappingProxyType({UP: 1, DOWN: -1})
MARKS: Final[Mapping[str, int]] = MappingProxyType({"n": 1, "p": -1})


class Desk:
    """One person at one replay."""

    def __init__(self, scenes: Scenes, choice: Choice) -> None:
        self.scenes = scenes
        self.playhead = Playhead(scenes.frames, scenes.record.terms.terms.tick_rate)
        self.wants_close = False
        self.is_ready = True
        """Whether all is known of what is looked at. Until then there are no marks to go to."""
        self._choice = choice
        self._lanes: dict[Choice, Lanes] = {}
        self._repeat = Repeat()
        self._is_dragging = False

    @property
    def choice(self) -> Choice:
        """What is looked at."""
        return self._choice

    @property
    def lanes(self) -> Lanes:
        """The marks of the timeline for this choice."""
        return self.lanes_of(self._choice)

    def lanes_of(self, choice: Choice) -> Lanes:
        """The marks of the timeline for a choice."""
        key = Choice(choice.seat, choice.is_shown)
        if key not in self._lanes:
            self._lanes[key] = self.scenes.strips.lanes(key)
        return self._lanes[key]

    def run(self, now: int) -> None:
        """Let time pass: a key that is held down steps on."""
        for _ in range(self._repeat.due(now)):
            self.playhead.step(self._repeat.step, now)

    def feed(self, event: WindowEvent, layout: DeckLayout, now: int) -> None:
        """Take one event in; `layout` is that of the drawing that the person saw."""
        match event:
            case KeyEdge(down=True):
                self._press(event, now)
            case KeyEdge():
                self._repeat.release(event.scancode)
            case PointerEdge(down=True):
                self._point(event, layout, now)
            case PointerEdge():
                self._is_dragging = False
                self.playhead.let_go(now)
            case PointerMoved() if self._is_dragging:
                self.playhead.grab(layout.frame_at(event.x, self.playhead.frames), now)
            case FocusEdge(focused=False):
                self._repeat.stop()
            case CloseRequested():
                self.wants_close = True
            case PanelToggled(panel="details"):
                self._choose(has_details=not self._choice.has_details)
            case PanelToggled():
                self._choose(has_figures=not self._choice.has_figures)
            case Uncovered() | PointerMoved() | FocusEdge():
                pass

    def _press(self, event: KeyEdge, now: int) -> None:
        key, playhead = event.scancode, self.playhead
        if key in STEPS:
            playhead.step(STEPS[key], now)
            self._repeat.press(key, STEPS[key], now)
        elif key in SECONDS:
            playhead.skip(SECONDS[key], now)
        elif key in FASTER:
            playhead.change_speed(FASTER[key], now)
        elif event.name in MARKS and self.is_ready:
            self._seek_mark(MARKS[event.name], now)
        elif event.name == "s":
            self._show(not self._choice.is_shown)
        else:
            self._press_one(key, now)

    def _press_one(self, key: int, now: int) -> None:
        actions: dict[int, Callable[[], None]] = {
            SPACE: lambda: self.playhead.toggle(now),
            HOME: lambda: self.playhead.jump(0, now),
            END: lambda: self.playhead.jump(self.playhead.last, now),
            TAB: lambda: self._sit(self._choice.seat.other),
            ESCAPE: self._close,
        }
        if key in actions:
            actions[key]()

    def _point(self, event: PointerEdge, layout: DeckLayout, now: int) -> None:
        place = (event.x, event.y)
        if layout.timeline.collidepoint(place):
            self._is_dragging = True
            self.playhead.grab(layout.frame_at(event.x, self.playhead.frames), now)
        elif layout.play.collidepoint(place):
            self.playhead.toggle(now)
        elif layout.speed.collidepoint(place):
            self.playhead.change_speed(1 if event.x >= layout.speed.centerx else -1, now)
        elif layout.true.collidepoint(place):
            self._show(False)
        elif layout.shown.collidepoint(place):
            self._show(True)
        else:
            for seat in Seat:
                if layout.seats[seat].collidepoint(place):
                    self._sit(seat)

    def _seek_mark(self, direction: int, now: int) -> None:
        playhead = self.playhead
        frame = self.scenes.strips.next_mark(self.lanes, self._choice, playhead.at(now).frame, direction)
        if frame is not None:
            playhead.step(frame - playhead.at(now).frame, now)

    def _show(self, is_shown: bool) -> None:
        self._choose(is_shown=is_shown and self.scenes.can_show(self._choice.seat))

    def _sit(self, seat: Seat) -> None:
        """Look through another seat's eyes; what it was shown stays out if nobody recorded that."""
        self._choose(seat=seat, is_shown=self._choice.is_shown and self.scenes.can_show(seat))

    def _choose(self, **changed: object) -> None:
        self._choice = self._choice._replace(**changed)  # type: ignore[arg-type]  # names of its own fields
        self.playhead.jumps += 1

    def _close(self) -> None:
        self.wants_close = True
