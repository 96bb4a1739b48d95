"""A replay's position follows from one anchor: exact at every speed, on a frame in a pause, never beyond an end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.replay.playhead import NORMAL, QUARTER_SPEEDS, REPEAT_AFTER, REPEATS_PER_SECOND, Playhead, Repeat
from netcode.limits import MILLISECOND, SECOND

HZ = 30
START = 10**15
HOUR = 3600 * SECOND


def playing(frames: int = 600, tick_rate: int = HZ) -> Playhead:
    playhead = Playhead(frames, tick_rate)
    playhead.toggle(START)
    return playhead


def test_it_begins_on_the_first_frame_and_waits() -> None:
    playhead = Playhead(600, HZ)
    for now in (START, START + HOUR):
        assert playhead.at(now) == (0, 0.0, 0)
    assert not playhead.is_playing


@pytest.mark.parametrize("quarters", QUARTER_SPEEDS)
def test_at_every_speed_a_second_is_so_many_frames(quarters: int) -> None:
    playhead = playing(100_000)
    playhead.change_speed(QUARTER_SPEEDS.index(quarters) - QUARTER_SPEEDS.index(NORMAL), START)
    for seconds in (4, 400):
        position = playhead.at(START + seconds * SECOND)
        assert position.frame == seconds * HZ * quarters // NORMAL
        assert position.share == 0.0
        assert position.since_ns == seconds * SECOND * quarters // NORMAL


def test_between_two_ticks_it_tells_how_much_of_the_tick_has_passed() -> None:
    playhead = playing()
    position = playhead.at(START + SECOND // HZ * 5 // 2)
    assert (position.frame, position.share) == (2, pytest.approx(0.5, abs=1e-6))


def test_a_thousand_looks_are_no_drift() -> None:
    looked, unseen = playing(100_000), playing(100_000)
    for step in range(1000):
        looked.at(START + step * 16_666_667)
    assert looked.at(START + HOUR // 4) == unseen.at(START + HOUR // 4)


def test_a_change_of_speed_goes_on_from_where_it_is() -> None:
    playhead = playing()
    before = playhead.at(START + SECOND)
    playhead.change_speed(1, START + SECOND)
    assert playhead.at(START + SECOND) == before
    assert playhead.at(START + 2 * SECOND).frame == 3 * HZ
    for _ in range(10):
        playhead.change_speed(1, START + 2 * SECOND)
    assert playhead.quarters == 8 * NORMAL, "there is nothing faster"


def test_a_pause_falls_on_a_frame_and_playing_goes_on_from_it() -> None:
    playhead = playing()
    paused = START + SECOND + 20 * MILLISECOND
    playhead.toggle(paused)
    assert playhead.at(paused + HOUR)[:2] == (HZ, 0.0)
    playhead.toggle(paused + HOUR)
    assert playhead.at(paused + HOUR + SECOND).frame == 2 * HZ


def test_it_rests_on_the_last_frame_and_plays_again_from_the_first() -> None:
    playhead = playing(60)
    assert playhead.at(START + 2 * SECOND)[:2] == (59, 0.0)
    assert not playhead.is_playing
    playhead.toggle(START + HOUR)
    assert playhead.at(START + HOUR)[:2] == (0, 0.0)
    assert playhead.is_playing


def test_a_step_pauses_and_goes_exactly_one_frame() -> None:
    playhead = playing()
    now = START + SECOND + 20 * MILLISECOND
    playhead.step(1, now)
    assert playhead.at(now + HOUR)[:2] == (HZ + 1, 0.0)
    playhead.step(-2, now)
    assert playhead.at(now).frame == HZ - 1
    playhead.step(-1000, now)
    assert playhead.at(now).frame == 0
    playhead.step(1000, now)
    assert playhead.at(now).frame == 599


def test_a_jump_or_a_skip_keeps_on_playing() -> None:
    playhead = playing()
    playhead.skip(3, START + SECOND)
    assert playhead.at(START + 2 * SECOND).frame == 5 * HZ
    playhead.jump(10, START + 2 * SECOND)
    assert playhead.at(START + 3 * SECOND).frame == 10 + HZ
    assert playhead.is_playing


def test_in_a_hand_it_stands_still_and_plays_on_when_let_go() -> None:
    playhead = playing()
    playhead.grab(100, START + SECOND)
    assert playhead.at(START + HOUR)[:2] == (100, 0.0)
    playhead.grab(599, START + HOUR)
    assert playhead.at(2 * HOUR + START)[:2] == (599, 0.0)
    playhead.grab(50, START + 2 * HOUR)
    assert playhead.is_playing
    playhead.let_go(START + 3 * HOUR)
    assert playhead.at(START + 3 * HOUR + SECOND).frame == 50 + HZ
    still = Playhead(600, HZ)
    still.grab(7, START)
    still.let_go(START)
    assert still.at(START + HOUR)[:2] == (7, 0.0)


def test_whatever_does_not_follow_by_playing_is_a_jump_and_so_is_coming_to_rest() -> None:
    playhead = playing()
    before = playhead.jumps
    playhead.at(START + SECOND)
    playhead.change_speed(1, START + SECOND)
    playhead.at(START + 2 * SECOND)
    assert playhead.jumps == before
    playhead.at(START + HOUR)
    playhead.at(START + 2 * HOUR)
    assert playhead.jumps == before + 1, "what pops or glides does not freeze half-way"
    for turn in (playhead.toggle, lambda now: playhead.step(1, now), lambda now: playhead.jump(3, now)):
        count = playhead.jumps
        turn(START + HOUR)
        assert playhead.jumps > count


TURNS = st.tuples(
    st.sampled_from(("toggle", "step", "jump", "skip", "speed", "grab", "let_go")),
    st.integers(-40, 700),
    st.integers(0, 2 * SECOND),
)


@given(st.integers(1, 600), st.sampled_from((10, 30, 60, 144, 240)), st.lists(TURNS, max_size=40))
def test_no_order_of_turns_leads_out_of_the_episode(
    frames: int, tick_rate: int, turns: list[tuple[str, int, int]]
) -> None:
    playhead, now = Playhead(frames, tick_rate), START
    for turn, amount, wait in turns:
        now += wait
        match turn:
            case "toggle":
                playhead.toggle(now)
            case "speed":
                playhead.change_speed(amount % 3 - 1, now)
            case "let_go":
                playhead.let_go(now)
            case _:
                getattr(playhead, turn)(amount, now)
        position = playhead.at(now)
        assert 0 <= position.frame < frames
        assert 0 <= position.share < 1
        assert position.since_ns * tick_rate // SECOND == position.frame or position.frame == frames - 1
        assert playhead.is_playing or position.share == 0


@given(st.lists(st.integers(0, SECOND), min_size=2, max_size=30), st.integers(-2, 3))
def test_playing_never_runs_backwards(waits: list[int], speed: int) -> None:
    playhead, now, positions = playing(5000), START, []
    playhead.change_speed(speed, START)
    for wait in waits:
        now += wait
        positions.append(playhead.at(now).since_ns)
    assert all(first <= second for first, second in pairwise(positions))


def test_a_tap_is_one_step_and_a_held_key_steps_on_at_absolute_times() -> None:
    repeat = Repeat()
    repeat.press(79, 1, START)
    assert repeat.due(START + REPEAT_AFTER - 1) == 0
    assert repeat.due(START + REPEAT_AFTER) == 1
    assert repeat.due(START + REPEAT_AFTER) == 0
    assert repeat.due(START + REPEAT_AFTER + SECOND) == REPEATS_PER_SECOND
    repeat.release(80)
    assert repeat.due(START + REPEAT_AFTER + 2 * SECOND) == REPEATS_PER_SECOND, "another key came up"
    repeat.release(79)
    assert repeat.due(START + HOUR) == 0
    repeat.press(79, 1, START)
    repeat.stop()
    assert repeat.due(START + HOUR) == 0
