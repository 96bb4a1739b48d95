"""One confirmed past and one predicted present of one episode. No clock, no packet, no file: inputs in, frames out.

The rules, in the order in which `advance` applies them:

1.  A frame is *confirmed* when the real inputs of both seats are here for it and for every frame before it, and the
    state after it has been computed from them. `_promote` is the only place that makes a `ConfirmedFrame`.
2.  What lies between the confirmed count and the present is the *tail*: frames computed with a guessed partner action.
    The tail is thrown away whole at the first wrong guess, because every later frame of it was built on that guess.
3.  When the real actions equal the guessed ones, the tail's first frame *becomes* the confirmed one. It need not be
    computed again: `step` is pure, so it would give the same value.
4.  The end of the episode is read from confirmed frames only. A tail whose last frame looks like an end stops growing,
    because it may be an end that never happened.

A normal tick, a rollback and a catch-up are the same two calls, `_promote` and `_predict`; they differ only in how many
frames there are to do. Nothing is raised between dropping a tail and computing it again, so no correction can be lost.
"""

from collections import deque
from collections.abc import Callable
from hashlib import blake2b
from typing import Final, Generic, NamedTuple, TypeVar

from games.contract import NEUTRAL_ACTION, Event, Game, Seat, Transition
from netcode.inputs import InputQueue
from netcode.limits import MAX_DELAY_FRAMES, MAX_WINDOW_FRAMES
from netcode.tuples import make
from netcode.vocabulary import AWAY, Command, ConfirmedFrame, End, Input, Reason

S = TypeVar("S")

RowEncoder = Callable[
    [int, tuple[Input, Input], tuple[int, int], bool, tuple[Event, ...], tuple[int, ...], bytes],
    bytes,
]
"""Encodes (frame, inputs, rewards, done, events, facts, digest) as the canonical bytes of a row."""

DIGEST_BYTES: Final = 8
OWN_KEPT_FRAMES: Final = 2 * (MAX_WINDOW_FRAMES + MAX_DELAY_FRAMES)
"""What a batch of ticks committed is read when all of them have run, and what a partner played ahead of us is less."""


Predicted = tuple[tuple[int, int], Transition[S]]
"""A frame of the tail: the actions it was computed with, one of them guessed, and what they gave."""


class Progress(NamedTuple):
    """What one `advance` did: the newly confirmed frames, and the predicted frames it dropped and guesses it missed."""

    confirmed: list[ConfirmedFrame]
    rollback_frames: int
    wrong_guesses: int


class Timeline(Generic[S]):
    """One seat's knowledge of one episode, as two heads of one deterministic game."""

    def __init__(
        self,
        game: Game[S],
        state: S,
        seat: Seat,
        encode_row: RowEncoder,
        *,
        delay_frames: int,
        guess_frames: int,
        away_limit_frames: int,
    ) -> None:
        self.own = InputQueue(delay_frames)
        self.partner = InputQueue(delay_frames)
        self.confirmed_count = 0
        """V: rows that are confirmed. They are the frames 0 to V - 1."""
        self.end: End | None = None
        """The computed end, once a confirmed frame was terminal."""
        self._game = game
        self._seat = seat
        self._is_left = seat is Seat.LEFT
        self._encode_row = encode_row
        self._guess_frames = guess_frames
        self._away_limit_frames = away_limit_frames
        self._state = state
        self._tail: deque[Predicted[S]] = deque()
        self._away_run = [0, 0]

    @property
    def head(self) -> S:
        """The newest state: predicted where there is a tail, else confirmed."""
        return self._tail[-1][1].state if self._tail else self._state

    @property
    def head_count(self) -> int:
        """How many frames the newest state has behind it."""
        return self.confirmed_count + len(self._tail)

    @property
    def predicted_count(self) -> int:
        """Frames of the tail: computed, shown perhaps, and not known to be true."""
        return len(self._tail)

    @property
    def head_is_end(self) -> bool:
        """Whether the newest state, which may be a guess, is an end: nothing can be computed after it."""
        if not self._tail:
            return self.end is not None
        return self._tail[-1][1].done or self.own[self.head_count - 1].command != 0

    def newest(self) -> tuple[S, int, int]:
        """`head`, `head_count`, and the partner's action that the head was computed with if that is a guess, else -1.

        Every tick wants all three.
        """
        tail = self._tail
        if not tail:
            return self._state, self.confirmed_count, -1
        actions, transition = tail[-1]
        return transition.state, self.confirmed_count + len(tail), actions[self._is_left]

    def advance(self, present: int) -> Progress:
        """Confirm what can be confirmed, drop what was guessed wrong, and predict the rest up to `present` frames.

        `present` never shrinks, and own inputs must be committed for all frames below it.
        """
        progress = self._promote(present)
        if self.end is None:
            self._predict(present)
        return progress

    def _promote(self, present: int) -> Progress:
        confirmed: list[ConfirmedFrame] = []
        dropped: list[Predicted[S]] = []
        dropped_from = wrong_guesses = 0
        limit = self.partner.count if self.partner.count < present else present
        if self.confirmed_count >= limit:
            return make(Progress, (confirmed, 0, 0))
        while self.confirmed_count < limit and self.end is None:
            frame = self.confirmed_count
            inputs = self._inputs(frame)
            actions = (inputs[0].action, inputs[1].action)
            if self._tail and self._tail[0][0] == actions:
                transition = self._tail.popleft()[1]
            else:
                if self._tail:
                    dropped, dropped_from = self._drop_tail(), frame
                transition = self._game.step(self._state, actions)
            if dropped and frame - dropped_from < len(dropped):
                wrong_guesses += dropped[frame - dropped_from][0] != actions
            confirmed.append(self._confirm(frame, inputs, transition))
        return make(Progress, (confirmed, len(dropped), wrong_guesses))

    def _confirm(self, frame: int, inputs: tuple[Input, Input], transition: Transition[S]) -> ConfirmedFrame:
        state, rewards, events, done = transition
        self._state = state
        digest = blake2b(self._game.encode(state), digest_size=DIGEST_BYTES).digest()
        row = self._encode_row(frame, inputs, rewards, done, events, self._game.facts(state), digest)
        self.confirmed_count = frame + 1
        self.end = self._end_at(frame, inputs, done=done)
        if self.end is not None:
            self._tail.clear()
        return make(ConfirmedFrame, (frame, inputs, state, rewards, events, done, row))

    def _end_at(self, frame: int, inputs: tuple[Input, Input], *, done: bool) -> End | None:
        """The rules by which a confirmed frame ends the episode. The game's own end beats a quit in the same frame."""
        if done:
            return End(Reason.FINISHED, frame + 1, "game")
        left, right = inputs
        if left.command or right.command:
            quitters = tuple(seat for seat in Seat if inputs[seat].command == Command.ABORT)
            return End(Reason.ABORTED, frame + 1, "quit", quitters)
        limit, away = self._away_limit_frames, self._away_run
        if limit:
            away[0] = away[0] + 1 if left.flags & AWAY else 0
            away[1] = away[1] + 1 if right.flags & AWAY else 0
            if away[0] >= limit or away[1] >= limit:
                limited = tuple(seat for seat in Seat if away[seat] >= limit)
                return End(Reason.FINISHED, frame + 1, "away_limit", limited)
        return None

    def _drop_tail(self) -> list[Predicted[S]]:
        dropped = list(self._tail)
        self._tail.clear()
        return dropped

    def _predict(self, present: int) -> None:
        """Extend the tail up to `present` frames, or up to what looks like an end."""
        tail = self._tail
        start = self.confirmed_count + len(tail)
        if start >= present or (tail and self.head_is_end):
            return
        state, step, grow, is_left = self.head, self._game.step, tail.append, self._is_left
        inputs, guesses = self.own.between(start, present), self.guesses(start, present)
        for own, guess in zip(inputs, guesses, strict=True):
            actions = (own.action, guess) if is_left else (guess, own.action)
            transition = step(state, actions)
            grow((actions, transition))
            if own.command or transition.done:
                return
            state = transition.state

    def guesses(self, start: int, stop: int) -> list[int]:
        """The partner's actions in the frames from `start` to `stop`, none of which is here: their last real one, for
        a short while.

        A seat that is silent for longer will, by rule, have done nothing. Commands and flags are never guessed.
        """
        last, frames = self.partner.count - 1, stop - start
        if last < 0:
            return [NEUTRAL_ACTION] * frames
        action, repeats = self.partner[last].action, last + self._guess_frames + 1 - start
        if repeats >= frames:
            return [action] * frames
        return [action] * repeats + [NEUTRAL_ACTION] * (frames - max(0, repeats))

    def forget_settled_inputs(self) -> None:
        """Let go of the inputs of confirmed frames, but for the partner's newest, which guesses repeat, and for as many
        own ones as somebody may still want to write down.
        """
        self.own.forget_before(self.confirmed_count - OWN_KEPT_FRAMES)
        self.partner.forget_before(self.confirmed_count - 1)

    def _inputs(self, frame: int) -> tuple[Input, Input]:
        if self._is_left:
            return self.own[frame], self.partner[frame]
        return self.partner[frame], self.own[frame]
