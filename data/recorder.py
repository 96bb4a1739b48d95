"""The recorder: takes confirmed frames from the tick and brings them to disk in a thread of its own.

The tick's side only appends to a queue, so that no disk can make it wait. All encoding, writing and flushing happens on
the thread, which holds every byte of an episode until the disk has it (data.episode_writer).
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from data.claims import Claim, Statistics, decode_claim
from data.episode_writer import EpisodeWriter
from data.files import Disk, disk_words
from data.layout import draft_name
from data.local_format import LocalHeader
from data.sessions import OpenSession, SessionPlan
from data.station import Station, open_station
from data.tape import Tape
from games.contract import Seat
from netcode.vocabulary import Agreement, ConfirmedFrame, End, Ending, EpisodeTerms, Reason

WAKE_SECONDS: Final = 0.1
"""How often the thread looks at the queue: a block of 30 frames takes half a second or more to fill."""
SYNC_SECONDS: Final = 1.0
"""At most so much play is lost when the power goes."""
ALARMS: Final = 20
"""Alarms kept: the first ones say what happened, and nobody reads more."""


class QueueLimits(NamedTuple):
    """How many orders may wait while a disk does not answer, and what gives way first."""

    alarm: int = 5_000
    """More than ten seconds of a busy tick: somebody should know."""
    notes: int = 200_000
    """From here on only frames are taken: the canonical record matters more than the local one."""
    frames: int = 400_000
    """Hours of frames, some hundred megabytes: here the record of the episode stops, and stays a good prefix."""


QUEUE_LIMITS: Final = QueueLimits()


class SealedEpisode(NamedTuple):
    """An episode that is durable under its final name and queued for the share."""

    episode: int
    path: Path
    sha256: str
    claim: Claim


class _Frames(NamedTuple):
    frames: tuple[ConfirmedFrame, ...]


class _Note(NamedTuple):
    kind: str
    values: tuple[int | bool | str | bytes, ...]


class _End(NamedTuple):
    ending: Ending
    statistics: Statistics


class Recorder:
    """One seat's recorder for a session. All of it is for the tick's thread, and all but `close` returns at once."""

    def __init__(
        self,
        home: Path,
        *,
        share_url: str,
        seat: Seat,
        second_place: Path | None = None,
        earlier: Sequence[str] = (),
        plan: SessionPlan | None = None,
        disk: Disk | None = None,
        limits: QueueLimits = QUEUE_LIMITS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make the station's folders and start the thread; recover the home before this.

        `second_place` is another home, best on another disk, for episodes that this one refuses. `earlier` are alarms
        that were there before, of a recovery perhaps. With a `plan`, a session ends with a sheet and checksums.

        Raises:
            OSError: the home, or the second place, cannot be made.
        """
        self._disk = disk or Disk()
        self._homes = (home,) if second_place is None else (home, second_place)
        self._share_url = share_url
        self._seat = seat
        self._limits = limits
        self._monotonic = monotonic
        self._plan = plan
        if second_place is not None:  # one that cannot be used is found now, and not when it is needed
            open_station(second_place, share_url, self._disk)
        open_station(home, share_url, self._disk, second_place)
        # The tick's side:
        self._queue: deque[Tape | _Frames | _Note | _End] = deque()
        self._is_open = False
        self._ended = 0
        self._rows = 0
        self._refused_frames = 0
        self._refused_notes = 0
        self._wake = threading.Event()
        self._is_closing = False
        # The thread's side:
        self._writer: EpisodeWriter | None = None
        self._unpublished: list[EpisodeWriter] = []
        self._session: OpenSession | None = None
        self._synced_at = float("-inf")
        self._told = tuple(earlier)
        self._now_wrong: tuple[str, ...] = ()
        self._sealed: tuple[SealedEpisode, ...] = ()
        self._fault = ""
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def begin(self, terms: EpisodeTerms, header: bytes, local_header: LocalHeader) -> None:
        """Open an episode. `header` is that of `encode_header(terms)`, as both seats have agreed on it.

        Raises:
            ValueError: the episode before has not ended, or an id cannot be part of a file name.
        """
        if self._is_open:
            raise ValueError("an episode is open: end it first")
        draft_name(terms, self._seat, 1)
        self._queue.append(Tape(terms, self._seat, header, local_header))
        self._is_open, self._rows, self._refused_frames = True, 0, 0
        self._wake.set()

    def record(self, frames: Sequence[ConfirmedFrame]) -> None:
        """Record the next confirmed frames, in order. Nothing else can be recorded.

        Raises:
            TypeError: something that is no confirmed frame.
            ValueError: not the next frame, or no episode is open.
        """
        for frame in frames:
            if type(frame) is not ConfirmedFrame:
                raise TypeError(f"only a ConfirmedFrame is recorded, got {type(frame).__name__}")
            if not self._is_open or frame.frame != self._rows + self._refused_frames:
                expected = f"frame {self._rows + self._refused_frames}" if self._is_open else "an open episode"
                raise ValueError(f"record: expected {expected}, got frame {frame.frame}")
            if self._refused_frames or len(self._queue) >= self._limits.frames:
                self._refused_frames += 1
            else:
                self._rows += 1
                self._queue.append(_Frames((frame,)))

    def note(self, kind: str, *values: int | bool | str | bytes) -> None:
        """Note one row of the local file; what the kinds are is said in `data.local_format`."""
        if not self._is_open or len(self._queue) >= self._limits.notes:
            self._refused_notes += 1
        else:
            self._queue.append(_Note(kind, values))

    def end(self, ending: Ending, statistics: Statistics) -> None:
        """Seal the episode: END, flush, final names, claim, outbox; `sealed` shows it when all of that is durable.

        Raises:
            ValueError: the ending names another number of frames than were recorded, or no episode is open.
        """
        rows = self._rows + self._refused_frames
        if not self._is_open or ending.end.rows != rows:
            expected = f"{rows} rows" if self._is_open else "an open episode"
            raise ValueError(f"end: expected {expected}, got {ending.end.rows} rows")
        self._queue.append(_End(self._honest(ending), statistics))
        self._is_open = False
        self._ended += 1
        self._wake.set()

    def _honest(self, ending: Ending) -> Ending:
        """The ending, or what is left to say when frames had to be refused: the record is a partial one."""
        if not self._refused_frames:
            return ending
        return replace(ending, end=End(Reason.RECOVERED, self._rows), agreement=Agreement.RECOVERED)

    @property
    def alarms(self) -> tuple[str, ...]:
        """What an RA should know, in words, what is wrong now first; nothing while all is well."""
        now = list(self._now_wrong)
        if self._fault:
            now.append(
                "The recorder stopped because of a fault of this program. What it has written is safe. End this "
                f"session and start the program again. ({self._fault})"
            )
        if len(self._queue) >= self._limits.alarm:
            now.append(
                "The disk of this machine does not answer. The recording waits in this program's memory. "
                "Do not close this program."
            )
        if self._refused_frames:
            now.append(
                f"The record of this episode stops after {self._rows} frames, because the disk did not answer for too "
                "long. What is recorded is good. Repeat the episode when the disk works again."
            )
        return (*now, *self._told)

    @property
    def sealed(self) -> tuple[SealedEpisode, ...]:
        """The episodes that are durable and queued, in the order in which they became so."""
        return self._sealed

    @property
    def has_unsealed(self) -> bool:
        """Whether an ended episode is not durable yet and may become so: to end the program now could lose it."""
        return self._ended > len(self._sealed) and not self._fault

    @property
    def refused_notes(self) -> int:
        """Rows of local files that were not taken: between episodes, of an unknown shape, or for want of memory."""
        return self._refused_notes

    def close(self, timeout_seconds: float) -> bool:
        """Finish everything; True if every episode that was begun is sealed. On False a recovery has work to do."""
        self._is_closing = True
        self._wake.set()
        self._thread.join(timeout_seconds)
        is_done = not self._thread.is_alive() and not self._fault
        return is_done and not self._is_open and self._writer is None and not self._unpublished

    def _run(self) -> None:
        try:
            while not self._is_closing:
                self._wake.wait(WAKE_SECONDS)
                self._wake.clear()
                self._work()
            self._finish()
        except Exception as error:
            self._fault = (
                f"{type(error).__name__}: {error}"  # the tick's side shows it; the thread's own report follows
            )
            raise

    def _work(self) -> None:
        while self._queue:
            self._obey(self._queue.popleft())
        now = self._monotonic()
        if self._writer is not None:
            self._keep(self._writer, now)
        for writer in tuple(self._unpublished):
            self._publish(writer, now)
        writers = (*self._unpublished, *([self._writer] if self._writer is not None else []))
        self._now_wrong = tuple(writer.alarm for writer in writers if writer.alarm)

    def _obey(self, order: Tape | _Frames | _Note | _End) -> None:
        if isinstance(order, Tape):
            self._open_session(order)
            self._writer = EpisodeWriter(self._disk, self._homes, order, self._share_url)
            self._synced_at = float("-inf")
            return
        writer = self._writer
        assert writer is not None, "the tick's side takes orders only while an episode is open"
        if isinstance(order, _Frames):
            writer.tape.add(order.frames)
        elif isinstance(order, _Note):
            self._take_note(writer.tape, order)
        else:
            writer.tape.seal(order.ending, order.statistics)
            self._unpublished.append(writer)
            self._writer = None

    def _open_session(self, tape: Tape) -> None:
        """Write the session down before its first episode: a crash may leave it, and a recovery ends it."""
        if self._plan is None or (self._session is not None and self._session.run == tape.terms.run):
            return
        self._close_session()
        try:
            self._session = OpenSession(self._disk, Station(self._homes[0]), tape.terms, self._seat, self._plan)
        except OSError as error:
            self._tell([f"This session has no sheet: {disk_words(error)}. Its episodes are recorded all the same."])

    def _close_session(self) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        if self._unpublished or self._writer is not None:
            session.abandon()
            return
        try:
            session.close(self._homes, self._share_url)
        except OSError as error:
            self._tell([f"The sheet of this session is not written: {disk_words(error)}. The next start writes it."])

    def _take_note(self, tape: Tape, note: _Note) -> None:
        try:
            tape.note(note.kind, note.values)
        except ValueError as error:  # a wrong note is a fault of ours, and must not cost an episode
            self._refused_notes += 1
            self._tell([f"The timing record of this machine lacks some rows; the episode itself does not. ({error})"])

    def _keep(self, writer: EpisodeWriter, now: float) -> None:
        if now - self._synced_at >= SYNC_SECONDS:
            writer.tape.collect_notes()
            writer.sync(now)
            self._synced_at = now
        else:
            writer.write(now)
        self._tell(writer.words)

    def _publish(self, writer: EpisodeWriter, now: float) -> None:
        writer.publish(now)
        self._tell(writer.words)
        if writer.published is not None and writer.tape.sealed is not None:
            sealed = writer.tape.sealed
            claim = decode_claim(sealed.claim)
            episode = SealedEpisode(claim.episode, writer.published, sealed.canonical_sha256, claim)
            self._unpublished.remove(writer)
            self._sealed = (*self._sealed, episode)

    def _finish(self) -> None:
        """The last round: everything once more at once, then what could not be stored is left to a recovery."""
        for writer in self._unpublished:
            writer.retry_now()
        self._work()
        if self._writer is not None:
            self._writer.tape.collect_notes()
            self._writer.sync(self._monotonic())
        self._close_session()
        for writer in (*self._unpublished, *([self._writer] if self._writer is not None else [])):
            writer.abandon()
            self._tell(writer.words)
        self._now_wrong = ()

    def _tell(self, words: Sequence[str]) -> None:
        news = tuple(word for word in words if word not in self._told)
        self._told = (*self._told, *news)[:ALARMS]
