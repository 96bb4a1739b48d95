"""A person's terminal for each test, which must leave nothing behind."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.support.command_line import CommandLine
from tests.support.desktop import Desktop, desktop
from tests.support.participants import Table, seated


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[CommandLine]:
    """A terminal; what its commands leave behind, though they ended, fails the test."""
    terminal = CommandLine(tmp_path)
    try:
        yield terminal
        assert terminal.left_behind() == []
    finally:
        terminal.close()


@pytest.fixture
def place() -> Iterator[Desktop]:
    """A desktop with a window manager, for one test."""
    with desktop() as place:
        yield place


@pytest.fixture
def table(place: Desktop, terminal: CommandLine) -> Iterator[Table]:
    """Where two clients can be started, with windows."""
    with seated(place, terminal) as table:
        yield table


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `home` and `share` after a demo of two short episodes. It is copied before it is changed.

    All workers of a parallel run share it: whoever comes first plays the demo.
    """
    own = tmp_path_factory.getbasetemp()
    common = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = common / "recorded"
    with FileLock(common / "recorded.lock"):
        if not folder.exists():
            _record(common / "recording")
            (common / "recording").rename(folder)
    return folder


def _record(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "share").mkdir(parents=True)
    terminal = CommandLine(folder)
    arguments = ("--frames", 75, "--hz", 60, "--episodes", 2, "--home", folder / "home", "--share", folder / "share")
    outcome = terminal.demo(*arguments)
    assert outcome.code == 0, outcome.text


@pytest.fixture
def share(recorded: Path, tmp_path: Path) -> Path:
    """A copy of a share that holds two whole episodes."""
    return Path(shutil.copytree(recorded / "share", tmp_path / "share"))
