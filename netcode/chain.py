"""The session chain: a running hash over every canonical row of one episode, and the frames not yet agreed on.

Both seats tell each other its value at every checkpoint. The first value that differs proves that a row before it
differs; the rows kept since the last equal checkpoint tell which.
"""

from collections import deque
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from netcode.vocabulary import CHECKPOINT_FRAMES, ConfirmedFrame

CHAIN_BYTES: Final = 16
ROW_HASH_BYTES: Final = 8
_MAX_PENDING: Final = 32
"""Checkpoints of the partner that we have not reached: it is a few windows ahead at most."""


class Checkpoint(NamedTuple):
    """The chain's value after `rows` rows, which is a multiple of `CHECKPOINT_FRAMES`."""

    rows: int
    value: bytes


def row_hash(row: bytes) -> bytes:
    """A short name of one row, to find the first that differs."""
    return blake2b(row, digest_size=ROW_HASH_BYTES).digest()


def first_difference(ours: Sequence[bytes], ours_from: int, theirs: Sequence[bytes], theirs_from: int) -> int | None:
    """The first frame whose row hashes differ, where both sides have one; None if none does."""
    start, stop = max(ours_from, theirs_from), min(ours_from + len(ours), theirs_from + len(theirs))
    for frame in range(start, stop):
        if ours[frame - ours_from] != theirs[frame - theirs_from]:
            return frame
    return None


class SessionChain:
    """One seat's chain of one episode. It begins with the episode's header, so it also covers what was agreed."""

    def __init__(self, header: bytes) -> None:
        self._hash = blake2b(header, digest_size=CHAIN_BYTES)
        self._own: dict[int, bytes] = {}
        self._theirs: dict[int, bytes] = {}
        self._settled_rows = 0
        self.unsettled: deque[ConfirmedFrame] = deque()
        """Frames since the last checkpoint at which both chains were equal, oldest first."""
        self.latest = Checkpoint(0, self._hash.digest())
        """Our own last checkpoint: it goes into every packet."""

    def add(self, frame: ConfirmedFrame) -> None:
        """Append the next confirmed frame."""
        self._hash.update(frame.row)
        self.unsettled.append(frame)
        rows = frame.frame + 1
        if rows % CHECKPOINT_FRAMES == 0:
            self.latest = Checkpoint(rows, self._hash.digest())
            self._own[rows] = self.latest.value

    @property
    def value(self) -> bytes:
        """The chain over the header and all rows so far."""
        return self._hash.digest()

    def hear(self, rows: int, value: bytes) -> None:
        """Note the partner's checkpoint; it waits until we have as many rows."""
        if rows > self._settled_rows and len(self._theirs) < _MAX_PENDING:
            self._theirs.setdefault(rows, value)

    def agrees(self) -> bool:
        """Compare those checkpoints of the partner that we have reached, then forget the frames that they settle."""
        if not self._theirs:
            return True  # as it is in nearly every tick
        for rows in sorted(self._theirs.keys() & self._own.keys()):
            if self._own[rows] != self._theirs[rows]:
                return False
            self._settle(rows)
        return True

    def _settle(self, settled_rows: int) -> None:
        self._settled_rows = settled_rows
        for known in (self._own, self._theirs):
            for rows in [rows for rows in known if rows <= settled_rows]:
                del known[rows]
        while self.unsettled and self.unsettled[0].frame < settled_rows:
            self.unsettled.popleft()

    def row_hashes(self) -> tuple[int, tuple[bytes, ...]]:
        """The first unsettled frame, and a hash of each unsettled row."""
        first = self.unsettled[0].frame if self.unsettled else 0
        return first, tuple(row_hash(frame.row) for frame in self.unsettled)

    def unsettled_frame(self, frame: int) -> ConfirmedFrame | None:
        """The confirmed frame `frame`, if it is still unsettled."""
        if not self.unsettled or not 0 <= frame - self.unsettled[0].frame < len(self.unsettled):
            return None
        return self.unsettled[frame - self.unsettled[0].frame]
