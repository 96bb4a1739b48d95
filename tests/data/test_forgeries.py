"""Files that somebody altered and gave right sums: nothing but our own error, and nothing that the document forbids."""

import hashlib
import struct
import zlib
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import msgpack
import pytest

from data.episode_format import FormatError, read_episode, read_prefix
from data.framing import FRAMES, LOG, MAGIC
from data.judgement import judge
from data.local_format import read_local, read_local_prefix
from data.local_kinds import LOCAL_KINDS
from tests.support.golden import FOLDER
from tests.support.recorded import finished
from tests.support.second_reader import IllegalError, read_log, read_play

FORGERIES = 800
KNOWN = {kind.name for kind in LOCAL_KINDS}
"""A kind that only a later version knows is passed over."""
_HEAD = struct.Struct(">BBHI")
_REST_BYTES = 20
"""Chain and sum of a record."""
_VALUES: tuple[Any, ...] = (
    *(0, 1, -1, 255, 65_535, 65_536, 1 << 20, 1 << 31, 1 << 63, (1 << 64) - 1, -(1 << 63)),
    *("", "a", "x" * 50, b"", b"12345678", True, False, None, 1.5, [], [1, 2], {}, {"a": 1}),
)

Record = tuple[int, int, int, bytes]
"""Type, flags, count, payload."""


def records_of(data: bytes) -> list[Record]:
    found, at = [], len(MAGIC)
    while at < len(data):
        kind, flags, count, length = _HEAD.unpack_from(data, at)
        start = at + _HEAD.size
        found.append((kind, flags, count, data[start : start + length]))
        at = start + length + _REST_BYTES
    return found


def sealed(records: list[Record]) -> bytes:
    """A file of these records, with sums and hashes that are right."""
    data, chain = MAGIC, bytes(16)
    for kind, flags, count, payload in records:
        body = resigned(payload, data)
        head = _HEAD.pack(kind, flags, count, len(body))
        chain = hashlib.sha256(chain + head + body).digest()[:16]
        record = head + body + chain
        data += record + struct.pack(">I", zlib.crc32(record))
    return data


def resigned(payload: bytes, before: bytes) -> bytes:
    """A payload with the hash over everything before it, if it has one."""
    try:
        value = msgpack.unpackb(payload, strict_map_key=False)
    except (ValueError, TypeError, msgpack.UnpackException):  # a key may be anything here
        return payload
    if not isinstance(value, dict) or "sha256" not in value:
        return payload
    return bytes(msgpack.packb({**value, "sha256": hashlib.sha256(before).digest()}))


def altered(value: Any, draw: Random) -> Any:  # noqa: ANN401 - any value that a file can hold
    """The value with one thing in it replaced, left out, doubled or added."""
    if isinstance(value, dict) and value and draw.random() < 0.9:
        key = draw.choice(list(value))
        rest = {name: each for name, each in value.items() if name != key}
        choices = (rest, {**rest, key: value[key]}, {**value, "more": 1}, {**value, key: altered(value[key], draw)})
        return draw.choices(choices, (1, 1, 1, 7))[0]
    if isinstance(value, list) and value and draw.random() < 0.9:
        at = draw.randrange(len(value))
        changed = [*value[:at], altered(value[at], draw), *value[at + 1 :]]
        return draw.choices((value[:at] + value[at + 1 :], [*value, value[at]], changed), (1, 1, 7))[0]
    return draw.choice(_VALUES)


def altered_record(record: Record, draw: Random) -> Record:
    kind, flags, count, payload = record
    match draw.randrange(8):
        case 0:
            return draw.choice((0, 1, 2, 3, 4, 5, 200)), flags, count, payload
        case 1:
            return kind, draw.choice((0, 1, 2, 255)), count, payload
        case 2:
            return kind, flags, draw.choice((0, 1, 29, 30, 31, 65_535)), payload
        case 3:
            at = draw.randrange(len(payload))
            return kind, flags, count, payload[:at] + bytes([payload[at] ^ 1 << draw.randrange(8)]) + payload[at + 1 :]
    if kind not in (FRAMES, LOG):
        return kind, flags, count, bytes(msgpack.packb(altered(msgpack.unpackb(payload), draw)))
    unpacker = msgpack.Unpacker()
    unpacker.feed(payload)
    rows = list(unpacker)
    at = draw.randrange(len(rows))
    rows[at] = altered(rows[at], draw)
    return kind, flags, count, b"".join(bytes(msgpack.packb(row)) for row in rows)


def forged(data: bytes, seed: int) -> bytes:
    draw, records = Random(seed), records_of(data)
    at = draw.randrange(len(records))
    match draw.randrange(10):
        case 0:
            del records[at]
        case 1:
            records.insert(draw.randrange(len(records)), records[at])
        case 2:
            records.insert(at, (77, 1, 1, b"from a later version"))
        case _:
            records[at] = altered_record(records[at], draw)
    return sealed(records)


def test_a_file_that_is_sealed_anew_without_a_change_is_the_same() -> None:
    for data in (finished(episode=1, frames=70), (FOLDER / "local-1b.dyadlog").read_bytes()):
        assert sealed(records_of(data)) == data


@pytest.mark.parametrize("is_local", [False, True], ids=["canonical", "local"])
def test_what_we_read_of_a_forgery_a_reader_written_from_the_document_reads_too(is_local: bool) -> None:
    original = (FOLDER / "local-1b.dyadlog").read_bytes() if is_local else finished(episode=1, frames=70)
    answers: Counter[str] = Counter()
    for seed in range(FORGERIES):
        data = forged(original, seed)
        try:
            if is_local:
                ours = [(entry.kind, entry.named()) for entry in read_local(data).entries]
            else:
                ours = [("row", {"frame": row.frame, "digest": row.digest}) for row in read_episode(data).frames]
        except FormatError:
            answers["refused"] += 1
            continue
        finally:
            prefix(data, is_local=is_local)
        answers["read"] += 1
        assert ours == second(data, is_local=is_local), seed
    assert min(answers["refused"], answers["read"]) > FORGERIES // 20, answers


def prefix(data: bytes, *, is_local: bool) -> None:
    """Readers of what may be torn raise nothing else either, and a verification has an answer."""
    with suppress(FormatError):
        (read_local_prefix if is_local else read_prefix)(data)
    if not is_local:
        judge(Path("episode.dyad"), data)


def second(data: bytes, *, is_local: bool) -> list[tuple[str, dict[str, Any]]]:
    try:
        if is_local:
            return [(kind, values) for kind, values in read_log(data).entries if kind in KNOWN]
        return [("row", {"frame": row["frame"], "digest": row["digest"]}) for row in read_play(data).rows]
    except IllegalError as error:
        raise AssertionError(f"we read what the document forbids: {error}") from error
