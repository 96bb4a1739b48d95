"""An SMB share against a real Samba server. Where there is none, these skip and say so."""

import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pytest

from data.delivery import deliver, received
from data.outbox import Outbox, State
from data.receipts import Level, Receipts
from data.shares.examination import examine
from data.shares.folder_share import MARK_NAME, FolderShare
from data.shares.share import ShareBlockedError, ShareConflictError, open_share
from data.shares.smb_address import PASSWORD_VARIABLE, SmbAddress
from data.shares.smb_server import SmbFolder
from data.shares.smb_share import SmbShare, forget_connections
from tests.support.samba import PASSWORD, Samba
from tests.support.stations import files_under, record_session

DATA = bytes(range(256)) * 1000
SHA = sha256(DATA).hexdigest()
RUN = "dyad-012_ses-01_run-00c0ffee00c0ffee"
NAME = f"pilot/dyad-012/ses-01_run-00c0ffee00c0ffee/ep-001/{RUN}_ep-001_canonical_{SHA[:8]}.dyad"
OWNER = "0123456789abcdef"
NOW = 1_800_000_000.0


@pytest.fixture(autouse=True)
def _no_connection_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    yield
    forget_connections()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Samba, Path]]:
    folder = tmp_path_factory.mktemp("samba")
    root = folder / "lab"
    root.mkdir()
    server = Samba(
        folder / "state",
        {"lab": root, "locked": root, "reading": root},
        {"locked": "valid users = nobody", "reading": "read only = yes"},
    )
    server.start()
    yield server, root
    server.kill()


@pytest.fixture
def samba(served: tuple[Samba, Path]) -> Samba:
    return served[0]


@pytest.fixture
def root(served: tuple[Samba, Path]) -> Path:
    for path in served[1].iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return served[1]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(DATA)
    return path


def test_a_stored_file_lies_under_its_name_and_nothing_else_does(samba: Samba, root: Path, source: Path) -> None:
    share = open_share(samba.url("lab"))
    assert share.sha256_of(NAME) is None
    assert share.store(NAME, source, SHA, OWNER) is Level.STORED
    assert (root / NAME).read_bytes() == DATA
    assert files_under(root) == {NAME}
    assert share.sha256_of(NAME) == SHA
    assert share.store(NAME, source, SHA, "another station") is Level.STORED


def test_a_probe_marks_the_share_once_and_a_folder_share_there_is_the_same_one(samba: Samba, root: Path) -> None:
    over_network = open_share(samba.url("lab")).probe(OWNER)
    assert files_under(root) == {MARK_NAME}
    assert FolderShare(root).probe(OWNER).share_id == over_network.share_id
    assert over_network.level is Level.STORED
    assert over_network.free_bytes > 0


def test_an_examination_finds_all_that_a_server_can(samba: Samba, root: Path) -> None:
    found = examine(open_share(samba.url("lab")))
    assert found.is_usable, found.trouble
    assert all(ability.is_there for ability in found.abilities)
    assert "SMB 3.1.1" in found.kind
    assert files_under(root) == set()
    found = examine(open_share(samba.url("reading")))
    assert [ability.name for ability in found.abilities if ability.is_there is False] == ["write"]
    assert "may not write there" in found.trouble


def test_other_bytes_under_the_name_are_a_conflict_and_stay(samba: Samba, root: Path, source: Path) -> None:
    (root / NAME).parent.mkdir(parents=True)
    (root / NAME).write_bytes(b"theirs")
    with pytest.raises(ShareConflictError, match="other bytes"):
        open_share(samba.url("lab")).store(NAME, source, SHA, OWNER)
    assert (root / NAME).read_bytes() == b"theirs"
    assert files_under(root) == {NAME}


def test_what_a_crash_left_is_cleared_and_another_stations_is_not(samba: Samba, root: Path, source: Path) -> None:
    (root / NAME).parent.mkdir(parents=True)
    start = f".{Path(NAME).name}"
    for owner in (OWNER, "another"):
        (root / NAME).with_name(f"{start}.{owner}-11223344.tmp").write_bytes(b"half of")
    open_share(samba.url("lab")).store(NAME, source, SHA, OWNER)
    assert {path.name for path in (root / NAME).parent.iterdir()} == {Path(NAME).name, f"{start}.another-11223344.tmp"}


def test_the_final_name_is_flushed_anew_and_then_read_through_a_new_open(
    samba: Samba, root: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = open_share(samba.url("lab"))
    share.probe(OWNER)
    calls: list[tuple[str, ...]] = []
    for name in ("create", "rename_new", "flush", "flush_folder", "read"):
        call = getattr(SmbFolder, name)

        def watched(self: SmbFolder, *words: str, call: Callable[..., object] = call, name: str = name) -> object:
            calls.append((name, *(word for word in words if isinstance(word, str))))
            return call(self, *words)

        monkeypatch.setattr(SmbFolder, name, watched)
    share.store(NAME, source, SHA, OWNER)
    ways = ["", *(str(parent) for parent in reversed(PurePosixPath(NAME).parents[:-1]))]
    assert calls[:4] == [("flush_folder", way) for way in ways[:4]]
    (_, temporary), *rest = calls[4:]
    assert rest == [
        ("read", temporary),
        ("rename_new", temporary, NAME),
        ("flush", NAME),
        ("flush_folder", ways[4]),
        ("read", NAME),
    ]


def test_bytes_that_were_altered_on_the_way_get_no_name_and_are_sent_again(
    samba: Samba, root: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = open_share(samba.url("lab"))
    share.probe(OWNER)
    create, flips = SmbFolder.create, [True]

    def altered(self: SmbFolder, path: str, data: bytes) -> None:
        create(self, path, data[:-1] + b"!" if flips else data)

    monkeypatch.setattr(SmbFolder, "create", altered)
    with pytest.raises(ShareBlockedError, match="other bytes"):
        share.store(NAME, source, SHA, OWNER)
    assert files_under(root) == {MARK_NAME}
    flips.clear()
    assert share.store(NAME, source, SHA, OWNER) is Level.STORED
    assert files_under(root) == {MARK_NAME, NAME}


def test_a_name_that_another_takes_in_between_stays_theirs(
    samba: Samba, root: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken_just_after(self: SmbFolder, path: str) -> bool:
        (root / NAME).write_bytes(b"theirs")
        return False

    monkeypatch.setattr(SmbFolder, "has_file", taken_just_after)
    share = open_share(samba.url("lab"))
    with pytest.raises(ShareConflictError):
        share.store(NAME, source, SHA, OWNER)
    assert (root / NAME).read_bytes() == b"theirs"
    assert files_under(root) == {NAME}


def store_all(url: str, names: list[str], source: Path, owner: str) -> list[Level]:
    """What one of the processes below does."""
    share = open_share(url)
    return [share.store(name, source, SHA, owner) for name in names]


def test_processes_that_store_the_same_files_at_once_all_get_proof(samba: Samba, root: Path, source: Path) -> None:
    names = [NAME.replace("ep-001", f"ep-{number:03}") for number in range(1, 6)]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        tasks = [pool.submit(store_all, samba.url("lab"), names, source, f"{number:016x}") for number in range(2)]
        assert [task.result(60) for task in tasks] == [[Level.STORED] * 5] * 2
    assert files_under(root) == set(names)


def test_an_installation_without_the_extra_says_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['smbprotocol'] = None; "
        "from data.shares.share import open_share; open_share(sys.argv[1])"
    )
    told = subprocess.run([sys.executable, "-c", code, "smb://ada@nas/lab"], capture_output=True, text=True)
    assert "pip install 'dyadgrid[share]'" in told.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("smb://nas", "expected smb://"),
        ("smb:///lab", "expected smb://"),
        ("smb://nas/lab/../etc", "names of folders"),
        ("smb://nas/lab?password=sesame", "expected nothing after the folder but"),
        ("smb://nas/lab?password-file=a&password-file=b", "expected nothing after the folder but"),
        ("smb://ada:sesame@nas/lab", "does not belong into an address"),
        ("smb://nas:port/lab", "Port could not be cast"),
    ],
)
def test_an_address_that_is_not_whole_is_told_without_repeating_a_password(address: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as told:
        open_share(address)
    assert "sesame" not in str(told.value)


def test_an_address_keeps_its_domain_its_port_and_its_spaces() -> None:
    address = SmbAddress.of(urlsplit("smb://LAB;ada@nas:4450/our%20lab/2026"))
    assert (address.login, address.port, address.share, address.folder) == ("LAB\\ada", 4450, "our lab", ("2026",))
    assert open_share(address.url).url == address.url == "smb://LAB;ada@nas:4450/our%20lab/2026"
    assert open_share("smb://nas/lab").url == "smb://nas/lab"


# -- what a server refuses, in words -----------------------------------------------------------------------------------


def blocked(url: str, words: str) -> str:
    with pytest.raises(ShareBlockedError, match=words) as told:
        open_share(url).probe(OWNER)
    assert PASSWORD not in str(told.value)
    return str(told.value)


def hurried(url: str) -> SmbShare:
    """The share, with a bound that a test can wait for."""
    return SmbShare(SmbAddress.of(urlsplit(url)), reply_seconds=1.0)


def test_a_wrong_password_is_told_and_never_repeated(samba: Samba, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "wrong horse")
    assert "wrong horse" not in blocked(samba.url("lab"), "does not accept the user root with this password")


def test_a_password_may_stand_in_a_file_that_not_everybody_reads(
    samba: Samba, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE)
    blocked(samba.url("lab"), f"no password for root: set {PASSWORD_VARIABLE}")
    file = tmp_path / "password"
    url = f"{samba.url('lab')}?password-file={file}"
    blocked(url, "No such file")
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o644)
    blocked(url, "chmod 600")
    file.chmod(0o600)
    share = open_share(url)
    assert share.probe(OWNER).level is Level.STORED
    assert share.url == url


def test_a_share_a_folder_and_a_right_that_are_missing_are_named(samba: Samba, root: Path) -> None:
    blocked(samba.url("nowhere"), "no share called nowhere")
    blocked(samba.url("lab", "missing/folder"), "not there")
    blocked(samba.url("locked"), "may not write there")
    blocked(samba.url("reading"), "may not write there")
    assert files_under(root) == set()


def test_a_folder_below_a_share_is_a_share_too(samba: Samba, root: Path, source: Path) -> None:
    (root / "deep" / "down here").mkdir(parents=True)
    share = open_share(samba.url("lab", "deep/down%20here"))
    assert share.store(NAME, source, SHA, OWNER) is Level.STORED
    assert files_under(root) == {f"deep/down here/{NAME}"}
    assert open_share(share.url).url == share.url


def test_nobody_at_the_address_and_somebody_else_there_are_told_apart(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        blocked(f"smb://ada@127.0.0.1:{port}/lab", "cannot be reached")
        listener.listen()
        with pytest.raises(ShareBlockedError, match="no answer"):
            hurried(f"smb://ada@127.0.0.1:{port}/lab").probe(OWNER)


def test_garbage_at_the_address_is_no_crash(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def babble() -> None:
            peer, _ = listener.accept()
            with peer, suppress(OSError):
                peer.recv(1000)
                peer.sendall(b"\0\0\0\x40" + b"HTTP/1.1 400 Bad Request\r\n" * 3)
                peer.recv(1000)

        threading.Thread(target=babble, daemon=True).start()
        blocked(f"smb://ada@127.0.0.1:{listener.getsockname()[1]}/lab", "no SMB server|connection|no answer")


# -- a server of its own -----------------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Samba, Path]]:
    root = tmp_path / "lab"
    root.mkdir()
    server = Samba(tmp_path / "state", {"lab": root})
    server.start()
    yield server, root
    server.kill()


def test_a_full_server_blocks_and_takes_everything_later(tmp_path: Path, own: tuple[Samba, Path]) -> None:
    server, root = own
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", root], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"mounting is not permitted here: {mounted.stderr.decode().strip()}")
    try:
        home = tmp_path / "left"
        record_session(home, server.url("lab"))
        filler = root / "filler"
        filler.write_bytes(bytes((2 << 20) - (64 << 10)))
        report = deliver(home, now=NOW)
        assert "it is full" in report.trouble[0]
        assert {item.state for item in report.waiting} == {State.BLOCKED}
        filler.unlink()
        assert len(deliver(home, now=NOW, at_once=True).delivered) == 3
    finally:
        forget_connections()
        server.kill()
        subprocess.run(["umount", root], check=True)


def test_a_server_that_is_killed_in_the_middle_and_comes_back_costs_only_time(
    tmp_path: Path, own: tuple[Samba, Path]
) -> None:
    server, root = own
    home = tmp_path / "left"
    record_session(home, server.url("lab"), episodes=2)

    def kill_after_two(item: object) -> None:
        if len(list(root.rglob("*_*"))) > 2 and server.is_running:
            server.kill()

    report = deliver(home, now=NOW, report=kill_after_two)
    assert report.waiting
    assert {item.state for item in report.waiting} == {State.BLOCKED}
    assert "cannot be reached" in report.trouble[0] or "connection" in report.trouble[0]
    server.start()
    assert not deliver(home, now=NOW, at_once=True).waiting
    assert files_under(root) - {MARK_NAME} == files_under(home / "episodes")
    for receipt in Receipts(home).all():
        assert sha256((root / receipt.file).read_bytes()).hexdigest() == receipt.sha256
        assert PASSWORD not in Receipts(home).path(receipt.name).read_text()
    assert all(received(home, item) for item in Outbox(home).items())


def test_a_connection_from_before_a_restart_is_made_anew_at_once(own: tuple[Samba, Path], source: Path) -> None:
    server, _ = own
    share = open_share(server.url("lab"))
    share.probe(OWNER)
    server.kill()
    server.start()
    assert share.store(NAME, source, SHA, OWNER) is Level.STORED


def test_a_server_that_stands_still_is_waited_for_a_bounded_time(own: tuple[Samba, Path], source: Path) -> None:
    server, root = own
    share = hurried(server.url("lab"))
    share.probe(OWNER)
    server.freeze()
    with pytest.raises(ShareBlockedError, match="no answer within 1 s"):
        share.store(NAME, source, SHA, OWNER)
    server.thaw()
    assert share.store(NAME, source, SHA, OWNER) is Level.STORED
    assert files_under(root) - {MARK_NAME} == {NAME}
