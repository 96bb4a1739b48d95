"""What a frame of the full session costs, beside the bare loop that it can never beat."""

import resource
import time
from collections.abc import Iterator
from typing import Final

from bench.measure import Benchmark, quantile, quiet, summary
from bench.pair import PERIOD, Pair, action_at, bench_terms
from games import registry
from games.contract import Seat
from netcode.limits import SECOND

FRAMES: Final = 3_000
WARM_UP: Final = 300
ROLLBACK_FRAMES: Final = 8
LATE_FRAME: Final = 100_000
WINDOW: Final = 1_000
OWED: Final = 31
"""The default window at 60 Hz, and a frame of delay."""
GAME: Final = "foraging"


def bare_loop() -> list[float]:
    """Nine steps of the game and nothing else: what an eight-frame rollback costs without any protocol."""
    game = registry.find(GAME)
    config = game.configure(tick_rate=60, frames=100 * FRAMES)
    state, tick, samples = game.initial(5, config), 0, []
    with quiet():
        for _ in range(FRAMES):
            start = time.perf_counter_ns()
            head = state
            for ahead in range(ROLLBACK_FRAMES + 1):
                head = game.step(head, (action_at(tick + ahead), action_at(tick))).state
            samples.append((time.perf_counter_ns() - start) / 1000)
            state = game.step(state, (action_at(tick), action_at(tick))).state
            tick += 1
    return samples


def run() -> Iterator[Benchmark]:
    """All budgets of the session."""
    bare = bare_loop()
    yield summary("bare nine-step loop (yardstick)", bare, "us", float("inf"))
    rolling, straight = _pair_costs(ROLLBACK_FRAMES, changes=True), _pair_costs(1, changes=False)
    yield summary("session, 8-frame rollback every frame, a frame and peer", rolling, "us", 40.0)
    ratio = quantile(rolling, 0.5) / quantile(bare, 0.5)
    yield Benchmark("  the same, as a multiple of the bare loop", ratio, ratio, "x", 3.0)
    yield summary("session, no rollback, a frame and peer", straight, "us", 15.0)
    yield _waking()
    yield from _flatness("with rollbacks", ROLLBACK_FRAMES, changes=True)
    yield from _flatness("without rollbacks", 1, changes=False)


def _pair_costs(distance: int, *, changes: bool) -> list[float]:
    pair = Pair(bench_terms(GAME, 100 * FRAMES), distance, changes=changes)
    pair.ticks(WARM_UP)
    rolled_back = pair.rolled_back
    with quiet():
        costs = pair.ticks(FRAMES)
    depth = (pair.rolled_back - rolled_back) / FRAMES / 2
    expected = float(distance) if changes else 0.0
    assert abs(depth - expected) < 0.1, f"expected {expected} frames rolled back a tick, got {depth}"
    return costs


def _waking() -> Benchmark:
    """One seat stands still until its partner's window is full; then it plays the owed ticks in one batch."""
    samples = []
    for _ in range(30):
        pair = Pair(bench_terms(GAME, 100 * FRAMES), 1, changes=True)
        pair.ticks(WARM_UP // 10)
        for _ in range(OWED):
            pair.pass_time()
            pair.step(Seat.LEFT)
        with quiet():
            samples.append(sum(pair.step(Seat.RIGHT) for _ in range(OWED)))
    return summary("waking up: W + D owed ticks in one batch", samples, "us", PERIOD / SECOND * 1e6)


def _flatness(words: str, distance: int, *, changes: bool) -> Iterator[Benchmark]:
    """Frames 0 to 1,000 against 100,000 to 101,000 of one episode: time and memory."""
    pair = Pair(bench_terms(GAME, 2 * LATE_FRAME), distance, changes=changes)
    pair.ticks(WARM_UP)
    with quiet():
        early = pair.ticks(WINDOW)
    early_bytes = _resident_bytes()
    pair.ticks(LATE_FRAME - WINDOW - WARM_UP)
    with quiet():
        late = pair.ticks(WINDOW)
    ratio = quantile(late, 0.5) / quantile(early, 0.5)
    yield Benchmark(f"frames 100,000+ against 0+, {words}: time", ratio, ratio, "x", 1.2)
    grown = (_resident_bytes() - early_bytes) / LATE_FRAME
    yield Benchmark(f"frames 0 to 100,000, {words}: memory grown a frame", grown, grown, "B", 10.0)


def _resident_bytes() -> int:
    """The most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
