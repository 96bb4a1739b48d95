"""How long an input takes to the partner's confirmed frame: two processes, real sockets on loopback, no input delay."""

import time
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Final

import zmq

from bench.measure import Benchmark, quantile, quiet
from bench.pair import action_at, bench_session, bench_terms
from games.contract import Seat
from netcode.limits import MILLISECOND, SECOND
from netcode.link import Keys, Link, ZmqLink
from netcode.pulse import Pulse
from netcode.session import Phase, Session
from netcode.vocabulary import Input

GAME: Final = "foraging"
FRAMES: Final = 900
WARM_UP: Final = 60
TICK_RATE: Final = 60
GRACE: Final = 2 * MILLISECOND
"""What the budget grants beyond one tick: a packet that comes just after a tick began waits for the next one."""
SPIN: Final = MILLISECOND // 2
MOST_SECONDS: Final = 60

Times = list[int]
"""One moment (ns) a frame; all processes of a machine share its monotonic clock."""


def run() -> Iterator[Benchmark]:
    """From the tick that commits an input to the partner's tick that confirms its frame, both ways."""
    latencies = [(there - here) / MILLISECOND for here, there in _journeys()]
    budget = (SECOND // TICK_RATE + GRACE) / MILLISECOND
    worst = quantile(latencies, 0.99)
    yield Benchmark(
        "input to the partner's confirmed frame, loopback: median", quantile(latencies, 0.5), worst, "ms", budget
    )
    yield Benchmark("  the same: p99", worst, worst, "ms", budget)


def _journeys() -> list[tuple[int, int]]:
    """(committed here, confirmed there) of every input after the first second."""
    left_keys, right_keys = zmq.curve_keypair(), zmq.curve_keypair()
    link = ZmqLink(Seat.LEFT, "tcp://127.0.0.1:*", Keys(*left_keys, right_keys[0]))
    context = get_context("spawn")
    here, there = context.Pipe()
    partner = context.Process(target=_partner, args=(link.address, Keys(*right_keys, left_keys[0]), there))
    partner.start()
    try:
        committed, confirmed = _play(Seat.LEFT, link)
        assert here.poll(MOST_SECONDS), "the partner plays to the same end"
        their_committed, their_confirmed = here.recv()
    finally:
        link.close()
        partner.join(MOST_SECONDS)
        partner.kill()
    there_and_back = (*zip(committed, their_confirmed, strict=True),), (*zip(their_committed, confirmed, strict=True),)
    return [journey for way in there_and_back for journey in way[WARM_UP:]]


def _partner(address: str, keys: Keys, pipe: Connection) -> None:
    link = ZmqLink(Seat.RIGHT, address, keys)
    try:
        pipe.send(_play(Seat.RIGHT, link))
    finally:
        link.close()


def _play(seat: Seat, link: Link) -> tuple[Times, Times]:
    """One episode as a client plays it, without a window: when each frame's own input was committed, and when each
    frame was confirmed.
    """
    session: Session[Any] = bench_session(seat, bench_terms(GAME, FRAMES), time.monotonic_ns())
    pulse = Pulse(session, time.monotonic_ns())
    committed: Times = []
    confirmed: Times = []
    give_up = time.monotonic_ns() + MOST_SECONDS * SECOND

    def sample() -> Input:
        committed.append(time.monotonic_ns())
        return Input(action_at(len(committed)))

    with quiet():
        while session.phase is not Phase.CLOSED and time.monotonic_ns() < give_up:
            ticks = _listen(session, pulse, link)
            now = time.monotonic_ns()
            if now >= pulse.deadline or ticks:
                ticks += pulse.run(now, sample)
                for packet in session.packets(now):
                    link.send(packet)
            confirmed += [time.monotonic_ns()] * sum(len(tick.confirmed) for tick in ticks)
    assert len(confirmed) == FRAMES, f"expected {FRAMES} confirmed frames, got {len(confirmed)}"
    return committed[:FRAMES], confirmed  # a tick commits before it finds that it waits at the end


def _listen(session: Session[Any], pulse: Pulse[Any], link: Link) -> list[Any]:
    """Wait for the next tick, taking in what arrives; the ticks that were held and could go on at once."""
    ticks: list[Any] = []
    while (left := pulse.deadline - time.monotonic_ns()) > 0 and not ticks:
        if left > SPIN:
            link.wait(left - SPIN)
        packets = link.drain()
        now = time.monotonic_ns()
        for packet in packets:
            session.receive(packet, now)
        ticks = pulse.retry(now) if packets else []
    for packet in link.drain():
        session.receive(packet, time.monotonic_ns())
    return ticks
