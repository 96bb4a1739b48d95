"""`dyadgrid report`: a page in the folder one stands in, and in place of nothing but an earlier report."""

import json
from pathlib import Path

import pytest

from client.commands.report import Wishes, parse_limits, run_report
from client.commands.report_page import MARK
from client.commands.report_place import PlaceError
from data.files import Disk
from data.reporting.exclusions import Thresholds
from data.reporting.reporting import ReportingError
from data.shares.folder_share import FolderShare
from data.station import open_station
from games.contract import Seat
from tests.support.synthetic import Plan, cut_short, play_bots, synthetic_terms, write_episode

PLAN = Plan(episodes=4, dyads=2, frames=40)
EPISODES = [play_bots(synthetic_terms(PLAN, number)) for number in range(4)]


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One session in a folder `raw`; the test stands in another one."""
    for played in EPISODES[:2]:
        write_episode(tmp_path / "raw", played)
    here = tmp_path / "desk"
    here.mkdir()
    monkeypatch.chdir(here)
    return tmp_path / "raw"


def report(source: Path, to: Path | None = None, *, limits: tuple[str, ...] = (), as_json: bool = False) -> int:
    return run_report(Wishes(sources=(source,), to=to, limits=limits, jobs=1, as_json=as_json))


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- where the page goes ----------------------------------------------------------------------------------------------


def test_the_page_of_a_session_lies_here_and_names_the_run(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = everything_in(session)
    assert report(session) == 0
    (page,) = Path.cwd().iterdir()
    assert page.name == "report_pilot_dyad-1_ses-1_run-0000000000000001.html"
    assert capsys.readouterr().out.splitlines()[-1] == f"page: {page}"
    assert everything_in(session) == before


def test_the_page_of_a_study_is_called_by_the_study(session: Path) -> None:
    write_episode(session, EPISODES[2])
    report(session)
    assert [path.name for path in Path.cwd().iterdir()] == ["report_pilot.html"]


def test_an_earlier_report_is_replaced_and_nothing_else_is(session: Path) -> None:
    target = Path("mine.html")
    report(session, target)
    first = target.read_bytes()
    write_episode(session, EPISODES[2])
    report(session, target)
    assert target.read_bytes() != first
    target.write_text("<html>my notes</html>", encoding="utf-8")
    with pytest.raises(PlaceError, match="it is no report: nothing was written"):
        report(session, target)
    assert target.read_text(encoding="utf-8") == "<html>my notes</html>"
    assert [path.name for path in Path.cwd().iterdir()] == ["mine.html"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("page.txt", "ends in .html"), ("no/such/page.html", "there is no folder"), ("folder.html", "it is no report")],
)
def test_a_place_that_cannot_be_is_told_before_anything_is_read(session: Path, name: str, words: str) -> None:
    Path("folder.html").mkdir()
    with pytest.raises(PlaceError, match=words):
        report(session / "nowhere", Path(name))


def test_no_page_is_laid_among_recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share = FolderShare.create(tmp_path / "share").root
    station = open_station(tmp_path / "lab-7", str(share), Disk())
    for root in (share, station.episodes):
        write_episode(root, EPISODES[0])
        with pytest.raises(PlaceError, match="among the recordings"):
            report(root, root / "pilot" / "page.html")
        monkeypatch.chdir(root)
        with pytest.raises(PlaceError, match="name another place with --to"):
            report(root)
        assert not list(root.rglob("*.html"))


def test_a_disk_that_refuses_leaves_the_earlier_report_and_no_half_of_a_new_one(
    session: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Path("page.html")
    report(session, target)
    before = target.read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        report(session, target)
    assert everything_in(Path.cwd()) == {"page.html": before}


def test_a_link_to_a_report_is_no_way_into_a_share(tmp_path: Path, session: Path) -> None:
    share = FolderShare.create(tmp_path / "share").root
    inside = share / "page.html"
    inside.write_text(MARK, encoding="utf-8")
    Path("page.html").symlink_to(inside)
    with pytest.raises(PlaceError, match="among the recordings"):
        report(session, Path("page.html"))
    assert inside.read_text(encoding="utf-8") == MARK


# --- what it says -----------------------------------------------------------------------------------------------------


def test_equal_files_give_an_equal_page_wherever_they_lie(session: Path, tmp_path: Path) -> None:
    report(session, Path("a.html"))
    moved = tmp_path / "elsewhere" / session.name
    moved.parent.mkdir()
    session.rename(moved)
    report(moved, Path("b.html"))
    page = Path("a.html").read_text(encoding="utf-8")
    assert page == Path("b.html").read_text(encoding="utf-8")
    assert str(tmp_path) not in page


def test_the_terminal_names_what_needs_attention_and_why_an_episode_is_remarkable(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_episode(session, cut_short(EPISODES[2], 30), [Seat.LEFT])
    report(session)
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("dyad 2, session 1, episode 1: good, partial") for line in lines)
    assert any("not received" in line and "right's claim and notes" in line for line in lines)
    assert any(line.startswith("remarkable: study pilot, dyad 2") and "cut after 30 frames" in line for line in lines)
    assert "3 episodes of 2 sessions, " in lines[-2]


def test_with_json_the_last_line_is_one_object(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(session, limits=("round_trip_ms=1", "away_percent=100"), as_json=True)
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert Path(told["page"]).is_file()
    assert told["attention"] == []
    assert told["limits"]["round_trip_ms"] == 1.0
    assert [{each["rule"] for each in episode["suggestions"]} for episode in told["episodes"]] == [
        {"round_trip_ms"}
    ] * 2
    assert [(episode["answer"], episode["is_received"]) for episode in told["episodes"]] == [("good", True)] * 2
    assert "page: " in said.err


@pytest.mark.parametrize(
    "text", ["away", "away_percent", "away_percent=", "away_percent=-1", "away_percent=nan", "x=1"]
)
def test_a_limit_that_is_none_is_told_with_what_was_expected(text: str) -> None:
    with pytest.raises(ReportingError, match=r"--limit: expected .*, got '"):
        parse_limits([text])


def test_limits_replace_the_usual_ones_and_the_last_word_counts() -> None:
    assert parse_limits([]) == Thresholds()
    assert parse_limits(["late_ms=3", "late_ms=4.5"]) == Thresholds(late_ms=4.5)
