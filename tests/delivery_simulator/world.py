"""Stations, a share and their clocks, and everything that may happen in them. One seed, one history."""

import errno
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from itertools import count
from pathlib import Path, PurePosixPath
from random import Random
from tempfile import TemporaryDirectory

from data.delivery import deliver
from data.files import create_durably, make_folders
from data.outbox import Outbox
from data.pruning import Pruning
from data.publishing import queue, whole_file
from data.receipts import Level, Receipts
from data.recovery import recover
from data.settlement import Settlement
from data.shares.folder_share import FolderShare
from data.shares.share import Identity, Share
from data.station import Station
from games.contract import Seat
from tests.delivery_simulator.disks import YEAR_SECONDS, ServerDisk, SimulatedDisk
from tests.delivery_simulator.line import Post, SimulatedCollectorShare
from tests.support.disks import Died, QuickDisk
from tests.support.stations import files_under, make_frames, make_recorder, make_terms, record_episode

STEPS = 16
SETTLING_ROUNDS = 4
"""So many rounds after the last fault everything must be acknowledged: an item waits a minute at most."""
ROUND_SECONDS = 70.0
ROWS = 4
MEMORY = Path("/dev/shm")

Files = dict[str, bytes]


@cache
def recorded(seat: Seat, episode: int, salt: int) -> Files:
    """What a seat has finished of an episode, by path in the share; another `salt` is another history of it."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        recorder = make_recorder(Path(folder), "", seat, QuickDisk())
        record_episode(recorder, make_terms(episode), make_frames(ROWS, salt=salt), seat=seat)
        assert recorder.close(20), recorder.alarms
        root = Station(Path(folder)).episodes
        names = [name for name in files_under(root) if "_ep-" in name and not name.endswith(".dyadlog")]
        return {name: (root / name).read_bytes() for name in sorted(names)}


class SimulatedFolderShare(FolderShare):
    """The real share, on a server that may not be mounted."""

    def __init__(self, root: Path, disk: SimulatedDisk, is_mounted: Callable[[], bool]) -> None:
        super().__init__(root, disk)
        self._is_mounted = is_mounted

    def identify(self) -> Identity:
        return super().identify()._replace(is_mount=self._is_mounted())


@dataclass
class Machine:
    """One station, with its own disk and clock. `lost_steps` says that a crash has cut a publication short."""

    name: str
    seat: Seat
    home: Path
    disk: SimulatedDisk = field(default_factory=SimulatedDisk)
    clock_offset: float = 0.0
    is_cut_short: bool = False
    finished: Files = field(default_factory=dict)
    rotten: set[str] = field(default_factory=set)
    run: int = 0

    @property
    def station(self) -> Station:
        return Station(self.home)

    def next_run(self) -> str:
        """Another process."""
        self.run += 1
        return f"{self.name}-{self.run}"


class World:
    """Everything of one seed. `act` lets one thing happen; `settle_down` ends all trouble."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed = seed
        self.rng = Random(seed)
        self.seen: Counter[str] = Counter()
        self.folder = folder
        self.now = 1_800_000_000.0
        self.is_collector = self.rng.random() < 0.4
        self.share_root = folder / "share"
        self.share_disk = ServerDisk()
        self.is_mounted = True
        self.foreign: Files = {}
        self.forgotten: set[str] = set()
        self.findable: set[str] = set()
        self.unproven: list[str] = []
        self.episodes = count()
        self._line_numbers = count(1)
        self.post = Post(self.share_root, self.share_disk, self.rng, self._count)
        self.url = f"collector://127.0.0.1:1?keys={folder}" if self.is_collector else self.share_root.as_uri()
        if self.is_collector:
            self.post.start()
        else:
            FolderShare.create(self.share_root, self.share_disk)
        self.machines = [self._machine(seat.word, seat) for seat in Seat]
        for machine in self.machines:  # each has used its share once, mounted and well
            self._publish(machine, recorded(machine.seat, next(self.episodes) % 3, 0), is_safe=True)
            self.deliver(machine)
        self._count("collector" if self.is_collector else "folder")

    def _count(self, what: str) -> None:
        self.seen[what] += 1

    def _machine(self, name: str, seat: Seat) -> Machine:
        machine = Machine(name, seat, self.folder / name)
        recorder = make_recorder(machine.home, self.url, seat, QuickDisk())
        assert recorder.close(20)
        return machine

    # -- what may happen -----------------------------------------------------------------------------------------------

    def act(self) -> None:
        """Let one thing happen."""
        self.now += self.rng.choice((0.2, 1.0, 5.0, 40.0, 90.0))
        self.post.now = self.now
        actions: list[tuple[Callable[[], None], int]] = [
            (self.record, 4),
            (self.deliver_any, 10),
            (self.trouble_share, 3),
            (self.mend_share, 3),
            (self.jump_clock, 1),
            (self.rot, 1),
            (self.put_foreign, 1),
            (self.copy_machine, 1),
            (self.lose_power, 2),
            (self.settle_any, 2),
            (self.prune_any, 2),
            (self.forget, 2),
        ]
        self.rng.choices([action for action, _ in actions], [weight for _, weight in actions])[0]()

    def record(self) -> None:
        """A dyad finishes an episode; sometimes its two records differ, sometimes only one seat has any."""
        episode = next(self.episodes)
        differs = self.rng.random() < 0.2
        seats = [machine for machine in self.machines if machine.name in ("left", "right")]
        for machine in seats if self.rng.random() < 0.9 else seats[:1]:
            self._publish(machine, recorded(machine.seat, episode % 3, int(differs and machine.seat is Seat.RIGHT)))
        self._count("diverged episode" if differs else "episode")

    def _publish(self, machine: Machine, files: Files, *, is_safe: bool = False) -> None:
        new = {name: data for name, data in files.items() if name not in machine.finished}
        if not is_safe and self.rng.random() < 0.2:
            machine.disk.die_at(self.rng.randrange(30))
        try:
            for name, data in new.items():
                relative = PurePosixPath(name)
                folder = make_folders(machine.disk, machine.station.episodes, relative.parent)
                with suppress(FileExistsError):  # a publication that a crash cut short
                    create_durably(machine.disk, folder / relative.name, data)
                machine.finished[name] = data
                file = whole_file(folder / relative.name, relative.name, data)
                queue(machine.disk, machine.station, relative.parent, (file,), self.url)
        except Died:
            self._count("crash while publishing")
            machine.is_cut_short = True
        machine.disk.calm()

    def deliver_any(self) -> None:
        """A courier's pass; perhaps something happens at one of its calls."""
        machine = self.rng.choice(self.machines)
        trouble = self.rng.choice(("none", "none", "die", "die at share", "fail", "fail at share", "flip", "another"))
        call = self.rng.randrange(60)
        if trouble == "die":
            machine.disk.die_at(call)
        elif trouble == "die at share":
            self.share_disk.die_at(call)
        elif trouble == "fail":
            machine.disk.fail_at(call, errno.EIO)
        elif trouble == "fail at share":
            self.share_disk.fail_at(call, self.rng.choice((errno.EIO, errno.ENOSPC, errno.ESTALE, errno.EACCES)))
        elif trouble == "flip" and not self.is_collector:
            self.share_disk.flip_at(call)
        elif trouble == "another" and not self.is_collector:  # a collector does one turn after the other
            other = self.rng.choice(self.machines)
            self.share_disk.at(call, lambda: self.deliver(other))
        self._count(f"pass: {trouble}")
        if machine.is_cut_short or self.rng.random() < 0.1:
            self._recover(machine)
        self.deliver(machine)
        refusal = self.share_disk.refusal
        machine.disk.calm()
        self.share_disk.calm()
        self.share_disk.refusal = refusal

    def _recover(self, machine: Machine) -> None:
        recover(machine.home, disk=QuickDisk())
        machine.is_cut_short = False
        self._count("recovery")

    def deliver(self, machine: Machine, settlement: Settlement | None = None) -> None:
        """One pass of one machine's courier, which may die in it."""
        try:
            report = deliver(
                machine.home,
                now=self.now + machine.clock_offset,
                disk=machine.disk,
                open_share=lambda url: self.open_share(machine, url),
                run=machine.next_run(),
                settlement=settlement,
            )
        except Died:
            self._count("crash while delivering")
            if self.is_collector and not self.post.is_up:
                self._count("crash of both")
            return
        self.seen["delivered"] += len(report.delivered)
        self.seen["settled"] += len(report.settled)
        self.seen["alarms"] += len(report.alarms)
        for item in report.waiting:
            self._count(f"waiting: {item.state.value}")

    def open_share(self, machine: Machine, url: str) -> Share:
        """The real share, on simulated disks and over the simulated line."""
        if self.is_collector:
            return SimulatedCollectorShare(url, self.post, machine.name, lambda: next(self._line_numbers))
        return SimulatedFolderShare(self.share_root, self.share_disk, lambda: self.is_mounted)

    def trouble_share(self) -> None:
        """The share fills up, is write-protected, is unmounted; a collector goes, and its line is bad."""
        if self.is_collector:
            kind = self.rng.choice(("full", "crash", "stop", "bad line", "bad line"))
            if kind == "crash":
                self.post.crash()
            elif kind == "stop":
                self.post.stop()
            elif kind == "bad line":
                self.post.badness = self.rng.choice((0.1, 0.3))
        else:
            kind = self.rng.choice(("full", "read-only", "unmounted"))
            if kind == "unmounted" and self.is_mounted:
                self.share_root.rename(self.folder / "away")
                self.share_root.mkdir()
                self.is_mounted = False
            self.share_disk.refusal = errno.EROFS if kind == "read-only" else self.share_disk.refusal
        if kind == "full":
            self.share_disk.refusal = errno.ENOSPC
        self._count(f"share: {kind}")

    def mend_share(self) -> None:
        """Somebody mends it."""
        self.share_disk.refusal = 0
        self.post.badness = 0.0
        if not self.is_mounted:
            shutil.rmtree(self.share_root)
            (self.folder / "away").rename(self.share_root)
            self.is_mounted = True
        if self.is_collector:
            self.post.start()

    def jump_clock(self) -> None:
        """Somebody sets a machine's clock wrong by a year, or right again."""
        self.rng.choice(self.machines).clock_offset = self.rng.choice((-YEAR_SECONDS, 0.0, YEAR_SECONDS))
        self._count("clock jump")

    def rot(self) -> None:
        """One bit of a file on a station turns before anybody has it."""
        machine = self.rng.choice(self.machines)
        waiting = {item.file for item in Outbox(machine.home).waiting()}
        names = sorted(waiting & {name for name in machine.finished if name.endswith(".dyad")})
        path = machine.station.episodes / names[0] if names else None
        if path is not None and path.exists():
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(bytes(data))
            machine.rotten.add(names[0])
            self._count("bit rot")

    def put_foreign(self) -> None:
        """Somebody puts other bytes under a name that is still to come."""
        machine = self.rng.choice(self.machines)
        names = sorted(item.file for item in Outbox(machine.home).waiting())
        if names and not (self.real_root / names[0]).exists():
            path = self.real_root / names[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            self.foreign[names[0]] = f"not what you think {self.seed}".encode()
            path.write_bytes(self.foreign[names[0]])
            self._count("foreign file")

    def copy_machine(self) -> None:
        """A home is copied to another machine, id and all, and both go on."""
        original = self.machines[0]
        name = f"copy-{len(self.machines)}"
        if len(self.machines) > 2 or original.is_cut_short:
            return
        shutil.copytree(original.home, self.folder / name, ignore=shutil.ignore_patterns("*.lock"))
        copy = Machine(name, original.seat, self.folder / name)
        copy.finished.update(original.finished)
        copy.rotten |= original.rotten
        self.machines.append(copy)
        self._count("copy of a home")

    def lose_power(self) -> None:
        """The share's server loses power, and what it had not flushed."""
        if self.is_mounted:
            self.post.crash()
            self.share_disk.lose_power()
            self._count("power cut")
            if self.is_collector:
                self.post.start()

    def settle_any(self) -> None:
        """A later run verifies again what an earlier one delivered."""
        machine = self.rng.choice(self.machines)
        self._settle(machine)
        machine.disk.calm()

    def _settle(self, machine: Machine) -> None:
        run = machine.next_run()
        self.deliver(machine, Settlement(machine.station, run))

    def prune_any(self) -> None:
        """Somebody makes room on a station; perhaps its program dies in the middle."""
        machine = self.rng.choice(self.machines)
        if self.rng.random() < 0.3:
            machine.disk.die_at(self.rng.randrange(20))
        pruning = Pruning(machine.home, machine.disk, lambda url: self.open_share(machine, url))
        now = self.now + machine.clock_offset
        try:
            gone = [candidate.receipt for candidate in pruning.prune(now, 0.0, is_dry=False).gone]
            there = self.at_share()
            self.unproven += [each.file for each in gone if digest(there.get(each.file, b"")) != each.sha256]
            self.seen["pruned"] += len(gone)
            if self.rng.random() < 0.3:
                self.seen["trash emptied"] += len(pruning.empty_trash(now, 0.0, is_dry=False).gone)
        except Died:
            self._count("crash while pruning")
        except OSError:
            self._count("prune refused")
        machine.disk.calm()

    def forget(self) -> None:
        """The share loses a file that it had acknowledged, as no honest one does."""
        there = sorted(name for name in self.at_share() if name.endswith(".dyad") and name not in self.foreign)
        kept = [name for name in there if any((each.station.episodes / name).exists() for each in self.machines)]
        if kept and self.is_mounted:
            (self.real_root / kept[0]).unlink()
            self.forgotten.add(kept[0])
            levels = [
                receipt.level
                for each in self.machines
                for receipt in Receipts(each.home).all()
                if receipt.file == kept[0]
            ]
            # Only what nobody has verified again yet will be: a higher level is asked for by a person.
            is_findable = all(level is Level.STORED for level in levels)
            (self.findable.add if is_findable else self.findable.discard)(kept[0])
            self._count("forgotten file")

    # -- the end, and what the oracle looks at -------------------------------------------------------------------------

    def settle_down(self) -> None:
        """All trouble ends; everybody has time, and somebody starts every program once more."""
        self.mend_share()
        for machine in self.machines:
            self._recover(machine)
        for _ in range(SETTLING_ROUNDS):
            self.now += ROUND_SECONDS
            self.post.now = self.now
            for machine in self.machines:
                self._settle(machine)
        self.post.stop()

    @property
    def real_root(self) -> Path:
        """Where the share's files really are."""
        return self.share_root if self.is_mounted else self.folder / "away"

    def at_share(self) -> Files:
        """Every file under a final name that is data."""
        root = self.real_root
        names = (path.relative_to(root).as_posix() for path in root.glob("pilot/*/*/*/*") if path.suffix != ".tmp")
        return {name: (root / name).read_bytes() for name in names if not PurePosixPath(name).name.startswith(".")}

    def receipts(self, machine: Machine) -> dict[str, str]:
        """The SHA-256 that is acknowledged for each file."""
        return {receipt.file: receipt.sha256 for receipt in Receipts(machine.home).all()}


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()
