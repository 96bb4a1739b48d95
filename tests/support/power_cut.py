"""What a power cut may leave of a log of disk calls: any moment, any subset of what no flush had made durable.

The file system is a minimal one: a file's bytes are durable when the file was flushed, a name when its folder was.
Until then each of them may be there or not, in any combination, whatever order the program had in mind.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tests.support.oplog import Log

MOST_TORN = 3
"""Of the bytes that were not flushed: none, some, or all of them."""


@dataclass
class File:
    durable: bytes = b""
    data: bytes = b""


@dataclass
class Folder:
    durable: dict[str, "File | Folder"] = field(default_factory=dict)
    names: dict[str, "File | Folder"] = field(default_factory=dict)
    pending: list[tuple[str, "File | Folder | None"]] = field(default_factory=list)

    def set(self, name: str, node: "File | Folder | None") -> None:
        self.pending.append((name, node))
        if node is None:
            self.names.pop(name, None)
        else:
            self.names[name] = node

    def flush(self) -> None:
        self.durable, self.pending = dict(self.names), []


Node = File | Folder


class State(NamedTuple):
    """One thing that a power cut may leave: `calls` of the log were made."""

    calls: int
    tree: Folder


class Machine:
    """The files under one root, as a program and as the platter see them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.top = _load(root)
        self._open: dict[Path, File] = {}

    def apply(self, name: str, arguments: tuple[Any, ...]) -> None:
        path = arguments[0]
        match name:
            case "create":
                self._open[path] = File()
                self._parent(path).set(path.name, self._open[path])
            case "open_existing":
                self._open[path] = self._file(path)
            case "write":
                self._open[path].data += bytes(arguments[1])
            case "flush" | "flush_data":
                self._open[path].durable = self._open[path].data
            case "link":
                self._parent(arguments[1]).set(arguments[1].name, self._node(path))
            case "replace" | "move_folder":
                node = self._node(path)
                self._parent(arguments[1]).set(arguments[1].name, node)
                self._parent(path).set(path.name, None)
            case "unlink" | "remove_folder":
                if path.name in self._parent(path).names:
                    self._parent(path).set(path.name, None)
            case "make_folder":
                if path.name not in self._parent(path).names:
                    self._parent(path).set(path.name, Folder())
            case "flush_folder":
                if path == self.root or self.root in path.parents:
                    self._folder(path).flush()
            case "close":
                pass
            case _:
                raise AssertionError(f"the model does not know {name}")

    def _node(self, path: Path) -> Node:
        node: Node = self.top
        for part in path.relative_to(self.root).parts:
            assert isinstance(node, Folder)
            node = node.names[part]
        return node

    def _folder(self, path: Path) -> Folder:
        node = self._node(path)
        assert isinstance(node, Folder)
        return node

    def _file(self, path: Path) -> File:
        node = self._node(path)
        assert isinstance(node, File)
        return node

    def _parent(self, path: Path) -> Folder:
        return self._folder(path.parent)


def _load(path: Path) -> Folder:
    """What lies there now, all of it durable; locks are nothing after a power cut."""
    folder = Folder()
    for child in path.iterdir():
        if child.is_dir():
            folder.names[child.name] = _load(child)
        elif child.suffix != ".lock":
            data = child.read_bytes()
            folder.names[child.name] = File(data, data)
    folder.flush()
    return folder


def crash_states(log: Log, machine: Machine, random: Random, samples: int) -> Iterator[State]:
    """After every call of the log, `samples` of the states that a power cut may leave then."""
    for calls, (name, arguments) in enumerate(log, start=1):
        machine.apply(name, arguments)
        for _ in range(samples):
            yield State(calls, _cut(machine.top, random))


def fingerprint(tree: Folder) -> object:
    """Equal for equal states, of which there are many."""
    return frozenset(
        (name, fingerprint(node) if isinstance(node, Folder) else node.data) for name, node in tree.names.items()
    )


def _cut(folder: Folder, random: Random) -> Folder:
    names = dict(folder.durable)
    likely = random.choice((0.0, 0.5, 1.0))  # all lost and all kept are states of their own, not rare ones
    for name, node in folder.pending:
        if random.random() < likely:
            if node is None:
                names.pop(name, None)
            else:
                names[name] = node
    left = {
        name: _cut(node, random) if isinstance(node, Folder) else _torn(node, random) for name, node in names.items()
    }
    return Folder(names=left)


def _torn(file: File, random: Random) -> File:
    unflushed = len(file.data) - len(file.durable)
    kept = unflushed * random.randrange(MOST_TORN) // (MOST_TORN - 1)
    return File(data=file.data[: len(file.durable) + kept])


def materialise(tree: Folder, target: Path) -> None:
    """Put a state on a real disk."""
    target.mkdir()
    for name, node in tree.names.items():
        if isinstance(node, Folder):
            materialise(node, target / name)
        else:
            (target / name).write_bytes(node.data)
