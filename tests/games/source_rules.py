"""What the source of a game may not contain, found in its syntax tree: whatever could differ between two machines."""

import ast
from collections.abc import Iterator
from typing import TypeGuard

ALLOWED_IMPORTS = ("collections.abc", "enum", "functools", "games", "struct", "typing")
"""A list of what may be, not of what may not: `random`, `time`, `os`, `math`, `socket` and the rest stay outside."""
FORBIDDEN_CALLS = {
    "round": "rounds halves to even",
    "float": "makes a float",
    "complex": "makes a complex number",
    "hash": "differs between processes",
    "id": "differs between processes",
    "set": "has no order of its own",
    "frozenset": "has no order of its own",
    "open": "reads a file",
    "input": "reads a terminal",
    "print": "writes to a terminal",
    "eval": "runs a text",
    "exec": "runs a text",
    "globals": "reaches what a module keeps",
    "vars": "reaches what an object keeps",
    "setattr": "changes what an object keeps",
    "__import__": "hides an import",
}
CHANGING_METHODS = (
    *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft"),
    *("remove", "reverse", "setdefault", "sort", "update", "__setitem__"),
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def findings(source: str) -> list[str]:
    """One line for each place that breaks a rule, in the order of the source."""
    tree = ast.parse(source)
    found = [
        *_expressions(tree),
        *_imports(tree),
        *_changed_names(tree),
        *_shared_defaults(tree),
        *_attributes_of_games(tree),
    ]
    return [f"line {line}: {why}" for line, why in sorted(found)]


def _expressions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float() | complex()):
                yield node.lineno, f"the number {node.value!r} is no integer"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield node.lineno, "`/` makes a float"
            case ast.Set() | ast.SetComp():
                yield node.lineno, "a set has no order of its own"
            case ast.Call(func=ast.Name(id=name)) if name in FORBIDDEN_CALLS:
                yield node.lineno, f"`{name}` {FORBIDDEN_CALLS[name]}"
            case ast.Global() | ast.Nonlocal():
                yield node.lineno, f"`{', '.join(node.names)}` is kept outside the state"


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "."]
        else:
            continue
        for name in names:
            if name not in ALLOWED_IMPORTS and not name.startswith("games."):
                yield node.lineno, f"imports {name}"


def _changed_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Names of the module whose values a function changes; a name that the function binds itself is its own."""
    shared = dict.fromkeys(_bound_names(tree.body))
    for function in (node for node in ast.walk(tree) if isinstance(node, Function)):
        own = [argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)]
        names = (node for node in ast.walk(function) if isinstance(node, ast.Name))
        own += [name.id for name in names if isinstance(name.ctx, ast.Store)]
        for node in ast.walk(function):
            if not (_is_changing_call(node) or _is_target(node)):
                continue
            root = _root(node.func if isinstance(node, ast.Call) else node)
            if root in shared and root not in own:
                yield node.lineno, f"changes `{root}` of its module"


def _shared_defaults(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for arguments in (node for node in ast.walk(tree) if isinstance(node, ast.arguments)):
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if isinstance(default, ast.List | ast.Dict | ast.Call):
                yield default.lineno, "a default that calls share"


def _attributes_of_games(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """What a class with a `step` keeps in itself; a bot may."""
    for game in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        if any(isinstance(part, Function) and part.name == "step" for part in game.body):
            for node in ast.walk(game):
                if _is_target(node) and _root(node) == "self":
                    yield node.lineno, f"`{ast.unparse(node)}` is kept outside the state"


def _is_target(node: ast.AST) -> TypeGuard[ast.Attribute | ast.Subscript]:
    return isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load)


def _is_changing_call(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING_METHODS


def _bound_names(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        match statement:
            case ast.ClassDef() | ast.FunctionDef():
                yield statement.name
            case ast.Import() | ast.ImportFrom():
                yield from (alias.asname or alias.name for alias in statement.names)
            case _:
                names = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
                yield from (node.id for node in names if isinstance(node.ctx, ast.Store))


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
