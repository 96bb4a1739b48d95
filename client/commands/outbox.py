"""What `dyadgrid outbox` shows and does: a station's files, where each stands, and a person's wishes for them."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from client.commands.courier_process import HUNG_SECONDS
from client.commands.errand import Check, Delivery, send_check, send_delivery
from client.commands.sync import find_stations
from client.commands.terminal import make_table, open_console, say
from data.archive import pack, read_vouchers, take_receipts
from data.files import try_lock
from data.inventory import Entry, count_states, take_inventory
from data.layout import parse_draft_name
from data.outbox import Item, Outbox, State
from data.receipts import Receipts
from data.station import Station, homes_of

LOCK_SECONDS: Final = 15.0
"""A courier's pass takes no new file after 10 s: if the lock is not free by then, its share hangs."""
LOCK_POLL_SECONDS: Final = 0.05
COLUMNS: Final = ("dyad", "ses", "run", "file", "state", "age", "tries", "next", "why")
SHORT_RUN_DIGITS: Final = 6
OVERDUE_SECONDS: Final = 90.0
"""What is due is tried within a minute, unless a courier has much to do, or its share hangs."""
TRIED_STATES: Final = (State.QUEUED, State.BLOCKED, State.CONFLICT, State.LOCAL_CORRUPT)
_STYLES: Final = {
    State.BLOCKED: "yellow",
    State.CONFLICT: "bold red",
    State.LOCAL_CORRUPT: "bold red",
    State.WAIT: "cyan",
}
_UNITS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))
"""From which age on it is told in which unit."""


def stations_under(home: Path) -> list[Path]:
    """The stations at or below a folder, and their second places.

    Raises:
        ValueError: there is none.
    """
    stations = [*dict.fromkeys(place for station in find_stations(home) for place in homes_of(station))]
    if not stations:
        raise ValueError(f"no station in {home}: expected a folder that a session or a demo recorded into")
    return stations


@contextmanager
def courier_lock(home: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """The right to change a home's items and receipts, as soon as its courier is between two passes.

    Raises:
        ValueError: a courier does not let go of it.
    """
    deadline = time.monotonic() + seconds
    while (lock := try_lock(Station(home).courier_lock)) is None:
        if time.monotonic() >= deadline:
            raise ValueError(
                f"a courier is at work in {home} and does not end its pass: its share may hang. Nothing was changed. "
                "Close the client that runs here, or restart this machine, and try again"
            )
        time.sleep(LOCK_POLL_SECONDS)
    try:
        yield
    finally:
        lock.release()


# -- showing -----------------------------------------------------------------------------------------------------------


def show_outbox(home: Path, *, every: bool, as_json: bool, now: Callable[[], float] = time.time) -> int:
    """Print every file that waits, and how many stand where. The exit code is 0 if nothing waits.

    Raises:
        ValueError: there is no station there.
    """
    console = open_console(stderr=as_json)
    found = {station: take_inventory(station) for station in stations_under(home)}
    for station, entries in found.items():
        say(console, station)
        _show_entries([entry for entry in entries if every or not entry.is_delivered], console, now())
        counts = ", ".join(f"{count} {state.value}" for state, count in count_states(entries).items())
        say(console, f"  {counts or 'nothing was recorded here yet'}")
        _show_trouble(station, entries, console, now())
    if as_json:
        homes = [_home_json(station, entries) for station, entries in found.items()]
        sys.stdout.write(json.dumps({"ok": not _waits(found.values()), "homes": homes}) + "\n")
    return 1 if _waits(found.values()) else 0


def _waits(inventories: Any) -> bool:  # noqa: ANN401 - a view of tuples
    return any(not entry.is_delivered for entries in inventories for entry in entries)


def _show_entries(entries: Sequence[Entry], console: Console, now: float) -> None:
    """A row each; reasons are numbered, because a share that is away is the reason of all of them."""
    if not entries:
        return
    reasons = list(dict.fromkeys(entry.item.reason for entry in entries if entry.item.reason))
    table = make_table(COLUMNS, ("age", "tries"))
    for entry in entries:
        why = str(reasons.index(entry.item.reason) + 1) if entry.item.reason else ""
        table.add_row(*(Text(cell) for cell in (*_cells(entry, now), why)), style=_STYLES.get(entry.state, ""))
    console.print(table)
    for number, reason in enumerate(reasons, start=1):
        say(console, f"  {number}: {reason}")


def _show_trouble(station: Path, entries: tuple[Entry, ...], console: Console, now: float) -> None:
    overdue = sum(entry.state in TRIED_STATES and _is_overdue(entry, now) for entry in entries)
    if overdue and _is_locked(station):
        words = f"  {overdue} files are due, and a courier is at work. If this stays so, its share does not answer"
        say(console, words, "bold yellow")
    revoked = Receipts(station).revoked()
    if revoked:
        say(console, f"  {len(revoked)} receipts did not hold, see {Station(station).revoked}", "bold red")


def _is_overdue(entry: Entry, now: float) -> bool:
    return now - max(entry.item.next_attempt, entry.written_at) >= OVERDUE_SECONDS


def _is_locked(station: Path) -> bool:
    lock = try_lock(Station(station).courier_lock)
    if lock is not None:
        lock.release()
    return lock is None


def _cells(entry: Entry, now: float) -> tuple[str, ...]:
    item = entry.item
    age = _age(now - entry.written_at) if entry.written_at else ""
    return (*_short_name(item), item.state.value, age, str(item.attempts or ""), _next(item, now))


def _short_name(item: Item) -> tuple[str, str, str, str]:
    """Dyad, session, the start of the run, and which file it is. The full name is told to programs."""
    stem, _, rest = item.name.partition("_run-")
    draft = stem.partition("_dyad-")[2]  # a draft's name begins with its study
    dyad, _, session = (draft or stem.removeprefix("dyad-")).partition("_ses-")
    run, _, file = rest.partition("_")
    words = file.split("_")
    known = words[:-1] if parse_draft_name(item.name) is None else words  # without the start of the hash
    return dyad, session, run[:SHORT_RUN_DIGITS], " ".join(known)


def _age(seconds: float) -> str:
    for unit, word in _UNITS:
        if seconds >= unit:
            return f"{seconds / unit:.0f} {word}"
    return f"{max(0.0, seconds):.0f} s"


def _next(item: Item, now: float) -> str:
    if item.state not in TRIED_STATES:
        return ""
    return "now" if item.is_due(now) else f"in {_age(item.next_attempt - now)}"


def _home_json(home: Path, entries: tuple[Entry, ...]) -> dict[str, Any]:
    return {
        "home": str(home),
        "counts": {state.value: count for state, count in count_states(entries).items()},
        "items": [_entry_json(entry) for entry in entries],
        "revoked": list(Receipts(home).revoked()),
    }


def _entry_json(entry: Entry) -> dict[str, Any]:
    item = entry.item
    return {
        "file": item.file,
        "name": item.name,
        "sha256": item.sha256,
        "size": item.size,
        "share": item.share,
        "state": item.state.value,
        "attempts": item.attempts,
        "next_attempt": item.next_attempt,
        "written_at": entry.written_at,
        "reason": item.reason,
    }


# -- a person's wishes -------------------------------------------------------------------------------------------------


def retry_items(home: Path, names: Sequence[str], seconds: float = HUNG_SECONDS) -> int:
    """Try the named files again now, all that are not held back without a name; 0 if all of them were received.

    Raises:
        ValueError: no file is called so, or a courier hangs.
    """
    chosen = _renew(home, names, lambda item: bool(names) or not item.is_held)
    console = open_console(stderr=False)
    waiting = 0
    for station, items in chosen.items():
        names_here = frozenset(item.name for item in items)
        report = send_delivery(Delivery(station, names_here), seconds=seconds)
        left = [item for item in report.waiting if item.name in names_here]
        waiting += len(left)
        why = f": {'; '.join(report.trouble)}" if left else ""
        say(console, f"{station}: {len(report.delivered)} delivered, {len(left)} still wait{why}")
    return 1 if waiting else 0


def hold_items(home: Path, names: Sequence[str]) -> int:
    """Hold the named files back. Raises as `retry_items`."""
    return _tell(_change(home, names, lambda item: not item.is_held, Item.hold), "held back")


def release_items(home: Path, names: Sequence[str]) -> int:
    """Let the named files go, of those that are held back. Raises as `retry_items`."""
    return _tell(_renew(home, names, lambda item: item.is_held), "no longer held back")


def _renew(home: Path, names: Sequence[str], is_meant: Callable[[Item], bool]) -> dict[Path, list[Item]]:
    return _change(home, names, is_meant, Item.renew)


def _tell(changed: dict[Path, list[Item]], words: str) -> int:
    console = open_console(stderr=False)
    for items in changed.values():
        for item in items:
            say(console, f"{words}: {item.name}")
    return 0


def _change(
    home: Path, names: Sequence[str], is_meant: Callable[[Item], bool], change: Callable[[Item], Item]
) -> dict[Path, list[Item]]:
    """Change what waits and is named, under each home's lock; what was changed.

    Raises:
        ValueError: a name fits nothing, or a courier hangs.
    """
    stations = stations_under(home)
    _check_names(names, [item for station in stations for item in Outbox(station).waiting() if is_meant(item)])
    changed: dict[Path, list[Item]] = {}
    for station in stations:
        if not any(is_meant(item) and _is_named(item, names) for item in Outbox(station).waiting()):
            continue
        with courier_lock(station):
            outbox = Outbox(station)
            items = [item for item in outbox.waiting() if is_meant(item) and _is_named(item, names)]
            for item in items:
                outbox.update(change(item))
            changed[station] = items
    return changed


def _is_named(item: Item, names: Sequence[str]) -> bool:
    return not names or any(_fits(name, item) for name in names)


def _fits(name: str, item: Item) -> bool:
    """Whether a name, or a part of one as the table shows it, is meant for a file."""
    return name.replace(" ", "_") in item.name


def _check_names(names: Sequence[str], items: Sequence[Item]) -> None:
    for name in names:
        if not any(_fits(name, item) for item in items):
            raise ValueError(f"expected a file of this outbox or part of its name, got {name!r}: nothing fits")


def check_receipts(home: Path, seconds: float = HUNG_SECONDS) -> int:
    """Ask the shares for everything that was ever received; 0 if all of it is there.

    Raises:
        ValueError: there is no station, or a courier hangs.
    """
    console = open_console(stderr=False)
    bad = 0
    for station in stations_under(home):
        with courier_lock(station), console.status(f"asking for every file of {station}"):
            found = send_check(Check(station), seconds)
        say(console, f"{station}: {len(found.settled)} files are at their share as they should be")
        for words in (*found.alarms, *found.trouble):
            say(console, f"  {words}", "bold red")
        bad += len(found.alarms) + len(found.trouble)
    return 1 if bad else 0


# -- the USB stick -----------------------------------------------------------------------------------------------------


def export_archive(home: Path, archive: Path) -> int:
    """Pack what waits on one station; 0 if all of it could be packed.

    Raises:
        ValueError: there are several stations, or nothing waits.
        OSError: the archive cannot be written, or its name is taken.
    """
    stations = find_stations(home)
    if len(stations) != 1:
        names = ", ".join(str(station) for station in stations) or "none"
        raise ValueError(f"an archive is of one station: name it with --home. Found in {home}: {names}")
    packed = pack(homes_of(stations[0]), archive)
    console = open_console(stderr=False)
    say(console, f"{len(packed.files)} files in {archive} ({packed.size:,} bytes), read back and whole.")
    say(console, "They stay in the outbox until their receipts are here: `dyadgrid outbox receipts FILE`.")
    for words in packed.refused:
        say(console, f"not packed: {words}", "bold red")
    return 1 if packed.refused else 0


def take_receipts_file(home: Path, file: Path) -> int:
    """Take the receipts of an import; 0 if every one of them spoke of a file of these stations.

    Raises:
        ValueError: it is no file of receipts, or a courier hangs.
        OSError: it cannot be read.
    """
    try:
        receipts = read_vouchers(file.read_bytes(), time.time())
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    console = open_console(stderr=False)
    strangers: tuple[str, ...] = ()
    for station in stations_under(home):
        with courier_lock(station):
            taken = take_receipts(station, receipts)
        strangers = taken.strangers
        receipts = tuple(receipt for receipt in receipts if receipt not in taken.receipts)
        say(console, f"{station}: {len(taken.receipts)} receipts taken")
    for words in strangers:
        say(console, f"not taken: {words}", "yellow")
    return 1 if strangers else 0
