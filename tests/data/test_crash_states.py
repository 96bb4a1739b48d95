"""A quick look at what `python -m tests.crash_states` enumerates in full."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.crash_states.campaign import Task, catch, examine, work_folder
from tests.crash_states.mutants import MUTANTS
from tests.crash_states.platter import Model, Platter, Tree
from tests.crash_states.protocols import PROTOCOLS

STATES = 12
"""Of each protocol; the campaign judges thousands."""
HERE = Path("/here")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory, if this machine has a place for it: thousands of folders come and go, and a disk takes its time."""
    folder = work_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_power_cut_breaks_a_promise(tmp_path: Path, protocol: str) -> None:
    found = examine(Task(protocol, STATES, seed=1), tmp_path)
    assert found.broken == []
    assert found.judged >= min(STATES, 4)


@pytest.mark.parametrize("protocol", ["recording, two episodes", "recovery of two drafts", "delivering"])
def test_no_power_cut_in_a_recovery_breaks_a_promise(tmp_path: Path, protocol: str) -> None:
    assert examine(Task(protocol, STATES, seed=2, nested=3), tmp_path).broken == []


@pytest.mark.parametrize("protocol", [name for name in PROTOCOLS if "refused" in name or "place" in name])
def test_a_disk_refuses_the_same_calls_in_every_run(tmp_path: Path, protocol: str) -> None:
    runs = [examine(Task(protocol, STATES, seed=1), tmp_path / str(turn)).states for turn in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_rule_is_caught(tmp_path: Path, mutant: str) -> None:
    assert catch(mutant, work=tmp_path).broken


def test_a_mutant_is_gone_after_its_run(tmp_path: Path) -> None:
    assert catch("end-before-rows", work=tmp_path / "broken").broken
    assert not examine(Task("recording", STATES, seed=3), tmp_path).broken


# -- the models themselves ---------------------------------------------------------------------------------------------


def states(model: Model, *calls: tuple[str, *tuple[object, ...]], before: Tree | None = None) -> list[Tree]:
    """Every state that these calls may leave."""
    platter = Platter(HERE, before or {}, model)
    log = [(call[0], tuple(call[1:])) for call in calls]
    found = [moment.tree for moment in platter.moments(log, 1000, Random(0))]
    return [tree for number, tree in enumerate(found) if tree not in found[:number]]


WRITTEN = (("create", HERE / "a"), ("write", HERE / "a", b"1234"), ("close", HERE / "a"))


def test_what_no_flush_covers_may_be_there_torn_zeros_or_gone() -> None:
    left = states(Model.MINIMAL, *WRITTEN)
    assert {} in left
    assert {"a": b""} in left
    assert {"a": b"123"} in left
    assert {"a": b"12\0\0"} in left
    assert {"a": b"1234"} in left


def test_a_flushed_file_without_a_flushed_name_is_whole_or_gone() -> None:
    left = states(Model.MINIMAL, *WRITTEN, ("flush", HERE / "a"), ("link", HERE / "a", HERE / "b"))
    assert {"b": b"1234"} in left
    assert all(data == b"1234" for tree in left for name, data in tree.items() if name == "b")


def test_a_flush_of_the_folder_keeps_its_names() -> None:
    flushed = (*WRITTEN, ("flush", HERE / "a"), ("flush_folder", HERE), ("create", HERE / "c"))
    left = states(Model.MINIMAL, *flushed)
    assert {"a": b"1234", "c": b""} in left
    assert {"c": b""} not in left


def test_a_rename_is_one_thing_unless_nothing_is() -> None:
    before: Tree = {"one": None, "two": None, "one/a": b"x"}
    moved = ("replace", HERE / "one" / "a", HERE / "two" / "a")
    empty: Tree = {"one": None, "two": None}
    assert empty not in states(Model.MINIMAL, moved, before=before)
    assert empty in states(Model.SPLIT, moved, before=before)


def test_in_order_nothing_later_is_there_without_what_came_earlier() -> None:
    left = states(Model.ORDERED, *WRITTEN, ("create", HERE / "b"))
    assert {"b": b""} not in left
    assert {"a": b"1234", "b": b""} in left


def test_a_poisoned_file_is_not_saved_by_a_second_flush() -> None:
    left = states(Model.MINIMAL, *WRITTEN, ("poison", HERE / "a"), ("flush", HERE / "a"), ("flush_folder", HERE))
    assert {"a": b""} in left


def test_a_server_keeps_a_name_only_if_the_file_was_flushed_under_it() -> None:
    share = HERE / "share"
    calls = (
        ("create", share / "t"),
        ("write", share / "t", b"1"),
        ("flush", share / "t"),
        ("link", share / "t", share / "f"),
        ("flush_folder", share),
    )
    assert {"share": None, "share/t": b"1"} in states(Model.SERVER, *calls, before={"share": None})
    flushed = (*calls, ("open_existing", share / "f"), ("flush", share / "f"))
    assert states(Model.SERVER, *flushed, before={"share": None})[-1]["share/f"] == b"1"
