"""A session without one of its episodes: a warning, unless something here shows that it was played."""

from pathlib import Path

import pytest

from data.findings import Answer
from data.layout import episode_folder
from data.verification import verify_paths
from data.verification_report import print_report
from games.contract import Seat
from tests.support.synthetic import Plan, play_bots, synthetic_terms, write_episode

PLAN = Plan(episodes=5, frames=40)
EPISODES = [play_bots(synthetic_terms(PLAN, number)) for number in range(5)]


def share_without(folder: Path, *missing: int) -> Path:
    for number, played in enumerate(EPISODES):
        if number not in missing:
            write_episode(folder, played)
    return folder


def test_a_session_without_a_gap_has_no_warning(tmp_path: Path) -> None:
    report = verify_paths([share_without(tmp_path)])
    assert (report.gaps, report.exit_code) == ((), 0)


def test_a_gap_is_named_and_does_not_fail(tmp_path: Path) -> None:
    report = verify_paths([share_without(tmp_path, 0, 2)])
    (gap,) = report.gaps
    assert (gap.study, gap.dyad, gap.session, gap.run) == ("pilot", "1", "1", EPISODES[0].terms.run)
    assert (gap.missing, gap.last, report.exit_code) == ((0, 2), 4, 0)
    assert report.to_json()["gaps"] == [{**gap._asdict(), "words": gap.words()}]
    (warning,) = print_report(report).warnings
    assert warning.startswith("warning: run ")
    assert "episodes 1, 3 of 1 to 5 are not here" in warning


def test_what_comes_after_the_last_episode_is_not_known_to_be_missing(tmp_path: Path) -> None:
    assert verify_paths([share_without(tmp_path, 4)]).gaps == ()


@pytest.mark.parametrize("kind", ["claim", "local"])
def test_a_gap_is_an_error_if_a_claim_or_a_local_record_shows_that_it_was_played(tmp_path: Path, kind: str) -> None:
    share_without(tmp_path)
    folder = tmp_path / episode_folder(EPISODES[2].terms)
    for path in folder.iterdir():
        if f"left_{kind}" not in path.name:
            path.unlink()
    report = verify_paths([tmp_path])
    assert [stray.answer for stray in report.strays] == [Answer.MISSING]
    assert str(EPISODES[2].terms.run) in report.strays[0].words
    assert report.exit_code == 1


def test_one_episode_that_was_named_alone_has_no_gaps(tmp_path: Path) -> None:
    share_without(tmp_path)
    folder = tmp_path / episode_folder(EPISODES[3].terms)
    (file,) = folder.glob("*.dyad")
    assert verify_paths([folder]).gaps == ()
    assert verify_paths([file]).gaps == ()


def test_the_only_episode_of_a_whole_share_is_a_late_one(tmp_path: Path) -> None:
    write_episode(tmp_path, EPISODES[3])
    assert [gap.missing for gap in verify_paths([tmp_path]).gaps] == [(0, 1, 2)]


def test_two_runs_of_one_session_have_gaps_of_their_own(tmp_path: Path) -> None:
    share_without(tmp_path, 1)
    other = Plan(episodes=4, dyads=2, frames=40)
    write_episode(tmp_path, play_bots(synthetic_terms(other, 3)), [Seat.LEFT])
    assert [gap.missing for gap in verify_paths([tmp_path]).gaps] == [(1,), (0,)]


def test_an_absurd_number_in_a_header_makes_no_endless_list(tmp_path: Path) -> None:
    terms = synthetic_terms(Plan(episodes=1 << 31, frames=10), (1 << 31) - 1)
    write_episode(tmp_path, play_bots(terms), seats=())
    (gap,) = verify_paths([tmp_path]).gaps
    assert len(gap.missing) == 1000
    assert "episodes 1 to 1000 of" in gap.words()
