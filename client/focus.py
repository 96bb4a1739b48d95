"""Is this seat's participant there? No window, no clock: edges, the polled state and the time come in.

Three sources, in this order. A script's edges (`--away`) always count, for a bot's seat too. The window's edges count
at once, except at start-up, where focus flaps. The polled state is a watchdog: focus can be lost without an event, so
where it disagrees with the edges for long enough, it wins.
"""

from typing import Final

from client.events import FocusEdge

SETTLE_NS: Final = 500_000_000
"""While windows open, focus is handed around; until then only the polled state counts."""

WATCHDOG_NS: Final = 250_000_000
"""A disagreement this long is no edge that is still on its way."""


class Focus:
    """Whether one seat is away. A bot's seat does not obey the window: in a demo one of two windows never has focus."""

    def __init__(self, *, obey_window: bool, now_ns: int) -> None:
        self._obeys_window = obey_window
        self._start_ns = now_ns
        self._window_away = False
        self._scripted_away = False
        self._disagrees_since_ns: int | None = None
        self._was_away = False

    @property
    def is_away(self) -> bool:
        """Whether this seat's next input carries AWAY."""
        return self._scripted_away or (self._obeys_window and self._window_away)

    def feed(self, edge: FocusEdge, now_ns: int) -> None:
        """Take one edge in, in the order in which they happened."""
        if edge.scripted:
            self._scripted_away = not edge.focused
        elif now_ns - self._start_ns >= SETTLE_NS:
            self._window_away = not edge.focused
            self._disagrees_since_ns = None

    def watch(self, polled: bool | None, now_ns: int) -> None:
        """Compare with what the window says when asked; None where it cannot be asked (SDL's dummy driver)."""
        if polled is None or polled is not self._window_away:
            self._disagrees_since_ns = None
            return
        if self._disagrees_since_ns is None:
            self._disagrees_since_ns = now_ns
        if now_ns - self._disagrees_since_ns >= WATCHDOG_NS:
            self._window_away = not polled
            self._disagrees_since_ns = None

    def take_edge(self) -> FocusEdge | None:
        """The turn that `is_away` took since the last call, if any: feed it to the controls and park or resume."""
        if self.is_away is self._was_away:
            return None
        self._was_away = self.is_away
        return FocusEdge(focused=not self.is_away, scripted=self._scripted_away)
