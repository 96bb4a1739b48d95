"""Keys and mouse move a replay: every key does what the footer says, and the timeline follows the hand."""

from pathlib import Path

import pytest

from client.events import CloseRequested, FocusEdge, KeyEdge, PanelToggled, PointerEdge, PointerMoved, Uncovered
from client.replay import desk as keys
from client.replay.deck_layout import DESIGN_SIZE, SMALLEST_WINDOW, deck_layout_for
from client.replay.desk import Desk
from client.replay.files import Opened
from client.replay.playhead import NORMAL, REPEAT_AFTER
from client.replay.strip import Choice
from client.texts import Texts
from games.contract import Seat
from netcode.limits import SECOND
from tests.support.replayed import ROUGH, opened

NOW = 10**12
LAYOUT = deck_layout_for(DESIGN_SIZE)
LAST = ROUGH.frames - 1


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return opened(ROUGH, tmp_path_factory.mktemp("share"))


@pytest.fixture
def desk(replay: Opened) -> Desk:
    return Desk(replay.scenes, Choice(Seat.LEFT))


def press(desk: Desk, scancode: int, name: str = "", now: int = NOW) -> None:
    desk.feed(KeyEdge(scancode, True, name), LAYOUT, now)
    desk.feed(KeyEdge(scancode, False, name), LAYOUT, now)


def frame(desk: Desk, now: int = NOW) -> int:
    return desk.playhead.at(now).frame


def point(desk: Desk, place: tuple[int, int], now: int = NOW) -> None:
    desk.feed(PointerEdge(*place, True), LAYOUT, now)
    desk.feed(PointerEdge(*place, False), LAYOUT, now)


def test_arrows_step_a_frame_pages_a_second_home_and_end_to_the_ends(desk: Desk) -> None:
    expected = {keys.RIGHT: 1, keys.PAGE_DOWN: 31, keys.LEFT: 30, keys.PAGE_UP: 0, keys.END: LAST, keys.HOME: 0}
    for scancode, there in expected.items():
        press(desk, scancode)
        assert frame(desk) == there


def test_a_held_arrow_steps_on_until_it_comes_up_or_the_keyboard_goes_elsewhere(desk: Desk) -> None:
    desk.feed(KeyEdge(keys.RIGHT, True), LAYOUT, NOW)
    desk.run(NOW + REPEAT_AFTER + SECOND)
    assert frame(desk) == 14
    desk.feed(KeyEdge(keys.RIGHT, False), LAYOUT, NOW)
    desk.run(NOW + 9 * SECOND)
    assert frame(desk) == 14
    desk.feed(KeyEdge(keys.LEFT, True), LAYOUT, NOW)
    desk.feed(FocusEdge(False), LAYOUT, NOW)
    desk.run(NOW + 9 * SECOND)
    assert frame(desk) == 13


def test_space_plays_and_pauses_and_the_arrows_up_and_down_change_the_speed(desk: Desk) -> None:
    press(desk, keys.SPACE)
    assert frame(desk, NOW + SECOND) == 30
    press(desk, keys.UP, now=NOW + SECOND)
    assert desk.playhead.quarters == 2 * NORMAL
    press(desk, keys.SPACE, now=NOW + 2 * SECOND)
    assert frame(desk, NOW + 99 * SECOND) == 90
    for _ in range(9):
        press(desk, keys.DOWN)
    assert desk.playhead.quarters == 1


def test_s_switches_between_true_and_shown_and_tab_between_the_seats(desk: Desk) -> None:
    assert desk.choice == Choice(Seat.LEFT)
    press(desk, 22, "s")
    assert desk.choice == Choice(Seat.LEFT, is_shown=True)
    press(desk, keys.TAB)
    assert desk.choice == Choice(Seat.RIGHT, is_shown=True)
    press(desk, 22, "s")
    assert desk.choice == Choice(Seat.RIGHT)


def test_what_nobody_recorded_cannot_be_chosen(replay: Opened) -> None:
    scenes = type(replay.scenes)(replay.scenes.record, {Seat.LEFT: replay.scenes.seen[Seat.LEFT]}, "")
    desk = Desk(scenes, Choice(Seat.RIGHT))
    press(desk, 22, "s")
    assert not desk.choice.is_shown
    point(desk, LAYOUT.shown.center)
    assert not desk.choice.is_shown
    press(desk, keys.TAB)
    press(desk, 22, "s")
    assert desk.choice == Choice(Seat.LEFT, is_shown=True)
    press(desk, keys.TAB)
    assert desk.choice == Choice(Seat.RIGHT), "there is nothing that this seat was shown"


def test_n_and_p_go_from_event_to_event_and_from_untrue_picture_to_untrue_picture(desk: Desk, replay: Opened) -> None:
    rows = replay.scenes.record.rows
    events = [row.frame for row in rows if any(event.seat in (0, 1) for event in row.events)]
    seen = []
    for _ in range(3):
        press(desk, 17, "n")
        seen.append(frame(desk))
    assert seen == events[:3]
    press(desk, 19, "p")
    assert frame(desk) == events[1]
    press(desk, keys.TAB)
    press(desk, 22, "s")
    press(desk, keys.HOME)
    press(desk, 17, "n")
    assert frame(desk) == next(each for each in replay.scenes.seen[Seat.RIGHT].untrue_frames if each > 0)
    press(desk, keys.END)
    press(desk, 17, "n")
    assert frame(desk) == LAST, "nothing comes after it"


def test_the_timeline_goes_where_one_clicks_and_follows_the_hand_that_drags_it(desk: Desk) -> None:
    groove = LAYOUT.groove
    press(desk, keys.SPACE)
    desk.feed(PointerEdge(groove.centerx, groove.centery, True), LAYOUT, NOW)
    assert abs(frame(desk, NOW + SECOND) - LAST // 2) <= 1, "it stands while it is held"
    desk.feed(PointerMoved(groove.right, 5), LAYOUT, NOW)
    assert frame(desk) == LAST, "the hand may leave the timeline"
    desk.feed(PointerMoved(-50, groove.centery), LAYOUT, NOW)
    assert frame(desk) == 0
    desk.feed(PointerEdge(-50, groove.centery, False), LAYOUT, NOW)
    desk.feed(PointerMoved(groove.right, groove.centery), LAYOUT, NOW)
    assert frame(desk, NOW + SECOND) == 30, "it plays on, and the mouse moves nothing any more"


def test_every_pixel_of_the_timeline_is_a_frame_and_every_frame_is_where_it_is_drawn() -> None:
    for size in (SMALLEST_WINDOW, DESIGN_SIZE, (1920, 1080)):
        layout = deck_layout_for(size)
        for number in range(0, 240, 7):
            assert abs(layout.frame_at(layout.x_of(number, 240), 240) - number) <= 240 // layout.groove.width + 1
        assert layout.frame_at(-100, 240) == 0
        assert layout.frame_at(10_000, 240) == 239
        assert layout.frame_at(layout.groove.left, 1) == 0


def test_buttons_do_what_the_keys_do(desk: Desk) -> None:
    point(desk, LAYOUT.shown.center)
    point(desk, LAYOUT.seats[Seat.RIGHT].center)
    assert desk.choice == Choice(Seat.RIGHT, is_shown=True)
    point(desk, LAYOUT.true.center)
    point(desk, LAYOUT.seats[Seat.LEFT].center)
    assert desk.choice == Choice(Seat.LEFT)
    point(desk, (LAYOUT.speed.right - 4, LAYOUT.speed.centery))
    assert desk.playhead.quarters == 2 * NORMAL
    point(desk, (LAYOUT.speed.left + 4, LAYOUT.speed.centery))
    assert desk.playhead.quarters == NORMAL
    point(desk, LAYOUT.play.center)
    assert desk.playhead.is_playing
    point(desk, LAYOUT.view.center)
    assert desk.playhead.is_playing
    assert frame(desk) == 0


def test_details_and_figures_come_and_go_and_a_resize_changes_nothing(desk: Desk) -> None:
    desk.feed(PanelToggled("details"), LAYOUT, NOW)
    desk.feed(PanelToggled("figures"), LAYOUT, NOW)
    desk.feed(Uncovered(), LAYOUT, NOW)
    assert desk.choice == Choice(Seat.LEFT, has_details=True, has_figures=True)
    desk.feed(PanelToggled("details"), LAYOUT, NOW)
    assert desk.choice == Choice(Seat.LEFT, has_figures=True)


def test_escape_and_the_close_button_end_it(replay: Opened) -> None:
    for event in (KeyEdge(keys.ESCAPE, True, "escape"), CloseRequested("button")):
        desk = Desk(replay.scenes, Choice(Seat.LEFT))
        desk.feed(event, LAYOUT, NOW)
        assert desk.wants_close


@pytest.mark.parametrize("size", [SMALLEST_WINDOW, (480, 1200), (800, 600), DESIGN_SIZE, (1366, 700), (3840, 2160)])
def test_no_part_of_the_strip_lies_on_another_or_outside_the_window(size: tuple[int, int]) -> None:
    layout = deck_layout_for(size)
    parts = [
        layout.play,
        layout.clock,
        layout.speed,
        layout.mark,
        layout.true,
        layout.shown,
        layout.timeline,
        *layout.seats,
        layout.middle,
        layout.footer,
    ]
    assert all(layout.deck.contains(part) for part in parts)
    assert not any(part.collidelistall(parts[index + 1 :]) for index, part in enumerate(parts))
    assert layout.view.bottom == layout.deck.top
    assert layout.deck.bottom == max(size[1], SMALLEST_WINDOW[1])


def test_a_file_alone_can_be_looked_at_without_a_local_record(tmp_path: Path) -> None:
    replay = opened(ROUGH, tmp_path)
    for log in replay.path.parent.glob("*.dyadlog"):
        log.unlink()
    alone = type(replay.scenes)(replay.scenes.record, {}, "")
    desk = Desk(alone, Choice(Seat.LEFT, has_figures=True))
    assert desk.lanes.untrue == ()
    picture = alone.picture(desk.choice, desk.playhead.at(NOW), Texts())
    assert ("replay.no_local", "-") in (picture.figures or ())
