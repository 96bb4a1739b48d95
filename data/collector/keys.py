"""The keys of a collector and its stations: who may come in, and by whom a station knows its collector.

- `KEYS/collector/collector.key_secret`: the collector's own pair of keys
- `KEYS/collector/stations/left-pc.key`: the public key of every station that it lets in: the allow-list
- `KEYS/station-left-pc/station.key_secret`: a station's own pair: goes to that machine alone
- `KEYS/station-left-pc/collector.key`: the collector's public key
"""

import os
import re
import shutil
from pathlib import Path
from typing import Final, NamedTuple

from data.certificates import CertificateError, load_certificate, make_pair

MOST_STATIONS: Final = 200
"""More than a lab has machines; a folder with more keys is another folder."""
COLLECTOR: Final = "collector"
STATION: Final = "station"
STATIONS: Final = "stations"
"""The folder of the allow-list."""
_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,40}")


class CollectorKeysError(Exception):
    """The folder of keys cannot be made or used; the text says why. The user's to mend."""


class CollectorKeys(NamedTuple):
    """What a collector needs: its own pair (Z85), and the name of the station that each public key belongs to."""

    public: bytes
    secret: bytes
    stations: dict[bytes, str]


class StationKeys(NamedTuple):
    """What a station needs: its own pair (Z85), and the public key of its collector."""

    public: bytes
    secret: bytes
    collector_public: bytes


def check_station_name(name: str) -> str:
    """The name, if a station may have it.

    Raises:
        CollectorKeysError: it may not.
    """
    if not _NAME.fullmatch(name):
        raise CollectorKeysError(f"station: expected a name of 1 to 40 of A-Z, a-z, 0-9 and -, got {name[:60]!r}")
    return name


def make_collector_keys(folder: Path, names: list[str]) -> list[Path]:
    """Make keys for stations, and for their collector if it has none; returns the folders to bring to the stations.

    Existing keys are never replaced: a machine may depend on them.

    Raises:
        CollectorKeysError: a station of that name has keys, or the folder cannot be written.
    """
    for name in names:
        check_station_name(name)
    if len(set(names)) < len(names):
        raise CollectorKeysError(f"station: expected names that differ, got {', '.join(names)}")
    there = [name for name in names if (folder / f"{STATION}-{name}").exists()]
    if there:
        raise CollectorKeysError(f"{folder} holds keys of {', '.join(there)} already: name only new stations")
    try:
        return _make(folder, names)
    except OSError as error:
        raise CollectorKeysError(f"cannot make keys in {folder}: {error.strerror}") from error


def _make(folder: Path, names: list[str]) -> list[Path]:
    own = folder / COLLECTOR
    (own / STATIONS).mkdir(parents=True, exist_ok=True)
    if not (own / f"{COLLECTOR}.key_secret").exists():
        make_pair(own, COLLECTOR)
    made = []
    for name in names:
        place = folder / f"{STATION}-{name}"
        place.mkdir()
        make_pair(place, STATION)
        shutil.copy(own / f"{COLLECTOR}.key", place / f"{COLLECTOR}.key")
        shutil.copy(place / f"{STATION}.key", own / STATIONS / f"{name}.key")  # last: now the station may come in
        made.append(place)
    return made


def load_collector_keys(folder: Path) -> CollectorKeys:
    """A collector's keys; `folder` is its own one, or the one that `dyadgrid keys` was given.

    Raises:
        CollectorKeysError: a file is missing or is no key; the text names it.
    """
    folder = _own_folder(folder)
    public, secret = _load_pair(folder / f"{COLLECTOR}.key_secret")
    stations = _load_stations(folder / STATIONS)
    if not stations:
        raise CollectorKeysError(f"no station may come in: there is no key in {folder / STATIONS}")
    return CollectorKeys(public, secret, stations)


def _own_folder(folder: Path) -> Path:
    """The collector's own folder, in the one that `dyadgrid keys` was given."""
    return folder / COLLECTOR if (folder / COLLECTOR / f"{COLLECTOR}.key_secret").exists() else folder


def _load_stations(folder: Path) -> dict[bytes, str]:
    paths = sorted(folder.glob("*.key"))
    if len(paths) > MOST_STATIONS:
        raise CollectorKeysError(f"expected at most {MOST_STATIONS} stations, found {len(paths)} keys")
    return {_load(path)[0]: check_station_name(path.stem) for path in paths}


class AllowList:
    """Who may come in, for as long as a collector runs: its folder is looked at again, and read if it has changed.

    Attributes:
        stations: the name of the station that each public key (Z85) belongs to.
        trouble: why what lies there now is not used; the last list that could be read stays.
    """

    def __init__(self, keys: Path, stations: dict[bytes, str]) -> None:
        self.stations = stations
        self.trouble = ""
        self._folder = _own_folder(keys) / STATIONS
        self._seen: frozenset[tuple[str, int, int]] | None = frozenset()

    def has_changed(self) -> bool:
        """Look again; whether other stations may come in than before."""
        seen = self._look()
        if seen == self._seen:
            return False
        before = self.stations
        try:
            if seen is None:
                raise CollectorKeysError(f"the folder {self._folder} is gone")
            self.stations, self.trouble = _load_stations(self._folder), ""
        except CollectorKeysError as error:
            self.trouble = f"the list of stations stays as it was: {error}"
        self._seen = seen
        return self.stations != before

    def _look(self) -> frozenset[tuple[str, int, int]] | None:
        """What the folder's files look like from outside: one that is still being written is read once more."""
        try:
            seen = [(entry.name, entry.stat()) for entry in os.scandir(self._folder)]
        except OSError:
            return None
        return frozenset((name, stat.st_mtime_ns, stat.st_size) for name, stat in seen)


def load_station_keys(folder: Path) -> StationKeys:
    """A station's keys.

    Raises:
        CollectorKeysError: a file is missing or is no key; the text names it.
    """
    public, secret = _load_pair(folder / f"{STATION}.key_secret")
    collector_public, _ = _load(folder / f"{COLLECTOR}.key")
    return StationKeys(public, secret, collector_public)


def _load_pair(path: Path) -> tuple[bytes, bytes]:
    public, secret = _load(path)
    if secret is None:
        raise CollectorKeysError(f"{path}: expected a secret key, found only a public one")
    return public, secret


def _load(path: Path) -> tuple[bytes, bytes | None]:
    try:
        return load_certificate(path)
    except CertificateError as error:
        raise CollectorKeysError(f"{error}: make keys with `dyadgrid keys DIR --collector --station NAME`") from error
