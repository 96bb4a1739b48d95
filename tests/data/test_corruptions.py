"""No corrupted file is read as good; and the run that says so can fail."""

from pathlib import Path

import pytest

from data import framing
from data.judgement import judge
from tests.corruptions import CORRUPTIONS, Originals, corrupted, run


@pytest.fixture(scope="module")
def originals() -> Originals:
    return Originals()


@pytest.mark.parametrize("part", range(4))
def test_every_corruption_is_detected_or_identical_and_raises_only_our_errors(part: int, originals: Originals) -> None:
    outcomes = {run(number, originals) for number in range(part * 500, (part + 1) * 500)}
    assert {f"{corruption.__name__} detected" for corruption in CORRUPTIONS} <= outcomes


@pytest.mark.parametrize("check", ["_check_crc", "_check_chain"])
def test_a_reader_without_one_of_its_sums_is_caught(
    check: str, originals: Originals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(framing, check, lambda computed, came: None)
    with pytest.raises(AssertionError):
        {run(number, originals) for number in range(600)}


def test_a_verification_has_an_answer_to_every_corruption(originals: Originals) -> None:
    path = Path("episode.dyad")
    for number in range(0, 2000, 7):
        data = corrupted(number, originals)
        answer = judge(path, data).answer
        assert (answer.exit_code == 0) == (data in (originals.data, originals.other)), number
