"""A station and its collector over a real socket: what arrives, who may speak, and what a station is told."""

import multiprocessing
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
import zmq
import zmq.auth

from data.collector.collector import Answer, Collector
from data.collector.keys import (
    AllowList,
    CollectorKeys,
    CollectorKeysError,
    load_collector_keys,
    load_station_keys,
    make_collector_keys,
)
from data.collector.line import Line, LineError
from data.collector.messages import CHUNK_BYTES, Chunk, Hello, Welcome
from data.collector.router import CollectorSocket, CollectorSocketError
from data.collector.share import CollectorShare
from data.delivery import deliver, received
from data.outbox import Outbox, State
from data.receipts import Level, Receipts
from data.shares.share import LocalCorruptError, ShareBlockedError, ShareConflictError, open_share
from netcode.address import parse_address
from tests.support.collecting import (
    STATION,
    episode_files,
    large_file,
    make_keys,
    played,
    running,
    serving,
    share_of,
    stored,
    url,
)
from tests.support.command_line import wait_until
from tests.support.stations import record_session

NOW = 1_800_000_000.0


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return make_keys(tmp_path / "keys", STATION, "right-pc")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "share"


def test_a_station_s_whole_outbox_leaves_it_against_receipts_of_level_3(tmp_path: Path, root: Path, keys: Path) -> None:
    home = tmp_path / "left"
    with running(root, keys) as there:
        record_session(home, url(there, keys), episodes=3)
        waiting = Outbox(home).waiting()
        report = deliver(home, now=NOW)
        assert (report.waiting, report.trouble) == ((), ())
        found = {receipt.file: receipt for receipt in Receipts(home).all()}
        assert {receipt.level for receipt in found.values()} == {Level.COLLECTED}
        assert {item.state for item in Outbox(home).items()} == {State.COLLECTED}
        assert set(found) == {item.file for item in waiting}
        assert all(received(home, item) for item in waiting)
    assert {path: sha256(data).hexdigest() for path, data in stored(root).items()} == {
        receipt.file: receipt.sha256 for receipt in found.values()
    }


def test_a_collector_hears_what_a_station_still_holds(tmp_path: Path, root: Path, keys: Path) -> None:
    home = tmp_path / "left"
    collector = Collector(root, jobs=0)
    with serving(collector, keys) as there:
        record_session(home, url(there, keys), episodes=2)
        waiting = Outbox(home).waiting()
        report = deliver(home, now=NOW, limit=2)
        assert len(report.delivered) == 2
        tally = collector.desk.tallies[STATION]
        left = sum(item.size for item in report.waiting)
        assert (tally.waiting_files, tally.waiting_bytes) == (len(waiting) - 2, left)
        deliver(home, now=NOW)
        assert (tally.waiting_files, tally.waiting_bytes) == (0, 0)


def test_a_large_file_travels_in_chunks_and_arrives_whole(tmp_path: Path, root: Path, keys: Path) -> None:
    path, data = large_file(played(), 5 * CHUNK_BYTES)
    source = tmp_path / "large"
    source.write_bytes(data)
    with running(root, keys) as there, share_of(url(there, keys)) as share:
        for _ in range(2):
            assert share.store(path, source, sha256(data).hexdigest(), "owner") is Level.COLLECTED
        assert share.sha256_of(path) == sha256(data).hexdigest()
    assert stored(root) == {path: data}


def test_what_does_not_lie_there_has_no_hash(root: Path, keys: Path, tmp_path: Path) -> None:
    path = next(iter(episode_files(tmp_path / "a", played())))
    with running(root, keys) as there, share_of(url(there, keys)) as share:
        assert share.sha256_of(path) is None


def test_a_conflict_and_a_changed_source_are_told_apart(root: Path, keys: Path, tmp_path: Path) -> None:
    path, data = next(iter(episode_files(tmp_path / "a", played()).items()))
    (root / path).parent.mkdir(parents=True)
    (root / path).write_bytes(b"other bytes")
    with running(root, keys) as there, share_of(url(there, keys)) as share:
        with pytest.raises(ShareConflictError, match="other bytes"):
            share.store(path, tmp_path / "a" / path, sha256(data).hexdigest(), "owner")
        with pytest.raises(LocalCorruptError, match="changed"):
            share.store(path, tmp_path / "a" / path, sha256(b"").hexdigest(), "owner")
    assert (root / path).read_bytes() == b"other bytes"


def test_the_share_s_address_is_whole_whatever_the_current_folder_is(
    keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(keys)
    share = open_share(f"collector://lab:5560?keys=station-{STATION}")
    assert share.url == f"collector://lab:5560?keys={keys / f'station-{STATION}'}"
    assert open_share(share.url).url == share.url


@pytest.mark.parametrize(
    "address",
    [
        "collector://lab:5560",
        "collector://lab?keys=k",
        "collector://lab:0?keys=k",
        "collector://lab:5560/folder?keys=k",
        "collector://lab:5560?keys=k&more=1",
        "collector://lab:*?keys=k",
    ],
)
def test_an_address_that_is_not_whole_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        open_share(address)


# --- who may speak, and what a station is told ----------------------------------------------------------------------


def _blocked(address: str) -> str:
    with share_of(address) as share, pytest.raises(ShareBlockedError) as blocked:
        share.identify()
    return str(blocked.value)


def test_a_stranger_s_key_is_refused_and_counted_and_the_station_is_told(
    tmp_path: Path, root: Path, keys: Path
) -> None:
    make_collector_keys(keys, ["new-pc"])
    (keys / "collector" / "stations" / "new-pc.key").unlink()
    with running(root, keys) as there:
        assert "does not know this station's key" in _blocked(url(there, keys, "new-pc"))
        assert there.strangers >= 1
        with share_of(url(there, keys)) as share:
            assert share.identify().share_id
    assert stored(root) == {}


def test_a_station_is_let_in_and_put_out_while_the_collector_runs(root: Path, keys: Path) -> None:
    with running(root, keys) as there:
        make_collector_keys(keys, ["new-pc"])
        wait_until(lambda: "new-pc" in there.stations, "the new station's key")
        address, own = parse_address(there.address, listens=False), load_station_keys(keys / "station-new-pc")
        with Line(address, own) as line:
            assert isinstance(line.ask(Hello("", 0, 0)), Welcome)
            (keys / "collector" / "stations" / "new-pc.key").unlink()
            wait_until(lambda: "new-pc" not in there.stations, "its end")
            with pytest.raises(LineError, match="does not answer"):
                line.ask(Hello("", 0, 0), seconds=0.3)
        assert "does not know this station's key" in _blocked(url(there, keys, "new-pc"))
        with share_of(url(there, keys)) as share:
            assert share.identify().share_id, "the others are in as before"


def test_a_key_that_was_replaced_is_not_heard_although_it_is_in(tmp_path: Path, root: Path, keys: Path) -> None:
    """Whoever has taken a station's old key has no say in that station's name."""
    other = make_keys(tmp_path / "other")
    with running(root, keys) as there:
        address = parse_address(there.address, listens=False)
        with Line(address, load_station_keys(keys / f"station-{STATION}")) as line:
            assert isinstance(line.ask(Hello("", 0, 0)), Welcome)
            new, heard = other / "collector" / "stations" / f"{STATION}.key", there.oddities
            shutil.copy(new, keys / "collector" / "stations" / new.name)
            with pytest.raises(LineError, match="does not answer"):
                _ask_for(10.0, line)  # it takes the collector a second to look at its list
        assert STATION in there.stations
        assert there.oddities > heard


def _ask_for(seconds: float, line: Line) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        line.ask(Hello("", 0, 0), seconds=1.0)


@pytest.mark.parametrize("damage", ["half a key", "folder gone"])
def test_a_list_that_cannot_be_read_changes_nothing_until_it_can(keys: Path, damage: str) -> None:
    allowed = AllowList(keys, load_collector_keys(keys).stations)
    assert not allowed.has_changed()
    before, folder = allowed.stations, keys / "collector" / "stations"
    if damage == "half a key":
        key = zmq.auth.load_certificate(folder / "right-pc.key")[0]
        text = (folder / "right-pc.key").read_text()
        (folder / "late-pc.key").write_text(text[: text.index(key.decode()) + 5])
    else:
        folder.rename(keys / "away")
    assert not allowed.has_changed()
    assert allowed.stations == before
    assert "the list of stations stays as it was" in allowed.trouble
    assert not allowed.has_changed(), "and it is not read again and again"
    if damage == "half a key":
        (folder / "late-pc.key").write_text(text.replace(key.decode(), zmq.curve_keypair()[0].decode()))
    else:
        (keys / "away").rename(folder)
        (folder / "left-pc.key").unlink()
    assert allowed.has_changed()
    assert not allowed.trouble
    there = {"left-pc", "right-pc", "late-pc"} if damage == "half a key" else {"right-pc"}
    assert set(allowed.stations.values()) == there


def test_a_station_with_another_collector_s_key_is_told_so(tmp_path: Path, root: Path, keys: Path) -> None:
    other = make_keys(tmp_path / "other")
    with running(root, keys) as there:
        assert "holds another key than its" in _blocked(url(there, other))


def test_a_station_without_keys_says_which_file_is_missing(tmp_path: Path, keys: Path) -> None:
    words = _blocked(f"collector://127.0.0.1:9?keys={tmp_path / 'none'}")
    assert str(tmp_path / "none" / "station.key_secret") in words


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_nobody_at_the_address_is_told_at_once(keys: Path) -> None:
    words = _blocked(f"collector://127.0.0.1:{_free_port()}?keys={keys / f'station-{STATION}'}")
    assert "no collector listens there" in words


def test_an_unknown_machine_is_told_by_its_name(keys: Path) -> None:
    words = _blocked(f"collector://no-such-machine.invalid:5560?keys={keys / f'station-{STATION}'}")
    assert "no machine of the name no-such-machine.invalid" in words


def test_another_program_at_the_address_is_not_waited_for_for_ever(keys: Path) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        address = parse_address(f"tcp://127.0.0.1:{mute.getsockname()[1]}", listens=False)
        seconds = iter(range(0, 10**6, 3))  # a clock that runs fast: nobody wants to wait for real
        with (
            Line(address, load_station_keys(keys / f"station-{STATION}"), lambda: float(next(seconds))) as line,
            pytest.raises(LineError, match="does not answer"),
        ):
            line.ask(Hello("", 0, 0))


def test_a_collector_that_hangs_is_not_waited_for_for_ever(root: Path, keys: Path) -> None:
    there = CollectorSocket("tcp://127.0.0.1:*", load_collector_keys(keys))  # and nobody who serves it
    seconds = iter(range(0, 10**6, 1))
    try:
        station = load_station_keys(keys / f"station-{STATION}")
        with (
            Line(parse_address(there.address, listens=False), station, lambda: next(seconds) / 2) as line,
            pytest.raises(LineError, match="it is there, and does not answer"),
        ):
            line.ask(Hello("", 0, 0))
    finally:
        there.close()


def test_a_station_hears_when_its_collector_is_gone_in_the_middle_and_finds_it_again(
    root: Path, keys: Path, tmp_path: Path
) -> None:
    with running(root, keys) as there:
        address = there.address
        share = CollectorShare(url(there, keys))
        before = share.identify()
    try:
        with pytest.raises(ShareBlockedError, match=r"broke|no collector listens|does not answer"):
            share.identify()
        with running(root, keys, address):
            assert share.identify() == before
    finally:
        share.close()


def test_an_answer_that_is_none_is_told_and_ends_the_connection(keys: Path) -> None:
    there = CollectorSocket("tcp://127.0.0.1:*", load_collector_keys(keys))
    stop = threading.Event()

    def talk_nonsense() -> None:
        while not stop.is_set():
            for message in there.receive(20):
                there.send(Answer(message.route, b"nonsense"))

    thread = threading.Thread(target=talk_nonsense)
    thread.start()
    try:
        assert "not understood" in _blocked(url(there, keys))
    finally:
        stop.set()
        thread.join()
        there.close()


# --- garbage at the port --------------------------------------------------------------------------------------------


def _knock(address: str, data: bytes) -> None:
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as visitor, suppress(OSError):
        visitor.sendall(data)
        visitor.shutdown(socket.SHUT_WR)
        while visitor.recv(4096):
            pass


def test_garbage_at_the_port_is_counted_and_stations_are_served_all_the_same(
    root: Path, keys: Path, tmp_path: Path
) -> None:
    path, data = next(iter(episode_files(tmp_path / "a", played()).items()))
    garbage = [b"GET / HTTP/1.1\r\n\r\n", bytes(2000), os.urandom(5000), b"\xff" * 9 + b"\x7f" + os.urandom(100), b""]
    with running(root, keys) as there, share_of(url(there, keys)) as share:
        for bytes_ in garbage * 3:
            _knock(there.address, bytes_)
        assert share.store(path, tmp_path / "a" / path, sha256(data).hexdigest(), "owner") is Level.COLLECTED
        _until(lambda: there.refused >= 3)
    assert stored(root) == {path: data}


def _until(holds: Callable[[], object], tries: int = 500) -> None:
    for _ in range(tries):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come true")


def _station_socket(context: "zmq.Context[zmq.Socket[bytes]]", address: str, folder: Path) -> "zmq.Socket[bytes]":
    keys = load_station_keys(folder)
    dealer = context.socket(zmq.DEALER)
    dealer.linger = 0
    dealer.curve_publickey, dealer.curve_secretkey = keys.public, keys.secret
    dealer.curve_serverkey = keys.collector_public
    dealer.connect(address)
    return dealer


def test_a_station_that_talks_nonsense_is_counted_by_name_and_troubles_nobody(
    root: Path, keys: Path, tmp_path: Path
) -> None:
    collector = Collector(root, jobs=0)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    with serving(collector, keys) as there:
        with _station_socket(context, there.address, keys / "station-right-pc") as dealer:
            for size in (0, 1, 100, 10_000, 200_000):
                dealer.send(os.urandom(size))
            dealer.send_multipart([b"two", b"parts"])
            _until(lambda: collector.desk.tallies.get("right-pc") and collector.desk.tallies["right-pc"].rejected == 5)
            _until(lambda: there.oddities == 1)
        with _station_socket(context, there.address, keys / "station-right-pc") as dealer:
            dealer.send(os.urandom(300_000))  # more than a message may have: the connection ends
        with share_of(url(there, keys)) as share:
            assert share.identify().share_id
        assert collector.desk.tallies[STATION].rejected == 0
        assert collector.desk.tallies["right-pc"].last_rejection
    context.term()


# --- keys -----------------------------------------------------------------------------------------------------------


def test_stations_can_be_added_later_and_existing_keys_are_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    make_collector_keys(folder, ["one"])
    before = {path: path.read_bytes() for path in folder.rglob("*.key*")}
    make_collector_keys(folder, ["two"])
    with pytest.raises(CollectorKeysError, match="holds keys of one already"):
        make_collector_keys(folder, ["three", "one"])
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(load_collector_keys(folder).stations.values()) == ["one", "two"]
    assert load_collector_keys(folder) == load_collector_keys(folder / "collector")


def test_secret_keys_are_for_their_owner_s_eyes(tmp_path: Path) -> None:
    make_collector_keys(tmp_path / "keys", ["one"])
    secrets = list((tmp_path / "keys").rglob("*.key_secret"))
    assert len(secrets) == 2
    if os.name == "posix":
        assert {path.stat().st_mode & 0o077 for path in secrets} == {0}


@pytest.mark.parametrize("name", ["", "a b", "../up", "x" * 41])
def test_a_station_s_name_must_be_one_that_a_file_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(CollectorKeysError, match="expected a name"):
        make_collector_keys(tmp_path / "keys", [name])


@pytest.mark.parametrize("address", ["", "tcp://1.2.3.4:5560", "tcp://127.0.0.1:99999", "127.0.0.1"])
def test_a_collector_that_cannot_listen_says_so(keys: Path, address: str) -> None:
    with pytest.raises(CollectorSocketError, match="cannot listen on"):
        CollectorSocket(address, load_collector_keys(keys))


# -- a station that leaves while nobody reads --------------------------------------------------------------------------


class KnockingSocket(CollectorSocket):
    """The mutant: a collector that asks each station whether it is still there."""

    def _configure(self, keys: CollectorKeys, *, is_ipv6: bool) -> None:
        super()._configure(keys, is_ipv6=is_ipv6)
        self._socket.setsockopt(zmq.HEARTBEAT_IVL, 20)
        self._socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 10_000)


def leave_with_a_full_queue(keys: str, *, knocks: bool) -> None:
    """A collector whose disk makes it wait, and a station that says more than it may and goes; libzmq may abort."""
    chosen = KnockingSocket if knocks else CollectorSocket
    socket_ = chosen("tcp://127.0.0.1:*", load_collector_keys(Path(keys)))
    address, own = parse_address(socket_.address, listens=False), load_station_keys(Path(keys) / f"station-{STATION}")
    for _ in range(3):
        with Line(address, own) as line, suppress(LineError):
            for _ in range(1000):
                line.send(Chunk("a", bytes(32), 60_000, 0, bytes(60_000)))
                time.sleep(0.002)  # so that both ends have as much as they take
        time.sleep(0.2)  # for a knock
    assert len(socket_.receive(1000)) > 0, "what came is still there to be taken"
    socket_.close()


@pytest.mark.parametrize("knocks", [False, True])
def test_a_station_that_goes_while_its_messages_lie_unread_takes_no_collector_with_it(
    keys: Path, *, knocks: bool
) -> None:
    context = multiprocessing.get_context("spawn")
    collector = context.Process(target=leave_with_a_full_queue, args=(str(keys),), kwargs={"knocks": knocks})
    collector.start()
    collector.join(60)
    if sys.platform == "linux" or not knocks:  # the mutant shows what libzmq does there
        assert collector.exitcode == (-signal.SIGABRT if knocks else 0)
