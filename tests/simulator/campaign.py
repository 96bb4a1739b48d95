"""Runs many seeds: what each broke, and what all of them together made happen. Same seeds, same result."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.simulator import mutants
from tests.simulator.faults import FAULTS, draw
from tests.simulator.oracle import judge, pairs
from tests.simulator.plan import Plan
from tests.simulator.stories import STORIES
from tests.simulator.world import Outcome, run
from tests.support.forks import forked_pool

SEEDS_FOR_COVERAGE = 1000
"""From so many seeds on, everything that the simulator claims to test must really have happened."""
_SEEDS_A_LOT = 25
_SEEDS_A_MUTANTS_LOT = 4


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
        return [name for name in EXPECTED if not self.seen[name]]

    @property
    def is_good(self) -> bool:
        """Whether nothing broke, and everything happened that so many seeds must make happen."""
        return not self.failures and (self.seeds < SEEDS_FOR_COVERAGE or not self.unseen)


def examine(plan: Plan) -> Finding:
    """Play one plan and judge it. Whatever the code under test raises is a finding as well."""
    try:
        outcome = run(plan)
        return Finding(plan.seed, tuple(judge(outcome)), _seen(outcome))
    except Exception as error:  # whatever a session raises is its failure, and must not end the campaign
        return Finding(plan.seed, (f"raised {type(error).__name__}: {error}",), Counter())


def _seen(outcome: Outcome) -> Counter[str]:
    seen: Counter[str] = Counter({f"fault: {name}": 1 for name in outcome.plan.faults})
    seen.update({f"packets {name}": count for name, count in outcome.network.counts.items()})
    seen[f"game: {outcome.game.id}"] += 1
    seen["calm"] += outcome.plan.is_calm
    for machine in outcome.machines:
        seen.update(machine.witness.seen)
        seen["rejoins"] += machine.lives > 1 and len(machine.witness.records) > machine.witness.records_before_this_life
        seen["refusals"] += bool(machine.session.refusal)
        for record in machine.witness.records:
            tally = record.tally
            seen["holds"] += tally.holds
            seen["standstills"] += tally.standstills
            seen["paced ticks"] += tally.paced_ticks
            seen[f"reason: {record.reason}"] += 1
            if record.ending is not None:
                seen[f"agreement: {record.ending.agreement}"] += 1
                seen[f"cause: {record.ending.end.cause}"] += bool(record.ending.end.cause)
                seen["both aborted"] += len(record.ending.end.seats) == 2 and record.ending.end.cause == "quit"
    seen["episodes"] += len(pairs(outcome))
    return +seen


def search(
    seeds: Iterable[int], *, mutant: str | None = None, report: Callable[[Result], None] | None = None
) -> Result:
    """Examine these seeds, on both cores. A mutant needs to be caught only once, so its search stops there."""
    lots = _in_lots(list(seeds), _SEEDS_A_LOT if mutant is None else _SEEDS_A_MUTANTS_LOT)
    result = Result()
    with forked_pool() as pool:
        for findings in pool.imap(_examine_lot, ((lot, mutant) for lot in lots)):
            for finding in findings:
                result.seeds += 1
                result.seen.update(finding.seen)
                if finding.broken:
                    result.failures.append(finding)
                    if mutant is not None:
                        return result
            if report is not None:
                report(result)
    return result


def _in_lots(seeds: list[int], size: int) -> list[list[int]]:
    return [seeds[at : at + size] for at in range(0, len(seeds), size)]


def _examine_lot(task: tuple[list[int], str | None]) -> list[Finding]:
    seeds, mutant = task
    with mutants.applied(mutant):
        return [examine(draw(seed)) for seed in seeds]


EXPECTED = (
    *(f"fault: {name}" for name in (*FAULTS, *STORIES)),
    *(f"packets {name}" for name in ("lost", "lost in a burst", "duplicated", "reordered", "blocked")),
    *(f"packets {name}" for name in ("truncated", "flipped", "foreign", "replayed", "boasted")),
    *(f"reason: {name}" for name in ("finished", "aborted", "cut", "diverged", "recovered")),
    *(f"agreement: {name}" for name in ("mutual", "inputs_held", "one_sided")),
    *(f"agreement: {name}" for name in ("partner_sealed", "partner_lost", "left", "diverged")),
    *(f"cause: {name}" for name in ("game", "quit", "away_limit")),
    *(f"game: {name}" for name in ("toy", "foraging", "crossing")),
    *(f"quit while {name}" for name in ("greeting", "readying", "countdown", "playing", "held", "result")),
    *(f"crash while {name}" for name in ("greeting", "readying", "countdown", "playing", "held", "result")),
    "both aborted",
    "rollbacks",
    "wrong guesses",
    "wrong guess: false end",
    "wrong guess: unguessed end",
    "frames shown beyond a quit or absence",
    "holds",
    "reconnects",
    "rejoins",
    "reboots",
    "refusals",
    "stalls",
    "standstills",
    "owed batches",
    "paced ticks",
    "calm",
)
"""What must have happened in enough seeds. A test matrix that is green because nothing happened is worth nothing."""
