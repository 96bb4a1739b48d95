"""A reader of episode files written from docs/episode-format.md alone: it shares no code with `data`, and no library.

It has its own unpacking of MessagePack, so that a mistake in one decoder is not the other's mistake too. It is plain
and slow. Anything wrong is an `IllegalError`.
"""

import hashlib
import struct
import zlib
from typing import Any, NamedTuple

MAGIC = bytes.fromhex("89 44 59 44 0d 0a 1a 0a")
HEADER_KEYS = """
    format kind protocol study dyad session run episode seed players game game_version source_hash config tick_rate
    delay_frames window_frames guess_frames away_limit_frames actions event_kinds columns row
"""
LOCAL_KEYS = "format kind run study dyad session episode seat participant machine wall_ns monotonic_ns kinds"
END_KEYS = "rows reason cause seats frame sha256"
LOCAL_END_KEYS = "rows stats sha256"
REASONS = ("finished", "aborted", "cut", "diverged", "recovered")


class IllegalError(Exception):
    pass


class Play(NamedTuple):
    """A canonical file: header, rows as dictionaries by column, end."""

    header: dict[str, Any]
    rows: list[dict[str, Any]]
    end: dict[str, Any]


class Log(NamedTuple):
    """A local file: header, entries as (kind, dictionary by column), end."""

    header: dict[str, Any]
    entries: list[tuple[str, dict[str, Any]]]
    end: dict[str, Any]


def need(condition: bool, words: str) -> None:
    if not condition:
        raise IllegalError(words)


class Bytes:
    """A cursor over MessagePack that takes only the shortest forms."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        need(self.at + count <= len(self.data), "a value stops too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, count: int, least: int) -> int:
        value = int.from_bytes(self.take(count), "big")
        need(value >= least, "a longer form than needed")
        return value

    def signed(self, count: int, most: int) -> int:
        value = int.from_bytes(self.take(count), "big", signed=True)
        need(value < most, "a longer form than needed")
        return value

    def value(self, depth: int = 0) -> Any:  # noqa: ANN401  # MessagePack holds anything
        need(depth < 8, "nested too deep")
        head = self.take(1)[0]
        if head < 0x80:
            return head
        if head >= 0xE0:
            return head - 0x100
        if head < 0x90:
            return self.map(head & 0x0F, depth)
        if head < 0xA0:
            return self.array(head & 0x0F, depth)
        if head < 0xC0:
            return self.text(head & 0x1F)
        match head:
            case 0xC2 | 0xC3:
                return head == 0xC3
            case 0xC4:
                return self.take(self.number(1, 0))
            case 0xC5:
                return self.take(self.number(2, 1 << 8))
            case 0xC6:
                return self.take(self.number(4, 1 << 16))
            case 0xCC:
                return self.number(1, 0x80)
            case 0xCD:
                return self.number(2, 1 << 8)
            case 0xCE:
                return self.number(4, 1 << 16)
            case 0xCF:
                return self.number(8, 1 << 32)
            case 0xD0:
                return self.signed(1, -32)
            case 0xD1:
                return self.signed(2, -(1 << 7))
            case 0xD2:
                return self.signed(4, -(1 << 15))
            case 0xD3:
                return self.signed(8, -(1 << 31))
            case 0xD9:
                return self.text(self.number(1, 32))
            case 0xDA:
                return self.text(self.number(2, 1 << 8))
            case 0xDB:
                return self.text(self.number(4, 1 << 16))
            case 0xDC:
                return self.array(self.number(2, 16), depth)
            case 0xDD:
                return self.array(self.number(4, 1 << 16), depth)
            case 0xDE:
                return self.map(self.number(2, 16), depth)
            case 0xDF:
                return self.map(self.number(4, 1 << 16), depth)
        raise IllegalError(f"no such value: {head:#x}")

    def text(self, count: int) -> str:
        try:
            return self.take(count).decode("utf-8")
        except UnicodeDecodeError as error:
            raise IllegalError("text that is no UTF-8") from error

    def array(self, count: int, depth: int) -> list[Any]:
        need(count <= len(self.data), "an array longer than its bytes")
        return [self.value(depth + 1) for _ in range(count)]

    def map(self, count: int, depth: int) -> dict[str, Any]:
        need(count <= len(self.data), "a map longer than its bytes")
        pairs = [(self.value(depth + 1), self.value(depth + 1)) for _ in range(count)]
        need(all(isinstance(key, str) for key, _ in pairs), "a key that is no text")
        need(len({key for key, _ in pairs}) == count, "a key twice")
        return dict(pairs)


def whole(payload: bytes) -> Any:  # noqa: ANN401  # the caller checks what it is
    cursor = Bytes(payload)
    value = cursor.value()
    need(cursor.at == len(payload), "bytes after the value")
    return value


def keys(value: dict[str, Any], expected: str) -> None:
    """The expected keys come first and in order; later versions may add more behind them."""
    names = expected.split()
    need(isinstance(value, dict) and list(value)[: len(names)] == names, f"the keys {expected}")


def records(data: bytes) -> list[tuple[int, int, int, bytes, int]]:
    """(type, flags, count, payload, offset) of every record, all checked."""
    need(data[:8] == MAGIC, "the magic")
    found, at, chain = [], 8, bytes(16)
    while at < len(data):
        need(len(data) - at >= 28, "a record stops in its head")
        kind, flags, count, length = struct.unpack(">BBHI", data[at : at + 8])
        need(length <= 1 << 20, "a payload that is too long")
        need(len(data) - at >= 28 + length, "a record stops too early")
        head, payload = data[at : at + 8], data[at + 8 : at + 8 + length]
        chain = hashlib.sha256(chain + head + payload).digest()[:16]
        need(chain == data[at + 8 + length : at + 24 + length], "the chain")
        (crc,) = struct.unpack(">I", data[at + 24 + length : at + 28 + length])
        need(crc == zlib.crc32(data[at : at + 24 + length]), "the crc32")
        found.append((kind, flags, count, payload, at))
        at += 28 + length
    return found


def body(data: bytes, rows_type: int) -> tuple[dict[str, Any], list[tuple[int, bytes]], dict[str, Any]]:
    """Header, the (count, payload) of each record of rows, and end."""
    found = records(data)
    need(bool(found), "a HEADER")
    need(found[0][:3] == (1, 0, 1), "a HEADER first")
    need(found[-1][:3] == (3, 0, 1), "an END last")
    blocks = []
    for kind, flags, count, payload, _ in found[1:-1]:
        if kind == rows_type and flags == 0:
            blocks.append((count, payload))
        else:
            need(kind > 4 and flags == 1, "only records of rows, and skippable ones, in the middle")
    end = whole(found[-1][3])
    need(isinstance(end, dict) and end.get("sha256") == hashlib.sha256(data[: found[-1][4]]).digest(), "the sha256")
    return whole(found[0][3]), blocks, end


def rows_of(count: int, payload: bytes) -> list[list[Any]]:
    cursor = Bytes(payload)
    rows = [cursor.value() for _ in range(count)]
    need(cursor.at == len(payload), "bytes after the rows")
    need(all(isinstance(row, list) for row in rows), "rows that are arrays")
    return rows


def read_play(data: bytes) -> Play:
    header, blocks, end = body(data, rows_type=2)
    keys(header, HEADER_KEYS)
    keys(end, END_KEYS)
    need((header["format"], header["kind"]) == (1, "canonical"), "format 1, canonical")
    rows: list[dict[str, Any]] = []
    for index, (count, payload) in enumerate(blocks):
        need(count == 30 or (index == len(blocks) - 1 and 1 <= count <= 30), "blocks of 30")
        rows += [row(values, len(rows) + place, header) for place, values in enumerate(rows_of(count, payload))]
    need(end["rows"] == len(rows), "as many rows as END says")
    need(end["reason"] in REASONS, "a known reason")
    need((end["cause"] != "") == (end["reason"] in ("finished", "aborted")), "a cause if it is complete")
    return Play(header, rows, end)


def row(values: list[Any], frame: int, header: dict[str, Any]) -> dict[str, Any]:
    need(len(values) >= 9, "nine columns")
    named = dict(zip([column[0] for column in header["row"]], values, strict=False))
    need(type(named["frame"]) is int and named["frame"] == frame, f"frame {frame}")
    for seat in ("left", "right"):
        code = named.pop(f"{seat}_input")
        need(type(code) is int and code >= 0, "an input")
        action, flags, command = code & 0xFFFF, code >> 16 & 0xF, code >> 20
        need(action < len(header["actions"]) and flags < 4 and command < 2, "an input within its bounds")
        named |= {f"{seat}_action": action, f"{seat}_flags": flags, f"{seat}_command": command}
    need(type(named["left_reward"]) is int and type(named["right_reward"]) is int, "rewards")
    need(type(named["done"]) is bool, "done")
    events, facts = named["events"], named.pop("facts")
    need(isinstance(events, list) and all(event_is_good(event) for event in events), "events")
    need(isinstance(facts, list) and len(facts) == len(header["columns"]), "one fact for each column")
    need(all(type(fact) in (int, bool) for fact in facts), "facts")
    need(isinstance(named["digest"], bytes) and len(named["digest"]) == 8, "a digest")
    return named | {f"fact {column[0]}": fact for column, fact in zip(header["columns"], facts, strict=True)}


def event_is_good(event: object) -> bool:
    return isinstance(event, list) and len(event) == 3 and all(type(part) is int for part in event)


def read_log(data: bytes) -> Log:
    header, blocks, end = body(data, rows_type=4)
    keys(header, LOCAL_KEYS)
    keys(end, LOCAL_END_KEYS)
    need((header["format"], header["kind"]) == (1, "local"), "format 1, local")
    rows = [values for count, payload in blocks for values in rows_of(count, payload)]
    need(end["rows"] == len(rows), "as many rows as END says")
    return Log(header, [entry(values, header["kinds"]) for values in rows], end)


def entry(values: list[Any], kinds: list[Any]) -> tuple[str, dict[str, Any]]:
    need(bool(values) and type(values[0]) is int and 0 <= values[0] < len(kinds), "the number of a kind")
    name, _, columns = kinds[values[0]]
    need(len(values) == len(columns) + 1, "as many values as the kind has columns")
    return name, dict(zip([column[0] for column in columns], values[1:], strict=True))
