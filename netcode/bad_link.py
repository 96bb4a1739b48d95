"""A link made worse on purpose: what is sent is late, late by chance, or lost. For demos and rehearsals."""

import heapq
from collections.abc import Callable
from random import Random
from typing import Final

from netcode.link import Link, LinkEvent, LinkTally

_MOST_WAITING: Final = 4096
"""Ten seconds of packets at the highest tick rate, and some: more than may ever have to wait at once."""


class BadLink:
    """Wraps a link and spoils what goes out. With one at each end, both directions are bad.

    Args:
        link: the real one.
        clock: the caller's monotonic clock (ns).
        lag_ns: how long every packet waits before it leaves.
        jitter_ns: up to how much longer it may wait; packets can then overtake each other.
        loss: the share of packets that never leave, from 0 to 1.
        seed: fixes which ones.
    """

    def __init__(
        self, link: Link, clock: Callable[[], int], *, lag_ns: int, jitter_ns: int, loss: float, seed: int
    ) -> None:
        self._link = link
        self._clock = clock
        self._lag_ns = lag_ns
        self._jitter_ns = jitter_ns
        self._loss = loss
        self._random = Random(seed)
        self._waiting: list[tuple[int, int, bytes]] = []
        self._count = 0

    @property
    def tally(self) -> LinkTally:
        """What the real link went through. What is lost here on purpose is not in it."""
        return self._link.tally

    def send(self, data: bytes) -> None:
        """Lose the packet, or let it wait."""
        if self._random.random() < self._loss or len(self._waiting) >= _MOST_WAITING:
            return
        due = self._clock() + self._lag_ns + self._random.randint(0, self._jitter_ns)
        self._count += 1
        heapq.heappush(self._waiting, (due, self._count, data))
        self._release()

    def _release(self) -> None:
        now = self._clock()
        while self._waiting and self._waiting[0][0] <= now:
            self._link.send(heapq.heappop(self._waiting)[2])

    def drain(self) -> list[bytes]:
        """What has arrived; and let go what has waited long enough."""
        self._release()
        return self._link.drain()

    def wait(self, timeout_ns: int) -> bool:
        """Wait for an arrival, but no longer than until the next packet has to leave."""
        self._release()
        if self._waiting:
            timeout_ns = min(timeout_ns, self._waiting[0][0] - self._clock())
        arrived = self._link.wait(timeout_ns)
        self._release()
        return arrived

    def events(self) -> list[LinkEvent]:
        """What happened to the real connection."""
        return self._link.events()

    def close(self) -> None:
        """Close the real link; what still waits is lost."""
        self._link.close()
