"""Two real programs over real sockets, through networks and on machines that fail.

Whatever happens, the records are equal when both are complete, and one is a prefix of the other when not. Every test
also says by what it knows that its fault took place.
"""

import os
import socket
from collections.abc import Callable, Iterator

import pytest
import zmq

from client.keys import load_keys, make_keys
from games.contract import Seat
from netcode.link import Keys, ZmqLink
from netcode.vocabulary import Agreement, Reason
from tests.support.command_line import CommandLine, wait_until
from tests.support.pair import Pair, Player, assert_complete_and_equal, assert_prefix, finish
from tests.support.proxy import Proxy
from tests.support.two_hosts import ADDRESSES, TwoHosts, two_hosts

pytestmark = pytest.mark.processes

FRAMES = 240
MIDDLE = 60


def _play_through_a_proxy(
    terminal: CommandLine, hurt: Callable[[Proxy, Player, Player], None], frames: int = FRAMES
) -> tuple[Player, Player]:
    """A whole session whose bytes pass a proxy, which is told what to do in the middle of it."""
    pair = Pair(terminal, frames=frames)
    left, address = pair.start_left()
    with Proxy(address) as proxy:
        right = pair.start(Seat.RIGHT, proxy.address)
        left.await_frame(MIDDLE)
        hurt(proxy, left, right)
        finish(left, right)
    assert_complete_and_equal(left, right)
    return left, right


def test_a_slow_network_costs_rollbacks_and_not_a_byte(terminal: CommandLine) -> None:
    pair = Pair(terminal, frames=FRAMES)
    left, address = pair.start_left()
    with Proxy(address) as proxy:
        proxy.delay_seconds = 0.1
        right = pair.start(Seat.RIGHT, proxy.address)
        finish(left, right)
    assert_complete_and_equal(left, right)
    for player in (left, right):
        assert player.statistics()["rollbacks"] > 0
        assert player.statistics()["wrong_guesses"] > 0
        assert player.statistics()["round_trip_us"] >= 200_000


def test_a_network_that_stands_still_for_two_seconds_is_waited_for(terminal: CommandLine) -> None:
    def stall(proxy: Proxy, left: Player, right: Player) -> None:
        proxy.stall()
        for player in (left, right):
            player.await_word("frame", notice="partner not reachable")
        proxy.resume()

    left, right = _play_through_a_proxy(terminal, stall)
    for player in (left, right):
        assert player.statistics()["holds"] > 0
        assert player.statistics()["held_ticks"] > 0
        assert player.link_events.count("connected") >= 2, "heartbeats give the old connection up"


def test_a_reset_a_cut_and_frames_that_are_broken_or_repeated_cost_a_reconnect_each(terminal: CommandLine) -> None:
    def hurt(proxy: Proxy, left: Player, right: Player) -> None:
        def cut_and_heal() -> None:
            proxy.cut()
            right.await_link("nobody listens", 1)
            proxy.heal()

        faults: tuple[Callable[[], None], ...] = (
            proxy.reset,
            cut_and_heal,
            lambda: proxy.flip("to_left"),
            lambda: proxy.flip("to_right"),
            lambda: proxy.repeat("to_left"),
            lambda: proxy.repeat("to_right"),
        )
        for count, fault in enumerate(faults, start=2):
            fault()
            for player in (left, right):
                player.await_link("connected", count)
        assert proxy.spoiled == 4

    left, right = _play_through_a_proxy(terminal, hurt, frames=480)
    for player in (left, right):
        assert player.statistics()["rejected_packets"] == 0, "what is broken or old never gets past the encryption"


def test_a_connection_that_only_one_side_knows_to_be_lost_is_taken_over_by_the_new_one(terminal: CommandLine) -> None:
    accepted = 0

    def halve(proxy: Proxy, left: Player, right: Player) -> None:
        nonlocal accepted
        proxy.half_open()
        right.await_link("connected", 2)
        left.await_link("connected", 2)
        accepted = proxy.accepted

    _, right = _play_through_a_proxy(terminal, halve)
    assert accepted >= 2
    assert right.link_events.count("disconnected") >= 1


def test_a_program_that_stood_still_for_four_seconds_catches_up_with_inputs_that_say_so(terminal: CommandLine) -> None:
    pair = Pair(terminal, frames=FRAMES)
    left, address = pair.start_left()
    right = pair.start(Seat.RIGHT, address)
    left.await_frame(MIDDLE)
    left.stop()
    right.await_word("frame", notice="partner not reachable")
    wait_until(lambda: len([line for line in right.said("frame") if line["notice"]]) >= 7, "four seconds to pass")
    left.go_on()
    finish(left, right)
    assert_complete_and_equal(left, right)
    assert right.link_events.count("connected") >= 2
    assert right.statistics()["holds"] > 0
    assert left.statistics()["standstills"] >= 1
    assert 0 < left.statistics()["owed_ticks"] <= left.statistics()["away_frames"]["left"]
    assert left.statistics()["away_frames"] == right.statistics()["away_frames"]


@pytest.mark.parametrize("seat", Seat, ids=lambda seat: seat.word)
def test_a_program_that_is_killed_and_started_again_joins_the_next_episode_of_the_same_run(
    terminal: CommandLine, seat: Seat
) -> None:
    pair = Pair(terminal, frames=150, episodes=2)
    left, address = pair.start_left()
    right = pair.start(Seat.RIGHT, address)
    victim, survivor = (left, right) if seat is Seat.LEFT else (right, left)
    victim.await_frame(MIDDLE)
    victim.kill()
    victim = pair.start(seat, address)
    finish(survivor, victim)
    left, right = (victim, survivor) if seat is Seat.LEFT else (survivor, victim)

    lost, recovered = survivor.claim(), victim.claim()
    assert (lost.reason, lost.agreement) == (Reason.CUT, Agreement.PARTNER_LOST)
    assert recovered.reason is Reason.RECOVERED
    assert recovered.rows >= 30
    assert_prefix(left, right)
    assert_complete_and_equal(left, right, episode=1)
    assert len({claim.run for claim in (lost, recovered, left.claim(1), right.claim(1))}) == 1


def test_wrong_keys_are_named_on_both_sides_and_both_can_leave(terminal: CommandLine) -> None:
    pair = Pair(terminal, frames=FRAMES)
    left, address = pair.start_left()
    other = terminal.folder / "other-keys"
    make_keys(other)
    right = pair.start(Seat.RIGHT, address, keys=other)
    right.await_word("link", what="wrong key")
    left.await_word("link", what="stranger refused")
    for player in (left, right):
        player.process.terminate()
    finish(left, right)
    assert "connected" not in left.link_events + right.link_events
    assert not list(terminal.folder.glob("*/episodes/**/*.dyad"))


def test_strangers_disturb_no_running_session(terminal: CommandLine) -> None:
    pair = Pair(terminal, frames=FRAMES)
    left, address = pair.start_left()
    right = pair.start(Seat.RIGHT, address)
    left.await_frame(MIDDLE)
    host, port = address.removeprefix("tcp://").split(":")
    place = (host, int(port))
    for said in (b"", b"GET / HTTP/1.1\r\n\r\n", os.urandom(5000), _ZMTP_GREETING + os.urandom(300)):
        for _ in range(10):
            _visit(place, said)
    own = load_keys(pair.keys, Seat.RIGHT)
    with_another_key = Keys(*zmq.curve_keypair(), own.partner_public)
    stranger = ZmqLink(Seat.RIGHT, address, with_another_key)
    left.await_word("link", what="stranger refused")
    stranger.close()
    finish(left, right)
    assert_complete_and_equal(left, right)
    assert right.link_events_in_play == ["connected"]
    assert left.link_events_in_play == ["connected", "stranger refused"]
    assert {player.statistics()["rejected_packets"] for player in (left, right)} == {0}


_ZMTP_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"CURVE".ljust(20, b"\0") + bytes(32)


def _visit(place: tuple[str, int], said: bytes) -> None:
    with socket.create_connection(place) as visitor:
        if said:
            visitor.sendall(said)


@pytest.fixture
def hosts(terminal: CommandLine) -> Iterator[TwoHosts]:
    """Two machines and a cable, where this one may make them."""
    with two_hosts(terminal.mark) as (hosts, problem):
        if problem:
            pytest.skip(f"no two hosts here: {problem}")
        yield hosts


def _start_on(hosts: TwoHosts, terminal: CommandLine) -> tuple[Player, Player]:
    pair = Pair(terminal, frames=FRAMES)
    left = pair.start(Seat.LEFT, f"tcp://{ADDRESSES[0]}:*", before=hosts.inside(Seat.LEFT))
    address = left.await_word("listening")["address"]
    return left, pair.start(Seat.RIGHT, address, before=hosts.inside(Seat.RIGHT))


def test_two_hosts_whose_cable_is_pulled_for_three_seconds_go_on_when_it_is_back(
    terminal: CommandLine, hosts: TwoHosts
) -> None:
    left, right = _start_on(hosts, terminal)
    left.await_frame(MIDDLE)
    hosts.unplug()
    for player in (left, right):
        player.await_link("disconnected", 1)
        player.await_word("frame", notice="partner not reachable")
    right.await_link("nobody listens", 1)
    hosts.plug_in()
    finish(left, right)
    assert_complete_and_equal(left, right)
    for player in (left, right):
        assert player.link_events.count("connected") >= 2
        assert player.statistics()["holds"] > 0


@pytest.mark.parametrize(
    "discipline",
    [("netem", "delay", "20ms", "10ms", "loss", "5%"), ("tbf", "rate", "70kbit", "burst", "3000", "latency", "60ms")],
    ids=["at random", "because it is too narrow"],
)
def test_two_hosts_on_a_cable_that_loses_packets_play_on(
    terminal: CommandLine, hosts: TwoHosts, discipline: tuple[str, ...]
) -> None:
    problem = hosts.shape(*discipline)
    if problem:
        pytest.skip(f"this kernel cannot lose packets like that: {problem}")
    left, right = _start_on(hosts, terminal)
    finish(left, right)
    assert hosts.dropped() > 0
    assert_complete_and_equal(left, right)
    assert left.statistics()["rollbacks"] + right.statistics()["rollbacks"] > 0
