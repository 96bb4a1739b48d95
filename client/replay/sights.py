"""What was on one seat's screen at each frame, computed again from its local record. No window, no file.

A seat shows a frame before it knows what the partner did in it. The local record tells, tick by tick, which inputs
were there; so the same timeline that the seat had is gone through again, guesses and rollbacks and all. The record also
holds the digest of every state that was shown: only a state with that very digest is given out as what was seen.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from client.replay.record import Record
from client.view import ONE, eased, replay_ns
from data.episode_row import state_digest
from data.inspection.inspection import LoggedTick, input_of
from data.local_format import Local, Value
from games.contract import Seat
from netcode.limits import SECOND
from netcode.timeline import Timeline
from netcode.vocabulary import AWAY, Input

Truth = Literal["true", "untrue", "unconfirmed", "lost"]
"""true: it became so. untrue: it did not. unconfirmed: nobody will know. lost: it cannot be computed again."""

_ALL: Final = 1 << 62
"""More ticks than there are."""
KEPT_HEADS: Final = 1024
"""Heads that turned out wrong and may still be on a parked screen; it shows the newest one, so a few would do."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One picture of one seat's window: a state, `count` frames after the first one, and the words that stood there.

    `state` is None if it is lost, or was not drawn yet. `missed_frames` and `travelled` (0 to 1) belong to a
    fast-forward. `silent_ns` is for how long the partner had not been heard.
    """

    count: int
    state: Any | None
    truth: Truth
    notice: str
    is_live: bool
    is_partner_away: bool
    missed_frames: int
    travelled: float
    silent_ns: int


class Moment(NamedTuple):
    """One frame as a seat lived it: the tick that computed it first, and the picture that was then on its window.

    `is_new` says whether that picture was flipped in this tick, else an earlier one stood on. Then the game may have
    been held for `held_ticks` before the next frame; `others` counts the different pictures that followed meanwhile.
    """

    tick: LoggedTick
    sight: Sight | None
    is_new: bool
    held_ticks: int = 0
    others: int = 0

    @property
    def guess(self) -> int:
        """The action that the partner was guessed to do in this frame; -1 if it was known."""
        return self.tick.guess


@dataclass(frozen=True, slots=True)
class Seen:
    """All that one seat was shown. `moments` has a place for each frame, None where nothing was noted; those behind the
    record's last frame were guesses that nobody confirmed.
    """

    seat: Seat
    moments: tuple[Moment | None, ...]
    untrue_frames: tuple[int, ...]
    lost_frames: tuple[int, ...]

    def at(self, frame: int) -> Moment | None:
        """The moment of a frame; None where this seat never came."""
        return self.moments[frame] if frame < len(self.moments) else None


def seen_by(record: Record, local: Local) -> Seen:
    """Go through one seat's ticks again. `local` must be of the record's episode."""
    reading = _Reading(record, local)
    reading.go_on(len(reading.ticks))
    return reading.seen()


def unconfirmed_frames(record: Record, local: Local) -> int:
    """How many frames this seat computed behind the record's last one: at most the prediction window.

    Behind the good beginning of a file that is not whole, nobody knows what was confirmed: there are none.
    """
    if record.fault:
        return 0
    present = max((int(tick["frame"]) for tick in local.of("tick")), default=0)
    return min(max(0, present - record.frames), record.terms.terms.window_frames + 1)


class LateSights(Mapping[Seat, Seen]):
    """What the seats of a record were shown, gone through only when it is asked for: that takes a while."""

    def __init__(self, record: Record, locals_: Mapping[Seat, Local]) -> None:
        self._record = record
        self._locals = locals_
        self._seen: dict[Seat, Seen] = {}
        self._readings: dict[Seat, _Reading] = {}

    @property
    def unconfirmed_frames(self) -> int:
        """How many frames a seat computed behind the record's last one."""
        return max((unconfirmed_frames(self._record, local) for local in self._locals.values()), default=0)

    def go_on(self, seat: Seat, ticks: int) -> float:
        """Go through so many more of a seat's ticks; how much is done by now, 1 when nothing is left to do.

        Raises:
            KeyError: there is no local record of this seat.
        """
        if seat in self._seen:
            return 1.0
        if seat not in self._readings:
            self._readings[seat] = _Reading(self._record, self._locals[seat])
        reading = self._readings[seat]
        reading.go_on(ticks)
        if reading.share >= 1:
            self._seen[seat] = reading.seen()
            del self._readings[seat]
        return reading.share

    def __getitem__(self, seat: Seat) -> Seen:
        while self.go_on(seat, _ALL) < 1:
            pass
        return self._seen[seat]

    def __contains__(self, seat: object) -> bool:
        return seat in self._locals

    def __iter__(self) -> Iterator[Seat]:
        return iter(self._locals)

    def __len__(self) -> int:
        return len(self._locals)


class _Reading:
    """One seat's ticks, being gone through in order."""

    def __init__(self, record: Record, local: Local) -> None:
        self._record = record
        self._seat = Seat(local.header.seat)
        self.ticks = [LoggedTick(*entry.values) for entry in local.entries if entry.kind == "tick"]  # type: ignore[arg-type]  # the format has checked the columns' types
        self.moments: list[Moment | None] = [None] * (record.frames + unconfirmed_frames(record, local))
        self._guesses = _Guesses(record, self._seat, _own_inputs(record, self._seat, self.ticks))
        self._notices = _Latest(local.of("notice"))
        self._views = _Latest(local.of("view"))
        self._focus = _Latest(local.of("focus"))
        self._sight: Sight | None = None
        self._heard_ns = 0
        self._taken = 0

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1."""
        return self._taken / len(self.ticks) if self.ticks else 1.0

    def go_on(self, ticks: int) -> None:
        """Take so many more of the ticks."""
        for tick in self.ticks[self._taken : self._taken + ticks]:
            self.take(tick)
        self._taken = min(len(self.ticks), self._taken + ticks)

    def seen(self) -> Seen:
        """What was found, once all ticks are taken."""
        moments = tuple(self.moments)
        fresh = [(frame, each.sight.truth) for frame, each in enumerate(moments) if each and each.sight and each.is_new]
        return Seen(
            self._seat,
            moments,
            tuple(frame for frame, truth in fresh if truth == "untrue"),
            tuple(frame for frame, truth in fresh if truth == "lost"),
        )

    def take(self, tick: LoggedTick) -> None:
        """The next tick: what it computed, and what was then drawn."""
        self._guesses.follow(tick)
        if tick.received_packets > 0 or not self._heard_ns:
            self._heard_ns = tick.start_ns
        is_new = tick.flip_ns >= 0 and bool(tick.shown_digest)
        before, frame = self._sight, tick.frame - 1
        if is_new:
            self._sight = self._drawn(tick)
        if not 0 <= frame < len(self.moments):
            return
        known = self.moments[frame]
        if known is None and not tick.held:
            self.moments[frame] = Moment(tick, self._sight, is_new)
        elif known is not None:
            is_other = is_new and _differ(before, self._sight)
            self.moments[frame] = known._replace(
                held_ticks=known.held_ticks + tick.held, others=known.others + is_other
            )

    def _drawn(self, tick: LoggedTick) -> Sight:
        """The picture that was flipped in a tick."""
        count = tick.shown_frame + 1
        state, truth = self._guesses.shown(count, tick.shown_digest)
        flip = tick.flip_ns
        is_away = not self._focus.at(flip).get("focused", True)
        missed, travelled = (0, 0.0) if is_away else self._passing(flip)
        return Sight(
            count,
            state,
            truth,
            str(self._notices.at(flip).get("text", "")),
            not is_away and not missed,
            self._is_partner_away(tick),
            missed,
            travelled,
            flip - self._heard_ns,
        )

    def _passing(self, flip: int) -> tuple[int, float]:
        """How many frames the fast-forward passes through that runs at a time, and how much of it is done."""
        view = self._views.at(flip)
        if view.get("what") != "fast_forward":
            return 0, 0.0
        missed, since = max(0, int(view["frames"])), flip - int(view["t_ns"])
        duration = replay_ns(missed * (SECOND // self._record.terms.terms.tick_rate))
        return (missed, eased(since * ONE // duration) / ONE) if since < duration else (0, 0.0)

    def _is_partner_away(self, tick: LoggedTick) -> bool:
        """By the newest real input of the partner that was here."""
        last = tick.received - 1
        return 0 <= last < self._record.frames and bool(self._record.rows[last].inputs[self._seat.other].flags & AWAY)


def _differ(first: Sight | None, second: Sight | None) -> bool:
    """Whether two pictures are of different states."""
    return first is None or second is None or (first.count, first.state) != (second.count, second.state)


class _Latest:
    """Entries of one kind in the order of their times; what is asked for must not go back in time."""

    def __init__(self, entries: Sequence[Mapping[str, Value]]) -> None:
        self._entries = entries
        self._next = 0

    def at(self, now: int) -> Mapping[str, Any]:
        """The last entry up to a time; nothing if there is none."""
        while self._next < len(self._entries) and int(self._entries[self._next]["t_ns"]) <= now:
            self._next += 1
        return self._entries[self._next - 1] if self._next else {}


def _own_inputs(record: Record, seat: Seat, ticks: Sequence[LoggedTick]) -> list[Input]:
    """The seat's inputs in order: as confirmed, then as it committed them and nobody confirmed them."""
    own, actions = [row.inputs[seat] for row in record.rows], len(record.terms.terms.actions)
    committed = {tick.committed - 1: input_of(tick.input) for tick in ticks if tick.input >= 0}
    while len(own) in committed and committed[len(own)].action < actions:
        own.append(committed[len(own)])
    return own


def _no_row(*_values: object) -> bytes:
    """The timeline wants to encode what it confirms; here nobody records it."""
    return b""


class _Guesses:
    """The timeline that the seat had, fed with what it had when."""

    def __init__(self, record: Record, seat: Seat, own: Sequence[Input]) -> None:
        rules = record.terms.terms
        self._record = record
        self._own = own
        self._partner = [row.inputs[seat.other] for row in record.rows]
        self._timeline: Timeline[Any] | None = Timeline(
            record.game,
            record.states[0],
            seat,
            _no_row,
            delay_frames=rules.delay_frames,
            guess_frames=rules.guess_frames,
            away_limit_frames=rules.away_limit_frames,
        )
        self._present = 0
        self._heads: OrderedDict[tuple[int, bytes], Any] = OrderedDict()

    def follow(self, tick: LoggedTick) -> None:
        """Do what the session did in a tick: first what is late, then the new frame."""
        timeline = self._timeline
        if timeline is None:
            return
        if not self._feed(timeline, tick):
            self._timeline = None  # the inputs end here, so nothing that was guessed after it can be known
            return
        for present in dict.fromkeys((self._present, tick.frame)):
            timeline.advance(present)
        self._present = tick.frame
        if timeline.predicted_count:
            self._keep(timeline.head_count, timeline.head)

    def _feed(self, timeline: Timeline[Any], tick: LoggedTick) -> bool:
        """Hand over what was there at a tick; False if the record does not tell it."""
        own, partner = max(tick.committed, tick.frame, 0), max(tick.received, 0)
        if tick.frame > len(self._own) or min(partner, tick.frame) > len(self._partner):
            return False
        timeline.own.extend(self._own[timeline.own.count : own])
        timeline.partner.extend(self._partner[timeline.partner.count : partner])
        return True

    def _keep(self, count: int, head: Any) -> None:  # noqa: ANN401 - a game's state is its own affair
        self._heads[count, state_digest(self._record.game.encode(head))] = head
        if len(self._heads) > KEPT_HEADS:
            self._heads.popitem(last=False)

    def shown(self, count: int, digest: bytes) -> tuple[Any | None, Truth]:
        """The state with that digest after `count` frames, and what became of it."""
        record = self._record
        is_confirmed = 0 <= count <= record.frames
        if is_confirmed and digest == record.digest(count):
            return record.states[count], "true"
        state = self._heads.get((count, digest))
        if state is None:
            return None, "lost"
        return state, "untrue" if is_confirmed else "unconfirmed"
