"""A share that fails in every way at every step of a delivery, mounted through FUSE, and the real courier process.

A fault costs time and words, never a file: what was acknowledged is there, nothing torn has a final name, and when the
share is well again everything arrives without anybody's help.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from client.commands.share import probe_share
from data.layout import parse_name
from data.outbox import Outbox, State
from data.receipts import Receipts
from data.shares.folder_share import MARK_NAME
from data.station import Station
from tests.support.disks import QuickDisk
from tests.support.faulty_mount import KINDS, PHASES, FaultyMount, faulty_mount
from tests.support.stations import files_under, make_frames, make_recorder, make_terms, record_episode

pytestmark = pytest.mark.processes

LAUNCHER = Path(__file__).resolve().parents[2] / "launcher.py"
PATIENCE_SECONDS = 60.0
KILLED_SECONDS = 5.0
"""A process that is not gone by then cannot be killed."""
WORDS = {
    "eio": "input/output error",
    "full": "it is full",
    "read-only": "it is read-only",
    "gone": "it is not there: is it mounted?",
}
"""What a person reads of each fault."""
GONE_WORDS = (WORDS["gone"], "a folder of it is gone")
BLOCKING = tuple(WORDS)
UNNOTICED = ("fine", "slow", "lie")
CASES = tuple(f"{kind}-{phase}" for kind, phase in product(KINDS, PHASES) if kind != "fine" or phase == "read")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: what is asked here is not what a flush takes."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


@pytest.fixture
def mount(folder: Path) -> Iterator[FaultyMount]:
    with faulty_mount(folder) as mounted:
        yield mounted


class Stations:
    """One home for each case, all with the same three files, each bound for the share of its case."""

    def __init__(self, folder: Path, mount: FaultyMount, cases: Iterable[str]) -> None:
        original = folder / "original"
        recorder = make_recorder(original, "SHARE", disk=QuickDisk())
        record_episode(recorder, make_terms(), make_frames(31))
        assert recorder.close(20)
        self.homes = {case: folder / "homes" / case for case in cases}
        self.files = files_under(Station(original).episodes)
        self._mount = mount
        for case, home in self.homes.items():
            shutil.copytree(original, home)
            share = str(mount.share(case))
            for path in (Station(home).identity_file, *Station(home).outbox.glob("*.json")):
                path.write_text(path.read_text().replace('"SHARE"', f'"{share}"'))

    def reasons(self, case: str) -> set[str]:
        """Why the files of a case are blocked."""
        return {item.reason for item in Outbox(self.homes[case]).waiting() if item.state is State.BLOCKED}

    def is_delivered(self, case: str) -> bool:
        return not Outbox(self.homes[case]).waiting()

    def at_share(self, case: str) -> dict[str, bytes]:
        """What really lies there, behind the mount's back."""
        root = self._mount.backing / case
        names = [name for name in files_under(root) if parse_name(Path(name).name) is not None]
        return {name: (root / name).read_bytes() for name in names}

    def check(self, case: str) -> None:
        """The invariants, which hold in every moment."""
        there = self.at_share(case)
        for receipt in Receipts(self.homes[case]).all():
            assert sha256(there[receipt.file]).hexdigest() == receipt.sha256, f"{case}: acknowledged, and not there"
        for name, data in there.items():
            assert sha256(data).hexdigest()[:8] in name, f"{case}: torn bytes under a final name"
        known = {item.file for item in Outbox(self.homes[case]).items()}
        assert known == self.files == files_under(Station(self.homes[case]).episodes), f"{case}: a file is lost"


@contextmanager
def courier(homes: Iterable[Path], mount: FaultyMount) -> Iterator["subprocess.Popen[bytes]"]:
    """The real process, ended by its pid. Nothing can end it while it sits in a call, so the mount is mended first."""
    words = [word for home in homes for word in ("--home", str(home))]
    process = subprocess.Popen(
        [sys.executable, LAUNCHER, "courier", *words, "--parent", str(os.getpid())],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        try:
            process.wait(KILLED_SECONDS)
        except subprocess.TimeoutExpired:
            mount.mend_all()
            process.wait()


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"waited too long for: {what}"
        time.sleep(0.1)


def test_a_share_that_fails_in_any_way_at_any_step_costs_time_and_words_and_no_file(
    mount: FaultyMount, folder: Path
) -> None:
    cases = [case for case in CASES if not case.startswith("hang")]
    stations = Stations(folder, mount, cases)
    for case in cases:
        kind, _, phase = case.rpartition("-")
        mount.break_share(case, kind, phase)
    told: dict[str, set[str]] = {}
    with courier(stations.homes.values(), mount):
        broken = [case for case in cases if case.startswith(BLOCKING)]
        while broken:
            wait_until(lambda: any(stations.reasons(case) for case in broken), f"BLOCKED of {broken}")
            for case in [case for case in broken if stations.reasons(case)]:
                told[case] = stations.reasons(case)
                stations.check(case)
                mount.mend(case)
                broken.remove(case)
        wait_until(lambda: all(map(stations.is_delivered, cases)), "everything to arrive")
    for case, reasons in told.items():
        words = GONE_WORDS if case.startswith("gone") else (WORDS[case.rpartition("-")[0]],)
        assert all(any(word in reason for word in words) for reason in reasons), (case, reasons)
    for case in cases:
        stations.check(case)
        assert set(stations.at_share(case)) == stations.files, case
        assert mount.has_begun(case) or case.startswith("fine"), f"{case}: the fault was never met"
        assert not list((mount.backing / case).rglob("*.tmp")), f"{case}: a temporary file is left"


def test_a_share_that_hangs_at_any_step_holds_its_courier_alone_and_goes_on_when_it_wakes(
    mount: FaultyMount, folder: Path
) -> None:
    cases = [f"hang-{phase}" for phase in PHASES]
    stations = Stations(folder, mount, [*cases, "fine-read"])
    for case in cases:
        mount.break_share(case, *case.split("-"))
    with ExitStack() as couriers:
        processes = {case: couriers.enter_context(courier([stations.homes[case]], mount)) for case in cases}
        wait_until(lambda: all(map(mount.has_begun, cases)), "every courier to hang")
        with courier([stations.homes["fine-read"]], mount):  # another home's courier is not held up
            wait_until(lambda: stations.is_delivered("fine-read"), "the delivery beside it")
        for case in cases:
            assert not stations.is_delivered(case)
            stations.check(case)
        killed = processes[cases[1]]
        killed.kill()  # in vain, while it sits in its call; and then its lock is free for the next one
        assert killed.poll() is None
        mount.mend(*cases)
        killed.wait(PATIENCE_SECONDS)
        couriers.enter_context(courier([stations.homes[cases[1]]], mount))
        wait_until(lambda: all(map(stations.is_delivered, cases)), "everything to arrive")
    for case in stations.homes:
        stations.check(case)
        assert set(stations.at_share(case)) == stations.files, case


def test_a_share_that_lied_about_flushing_and_lost_a_file_is_found_out_by_a_later_run(
    mount: FaultyMount, folder: Path
) -> None:
    stations = Stations(folder, mount, ["lie-flush"])
    mount.break_share("lie-flush", "lie", "flush")
    home = stations.homes["lie-flush"]
    with courier([home], mount):
        wait_until(lambda: stations.is_delivered("lie-flush"), "the delivery")
    for path in (mount.backing / "lie-flush").rglob("*.dyad"):
        path.unlink()  # the power cut on the server, which had flushed nothing
    mount.mend("lie-flush")
    with courier([home], mount):
        wait_until(lambda: set(stations.at_share("lie-flush")) == stations.files, "the second delivery")
        wait_until(lambda: stations.is_delivered("lie-flush"), "the second receipt")
    assert Receipts(home).revoked(), "what was lost is kept on record"
    stations.check("lie-flush")


def test_a_probe_by_hand_stops_waiting_for_a_share_that_hangs(
    mount: FaultyMount, capsys: pytest.CaptureFixture[str]
) -> None:
    share = mount.share("hang-probe")
    mount.break_share("hang-probe", "hang", "probe")
    assert probe_share(str(share), as_json=False, seconds=0.5) == 1
    assert "it hangs: nothing came back within 0.5 s" in capsys.readouterr().out
    mount.mend("hang-probe")
    wait_until(lambda: files_under(mount.backing / "hang-probe") <= {MARK_NAME}, "the probe that was left behind")
