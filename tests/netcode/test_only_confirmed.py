"""Law 1, by reading the code: only the timeline makes a confirmed frame, in one place, and nobody else can."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("games", "netcode", "data", "client")


def makers(name: str) -> list[str]:
    """`file:function` of every call that makes a `name`."""
    found = []
    for file in (*(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")), ROOT / "launcher.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                found += [
                    f"{file.relative_to(ROOT).as_posix()}:{function.name}"
                    for call in ast.walk(function)
                    if isinstance(call, ast.Call) and name in _called(call)
                ]
    return found


def _called(call: ast.Call) -> set[str]:
    """The name that is called, and those handed on to whoever makes tuples."""
    names = {getattr(node, "attr", getattr(node, "id", "")) for node in (call.func, *call.args)}
    is_maker = names & {"make", "__new__", "_make"}
    return names if is_maker else {getattr(call.func, "attr", getattr(call.func, "id", ""))}


def test_only_the_timeline_makes_a_confirmed_frame_and_in_one_place() -> None:
    assert makers("ConfirmedFrame") == ["netcode/timeline.py:_confirm"]


def test_a_frame_is_confirmed_in_one_place_only() -> None:
    assert makers("_confirm") == ["netcode/timeline.py:_promote"]


def test_the_normal_tick_the_rollback_and_the_catch_up_are_one_call() -> None:
    assert makers("_promote") == makers("_predict") == ["netcode/timeline.py:advance"]
