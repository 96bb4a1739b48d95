from pathlib import Path

from data.files import Disk
from data.free_space import bytes_needed, missing_space


class SmallDisk(Disk):
    def __init__(self, free: int) -> None:
        self._free = free

    def free_bytes(self, path: Path) -> int:
        assert path.exists()
        return self._free


def test_a_session_that_fits_has_nothing_to_say(tmp_path: Path) -> None:
    home = tmp_path / "not" / "yet"
    assert missing_space(home, 2, 1800, SmallDisk(bytes_needed(2, 1800))) == ""
    assert missing_space(tmp_path, 1, 1) == ""


def test_a_session_that_does_not_fit_is_told_in_megabytes(tmp_path: Path) -> None:
    words = missing_space(tmp_path, 100, 36_000, SmallDisk(1_000_000))
    assert "1 MB free" in words
    assert "3,7" in words


def test_a_longer_session_needs_more() -> None:
    assert bytes_needed(1, 1800) < bytes_needed(2, 1800) < bytes_needed(2, 3600)
