"""Every episode played again and its seats compared, beside the collector's own work, in processes of their own.

A child reads folders from a pipe and sends back the words of `verify`. It ends when the pipe does, so that a collector
that is killed leaves nobody behind, and it gives way to everything else on the machine.
"""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from data.collector.index import EpisodeCheck
from data.findings import Answer, Report
from data.verification import verify_paths

NICENESS: Final = 10
LAST_TRIES: Final = 2
"""An episode whose checking ends its process so often is left, with words: the machine may lack memory."""
CANNOT_CHECK: Final = "cannot check"
DIVERGED: Final = Answer.DIVERGED.value
ALARMING: Final = frozenset(
    {DIVERGED, Answer.MISNAMED.value, Answer.TORN.value, Answer.DAMAGED.value, Answer.NO_EPISODE.value}
)
"""Answers that ring. `missing` does not: the rest of an episode is usually on its way."""
END_SECONDS: Final = 2.0


@dataclass(slots=True)
class _Child:
    process: BaseProcess
    pipe: "Connection[str, EpisodeCheck]"
    folder: str = ""


class Checks:
    """Up to `jobs` children at work below `root`; they start with the first folder."""

    def __init__(self, root: Path, jobs: int) -> None:
        self._root = root
        self._jobs = jobs
        self._children: list[_Child] = []
        self._deaths: dict[str, int] = {}

    @property
    def is_free(self) -> bool:
        """Whether a child waits for work."""
        return len(self.under_way) < self._jobs

    @property
    def under_way(self) -> frozenset[str]:
        """The folders that are looked at now."""
        return frozenset(child.folder for child in self._children if child.folder)

    def start(self, folder: str) -> None:
        """Have a folder looked at; only while `is_free`."""
        child = next((child for child in self._children if not child.folder), None) or self._make_child()
        child.folder = folder
        try:
            child.pipe.send(folder)
        except OSError:
            return  # it died while it waited: `finished` finds out

    def finished(self) -> list[EpisodeCheck]:
        """What came of folders since the last call. Never waits."""
        return [found for child in tuple(self._children) if child.folder for found in self._hear(child)]

    def _hear(self, child: _Child) -> Sequence[EpisodeCheck]:
        folder = child.folder
        try:
            if not child.pipe.poll():
                return ()
            found = child.pipe.recv()
        except (EOFError, OSError):
            return self._bury(child)
        child.folder = ""
        self._deaths.pop(folder, None)
        return (found,)

    def _bury(self, child: _Child) -> Sequence[EpisodeCheck]:
        self._children.remove(child)
        child.pipe.close()
        child.process.join(END_SECONDS)
        deaths = self._deaths.get(child.folder, 0) + 1
        if deaths < LAST_TRIES:
            self._deaths[child.folder] = deaths
            self.start(child.folder)
            return ()
        del self._deaths[child.folder]
        return (EpisodeCheck(child.folder, CANNOT_CHECK, "", "the process that looked at it was ended from outside"),)

    def _make_child(self) -> _Child:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self._root), daemon=True, name="collector-checks")
        process.start()
        theirs.close()
        child = _Child(process, ours)
        self._children.append(child)
        return child

    def close(self) -> None:
        """End the children; what they were at is looked at after the next start."""
        for child in self._children:
            child.pipe.close()
            child.process.terminate()
        for child in self._children:
            child.process.join(END_SECONDS)
            if child.process.is_alive():
                child.process.kill()
                child.process.join(END_SECONDS)
        self._children.clear()


def _work(pipe: "Connection[EpisodeCheck, str]", root: Path) -> None:
    """A child's life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Control-C reaches the whole group; the parent ends this one
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    try:
        while True:
            folder = pipe.recv()
            pipe.send(check_episode(root, folder))
    except (EOFError, OSError):
        return


def check_episode(root: Path, folder: str) -> EpisodeCheck:
    """Look at one episode's folder as `verify` does."""
    report = verify_paths([root / folder], jobs=1)
    answer = max(report.answers, key=lambda answer: answer.severity, default=Answer.MISSING)
    pairing = report.episodes[0].pairing.value if report.episodes else ""
    return EpisodeCheck(folder, answer.value, pairing, _words(report))


def _words(report: Report) -> str:
    problems = [problem.words for problem in report.problems]
    words = [word for episode in report.episodes for word in episode.words]
    return "; ".join(dict.fromkeys([*problems, *words, *(stray.words for stray in report.strays)]))
