"""`dyadgrid inspect` at the terminal: what it prints, what it refuses, and with which exit code."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from client.commands.inspect import FrameRange
from data.inspection.files import InspectionError
from games.contract import Seat
from launcher import app
from netcode.limits import MILLISECOND, SECOND
from tests.support.lived import Absence, Freeze, Life, live, write

LIFE = Life(
    frames=240,
    jitter_ns=40 * MILLISECOND,
    loss=0.1,
    freezes=(Freeze(Seat.RIGHT, 150, 3 * SECOND // 2),),
    absences=(Absence(Seat.LEFT, 60, 100),),
)


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("share")
    for lived in live(LIFE):
        write(lived, folder)
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["inspect", *map(str, arguments)])


def test_one_folder_with_both_records_is_enough(share: Path) -> None:
    result = run(share)
    assert result.exit_code == 0
    assert "both seats hold the same bytes" in result.output
    assert "input delay 1, window 30" in result.output
    assert "right's clock is 7.00 s ahead of left's" in result.output
    for name in ("ticks late", "round trip", "rollbacks", "holds of the full window", "frames away, catching up"):
        assert name in result.output
    assert "without right's input" in result.output


def test_frames_are_laid_side_by_side_seat_under_seat(share: Path) -> None:
    result = run(share, "--frames", "150-152", "--only", "late")
    lines = [line.split() for line in result.output.splitlines()]
    start = next(number for number, line in enumerate(lines) if line[:3] == ["frame", "seat", "did"])
    told = [line for line in lines[start:] if len(line) > 3]
    for frame in ("150", "151", "152"):
        row = next(number for number, line in enumerate(told) if line[:2] == [frame, "left"])
        assert told[row + 1][0] == "right"
    assert not any(line[:2] == ["153", "left"] for line in told)


def test_a_topic_leaves_the_others_out_and_lists_all_of_it(share: Path) -> None:
    everything, holds = run(share, "--only", "rollbacks").output, run(share, "--only", "holds").output
    assert "computed again:" in everything
    assert "ticks held" not in everything.split("why", 1)[1]
    assert "ticks held" in holds
    assert "computed again:" not in holds
    assert "Nothing of that kind happened." in run(share, "--frames", "0-0", "--only", "away").output


def test_json_is_one_object_in_the_last_line(share: Path) -> None:
    result = run(share, "--json")
    told = json.loads(result.stdout.splitlines()[-1])
    assert len(result.stdout.splitlines()) == 1, "people read the error output"
    assert told["is_equal"] is True
    assert told["seats"]["left"]["away_frames"] == 40
    assert told["seats"]["right"]["standstills"] == 1
    assert told["seats"]["left"]["late"] == {
        "times": pytest.approx(300, abs=80),
        "p50": 50_000,
        "p99": 50_000,
        "most": 50_000,
    }
    assert {stretch["topic"] for stretch in told["stretches"]} == {"holds", "rollbacks", "away", "late", "differences"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{share}/nowhere"], "no such file"),
        (["{share}", "--frames", "9-3"], "--frames: expected FROM-TO"),
        (["{share}", "--frames", "x"], "--frames: expected FROM-TO"),
        (["{share}", "--frames", "900-910"], "the episode has frames 0 to 239"),
        (["{share}", "--only", "weather"], "--only: expected one of holds, rollbacks, away, late, differences"),
        (["{share}", "--episode", "4"], "no episode 4 here, but run 0dad0dad0dad0dad episode 1"),
        (["{share}", "--run", "beef"], "of run beef here"),
        (["{share}", "--html", "{share}/page.dyad"], "--html: expected a file that ends in .html"),
        (["{share}", "--html", "{share}/nowhere/page.html"], "No such file"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(share: Path, arguments: list[str], words: str) -> None:
    result = run(*(argument.format(share=share) for argument in arguments))
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_records_of_two_runs_are_refused_and_both_are_named(share: Path, tmp_path: Path) -> None:
    write(live(replace(LIFE, frames=30, run=b"\x01\x02" * 4))[1], tmp_path)
    result = run(share, tmp_path)
    assert result.exit_code == 2
    assert "run 0dad0dad0dad0dad episode 1" in result.stderr
    assert "run 0102010201020102 episode 1" in result.stderr


def test_nothing_in_a_record_is_read_as_markup(share: Path, tmp_path: Path) -> None:
    folder = tmp_path / "[bold red]oops"
    folder.mkdir()
    for path in share.rglob("*.dyad*"):
        (folder / path.name).write_bytes(path.read_bytes())
    result = run(folder)
    assert result.exit_code == 0
    assert "[bold red]oops" in result.output


def test_a_range_of_frames_is_from_to_or_one_frame() -> None:
    assert FrameRange.parse("3-9") == (3, 9)
    assert FrameRange.parse("7") == (7, 7)
    for text in ("", "3-", "-3", "3-2", "1e3", "3-9-12", "99999999999"):
        with pytest.raises(InspectionError):
            FrameRange.parse(text)
