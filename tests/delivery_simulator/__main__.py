"""The simulation's command line: `python -m tests.delivery_simulator --seeds N [--start S] [--mutant NAME] [--json]`.

Exit code 0: all is well. 1: a law was broken, or (from 300 seeds on) something never happened that should have.
2: there is no such mutant.
"""

import argparse
import json
import sys

from tests.delivery_simulator.campaign import SEEDS_FOR_COVERAGE, Result, search
from tests.delivery_simulator.mutants import MUTANTS

_MOST_SHOWN = 5
"""Failing seeds that are explained; the others are only named."""


def main(arguments: list[str] | None = None) -> int:
    """Run it; the exit code."""
    options = _parser().parse_args(arguments)
    if options.mutant is not None and options.mutant not in MUTANTS:
        print(f"no mutant is called {options.mutant!r}; there are:", file=sys.stderr)
        for name, mutant in MUTANTS.items():
            print(f"  {name:24} {mutant.why}", file=sys.stderr)
        return 2
    result = search(range(options.start, options.start + options.seeds), options.mutant)
    is_good = not result.failures if options.mutant is not None else result.is_good
    _tell(result, options.mutant)
    if options.json:
        print(json.dumps(_as_json(result, options.mutant, is_good)))
    return 0 if is_good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.delivery_simulator", description="Delivery, in trouble.")
    parser.add_argument("--seeds", type=int, default=SEEDS_FOR_COVERAGE, help="how many runs (default %(default)s)")
    parser.add_argument("--start", type=int, default=0, help="the first seed (default %(default)s)")
    parser.add_argument("--mutant", help="break this rule first; it must be caught (exit code 1)")
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    return parser


def _tell(result: Result, mutant: str | None) -> None:
    for name, count in sorted(result.seen.items()):
        print(f"{count:9}  {name}")
    for finding in result.failures[:_MOST_SHOWN]:
        print(f"\nseed {finding.seed}:")
        for sentence in finding.broken[:_MOST_SHOWN]:
            print(f"  {sentence}")
    others = [str(finding.seed) for finding in result.failures[_MOST_SHOWN:]]
    if others:
        print(f"\nand seeds {', '.join(others)}")
    if mutant is None and result.unseen:
        print(f"\nnever happened: {', '.join(result.unseen)}")
    verdict = f"{len(result.failures)} failures"
    if mutant is not None:
        verdict = f"{mutant}: {'caught' if result.failures else 'NOT caught'}"
    print(f"\n{result.seeds} seeds, {verdict}")


def _as_json(result: Result, mutant: str | None, is_good: bool) -> dict[str, object]:
    return {
        "ok": is_good,
        "seeds": result.seeds,
        "mutant": mutant,
        "failures": [{"seed": finding.seed, "broken": list(finding.broken)} for finding in result.failures],
        "coverage": dict(sorted(result.seen.items())),
        "unseen": result.unseen if mutant is None else [],
    }


if __name__ == "__main__":
    sys.exit(main())
