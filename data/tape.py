"""One episode in memory: every byte of its files, so that a failing disk costs a file and never an episode. No disk."""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from data.claims import Statistics, encode_claim, make_claim
from data.episode_format import EpisodeEncoder
from data.layout import Kind, canonical_name, seat_name
from data.local_format import LocalEncoder, LocalHeader
from data.local_kinds import ending_values
from games.contract import Seat
from netcode.vocabulary import ConfirmedFrame, Ending, EpisodeTerms


class Sealed(NamedTuple):
    """The end of a tape: what its files will be called, by hash, and the claim that goes with them."""

    ending: Ending
    canonical_name: str
    canonical_sha256: str
    local_name: str
    local_sha256: str
    claim_name: str
    claim_sha256: str
    claim: bytes


class Tape:
    """The chunks of a canonical and of a local file, in order. One thread writes and reads it.

    20 minutes at 30 Hz are some 1.4 MB of canonical rows and as much again of local ones.
    """

    def __init__(self, terms: EpisodeTerms, seat: Seat, header: bytes, local_header: LocalHeader) -> None:
        self.terms = terms
        self.seat = seat
        self._canonical = EpisodeEncoder(header)
        self._local = LocalEncoder(local_header)
        self.canonical: list[bytes] = [self._canonical.start()]
        self.local: list[bytes] = [self._local.start()]
        self.sealed: Sealed | None = None

    @property
    def rows(self) -> int:
        """Frames recorded so far."""
        return self._canonical.rows

    def add(self, frames: Sequence[ConfirmedFrame]) -> None:
        """Take confirmed frames; a block of them becomes a chunk when it is full."""
        for frame in frames:
            block = self._canonical.add(frame.row)
            if block:
                self.canonical.append(block)

    def note(self, kind: str, values: tuple[int | bool | str | bytes, ...]) -> None:
        """Take one row of the local file.

        Raises:
            ValueError: the local format has no such row.
        """
        self._local.add(kind, *values)

    def collect_notes(self) -> None:
        """Turn the notes so far into a chunk."""
        block = self._local.flush()
        if block:
            self.local.append(block)

    def seal(self, ending: Ending, statistics: Statistics) -> None:
        """End both files and say what they are. Nothing can be added after it."""
        self.canonical.append(self._canonical.end(ending.end))
        self._local.add("ending", *ending_values(ending))
        self.local.append(self._local.end(counts(statistics)))
        canonical, local = _sha256(self.canonical), _sha256(self.local)
        names = canonical_name(self.terms, canonical), seat_name(self.terms, self.seat, Kind.LOCAL, local)
        claim = encode_claim(
            make_claim(self.terms, self.seat, ending, (names[0], canonical), (names[1], local), statistics)
        )
        claim_sha256 = _sha256([claim])
        claim_name = seat_name(self.terms, self.seat, Kind.CLAIM, claim_sha256)
        self.sealed = Sealed(ending, names[0], canonical, names[1], local, claim_name, claim_sha256, claim)


def _sha256(chunks: Sequence[bytes]) -> str:
    total = sha256()
    for chunk in chunks:
        total.update(chunk)
    return total.hexdigest()


def counts(statistics: Statistics) -> dict[str, int]:
    """The statistics as a local file's END can hold them: counts by a flat name, no texts."""
    flat: dict[str, int] = {}
    for name, value in statistics.items():
        if isinstance(value, int):
            flat[name] = int(value)
        elif not isinstance(value, str):
            flat.update({f"{name}_{part}": count for part, count in value.items()})
    return flat
