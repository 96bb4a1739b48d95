"""Many files judged on as many cores as the work is worth, and answered in the order in which they were given."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from data.cores import free_cores, work_in_order
from data.findings import FileFinding
from data.judgement import judge_file

POOL_FROM_BYTES: Final = 8 << 20
"""Some 200,000 frames, 3 s of one core: below that, starting processes costs more than they save."""


def judge_files(paths: Sequence[Path], jobs: int | None = None) -> Iterator[FileFinding]:
    """The answer to each file, in order. `jobs` processes do it; None means what the work is worth.

    Raises:
        OSError: a process was ended from outside, for want of memory perhaps.
    """
    return work_in_order(judge_file, paths, worthy_jobs(paths) if jobs is None else jobs)


def worthy_jobs(paths: Sequence[Path]) -> int:
    """How many processes the work on these files is worth: all cores for much, one for little."""
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except OSError:
            continue  # judging it will say why it cannot be read
        if total >= POOL_FROM_BYTES:
            return free_cores()
    return 1
