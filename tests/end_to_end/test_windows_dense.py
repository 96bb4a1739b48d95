"""A display with several pixels to each unit of the desktop: what is drawn there is sharp, and a click hits it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.dense_probe import CLICK, SIZE
from tests.support.wayland import dense_display

pytestmark = [pytest.mark.window, pytest.mark.processes]


@pytest.mark.parametrize("scale", [1, 2])
def test_a_window_has_every_pixel_of_a_dense_display_and_clicks_land_where_they_were_made(
    tmp_path: Path, scale: int
) -> None:
    with dense_display(tmp_path, scale) as place:
        command = [sys.executable, "-m", "tests.support.dense_probe"]
        done = subprocess.run(command, env=place.environment, capture_output=True, text=True, timeout=60, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["surface"] == [scale * side for side in SIZE]
    assert told["pointed"] == [[scale * x for x in CLICK]] * 2


def test_a_demo_plays_on_a_dense_display(terminal: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with dense_display(tmp_path / "run", scale=2) as place:
        terminal.environment |= place.settings
        outcome = terminal.run("demo", "--json", "--episodes", 1, "--frames", 60)
    assert outcome.code == 0, outcome.text
    assert [episode["equal"] for episode in outcome.json["episodes"]] == [True]
