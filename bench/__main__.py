"""`python -m bench [--only NAME ...] [--json]`: every budget with its median and 99th percentile, in one run."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from math import inf
from typing import Final

from bench import client, delivery, delivery_collector, disk, games, loopback, netcode, records
from bench.measure import Benchmark

PARTS: Final[dict[str, Callable[[], Iterator[Benchmark]]]] = {
    "netcode": netcode.run,
    "loopback": loopback.run,
    "games": games.run,
    "records": records.run,
    "delivery": delivery.run,
    "collector": delivery_collector.run,
    "client": client.run,
    "disk": disk.run,
}


def main() -> int:
    """Run, print a line per figure as it comes, and with `--json` one object at the end."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="which parts to run")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    found = []
    for part in options.only:
        for benchmark in PARTS[part]():
            found.append(benchmark)
            print(_line(benchmark), flush=True)
    if options.json:
        # A yardstick has no budget; JSON has no infinity.
        objects = [{**each.to_json(), "budget": None if each.budget == inf else each.budget} for each in found]
        print(json.dumps({"benchmarks": objects}))
    return 0


def _line(each: Benchmark) -> str:
    budget = "" if each.budget == inf else f"{'>=' if each.at_least else '<='} {each.budget:,g}"
    verdict = "" if each.budget == inf else "within" if each.is_within else "OVER"
    return f"{each.name:<66} {each.value:>12,.2f} {each.p99:>12,.2f} {each.unit:<9} {budget:>12} {verdict}"


if __name__ == "__main__":
    sys.exit(main())
