"""What a frame of the full session costs, beside the bare loop that it can never beat.

Whatever is compared is measured in turns, a few ticks of each, so that a machine with other work slows all alike.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from bench.measure import Benchmark, quantile, quiet, summary
from bench.pair import PERIOD, Pair, action_at, bench_terms
from games import registry
from games.contract import Seat
from netcode.limits import SECOND

WARM_UP: Final = 300
TICKS_A_TURN: Final = 20
ROLLBACK_FRAMES: Final = 8
LATE_FRAME: Final = 100_000
WINDOW: Final = 1_000
OWED: Final = 31
"""The default window at 60 Hz, and a frame of delay."""
GAME: Final = "foraging"
PAGE: Final = 4096


class BareLoop:
    """Nine steps of the game a tick and nothing else: what an eight-frame rollback costs without any protocol."""

    def __init__(self) -> None:
        self._game = registry.find(GAME)
        self._tick = 0
        config = self._game.configure(tick_rate=60, frames=2 * LATE_FRAME)
        self._state: Any = self._game.initial(5, config)

    def ticks(self, count: int) -> list[float]:
        """Microseconds of so many ticks."""
        samples, step = [], self._game.step
        for tick in range(self._tick, self._tick + count):
            start = time.perf_counter_ns()
            head = self._state
            for ahead in range(ROLLBACK_FRAMES + 1):
                head = step(head, (action_at(tick + ahead), action_at(tick))).state
            samples.append((time.perf_counter_ns() - start) / 1000)
            self._state = step(self._state, (action_at(tick), action_at(tick))).state
        self._tick += count
        return samples


def run() -> Iterator[Benchmark]:
    """All budgets of the session."""
    yield from _frame_costs()
    yield _waking()
    yield from _flatness("with rollbacks", ROLLBACK_FRAMES, changes=True)
    yield from _flatness("without rollbacks", 1, changes=False)


def _frame_costs() -> Iterator[Benchmark]:
    rolling, straight = _warm(ROLLBACK_FRAMES, changes=True), _warm(1, changes=False)
    before = rolling.rolled_back, straight.rolled_back
    bare, with_rollback, without = _in_turns(3_000, BareLoop().ticks, rolling.ticks, straight.ticks)
    depth = (rolling.rolled_back - before[0]) / len(with_rollback) / len(Seat)
    assert abs(depth - ROLLBACK_FRAMES) < 0.1, f"expected {ROLLBACK_FRAMES} frames rolled back a tick, got {depth}"
    assert straight.rolled_back == before[1], "expected no rollback where nobody changes keys"
    yield summary("bare nine-step loop (yardstick)", bare, "us", float("inf"))
    yield summary("session, 8-frame rollback every frame, a frame and peer", with_rollback, "us", 40.0)
    yield _multiple("  the same, as a multiple of the bare loop", with_rollback, bare, 3.0)
    yield summary("session, no rollback, a frame and peer", without, "us", 15.0)
    yield _multiple("  the same, as a multiple of the bare loop", without, bare, float("inf"))


def _warm(distance: int, *, changes: bool) -> Pair:
    pair = Pair(bench_terms(GAME, 2 * LATE_FRAME), distance, changes=changes)
    pair.ticks(WARM_UP)
    return pair


def _in_turns(count: int, *ticks: Callable[[int], list[float]]) -> list[list[float]]:
    """`count` samples of each, taken in turns."""
    samples: list[list[float]] = [[] for _ in ticks]
    with quiet():
        for _ in range(count // TICKS_A_TURN):
            for kept, run_ticks in zip(samples, ticks, strict=True):
                kept += run_ticks(TICKS_A_TURN)
    return samples


def _multiple(name: str, samples: list[float], of: list[float], budget: float) -> Benchmark:
    """How many times as much: of the medians, and of the 99th percentiles."""
    median, worst = (quantile(samples, share) / quantile(of, share) for share in (0.5, 0.99))
    return Benchmark(name, median, worst, "x", budget)


def _waking() -> Benchmark:
    """One seat stands still until its partner's window is full; then it plays the owed ticks in one batch."""
    samples = []
    for _ in range(30):
        pair = Pair(bench_terms(GAME, LATE_FRAME), 1, changes=True)
        pair.ticks(WARM_UP // 10)
        for _ in range(OWED):
            pair.pass_time()
            pair.step(Seat.LEFT)
        with quiet():
            samples.append(sum(pair.step(Seat.RIGHT) for _ in range(OWED)))
    return summary("waking up: W + D owed ticks in one batch", samples, "us", PERIOD / SECOND * 1e6)


def _flatness(words: str, distance: int, *, changes: bool) -> Iterator[Benchmark]:
    """Frames 0 to 1,000 of one episode against frames 100,000 to 101,000 of another: time, in turns, and memory."""
    late = _warm(distance, changes=changes)
    _pass_frames(late, WINDOW)
    before = _resident_bytes()
    _pass_frames(late, LATE_FRAME - WINDOW - WARM_UP)
    grown = (_resident_bytes() - before) / LATE_FRAME
    early = Pair(bench_terms(GAME, 2 * LATE_FRAME), distance, changes=changes)
    early_costs, late_costs = _in_turns(WINDOW, early.ticks, late.ticks)
    yield _multiple(f"frames 100,000+ against 0+, {words}: time", late_costs, early_costs, 1.2)
    yield Benchmark(f"frames 0 to 100,000, {words}: memory grown a frame", grown, grown, "B", 10.0)


def _pass_frames(pair: Pair, count: int) -> None:
    """So many ticks whose costs are not kept: a list of them would be the memory that grows."""
    for _ in range(count):
        pair.tick()


def _resident_bytes() -> int:
    """The memory that this process holds now. The most that it ever held would hide whatever grows below that."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE
