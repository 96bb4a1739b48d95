"""How many files of a backlog go together: more while the share is quick, fewer over a thin line."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from data.delivery import BYTES_A_FILE, FIRST_BATCH, LEAST_IN_BATCH, MOST_IN_BATCH, Memory, deliver
from data.files import Disk
from data.layout import canonical_name, episode_folder
from data.outbox import Item, Outbox
from data.receipts import Level
from data.shares.folder_share import FolderShare
from data.shares.share import Order, Outcome
from data.station import open_station
from tests.support.disks import QuickDisk
from tests.support.stations import make_terms

NOW = 1_800_000_000.0


class Counting(FolderShare):
    """A share that notes how many files came at once, and whose batches take as long as told, by a clock of its own."""

    def __init__(self, root: Path, seconds: Sequence[float] = ()) -> None:
        super().__init__(root, QuickDisk())
        self.counts: list[int] = []
        self.now = 0.0
        self._seconds = iter(seconds)

    def store_many(self, orders: Sequence[Order], owner: str) -> list[Outcome]:
        self.counts.append(len(orders))
        self.now += next(self._seconds, 0.0)
        return super().store_many(orders, owner)

    def store(self, relative: str, source: Path, sha256: str, owner: str) -> Level:
        self.counts.append(1)
        self.now += next(self._seconds, 0.0)
        return super().store(relative, source, sha256, owner)


def waiting(home: Path, count: int, size: int = 100) -> None:
    """So many files that wait in an outbox."""
    disk: Disk = QuickDisk()
    station, outbox = open_station(home, "file:///chosen-by-the-test", disk), Outbox(home, disk)
    for number in range(count):
        data = number.to_bytes(4, "big") * (size // 4)
        digest = sha256(data).hexdigest()
        terms = make_terms(number)
        path = station.episodes / episode_folder(terms) / canonical_name(terms, digest)
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        outbox.queue(Item(str(path.relative_to(station.episodes)), digest, len(data), "file:///chosen-by-the-test"))


def memory_of(home: Path, share: Counting) -> Memory:
    """A courier's memory that goes by the share's clock."""
    return Memory(home, QuickDisk(), lambda: share.now)


def counts(tmp_path: Path, seconds: Sequence[float] = ()) -> list[int]:
    """How many files went at once, batch by batch, until none is left; each takes so many seconds, the rest none."""
    FolderShare.create(tmp_path / "share", QuickDisk())
    share, home = Counting(tmp_path / "share", seconds), tmp_path / "home"
    report = deliver(home, now=NOW, disk=QuickDisk(), open_share=lambda _url: share, memory=memory_of(home, share))
    assert not report.waiting, report.trouble
    assert len(report.delivered) == sum(share.counts)
    return share.counts


def test_a_quick_share_gets_more_and_more_files_at_once(tmp_path: Path) -> None:
    waiting(tmp_path / "home", 7 * FIRST_BATCH)
    assert counts(tmp_path) == [FIRST_BATCH, 2 * FIRST_BATCH, 4 * FIRST_BATCH]


def test_over_a_thin_line_batches_shrink_and_grow_again(tmp_path: Path) -> None:
    """One that takes a minute would be taken for a share that hangs, and nothing of it would have got its name."""
    waiting(tmp_path / "home", 60)
    assert counts(tmp_path, [30.0, 30.0, 30.0, 3.0, 0.5]) == [16, 8, LEAST_IN_BATCH, 4, 4, 8, 16]


def test_large_files_make_small_batches_and_one_that_is_larger_goes_alone(tmp_path: Path) -> None:
    waiting(tmp_path / "home", 12, size=3 * FIRST_BATCH * BYTES_A_FILE // 10)  # three fill a first batch
    assert counts(tmp_path) == [3, 6, 1, 1, 1], "and the last few are no backlog"


def test_the_largest_batch_is_bounded_however_quick_the_share(tmp_path: Path) -> None:
    waiting(tmp_path / "home", 31 * FIRST_BATCH + MOST_IN_BATCH)
    assert counts(tmp_path)[-2:] == [MOST_IN_BATCH, MOST_IN_BATCH]


def test_the_next_pass_knows_how_many_went_at_once(tmp_path: Path) -> None:
    waiting(tmp_path / "home", 7 * FIRST_BATCH)
    FolderShare.create(tmp_path / "share", QuickDisk())
    share = Counting(tmp_path / "share")
    memory = memory_of(tmp_path / "home", share)
    for _ in range(2):
        deliver(
            tmp_path / "home",
            now=NOW,
            disk=QuickDisk(),
            open_share=lambda _url: share,
            limit=3 * FIRST_BATCH,
            memory=memory,
        )
    assert share.counts == [FIRST_BATCH, 2 * FIRST_BATCH, 3 * FIRST_BATCH]


def test_what_a_pass_left_is_what_lies_in_the_outbox(tmp_path: Path) -> None:
    waiting(tmp_path / "home", 12)
    FolderShare.create(tmp_path / "share", QuickDisk())
    names = [item.name for item in Outbox(tmp_path / "home").waiting()]
    (tmp_path / "home" / "episodes" / Outbox(tmp_path / "home").waiting()[3].file).write_bytes(b"altered")
    report = deliver(
        tmp_path / "home",
        (tmp_path / "share").as_uri(),
        now=NOW,
        disk=QuickDisk(),
        only=set(names[:8]),
    )
    assert len(report.delivered) == 7
    left = [(item.name, item.state, item.reason) for item in Outbox(tmp_path / "home").waiting()]
    assert [(item.name, item.state, item.reason) for item in report.waiting] == left
    assert len(left) == 5
