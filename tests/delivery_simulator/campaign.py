"""Runs many seeds: what each broke, and what all of them together made happen. Same seeds, same result."""

import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from data import crew, delivery
from tests.delivery_simulator import mutants
from tests.delivery_simulator.oracle import Oracle
from tests.delivery_simulator.world import MEMORY, STEPS, World
from tests.support.forks import forked_pool

SEEDS_FOR_COVERAGE = 300
"""From so many seeds on, everything that the simulation claims to test must really have happened."""
_SEEDS_A_LOT = 8
EXPECTED = (
    "folder",
    "collector",
    "episode",
    "diverged episode",
    "delivered",
    "settled",
    "alarms",
    "pruned",
    "trash emptied",
    "recovery",
    "power cut",
    "clock jump",
    "bit rot",
    "foreign file",
    "forgotten file",
    "copy of a home",
    "collector crashed",
    "reordered",
    "delayed",
    *(f"crash while {what}" for what in ("publishing", "delivering", "pruning")),
    *(f"pass: {what}" for what in ("none", "die", "die at share", "fail", "fail at share", "flip", "another")),
    *(f"share: {what}" for what in ("full", "read-only", "unmounted", "crash", "stop", "bad line")),
    *(f"{what} {fate}" for what in ("question", "answer") for fate in ("dropped", "doubled", "flipped", "cut")),
    *(f"waiting: {state}" for state in ("BLOCKED", "CONFLICT", "LOCAL_CORRUPT")),
    *(f"pairing: {word}" for word in ("PAIRED", "DIVERGED")),
)


class Finding(NamedTuple):
    """One run: the laws it broke, and what happened in it."""

    seed: int
    broken: tuple[str, ...]
    seen: Counter[str]


@dataclass(slots=True)
class Result:
    """What a range of seeds came to."""

    seeds: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    failures: list[Finding] = field(default_factory=list)

    @property
    def unseen(self) -> list[str]:
        """What never happened though it should have, in enough seeds."""
        return [name for name in EXPECTED if not self.seen[name]] if self.seeds >= SEEDS_FOR_COVERAGE else []

    @property
    def is_good(self) -> bool:
        return not self.failures and not self.unseen


def examine(seed: int) -> Finding:
    """Live one world through and judge it. Whatever the code under test raises is a finding as well."""
    with _batches_from(2 + 6 * (seed % 2)), TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        world = World(seed, Path(folder))
        oracle = Oracle(world)
        try:
            for step in range(STEPS):
                world.act()
                broken = tuple(oracle.now())
                if broken:
                    return Finding(seed, tuple(f"step {step}: {words}" for words in broken), world.seen)
            world.settle_down()
            return Finding(seed, tuple(oracle.at_the_end()), world.seen)
        except Exception as error:  # whatever a delivery raises is its failure, and must not end the campaign
            where = traceback.extract_tb(error.__traceback__)[-1]
            words = f"raised {type(error).__name__}: {error} ({where.name}, line {where.lineno})"
            return Finding(seed, (words,), world.seen)
        finally:
            world.post.crash()


@contextmanager
def _batches_from(files: int) -> Iterator[None]:
    """So many files already count as a backlog, which goes together: a simulated station never has many.

    All in one thread, so that the same seed makes the same calls in the same order.
    """
    patches = [(delivery, "BACKLOG_FILES", files), (crew, "FLUSHES_AT_ONCE", 1)]
    kept = [getattr(module, name) for module, name, _ in patches]
    try:
        for module, name, value in patches:
            setattr(module, name, value)
        yield
    finally:
        for (module, name, _), value in zip(patches, kept, strict=True):
            setattr(module, name, value)


def search(seeds: Iterable[int], mutant: str | None = None) -> Result:
    """Examine these seeds, on both cores. A mutant needs to be caught only once, so its search stops there."""
    seeds = list(seeds)
    lots = [(seeds[at : at + _SEEDS_A_LOT], mutant) for at in range(0, len(seeds), _SEEDS_A_LOT)]
    result = Result()
    with forked_pool() as pool:
        for findings in pool.imap(_examine_lot, lots):
            for finding in findings:
                result.seeds += 1
                result.seen.update(finding.seen)
                if finding.broken:
                    result.failures.append(finding)
                    if mutant is not None:
                        return result
    return result


def _examine_lot(task: tuple[list[int], str | None]) -> list[Finding]:
    seeds, mutant = task
    with mutants.applied(mutant):
        return [examine(seed) for seed in seeds]
