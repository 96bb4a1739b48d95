"""Exported tables against the raw rows: every value, every table, in DuckDB, in pandas and in plain CSV."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from data.episode_format import Episode, decode_row, encode_row, read_episode
from data.export import parquet as export_parquet
from data.export.errors import ExportError
from data.export.export import Order, Outcome, export, layout_of
from data.export.plan import Wishes
from data.export.tables import TABLES
from data.layout import episode_folder
from data.local_format import Local, read_local
from games import registry
from games.contract import Seat
from netcode.vocabulary import AWAY, EpisodeTerms, Reason, Terms
from tests.support.synthetic import (
    CLOCKS_NS,
    ONE_WAY_NS,
    Plan,
    Played,
    cut_short,
    play_bots,
    synthetic_terms,
    was_untrue,
    write_episode,
    write_share,
)

duckdb = pytest.importorskip("duckdb")
pandas = pytest.importorskip("pandas")

PLAN = Plan(episodes=4, dyads=2, frames=120)
EPISODES = [play_bots(synthetic_terms(PLAN, number)) for number in range(4)]


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("share")
    for played in EPISODES:
        write_episode(folder, played)
    return folder


@pytest.fixture(scope="module")
def parquet(share: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("export") / "parquet"
    assert run(share, to=target).exit_code == 0
    return target


@pytest.fixture(scope="module")
def tables(share: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("export") / "csv"
    assert run(share, to=target, layout="csv").exit_code == 0
    return target


def run(*sources: Path, to: Path, layout: str = "parquet", partial: bool = False, divergent: bool = False) -> Outcome:
    return export(Order(sources, to, layout_of(layout), Wishes(partial, divergent)))


def rows_of(tables: Path, name: str) -> list[dict[str, str]]:
    with (tables / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def raw_episodes(share: Path) -> Iterator[tuple[Episode, dict[Seat, Local]]]:
    """The raw files by themselves, read with nothing of the export."""
    for path in sorted(share.rglob("*.dyad")):
        logs = {seat: next(path.parent.glob(f"*_{seat.word}_local_*")) for seat in Seat}
        yield read_episode(path.read_bytes()), {seat: read_local(log.read_bytes()) for seat, log in logs.items()}


def written(value: object) -> str:
    """A value as a cell of a CSV."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- values -----------------------------------------------------------------------------------------------------------


def test_every_frame_has_the_values_of_its_raw_row(share: Path, tables: Path) -> None:
    rows = iter(rows_of(tables, "frames"))
    for episode, _ in raw_episodes(share):
        rules = episode.terms.terms
        for row in episode.frames:
            cells = next(rows)
            expected: dict[str, object] = {"frame": row.frame, "done": row.done, "digest": row.digest.hex()}
            expected |= {"study": rules.study, "dyad": rules.dyad, "run": episode.terms.run, "record": "both"}
            expected |= {"episode": episode.terms.episode, "event_count": len(row.events)}
            for seat in Seat:
                played = row.inputs[seat]
                expected[f"{seat.word}_action"] = played.action
                expected[f"{seat.word}_action_name"] = rules.actions[played.action]
                expected[f"{seat.word}_away"] = bool(played.flags & AWAY)
                expected[f"{seat.word}_reward"] = row.rewards[seat]
            for (name, type_, _, _), value in zip(rules.columns, row.facts, strict=True):
                expected[name] = bool(value) if type_ == "bool" else value
            assert {name: cells[name] for name in expected} == {
                name: written(value) for name, value in expected.items()
            }
    assert next(rows, None) is None


def test_every_event_has_the_values_of_its_raw_row(share: Path, tables: Path) -> None:
    expected = [
        (episode.terms.run, episode.terms.episode, row.frame, number, event)
        for episode, _ in raw_episodes(share)
        for row in episode.frames
        for number, event in enumerate(row.events)
    ]
    kinds, words = registry.find("foraging").event_kinds, {0: "left", 1: "right", -1: ""}
    assert expected
    assert [
        (row["run"], row["episode"], row["frame"], row["number"], row["kind"], row["seat"], row["value"])
        for row in rows_of(tables, "events")
    ] == [
        (run_id, str(episode), str(frame), str(number), kinds[event.kind], words[event.seat], str(event.value))
        for run_id, episode, frame, number, event in expected
    ]


def test_timing_inputs_and_clock_are_the_local_records(share: Path, tables: Path) -> None:
    for table, kind, columns in (
        ("timing", "tick", ("frame", "deadline_ns", "start_ns", "end_ns", "held", "rollback_frames", "verified")),
        ("inputs", "key", ("t_ns", "scancode", "down", "frame")),
        ("clock", "probe", ("t0_ns", "t1_ns", "t2_ns", "t3_ns")),
    ):
        expected = [
            [seat.word, *(written(entry[name]) for name in columns)]
            for _, logs in raw_episodes(share)
            for seat, local in logs.items()
            for entry in local.of(kind)
        ]
        assert expected
        assert [[row["seat"], *(row[name] for name in columns)] for row in rows_of(tables, table)] == expected


def test_a_view_says_what_was_shown_and_whether_it_was_true(share: Path, tables: Path) -> None:
    views = rows_of(tables, "views")
    assert len(views) == 2 * sum(played.end.rows for played in EPISODES)
    for row in views:
        frame = int(row["shown_frame"])
        assert row["differs"] == written(was_untrue(frame))
        assert (row["shown_digest"] == row["true_digest"]) != was_untrue(frame)
    assert {row["differs"] for row in views} == {"true", "false"}


def test_guesses_and_corrections_stand_in_timing(tables: Path) -> None:
    timing = rows_of(tables, "timing")
    assert {row["guess"] == "" for row in timing} == {True, False}
    corrected = [row for row in timing if row["rollback_frames"] != "0"]
    assert {row["wrong_guesses"] for row in corrected} == {"1"}
    assert all(int(row["late_ns"]) == int(row["start_ns"]) - int(row["deadline_ns"]) for row in timing)


def test_both_seats_times_count_on_one_clock(tables: Path) -> None:
    """The clocks are 2.5 hours apart; both seats' ticks of a frame are due at the same time."""
    for row in rows_of(tables, "clock"):
        ahead = CLOCKS_NS[1] - CLOCKS_NS[0]
        assert (row["rtt_ns"], row["offset_ns"]) == (
            str(2 * ONE_WAY_NS),
            str(ahead if row["seat"] == "left" else -ahead),
        )
    left, right = (
        [row["t_s"] for row in rows_of(tables, "timing") if row["seat"] == seat and row["run"].endswith("1")]
        for seat in ("left", "right")
    )
    assert left == right
    assert float(left[0]) == 0.0
    assert {row["clock_is_common"] for row in rows_of(tables, "episodes")} == {"true"}


def test_an_episodes_row_says_what_the_header_and_the_claims_say(share: Path, tables: Path) -> None:
    for row, (episode, _) in zip(rows_of(tables, "episodes"), raw_episodes(share), strict=True):
        rules = episode.terms.terms
        assert json.loads(row["config"]) == dict(rules.config)
        assert (row["answer"], row["pairing"], row["reason"], row["frames"]) == ("good", "equal", "finished", "120")
        assert row["sha256"] == row["left_sha256"] == row["right_sha256"] == episode.sha256
        assert row["left_participant"] == episode.terms.players[0].participant
        assert (row["left_away_frames"], row["right_away_frames"]) == ("30", "0")
        assert (row["left_rollbacks"], row["left_agreement"], row["left_local_is_whole"]) == ("2", "mutual", "true")
        assert json.loads(row["right_machine"]) == {"host": "lab-right", "system": "test"}
        assert int(row["left_points"]) == sum(frame.rewards[0] for frame in episode.frames)


def test_marks_hold_the_other_notes(tables: Path) -> None:
    marks = rows_of(tables, "marks")
    assert len(marks) == 2 * len(EPISODES)
    assert {(row["kind"], row["what"], row["amount"], row["frame"]) for row in marks} == {("focus", "lost", "", "20")}


# --- readers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [table.name for table in TABLES])
def test_parquet_and_csv_hold_the_same_rows_for_duckdb(parquet: Path, tables: Path, name: str) -> None:
    with duckdb.connect() as connection:
        ours = connection.sql(f"select * from '{parquet}/{name}/**/*.parquet'")
        types = dict(zip(ours.columns, map(str, ours.types), strict=True))
        columns = rows_of(tables, name)[0].keys()
        picked = ", ".join(f"{column}_id" if column in ("study", "dyad") else f'"{column}"' for column in columns)
        found = connection.sql(f"select {picked} from '{parquet}/{name}/**/*.parquet'").fetchall()
    assert [[written(value) for value in row] for row in found] == [list(row.values()) for row in rows_of(tables, name)]
    declared = next(table for table in TABLES if table.name == name).columns
    names = {"int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN", "str": "VARCHAR"}
    assert {column.name: types[column.name] for column in declared[2:]} == {
        column.name: names[column.type] for column in declared[2:]
    }


def test_one_query_in_duckdb_joins_tables_of_all_dyads(parquet: Path) -> None:
    query = f"""
        select f.study, f.dyad_id, count(*) from '{parquet}/frames/**/*.parquet' f
        join '{parquet}/episodes/**/*.parquet' e using (run, episode, record)
        where e.is_complete group by all order by 2
    """
    with duckdb.connect() as connection:
        assert connection.sql(query).fetchall() == [("pilot", "1", 240), ("pilot", "2", 240)]


def test_the_query_in_the_documentation_runs(parquet: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
    query = "select study, dyad, episode, " + text.split("    select study, dyad, episode, ")[1].split("\n\n")[0]
    with duckdb.connect() as connection:
        found = connection.sql(query.replace("DIR", str(parquet))).fetchall()
    points = [sum(sum(decode_row(row).rewards) for row in played.rows) for played in EPISODES]
    assert [(str(dyad), episode) for _, dyad, episode, _ in found] == [("1", 0), ("1", 1), ("2", 0), ("2", 1)]
    assert [row[3] for row in found] == points


def test_pandas_reads_a_table_in_one_line(parquet: Path, tables: Path) -> None:
    frames = pandas.read_parquet(parquet / "frames")
    plain = pandas.read_csv(tables / "frames.csv")
    assert len(frames) == len(plain) == 480
    assert sorted(set(frames["study"].astype(str))) == ["pilot"]
    assert sorted(set(frames["dyad_id"])) == ["1", "2"]
    for column in plain.columns[2:]:
        if column not in ("session", "run"):  # ids, which a CSV cannot tell from numbers
            assert list(frames[column]) == list(plain[column]), column


def test_a_parquet_file_explains_its_columns_itself(parquet: Path) -> None:
    import pyarrow.parquet

    path = parquet / "frames" / "study=pilot" / "dyad=1" / "frames.parquet"
    field = pyarrow.parquet.read_schema(path).field("left_x")
    assert field.metadata[b"unit"] == b"cells"
    assert b"left player" in field.metadata[b"meaning"]


def test_short_episodes_share_a_row_group_and_long_ones_do_not(
    share: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet

    groups = []
    for most in (export_parquet.ROW_GROUP_ROWS, 100):
        monkeypatch.setattr(export_parquet, "ROW_GROUP_ROWS", most)
        run(share, to=tmp_path / "out")
        path = tmp_path / "out" / "frames" / "study=pilot" / "dyad=1" / "frames.parquet"
        groups.append(pyarrow.parquet.read_metadata(path).num_row_groups)
        assert pyarrow.parquet.read_table(path, partitioning=None)["frame"].to_pylist() == [*range(120), *range(120)]
    assert groups == [1, 2]


# --- what an export consists of ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["parquet", "csv", "pairs-csv"])
def test_the_codebook_explains_every_column_and_no_other(share: Path, tmp_path: Path, layout: str) -> None:
    target = tmp_path / "out"
    run(share, to=target, layout=layout)
    book = json.loads((target / "codebook.json").read_bytes())
    people = (target / "codebook.md").read_text(encoding="utf-8")
    for name, table in book["tables"].items():
        declared = [column["name"] for column in table["columns"]]
        assert declared == columns_in(target, name)
        assert all(
            column["meaning"] and column["type"] in ("int", "float", "bool", "str") for column in table["columns"]
        )
        assert all(f"| `{column}` |" in people for column in declared)
        assert f"## {name}" in people


def columns_in(target: Path, table: str) -> list[str]:
    """The columns of the files themselves; in folders' names are study and dyad."""
    import pyarrow.parquet

    if (target / table).is_dir():
        names = pyarrow.parquet.read_schema(next((target / table).rglob("*.parquet"))).names
        return [name.removesuffix("_id") for name in names]
    path = target / f"{table}.csv" if (target / f"{table}.csv").exists() else next(target.glob("*_ep*.csv"))
    return path.read_text(encoding="utf-8").splitlines()[0].split(",")


@pytest.mark.parametrize("layout", ["parquet", "csv", "pairs-csv"])
def test_the_manifest_names_every_raw_file_and_every_file_that_was_made(
    share: Path, tmp_path: Path, layout: str
) -> None:
    target = tmp_path / "out"
    run(share, to=target, layout=layout)
    manifest = json.loads((target / "export.json").read_bytes())
    for root, told in ((share, manifest["raw"]), (target, manifest["files"])):
        files = sorted(path for path in root.rglob("*") if path.is_file() and path.name != "export.json")
        assert {entry["path"]: (entry["sha256"], entry["bytes"]) for entry in told} == {
            path.relative_to(root).as_posix(): (sha256(path.read_bytes()).hexdigest(), path.stat().st_size)
            for path in files
        }
    assert manifest["left_out"] == []


def test_raw_files_are_never_touched(share: Path, tmp_path: Path) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in share.rglob("*") if path.is_file()}
    run(share, to=tmp_path / "out")
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in share.rglob("*") if path.is_file()}


@pytest.mark.parametrize("layout", ["parquet", "csv", "pairs-csv"])
def test_the_same_raw_files_give_the_same_bytes_wherever_they_lie(tmp_path: Path, layout: str) -> None:
    """Two processes with other hash seeds, other folders, and files that were written in another order."""
    hashes = []
    for seed in ("1", "2"):
        source, target = tmp_path / seed / "raw", tmp_path / seed / "out"
        for played in EPISODES if seed == "1" else reversed(EPISODES):
            write_episode(source, played)
        order = f"Order((Path({str(source)!r}),), Path({str(target)!r}), {layout!r})"
        program = f"from data.export.export import *; export({order})"
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": f"UTC+{seed}"},
        )
        hashes.append(
            {p.relative_to(target): sha256(p.read_bytes()).hexdigest() for p in target.rglob("*") if p.is_file()}
        )
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) > 3


# --- partial, divergent, damaged --------------------------------------------------------------------------------------


def left_out(target: Path) -> list[tuple[str, bool]]:
    manifest = json.loads((target / "export.json").read_bytes())
    return [(left["answer"], left["is_fault"]) for left in manifest["left_out"]]


def test_a_partial_episode_is_exported_only_on_request_and_marked(tmp_path: Path) -> None:
    source = tmp_path / "raw"
    write_episode(source, EPISODES[0])
    write_episode(source, cut_short(EPISODES[1], 50))
    assert run(source, to=tmp_path / "a", layout="csv").exit_code == 0
    assert [row["episode"] for row in rows_of(tmp_path / "a", "episodes")] == ["0"]
    assert left_out(tmp_path / "a") == [("good, partial", False)]
    run(source, to=tmp_path / "b", layout="csv", partial=True)
    marked = rows_of(tmp_path / "b", "episodes")[1]
    assert (marked["answer"], marked["is_complete"], marked["reason"], marked["frames"]) == (
        "good, partial",
        "false",
        "cut",
        "50",
    )
    assert len(rows_of(tmp_path / "b", "frames")) == 170


def test_of_a_prefix_the_longer_record_is_exported_and_says_whose_it_is(tmp_path: Path) -> None:
    source = tmp_path / "raw"
    write_episode(source, EPISODES[0], [Seat.LEFT])
    write_episode(source, cut_short(EPISODES[0], 50), [Seat.RIGHT])
    with pytest.raises(ExportError, match=r"1 good, partial \(see --include-partial\)"):
        run(source, to=tmp_path / "a", layout="csv")
    run(source, to=tmp_path / "b", layout="csv", partial=True)
    (row,) = rows_of(tmp_path / "b", "episodes")
    assert (row["record"], row["pairing"], row["frames"], row["left_frames"], row["right_frames"]) == (
        "left",
        "prefix",
        "120",
        "120",
        "50",
    )
    assert len(rows_of(tmp_path / "b", "timing")) == 170


def diverging(played: Played, frame: int) -> Played:
    """The record of a seat that saw another state from `frame` on, and does not know it."""
    row = decode_row(played.rows[frame])
    other = encode_row(frame, row.inputs, row.rewards, row.done, row.events, row.facts, b"\xff" * 8)
    rows = [*played.rows[:frame], other, *played.rows[frame + 1 :]]
    return cut_short(played._replace(rows=rows), 60, Reason.DIVERGED)


def old_version(played: Played) -> Played:
    """The same rows by a version of the game that is not here: nobody can play them again."""
    terms = replace(played.terms, terms=replace(played.terms.terms, game_version="0"))
    return played._replace(terms=terms)


def test_of_a_divergent_episode_both_records_are_exported_on_request(tmp_path: Path) -> None:
    source, old = tmp_path / "raw", old_version(EPISODES[0])
    write_episode(source, cut_short(old, 60, Reason.DIVERGED), [Seat.LEFT])
    write_episode(source, diverging(old, 40), [Seat.RIGHT])
    write_episode(source, EPISODES[1])
    assert run(source, to=tmp_path / "a", layout="csv", partial=True).exit_code == 1
    assert left_out(tmp_path / "a") == [("diverged", True)]
    assert run(source, to=tmp_path / "b", layout="csv", divergent=True).exit_code == 0
    episodes = rows_of(tmp_path / "b", "episodes")
    assert [(row["record"], row["answer"]) for row in episodes] == [
        ("left", "diverged"),
        ("right", "diverged"),
        ("both", "good"),
    ]
    frames = [row for row in rows_of(tmp_path / "b", "frames") if row["frame"] == "40"]
    assert [row["record"] for row in frames if row["digest"] == "f" * 16] == ["right"]
    views = [row for row in rows_of(tmp_path / "b", "views") if row["episode"] == "0"]
    assert len(views) == 120
    assert {row["differs"] for row in views if not was_untrue(int(row["shown_frame"]))} == {"false"}


def test_a_divergent_episode_of_which_one_record_is_damaged_too_is_still_a_divergent_one(tmp_path: Path) -> None:
    source = tmp_path / "raw"
    write_episode(source, EPISODES[0], [Seat.LEFT])
    write_episode(source, diverging(EPISODES[0], 40), [Seat.RIGHT])
    write_episode(source, EPISODES[1])
    run(source, to=tmp_path / "a", layout="csv", partial=True)
    assert left_out(tmp_path / "a") == [("damaged", True)]
    run(source, to=tmp_path / "b", layout="csv", divergent=True)
    marked = rows_of(tmp_path / "b", "episodes")[0]
    assert (marked["record"], marked["answer"], marked["pairing"]) == ("left", "damaged", "diverged")


def test_what_is_damaged_is_left_out_and_told(tmp_path: Path) -> None:
    source = tmp_path / "raw"
    write_episode(source, EPISODES[0])
    broken, *_ = write_episode(source, EPISODES[1])
    data = bytearray(broken.read_bytes())
    data[len(data) // 2] ^= 1
    broken.write_bytes(data)
    outcome = run(source, to=tmp_path / "out", layout="csv", partial=True, divergent=True)
    assert (outcome.exit_code, outcome.episodes) == (1, 1)
    assert left_out(tmp_path / "out") == [("damaged", True)]


def test_a_local_file_that_cannot_be_read_costs_its_rows_and_no_more(tmp_path: Path) -> None:
    source = tmp_path / "raw"
    _, local, *_ = write_episode(source, EPISODES[0])
    local.write_bytes(b"junk")
    outcome = run(source, to=tmp_path / "out", layout="csv")
    assert (outcome.exit_code, outcome.rows["frames"], outcome.rows["timing"]) == (1, 120, 120)
    assert {row["seat"] for row in rows_of(tmp_path / "out", "timing")} == {"right"}
    (row,) = rows_of(tmp_path / "out", "episodes")
    assert (row["left_local_file"], row["right_local_is_whole"]) == ("", "true")


def test_a_torn_local_file_gives_what_it_has_and_is_marked(tmp_path: Path) -> None:
    source = tmp_path / "raw"
    _, local, *_ = write_episode(source, EPISODES[0])
    local.write_bytes(local.read_bytes()[:-40])
    assert run(source, to=tmp_path / "out", layout="csv").exit_code == 0
    assert rows_of(tmp_path / "out", "episodes")[0]["left_local_is_whole"] == "false"


def test_a_renamed_local_file_is_known_by_its_header(tmp_path: Path) -> None:
    source = tmp_path / "raw"
    _, local, claim, *_ = write_episode(source, EPISODES[0])
    local.rename(source / "from the left machine.dyadlog")
    claim.unlink()
    outcome = run(source, to=tmp_path / "a", layout="csv")
    assert (outcome.exit_code, outcome.rows["timing"]) == (0, 240)
    (source / "other.dyadlog").write_bytes(b"junk")
    (source / "empty.dyadlog").write_bytes(b"")
    assert run(source, to=tmp_path / "b", layout="csv").exit_code == 1
    assert left_out(tmp_path / "b") == [("damaged", True), ("damaged", True)]


def test_a_local_file_under_another_episodes_name_is_not_used(tmp_path: Path) -> None:
    source = tmp_path / "raw"
    _, local, *_ = write_episode(source, EPISODES[0])
    _, other, *_ = write_episode(source, EPISODES[1])
    other.write_bytes(local.read_bytes())
    outcome = run(source, to=tmp_path / "out", layout="csv")
    assert (outcome.exit_code, outcome.rows["timing"]) == (1, 360)
    assert left_out(tmp_path / "out") == [("damaged", True)]


def test_without_local_files_there_are_no_notes_and_no_error(tmp_path: Path) -> None:
    source = tmp_path / "raw"
    write_episode(source, EPISODES[0], seats=())
    outcome = run(source, to=tmp_path / "out")
    assert (outcome.exit_code, outcome.rows["frames"], outcome.rows["timing"]) == (0, 120, 0)
    with duckdb.connect() as connection:
        assert connection.sql(f"select * from '{tmp_path}/out/timing/**/*.parquet'").fetchall() == []
    (row,) = pandas.read_parquet(tmp_path / "out" / "episodes").to_dict("records")
    assert row["record"] == sha256(EPISODES[0].data).hexdigest()[:8]


def test_two_stations_are_one_study(tmp_path: Path) -> None:
    homes = [tmp_path / seat.word for seat in Seat]
    for seat, home in zip(Seat, homes, strict=True):
        write_episode(home / "episodes", EPISODES[0], [seat])
    outcome = run(*homes, to=tmp_path / "out", layout="csv")
    assert (outcome.episodes, outcome.rows["frames"], outcome.rows["timing"]) == (1, 120, 240)
    assert rows_of(tmp_path / "out", "episodes")[0]["record"] == "both"


# --- games and ids ----------------------------------------------------------------------------------------------------


def test_games_with_other_columns_share_a_table_with_nulls(tmp_path: Path) -> None:
    write_share(tmp_path / "raw", Plan(episodes=2, dyads=2, frames=60, games=("foraging", "crossing")))
    run(tmp_path / "raw", to=tmp_path / "out")
    with duckdb.connect() as connection:
        found = connection.sql(
            f"select game, count(gems), count(left_x), count(*) from '{tmp_path}/out/frames/**/*.parquet' group by all"
        ).fetchall()
    assert sorted(found) == [("crossing", 0, 60, 60), ("foraging", 60, 60, 60)]
    frames = json.loads((tmp_path / "out" / "codebook.json").read_bytes())["tables"]["frames"]["columns"]
    games = {column["name"]: column.get("games") for column in frames}
    assert (games["gems"], games["left_x"], games["frame"]) == (["foraging"], ["crossing", "foraging"], None)


def named(played: Played, **ids: str) -> Played:
    terms: EpisodeTerms = replace(played.terms, terms=replace(played.terms.terms, **ids))  # type: ignore[arg-type]
    return cut_short(played._replace(terms=terms), 30)


def test_ids_survive_folders_and_cells_exactly(tmp_path: Path) -> None:
    for number, (study, dyad) in enumerate((("7", "007"), ("7", "x-1"), ("pilot", "12"))):
        write_episode(tmp_path / "raw", named(EPISODES[number], study=study, dyad=dyad))
    run(tmp_path / "raw", to=tmp_path / "out", partial=True)
    found = pandas.read_parquet(tmp_path / "out" / "episodes")
    assert list(zip(found["study_id"], found["dyad_id"], strict=True)) == [("7", "007"), ("7", "x-1"), ("pilot", "12")]


def test_ids_that_readers_take_for_one_number_are_refused_for_parquet(tmp_path: Path) -> None:
    write_episode(tmp_path / "raw", named(EPISODES[0], dyad="7"))
    write_episode(tmp_path / "raw", named(EPISODES[2], dyad="007"))
    with pytest.raises(ExportError, match="'007' and '7'"):
        run(tmp_path / "raw", to=tmp_path / "out", partial=True)
    assert not (tmp_path / "out").exists()
    assert run(tmp_path / "raw", to=tmp_path / "out", layout="csv", partial=True).episodes == 2


def test_a_game_column_named_like_one_of_ours_gets_a_prefix(tmp_path: Path) -> None:
    rules: Terms = EPISODES[0].terms.terms
    columns = (("frame", *rules.columns[0][1:]), *rules.columns[1:])
    terms = replace(EPISODES[0].terms, terms=replace(rules, columns=columns, game_version="0"))
    write_episode(tmp_path / "raw", cut_short(EPISODES[0]._replace(terms=terms), 30))
    run(tmp_path / "raw", to=tmp_path / "out", layout="csv", partial=True)
    row = rows_of(tmp_path / "out", "frames")[7]
    assert (row["frame"], row["fact_frame"]) == ("7", str(decode_row(EPISODES[0].rows[7]).facts[0]))


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [".", "tables", "pilot/dyad-001"])
def test_a_place_inside_the_source_is_refused(tmp_path: Path, inside: str) -> None:
    source = tmp_path / "raw"
    write_episode(source, EPISODES[0])
    with pytest.raises(ExportError, match="raw data is never written to"):
        run(source, to=source / inside)
    with pytest.raises(ExportError, match="raw data is never written to"):
        run(source, to=tmp_path)


def test_a_folder_with_anything_else_in_it_is_refused_and_left_as_it_is(share: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="not empty"):
        run(share, to=tmp_path)
    with pytest.raises(ExportError, match="no folder"):
        run(share, to=tmp_path / "notes.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_earlier_export_is_replaced_whole_unless_something_was_put_into_it(share: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    run(share, to=target, layout="csv")
    run(share, to=target, layout="parquet")
    assert not list(target.glob("*.csv"))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    (target / "frames" / "analysis.R").write_text("mine")
    with pytest.raises(ExportError, match=r"analysis\.R is not part of it"):
        run(share, to=target)
    assert (target / "frames" / "analysis.R").read_text() == "mine"


def test_nothing_is_left_of_an_export_that_failed(tmp_path: Path) -> None:
    source = tmp_path / "raw"
    write_episode(source, cut_short(EPISODES[0], 40))
    with pytest.raises(ExportError, match="nothing to export"):
        run(source, to=tmp_path / "out")
    with pytest.raises(ExportError, match="no episode found"):
        run(tmp_path / "nowhere", to=tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_a_file_that_somebody_puts_into_the_place_meanwhile_is_kept(share: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    run(share, to=target, layout="csv")
    note = target / "notes.txt"
    with pytest.raises(ExportError, match=r"notes\.txt is not part of it"):
        export(Order((share,), target, "csv"), exported=lambda *_: note.write_text("mine") and None)
    assert note.read_text() == "mine"
    assert len(rows_of(target, "episodes")) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_raw_file_that_changes_after_it_was_verified_stops_the_export(tmp_path: Path) -> None:
    source = tmp_path / "raw"
    first, *_ = write_episode(source, EPISODES[0])
    for data, words in ((EPISODES[1].data, "export again"), (b"junk", "magic")):
        first.write_bytes(EPISODES[0].data)
        with pytest.raises(ExportError, match=f"changed since it was verified.*{words}"):
            export(Order((source,), tmp_path / "out"), verified=lambda *_, data=data: first.write_bytes(data) and None)
    assert not (tmp_path / "out").exists()


def test_a_number_that_fits_no_parquet_column_is_an_error_with_words(tmp_path: Path) -> None:
    terms = replace(EPISODES[0].terms, terms=replace(EPISODES[0].terms.terms, game_version="0"))
    row = decode_row(EPISODES[0].rows[0])
    large = encode_row(0, row.inputs, (1 << 63, 0), row.done, row.events, row.facts, row.digest)
    write_episode(tmp_path / "raw", cut_short(Played(terms, [large], EPISODES[0].end, b""), 1))
    with pytest.raises(ExportError, match=r"left_points.*--format csv"):
        run(tmp_path / "raw", to=tmp_path / "out", partial=True)
    assert run(tmp_path / "raw", to=tmp_path / "out", layout="csv", partial=True).rows["frames"] == 1


def test_a_format_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ExportError, match="expected parquet, csv, pairs-csv, got 'xlsx'"):
        layout_of("xlsx")


def launcher(*arguments: object, path: Path | None = None) -> "subprocess.CompletedProcess[str]":
    root = Path(__file__).parents[2]
    environment = os.environ | ({"PYTHONPATH": str(path)} if path else {})
    command = [sys.executable, str(root / "launcher.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_without_the_extra_one_line_names_it_and_csv_still_works(share: Path, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden" / "pyarrow.py"
    hidden.parent.mkdir()
    hidden.write_text("raise ImportError('hidden by a test')")
    done = launcher("export", share, "--to", tmp_path / "out", path=hidden.parent)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "pip install 'dyadgrid[analysis]'" in line
    done = launcher("export", share, "--to", tmp_path / "out", "--format", "csv", path=hidden.parent)
    assert done.returncode == 0, done.stderr


def test_the_command_prints_a_table_and_one_json_object(share: Path, tmp_path: Path) -> None:
    done = launcher("export", share, "--to", tmp_path / "out", "--json")
    told: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode, told["ok"], told["episodes"], told["rows"]["frames"]) == (0, True, 4, 480)
    assert "4 episodes exported" in done.stderr
    assert launcher("export", share, "--to", share).returncode == 2


def test_an_episode_without_a_row_has_a_row_of_its_own(tmp_path: Path) -> None:
    played = cut_short(EPISODES[0], 0)
    write_episode(tmp_path / "raw", played)
    run(tmp_path / "raw", to=tmp_path / "out", partial=True)
    assert len(pandas.read_parquet(tmp_path / "out" / "episodes")) == 1
    assert len(pandas.read_parquet(tmp_path / "out" / "frames")) == 0
    assert (tmp_path / "raw" / episode_folder(played.terms)).is_dir()
