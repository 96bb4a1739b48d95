"""Watches one machine: what it recorded, which rules every tick kept, and what really happened to it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from netcode.episode import Episode, Held, Tick
from netcode.limits import MAX_UNACKNOWLEDGED, SECOND
from netcode.pulse import Pulse, Tally
from netcode.session import Phase, Session
from netcode.timeline import OWN_KEPT_FRAMES
from netcode.vocabulary import CHECKPOINT_FRAMES, Agreement, ConfirmedFrame, Ending, Input, Reason, Terms

_FELT_SILENCE = SECOND
"""A silence from which play went on is a reconnect; a shorter one is a bad link."""
_WEIGHED_EVERY = 8
_TRIMMED_IN_LOTS = 512
_WITHOUT_A_WORD = (Agreement.INPUTS_HELD, Agreement.ONE_SIDED)
_NEVER_QUIT = 1 << 40
"""A frame that no episode reaches."""


@dataclass(slots=True)
class Record:
    """What one program recorded of one episode. `own_inputs` and `partner_inputs` are counts at its end."""

    run: str
    episode: int
    seed: int
    header: bytes
    rows: list[bytes] = field(default_factory=list)
    inputs: list[tuple[Input, Input]] = field(default_factory=list)
    ending: Ending | None = None
    rows_at_ending: int = 0
    own_inputs: int = 0
    partner_inputs: int = 0
    tally: Tally = field(default_factory=Tally)

    @property
    def reason(self) -> Reason:
        """How the record says it ended; a crash leaves one to be recovered."""
        return self.ending.end.reason if self.ending is not None else Reason.RECOVERED


class Witness:
    """Keeps the records of all lives of one machine, and notes every broken rule as a sentence."""

    def __init__(self, terms: Terms) -> None:
        self.records: list[Record] = []
        self.faults: list[str] = []
        self.seen: Counter[str] = Counter()
        self._terms = terms
        self._ticks = 0
        self._headed_for = (0, False)
        self._false_end = 0
        self._silent = False
        self._verified_when_silent = 0
        self._looked_at = 0
        self._quit_frame = _NEVER_QUIT
        self._partner_frame = 0
        self._last_turn = 0
        self._waited = 0
        self.records_before_this_life = 0
        """Records of the machine's earlier programs."""

    def begin_life(self) -> None:
        """A program is started: whatever it records is a record of its own."""
        self.records_before_this_life = len(self.records)

    def saw(self, session: Session[Any], pulse: Pulse[Any], ticks: list[Tick], now: int) -> None:
        """Note what one turn of the loop did. `now` is the machine's own clock."""
        episode = session.episode
        if episode is None or not (ticks or session.phase is Phase.PLAYING or self._is_on(session, episode)):
            return
        record = self._record_of(session, episode)
        self._look_for_a_quit(episode)
        for tick in ticks:
            self._check(episode, tick)
            self._watch_the_end(episode, tick)
            self._append(record, tick.confirmed)
        self._watch_silence(session, episode, now)
        self._watch_the_wait(session, episode, now, is_over=record.ending is not None)
        record.tally = pulse.tally
        record.own_inputs, record.partner_inputs = episode.timeline.own.count, episode.timeline.partner.count
        if episode.ending is not None and record.ending is None:
            record.ending, record.rows_at_ending = episode.ending, len(record.rows)
            if episode.divergence is not None and record.reason is not Reason.DIVERGED:
                self.faults.append(f"it knew that the chains differ and ended {record.reason.value}")

    def _is_on(self, session: Session[Any], episode: Episode[Any]) -> bool:
        """Whether the newest record is of this very episode, which may have ended just now."""
        if len(self.records) == self.records_before_this_life:
            return False
        return self.records[-1].header == episode.header and self.records[-1].run == session.run

    def _record_of(self, session: Session[Any], episode: Episode[Any]) -> Record:
        if not self._is_on(session, episode):
            terms = episode.terms
            if any((record.run, record.episode) == (terms.run, terms.episode) for record in self.records):
                self.faults.append(f"episode {terms.episode} of run {terms.run} was begun twice")
            self.records.append(Record(terms.run, terms.episode, terms.seed, episode.header))
            self._headed_for, self._false_end, self._silent, self._waited = (0, False), 0, False, 0
            self._looked_at, self._quit_frame, self._partner_frame = terms.terms.delay_frames, _NEVER_QUIT, 0
        return self.records[-1]

    def _append(self, record: Record, confirmed: list[ConfirmedFrame]) -> None:
        for frame in confirmed:
            if record.ending is not None:
                self.faults.append(f"frame {frame.frame} was confirmed after the episode had ended")
            if frame.frame != len(record.rows):
                self.faults.append(f"frame {frame.frame} was confirmed as row {len(record.rows)}")
            record.rows.append(frame.row)
            record.inputs.append(frame.inputs)

    # --- rules of every tick --------------------------------------------------------------------------------------

    def _check(self, episode: Episode[Any], tick: Tick) -> None:
        terms, end = self._terms, episode.timeline.end
        broken = None
        if tick.verified > min(tick.committed, tick.received, tick.frame):
            broken = f"V = {tick.verified} is beyond L = {tick.committed}, R = {tick.received} or n = {tick.frame}"
        elif tick.acknowledged > tick.committed:
            broken = f"K = {tick.acknowledged} is beyond L = {tick.committed}"
        elif tick.committed > tick.frame + terms.delay_frames + 1:
            broken = f"L = {tick.committed} is too far beyond n = {tick.frame}"
        elif tick.frame > tick.received + terms.window_frames:
            broken = f"n = {tick.frame} is beyond the window after R = {tick.received}"
        elif not tick.verified <= tick.shown_frame <= tick.frame:
            broken = f"shown frame {tick.shown_frame} is not between V = {tick.verified} and n = {tick.frame}"
        elif tick.guess > 0 and tick.shown_frame - tick.received > terms.guess_frames:
            broken = f"frame {tick.shown_frame - 1} was guessed {tick.guess} after R = {tick.received}"
        elif tick.shown_frame > self._quit_frame + 1:
            broken = f"frame {tick.shown_frame - 1} was played after the own quit in frame {self._quit_frame}"
        elif end is not None and tick.verified == end.rows < tick.shown_frame:
            broken = f"frame {tick.shown_frame - 1} is shown after the end, which was frame {end.rows - 1}"
        elif episode.partner_frame < self._partner_frame:
            broken = f"the partner's frame went back from {self._partner_frame} to {episode.partner_frame}"
        elif episode.partner_frame > tick.received:
            broken = f"the partner is said to be at frame {episode.partner_frame}, with R = {tick.received}"
        if broken is not None:
            self.faults.append(broken)
        self._partner_frame = episode.partner_frame
        if tick.held is Held.WINDOW:
            self.seen["held ticks"] += 1
        self.seen["rollbacks"] += tick.rollback_frames > 0
        self.seen["wrong guesses"] += tick.wrong_guesses
        self._ticks += 1
        if self._ticks % _WEIGHED_EVERY == 0:
            self._weigh(episode)

    def _look_for_a_quit(self, episode: Episode[Any]) -> None:
        """The first own input that says so: nothing can be played after its frame."""
        own = episode.timeline.own
        for frame in range(self._looked_at, own.count):
            if own[frame].command:
                self._quit_frame = min(self._quit_frame, frame)
        self._looked_at = own.count

    def _weigh(self, episode: Episode[Any]) -> None:
        """Memory is bounded: whatever waits for something is no longer than the protocol lets it wait."""
        terms, timeline = self._terms, episode.timeline
        stretch = 2 * (terms.window_frames + terms.delay_frames + 1)
        kept = _TRIMMED_IN_LOTS + CHECKPOINT_FRAMES + 2 * stretch
        sizes = (
            ("unsettled rows", len(episode.chain.unsettled), stretch + 62),
            ("unacknowledged inputs", len(episode._unacknowledged) // 3, min(stretch, MAX_UNACKNOWLEDGED)),
            ("own inputs kept", len(timeline.own._inputs), kept + OWN_KEPT_FRAMES),
            ("partner's inputs kept", len(timeline.partner._inputs), kept),
            ("predicted frames", timeline.predicted_count, stretch),
            ("checkpoints of the partner", len(episode.chain._theirs), stretch // CHECKPOINT_FRAMES + 2),
            ("own checkpoints", len(episode.chain._own), stretch // CHECKPOINT_FRAMES + 2),
        )
        for name, size, bound in sizes:
            if size > bound:
                self.faults.append(f"memory: {size} {name}, expected at most {bound}")

    # --- what really happened -------------------------------------------------------------------------------------

    def _watch_the_end(self, episode: Episode[Any], tick: Tick) -> None:
        """A guess can be wrong about the end both ways: an end that never came, and one that came unguessed."""
        timeline = episode.timeline
        headed_for, was_end = self._headed_for
        if timeline.end is not None and tick.confirmed:
            ends_by_game = timeline.end.cause == "game"
            if ends_by_game and headed_for >= timeline.end.rows and not (was_end and headed_for == timeline.end.rows):
                self.seen["wrong guess: unguessed end"] += 1
            self.seen["frames shown beyond a quit or absence"] += not ends_by_game and headed_for > timeline.end.rows
        went_past = tick.verified >= headed_for and (timeline.end is None or timeline.end.rows != headed_for)
        was_taken_back = tick.rollback_frames > 0 and timeline.end is None and not timeline.head_is_end
        self.seen["wrong guess: false end"] += was_end and (went_past or was_taken_back)
        self._headed_for = (timeline.head_count, timeline.predicted_count > 0 and timeline.head_is_end)

    def _watch_silence(self, session: Session[Any], episode: Episode[Any], now: int) -> None:
        if session.phase is not Phase.PLAYING:
            self._silent = False
        elif session.silent_for(now) >= _FELT_SILENCE:
            if not self._silent:
                self._verified_when_silent = episode.timeline.confirmed_count
            self._silent = True
        elif self._silent and episode.timeline.confirmed_count > self._verified_when_silent:
            self._silent = False
            self.seen["reconnects"] += 1

    def _watch_the_wait(self, session: Session[Any], episode: Episode[Any], now: int, *, is_over: bool) -> None:
        """A seat does without its partner's last word only if it was awake for as long as it has to wait for it."""
        times, ending = session.setup.times, episode.ending
        if not is_over and ending is not None and ending.partner_rows < 0 and ending.agreement in _WITHOUT_A_WORD:
            has_reason = session._left_at is not None or session._partner_restarted
            is_lost = session.silent_for(now) >= times.lost
            if not has_reason and not is_lost and self._waited < times.fin_wait - times.standstill:
                self.faults.append(f"it waited for the partner's last word for {self._waited / 1e9:.1f} s only")
        if episode.has_reached_end:
            self._waited += min(now - self._last_turn, times.standstill)
        self._last_turn = now
