"""Runs protocols, cuts the power at every moment, recovers and judges each state; counts the distinct ones."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import count, islice
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from data.recovery import recover
from tests.crash_states import mutants
from tests.crash_states.oracle import Case, judge
from tests.crash_states.platter import SHARE_NAME, Model, Moment, Platter, Tree, fingerprint, materialise, read_tree
from tests.crash_states.protocols import PROTOCOLS
from tests.crash_states.trace import LoggingDisk, Trace

SUBSETS: Final = 4_000
"""Of one moment at most so many combinations: nearly every moment has fewer, and all of them are taken."""
FEWEST_SUBSETS: Final = 40
NESTED_SUBSETS: Final = 60
"""Of a protocol whose crash states are the beginning of recoveries: a sample is drawn from them anyway."""
MODELS: Final = (Model.ORDERED, Model.MINIMAL, Model.SPLIT, Model.SERVER)
CORES: Final = 2
BROKEN: Final = 5
"""Broken states that a protocol tells; a fault breaks hundreds of them in the same way."""
NESTED_A_TASK: Final = 4
NESTED_STATES: Final = 400
PROTOCOLS_SHARE: Final = 20
"""No protocol has more than one in so many of all states: a few have tens of thousands of their own."""
FEWEST: Final = 30
MUTANT_STATES: Final = 400
"""Every mutant breaks one of so many states of its protocols."""
RAM_DISK: Final = Path("/dev/shm")
"""Where there is one: a hundred thousand small trees are made and removed."""


class Broken(NamedTuple):
    """A state that breaks a law, and where a power cut leaves it."""

    protocol: str
    model: str
    calls: int
    last_call: str
    words: str


@dataclass(slots=True)
class Found:
    """What some protocols came to."""

    states: set[bytes] = field(default_factory=set)
    judged: int = 0
    broken: list[Broken] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        self.states |= other.states
        self.judged += other.judged
        self.broken += other.broken


class Task(NamedTuple):
    """One protocol, or recoveries of the states that it leaves: a piece of work for one process."""

    protocol: str
    limit: int
    """States at most, of every recovery if there are several; 0 for all."""
    seed: int
    nested: int = 0
    """Begin with so many of the protocol's crash states, and cut the power while each of them is recovered."""
    mutant: str | None = None
    stops: bool = False
    """At the first broken state."""


def run(states: int, seed: int, cores: int = CORES, report: Callable[[Found], None] = lambda found: None) -> Found:
    """Judge so many distinct states (0: all there are) of all protocols, then of recoveries of crash states.

    `report` hears how far it is.
    """
    found = Found()
    limit = max(FEWEST, states // PROTOCOLS_SHARE) if states else 0
    first = [Task(name, limit, seed) for name in PROTOCOLS]
    nested = (
        Task(name, min(NESTED_STATES, limit), seed + turn, nested=NESTED_A_TASK)
        for turn in count(1)
        for name, protocol in PROTOCOLS.items()
        if protocol.homes
    )
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        for result in pool.map(examine_alone, sorted(first, key=_weight)):
            found.add(result)
            report(found)
        while len(found.states) < states and not found.broken:
            for result in pool.map(examine_alone, islice(nested, 2 * cores)):
                found.add(result)
                report(found)
    return found


def _weight(task: Task) -> bool:
    """The longest ones first, so that no core waits at the end."""
    return not task.protocol.startswith("delivering")


def examine_alone(task: Task) -> Found:
    """Do one piece of work in a folder of its own."""
    work = work_folder()
    try:
        return examine(task, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def catch(name: str, seed: int = 0, work: Path | None = None) -> Found:
    """Break one rule, and look for a state that shows it."""
    found = Found()
    for protocol in mutants.MUTANTS[name].protocols:
        task = Task(protocol, MUTANT_STATES, seed, mutant=name, stops=True)
        found.add(examine_alone(task) if work is None else examine(task, work / protocol))
        if found.broken:
            break
    return found


def work_folder() -> Path:
    """A new folder for trees, in memory if this machine has a place for it."""
    return Path(tempfile.mkdtemp(prefix="dyadgrid-crash-", dir=RAM_DISK if RAM_DISK.is_dir() else None))


def examine(task: Task, work: Path) -> Found:
    """Do one piece of work in a folder that is empty, or not there yet."""
    work.mkdir(parents=True, exist_ok=True)
    with mutants.applied(task.mutant):
        return _Examination(task, work).run()


class _Examination:
    def __init__(self, task: Task, work: Path) -> None:
        self._task = task
        self._protocol = PROTOCOLS[task.protocol]
        self._work = work
        self._random = Random(task.seed)
        self._found = Found()
        self._seen: set[tuple[bytes, int]] = set()
        self._settled: set[bytes] = set()
        self._number = 0

    def run(self) -> Found:
        trace, before = self._perform()
        if not self._task.nested:
            self._cut(trace, before, self._task.limit)
            return self._found
        moments = [(moment.calls, moment.tree) for moment, _ in self._moments(trace, before, NESTED_SUBSETS)]
        for calls, tree in self._random.sample(moments, min(self._task.nested, len(moments))):
            self._cut(*self._recover(tree, trace, calls), self._task.limit)
        return self._found

    def _perform(self) -> tuple[Trace, Tree]:
        root = self._new_folder()
        root.mkdir()
        self._protocol.prepare(root)
        before = read_tree(root)
        trace = Trace(root)
        self._protocol.act(trace)
        return trace, before

    def _recover(self, tree: Tree, cut: Trace, calls: int) -> tuple[Trace, Tree]:
        """The trace of a recovery of one crash state, which has to keep what was promised before the crash."""
        root = self._new_folder()
        materialise(tree, root)
        trace = Trace(root, LoggingDisk())
        trace.promise(*cut.in_force(calls))
        for home in self._protocol.homes:
            recover(root / home, disk=trace.disk)
        return trace, tree

    def _cut(self, trace: Trace, before: Tree, limit: int) -> None:
        """Judge every state of a trace, or so many of them."""
        moments = self._moments(trace, before, SUBSETS if not limit else max(FEWEST_SUBSETS, min(limit, SUBSETS)))
        if limit:
            moments = iter(_some(moments, limit, self._random))
        for moment, model in moments:
            self._judge(moment, trace, before, model)
            if self._found.broken and self._task.stops:
                return

    def _moments(self, trace: Trace, before: Tree, subsets: int) -> Iterator[tuple[Moment, Model]]:
        log = mutants.kept(self._task.mutant, trace.disk.log)
        for model in MODELS if SHARE_NAME in before else MODELS[:-1]:
            for moment in Platter(trace.root, before, model).moments(log, subsets, self._random):
                yield moment, model

    def _judge(self, moment: Moment, trace: Trace, before: Tree, model: Model) -> None:
        """Judge a state, unless the same one was judged by the same promises."""
        calls, tree = moment
        promises, key = trace.in_force(calls), fingerprint(tree)
        if (key, len(promises)) in self._seen:
            return
        self._seen.add((key, len(promises)))
        case = Case(
            before=before,
            promises=promises,
            homes=self._protocol.homes,
            delivers=self._protocol.delivers,
            may_lose_torn=model is Model.SPLIT,
            has_locks=bool(key[0] & 1),
        )
        self._found.states.add(key)
        self._found.judged += 1
        folder = self._new_folder()
        words = _words_of(tree, case, folder, self._settled)
        if words and len(self._found.broken) < BROKEN:
            where = _last_call(trace, calls)
            self._found.broken.append(Broken(self._task.protocol, model.value, calls, where, words))
        shutil.rmtree(folder, ignore_errors=True)

    def _new_folder(self) -> Path:
        self._number += 1
        return self._work / str(self._number)


def _last_call(trace: Trace, calls: int) -> str:
    if not calls:
        return "nothing yet"
    name, arguments = trace.disk.log[calls - 1]
    paths = [argument.relative_to(trace.root).as_posix() for argument in arguments if isinstance(argument, Path)]
    return " ".join((name, *paths))


def _some(moments: Iterator[tuple[Moment, Model]], limit: int, random: Random) -> list[tuple[Moment, Model]]:
    """So many of the states, of every model and every moment; each once, by the strictest model that leaves it."""
    distinct: dict[tuple[bytes, int], tuple[Moment, Model]] = {}
    for moment, model in moments:
        distinct.setdefault((fingerprint(moment.tree), moment.calls), (moment, model))
    chosen = list(distinct.values())
    return chosen if len(chosen) <= limit else random.sample(chosen, limit)


def _words_of(tree: Tree, case: Case, folder: Path, settled: set[bytes]) -> str:
    """Whatever the code under test raises is a broken law too."""
    try:
        return judge(tree, case, folder, settled)
    except Exception as error:
        return f"raised {type(error).__name__}: {error}"
