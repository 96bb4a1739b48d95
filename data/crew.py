"""A crew: threads that wait for the disk beside each other, each with its share of the work. No policy, no file.

A file system writes its journal once for all flushes that wait, so several must be on their way at once. Every thread
gets every so-manieth piece in one go: handing them out one by one costs more than most of the waiting does.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from types import TracebackType
from typing import Final, Self, TypeVar

T = TypeVar("T")
R = TypeVar("R")

FLUSHES_AT_ONCE: Final = 16
"""More do not help a disk, and fewer leave it idle."""
CALLS_AT_ONCE: Final = 2
"""For short calls, which wait for a server and hardly for a disk: more threads only hand the interpreter's lock on."""


class Crew:
    """Close it, or use it as a context. Its threads start with the first work; None: as many as a disk needs."""

    def __init__(self, name: str, threads: int | None = None) -> None:
        self._count = threads or FLUSHES_AT_ONCE
        self._threads = ThreadPoolExecutor(self._count, thread_name_prefix=name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the threads; what they were told to do is done first."""
        self._threads.shutdown()

    def each(self, step: Callable[[T], R], pieces: Iterable[T], most: int = FLUSHES_AT_ONCE) -> list[R]:
        """What `step` says of each piece, in order, by at most so many threads.

        If one raises, that is raised when all threads are through.
        """
        things = list(pieces)
        count = min(self._count, most, FLUSHES_AT_ONCE, len(things))
        if count <= 1:
            return _do(step, things)
        done = list(self._threads.map(lambda first: _do(step, things[first::count]), range(count)))
        return [done[number % count][number // count] for number in range(len(things))]


@lru_cache(maxsize=1)
def flushers() -> Crew:
    """The crew of this process, for whoever has many files to flush: its threads start once, not for each batch."""
    return Crew("flush")


def _do(step: Callable[[T], R], share: Sequence[T]) -> list[R]:
    return [step(piece) for piece in share]
