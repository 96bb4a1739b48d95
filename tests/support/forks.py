"""The processes of a simulator: forked, because a mutant is a patch of this one, and gone when they are told to go."""

import signal
from multiprocessing import get_context
from multiprocessing.pool import Pool

CORES = 2


def forked_pool() -> Pool:
    """As many processes as a machine of ours has cores."""
    return get_context("fork").Pool(CORES, initializer=_heed_the_end)


def _heed_the_end() -> None:
    """SDL takes SIGTERM for the close button, and so do programs that a test runs in this process; a fork inherits it,
    and a pool would wait for ever for a process that it has told to end.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
