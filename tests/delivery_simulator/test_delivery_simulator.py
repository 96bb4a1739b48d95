"""The simulation itself: it reproduces, it finds what it must, and a few seeds of it run with every test."""

import pytest

from tests.delivery_simulator.__main__ import main
from tests.delivery_simulator.campaign import SEEDS_FOR_COVERAGE, Result, examine, search
from tests.delivery_simulator.mutants import MUTANTS, applied


@pytest.mark.parametrize("seed", range(12))
def test_a_delivery_in_trouble_keeps_its_laws(seed: int) -> None:
    assert examine(seed).broken == ()


def test_the_same_seed_is_the_same_run() -> None:
    assert examine(3) == examine(3)


def test_a_broken_rule_is_caught_and_put_right_again() -> None:
    before = {name: [patch.owner.__dict__[patch.name] for patch in each.patches] for name, each in MUTANTS.items()}
    assert search(range(40), "no-final-flush").failures
    for name in MUTANTS:
        with applied(name):
            pass
    after = {name: [patch.owner.__dict__[patch.name] for patch in each.patches] for name, each in MUTANTS.items()}
    assert after == before


def test_a_run_in_which_nothing_happened_is_not_green() -> None:
    assert not Result(seeds=SEEDS_FOR_COVERAGE).is_good


def test_an_unknown_mutant_is_answered_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--mutant", "nobody"]) == 2
    told = capsys.readouterr().err
    assert all(name in told for name in MUTANTS)
