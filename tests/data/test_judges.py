"""Files judged on several cores: the same answers in the same order, and no end of a process goes unnoticed."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from data import judges
from data.findings import FileFinding
from data.judges import judge_files
from data.verification import verify_paths
from tests.support.recorded import finished


def write_files(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{number:02}.dyad" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(finished(episode=number, frames=40) if number % 3 else b"junk")
    return paths


def test_a_pool_answers_as_one_process_does_and_in_the_same_order(tmp_path: Path) -> None:
    paths = write_files(tmp_path, 11)
    assert list(judge_files(paths, jobs=2)) == list(judge_files(paths, jobs=1))
    assert [finding.path for finding in judge_files(paths, jobs=2)] == paths


def test_a_report_is_the_same_for_any_number_of_processes(tmp_path: Path) -> None:
    write_files(tmp_path, 9)
    assert verify_paths([tmp_path], jobs=1).to_json() == verify_paths([tmp_path], jobs=3).to_json()


def test_little_work_stays_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Sequence[FileFinding]:
        raise AssertionError("a pool for little work")

    monkeypatch.setattr(judges, "_judge_in_pool", refuse)
    assert len(list(judge_files(write_files(tmp_path, 8)))) == 8
    assert len(list(judge_files(write_files(tmp_path, 1), jobs=9))) == 1


def test_much_work_goes_to_a_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def note(paths: Sequence[Path], jobs: int) -> Sequence[FileFinding]:
        asked.append(jobs)
        return []

    monkeypatch.setattr(judges, "_judge_in_pool", note)
    monkeypatch.setattr(judges, "free_cores", lambda: 2)
    paths = write_files(tmp_path, 8)
    os.truncate(paths[0], judges.POOL_FROM_BYTES)
    list(judge_files(paths))
    assert asked == [2]


def die(paths: Sequence[Path]) -> list[FileFinding]:
    os.kill(os.getpid(), signal.SIGKILL)
    return []


def test_a_killed_process_is_an_error_with_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judges, "_judge_chunk", die)
    with pytest.raises(OSError, match="ended from outside"):
        list(judge_files(write_files(tmp_path, 8), jobs=2))
