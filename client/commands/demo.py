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
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from client.commands.courier_process import await_delivery, courier_for
from client.commands.processes import end, start
from client.keys import make_keys
from client.script import Away, Freeze
from data.claims import Claim, read_claims
from data.courier import received
from data.outbox import Item, Outbox
from data.receipts import Receipts
from data.recovery import recover
from data.station import Station
from games.contract import Seat

START_SECONDS: Final = 30.0
"""A client that has not said its address by then will not start."""
STOPPED_POLL_SECONDS: Final = 0.005


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
    language: str


@dataclass(frozen=True, slots=True)
class SeatResult:
    """One seat's part of one episode, as its station's files tell it."""

    claim: Claim
    path: Path
    is_received: bool

    def to_json(self) -> dict[str, Any]:
        """The seat's object in the demo's last line."""
        claim, statistics = self.claim, self.claim.statistics
        counts = {name: statistics.get(name, 0) for name in _COUNTS}
        away = statistics.get("away_frames", {"left": 0, "right": 0})
        return {
            "end": claim.reason.value,
            "rows": claim.rows,
            "agreement": claim.agreement.value,
            "sha256": claim.sha256,
            "file": str(self.path),
            **counts,
            "away_frames": away,
            "received": self.is_received,
        }


_COUNTS: Final = (
    "rollbacks",
    "wrong_guesses",
    "max_rollback_frames",
    "holds",
    "held_ticks",
    "owed_ticks",
    "fast_forwarded_frames",
)


@dataclass(frozen=True, slots=True)
class EpisodeResult:
    """One episode of both seats; a seat that has nothing of it is None."""

    index: int
    seats: tuple[SeatResult | None, SeatResult | None]

    @property
    def is_equal(self) -> bool:
        """Whether both seats hold the same bytes."""
        left, right = self.seats
        return left is not None and right is not None and left.claim.sha256 == right.claim.sha256

    @property
    def is_complete(self) -> bool:
        """Whether both seats say that they have all of it."""
        return all(seat is not None and seat.claim.is_complete for seat in self.seats)

    def to_json(self) -> dict[str, Any]:
        """The episode's object in the demo's last line."""
        rows = max((seat.claim.rows for seat in self.seats if seat is not None), default=0)
        values = {
            word: None if seat is None else seat.to_json()
            for word, seat in zip(("left", "right"), self.seats, strict=True)
        }
        return {"index": self.index, "frames": rows, "equal": self.is_equal, **values}


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What came of a demo. `missing` says in words what is not as it should be; it is empty if all is well."""

    run: str
    share: str
    home: Path
    episodes: tuple[EpisodeResult, ...]
    missing: tuple[str, ...]

    @property
    def is_ok(self) -> bool:
        """Every episode complete, equal on both seats, and received."""
        return not self.missing

    def to_json(self) -> dict[str, Any]:
        """The demo's last line."""
        episodes = [episode.to_json() for episode in self.episodes]
        return {"ok": self.is_ok, "run": self.run, "share": self.share, "episodes": episodes}


Watcher = Callable[[Seat, dict[str, Any]], None]
"""Hears of everything that a client tells, while it happens."""


def run_demo(plan: DemoPlan, watch: Watcher) -> DemoResult:
    """Play the demo to its end, whatever that is.

    Raises:
        DemoError: a client could not start.
    """
    demo = _Demo(plan, watch)
    try:
        demo.play()
    finally:
        demo.clear()
    return demo.result()


class _Demo:
    def __init__(self, plan: DemoPlan, watch: Watcher) -> None:
        self._plan = plan
        self._watch = watch
        self._run = secrets.token_hex(8)
        self._homes = tuple(plan.home / seat.word for seat in Seat)
        self._keys = plan.home / f"keys-{self._run}"
        self._clients: dict[Seat, subprocess.Popen[str]] = {}
        self._told: queue.SimpleQueue[tuple[Seat, dict[str, Any] | None]] = queue.SimpleQueue()
        self._exits: dict[Seat, int] = {}
        self._previous: dict[int, Any] = {}

    # --- processes ------------------------------------------------------------------------------------------------

    def play(self) -> None:
        plan = self._plan
        for home in self._homes:
            home.mkdir(parents=True, exist_ok=True)
        make_keys(self._keys)
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, lambda *_: self._ask_to_leave())
        with courier_for(self._homes):
            self._start(Seat.LEFT, ["--listen", "tcp://127.0.0.1:*"])
            self._start(Seat.RIGHT, ["--partner", self._listening_address()])
            self._follow()
            for home in self._homes:
                recover(home)
            await_delivery(self._homes, plan.delivery_wait_seconds, self._run)

    def _start(self, seat: Seat, address: list[str]) -> None:
        self._clients[seat] = process = start(["play", *address, *self._arguments(seat)], stdout=subprocess.PIPE)
        threading.Thread(target=self._listen, args=(seat, process), daemon=True).start()

    def _arguments(self, seat: Seat) -> list[str]:
        plan = self._plan
        arguments = {
            "--seat": seat.word,
            "--keys": self._keys,
            "--study": "demo",
            "--dyad": "1",
            "--session": "1",
            "--participant": f"P{seat + 1}",
            "--home": self._homes[seat],
            "--share": plan.share,
            "--game": plan.game,
            "--hz": plan.tick_rate,
            "--episodes": plan.episodes,
            "--lag-ms": plan.lag_ms,
            "--jitter-ms": plan.jitter_ms,
            "--loss": plan.loss,
            "--run": self._run,
            "--language": plan.language,
            "--rejoin-seconds": 0,
            "--final-seconds": 0 if plan.headless else 3,
        }
        if plan.frames is not None:
            arguments["--frames"] = plan.frames
        if plan.seed is not None:
            arguments["--seed"] = plan.seed
        words = [str(word) for pair in arguments.items() for word in pair]
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
                raise DemoError(f"the {seat.word} client ended before it began (exit {self._clients[seat].wait()})")
            if told["event"] == "listening":
                return str(told["address"])

    def _follow(self) -> None:
        """Until both clients have ended."""
        while len(self._exits) < len(self._clients):
            seat, told = self._told.get()
            if told is None:
                self._exits[seat] = self._clients[seat].wait()
                self._watch(seat, {"event": "exit", "code": self._exits[seat]})
                self._release_partner(seat)
            else:
                self._watch(seat, told)

    def _release_partner(self, seat: Seat) -> None:
        """A client that failed to start leaves its partner waiting for nobody: ask it to leave."""
        partner = self._clients[seat.other]
        if self._exits[seat] == _USER_ERROR and partner.poll() is None:
            partner.terminate()

    def _ask_to_leave(self) -> None:
        for process in self._clients.values():
            if process.poll() is None:
                process.terminate()

    def clear(self) -> None:
        """End what was started, and leave nothing but the stations."""
        self._ask_to_leave()
        for process in self._clients.values():
            end(process)
        shutil.rmtree(self._keys, ignore_errors=True)
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    # --- what came of it ------------------------------------------------------------------------------------------

    def result(self) -> DemoResult:
        """Read both stations."""
        found = [self._claims(home, seat) for home, seat in zip(self._homes, Seat, strict=True)]
        episodes = tuple(
            EpisodeResult(index, (found[0].get(index), found[1].get(index))) for index in sorted({*found[0], *found[1]})
        )
        return DemoResult(self._run, self._plan.share, self._plan.home, episodes, tuple(self._missing(episodes)))

    def _claims(self, home: Path, seat: Seat) -> dict[int, SeatResult]:
        results = {}
        for folder in sorted(Station(home).episodes.glob(f"*/*/*_run-{self._run}/*")):
            claim = read_claims(folder).get(seat)
            if claim is not None:
                results[claim.episode] = SeatResult(claim, folder / claim.file, _is_received(home, claim))
        return results

    def _missing(self, episodes: tuple[EpisodeResult, ...]) -> Iterable[str]:
        if len(episodes) < self._plan.episodes:
            yield f"{len(episodes)} of {self._plan.episodes} episodes were played"
        for seat, code in self._exits.items():
            if code:
                yield f"the {seat.word} client ended with {_exit_words(code)}"
        for episode in episodes:
            yield from _episode_faults(episode)
        for home in self._homes:
            yield from _waiting_words(home, self._run)


_USER_ERROR: Final = 2


def _exit_words(code: int) -> str:
    return f"exit code {code}" if code > 0 else f"signal {signal.Signals(-code).name}"


def _episode_faults(episode: EpisodeResult) -> Iterable[str]:
    number = episode.index + 1
    for seat, result in zip(Seat, episode.seats, strict=True):
        if result is None:
            yield f"episode {number}: the {seat.word} seat has no record"
        elif not result.claim.is_complete:
            yield f"episode {number}: {seat.word} is {result.claim.reason.value} ({result.claim.agreement.value})"
        elif not result.is_received:
            yield f"episode {number}: the record of the {seat.word} seat is not received"
    if episode.is_complete and not episode.is_equal:
        yield f"episode {number}: the two records differ"


def _waiting_words(home: Path, run: str) -> Iterable[str]:
    waiting = [item for item in Outbox(home).waiting() if run in item.name]
    if waiting:
        reason = next((item.reason for item in waiting if item.reason), "no time left")
        yield f"{len(waiting)} files of {home.name} wait in the outbox: {reason}"


def _is_received(home: Path, claim: Claim) -> bool:
    receipt = Receipts(home).find(claim.file)
    return receipt is not None and received(home, Item(receipt.file, claim.sha256, receipt.size, receipt.share))


def _wake_later(pid: int, seconds: float) -> None:
    """Wake a client that is about to stop itself, so many seconds after it really stopped."""

    def wake() -> None:
        while _state_of(pid) == "running":
            time.sleep(STOPPED_POLL_SECONDS)
        time.sleep(seconds)
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            return

    threading.Thread(target=wake, daemon=True).start()


def _state_of(pid: int) -> str:
    """`running` until the process is stopped or gone."""
    try:
        told = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return "gone"
    return "running" if told is None else "stopped"
