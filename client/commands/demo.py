"""The demo: two clients and a courier as processes of this machine, watched until all is recorded and delivered.

It keeps no truth of its own: what it reports about an episode is read from the files that the stations hold.
"""

import json
import os
import queue
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from client.commands.courier_process import (
    RECEIVED_SECONDS,
    SILENT_RECEIVED_SECONDS,
    ask_received,
    await_delivery,
    courier_for,
)
from client.commands.demo_result import DemoResult, read_result
from client.commands.processes import end, start
from client.keys import make_keys
from client.script import Away, Freeze
from client.settings import Settings
from data.outbox import Item
from data.recovery import recover
from games.contract import Seat

START_SECONDS: Final = 30.0
"""A client that has not said its address by then will not start."""
SURVIVOR_SECONDS: Final = 60.0
"""A client whose partner ended ends by itself, after its grace for a partner that may come back. Longer is a fault."""
STOPPED_POLL_SECONDS: Final = 0.005
PLAYING: Final = "playing"
"""What a client calls the phase in which it plays."""


class DemoError(Exception):
    """The demo could not run; the text says why, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlan:
    """What to play, where, and what should go wrong. `share` is an existing folder."""

    home: Path
    share: str
    game: str
    tick_rate: int
    frames: int | None
    episodes: int
    seed: int | None
    headless: bool
    bots: tuple[Seat, ...]
    lag_ms: float
    jitter_ms: float
    loss: float
    aways: tuple[Away, ...]
    freezes: tuple[Freeze, ...]
    delivery_wait_seconds: float
    settings: Settings


class Watcher(Protocol):
    """Hears what happens, while it happens."""

    def hear(self, seat: Seat, told: dict[str, Any]) -> None:
        """A client told something, or ended (event `exit`)."""

    def wait_for_receipts(self, waiting: Sequence[Item]) -> None:
        """The clients have ended, and these files wait for a receipt."""


def run_demo(plan: DemoPlan, watcher: Watcher) -> DemoResult:
    """Play the demo to its end, whatever that is.

    Raises:
        DemoError: a client could not start.
        KeysError, OSError: the stations' folders cannot be used.
    """
    demo = _Demo(plan, watcher)
    try:
        demo.play()
    finally:
        demo.clear()
    seconds = RECEIVED_SECONDS if demo.is_delivered else SILENT_RECEIVED_SECONDS
    received = ask_received(demo.homes, demo.run, seconds)
    return read_result(plan.home, plan.share, demo.run, plan.episodes, demo.exits, received)


class _Demo:
    def __init__(self, plan: DemoPlan, watcher: Watcher) -> None:
        self.run = secrets.token_hex(8)
        self.exits: dict[Seat, int] = {}
        self.is_delivered = False
        self._plan = plan
        self._watcher = watcher
        self.homes = tuple(plan.home / seat.word for seat in Seat)
        self._keys = plan.home / f"keys-{self.run}"
        self._clients: dict[Seat, subprocess.Popen[str]] = {}
        self._told: queue.SimpleQueue[tuple[Seat, dict[str, Any] | None]] = queue.SimpleQueue()
        self._has_begun = False
        self._leaving = threading.Event()
        self._hurrying = threading.Event()
        self._previous: dict[int, Any] = {}

    def play(self) -> None:
        """Start everything, follow the clients to their end, and wait for the receipts."""
        plan = self._plan
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, lambda *_: self._leave())
        for home in self.homes:
            home.mkdir(parents=True, exist_ok=True)
        make_keys(self._keys)
        with courier_for(self.homes):
            self._start(Seat.LEFT, ["--listen", "tcp://127.0.0.1:*"])
            self._start(Seat.RIGHT, ["--partner", self._listening_address()])
            self._follow()
            for home in self.homes:
                recover(home)
            seconds = plan.delivery_wait_seconds
            self.is_delivered = await_delivery(
                self.homes, seconds, self.run, self._hurrying, self._watcher.wait_for_receipts
            )

    def _start(self, seat: Seat, address: list[str]) -> None:
        self._clients[seat] = process = start(["play", *address, *self._arguments(seat)], stdout=subprocess.PIPE)
        threading.Thread(target=self._listen, args=(seat, process), daemon=True).start()
        if self._leaving.is_set():
            process.terminate()

    def _arguments(self, seat: Seat) -> list[str]:
        plan = self._plan
        arguments = {
            "--seat": seat.word,
            "--keys": self._keys,
            "--study": "demo",
            "--dyad": "1",
            "--session": "1",
            "--participant": f"P{seat + 1}",
            "--home": self.homes[seat],
            "--share": plan.share,
            "--game": plan.game,
            "--hz": plan.tick_rate,
            "--episodes": plan.episodes,
            "--lag-ms": plan.lag_ms,
            "--jitter-ms": plan.jitter_ms,
            "--loss": plan.loss,
            "--run": self.run,
            "--rejoin-seconds": 0,
            "--final-seconds": 0 if plan.headless else 3,
        }
        if plan.frames is not None:
            arguments["--frames"] = plan.frames
        if plan.seed is not None:
            arguments["--seed"] = plan.seed
        words = [str(word) for pair in arguments.items() for word in pair]
        # Two windows share one desktop, each in its half.
        words += replace(plan.settings, window="window", size=None).to_arguments()
        words += ["--reports", "--no-courier", *(["--headless"] if plan.headless else ["--half", seat.word])]
        words += ["--bot"] if seat in plan.bots else []
        words += [word for away in plan.aways if away.seat is seat for word in ("--away", str(away))]
        words += [word for freeze in plan.freezes if freeze.seat is seat for word in ("--freeze", str(freeze))]
        return words

    def _listen(self, seat: Seat, process: "subprocess.Popen[str]") -> None:
        """Runs on a thread: what a client says, until it says no more."""
        assert process.stdout is not None
        for line in process.stdout:
            try:
                told = json.loads(line)
            except ValueError:
                continue
            if told.get("event") == "freeze":
                _wake_later(process.pid, float(told["seconds"]))
            self._told.put((seat, told))
        process.wait()
        self._told.put((seat, None))

    def _listening_address(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                seat, told = self._told.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise DemoError(f"the left client did not start within {START_SECONDS:.0f} s") from None
            if told is None:
                code = self._clients[seat].wait()
                raise DemoError(f"the {seat.word} client ended before it began (exit code {code})")
            self._watcher.hear(seat, told)
            if told["event"] == "listening":
                return str(told["address"])

    def _follow(self) -> None:
        """Until both clients have ended."""
        while len(self.exits) < len(self._clients):
            try:
                seat, told = self._told.get(timeout=SURVIVOR_SECONDS if self.exits else None)
            except queue.Empty:
                self._ask_to_leave()
                continue
            if told is None:
                self.exits[seat] = self._clients[seat].wait()
                self._watcher.hear(seat, {"event": "exit", "code": self.exits[seat]})
                self._release_partner()
            else:
                self._has_begun |= told.get("phase") == PLAYING
                self._watcher.hear(seat, told)

    def _release_partner(self) -> None:
        """A client that ended before the game began leaves its partner waiting for nobody: ask it to leave."""
        if not self._has_begun:
            self._ask_to_leave()

    # --- leaving --------------------------------------------------------------------------------------------------

    def _leave(self) -> None:
        """Somebody wants the demo to end, or to wait for no receipts any more: runs as a signal handler."""
        self._leaving.set()
        if len(self.exits) == len(self.homes):
            self._hurrying.set()
        self._ask_to_leave()

    def _ask_to_leave(self) -> None:
        for process in self._clients.values():
            if process.poll() is None:
                process.terminate()
                wake(process.pid)  # a stopped process does not hear that it should leave

    def clear(self) -> None:
        """End what was started, and leave nothing but the stations."""
        self._ask_to_leave()
        for process in self._clients.values():
            end(process)
        shutil.rmtree(self._keys, ignore_errors=True)
        for number, handler in self._previous.items():
            signal.signal(number, handler)


def _wake_later(pid: int, seconds: float) -> None:
    """Wake a client that is about to stop itself, so many seconds after it really stopped."""

    def wait_and_wake() -> None:
        while _state_of(pid) == "running":
            time.sleep(STOPPED_POLL_SECONDS)
        time.sleep(seconds)
        wake(pid)

    threading.Thread(target=wait_and_wake, daemon=True).start()


def wake(pid: int) -> None:
    """Let a stopped process of ours go on; nothing happens to one that runs or is gone."""
    if hasattr(signal, "SIGCONT"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _state_of(pid: int) -> str:
    """`running` until the process is stopped or gone."""
    try:
        told = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return "gone"
    return "running" if told is None else "stopped"
