"""Files judged on several cores: the same answers in the same order, and no end of a process goes unnoticed."""

import os
import signal
from pathlib import Path

import pytest

from data import cores, judges
from data.findings import FileFinding
from data.judges import judge_files, worthy_jobs
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
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a pool for little work")

    monkeypatch.setattr(cores, "ProcessPoolExecutor", refuse)
    assert len(list(judge_files(write_files(tmp_path, 8)))) == 8
    assert len(list(judge_files(write_files(tmp_path, 1), jobs=9))) == 1


def test_much_work_is_worth_all_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judges, "free_cores", lambda: 7)
    paths = write_files(tmp_path, 8)
    assert worthy_jobs([*paths, tmp_path / "gone"]) == 1
    os.truncate(paths[0], judges.POOL_FROM_BYTES)
    assert worthy_jobs(paths) == 7


def die(path: Path) -> FileFinding:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError(path)


def test_a_killed_process_is_an_error_with_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judges, "judge_file", die)
    with pytest.raises(OSError, match="ended from outside"):
        list(judge_files(write_files(tmp_path, 8), jobs=2))
