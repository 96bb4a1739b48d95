"""Keeps one tape on disk whatever the disk does: a new file, a second place, memory until one of them works. No thread.

The tape holds every byte, so a draft that fails is given up at once and the next one starts from the first byte.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from data.draft import Draft
from data.files import Disk, disk_words
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
        """What went wrong and is mended, for people."""
        self._disk = disk
        self._share_url = share_url
        self._places = (homes[0],) * TRIES_AT_HOME + homes[1:]
        self._tries = 0
        self._refusals: dict[Path, str] = {}
        """Why each place refused, since one took the episode."""
        self._retry_at = float("-inf")
        self._draft: Draft | None = None
        self._kept: list[Draft] = []
        self.published: Path | None = None
        """The canonical file under its final name, once it is durable and queued."""

    @property
    def is_only_in_memory(self) -> bool:
        """Whether no place takes the episode now."""
        return self._draft is None and self.published is None and bool(self._refusals)

    @property
    def alarm(self) -> str:
        """What is wrong now, and what to do, for the people in the room; empty while the episode is on a disk."""
        if not self.is_only_in_memory:
            return ""
        return (
            f"{self._episode} is only in this program's memory: {self._why}. Do not close this program. "
            "Make room on the disk or get help; it is tried again every few seconds."
        )

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
        if self._refusals:
            self._say(f"{self._episode} was not stored before this program ended. {self._why}. Tell the experimenter.")
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
        home = self._home(self._tries)
        self._tries += 1
        station = open_station(home, self._share_url, self._disk)
        self._draft = Draft(self._disk, station, self.tape, self._tries)
        self._draft.start()
        self._tell_how_it_went_on(home)
        return self._draft

    def _tell_how_it_went_on(self, home: Path) -> None:
        if not self._refusals:
            return
        where = "a second file" if home in self._refusals else str(home)
        self._say(f"{self._episode} is recorded in {where} now, and is whole. {self._why}. Tell the experimenter.")
        self._refusals.clear()

    def _fail(self, error: OSError, now: float) -> None:
        self._refusals[self._home(self._tries - 1)] = disk_words(error)
        self._keep_or_discard()
        if self._tries % len(self._places) == 0:
            self._retry_at = now + RETRY_SECONDS

    def _home(self, tries: int) -> Path:
        return self._places[tries % len(self._places)]

    @property
    def _why(self) -> str:
        return "; ".join(f"{home} refused it: {words}" for home, words in self._refusals.items())

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
            self._say(
                f"{self._episode} is stored. A leftover in {draft.folder} could not be removed ({disk_words(error)}); "
                "the next start clears it."
            )
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
