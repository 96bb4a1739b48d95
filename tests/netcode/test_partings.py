"""Who goes, who stays, who comes back: what the seat that stays does next, and what both still say."""

from dataclasses import replace

import pytest

from games.contract import Seat
from netcode.limits import SECOND
from netcode.packets import Divergence, Goodbye, Hello, Ready, Refusal
from netcode.session import Phase
from netcode.vocabulary import Agreement, EpisodeTerms, Input, Reason
from tests.simulator.tampering import Tampered
from tests.support.rows import encode_header
from tests.support.toy_game import ToyGame
from tests.support.two_seats import TIMES, Chair, TwoSeats, toy_terms


def busy(table: TwoSeats) -> None:
    table.left.sampler = lambda frame: Input(frame % 6)
    table.right.sampler = lambda frame: Input(frame // 3 % 6)


def phases_until_closed(table: TwoSeats, chair: Chair) -> list[Phase]:
    """Every phase that this seat is still in, in order."""
    seen = [chair.session.phase]

    def is_closed() -> bool:
        if chair.session.phase is not seen[-1]:
            seen.append(chair.session.phase)
        return chair.session.phase is Phase.CLOSED

    table.until(is_closed)
    return seen


# --- going --------------------------------------------------------------------------------------------------------


def test_after_a_quit_both_go_at_once_and_only_who_stays_reads_that_the_partner_left() -> None:
    table = TwoSeats(toy_terms(frames=200), episodes=3)
    table.until_playing()
    table.tick(10)
    table.left.session.leave(table.now)
    table.until(lambda: all(0 in chair.endings for chair in table.chairs))
    quit_at = table.now
    assert [chair.session.partner_left for chair in table.chairs] == [False, True]
    assert {chair.session.phase for chair in table.chairs} <= {Phase.FINISHED, Phase.CLOSED}, "no result to look at"
    table.until_closed()
    assert table.now - quit_at < TIMES.linger, "each has shown that it holds the other's last word"


def test_whoever_reads_a_result_while_the_partner_goes_does_not_ready_another_episode() -> None:
    table = TwoSeats(toy_terms(frames=10), episodes=3, times=replace(TIMES, result=2 * SECOND, linger=SECOND))
    table.until(lambda: all(chair.session.phase is Phase.RESULT for chair in table.chairs))
    table.left.session.leave(table.now)
    table.until(lambda: table.left.session.phase is Phase.CLOSED)
    assert table.right.session.phase is Phase.RESULT, "it reads on"
    assert phases_until_closed(table, table.right) == [Phase.RESULT, Phase.FINISHED, Phase.CLOSED]


def test_leaving_when_all_is_closed_opens_nothing() -> None:
    table = TwoSeats(toy_terms(frames=10))
    table.until_closed()
    table.left.session.leave(table.now)
    assert table.left.session.phase is Phase.CLOSED


def test_leaving_again_takes_no_new_time() -> None:
    """Somebody who closes a window again and again, because it waits, is not made to wait for longer."""
    table = TwoSeats(toy_terms(frames=200, window_frames=2))
    table.until_playing()
    table.tick(10)
    table.right.is_running = False
    table.until(lambda: table.left.ticks[-1].held.value == "window")
    left_at = table.now

    def leave_again() -> bool:
        table.left.session.leave(table.now)
        return 0 in table.left.endings

    table.until(leave_again)
    assert table.left.endings[0].agreement is Agreement.LEFT
    assert table.now - left_at <= TIMES.leave + 2 * table.period


def test_a_goodbye_does_not_take_a_refusal_back() -> None:
    table = TwoSeats(right_terms=toy_terms(tick_rate=60))
    table.until(lambda: all(chair.session.phase is Phase.REFUSED for chair in table.chairs))
    table.left.session._hear_goodbye(table.now)
    assert table.left.session.phase is Phase.REFUSED


def test_whoever_leaves_after_a_divergence_still_names_its_rows() -> None:
    table = TwoSeats(toy_terms(frames=200), right_game=Tampered(ToyGame(), 40))
    busy(table)
    table.until(lambda: 0 in table.left.endings)
    assert table.left.endings[0].end.reason is Reason.DIVERGED
    table.left.session.leave(table.now)
    assert table.left.session.phase is Phase.FINISHED
    kinds = [type(body) for body in table.left.session._slow_bodies(table.now)]
    assert kinds == [Goodbye, Divergence]


# --- refusing -----------------------------------------------------------------------------------------------------


def test_a_header_that_differs_in_a_later_episode_is_refused_aloud() -> None:
    def other_header(terms: EpisodeTerms) -> bytes:
        return encode_header(terms) + (b"?" if terms.episode else b"")

    table = TwoSeats(toy_terms(frames=10), episodes=2)
    table.right.build_header = other_header
    table.until(lambda: all(chair.session.refusal for chair in table.chairs))
    table.tick(3)
    for chair in table.chairs:
        assert chair.session.phase is Phase.REFUSED
        assert isinstance(table.newest(chair.seat, Refusal).body, Refusal)
    table.until_closed()


# --- losing and finding -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seat", list(Seat))
def test_a_pair_whose_link_was_cut_plays_on_by_itself_once_it_is_whole(seat: Seat) -> None:
    table = TwoSeats(toy_terms(frames=40), episodes=3)
    busy(table)
    table.until_playing()
    table.tick(5)
    table.carries = [False, False]
    table._flying.clear()
    seen = set[Phase]()

    def both_wait() -> bool:
        seen.add(table.chairs[seat].session.phase)
        return all(chair.session.phase is Phase.WAITING for chair in table.chairs)

    table.until(both_wait)
    assert Phase.READYING not in seen, "nobody readies an episode for a partner that is not there"
    table.carries = [True, True]
    table.until_playing(1)
    table.until_closed()
    assert [chair.endings[1].agreement for chair in table.chairs] == [Agreement.MUTUAL] * 2


def test_a_program_that_quit_and_is_back_before_the_last_word_is_played_with() -> None:
    table = TwoSeats(toy_terms(frames=200), episodes=3)
    table.until_playing()
    table.tick(10)
    table.loses = lambda sender, packet: sender is Seat.RIGHT and packet.envelope.verdict is not None
    table.right.session.leave(table.now)
    table.until(lambda: table.left.episode.has_reached_end)
    assert table.left.episode.timeline.end is not None
    table.loses = lambda _sender, _packet: False
    table.right.start(table.now)
    table.until_playing(1)
    assert table.left.endings[0].end.reason is Reason.ABORTED


def test_a_program_that_said_goodbye_and_is_back_has_not_left() -> None:
    table = TwoSeats(toy_terms(frames=10), episodes=3, times=replace(TIMES, result=3 * SECOND))
    table.until(lambda: all(chair.session.phase is Phase.RESULT for chair in table.chairs))
    table.right.session.leave(table.now)
    table.until(lambda: table.left.session.partner_left)
    table.right.start(table.now)
    table.until(lambda: not table.left.session.partner_left)
    table.until_playing(1)


@pytest.mark.parametrize("phase", [Phase.READYING, Phase.COUNTDOWN])
def test_whoever_readies_with_a_program_that_is_gone_spends_the_episode_and_begins_none(phase: Phase) -> None:
    table = TwoSeats(toy_terms(frames=60), episodes=3, times=replace(TIMES, countdown=SECOND))
    if phase is Phase.READYING:
        table.loses = lambda sender, packet: sender is Seat.RIGHT and isinstance(packet.body, Ready)
    table.until(lambda: table.left.session.phase is phase)
    table.loses = lambda _sender, _packet: False
    table.right.start(table.now)
    table.until_playing(1)
    assert 0 not in table.left.endings
    assert 0 not in table.left.confirmed


def test_a_program_that_its_partner_does_not_know_yet_begins_nothing_that_another_may_have_begun() -> None:
    """Left has said READY to a program that began, unheard, and crashed. The next one is heard only before it has heard
    anything itself, which left passes over; then it hears left, which is still as ready as it was.
    """
    table = TwoSeats(toy_terms(frames=60), episodes=3)
    table.loses = lambda sender, packet: sender is Seat.RIGHT and not isinstance(packet.body, Hello)
    table.until(lambda: len(table.right.rows()) > 0)
    table.right.start(table.now)
    table.loses = lambda sender, packet: sender is Seat.LEFT or packet.envelope.echoed_sent > 0
    table._flying.clear()
    table.tick(10)
    table.loses = lambda sender, _packet: sender is Seat.RIGHT
    table._flying.clear()
    table.tick(30)
    assert table.left.session.phase is Phase.READYING
    assert table.right.session.phase is Phase.GREETING, "nobody speaks to this program"
    table.loses = lambda _sender, _packet: False
    table.until_playing(1)
    assert 0 not in table.left.confirmed
    assert 0 not in table.right.confirmed
