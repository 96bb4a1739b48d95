"""Values as canonical msgpack, and back again without trust. No record, no file.

Equal values give equal bytes: integers as short as they can be, maps in the order in which they were written, no
floats. What does not repack to the same bytes is refused, so that one meaning has one encoding.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeGuard

import msgpack

from data.framing import FormatError

MAX_DEPTH: Final = 6
"""The deepest legal value, a header's table of columns, is three deep; without a bound, bytes could fill the stack."""

_PACKER: Final = msgpack.Packer(autoreset=True)
pack: Final[Callable[[object], bytes]] = _PACKER.pack
"""The canonical bytes of a value. One packer for all is half as dear as `packb`; it keeps nothing between calls."""


class _Map(list[tuple[object, object]]):
    """A decoded map, told apart from an array."""


def unpack_map(payload: bytes, field: str) -> dict[str, object]:
    """The map that `payload` holds, in order of its bytes; inner maps too.

    Raises:
        FormatError: not one canonical map with text for names.
    """
    value = unpack(payload, field)
    if not isinstance(value, dict):
        raise FormatError(field, "a map", kind_of(value))
    return value


def unpack(payload: bytes, field: str) -> object:
    """The one value that `payload` holds.

    Raises:
        FormatError: not msgpack, more than one value, a float, a double name in a map, or not canonical.
    """
    try:
        value = msgpack.unpackb(payload, object_pairs_hook=_Map, strict_map_key=True)
    except (ValueError, msgpack.UnpackException) as error:
        raise FormatError(field, "one msgpack value", f"{type(error).__name__}: {error}") from error
    plain = _plain(value, field, MAX_DEPTH)
    if pack(plain) != payload:
        raise FormatError(field, "the shortest encoding of its values", "another encoding of the same values")
    return plain


def split(payload: bytes, count: int, field: str, offset: int) -> Iterator[tuple[object, bytes]]:
    """`count` values that stand one after the other and fill `payload`, each with its own bytes.

    `offset` is the payload's first byte in the file, for what an error says.

    Raises:
        FormatError: fewer values, bytes left over, or a value that is not canonical.
    """
    return _split_at_once(payload, count) or _split_one_by_one(payload, count, field, offset)


def _split_at_once(payload: bytes, count: int) -> Iterator[tuple[object, bytes]] | None:
    """All values if all of them are as they should be, else None. A third faster than one by one, and verifying reads
    nothing but rows.
    """
    unpacker = msgpack.Unpacker(strict_map_key=True)
    unpacker.feed(payload)
    try:
        values = list(unpacker)
        encoded = list(map(pack, values))
    except (ValueError, TypeError, OverflowError, msgpack.UnpackException):
        return None
    return zip(values, encoded, strict=True) if len(values) == count and b"".join(encoded) == payload else None


def _split_one_by_one(payload: bytes, count: int, field: str, offset: int) -> Iterator[tuple[object, bytes]]:
    """The same, value by value, up to the first that is wrong."""
    unpacker = msgpack.Unpacker(strict_map_key=True)
    unpacker.feed(payload)
    start = 0
    for _ in range(count):
        try:
            value = unpacker.unpack()
            stop = unpacker.tell()
            repacked = pack(value)
        except (ValueError, TypeError, OverflowError, msgpack.UnpackException) as error:
            came = f"{type(error).__name__} {error}".strip()
            raise FormatError(field, "a msgpack value", came, offset=offset + start) from error
        encoded = payload[start:stop]
        if repacked != encoded:
            expected, came = "the shortest encoding of its values", "another encoding of the same values"
            raise FormatError(field, expected, came, offset=offset + start)
        yield value, encoded
        start = stop
    if start != len(payload):
        came = f"{len(payload) - start} bytes more"
        raise FormatError(field, f"{count} values in {len(payload)} bytes", came, offset=offset + start)


def _plain(value: object, field: str, depth: int) -> object:
    if depth == 0:
        raise FormatError(field, f"values nested at most {MAX_DEPTH} deep", "deeper ones")
    if isinstance(value, _Map):
        names = [name for name, _ in value]
        if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
            raise FormatError(field, "names that are text and differ", kind_of(names))
        return {name: _plain(inner, field, depth - 1) for name, inner in value}
    if isinstance(value, list):
        return [_plain(inner, field, depth - 1) for inner in value]
    if not isinstance(value, int | str | bytes):
        raise FormatError(field, "integers, truth values, text, bytes, arrays and maps", kind_of(value))
    return value


def is_int(value: object) -> TypeGuard[int]:
    """Whether a decoded value is an integer; a truth value is none."""
    return type(value) is int


def kind_of(value: object) -> str:
    """What came, in a few words and never the whole of it."""
    text = repr(value)
    return f"{type(value).__name__} {text[:60]}{'...' if len(text) > 60 else ''}"
