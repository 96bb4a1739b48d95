"""The inventory of a station: every file of it, and where it stands on its way. It only reads, and asks no share."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from data.files import TEMPORARY_SUFFIX
from data.layout import check_relative, paper_name
from data.outbox import RECEIPT_STATES, Item, Outbox, State
from data.pruning import pruned_files
from data.receipts import Receipts
from data.station import LOCK_SUFFIX, Station


@dataclass(frozen=True, slots=True)
class Entry:
    """One file. `item.file` is its path under `episodes/`; of a draft its folder under `recording/`.

    `written_at` is when its last byte was written, in unix seconds; 0 if it is not here.
    """

    item: Item
    written_at: float

    @property
    def state(self) -> State:
        """Where it stands."""
        return self.item.state

    @property
    def is_delivered(self) -> bool:
        """Whether a receipt stands for it."""
        return self.state in (State.VERIFIED, State.SETTLED, State.COLLECTED, State.PRUNED)


def take_inventory(home: Path) -> tuple[Entry, ...]:
    """Every file of a station: what is recorded, what waits (by name), what was received."""
    station, outbox = Station(home), Outbox(home)
    pruned = pruned_files(home)
    known = {}
    for item in outbox.items():
        is_pruned = item.file in pruned and item.state in RECEIPT_STATES.values()
        stated = replace(item, state=State.PRUNED) if is_pruned else item
        known[item.file] = Entry(stated, _written_at(station.episodes / item.file))
    waiting = [entry for entry in known.values() if not entry.is_delivered]
    received = [entry for entry in known.values() if entry.is_delivered]
    return (*_drafts(station), *_unqueued(station, known), *waiting, *received)


def count_states(entries: tuple[Entry, ...]) -> Mapping[State, int]:
    """How many files are in each state."""
    return Counter(entry.state for entry in entries)


def _drafts(station: Station) -> Iterator[Entry]:
    if station.recording.is_dir():
        for path in sorted(station.recording.iterdir()):
            if path.suffix != LOCK_SUFFIX:
                yield Entry(Item(path.name, "", 0, "", State.RECORDING), _written_at(path))


def _unqueued(station: Station, known: Mapping[str, Entry]) -> Iterator[Entry]:
    """Files between their publication and their item: a recovery queues those that a crash left so."""
    for path in sorted(station.episodes.rglob("*")):
        file = path.relative_to(station.episodes).as_posix()
        if file not in known and not path.name.endswith(TEMPORARY_SUFFIX) and _is_ours(path, file):
            has_item = Outbox(station.home).path(paper_name(file)).exists()
            has_receipt = Receipts(station.home).path(paper_name(file)).exists()
            reason = "its item or receipt cannot be read: run sync" if has_item or has_receipt else ""
            yield Entry(Item(file, "", path.stat().st_size, "", State.FINAL, reason=reason), _written_at(path))


def _is_ours(path: Path, file: str) -> bool:
    try:
        check_relative(file)
    except ValueError:
        return False
    return path.is_file()


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
