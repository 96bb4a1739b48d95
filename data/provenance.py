"""What a game is made of: a hash of its source, so that a record says by which rules it was played."""

from hashlib import sha256
from importlib import resources
from typing import Final

from games import registry

SOURCE_HASH_DIGITS: Final = 16
"""64 bits: enough to tell every version of a game apart, short enough to be read aloud."""


def source_hash(game_id: str) -> str:
    """The hash of a game's source files: their names, and their text with line endings made alike.

    A checkout with other line endings plays the same game, so it must give the same hash.

    Raises:
        LookupError: there is no such game.
        OSError: its source is not installed with it.
    """
    total = sha256()
    for name in sorted(registry.source_files(game_id)):
        total.update(source_part(name, resources.files("games").joinpath(name).read_bytes()))
    return total.hexdigest()[:SOURCE_HASH_DIGITS]


def source_part(name: str, source: bytes) -> bytes:
    """What one file adds to the hash. Its name and length stand first, so that no two sets of files look alike."""
    text = source.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return b"%s\n%d\n%s" % (name.encode(), len(text), text)
