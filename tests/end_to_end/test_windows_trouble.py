"""What participants and machines do to two windows at length: a standstill, mashing, and simply going on."""

import os
import signal
import time
from pathlib import Path
from random import Random

import pytest

from tests.support.desktop import Desktop
from tests.support.participants import Client, Table
from tests.support.recordings import assert_away_as_told, inputs_of
from tests.support.sight import differences
from tests.support.watching import see_banner

pytestmark = [pytest.mark.window, pytest.mark.processes]

HZ = 30
KEYS = ("Up", "Down", "Left", "Right", "space", "w", "a", "s", "d", "Shift_L", "Control_L", "F1", "F3", "Escape")
"""Without the chord's Q: a slow machine could hold the rest of it long enough."""
MASHING_SECONDS = 20
SOAK = "DYADGRID_SOAK_SECONDS"
"""Set it for a long soak by hand."""
SOAK_SECONDS = 20
FIRST_GROWTH_KB, GROWTH_KB_PER_SECOND = 1500, 20
"""What a process may grow by: at first by what it draws for the first time, then by its episode, which it keeps in
memory (8 kB a second at 60 Hz)."""
MORE_HANDLES = 4
"""A connection that was made anew, a file that is just being written."""


def test_while_one_side_stands_still_the_other_says_that_it_waits_and_both_end_equal(table: Table) -> None:
    pair = table.start_pair("--frames", 3 * HZ)
    pair.play()
    pair.left.focus()
    pair.left.reach(15)
    pair.right.signal(signal.SIGSTOP)
    try:
        waiting = see_banner(pair.left, "waiting for partner")
        time.sleep(3 - (waiting.after - waiting.before) / 1e9)
    finally:
        pair.right.signal(signal.SIGCONT)
    pair.wait()
    assert pair.left.canonical_bytes() == pair.right.canonical_bytes()
    for client in pair:
        assert client.hear("episode")["agreement"] == "mutual"
    left = pair.left.local()
    assert dict(left.stats)["holds"] >= 1
    assert "waiting for partner" in [entry["text"] for entry in left.of("notice")]
    right = pair.right.local()
    assert [entry for entry in right.of("wake") if int(entry["standstill_ns"]) > 2e9]
    assert pair.left.canonical().frames[-1].done


def test_alt_tabbing_and_mashing_keys_leave_two_equal_records(table: Table, place: Desktop) -> None:
    pair = table.start_pair("--frames", (MASHING_SECONDS + 3) * HZ)
    pair.play()
    random = Random(4)
    over = time.monotonic() + MASHING_SECONDS
    try:
        while time.monotonic() < over:
            place.act(*mashing(random))
    finally:
        place.act(*(word for key in KEYS for word in ("keyup", key)))
    pair.left.focus()
    time.sleep(1.5)
    shot = pair.left.look("after-mashing")
    pair.wait()
    assert pair.left.canonical_bytes() == pair.right.canonical_bytes()
    for client in pair:
        assert client.hear("episode", reason="finished", agreement="mutual")
        assert_away_as_told(client.canonical(), client.local())
        actions = [each.action for each in inputs_of(client.canonical(), client.seat)]
        assert len(set(actions)) > 2, "keys did something"
        assert not any(actions[-HZ:]), "a key sticks"
    changed = differences(shot, *pair.left.sighted().pictures(shot))
    assert all(piece.startswith("panel") for piece in changed), "but for the panels that F1 and F3 have left"


def mashing(random: Random) -> list[str]:
    """A second or so of wild typing, with changes of the window."""
    words: list[str] = []
    for _ in range(random.randint(8, 20)):
        key = random.choice(KEYS)
        words += [random.choice(("keydown", "keyup", "key")), key, "sleep", f"{random.uniform(0, 0.08):.3f}"]
    return [*words, *(word for key in ("Shift_L", "Control_L") for word in ("keyup", key)), "key", "alt+Tab"]


def test_both_windows_play_on_without_growing(table: Table) -> None:
    seconds = int(os.environ.get(SOAK, SOAK_SECONDS))
    pair = table.start_pair("--hz", 60, "--frames", 60 * (seconds + 1), "--bot")
    pair.play()
    for client in pair:
        client.reach(60)
    first = {client: (memory_kb(client), handles(client)) for client in pair}
    for client in pair:
        client.reach(60 * seconds)
    last = {client: (memory_kb(client), handles(client)) for client in pair}
    pair.wait()
    assert pair.left.canonical_bytes() == pair.right.canonical_bytes()
    for client in pair:
        assert last[client][0] - first[client][0] < FIRST_GROWTH_KB + GROWTH_KB_PER_SECOND * seconds
        assert last[client][1] <= first[client][1] + MORE_HANDLES


def memory_kb(client: Client) -> int:
    """Resident memory."""
    lines = Path(f"/proc/{client.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def handles(client: Client) -> int:
    """Open files, sockets and pipes."""
    return len(list(Path(f"/proc/{client.process.pid}/fd").iterdir()))
