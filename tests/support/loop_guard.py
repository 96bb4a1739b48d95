"""Plays one seat and notes every call to a disk or a share on the loop's own thread.

    python -m tests.support.loop_guard NOTES [--plant] play ...

NOTES is a JSON file: how many turns the loop made, and each call that could have waited for a disk, with where it came
from. Python reports most of them to an audit hook; those that it does not are wrapped. `--plant` has the loop itself
look at a file once, which must be noted. The calls of other threads are theirs: the recorder is made of them.
"""

# ruff: noqa: ANN401  # it stands in for calls of every kind

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import launcher
from client.app import Client

_UNREPORTED = ("fsync", "fdatasync", "stat", "lstat", "fstat", "replace", "access", "statvfs", "sync")
"""Calls of `os` on files that raise no audit event."""
_REPORTED = ("open", "os.", "shutil.", "tempfile.", "glob.", "pathlib.", "subprocess.", "socket.connect", "fcntl.")
_HARMLESS = ("os.putenv", "os.unsetenv")
_TOLD = 8


class Guard:
    """Notes what the loop's thread does while it runs."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.turns = 0
        self._thread: int | None = None
        self._is_noting = False

    def watch(self, run: Callable[[Any], None]) -> Callable[[Any], None]:
        """The client's loop, watched."""

        def watched(client: Any) -> None:
            self._thread = threading.get_ident()
            try:
                run(client)
            finally:
                self._thread = None

        return watched

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        """An audit hook."""
        if event.startswith(_REPORTED) and event not in _HARMLESS:
            self.note(event, arguments)

    def note(self, event: str, arguments: tuple[object, ...]) -> None:
        """A call that may wait; it counts only in the loop's thread, while the loop runs."""
        if threading.get_ident() != self._thread or self._is_noting:
            return
        self._is_noting = True
        stack = traceback.extract_stack()[:-2]
        places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in stack[-_TOLD:]]
        self.calls.append(f"{event}{arguments!r:.200} from {' > '.join(places)}")
        self._is_noting = False

    def wrap(self, name: str) -> None:
        """Have a call of `os` that Python does not report noted as well."""
        real = getattr(os, name)

        def noted(*arguments: Any, **options: Any) -> Any:
            self.note(f"os.{name}", arguments)
            return real(*arguments, **options)

        setattr(os, name, noted)


def main() -> None:
    """Watch, play, write the notes."""
    notes, *words = sys.argv[1:]
    is_planted = "--plant" in words
    sys.argv[1:] = [word for word in words if word != "--plant"]
    guard = Guard()
    tick = Client._tick

    def counted(client: Client, now: int) -> None:
        guard.turns += 1
        if is_planted and guard.turns == 1:
            Path(notes).exists()
        tick(client, now)

    Client._tick = counted  # type: ignore[method-assign]  # watched, not changed
    Client.run = guard.watch(Client.run)  # type: ignore[method-assign]  # the same
    for name in _UNREPORTED:
        if hasattr(os, name):
            guard.wrap(name)
    sys.addaudithook(guard.hear)
    try:
        launcher.main()
    finally:
        Path(notes).write_text(json.dumps({"turns": guard.turns, "calls": guard.calls}))


if __name__ == "__main__":
    main()
