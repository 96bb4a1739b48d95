"""A home whose disk fails in the middle of a session: the episode goes to the second place, and gets delivered."""

import errno
from pathlib import Path

import pytest

from client.commands.sync import find_stations, run_sync
from data.delivery import deliver
from data.episode_format import read_episode
from data.recorder import Recorder
from data.recovery import recover
from data.shares.folder_share import FolderShare
from data.station import Station, homes_of, open_station, read_identity
from games.contract import Seat
from tests.support.disks import QuickDisk, failing_from
from tests.support.stations import finished, make_frames, make_terms, record_episode, record_session


def recorded_with_a_dead_home(tmp_path: Path) -> Path:
    """Two folders on two disks, of which the first one refuses everything once the session has begun."""
    share = FolderShare.create(tmp_path / "share")
    home, second = tmp_path / "home", tmp_path / "usb" / "second"
    open_station(home, share.url, QuickDisk(), second)
    disk = failing_from(40, errno.EIO, under=home)
    recorder = Recorder(home, share_url=share.url, seat=Seat.LEFT, second_place=second, disk=disk)
    record_episode(recorder, make_terms(), make_frames(75))
    assert recorder.close(20), recorder.alarms
    assert len(recorder.sealed) == 1
    assert any(str(second) in words and "Tell the experimenter" in words for words in recorder.alarms)
    return home


def test_an_episode_that_the_home_refuses_lies_whole_in_the_second_place(tmp_path: Path) -> None:
    home = recorded_with_a_dead_home(tmp_path)
    assert homes_of(home) == (home, tmp_path / "usb" / "second")
    (path,) = Station(tmp_path / "usb" / "second").episodes.rglob("*.dyad")
    assert read_episode(path.read_bytes()).end == finished(75).end


def test_sync_of_the_home_delivers_what_lies_in_its_second_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = recorded_with_a_dead_home(tmp_path)
    assert run_sync(home) == 0
    assert "nothing waits" in capsys.readouterr().out
    assert [read_episode(path.read_bytes()).end.rows for path in (tmp_path / "share").rglob("*.dyad")] == [75]


def test_a_second_place_is_remembered_by_later_sessions_without_it(tmp_path: Path) -> None:
    home, second = tmp_path / "home", tmp_path / "second"
    open_station(second, "/share", QuickDisk())
    open_station(home, "/share", QuickDisk(), second)
    open_station(home, "/another", QuickDisk())
    assert homes_of(home) == (home, second)
    assert find_stations(home) == [home]


def test_a_second_place_that_is_gone_stops_nobody(tmp_path: Path) -> None:
    home = tmp_path / "home"
    open_station(home, "/share", QuickDisk(), tmp_path / "unplugged")
    assert homes_of(home) == (home,)
    assert recover(home).did_nothing


def test_a_station_of_an_earlier_version_knows_no_second_place(tmp_path: Path) -> None:
    station = open_station(tmp_path, "/share", QuickDisk())
    text = station.identity_file.read_text()
    lines = [line for line in text.splitlines() if "second_home" not in line]
    station.identity_file.write_text("\n".join(lines).replace('"/share",', '"/share"'))
    identity = read_identity(station)
    assert identity is not None
    assert (identity.share, identity.second_home) == ("/share", "")
    assert homes_of(tmp_path) == (tmp_path,)


def test_a_second_place_that_cannot_be_used_is_found_before_the_session(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(NotADirectoryError):
        Recorder(tmp_path / "home", share_url="/share", seat=Seat.LEFT, second_place=tmp_path / "file")


def test_two_homes_deliver_to_one_share(tmp_path: Path) -> None:
    share = FolderShare.create(tmp_path / "share")
    for seat in Seat:
        record_session(tmp_path / seat.word, share.url, seat)
    delivered = [deliver(tmp_path / seat.word, now=0.0).delivered for seat in Seat]
    assert [len(receipts) for receipts in delivered] == [3, 3]
    assert len(list((tmp_path / "share").rglob("*.dyad"))) == 1
