"""The view parks, passes quickly through the truth, and is live again in under a second."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client import view as view_module
from client.view import KEPT_STATES, LONGEST_NS, ONE, Shown, View, eased, replay_ns
from netcode.vocabulary import NEUTRAL, ConfirmedFrame

HZ = 30
TICK_NS = 1_000_000_000 // HZ


def truth(frame: int) -> ConfirmedFrame:
    return ConfirmedFrame(frame, (NEUTRAL, NEUTRAL), ("true", frame + 1), (0, 0), (), False, b"")


class Play:
    """A session in virtual time: the head is `lag` frames ahead of what is confirmed, and is always wrong."""

    def __init__(self, lag: int = 2) -> None:
        self.view = View(HZ)
        self.now_ns = 0
        self.frame = 0
        self.lag = lag

    def tick(self, frames: int = 1, *, at_once: bool = False) -> None:
        for _ in range(frames):
            self.now_ns += 0 if at_once else TICK_NS
            self.frame += 1
            self.view.live(self.frame, ("guess", self.frame), self.now_ns)
            if self.frame > self.lag:
                self.view.confirmed([truth(self.frame - self.lag - 1)])

    def watch_return(self, step_ns: int = 16_666_667) -> list[Shown]:
        """Drawings at 60 a second, with ticks going on, until the view is live."""
        shown = []
        due_ns = self.now_ns
        while not shown or shown[-1].mode != "live":
            if due_ns - self.now_ns >= TICK_NS:
                self.tick()
            shown.append(self.view.shown(due_ns))
            due_ns += step_ns
            assert len(shown) < 100, "the view never got live again"
        return shown


def away(play: Play, frames: int) -> None:
    play.view.park(play.now_ns)
    play.tick(frames)
    play.view.resume(play.now_ns)


def test_a_view_shows_the_head_and_how_far_its_tick_has_come() -> None:
    play = Play()
    play.tick(5)
    shown = play.view.shown(play.now_ns + TICK_NS // 2)
    assert (shown.frame, shown.state, shown.mode) == (5, ("guess", 5), "live")
    assert shown.since_ns == TICK_NS // 2
    assert play.view.shown(play.now_ns + 5 * TICK_NS).since_ns == TICK_NS, "a late tick must not run away"


def test_a_parked_view_stays_on_the_frame_of_the_focus_loss() -> None:
    play = Play()
    play.tick(10)
    play.view.park(play.now_ns)
    play.tick(90)
    shown = play.view.shown(play.now_ns)
    assert (shown.frame, shown.state, shown.mode, shown.missed_frames) == (10, ("guess", 10), "parked", 90)
    assert not play.view.is_live


def test_a_fast_forward_shows_the_truth_and_not_what_was_guessed() -> None:
    play = Play()
    play.tick(10)
    away(play, 90)
    passing = [shown for shown in play.watch_return() if shown.mode == "fast_forward"]
    assert len(passing) > 10
    assert all(shown.state == ("true", shown.frame) for shown in passing if shown.frame > 10)
    assert all(shown.missed_frames == 90 for shown in passing)
    assert play.view.fast_forwarded_frames == 90


@pytest.mark.parametrize("seconds", [0.1, 1, 5, 30, 31, 600])
def test_a_return_is_monotone_and_live_in_under_a_second(seconds: float) -> None:
    play = Play()
    play.tick(10)
    away(play, int(seconds * HZ))
    before_ns = play.now_ns
    shown = play.watch_return()
    assert all(first.frame <= second.frame for first, second in pairwise(shown))
    assert play.now_ns - before_ns < 1_000_000_000
    assert shown[-1].frame == play.frame
    assert play.view.is_live


def test_a_fast_forward_is_slow_at_both_ends() -> None:
    play = Play()
    play.tick(10)
    away(play, 20 * HZ)
    frames = [shown.frame for shown in play.watch_return() if shown.mode == "fast_forward"]
    steps = [second - first for first, second in pairwise(frames)]
    middle = max(steps)
    assert steps[0] < middle / 4
    assert steps[-1] < middle / 4


@given(st.integers(0, ONE), st.integers(0, ONE))
def test_easing_never_runs_backwards_and_ends_where_it_should(first: int, second: int) -> None:
    assert eased(0) == 0
    assert eased(ONE) == ONE
    low, high = sorted((first, second))
    assert 0 <= eased(low) <= eased(high) <= ONE


@given(st.integers(1, 10**15))
def test_no_absence_is_so_long_that_its_replay_takes_a_second(missed_ns: int) -> None:
    assert 200_000_000 <= replay_ns(missed_ns) < 1_000_000_000


def test_memory_is_bounded_and_a_long_absence_is_sampled() -> None:
    play = Play()
    play.tick(10)
    play.view.park(play.now_ns)
    play.tick(40_000)
    assert len(play.view._states) <= KEPT_STATES
    assert len(play.view._counts) == len(play.view._states)
    play.view.resume(play.now_ns)
    frames = [shown.frame for shown in play.watch_return()]
    assert len(set(frames)) > 40, "a sampled replay still moves with every drawing"
    assert play.view._states == [], "what was replayed is let go"


def test_leaving_again_on_the_way_back_parks_where_the_eye_was() -> None:
    play = Play()
    play.tick(10)
    away(play, 10 * HZ)
    play.now_ns += 200_000_000
    caught = play.view.shown(play.now_ns)
    assert 10 < caught.frame < play.frame
    play.view.park(play.now_ns)
    assert play.view.shown(play.now_ns).frame == caught.frame
    play.tick(30)
    play.view.resume(play.now_ns)
    missed_in_all = play.frame - 10
    shown = play.watch_return()
    assert shown[0].frame >= caught.frame
    assert play.view.fast_forwarded_frames == missed_in_all, "no missed frame counts twice"


def test_leaving_again_when_the_way_back_is_over_but_not_yet_drawn_parks_on_the_live_frame() -> None:
    """Alt-tabbing at random once ended a client here: no drawing had noticed that the fast-forward was over."""
    play = Play()
    play.tick(10)
    away(play, 30)
    play.now_ns += LONGEST_NS
    play.view.park(play.now_ns)
    shown = play.view.shown(play.now_ns)
    assert (shown.mode, shown.frame) == ("parked", play.frame)


TURNS = st.sampled_from(("park", "resume", "standstill", "tick", "long", "shown"))


@given(st.lists(st.tuples(TURNS, st.integers(1, 40)), max_size=60))
def test_no_order_of_turns_breaks_the_view(turns: list[tuple[str, int]]) -> None:
    play = Play()
    play.tick(3)
    last = 0
    for turn, amount in turns:
        match turn:
            case "park":
                play.view.park(play.now_ns)
            case "resume":
                play.view.resume(play.now_ns)
            case "standstill":
                play.view.standstill(amount, play.now_ns)
                play.tick(amount, at_once=True)
            case "tick":
                play.tick(amount)
            case "long":
                play.now_ns += amount * TICK_NS
        if turn == "shown":
            shown = play.view.shown(play.now_ns)
            assert last <= shown.frame <= play.frame
            last = shown.frame
    play.view.resume(play.now_ns)
    assert play.watch_return()[-1].frame == play.frame


def test_owed_ticks_after_a_standstill_are_shown_in_passing() -> None:
    play = Play()
    play.tick(10)
    play.now_ns += 1_500_000_000
    play.view.standstill(45, play.now_ns)
    play.tick(45, at_once=True)
    assert not play.view.is_live
    assert play.view.shown(play.now_ns).frame == 10
    shown = play.watch_return()
    assert {"fast_forward"} == {each.mode for each in shown[:-1]}
    assert shown[-1].frame == play.frame
    assert play.view.fast_forwarded_frames == 45


def test_a_seat_that_slept_while_it_was_away_stays_parked() -> None:
    play = Play()
    play.tick(10)
    play.view.park(play.now_ns)
    play.view.standstill(45, play.now_ns)
    play.tick(45, at_once=True)
    assert play.view.shown(play.now_ns).mode == "parked"
    play.view.resume(play.now_ns)
    assert play.view.fast_forwarded_frames == 45


def test_nothing_missed_is_nothing_to_replay() -> None:
    play = Play()
    play.tick(10)
    play.view.park(play.now_ns)
    play.view.resume(play.now_ns)
    assert play.view.is_live
    assert play.view.fast_forwarded_frames == 0


def test_the_end_of_an_episode_shows_at_once() -> None:
    play = Play()
    play.tick(10)
    away(play, 300)
    play.view.end()
    shown = play.view.shown(play.now_ns)
    assert (shown.mode, shown.frame) == ("live", play.frame)
    play.view.park(play.now_ns)
    play.view.end()
    assert play.view.is_live


def test_a_view_that_saw_nothing_yet_has_nothing_to_park_on() -> None:
    view = View(HZ)
    view.park(0)
    view.standstill(5, 0)
    assert view.is_live


def every_check_of_easing() -> None:
    test_a_fast_forward_is_slow_at_both_ends()
    test_a_return_is_monotone_and_live_in_under_a_second(30)


MUTANTS = {
    "linear": lambda share: share,
    "backwards": lambda share: ONE - share if share < ONE else ONE,
    "never arrives": lambda share: share // 2,
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_checks_of_easing_catch_a_broken_curve(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "eased", MUTANTS[name])
    with pytest.raises(AssertionError):
        every_check_of_easing()


def test_the_checks_of_duration_catch_a_replay_in_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "replay_ns", lambda missed_ns: missed_ns)
    with pytest.raises(AssertionError):
        test_a_return_is_monotone_and_live_in_under_a_second(5)
