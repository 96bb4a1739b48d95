"""`dyadgrid verify` over files damaged on purpose: it names the file, says what is wrong, and never breaks."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from data.framing import MAGIC
from tests.corruptions import cut_into_records
from tests.support.command_line import CommandLine

pytestmark = pytest.mark.processes


def _flip_a_byte(file: Path, other: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0x10
    file.write_bytes(data)


def _cut_in_a_record(file: Path, other: Path) -> None:
    file.write_bytes(file.read_bytes()[:-7])


def _cut_after_a_record(file: Path, other: Path) -> None:
    file.write_bytes(MAGIC + b"".join(cut_into_records(file.read_bytes())[:-1]))


def _swap_two_blocks(file: Path, other: Path) -> None:
    header, first, second, *rest = cut_into_records(file.read_bytes())
    file.write_bytes(MAGIC + b"".join((header, second, first, *rest)))


def _take_a_block_from_the_other_episode(file: Path, other: Path) -> None:
    header, _, *rest = cut_into_records(file.read_bytes())
    file.write_bytes(MAGIC + b"".join((header, cut_into_records(other.read_bytes())[1], *rest)))


def _put_the_other_episode_under_this_name(file: Path, other: Path) -> None:
    file.write_bytes(other.read_bytes())


def _empty(file: Path, other: Path) -> None:
    file.write_bytes(b"")


def _fill_with_garbage(file: Path, other: Path) -> None:
    file.write_bytes(b"\x00\xff" * 700)


DAMAGES = {
    _flip_a_byte: 1,
    _cut_in_a_record: 1,
    _cut_after_a_record: 1,
    _swap_two_blocks: 1,
    _take_a_block_from_the_other_episode: 1,
    _put_the_other_episode_under_this_name: 1,
    _empty: 2,
    _fill_with_garbage: 2,
}


@pytest.mark.parametrize(("damage", "code"), DAMAGES.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_damage_is_named_with_its_file(
    terminal: CommandLine, share: Path, damage: Callable[[Path, Path], None], code: int
) -> None:
    file, other = sorted(share.rglob("*.dyad"))
    damage(file, other)
    outcome = terminal.run("verify", share)
    assert outcome.code == code, outcome.text
    assert str(file) in outcome.output
    assert str(other) not in outcome.output, "the other file is good, and nothing is said against it"
    assert not outcome.has_traceback, outcome.text


def test_a_whole_share_is_good_by_its_folders_and_by_its_files(terminal: CommandLine, share: Path) -> None:
    for paths in ([share], list(share.rglob("*.dyad")), [share, share]):
        outcome = terminal.run("verify", "--json", *paths)
        assert outcome.code == 0, outcome.text
        assert [episode["answer"] for episode in outcome.json["episodes"]] == ["good", "good"]
        assert [episode["rows"] for episode in outcome.json["episodes"]] == [75, 75]


def test_a_line_for_each_episode_fits_into_80_columns(terminal: CommandLine, share: Path) -> None:
    lines = terminal.run("verify", share).output.splitlines()
    assert sum("finished" in line for line in lines) == 2
    assert max(map(len, lines)) <= 80


def test_an_episode_that_a_seat_claims_and_nobody_has_is_missing(terminal: CommandLine, share: Path) -> None:
    file = min(share.rglob("*.dyad"))
    file.unlink()
    outcome = terminal.run("verify", share)
    assert outcome.code == 1
    assert file.name in outcome.output


@pytest.mark.parametrize("name", ["nothing-here", "folder", "text.dyad", "loop"])
def test_what_is_no_episode_is_exit_code_2_and_one_clear_line(terminal: CommandLine, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.dyad").write_text("not an episode\n")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    outcome = terminal.run("verify", tmp_path / name)
    assert outcome.code == 2, outcome.text
    assert str(tmp_path / name) in outcome.text
    assert not outcome.has_traceback, outcome.text


def test_the_worst_answer_decides_the_exit_code_and_the_good_files_are_still_named_good(
    terminal: CommandLine, share: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.dyad"
    shutil.copy(min(share.rglob("*.dyad")), copy)
    _flip_a_byte(copy, copy)
    outcome = terminal.run("verify", "--json", share, copy)
    assert (outcome.code, outcome.json["exit_code"], outcome.json["ok"]) == (1, 1, False)
    assert outcome.json["answers"]["good"] >= 1
