"""Records in a row of bytes: framed, counted, chained and checked. No meaning of a payload, no file, no clock.

A file is the magic and then records. All integers are big-endian. A record is

    type u8 | flags u8 | count u16 | length u32 | payload | chain, 16 bytes | crc32 u32

`chain` is the start of SHA-256 over the previous record's chain (16 zero bytes before the first), this record's first
eight bytes and its payload: a record fits at one place of one file only. `crc32` (that of zlib) covers everything of
the record before it, so that a flipped bit is told from a record in the wrong place.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

MAGIC: Final = b"\x89DYD\r\n\x1a\n"
"""A byte beyond ASCII, a name, both line endings and an end-of-file mark: a copy in text mode breaks it at once."""

HEADER, FRAMES, END, LOG = 1, 2, 3, 4
"""Record types."""

SKIPPABLE: Final = 1
"""Flag: a reader that does not know the record's type passes over it."""

MAX_PAYLOAD_BYTES: Final = 1 << 20
"""A header with the longest tables is some 10 kB and a block of rows 1 to 3; more than 1 MiB is damage, not data."""
MAX_COUNT: Final = (1 << 16) - 1
"""The count is a u16."""

CHAIN_BYTES: Final = 16
CHAIN_START: Final = bytes(CHAIN_BYTES)

_HEAD: Final = struct.Struct(">BBHI")
_CRC: Final = struct.Struct(">I")
_AROUND_PAYLOAD_BYTES: Final = _HEAD.size + CHAIN_BYTES + _CRC.size


class FormatError(ValueError):
    """Bytes that are no legal file: what was expected and what came, at which byte, in which record and frame.

    `offset`, `record` and `frame` are -1 where they are not known; the magic is before record 0. `field` names the
    part in the words of docs/episode-format.md.
    """

    def __init__(
        self, field: str, expected: object, came: object, *, offset: int = -1, record: int = -1, frame: int = -1
    ) -> None:
        self.field = field
        self.expected = str(expected)
        self.came = str(came)
        self.offset = offset
        self.record = record
        self.frame = frame
        super().__init__(self._words())

    def _words(self) -> str:
        places = [f"byte {self.offset}"] if self.offset >= 0 else []
        places += [f"record {self.record}"] if self.record >= 0 else []
        places += [f"frame {self.frame}"] if self.frame >= 0 else []
        where = f"{', '.join(places)}: " if places else ""
        return f"{where}{self.field}: expected {self.expected}, came {self.came}"

    def at(self, *, offset: int = -1, record: int = -1, frame: int = -1) -> "FormatError":
        """The same error with the places that were not yet known filled in."""
        return type(self)(
            self.field,
            self.expected,
            self.came,
            offset=offset if self.offset < 0 else self.offset,
            record=record if self.record < 0 else self.record,
            frame=frame if self.frame < 0 else self.frame,
        )


class TornError(FormatError):
    """Bytes that stop too early: what is there so far is legal."""


@dataclass(frozen=True, slots=True)
class Record:
    """One checked record; `index` counts from 0, `offset` and `end` are its first byte and the byte after its last."""

    type: int
    flags: int
    count: int
    payload: bytes
    chain: bytes
    index: int
    offset: int
    end: int

    @property
    def payload_offset(self) -> int:
        """The first byte of the payload in the file."""
        return self.offset + _HEAD.size


def frame_record(previous_chain: bytes, type_: int, count: int, payload: bytes, flags: int = 0) -> tuple[bytes, bytes]:
    """The bytes of one record, and its chain for the next one. `previous_chain` is CHAIN_START for the first."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise FormatError("length", f"at most {MAX_PAYLOAD_BYTES}", len(payload))
    head = _HEAD.pack(type_, flags, count, len(payload))
    chain = next_chain(previous_chain, head, payload)
    body = head + payload + chain
    return body + _CRC.pack(zlib.crc32(body)), chain


def next_chain(previous_chain: bytes, head: bytes, payload: bytes) -> bytes:
    """The chain value of a record."""
    return sha256(previous_chain + head + payload).digest()[:CHAIN_BYTES]


def records(data: bytes) -> Iterator[Record]:
    """Every record of a file in order, each checked against its own sum and its place in the chain.

    Raises:
        FormatError: at the first thing that is wrong; what was yielded before it is good.
        TornError: the bytes stop inside the magic or a record.
    """
    check_magic(data)
    offset, index, chain = len(MAGIC), 0, CHAIN_START
    while offset < len(data):
        try:
            record = _read_record(data, offset, index, chain)
        except FormatError as error:
            raise error.at(offset=offset, record=index) from None
        yield record
        offset, index, chain = record.end, index + 1, record.chain


class Span(NamedTuple):
    """Where a record lies, by its head: nothing of it was checked but that it is not longer than the file."""

    type: int
    offset: int
    payload_offset: int
    payload_end: int
    end: int


def first_and_last(data: bytes) -> tuple[Span, Span] | None:
    """The first and the last record, by the heads of all: an END's hash over all before it can vouch for the rest.

    None if there is no record.

    Raises:
        FormatError, TornError: as `records`, for the magic and for lengths.
    """
    check_magic(data)
    offset, size, before = len(MAGIC), len(data), len(MAGIC)
    while offset < size:
        if size - offset < _HEAD.size:
            raise TornError("record", f"{_HEAD.size} bytes of head", f"{size - offset} bytes", offset=offset)
        length = _HEAD.unpack_from(data, offset)[3]
        end = offset + _AROUND_PAYLOAD_BYTES + length
        if length > MAX_PAYLOAD_BYTES:
            raise FormatError("length", f"at most {MAX_PAYLOAD_BYTES}", length, offset=offset)
        if end > size:
            raise TornError("record", f"{end - offset} bytes", f"{size - offset} bytes", offset=offset)
        before, offset = offset, end
    return None if offset == len(MAGIC) else (_span(data, len(MAGIC)), _span(data, before))


def _span(data: bytes, offset: int) -> Span:
    type_, _, _, length = _HEAD.unpack_from(data, offset)
    payload = offset + _HEAD.size
    return Span(type_, offset, payload, payload + length, offset + _AROUND_PAYLOAD_BYTES + length)


def check_span(data: bytes, span: Span) -> None:
    """Check one record's own sum.

    Raises:
        FormatError: its bytes are damaged.
    """
    _check_crc(data[span.offset : span.end - _CRC.size], data[span.end - _CRC.size : span.end])


def check_magic(data: bytes) -> None:
    """Refuse what is no file of this family, and say so if a copy changed its line endings."""
    start = data[: len(MAGIC)]
    if start == MAGIC:
        return
    if MAGIC.startswith(start):
        raise TornError("magic", MAGIC.hex(" "), f"only {len(start)} bytes", offset=0)
    if start.startswith(MAGIC[:4]):
        raise FormatError("magic", MAGIC.hex(" "), f"{start.hex(' ')}: line endings changed by a text copy", offset=0)
    raise FormatError("magic", MAGIC.hex(" "), start.hex(" "), offset=0)


def _read_record(data: bytes, offset: int, index: int, previous_chain: bytes) -> Record:
    there = len(data) - offset
    if there < _HEAD.size:
        raise TornError("record", f"{_HEAD.size} bytes of head", f"{there} bytes, then the file stops")
    type_, flags, count, length = _HEAD.unpack_from(data, offset)
    if length > MAX_PAYLOAD_BYTES:
        raise FormatError("length", f"at most {MAX_PAYLOAD_BYTES}", length)
    if there < _AROUND_PAYLOAD_BYTES + length:
        expected = f"{_AROUND_PAYLOAD_BYTES + length} bytes"
        raise TornError("record", expected, f"{there} bytes, then the file stops")
    payload_at = offset + _HEAD.size
    chain_at = payload_at + length
    crc_at = chain_at + CHAIN_BYTES
    _check_crc(data[offset:crc_at], data[crc_at : crc_at + _CRC.size])
    payload, chain = data[payload_at:chain_at], data[chain_at:crc_at]
    _check_chain(next_chain(previous_chain, data[offset:payload_at], payload), chain)
    return Record(type_, flags, count, payload, chain, index, offset, crc_at + _CRC.size)


def _check_crc(body: bytes, crc: bytes) -> None:
    computed = _CRC.pack(zlib.crc32(body))
    if computed != crc:
        raise FormatError("crc32", f"{computed.hex()} (computed over the record)", f"{crc.hex()}: bytes are damaged")


def _check_chain(computed: bytes, chain: bytes) -> None:
    if computed != chain:
        came = f"{chain.hex()}: the record is whole, but not in its place or not of this file"
        raise FormatError("chain", f"{computed.hex()} (computed from the record before)", came)
