"""A few real power cuts, where this machine permits them; `python -m tests.power_cut` makes a hundred."""

from pathlib import Path

import pytest

from tests.power_cut import SkipError, run

pytestmark = pytest.mark.processes


def cut(work: Path, cuts: int, *, flushes: bool = True) -> list[str]:
    try:
        return run(work, cuts, flushes=flushes)
    except SkipError as reason:
        pytest.skip(str(reason))


def test_a_real_power_cut_breaks_no_promise(tmp_path: Path) -> None:
    assert cut(tmp_path, 3) == []


def test_a_station_that_flushes_nothing_is_caught_by_a_real_power_cut(tmp_path: Path) -> None:
    assert cut(tmp_path, 10, flushes=False)
