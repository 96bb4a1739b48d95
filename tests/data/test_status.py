"""`status` and `verify` against the sheets: what was played, what is here, and what is missing on which machine."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from client.commands.status import run_status
from data.delivery import deliver
from data.findings import Answer
from data.layout import episode_folder, session_folder
from data.recorder import Recorder
from data.sessions import SessionPlan
from data.shares.folder_share import FolderShare
from data.status import SessionStatus, read_status
from data.verification import verify_paths
from games.contract import Seat
from netcode.vocabulary import Ending
from tests.support.disks import QuickDisk
from tests.support.stations import cut, finished, make_frames, make_terms, record_episode

NOW = 1_800_000_000.0
EPISODES = 2


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """Two episodes of both seats, with sheets."""
    return deliver_both(tmp_path, SessionPlan(EPISODES))


def deliver_both(
    root: Path, plan: SessionPlan | None, endings: dict[Seat, Ending] | None = None, salt: int = 0
) -> Path:
    share = FolderShare.create(root / "share", QuickDisk())
    for seat in Seat:
        recorder = Recorder(root / seat.word, share_url=share.url, seat=seat, plan=plan, disk=QuickDisk())
        ending = (endings or {}).get(seat, finished(31))
        for episode in range(EPISODES):
            frames = make_frames(ending.end.rows, salt=salt * seat)
            record_episode(recorder, make_terms(episode), frames, ending, seat)
        assert recorder.close(20)
        assert not deliver(root / seat.word, now=NOW, disk=QuickDisk()).waiting
    return share.root


def status_of(share: Path) -> SessionStatus:
    (status,) = read_status([share])
    return status


def find(share: Path, pattern: str, episode: int = 1) -> Path:
    (path,) = (share / episode_folder(make_terms(episode))).glob(pattern)
    return path


def strays(share: Path) -> list[tuple[Answer, str]]:
    return [(stray.answer, stray.words) for stray in verify_paths([share]).strays]


def test_of_a_whole_session_you_have_everything(share: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = status_of(share)
    assert (status.planned, status.expected, status.received, status.paired) == (2, 2, 2, 2)
    assert (status.sheets, status.partial, status.divergent, status.lacks, status.notes) == (
        ("left", "right"), (), (), (), (),
    )  # fmt: skip
    assert strays(share) == []
    assert run_status([share], as_json=False) == 0
    assert "2 of 2 episodes are here from both seats. You have everything." in capsys.readouterr().out


def _lose_local(share: Path) -> None:
    find(share, "*right_local*").unlink()


def _lose_canonical(share: Path) -> None:
    find(share, "*canonical*").unlink()


def _lose_part_of_right(share: Path) -> None:
    find(share, "*right_local*").unlink()
    find(share, "*right_claim*").unlink()


def _lose_episode(share: Path) -> None:
    for path in (share / episode_folder(make_terms(1))).iterdir():
        path.unlink()


def _change_canonical(share: Path) -> None:
    path = find(share, "*canonical*")
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def _change_local(share: Path) -> None:
    find(share, "*right_local*").write_bytes(b"something else")


@pytest.mark.parametrize(
    ("happen", "status_words", "verify_answer", "verify_words"),
    [
        (_lose_local, "episode 2: not here, but right has it", Answer.MISSING, "the sheet of right lists episode 2"),
        (_lose_canonical, "but left has it", Answer.MISSING, "claims"),
        (_lose_part_of_right, "not here, but right has it", Answer.MISSING, "the sheet of right lists episode 2"),
        (_lose_episode, "episode 2: nothing from right is here", Answer.MISSING, "the sheet of left lists episode 2"),
        (_change_canonical, "is damaged: expected", Answer.DAMAGED, "the sheet of left lists episode 2"),
        (_change_local, "is damaged: expected", Answer.DAMAGED, "the sheet of right lists episode 2"),
    ],
)
def test_what_is_missing_or_changed_is_named_with_its_seat_and_episode(
    share: Path, happen: Callable[[Path], None], status_words: str, verify_answer: Answer, verify_words: str
) -> None:
    happen(share)
    status = status_of(share)
    assert (status.expected, status.received) == (2, 1)
    assert not status.is_whole
    assert any(status_words in words for words in status.alarms), status.alarms
    report = verify_paths([share])
    found = [(stray.answer, stray.words) for stray in report.strays]
    found += [(episode.answer, words) for episode in report.episodes for words in episode.words]
    assert any(answer is verify_answer and verify_words in words for answer, words in found), found
    assert report.exit_code == 1


def test_a_machine_that_has_not_delivered_is_named(tmp_path: Path, share: Path) -> None:
    for path in [*share.rglob("*right*")]:
        path.unlink()
    status = status_of(share)
    assert status.received == 0
    assert {lack.seat for lack in status.lacks} == {"right"}
    assert "the sheet of right is not here" in status.alarms[0]
    assert "episode 1: nothing from right yet" in status.alarms
    assert strays(share) == [], "the left seat's own files are all here"
    (left,) = read_status([tmp_path / "left"])
    assert (left.expected, left.received) == (2, 0)
    (both,) = read_status([tmp_path / "left", tmp_path / "right"])
    assert both.is_whole


def test_without_sheets_what_to_expect_is_known_from_claims_and_that_is_said(tmp_path: Path) -> None:
    share = deliver_both(tmp_path, None)
    status = status_of(share)
    assert (status.planned, status.expected, status.received, status.sheets) == (0, 2, 2, ())
    assert status.is_whole
    assert "from claims only" in status.notes[0]
    find(share, "*right_claim*").unlink()
    assert "episode 2: nothing from right yet" in status_of(share).alarms


def test_a_partial_episode_is_here_and_is_called_so(tmp_path: Path) -> None:
    share = deliver_both(tmp_path, SessionPlan(3), {Seat.LEFT: cut(20), Seat.RIGHT: cut(25)})
    status = status_of(share)
    assert (status.received, status.partial, status.paired) == (2, (0, 1), 0)
    assert status.is_whole
    assert status.notes == (
        "2 of 3 planned episodes were played",
        "episode 1, 2: partial, and nobody has more of it",
    )


def test_records_that_differ_are_an_alarm(tmp_path: Path) -> None:
    status = status_of(deliver_both(tmp_path, SessionPlan(2), salt=3))
    assert (status.received, status.divergent, status.is_whole) == (2, (0, 1), False)
    assert "the two records differ" in status.alarms[0]


def test_an_episode_that_one_seat_never_had_is_not_missing_at_it(tmp_path: Path, share: Path) -> None:
    recorder = Recorder(tmp_path / "left", share_url=str(share), seat=Seat.LEFT, plan=SessionPlan(2), disk=QuickDisk())
    record_episode(recorder, make_terms(2), make_frames(20), cut(20))
    assert recorder.close(20)
    deliver(tmp_path / "left", str(share), now=NOW)
    status = status_of(share)
    assert (status.expected, status.received, status.partial) == (3, 3, (2,))
    assert status.is_whole


def test_a_torn_claim_or_sheet_is_named(share: Path) -> None:
    find(share, "*left_claim*").write_bytes(b"{")
    (sheet,) = (share / session_folder(make_terms())).glob("*right_sheet*")
    sheet.write_bytes(b"{")
    alarms = " ".join(status_of(share).alarms)
    assert "a claim that cannot be read" in alarms
    assert "a sheet that cannot be read" in alarms
    assert any("sheet that cannot be read" in words for _, words in strays(share))


def test_json_tells_it_to_programs(share: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _lose_local(share)
    assert run_status([share], as_json=True) == 1
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    (session,) = told["sessions"]
    assert (told["ok"], session["expected"], session["received"], session["expected_from"]) == (False, 2, 1, "sheets")
    assert [(lack["episode"], lack["seat"]) for lack in session["missing"]] == [(1, "right")]


def test_where_nothing_is_that_is_a_mistake_of_the_users(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no session"):
        run_status([tmp_path], as_json=False)
    with pytest.raises(FileNotFoundError):
        run_status([tmp_path / "nowhere"], as_json=False)
