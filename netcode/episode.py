"""One seat's end of one episode. No socket, no clock, no file: inputs and packets in, ticks and packets out."""

from collections.abc import Callable
from enum import Enum
from typing import Final, Generic, NamedTuple, TypeVar

from games.contract import Game, Seat
from netcode.chain import CHAIN_BYTES, ROW_HASH_BYTES, SessionChain, first_difference
from netcode.inputs import INPUT_BYTES, ProtocolError, decode_inputs, encode_input
from netcode.limits import Times
from netcode.pacing import Pacing
from netcode.packets import Divergence, Play, Verdict
from netcode.timeline import Progress, RowEncoder, Timeline
from netcode.tuples import make
from netcode.vocabulary import (
    AWAY,
    CHECKPOINT_FRAMES,
    Agreement,
    ConfirmedFrame,
    End,
    Ending,
    EpisodeTerms,
    Input,
    Reason,
)

S = TypeVar("S")


class Held(Enum):
    """Why a tick was not computed."""

    NO = ""
    WINDOW = "window"
    """The prediction window is full."""
    END = "end"
    """The newest state is an end, which may be a guess."""


_NOT_HELD: Final = Held.NO
"""Up to Python 3.11 each `Held.NO` is a call, and every tick asks several times."""


class Tick(NamedTuple):
    """What one call of `Session.advance` did and knows.

    All counts are frames: `frame` is the present, `shown_frame` what `state` has behind it, `committed` L, `received`
    R, `verified` V, `acknowledged` K. `guess` is the partner's guessed action in the newest frame, or -1 if it is real.
    """

    frame: int
    state: object
    shown_frame: int
    confirmed: list[ConfirmedFrame]
    held: Held
    rollback_frames: int
    wrong_guesses: int
    guess: int
    committed: int
    received: int
    verified: int
    acknowledged: int


class Episode(Generic[S]):
    """The rules of one episode for one seat, from the first input to its ending."""

    def __init__(
        self,
        terms: EpisodeTerms,
        seat: Seat,
        game: Game[S],
        header: bytes,
        encode_row: RowEncoder,
        times: Times,
        now: int,
    ) -> None:
        rules = terms.terms
        self.terms = terms
        self.header = header
        self.timeline = Timeline(
            game,
            game.initial(terms.seed, dict(rules.config)),
            seat,
            encode_row,
            delay_frames=rules.delay_frames,
            guess_frames=rules.guess_frames,
            away_limit_frames=rules.away_limit_frames,
        )
        self.chain = SessionChain(header)
        self.pacing = Pacing(rules.tick_rate)
        self.frame = 0
        """The present, n: frames that this seat has ticked through."""
        self.partner_frame = 0
        """The partner's present as last reported."""
        self.acknowledged = rules.delay_frames
        """K: own inputs that the partner has said it holds."""
        self.held = Held.NO
        self.held_since = 0
        self.ending: Ending | None = None
        self.verdict: Verdict | None = None
        """What this seat says of the episode once it has ended or given up. It stands: first words are what counts."""
        self._seat = seat
        self._rules = rules
        self._times = times
        self._delay = rules.delay_frames
        self._action_count = len(rules.actions)
        self._unacknowledged = bytearray()
        self._partner_verdict: Verdict | None = None
        self._partner_is_gone = False
        self._ended_at = now
        self._diverged_at: int | None = None
        self._is_over = False
        """It has an ending, or the chains are known to differ: no further frame is confirmed."""
        self._partner_hashes: Divergence | None = None

    # --- one tick -------------------------------------------------------------------------------------------------

    @property
    def wants_input(self) -> bool:
        """Whether the next `advance` will commit an input: not while a tick is held, and not after the end."""
        timeline = self.timeline
        return not self._is_over and timeline.end is None and timeline.own.count == self.frame + self._delay

    def advance(self, sample: Input | None, now: int) -> Tick:
        """Run one tick: commit first, fold in what arrived, then compute the next frame or hold.

        `sample` is this tick's input; it is needed exactly when `wants_input`, and not looked at otherwise.
        """
        if self.wants_input:
            assert sample is not None, "this tick commits an input"
            self._commit(sample)
        progress = self._settle(self._next_present())
        self._hold_or_go_on(now)
        self._judge(now)
        return self._tick(progress)

    def _next_present(self) -> int:
        """The present after this tick: one frame more, unless the prediction window is full."""
        frame = self.frame
        return frame + 1 if frame < self.timeline.partner.count + self._rules.window_frames else frame

    def _hold_or_go_on(self, now: int) -> None:
        """The present moves on if its next frame was computed; otherwise this tick is held, and here is why."""
        timeline = self.timeline
        if timeline.head_count > self.frame:
            self.frame += 1
            self.held = _NOT_HELD
            return
        if self.held is _NOT_HELD:
            self.held_since = now
        self.held = Held.END if self._is_over or timeline.head_is_end else Held.WINDOW

    def _commit(self, sample: Input) -> None:
        self.timeline.own.append(sample)
        self._unacknowledged += encode_input(sample)

    def _settle(self, present: int) -> Progress:
        if self._is_over:
            return Progress([], 0, 0)
        progress = self.timeline.advance(present)
        for frame in progress.confirmed:
            self.chain.add(frame)
            if frame.frame % CHECKPOINT_FRAMES == 0:
                self.timeline.forget_settled_inputs()
        return progress

    def _tick(self, progress: Progress) -> Tick:
        timeline = self.timeline
        confirmed, rollback_frames, wrong_guesses = progress
        state, shown_frame, guess = timeline.newest()
        return make(
            Tick,
            (
                self.frame,
                state,
                shown_frame,
                confirmed,
                self.held,
                rollback_frames,
                wrong_guesses,
                guess,
                timeline.own.count,
                timeline.partner.count,
                timeline.confirmed_count,
                self.acknowledged,
            ),
        )

    # --- packets --------------------------------------------------------------------------------------------------

    def receive(self, play: Play, rtt: int, now: int) -> None:
        """Take a packet of this episode. A duplicate or an old one changes nothing; a gap waits for the resend.

        Raises:
            ProtocolError: it claims what cannot be; nothing of it was taken.
        """
        frame, first, inputs, received, verified, checkpoint_rows, checkpoint, advantage = play
        timeline = self.timeline
        if not checkpoint_rows <= verified <= received <= timeline.own.count:
            raise ProtocolError(
                "expected a checkpoint within the confirmed rows, those within the acknowledged inputs, and those "
                f"within {timeline.own.count}, got {checkpoint_rows}, {verified} and {received}"
            )
        committed = first + len(inputs) // INPUT_BYTES
        if frame > committed:
            raise ProtocolError(f"expected a frame up to {committed}, for which an input was sent, got {frame}")
        fresh = self._fresh_inputs(first, inputs)
        if self.ending is None and fresh:
            timeline.partner.extend(fresh)
        self._take_acknowledgement(received)
        if frame >= self.partner_frame:
            self.partner_frame = frame
            self.pacing.hear(frame, advantage, self.frame, rtt, now)
        self.chain.hear(checkpoint_rows, checkpoint)

    def _fresh_inputs(self, first: int, inputs: bytes) -> list[Input]:
        """Of the inputs from frame `first` on, those that are not here yet; none if there is a gap before them."""
        have = self.timeline.partner.count
        skip = have - first
        if skip < 0 or skip * INPUT_BYTES >= len(inputs):
            return []
        fresh = decode_inputs(inputs[skip * INPUT_BYTES :], self._action_count)
        furthest = self.frame + 2 * (self._rules.window_frames + self._delay + 1)
        if have + len(fresh) > furthest:
            raise ProtocolError(f"expected inputs up to frame {furthest}, got {have + len(fresh)}")
        return fresh

    def _take_acknowledgement(self, received: int) -> None:
        gained = received - self.acknowledged
        if gained > 0:
            del self._unacknowledged[: gained * INPUT_BYTES]
            self.acknowledged = received

    def packet(self, now: int) -> Play:
        """What this seat has to say now: everything that could repair any loss."""
        timeline = self.timeline
        rows, checkpoint = self.chain.latest
        return make(
            Play,
            (
                self.frame,
                self.acknowledged,
                bytes(self._unacknowledged),
                timeline.partner.count,
                timeline.confirmed_count,
                rows,
                checkpoint,
                self.pacing.own_estimate(self.frame, now),
            ),
        )

    # --- the ending -----------------------------------------------------------------------------------------------

    def hear_verdict(self, verdict: Verdict) -> None:
        """The partner's FIN or SEAL of this episode. Its first word stands: a seal is final and so is a fin."""
        if self._partner_verdict is None:
            self._partner_verdict = verdict

    def hear_departure(self) -> None:
        """The partner is not in this episode any more. A verdict that it has not said by now there never was."""
        self._partner_is_gone = True
        self.hear_verdict(Verdict(self.terms.episode, True, 0, bytes(CHAIN_BYTES)))

    @property
    def has_reached_end(self) -> bool:
        """Whether the last frame is confirmed; the partner's word on it may be missing still."""
        return self.timeline.end is not None

    @property
    def held_rows(self) -> int:
        """M: frames of which this seat knows that the partner holds both inputs."""
        return min(self.acknowledged, self.timeline.partner.count)

    def excuse(self, standstill: int) -> None:
        """Our own standstill (ns) is no fault of the partner: its clocks start later."""
        self._ended_at += standstill
        self.held_since += standstill
        if self._diverged_at is not None:
            self._diverged_at += standstill
        self.pacing.forget()

    def hear_divergence(self, divergence: Divergence) -> None:
        """The partner found the chains unequal, and names its rows."""
        self._partner_hashes = divergence

    @property
    def divergence(self) -> Divergence | None:
        """The hashes of our rows since the last equal checkpoint, once the chains are known to differ."""
        if self._diverged_at is None:
            return None
        first, hashes = self.chain.row_hashes()
        return Divergence(first, b"".join(hashes), self.timeline.confirmed_count)

    def _judge(self, now: int) -> None:
        """Decide whether the episode is over, by the first rule that applies."""
        if self.ending is not None:
            return
        if self._diverged_at is not None or self._has_diverged():
            self._settle_divergence(now)
        elif self.timeline.end is not None:
            self._conclude(now)
        elif self._partner_is_gone or (self._partner_verdict is not None and self._partner_verdict.is_seal):
            self.seal(Agreement.PARTNER_SEALED)

    def _has_diverged(self) -> bool:
        if self._partner_hashes is not None or not self.chain.agrees():
            return True
        theirs = self._partner_verdict
        if theirs is None or theirs.is_seal:
            return False
        end, rows = self.timeline.end, self.timeline.confirmed_count
        if end is None:
            return rows >= theirs.rows
        return theirs.rows != rows or theirs.digest != self.chain.value

    def _settle_divergence(self, now: int) -> None:
        """Both stop and exchange row hashes; the first differing frame is named when the partner's are here."""
        if self._diverged_at is None:
            self._diverged_at = now
            self._is_over = True
        if self._partner_hashes is not None or now - self._diverged_at >= self._times.fin_wait:
            self._close_diverged()

    def _close_diverged(self) -> None:
        frame = self._first_differing_frame(self._partner_hashes)
        end = End(Reason.DIVERGED, self.timeline.confirmed_count, frame=frame)
        self._close(end, Agreement.DIVERGED, is_seal=True)

    def _first_differing_frame(self, theirs: Divergence | None) -> int:
        first, ours = self.chain.row_hashes()
        if theirs is None:
            return -1
        data = theirs.row_hashes
        hashes = [data[at : at + ROW_HASH_BYTES] for at in range(0, len(data), ROW_HASH_BYTES)]
        frame = first_difference(ours, first, hashes, theirs.first)
        if frame is not None:
            return frame
        # All common rows are equal: one seat has an end where the other has a further row.
        return min(self.timeline.confirmed_count, theirs.rows)

    def _conclude(self, now: int) -> None:
        """The last frame is confirmed: say FIN, and wait a while for the partner's."""
        end = self.timeline.end
        assert end is not None
        if self.verdict is None:
            self._ended_at = now
            self.verdict = Verdict(self.terms.episode, False, end.rows, self.chain.value)
        theirs = self._partner_verdict
        if theirs is not None and not theirs.is_seal:
            self._close(end, Agreement.MUTUAL)
        elif theirs is not None or self._partner_is_gone or now - self._ended_at >= self._times.fin_wait:
            self._close_unheard(end)

    def seal(self, agreement: Agreement) -> None:
        """Give up: keep the confirmed rows and name them. From here on no packet can raise them.

        Chains that are known to differ have diverged whoever gave up, and a confirmed end is an end.
        """
        if self.ending is not None:
            return
        end = self.timeline.end
        if self._diverged_at is not None:
            self._close_diverged()
        elif end is not None:
            self._close_unheard(end)
        else:
            self._close(End(Reason.CUT, self.timeline.confirmed_count), agreement, is_seal=True)

    def _close_unheard(self, end: End) -> None:
        """End without the partner's word: either it is known to hold all inputs, or who knows."""
        self._close(end, Agreement.INPUTS_HELD if self.held_rows >= end.rows else Agreement.ONE_SIDED)

    def _close(self, end: End, agreement: Agreement, *, is_seal: bool = False) -> None:
        theirs = self._partner_verdict
        self._is_over = True
        self.ending = Ending(
            end,
            agreement,
            held_rows=self.held_rows,
            partner_rows=-1 if theirs is None else theirs.rows,
            dropped_frames=self.timeline.predicted_count,
        )
        if self.verdict is None:
            self.verdict = Verdict(self.terms.episode, is_seal, end.rows, self.chain.value)

    @property
    def partner_is_away(self) -> bool:
        """Whether the partner's newest real input says that nobody is at its window."""
        queue = self.timeline.partner
        return queue.count > 0 and bool(queue[queue.count - 1].flags & AWAY)


HeaderBuilder = Callable[[EpisodeTerms], bytes]
"""Encodes what was agreed for an episode as the bytes that begin its file."""
