"""`dyadgrid verify` on the terminal: a line for each episode, or for each session when there are many."""

import json
from pathlib import Path

import pytest

from client.commands import verify
from client.commands.verify import run_verify
from tests.support.synthetic import Plan, cut_short, play_bots, synthetic_terms, write_episode

PLAN = Plan(episodes=4, dyads=2, frames=40)


@pytest.fixture
def share(tmp_path: Path) -> Path:
    for number in range(4):
        played = play_bots(synthetic_terms(PLAN, number))
        canonical, *_ = write_episode(tmp_path, cut_short(played, 20) if number == 1 else played)
        if number == 3:
            canonical.write_bytes(played.data[:-9])
    return tmp_path


def test_few_episodes_get_a_line_each(share: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_verify([share], jobs=None, every_episode=False, as_json=False) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("pilot")]) == 4
    assert lines[-1] == "2 good, 1 good, partial, 1 torn; not judged: 8 local files"
    assert any(line.endswith("then the file stops") and ": torn: " in line for line in lines)


def test_of_many_episodes_each_session_gets_a_line_and_so_does_each_that_is_not_good(
    share: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "MOST_LINES", 3)
    run_verify([share], jobs=None, every_episode=False, as_json=False)
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("pilot")]
    assert len(rows) == 3
    assert "1 good, 1 good, partial" in rows[0]
    assert " torn" in rows[2]
    run_verify([share], jobs=None, every_episode=True, as_json=False)
    assert len([line for line in capsys.readouterr().out.splitlines() if line.startswith("pilot")]) == 4


def test_with_json_the_output_is_one_object_and_the_table_goes_to_the_errors(
    share: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_verify([share], jobs=2, every_episode=False, as_json=True)
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert (told["exit_code"], told["frames"], len(told["problems"])) == (code, 140, 1)
    assert "pilot" in said.err
