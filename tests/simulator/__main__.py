"""The simulator's command line: `python -m tests.simulator --seeds N --start S [--mutant NAME] [--json]`.

Exit code 0: all is well. 1: a law was broken, or (from 1,000 seeds on) something never happened that should have.
2: there is no such mutant.
"""

import argparse
import json
import sys
from pathlib import Path

from tests.simulator import corpus
from tests.simulator.campaign import SEEDS_FOR_COVERAGE, Finding, Result, examine, search
from tests.simulator.faults import draw
from tests.simulator.mutants import MUTANTS, applied
from tests.simulator.plan import Plan
from tests.simulator.shrink import shrink

_MOST_SHOWN = 5
"""Failing seeds that are shrunk and explained; the others are only named."""


def main(arguments: list[str] | None = None) -> int:
    """Run it; the exit code."""
    options = _parser().parse_args(arguments)
    if options.mutant is not None and options.mutant not in MUTANTS:
        print(f"no mutant is called {options.mutant!r}; there are:", file=sys.stderr)
        for name, mutant in MUTANTS.items():
            print(f"  {name:24} {mutant.why}", file=sys.stderr)
        return 2
    seeds = range(options.start, options.start + options.seeds)
    result = search(seeds, mutant=options.mutant, report=_show_progress if sys.stderr.isatty() else None)
    smallest = [_smallest(finding, options.mutant) for finding in result.failures[:_MOST_SHOWN]]
    _tell(result, smallest, options.mutant)
    if options.mutant is None and options.corpus is not None:
        for finding, plan in zip(result.failures, smallest, strict=False):
            corpus.keep(corpus.Entry(f"seed {finding.seed}: {finding.broken[0][:200]}", "", plan), options.corpus)
    is_good = not result.failures if options.mutant is not None else result.is_good
    if options.json:
        print(json.dumps(_as_json(result, smallest, options.mutant, is_good)))
    return 0 if is_good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description="Two real sessions, a bad network.")
    parser.add_argument("--seeds", type=int, default=SEEDS_FOR_COVERAGE, help="how many runs (default %(default)s)")
    parser.add_argument("--start", type=int, default=0, help="the first seed (default %(default)s)")
    parser.add_argument("--mutant", help="break this rule first; it must be caught (exit code 1)")
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    parser.add_argument("--corpus", type=Path, default=corpus.FILE, help="where failing plans are kept")
    return parser


def _show_progress(result: Result) -> None:
    print(f"\r{result.seeds} seeds, {len(result.failures)} failures", end="", file=sys.stderr, flush=True)


def _smallest(finding: Finding, mutant: str | None) -> Plan:
    with applied(mutant):
        return shrink(draw(finding.seed), lambda plan: bool(examine(plan).broken))


def _tell(result: Result, smallest: list[Plan], mutant: str | None) -> None:
    for name, count in sorted(result.seen.items()):
        print(f"{count:9}  {name}")
    for finding, plan in zip(result.failures, smallest, strict=False):
        print(f"\nseed {finding.seed} ({', '.join(draw(finding.seed).faults) or 'no fault'}):")
        for sentence in finding.broken[:_MOST_SHOWN]:
            print(f"  {sentence}")
        print(f"  smallest plan that fails: {json.dumps(plan.to_json())}")
    others = [str(finding.seed) for finding in result.failures[_MOST_SHOWN:]]
    if others:
        print(f"\nand seeds {', '.join(others)}")
    if mutant is None and result.seeds >= SEEDS_FOR_COVERAGE and result.unseen:
        print(f"\nnever happened: {', '.join(result.unseen)}")
    verdict = f"{len(result.failures)} failures"
    if mutant is not None:
        verdict = f"{mutant}: {'caught' if result.failures else 'NOT caught'}"
    print(f"\n{result.seeds} seeds, {verdict}")


def _as_json(result: Result, smallest: list[Plan], mutant: str | None, is_good: bool) -> dict[str, object]:
    return {
        "ok": is_good,
        "seeds": result.seeds,
        "mutant": mutant,
        "failures": [{"seed": finding.seed, "broken": list(finding.broken)} for finding in result.failures],
        "smallest": [plan.to_json() for plan in smallest],
        "coverage": dict(sorted(result.seen.items())),
        "unseen": result.unseen if result.seeds >= SEEDS_FOR_COVERAGE and mutant is None else [],
    }


if __name__ == "__main__":
    sys.exit(main())
