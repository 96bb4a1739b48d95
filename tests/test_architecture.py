"""The design as checks: who may import whom, who may make what, what a module and a document owe their reader."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("client", "data", "games", "netcode")
FORMATS = ("docs/wire-format.md", "docs/episode-format.md", "docs/collector-protocol.md")
DOCUMENTS = sorted(
    {*FORMATS, "README.md", "CHANGELOG.md"} | {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
)

PLANTED = {
    "games/grid.py": "import random",
    "netcode/episode.py": "import time",
    "netcode/inputs.py": "from games import foraging",
    "netcode/pulse.py": "from data import framing",
    "netcode/chain.py": "from netcode import link",
    "data/framing.py": "import os",
    "data/station.py": "import pygame",
    "data/outbox.py": "import launcher",
    "data/claims.py": "import pandas",
    "data/collector/vault.py": "import zmq",
    "client/seat.py": "import rich",
}
"""A breach for every contract: where, and the line that breaks it."""
FEWEST_WORDS = 5


def _modules() -> Iterator[Path]:
    yield ROOT / "launcher.py"
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _lint_imports(folder: Path) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache", "--no-logo"], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


def test_imports_keep_every_contract() -> None:
    kept = _lint_imports(ROOT)
    assert kept.returncode == 0, kept.stdout


def test_every_import_contract_catches_a_planted_breach(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copy(ROOT / "launcher.py", tmp_path)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, line in PLANTED.items():
        module = tmp_path / name
        module.write_text(f"{module.read_text()}\n{line}\n")
    broken = _lint_imports(tmp_path)
    assert broken.returncode == 1, broken.stdout + broken.stderr
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    output = " ".join(broken.stdout.split())
    for contract in settings["contracts"]:
        assert f"{contract['name']} BROKEN" in output


def test_every_module_says_first_what_it_is_for() -> None:
    first_lines = {
        path: (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0] for path in _modules()
    }
    assert [_name(path) for path, line in first_lines.items() if len(line.split()) < FEWEST_WORDS] == []


def test_no_module_is_called_by_a_name_that_says_nothing() -> None:
    empty = {"helper", "helpers", "manager", "common", "misc", "util", "utils", "base", "core"}
    assert [_name(path) for path in _modules() if path.stem in empty] == []


def test_nothing_is_silenced_without_a_reason() -> None:
    """`noqa` and `type: ignore` name their code and are followed by why."""
    bare = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?::?\s*[A-Z0-9, ]+|\[[a-z, -]+\])?\s*$")
    lines = [(path, line) for path in _modules() for line in path.read_text().splitlines()]
    assert [f"{_name(path)}: {line.strip()}" for path, line in lines if bare.search(line)] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_exists_and_its_links_lead_somewhere(name: str) -> None:
    document = ROOT / name
    text = document.read_text()
    assert text.startswith("# ")
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text)
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_says_in_which_version_each_part_was_added(name: str) -> None:
    assert "added in" in (ROOT / name).read_text().lower()


def test_the_readme_has_one_line_that_ends_in_the_demo_and_one_that_ends_in_the_tests() -> None:
    blocks = re.findall(r"^```\w*\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    whole = [line for block in blocks for line in block.splitlines() if line.startswith("python3 -m venv")]
    assert [line.split("&&")[-1].split()[0] for line in whole] == [".venv/bin/dyadgrid", ".venv/bin/pytest"]


def test_the_package_ships_what_it_needs_and_nothing_else() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert sorted(wheel["only-include"]) == sorted([*PACKAGES, "launcher.py"])
