import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from data.files import Disk
from data.receipts import Level
from data.shares.folder_share import MARK_NAME, FolderShare
from data.shares.share import LocalCorruptError, ShareBlockedError, ShareConflictError, open_share, share_address
from tests.support.disks import Died, LyingDisk, WatchedDisk, dying_at, failing_at
from tests.support.stations import files_under

DATA = bytes(range(256)) * 40
SHA = sha256(DATA).hexdigest()
STEM = "dyad-012_ses-01_run-00c0ffee00c0ffee_ep-001"
NAME = f"pilot/dyad-012/ses-01_run-00c0ffee00c0ffee/ep-001/{STEM}_canonical_{SHA[:8]}.dyad"
OWNER = "0123456789abcdef"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "share"
    root.mkdir()
    return root


def test_a_stored_file_lies_under_its_name_and_nothing_else_does(root: Path, source: Path) -> None:
    assert FolderShare(root).store(NAME, source, SHA, OWNER) is Level.STORED
    assert (root / NAME).read_bytes() == DATA
    assert files_under(root) == {NAME}


def test_bytes_names_and_folders_are_flushed_in_the_order_that_survives_a_server(root: Path, source: Path) -> None:
    disk = WatchedDisk()
    FolderShare(root, disk).store(NAME, source, SHA, OWNER)
    names = [name for name in disk.names() if name != "make_folder"]
    assert names == [
        *["flush_folder"] * 4,  # each new folder in its parent
        "create",
        "write",
        "flush",
        "close",
        "link",
        "unlink",
        "open_existing",  # the final name, opened anew
        "flush",
        "close",
        "flush_folder",
    ]
    assert disk.log[-4][1] == (root / NAME,)


def test_storing_again_only_proves(root: Path, source: Path) -> None:
    FolderShare(root).store(NAME, source, SHA, OWNER)
    disk = WatchedDisk()
    assert FolderShare(root, disk).store(NAME, source, SHA, "another station") is Level.STORED
    assert "write" not in disk.names()
    assert disk.names()[-4:] == ["open_existing", "flush", "close", "flush_folder"]


# -- laws, each with a mutant ------------------------------------------------------------------------------------------


def check_that_nothing_is_overwritten(share: FolderShare, source: Path) -> None:
    target = share.root / NAME
    target.parent.mkdir(parents=True)
    target.write_bytes(b"what somebody else has put there")
    with pytest.raises(ShareConflictError):
        share.store(NAME, source, SHA, OWNER)
    assert target.read_bytes() == b"what somebody else has put there"


def check_that_a_lie_is_not_acknowledged(share: FolderShare, source: Path) -> None:
    with pytest.raises(ShareConflictError, match="other bytes"):
        share.store(NAME, source, SHA, OWNER)


class OverwritingShare(FolderShare):
    """The mutant: a plain rename over the final name."""

    def _store(self, relative: PurePosixPath, data: bytes, sha256: str, owner: str) -> Level:
        (self.root / relative).write_bytes(data)
        return Level.STORED


class TrustingShare(FolderShare):
    """The mutant: acknowledges without reading back."""

    def _store(self, relative: PurePosixPath, data: bytes, sha256: str, owner: str) -> Level:
        target = self.root / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        self._place(target.with_suffix(".tmp"), target, data)
        return Level.STORED


def test_nothing_is_ever_overwritten(root: Path, source: Path) -> None:
    check_that_nothing_is_overwritten(FolderShare(root), source)


def test_the_mutant_that_overwrites_is_caught(root: Path, source: Path) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check_that_nothing_is_overwritten(OverwritingShare(root), source)


def flipped(path: Path, data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:] if path.suffix == ".dyad" else data


def test_a_share_that_gives_other_bytes_back_is_not_believed(root: Path, source: Path) -> None:
    check_that_a_lie_is_not_acknowledged(FolderShare(root, LyingDisk(flipped)), source)


def test_the_mutant_that_does_not_read_back_is_caught(root: Path, source: Path) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check_that_a_lie_is_not_acknowledged(TrustingShare(root, LyingDisk(flipped)), source)


def test_two_stations_that_store_the_same_file_at_once_both_get_proof(root: Path, source: Path) -> None:
    partner = FolderShare(root)

    def before(number: int, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "link":
            assert partner.store(NAME, source, SHA, "partner") is Level.STORED

    assert FolderShare(root, WatchedDisk(before)).store(NAME, source, SHA, OWNER) is Level.STORED
    assert files_under(root) == {NAME}


def test_a_source_that_has_changed_is_not_stored(root: Path, source: Path) -> None:
    source.write_bytes(DATA + b"!")
    with pytest.raises(LocalCorruptError, match="changed"):
        FolderShare(root).store(NAME, source, SHA, OWNER)
    source.unlink()
    with pytest.raises(LocalCorruptError, match="cannot be read"):
        FolderShare(root).store(NAME, source, SHA, OWNER)
    assert files_under(root) == set()


# -- every call fails once ---------------------------------------------------------------------------------------------


def calls(root: Path, source: Path) -> int:
    disk = WatchedDisk()
    FolderShare(root, disk).store(NAME, source, SHA, OWNER)
    shutil.rmtree(root)
    return len(disk.log)


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EROFS, errno.ESTALE, errno.ENOENT])
def test_a_failure_at_any_call_blocks_in_words_and_a_later_try_succeeds(root: Path, source: Path, code: int) -> None:
    for number in range(calls(root, source)):
        root.mkdir()
        with pytest.raises(ShareBlockedError, match=str(root)):
            FolderShare(root, failing_at(number, code)).store(NAME, source, SHA, OWNER)
        assert not (root / NAME).exists() or (root / NAME).read_bytes() == DATA
        assert FolderShare(root).store(NAME, source, SHA, OWNER) is Level.STORED
        assert files_under(root) == {NAME}
        shutil.rmtree(root)


def test_a_courier_that_dies_at_any_call_leaves_no_torn_file_and_its_next_run_clears_up(
    root: Path, source: Path
) -> None:
    for number in range(calls(root, source)):
        root.mkdir()
        with pytest.raises(Died):
            FolderShare(root, dying_at(number)).store(NAME, source, SHA, OWNER)
        assert not (root / NAME).exists() or (root / NAME).read_bytes() == DATA
        FolderShare(root).store(NAME, source, SHA, OWNER)
        assert files_under(root) == {NAME}, number
        shutil.rmtree(root)


def test_another_stations_temporary_file_is_left_alone(root: Path, source: Path) -> None:
    theirs = root / Path(NAME).parent / f".{Path(NAME).name}.another.tmp"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"half of")
    FolderShare(root).store(NAME, source, SHA, OWNER)
    assert theirs.read_bytes() == b"half of"


# -- what a share may be -----------------------------------------------------------------------------------------------


def test_a_good_folder_is_probed_marked_once_and_left_clean(root: Path) -> None:
    first, second = FolderShare(root).probe(OWNER), FolderShare(root).probe(OWNER)
    assert (first.level, first.share_id) == (Level.STORED, second.share_id)
    assert files_under(root) == {MARK_NAME}
    assert FolderShare(root).identify().share_id == first.share_id


def test_what_a_crash_left_of_a_mark_is_cleared_by_the_next_probe(root: Path) -> None:
    disk = WatchedDisk()
    FolderShare(root, disk).probe(OWNER)
    for number in range(len(disk.log)):
        shutil.rmtree(root)
        root.mkdir()
        with pytest.raises(Died):
            FolderShare(root, dying_at(number)).probe(OWNER)
        FolderShare(root).probe(OWNER)
        assert files_under(root) == {MARK_NAME}, number


def test_created_shares_keep_their_mark(root: Path) -> None:
    mark = FolderShare.create(root / "new" / "share").identify()
    assert mark.share_id
    assert FolderShare.create(root / "new" / "share").identify() == mark


def test_two_copies_of_one_home_never_give_each_others_half_a_file_its_final_name(root: Path, source: Path) -> None:
    """A home was copied to another machine, id and all, and both deliver at once: at each call of one, the other."""
    for number in range(len(stored_log(root.parent / "watched", source))):
        there = root.parent / f"share-{number}"
        there.mkdir()
        seen = store_beside_a_copy(there, source, number)
        assert seen <= {DATA}, number
        assert FolderShare(there).store(NAME, source, SHA, OWNER) is Level.STORED
        assert files_under(there) == {NAME}, number


def store_beside_a_copy(there: Path, source: Path, number: int) -> set[bytes]:
    """Store a file; at the call of this number the copy does too. All that ever had the final name."""
    seen: set[bytes] = set()

    def before(count: int, name: str, arguments: tuple[Any, ...]) -> None:
        if count == number:
            FolderShare(there).store(NAME, source, SHA, OWNER)
        seen.update(path.read_bytes() for path in there.rglob("*.dyad"))

    with suppress(ShareBlockedError):  # one of them may have to try again
        FolderShare(there, WatchedDisk(before)).store(NAME, source, SHA, OWNER)
    return seen


def stored_log(root: Path, source: Path) -> list[tuple[str, tuple[Any, ...]]]:
    root.mkdir()
    disk = WatchedDisk()
    FolderShare(root, disk).store(NAME, source, SHA, OWNER)
    return disk.log


def test_a_missing_share_is_never_made(tmp_path: Path, source: Path) -> None:
    share = FolderShare(tmp_path / "missing")
    with pytest.raises(ShareBlockedError, match="not there"):
        share.identify()
    with pytest.raises(ShareBlockedError, match="not there"):
        share.probe(OWNER)
    with pytest.raises(ShareBlockedError, match="not there"):
        share.store(NAME, source, SHA, OWNER)
    assert not share.root.exists()


def test_a_file_in_a_shares_place_is_named_as_such_and_kept(tmp_path: Path, source: Path) -> None:
    (tmp_path / "share").write_text("mine")
    with pytest.raises(ShareBlockedError, match="a file in its place"):
        FolderShare(tmp_path / "share").probe(OWNER)
    with pytest.raises(ShareBlockedError, match="a file in its place"):
        FolderShare(tmp_path / "share").store(NAME, source, SHA, OWNER)
    assert (tmp_path / "share").read_text() == "mine"


def test_a_file_in_a_study_folders_place_blocks_in_words(root: Path, source: Path) -> None:
    (root / "pilot").write_text("mine")
    with pytest.raises(ShareBlockedError, match="a file where a folder should be"):
        FolderShare(root).store(NAME, source, SHA, OWNER)


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.EROFS, "read-only"), (errno.EACCES, "may not write"), (errno.ENOSPC, "full"), (errno.EIO, "input/output")],
)
def test_what_a_share_refuses_is_said_in_words(root: Path, code: int, words: str) -> None:
    with pytest.raises(ShareBlockedError, match=words):
        FolderShare(root, failing_at(0, code)).probe(OWNER)


def test_a_share_without_space_is_full_before_it_is_tried(root: Path) -> None:
    class FullDisk(WatchedDisk):
        def free_bytes(self, path: Path) -> int:
            return 10

    disk = FullDisk()
    with pytest.raises(ShareBlockedError, match="full"):
        FolderShare(root, disk).probe(OWNER)
    assert disk.log == []


def test_a_share_that_would_overwrite_is_refused_by_the_probe(root: Path) -> None:
    class CarelessDisk(Disk):
        def link(self, source: Path, target: Path) -> None:
            source.replace(target)

    class ShruggingDisk(Disk):
        def create(self, path: Path) -> int:
            return os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)

    for disk in (CarelessDisk(), ShruggingDisk()):
        with pytest.raises(ShareBlockedError, match="overwrite"):
            FolderShare(root, disk).probe(OWNER)


def test_a_share_that_gives_back_other_bytes_is_refused_by_the_probe(root: Path) -> None:
    with pytest.raises(ShareBlockedError, match="other bytes"):
        FolderShare(root, LyingDisk(lambda path, data: data[:-1])).probe(OWNER)


@pytest.fixture
def read_only(root: Path) -> Iterator[Path]:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", root], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"mounting is not permitted here: {mounted.stderr.decode().strip()}")
    yield root
    subprocess.run(["umount", root], check=True)


@pytest.mark.skipif(shutil.which("mount") is None, reason="this system has no mount command")
def test_a_share_that_is_really_mounted_read_only_blocks_in_words(read_only: Path, source: Path) -> None:
    with pytest.raises(ShareBlockedError, match=r"read-only|full"):
        FolderShare(read_only).probe(OWNER)
    with pytest.raises(ShareBlockedError, match="read-only"):
        FolderShare(read_only).store(NAME, source, SHA, OWNER)


def test_a_share_is_opened_by_path_or_file_url(root: Path) -> None:
    spaced = root / "a b"
    for address in (str(spaced), spaced.as_uri(), f"file://localhost{spaced.as_posix().replace(' ', '%20')}"):
        share = open_share(address)
        assert isinstance(share, FolderShare)
        assert share.root == spaced
    assert open_share(open_share(str(spaced)).url).url == spaced.as_uri()


@pytest.mark.parametrize("address", ["", "s3://bucket/lab", "https://example.org/x", "ftp://example.org"])
def test_another_kind_of_address_is_refused_in_words(address: str) -> None:
    with pytest.raises(ValueError, match="expected a folder or a URL"):
        open_share(address)


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(ValueError, match=r"ftp://ada:\.\.\.@example") as told:
        open_share("ftp://ada:sesame@example.org/lab")
    assert "sesame" not in str(told.value)


def test_an_address_stands_in_items_in_a_form_that_no_current_folder_changes(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    assert share_address("lab") == str(root / "lab")
    assert share_address("file:lab") == (root / "lab").as_uri()
    assert share_address("a:b") == str(root / "a:b")


def test_a_share_tells_the_hash_of_what_lies_there_now(root: Path, source: Path) -> None:
    share = FolderShare(root)
    assert share.sha256_of(NAME) is None
    share.store(NAME, source, SHA, OWNER)
    assert share.sha256_of(NAME) == SHA
    (root / NAME).write_bytes(b"changed")
    assert share.sha256_of(NAME) == sha256(b"changed").hexdigest()
