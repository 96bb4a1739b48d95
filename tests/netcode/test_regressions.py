"""What went wrong in the system that this one replaces: its six conditions and its eleven causes, each by name.

Two unmodified clients of it exported different data in most of these runs. Here both records must be equal, row for
row; every cause is also put back in as a mutant, and must then show.
"""

from dataclasses import replace
from random import Random

import pytest

from games import registry
from games.contract import Seat
from netcode.limits import MILLISECOND, SECOND
from netcode.pulse import Pulse
from netcode.timeline import Timeline
from netcode.vocabulary import AWAY, NEUTRAL, Agreement, ConfirmedFrame, Input, Reason
from tests.simulator.campaign import examine
from tests.simulator.mutants import applied
from tests.simulator.oracle import judge, pairs
from tests.simulator.plan import LinkPlan, MachinePlan, Outage, Plan
from tests.simulator.world import Outcome, run
from tests.support.rows import encode_row
from tests.support.toy_game import ToyGame

RUNS = 5
REPEAT_LAST = 1_000_000


def link(delay_ms: int, jitter_ms: int = 0) -> tuple[LinkPlan, LinkPlan]:
    way = LinkPlan(delay=delay_ms * MILLISECOND, jitter=jitter_ms * MILLISECOND)
    return way, way


WALKING = (MachinePlan(player="walk"), MachinePlan(player="taps"))
FOCUS_LOST = (MachinePlan(player="walk", aways=((2 * SECOND, 4 * SECOND + SECOND // 2),)), MachinePlan(player="taps"))

CONDITIONS = {
    "3 ms one way, one episode": Plan(0, frames=90, delay_frames=0, links=link(3)),
    "three episodes, 40 ms, input delay 3": Plan(0, frames=45, episodes=3, delay_frames=3, links=link(40, 160)),
    "700 ms one-way outage": Plan(
        0, frames=120, links=link(20), outages=(Outage(2 * SECOND, 2 * SECOND + 700 * MILLISECOND, (True, False)),)
    ),
    "2.5 s focus loss, repeat-last guesses": Plan(
        0, frames=180, links=link(60, 20), machines=FOCUS_LOST, guess_frames=REPEAT_LAST
    ),
    "repeat-last guesses, delay 2": Plan(0, frames=60, delay_frames=2, guess_frames=REPEAT_LAST, links=link(120, 40)),
    "step limit, rollbacks": Plan(0, frames=120, delay_frames=0, links=link(60, 60)),
}


def played(plan: Plan) -> Outcome:
    """One run, in which every law must hold, and in which something was guessed wrong."""
    outcome = run(plan)
    assert judge(outcome) == []
    return outcome


def rollbacks(outcome: Outcome) -> int:
    return sum(machine.witness.seen["rollbacks"] for machine in outcome.machines)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_both_records_are_equal_and_complete_under(condition: str) -> None:
    seen = 0
    for seed in range(RUNS):
        plan = replace(CONDITIONS[condition], seed=seed)
        if plan.machines == Plan(0).machines:
            plan = replace(plan, machines=WALKING)
        outcome = played(plan)
        both = pairs(outcome)
        assert len(both) == plan.episodes
        for left, right in both:
            assert left.rows == right.rows
            assert len(left.rows) == plan.frames, "not one row more or less than the step limit says"
            assert left.reason is right.reason is Reason.FINISHED
            assert left.ending is not None
            assert left.ending.agreement is Agreement.MUTUAL
        seen += rollbacks(outcome)
    assert seen > 0, "nothing was ever guessed wrong, so nothing was tested"


def is_caught(mutant: str, condition: str) -> bool:
    with applied(mutant):
        return any(
            judge(run(replace(CONDITIONS[condition], seed=seed, machines=_busy(condition)))) for seed in range(9)
        )


def _busy(condition: str) -> tuple[MachinePlan, MachinePlan]:
    machines = CONDITIONS[condition].machines
    return WALKING if machines == Plan(0).machines else machines


def test_cause_1_inputs_of_one_episode_do_not_enter_the_next() -> None:
    late = LinkPlan(delay=40 * MILLISECOND, jitter=300 * MILLISECOND, keeps_order=False, duplicate=0.5, replayed=0.3)
    plan = Plan(3, frames=31, episodes=3, delay_frames=3, links=(late, late), machines=WALKING)
    for seed in range(RUNS):
        played(replace(plan, seed=seed))
    with applied("no-episode-index"):
        assert any(judge(run(replace(plan, seed=seed))) for seed in range(9))


def test_cause_2_a_late_input_at_the_boundary_is_simulated_again_before_it_is_confirmed() -> None:
    plan = replace(CONDITIONS["3 ms one way, one episode"], machines=(MachinePlan(player="boundary"),) * 2)
    for seed in range(RUNS):
        assert rollbacks(played(replace(plan, seed=seed))) > 0
    assert is_caught("promote-before-rollback", "3 ms one way, one episode")


def test_cause_3_counters_and_scores_live_in_the_state_so_a_rollback_takes_them_back() -> None:
    plan = replace(CONDITIONS["step limit, rollbacks"], goal=6, machines=WALKING)
    for seed in range(RUNS):
        outcome = played(replace(plan, seed=seed))
        (left, right), *_ = pairs(outcome)
        assert left.rows == right.rows
        assert len(left.rows) <= 120
        agreements = sum(one.action == other.action != 0 for one, other in left.inputs)
        assert agreements == 6 or len(left.rows) == 120, (
            "the score counts each agreement once, however often it is played"
        )
    with applied("score-outside-state"):
        assert judge(run(plan))


def test_cause_4_the_first_delay_frames_are_the_same_on_both_seats_without_being_sent() -> None:
    plan = replace(CONDITIONS["repeat-last guesses, delay 2"], machines=WALKING)
    for delay in range(5):
        outcome = played(replace(plan, delay_frames=delay))
        for left, right in pairs(outcome):
            assert left.inputs[:delay] == right.inputs[:delay] == [(NEUTRAL, NEUTRAL)] * delay
    assert is_caught("first-frames-unsent", "repeat-last guesses, delay 2")


def test_cause_5_a_catch_up_confirms_nothing_that_did_not_arrive() -> None:
    stalled = (MachinePlan(stalls=((2 * SECOND, 900 * MILLISECOND),)), MachinePlan(player="taps"))
    plan = Plan(1, frames=120, window_frames=60, links=link(100), machines=stalled)
    outcome = played(plan)
    assert outcome.machines[0].witness.seen["owed batches"] == 1
    with applied("catch-up-confirms"):
        assert judge(run(plan))


def test_cause_6_the_whole_of_what_is_owed_is_caught_up_in_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    stalled = (MachinePlan(stalls=((2 * SECOND, 2 * SECOND),)), MachinePlan(player="taps"))
    plan = Plan(1, frames=120, window_frames=60, machines=stalled)

    def owed_rows() -> int:
        (left, _), *_ = pairs(played(plan))
        return sum(bool(mine.flags & AWAY) for mine, _ in left.inputs)

    assert 55 <= owed_rows() <= 60, "two seconds at 30 Hz, up to the window"
    whole = Pulse._catch_up
    monkeypatch.setattr(Pulse, "_catch_up", lambda self, absent, now: whole(self, min(absent, 8), now))
    assert owed_rows() < 20, "a truncated batch loses time that the partner has played"


def test_cause_7_every_input_is_sent_again_until_it_is_acknowledged() -> None:
    lossy = LinkPlan(delay=20 * MILLISECOND, loss=0.4)
    plan = Plan(2, frames=60, links=(lossy, lossy), machines=WALKING)
    for seed in range(RUNS):
        assert played(replace(plan, seed=seed)).network.counts["lost"] > 20
    with applied("no-resend"):
        assert judge(run(plan))


def test_cause_8_an_end_is_taken_back_when_it_was_a_guess() -> None:
    plan = Plan(0, frames=120, goal=3, delay_frames=0, links=link(120), machines=(MachinePlan(), MachinePlan()))
    false_ends = sum(
        machine.witness.seen["wrong guess: false end"]
        for seed in range(12)
        for machine in played(replace(plan, seed=seed)).machines
    )
    assert false_ends > 0
    with applied("end-from-prediction"):
        assert any(judge(run(replace(plan, seed=seed))) for seed in range(12))


def test_cause_9_an_input_is_kept_for_as_long_as_somebody_waits_for_it() -> None:
    """Long after the first inputs were forgotten, an outage makes one seat wait for old ones."""
    outage = Outage(45 * SECOND, 47 * SECOND, (True, False))
    plan = Plan(4, frames=1400, outages=(outage,), links=link(30, 10), machines=WALKING)
    outcome = played(plan)
    assert all(machine.session.episode is not None for machine in outcome.machines)
    assert all(
        machine.session.episode.timeline.own._first > 0 for machine in outcome.machines if machine.session.episode
    )
    assert outcome.machines[1].witness.seen["reconnects"] == 1
    with applied("forget-unconfirmed"):
        assert examine(plan).broken


@pytest.mark.parametrize("game", registry.names())
def test_cause_10_a_bot_plays_on_one_machine_only_and_its_inputs_travel(game: str) -> None:
    """The two machines of a run draw their bots' seeds apart; a bot that ran on both sides would differ."""
    plan = Plan(5, game=game, frames=150, delay_frames=0, links=link(80, 40), machines=(MachinePlan(player="bot"),) * 2)
    outcome = played(plan)
    (left, right), *_ = pairs(outcome)
    assert left.rows == right.rows
    assert rollbacks(outcome) > 0
    with applied("bot-on-both-sides"):
        assert judge(run(plan))


@pytest.mark.parametrize("game_id", registry.names())
def test_cause_11_a_rollback_takes_the_games_random_numbers_back_with_its_state(game_id: str) -> None:
    late, straight = _rolled_back_and_straight(game_id)
    assert late == straight


def test_cause_11_random_numbers_outside_the_state_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    outside = Random(3)
    monkeypatch.setattr("games.foraging.below", lambda state, bound: (state, outside.randrange(bound)))
    late, straight = _rolled_back_and_straight("foraging")
    assert late != straight


def _rolled_back_and_straight(game_id: str) -> tuple[list[ConfirmedFrame], list[ConfirmedFrame]]:
    """The same inputs, once with the partner's nine frames late, and once with nothing guessed."""
    game = registry.find(game_id)
    config = game.configure(tick_rate=30, frames=400)
    rng = Random(11)
    own, partner = ([Input(rng.randrange(len(game.actions))) for _ in range(300)] for _ in Seat)
    late, straight = (
        Timeline(
            game,
            game.initial(9, config),
            Seat.LEFT,
            encode_row,
            delay_frames=0,
            guess_frames=8,
            away_limit_frames=0,
        )
        for _ in range(2)
    )
    rows: list[ConfirmedFrame] = []
    for frame in range(300):
        late.own.append(own[frame])
        if frame % 9 == 8:
            late.partner.extend(partner[frame - 8 : frame + 1])
        rows += late.advance(frame + 1).confirmed
    straight.own.extend(own)
    straight.partner.extend(partner)
    return rows, straight.advance(len(rows)).confirmed


def test_the_toy_game_is_a_game_in_which_every_input_matters() -> None:
    game = ToyGame()
    states = {
        game.encode(game.step(game.initial(1, {"frames": 9}), (left, right)).state)
        for left in range(6)
        for right in range(6)
    }
    assert len(states) == 36
