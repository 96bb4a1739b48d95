"""Who is ahead, and how much slower or faster the next tick should be. Smeared, never skipped. No clock of its own."""

from typing import Final

from netcode.limits import SECOND

MILLIFRAMES: Final = 1000
_SMOOTHING: Final = 32
"""About a second of packets at 30 Hz: one late packet does not move the pace."""
_AHEAD_FROM: Final = 600
_BEHIND_FROM: Final = -1500
"""The side that is ahead slows down first; the one behind hurries only when that does not suffice."""
_LEAST_STRETCH: Final = 5
_MOST_STRETCH: Final = 20
"""Tick periods change by half a percent to two percent, which nobody feels."""
_MOST_EXTRAPOLATED: Final = SECOND // 2
"""A partner who was not heard for longer is not assumed to have gone on."""


class Pacing:
    """One seat's view of the frame advantage, in 1/1000 frame, and the period that follows from it."""

    def __init__(self, tick_rate: int) -> None:
        self._milliframe_rate = tick_rate * MILLIFRAMES
        self._partner_frame = 0
        self._partner_heard = 0
        self._rtt = 0
        self._advantage: int | None = None

    def hear(self, frame: int, their_advantage: int, own_frame: int, rtt: int, now: int) -> None:
        """Take the partner's frame and what it thinks of its own advantage; both ends' errors cancel in the mean."""
        self._partner_frame, self._partner_heard, self._rtt = frame, now, rtt
        if frame == 0 or own_frame == 0:
            return  # one of the two has not begun: its distance is no advantage
        ahead = (self.own_estimate(own_frame, now) - their_advantage) // 2
        if self._advantage is None:
            self._advantage = ahead
        else:
            self._advantage += (ahead - self._advantage) // _SMOOTHING

    def forget(self) -> None:
        """After a hold or a standstill the past says nothing about the present."""
        self._advantage = None

    def own_estimate(self, own_frame: int, now: int) -> int:
        """How far (1/1000 frame) this seat is ahead of where the partner should be by now; 0 before both play."""
        if self._partner_frame == 0 or own_frame == 0:
            return 0
        since = now - self._partner_heard
        if since > _MOST_EXTRAPOLATED:
            since = _MOST_EXTRAPOLATED
        passed = (since + self._rtt // 2) * self._milliframe_rate // SECOND
        return (own_frame - self._partner_frame) * MILLIFRAMES - passed

    @property
    def stretch(self) -> int:
        """By how many 1/1000 the next tick's period should be longer (negative: shorter)."""
        advantage = self._advantage
        if advantage is None or _BEHIND_FROM < advantage < _AHEAD_FROM:
            return 0
        if advantage > 0:
            return min(_MOST_STRETCH, _LEAST_STRETCH + advantage // 200)
        return -min(_MOST_STRETCH, _LEAST_STRETCH - advantage // 400)
