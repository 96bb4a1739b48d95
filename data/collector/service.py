"""A collector at its socket: take what has arrived, make it durable, answer, and tend to the rest in between."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from data.collector.collector import Collector, View
from data.collector.keys import AllowList
from data.collector.router import CollectorSocket

POLL_MS: Final = 50
TEND_SECONDS: Final = 0.05
SHOW_SECONDS: Final = 0.25
LIST_SECONDS: Final = 1.0
"""Between two looks at the list of stations: a new one is let in before anybody has walked to its machine."""


class Stop(Protocol):
    """A wish to end, as an event of `threading` carries it."""

    def is_set(self) -> bool:
        """Whether to end now."""


class Visitors(NamedTuple):
    """Who may come to the socket, who came and was not let in, and what was dropped there.

    `trouble` says why the list of stations that lies there now is not used.
    """

    refused: int
    strangers: int
    oddities: int
    unsent: int
    stations: tuple[str, ...] = ()
    trouble: str = ""


def show_nothing(view: View, visitors: Visitors) -> None:
    """The screen of somebody who does not look."""


def serve(
    collector: Collector,
    socket: CollectorSocket,
    allowed: AllowList,
    stop: Stop,
    *,
    show: Callable[[View, Visitors], None] = show_nothing,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Serve until told to stop. What has been taken by then is durable and answered. `show` hears a few times a second.

    Raises:
        OSError, zmq.ZMQError: not of a disk or a station, but of this program itself.
    """
    tended = shown = listed = float("-inf")
    while not stop.is_set():
        messages = socket.receive(POLL_MS)
        for answer in collector.turn(messages, now()):
            socket.send(answer)
        if now() - tended >= TEND_SECONDS:
            tended = now()
            collector.tend(tended)
            socket.look()
        if now() - listed >= LIST_SECONDS:
            listed = now()
            if allowed.has_changed():
                socket.admit(allowed.stations)
        if now() - shown >= SHOW_SECONDS:
            shown = now()
            show(collector.view(), _visitors(socket, allowed))
    show(collector.view(), _visitors(socket, allowed))


def _visitors(socket: CollectorSocket, allowed: AllowList) -> Visitors:
    stations = tuple(sorted(allowed.stations.values()))
    return Visitors(socket.refused, socket.strangers, socket.oddities, socket.unsent, stations, allowed.trouble)
