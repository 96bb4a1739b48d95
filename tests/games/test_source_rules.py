"""Games are written in whole numbers and values; every rule about their source finds a snippet that breaks it."""

import ast
from pathlib import Path

import pytest

import games
from games import registry
from tests.games.source_rules import findings

SOURCES = sorted(Path(games.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_game_holds_nothing_that_could_differ_between_two_machines(source: Path) -> None:
    assert findings(source.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("snippet", "why"),
    [
        ("speed = 0.5", "0.5 is no integer"),
        ("speed = 2j", "2j is no integer"),
        ("half = 3 / 2", "`/` makes a float"),
        ("half = 3\nhalf /= 2", "`/` makes a float"),
        ("cells = {1, 2}", "a set has no order"),
        ("cells = {cell for cell in (1, 2)}", "a set has no order"),
        ("for name in set(('a', 'b')): pass", "`set` has no order"),
        ("near = round(5)", "`round` rounds halves"),
        ("kind = hash('gem')", "`hash` differs"),
        ("key = id(object)", "`id` differs"),
        ("log = open('log')", "`open` reads a file"),
        ("import random", "imports random"),
        ("import time", "imports time"),
        ("from os import environ", "imports os"),
        ("import math", "imports math"),
        ("import threading", "imports threading"),
        ("import socket", "imports socket"),
        ("from pathlib import Path", "imports pathlib"),
        ("import pygame", "imports pygame"),
        ("import gamesmanship", "imports gamesmanship"),
        ("def step():\n    import random", "imports random"),
        ("count = 0\ndef step():\n    global count\n    count += 1", "`count` is kept outside"),
        ("seen = {}\ndef step(cell):\n    seen[cell] = 1", "changes `seen`"),
        ("seen = []\ndef step(cell):\n    seen.append(cell)", "changes `seen`"),
        ("seen = [[]]\ndef step(cell):\n    seen[0].append(cell)", "changes `seen`"),
        ("seen = {}\ndef step(cell):\n    del seen[cell]", "changes `seen`"),
        ("import games\ndef step():\n    games.count = 1", "changes `games`"),
        ("class Rules: pass\ndef step():\n    Rules.speed = 1", "changes `Rules`"),
        ("def step(cells=[]): pass", "a default that calls share"),
        ("class Game:\n    def step(self):\n        self.count = 1", "`self.count` is kept outside"),
    ],
)
def test_each_rule_finds_what_breaks_it(snippet: str, why: str) -> None:
    (finding,) = findings(snippet)
    assert why in finding


def test_a_name_of_the_function_may_change_though_the_module_has_one_like_it() -> None:
    assert findings("cells = (1,)\ndef step():\n    cells = []\n    cells.append(1)\n    return cells") == []


@pytest.mark.parametrize("game_id", registry.names())
def test_the_sources_of_a_game_are_all_that_it_imports(game_id: str) -> None:
    """Else a rule could change and the provenance hash would not."""
    folder = Path(games.__file__).parent
    reached = [f"{game_id}.py"]
    for name in reached:
        for node in ast.walk(ast.parse((folder / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("games."):
                imported = f"{node.module.removeprefix('games.')}.py"
                reached += [imported] if imported not in reached else []
    assert registry.source_files(game_id) == tuple(sorted(reached))
