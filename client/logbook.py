"""What this machine alone knows, as rows of the local record: ticks with their times, edges, holds, probes, views."""

from hashlib import blake2b
from typing import Any, Final, NamedTuple

from client.view import Shown
from data.episode_row import ACTION_BITS, COMMAND_SHIFT
from data.recorder import Recorder
from games.contract import Game
from netcode.episode import Held, Tick
from netcode.inputs import InputQueue
from netcode.limits import HICCUP, SECOND
from netcode.pulse import RECONCILE
from netcode.round_trips import RoundTrip, is_notable
from netcode.timeline import DIGEST_BYTES
from netcode.vocabulary import ConfirmedFrame, Terms

_NOT_DRAWN: Final = -1
_NO_INPUT: Final = -1


class _Traffic(NamedTuple):
    """Packets since the row before."""

    received: int = 0
    sent: int = 0


class _Gap(NamedTuple):
    """The last stretch (ns) in which no tick ran for longer than a hiccup, and when it ended."""

    length: int
    ended: int


class _Pending(NamedTuple):
    """A tick that waits for its picture. `committed` is the input that it committed as a number, or -1."""

    tick: Tick
    committed: int
    traffic: _Traffic
    deadline: int
    start: int
    end: int


class Logbook:
    """One seat's notes on one episode. A tick's row waits until its picture was flipped, which is part of the row."""

    def __init__(self, recorder: Recorder, game: Game[Any], rules: Terms) -> None:
        self._recorder = recorder
        self._game = game
        self._period = SECOND // rules.tick_rate
        self._pending: list[_Pending] = []
        self._held_ticks = 0
        self._why = Held.NO
        self._stretch = 0
        self._last_probe: RoundTrip | None = None
        self._notice = ""
        self._traffic = _Traffic()
        self._committed = rules.delay_frames
        self._ran_at = 0
        self._gap = _Gap(0, 0)

    @property
    def awaits_picture(self) -> bool:
        """Whether ticks have run since the last flip: their rows want to name the next one."""
        return bool(self._pending)

    def carried(self, *, received: int = 0, sent: int = 0) -> None:
        """Packets were taken from the link or handed to it; the next tick's row tells how many."""
        self._traffic = _Traffic(self._traffic.received + received, self._traffic.sent + sent)

    def ticked(self, ticks: list[Tick], own: InputQueue, deadline: int, start: int, end: int) -> None:
        """Ticks were run at a wake-up; `own` are this seat's inputs, of which nothing was forgotten since."""
        self._note_gap(start, end)
        for tick in ticks:
            committed = self._committed_in(tick, own)
            self._pending.append(_Pending(tick, committed, self._traffic, deadline, start, end))
            self._traffic = _Traffic()
            self._note_hold(tick, end)

    def _note_gap(self, start: int, end: int) -> None:
        if self._ran_at and start - self._ran_at > HICCUP:
            self._gap = _Gap(start - self._ran_at, start)
        self._ran_at = end

    def _committed_in(self, tick: Tick, own: InputQueue) -> int:
        """The input that a tick committed. A held tick that is tried again, and one after the end, commit none."""
        if tick.committed <= self._committed:
            return _NO_INPUT
        self._committed = tick.committed
        action, flags, command = own[tick.committed - 1]
        return action | flags << ACTION_BITS | command << COMMAND_SHIFT

    def _note_hold(self, tick: Tick, now: int) -> None:
        if tick.held is not Held.NO:
            self._held_ticks += 1
            self._why = tick.held
        elif self._held_ticks:
            self._recorder.note("hold", now, tick.frame, self._held_ticks, self._why.value)
            self._held_ticks = 0

    def flipped(self, shown: Shown | None, now: int) -> None:
        """A picture was flipped at `now`: it shows the newest of the ticks since the last one."""
        newest = len(self._pending) - 1
        for number, pending in enumerate(self._pending):
            is_shown = number == newest and shown is not None
            self._write(pending, shown if is_shown else None, now if is_shown else _NOT_DRAWN)
        self._pending.clear()

    def _write(self, pending: _Pending, shown: Shown | None, flip: int) -> None:
        tick, committed, traffic, deadline, start, end = pending
        digest = b"" if shown is None else blake2b(self._game.encode(shown.state), digest_size=DIGEST_BYTES).digest()
        self._recorder.note(
            "tick",
            tick.frame,
            deadline,
            start,
            end,
            flip,
            tick.verified,
            tick.received,
            tick.acknowledged,
            tick.held is not Held.NO,
            tick.guess,
            tick.rollback_frames,
            tick.wrong_guesses,
            -1 if shown is None else shown.frame - 1,
            digest,
            tick.committed,
            committed,
            tick.held.value,
            *traffic,
        )

    def paced(self, stretch: int, frame: int, now: int) -> None:
        """The pace in force after a tick, in 1/1000 of a period; a change is noted."""
        if stretch != self._stretch:
            self._stretch = stretch
            self._recorder.note("pacing", now, frame, self._period + self._period * stretch // 1000)

    def probed(self, trip: RoundTrip | None) -> None:
        """The newest round trip; one a second is noted."""
        if trip is not None and trip is not self._last_probe and is_notable(trip, self._last_probe):
            self._last_probe = trip
            self._recorder.note("probe", *trip)

    def key(self, scancode: int, *, down: bool, frame: int, now: int) -> None:
        """A raw key edge, and the tick that it lands in."""
        self._recorder.note("key", now, scancode, down, frame)

    def focus(self, *, focused: bool, frame: int, now: int) -> None:
        """The seat went away or came back."""
        self._recorder.note("focus", now, focused, frame)

    def view(self, what: str, frames: int, frame: int, now: int) -> None:
        """The view parked, began a fast-forward through `frames`, or is live again."""
        self._recorder.note("view", now, frame, what, frames)

    def woke(self, standstill: int, owed_ticks: int, frame: int, now: int) -> None:
        """The program had stood still for `standstill` ns, or for longer a moment ago: what it owes is only known when
        the partner's news are here.
        """
        if now - self._gap.ended <= RECONCILE:
            standstill = max(standstill, self._gap.length)
        self._recorder.note("wake", now, frame, standstill, owed_ticks)

    def notice(self, text: str, frame: int, now: int) -> None:
        """What the window tells the participant, when it changes; empty when it tells nothing."""
        if text != self._notice:
            self._notice = text
            self._recorder.note("notice", now, frame, text)

    def diverged(self, frame: ConfirmedFrame) -> None:
        """What this seat holds at the first frame that differs."""
        self._recorder.note("divergence", frame.frame, self._game.encode(frame.state), frame.row)
