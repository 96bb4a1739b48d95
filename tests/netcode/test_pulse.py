"""When ticks run: on time, after a hiccup, after a standstill, when nothing is owed; and how pacing and probes act."""

import pytest

from games.contract import Seat
from netcode.episode import Held
from netcode.limits import MILLISECOND, SECOND
from netcode.metronome import Metronome
from netcode.pacing import Pacing
from netcode.packets import Play
from netcode.pulse import Pulse
from netcode.round_trips import RoundTrip, RoundTrips, is_notable
from netcode.session import Phase
from netcode.vocabulary import AWAY, Input
from tests.simulator.plan import LinkPlan, MachinePlan, Plan
from tests.simulator.world import Outcome, run
from tests.support.two_seats import TwoSeats, toy_terms

PERIOD = SECOND // 30
BATCH = 37


# --- the metronome ------------------------------------------------------------------------------------------------


def test_deadlines_are_absolute_so_a_million_ticks_do_not_drift() -> None:
    metronome = Metronome(60, 1000)
    metronome.ticked(60 * 3600)
    assert metronome.deadline == 1000 + 3600 * SECOND


def test_ticks_are_due_from_their_deadline_on_and_whole_periods_later_there_are_more() -> None:
    metronome = Metronome(30, 0)
    assert [metronome.due(now) for now in (-1, 0, PERIOD - 1, PERIOD + 1, 3 * PERIOD + 1)] == [0, 1, 1, 2, 4]


def test_a_stretch_moves_all_later_deadlines_and_a_restart_forgets_lost_time() -> None:
    metronome = Metronome(100, 0)
    metronome.ticked(5)
    metronome.stretch(20)
    assert metronome.deadline == 50 * MILLISECOND + 200_000
    metronome.restart(7 * SECOND)
    assert metronome.deadline == 7 * SECOND + metronome.period
    assert metronome.due(7 * SECOND) == 0


# --- owed ticks ---------------------------------------------------------------------------------------------------


class Seated:
    """Left under a real pulse; right ticked by hand, so that a test says how far the partner has played."""

    def __init__(self, window: int = 60) -> None:
        self.table = TwoSeats(toy_terms(frames=400, window_frames=window))
        self.table.until_playing()
        self.table.until(lambda: self.table.left.episode.frame >= 5)
        self.pulse = Pulse(self.table.left.session, self.table.now)
        self.sampled = 0

    def partner_plays(self, ticks: int) -> None:
        """Right goes on while left stands still; its newest packet arrives."""
        self.table.tick(ticks, only=Seat.RIGHT)
        self.table.left.session.receive(self.table.said[Seat.RIGHT][-1], self.table.now)

    def wake(self) -> list[int]:
        """Left wakes now; the flags of the inputs that it commits."""
        before = self.table.left.episode.timeline.own.count
        self.pulse.run(self.table.now, self._sample)
        own = self.table.left.episode.timeline.own
        return [own[frame].flags for frame in range(before, own.count)]

    def _sample(self) -> Input:
        self.sampled += 1
        return Input(1)


def test_one_tick_is_run_at_its_deadline_and_none_before() -> None:
    seated = Seated()
    assert seated.wake() == [0]
    assert seated.wake() == []
    seated.table.now = seated.pulse.deadline
    assert seated.wake() == [0]


@pytest.mark.parametrize("late_ticks", [2, 3])
def test_a_hiccup_is_played_with_the_sampled_input(late_ticks: int) -> None:
    seated = Seated()
    seated.partner_plays(late_ticks)
    assert seated.wake() == [0] * late_ticks
    assert seated.sampled == late_ticks
    assert seated.pulse.tally.standstills == 0


def test_after_a_standstill_what_the_partner_played_is_owed_as_away_and_run_in_one_batch() -> None:
    seated = Seated()
    behind = seated.table.right.episode.frame - seated.table.left.episode.frame
    seated.partner_plays(30)
    assert seated.wake() == [AWAY] * (30 + behind)
    assert seated.sampled == 0, "nobody was there"
    assert (seated.pulse.tally.standstills, seated.pulse.tally.owed_ticks) == (1, 30 + behind)
    assert seated.wake() == [], "the next one is a period away"


def test_no_more_is_owed_than_the_partner_has_played() -> None:
    """Left slept for two seconds, right's window was full after half a second: the rest of the time is gone."""
    seated = Seated(window=15)
    seated.partner_plays(60)
    flags = seated.wake()
    assert set(flags) == {AWAY}
    assert len(flags) <= 15 + 2 + 1


def test_nothing_owed_means_one_ordinary_tick_and_counting_anew() -> None:
    """Both slept: the partner has not gone on, so no time of the pair has passed."""
    seated = Seated()
    seated.table.now += 10 * SECOND
    assert seated.wake() == [0]
    assert seated.pulse.deadline == seated.table.now + seated.pulse.metronome.period


@pytest.mark.parametrize("delay", [0, 1, 4])
def test_what_a_batch_of_ticks_committed_can_be_read_after_it(delay: int) -> None:
    """Inputs are forgotten in lots, and a batch may run past the end of one."""
    table = TwoSeats(toy_terms(frames=1500, window_frames=60, delay_frames=delay))
    table.left.sampler = lambda frame: Input(frame % 6)
    table.until_playing()
    own, read = table.left.episode.timeline.own, 0
    while table.left.episode.frame < 1400:
        table.tick(BATCH, only=Seat.RIGHT)
        table.left.session.receive(table.said[Seat.RIGHT][-1], table.now)
        before = table.left.episode.frame
        ticks = [table.left.session.advance(Input((before + number) % 6), table.now) for number in range(BATCH)]
        for number, tick in enumerate(ticks):
            assert tick is not None
            assert own[tick.committed - 1] == Input((before + number) % 6)
            read += 1
        right = table.right.session
        for data in table.left.session.packets(table.now):
            right.receive(data, table.now)
    assert own._first > 0, "some were forgotten"
    assert read > 1300


def test_what_is_owed_may_be_known_only_a_little_after_waking() -> None:
    seated = Seated()
    seated.table.tick(30, only=Seat.RIGHT)
    assert seated.wake() == [0], "no packet of the partner is here yet"
    seated.table.now = seated.pulse.deadline
    seated.table.left.session.receive(seated.table.said[Seat.RIGHT][-1], seated.table.now)
    flags = seated.wake()
    assert len(flags) >= 25
    assert set(flags) == {AWAY}


def test_time_in_which_the_pair_did_not_play_is_not_played_afterwards() -> None:
    seated = Seated(window=4)
    while not seated.pulse.tally.held_ticks:
        seated.table.now = seated.pulse.deadline
        seated.wake()
    seated.table.now = seated.pulse.deadline + 5 * SECOND
    seated.wake()
    assert seated.pulse.deadline == seated.table.now + seated.pulse.metronome.period
    assert seated.pulse.metronome.due(seated.table.now) == 0


def test_a_held_tick_goes_on_as_soon_as_its_input_is_here() -> None:
    seated = Seated(window=0)
    while not seated.pulse.tally.held_ticks:
        seated.table.now = seated.pulse.deadline
        seated.wake()
    assert seated.pulse.retry(seated.table.now) == [], "what still waits and learned nothing is no tick"
    seated.partner_plays(2)
    ticks = seated.pulse.retry(seated.table.now)
    assert [tick.held for tick in ticks] == [Held.NO]
    assert seated.pulse.tally.holds == 1


def test_a_held_tick_neither_samples_nor_commits_again() -> None:
    seated = Seated(window=0)
    while not seated.pulse.tally.held_ticks:
        seated.table.now = seated.pulse.deadline
        seated.wake()
    sampled, committed = seated.sampled, seated.table.left.episode.timeline.own.count
    for _ in range(20):
        seated.table.now = seated.pulse.deadline
        seated.wake()
    assert (seated.sampled, seated.table.left.episode.timeline.own.count) == (sampled, committed)
    assert seated.table.left.episode.frame == committed - 1 - 1, "the input of the held frame n + D is committed, once"


# --- pacing -------------------------------------------------------------------------------------------------------


def skewed(left: int, right: int, frames: int = 600) -> Outcome:
    link = LinkPlan(delay=20 * MILLISECOND, jitter=10 * MILLISECOND)
    machines = (MachinePlan(skew_millionths=left), MachinePlan(skew_millionths=right))
    return run(Plan(1, frames=frames, links=(link, link), machines=machines))


@pytest.mark.parametrize(("left", "right"), [(0, 20_000), (-20_000, 0), (-20_000, 20_000)])
def test_two_percent_of_skew_is_smeared_without_holds(left: int, right: int) -> None:
    outcome = skewed(left, right)
    for machine in outcome.machines:
        (record,) = machine.witness.records
        assert len(record.rows) == 600
        assert record.tally.holds <= 2
    tallies = [machine.witness.records[0].tally for machine in outcome.machines]
    assert sum(tally.paced_ticks for tally in tallies) > 50, "somebody was slowed down"


def test_machines_that_agree_are_not_paced() -> None:
    tallies = [machine.witness.records[0].tally for machine in skewed(0, 0).machines]
    assert sum(tally.paced_ticks for tally in tallies) == 0


def test_the_side_that_is_ahead_slows_down_first_and_never_by_more_than_two_percent() -> None:
    def stretch(ahead: int) -> int:
        pacing = Pacing(30)
        for tick in range(1, 400):
            now = tick * PERIOD
            pacing.hear(100 + tick, -ahead * 1000, 100 + tick + ahead, 0, now)
        return pacing.stretch

    assert stretch(0) == 0
    assert 5 <= stretch(1) <= 20
    assert stretch(-1) == 0, "the one behind leaves it to the other"
    assert -20 <= stretch(-3) < 0
    assert (stretch(50), stretch(-50)) == (20, -20)


def test_one_late_packet_does_not_move_the_pace() -> None:
    pacing = Pacing(30)
    for tick in range(1, 100):
        pacing.hear(tick, 0, tick, 0, tick * PERIOD)
    pacing.hear(93, 6000, 100, 0, 100 * PERIOD)
    assert pacing.stretch == 0


def test_the_advantage_is_forgotten_after_a_hold() -> None:
    pacing = Pacing(30)
    for tick in range(1, 100):
        pacing.hear(tick, -9000, tick + 9, 0, tick * PERIOD)
    assert pacing.stretch > 0
    pacing.forget()
    assert pacing.stretch == 0


def test_nobody_is_ahead_before_both_play() -> None:
    for frame, own_frame in ((0, 30), (30, 0)):
        pacing = Pacing(30)
        pacing.hear(frame, 0, own_frame, 0, 0)
        assert (pacing.stretch, pacing.own_estimate(own_frame, PERIOD)) == (0, 0)


def test_the_partner_is_taken_to_have_gone_on_since_it_spoke_but_not_for_ever() -> None:
    """At 30 Hz a frame is 33 ms: what was said 100 ms ago, after 50 ms on the way, is four and a half frames old."""
    pacing = Pacing(30)
    pacing.hear(100, 0, 110, 100 * MILLISECOND, SECOND)
    assert pacing.own_estimate(110, SECOND + 100 * MILLISECOND) == 10_000 - 4_500
    assert pacing.own_estimate(130, SECOND + 500 * MILLISECOND) == 30_000 - 16_500
    assert pacing.own_estimate(130, 60 * SECOND) == 30_000 - 16_500, "nobody was heard for so long"


# --- probes -------------------------------------------------------------------------------------------------------


def test_a_round_trip_is_right_although_the_clocks_and_the_ways_differ() -> None:
    """Left's clock shows a billion more; right takes three ticks to answer; left's way is 10 ms, right's 90 ms."""
    trips = RoundTrips(born=0, longest=SECOND)
    trips.take(echoed_sent=5_000, echoed_received=10_000_000, sent=110_000_000, now=200_005_000)
    assert trips.smoothed == 100 * MILLISECOND
    assert trips.last == RoundTrip(5_000, 10_000_000, 110_000_000, 200_005_000)


def test_every_packet_is_a_probe_with_its_four_times() -> None:
    there, back = LinkPlan(delay=10 * MILLISECOND), LinkPlan(delay=90 * MILLISECOND)
    outcome = run(Plan(1, frames=60, links=(there, back)))
    for machine in outcome.machines:
        assert 95 * MILLISECOND <= machine.session.round_trips.smoothed <= 105 * MILLISECOND
        trip = machine.session.round_trips.last
        assert trip is not None
        assert trip.sent < trip.received
        assert trip.partner_received <= trip.partner_sent
        on_the_wire = (trip.received - trip.sent) - (trip.partner_sent - trip.partner_received)
        assert 99 * MILLISECOND <= on_the_wire <= 101 * MILLISECOND


def test_an_echo_of_what_we_never_sent_is_no_probe() -> None:
    table = TwoSeats()
    table.until_playing()
    envelope, trips = table.newest(Seat.RIGHT, Play).envelope, table.left.session.round_trips
    before = trips.last
    for echoed in (0, 1, table.now + SECOND):
        trips.take(echoed, envelope.echoed_received, envelope.sent, table.now)
    assert trips.last is before


def test_about_one_probe_a_second_is_worth_a_line() -> None:
    first = RoundTrip(0, 1, 2, 3)
    assert is_notable(first, None)
    assert not is_notable(first._replace(received=SECOND), first)
    assert is_notable(first._replace(received=SECOND + 3), first)


def test_silence_is_measured_from_the_last_packet_of_this_episode() -> None:
    table = TwoSeats()
    table.until_playing()
    table.tick(5)
    assert table.left.session.phase is Phase.PLAYING
    table.carries[Seat.RIGHT] = False
    table._flying.clear()
    heard_at = table.now
    table.tick(10)
    assert table.left.session.silent_for(table.now) == table.now - heard_at
