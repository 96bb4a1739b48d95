"""Two clients as on two machines: real processes without a window, each with a station, bots at both seats.

What a client says is kept in a file, so a test can wait for it, and look at all of it afterwards.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from client.keys import make_keys
from data.claims import Claim, read_claims
from data.episode_format import read_episode
from games.contract import Seat
from netcode.vocabulary import Agreement
from tests.support.command_line import LAUNCHER, CommandLine, wait_until

LOOPBACK = "tcp://127.0.0.1:*"
TICK_RATE = 60


class Player:
    """One seat: its process, what it says, and what its station holds. A restarted one goes on in the same station."""

    def __init__(self, terminal: CommandLine, seat: Seat, command: Sequence[object], start: int) -> None:
        self.seat = seat
        self.home = terminal.folder / seat.word
        self._said = terminal.folder / f"{seat.word}-{start}.said"
        self._errors = terminal.folder / f"{seat.word}-{start}.errors"
        with self._said.open("w") as said, self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                cwd=terminal.folder,
                env=terminal.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=errors,
            )

    # --- what it says ---------------------------------------------------------------------------------------------

    def said(self, event: str = "") -> list[dict[str, Any]]:
        """Everything so far, or all of one kind."""
        whole = self._said.read_text().rpartition("\n")[0]
        told = [json.loads(line) for line in whole.splitlines()]
        return [line for line in told if event in ("", line["event"])]

    @property
    def errors(self) -> str:
        """Its error output."""
        return self._errors.read_text()

    @property
    def link_events(self) -> list[str]:
        """What happened to its connection, in order."""
        return [line["what"] for line in self.said("link")]

    @property
    def link_events_in_play(self) -> list[str]:
        """The same up to the first episode's end. Afterwards the partner may be gone first."""
        said = takewhile(lambda line: line["event"] != "episode", self.said())
        return [line["what"] for line in said if line["event"] == "link"]

    @property
    def notices(self) -> set[str]:
        """What its window said about the partner."""
        return {line["notice"] for line in self.said("frame")} - {""}

    def await_word(self, event: str, **values: object) -> dict[str, Any]:
        """Wait until it says this; the whole of what it said."""

        def found() -> list[dict[str, Any]]:
            return [line for line in self.said(event) if values.items() <= line.items()]

        self._await(lambda: bool(found()), f"{event} {values}")
        return found()[0]

    def await_frame(self, frame: int, episode: int = 0) -> None:
        """Wait until it has played so far; it says so twice a second."""
        self._await(lambda: any(_is_there(line, frame, episode) for line in self.said("frame")), f"frame {frame}")

    def await_link(self, event: str, times: int) -> None:
        """Wait until this has happened to its connection so often."""
        self._await(lambda: self.link_events.count(event) >= times, f"{event} {times} times")

    def _await(self, is_so: Callable[[], bool], what: str) -> None:
        def has_ended_or_is_so() -> bool:
            return is_so() or self.process.poll() is not None

        wait_until(has_ended_or_is_so, f"the {self.seat.word} seat to say {what}")
        assert is_so(), f"the {self.seat.word} seat ended without saying {what}: {self.said()} {self.errors}"

    # --- what is done to it ---------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Its program stands still, as on a machine that sleeps."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Wake it."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """It is gone, without a word."""
        self.process.kill()
        self.process.wait()

    # --- what it leaves -------------------------------------------------------------------------------------------

    def claim(self, episode: int = 0) -> Claim:
        """What it says of its own record."""
        return read_claims(self._folder(episode))[self.seat]

    def record(self, episode: int = 0) -> bytes:
        """The bytes of its canonical file."""
        return (self._folder(episode) / self.claim(episode).file).read_bytes()

    def rows(self, episode: int = 0) -> tuple[bytes, ...]:
        """The encoded rows that it holds."""
        return read_episode(self.record(episode)).rows

    def _folder(self, episode: int) -> Path:
        (folder,) = self.home.glob(f"episodes/*/*/*/ep-{episode + 1:03d}")
        return folder

    def statistics(self, episode: int = 0) -> dict[str, Any]:
        """What the episode cost it."""
        return dict(self.claim(episode).statistics)


def _is_there(line: dict[str, Any], frame: int, episode: int) -> bool:
    return (line["episode"], line["frame"]) >= (episode, frame)


class Pair:
    """Starts the two seats of one session, as often as a test wants."""

    def __init__(self, terminal: CommandLine, *, frames: int, episodes: int = 1) -> None:
        self._terminal = terminal
        self._length = ("--frames", frames, "--episodes", episodes, "--hz", TICK_RATE)
        self._starts = 0
        self.keys = terminal.folder / "keys"
        make_keys(self.keys)

    def start(
        self,
        seat: Seat,
        address: str,
        *more: object,
        keys: Path | None = None,
        before: Sequence[str] = (),
        headless: bool = True,
    ) -> Player:
        """Start a seat's program; `before` is a command that runs it elsewhere."""
        self._starts += 1
        way = "--listen" if seat is Seat.LEFT else "--partner"
        who = ("--keys", keys or self.keys, "--dyad", 1, "--session", 1, "--participant", f"P{seat + 1}")
        where = ("--home", self._terminal.folder / seat.word)
        what = ("--bot", "--reports", "--no-courier", "--final-seconds", 0, "--seed", 3)
        what += ("--headless",) if headless else ()
        command = (*before, sys.executable, LAUNCHER, "play", "--seat", seat.word, way, address)
        return Player(self._terminal, seat, (*command, *who, *where, *what, *self._length, *more), self._starts)

    def start_left(self, *more: object, before: Sequence[str] = (), headless: bool = True) -> tuple[Player, str]:
        """Start the left seat; it, and where it listens."""
        left = self.start(Seat.LEFT, LOOPBACK, *more, before=before, headless=headless)
        return left, str(left.await_word("listening")["address"])


def finish(*players: Player) -> None:
    """Wait until all have ended by themselves, and none has complained."""
    codes = [player.process.wait(60) for player in players]
    assert not any(codes), f"exit codes {codes}: {[player.errors for player in players]}"
    assert not any(player.errors for player in players)


def assert_complete_and_equal(left: Player, right: Player, episode: int = 0) -> None:
    """Both seats finished the episode, know it of each other, and hold the same bytes."""
    claims = (left.claim(episode), right.claim(episode))
    assert all(claim.is_complete for claim in claims), claims
    assert {claim.agreement for claim in claims} == {Agreement.MUTUAL}
    assert left.record(episode) == right.record(episode)


def assert_prefix(left: Player, right: Player, episode: int = 0) -> None:
    """The rows of one seat are a prefix of the other's."""
    shorter, longer = sorted((left.rows(episode), right.rows(episode)), key=len)
    assert longer[: len(shorter)] == shorter
