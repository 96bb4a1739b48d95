"""The same inputs give the same bytes under every hash seed, with and without assertions."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

GOLDEN = {
    "foraging": ["2e16dfb2e124d0ca565d5ae03474c8ed", "40c98c93898361e8b6985509d0aabbf8"],
    "crossing": ["5b8d657e2594bc20bc497e48657f6dd9", "f79dbddd2895ddcee6f93f5d6d276aa3"],
}
"""Per game: the digest of a walk, and of an episode of two bots. If rules changed, so must that game's `version`."""


@pytest.mark.parametrize(("hash_seed", "options"), [("0", []), ("1", ["-O"]), ("424242", [])])
def test_a_fixed_walk_gives_the_recorded_digests_in_a_fresh_interpreter(hash_seed: str, options: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, *options, "-m", "tests.games.golden_trace"],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(ran.stdout) == GOLDEN
