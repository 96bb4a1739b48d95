"""Gamepads as keys: sticks, crosses and buttons ask for places on a keyboard that no keyboard has. Knows no action.

Pads come and go while the window is open; each is known by its instance id, which is never used again. Several may
play one seat, and a key is up only when none of them holds it.
"""

from collections.abc import Iterator
from typing import Final

import pygame

from client.events import PAD_ACT, PAD_DOWN, PAD_LEFT, PAD_NAMES, PAD_RIGHT, PAD_UP, KeyEdge

PRESSES_AT: Final = 0.55
RELEASES_AT: Final = 0.35
"""Shares of a stick's way. The gap keeps a hand that trembles at one of them from pressing again and again."""
STICK: Final = {0: (PAD_LEFT, PAD_RIGHT), 1: (PAD_UP, PAD_DOWN)}
"""Per axis: what it asks for below and above the middle. The first two axes are a pad's left stick, everywhere."""
ACTING_BUTTONS: Final = range(4)
"""The four under the right thumb; what the others do differs from pad to pad."""

Source = tuple[int, str]
"""An instance id, and the part of that pad."""


class Gamepads:
    """All gamepads that are plugged in. A pad that was held while the window was away is let go by SDL itself."""

    def __init__(self) -> None:
        self._open: dict[int, pygame.joystick.JoystickType] = {}
        self._asked: dict[Source, int] = {}

    @property
    def held(self) -> frozenset[int]:
        """The keys that are held now."""
        return frozenset(self._asked.values())

    def feed(self, event: pygame.Event) -> Iterator[KeyEdge]:
        """The key edges that an event makes; none if it is no gamepad's."""
        if event.type == pygame.JOYDEVICEADDED:
            self._plug_in(event.device_index)
        elif event.type == pygame.JOYDEVICEREMOVED:
            yield from self._unplug(event.instance_id)
        elif event.type == pygame.JOYAXISMOTION and event.axis in STICK:
            yield from self._move_stick((event.instance_id, f"axis {event.axis}"), STICK[event.axis], event.value)
        elif event.type == pygame.JOYHATMOTION:
            across, up = event.value
            yield from self._ask((event.instance_id, f"hat {event.hat} x"), (None, PAD_RIGHT, PAD_LEFT)[across])
            yield from self._ask((event.instance_id, f"hat {event.hat} y"), (None, PAD_UP, PAD_DOWN)[up])
        elif event.type in (pygame.JOYBUTTONDOWN, pygame.JOYBUTTONUP) and event.button in ACTING_BUTTONS:
            wanted = PAD_ACT if event.type == pygame.JOYBUTTONDOWN else None
            yield from self._ask((event.instance_id, f"button {event.button}"), wanted)

    def _plug_in(self, device_index: int) -> None:
        """Open a pad: only open ones send events."""
        try:
            pad = pygame.joystick.Joystick(device_index)
        except pygame.error:
            return  # pulled out again by now
        self._open[pad.get_instance_id()] = pad

    def _unplug(self, instance: int) -> Iterator[KeyEdge]:
        self._open.pop(instance, None)
        for source in [source for source in self._asked if source[0] == instance]:
            yield from self._ask(source, None)

    def _move_stick(self, source: Source, keys: tuple[int, int], value: float) -> Iterator[KeyEdge]:
        wanted = keys[value > 0]
        needed = RELEASES_AT if self._asked.get(source) == wanted else PRESSES_AT
        yield from self._ask(source, wanted if abs(value) >= needed else None)

    def _ask(self, source: Source, wanted: int | None) -> Iterator[KeyEdge]:
        """Let one part of one pad ask for a key, or for none."""
        before = self.held
        self._asked.pop(source, None)
        if wanted is not None:
            self._asked[source] = wanted
        for scancode in sorted(before - self.held):
            yield KeyEdge(scancode, False, PAD_NAMES[scancode])
        for scancode in sorted(self.held - before):
            yield KeyEdge(scancode, True, PAD_NAMES[scancode])
