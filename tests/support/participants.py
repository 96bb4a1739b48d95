"""Two participants at one desktop: real clients with real windows, what they say, and what they recorded."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from client.clock import now_ns
from client.keys import make_keys
from data.episode_format import Prefix, read_prefix
from data.local_format import Local, read_local
from games.contract import Seat
from tests.support.command_line import LAUNCHER, CommandLine
from tests.support.desktop import Desktop, wait_for
from tests.support.sight import Shot, Sighted

ARTEFACTS = "DYADGRID_ARTEFACTS"
"""Names the folder that screenshots are copied to, for people to look at: each test has one of its own in it."""
LEAVE_SECONDS = 60.0


def keep(path: Path) -> None:
    """Keep a screenshot for people to look at, if a folder for them was named."""
    if ARTEFACTS in os.environ:
        test = re.sub(r"[^\w-]+", "-", os.environ["PYTEST_CURRENT_TEST"].rpartition("::")[2].split(" ")[0])
        kept = Path(os.environ[ARTEFACTS]) / test.strip("-")
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, kept)


class Screen:
    """One seat as others see it: its window, and the records at its station."""

    def __init__(self, place: Desktop, folder: Path, seat: Seat, home: Path) -> None:
        self.seat = seat
        self.home = home
        self._place = place
        self._folder = folder
        self._window = ""

    @property
    def window(self) -> str:
        """The id of its window, once there is one."""
        self._window = self._window or self._place.window(f"dyadgrid-{self.seat.word}")
        return self._window

    def focus(self) -> None:
        """Click into it, as it were."""
        self._place.focus(self.window)

    def look(self, name: str) -> Shot:
        """A picture of its window, kept under this name, and the time within which it was taken."""
        path = self._folder / f"{name}-{self.seat.word}.png"
        before = now_ns()
        self._place.screenshot(self.window, path)
        after = now_ns()
        assert path.exists(), f"no window of {self.seat.word} for {name}"
        keep(path)
        return Shot(path, before, after)

    def is_recording(self) -> bool:
        """Whether an episode is being played."""
        return any(self.home.glob("recording/**/*.part"))

    def canonical(self, episode: int = 0) -> Prefix:
        """Its canonical record of an episode."""
        return read_prefix(self.canonical_bytes(episode))

    def canonical_bytes(self, episode: int = 0) -> bytes:
        """The file of it."""
        return self._file(episode, ".dyad").read_bytes()

    def local(self, episode: int = 0) -> Local:
        """What its machine alone knows of an episode."""
        return read_local(self._file(episode, ".dyadlog").read_bytes())

    def sighted(self, episode: int = 0, rounds: int = 1) -> Sighted:
        """What its window must have shown in an episode."""
        return Sighted(self.canonical(episode), self.local(episode), rounds)

    def _file(self, episode: int, suffix: str) -> Path:
        found = sorted(self.home.glob(f"episodes/**/ep-{episode + 1:03d}/*{suffix}"))
        assert len(found) == 1, f"expected one {suffix} of episode {episode} at {self.seat.word}, found {found}"
        return found[0]


class Client(Screen):
    """One seat's process and window. It tells what it does in lines of JSON, which are kept in a file."""

    def __init__(self, place: Desktop, terminal: CommandLine, seat: Seat, *arguments: object) -> None:
        super().__init__(place, terminal.folder, seat, terminal.folder / seat.word)
        self._told = terminal.folder / f"{seat.word}.told"
        words = [sys.executable, LAUNCHER, "play", "--seat", seat.word, "--home", self.home, *arguments]
        with self._told.open("w") as told, (terminal.folder / f"{seat.word}.errors").open("w") as errors:
            self.process = subprocess.Popen(
                [str(word) for word in words],
                cwd=terminal.folder,
                env=terminal.environment,
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=errors,
            )

    def told(self) -> list[dict[str, Any]]:
        """Everything that it has said so far."""
        whole = self._told.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    @property
    def errors(self) -> str:
        """What it wrote to its error output."""
        return (self._folder / f"{self.seat.word}.errors").read_text()

    def hear(self, event: str, **values: object) -> dict[str, Any]:
        """Wait until it has said this, and give the whole of it."""

        def found() -> dict[str, Any] | None:
            assert self.process.poll() is None or self._says(event, values), f"{self.seat.word} ended: {self.errors}"
            return self._says(event, values)

        return wait_for(f"{self.seat.word} to say {event} {values}", found, LEAVE_SECONDS)

    def _says(self, event: str, values: Mapping[str, object]) -> dict[str, Any] | None:
        wanted = {"event": event, **values}
        return next((told for told in self.told() if wanted.items() <= told.items()), None)

    def reach(self, frame: int, episode: int = 0) -> None:
        """Wait until it has played so many frames; it says so twice a second."""

        def there() -> bool:
            frames = [told for told in self.told() if told["event"] == "frame" and told["episode"] == episode]
            return bool(frames) and frames[-1]["frame"] >= frame

        wait_for(f"{self.seat.word} to play frame {frame}", there, LEAVE_SECONDS)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it, and to nobody else."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """Its exit code, once it has ended by itself."""
        return self.process.wait(LEAVE_SECONDS)


class Pair:
    """Both clients of one session."""

    def __init__(self, place: Desktop, left: Client, right: Client) -> None:
        self.place = place
        self.left = left
        self.right = right

    def __iter__(self) -> Iterator[Client]:
        return iter((self.left, self.right))

    def wait(self) -> None:
        """Both have ended, and neither has complained."""
        codes = [client.wait() for client in self]
        assert codes == [0, 0], f"exit codes {codes}: {self.left.errors} {self.right.errors}"

    def dismiss(self, *clients: Client) -> None:
        """Close the last screens of these, which stay for long: everything is said and seen. Both then end."""
        for client in clients:
            client.hear("phase", phase="closed")
            client.signal(signal.SIGTERM)
        self.wait()

    def leave(self) -> None:
        """Close the left window, which ends the round for both."""
        self.place.close(self.left.window)
        self.wait()

    def play(self) -> None:
        """Wait until both play."""
        for client in self:
            client.hear("phase", phase="playing")


class Table:
    """Where clients can be started: a desktop, a terminal, keys and a share."""

    def __init__(self, place: Desktop, terminal: CommandLine, stack: ExitStack) -> None:
        self.place = place
        self.terminal = terminal
        self._stack = stack
        self._share = terminal.folder / "share"
        self._share.mkdir()
        self._keys = terminal.folder / "keys"
        make_keys(self._keys)

    def start(self, seat: Seat, *arguments: object) -> Client:
        """Start one client; it is gone when the test is over, whatever happens."""
        common = {
            "--keys": self._keys,
            "--dyad": 1,
            "--session": 1,
            "--participant": f"P{seat + 1}",
            "--share": self._share,
            "--half": seat.word,
            "--seed": 5,
            "--episodes": 1,
            "--rejoin-seconds": 0,
            "--final-seconds": 0,
        }
        words = [word for pair in common.items() for word in pair if pair[0] not in arguments]
        client = Client(self.place, self.terminal, seat, *words, "--reports", "--no-courier", *arguments)
        self._stack.callback(client.process.wait, 10)
        self._stack.callback(_kill, client.process)
        return client

    def start_left(self, *arguments: object) -> tuple[Client, str]:
        """Start the left client; it and its address."""
        left = self.start(Seat.LEFT, "--listen", "tcp://127.0.0.1:*", *arguments)
        return left, str(left.hear("listening")["address"])

    def start_pair(self, *arguments: object, left: tuple[object, ...] = (), right: tuple[object, ...] = ()) -> Pair:
        """Start both; `left` and `right` are arguments of one seat."""
        first, address = self.start_left(*arguments, *left)
        second = self.start(Seat.RIGHT, "--partner", address, *arguments, *right)
        return Pair(self.place, first, second)


@contextmanager
def seated(place: Desktop, terminal: CommandLine) -> Iterator[Table]:
    """A table on a desktop; every client that was started at it is gone afterwards."""
    terminal.environment |= {"DISPLAY": place.environment["DISPLAY"]}
    with ExitStack() as stack:
        yield Table(place, terminal, stack)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.kill()
