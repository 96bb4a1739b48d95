"""The collector's own folder inside its share, and which file of it is for what. Nothing is read or written here.

In `DIR/.collector/`:

- `lock`: held by the one collector that works in DIR
- `index.sqlite`: what lies in DIR: made anew from DIR whenever it is missing or broken
- `incoming/`: files that are not whole yet, one folder a station
- `quarantine/`: what was sent under a name that has other bytes, what is damaged, and copies of episodes whose seats
  differ; never deleted
- `alarms/`: one small JSON file for everything that a person has to look at
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

OWN_FOLDER: Final = ".collector"
"""Begins with a dot, so that nobody takes it for a study."""


@dataclass(frozen=True)
class CollectorPlace:
    """The folders of one collector. Making this value touches nothing."""

    root: Path

    @cached_property
    def own(self) -> Path:
        """What is not data."""
        return self.root / OWN_FOLDER

    @cached_property
    def lock(self) -> Path:
        """Held while a collector works here."""
        return self.own / "lock"

    @cached_property
    def index(self) -> Path:
        """The SQLite file."""
        return self.own / "index.sqlite"

    @cached_property
    def incoming(self) -> Path:
        """Files that are not whole yet."""
        return self.own / "incoming"

    @cached_property
    def quarantine(self) -> Path:
        """Bytes that may not stand under their name."""
        return self.own / "quarantine"

    @cached_property
    def alarms(self) -> Path:
        """What a person has to look at."""
        return self.own / "alarms"

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        """All of them, the outer one first."""
        return self.own, self.incoming, self.quarantine, self.alarms
