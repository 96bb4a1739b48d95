"""What a client costs while it plays: its drawings, its ticks' punctuality under load, its share of a core.

The ticks are those of a whole headless demo, read from the local records that it leaves.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pygame

from bench.measure import Benchmark, quiet, summary
from client.painter import Painter
from client.picture import Picture
from client.texts import Texts, guide_values
from client.theme import Theme
from data.local_format import read_local
from games import registry
from games.contract import Seat

DRAWINGS: Final = 600
SIZE: Final = (1280, 720)
GAME: Final = "foraging"
TICK_RATES: Final = (30, 60)
PLAYED_SECONDS: Final = 12
WARM_UP_TICKS: Final = 30


def run() -> Iterator[Benchmark]:
    """All budgets of the client that need no display."""
    yield summary("one drawing at 1280x720", _drawings(), "us", 600.0)
    for tick_rate, budget in zip(TICK_RATES, (8.0, 12.0), strict=True):
        yield from _demo(tick_rate, budget)


def _drawings() -> list[float]:
    """Microseconds a drawing, of an episode of two bots at 60 drawings a second; without the flip."""
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    pygame.display.init()
    pygame.font.init()
    surface = pygame.display.set_mode(SIZE)
    game = registry.find(GAME)
    config = game.configure(tick_rate=60, frames=DRAWINGS)
    painter = Painter(Theme(), Texts(), guide=game.guide, guide_values=guide_values(config, 60))
    bots = [registry.bot(GAME, seat, 5) for seat in Seat]
    state, samples = game.initial(5, config), []
    with quiet():
        for frame in range(DRAWINGS):
            picture = Picture(
                phase="playing",
                seat=Seat.LEFT,
                now_ns=frame * 1_000_000_000 // 60,
                scene=game.scene(state, Seat.LEFT),
                tick_rate=60,
                episode_ticks=DRAWINGS,
            )
            start = time.perf_counter_ns()
            painter.paint(surface, picture)
            if frame >= WARM_UP_TICKS:
                samples.append((time.perf_counter_ns() - start) / 1000)
            state = game.step(state, (bots[0].act(state), bots[1].act(state))).state
    pygame.quit()
    return samples


def _demo(tick_rate: int, cpu_budget: float) -> Iterator[Benchmark]:
    """A headless demo: how late ticks begin, alone and with one core loaded, and what a client takes of a core."""
    for words, is_loaded in (("alone", False), ("one core loaded", True)):
        load = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if is_loaded else None
        try:
            lateness, cpu_percent = _play(tick_rate)
        finally:
            if load is not None:
                load.kill()
                load.wait()
        # The budget is on the 99th percentile: it is what a participant can feel.
        late = summary(f"ticks at {tick_rate} Hz begin late, {words}", lateness, "us", 500.0)
        yield Benchmark(f"{late.name}: p99", late.p99, late.p99, "us", 500.0)
        if not is_loaded:
            yield Benchmark(f"a client playing at {tick_rate} Hz", cpu_percent, cpu_percent, "% core", cpu_budget)


def _play(tick_rate: int) -> tuple[list[float], float]:
    """Lateness (us) of both seats' ticks, and the mean CPU of one client over the whole run, start-up included."""
    with tempfile.TemporaryDirectory() as folder:
        home, share = Path(folder) / "home", Path(folder) / "share"
        share.mkdir()
        before, start = os.times(), time.monotonic()
        options = ["--headless", "--episodes", "1", "--frames", str(PLAYED_SECONDS * tick_rate), "--hz", str(tick_rate)]
        command = [sys.executable, "launcher.py", "demo", *options, "--home", str(home), "--share", str(share)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after, seconds = os.times(), time.monotonic() - start
        lateness = [late for path in home.rglob("*.dyadlog") for late in _lateness(path)]
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return lateness, 100 * cpu / seconds / len(Seat)


def _lateness(path: Path) -> list[float]:
    ticks = read_local(path.read_bytes()).of("tick")
    return [(int(tick["start_ns"]) - int(tick["deadline_ns"])) / 1000 for tick in ticks[WARM_UP_TICKS:]]
