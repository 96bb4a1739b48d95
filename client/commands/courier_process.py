"""The courier as a process of its own: a share that hangs can hang nothing but this."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from client.commands.processes import end, start
from data.courier import run_courier
from data.outbox import Item, Outbox

PARENT_POLL_SECONDS: Final = 0.5
WAIT_POLL_SECONDS: Final = 0.05


def run_courier_process(homes: Sequence[Path], parent: int) -> None:
    """Deliver until told to stop, or until the process that started this one is gone."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=_watch_parent, args=(parent, stop), daemon=True).start()
    run_courier(homes, stop=stop)


def _watch_parent(parent: int, stop: threading.Event) -> None:
    while os.getppid() == parent:
        if stop.wait(PARENT_POLL_SECONDS):
            return
    stop.set()


def _ignore(waiting: Sequence[Item]) -> None:
    """The report of somebody who does not want one."""


@contextmanager
def courier_for(homes: Sequence[Path]) -> Iterator[None]:
    """A courier for these stations while the block runs."""
    arguments = [word for home in homes for word in ("--home", str(home))]
    process = start(["courier", *arguments, "--parent", str(os.getpid())])
    try:
        yield
    finally:
        end(process)


def await_delivery(
    homes: Sequence[Path],
    seconds: float,
    run: str = "",
    stop: threading.Event | None = None,
    report: Callable[[Sequence[Item]], None] = _ignore,
) -> None:
    """Wait until no file (of this run) waits for a receipt any more, until `stop`, and for so many seconds at most.

    `report` hears each time what still waits.
    """
    stop = stop or threading.Event()
    deadline = time.monotonic() + seconds
    while waiting := [item for home in homes for item in Outbox(home).waiting() if run in item.name]:
        report(waiting)
        if time.monotonic() >= deadline or stop.wait(WAIT_POLL_SECONDS):
            return
