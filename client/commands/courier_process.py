"""The courier as a process of its own: a share that hangs can hang nothing but this, and somebody looks after it.

The supervisor lives on a thread of the process that wants the delivery. It hears a beat after every file and every
pass. A courier that dies is started again, ever more patiently; one that falls silent is killed; one that cannot even
be killed, because it sits in a call into a dead mount, is abandoned, and none is started beside it until it is gone.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from client.commands.processes import start
from data.courier import put_off_hanging, run_courier
from data.delivery import received
from data.outbox import Item, Outbox
from data.receipts import Receipts

PARENT_POLL_SECONDS: Final = 0.5
WAIT_POLL_SECONDS: Final = 0.05
NICENESS: Final = 10
"""The game comes first: a courier takes what is left of the processor."""
BEAT_SECONDS: Final = 1.0
"""At most one beat in so long: who delivers thousands of files need not tell each."""
HUNG_SECONDS: Final = 60.0
"""Without a beat a courier counts as hung: one file of a few megabytes over the slowest cable takes less."""
SILENT_SECONDS: Final = 5.0
"""At the end nobody waits for a courier whose last beat is older: a kill costs it one file, which it takes again."""
KILLED_SECONDS: Final = 1.0
"""For a killed process to be gone. One that is not, sits in a call that nothing can interrupt."""
FIRST_RESTART_SECONDS: Final = 1.0
LAST_RESTART_SECONDS: Final = 60.0
STEADY_SECONDS: Final = 60.0
"""A courier that lived for so long starts the patience over."""
RECEIVED_SECONDS: Final = 10.0
"""For a share to say what it holds."""
SILENT_RECEIVED_SECONDS: Final = 3.0
"""The same, if it has just left files waiting: most likely it does not answer."""


# -- in the courier's own process --------------------------------------------------------------------------------------


def run_courier_process(homes: Sequence[Path], parent: int) -> None:
    """Deliver until told to stop, or until the process that started this one is gone. Beats go to standard output."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=watch_parent, args=(parent, stop), daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    heart = _Heart(stop)
    run_courier(homes, stop=stop, report=heart.beat, hear=heart.beat)


class _Heart:
    """Tells the supervisor that work goes on; a supervisor that is gone is a wish to stop."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._last = float("-inf")

    def beat(self, _: object) -> None:
        """Whatever was done, something was."""
        now = time.monotonic()
        if now - self._last < BEAT_SECONDS:
            return
        self._last = now
        try:
            os.write(sys.stdout.fileno(), b"\n")
        except OSError:
            self._stop.set()


def watch_parent(parent: int, stop: threading.Event) -> None:
    """Runs on a thread: ask to stop when the process that wanted this one is gone."""
    while os.getppid() == parent:
        if stop.wait(PARENT_POLL_SECONDS):
            return
    stop.set()


# -- in the process that wants the delivery ----------------------------------------------------------------------------

Process = subprocess.Popen[str]


@contextmanager
def courier_for(homes: Sequence[Path]) -> Iterator["Supervisor"]:
    """A courier for these stations while the block runs, and not a moment longer if it hangs."""
    arguments = [word for home in homes for word in ("--home", str(home))]
    command = ["courier", *arguments, "--parent", str(os.getpid())]
    supervisor = Supervisor(lambda: start(command, stdout=subprocess.PIPE, may_hang=True), lambda: _blame_share(homes))
    supervisor.start()
    try:
        yield supervisor
    finally:
        supervisor.close()


def _blame_share(homes: Sequence[Path]) -> None:
    """Say in the outboxes what became of what was due, where the dead courier does not hold them any more."""
    for home in homes:
        with suppress(OSError):  # a disk that refuses this has worse to tell, and the recorder tells it
            put_off_hanging(home, time.time())


class Supervisor:
    """Keeps one courier alive. `launch` starts one; at most one is there at any time, abandoned ones counted.

    `blame` is called after one was killed because it hung.
    """

    def __init__(
        self,
        launch: Callable[[], Process],
        blame: Callable[[], None],
        *,
        hung_seconds: float = HUNG_SECONDS,
        silent_seconds: float = SILENT_SECONDS,
        first_restart_seconds: float = FIRST_RESTART_SECONDS,
    ) -> None:
        self.starts = 0
        self.hangs = 0
        self.is_abandoned = False
        """Whether the last one hangs in a call from which not even a kill has brought it back yet."""
        self._launch = launch
        self._blame = blame
        self._hung = hung_seconds
        self._silent = silent_seconds
        self._first_pause = first_restart_seconds
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="courier supervisor", daemon=True)

    def start(self) -> None:
        """Start the first courier."""
        self._thread.start()

    def close(self) -> None:
        """End the courier: politely while it beats, by force if it does not, and without waiting if it cannot be."""
        self._closing.set()
        self._thread.join(self._silent + 2 * KILLED_SECONDS + 1.0)

    def _supervise(self) -> None:
        pause = self._first_pause
        while not self._closing.is_set():
            began = time.monotonic()
            process = self._launch()
            self.starts += 1
            self._attend(process)
            while process.poll() is None and not self._closing.wait(KILLED_SECONDS):
                self.is_abandoned = True  # and nobody else is started while it holds the courier's lock
            self.is_abandoned = process.poll() is None
            if time.monotonic() - began >= STEADY_SECONDS:
                pause = self._first_pause
            self._closing.wait(pause)
            pause = min(2 * pause, LAST_RESTART_SECONDS)

    def _attend(self, process: Process) -> None:
        """Until this courier has ended, was killed, or cannot be."""
        beats: queue.SimpleQueue[bool] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(process, beats), daemon=True).start()
        last = time.monotonic()
        is_asked = False
        while True:
            if self._closing.is_set() and not is_asked:
                is_asked = True
                process.terminate()
            left = (self._silent if is_asked else self._hung) - (time.monotonic() - last)
            if left <= 0:
                self.hangs += 1
                _kill(process)
                self._blame()
                return
            try:
                is_alive = beats.get(timeout=min(left, WAIT_POLL_SECONDS if is_asked else PARENT_POLL_SECONDS / 5))
            except queue.Empty:
                continue
            if not is_alive:
                _wait_or_kill(process)
                return
            last = last if is_asked else time.monotonic()


def _listen(process: Process, beats: "queue.SimpleQueue[bool]") -> None:
    """Runs on a thread: every line is a beat, and the end of them is the end."""
    assert process.stdout is not None
    with process.stdout:
        for _ in process.stdout:
            beats.put(True)
    beats.put(False)


def _wait_or_kill(process: Process) -> None:
    try:
        process.wait(KILLED_SECONDS)
    except subprocess.TimeoutExpired:
        _kill(process)


def _kill(process: Process) -> None:
    process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(KILLED_SECONDS)


def _ignore(waiting: Sequence[Item]) -> None:
    """The report of somebody who does not want one."""


def await_delivery(
    homes: Sequence[Path],
    seconds: float,
    run: str = "",
    stop: threading.Event | None = None,
    report: Callable[[Sequence[Item]], None] = _ignore,
) -> bool:
    """Wait until no file (of this run) waits for a receipt any more, until `stop`, and for so many seconds at most.

    What a person holds back is not waited for. `report` hears each time what still waits. True if nothing does.
    """
    stop = stop or threading.Event()
    deadline = time.monotonic() + seconds
    while waiting := [item for home in homes for item in Outbox(home).waiting() if run in item.name]:
        report(waiting)
        if all(item.is_held for item in waiting) or time.monotonic() >= deadline or stop.wait(WAIT_POLL_SECONDS):
            return False
    return True


# -- what a share holds, asked where a hang hurts nobody ---------------------------------------------------------------


def tell_received(homes: Sequence[Path], run: str) -> None:
    """Print the names of this run's files that have a receipt and are at their share now, a list for each home."""
    lists = []
    for home in homes:
        receipts = [receipt for receipt in Receipts(home).all() if run in receipt.name]
        items = [Item(receipt.file, receipt.sha256, receipt.size, receipt.share) for receipt in receipts]
        lists.append([item.name for item in items if received(home, item)])
    sys.stdout.write(json.dumps(lists) + "\n")


def ask_received(homes: Sequence[Path], run: str, seconds: float = RECEIVED_SECONDS) -> dict[Path, frozenset[str]]:
    """What `tell_received` says, from a process of its own; nothing if the share does not answer in time."""
    nothing: dict[Path, frozenset[str]] = {home: frozenset() for home in homes}
    if not any(run in path.name for home in homes for path in Receipts(home).paths()):
        return nothing
    arguments = [word for home in homes for word in ("--home", str(home))]
    process = start(["received", *arguments, "--run", run], stdout=subprocess.PIPE)
    try:
        told, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        assert process.stdout is not None
        process.stdout.close()
        return nothing
    try:
        lists = json.loads(told)
    except ValueError:
        return nothing
    return {home: frozenset(names) for home, names in zip(homes, lists, strict=True)}
