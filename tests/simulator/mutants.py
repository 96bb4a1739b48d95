"""Deliberately broken rules, each of which the simulator must catch. A mutant patches the real classes of this process.

Each stands for a mistake that somebody has made (the origin's and the libraries' among them) or is likely to make when
they change a rule. `applied` is the only way in, and undoes everything on its way out.
"""

# ruff: noqa: ANN401  # a mutant stands in for methods of generic classes

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple

from games.contract import Seat, Transition
from netcode import episode as episode_module
from netcode import packets as packets_module
from netcode import pulse as pulse_module
from netcode import session as session_module
from netcode.agreement import agree, episode_terms
from netcode.chain import SessionChain
from netcode.episode import Episode, Tick
from netcode.inputs import INPUT_BYTES
from netcode.limits import SECOND
from netcode.packets import Packet, Verdict
from netcode.pulse import Pulse
from netcode.round_trips import RoundTrips
from netcode.session import Phase, Session
from netcode.timeline import Progress, Timeline
from netcode.vocabulary import NEUTRAL, Agreement, Command, ConfirmedFrame, End, EpisodeTerms, Input, Reason
from tests.support.patches import Patch, patched
from tests.support.toy_game import ToyGame, ToyState

_PATIENCE_TICKS = 8
"""After so many ticks at a guessed end, a mutant takes it for the real one."""


class Mutant(NamedTuple):
    """One broken rule."""

    why: str
    patches: Sequence[Patch]


def applied(name: str | None) -> AbstractContextManager[None]:
    """Break one rule in this process for as long as the block lasts; None breaks none."""
    return patched(MUTANTS[name].patches if name is not None else ())


def _property(getter: Callable[[Any], Any]) -> Any:
    return property(getter)


# --- the timeline -------------------------------------------------------------------------------------------------

_advance = Timeline.advance
_inputs = Timeline._inputs
_timeline_init = Timeline.__init__
_end_at = Timeline._end_at
_confirm = Timeline._confirm


def _confirm_tail(timeline: Timeline[Any]) -> list[ConfirmedFrame]:
    """Call every guess the truth."""
    confirmed = []
    for predicted in list(timeline._tail):
        frame = timeline.confirmed_count
        if frame >= timeline.own.count or timeline.end is not None:
            break
        actions, transition = predicted
        guessed = Input(actions[timeline._seat.other])
        own = timeline.own[frame]
        inputs = (own, guessed) if timeline._seat is Seat.LEFT else (guessed, own)
        timeline._tail.popleft()
        confirmed.append(timeline._confirm(frame, inputs, transition))
    return confirmed


def _force_confirm(self: Any, present: int) -> Progress:
    progress = _advance(self, present)
    waits = self.end is None and self.head_is_end and self.predicted_count > 0
    self._waited = getattr(self, "_waited", 0) + 1 if waits else 0
    if self._waited < _PATIENCE_TICKS:
        return progress
    return progress._replace(confirmed=progress.confirmed + _confirm_tail(self))


def _end_on_prediction(self: Any, present: int) -> Progress:
    progress = _advance(self, present)
    if self.end is None and self.predicted_count and self._tail[-1][1].done:
        return progress._replace(confirmed=progress.confirmed + _confirm_tail(self))
    return progress


def _promote_as(take: Callable[[Any, int, tuple[Input, Input]], Any]) -> Callable[[Any, int], Progress]:
    """A promotion that confirms what `take` makes of the tail."""

    def promote(self: Any, present: int) -> Progress:
        confirmed = []
        while self.confirmed_count < min(self.own.count, self.partner.count, present) and self.end is None:
            frame = self.confirmed_count
            inputs = self._inputs(frame)
            confirmed.append(self._confirm(frame, *take(self, frame, inputs)))
        return Progress(confirmed, 0, 0)

    return promote


def _step(self: Any, inputs: tuple[Input, Input]) -> Any:
    return self._game.step(self._state, (inputs[0].action, inputs[1].action))


def _guess_stands(self: Any, frame: int, inputs: tuple[Input, Input]) -> Any:
    """Promote before rolling back: a late input is recorded, and the state stays what the guess made it."""
    return inputs, self._tail.popleft()[1] if self._tail else _step(self, inputs)


def _keep_tail(self: Any, frame: int, inputs: tuple[Input, Input]) -> Any:
    actions = (inputs[0].action, inputs[1].action)
    predicted = self._tail.popleft() if self._tail else None
    is_right = predicted is not None and predicted[0] == actions
    return inputs, predicted[1] if is_right and predicted is not None else _step(self, inputs)


def _repeat_whole_input(self: Any, frame: int, inputs: tuple[Input, Input]) -> Any:
    """A guess repeats flags and command as well, and a right action makes the whole guess right."""
    predicted = self._tail.popleft() if self._tail else None
    if predicted is None or predicted[0] != (inputs[0].action, inputs[1].action):
        self._tail.clear()
        return inputs, _step(self, inputs)
    if frame and not self.own[frame].command:
        last = self.partner[frame - 1]
        guess = last._replace(action=inputs[self._seat.other].action)
        inputs = (inputs[0], guess) if self._seat is Seat.LEFT else (guess, inputs[1])
    return inputs, predicted[1]


def _feed_flags(self: Any, frame: int, inputs: tuple[Input, Input]) -> Any:
    predicted = self._tail.popleft() if self._tail else None
    if predicted is not None and predicted[0] == (inputs[0].action, inputs[1].action):
        return inputs, predicted[1]
    self._tail.clear()
    return inputs, self._game.step(self._state, (inputs[0].action + inputs[0].flags, inputs[1].action))


_promote = Timeline._promote


def _promote_beyond(self: Any, _present: int) -> Progress:
    return _promote(self, self.own.count)


def _send_no_first_frames(self: Any, *args: Any, **rules: Any) -> None:
    """The seat's own first `delay` frames hold what its person did, and nobody sends them."""
    _timeline_init(self, *args, **rules)
    self.own._inputs = [Input(1)] * rules["delay_frames"]


def _guess_for_ever(self: Any, start: int, stop: int) -> list[int]:
    last = self.partner.count - 1
    return [self.partner[last].action if last >= 0 else 0] * (stop - start)


def _believe_own_flags(self: Any, frame: int, inputs: tuple[Input, Input], *, done: bool) -> End | None:
    """The away limit counts what this seat believes: only its own absence."""
    mine = inputs[self._seat]
    seen = (mine, Input(0)) if self._seat is Seat.LEFT else (Input(0), mine)
    end = _end_at(self, frame, (seen[0], seen[1]), done=done)
    return end if end is None or end.cause != "quit" else _end_at(self, frame, inputs, done=done)


def _abort_first(self: Any, frame: int, inputs: tuple[Input, Input], *, done: bool) -> End | None:
    return _end_at(self, frame, inputs, done=done and not (inputs[0].command or inputs[1].command))


def _one_quitter(self: Any, frame: int, inputs: tuple[Input, Input], *, done: bool) -> End | None:
    end = _end_at(self, frame, inputs, done=done)
    if end is None or end.cause != "quit":
        return end
    return End(end.reason, end.rows, end.cause, (self._seat,) if self._seat in end.seats else end.seats)


def _keep_the_rest(self: Any, frame: int, inputs: tuple[Input, Input], transition: Any) -> ConfirmedFrame:
    tail = list(self._tail)
    confirmed = _confirm(self, frame, inputs, transition)
    if self.end is not None:
        self._tail.extend(tail)
    return confirmed


def _is_done(self: Any) -> bool:
    return self._tail[-1][1].done if self._tail else self.end is not None


def _forget_unconfirmed(self: Any) -> None:
    for queue in (self.own, self.partner):
        queue.forget_before(queue.count - 1)


def _add_absences(self: Any, frame: int, inputs: tuple[Input, Input], *, done: bool) -> End | None:
    before = list(self._away_run)
    end = _end_at(self, frame, inputs, done=done)
    self._away_run = [run or was for run, was in zip(self._away_run, before, strict=True)]
    return end


# --- the episode --------------------------------------------------------------------------------------------------

_episode_receive = Episode.receive
_episode_packet = Episode.packet
_fresh_inputs = Episode._fresh_inputs
_commit = Episode._commit
_close = Episode._close
_judge = Episode._judge
_seal = Episode.seal
_wants_input: Callable[[Any], bool] = Episode.__dict__["wants_input"].fget


def _take_twice(self: Any, first: int, inputs: bytes) -> list[Input]:
    fresh = _fresh_inputs(self, first, inputs)
    return fresh[:1] + fresh if fresh and first < self.timeline.partner.count else fresh


def _send_newest_only(self: Any, now: int) -> Any:
    play = _episode_packet(self, now)
    newest = play.inputs[-INPUT_BYTES:]
    return play._replace(first=play.first + (len(play.inputs) - len(newest)) // INPUT_BYTES, inputs=newest)


def _trust_acknowledgement(self: Any, play: Any, rtt: int, now: int) -> None:
    self._take_acknowledgement(play.received)
    _episode_receive(self, play, rtt, now)


def _trust_actions(data: bytes, _action_count: int) -> list[Input]:
    return [Input(*data[at : at + INPUT_BYTES]) for at in range(0, len(data), INPUT_BYTES)]


def _trust_present(self: Any, play: Any, rtt: int, now: int) -> None:
    committed = play.first + len(play.inputs) // INPUT_BYTES
    _episode_receive(self, play._replace(frame=min(play.frame, committed)), rtt, now)
    self.partner_frame = max(self.partner_frame, play.frame)


def _trust_any_checkpoint(self: Any, play: Any, rtt: int, now: int) -> None:
    _episode_receive(self, play._replace(checkpoint_rows=min(play.checkpoint_rows, play.verified)), rtt, now)
    self.chain.hear(play.checkpoint_rows, play.checkpoint)


def _trust_any_frame(self: Any, first: int, inputs: bytes) -> list[Input]:
    skip = self.timeline.partner.count - first
    return [] if skip < 0 else _trust_actions(inputs[skip * INPUT_BYTES :], 0)


def _settle_after_seal(self: Any, present: int) -> Progress:
    if self.timeline.end is not None:
        return Progress([], 0, 0)
    progress: Progress = self.timeline.advance(present)
    for frame in progress.confirmed:
        self.chain.add(frame)
    return progress


def _receive_after_seal(self: Any, play: Any, rtt: int, now: int) -> None:
    ending, self.ending = self.ending, None
    try:
        _episode_receive(self, play, rtt, now)
    finally:
        self.ending = ending


def _want_while_held(self: Any) -> bool:
    return not self._is_over and self.timeline.end is None


def _want_when_computable(self: Any) -> bool:
    return _wants_input(self) and self.frame < self.timeline.partner.count + self._rules.window_frames


def _commit_the_one_before(self: Any, sample: Input) -> None:
    before = self.timeline.own[self.timeline.own.count - 1] if self.timeline.own.count else NEUTRAL
    _commit(self, sample if sample.command or self.frame % 10 else before._replace(command=0))


def _abort_at_once(self: Any, sample: Input) -> None:
    _commit(self, sample)
    if sample.command and self.timeline.end is None:
        self.timeline.end = End(Reason.ABORTED, self.timeline.confirmed_count, "quit", (self._seat,))


def _no_fin_check(self: Any) -> bool:
    return self._partner_hashes is not None or not self.chain.agrees()


def _name_the_checkpoint(self: Any, _theirs: Any) -> int:
    first, ours = self.chain.row_hashes()
    last: int = first + len(ours) - 1
    return last


def _count_what_was_sent(self: Any) -> int:
    held: int = min(self.timeline.own.count, self.timeline.partner.count)
    return held


def _any_word_is_fin(self: Any, now: int) -> None:
    end = self.timeline.end
    if self.verdict is None:
        self._ended_at = now
        self.verdict = Verdict(self.terms.episode, False, end.rows, self.chain.value)
    if self._partner_verdict is not None or now - self._ended_at >= self._times.fin_wait:
        self._close(end, Agreement.MUTUAL)


def _seal_the_present(self: Any, end: End, agreement: Agreement, *, is_seal: bool = False) -> None:
    _close(self, end, agreement, is_seal=is_seal)
    if is_seal:
        self.verdict = self.verdict._replace(rows=self.timeline.head_count)


def _make_them_here(self: Any, first: int, inputs: bytes) -> list[Input]:
    """A bot on each side makes the inputs of one seat, and each has a mind of its own."""
    have = self.timeline.partner.count
    fresh = _fresh_inputs(self, first, inputs)
    return [item._replace(action=(have + at + self._seat) % self._action_count) for at, item in enumerate(fresh)]


def _hold_late(self: Any) -> int:
    frame: int = self.frame
    return frame + 1 if frame <= self.timeline.partner.count + self._rules.window_frames else frame


def _take_any_frame(self: Any, play: Any, rtt: int, now: int) -> None:
    self.partner_frame = 0
    _episode_receive(self, play, rtt, now)


def _take_the_last_word(self: Any, verdict: Verdict) -> None:
    self._partner_verdict = verdict


def _cut_always(self: Any, agreement: Agreement) -> None:
    if self.ending is None:
        self._close(End(Reason.CUT, self.timeline.confirmed_count), agreement, is_seal=True)


def _forget_divergence(self: Any, agreement: Agreement) -> None:
    since, self._diverged_at = self._diverged_at, None
    _seal(self, agreement)
    self._diverged_at = since


def _conclude_first(self: Any, now: int) -> None:
    if self.ending is None and self.has_reached_end:
        self._conclude(now)
    _judge(self, now)


def _excuse_no_wait(self: Any, _standstill: int) -> None:
    self.pacing.forget()


def _settle_nothing(self: Any, settled_rows: int) -> None:
    self._settled_rows = settled_rows
    for known in (self._own, self._theirs):
        for rows in [rows for rows in known if rows <= settled_rows]:
            del known[rows]


_agrees = SessionChain.agrees


def _await_nothing(self: Any) -> bool:
    """Compare with whatever the partner says, also before we have as many rows."""
    return all(rows in self._own for rows in self._theirs) and _agrees(self)


# --- the session --------------------------------------------------------------------------------------------------

_take = Session._take
_take_body = Session._take_body
_take_introduction = Session._take_introduction
_session_play = Session._play
_session_ready_next = Session._ready_next
_finish_episode = Session._finish_episode
_welcome_restarted = Session._welcome_restarted
_excuse = Session._excuse_standstill


def _any_episode(self: Any, body: Any, index: int, now: int, *, is_newest: bool) -> None:
    own = index if self.episode is None else self.episode.terms.episode
    _take_body(self, body, own, now, is_newest=is_newest)


def _any_run(self: Any, packet: Packet, now: int) -> None:
    run = packet.envelope.run if self._agreed is None else self._agreed.run
    _take(self, packet._replace(envelope=packet.envelope._replace(run=run)), now)


def _any_verdict(self: Any, verdict: Verdict | None, seen: int) -> None:
    self._partner_seen = max(self._partner_seen, seen)
    if verdict is not None:
        if self.episode is not None:
            self.episode.hear_verdict(verdict)
        self._seen = max(self._seen, verdict.episode)


def _minimum_over_connected(self: Any, episode: Any, sample: Input | None, now: int) -> Tick:
    """A partner who is lost no longer counts: the rest is confirmed without it."""
    timeline = episode.timeline
    if self.silent_for(now) >= self._times.lost:
        missing = timeline.guesses(timeline.partner.count, episode.frame)
        timeline.partner.extend([Input(action) for action in missing])
    return _session_play(self, episode, sample, now)


def _never_excuse(self: Any, now: int) -> None:
    self._advanced_at = now


def _linger_asleep(self: Any, now: int) -> None:
    since = self._phase_since
    _excuse(self, now)
    self._phase_since = since


def _excuse_everything(self: Any, now: int) -> None:
    gap = now - self._advanced_at
    self._advanced_at = now
    if gap >= self._times.standstill:
        self._heard_at = min(now, self._heard_at + gap)


def _wait_to_leave(self: Any, episode: Any, sample: Input | None, now: int) -> Tick:
    if sample is not None and self._left_at is not None:
        sample = sample._replace(command=int(Command.ABORT))
    left_at, self._left_at = self._left_at, None
    tick = _session_play(self, episode, sample, now)
    self._left_at = left_at
    return tick


def _ignore_header(self: Any, ready: Any, _episode: Any, now: int) -> None:
    self._start_countdown(ready.countdown, now)


def _replay_the_episode(self: Any, now: int) -> None:
    self._partner_restarted = True
    self.partner_left = False
    if self.phase in (Phase.READYING, Phase.COUNTDOWN):
        self._ready_next(now)


def _replay_what_was_given_up(self: Any, now: int) -> None:
    """Only a seat that still readies an episode counts it as spent."""
    before = self._next_episode
    _welcome_restarted(self, now)
    if self.phase is Phase.WAITING:
        self._next_episode = before


def _retry_the_episode(self: Any, ending: Any, now: int) -> None:
    """An episode that was cut is played again under the same index."""
    _finish_episode(self, ending, now)
    if ending.end.reason is Reason.CUT and self.phase is Phase.RESULT:
        self._next_episode = self.episode.terms.episode


def _play_on_after_seal(self: Any, ending: Any, now: int) -> None:
    """Whoever gave up still listens for a while."""
    episode = self.episode
    episode._sealed_at = getattr(episode, "_sealed_at", now)
    if ending.end.reason is not Reason.CUT or now - episode._sealed_at > SECOND:
        _finish_episode(self, ending, now)


_ANY_PAST = Patch(Session, "_is_of_the_past", lambda _self, _echoed_sent: False)
"""Two rules keep such greetings out, and each alone would hide that the other is broken."""


def _remember_nobody(self: Any, body: Any, envelope: Any, now: int) -> None:
    self._retired.clear()
    _take_introduction(self, body, envelope, now)


def _echo_everything(self: Any, body: Any, envelope: Any, now: int) -> None:
    _take_introduction(self, body, envelope, now)
    self.round_trips.echo = (envelope.sent, now)


def _newest_for_ever(self: Any, body: Any, envelope: Any, now: int) -> None:
    newest = self._newest_sent
    _take_introduction(self, body, envelope, now)
    self._newest_sent = max(newest, self._newest_sent)


def _keep_leftovers(self: Any, now: int) -> None:
    """Inputs that came after the end enter the next episode."""
    old = self.episode
    _session_ready_next(self, now)
    if old is not None and old.timeline.end is not None:
        frames = range(old.timeline.end.rows, old.timeline.partner.count)
        self.episode.timeline.partner.extend([old.timeline.partner[frame] for frame in frames])


def _same_seed(agreed: Any, terms: Any, episode: int) -> EpisodeTerms:
    made = episode_terms(agreed, terms, episode)
    return EpisodeTerms(made.terms, made.players, made.run, made.episode, agreed.seed)


def _own_index(own: Any, partner: Any) -> Any:
    return agree(own, partner)._replace(episode=own.next_episode)


def _settled_by_verdicts(self: Any) -> bool:
    last = self._verdict
    return last is not None and self._seen >= last.episode and self._partner_seen >= last.episode


_catch_up = Pulse._catch_up


def _confirm_after_catch_up(self: Any, absent: int, now: int) -> list[Tick]:
    """Fast-forward declares everything confirmed: what the partner has not sent was neutral."""
    ticks = _catch_up(self, absent, now)
    timeline = self.session.episode.timeline
    missing = self.session.episode.frame - timeline.partner.count
    if missing > 0:
        timeline.partner.extend([Input(0)] * missing)
    return ticks


def _own_clock_owes(self: Any, due: int) -> int:
    return due if self.phase is Phase.PLAYING else 0


_toy_step = ToyGame.step


def _score_outside(self: Any, state: ToyState, actions: tuple[int, int]) -> Transition:
    transition = _toy_step(self, state, actions)
    self.points = getattr(self, "points", 0) + len(transition.events)
    after = transition.state
    assert isinstance(after, ToyState), "the toy game's own"
    return transition._replace(state=after._replace(score=self.points))


_LAWS: dict[str, Mutant] = {
    "force-confirm-at-end": Mutant(
        "leftovers are promoted after a while", [Patch(Timeline, "advance", _force_confirm)]
    ),
    "promote-before-rollback": Mutant(
        "a late input is confirmed without computing its frame again",
        [Patch(Timeline, "_promote", _promote_as(_guess_stands))],
    ),
    "keep-tail": Mutant(
        "only the wrongly guessed frame is computed again, not those built on it",
        [Patch(Timeline, "_promote", _promote_as(_keep_tail))],
    ),
    "input-twice": Mutant("a resent input is appended again", [Patch(Episode, "_fresh_inputs", _take_twice)]),
    "no-episode-index": Mutant(
        "a packet counts for whatever episode is on", [Patch(Session, "_take_body", _any_episode)]
    ),
    "end-from-prediction": Mutant(
        "the end is decided on a predicted state", [Patch(Timeline, "advance", _end_on_prediction)]
    ),
    "minimum-over-connected": Mutant(
        "a lost partner's frames are confirmed without it", [Patch(Session, "_play", _minimum_over_connected)]
    ),
    "first-frames-unsent": Mutant(
        "nobody sends the first `delay` frames", [Patch(Timeline, "__init__", _send_no_first_frames)]
    ),
    "commands-guessed": Mutant(
        "a guess repeats flags and commands", [Patch(Timeline, "_promote", _promote_as(_repeat_whole_input))]
    ),
    "flags-fed-to-game": Mutant("the game sees flags", [Patch(Timeline, "_promote", _promote_as(_feed_flags))]),
    "standstill-is-silence": Mutant(
        "own standstill counts as the partner's silence", [Patch(Session, "_excuse_standstill", _never_excuse)]
    ),
    "packet-after-seal": Mutant(
        "what arrives after SEAL raises V",
        [
            Patch(Episode, "_settle", _settle_after_seal),
            Patch(Episode, "receive", _receive_after_seal),
            Patch(Session, "_finish_episode", _play_on_after_seal),
        ],
    ),
}
"""The mutants that the fault matrix names."""

_MORE: dict[str, Mutant] = {
    "promote-beyond-present": Mutant("V overtakes the present", [Patch(Timeline, "_promote", _promote_beyond)]),
    "tail-outlives-end": Mutant(
        "what was predicted beyond the end stays", [Patch(Timeline, "_confirm", _keep_the_rest)]
    ),
    "play-past-own-quit": Mutant(
        "frames are played after the own quit", [Patch(Timeline, "head_is_end", _property(_is_done))]
    ),
    "forget-unconfirmed": Mutant(
        "inputs are forgotten that somebody waits for", [Patch(Timeline, "forget_settled_inputs", _forget_unconfirmed)]
    ),
    "away-run-kept": Mutant("an absence is added to the one before", [Patch(Timeline, "_end_at", _add_absences)]),
    "bot-on-both-sides": Mutant(
        "each seat makes the partner's inputs by itself", [Patch(Episode, "_fresh_inputs", _make_them_here)]
    ),
    "window-one-more": Mutant("one frame too many is guessed", [Patch(Episode, "_next_present", _hold_late)]),
    "partner-goes-back": Mutant(
        "an old packet takes the partner's frame back", [Patch(Episode, "receive", _take_any_frame)]
    ),
    "last-word-counts": Mutant("a verdict may be taken back", [Patch(Episode, "hear_verdict", _take_the_last_word)]),
    "give-up-forgets-divergence": Mutant(
        "a seat that is left alone with chains that differ calls it cut", [Patch(Episode, "seal", _forget_divergence)]
    ),
    "cut-beats-end": Mutant("giving up takes a confirmed end away", [Patch(Episode, "seal", _cut_always)]),
    "end-before-divergence": Mutant(
        "an end is concluded although the chains differ", [Patch(Episode, "_judge", _conclude_first)]
    ),
    "wait-runs-asleep": Mutant(
        "the wait for the partner's last word goes on while this program stands still",
        [Patch(Episode, "excuse", _excuse_no_wait)],
    ),
    "rows-never-settled": Mutant("equal rows are kept for ever", [Patch(SessionChain, "_settle", _settle_nothing)]),
    "guess-for-ever": Mutant("a silent partner is guessed to go on", [Patch(Timeline, "guesses", _guess_for_ever)]),
    "away-by-belief": Mutant("each seat counts its own absence only", [Patch(Timeline, "_end_at", _believe_own_flags)]),
    "abort-beats-end": Mutant("a quit beats the game's own end", [Patch(Timeline, "_end_at", _abort_first)]),
    "one-quitter": Mutant("of two who quit at once each names itself", [Patch(Timeline, "_end_at", _one_quitter)]),
    "no-resend": Mutant("an input is sent once", [Patch(Episode, "packet", _send_newest_only)]),
    "trust-acknowledgement": Mutant(
        "an acknowledgement beyond L is believed", [Patch(Episode, "receive", _trust_acknowledgement)]
    ),
    "trust-actions": Mutant(
        "an action that does not exist is taken", [Patch(episode_module, "decode_inputs", _trust_actions)]
    ),
    "trust-present": Mutant("a present without its inputs is believed", [Patch(Episode, "receive", _trust_present)]),
    "trust-any-checkpoint": Mutant(
        "a checkpoint beyond the partner's own rows", [Patch(Episode, "receive", _trust_any_checkpoint)]
    ),
    "trust-any-frame": Mutant(
        "inputs from beyond what the partner can have committed", [Patch(Episode, "_fresh_inputs", _trust_any_frame)]
    ),
    "hold-commits-twice": Mutant(
        "a held tick commits another input", [Patch(Episode, "wants_input", _property(_want_while_held))]
    ),
    "compute-before-commit": Mutant(
        "a held tick commits nothing: W = 0 locks up", [Patch(Episode, "wants_input", _property(_want_when_computable))]
    ),
    "key-late": Mutant(
        "now and then the key of the tick before is committed again",
        [Patch(Episode, "_commit", _commit_the_one_before)],
    ),
    "abort-at-once": Mutant(
        "a quit takes effect when it is sent, not at its frame", [Patch(Episode, "_commit", _abort_at_once)]
    ),
    "chain-unchecked": Mutant("checkpoints are not compared", [Patch(SessionChain, "agrees", lambda _self: True)]),
    "fin-unchecked": Mutant("FIN's hash is not compared", [Patch(Episode, "_has_diverged", _no_fin_check)]),
    "alarm-too-early": Mutant(
        "a checkpoint is compared before it is reached",
        [Patch(SessionChain, "agrees", _await_nothing)],
    ),
    "divergence-unnamed": Mutant(
        "the last row is named, not the first that differs",
        [Patch(Episode, "_first_differing_frame", _name_the_checkpoint)],
    ),
    "sent-is-held": Mutant("M counts what was sent", [Patch(Episode, "held_rows", _property(_count_what_was_sent))]),
    "seal-is-fin": Mutant("any last word makes it mutual", [Patch(Episode, "_conclude", _any_word_is_fin)]),
    "seal-names-present": Mutant("SEAL counts predicted rows", [Patch(Episode, "_close", _seal_the_present)]),
    "any-run": Mutant("packets of another session count", [Patch(Session, "_take", _any_run)]),
    "any-verdict": Mutant("the last episode's FIN ends this one", [Patch(Session, "_take_verdict", _any_verdict)]),
    "recorded-greeting": Mutant(
        "a greeting need not answer us, nor be of now",
        [Patch(RoundTrips, "has_sent", lambda _self, _echoed_sent, _now: True), _ANY_PAST],
    ),
    "retired-come-back": Mutant(
        "a late greeting brings back a program that is gone",
        [Patch(Session, "_take_introduction", _remember_nobody), _ANY_PAST],
    ),
    "score-outside-state": Mutant(
        "a game counts its points where a rollback does not reach", [Patch(ToyGame, "step", _score_outside)]
    ),
    "dead-program-counts": Mutant(
        "what a program said that is gone counts as newer than a machine that was started again",
        [Patch(Session, "_is_of_a_program_before", lambda _self, _echoed_sent: False)],
    ),
    "echo-the-unknown": Mutant(
        "a program that is passed over hears its own words, and takes READY for itself",
        [Patch(Session, "_take_introduction", _echo_everything)],
    ),
    "newest-for-ever": Mutant(
        "a machine whose clock began anew is never the newest",
        [Patch(Session, "_take_introduction", _newest_for_ever)],
    ),
    "leftovers-enter": Mutant("old inputs enter the next episode", [Patch(Session, "_ready_next", _keep_leftovers)]),
    "header-unchecked": Mutant("READY's hash is not compared", [Patch(Session, "_hear_ready", _ignore_header)]),
    "terms-unchecked": Mutant(
        "greetings are not compared", [Patch(session_module, "differences", lambda _own, _partner: [])]
    ),
    "checksum-unchecked": Mutant("a flipped bit is an input", [Patch(packets_module, "crc32", lambda _data: 0)]),
    "never-lost": Mutant("silence never ends anything", [Patch(Session, "silent_for", lambda _self, _now: 0)]),
    "slow-is-standstill": Mutant(
        "a machine whose ticks are slow never loses its partner",
        [Patch(Session, "_excuse_standstill", _excuse_everything)],
    ),
    "linger-asleep": Mutant(
        "who slept through the time for answering does not answer",
        [Patch(Session, "_excuse_standstill", _linger_asleep)],
    ),
    "leave-unnamed": Mutant(
        "who has found a divergence goes before the partner can name it",
        [Patch(Session, "_is_settled", _property(_settled_by_verdicts))],
    ),
    "wait-to-leave": Mutant("who leaves waits for the partner", [Patch(Session, "_play", _wait_to_leave)]),
    "no-linger": Mutant(
        "who has finished does not answer any more", [Patch(Session, "_is_settled", _property(lambda _self: True))]
    ),
    "replay-episode": Mutant(
        "a spent episode is begun again for a restarted partner",
        [Patch(Session, "_welcome_restarted", _replay_the_episode)],
    ),
    "replay-what-was-given-up": Mutant(
        "a spent episode is begun again for a restarted partner that had been given up",
        [Patch(Session, "_welcome_restarted", _replay_what_was_given_up)],
    ),
    "retry-episode": Mutant(
        "a cut episode is begun again under its index", [Patch(Session, "_finish_episode", _retry_the_episode)]
    ),
    "own-index": Mutant("each seat goes on with its own index", [Patch(session_module, "agree", _own_index)]),
    "same-seed": Mutant("every episode has the session's seed", [Patch(session_module, "episode_terms", _same_seed)]),
    "catch-up-confirms": Mutant(
        "after a catch-up by the own clock everything counts as confirmed",
        [Patch(Pulse, "_catch_up", _confirm_after_catch_up), Patch(Session, "owed", _own_clock_owes)],
    ),
    "absent-plays": Mutant("what stood still is said to have played", [Patch(pulse_module, "_ABSENT", Input(1))]),
    "own-clock-owes": Mutant(
        "owed is what our clock says, not what the partner played", [Patch(Session, "owed", _own_clock_owes)]
    ),
}
"""Mutants beyond the matrix."""

CONTROLS: Final = ("promote-on-arrival", "force-confirm-at-end", "minimum-over-connected")
"""The three rules of other rollback libraries that a simulator must be able to catch."""

MUTANTS: Final[dict[str, Mutant]] = {
    **_LAWS,
    **_MORE,
    "promote-on-arrival": Mutant(
        "promote on arrival, and confirm the rest by force at the end",
        [*_LAWS["promote-before-rollback"].patches, *_LAWS["force-confirm-at-end"].patches],
    ),
}
"""Every mutant by its name on the command line."""
