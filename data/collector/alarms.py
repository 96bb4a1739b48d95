"""Alarms of a collector: one durable file for everything that a person has to look at, raised once each.

An alarm stays until somebody removes its file; the same thing found again is the same alarm.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from data.collector.place import CollectorPlace
from data.files import Disk, create_durably
from data.state_file import Fields, StateFileError, encode_state

ALARM_FORMAT: Final = 1
MOST_KEPT: Final = 200
"""Shown and remembered at most so many; the files are all there."""
MOST_FILES: Final = 10_000
"""More alarms than anybody reads: what comes after them still rings, and is not written down."""
MOST_WORDS: Final = 2000


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that a person has to look at: `kind` in a word, `about` a path in the share, `words` all of it."""

    kind: str
    about: str
    words: str

    @property
    def name(self) -> str:
        """The file's name: the same for the same alarm."""
        digest = sha256(f"{self.kind}\n{self.about}\n{self.words}".encode()).hexdigest()[:16]
        about = re.sub(r"[^A-Za-z0-9_-]+", "-", self.about.rpartition("/")[2])[:120]
        return f"{self.kind}_{about}_{digest}.json"


class Alarms:
    """The alarms of one collector, newest last."""

    def __init__(self, place: CollectorPlace, disk: Disk, ring: Callable[[Alarm], None]) -> None:
        self._place = place
        self._disk = disk
        self._ring = ring
        self._standing = {path.name: _read(path) for path in sorted(place.alarms.glob("[!.]*.json"))}

    @property
    def standing(self) -> tuple[Alarm, ...]:
        """Every alarm that nobody has removed, at most `MOST_KEPT` of them."""
        return tuple(self._standing.values())[-MOST_KEPT:]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._standing)

    def raise_alarm(self, alarm: Alarm) -> None:
        """Write it down and ring, if it is new. A disk that refuses the file does not silence the bell."""
        alarm = Alarm(alarm.kind, alarm.about, alarm.words[:MOST_WORDS])
        if alarm.name in self._standing:
            return
        self._ring(alarm)
        if self.count >= MOST_FILES:
            return
        self._standing[alarm.name] = alarm
        fields = {"format": ALARM_FORMAT, "kind": alarm.kind, "about": alarm.about, "words": alarm.words}
        try:
            create_durably(self._disk, self._place.alarms / alarm.name, encode_state(fields))
        except OSError:  # it is there already, or a disk refuses: then this process alone remembers
            return


def _read(path: Path) -> Alarm:
    try:
        fields = Fields(path.read_bytes(), ALARM_FORMAT)
        return Alarm(fields.text("kind"), fields.text("about"), fields.text("words"))
    except (OSError, StateFileError) as error:
        return Alarm("unreadable", path.name, f"an alarm that cannot be read: {error}")
