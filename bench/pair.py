"""Two real sessions with real packets in one process: what a frame costs a peer, at a chosen distance in ticks."""

import time
from collections import deque
from typing import Any, Final

from data.episode_header import encode_header
from data.episode_row import encode_row
from games import registry
from games.contract import Seat
from netcode.limits import SECOND, Times
from netcode.session import Phase, Session, Setup
from netcode.vocabulary import Input, Player, Terms

TICK_RATE: Final = 60
PERIOD: Final = SECOND // TICK_RATE
MOST_TICKS_TO_START: Final = 600


def bench_terms(game_id: str, frames: int) -> Terms:
    """The terms of a benchmark session: a window that never fills, no input delay, so that every guess can miss."""
    game = registry.find(game_id)
    config = game.configure(tick_rate=TICK_RATE, frames=frames)
    return Terms(
        study="bench",
        dyad="1",
        session="1",
        game=game.id,
        game_version=game.version,
        source_hash="-",
        config=tuple(sorted(config.items())),
        actions=game.actions,
        event_kinds=game.event_kinds,
        columns=tuple((column.name, column.type, column.unit, column.meaning) for column in game.columns),
        tick_rate=TICK_RATE,
        delay_frames=0,
        window_frames=60,
        guess_frames=8,
        away_limit_frames=0,
    )


def action_at(tick: int) -> int:
    """A key that changes every tick, so that repeating the last one is always wrong."""
    return 1 + tick % 4


def bench_session(seat: Seat, terms: Terms, now: int) -> Session[Any]:
    """One seat of a benchmark: a session of one episode, without a countdown."""
    setup = Setup(
        seat=seat,
        terms=terms,
        player=Player(seat.word, "bot"),
        episodes=1,
        game=registry.find(terms.game),
        build_header=encode_header,
        encode_row=encode_row,
        instance=bytes([seat + 1]) * 8,
        proposed_run=bytes(range(8)),
        proposed_seed=5,
        times=Times(countdown=0, result=0),
    )
    return Session(setup, now)


class Pair:
    """Two sessions whose packets arrive `distance` ticks after they were sent. Virtual is the clock, not the cost."""

    def __init__(self, terms: Terms, distance: int, *, changes: bool) -> None:
        self._distance = distance
        self._changes = changes
        self._now = SECOND
        self._tick = 0
        self._flying: tuple[deque[tuple[int, bytes]], ...] = (deque(), deque())
        self.sessions = tuple(bench_session(seat, terms, self._now) for seat in Seat)
        self.rolled_back = 0
        while not all(session.phase is Phase.PLAYING for session in self.sessions):
            self.tick()
            assert self._tick < MOST_TICKS_TO_START, "two sessions side by side begin to play"

    def tick(self) -> float:
        """One tick of both; microseconds a peer, from receiving to the packets to send."""
        self.pass_time()
        return sum(self.step(seat) for seat in Seat) / len(Seat)

    def pass_time(self) -> None:
        """The next tick period begins."""
        self._tick += 1
        self._now += PERIOD

    def step(self, seat: Seat) -> float:
        """One tick of one seat; microseconds."""
        session, inbox, outbox = self.sessions[seat], self._flying[seat], self._flying[seat.other]
        start = time.perf_counter_ns()
        while inbox and inbox[0][0] <= self._tick:
            session.receive(inbox.popleft()[1], self._now)
        sample = Input(action_at(self._tick) if self._changes else 1) if session.wants_input else None
        tick = session.advance(sample, self._now)
        for packet in session.packets(self._now):
            outbox.append((self._tick + self._distance, packet))
        cost = (time.perf_counter_ns() - start) / 1000
        self.rolled_back += tick.rollback_frames if tick is not None else 0
        return cost

    def ticks(self, count: int) -> list[float]:
        """The cost of so many ticks."""
        return [self.tick() for _ in range(count)]
