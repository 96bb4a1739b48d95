"""Words that come late, twice, or from elsewhere: which of them count, and for what."""

from typing import Any
from zlib import crc32

import msgpack

from games.contract import Seat
from netcode.limits import HANDSHAKE_PROBES, MILLISECOND, SECOND
from netcode.packets import NO_RUN, Beat, Body, Envelope, Goodbye, Hello, Play, Ready, encode
from netcode.session import Phase, Session
from netcode.vocabulary import Agreement, Reason
from tests.support.two_seats import TIMES, TwoSeats, toy_terms


def say(table: TwoSeats, body: Body, *, sent: int, **envelope: Any) -> None:  # noqa: ANN401  # its fields
    """Right says this to left, as sent at that time, in answer to something that left says now."""
    like = table.newest(Seat.RIGHT, Hello).envelope
    run = table.left.session._agreed.run if table.left.session._agreed is not None else NO_RUN
    values: dict[str, Any] = {
        "run": run,
        "sent": sent,
        "echoed_sent": table.now,
        "echoed_received": table.now,
        **envelope,
    }
    table.left.session.receive(encode(like._replace(**values), body), table.now)


def readying() -> TwoSeats:
    """Left readies the first episode, and no READY of right has come."""
    table = TwoSeats(episodes=3)
    table.loses = lambda sender, packet: sender is Seat.RIGHT and isinstance(packet.body, Ready)
    table.until(lambda: table.left.session.phase is Phase.READYING)
    return table


def hello_of(table: TwoSeats) -> Hello:
    body = table.newest(Seat.RIGHT, Hello).body
    assert isinstance(body, Hello)
    return body


# --- greetings ----------------------------------------------------------------------------------------------------


def test_a_ready_that_is_older_than_what_came_since_starts_no_countdown() -> None:
    table = readying()
    table.tick(4)
    ready = table.newest(Seat.LEFT, Ready).body  # both seats' headers are equal, and so are these words
    say(table, Beat(), sent=table.now)
    say(table, ready, sent=table.now - 1)
    assert table.left.session.phase is Phase.READYING
    say(table, ready, sent=table.now)
    assert table.left.session.phase is Phase.COUNTDOWN


def test_an_old_greeting_does_not_make_old_words_new() -> None:
    table = readying()
    say(table, Beat(), sent=table.now)
    say(table, hello_of(table), sent=table.now - 20)
    say(table, Goodbye(), sent=table.now - 10)
    assert not table.left.session.partner_left


def test_the_same_greeting_again_readies_nothing_anew() -> None:
    table = readying()
    episode = table.left.session.episode
    say(table, hello_of(table), sent=table.now)
    assert table.left.session.episode is episode


def test_another_protocol_is_no_reason_to_refuse_a_partner_that_has_greeted() -> None:
    table = readying()
    beat = Envelope(NO_RUN, 0, 0, 0, 1, None, -1), Beat()
    array = list(msgpack.unpackb(encode(*beat)[:-4], use_list=False))
    array[1] = 2
    content = msgpack.packb(array)
    table.left.session.receive(content + crc32(content).to_bytes(4, "big"), table.now)
    assert (table.left.session.phase, table.left.session.rejected) == (Phase.READYING, 1)


def test_a_session_that_has_not_begun_is_proposed_anew_by_a_left_seat_that_starts_again() -> None:
    table = readying()
    first = table.right.session.run
    table.left.start(table.now)
    table.loses = lambda _sender, _packet: False
    table.until(lambda: all(chair.session.phase is Phase.PLAYING for chair in table.chairs))
    assert table.left.session.run == table.right.session.run == table.left.session.setup.proposed_run.hex()
    assert table.left.session.run != first


def test_a_greeting_that_knows_a_later_episode_counts_after_the_one_that_is_played() -> None:
    table = TwoSeats(toy_terms(frames=200), episodes=5)
    table.until_playing()
    table.tick(5)
    say(table, hello_of(table)._replace(next_episode=3, instance=b"restarts"), sent=table.now)
    table.tick()
    assert table.left.endings[0].end.reason is Reason.CUT
    assert table.left.session._hello().next_episode == 3


def test_nothing_that_echoes_nothing_answers_a_clock_that_began_at_zero() -> None:
    setup = TwoSeats().left.session.setup
    session: Session[object] = Session(setup, 0)
    assert not session.round_trips.has_sent(0, 10)


def test_a_late_greeting_of_a_program_that_was_gone_before_we_met_its_successor_changes_nothing() -> None:
    """It crashed while none of its words came through. What it said then comes when the next one is long there."""
    table = readying()
    session, late = table.left.session, hello_of(table)._replace(instance=b"crashed!")
    strays = session.strays
    say(table, late, sent=table.now + SECOND, echoed_sent=session._met_at - 1)
    assert session._partner == hello_of(table), "it echoes what we said before its successor greeted us"
    assert session.strays == strays + 1
    table.loses = lambda _sender, _packet: False
    table.until_playing()
    say(table, late, sent=table.now + SECOND, echoed_sent=session._met_at - 1)
    table.tick()
    assert session.phase is Phase.PLAYING
    say(table, late, sent=table.now + SECOND)
    table.tick()
    assert table.left.endings[0].end.reason is Reason.CUT, "whoever echoes what we say now is the new one"


def test_of_two_programs_that_both_live_on_one_seat_the_later_one_is_the_partner() -> None:
    """Somebody started it twice. If each greeting of the other counted, the two would take turns for ever."""
    table = readying()
    session, first = table.left.session, hello_of(table)
    say(table, first._replace(instance=b"restarts"), sent=table.now)
    say(table, first, sent=table.now + 1)
    assert session._partner is not None
    assert session._partner.instance == b"restarts"
    assert session.round_trips.echo == (table.now, table.now), "and the other is not spoken to"


# --- being there --------------------------------------------------------------------------------------------------


def test_a_greeting_says_that_the_partner_is_there_but_not_while_we_play() -> None:
    table = readying()
    table.now += SECOND
    say(table, hello_of(table), sent=table.now)
    assert table.left.session.silent_for(table.now) == 0
    table.loses = lambda _sender, _packet: False
    table.until_playing()
    table.now += SECOND
    silent = table.left.session.silent_for(table.now)
    say(table, hello_of(table), sent=table.now)
    assert table.left.session.silent_for(table.now) == silent > 0


def test_a_partner_that_is_in_another_episode_is_not_here() -> None:
    table = TwoSeats(toy_terms(frames=200), episodes=3)
    table.until_playing(0)
    table.tick(5)
    table.now += SECOND
    silent = table.left.session.silent_for(table.now)
    say(table, Beat(), sent=table.now, episode=1)
    assert table.left.session.silent_for(table.now) == silent > 0


def test_a_partner_that_went_on_to_a_later_episode_is_not_waited_for() -> None:
    table = TwoSeats(toy_terms(frames=200), episodes=3)
    table.until_playing()
    table.tick(5)
    rows = len(table.left.rows())
    say(table, Beat(), sent=table.now, episode=1)
    table.tick()
    ending = table.left.endings[0]
    assert (ending.end.reason, ending.agreement, ending.partner_rows) == (Reason.CUT, Agreement.PARTNER_SEALED, 0)
    assert ending.end.rows >= rows


def test_a_packet_from_an_earlier_episode_is_no_departure() -> None:
    table = TwoSeats(toy_terms(frames=20), episodes=3)
    table.until_playing(1)
    say(table, Beat(), sent=table.now, episode=0)
    table.tick()
    assert 1 not in table.left.endings


# --- last words ---------------------------------------------------------------------------------------------------


def test_an_old_word_takes_nothing_back_of_what_was_heard_and_seen() -> None:
    table = TwoSeats(toy_terms(frames=10), episodes=3)
    table.until(lambda: table.left.session._seen == 0)
    old = table.newest(Seat.RIGHT, Play).envelope
    table.until(lambda: table.left.session._seen == 1 == table.left.session._partner_seen)
    assert old.verdict is not None
    say(table, Beat(), sent=table.now, verdict=old.verdict, seen=old.seen)
    assert (table.left.session._seen, table.left.session._partner_seen) == (1, 1)


# --- probes and countdowns ----------------------------------------------------------------------------------------


def test_a_round_trip_that_cannot_be_is_no_probe() -> None:
    table = TwoSeats()
    table.until_playing()
    trips, now = table.left.session.round_trips, table.now
    before = trips.last
    assert before is not None
    trips.take(echoed_sent=now, echoed_received=SECOND, sent=3 * SECOND, now=now)
    assert trips.last is before, "the partner held it for longer than it was away"
    trips.take(echoed_sent=before.sent, echoed_received=SECOND, sent=SECOND, now=before.sent + TIMES.lost)
    assert trips.last is before, "an echo from before a silence"


def test_the_first_episode_is_readied_after_some_round_trips_and_not_before() -> None:
    table = readying()
    assert all(chair.session.round_trips.count >= HANDSHAKE_PROBES for chair in table.chairs if chair.session.episode)
    assert table.left.session.round_trips.smoothed == 2 * table.period


def test_one_slow_round_trip_moves_the_mean_by_an_eighth() -> None:
    table = TwoSeats()
    table.until_playing()
    trips, now = table.left.session.round_trips, table.now
    mean = trips.smoothed
    trips.take(echoed_sent=now - mean - 80 * MILLISECOND, echoed_received=5, sent=5, now=now)
    assert trips.smoothed == mean + 10 * MILLISECOND


def test_a_countdown_begins_where_the_partners_is_by_now() -> None:
    table = readying()
    table.tick(4)
    ready = table.newest(Seat.LEFT, Ready).body
    assert isinstance(ready, Ready)
    session = table.left.session
    assert session.round_trips.smoothed > 0
    say(table, ready._replace(countdown=20 * MILLISECOND), sent=table.now)
    assert session.countdown_left(table.now) == TIMES.countdown - 20 * MILLISECOND - session.round_trips.smoothed // 2


def test_a_partner_that_plays_is_not_kept_waiting_by_a_countdown() -> None:
    table = TwoSeats()
    table.loses = lambda sender, packet: sender is Seat.RIGHT and isinstance(packet.body, Ready)
    seen = set[Phase]()

    def plays() -> bool:
        seen.add(table.left.session.phase)
        return table.left.session.phase is Phase.PLAYING

    table.until(plays)
    assert Phase.COUNTDOWN not in seen, "the first input packet says that the countdown is over"
