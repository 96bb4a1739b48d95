"""Sticks and buttons as keys: they press once, let go for certain, and come and go while the window is open."""

import pygame
import pytest

from client.controls import Controls, bindings_for
from client.events import PAD_ACT, PAD_DOWN, PAD_LEFT, PAD_RIGHT, PAD_UP, KeyEdge
from client.gamepad import PRESSES_AT, RELEASES_AT, Gamepads
from client.window import Window

pytestmark = pytest.mark.usefixtures("dummy_driver")

ACTIONS = ("stay", "up", "right", "down", "left", "drop")
PAD, OTHER = 7, 8


def axis(value: float, axis: int = 0, pad: int = PAD) -> pygame.Event:
    return pygame.Event(pygame.JOYAXISMOTION, instance_id=pad, axis=axis, value=value)


def hat(x: int, y: int, pad: int = PAD) -> pygame.Event:
    return pygame.Event(pygame.JOYHATMOTION, instance_id=pad, hat=0, value=(x, y))


def button(number: int, down: bool = True, pad: int = PAD) -> pygame.Event:
    kind = pygame.JOYBUTTONDOWN if down else pygame.JOYBUTTONUP
    return pygame.Event(kind, instance_id=pad, button=number)


def edges(pads: Gamepads, *events: pygame.Event) -> list[tuple[int, bool]]:
    return [(edge.scancode, edge.down) for event in events for edge in pads.feed(event)]


def test_a_stick_presses_once_however_long_it_is_held_and_lets_go() -> None:
    found = edges(Gamepads(), axis(0.2), axis(0.7), axis(1.0), axis(0.6), axis(0.0))
    assert found == [(PAD_RIGHT, True), (PAD_RIGHT, False)]


@pytest.mark.parametrize(
    ("event", "scancode"),
    [
        (axis(-1.0), PAD_LEFT),
        (axis(1.0), PAD_RIGHT),
        (axis(-1.0, 1), PAD_UP),
        (axis(1.0, 1), PAD_DOWN),
        (hat(-1, 0), PAD_LEFT),
        (hat(0, 1), PAD_UP),
        (hat(0, -1), PAD_DOWN),
        (button(0), PAD_ACT),
        (button(3), PAD_ACT),
    ],
)
def test_each_part_of_a_pad_asks_for_its_key(event: pygame.Event, scancode: int) -> None:
    assert edges(Gamepads(), event) == [(scancode, True)]


def test_a_hand_that_trembles_between_the_two_edges_of_the_dead_zone_presses_nothing_again() -> None:
    pads = Gamepads()
    between = (PRESSES_AT + RELEASES_AT) / 2
    assert edges(pads, axis(between)) == []
    assert edges(pads, axis(PRESSES_AT), axis(between), axis(PRESSES_AT), axis(between)) == [(PAD_RIGHT, True)]
    assert edges(pads, axis(RELEASES_AT - 0.01)) == [(PAD_RIGHT, False)]


def test_a_stick_thrown_to_the_other_side_lets_go_before_it_presses() -> None:
    assert edges(Gamepads(), axis(-1.0), axis(1.0)) == [(PAD_LEFT, True), (PAD_LEFT, False), (PAD_RIGHT, True)]


def test_a_key_that_two_parts_hold_is_up_only_when_both_let_go() -> None:
    found = edges(Gamepads(), axis(1.0), hat(1, 0), axis(1.0, pad=OTHER), axis(0.0), hat(0, 0), axis(0.0, pad=OTHER))
    assert found == [(PAD_RIGHT, True), (PAD_RIGHT, False)]


def test_a_pad_that_is_pulled_out_lets_go_of_everything_and_no_other_pad_does() -> None:
    pads = Gamepads()
    edges(pads, axis(1.0), button(0), axis(-1.0, 1, OTHER))
    gone = pygame.Event(pygame.JOYDEVICEREMOVED, instance_id=PAD)
    assert sorted(edges(pads, gone)) == [(PAD_RIGHT, False), (PAD_ACT, False)]
    assert pads.held == {PAD_UP}


def test_a_pad_that_is_gone_before_it_could_be_opened_is_nobodys_fault() -> None:
    pygame.joystick.init()
    assert edges(Gamepads(), pygame.Event(pygame.JOYDEVICEADDED, device_index=99)) == []


def test_other_axes_and_buttons_do_nothing() -> None:
    assert edges(Gamepads(), axis(1.0, 4), button(9)) == []


def test_a_pads_keys_ask_for_the_actions_that_a_keyboards_do() -> None:
    controls = Controls(bindings_for(ACTIONS))
    for scancode, action in ((PAD_UP, "up"), (PAD_RIGHT, "right"), (PAD_DOWN, "down"), (PAD_LEFT, "left")):
        controls.feed(KeyEdge(scancode, True), 0)
        assert ACTIONS[controls.sample()] == action
    controls.feed(KeyEdge(PAD_ACT, True), 0)
    assert [ACTIONS[controls.sample()] for _ in range(2)] == ["drop", "left"]


def test_a_windows_events_tell_of_a_pad_too() -> None:
    window = Window("pads", headless=True)
    try:
        window.poll(0)
        pygame.event.post(axis(1.0))
        assert KeyEdge(PAD_RIGHT, True, "pad right") in window.poll(1)
    finally:
        window.close()
