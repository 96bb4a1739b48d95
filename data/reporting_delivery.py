"""Where an episode's files stand on their way from a station to the share. Read only; a share has no such state."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from data.layout import episode_key
from data.outbox import Outbox, State
from data.search import Found
from data.station import Station

_BELOW_EPISODES: Final = 4
"""Folders between a station's `episodes/` and a file: study, dyad, session, episode."""

Key = tuple[str, int]


class Delivery(NamedTuple):
    """How many of an episode's files on one station are in each state. `station` is the name of its folder."""

    station: str
    states: Mapping[State, int]

    @property
    def is_received(self) -> bool:
        """Whether the share has acknowledged every file."""
        return set(self.states) <= _RECEIVED

    def words(self) -> str:
        """The states in one line; only the state if all files are in it."""
        if len(self.states) == 1:
            return f"{self.station}: {next(iter(self.states)).value}"
        return f"{self.station}: {', '.join(f'{count} {state.value}' for state, count in self.states.items())}"


_RECEIVED: Final = {State.VERIFIED, State.SETTLED, State.COLLECTED}


def deliveries(found: Found) -> dict[Key, tuple[Delivery, ...]]:
    """For each run and episode, its files' states on every station of the sources; nothing for what is on a share."""
    names: defaultdict[Path, defaultdict[Key, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in (*found.files, *found.local_files, *(claim.path for claim in found.claims)):
        home, key = _home_of(path), episode_key(path.name)
        if home is not None and key is not None:
            names[home][key].add(path.name)
    told: defaultdict[Key, list[Delivery]] = defaultdict(list)
    for home, episodes in sorted(names.items()):
        states = {item.name: item.state for item in Outbox(home).items()}
        for key, files in episodes.items():
            told[key].append(Delivery(home.name, _counted(states.get(name, State.FINAL) for name in files)))
    return {key: tuple(each) for key, each in told.items()}


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
