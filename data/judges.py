"""Many files judged on many cores, and answered in the order in which they were given. It knows no episode.

A pool of processes, because playing an episode again is all computing. What is under way is bounded, so a hundred
thousand files need no more memory than a few.
"""

import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from data.findings import FileFinding
from data.judgement import judge_file

CHUNK_FILES: Final = 4
"""Handed over at once: a file takes some 30 ms and the handing over 1, so a larger chunk would only be unfair."""
CHUNKS_UNDER_WAY: Final = 2
"""For each process: one that it works on, and one that waits for it."""
POOL_FROM_BYTES: Final = 8 << 20
"""Some 200,000 frames, 3 s of one core: below that, starting processes costs more than they save."""


def judge_files(paths: Sequence[Path], jobs: int | None = None) -> Iterator[FileFinding]:
    """The answer to each file, in order. `jobs` processes do it; None means what the work is worth.

    Raises:
        OSError: a process was ended from outside, for want of memory perhaps.
    """
    if jobs is None:
        jobs = free_cores() if _are_many(paths) else 1
    jobs = min(jobs, -(-len(paths) // CHUNK_FILES))
    if jobs <= 1:
        yield from map(judge_file, paths)
        return
    try:
        yield from _judge_in_pool(paths, jobs)
    except BrokenProcessPool as error:
        raise ChildProcessError(0, "a process that judged files was ended from outside: try fewer --jobs") from error


def free_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _are_many(paths: Sequence[Path]) -> bool:
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except OSError:
            continue  # judging it will say why it cannot be read
        if total >= POOL_FROM_BYTES:
            return True
    return False


def _judge_in_pool(paths: Sequence[Path], jobs: int) -> Iterator[FileFinding]:
    """Keep every process busy and no more than that under way.

    Processes are spawned on every system: forking a program that has threads (a progress bar is one) may hang it.
    """
    chunks = (paths[start : start + CHUNK_FILES] for start in range(0, len(paths), CHUNK_FILES))
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_the_parent)
    try:
        under_way: deque[Future[list[FileFinding]]] = deque()
        for chunk in chunks:
            under_way.append(pool.submit(_judge_chunk, chunk))
            if len(under_way) >= jobs * CHUNKS_UNDER_WAY:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts_to_the_parent() -> None:
    """Control-C reaches the whole group; the parent ends the pool, and no child prints a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _judge_chunk(paths: Sequence[Path]) -> list[FileFinding]:
    return [judge_file(path) for path in paths]
