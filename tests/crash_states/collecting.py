"""What a collector does between a message and its answer, as protocols: its promise is the receipt that it gives."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from data.collector.incoming import Incoming
from data.collector.messages import Chunk, Have, Receipt, Reply
from data.collector.place import CollectorPlace
from data.collector.vault import Candidate, Vault
from data.files import Disk
from data.station import Station
from tests.crash_states.trace import Stored, Trace
from tests.support.collecting import whole
from tests.support.disks import Died

CHUNK: Final = 1000
"""Bytes: an episode of the protocols has a few thousand."""
SENDERS: Final = ("pc-1", "pc-2")


@contextmanager
def vault(trace: Trace, disk: Disk) -> Iterator[tuple[Vault, Incoming]]:
    """A collector's disk, one call after the other: what runs beside what must not depend on the day."""
    place = CollectorPlace(trace.share)
    incoming = Incoming(place, disk)
    opened = Vault(place, disk, incoming, lambda alarm: None, threads=1)
    try:
        yield opened, incoming
    finally:
        opened.close()


def prepare(root: Path) -> None:
    """The folders of a collector that has started: they were flushed by then."""
    for folder in CollectorPlace(root / "share").folders:
        folder.mkdir()


def files_of(trace: Trace, home: str = "left") -> dict[str, bytes]:
    """What a station would send, by path in the share."""
    episodes = Station(trace.root / home).episodes
    return {
        path.relative_to(episodes).as_posix(): path.read_bytes()
        for path in sorted(episodes.rglob("*"))
        if path.is_file()
    }


def candidates(files: dict[str, bytes], station: str = SENDERS[0]) -> list[Candidate]:
    return [Candidate(station, *_named(path, data)) for path, data in files.items()]


def _named(path: str, data: bytes) -> tuple[str, bytes, bytes]:
    return path, whole(path, data).sha256, data


def promise(trace: Trace, replies: list[Reply]) -> None:
    for reply in replies:
        if isinstance(reply, Receipt):
            trace.promise(Stored(f"share/{reply.path}", reply.sha256.hex()))


def collect(trace: Trace) -> None:
    """All files of an episode in one turn."""
    with vault(trace, trace.disk) as (opened, _):
        replies, _ = opened.store(candidates(files_of(trace)))
        assert all(isinstance(reply, Receipt) for reply in replies), replies
        promise(trace, replies)


def collect_from_both(trace: Trace) -> None:
    """Both seats' files in one turn, the canonical one twice; then one of them once more."""
    with vault(trace, trace.disk) as (opened, _):
        left, right = (
            candidates(files_of(trace, home), pc) for home, pc in zip(("left", "right"), SENDERS, strict=True)
        )
        for turn in ([*left, *right], left[:1]):
            replies, _ = opened.store(turn)
            assert all(isinstance(reply, Receipt) for reply in replies), replies
            promise(trace, replies)


def collect_chunks(trace: Trace) -> None:
    """A file in several chunks, each made durable, and then given its name."""
    path, data = max(files_of(trace).items(), key=lambda item: len(item[1]))
    digest = whole(path, data).sha256
    with vault(trace, trace.disk) as (opened, incoming):
        incoming.make_folder(SENDERS[0])
        for start in range(0, len(data), CHUNK):
            part = data[start : start + CHUNK]
            have = incoming.append(SENDERS[0], Chunk(path, digest, len(data), start, part))
            assert have == Have(start + len(part), b"")
        part_path = incoming.path(SENDERS[0], digest)
        replies, _ = opened.store([Candidate(SENDERS[0], path, digest, part_path.read_bytes(), part_path)])
        assert isinstance(replies[0], Receipt), replies
        promise(trace, replies)


def collect_killed_collect(trace: Trace, number: int) -> None:
    """A collector dies while it stores; the next one clears up and stores all of it; then the power goes."""
    from tests.crash_states.protocols import dying_at
    from tests.crash_states.trace import nobody_else

    dying_at(trace, number)
    with suppress(Died):
        collect(trace)
    trace.disk.before = nobody_else
    with vault(trace, trace.disk) as (_, incoming):
        incoming.clear()
    collect(trace)
