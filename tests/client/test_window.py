"""A window's events become values. On the dummy driver: what needs a desktop is in `test_desktop`."""

import os
import signal
from collections.abc import Iterator

import pygame
import pytest

from client.events import CloseRequested, FocusEdge, KeyEdge, PanelToggled, Uncovered
from client.window import LEAVE_CHORD, LEAVE_HOLD_NS, Chord, Window

SCANCODE_UP = 82


@pytest.fixture
def window(dummy_driver: None) -> Iterator[Window]:
    window = Window("dyadgrid", headless=True, class_name="dyadgrid-test")
    window.poll(0)
    yield window
    window.close()


def post_key(kind: int, key: int, scancode: int) -> None:
    pygame.event.post(pygame.event.Event(kind, key=key, scancode=scancode, mod=0, unicode=""))


def test_a_headless_window_has_a_surface_and_nothing_to_poll(window: Window) -> None:
    assert window.surface.get_size() == (1000, 760)
    assert window.has_focus() is None
    assert window.keys_down((SCANCODE_UP,)) is None
    window.flip()


def test_keys_become_edges_with_their_place_and_name(window: Window) -> None:
    post_key(pygame.KEYDOWN, pygame.K_UP, SCANCODE_UP)
    post_key(pygame.KEYUP, pygame.K_UP, SCANCODE_UP)
    assert window.poll(1) == [KeyEdge(SCANCODE_UP, True, "up"), KeyEdge(SCANCODE_UP, False, "up")]
    assert window.poll(2) == []


def test_posted_focus_comes_back_as_scripted_and_real_focus_does_not(window: Window) -> None:
    window.post_focus(False)
    window.post_focus(True)
    pygame.event.post(pygame.event.Event(pygame.WINDOWFOCUSLOST))
    assert window.poll(1) == [
        FocusEdge(False, scripted=True),
        FocusEdge(True, scripted=True),
        FocusEdge(False, scripted=False),
    ]


def test_the_close_button_asks_once_although_the_desktop_says_it_twice(window: Window) -> None:
    pygame.event.post(pygame.event.Event(pygame.WINDOWCLOSE))
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert window.poll(1) == [CloseRequested("button")]


def test_sigterm_asks_to_leave_and_does_not_end_the_program(window: Window) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    assert CloseRequested("signal") in window.poll(1)
    assert CloseRequested("signal") not in window.poll(2)


def test_a_closed_window_gives_the_signals_back(dummy_driver: None) -> None:
    before = signal.getsignal(signal.SIGTERM)
    window = Window("dyadgrid", headless=True)
    assert signal.getsignal(signal.SIGTERM) != before
    window.close()
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_window_that_cannot_open_gives_the_signals_back(dummy_driver: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setenv("SDL_VIDEODRIVER", "there-is-no-such-driver")
    with pytest.raises(pygame.error):
        Window("dyadgrid", headless=False)
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_ras_keys_ask_for_their_panels(window: Window) -> None:
    post_key(pygame.KEYDOWN, pygame.K_F1, 58)
    post_key(pygame.KEYDOWN, pygame.K_F3, 60)
    asked = [event for event in window.poll(1) if isinstance(event, PanelToggled)]
    assert asked == [PanelToggled("details"), PanelToggled("figures")]


def hold(chord: Chord, scancodes: frozenset[int], now_ns: int = 0) -> None:
    for scancode in sorted(scancodes):
        chord.feed(scancode, True, now_ns)


def test_the_chord_must_be_held_and_leaves_once() -> None:
    chord = Chord()
    hold(chord, LEAVE_CHORD)
    assert not chord.take(LEAVE_HOLD_NS - 1)
    assert chord.take(LEAVE_HOLD_NS)
    assert not chord.take(2 * LEAVE_HOLD_NS)


def test_hands_that_mash_the_keyboard_do_not_leave() -> None:
    chord = Chord()
    hold(chord, LEAVE_CHORD | {SCANCODE_UP})
    assert not chord.take(10 * LEAVE_HOLD_NS), "another key is down too"
    chord.feed(SCANCODE_UP, False, LEAVE_HOLD_NS)
    assert not chord.take(2 * LEAVE_HOLD_NS - 1)
    chord.feed(min(LEAVE_CHORD), False, 2 * LEAVE_HOLD_NS - 1)
    assert not chord.take(9 * LEAVE_HOLD_NS)


def test_a_chord_begun_in_another_window_does_not_count_here() -> None:
    chord = Chord()
    hold(chord, LEAVE_CHORD)
    chord.clear()
    assert not chord.take(9 * LEAVE_HOLD_NS)


@pytest.mark.parametrize("kind", [pygame.WINDOWEXPOSED, pygame.WINDOWRESTORED, pygame.WINDOWSIZECHANGED])
def test_a_window_that_the_desktop_shows_anew_asks_to_be_drawn_anew(window: Window, kind: int) -> None:
    pygame.event.post(pygame.event.Event(kind, x=1000, y=760))
    assert Uncovered() in window.poll(1)
