"""`dyadgrid share probe`: what a share cannot do is found one by one, and said in words; nothing is left there."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from client.commands.share import probe_share
from data.files import Disk
from data.receipts import Level
from data.shares.examination import Examination, examine
from data.shares.folder_share import FolderShare
from data.shares.mounts import Mount, mount_of
from tests.support.disks import LyingDisk, QuickDisk, WatchedDisk, failing_at
from tests.support.stations import files_under


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "share"
    root.mkdir()
    return root


def missing(found: Examination) -> list[str]:
    return [ability.name for ability in found.abilities if ability.is_there is False]


def test_a_good_folder_can_everything_and_is_left_as_it_was(root: Path) -> None:
    (root / "theirs").write_text("theirs")
    found = examine(FolderShare(root, QuickDisk()))
    assert found.is_usable
    assert all(ability.is_there for ability in found.abilities)
    assert found.level is Level.SETTLED
    assert found.pace is not None
    assert found.pace.files_a_second > 0
    assert files_under(root) == {"theirs"}


class CarelessDisk(QuickDisk):
    def link(self, source: Path, target: Path) -> None:
        source.replace(target)


class ShruggingDisk(QuickDisk):
    def create(self, path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)


class FullDisk(QuickDisk):
    def free_bytes(self, path: Path) -> int:
        return 10


@pytest.mark.parametrize(
    ("disk", "name", "words"),
    [
        (CarelessDisk(), "rename_no_replace", "would lose data"),
        (ShruggingDisk(), "exclusive_create", "created the file once more"),
        (LyingDisk(lambda path, data: data[:-1]), "read_back", "4 other bytes"),
        (FullDisk(), "space", "10 bytes are left"),
    ],
)
def test_what_a_share_cannot_do_is_named_and_the_rest_is_not_tried(
    root: Path, disk: Disk, name: str, words: str
) -> None:
    found = examine(FolderShare(root, disk))
    assert missing(found) == [name]
    assert words in found.trouble
    names = [ability.name for ability in found.abilities]
    assert all(ability.is_there is None for ability in found.abilities[names.index(name) + 1 :])
    assert files_under(root) == set()


def test_whatever_call_fails_the_share_is_not_usable_and_the_words_say_why(root: Path) -> None:
    disk = WatchedDisk()
    assert examine(FolderShare(root, disk)).is_usable
    closing = [number for number, (name, _) in enumerate(disk.log) if name in ("unlink", "remove_folder")]
    for number in sorted({*range(len(disk.log))} - {*closing}):
        found = examine(FolderShare(root, failing_at(number, errno.EROFS)))
        assert not found.is_usable, disk.log[number]
        assert "read-only" in found.trouble


def test_a_share_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert probe_share(str(tmp_path / "missing"), as_json=False) == 1
    assert "is it mounted?" in capsys.readouterr().out
    assert not (tmp_path / "missing").exists()


def test_the_command_says_it_all_to_people_and_to_programs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert probe_share(str(root), as_json=True) == 0
    told = capsys.readouterr()
    found: dict[str, Any] = json.loads(told.out)
    assert (found["usable"], found["level"], found["url"]) == (True, 2, root.as_uri())
    assert {ability["name"] for ability in found["abilities"]} >= {"exclusive_create", "rename_no_replace", "flush"}
    assert "Usable. It can reach level 2" in told.err
    assert files_under(root) == set()


MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
40 22 0:35 / /mnt/our\040lab rw,relatime shared:2 master:1 - nfs4 nas:/export/lab rw,vers=4.2
41 22 0:36 / /mnt/over rw - tmpfs below rw
42 22 0:37 / /mnt/over rw - fuse.sshfs ada@nas:/lab rw
"""


def test_what_a_folder_lies_on_is_told(tmp_path: Path) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(MOUNTS)
    assert mount_of(Path("/mnt/our lab/2026"), mountinfo) == Mount(Path("/mnt/our lab"), "nfs4", "nas:/export/lab")
    assert str(mount_of(Path("/mnt/our lab/2026"), mountinfo)) == "a folder mounted from nas:/export/lab (nfs4)"
    assert str(mount_of(Path("/mnt"), mountinfo)) == "a folder of this machine (ext4 on /dev/vda1)"
    assert str(mount_of(Path("/mnt/over"), mountinfo)) == "a folder mounted from ada@nas:/lab (fuse.sshfs)"
    assert mount_of(Path("/"), tmp_path / "none") is None
