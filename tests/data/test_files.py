import errno
import subprocess
import sys
from contextlib import suppress
from pathlib import Path, PurePosixPath

import pytest

from data.files import (
    Disk,
    create_durably,
    make_folders,
    place_new,
    replace_durably,
    retire_lock,
    try_lock,
    write_flushed,
)
from tests.support.disks import DroppingDisk, WatchedDisk, failing_at
from tests.support.stations import files_under


class LinklessDisk(WatchedDisk):
    """A file system without hard links, such as FAT."""

    def link(self, source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "no links here")


class ReplacingDisk(WatchedDisk):
    """The mutant: a final name is taken by a plain rename, over whatever was there."""

    def link(self, source: Path, target: Path) -> None:
        source.replace(target)


def check_that_a_name_is_never_given_twice(disk: Disk, folder: Path) -> None:
    old, new = folder / "old", folder / "new"
    old.write_bytes(b"old")
    write_flushed(disk, new, b"new")
    with suppress(FileExistsError):
        place_new(disk, new, old)
    assert old.read_bytes() == b"old"


@pytest.mark.parametrize("disk", [Disk(), LinklessDisk()], ids=["links", "no links"])
def test_a_final_name_is_never_given_twice(tmp_path: Path, disk: Disk) -> None:
    check_that_a_name_is_never_given_twice(disk, tmp_path)


def test_the_mutant_that_renames_plainly_is_caught(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        check_that_a_name_is_never_given_twice(ReplacingDisk(), tmp_path)


@pytest.mark.parametrize("disk", [Disk(), LinklessDisk()], ids=["links", "no links"])
def test_a_free_name_is_given(tmp_path: Path, disk: Disk) -> None:
    write_flushed(disk, tmp_path / "a", b"bytes")
    place_new(disk, tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"bytes"


def test_short_and_interrupted_writes_are_continued(tmp_path: Path) -> None:
    data = bytes(range(256)) * 3
    disk = DroppingDisk()
    write_flushed(disk, tmp_path / "file", data)
    assert (tmp_path / "file").read_bytes() == data
    assert disk.calls > len(data) // 7


def test_a_disk_that_writes_nothing_is_an_error_and_no_endless_loop(tmp_path: Path) -> None:
    class StuckDisk(Disk):
        def write(self, descriptor: int, data: memoryview) -> int:
            return 0

    with pytest.raises(OSError, match="wrote nothing"):
        write_flushed(StuckDisk(), tmp_path / "file", b"x")


def test_a_file_is_flushed_before_it_is_named_and_its_folder_after_it(tmp_path: Path) -> None:
    disk = WatchedDisk()
    create_durably(disk, tmp_path / "state.json", b"{}")
    assert disk.names() == ["create", "write", "flush", "close", "link", "unlink", "flush_folder"]
    assert files_under(tmp_path) == {"state.json"}


@pytest.mark.parametrize("write", [create_durably, replace_durably])
def test_a_failure_at_any_call_leaves_a_whole_file_or_none(tmp_path: Path, write: object) -> None:
    assert callable(write)
    watched = WatchedDisk()
    write(watched, tmp_path / "watched", b"new")
    for number in range(len(watched.log)):
        target = tmp_path / f"file-{number}"
        with pytest.raises(OSError, match="injected"):
            write(failing_at(number), target, b"new")
        assert not target.exists() or target.read_bytes() == b"new"


def test_a_failed_flush_is_never_tried_again_on_the_same_file(tmp_path: Path) -> None:
    disk = failing_at(2)
    with pytest.raises(OSError, match="injected into flush"):
        write_flushed(disk, tmp_path / "file", b"x")
    assert disk.names().count("flush") == 1


def test_replacing_leaves_the_old_bytes_or_the_new_ones(tmp_path: Path) -> None:
    target = tmp_path / "item.json"
    for number in range(6):
        target.write_bytes(b"old")
        with pytest.raises(OSError, match="injected"):
            replace_durably(failing_at(number), target, b"new")
        assert target.read_bytes() in (b"old", b"new")


def test_every_folder_on_the_way_is_made_and_flushed_in_its_parent(tmp_path: Path) -> None:
    for _ in range(2):  # a folder that exists may never have been flushed by who made it
        disk = WatchedDisk()
        folder = make_folders(disk, tmp_path, PurePosixPath("a/b/c"))
        assert folder == tmp_path / "a" / "b" / "c"
        flushed = [arguments[0] for name, arguments in disk.log if name == "flush_folder"]
        assert flushed == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]


def test_a_missing_root_is_never_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        make_folders(Disk(), tmp_path / "missing", PurePosixPath("a"))
    assert not (tmp_path / "missing").exists()


def test_a_lock_is_held_by_one_and_free_after_it_is_retired(tmp_path: Path) -> None:
    held = try_lock(tmp_path / "x.lock")
    assert held is not None
    assert try_lock(tmp_path / "x.lock") is None
    retire_lock(held)
    again = try_lock(tmp_path / "x.lock")
    assert again is not None
    again.release()


def test_a_lock_is_free_when_its_holder_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    program = (
        "import sys; from pathlib import Path; from data.files import try_lock\n"
        "lock = try_lock(Path(sys.argv[1])); print('held' if lock else 'free', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert try_lock(path) is None
        holder.kill()
    lock = try_lock(path)
    assert lock is not None
    lock.release()
