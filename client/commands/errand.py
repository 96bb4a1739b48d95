"""An errand to a share for somebody at a terminal, in a process of its own: a share that hangs can hang nothing but it.

The process says a line for all that it has done. One that has been silent for too long is killed, and abandoned if not
even that ends it; what it was at is then `BLOCKED` in words. Control-C works at once, whatever the share does.
"""

import base64
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from client.commands.courier_process import BEAT_SECONDS, HUNG_SECONDS, KILLED_SECONDS, watch_parent
from client.commands.processes import start
from data.courier import put_off_hanging
from data.delivery import THIS_RUN, DeliveryReport, deliver, ignore
from data.files import Disk
from data.outbox import Item, Outbox
from data.settlement import Settled, Settlement
from data.shares.share import open_share
from data.station import Station

WAIT_SECONDS: Final = 0.2
"""A signal that another thread was given is heard by this one when it looks up."""
SILENT: Final = "its share does not answer. Nothing is lost: try again when it is back"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Bring what waits in a home to its share, at once; `only` these names. `settles`: then verify earlier files."""

    home: Path
    only: frozenset[str] | None = None
    settles: bool = False

    def run(self, report: Callable[[Item], None], go_on: Callable[[], bool]) -> DeliveryReport:
        """Do it, here."""
        settlement = Settlement(Station(self.home), THIS_RUN) if self.settles else None
        return deliver(
            self.home,
            now=time.time(),
            at_once=True,
            only=self.only,
            report=report,
            settlement=settlement,
            go_on=go_on,
        )

    def failed(self, words: str) -> DeliveryReport:
        """What came of it if its process told nothing any more."""
        return DeliveryReport(self.home, waiting=Outbox(self.home).waiting(), trouble=(words,))


@dataclass(frozen=True, slots=True)
class Check:
    """Ask the shares of a home for everything that was ever received. Its caller holds the courier's lock."""

    home: Path

    def run(self, report: Callable[[Item], None], go_on: Callable[[], bool]) -> Settled:  # noqa: ARG002 - no items
        """Do it, here."""
        settlement = Settlement(Station(self.home), THIS_RUN, every=True)
        return settlement.settle(None, time.time(), Disk(), open_share, go_on)

    def failed(self, words: str) -> Settled:
        """What came of it if its process told nothing any more."""
        return Settled(trouble=(words,))


# -- in the process that goes ------------------------------------------------------------------------------------------


def run_errand(parent: int) -> None:
    """Do what comes on standard input, and tell it, a line each, on standard output."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    errand: Delivery | Check = pickle.load(sys.stdin.buffer)  # from this program's own parent
    last = float("-inf")

    def go_on() -> bool:
        nonlocal last
        if time.monotonic() - last >= BEAT_SECONDS:
            last = time.monotonic()
            _tell(None)
        return True

    _tell(errand.run(_tell, go_on))


def _end_with(parent: int) -> None:
    """Nobody hears what is still done, and a call that hangs would keep this process for ever."""
    watch_parent(parent, threading.Event())
    os._exit(1)


def _tell(what: object) -> None:
    os.write(sys.stdout.fileno(), base64.b64encode(pickle.dumps(what)) + b"\n")


# -- in the process that waits -----------------------------------------------------------------------------------------


def send_delivery(
    delivery: Delivery, report: Callable[[Item], None] = ignore, seconds: float = HUNG_SECONDS
) -> DeliveryReport:
    """Have a delivery done; `report` hears of each item. Silence of so many seconds is a share that hangs."""
    found = _send(delivery, report, seconds)
    if isinstance(found, DeliveryReport):
        return found
    with suppress(OSError):  # a disk that refuses this has worse to tell
        put_off_hanging(delivery.home, time.time())
    return delivery.failed(str(found))


def send_check(check: Check, seconds: float = HUNG_SECONDS) -> Settled:
    """The same for a check."""
    found = _send(check, ignore, seconds)
    return found if isinstance(found, Settled) else check.failed(str(found))


def _send(errand: Delivery | Check, report: Callable[[Item], None], seconds: float) -> object:
    """What came of an errand, or in words why nothing did."""
    command = ["errand", "--parent", str(os.getpid())]
    process = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, may_hang=True)
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(process, lines), daemon=True).start()
    try:
        assert process.stdin is not None
        with process.stdin:
            process.stdin.buffer.write(pickle.dumps(errand))  # type: ignore[attr-defined]  # a text stream over bytes
        for told in _told(lines, seconds):
            if isinstance(told, DeliveryReport | Settled):
                return told
            if isinstance(told, Item):
                report(told)
    except TimeoutError:
        return SILENT
    except BrokenPipeError:
        pass
    finally:
        _let_go(process)
    return "the process that was to ask its share was ended from outside"


def _told(lines: "queue.SimpleQueue[str]", seconds: float) -> Iterator[Any]:
    """All that it says; a thread listens, so that this one can stop waiting."""
    last = time.monotonic()
    while True:
        try:
            line = lines.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            if time.monotonic() - last >= seconds:
                raise TimeoutError from None
            continue
        last = time.monotonic()
        if not line:
            return
        yield pickle.loads(base64.b64decode(line))


def _listen(process: "subprocess.Popen[str]", lines: "queue.SimpleQueue[str]") -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            lines.put(line)
    lines.put("")


def _let_go(process: "subprocess.Popen[str]") -> None:
    """Have it gone; one that hangs where nothing reaches it is abandoned."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(0 if process.poll() is not None else KILLED_SECONDS / 10)
        return
    process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(KILLED_SECONDS)
