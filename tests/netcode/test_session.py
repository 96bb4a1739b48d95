"""The session around the episodes: greeting, refusal, READY, rejoin, leaving, and what old or foreign packets do."""

from dataclasses import fields, replace
from zlib import crc32

import msgpack
import pytest

from games.contract import Seat
from netcode.agreement import episode_terms
from netcode.limits import MILLISECOND, SECOND
from netcode.packets import (
    NO_EPISODE,
    NO_RUN,
    Beat,
    Envelope,
    Goodbye,
    Hello,
    Packet,
    Play,
    Ready,
    decode,
    encode,
)
from netcode.session import Phase
from netcode.vocabulary import AWAY, Agreement, EpisodeTerms, Input, Reason, Terms
from tests.simulator.mutants import applied
from tests.support.rows import encode_header
from tests.support.two_seats import TIMES, TwoSeats, toy_terms

BEAT = Packet(Envelope(NO_RUN, 0, 0, 0, 1, None, NO_EPISODE), Beat())


def busy(table: TwoSeats) -> None:
    table.left.sampler = lambda frame: Input(frame % 6)
    table.right.sampler = lambda frame: Input(frame // 3 % 6)


# --- greeting and agreement ---------------------------------------------------------------------------------------


def test_left_proposes_run_and_seed_and_both_build_the_same_headers() -> None:
    table = TwoSeats(episodes=3)
    table.until_playing()
    assert table.left.session.run == table.right.session.run == table.left.session.setup.proposed_run.hex()
    assert table.left.episode.header == table.right.episode.header


def test_every_episode_has_a_seed_of_its_own_that_both_derive_from_the_sessions() -> None:
    table = TwoSeats(toy_terms(frames=10), episodes=4)
    seeds: list[tuple[int, int]] = []
    for index in range(4):
        table.until_playing(index)
        seeds.append((table.left.episode.terms.seed, table.right.episode.terms.seed))
    assert len(set(seeds)) == 4
    assert all(left == right for left, right in seeds)


@pytest.mark.parametrize("name", [field.name for field in fields(Terms)])
def test_any_term_that_differs_refuses_on_both_seats_and_is_named_with_both_values(name: str) -> None:
    terms = toy_terms()
    value = getattr(terms, name)
    other = {int: 77, str: "other", tuple: (("frames", 41),)}[type(value)]
    if name in ("columns",):
        other = (("mix", "int", "none", "something else"),)
    table = TwoSeats(terms, right_terms=replace(terms, **{name: other}))
    table.until(lambda: all(chair.session.phase is Phase.REFUSED for chair in table.chairs))
    left, right = table.left.session.refusal, table.right.session.refusal
    assert left[0].startswith(f"{name}: ours ")
    assert left[0].split("ours ")[1].split(", theirs ") == right[0].split("ours ")[1].split(", theirs ")[::-1]
    table.until_closed()


def test_two_of_the_same_seat_or_participant_refuse() -> None:
    table = TwoSeats()
    table.right.participant = "P0"
    table.right.start(table.now)
    table.until(lambda: table.left.session.phase is Phase.REFUSED)
    assert table.left.session.refusal == ("participant: ours P0, theirs P0 (expected two different ids)",)


def _answering(envelope: Envelope, now: int) -> Envelope:
    """The same, as the newest answer to a packet that was sent at `now`."""
    return envelope._replace(echoed_sent=now, echoed_received=now, sent=now)


def test_two_who_expect_another_number_of_episodes_refuse() -> None:
    table = TwoSeats(episodes=2)
    table.right.episodes = 3
    table.right.start(table.now)
    table.until(lambda: all(chair.session.phase is Phase.REFUSED for chair in table.chairs))
    assert table.left.session.refusal == ("episodes: ours 2, theirs 3",)


def test_two_left_seats_refuse() -> None:
    table = TwoSeats()
    table.tick(3)
    answer = decode(table.said[Seat.RIGHT][-1])
    assert isinstance(answer.body, Hello)
    wrong = answer._replace(body=answer.body._replace(seat=0, instance=b"somebody"))
    wrong = wrong._replace(envelope=_answering(wrong.envelope, table.now))
    table.left.session.receive(encode(*wrong), table.now)
    assert table.left.session.refusal == ("seat: ours left, theirs left",)


def test_a_player_that_is_neither_human_nor_bot_breaks_the_protocol() -> None:
    table = TwoSeats()
    table.tick(3)
    answer = decode(table.said[Seat.RIGHT][-1])
    assert isinstance(answer.body, Hello)
    wrong = answer._replace(body=answer.body._replace(player_kind="ghost", instance=b"somebody"))
    wrong = wrong._replace(envelope=_answering(wrong.envelope, table.now))
    table.left.session.receive(encode(*wrong), table.now)
    assert table.left.session.last_rejection == "kind of player: expected human or bot, got 'ghost'"


def test_a_greeting_that_knows_a_later_episode_makes_us_ready_that_one() -> None:
    table = TwoSeats(episodes=5)
    table.loses = lambda _sender, packet: isinstance(packet.body, Ready)
    table.until(lambda: table.left.session.phase is Phase.READYING)
    packet = table.newest(Seat.RIGHT, Hello)
    assert isinstance(packet.body, Hello)
    envelope = _answering(packet.envelope, table.now)
    later = packet._replace(envelope=envelope, body=packet.body._replace(next_episode=3))
    table.left.session.receive(encode(*later), table.now)
    assert table.left.episode.terms.episode == 3
    table.loses = lambda _sender, _packet: False
    table.until_playing(3)


def test_each_seat_knows_who_sits_in_the_other_and_whether_anybody_is_at_its_window() -> None:
    table = TwoSeats()
    assert (table.left.session.partner, table.left.session.run) == (None, "")
    table.right.sampler = lambda frame: Input(0, AWAY if frame >= 5 else 0)
    table.until_playing()
    partner = table.left.session.partner
    assert partner is not None
    assert partner.participant == "P1"
    assert not table.left.episode.partner_is_away
    table.until(lambda: table.left.episode.partner_is_away)


def test_a_header_that_differs_although_all_terms_are_equal_refuses_with_both_hashes() -> None:
    def other_header(terms: EpisodeTerms) -> bytes:
        return encode_header(terms) + b"?"

    table = TwoSeats()
    table.right.build_header = other_header
    table.until(lambda: all(chair.session.phase is Phase.REFUSED for chair in table.chairs))
    assert table.left.session.refusal[0].startswith("header: ours ")
    assert not table.left.ticks, "never log and go on"


def test_another_version_of_the_protocol_refuses_by_name() -> None:
    table = TwoSeats()
    array = list(msgpack.unpackb(encode(*BEAT)[:-4], use_list=False))
    array[1] = 2
    content = msgpack.packb(array)
    table.left.session.receive(content + crc32(content).to_bytes(4, "big"), table.now)
    assert table.left.session.phase is Phase.REFUSED
    assert table.left.session.refusal == ("protocol: ours 1, theirs 2",)


def test_a_refused_session_says_why_for_a_while_and_closes() -> None:
    terms = toy_terms()
    table = TwoSeats(terms, right_terms=replace(terms, tick_rate=60))
    table.until_closed()
    assert table.left.session.refusal == ("tick_rate: ours 30, theirs 60",)


def test_a_seat_that_saw_no_difference_itself_is_told_of_it() -> None:
    """The partner's READY never comes through, so only the partner can compare the headers."""
    table = TwoSeats()
    table.right.build_header = lambda terms: encode_header(terms) + b"?"
    table.loses = lambda sender, packet: sender is Seat.RIGHT and isinstance(packet.body, Ready)
    table.until(lambda: table.right.session.phase is Phase.REFUSED)
    table.until(lambda: table.left.session.phase is Phase.REFUSED)
    assert table.left.session.refusal == table.right.session.refusal != ()


# --- start --------------------------------------------------------------------------------------------------------


def test_an_input_packet_also_means_ready() -> None:
    table = TwoSeats()
    table.loses = lambda sender, packet: sender is Seat.RIGHT and isinstance(packet.body, Ready)
    table.until_playing()
    busy(table)
    table.until_closed()
    assert table.left.endings[0].agreement is Agreement.MUTUAL


def test_both_count_down_together_within_a_round_trip() -> None:
    table = TwoSeats(toy_terms(frames=60), trip_ticks=3)
    starts: dict[int, int] = {}

    def all_play() -> bool:
        for chair in table.chairs:
            if chair.session.phase is Phase.PLAYING:
                starts.setdefault(chair.seat, table.now)
        return len(starts) == 2

    table.until(all_play)
    assert abs(starts[0] - starts[1]) <= 3 * table.period


# --- reconnect and rejoin -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ways", [(False, False), (False, True), (True, False)])
def test_within_the_grace_the_pair_plays_on_in_the_same_episode(ways: tuple[bool, bool]) -> None:
    table = TwoSeats(toy_terms(frames=60))
    busy(table)
    table.until_playing()
    table.until(lambda: table.left.episode.frame >= 20)
    table.carries = list(ways)
    run = table.left.session.run
    table.tick(int((TIMES.lost - SECOND) * 30 / SECOND))
    assert all(chair.ticks[-1].held.value == "window" for chair in table.chairs), "both wait"
    table.carries = [True, True]
    table.until_closed()
    assert {chair.endings[0].agreement for chair in table.chairs} == {Agreement.MUTUAL}
    assert len(table.left.rows()) == 60
    assert table.left.rows() == table.right.rows()
    assert table.left.session.run == run


@pytest.mark.parametrize("seat", list(Seat))
def test_a_restarted_client_plays_the_next_episode_of_the_same_run(seat: Seat) -> None:
    table = TwoSeats(toy_terms(frames=60), episodes=3)
    busy(table)
    table.until_playing()
    table.until(lambda: table.left.episode.frame >= 20)
    run = table.left.session.run
    gone, stayed = table.chairs[seat], table.chairs[seat.other]
    rows_of_the_gone = gone.rows()
    gone.is_running = False
    table.tick(10)
    gone.start(table.now)
    table.until_playing(1)
    assert stayed.endings[0].end.reason is Reason.CUT
    assert stayed.endings[0].agreement is Agreement.PARTNER_LOST
    assert gone.session.run == stayed.session.run == run
    common = min(len(rows_of_the_gone), len(stayed.rows()))
    assert rows_of_the_gone[:common] == stayed.rows()[:common]
    table.until_closed()
    for index in (1, 2):
        assert {chair.endings[index].agreement for chair in table.chairs} == {Agreement.MUTUAL}


def test_a_survivor_waits_at_the_end_screen_for_as_long_as_it_takes() -> None:
    table = TwoSeats(toy_terms(frames=60), episodes=2, times=replace(TIMES, rejoin=None))
    table.until_playing()
    table.right.is_running = False
    table.until(lambda: table.left.session.phase is Phase.WAITING)
    table.tick(60 * 30)
    assert table.left.session.phase is Phase.WAITING
    table.right.start(table.now)
    table.until_playing(1)


def test_a_survivor_that_is_told_how_long_to_wait_closes_after_that() -> None:
    table = TwoSeats(toy_terms(frames=60), episodes=2)
    table.until_playing()
    table.right.is_running = False
    table.until(lambda: table.left.session.phase is Phase.CLOSED)


@pytest.mark.parametrize("phase", [Phase.READYING, Phase.WAITING])
def test_an_episode_for_which_ready_was_said_is_spent_when_the_partner_starts_anew(phase: Phase) -> None:
    """The program that is gone may have played it already: its rows lie in a file under that run and index."""
    table = TwoSeats(toy_terms(frames=60), episodes=2)
    busy(table)
    table.loses = lambda sender, packet: sender is Seat.RIGHT and isinstance(packet.body, Ready | Play)
    table.until(lambda: table.right.session.phase is Phase.PLAYING)
    table.tick(3)
    assert table.left.session.phase is Phase.READYING
    assert table.right.rows(), "the first frame, neutral by rule, is recorded already"
    if phase is Phase.WAITING:
        table.right.is_running = False
        table.until(lambda: table.left.session.phase is Phase.WAITING)
    table.loses = lambda _sender, _packet: False
    table.right.start(table.now)
    table.until_playing(1)
    assert 0 not in table.left.confirmed


# --- old, foreign and replayed packets ----------------------------------------------------------------------------


def test_a_greeting_of_a_program_that_is_gone_changes_nothing() -> None:
    table = TwoSeats(toy_terms(frames=90), episodes=2)
    busy(table)
    table.until_playing()
    old = [data for data in table.said[Seat.RIGHT] if isinstance(decode(data).body, Hello)]
    table.right.start(table.now)
    table.until_playing(1)
    table.until(lambda: table.left.episode.frame >= 10)
    for data in old:
        table.left.session.receive(data, table.now)
    table.until_closed()
    assert table.left.endings[1].agreement is Agreement.MUTUAL


def _comes_back_from_a_reboot(late_packet: bool) -> Agreement | None:
    """Right's whole machine starts again, so that its clock begins anew; how left then ends the next episode."""
    table = TwoSeats(toy_terms(frames=90), episodes=2)
    busy(table)
    table.right.booted_at = -100 * SECOND
    table.right.start(table.now - table.right.booted_at)
    table.until_playing()
    table.until(lambda: table.left.episode.frame >= 20)
    late = table.said[Seat.RIGHT][-1]
    table.right.booted_at = table.now - SECOND // 2
    table.right.start(table.now - table.right.booted_at)
    table.until_playing(1)
    if late_packet:
        table.left.session.receive(late, table.now)
        assert not isinstance(decode(late).body, Hello), "it was in the middle of an episode"
    table.until_closed()
    agreement: Agreement | None = table.left.endings[1].agreement
    return agreement


def test_a_machine_that_was_started_again_is_heard_although_its_clock_began_anew() -> None:
    assert _comes_back_from_a_reboot(late_packet=False) is Agreement.MUTUAL
    with applied("newest-for-ever"):
        assert _comes_back_from_a_reboot(late_packet=False) is Agreement.PARTNER_LOST


def test_what_a_program_said_that_is_gone_does_not_drown_a_machine_that_was_started_again() -> None:
    assert _comes_back_from_a_reboot(late_packet=True) is Agreement.MUTUAL
    with applied("dead-program-counts"):
        assert _comes_back_from_a_reboot(late_packet=True) is Agreement.PARTNER_LOST


def test_a_recording_of_another_session_changes_nothing() -> None:
    earlier = TwoSeats(toy_terms(frames=20), episodes=1)
    busy(earlier)
    earlier.until_closed()
    table = TwoSeats(toy_terms(frames=60), episodes=1)
    table.now = earlier.now + SECOND
    for chair in table.chairs:
        chair.instances = 10
        chair.start(table.now)
    busy(table)

    past = [data for data in earlier.said[Seat.RIGHT] if type(decode(data).body) is not Hello]
    times_heard = 0

    def hear_the_past() -> bool:
        nonlocal times_heard
        times_heard += 1
        for data in earlier.said[Seat.RIGHT]:
            table.left.session.receive(data, table.now)
        return table.left.session.phase is Phase.CLOSED

    table.until(hear_the_past)
    assert table.left.endings[0].agreement is Agreement.MUTUAL
    assert table.left.session.strays == times_heard * len(past), "each is counted, once"


def test_a_goodbye_that_is_older_than_what_came_since_changes_nothing() -> None:
    table = TwoSeats(toy_terms(frames=60), episodes=2)
    table.until_playing()
    hello = decode(table.said[Seat.RIGHT][-1])
    old = encode(*hello._replace(body=Goodbye()))
    table.tick(5)
    table.left.session.receive(old, table.now)
    assert not table.left.session.partner_left
    newest = encode(*decode(table.said[Seat.RIGHT][-1])._replace(body=Goodbye()))
    table.left.session.receive(newest, table.now)
    assert table.left.session.partner_left


def test_a_packet_of_another_episode_changes_nothing_of_this_one() -> None:
    table = TwoSeats(toy_terms(frames=20), episodes=2)
    busy(table)
    table.until_playing(1)
    before = table.left.episode.timeline.partner.count
    old = [data for data in table.said[Seat.RIGHT] if isinstance(decode(data).body, Play)]
    old = [data for data in old if decode(data).envelope.episode == 0]
    strays = table.left.session.strays
    for data in old:
        table.left.session.receive(data, table.now)
    assert table.left.episode.timeline.partner.count == before
    assert table.left.session.strays == strays + len(old) > strays


def test_garbage_is_counted_and_told_and_nothing_else() -> None:
    table = TwoSeats(toy_terms(frames=30))
    busy(table)
    table.until_playing()
    for data in (b"", b"GET / HTTP/1.1\r\n\r\n", bytes(20_000), table.said[Seat.RIGHT][-1][:-1]):
        table.left.session.receive(data, table.now)
    assert table.left.session.rejected == 4
    assert "expected" in table.left.session.last_rejection
    table.until_closed()
    assert table.left.endings[0].agreement is Agreement.MUTUAL


@pytest.mark.parametrize("excess", [0, 1])
def test_inputs_are_taken_as_far_ahead_as_the_rules_let_a_seat_be(excess: int) -> None:
    """Twice W + D + 1 frames beyond our own present."""
    table = TwoSeats(toy_terms(frames=200, window_frames=10, delay_frames=2))
    table.until_playing()
    table.tick(10)
    play = table.newest(Seat.RIGHT, Play).body
    assert isinstance(play, Play)
    episode = table.left.episode
    have, furthest = episode.timeline.partner.count, episode.frame + 2 * (10 + 2 + 1)
    ahead = play._replace(first=have, inputs=b"\1\0\0" * (furthest - have + excess))
    table.left.session.receive(encode(*table.newest(Seat.RIGHT, Play)._replace(body=ahead)), table.now)
    assert (table.left.session.rejected, episode.timeline.partner.count) == ((1, have) if excess else (0, furthest))


@pytest.mark.parametrize("boast", ["received", "verified", "checkpoint", "inputs", "action", "frame"])
def test_a_packet_that_claims_what_cannot_be_is_refused_whole(boast: str) -> None:
    table = TwoSeats(toy_terms(frames=60))
    busy(table)
    table.until_playing()
    table.tick(10)
    play = table.newest(Seat.RIGHT, Play).body
    assert isinstance(play, Play)
    have = table.left.episode.timeline.partner.count
    ahead = play._replace(first=have, inputs=b"\1\0\0" * 3, frame=play.frame + 3)
    claims = {
        "received": ahead._replace(received=9000),
        "verified": ahead._replace(verified=play.received + 1),
        "checkpoint": ahead._replace(checkpoint_rows=play.verified + 1),
        "inputs": ahead._replace(inputs=b"\1\0\0" * 300),
        "action": ahead._replace(inputs=b"\1\0\0\6\0\0"),
        "frame": ahead._replace(frame=have + 4),
    }
    table.left.session.receive(encode(*table.newest(Seat.RIGHT, Play)._replace(body=claims[boast])), table.now)
    assert table.left.session.rejected == 1
    assert table.left.episode.timeline.partner.count == have
    assert table.left.episode.acknowledged <= table.left.episode.timeline.own.count


# --- silence ------------------------------------------------------------------------------------------------------


def test_a_machine_whose_every_tick_is_slow_still_loses_a_partner_that_is_gone() -> None:
    terms = toy_terms(frames=60)
    table = TwoSeats(terms)
    table.until_playing()
    table.right.is_running = False
    table.period = 400 * MILLISECOND
    ticks = int(2 * TIMES.lost / table.period) + 2
    table.tick(ticks)
    assert table.left.endings[0].agreement is Agreement.PARTNER_LOST


def test_excusing_the_whole_of_a_slow_tick_would_wait_for_ever() -> None:
    with applied("slow-is-standstill"), pytest.raises(KeyError):
        test_a_machine_whose_every_tick_is_slow_still_loses_a_partner_that_is_gone()


def test_own_standstill_is_not_the_partners_silence() -> None:
    table = TwoSeats(toy_terms(frames=60))
    busy(table)
    table.until_playing()
    table.tick(10)
    table._flying.clear()
    table.now += 60 * SECOND  # both machines slept: nothing is on the wire, and nobody was silent
    table.until_closed()
    assert {chair.endings[0].agreement for chair in table.chairs} == {Agreement.MUTUAL}


def test_own_standstill_taken_for_silence_would_cut_the_episode() -> None:
    with applied("standstill-is-silence"), pytest.raises(AssertionError):
        test_own_standstill_is_not_the_partners_silence()


# --- leaving ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", [Phase.READYING, Phase.COUNTDOWN, Phase.RESULT])
def test_leaving_before_the_first_frame_or_between_episodes_is_a_word_to_the_partner(phase: Phase) -> None:
    table = TwoSeats(toy_terms(frames=20), episodes=3)
    busy(table)
    table.until(lambda: table.left.session.phase is phase)
    table.left.session.leave(table.now)
    recorded = len(table.left.endings)
    table.until_closed()
    assert table.right.session.partner_left
    assert len(table.left.endings) == recorded
    assert [len(chair.endings) for chair in table.chairs] == [recorded, recorded]


def test_a_partner_that_begins_while_the_other_leaves_seals_without_waiting_for_the_grace() -> None:
    table = TwoSeats(toy_terms(frames=60), episodes=2)
    table.until(lambda: table.left.session.phase is Phase.COUNTDOWN)
    table.carries[Seat.LEFT] = False
    table.left.session.leave(table.now)
    table.until(lambda: table.right.session.phase is Phase.PLAYING)
    left_at = table.now
    table.carries[Seat.LEFT] = True
    table.until(lambda: 0 in table.right.endings)
    assert table.now - left_at < SECOND
    ending = table.right.endings[0]
    assert (ending.end.reason, ending.agreement, ending.partner_rows) == (
        Reason.CUT,
        Agreement.PARTNER_SEALED,
        0,
    )


def test_a_partner_that_quit_is_not_waited_for_even_if_its_goodbye_is_lost() -> None:
    table = TwoSeats(toy_terms(frames=60), episodes=3)
    table.loses = lambda _sender, packet: isinstance(packet.body, Goodbye)
    table.until_playing()
    table.tick(10)
    table.left.session.leave(table.now)
    table.until(lambda: 0 in table.right.endings)
    ended_at = table.now
    table.until_closed()
    assert table.now - ended_at < TIMES.linger + SECOND


def test_leaving_twice_is_leaving_once() -> None:
    table = TwoSeats(toy_terms(frames=200))
    table.until_playing()
    table.tick(10)
    table.left.session.leave(table.now)
    table.tick()
    table.left.session.leave(table.now)
    table.until_closed()
    assert table.left.endings[0].end.seats == (0,)


def test_the_seeds_of_two_runs_differ_and_those_of_one_do_not() -> None:
    table = TwoSeats()
    table.until_playing()
    agreed = table.left.session._agreed
    assert agreed is not None
    first = episode_terms(agreed, toy_terms(), 0)
    assert first == episode_terms(agreed, toy_terms(), 0)
    assert first.seed != episode_terms(agreed._replace(seed=agreed.seed + 1), toy_terms(), 0).seed
    assert 0 <= first.seed < 1 << 63
