"""What a desktop does to windows: sizes, full screen, panels, dragging, covering, minimising. The game goes on."""

import time

import pytest

from games.contract import Seat
from tests.support.desktop import Desktop, wait_for
from tests.support.participants import Client, Pair, Table
from tests.support.recordings import absences, assert_away_as_told
from tests.support.sight import Shot, assert_shows, differences

pytestmark = [pytest.mark.window, pytest.mark.processes]

HZ = 30
LARGE, SMALL, WHOLE = (860, 700), (490, 520), (1400, 800)
"""With a panel beside the board, without one, and the whole desktop. Two of them stand beside each other."""


def sized(client: Client, size: tuple[int, int], name: str) -> Shot:
    """A screenshot, once the window has this size and was drawn in it."""

    def seen() -> Shot | None:
        shot = client.look(name)
        return shot if shot.load().get_size() == size else None

    shot = wait_for(f"a window of {size}", seen)
    time.sleep(0.3)  # the first drawing in a new size takes a while
    again = client.look(name)
    return again if again.load().get_size() == size else shot


@pytest.fixture
def pair(table: Table) -> Pair:
    """Two people, of whom the left one plays, for as long as it takes."""
    pair = table.start_pair("--frames", 120 * HZ)
    pair.play()
    pair.left.focus()
    pair.left.reach(10)
    return pair


def test_both_windows_are_drawn_right_in_any_size_and_the_panels_come_and_go(pair: Pair, place: Desktop) -> None:
    left, right = pair.left, pair.right
    place.resize(left.window, *LARGE)
    place.resize(right.window, *SMALL)
    place.move(right.window, WHOLE[0] - SMALL[0] - 10, 30)
    shots = [(left, sized(left, LARGE, "large")), (right, sized(right, SMALL, "small"))]
    left.focus()
    place.tap("F11")
    shots.append((left, sized(left, WHOLE, "full-screen")))
    place.tap("F11")
    shots.append((left, sized(left, LARGE, "back")))
    panels = {}
    for key in ("F1", "F3"):
        place.tap(key)
        time.sleep(0.2)
        panels[key] = left.look(f"panel-{key}")
        place.tap(key)
    time.sleep(0.2)
    shots.append((left, left.look("no-panel")))
    pair.leave()

    sighted = {client.seat: client.sighted() for client in pair}
    for client, shot in shots:
        assert_shows(shot, sighted[client.seat].pictures(shot))
    for key, shot in panels.items():
        changed = differences(shot, *sighted[Seat.LEFT].pictures(shot))
        assert changed, f"{key} shows nothing"
        assert all(piece.startswith("panel") for piece in changed), f"{key} changes more than the panel: {changed}"
    assert pair.left.canonical_bytes() == pair.right.canonical_bytes()


def test_dragging_covering_and_minimising_stop_nothing_and_the_record_knows_when_nobody_looked(
    pair: Pair, place: Desktop
) -> None:
    left, right = pair.left, pair.right
    before = place.area(left.window)
    place.drag(left.window, 60, 40)
    moved = place.area(left.window)
    assert moved[0] > before[0] + 30
    assert moved[1] > before[1] + 20
    shots = [left.look("dragged")]
    place.cover(left.window, right.window)
    time.sleep(0.5)
    place.drag(right.window, 600, 0)
    left.focus()
    time.sleep(0.3)
    shots.append(left.look("uncovered"))
    place.minimise(left.window)
    time.sleep(1.0)
    left.focus()
    time.sleep(1.0)
    shots.append(left.look("restored"))
    pair.leave()

    sighted = left.sighted()
    for shot in shots:
        assert_shows(shot, sighted.pictures(shot))
    record, local = left.canonical(), left.local()
    assert_away_as_told(record, local)
    gone = absences(local, len(record.frames))
    assert gone, "minimised, it was away"
    assert all(absence.stop < len(record.frames) for absence in gone), "and it came back"
    assert pair.left.canonical_bytes() == pair.right.canonical_bytes()
