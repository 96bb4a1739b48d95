"""What a station and a collector say to each other, as bytes and back without trust. No socket, no disk, no clock.

docs/collector-protocol.md is the document. A message is one msgpack array and the CRC-32 of its bytes, big-endian.
Everything is bounded before it is unpacked, and a version adds nothing silently.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from typing import Any, Final, TypeAlias

import msgpack

PROTOCOL: Final = 1
CHUNK_BYTES: Final = 1 << 18
"""A canonical file of an hour at 30 Hz is 1.6 MB, most files fit into one chunk; a lost chunk costs little."""
MAX_MESSAGE_BYTES: Final = CHUNK_BYTES + 4096
"""A whole chunk, its names and its checksum."""
MAX_FILE_BYTES: Final = 1 << 28
"""A canonical file of a day at 60 Hz has 233 MB. A whole file is held in memory once, when it is checked."""
MAX_PATH_CHARACTERS: Final = 512
"""The longest legal path, with every id at its 40 letters, has some 370."""
MAX_WORDS_CHARACTERS: Final = 1024
"""What is said to a person; longer texts are cut when they are sent."""
MAX_NUMBER: Final = (1 << 63) - 1
DIGEST_BYTES: Final = 32

_CRC: Final = struct.Struct(">I")
_ENVELOPE_FIELDS: Final = 3
_MOST_FIELDS: Final = 16


class MessageError(ValueError):
    """Bytes that are no message: what was expected and what came. `request` is the number to answer to, or -1."""

    def __init__(self, words: str, request: int = -1) -> None:
        self.request = request
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class Hello:
    """A station is there. `owner` is its id; `files` and `size` (bytes) are what still waits in its outbox."""

    owner: str
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class Offer:
    """How much of this file do you hold? With `fresh`, forget what you hold of it that is not finished."""

    path: str
    sha256: bytes
    size: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of a file from `offset` on. The whole of a small one in one message needs no offer."""

    path: str
    sha256: bytes
    size: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Ask:
    """What do you hold under this name, read now?"""

    path: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """Who the collector is, and the space that its disk has left."""

    share_id: str
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Have:
    """So many bytes of the file are durable here, and this is their SHA-256: go on behind them."""

    offset: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """The whole file is here: durable under its name, read back, its structure good."""

    path: str
    sha256: bytes
    level: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Other bytes have this name here. They stay; what was sent is kept in quarantine."""

    words: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """Not now: the disk is full, or its folder is gone. Asking again later is right."""

    words: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Not so: the request itself is wrong, or the file is damaged."""

    words: str


@dataclass(frozen=True, slots=True)
class Holds:
    """The SHA-256 of what lies there; no bytes if nothing does."""

    sha256: bytes


Request: TypeAlias = Hello | Offer | Chunk | Ask
Reply: TypeAlias = Welcome | Have | Receipt | Conflict | Blocked | Refused | Holds

_REQUESTS: Final[dict[int, type[Any]]] = {1: Hello, 2: Offer, 3: Chunk, 4: Ask}
_REPLIES: Final[dict[int, type[Any]]] = {1: Welcome, 2: Have, 3: Receipt, 4: Conflict, 5: Blocked, 6: Refused, 7: Holds}
_KINDS: Final = {made: kind for table in (_REQUESTS, _REPLIES) for kind, made in table.items()}


def encode(message: Request | Reply, request: int) -> bytes:
    """The bytes of a message; `request` numbers a question, and its answer repeats it."""
    values = [_cut(value) for value in astuple(message)]
    body: bytes = msgpack.packb([_KINDS[type(message)], PROTOCOL, request, *values])
    return body + _CRC.pack(zlib.crc32(body))


def _cut(value: object) -> object:
    return value[:MAX_WORDS_CHARACTERS] if isinstance(value, str) else value


def decode_request(data: bytes) -> tuple[Request, int]:
    """What a station asks, and the number of its question.

    Raises:
        MessageError: it is no request of this version.
    """
    return _decode(data, _REQUESTS)


def decode_reply(data: bytes) -> tuple[Reply, int]:
    """What a collector answers, and the number of the question.

    Raises:
        MessageError: it is no reply of this version.
    """
    return _decode(data, _REPLIES)


def _decode(data: bytes, kinds: dict[int, type[Any]]) -> tuple[Any, int]:
    values = _unpack(data)
    if len(values) < _ENVELOPE_FIELDS or not all(type(value) is int for value in values[:_ENVELOPE_FIELDS]):
        raise MessageError("expected kind, protocol and number first")
    kind, protocol, request = values[:_ENVELOPE_FIELDS]
    if not 0 <= request <= MAX_NUMBER:
        raise MessageError(f"number: expected 0 to {MAX_NUMBER}, got {request}")
    if protocol != PROTOCOL:
        raise MessageError(f"protocol: expected {PROTOCOL}, got {protocol}: update the older program", request)
    if kind not in kinds:
        raise MessageError(f"kind: expected one of {', '.join(map(str, kinds))}, got {kind}", request)
    made, came = kinds[kind], values[_ENVELOPE_FIELDS:]
    names = [field.name for field in fields(made)]
    if len(came) != len(names):
        raise MessageError(f"{made.__name__}: expected {len(names)} fields, got {len(came)}", request)
    for field, value in zip(fields(made), came, strict=True):
        if not _CHECKS[field.name](value):
            raise MessageError(f"{made.__name__} {field.name}: {_short(value)} is out of its bounds", request)
    return made(*came), request


def _unpack(data: bytes) -> list[Any]:
    if len(data) > MAX_MESSAGE_BYTES:
        raise MessageError(f"expected at most {MAX_MESSAGE_BYTES} bytes, got {len(data)}")
    body, crc = data[: -_CRC.size], data[-_CRC.size :]
    if len(crc) < _CRC.size or _CRC.pack(zlib.crc32(body)) != crc:
        raise MessageError("the checksum is wrong")
    try:
        values = msgpack.unpackb(
            body,
            max_array_len=_MOST_FIELDS,
            max_str_len=4 * MAX_WORDS_CHARACTERS,
            max_bin_len=CHUNK_BYTES,
            max_map_len=0,
            max_ext_len=0,
        )
    except (ValueError, RecursionError, msgpack.UnpackException) as error:
        raise MessageError(f"expected one msgpack array: {type(error).__name__}") from error
    if not isinstance(values, list):
        raise MessageError(f"expected an array, got {type(values).__name__}")
    return values


def _number(most: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and 0 <= value <= most


def _text(most: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and len(value) <= most


def _is_digest(value: object) -> bool:
    return isinstance(value, bytes) and len(value) in (0, DIGEST_BYTES)


_CHECKS: Final[dict[str, Callable[[object], bool]]] = {
    "owner": _text(64),
    "files": _number(MAX_NUMBER),
    "size": _number(MAX_NUMBER),
    "path": _text(MAX_PATH_CHARACTERS),
    "sha256": _is_digest,
    "fresh": lambda value: isinstance(value, bool),
    "offset": _number(MAX_FILE_BYTES),
    "data": lambda value: isinstance(value, bytes),
    "share_id": _text(64),
    "free_bytes": _number(MAX_NUMBER),
    "level": _number(3),
    "words": _text(MAX_WORDS_CHARACTERS),
}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
