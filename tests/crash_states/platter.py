"""What a power cut may leave of a log of disk calls: any moment, any subset of what no flush had made durable.

Four models of a file system, since programs meet all of them:

- `ordered`: everything reaches the platter in the order of the calls, and the last write may be torn;
- `minimal`: what POSIX promises and no more. A file's bytes are durable once the file was flushed, a name once its
  folder was; until then each may be there or not, in any combination, and bytes may be zeros or end anywhere;
- `split`: the same, and not even a rename is one thing: its new name and the loss of the old one come separately;
- `server`: the same for a share behind a server, where a flush of a folder does nothing, and a name is durable only
  once the file was flushed *under that name*.

A state is reachable at a call if it was reachable at an earlier one and no flush came in between. So the states of all
prefixes of a log are those just before each flush, and after the last call: only there they are enumerated.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from hashlib import blake2b
from itertools import product
from math import prod
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

Call = tuple[str, tuple[Any, ...]]
Tree = dict[str, bytes | None]
"""A state: what lies under the root, by relative path; None is a folder."""

FLUSHES = ("flush", "flush_data", "flush_folder")
SHARE_NAME = "share"
"""The folder under a root that a server holds, where there is one."""
MOST_HOLES = 4
"""So many writes without a flush between them are lost in every combination; of more, each one alone."""


class Model(StrEnum):
    ORDERED = "ordered"
    MINIMAL = "minimal"
    SPLIT = "split"
    SERVER = "server"


@dataclass(eq=False)
class File:
    """`flushed` survives; each of the `writes` after it may or may not."""

    flushed: bytes = b""
    writes: list[bytes] = field(default_factory=list)
    is_poisoned: bool = False
    """A flush has failed: the system may have dropped these bytes, and a later flush does not bring them back."""

    @property
    def seen(self) -> bytes:
        return self.flushed + b"".join(self.writes)

    def flush(self) -> None:
        if not self.is_poisoned:
            self.flushed, self.writes = self.seen, []

    def variants(self) -> list[bytes]:
        """What may be left of it."""
        if not self.writes:
            return [self.flushed]
        ends = [b"", *self._torn(), b"".join(self.writes)]
        return [self.flushed + end for end in dict.fromkeys((*ends, *self._with_holes()))]

    def _torn(self) -> Iterator[bytes]:
        before = b""
        for number, data in enumerate(self.writes):
            yield before
            anywhere = Random(len(self.flushed) + 31 * number + len(data)).randrange(len(data) + 1)
            yield from (before + data[:size] for size in (1, anywhere, len(data) - 1))
            before += data

    def _with_holes(self) -> Iterator[bytes]:
        count = len(self.writes)
        if count <= MOST_HOLES:
            masks = list(product((True, False), repeat=count))[1:]
        else:
            masks = [tuple(other != lost for other in range(count)) for lost in range(count)]
        for mask in masks:
            parts = zip(self.writes, mask, strict=True)
            yield b"".join(data if is_there else bytes(len(data)) for data, is_there in parts)
        last = self.writes[-1]
        half = len(last) // 2
        yield b"".join(self.writes[:-1]) + last[:half] + bytes(len(last) - half)


@dataclass(eq=False)
class Folder:
    """`flushed` are the names that survive, `names` those that a program sees."""

    flushed: "dict[str, File | Folder]" = field(default_factory=dict)
    names: "dict[str, File | Folder]" = field(default_factory=dict)


Node = File | Folder


class Edit(NamedTuple):
    """One name in one folder: what it names from now on, or None."""

    folder: Folder
    name: str
    node: Node | None


Change = tuple[Edit, ...]
"""Edits that survive together or not at all."""


class Moment(NamedTuple):
    """One state that a power cut after `calls` calls may leave."""

    calls: int
    tree: Tree


class Platter:
    """The files under one root, as a program and as a power cut see them."""

    def __init__(self, root: Path, before: Tree, model: Model) -> None:
        self.root = root
        self.top = _load(before)
        self._model = model
        self._share = root / SHARE_NAME if model is Model.SERVER else None
        self._open: dict[Path, File] = {}
        self._pending: list[Change] = []

    def moments(self, log: Sequence[Call], limit: int, random: Random) -> Iterator[Moment]:
        """Every state of every moment, of one moment at most `limit` (all or nothing first, then seeded ones)."""
        if self._model is Model.ORDERED:
            yield from self._ordered(log)
            return
        has_news = True
        for calls, (name, arguments) in enumerate(log):
            if name in FLUSHES and has_news:
                yield from (Moment(calls, tree) for tree in self._subsets(limit, random))
                has_news = False
            self.apply(name, arguments)
            has_news = has_news or name not in FLUSHES
        yield from (Moment(len(log), tree) for tree in self._subsets(limit, random))

    def _ordered(self, log: Sequence[Call]) -> Iterator[Moment]:
        since_flush: list[Tree] = [self._tree(lambda folder: folder.names, {})]
        for calls, (name, arguments) in enumerate(log):
            if name in FLUSHES:
                yield from (Moment(calls, tree) for tree in since_flush)
                since_flush = []
            self.apply(name, arguments)
            file = self._open[arguments[0]] if name == "write" else None
            if file is None:
                since_flush.append(self._tree(lambda folder: folder.names, {}))
            else:
                torn = [file.flushed + end for end in file._torn()][-4:]
                since_flush += [self._tree(lambda folder: folder.names, {file: data}) for data in (*torn, file.seen)]
        yield from (Moment(len(log), tree) for tree in since_flush)

    def _subsets(self, limit: int, random: Random) -> Iterator[Tree]:
        files = [file for file in _files(self.top, self._pending) if file.writes]
        choices: list[list[Any]] = [*([False, True] for _ in self._pending), *(file.variants() for file in files)]
        if prod(map(len, choices)) <= limit:
            chosen: Iterator[Sequence[Any]] = product(*choices)
        else:
            chosen = _some(choices, limit, random)
        for choice in chosen:
            yield self._after(choice, files)

    def _after(self, choice: Sequence[Any], files: list[File]) -> Tree:
        changed: dict[Folder, dict[str, Node]] = {}
        for change, is_there in zip(self._pending, choice, strict=False):
            if is_there:
                for edit in change:
                    _apply(edit, changed.setdefault(edit.folder, dict(edit.folder.flushed)))
        contents = dict(zip(files, choice[len(self._pending) :], strict=True))
        return self._tree(lambda folder: changed.get(folder, folder.flushed), contents)

    def _tree(self, names: Callable[[Folder], dict[str, Node]], contents: dict[File, bytes]) -> Tree:
        tree: Tree = {}

        def walk(folder: Folder, path: str) -> None:
            for name, node in names(folder).items():
                if isinstance(node, Folder):
                    tree[path + name] = None
                    walk(node, f"{path}{name}/")
                else:
                    tree[path + name] = contents.get(node, node.seen)

        walk(self.top, "")
        return tree

    # -- calls ---------------------------------------------------------------------------------------------------------

    def apply(self, name: str, arguments: tuple[Any, ...]) -> None:
        """One call, as it succeeded."""
        path = arguments[0]
        match name:
            case "create":
                self._open[path] = File()
                self._change((path, self._open[path]))
            case "open_existing":
                self._open[path] = self._file(path)
            case "write":
                self._open[path].writes.append(bytes(arguments[1]))
            case "flush" | "flush_data":
                self._open[path].flush()
                self._flush_names_of(path)
            case "poison":
                self._open[path].is_poisoned = True
            case "link":
                self._change((arguments[1], self._node(path)))
            case "replace" | "rename_new" | "move_folder":
                self._change((arguments[1], self._node(path)), (path, None))
            case "unlink" | "remove_folder":
                if path.name in self._folder(path.parent).names:
                    self._change((path, None))
            case "make_folder":
                if path.name not in self._folder(path.parent).names:
                    self._change((path, Folder()))
            case "flush_folder":
                self._flush_folder(path)
            case "close" | "nothing":
                pass
            case _:
                raise AssertionError(f"the model does not know {name}")

    def _change(self, *named: tuple[Path, Node | None]) -> None:
        edits = tuple(Edit(self._folder(path.parent), path.name, node) for path, node in named)
        for edit in edits:
            _apply(edit, edit.folder.names)
        self._pending += [(edit,) for edit in edits] if self._model is Model.SPLIT else [edits]

    def _flush_folder(self, path: Path) -> None:
        if self._share is not None and (path == self._share or self._share in path.parents):
            return
        if path == self.root or self.root in path.parents:
            folder = self._folder(path)
            self._settle(lambda edit: edit.folder is folder)

    def _flush_names_of(self, path: Path) -> None:
        """A server brings a file's own path to its disk with the file."""
        if self._share is None or self._share not in path.parents:
            return
        for part in (path, *path.parents):
            if part == self._share:
                return
            self._settle(partial(_names, self._folder(part.parent), part.name))

    def _settle(self, concerns: Callable[[Edit], bool]) -> None:
        """Make the changes durable in which any edit is concerned."""
        pending, self._pending = self._pending, []
        for change in pending:
            if any(map(concerns, change)):
                for edit in change:
                    _apply(edit, edit.folder.flushed)
            else:
                self._pending.append(change)

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


def _names(folder: Folder, name: str, edit: Edit) -> bool:
    return edit.folder is folder and edit.name == name


def _apply(edit: Edit, names: dict[str, Node]) -> None:
    if edit.node is None:
        names.pop(edit.name, None)
    else:
        names[edit.name] = edit.node


def _files(top: Folder, pending: list[Change]) -> list[File]:
    """Every file that some state may show, once."""
    found: dict[File, None] = {}

    def walk(node: Node) -> None:
        if isinstance(node, File):
            found[node] = None
        else:
            for child in (*node.flushed.values(), *node.names.values()):
                walk(child)

    walk(top)
    for change in pending:
        for edit in change:
            if edit.node is not None:
                walk(edit.node)
    return list(found)


def _some(choices: list[list[Any]], limit: int, random: Random) -> Iterator[Sequence[Any]]:
    yield [options[0] for options in choices]
    yield [options[-1] for options in choices]
    for _ in range(limit - 2):
        likely = random.choice((0.1, 0.5, 0.9))  # nearly all lost and nearly all kept are not left to chance
        yield [
            random.choice(options) if len(options) > 2 else options[random.random() < likely and len(options) > 1]
            for options in choices
        ]


def _load(before: Tree) -> Folder:
    """What lies there at first, all of it durable."""
    top = Folder()
    folders = {"": top}
    for path in sorted(before):
        data, (parent, _, name) = before[path], path.rpartition("/")
        node = File(data) if data is not None else Folder()
        if isinstance(node, Folder):
            folders[path] = node
        folders[parent].names[name] = folders[parent].flushed[name] = node
    return top


def fingerprint(tree: Tree) -> bytes:
    """Equal for equal states, in every process. Temporary files are drawn names: the draw makes no other state."""
    total = blake2b(digest_size=12)
    for name, data in sorted((_settled(name), data) for name, data in tree.items()):
        total.update(f"{name}\0{-1 if data is None else len(data)}\0".encode())
        if data:
            total.update(data)
    return total.digest()


def _settled(name: str) -> str:
    return f"{name[:-13]}.tmp" if name.endswith(".tmp") and len(name) > 13 and name[-13] in ".-" else name


def materialise(tree: Tree, target: Path) -> None:
    """Put a state on a real disk."""
    target.mkdir()
    for name in sorted(tree):  # a folder sorts before what is in it
        data = tree[name]
        if data is None:
            (target / name).mkdir()
        else:
            (target / name).write_bytes(data)


def read_tree(root: Path) -> Tree:
    """What lies on a real disk; locks left out."""
    tree: Tree = {}

    def walk(folder: str, path: str) -> None:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = path + entry.name
                if entry.is_dir():
                    tree[name] = None
                    walk(entry.path, f"{name}/")
                elif not name.endswith(".lock"):
                    tree[name] = Path(entry.path).read_bytes()

    walk(str(root), "")
    return tree
