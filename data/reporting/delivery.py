"""How far an episode's files have come: from a station towards a share, and what of each seat lies on a share.

Read only. Of a file on a station, its outbox and its receipts tell; of files on a share, that they are there.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from data.layout import Kind, episode_key, parse_name
from data.outbox import Outbox, State
from data.search import Found
from data.shares.folder_share import MARK_NAME
from data.station import Station
from games.contract import Seat

_BELOW_EPISODES: Final = 4
"""Folders between a station's `episodes/`, or a share, and a file: study, dyad, session, episode."""

Key: TypeAlias = tuple[str, int]
_Names: TypeAlias = defaultdict[Path, defaultdict[Key, set[str]]]


class Delivery(NamedTuple):
    """An episode's files in one place: on a station how many are in each state, elsewhere what is `missing` of a seat.

    `place` says which one, for people.
    """

    place: str
    states: Mapping[State, int]
    missing: tuple[str, ...] = ()

    @property
    def is_received(self) -> bool:
        """Whether the share has acknowledged every file of a station, or holds every file of both seats."""
        return set(self.states) <= _RECEIVED and not self.missing

    def words(self) -> str:
        """The place and its files in one line; only the state if all files are in it."""
        if self.missing:
            return f"{self.place}: without {' and '.join(self.missing)}"
        if not self.states:
            return f"{self.place}: all files of both seats"
        if len(self.states) == 1:
            return f"{self.place}: {next(iter(self.states)).value}"
        return f"{self.place}: {', '.join(f'{count} {state.value}' for state, count in self.states.items())}"


_RECEIVED: Final = {State.VERIFIED, State.SETTLED, State.COLLECTED}


def deliveries(found: Found) -> dict[Key, tuple[Delivery, ...]]:
    """For each run and episode, its files in every place of the sources; files without a name of ours count nowhere."""
    stations: _Names = defaultdict(lambda: defaultdict(set))
    others: _Names = defaultdict(lambda: defaultdict(set))
    for path in (*found.files, *found.local_files, *(claim.path for claim in found.claims)):
        key = episode_key(path.name)
        if key is not None:
            home = _home_of(path)
            names = others[_root_of(path)] if home is None else stations[home]
            names[key].add(path.name)
    told: defaultdict[Key, list[Delivery]] = defaultdict(list)
    for key, delivery in (*_on_stations(stations), *_elsewhere(others)):
        told[key].append(delivery)
    return {key: tuple(each) for key, each in told.items()}


def _on_stations(stations: _Names) -> Iterator[tuple[Key, Delivery]]:
    for home, episodes in sorted(stations.items()):
        states = {item.name: item.state for item in Outbox(home).items()}
        for key, files in episodes.items():
            counted = _counted(states.get(name, State.FINAL) for name in files)
            yield key, Delivery(f"station {home.name}", counted)


def _elsewhere(others: _Names) -> Iterator[tuple[Key, Delivery]]:
    for root, episodes in sorted(others.items()):
        kind = "share" if (root / MARK_NAME).is_file() else "folder"
        for key, files in episodes.items():
            yield key, Delivery(f"{kind} {root.name}", {}, tuple(_missing(files)))


def _missing(files: Iterable[str]) -> Iterator[str]:
    """What a complete delivery of both seats would hold besides these files."""
    names = [name for file in files if (name := parse_name(file)) is not None]
    here = {(name.kind, name.seat) for name in names}
    for seat in Seat:
        lacking = [word for kind, word in _OF_A_SEAT if (kind, seat) not in here]
        if lacking:
            yield f"{seat.word}'s {' and '.join(lacking)}"


_OF_A_SEAT: Final = ((Kind.CLAIM, "claim"), (Kind.LOCAL, "notes"))


def _root_of(path: Path) -> Path:
    """Where a share with this file would begin; the file's own folder if it lies less deep."""
    parents = path.absolute().parents
    return parents[_BELOW_EPISODES] if len(parents) > _BELOW_EPISODES + 1 else parents[0]


def _home_of(path: Path) -> Path | None:
    """The station that a file lies in, if it does."""
    parents = path.absolute().parents
    if len(parents) <= _BELOW_EPISODES + 1:
        return None
    home = parents[_BELOW_EPISODES + 1]
    station = Station(home)
    return home if parents[_BELOW_EPISODES] == station.episodes and station.identity_file.is_file() else None


def _counted(states: Iterable[State]) -> dict[State, int]:
    return dict(sorted(Counter(states).items()))
