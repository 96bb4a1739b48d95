"""What a tick's row says of what was sent, committed and held, and how long a standstill is said to have been."""

from typing import Any

import pytest

from client.logbook import Logbook
from data.local_kinds import LOCAL_KINDS
from games import registry
from netcode.episode import Held, Tick
from netcode.inputs import InputQueue
from netcode.limits import MILLISECOND, SECOND
from netcode.vocabulary import AWAY, Command, Input
from tests.support.recorded import make_terms

GAME = registry.find("foraging")
COLUMNS = {kind.name: [column.name for column in kind.columns] for kind in LOCAL_KINDS}
DELAY = 2


class Notes:
    """A recorder that keeps what is noted."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, dict[str, Any]]] = []

    def note(self, kind: str, *values: int | bool | str | bytes) -> None:
        self.rows.append((kind, dict(zip(COLUMNS[kind], values, strict=True))))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [values for name, values in self.rows if name == kind]


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def logbook(notes: Notes) -> Logbook:
    return Logbook(notes, GAME, make_terms(GAME, delay_frames=DELAY).terms)  # type: ignore[arg-type] # keeps notes


def tick(frame: int, committed: int, held: Held = Held.NO) -> Tick:
    return Tick(frame, None, frame, [], held, 0, 0, -1, committed, 0, 0, 0)


def queue(*inputs: Input) -> InputQueue:
    own = InputQueue(DELAY)
    own.extend(inputs)
    return own


def test_packets_are_told_once_in_the_row_of_the_next_tick(logbook: Logbook, notes: Notes) -> None:
    own = queue(Input(1), Input(2))
    logbook.carried(received=2)
    logbook.carried(sent=1)
    logbook.carried(received=1, sent=1)
    logbook.ticked([tick(1, 3), tick(2, 4)], own, 0, 0, 0)
    logbook.flipped(None, 5)
    assert [(row["received_packets"], row["sent_packets"]) for row in notes.of("tick")] == [(3, 2), (0, 0)]


def test_a_row_tells_the_input_that_its_tick_committed(logbook: Logbook, notes: Notes) -> None:
    own = queue(Input(3), Input(0, AWAY), Input(1, 0, Command.ABORT))
    logbook.ticked([tick(1, 3)], own, 0, 0, 0)
    logbook.ticked([tick(1, 4, Held.WINDOW)], own, 0, 0, 0)
    logbook.ticked([tick(1, 4, Held.WINDOW)], own, 0, 0, 0)
    logbook.ticked([tick(2, 4)], own, 0, 0, 0)
    logbook.ticked([tick(3, 5)], own, 0, 0, 0)
    logbook.flipped(None, 5)
    rows = notes.of("tick")
    assert [row["input"] for row in rows] == [3, AWAY << 16, -1, -1, 1 | Command.ABORT << 20]
    assert [row["held_why"] for row in rows] == ["", "window", "window", "", ""]
    assert [row["committed"] for row in rows] == [3, 4, 4, 4, 5]


def test_a_tick_before_the_first_input_tells_none(logbook: Logbook, notes: Notes) -> None:
    logbook.ticked([tick(0, DELAY, Held.END)], queue(), 0, 0, 0)
    logbook.flipped(None, 5)
    assert [row["input"] for row in notes.of("tick")] == [-1]


def test_a_standstill_is_as_long_as_it_was_though_what_it_owes_is_known_later(logbook: Logbook, notes: Notes) -> None:
    own = queue(*[Input(0)] * 9)
    period = SECOND // 60
    logbook.ticked([tick(1, 3)], own, 0, SECOND, SECOND)
    woken = SECOND + 3 * SECOND // 2
    logbook.ticked([tick(2, 4)], own, 0, woken, woken)
    logbook.ticked([tick(3, 5)], own, 0, woken + period, woken + period)
    logbook.woke(period, 20, 3, woken + 2 * period)
    logbook.woke(40 * MILLISECOND, 9, 30, woken + 10 * SECOND)
    assert [row["standstill_ns"] for row in notes.of("wake")] == [3 * SECOND // 2, 40 * MILLISECOND]
