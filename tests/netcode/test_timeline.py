"""The timeline alone: inputs in, frames out. A run with guesses must be the run without them."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.contract import Seat, Transition
from netcode.timeline import OWN_KEPT_FRAMES, Progress, Timeline
from netcode.vocabulary import AWAY, CATCHING_UP, NEUTRAL, ConfirmedFrame, Input, Reason
from tests.simulator.mutants import applied
from tests.support.rows import encode_row
from tests.support.toy_game import ToyGame, ToyState

FRAMES = 24
inputs = st.builds(Input, st.integers(0, 5), st.sampled_from((0, 0, 0, AWAY, CATCHING_UP)))
scripts = st.lists(inputs, min_size=FRAMES, max_size=FRAMES)
arrivals = st.lists(st.integers(0, 5), min_size=FRAMES, max_size=FRAMES)
"""How many of the partner's inputs come in at each tick."""


def timeline(
    seat: Seat = Seat.LEFT, *, delay: int = 0, guess: int = 8, away_limit: int = 0, goal: int = 0, frames: int = FRAMES
) -> Timeline[ToyState]:
    game = ToyGame()
    state = game.initial(7, {"frames": frames, "goal": goal})
    return Timeline(game, state, seat, encode_row, delay_frames=delay, guess_frames=guess, away_limit_frames=away_limit)


def played(
    own: list[Input], partner: list[Input], arriving: list[int], *, goal: int = 0, seat: Seat = Seat.LEFT
) -> list[ConfirmedFrame]:
    """One tick a frame; the partner's inputs come in as `arriving` says, and the rest at the end."""
    line = timeline(seat, goal=goal)
    confirmed: list[ConfirmedFrame] = []
    came = 0
    for present, (mine, count) in enumerate(zip(own, arriving, strict=True), start=1):
        line.own.append(mine)
        confirmed += line.advance(present - 1).confirmed
        line.partner.extend(partner[came : came + count])
        came += count
        confirmed += line.advance(present).confirmed
    line.partner.extend(partner[came:])
    return confirmed + line.advance(FRAMES).confirmed


def straight(own: list[Input], partner: list[Input], *, goal: int = 0, seat: Seat = Seat.LEFT) -> list[ConfirmedFrame]:
    """The same inputs with nothing guessed."""
    line = timeline(seat, goal=goal)
    line.own.extend(own)
    line.partner.extend(partner)
    return line.advance(FRAMES).confirmed


@settings(max_examples=60, derandomize=True, deadline=None)
@given(scripts, scripts, arrivals, st.sampled_from((0, 2, 4)), st.sampled_from(tuple(Seat)))
def test_whatever_arrives_late_the_confirmed_frames_are_those_of_a_run_without_guesses(
    own: list[Input], partner: list[Input], arriving: list[int], goal: int, seat: Seat
) -> None:
    assert played(own, partner, arriving, goal=goal, seat=seat) == straight(own, partner, goal=goal, seat=seat)


@settings(max_examples=25, derandomize=True, deadline=None)
@given(scripts, scripts, arrivals)
def test_both_seats_confirm_the_same_rows(left: list[Input], right: list[Input], arriving: list[int]) -> None:
    rows = [frame.row for frame in played(left, right, arriving)]
    assert rows == [frame.row for frame in played(right, left, arriving[::-1], seat=Seat.RIGHT)]


@pytest.mark.parametrize("mutant", ["promote-before-rollback", "keep-tail", "flags-fed-to-game", "commands-guessed"])
def test_the_law_of_late_inputs_catches_its_mutants(mutant: str) -> None:
    rng = Random(1)
    own, partner = ([Input(rng.randrange(6), rng.choice((0, AWAY))) for _ in range(FRAMES)] for _ in Seat)
    arriving = [0, 0, 3] * (FRAMES // 3)
    assert played(own, partner, arriving) == straight(own, partner)
    with applied(mutant):
        assert played(own, partner, arriving) != straight(own, partner)


def test_a_right_guess_becomes_the_confirmed_frame_without_another_step() -> None:
    steps = 0

    class Counting(ToyGame):
        def step(self, state: ToyState, actions: tuple[int, int]) -> Transition:
            nonlocal steps
            steps += 1
            return super().step(state, actions)

    game = Counting()
    line = Timeline(
        game,
        game.initial(1, {"frames": 9}),
        Seat.LEFT,
        encode_row,
        delay_frames=0,
        guess_frames=8,
        away_limit_frames=0,
    )
    line.own.extend([Input(1)] * 5)
    line.partner.append(Input(2))
    line.advance(5)
    assert steps == 5
    line.partner.extend([Input(2, AWAY)] * 4)
    progress = line.advance(5)
    assert (steps, len(progress.confirmed), progress.rollback_frames) == (5, 4, 0)
    assert progress.confirmed[-1].inputs == (Input(1), Input(2, AWAY)), "the row holds the real flags"


def test_a_wrong_guess_drops_the_whole_tail_and_is_counted() -> None:
    line = timeline()
    line.own.extend([Input(1)] * 6)
    line.partner.append(Input(2))
    assert line.advance(6) == Progress(line_confirmed(line), 0, 0)
    line.partner.extend([Input(2), Input(3)])
    progress = line.advance(6)
    assert (progress.rollback_frames, progress.wrong_guesses) == (4, 1)
    assert (line.confirmed_count, line.predicted_count, line.head_count) == (3, 3, 6)


def line_confirmed(line: Timeline[ToyState]) -> list[ConfirmedFrame]:
    """The first frame, which both inputs were here for."""
    fresh = timeline()
    fresh.own.append(Input(1))
    fresh.partner.append(Input(2))
    return fresh.advance(1).confirmed


def test_a_guess_repeats_the_last_real_action_for_a_short_while_and_then_nothing() -> None:
    line = timeline(guess=3)
    assert line.guesses(0, 2) == [0, 0], "before anything came there is nothing to repeat"
    line.partner.append(Input(4, AWAY, 1))
    assert line.guesses(1, 6) == [4, 4, 4, 0, 0]
    assert line.guesses(3, 5) == [4, 0]
    assert line.guesses(5, 7) == [0, 0]
    with applied("guess-for-ever"):
        assert line.guesses(5, 6) == [4]


def test_a_guess_of_no_frames_is_always_neutral() -> None:
    line = timeline(guess=0)
    line.partner.append(Input(4))
    assert line.guesses(1, 3) == [0, 0]


def test_guessing_for_as_long_as_one_likes_costs_no_more_than_the_frames_asked_for() -> None:
    """A list of all frames for which a guess would hold was once made, and thrown away, in every tick."""
    line = timeline(guess=2**62)
    line.partner.append(Input(4))
    assert line.guesses(1, 3) == [4, 4]


@pytest.mark.parametrize("delay", [0, 1, 4])
def test_the_first_delay_frames_are_neutral_for_both_seats_by_rule(delay: int) -> None:
    line = timeline(delay=delay)
    line.own.extend([Input(1, AWAY)] * 8)
    line.partner.extend([Input(2, CATCHING_UP)] * 8)
    confirmed = line.advance(8).confirmed
    assert [frame.inputs for frame in confirmed[:delay]] == [(NEUTRAL, NEUTRAL)] * delay
    assert confirmed[delay].inputs == (Input(1, AWAY), Input(2, CATCHING_UP))


def test_the_end_is_the_first_confirmed_terminal_frame_and_nothing_comes_after_it() -> None:
    line = timeline(goal=1, frames=99)
    line.own.extend([Input(2)] * 10)
    line.advance(10)
    assert line.end is None, "a guessed end ends nothing"
    line.partner.extend([Input(1), Input(2), Input(3)])
    confirmed = line.advance(10).confirmed
    assert [frame.frame for frame in confirmed] == [0, 1]
    assert line.end is not None
    assert (line.end.reason, line.end.rows, line.end.cause) == (Reason.FINISHED, 2, "game")
    assert line.advance(10) == Progress([], 0, 0)


def test_a_tail_that_ends_in_a_guessed_end_stops_growing_and_is_left_again() -> None:
    line = timeline(goal=2, frames=99)
    line.own.extend([Input(2)] * 12)
    line.partner.append(Input(2))
    line.advance(12)
    assert line.head_is_end
    assert line.head_count == 2, "the second agreement is a guess, and an end"
    line.partner.append(Input(3))
    line.advance(12)
    assert not line.head_is_end
    assert line.head_count == 12


def test_a_quit_ends_at_the_frame_of_its_input_and_names_its_seats() -> None:
    line = timeline()
    line.own.extend([Input(1), Input(1, 0, 1), Input(1)])
    line.partner.extend([Input(1), Input(2, 0, 1), Input(1)])
    line.advance(3)
    assert line.end is not None
    assert (line.end.reason, line.end.rows, line.end.seats) == (Reason.ABORTED, 2, (0, 1))


def test_the_games_own_end_beats_a_quit_in_the_same_frame() -> None:
    line = timeline(frames=2)
    line.own.extend([Input(1), Input(1, 0, 1)])
    line.partner.extend([Input(1), Input(1)])
    line.advance(2)
    assert line.end is not None
    assert (line.end.reason, line.end.cause) == (Reason.FINISHED, "game")


def test_an_own_quit_is_a_possible_end_as_soon_as_it_is_committed() -> None:
    line = timeline()
    line.own.extend([Input(1), Input(1, 0, 1), Input(1)])
    line.advance(3)
    assert line.head_is_end
    assert line.head_count == 2


def test_the_away_limit_counts_consecutive_rows_of_either_seat() -> None:
    line = timeline(away_limit=3)
    away, here = Input(0, AWAY), Input(0)
    line.own.extend([away, away, here, away, away, away, away])
    line.partner.extend([here] * 7)
    line.advance(7)
    assert line.end is not None
    assert (line.end.reason, line.end.cause, line.end.rows, line.end.seats) == (
        Reason.FINISHED,
        "away_limit",
        6,
        (0,),
    )


def test_who_is_away_together_is_named_together() -> None:
    line = timeline(away_limit=2)
    line.own.extend([Input(0, AWAY)] * 3)
    line.partner.extend([Input(0, AWAY)] * 3)
    line.advance(3)
    assert line.end is not None
    assert line.end.seats == (0, 1)


def test_settled_inputs_are_forgotten_and_the_rest_of_the_episode_is_the_same() -> None:
    rng = Random(5)
    own, partner = ([Input(rng.randrange(6)) for _ in range(3000)] for _ in Seat)
    line, kept = timeline(frames=5000), timeline(frames=5000)
    longest = 0
    rows, expected = [], []
    for frame in range(3000):
        for one in (line, kept):
            one.own.append(own[frame])
            one.partner.append(partner[frame])
        rows += line.advance(frame + 1).confirmed
        expected += kept.advance(frame + 1).confirmed
        line.forget_settled_inputs()
        longest = max(longest, len(line.own._inputs), len(line.partner._inputs))
    assert rows == expected
    assert longest < 600 + OWN_KEPT_FRAMES
