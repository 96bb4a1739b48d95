"""The one clock of a client: monotonic nanoseconds that also count the time a machine was suspended."""

import time
from collections.abc import Callable
from typing import Final


def _clock_that_counts_sleep() -> Callable[[], int]:
    """Linux's monotonic clock stops while the machine sleeps, its boot clock does not; elsewhere monotonic goes on."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    if boot_time is None:
        return time.monotonic_ns
    return lambda: time.clock_gettime_ns(boot_time)


now_ns: Final = _clock_that_counts_sleep()
