"""The courier's supervisor: starts it again, kills it when it hangs, abandons what cannot be killed, never waits."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from client.commands.courier_process import Supervisor, ask_received, await_delivery
from client.delivery_watch import STUCK_SECONDS, DeliveryWatch
from data.delivery import deliver
from data.outbox import Outbox
from data.receipts import Receipts
from data.shares.folder_share import MARK_NAME, FolderShare
from data.station import Station
from tests.support.command_line import wait_until
from tests.support.disks import QuickDisk
from tests.support.stations import record_session

pytestmark = pytest.mark.processes

NOW = 1_800_000_000.0
BEATS = "import time\nwhile True: print(flush=True); time.sleep(0.02)"
DIES = "print(flush=True)"
HANGS = "import time, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"


class Unkillable(subprocess.Popen):  # type: ignore[type-arg]  # a command's, as text
    """Sits in a call into a dead mount: no signal brings it back, until `revive` does."""

    def kill(self) -> None:
        pass

    def terminate(self) -> None:
        pass

    def revive(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


class Launches:
    """Starts one script after the other, the last one for ever, and remembers what it started."""

    def __init__(self, *scripts: str, kind: type = subprocess.Popen) -> None:
        self.processes: list[subprocess.Popen[str]] = []
        self._scripts = list(scripts)
        self._kind = kind

    def __call__(self) -> "subprocess.Popen[str]":
        assert all(process.poll() is not None for process in self.processes), "two couriers at a time"
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        process = self._kind([sys.executable, "-S", "-E", "-c", script], stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process  # type: ignore[no-any-return]  # the kind is a Popen


def supervise(
    launches: Callable[[], "subprocess.Popen[str]"], hung: float = 0.5, blame: Callable[[], None] = lambda: None
) -> Supervisor:
    supervisor = Supervisor(launches, blame, hung_seconds=hung, silent_seconds=0.5, first_restart_seconds=0.01)
    supervisor.start()
    return supervisor


def test_a_courier_that_dies_is_started_again() -> None:
    launches = Launches(DIES, DIES, BEATS)
    supervisor = supervise(launches, hung=60)
    wait_until(lambda: supervisor.starts == 3, "a third courier")
    supervisor.close()
    assert supervisor.hangs == 0
    assert all(process.poll() is not None for process in launches.processes)


def test_a_courier_that_beats_is_left_alone_and_ended_politely() -> None:
    launches = Launches(BEATS)
    supervisor = supervise(launches)
    wait_until(lambda: bool(launches.processes), "a courier")
    threading.Event().wait(1.2)  # more than twice what counts as hung
    supervisor.close()
    assert (supervisor.starts, supervisor.hangs) == (1, 0)
    assert launches.processes[0].returncode == -signal.SIGTERM


def test_a_courier_that_hangs_is_killed_and_another_one_is_started() -> None:
    launches, blamed = Launches(HANGS, BEATS), list[int]()
    supervisor = supervise(launches, blame=lambda: blamed.append(supervisor.starts))
    wait_until(lambda: supervisor.starts == 2, "another courier")
    supervisor.close()
    assert blamed == [1], "once, and before another one is started"
    assert supervisor.hangs == 1
    assert launches.processes[0].returncode == -signal.SIGKILL


def test_one_that_cannot_be_killed_is_abandoned_and_no_second_one_is_started_beside_it() -> None:
    launches = Launches(HANGS, BEATS, kind=Unkillable)
    supervisor = supervise(launches)
    wait_until(lambda: supervisor.is_abandoned, "an abandoned courier")
    threading.Event().wait(0.2)
    assert supervisor.starts == 1
    launches.processes[0].revive()  # type: ignore[attr-defined]  # an Unkillable
    wait_until(lambda: supervisor.starts == 2, "another courier, now that the first is gone")
    launches.processes[1].revive()  # type: ignore[attr-defined]  # the same
    supervisor.close()


def test_nobody_waits_for_a_courier_that_cannot_be_killed() -> None:
    launches = Launches(HANGS, kind=Unkillable)
    supervisor = supervise(launches, hung=60)
    wait_until(lambda: supervisor.starts == 1, "a courier")
    supervisor.close()
    (process,) = launches.processes
    assert process.poll() is None, "it is still there, and we are not"
    process.revive()  # type: ignore[attr-defined]  # an Unkillable
    process.wait()


# -- what is asked of a share ------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    share = FolderShare.create(tmp_path / "share", QuickDisk())
    record_session(tmp_path / "left", share.url)
    return tmp_path / "left"


def test_what_was_received_is_asked_at_the_share_and_a_hang_of_it_is_no_answer(home: Path, tmp_path: Path) -> None:
    run = "00c0ffee00c0ffee"
    assert ask_received([home], run) == {home: frozenset()}
    deliver(home, now=NOW)
    names = frozenset(receipt.name for receipt in Receipts(home).all())
    assert ask_received([home], run, seconds=60) == {home: names}
    (lost,) = (tmp_path / "share").rglob("*_claim_*")
    lost.unlink()
    assert ask_received([home], run, seconds=60) == {home: names - {lost.name}}
    os.mkfifo(lost)
    assert ask_received([home], run, seconds=1) == {home: frozenset()}


def test_what_a_person_holds_back_is_not_waited_for(home: Path) -> None:
    outbox = Outbox(home)
    for item in outbox.waiting():
        outbox.update(item.hold())
    told: list[int] = []
    await_delivery([home], 600, report=lambda waiting: told.append(len(waiting)))
    assert told == [3]


# -- what the window says ----------------------------------------------------------------------------------------------


def test_the_window_says_what_waits_and_why(home: Path, tmp_path: Path) -> None:
    clock = [0.0]
    watch = DeliveryWatch([home, tmp_path / "nowhere"], lambda: clock[0])
    watch.look()
    assert watch.words == ("delivery: 3 files wait",)
    (tmp_path / "share" / MARK_NAME).unlink()
    (tmp_path / "share").rmdir()
    deliver(home, now=NOW)
    watch.look()
    assert "3 files wait" in watch.words[0]
    assert "is it mounted?" in watch.words[0]
    clock[0] += STUCK_SECONDS
    watch.look()
    assert "the share does not answer" in watch.words[0]
    deliver(home, now=NOW, at_once=True)
    watch.look()
    assert "is it mounted?" in watch.words[0], "it was tried, so nothing hangs"
    FolderShare.create(tmp_path / "share", QuickDisk())
    deliver(home, now=NOW, at_once=True)
    watch.look()
    assert (watch.words, watch.alarms) == ((), ())


def test_the_window_calls_for_somebody_when_a_share_has_lost_what_it_had(home: Path) -> None:
    deliver(home, now=NOW)
    (receipt, *_) = Receipts(home).all()
    Receipts(home).revoke(receipt, "an old story", NOW)
    watch = DeliveryWatch([home])
    watch.look()
    assert watch.alarms == (), "that was before this session"
    Receipts(home).revoke(receipt, "nothing is there", NOW)
    watch.look()
    assert "lost 1 files" in watch.alarms[0]
    assert Station(home).exists
