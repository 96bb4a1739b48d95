"""The hash of a game's source."""

import pytest

from data.provenance import SOURCE_HASH_DIGITS, source_hash, source_part
from games import registry


def test_every_game_has_its_own_hash() -> None:
    hashes = {source_hash(game) for game in registry.names()}
    assert len(hashes) == len(registry.names())
    assert all(len(digest) == SOURCE_HASH_DIGITS and int(digest, 16) >= 0 for digest in hashes)


def test_line_endings_do_not_change_a_game() -> None:
    assert source_part("a.py", b"one\r\ntwo\rthree\n") == source_part("a.py", b"one\ntwo\nthree\n")


def test_a_name_or_a_letter_does() -> None:
    assert source_part("a.py", b"one") != source_part("b.py", b"one")
    assert source_part("a.py", b"one") != source_part("a.py", b"onf")
    assert source_part("a.py", b"x") + source_part("b.py", b"") != source_part("a.py", b"") + source_part("b.py", b"x")


def test_an_unknown_game_has_none() -> None:
    with pytest.raises(LookupError):
        source_hash("no such game")
