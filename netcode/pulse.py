"""Which ticks to run at a moment: the one that is due, a hiccup's few, a standstill's owed batch, or none. No clock."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

from netcode.episode import Held, Tick
from netcode.limits import HICCUP, SECOND
from netcode.metronome import Metronome
from netcode.session import Phase, Session
from netcode.vocabulary import AWAY, Input

S = TypeVar("S")
_ABSENT: Final = Input(0, AWAY)
"""What a seat whose program stood still has, by rule, done."""

RECONCILE: Final = SECOND
"""After a standstill the connection may have to be made anew before the partner's frame is known."""


class _Debt(NamedTuple):
    """Ticks that our own clock says we missed, and until when (ns) they may still be found to be owed."""

    ticks: int
    until: int


_NO_DEBT: Final = _Debt(0, 0)


@dataclass(slots=True)
class Tally:
    """What one episode cost one seat; counts of ticks unless the name says more."""

    rollbacks: int = 0
    wrong_guesses: int = 0
    max_rollback_frames: int = 0
    holds: int = 0
    held_ticks: int = 0
    owed_ticks: int = 0
    standstills: int = 0
    paced_ticks: int = 0


class Pulse(Generic[S]):
    """Drives one session at its tick rate. The client and the simulated machines of the tests run these same lines."""

    def __init__(self, session: Session[S], now: int) -> None:
        self.session = session
        self.metronome = Metronome(session.setup.terms.tick_rate, now)
        self.tally = Tally()
        self._hiccup_ticks = HICCUP * session.setup.terms.tick_rate // SECOND
        self._debt = _NO_DEBT
        self._was_held = False

    @property
    def deadline(self) -> int:
        """When `run` has something to do next (ns)."""
        return self.metronome.deadline

    def run(self, now: int, sample: Callable[[], Input]) -> list[Tick]:
        """Run the ticks that are due at `now`, asking `sample` for an input for each tick that commits one.

        Call it at the deadline, after everything that arrived was received.
        """
        due = self.metronome.due(now)
        if due == 0:
            return []
        if self.session.phase is not Phase.PLAYING:
            self._pass_time(due, now)
            return []
        if due > self._hiccup_ticks:
            self._debt = _Debt(due, now + RECONCILE)
        absent = self.absent_ticks(now)
        if absent:
            return self._catch_up(absent, now)
        ticks = self._play([sample] * max(1, self.session.owed(due)), now)
        if due > 1:
            self.metronome.restart(now)
        return ticks

    def retry(self, now: int) -> list[Tick]:
        """After packets arrived: a tick that was held may go on at once, before its next deadline.

        What still waits and learned nothing is no tick: whoever answered it with a packet would have the two seats
        answer each other without a pause.
        """
        episode = self.session.episode
        if self.session.phase is not Phase.PLAYING or episode is None or episode.held is Held.NO:
            return []
        tick = self.session.advance(None, now) if not self.session.wants_input else None
        if tick is None or (tick.held is not Held.NO and not tick.confirmed):
            return []
        self._count(tick)
        if tick.held is Held.NO:
            self.metronome.restart(now)
            self._was_held = False
        return [tick]

    def _pass_time(self, due: int, now: int) -> None:
        self.session.advance(None, now)
        if due > 1:
            self.metronome.restart(now)
        else:
            self.metronome.ticked()
        if self.session.phase is Phase.PLAYING:
            self.tally = Tally()
            self._debt = _NO_DEBT
            self._was_held = False
            self.metronome.restart(now)

    def absent_ticks(self, now: int) -> int:
        """How many ticks `run` would play at `now` for a seat that stood still: 0 but after a standstill.

        What is owed is the lesser of two: the ticks that our clock says we missed, and how far the partner has played
        on without us. The second is only known when its packets are here, which may be a little after we woke.
        """
        due = self.metronome.due(now)
        missed = max(self._debt.ticks if now < self._debt.until else 0, due)
        owed = self.session.owed(missed)
        return owed if owed > self._hiccup_ticks else 0

    def _catch_up(self, absent: int, now: int) -> list[Tick]:
        """Play the owed ticks in one batch, with the inputs that somebody who is not there makes."""
        ticks = self._play([lambda: _ABSENT] * absent, now)
        self.tally.standstills += 1
        self.tally.owed_ticks += len(ticks)
        self._debt = _NO_DEBT
        self.metronome.restart(now)
        return ticks

    def _play(self, samples: list[Callable[[], Input]], now: int) -> list[Tick]:
        ticks: list[Tick] = []
        for sample in samples:
            tick = self.session.advance(sample() if self.session.wants_input else None, now)
            if tick is None:
                break
            ticks.append(tick)
            self._count(tick)
            if tick.held is not Held.NO:
                self._hold(now)
                break
            self._tick_on()
        return ticks

    def _tick_on(self) -> None:
        self._was_held = False
        self.metronome.ticked()
        episode = self.session.episode
        stretch = episode.pacing.stretch if episode is not None else 0
        if stretch:
            self.metronome.stretch(stretch)
            self.tally.paced_ticks += 1

    def _hold(self, now: int) -> None:
        """Time does not pass in the game: count anew from here, and look again in a period."""
        episode = self.session.episode
        if episode is not None and not episode.has_reached_end:
            self.tally.holds += not self._was_held
            self.tally.held_ticks += 1
            episode.pacing.forget()
        self._was_held = True
        self.metronome.restart(now)

    def _count(self, tick: Tick) -> None:
        tally = self.tally
        if tick.rollback_frames:
            tally.rollbacks += 1
            tally.max_rollback_frames = max(tally.max_rollback_frames, tick.rollback_frames)
        tally.wrong_guesses += tick.wrong_guesses
