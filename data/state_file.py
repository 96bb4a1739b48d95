"""Small JSON state files (items, receipts, claims): written in one way, read back without trust. No disk."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

MAX_BYTES: Final = 1 << 20
"""The largest, a claim with its statistics, is some 2 kB; a megabyte is damage."""


class StateFileError(ValueError):
    """Bytes that are no state file of ours: what was expected and what came."""


def encode_state(fields: Mapping[str, object]) -> bytes:
    """The bytes of a state file, for people too: one field a line, in the order given."""
    return (json.dumps(fields, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def utc_text(unix_seconds: float) -> str:
    """A moment as people and programs read it."""
    return datetime.fromtimestamp(unix_seconds, UTC).isoformat(timespec="milliseconds")


class Fields:
    """The fields of one state file, each taken with the type that it must have."""

    def __init__(self, data: bytes, *formats: int, most: int = MAX_BYTES) -> None:
        """Of one of these format versions."""
        if len(data) > most:
            raise StateFileError(f"expected at most {most} bytes, got {len(data)}")
        try:
            fields = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise StateFileError(f"expected JSON: {error}") from error
        if not isinstance(fields, dict):
            raise StateFileError(f"expected an object, got {type(fields).__name__}")
        self._fields: dict[str, object] = fields
        if self.integer("format") not in formats:
            raise StateFileError(f"format: expected {formats[-1]}, got {self.integer('format')}")

    def _take(self, name: str) -> object:
        if name not in self._fields:
            raise StateFileError(f"{name}: missing")
        return self._fields[name]

    @classmethod
    def _of(cls, fields: dict[str, object]) -> "Fields":
        """The fields of an object within a state file."""
        inner = object.__new__(cls)
        inner._fields = fields
        return inner

    def has(self, name: str) -> bool:
        """Whether there is such a field; files of an earlier version may lack it."""
        return name in self._fields

    def objects(self, name: str) -> "tuple[Fields, ...]":
        """A list of objects."""
        value = self._take(name)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise StateFileError(f"{name}: expected a list of objects, got {value!r:.60}")
        return tuple(Fields._of(item) for item in value)

    def text(self, name: str) -> str:
        """A text."""
        value = self._take(name)
        if not isinstance(value, str):
            raise StateFileError(f"{name}: expected text, got {value!r:.60}")
        return value

    def word(self, name: str, words: tuple[str, ...]) -> str:
        """One of a few words."""
        value = self.text(name)
        if value not in words:
            raise StateFileError(f"{name}: expected one of {', '.join(words)}, got {value[:60]!r}")
        return value

    def words(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._take(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise StateFileError(f"{name}: expected a list of texts, got {value!r:.60}")
        return tuple(value)

    def integer(self, name: str) -> int:
        """An integer; a truth value is none."""
        value = self._take(name)
        if type(value) is not int:
            raise StateFileError(f"{name}: expected an integer, got {value!r:.60}")
        return value

    def truth(self, name: str) -> bool:
        """A truth value."""
        value = self._take(name)
        if type(value) is not bool:
            raise StateFileError(f"{name}: expected true or false, got {value!r:.60}")
        return value

    def moment(self, name: str) -> float:
        """A UTC moment, as unix seconds."""
        value = self.text(name)
        try:
            return datetime.fromisoformat(value).timestamp()
        except (ValueError, OverflowError) as error:
            raise StateFileError(
                f"{name}: expected a time such as 2026-01-31T12:00:00+00:00, got {value[:60]!r}"
            ) from error

    def mapping(self, name: str) -> dict[str, object]:
        """An object, as it stands."""
        value = self._take(name)
        if not isinstance(value, dict):
            raise StateFileError(f"{name}: expected an object, got {value!r:.60}")
        return value
