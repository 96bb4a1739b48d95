"""The bytes of each format version, for ever."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from data.episode_format import read_episode
from data.episode_row import named_values
from data.local_format import read_local
from tests.support.golden import FOLDER, GOLDEN
from tests.support.second_reader import read_log, read_play

ROOT = Path(__file__).parent.parent.parent

SHA256 = {
    "episode-1.dyad": "f04e5de47ce7fc0b179f0cfac7bc045047a07020bda04b894cadf5ed8ecf06f7",
    "local-1.dyadlog": "72bcc259ab0392222de9d179fe64307314a06d5117b33f232214b6a13c87ca11",
    "local-1b.dyadlog": "99c31db71593de5e4e5c92198d351af7768b7cd7800590e6bf8c780031c89049",
}

IN_PURE_PYTHON = """
import msgpack
from msgpack import fallback
assert msgpack.Packer is fallback.Packer, "the C implementation was loaded"
from data.episode_format import read_episode
from data.local_format import read_local
from tests.support.golden import FOLDER, GOLDEN
for name, make in GOLDEN.items():
    assert make() == (FOLDER / name).read_bytes(), name
read_episode((FOLDER / "episode-1.dyad").read_bytes())
read_local((FOLDER / "local-1.dyadlog").read_bytes())
read_local((FOLDER / "local-1b.dyadlog").read_bytes())
"""


@pytest.mark.parametrize("name", SHA256)
def test_a_golden_file_has_never_changed(name: str) -> None:
    assert sha256((FOLDER / name).read_bytes()).hexdigest() == SHA256[name]


@pytest.mark.parametrize("name", GOLDEN)
def test_the_same_episode_is_the_same_bytes_in_every_version(name: str) -> None:
    assert GOLDEN[name]() == (FOLDER / name).read_bytes()


def test_both_implementations_of_msgpack_write_and_read_the_same_bytes() -> None:
    environment = {**os.environ, "MSGPACK_PUREPYTHON": "1", "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-c", IN_PURE_PYTHON], env=environment, capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert result.returncode == 0, result.stderr


def test_a_reader_written_from_the_document_reads_the_same_episode() -> None:
    data = (FOLDER / "episode-1.dyad").read_bytes()
    ours, theirs = read_episode(data), read_play(data)
    facts = [column[0] for column in ours.terms.terms.columns]
    for frame, row in zip(ours.frames, theirs.rows, strict=True):
        named: dict[str, Any] = dict(named_values(frame, facts))
        named["events"] = [list(event) for event in frame.events]
        assert named == {name.removeprefix("fact "): value for name, value in row.items()}
    assert theirs.header["run"] == ours.terms.run
    assert theirs.header["config"] == dict(ours.terms.terms.config)
    assert (theirs.end["reason"], theirs.end["seats"]) == (ours.end.reason, list(ours.end.seats))


def test_a_reader_written_from_the_document_reads_the_same_local_file() -> None:
    data = (FOLDER / "local-1b.dyadlog").read_bytes()
    ours, theirs = read_local(data), read_log(data)
    assert [(entry.kind, entry.named()) for entry in ours.entries] == theirs.entries
    assert dict(ours.stats) == theirs.end["stats"]
    assert theirs.header["machine"] == dict(ours.header.machine)


def test_a_local_file_from_before_a_column_is_read_without_it() -> None:
    before, after = (read_local((FOLDER / name).read_bytes()) for name in ("local-1.dyadlog", "local-1b.dyadlog"))
    not_told = {"committed": -1, "input": -1, "held_why": "", "received_packets": -1, "sent_packets": -1}
    assert before.of("tick") == [{**tick, **not_told} for tick in after.of("tick")]
    assert before.of("probe") == after.of("probe")
