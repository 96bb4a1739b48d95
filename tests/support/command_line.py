"""The program as a person runs it: real processes, in a world of their own. Nothing outside `tmp_path` is written.

Every process inherits a mark in its environment, so whatever is left of a run is found, however it was started.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAUNCHER = Path(__file__).resolve().parents[2] / "launcher.py"
MARK = "DYADGRID_TEST_MARK"
PATIENCE_SECONDS = 120.0
"""A machine that is busy with other tests is slow; only a program that hangs takes longer."""
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended and what it printed."""

    code: int
    output: str
    errors: str

    @property
    def text(self) -> str:
        return self.output + self.errors

    @property
    def json(self) -> dict[str, Any]:
        """The object in the last line of the standard output."""
        lines = self.output.splitlines()
        assert lines, f"nothing was printed; the errors: {self.errors}"
        found = json.loads(lines[-1])
        assert isinstance(found, dict)
        return found

    @property
    def has_traceback(self) -> bool:
        return "Traceback" in self.text or '.py", line' in self.text


class CommandLine:
    """A person at a terminal, with a home folder and a folder for temporary files that nobody else has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary = folder / "tmp"
        self.mark = secrets.token_hex(8)
        self._started: list[subprocess.Popen[str]] = []
        home = folder / "user"
        for path in (home, self.temporary):
            path.mkdir(parents=True, exist_ok=True)
        # SDL's settings too: a test that drew in this very process has chosen its driver without a window.
        own = ("DYADGRID", "COV_", "SDL_")
        passed_on = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        self.environment = passed_on | {
            MARK: self.mark,
            "HOME": str(home),
            "XDG_DATA_HOME": str(home / "share"),
            "XDG_RUNTIME_DIR": str(home),
            "TMPDIR": str(self.temporary),
            "COLUMNS": "80",
            "PYTHONUNBUFFERED": "1",
        }
        self.environment.pop("DISPLAY", None)

    def start(self, *arguments: object) -> "subprocess.Popen[str]":
        """Start a command in the background; `finish` takes its output."""
        process = subprocess.Popen(
            [sys.executable, str(LAUNCHER), *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def finish(self, process: "subprocess.Popen[str]", seconds: float = PATIENCE_SECONDS) -> Outcome:
        """Wait for a command's end. One that hangs is killed with all of its processes, and the test fails."""
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            self.kill_all()
            raise AssertionError(f"{process.args!r} did not end within {seconds} s: {error.output!r}") from error
        return Outcome(process.returncode, output, errors)

    def wait_while(self, process: "subprocess.Popen[str]", is_so: Callable[[], bool], what: str) -> None:
        """Wait for something that a running command does; if it ends first, the test fails with what it printed."""
        wait_until(lambda: is_so() or process.poll() is not None, what)
        assert is_so(), f"it ended before {what}: {self.finish(process).text}"

    def run(self, *arguments: object, seconds: float = PATIENCE_SECONDS) -> Outcome:
        """Run a command to its end."""
        return self.finish(self.start(*arguments), seconds)

    def demo(self, *arguments: object) -> Outcome:
        """A headless demo that prints JSON."""
        return self.run("demo", "--headless", "--json", *arguments)

    def processes(self) -> dict[int, list[str]]:
        """Pid and command line of every living process of this person."""
        return dict(_marked(f"{MARK}={self.mark}"))

    def find(self, *words: str) -> int:
        """The pid of the one process whose arguments hold all of these words; waits until there is one."""
        wait_until(lambda: self._matching(words) != [], f"a process with {words}")
        return self._matching(words)[0]

    def _matching(self, words: tuple[str, ...]) -> list[int]:
        return [pid for pid, arguments in self.processes().items() if set(words) <= set(arguments)]

    def kill_all(self) -> None:
        """End everything of this person."""
        for pid in self.processes():
            with _ignore_gone():
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """End what a failed test has left, and give its pipes back."""
        self.kill_all()
        for process in self._started:
            if process.returncode is None:
                process.communicate()

    def left_behind(self) -> list[str]:
        """What should be gone after every command: processes, temporary files, keys, half-written files."""
        files = [path for path in self.folder.rglob("*") if _is_rest(path) or self.temporary in path.parents]
        return [f"process {words}" for words in self.processes().values()] + [f"file {path}" for path in files]


def _is_rest(path: Path) -> bool:
    is_kept = "torn" in path.parts  # what a recovery set aside
    return not is_kept and (path.name.startswith("keys-") or path.name.endswith((".part", ".tmp")))


def _marked(mark: str) -> Iterator[tuple[int, list[str]]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with _ignore_gone():
                if mark.encode() in (folder / "environ").read_bytes().split(b"\0") and not _is_zombie(folder):
                    words = (folder / "cmdline").read_bytes().decode().split("\0")
                    yield int(folder.name), words


def _is_zombie(folder: Path) -> bool:
    return (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"


@contextmanager
def _ignore_gone() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for something that other processes do."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(POLL_SECONDS)
