"""A program that stood still: nothing that it missed meanwhile counts against the partner, and nothing counts twice."""

from dataclasses import replace

from games.contract import Seat
from netcode.episode import Held
from netcode.limits import SECOND
from netcode.packets import Divergence, Goodbye
from netcode.session import Phase
from netcode.vocabulary import Agreement, Input, Reason
from tests.simulator.tampering import Tampered
from tests.support.toy_game import ToyGame
from tests.support.two_seats import TIMES, TwoSeats, toy_terms

SLEEP = 60 * SECOND
"""Longer than any time of the session."""


def busy(table: TwoSeats) -> None:
    table.left.sampler = lambda frame: Input(frame % 6)
    table.right.sampler = lambda frame: Input(frame // 3 % 6)


def playing(**terms: int) -> TwoSeats:
    table = TwoSeats(toy_terms(**terms))
    busy(table)
    table.until_playing()
    table.tick(10)
    return table


def test_silence_after_a_standstill_counts_from_waking() -> None:
    """What lay in the mailbox is heard on waking, so it excuses nothing of what follows."""
    table = playing(frames=400)
    table.tick(3, only=Seat.RIGHT)
    table.right.is_running = False
    table.now += SLEEP
    table.tick()
    woken_at = table.now
    table.until(lambda: 0 in table.left.endings)
    assert table.left.endings[0].agreement is Agreement.PARTNER_LOST
    assert table.now - woken_at <= TIMES.lost + 2 * table.period


def test_a_phase_that_begins_on_waking_is_no_longer_than_any_other() -> None:
    """The partner's parting word lay in the mailbox: the last answers are given for as long as always."""
    table = TwoSeats(episodes=2)
    table.until(lambda: table.left.session.phase is Phase.READYING)
    table.right.session.leave(table.now)
    table.loses = lambda sender, packet: sender is Seat.RIGHT and not isinstance(packet.body, Goodbye)
    table.tick(2, only=Seat.RIGHT)
    table.right.is_running = False
    table.now += SLEEP
    table.tick()
    assert table.left.session.phase is Phase.FINISHED
    woken_at = table.now
    table.until(lambda: table.left.session.phase is Phase.CLOSED)
    assert table.now - woken_at <= TIMES.linger + 2 * table.period


def test_who_leaves_and_stands_still_has_the_whole_time_for_it_on_waking() -> None:
    table = playing(frames=400)
    table.left.session.leave(table.now)
    table.now += SLEEP
    table.until_closed()
    for chair in table.chairs:
        ending = chair.endings[0]
        assert (ending.end.reason, ending.end.seats, ending.agreement) == (Reason.ABORTED, (0,), Agreement.MUTUAL)


def test_the_wait_for_fin_does_not_run_while_this_program_stands_still() -> None:
    table = playing(frames=30)
    table.loses = lambda sender, packet: sender is Seat.RIGHT and packet.envelope.verdict is not None
    table.until(lambda: table.left.episode.has_reached_end)
    table.now += SLEEP
    table.tick(2)
    assert table.left.session.phase is Phase.PLAYING, "it still waits for the partner's word"
    table.loses = lambda _sender, _packet: False
    table.until(lambda: 0 in table.left.endings)
    assert table.left.endings[0].agreement is Agreement.MUTUAL


def test_the_wait_for_the_partners_rows_does_not_run_while_this_program_stands_still() -> None:
    table = TwoSeats(toy_terms(frames=200), right_game=Tampered(ToyGame(), 40))
    busy(table)
    table.until_playing()
    table.loses = lambda sender, packet: sender is Seat.RIGHT and isinstance(packet.body, Divergence)
    table.until(lambda: table.left.episode.divergence is not None)
    table.now += SLEEP
    table.tick(2)
    assert 0 not in table.left.endings, "it still waits, to name the frame"
    table.loses = lambda _sender, _packet: False
    table.until(lambda: 0 in table.left.endings)
    assert table.left.endings[0].end.frame == 40


def test_a_hold_does_not_grow_by_a_standstill_of_our_own() -> None:
    table = playing(frames=400, window_frames=4)
    table.right.is_running = False
    table.until(lambda: table.left.ticks[-1].held.value == "window")
    since = table.left.episode.held_since
    table.now += SLEEP
    table.tick()
    assert table.left.episode.held_since - since == SLEEP + table.period - TIMES.standstill


def test_a_hold_lasts_from_its_first_tick() -> None:
    table = playing(frames=400)
    table.right.is_running = False
    table.until(lambda: table.left.ticks[-1].held is Held.WINDOW)
    since = table.now
    table.tick(5)
    assert table.left.episode.held_since == since


def test_who_was_ahead_before_a_standstill_is_not_paced_for_it_afterwards() -> None:
    table = playing(frames=400)
    for _ in range(60):
        table.tick()
        table.left.episode.pacing.hear(table.left.episode.frame - 9, -9000, table.left.episode.frame, 0, table.now)
    assert table.left.episode.pacing.stretch > 0
    table.now += SLEEP
    table.tick(only=Seat.LEFT)
    assert table.left.episode.pacing.stretch == 0


def test_nothing_is_owed_to_a_partner_that_is_behind() -> None:
    table = playing(frames=400)
    table.tick(4, only=Seat.LEFT)
    assert table.left.episode.frame > table.left.episode.partner_frame
    assert [table.left.session.owed(due) for due in (0, 1, 9)] == [0, 0, 0]


def test_a_partner_that_is_lost_comes_before_the_own_leaving() -> None:
    table = TwoSeats(toy_terms(frames=400), times=replace(TIMES, leave=TIMES.lost))
    busy(table)
    table.until_playing()
    table.tick(10)
    table.right.is_running = False
    table._flying.clear()
    table.left.session.leave(table.now)
    assert table.left.session.silent_for(table.now) == 0
    table.until(lambda: 0 in table.left.endings)
    assert table.left.endings[0].agreement is Agreement.PARTNER_LOST
