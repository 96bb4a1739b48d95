"""How an episode ends: every row of the table, and which row comes first when two apply."""

from dataclasses import replace
from typing import Any

import pytest

from games.contract import Seat, Transition
from netcode.episode import Held
from netcode.limits import SECOND
from netcode.packets import Beat, Divergence, Play, Verdict
from netcode.session import Phase
from netcode.vocabulary import AWAY, CHECKPOINT_FRAMES, Agreement, Ending, Input, Reason
from tests.simulator.mutants import applied
from tests.simulator.tampering import Tampered
from tests.support.toy_game import ToyGame, ToyState
from tests.support.two_seats import TIMES, Chair, TwoSeats, toy_terms

TICKS_A_SECOND = 30


def ending(chair: Chair, index: int = 0) -> Ending:
    made: Ending = chair.endings[index]
    return made


def summary(chair: Chair, index: int = 0) -> tuple[Reason, int, Agreement]:
    made = ending(chair, index)
    assert made.end.rows == len(chair.rows(index)), "an ending names the rows that there are"
    return made.end.reason, made.end.rows, made.agreement


def busy(table: TwoSeats) -> None:
    table.left.sampler = lambda frame: Input(frame % 6)
    table.right.sampler = lambda frame: Input(frame // 3 % 6)


def played_to(table: TwoSeats, rows: int) -> None:
    """Play until both have confirmed at least so many rows."""
    busy(table)
    table.until_playing()
    table.until(lambda: all(chair.episode.timeline.confirmed_count >= rows for chair in table.chairs))


def test_finished_and_mutual_when_both_say_fin() -> None:
    table = TwoSeats()
    busy(table)
    table.until_closed()
    for chair in table.chairs:
        assert summary(chair) == (Reason.FINISHED, 40, Agreement.MUTUAL)
        assert ending(chair).partner_rows == 40
    assert table.left.rows() == table.right.rows()
    assert ending(table.left).end == ending(table.right).end


def test_aborted_by_a_seat_at_the_frame_of_its_input() -> None:
    table = TwoSeats(toy_terms(delay_frames=3))
    played_to(table, 10)
    at = table.left.episode.frame
    table.left.session.leave(table.now)
    table.until_closed()
    for chair in table.chairs:
        assert summary(chair) == (Reason.ABORTED, at + 3 + 1, Agreement.MUTUAL)
        assert (ending(chair).end.cause, ending(chair).end.seats) == ("quit", (0,))
    assert table.left.rows() == table.right.rows()


def test_two_who_quit_in_the_same_frame_are_both_named() -> None:
    table = TwoSeats()
    played_to(table, 10)
    table.until(lambda: table.left.episode.frame == table.right.episode.frame)
    for chair in table.chairs:
        chair.session.leave(table.now)
    table.until_closed()
    assert [ending(chair).end.seats for chair in table.chairs] == [(0, 1), (0, 1)]


def test_the_games_own_end_beats_a_quit_in_the_last_frame() -> None:
    table = TwoSeats(toy_terms(frames=20, delay_frames=0))
    played_to(table, 5)
    table.until(lambda: table.left.episode.frame == 19)
    table.left.session.leave(table.now)
    table.until_closed()
    assert {summary(chair) for chair in table.chairs} == {(Reason.FINISHED, 20, Agreement.MUTUAL)}


def test_finished_by_the_away_limit_is_a_rule_over_confirmed_rows() -> None:
    table = TwoSeats(toy_terms(away_limit_frames=8))
    busy(table)
    table.right.sampler = lambda frame: Input(0, AWAY) if frame >= 12 else Input(1)
    table.until_closed()
    for chair in table.chairs:
        assert summary(chair) == (Reason.FINISHED, 21, Agreement.MUTUAL)
        assert (ending(chair).end.cause, ending(chair).end.seats) == ("away_limit", (1,))


def test_inputs_held_when_fin_never_came_and_the_partner_holds_all_inputs() -> None:
    table = TwoSeats(toy_terms(frames=20, delay_frames=4))
    busy(table)
    table.loses = lambda sender, packet: sender is Seat.RIGHT and packet.envelope.verdict is not None
    table.until_playing()
    table.until(lambda: table.left.episode.held_rows >= 20)
    assert table.left.episode.held_rows == 20, "all of them, and no more"
    table.right.is_running = False
    table._flying.clear()
    table.until(lambda: 0 in table.left.endings)
    assert summary(table.left) == (Reason.FINISHED, 20, Agreement.INPUTS_HELD)
    assert ending(table.left).partner_rows == -1


def test_one_sided_when_fin_never_came_and_the_partner_may_lack_inputs() -> None:
    table = TwoSeats(toy_terms(frames=20))
    busy(table)
    table.until_playing()
    table.until(lambda: table.left.episode.frame >= 17)
    table.carries[Seat.LEFT] = False
    table.until(lambda: 0 in table.left.endings)
    assert summary(table.left) == (Reason.FINISHED, 20, Agreement.ONE_SIDED)
    assert ending(table.left).held_rows < 20
    table.until_closed()
    assert ending(table.right).end.reason is Reason.CUT
    assert table.left.rows()[: len(table.right.rows())] == table.right.rows()


def test_cut_because_the_partner_sealed_names_its_rows() -> None:
    table = TwoSeats(toy_terms(frames=200))
    played_to(table, 10)
    table.carries = [False, False]
    table.tick(TICKS_A_SECOND)
    table.left.session.leave(table.now)
    table.until(lambda: 0 in table.left.endings)
    assert summary(table.left)[2] is Agreement.LEFT
    table.carries = [True, True]
    table.until_closed()
    assert summary(table.right)[::2] == (Reason.CUT, Agreement.PARTNER_SEALED)
    assert ending(table.right).partner_rows == len(table.left.rows())


def test_cut_at_once_when_a_partner_that_has_the_end_leaves_before_its_last_inputs_came() -> None:
    """It said FIN and means it, and will send no more inputs: there is nothing to wait for."""
    table = TwoSeats(toy_terms(frames=40), times=replace(TIMES, fin_wait=SECOND // 2, lost=30 * SECOND))
    played_to(table, 10)
    table.loses = lambda sender, packet: sender is Seat.RIGHT and isinstance(packet.body, Play)
    table.until(lambda: table.left.ticks[-1].held is Held.WINDOW)
    rows = len(table.left.rows())
    table.left.episode.hear_verdict(Verdict(0, False, 40, bytes(16)))
    table.tick(2)
    assert 0 not in table.left.endings, "its inputs may still come"
    table.left.episode.hear_departure()
    table.tick()
    assert summary(table.left) == (Reason.CUT, rows, Agreement.PARTNER_SEALED)
    assert ending(table.left).partner_rows == 40, "what it said first stands"


def test_cut_because_the_partner_was_silent_for_the_whole_grace() -> None:
    table = TwoSeats(toy_terms(frames=200))
    played_to(table, 10)
    table.right.is_running = False
    silent_since = table.now
    table.until(lambda: 0 in table.left.endings)
    reason, rows, agreement = summary(table.left)
    assert (reason, agreement) == (Reason.CUT, Agreement.PARTNER_LOST)
    assert TIMES.lost <= table.now - silent_since <= TIMES.lost + SECOND
    assert table.right.rows()[:rows] == table.left.rows()[: len(table.right.rows())]
    assert ending(table.left).dropped_frames == 15, "the window was full of guesses, and none was recorded"
    assert rows <= ending(table.left).held_rows + 1


def test_cut_because_the_own_seat_left_while_nothing_could_be_committed() -> None:
    table = TwoSeats(toy_terms(frames=200))
    played_to(table, 10)
    table.right.is_running = False
    table.tick(TICKS_A_SECOND)
    left_at = table.now
    table.left.session.leave(table.now)
    table.until(lambda: 0 in table.left.endings)
    assert summary(table.left)[::2] == (Reason.CUT, Agreement.LEFT)
    assert TIMES.leave <= table.now - left_at < TIMES.leave + SECOND // 5


def test_who_leaves_at_a_confirmed_end_keeps_the_whole_episode() -> None:
    table = TwoSeats(toy_terms(frames=20), trip_ticks=3)
    busy(table)
    table.until_playing()
    table.until(lambda: table.left.episode.has_reached_end and 0 not in table.left.endings)
    table.right.is_running = False
    table._flying.clear()
    left_at = table.now
    table.left.session.leave(table.now)
    table.until(lambda: 0 in table.left.endings)
    assert summary(table.left)[:2] == (Reason.FINISHED, 20)
    assert table.now - left_at < TIMES.leave + SECOND // 5


@pytest.mark.parametrize("frame", [0, 7, 29, 30, 31, 58, 89])
def test_diverged_is_found_at_the_first_checkpoint_and_named_to_the_frame_on_both_seats(frame: int) -> None:
    table = TwoSeats(toy_terms(frames=90), right_game=Tampered(ToyGame(), frame))
    busy(table)
    table.until_closed()
    for chair in table.chairs:
        made = ending(chair)
        assert (made.end.reason, made.agreement, made.end.frame) == (Reason.DIVERGED, Agreement.DIVERGED, frame)
        checkpoint = -(-(frame + 1) // CHECKPOINT_FRAMES) * CHECKPOINT_FRAMES
        assert made.end.rows <= checkpoint + 15 + 2
        kept = chair.episode.chain.unsettled_frame(frame)
        assert kept is not None, "the state at that frame is there to be laid beside the partner's"
        assert kept.frame == frame
    assert table.left.rows()[:frame] == table.right.rows()[:frame]
    assert table.left.rows()[frame] != table.right.rows()[frame]


def test_a_divergence_of_which_the_partner_cannot_tell_its_rows_names_no_frame() -> None:
    table = TwoSeats(toy_terms(frames=90), right_game=Tampered(ToyGame(), 10))
    busy(table)
    table.until_playing()
    table.until(lambda: table.left.episode.divergence is not None or table.right.episode.divergence is not None)
    first = next(chair for chair in table.chairs if chair.episode.divergence is not None)
    table.carries = [False, False]
    table._flying.clear()
    table.until(lambda: 0 in first.endings)
    assert ending(first).end.reason is Reason.DIVERGED
    assert ending(first).end.frame == -1


def test_whoever_knows_of_a_divergence_commits_and_confirms_nothing_more() -> None:
    """Both go on talking meanwhile, and neither can name the frame."""
    table = TwoSeats(toy_terms(frames=200), right_game=Tampered(ToyGame(), 10))
    busy(table)
    table.loses = lambda _sender, packet: isinstance(packet.body, Divergence)
    table.until_playing()
    table.until(lambda: all(chair.episode.divergence is not None for chair in table.chairs))
    rows = [len(chair.rows()) for chair in table.chairs]
    committed = [chair.episode.timeline.own.count for chair in table.chairs]
    table.tick(10)
    assert not any(chair.session.wants_input for chair in table.chairs)
    assert all(chair.ticks[-1].held is Held.END for chair in table.chairs)
    assert [chair.episode.timeline.own.count for chair in table.chairs] == committed
    table.until(lambda: all(0 in chair.endings for chair in table.chairs))
    assert [ending(chair).end.rows for chair in table.chairs] == rows == [len(chair.rows()) for chair in table.chairs]


@pytest.mark.parametrize("leaves", [False, True], ids=["partner lost", "left"])
def test_a_seat_that_gives_up_with_chains_that_differ_has_diverged(leaves: bool) -> None:
    """The partner's program is gone before it has named its rows, and is lost before they are no longer waited for."""
    times = replace(TIMES, fin_wait=2 * TIMES.lost)
    table = TwoSeats(toy_terms(frames=90), right_game=Tampered(ToyGame(), 10), times=times)
    busy(table)
    table.loses = lambda _sender, packet: isinstance(packet.body, Divergence)
    table.until_playing()
    table.until(lambda: table.left.episode.divergence is not None)
    table.right.is_running = False
    known_since = table.now
    if leaves:
        table.left.session.leave(table.now)
    table.until(lambda: 0 in table.left.endings)
    assert ending(table.left).end.reason is Reason.DIVERGED
    assert table.now - known_since < (TIMES.leave if leaves else TIMES.lost) + SECOND // 5


def test_one_seat_with_an_end_where_the_other_plays_on_has_diverged_there() -> None:
    class Longer(ToyGame):
        def step(self, state: ToyState, actions: tuple[int, int]) -> Transition:
            transition = super().step(state, actions)
            return transition._replace(done=state.tick + 1 >= 25)

    table = TwoSeats(toy_terms(frames=20), right_game=Longer())
    busy(table)
    table.until_closed()
    for chair in table.chairs:
        assert ending(chair).end.reason is Reason.DIVERGED
        assert ending(chair).end.frame == 19, "the row says whether it is the last"


def test_an_end_that_no_row_tells_of_diverges_at_the_frame_after_it() -> None:
    """The away limit is a rule over rows, and stands in none: all rows that both have are equal."""
    table = TwoSeats(toy_terms(frames=90, away_limit_frames=8))
    busy(table)
    table.right.sampler = lambda frame: Input(0, AWAY) if frame >= 12 else Input(1)
    table.until_playing()
    table.right.episode.timeline._away_limit_frames = 0
    table.until_closed()
    for chair in table.chairs:
        assert (ending(chair).end.reason, ending(chair).end.frame) == (Reason.DIVERGED, 21)
    assert table.left.rows() == table.right.rows()[:21]


def test_hashes_that_differ_come_before_every_other_ending() -> None:
    """A quit in the frame after which the chains are known to differ does not hide it."""
    table = TwoSeats(toy_terms(frames=90), right_game=Tampered(ToyGame(), 40))
    busy(table)
    table.until_playing()
    table.until(lambda: table.left.episode.frame >= 50)
    table.left.session.leave(table.now)
    table.until_closed()
    assert {ending(chair).end.reason for chair in table.chairs} == {Reason.DIVERGED}
    assert {ending(chair).end.frame for chair in table.chairs} == {40}


@pytest.mark.parametrize("lie", [{"rows": 19}, {"digest": bytes(16)}], ids=["rows", "digest"])
def test_a_fin_must_name_the_same_rows_and_the_same_hash(lie: dict[str, Any]) -> None:
    table = TwoSeats(toy_terms(frames=20))
    busy(table)
    table.until_playing()
    table.loses = lambda sender, packet: sender is Seat.RIGHT and packet.envelope.verdict is not None
    table.until(lambda: table.left.episode.verdict is not None)
    verdict = table.left.episode.verdict
    assert verdict is not None
    table.left.episode.hear_verdict(verdict._replace(**lie))
    table.until(lambda: 0 in table.left.endings)
    assert ending(table.left).end.reason is Reason.DIVERGED
    assert table.left.episode.verdict == verdict, "what was said stands, and tells the partner of the difference"


def test_a_confirmed_end_comes_before_a_partner_that_gave_up() -> None:
    table = TwoSeats(toy_terms(frames=20))
    busy(table)
    table.until_playing()
    table.until(lambda: table.left.episode.frame >= 18)
    table.carries[Seat.LEFT] = False  # right hears nothing any more, gives up and says SEAL
    table.until(lambda: 0 in table.right.endings)
    table.until(lambda: 0 in table.left.endings)
    assert summary(table.right)[2] is Agreement.PARTNER_LOST
    assert summary(table.left)[:2] == (Reason.FINISHED, 20)
    assert summary(table.left)[2] in (Agreement.INPUTS_HELD, Agreement.ONE_SIDED)


def test_fin_is_repeated_until_the_partner_has_shown_that_it_has_it() -> None:
    table = TwoSeats(toy_terms(frames=20), episodes=2)
    busy(table)
    table.until_playing()
    table.until(lambda: table.left.episode.has_reached_end)
    table.carries[Seat.LEFT] = False
    table._flying.clear()
    table.tick(10)
    assert 0 not in table.right.endings
    assert table.right.ticks[-1].held is Held.END
    table.carries[Seat.LEFT] = True
    table.until_playing(1)
    assert summary(table.right) == (Reason.FINISHED, 20, Agreement.MUTUAL)


def test_after_seal_no_packet_raises_the_rows() -> None:
    table = TwoSeats(toy_terms(frames=200))
    played_to(table, 10)
    table.carries[Seat.RIGHT] = False
    table.until(lambda: 0 in table.left.endings)
    rows = len(table.left.rows())
    late = table.newest(Seat.RIGHT, Play)
    assert isinstance(late.body, Play)
    table.left.episode.receive(late.body, 0, table.now)
    table.left.episode.advance(None, table.now)
    assert table.left.episode.timeline.confirmed_count == rows == ending(table.left).end.rows
    beat = table.newest(Seat.LEFT, Beat)
    assert beat.envelope.verdict is not None
    assert (beat.envelope.verdict.is_seal, beat.envelope.verdict.rows) == (True, rows)


def test_row_hashes_are_said_until_both_have_named_the_frame() -> None:
    table = TwoSeats(toy_terms(frames=40), right_game=Tampered(ToyGame(), 35))
    busy(table)
    table.loses = lambda sender, packet: sender is Seat.LEFT and isinstance(packet.body, Divergence)
    table.until_playing()
    table.until(lambda: 0 in table.left.endings)
    table.tick(10)
    table.loses = lambda _sender, _packet: False
    table.until_closed()
    assert [ending(chair).end.frame for chair in table.chairs] == [35, 35]


def test_whoever_left_early_would_leave_the_frame_unnamed() -> None:
    with applied("leave-unnamed"), pytest.raises(AssertionError):
        test_row_hashes_are_said_until_both_have_named_the_frame()


def test_linger_is_as_long_as_it_says_and_ends_at_once_when_nothing_is_left_to_say() -> None:
    table = TwoSeats(toy_terms(frames=20))
    busy(table)
    table.until_playing()
    table.until(lambda: all(chair.session.phase is Phase.FINISHED for chair in table.chairs))
    finished_at = table.now
    table.until_closed()
    assert table.now - finished_at < SECOND // 5
