"""What a collector's terminal shows: all that a person must see, at a glance, whether or not somebody looks."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from client.commands.collect_view import CollectScreen
from data.collector.alarms import Alarm
from data.collector.collector import View
from data.collector.desk import StationTally
from data.collector.service import Visitors

NOBODY = Visitors(0, 0, 0, 0)
STATIONS = {
    "left-pc": StationTally(requests=9, receipts=7, waiting_files=3, waiting_bytes=2_500_000),
    "right-pc": StationTally(rejected=4, last_rejection="the checksum is [bold]wrong"),
}
VIEW = View(
    files=12,
    episodes=3,
    unchecked=1,
    pairings={"equal": 2, "one seat": 1},
    stations=STATIONS,
    alarms=(Alarm("diverged", "pilot/ep-001", "frame 7, left_action: 1 here, 2 there"),),
    alarm_count=1,
    free_bytes=5 * 10**9,
)


def _screen(*, is_terminal: bool) -> tuple[CollectScreen, StringIO]:
    output = StringIO()
    console = Console(file=output, force_terminal=is_terminal, width=120, highlight=False, color_system=None)
    return CollectScreen(console, Path("/data/share")), output


def test_a_terminal_shows_stations_pairs_backlog_rejections_and_alarms_as_they_are() -> None:
    screen, output = _screen(is_terminal=True)
    with screen:
        screen.greet("tcp://0.0.0.0:5560", ("left-pc", "right-pc"))
        screen.show(VIEW, Visitors(refused=5, strangers=2, oddities=0, unsent=0))
    text = output.getvalue()
    for words in (
        "listening on tcp://0.0.0.0:5560 for left-pc, right-pc",
        "12 files of 3 episodes, 2 pairs complete, 3 waiting at stations, 1 to be checked, 1 alarms",
        "4 messages rejected, 5 connections refused",
        "2.5",
        "the checksum is [bold]wrong",
        "5.0 GB free",
        "ALARM diverged: pilot/ep-001: frame 7, left_action: 1 here, 2 there",
    ):
        assert words in text, words


def test_who_may_come_in_is_said_when_it_changes_and_why_a_list_is_not_used() -> None:
    screen, output = _screen(is_terminal=False)
    with screen:
        screen.greet("tcp://0.0.0.0:5560", ("left-pc",))
        for stations in (("left-pc",), ("left-pc", "new-pc"), ("left-pc", "new-pc"), ()):
            screen.show(VIEW, NOBODY._replace(stations=stations, trouble="the list of stations stays as it was: why"))
    lines = output.getvalue().splitlines()
    assert [line for line in lines if line.startswith("from now on")] == [
        "from now on listening for left-pc, new-pc",
        "from now on listening for nobody",
    ]
    assert lines[-1].endswith("the list of stations stays as it was: why")


def test_a_new_alarm_rings_the_bell_and_stays() -> None:
    screen, output = _screen(is_terminal=True)
    with screen:
        screen.ring(VIEW.alarms[0])
    assert "\a" in output.getvalue()
    assert "ALARM diverged" in output.getvalue()


def test_a_file_gets_a_line_when_something_changed_and_no_bell() -> None:
    screen, output = _screen(is_terminal=False)
    with screen:
        for _ in range(3):
            screen.show(VIEW, NOBODY)
        screen.ring(VIEW.alarms[0])
    lines = output.getvalue().splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["12", "ALARM", "ended:"]
    assert "\a" not in output.getvalue()


def test_a_collector_that_cannot_take_anything_says_why_first_of_all() -> None:
    screen, output = _screen(is_terminal=False)
    with screen:
        screen.show(View(trouble="the disk is full (5 bytes left)"), NOBODY)
    assert "BLOCKED: the disk is full (5 bytes left)" in output.getvalue().splitlines()[0]
