"""What one machine alone knows of an episode, as bytes: timing, guesses, what was shown. No file and no clock.

The framing is that of the episode file, with LOG records of rows `[kind, values...]`. The header carries the table of
kinds, so that a file explains itself. Times are handed in; every `_ns` counts on this machine's monotonic clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple, TypeAlias, cast

from data import framing
from data.framing import CHAIN_START, MAGIC, SKIPPABLE, FormatError, Record, TornError, frame_record, records
from data.local_kinds import LOCAL_KINDS
from data.packing import is_int, kind_of, pack, split, unpack_map

LOCAL_SUFFIX: Final = ".dyadlog"
LOCAL_FORMAT_VERSION: Final = 1
LOCAL_KIND: Final = "local"

MAX_FLUSH_ROWS: Final = 4096
"""Rows in one LOG record: some 300 kB at most, well under what a record may hold."""


_TYPES: Final[Mapping[str, type]] = {"int": int, "bool": bool, "str": str, "bytes": bytes}
_NOT_TOLD: Final[Mapping[type, "Value"]] = {int: -1, bool: False, str: "", bytes: b""}
"""What a column says in a file that was written before there was such a column."""
_NUMBERS: Final = {kind.name: number for number, kind in enumerate(LOCAL_KINDS)}
_TYPES_OF: Final = {kind.name: tuple(_TYPES[column.type] for column in kind.columns) for kind in LOCAL_KINDS}

Value: TypeAlias = int | bool | str | bytes

_LEADING: Final = ("format", "kind", "run", "study", "dyad", "session", "episode", "seat", "participant")
_HEADER_FIELDS: Final = (*_LEADING, "machine", "wall_ns", "monotonic_ns", "kinds")
_END_FIELDS: Final = ("rows", "stats", "sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalHeader:
    """Who recorded what, where and when. `machine` is what the caller says of it: versions, host, system.

    `wall_ns` is UTC since 1970 at the moment at which the monotonic clock stood at `monotonic_ns`.
    """

    run: str
    study: str
    dyad: str
    session: str
    episode: int
    seat: int
    participant: str
    machine: tuple[tuple[str, str], ...]
    wall_ns: int
    monotonic_ns: int


class Entry(NamedTuple):
    """One row of a local file: the name of its kind, and its values in the order of the kind's columns."""

    kind: str
    values: tuple[Value, ...]

    def named(self) -> dict[str, Value]:
        """The values by column."""
        columns = LOCAL_KINDS[_NUMBERS[self.kind]].columns
        return {column.name: value for column, value in zip(columns, self.values, strict=True)}


@dataclass(frozen=True, slots=True)
class Local:
    """What a local file holds. `stats` are the counts that its END gives; `fault` says what is wrong, if it is torn."""

    header: LocalHeader
    entries: tuple[Entry, ...]
    stats: tuple[tuple[str, int], ...]
    fault: FormatError | None

    def of(self, kind: str) -> list[dict[str, Value]]:
        """All entries of one kind, in order, by column."""
        return [entry.named() for entry in self.entries if entry.kind == kind]


class LocalEncoder:
    """The bytes of one local file, in order. `add` is cheap and keeps the row; `flush` turns what waits into bytes.

    One thread calls all of it.
    """

    def __init__(self, header: LocalHeader) -> None:
        self.rows = 0
        """Rows added so far."""
        self._header = header
        self._waiting: list[bytes] = []
        self._chain = CHAIN_START
        self._sum = sha256()

    def start(self) -> bytes:
        """The magic and the HEADER record."""
        self._sum.update(MAGIC)
        return MAGIC + self._record(framing.HEADER, 1, encode_local_header(self._header))

    def add(self, kind: str, *values: Value) -> None:
        """Note one row.

        Raises:
            ValueError: no such kind, or values that are not those of its columns.
        """
        types = _TYPES_OF.get(kind)
        if types is None:
            raise ValueError(f"expected a kind of {', '.join(_NUMBERS)}, came {kind!r}")
        if tuple(map(type, values)) != types:
            values = _fitted(kind, types, values)
        self._waiting.append(pack((_NUMBERS[kind], *values)))
        self.rows += 1

    def flush(self) -> bytes:
        """LOG records of all rows that wait; no bytes if none does."""
        waiting, self._waiting = self._waiting, []
        blocks = [waiting[start : start + MAX_FLUSH_ROWS] for start in range(0, len(waiting), MAX_FLUSH_ROWS)]
        return b"".join(self._record(framing.LOG, len(block), b"".join(block)) for block in blocks)

    def end(self, stats: Mapping[str, int]) -> bytes:
        """What waits, and the END record with the episode's counts."""
        rest = self.flush()
        payload = {"rows": self.rows, "stats": dict(sorted(stats.items())), "sha256": self._sum.digest()}
        return rest + self._record(framing.END, 1, pack(payload))

    def _record(self, type_: int, count: int, payload: bytes) -> bytes:
        record, self._chain = frame_record(self._chain, type_, count, payload)
        self._sum.update(record)
        return record


def _fitted(kind: str, types: Sequence[type], values: Sequence[Value]) -> tuple[Value, ...]:
    """Values of exactly these types: an IntEnum or a truth value may stand for an integer, but nothing for another."""
    if len(values) != len(types) or not all(map(isinstance, values, types)):
        expected = ", ".join(f"{column.name} {column.type}" for column in LOCAL_KINDS[_NUMBERS[kind]].columns)
        raise ValueError(f"expected {kind} with {expected}, came {values!r}")
    return tuple(type_(value) for type_, value in zip(types, values, strict=True))


def encode_local_header(header: LocalHeader) -> bytes:
    """The HEADER payload of a local file."""
    kinds = [[kind.name, kind.meaning, kind.columns] for kind in LOCAL_KINDS]
    return pack(
        {
            "format": LOCAL_FORMAT_VERSION,
            "kind": LOCAL_KIND,
            "run": header.run,
            "study": header.study,
            "dyad": header.dyad,
            "session": header.session,
            "episode": header.episode,
            "seat": header.seat,
            "participant": header.participant,
            "machine": dict(header.machine),
            "wall_ns": header.wall_ns,
            "monotonic_ns": header.monotonic_ns,
            "kinds": kinds,
        }
    )


def is_local(data: bytes) -> bool:
    """Whether bytes begin like a local file: its header is whole and says so."""
    try:
        first = next(records(data))
        return unpack_map(first.payload, "header").get("kind") == LOCAL_KIND
    except (FormatError, StopIteration):
        return False


def read_local(data: bytes) -> Local:
    """What a whole local file holds.

    Raises:
        TornError: it stops before its END.
        FormatError: anything else that is not as docs/episode-format.md says.
    """
    local = read_local_prefix(data)
    if local.fault is not None:
        raise local.fault
    return local


def read_local_prefix(data: bytes) -> Local:
    """What can be read of a local file; `fault` says what is wrong behind it.

    Raises:
        FormatError: not even the header is there.
    """
    reading = _LocalReading(data)
    try:
        for record in records(data):
            reading.take(record)
    except FormatError as error:
        return reading.local(error)
    return reading.local(None)


class _LocalReading:
    """What has been read of one local file: `take` accepts the next record whole, or says why it cannot."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._header: LocalHeader | None = None
        self._kinds: tuple[tuple[str, int], ...] = ()
        self._entries: list[Entry] = []
        self._rows = 0
        self._stats: tuple[tuple[str, int], ...] | None = None

    def take(self, record: Record) -> None:
        """Add the next record of the file.

        Raises:
            FormatError: it may not stand here, or its payload is not as it should be.
        """
        try:
            self._take(record)
        except FormatError as error:
            raise error.at(offset=record.offset, record=record.index) from None

    def _take(self, record: Record) -> None:
        if self._stats is not None:
            raise FormatError("record", "nothing after END", f"a record of type {record.type}")
        if (self._header is None) != (record.type == framing.HEADER):
            raise FormatError("record", "HEADER first and once", f"a record of type {record.type}")
        if record.type in (framing.HEADER, framing.LOG, framing.END) and record.flags:
            raise FormatError("flags", "0 for a known record", record.flags)
        if record.type in (framing.HEADER, framing.END) and record.count != 1:
            raise FormatError("count", "1", record.count)
        if record.type == framing.HEADER:
            self._header, self._kinds = decode_local_header(record.payload)
        elif record.type == framing.LOG:
            self._take_log(record)
        elif record.type == framing.END:
            self._take_end(record)
        elif record.flags != SKIPPABLE:
            raise FormatError("type", "HEADER, LOG, END or a skippable record", f"type {record.type}")

    def _take_log(self, record: Record) -> None:
        entries = [
            self._entry(values) for values, _ in split(record.payload, record.count, "log", record.payload_offset)
        ]
        self._entries += [entry for entry in entries if entry is not None]
        self._rows += record.count

    def _entry(self, values: object) -> Entry | None:
        """One row, or None for a kind that only a later version knows."""
        if not isinstance(values, list) or not values or not is_int(values[0]):
            raise FormatError("log", "an array that begins with the number of a kind", kind_of(values))
        number = values[0]
        if not 0 <= number < len(self._kinds):
            raise FormatError("log kind", f"below {len(self._kinds)}, as the header has", number)
        name, width = self._kinds[number]
        if len(values) != width + 1:
            raise FormatError(f"log {name}", f"{width} values, as the header has", len(values) - 1)
        types = _TYPES_OF.get(name)
        if types is None:
            return None
        known = values[1 : len(types) + 1]
        if len(known) < len(types):
            known += [_NOT_TOLD[type_] for type_ in types[len(known) :]]
        if tuple(map(type, known)) != types:
            raise FormatError(f"log {name}", f"values of {[type_.__name__ for type_ in types]}", kind_of(known))
        return Entry(name, tuple(known))

    def _take_end(self, record: Record) -> None:
        values = unpack_map(record.payload, "END")
        if tuple(values)[: len(_END_FIELDS)] != _END_FIELDS:
            raise FormatError("END", f"the names {', '.join(_END_FIELDS)}", ", ".join(values))
        rows, stats, total = (values[name] for name in _END_FIELDS)
        computed = sha256(self._data[: record.offset]).digest()
        if rows != self._rows or total != computed:
            raise FormatError("END", f"{self._rows} rows, {computed.hex()}", f"{rows} rows, {kind_of(total)}")
        if not isinstance(stats, dict) or not all(is_int(value) for value in stats.values()):
            raise FormatError("END stats", "a map of names to integers", kind_of(stats))
        self._stats = tuple(stats.items())

    def local(self, fault: FormatError | None) -> Local:
        """What there is, with what is wrong behind it."""
        if fault is None and self._stats is None:
            fault = TornError("record", "END", "the file's end", offset=len(self._data))
        if self._header is None:
            raise cast("FormatError", fault)
        return Local(self._header, tuple(self._entries), self._stats or (), fault)


def decode_local_header(payload: bytes) -> tuple[LocalHeader, tuple[tuple[str, int], ...]]:
    """A local HEADER, and the name and width of each kind that its file has.

    Raises:
        FormatError: a name missing or out of order, or of another type.
    """
    values = unpack_map(payload, "header")
    if tuple(values)[: len(_HEADER_FIELDS)] != _HEADER_FIELDS:
        raise FormatError("header", f"the names {', '.join(_HEADER_FIELDS)}", ", ".join(values))
    if values["format"] != LOCAL_FORMAT_VERSION or values["kind"] != LOCAL_KIND:
        came = f"{values['format']!r}, {values['kind']!r}"
        raise FormatError("header", f"format {LOCAL_FORMAT_VERSION} of kind {LOCAL_KIND}", came)
    expected = {"episode": int, "seat": int, "wall_ns": int, "monotonic_ns": int, "machine": dict}
    for name in _HEADER_FIELDS[2:-1]:
        if type(values[name]) is not expected.get(name, str):
            raise FormatError(f"header {name}", expected.get(name, str).__name__, kind_of(values[name]))
    machine = cast("dict[str, str]", values["machine"])
    if not all(isinstance(text, str) for text in machine.values()):
        raise FormatError("header machine", "a map of names to text", kind_of(machine))
    kept = {name: values[name] for name in _HEADER_FIELDS[2:-1]} | {"machine": tuple(machine.items())}
    return LocalHeader(**kept), _widths(values["kinds"])  # type: ignore[arg-type]  # each type was checked above


def _widths(kinds: object) -> tuple[tuple[str, int], ...]:
    if not isinstance(kinds, list) or not all(_is_kind(kind) for kind in kinds):
        raise FormatError("header kinds", "[name, meaning, columns] each", kind_of(kinds))
    for name, _, columns in kinds:
        _check_columns(name, columns)
    return tuple((kind[0], len(kind[2])) for kind in kinds)


def _check_columns(name: str, columns: Sequence[object]) -> None:
    """A version may end a kind's columns earlier or later than this one does; what both have is the same."""
    known = LOCAL_KINDS[_NUMBERS[name]].columns if name in _NUMBERS else ()
    for ours, theirs in zip(known, columns, strict=False):
        match theirs:
            case [ours.name, ours.type, *_]:
                continue
        raise FormatError(f"header kinds {name}", f"the column {ours.name} {ours.type}", kind_of(theirs))


def _is_kind(kind: object) -> bool:
    match kind:
        case [str(), str(), list()]:
            return True
    return False
