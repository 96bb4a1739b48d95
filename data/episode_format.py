"""An episode's canonical file as bytes: written block by block, read strictly. No file, no clock, no host.

docs/episode-format.md is the document. Header and row have modules of their own and are offered here too.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, cast

from data import framing
from data.episode_header import decode_header, encode_header
from data.episode_row import DIGEST_BYTES, Row, decode_row, encode_row, row_of, state_digest
from data.framing import CHAIN_START, MAGIC, SKIPPABLE, FormatError, Record, TornError, frame_record, records
from data.packing import is_int, kind_of, pack, split, unpack_map
from netcode.vocabulary import CHECKPOINT_FRAMES, End, EpisodeTerms, Reason, Terms

__all__ = [
    "BLOCK_FRAMES",
    "DIGEST_BYTES",
    "SUFFIX",
    "End",
    "Episode",
    "EpisodeEncoder",
    "FormatError",
    "Prefix",
    "Row",
    "TornError",
    "decode_header",
    "decode_row",
    "encode_header",
    "encode_row",
    "read_episode",
    "read_prefix",
    "state_digest",
]

SUFFIX: Final = ".dyad"
BLOCK_FRAMES: Final = CHECKPOINT_FRAMES
"""Frames in every FRAMES record but the last. Cut by frame index, so a torn file is a byte prefix of the partner's."""

_CAUSES: Final = ("game", "quit", "away_limit", "")
_END_FIELDS: Final = ("rows", "reason", "cause", "seats", "frame", "sha256")


class EpisodeEncoder:
    """The bytes of one episode file, in order: `start` once, `add` per row, `end` once. The caller writes them all."""

    def __init__(self, header: bytes) -> None:
        self.rows = 0
        """Rows added so far."""
        self._header = header
        self._block: list[bytes] = []
        self._chain = CHAIN_START
        self._sum = sha256()

    def start(self) -> bytes:
        """The magic and the HEADER record."""
        self._sum.update(MAGIC)
        return MAGIC + self._record(framing.HEADER, 1, self._header)

    def add(self, row: bytes) -> bytes:
        """Take the next row: the bytes of a FRAMES record if it fills a block, else none."""
        self._block.append(row)
        self.rows += 1
        return self._take_block() if len(self._block) == BLOCK_FRAMES else b""

    def end(self, end: End) -> bytes:
        """The last, short block if there is one, and the END record.

        Raises:
            FormatError: an end that no reader would take back, such as one of another number of rows.
        """
        _check_end(end, self.rows)
        rest = self._take_block() if self._block else b""
        payload = {
            "rows": end.rows,
            "reason": end.reason.value,
            "cause": end.cause,
            "seats": [int(seat) for seat in end.seats],
            "frame": end.frame,
            "sha256": self._sum.digest(),
        }
        return rest + self._record(framing.END, 1, pack(payload))

    def _take_block(self) -> bytes:
        payload = b"".join(self._block)
        count = len(self._block)
        self._block.clear()
        return self._record(framing.FRAMES, count, payload)

    def _record(self, type_: int, count: int, payload: bytes) -> bytes:
        record, self._chain = frame_record(self._chain, type_, count, payload)
        self._sum.update(record)
        return record


@dataclass(frozen=True, slots=True)
class Episode:
    """A whole and legal file: what was agreed, every row, how it ended.

    `rows` are the encoded rows and `frames` the same rows decoded. `sha256` is the hex digest of the whole file.
    """

    terms: EpisodeTerms
    header: bytes
    rows: tuple[bytes, ...]
    frames: tuple[Row, ...]
    end: End
    sha256: str


@dataclass(frozen=True, slots=True)
class Prefix:
    """The good beginning of a file that may be torn: enough to make a legal partial file of it.

    `length` is the number of good bytes, `end` the END record's word if it is among them, and `fault` what is wrong
    behind them: None if nothing is, which of a file without END means that it stops between two records.
    """

    terms: EpisodeTerms
    header: bytes
    rows: tuple[bytes, ...]
    frames: tuple[Row, ...]
    length: int
    end: End | None
    fault: FormatError | None

    @property
    def is_whole(self) -> bool:
        """Whether the file is a legal episode."""
        return self.end is not None and self.fault is None


def read_episode(data: bytes) -> Episode:
    """The episode that the bytes of a whole file hold.

    Raises:
        TornError: the file stops before its END.
        FormatError: anything else that is not as docs/episode-format.md says.
    """
    reading = _Reading(data)
    try:
        for record in records(data):
            reading.take(record)
    except FormatError as error:
        raise error.at(frame=len(reading.rows)) from None
    return reading.episode()


def read_prefix(data: bytes) -> Prefix:
    """The good prefix of a file: whole records up to the first thing that is wrong.

    Raises:
        FormatError: not even the header is there.
    """
    reading = _Reading(data)
    fault = None
    try:
        for record in records(data):
            reading.take(record)
    except FormatError as error:
        fault = error.at(frame=len(reading.rows))
    return reading.prefix(fault)


class _Reading:
    """What has been read of one file: `take` accepts the next record whole, or says why it cannot."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._terms: EpisodeTerms | None = None
        self._header = b""
        self.rows: list[bytes] = []
        self._frames: list[Row] = []
        self._end: End | None = None
        self._length = len(MAGIC)
        self._takers = {
            framing.HEADER: self._take_header,
            framing.FRAMES: self._take_frames,
            framing.END: self._take_end,
        }

    def take(self, record: Record) -> None:
        """Add the next record of the file.

        Raises:
            FormatError: it may not stand here, or its payload is not as it should be.
        """
        try:
            self._take(record)
        except FormatError as error:
            raise error.at(offset=record.offset, record=record.index) from None
        self._length = record.end

    def _take(self, record: Record) -> None:
        if self._end is not None:
            raise FormatError("record", "nothing after END", f"a record of type {record.type}")
        if self._terms is None and record.type != framing.HEADER:
            raise FormatError("record", "HEADER first", f"a record of type {record.type}")
        taker = self._takers.get(record.type)
        if taker is not None:
            if record.flags:
                raise FormatError("flags", "0 for a known record", record.flags)
            taker(record)
        elif record.flags != SKIPPABLE:
            came = f"type {record.type}, flags {record.flags}"
            raise FormatError("type", "HEADER, FRAMES, END or a skippable record", came)

    def _take_header(self, record: Record) -> None:
        if self._terms is not None:
            raise FormatError("record", "one HEADER", "a second one")
        if record.count != 1:
            raise FormatError("count", "1", record.count)
        self._terms, self._header = decode_header(record.payload), record.payload

    def _take_frames(self, record: Record) -> None:
        if not 0 < record.count <= BLOCK_FRAMES:
            raise FormatError("count", f"1 to {BLOCK_FRAMES} rows in a block", record.count)
        if len(self.rows) % BLOCK_FRAMES:
            raise FormatError("record", "END after a short block", "another block")
        rows, frames = self._split(record, cast("EpisodeTerms", self._terms).terms)
        self.rows += rows
        self._frames += frames

    def _split(self, record: Record, terms: Terms) -> tuple[list[bytes], list[Row]]:
        """Cut a block into its rows, encoded and decoded."""
        rows: list[bytes] = []
        frames: list[Row] = []
        frame, offset = len(self.rows), record.payload_offset
        try:
            for values, encoded in split(record.payload, record.count, "row", offset):
                frames.append(_check_row(row_of(values), frame, terms))
                rows.append(encoded)
                frame, offset = frame + 1, offset + len(encoded)
        except FormatError as error:
            raise error.at(frame=frame, offset=offset) from None
        return rows, frames

    def _take_end(self, record: Record) -> None:
        if record.count != 1:
            raise FormatError("count", "1", record.count)
        end, total = decode_end(record.payload)
        _check_end(end, len(self.rows))
        computed = sha256(self._data[: record.offset]).digest()
        if total != computed:
            raise FormatError("sha256", f"{computed.hex()} (computed over all before END)", total.hex())
        self._end = end

    def episode(self) -> Episode:
        """The whole file.

        Raises:
            TornError: there is no END.
        """
        if self._terms is None or self._end is None:
            expected = "HEADER" if self._terms is None else "END"
            raise TornError("record", expected, "the file's end", offset=len(self._data), frame=len(self.rows))
        digest = sha256(self._data).hexdigest()
        return Episode(self._terms, self._header, tuple(self.rows), tuple(self._frames), self._end, digest)

    def prefix(self, fault: FormatError | None) -> Prefix:
        """What there is so far, with what is wrong behind it. Without even a header, the fault itself is raised."""
        if self._terms is None:
            raise fault or TornError("record", "HEADER", "the file's end", offset=len(self._data))
        rows, frames = tuple(self.rows), tuple(self._frames)
        return Prefix(self._terms, self._header, rows, frames, self._length, self._end, fault)


def _check_row(row: Row, frame: int, terms: Terms) -> Row:
    """The row, if it is that of `frame` and within the tables of the header."""
    left, right = row.inputs
    actions = len(terms.actions)
    if row.frame != frame:
        raise FormatError("frame", frame, row.frame)
    if left.action >= actions or right.action >= actions:
        seat, played = ("left", left) if left.action >= actions else ("right", right)
        raise FormatError(f"{seat}_action", f"below {actions}", played.action)
    if len(row.facts) != len(terms.columns):
        raise FormatError("facts", f"{len(terms.columns)} values", len(row.facts))
    return row


def decode_end(payload: bytes) -> tuple[End, bytes]:
    """What an END payload says, and the SHA-256 it gives of all before it. Added names at its end are passed over."""
    values = unpack_map(payload, "END")
    if tuple(values)[: len(_END_FIELDS)] != _END_FIELDS:
        raise FormatError("END", f"the names {', '.join(_END_FIELDS)}", ", ".join(values))
    rows, reason, cause, seats, frame, total = (values[name] for name in _END_FIELDS)
    if not is_int(rows) or not is_int(frame):
        raise FormatError("END", "integers for rows and frame", f"{kind_of(rows)}, {kind_of(frame)}")
    if reason not in list(Reason):
        raise FormatError("END reason", ", ".join(Reason), kind_of(reason))
    if cause not in _CAUSES:
        raise FormatError("END cause", ", ".join(map(repr, _CAUSES)), kind_of(cause))
    if seats not in ([], [0], [1], [0, 1]) or not all(map(is_int, cast("list[object]", seats))):
        raise FormatError("END seats", "seats in order", kind_of(seats))
    if not isinstance(total, bytes) or len(total) != sha256().digest_size:
        raise FormatError("END sha256", f"{sha256().digest_size} bytes", kind_of(total))
    named = tuple(cast("list[int]", seats))
    return End(Reason(cast("str", reason)), rows, cause, named, frame), total


def _check_end(end: End, rows: int) -> None:
    """The END's own consistency. Whether the rows bear it out is for `data.resimulation`."""
    if end.rows != rows:
        raise FormatError("END rows", f"{rows}, as many as there are", end.rows)
    if end.reason.is_complete != (end.cause != ""):
        raise FormatError("END cause", "one for a complete episode, else none", f"{end.cause!r} with {end.reason}")
    if end.frame < -1 or (end.frame >= 0 and end.reason is not Reason.DIVERGED):
        raise FormatError("END frame", "a frame only if diverged, else -1", f"{end.frame} with {end.reason}")
    if (end.cause in ("quit", "away_limit")) != bool(end.seats):
        raise FormatError("END seats", "seats for a quit or an absence, else none", f"{end.seats} with {end.cause!r}")
