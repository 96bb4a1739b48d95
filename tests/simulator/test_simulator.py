"""The simulator itself: it finds nothing, it can find everything, and it is the same every time."""

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.simulator import corpus
from tests.simulator.__main__ import main
from tests.simulator.campaign import EXPECTED, Finding, Result, examine
from tests.simulator.corpus import Entry
from tests.simulator.faults import FAULTS, draw
from tests.simulator.mutants import CONTROLS, MUTANTS, applied
from tests.simulator.oracle import pairs
from tests.simulator.plan import Plan, plan_from_json
from tests.simulator.shrink import shrink
from tests.simulator.stories import STORIES
from tests.simulator.world import run
from tests.support.forks import forked_pool

SEEDS = 150
LOTS = 6
"""The seeds are split so that several workers can share them."""
CORPUS = corpus.read()
NAMED_BY_THE_MATRIX = {
    "force-confirm-at-end",
    "promote-before-rollback",
    "keep-tail",
    "input-twice",
    "no-episode-index",
    "end-from-prediction",
    "minimum-over-connected",
    "first-frames-unsent",
    "commands-guessed",
    "flags-fed-to-game",
    "standstill-is-silence",
    "packet-after-seal",
}


@pytest.mark.parametrize("lot", range(LOTS))
def test_no_seed_breaks_a_law(lot: int) -> None:
    for seed in range(lot, SEEDS, LOTS):
        assert examine(draw(seed)).broken == (), (
            f"seed {seed}: run `python -m tests.simulator --seeds 1 --start {seed}`"
        )


@pytest.mark.parametrize("entry", CORPUS, ids=[entry.mutant or f"kept-{at}" for at, entry in enumerate(CORPUS)])
def test_a_kept_plan_breaks_no_law_and_catches_its_mutant(entry: Entry) -> None:
    assert examine(entry.plan).broken == (), entry.story
    if entry.mutant:
        with applied(entry.mutant):
            assert examine(entry.plan).broken, f"{entry.mutant} survived: {entry.story}"


def test_every_mutant_has_a_plan_that_catches_it_quickly() -> None:
    assert {entry.mutant for entry in CORPUS} - {""} == set(MUTANTS)
    assert set(CONTROLS) | NAMED_BY_THE_MATRIX <= set(MUTANTS)


def test_one_seed_is_one_run() -> None:
    for seed in (3, 11):
        first, second = run(draw(seed)), run(draw(seed))
        assert [pair[0].rows for pair in pairs(first)] == [pair[0].rows for pair in pairs(second)]
        assert first.finished_at == second.finished_at
        assert first.network.counts == second.network.counts


def test_a_plan_survives_its_json() -> None:
    for seed in range(200):
        plan = draw(seed)
        assert plan_from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_every_fault_is_drawn_and_counted() -> None:
    drawn = {name for seed in range(400) for name in draw(seed).faults}
    assert drawn == set(FAULTS) | set(STORIES)
    assert {f"fault: {name}" for name in drawn} <= set(EXPECTED)


def test_a_mutant_is_gone_when_its_block_ends() -> None:
    entry = next(entry for entry in CORPUS if entry.mutant == "keep-tail")
    with applied("keep-tail"):
        assert examine(entry.plan).broken
    assert not examine(entry.plan).broken


def test_shrinking_leaves_what_the_failure_needs() -> None:
    def fails(plan: Plan) -> bool:
        return plan.machines[1].crash is not None and plan.episodes >= 2

    plan = next(draw(seed) for seed in range(2000) if fails(draw(seed)) and len(draw(seed).faults) >= 3)
    smallest = shrink(plan, fails)
    assert fails(smallest)
    plain = replace(Plan(plan.seed), episodes=2, window_frames=smallest.window_frames, frames=20)
    assert smallest.machines[0] == plain.machines[0]
    assert (smallest.links, smallest.outages, smallest.episodes) == (plain.links, plain.outages, 2)


def test_what_never_happened_fails_a_long_campaign_and_not_a_short_one() -> None:
    assert Result(seeds=10).is_good
    assert not Result(seeds=1000).is_good
    everything = Result(seeds=1000)
    everything.seen.update(EXPECTED)
    assert everything.is_good
    everything.failures.append(Finding(1, ("broken",), everything.seen))
    assert not everything.is_good


def test_an_unknown_mutant_is_refused_with_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--mutant", "no-such-rule"]) == 2
    assert "keep-tail" in capsys.readouterr().err


def test_a_process_of_a_search_ends_when_told_although_this_one_would_not() -> None:
    """A game's window that was open in this process took SIGTERM for its close button, and a search never came back."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with forked_pool() as pool:
            assert pool.apply(signal.getsignal, (signal.SIGTERM,)) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_last_line_is_one_json_object_and_a_caught_mutant_exits_with_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    kept = tmp_path / "corpus.json"
    assert main(["--seeds", "4", "--start", "7", "--json", "--corpus", str(kept)]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["ok"], told["seeds"], told["failures"]) == (True, 4, [])
    assert main(["--seeds", "60", "--mutant", "first-frames-unsent", "--json", "--corpus", str(kept)]) == 1
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["ok"], told["mutant"]) == (False, "first-frames-unsent")
    assert told["failures"][0]["broken"]
    assert not kept.exists(), "a mutant's plan is no failure of ours"


def test_a_failing_plan_is_kept_once(tmp_path: Path) -> None:
    file = tmp_path / "corpus.json"
    entry = Entry("what happened", "", draw(5))
    assert corpus.keep(entry, file)
    assert not corpus.keep(entry, file)
    assert corpus.read(file) == [entry]
