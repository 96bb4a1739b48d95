"""A station's home folder: which folder holds what, the station's id and its share. No episode is read or written here.

    home/
        station.json   who this station is, where its episodes go, and where its second place is
        recording/     one folder per living episode, beside the lock that its writer holds
        sessions/      sessions whose sheet is not written yet, beside the lock that their recorder holds
        episodes/      finished files, in the share's own layout
        outbox/        one item per finished file that the share has not acknowledged
        receipts/      one receipt per file that it has
        revoked/       receipts that did not hold when the share was asked again, and what was found
        tombstones/    what stands for files that were pruned, and who has them
        trash/         those files, until somebody empties it
        torn/          what a crash or a failing disk left half-written: set aside, never deleted
        shares.json    what each share looked like when it was last trusted

The state of a file follows from which of these name it, so nothing else has to be kept in step with them.
"""

import errno
import secrets
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

from data.files import Disk, create_durably, make_path, replace_durably
from data.state_file import Fields, StateFileError, encode_state

STATION_FORMAT: Final = 1
STATION_ID_BYTES: Final = 8
"""Tells apart the temporary files of stations that write to one share."""
LOCK_SUFFIX: Final = ".lock"


class Identity(NamedTuple):
    """Who a station is: an id made once, the URL of the share that its episodes go to, and its second place.

    `second_home` is the path of another home, for episodes that this one's disk refuses; empty if there is none.
    """

    station: str
    share: str
    second_home: str = ""


class KnownShare(NamedTuple):
    """What a share looked like when this station last trusted it."""

    share_id: str
    was_mount: bool


@dataclass(frozen=True, slots=True)
class Station:
    """The folders of one home. Making this value touches nothing."""

    home: Path

    @property
    def recording(self) -> Path:
        """Living episodes, and what a crash left of them."""
        return self.home / "recording"

    @property
    def sessions(self) -> Path:
        """Sessions that have begun, and whose sheet is not written yet."""
        return self.home / "sessions"

    @property
    def episodes(self) -> Path:
        """Finished files."""
        return self.home / "episodes"

    @property
    def outbox(self) -> Path:
        """Items that wait for a receipt."""
        return self.home / "outbox"

    @property
    def receipts(self) -> Path:
        """Receipts."""
        return self.home / "receipts"

    @property
    def revoked(self) -> Path:
        """Receipts that did not hold."""
        return self.home / "revoked"

    @property
    def tombstones(self) -> Path:
        """What stands for pruned files."""
        return self.home / "tombstones"

    @property
    def trash(self) -> Path:
        """Pruned files, until the trash is emptied."""
        return self.home / "trash"

    @property
    def torn(self) -> Path:
        """What was set aside."""
        return self.home / "torn"

    @property
    def folders(self) -> tuple[Path, ...]:
        """All of them."""
        return (
            *(self.recording, self.sessions, self.episodes, self.outbox, self.receipts),
            *(self.revoked, self.tombstones, self.trash, self.torn),
        )

    @property
    def courier_lock(self) -> Path:
        """Held by the one process that delivers from here."""
        return self.home / f"courier{LOCK_SUFFIX}"

    @property
    def identity_file(self) -> Path:
        """Who this station is."""
        return self.home / "station.json"

    @property
    def shares_file(self) -> Path:
        """What each share looked like."""
        return self.home / "shares.json"

    @property
    def is_recording(self) -> bool:
        """Whether an episode is being recorded here, or a crash left one: a courier then takes its time."""
        try:
            return any(path.suffix != LOCK_SUFFIX for path in self.recording.iterdir())
        except OSError:
            return False

    @property
    def exists(self) -> bool:
        """Whether a station ever lived here."""
        return self.recording.is_dir() or self.episodes.is_dir() or self.outbox.is_dir()


def open_station(home: Path, share_url: str, disk: Disk, second_home: Path | None = None) -> Station:
    """The station at `home`, made if it is new; from now on its episodes go to `share_url`.

    A second place is remembered, so that a later `sync` finds what was put there. Without one, the known one stays.

    Raises:
        NotADirectoryError: a file stands where a folder should be.
    """
    station = Station(home)
    make_path(disk, home)
    make_station_folders(station, disk)
    before = read_identity(station)
    wanted = (before or Identity(_new_id(), ""))._replace(share=share_url)
    if second_home is not None:
        wanted = wanted._replace(second_home=str(second_home.absolute()))
    if before is None:
        try:
            create_durably(disk, station.identity_file, _identity_bytes(wanted))
        except FileExistsError:
            if read_identity(station) is None:
                raise  # the name is taken by what is no file, such as a link to nowhere
            return open_station(home, share_url, disk, second_home)  # another program made the station just now
    elif before != wanted:
        replace_durably(disk, station.identity_file, _identity_bytes(wanted))
    return station


def homes_of(home: Path) -> tuple[Path, ...]:
    """A home, and its second place if it knows of one and that exists."""
    try:
        identity = read_identity(Station(home))
    except (OSError, StateFileError):
        return (home,)  # a recovery reports what cannot be read
    if identity is None or not identity.second_home:
        return (home,)
    second = Path(identity.second_home)
    return (home, second) if second != home and Station(second).exists else (home,)


def make_station_folders(station: Station, disk: Disk) -> None:
    """Every folder of a home that exists, durably.

    Raises:
        NotADirectoryError: there is a file in its place.
    """
    for folder in station.folders:
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "expected a folder, and there is a file", str(folder))
        disk.make_folder(folder)
    disk.flush_folder(station.home)


def _new_id() -> str:
    return secrets.token_hex(STATION_ID_BYTES)


def _identity_bytes(identity: Identity) -> bytes:
    return encode_state({"format": STATION_FORMAT, **identity._asdict()})


def read_identity(station: Station) -> Identity | None:
    """Who the station is, or None for a home that has no identity yet.

    Raises:
        StateFileError: the file holds something else.
    """
    try:
        data = station.identity_file.read_bytes()
    except FileNotFoundError:
        return None
    fields = Fields(data, STATION_FORMAT)
    return Identity(fields.text("station"), fields.text("share"), _second_home(fields))


def _second_home(fields: Fields) -> str:
    try:
        return fields.text("second_home")
    except StateFileError:
        return ""  # written before there was such a field


def known_shares(station: Station) -> dict[str, KnownShare]:
    """The shares that this station has trusted, by URL; none if the file is not there or not ours."""
    try:
        shares = Fields(station.shares_file.read_bytes(), STATION_FORMAT).mapping("shares")
    except (FileNotFoundError, StateFileError):
        return {}  # trusting anew costs one probe and no data
    return {
        url: KnownShare(str(seen.get("share_id", "")), seen.get("was_mount") is True)
        for url, seen in shares.items()
        if isinstance(seen, dict)
    }


def remember_share(station: Station, url: str, seen: KnownShare, disk: Disk) -> None:
    """Keep what a share looks like now, if that is news."""
    shares = known_shares(station)
    if shares.get(url) != seen:
        shares[url] = seen
        fields = {name: known._asdict() for name, known in shares.items()}
        replace_durably(disk, station.shares_file, encode_state({"format": STATION_FORMAT, "shares": fields}))


def set_aside(station: Station, path: Path, disk: Disk) -> Path:
    """Move a file or a folder of this home into `torn/`, under a name that nothing there has; returns where it is."""
    name = path.name.lstrip(".")
    names = (name if number == 1 else f"{name}.{number}" for number in count(1))
    target = next(station.torn / free for free in names if not (station.torn / free).exists())
    if path.is_dir():
        disk.move_folder(path, target)
    else:
        disk.replace(path, target)
    disk.flush_folder(station.torn)
    disk.flush_folder(path.parent)
    return target
