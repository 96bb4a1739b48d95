"""A share that is missing, no folder, or read-only: nothing is lost, words say why, and a later sync delivers."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from data.outbox import Outbox
from data.shares.folder_share import MARK_NAME
from tests.support.command_line import CommandLine
from tests.support.faulty_mount import faulty_mount

pytestmark = pytest.mark.processes


@contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    """The folder as a read-only mount over itself, which root too must obey; a skip where nobody may mount."""
    mounted = subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"a read-only share needs the right to mount: {mounted.stderr.decode().strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def _waiting(home: Path) -> int:
    return sum(len(Outbox(home / seat).waiting()) for seat in ("left", "right"))


def test_without_its_share_a_demo_keeps_everything_and_a_later_sync_delivers(
    terminal: CommandLine, tmp_path: Path
) -> None:
    home, share = tmp_path / "home", tmp_path / "share"
    played = terminal.demo("--episodes", 1, "--frames", 40, "--home", home, "--share", share, "--delivery-wait", 1.5)
    assert played.code == 1, played.text
    assert "is it mounted?" in played.errors
    assert "Nothing is lost" in played.errors
    (episode,) = played.json["episodes"]
    assert episode["equal"]
    assert not episode["left"]["received"]
    assert not share.exists(), "a missing share is not made: a mount may be gone"
    assert _waiting(home) == 10

    share.write_text("a file in its place")
    blocked = terminal.run("sync", "--home", home)
    assert blocked.code == 1
    assert "a file in its place" in blocked.output
    assert _waiting(home) == 10

    share.unlink()
    share.mkdir()
    delivered = terminal.run("sync", "--home", home)
    assert delivered.code == 0, delivered.text
    assert "10 files delivered, nothing waits" in delivered.output
    assert terminal.run("verify", share).code == 0


def test_a_read_only_share_blocks_with_words_and_takes_it_later(terminal: CommandLine, tmp_path: Path) -> None:
    home, share = tmp_path / "home", tmp_path / "share"
    share.mkdir()
    with _read_only(share):
        places = ("--home", home, "--share", share, "--delivery-wait", 1)
        played = terminal.demo("--episodes", 1, "--frames", 2, *places)
        assert played.code == 1
        assert "it is read-only" in played.errors
        assert not played.has_traceback
        assert _waiting(home) == 10
    assert terminal.run("sync", "--home", home).code == 0
    assert _waiting(home) == 0


def test_a_share_is_named_by_url_too_and_another_kind_of_address_is_one_line(
    terminal: CommandLine, tmp_path: Path
) -> None:
    share = tmp_path / "share"
    share.mkdir()
    refused = terminal.demo("--episodes", 1, "--frames", 2, "--share", "s3://bucket/lab")
    assert refused.code == 2
    assert "expected a folder or a URL" in refused.errors
    assert not refused.has_traceback
    played = terminal.demo("--episodes", 1, "--frames", 2, "--share", share.as_uri())
    assert played.code == 0, played.text
    assert terminal.run("verify", share).code == 0


def test_a_share_is_probed_from_the_command_line(terminal: CommandLine, tmp_path: Path) -> None:
    codes = {}
    for address in (tmp_path, tmp_path / "missing", "s3://bucket/lab"):
        outcome = terminal.run("share", "probe", address)
        codes[str(address)] = outcome.code
        assert not outcome.has_traceback
    assert list(codes.values()) == [0, 1, 2]


def test_two_clients_play_to_the_end_while_their_share_hangs(terminal: CommandLine, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with faulty_mount(tmp_path) as mount:
        share = mount.share("hanging")
        mount.break_share("hanging", "hang", "write")
        places = ("--home", home, "--share", share, "--delivery-wait", 1)
        demo = terminal.start("demo", "--headless", "--json", "--episodes", 1, "--frames", 60, *places)
        played = terminal.finish(demo)  # it ends while its courier cannot, which keeps no pipe open either
        assert mount.has_begun("hanging")
        mount.mend_all()
        assert played.code == 1, played.text
        (episode,) = played.json["episodes"]
        assert episode["equal"]
        assert [(episode[seat]["end"], episode[seat]["rows"]) for seat in ("left", "right")] == [("finished", 60)] * 2
        synced = terminal.run("sync", "--home", home)
        assert synced.code == 0, synced.text
        assert _waiting(home) == 0
        assert terminal.run("verify", mount.backing / "hanging").code == 0


def test_sync_finds_every_station_below_a_folder_and_names_what_it_did(terminal: CommandLine, recorded: Path) -> None:
    outcome = terminal.run("sync", "--home", recorded / "home")
    assert outcome.code == 0, outcome.text
    assert outcome.output.count("nothing to deliver") == 2
    assert not outcome.has_traceback


def test_a_share_that_hangs_costs_the_players_nothing_and_nobody_waits_for_it(
    terminal: CommandLine, tmp_path: Path
) -> None:
    """Whoever opens a pipe that nobody writes to sits in that call, as in one into a dead mount."""
    home, share = tmp_path / "home", tmp_path / "share"
    share.mkdir()
    os.mkfifo(share / MARK_NAME)
    places = ("--home", home, "--share", share, "--delivery-wait", 1)
    played = terminal.demo("--episodes", 1, "--frames", 40, *places)
    assert played.code == 1
    assert not played.has_traceback
    (episode,) = played.json["episodes"]
    assert episode["equal"]
    assert {episode[seat]["end"] for seat in ("left", "right")} == {"finished"}
    assert terminal.processes() == {}, "the courier was ended with the demo"
    assert "its share did not answer" in played.errors
    assert _waiting(home) == 10
    (share / MARK_NAME).unlink()
    assert terminal.run("sync", "--home", home).code == 0
    assert terminal.run("outbox", "--home", home).code == 0
