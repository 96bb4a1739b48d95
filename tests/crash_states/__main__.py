"""Cut the power at every moment of every durable protocol, recover, and judge what is left.

    python -m tests.crash_states                    100,000 distinct states (a quarter of an hour on two cores)
    python -m tests.crash_states --states 0         all states there are
    python -m tests.crash_states --states 3000      a quick look, seconds; --seed draws others
    python -m tests.crash_states --mutant NAME      with a rule broken on purpose: exits 1, because it is caught

Exit code 0: no state breaks a law. 1: one does; each is printed with protocol, file system model and last call. 2:
there is no such mutant; all of them are listed. `--json` prints one object instead of words.
"""

import argparse
import json
import sys
import time

from tests.crash_states.campaign import CORES, Found, catch, run
from tests.crash_states.mutants import MUTANTS

REPORT_SECONDS = 10.0
FULL_RUN = 100_000


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m tests.crash_states", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--states", type=int, default=FULL_RUN)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cores", type=int, default=CORES)
    parser.add_argument("--mutant", metavar="NAME")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.mutant is not None and options.mutant not in MUTANTS:
        print(f"no such mutant: {options.mutant}. There are:", file=sys.stderr)
        for name, mutant in MUTANTS.items():
            print(f"  {name:28} {mutant.why}", file=sys.stderr)
        return 2
    started = time.monotonic()
    if options.mutant is not None:
        found = catch(options.mutant, options.seed)
    else:
        found = run(options.states, options.seed, options.cores, Progress(quiet=options.json))
    seconds = time.monotonic() - started
    show = show_json if options.json else show_words
    show(found, seconds)
    return 1 if found.broken else 0


class Progress:
    """A line now and then, for whoever waits."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._told_at = time.monotonic()

    def __call__(self, found: Found) -> None:
        if not self._quiet and time.monotonic() - self._told_at >= REPORT_SECONDS:
            self._told_at = time.monotonic()
            print(f"{len(found.states):,} states so far, {len(found.broken)} broken", flush=True)


def show_json(found: Found, seconds: float) -> None:
    broken = [one._asdict() for one in found.broken]
    print(json.dumps({"states": len(found.states), "judged": found.judged, "seconds": seconds, "broken": broken}))


def show_words(found: Found, seconds: float) -> None:
    for one in found.broken:
        print(f"BROKEN in {one.protocol!r}, model {one.model}, after call {one.calls} ({one.last_call}): {one.words}")
    print(
        f"{len(found.states):,} distinct states, {found.judged:,} judged, {len(found.broken)} broken, {seconds:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
