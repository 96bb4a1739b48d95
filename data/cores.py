"""Many pieces of work done on many cores, and answered in the order in which they were given. It knows no episode.

A pool of processes, because the work is all computing. What is under way is bounded, so a hundred thousand pieces need
no more memory than a few.
"""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Final, TypeVar

CHUNK: Final = 4
"""Handed over at once: a piece takes some 30 ms and the handing over 1, so a larger chunk would only be unfair."""
CHUNKS_UNDER_WAY: Final = 2
"""For each process: one that it works on, and one that waits for it."""

Piece = TypeVar("Piece")
Answer = TypeVar("Answer")


def free_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def work_in_order(work: Callable[[Piece], Answer], pieces: Sequence[Piece], jobs: int) -> Iterator[Answer]:
    """The answer to each piece, in order, by up to `jobs` processes; `work` is a function of a module.

    Raises:
        OSError: a process was ended from outside, for want of memory perhaps; or what `work` raised.
    """
    jobs = min(jobs, -(-len(pieces) // CHUNK))
    if jobs <= 1:
        yield from map(work, pieces)
        return
    try:
        yield from _work_in_pool(work, pieces, jobs)
    except BrokenProcessPool as error:
        raise ChildProcessError(0, "a process of ours was ended from outside: try fewer --jobs") from error


def _work_in_pool(work: Callable[[Piece], Answer], pieces: Sequence[Piece], jobs: int) -> Iterator[Answer]:
    """Keep every process busy and no more than that under way.

    Processes are spawned on every system: forking a program that has threads (a progress bar is one) may hang it.
    """
    chunks = (pieces[start : start + CHUNK] for start in range(0, len(pieces), CHUNK))
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_the_parent)
    try:
        under_way: deque[Future[list[Answer]]] = deque()
        for chunk in chunks:
            under_way.append(pool.submit(_work_on, work, chunk))
            if len(under_way) >= jobs * CHUNKS_UNDER_WAY:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts_to_the_parent() -> None:
    """Control-C reaches the whole group; the parent ends the pool, and no child prints a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work_on(work: Callable[[Piece], Answer], chunk: Sequence[Piece]) -> list[Answer]:
    return [work(piece) for piece in chunk]
