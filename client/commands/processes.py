"""Other processes of this very program: started, and ended politely by their own handle."""

import subprocess
import sys
from pathlib import Path
from typing import Final

LEAVE_SECONDS: Final = 10.0
"""Time to leave politely. A process that hangs on a dead share cannot even be killed, so nobody waits for it longer."""
KILLED_SECONDS: Final = 2.0
_LAUNCHER: Final = Path(__file__).resolve().parents[2] / "launcher.py"


def start(
    arguments: list[str],
    stdout: int = subprocess.DEVNULL,
    *,
    stdin: int = subprocess.DEVNULL,
    may_hang: bool = False,
) -> "subprocess.Popen[str]":
    """Start a command of this program. It gets no terminal of its own, and this one's error output.

    One that `may_hang` in a call that nothing ends gets the error output only if that is a terminal: an abandoned
    process would keep a pipe open, and whoever reads from us would wait for it.
    """
    command = [sys.executable, str(_LAUNCHER), *arguments]
    stderr = subprocess.DEVNULL if may_hang and not sys.stderr.isatty() else None
    return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, text=True, start_new_session=True)


def end(process: "subprocess.Popen[str]") -> None:
    """Ask it to leave, wait, and end it if it does not; one that cannot be ended is abandoned."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(LEAVE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        try:
            process.wait(KILLED_SECONDS)
        except subprocess.TimeoutExpired:
            return
    if process.stdout is not None:
        process.stdout.close()
