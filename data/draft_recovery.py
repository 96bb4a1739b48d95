"""The recovery of one draft whose writer is dead: a whole episode is published, of a torn one what is good of it.

Runs under the draft's lock. What it makes is the same bytes each time, so a recovery that crashed is simply run again.
"""

from hashlib import sha256 as hash_sha256
from pathlib import Path
from typing import Final, NamedTuple

from data.claims import Claim, decode_claim, encode_claim, make_claim, read_claims
from data.draft import PART_NAMES, PART_SUFFIX, remove_draft
from data.episode_format import EpisodeEncoder, Prefix, read_prefix
from data.files import Disk, flush_file, write_flushed
from data.framing import FormatError
from data.layout import Kind, canonical_name, episode_folder, seat_name
from data.local_format import Local, LocalEncoder, read_local_prefix
from data.publishing import WholeFile, publish, whole_file
from data.state_file import StateFileError
from data.station import Station, set_aside
from games.contract import Seat
from netcode.vocabulary import Agreement, End, Ending, Reason

RECOVERED_PREFIX: Final = "recovered-"
"""Begins the names of files that a recovery makes inside a draft's folder."""
RECOVERED_MARK: Final = {"recovered": 1}
"""The counts of a local file that a recovery ended."""


class DraftOutcome(NamedTuple):
    """What became of a draft: the published canonical file in words ("" for none), and where what was set aside is."""

    published: str
    is_partial: bool
    torn: tuple[Path, ...]


class _Found(NamedTuple):
    """A file of a draft: its whole bytes, and whether they are the original ones."""

    data: bytes
    is_original: bool


def recover_draft(disk: Disk, station: Station, folder: Path, seat: Seat, share_url: str) -> DraftOutcome:
    """Bring one draft to a legal state. The caller holds its lock."""
    return _DraftRecovery(disk, station, folder, seat).run(share_url)


class _DraftRecovery:
    """The draft in `folder`, by the seat that wrote it."""

    def __init__(self, disk: Disk, station: Station, folder: Path, seat: Seat) -> None:
        self._disk = disk
        self._station = station
        self._folder = folder
        self._seat = seat

    def run(self, share_url: str) -> DraftOutcome:
        self._clear_earlier_attempt()
        data = self._read(Kind.CANONICAL)
        try:
            prefix = read_prefix(data or b"")
        except FormatError:
            prefix = None
        if prefix is None or self._is_superseded(prefix):
            return DraftOutcome("", False, self._put_away(is_torn=True))
        return self._publish(prefix, data or b"", share_url)

    def _clear_earlier_attempt(self) -> None:
        """Remove what a recovery that crashed itself made here: it is made again, byte for byte."""
        for path in self._folder.glob(f"{RECOVERED_PREFIX}*"):
            self._disk.unlink(path)

    def _read(self, kind: Kind) -> bytes | None:
        try:
            return self._disk.read(self._folder / PART_NAMES[kind])
        except FileNotFoundError:
            return None

    def _is_superseded(self, prefix: Prefix) -> bool:
        """Whether this is torn, and its writer has sealed the episode in another draft, after a disk error.

        A whole draft is always published (again): a claim that lies there does not show that the rest is durable.
        """
        folder = self._station.episodes / episode_folder(prefix.terms)
        claim = read_claims(folder).get(self._seat)
        if prefix.is_whole or claim is None or not (folder / claim.file).exists():
            return False
        return claim.reason is not Reason.RECOVERED and claim.rows >= len(prefix.rows)

    def _publish(self, prefix: Prefix, data: bytes, share_url: str) -> DraftOutcome:
        canonical = _Found(data, True) if prefix.is_whole else _Found(_recovered_canonical(prefix), False)
        found_local = self._local()
        local = None if found_local is None else found_local[0]
        claim = self._claim(prefix, canonical, found_local)
        files = [self._whole(Kind.CANONICAL, canonical, canonical_name(prefix.terms, _sha(canonical)))]
        for kind, found in ((Kind.LOCAL, local), (Kind.CLAIM, claim)):
            if found is not None:
                files.append(self._whole(kind, found, seat_name(prefix.terms, self._seat, kind, _sha(found))))
        self._disk.flush_folder(self._folder)
        damaged = self._set_damaged_aside(self._station.episodes / episode_folder(prefix.terms), files)
        publish(self._disk, self._station, episode_folder(prefix.terms), tuple(files), share_url)
        words = f"{files[0].name} ({len(prefix.rows)} frames)"
        is_torn = not (canonical.is_original and local is not None and local.is_original and claim.is_original)
        return DraftOutcome(words, not prefix.is_whole, (*damaged, *self._put_away(is_torn)))

    def _set_damaged_aside(self, folder: Path, files: list[WholeFile]) -> list[Path]:
        """Make way for whole files where a disk gives other bytes than these names promise."""
        targets = [(folder / file.name, file.sha256) for file in files if (folder / file.name).exists()]
        damaged = [path for path, sha256 in targets if hash_sha256(self._disk.read(path)).hexdigest() != sha256]
        return [set_aside(self._station, path, self._disk) for path in damaged]

    def _local(self) -> tuple[_Found, Local] | None:
        data = self._read(Kind.LOCAL)
        try:
            local = read_local_prefix(data or b"")
        except FormatError:
            return None
        return (_Found(data or b"", True) if local.fault is None else _Found(_recovered_local(local), False)), local

    def _claim(self, prefix: Prefix, canonical: _Found, local: tuple[_Found, Local] | None) -> _Found:
        """The claim that the writer left, if it speaks of these very files; else what the files can say."""
        local_sha256 = "" if local is None else _sha(local[0])
        written = self._written_claim()
        if written is not None and (written.sha256, written.local_sha256) == (_sha(canonical), local_sha256):
            return _Found(self._read(Kind.CLAIM) or b"", True)
        ending = _ending(prefix, None if local is None else local[1])
        claim = make_claim(
            prefix.terms,
            self._seat,
            ending,
            (canonical_name(prefix.terms, _sha(canonical)), _sha(canonical)),
            (seat_name(prefix.terms, self._seat, Kind.LOCAL, local_sha256), local_sha256) if local else ("", ""),
            dict(local[1].stats) if local else {},
        )
        return _Found(encode_claim(claim), False)

    def _written_claim(self) -> Claim | None:
        try:
            return decode_claim(self._read(Kind.CLAIM) or b"")
        except StateFileError:
            return None

    def _whole(self, kind: Kind, found: _Found, name: str) -> WholeFile:
        """A flushed file with these bytes: the writer may have died before it flushed the original one."""
        if found.is_original:
            source = self._folder / PART_NAMES[kind]
            flush_file(self._disk, source)
        else:
            source = self._folder / f"{RECOVERED_PREFIX}{kind}{PART_SUFFIX}"
            write_flushed(self._disk, source, found.data)
        return whole_file(source, name, found.data)

    def _put_away(self, is_torn: bool) -> tuple[Path, ...]:
        """Keep the folder of a torn draft; remove that of a whole one, which lives on under its final names."""
        self._clear_earlier_attempt()
        strangers = {path.name for path in self._folder.iterdir()} - set(PART_NAMES.values())
        if is_torn or strangers:
            return (set_aside(self._station, self._folder, self._disk),)
        remove_draft(self._disk, self._folder)
        self._disk.flush_folder(self._station.recording)
        return ()


def _sha(found: _Found) -> str:
    return hash_sha256(found.data).hexdigest()


def _recovered_canonical(prefix: Prefix) -> bytes:
    """A legal partial episode of the good rows: a byte prefix of what the writer would have written, and an END."""
    encoder = EpisodeEncoder(prefix.header)
    chunks = [encoder.start(), *(encoder.add(row) for row in prefix.rows)]
    return b"".join((*chunks, encoder.end(End(Reason.RECOVERED, len(prefix.rows)))))


def _recovered_local(local: Local) -> bytes:
    encoder = LocalEncoder(local.header)
    start = encoder.start()
    for entry in local.entries:
        encoder.add(entry.kind, *entry.values)
    return start + encoder.end(RECOVERED_MARK)


def _ending(prefix: Prefix, local: Local | None) -> Ending:
    """How the episode ended, as far as the files say: agreement stands in the local one only."""
    if not prefix.is_whole or prefix.end is None:
        return Ending(End(Reason.RECOVERED, len(prefix.rows)), Agreement.RECOVERED)
    told = local.of("ending") if local is not None else []
    if not told:
        return Ending(prefix.end, Agreement.RECOVERED)
    last = told[-1]
    return Ending(
        prefix.end,
        Agreement(str(last["agreement"])),
        int(last["held_rows"]),
        int(last["partner_rows"]),
        int(last["dropped_frames"]),
    )
