"""The processes of a simulator: forked, because a mutant is a patch of this one, and gone when they are told to go."""

import signal
from multiprocessing import get_context
from multiprocessing.pool import Pool

CORES = 2


def forked_pool() -> Pool:
    """As many processes as a machine of ours has cores.

    SDL takes SIGTERM for the close button, and so do programs that a test runs in this process. A fork inherits that,
    and a pool would wait for ever for a process that it has told to end. So it is undone before they are forked: one
    that undid it by itself could be told to end before that.
    """
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        return get_context("fork").Pool(CORES)
    finally:
        signal.signal(signal.SIGTERM, before)
