"""Keeps one tape on disk whatever the disk does: a new file, a second place, memory until one of them works. No thread.

The tape holds every byte, so a draft that fails is given up at once and the next one starts from the first byte.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from data.draft import Draft
from data.files import Disk
from data.station import open_station
from data.tape import Tape

T = TypeVar("T")

RETRY_SECONDS: Final = 5.0
"""Between rounds through all places: soon after somebody has freed space, and seldom enough to leave a disk alone."""
TRIES_AT_HOME: Final = 2
"""A second file in the same place cures a bad flush; a third would say no more about the disk."""


class EpisodeWriter:
    """One episode on its way to disk. All methods are for one thread; `now` is any monotonic clock, in seconds."""

    def __init__(self, disk: Disk, homes: tuple[Path, ...], tape: Tape, share_url: str) -> None:
        self.tape = tape
        self.words: list[str] = []
        """What went wrong since somebody looked, for people."""
        self._disk = disk
        self._share_url = share_url
        self._places = (homes[0],) * TRIES_AT_HOME + homes[1:]
        self._tries = 0
        self._retry_at = float("-inf")
        self._draft: Draft | None = None
        self._kept: list[Draft] = []
        self.published: Path | None = None
        """The canonical file under its final name, once it is durable and queued."""

    @property
    def is_only_in_memory(self) -> bool:
        """Whether no place takes the episode now."""
        return self._draft is None and self.published is None

    def write(self, now: float) -> None:
        """Bring new chunks into the files."""
        self._do(now, lambda draft: draft.catch_up())

    def sync(self, now: float) -> None:
        """Bring new chunks into the files, durably."""
        self._do(now, _write_and_sync)

    def publish(self, now: float) -> None:
        """Bring a sealed tape to its final names and into the outbox; `published` says when that has worked."""
        if self.published is None:
            self.published = self._do(now, lambda draft: draft.publish(self._share_url))
            if self.published is not None:
                self._clear()

    def retry_now(self) -> None:
        """Do not wait for the next round."""
        self._retry_at = float("-inf")

    def abandon(self) -> None:
        """Leave what is on disk to a recovery."""
        for draft in (*self._kept, *([self._draft] if self._draft else [])):
            draft.give_up()
            draft.release()
        self._draft, self._kept = None, []

    def _do(self, now: float, action: Callable[[Draft], T]) -> T | None:
        while now >= self._retry_at:
            try:
                return action(self._draft or self._open())
            except OSError as error:
                self._fail(error, now)
        return None

    def _open(self) -> Draft:
        home = self._places[self._tries % len(self._places)]
        self._tries += 1
        station = open_station(home, self._share_url, self._disk)
        self._draft = Draft(self._disk, station, self.tape, self._tries)
        self._draft.start()
        if self._tries > 1:
            self._say(f"{self._episode} is stored in {home} after all. Tell the experimenter about this disk.")
        return self._draft

    def _fail(self, error: OSError, now: float) -> None:
        home = self._places[(self._tries - 1) % len(self._places)]
        self._say(f"{self._episode} cannot be stored in {home}: {error.strerror or error}. It is kept in memory.")
        self._keep_or_discard()
        if self._tries % len(self._places) == 0:
            self._retry_at = now + RETRY_SECONDS
            self._say(
                f"{self._episode} is in memory only. Leave this program open, free space on the disk, or get help."
            )

    def _keep_or_discard(self) -> None:
        """Of failed drafts, keep those that hold more than any before: they are what a crash would leave us."""
        draft, self._draft = self._draft, None
        if draft is None:
            return
        draft.give_up()
        if draft.durable_bytes > max((kept.durable_bytes for kept in self._kept), default=0):
            self._kept.append(draft)
        else:
            self._remove(draft)

    def _clear(self) -> None:
        """Remove the parts, now that every byte lies under its final name."""
        for draft in (self._draft, *self._kept):
            if draft is not None:
                self._remove(draft)
        self._draft, self._kept = None, []

    def _remove(self, draft: Draft) -> None:
        try:
            draft.discard()
        except OSError as error:
            self._say(f"a rest of {self._episode} stays in {draft.folder}: {error.strerror or error}")
            draft.release()

    @property
    def _episode(self) -> str:
        return f"Episode {self.tape.terms.episode + 1}"

    def _say(self, words: str) -> None:
        if words not in self.words:
            self.words.append(words)


def _write_and_sync(draft: Draft) -> None:
    draft.catch_up()
    draft.sync()
