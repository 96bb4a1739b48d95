"""A collector and its stations on this machine: keys, files to send, a collector in a thread with a real socket."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from data.collector.collector import Collector, Message
from data.collector.keys import AllowList, load_collector_keys, make_collector_keys
from data.collector.messages import Chunk, Reply, Request, decode_reply, encode
from data.collector.place import OWN_FOLDER
from data.collector.router import CollectorSocket
from data.collector.service import serve
from data.collector.share import CollectorShare
from data.layout import Kind, episode_folder, seat_name
from data.local_format import LocalEncoder
from data.shares.folder_share import MARK_NAME
from games.contract import Seat
from tests.support.stations import files_under, local_header
from tests.support.synthetic import Plan, Played, play_bots, synthetic_terms, write_episode

STATION = "left-pc"
FRAMES = 60


def played(number: int = 0, episodes: int = 20, frames: int = FRAMES) -> Played:
    return play_bots(synthetic_terms(Plan(episodes=episodes, frames=frames), number))


def episode_files(folder: Path, episode: Played, seats: Sequence[Seat] = tuple(Seat)) -> dict[str, bytes]:
    """What the stations of these seats would send of an episode, by path in the share; the canonical file first."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in write_episode(folder, episode, seats)}


def large_file(episode: Played, size: int) -> tuple[str, bytes]:
    """A legal local file of at least so many bytes, and its path."""
    encoder = LocalEncoder(local_header(episode.terms, Seat.LEFT))
    parts = [encoder.start()]
    while sum(map(len, parts)) < size:
        for frame in range(4000):
            encoder.add("focus", len(parts) * 1_000_003 + frame * 7919, frame % 2 == 0, frame)
        parts.append(encoder.flush())
    parts.append(encoder.end({"rollbacks": 1}))
    data = b"".join(parts)
    return (
        f"{episode_folder(episode.terms)}/{seat_name(episode.terms, Seat.LEFT, Kind.LOCAL, sha256(data).hexdigest())}",
        data,
    )


def whole(path: str, data: bytes) -> Chunk:
    """A file in one message."""
    return Chunk(path, sha256(data).digest(), len(data), 0, data)


def ask(collector: Collector, *requests: Request, station: str = STATION, now: float = 0.0) -> list[Reply]:
    """The answers to questions that arrived in one turn, in their order."""
    messages = [Message(station, b"route", encode(request, number)) for number, request in enumerate(requests)]
    replies = dict(reversed(decode_reply(answer.data)) for answer in collector.turn(messages, now))
    return [replies[number] for number in range(len(requests))]  # type: ignore[index]  # (number, reply), turned round


def stored(root: Path) -> dict[str, bytes]:
    """Every file at the share that is data."""
    names = {name for name in files_under(root) if not name.startswith(OWN_FOLDER) and name != MARK_NAME}
    return {name: (root / name).read_bytes() for name in names if not name.endswith("SHA256SUMS")}


def quarantined(root: Path) -> dict[str, bytes]:
    folder = root / OWN_FOLDER / "quarantine"
    return {name: (folder / name).read_bytes() for name in files_under(folder)}


def alarms(root: Path) -> list[str]:
    return sorted(files_under(root / OWN_FOLDER / "alarms"))


def make_keys(folder: Path, *stations: str) -> Path:
    """Keys of a collector and these stations, and the folder that they are in."""
    make_collector_keys(folder, list(stations or (STATION,)))
    return folder


@contextmanager
def running(root: Path, keys: Path, address: str = "tcp://127.0.0.1:*") -> Iterator[CollectorSocket]:
    """A collector that serves in a thread while the block runs; it checks nothing in the background."""
    with serving(Collector(root, jobs=0), keys, address) as socket:
        yield socket


@contextmanager
def serving(collector: Collector, keys: Path, address: str = "tcp://127.0.0.1:*") -> Iterator[CollectorSocket]:
    """This collector, serving in a thread while the block runs."""
    loaded = load_collector_keys(keys)
    socket = CollectorSocket(address, loaded)
    stop = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with collector:
                serve(collector, socket, AllowList(keys, loaded.stations), stop)
        except BaseException as error:  # told to the test, which is another thread
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield socket
    finally:
        stop.set()
        thread.join()
        socket.close()
    assert not failures, failures


def url(socket: CollectorSocket, keys: Path, station: str = STATION) -> str:
    """The address that a station names the collector by."""
    return f"{socket.address.replace('tcp:', 'collector:')}?keys={keys / f'station-{station}'}"


@contextmanager
def share_of(address: str) -> Iterator[CollectorShare]:
    share = CollectorShare(address)
    try:
        yield share
    finally:
        share.close()
