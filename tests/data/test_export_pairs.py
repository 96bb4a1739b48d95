"""One CSV for each player: the column convention, and parity as a script of another group checks it."""

import csv
import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from data.export.export import Order, Outcome, export
from data.export.plan import Wishes
from games.contract import Seat
from netcode.vocabulary import Player
from tests.support.synthetic import Plan, Played, cut_short, play_bots, synthetic_terms, write_episode

PLAN = Plan(episodes=3, frames=90)
EPISODES = [play_bots(synthetic_terms(PLAN, number)) for number in range(3)]
COLUMNS = [
    *("t", "episode_num", "actions.0", "actions.1", "rewards.0", "rewards.1"),
    *("terminateds.0", "terminateds.1", "terminateds.__all__", "truncateds.0", "truncateds.1", "truncateds.__all__"),
    *("player_subjects.0", "player_subjects.1"),
]


def run(*sources: Path, to: Path, partial: bool = False) -> Outcome:
    return export(Order(sources, to, "pairs-csv", Wishes(partial=partial, divergent=partial)))


def stations(folder: Path, left: Played, right: Played) -> list[Path]:
    homes = [folder / "left", folder / "right"]
    for seat, home, played in zip(Seat, homes, (left, right), strict=True):
        write_episode(home / "episodes", played, [seat])
    return homes


def load(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def differing_cells(first: Path, second: Path) -> list[tuple[int, str]]:
    """As such scripts do it: columns as sets, rows by place, cells as text."""
    ours, theirs = load(first), load(second)
    assert set(ours[0]) == set(theirs[0])
    assert len(ours) == len(theirs)
    return [
        (number, column)
        for number, (mine, other) in enumerate(zip(ours, theirs, strict=True))
        for column in mine
        if mine[column] != other[column]
    ]


def pairs_in(folder: Path) -> dict[tuple[tuple[str, str], int], list[Path]]:
    """Files by the pair that their first row names, and by the number in their own name."""
    pairs: defaultdict[tuple[tuple[str, str], int], list[Path]] = defaultdict(list)
    for path in sorted(folder.glob("*_ep*.csv")):
        subject, number = path.stem.rsplit("_ep", 1)
        first = load(path)[0]
        pair = first["player_subjects.0"], first["player_subjects.1"]
        assert subject in pair
        pairs[pair, int(number)].append(path)
    return pairs


def test_both_players_files_are_equal_cell_by_cell(tmp_path: Path) -> None:
    for played in EPISODES:
        write_episode(tmp_path / "share", played)
    run(tmp_path / "share", to=tmp_path / "out")
    pairs = pairs_in(tmp_path / "out")
    assert sorted(pairs) == [(("P001", "P002"), number) for number in range(3)]
    for files in pairs.values():
        first, second = files
        assert differing_cells(first, second) == []


def test_a_file_has_the_columns_and_values_of_the_convention(tmp_path: Path) -> None:
    write_episode(tmp_path / "share", EPISODES[1])
    run(tmp_path / "share", to=tmp_path / "out")
    rows = load(tmp_path / "out" / "P001_ep1.csv")
    assert list(rows[0]) == COLUMNS
    assert [row["t"] for row in rows] == [str(frame) for frame in range(90)]
    assert {row["episode_num"] for row in rows} == {"1"}
    assert [row["player_subjects.0"] for row in rows] == ["P001", *[""] * 89]
    for column in COLUMNS[6:9]:
        assert [row[column] for row in rows] == [*["False"] * 89, "True"]
    assert {row[column] for row in rows for column in COLUMNS[9:12]} == {"False"}
    assert {row["actions.0"] for row in rows} > {"0"}


def test_each_players_file_is_made_from_that_seats_own_record(tmp_path: Path) -> None:
    """A right seat whose record is shorter: its file must be shorter, although the left one's is at hand."""
    homes = stations(tmp_path, EPISODES[0], cut_short(EPISODES[0], 60))
    run(*homes, to=tmp_path / "out", partial=True)
    assert len(load(tmp_path / "out" / "P001_ep0.csv")) == 90
    short = load(tmp_path / "out" / "P002_ep0.csv")
    assert len(short) == 60
    assert (short[-1]["truncateds.__all__"], short[-1]["terminateds.__all__"]) == ("True", "False")


def test_stations_without_claims_are_told_apart_by_their_own_notes(tmp_path: Path) -> None:
    homes = stations(tmp_path, EPISODES[0], EPISODES[0])
    for claim in tmp_path.rglob("*_claim_*.json"):
        claim.unlink()
    assert run(*homes, to=tmp_path / "out").exit_code == 0
    assert differing_cells(tmp_path / "out" / "P001_ep0.csv", tmp_path / "out" / "P002_ep0.csv") == []


def test_a_record_that_nobody_claims_is_nobodys(tmp_path: Path) -> None:
    write_episode(tmp_path / "share", EPISODES[0], [Seat.LEFT])
    outcome = run(tmp_path / "share", to=tmp_path / "out")
    assert outcome.exit_code == 1
    assert list(outcome.rows) == ["P001_ep0.csv"]
    (left,) = json.loads((tmp_path / "out" / "export.json").read_bytes())["left_out"]
    assert "right seat" in left["reason"]


@pytest.mark.parametrize(("left", "right"), [("same", "same"), ("same", "SAME")])
def test_one_id_in_both_seats_gives_two_files(tmp_path: Path, left: str, right: str) -> None:
    terms = replace(EPISODES[0].terms, players=(Player(left, "human"), Player(right, "bot")))
    write_episode(tmp_path / "share", cut_short(EPISODES[0]._replace(terms=terms), 30))
    run(tmp_path / "share", to=tmp_path / "out", partial=True)
    run_id = EPISODES[0].terms.run
    assert sorted(path.name for path in (tmp_path / "out").glob("*_ep*.csv")) == sorted(
        [f"{left}-pilot-1-1-{run_id}-left_ep0.csv", f"{right}-pilot-1-1-{run_id}-right_ep0.csv"]
    )


def test_who_plays_in_two_runs_is_told_apart(tmp_path: Path) -> None:
    other = replace(EPISODES[0].terms, run="f" * 16)
    write_episode(tmp_path / "share", EPISODES[0])
    write_episode(tmp_path / "share", cut_short(EPISODES[0]._replace(terms=other), 30))
    run(tmp_path / "share", to=tmp_path / "out", partial=True)
    assert len(pairs_in(tmp_path / "out")) == 2


def test_an_id_that_no_name_can_carry_is_encoded(tmp_path: Path) -> None:
    terms = replace(EPISODES[0].terms, players=(Player("../a b", "human"), Player("ü", "bot")))
    write_episode(tmp_path / "share", cut_short(EPISODES[0]._replace(terms=terms), 30))
    run(tmp_path / "share", to=tmp_path / "out", partial=True)
    assert sorted(path.name for path in (tmp_path / "out").glob("*_ep*")) == ["%C3%BC_ep0.csv", "..%2Fa%20b_ep0.csv"]
