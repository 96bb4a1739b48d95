"""The collector's index: which files lie in the share and what came of each episode, in SQLite. Never the truth.

Everything in it follows from the files themselves, so it is not flushed, it may be deleted at any time, and a start
makes it agree with the folder again. Answers to stations rest on the files alone.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from data.collector.desk import check_place
from data.collector.place import CollectorPlace
from data.collector.vault import Stored
from data.layout import parse_name, parse_session_name

INDEX_VERSION: Final = 1
_TABLES: Final = f"""
CREATE TABLE files (path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL, station TEXT NOT NULL,
                    episode TEXT NOT NULL, session TEXT NOT NULL, kind TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX files_session ON files (session);
CREATE TABLE episodes (folder TEXT PRIMARY KEY, checked INTEGER NOT NULL, answer TEXT NOT NULL, pairing TEXT NOT NULL,
                       words TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX episodes_checked ON episodes (checked);
PRAGMA user_version = {INDEX_VERSION};
"""
_INSERT: Final = "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)"
_UNCHECK: Final = """INSERT INTO episodes VALUES (?, 0, '', '', '')
                     ON CONFLICT (folder) DO UPDATE SET checked = 0"""


class EpisodeCheck(NamedTuple):
    """What came of looking at one episode's folder: the words of `verify`."""

    folder: str
    answer: str
    pairing: str
    words: str


class Changes(NamedTuple):
    """What a comparison with the folder found: how many files were new to the index, and which are not there now."""

    added: int
    gone: tuple[str, ...]


class Index:
    """The index of one collector, open. One thread may use it.

    `is_new`: it was missing, broken or of another version, and is empty now.
    """

    def __init__(self, place: CollectorPlace) -> None:
        self._place = place
        self.is_new = False
        self._rows = self._open()

    def _open(self) -> sqlite3.Connection:
        try:
            return self._opened()
        except sqlite3.DatabaseError:
            self._remove()
            return self._opened()

    def _opened(self) -> sqlite3.Connection:
        self.is_new = not self._place.index.exists()
        rows = sqlite3.connect(self._place.index, isolation_level=None)
        try:
            rows.execute("PRAGMA journal_mode = WAL")
            rows.execute("PRAGMA synchronous = OFF")
            if self.is_new:
                rows.executescript(_TABLES)
            _must_be_sound(rows)
        except sqlite3.DatabaseError:
            rows.close()
            raise
        return rows

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            self._place.index.with_name(f"{self._place.index.name}{suffix}").unlink(missing_ok=True)

    def rebuild(self) -> Changes:
        """Forget everything and read the whole folder again."""
        self._rows.close()
        self._remove()
        self._rows = self._open()
        return self.compare()

    def close(self) -> None:
        """Close the file."""
        self._rows.close()

    def add(self, stored: Iterable[Stored]) -> set[str]:
        """Files that are here now; returns the folders of their sessions.

        Raises:
            sqlite3.Error: the index could not be written. The files are here all the same.
        """
        rows = [_row(each) for each in stored]
        with _transaction(self._rows):
            self._rows.executemany(_INSERT, rows)
            self._rows.executemany(_UNCHECK, {(row[4],) for row in rows if row[4]})
        return {row[5] for row in rows}

    def compare(self) -> Changes:
        """Make the index agree with the folder by names and sizes; what is new to it is read and hashed.

        Raises:
            OSError: the folder cannot be read.
            sqlite3.Error: the index cannot be written.
        """
        known = dict(self._rows.execute("SELECT path, size FROM files"))
        batch: list[Stored] = []
        added = 0
        for path, size in _files(self._place.root):
            if known.pop(path, None) == size:
                continue
            data = (self._place.root / path).read_bytes()
            batch.append(Stored(path, sha256(data).hexdigest(), len(data), ""))
            added += 1
            if len(batch) >= 500:
                self.add(batch)
                batch.clear()
        self.add(batch)
        folders = {PurePosixPath(path).parent.as_posix() for path in known}
        with _transaction(self._rows):
            self._rows.executemany("DELETE FROM files WHERE path = ?", [(path,) for path in known])
            self._rows.executemany("UPDATE episodes SET checked = 0 WHERE folder = ?", [(each,) for each in folders])
        return Changes(added, tuple(sorted(known)))

    def unchecked(self, limit: int) -> list[str]:
        """Folders of episodes that were not looked at since their last file came."""
        rows = self._rows.execute("SELECT folder FROM episodes WHERE checked = 0 LIMIT ?", (limit,))
        return [folder for (folder,) in rows]

    def check(self, found: EpisodeCheck, *, is_current: bool) -> None:
        """Keep what came of an episode. If files came meanwhile (not `is_current`), it is looked at again."""
        values = (int(is_current), found.answer, found.pairing, found.words[:4000], found.folder)
        self._rows.execute(
            "UPDATE episodes SET checked = ?, answer = ?, pairing = ?, words = ? WHERE folder = ?", values
        )

    def sessions(self) -> list[str]:
        """The folders of all sessions."""
        return [session for (session,) in self._rows.execute("SELECT DISTINCT session FROM files ORDER BY session")]

    def files_of(self, session: str) -> list[tuple[str, str]]:
        """Path and SHA-256 of every file of a session, by path."""
        return list(self._rows.execute("SELECT path, sha256 FROM files WHERE session = ? ORDER BY path", (session,)))

    def files(self) -> Iterator[tuple[str, str]]:
        """Path and SHA-256 of every file, by path."""
        yield from self._rows.execute("SELECT path, sha256 FROM files ORDER BY path")

    def episodes(self) -> list[EpisodeCheck]:
        """What is known of every episode, by folder."""
        rows = self._rows.execute("SELECT folder, answer, pairing, words FROM episodes ORDER BY folder")
        return [EpisodeCheck(*row) for row in rows]

    def counts(self) -> tuple[int, int, int, dict[str, int]]:
        """How many files, episodes, unchecked episodes, and episodes of each pairing."""
        ((files,),) = self._rows.execute("SELECT count(*) FROM files")
        ((episodes, unchecked),) = self._rows.execute("SELECT count(*), total(checked = 0) FROM episodes")
        pairings = dict(self._rows.execute("SELECT pairing, count(*) FROM episodes WHERE checked = 1 GROUP BY pairing"))
        return files, episodes, int(unchecked), pairings


class _transaction:  # noqa: N801 - reads as a word of SQL
    """All or nothing, also where an `executemany` fails in the middle."""

    def __init__(self, rows: sqlite3.Connection) -> None:
        self._rows = rows

    def __enter__(self) -> None:
        self._rows.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self._rows.execute("COMMIT")
            return
        with suppress(sqlite3.Error):
            self._rows.execute("ROLLBACK")


def _must_be_sound(rows: sqlite3.Connection) -> None:
    """Raises `sqlite3.DatabaseError` for what is not whole, or lacks a table."""
    rows.execute("SELECT path, sha256, session FROM files LIMIT 1")
    rows.execute("SELECT folder, checked FROM episodes LIMIT 1")
    (version,) = rows.execute("PRAGMA user_version").fetchone()
    (word,) = rows.execute("PRAGMA quick_check(1)").fetchone()
    if version != INDEX_VERSION or word != "ok":
        raise sqlite3.DatabaseError(f"expected a sound index of version {INDEX_VERSION}, got {version}, {word}")


def _row(stored: Stored) -> tuple[str, str, int, str, str, str, str]:
    """A file's values. One that lies beside a session's episodes is of no episode."""
    path = PurePosixPath(stored.path)
    folder = path.parent.as_posix()
    name, beside = parse_name(path.name), parse_session_name(path.name)
    if name is not None:
        places = folder, path.parent.parent.as_posix(), name.kind.value
    else:
        assert beside is not None, "the desk takes only our names"
        places = "", folder, beside.kind.value
    return stored.path, stored.sha256, stored.size, stored.station, *places


def _files(root: Path) -> Iterator[tuple[str, int]]:
    """Every file of ours below `root`, with its size."""
    for path in chain(root.glob("[!.]*/*/*/*/*"), root.glob("[!.]*/*/*/*")):
        relative = path.relative_to(root).as_posix()
        try:
            check_place(relative)
        except ValueError:
            continue
        if path.is_file():
            yield relative, path.stat().st_size
