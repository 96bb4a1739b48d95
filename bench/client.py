"""What a client costs while it plays: its drawings, its ticks' punctuality under load, its share of a core.

A client's share of a core is what the system says it used, all threads of it, over some seconds in the middle of an
episode: neither its start nor its end. Its window is a real one of 1280x720 on a display of its own, if Xvfb is
installed; the display server's own work is not the client's and is not counted.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import inf
from pathlib import Path
from typing import Final, NamedTuple

import pygame

from bench.measure import Benchmark, quiet, summary
from bench.netcode import BareLoop
from bench.seats import WARM_UP_TICKS, SeatProcess, lateness_of, playing
from client.painter import Painter
from client.picture import Picture
from client.texts import Texts, guide_values
from client.theme import Theme
from games import registry
from games.contract import Seat

DRAWINGS: Final = 600
COUNTDOWN_DRAWINGS: Final = 60
SIZE: Final = (1280, 720)
GAME: Final = "foraging"
TICK_RATES: Final = (30, 60)
PLAYED_SECONDS: Final = 14
MEASURED_SECONDS: Final = 8.0
YARDSTICK_EVERY_SECONDS: Final = 0.1
YARDSTICK_TICKS: Final = 3


def run() -> Iterator[Benchmark]:
    """All budgets of the client."""
    yield summary("one drawing at 1280x720", _drawings(), "us", 600.0)
    for tick_rate, budget in zip(TICK_RATES, (8.0, 12.0), strict=True):
        yield from _pair(tick_rate, budget)


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
        for number in range(COUNTDOWN_DRAWINGS + DRAWINGS):
            is_counting = number < COUNTDOWN_DRAWINGS  # as every episode begins: what is drawn first is drawn there
            picture = Picture(
                phase="countdown" if is_counting else "playing",
                seat=Seat.LEFT,
                now_ns=number * 1_000_000_000 // 60,
                scene=game.scene(state, Seat.LEFT),
                tick_rate=60,
                episode_ticks=DRAWINGS,
            )
            start = time.perf_counter_ns()
            painter.paint(surface, picture)
            if is_counting:
                continue
            samples.append((time.perf_counter_ns() - start) / 1000)
            state = game.step(state, (bots[0].act(state), bots[1].act(state))).state
    pygame.quit()
    os.environ.pop("SDL_VIDEODRIVER")
    return samples


def _pair(tick_rate: int, cpu_budget: float) -> Iterator[Benchmark]:
    """Two clients that play: how late ticks begin, alone and with one core loaded, and what one takes of a core."""
    for words, is_loaded in (("alone", False), ("one core loaded", True)):
        load = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if is_loaded else None
        try:
            measured = _play(tick_rate)
        finally:
            if load is not None:
                load.kill()
                load.wait()
        # The budget is on the 99th percentile: it is what a participant can feel.
        late = summary(f"ticks at {tick_rate} Hz begin late, {words}", measured.lateness, "us", 500.0)
        yield Benchmark(f"{late.name}: p99", late.p99, late.p99, "us", 500.0)
        if not is_loaded and measured.shares:
            mean, most = sum(measured.shares) / len(measured.shares), max(measured.shares)
            yield Benchmark(f"a client playing at {tick_rate} Hz {measured.where}", mean, most, "% core", cpu_budget)
            yield summary("yardstick: the bare nine-step loop meanwhile", measured.yardstick, "us", inf)


class _Measured(NamedTuple):
    """Lateness (us) of both seats' ticks, each client's share of a core (%), what the bare loop cost at the same time
    (us), which says how busy the machine was with other things, and where the clients were drawn.

    There are no shares where the system does not tell them (anywhere but on Linux).
    """

    lateness: list[float]
    shares: list[float]
    yardstick: list[float]
    where: str


def _play(tick_rate: int) -> _Measured:
    """Two clients play one episode."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "share").mkdir()
        display = stack.enter_context(_display())
        environment = {**os.environ, **({} if display is None else {"DISPLAY": display})}
        mode = ["--headless"] if display is None else ["--window", "borderless"]
        options = ["--hz", str(tick_rate), "--size", "{}x{}".format(*SIZE), *mode, "--no-courier"]
        frames = PLAYED_SECONDS * tick_rate
        homes = {seat: folder / seat.word for seat in Seat}
        clients = stack.enter_context(playing(folder, homes, folder / "share", frames, options, environment))
        for client in clients:
            client.hear(lambda told: told["event"] == "frame" and told["frame"] > 2 * WARM_UP_TICKS)
        shares, yardstick = _shares(clients)
        for client in clients:
            client.hear(lambda told: told["event"] == "closed")
        lateness = [late for path in folder.rglob("*.dyadlog") for late in lateness_of(path)]
        where = "without a display" if display is None else "in a window"
        return _Measured(lateness, shares, yardstick, where)


def _shares(clients: Sequence[SeatProcess]) -> tuple[list[float], list[float]]:
    """What each client uses of a core from now on, in percent; and what the bare loop costs meanwhile (us)."""
    bare, yardstick = BareLoop(), list[float]()
    before, start = [client.cpu_seconds() for client in clients], time.monotonic()
    while time.monotonic() - start < MEASURED_SECONDS:
        time.sleep(YARDSTICK_EVERY_SECONDS)
        yardstick += bare.ticks(YARDSTICK_TICKS)
    after, seconds = [client.cpu_seconds() for client in clients], time.monotonic() - start
    shares = [
        100 * (late - early) / seconds
        for early, late in zip(before, after, strict=True)
        if early is not None and late is not None
    ]
    return shares, yardstick


@contextmanager
def _display() -> Iterator[str | None]:
    """A display of our own, with room for two windows; None if there is no Xvfb."""
    if shutil.which("Xvfb") is None:
        yield None
        return
    read, write = os.pipe()
    screen = f"{2 * SIZE[0]}x{SIZE[1]}x24"
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", screen, "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as answer:
            yield f":{answer.readline().strip()}"
    finally:
        server.terminate()
        server.wait()
