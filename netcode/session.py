"""One seat's end of a session: greeting, episodes in a row, leaving, coming back. No socket, no clock, no file.

Bytes and inputs go in, ticks and bytes come out; `now` is the caller's monotonic clock in nanoseconds and never goes
back. The caller drains its link into `receive` before it calls `advance`, so that no timer is judged on old news.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Generic, TypeVar

from games.contract import Game, Seat
from netcode.agreement import Agreed, agree, differences, episode_terms, header_hash, terms_fields
from netcode.episode import Episode, HeaderBuilder, Tick
from netcode.inputs import ProtocolError
from netcode.limits import HANDSHAKE_PROBES, Times
from netcode.packets import (
    NO_EPISODE,
    NO_RUN,
    Beat,
    Body,
    Divergence,
    Envelope,
    Goodbye,
    Hello,
    OtherProtocolError,
    Packet,
    Play,
    Ready,
    Refusal,
    Verdict,
    decode,
    encode,
)
from netcode.round_trips import RoundTrips
from netcode.timeline import RowEncoder
from netcode.tuples import make
from netcode.vocabulary import PROTOCOL_VERSION, Agreement, Command, Ending, Input, Player, Reason, Terms

S = TypeVar("S")
_MAX_RETIRED: Final = 64
"""Restarts of the partner's program that are remembered; each is made by a person's hand."""


class Phase(Enum):
    """Where a session stands, in the order in which a participant meets it."""

    GREETING = "greeting"
    """Nobody there yet, or the first round trips."""
    READYING = "readying"
    """The header of the next episode is built; the partner's is awaited."""
    COUNTDOWN = "countdown"
    PLAYING = "playing"
    """Until the episode has an ending, which includes the wait for the partner's FIN."""
    RESULT = "result"
    WAITING = "waiting"
    """The partner was lost; a restarted one is welcome."""
    REFUSED = "refused"
    """The two seats were set up differently; `refusal` says in which fields."""
    FINISHED = "finished"
    """Nothing more to play; still answering."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup(Generic[S]):
    """What a seat brings to a session. The ids are random and given: a session draws nothing itself.

    `instance` (8 bytes) is new for every started program; `proposed_run` (8 bytes) and `proposed_seed` (below 2**63)
    count only if this is the left seat of a new session.
    """

    seat: Seat
    terms: Terms
    player: Player
    episodes: int
    game: Game[S]
    build_header: HeaderBuilder
    encode_row: RowEncoder
    instance: bytes
    proposed_run: bytes
    proposed_seed: int
    times: Times = field(default_factory=Times)


class Session(Generic[S]):
    """The protocol of one seat, from the first HELLO to the last FIN."""

    def __init__(self, setup: Setup[S], now: int) -> None:
        self.setup = setup
        self.phase = Phase.GREETING
        self.episode: Episode[S] | None = None
        """The episode that is readied, played or just ended."""
        self.refusal: tuple[str, ...] = ()
        self.partner_left = False
        self.rejected = 0
        """Packets that broke the protocol. They changed nothing."""
        self.last_rejection = ""
        self.strays = 0
        """Well-formed packets of another run or episode. They changed nothing."""
        self.round_trips = RoundTrips(now, setup.times.lost)
        self._played: Episode[S] | None = None
        """The episode while it is played, which is the phase `PLAYING`; in every other phase None."""
        self._times = setup.times
        self._partner: Hello | None = None
        self._agreed: Agreed | None = None
        self._next_episode = 0
        self._started = False
        self._verdict: Verdict | None = None
        self._seen = NO_EPISODE
        self._partner_seen = NO_EPISODE
        self._newest_sent = 0
        """When the partner sent the newest of its packets that are here, by its own clock."""
        self._retired: deque[bytes] = deque(maxlen=_MAX_RETIRED)
        """Programs of the partner that were replaced by a new one: a late packet must not bring one back."""
        self._met_at = 0
        """When the partner's present program greeted us first; 0 before any did."""
        self._replaced_at = 0
        """When a new program of the partner took the place of another."""
        self._heard_at = now
        self._advanced_at = now
        self._phase_since = now
        self._countdown_from = now
        self._spoke_at = -setup.times.hello_every
        self._left_at: int | None = None
        self._partner_restarted = False

    # --- what the caller asks -------------------------------------------------------------------------------------

    @property
    def wants_input(self) -> bool:
        """Whether the next `advance` will commit an input. A held tick is neither sampled nor committed anew."""
        return self._played is not None and self._played.wants_input

    @property
    def ending(self) -> Ending | None:
        """How the newest episode ended for this seat."""
        return self.episode.ending if self.episode is not None else None

    @property
    def partner(self) -> Player | None:
        """Who sits in the other seat, once it has said so."""
        return self._agreed.players[self.setup.seat.other] if self._agreed is not None else None

    @property
    def run(self) -> str:
        """The agreed run id (16 hex digits), empty before the greeting."""
        return self._agreed.run.hex() if self._agreed is not None else ""

    def silent_for(self, now: int) -> int:
        """How long (ns) nothing was heard of the partner."""
        return now - self._heard_at

    def countdown_left(self, now: int) -> int:
        """Nanoseconds until the first frame."""
        return max(0, self._countdown_from + self._times.countdown - now)

    def owed(self, due: int) -> int:
        """How many of the ticks that are due by the caller's clock the pair really played on without this seat."""
        if self._played is None:
            return 0
        return min(due, max(0, self._played.partner_frame - self._played.frame))

    def leave(self, now: int) -> None:
        """This seat wants to go. In play it becomes a command in the next input; elsewhere a word to the partner."""
        if self._left_at is not None:
            return
        self._left_at = now
        if self.phase is not Phase.PLAYING and self.phase is not Phase.CLOSED:
            self._enter(Phase.FINISHED, now)

    # --- one tick -------------------------------------------------------------------------------------------------

    def advance(self, sample: Input | None, now: int) -> Tick | None:
        """Run one tick of this seat: play a frame if one is to be played, then see whether it is time for the next
        phase. `sample` is needed exactly when `wants_input`.
        """
        self._excuse_standstill(now)
        tick = self._play(self._played, sample, now) if self._played is not None else None
        self._turn(now)
        return tick

    def _excuse_standstill(self, now: int) -> None:
        gap = now - self._advanced_at
        self._advanced_at = now
        excess = gap - self._times.standstill
        if excess > 0:
            # Only what is beyond it is excused, or a machine whose every tick is slow would never lose its partner.
            self._heard_at = min(now, self._heard_at + excess)
            self._phase_since = min(now, self._phase_since + excess)
            if self._left_at is not None:
                self._left_at += excess
            if self.episode is not None:
                self.episode.excuse(excess)

    def _play(self, episode: Episode[S], sample: Input | None, now: int) -> Tick:
        if sample is not None and self._left_at is not None:
            sample = sample._replace(command=Command.ABORT.value)
        tick = episode.advance(sample, now)
        if self._partner_restarted or self.silent_for(now) >= self._times.lost:
            episode.seal(Agreement.PARTNER_LOST)
        elif self._left_at is not None and now - self._left_at >= self._times.leave:
            episode.seal(Agreement.LEFT)
        return tick

    def _turn(self, now: int) -> None:
        """Enter the next phase when the present one is over."""
        if self._played is not None:
            if self._played.ending is not None:
                self._finish_episode(self._played.ending, now)
            return
        times, since = self._times, now - self._phase_since
        match self.phase:
            case Phase.GREETING:
                if self._agreed is not None and self.round_trips.count >= HANDSHAKE_PROBES:
                    self._ready_next(now)
            case Phase.READYING if self.silent_for(now) >= times.lost:
                self._enter(Phase.WAITING, now)
            case Phase.COUNTDOWN:
                if self.countdown_left(now) == 0:
                    self._started = True
                    self._enter(Phase.PLAYING, now)
            case Phase.RESULT:
                if since >= times.result:
                    self._after_result(now)
            case Phase.WAITING:
                if self._heard_at > self._phase_since or self._partner_restarted:
                    self._ready_next(now)
                elif times.rejoin is not None and since >= times.rejoin:
                    self._enter(Phase.FINISHED, now)
            case Phase.FINISHED | Phase.REFUSED:
                if since >= times.linger or (self.phase is Phase.FINISHED and self._is_settled):
                    self._enter(Phase.CLOSED, now)
            case _:
                pass

    def _enter(self, phase: Phase, now: int) -> None:
        self.phase = phase
        self._played = self.episode if phase is Phase.PLAYING else None
        self._phase_since = now
        self._spoke_at = now - self._times.hello_every

    def _ready_next(self, now: int) -> None:
        """Build the next episode's header, which READY's hash then compares."""
        agreed = self._agreed
        assert agreed is not None, "there is a partner"
        setup = self.setup
        self._partner_restarted = False
        terms = episode_terms(agreed, setup.terms, self._next_episode)
        header = setup.build_header(terms)
        self.episode = Episode(terms, setup.seat, setup.game, header, setup.encode_row, self._times, now)
        self._enter(Phase.READYING, now)

    def _finish_episode(self, ending: Ending, now: int) -> None:
        episode = self.episode
        assert episode is not None
        self._verdict = episode.verdict
        self._next_episode = max(self._next_episode, episode.terms.episode + 1)
        has_quit = ending.end.cause == "quit" and self.setup.seat.other in ending.end.seats
        if has_quit and not self._partner_restarted:
            self.partner_left = True  # the rows say so, and its GOODBYE may be lost
        has_left = self._left_at is not None or self.partner_left
        is_last = self._next_episode >= self.setup.episodes or ending.end.reason is Reason.DIVERGED
        self._enter(Phase.FINISHED if has_left or is_last else Phase.RESULT, now)

    def _after_result(self, now: int) -> None:
        assert self.ending is not None
        if self.partner_left:
            self._enter(Phase.FINISHED, now)
        elif self.ending.end.reason is Reason.CUT:
            self._enter(Phase.WAITING, now)
        else:
            self._ready_next(now)

    @property
    def _is_settled(self) -> bool:
        """Whether both seats have shown that they hold each other's last word, and nothing else is to be said."""
        last = self._verdict
        if self.ending is not None and self.ending.end.reason is Reason.DIVERGED:
            return False  # the partner may still need our row hashes to name the frame
        if self._left_at is not None and (self.ending is None or self.ending.end.cause != "quit"):
            return False  # nothing but our GOODBYE tells the partner, and it may be lost
        return last is not None and self._seen >= last.episode and self._partner_seen >= last.episode

    # --- what the partner says ------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: int) -> None:
        """Take one packet. Broken, hostile or foreign bytes are counted and change nothing."""
        try:
            self._take(decode(data), now)
        except ProtocolError as error:
            self.rejected += 1
            self.last_rejection = str(error)
            if isinstance(error, OtherProtocolError) and self._partner is None:
                self._refuse((f"protocol: ours {PROTOCOL_VERSION}, theirs {error.theirs}",), now)

    def _take(self, packet: Packet, now: int) -> None:
        """Believe a packet as far as it is known to be the partner's, and new.

        What only grows (inputs, acknowledgements, verdicts) may come late and twice. A word that changes the session
        (a greeting, a READY, a GOODBYE) counts only from the newest packet, or an old one could bring back the past.
        """
        envelope, body = packet
        run, episode, echoed_sent, echoed_received, sent, verdict, seen = envelope
        if type(body) is Hello or type(body) is Refusal:
            self._take_introduction(body, envelope, now)
            return
        self.round_trips.echo = (sent, now)
        if self._agreed is None or run != self._agreed.run or self._is_of_a_program_before(echoed_sent):
            self.strays += 1
        else:
            is_newest = sent >= self._newest_sent
            if is_newest:
                self._newest_sent = sent
                self._hear(episode, now)
            self.round_trips.take(echoed_sent, echoed_received, sent, now)
            if verdict is not None or seen > self._partner_seen:
                self._take_verdict(verdict, seen)
            self._take_body(body, episode, now, is_newest=is_newest)

    def _is_of_a_program_before(self, echoed_sent: int) -> bool:
        """Whether a packet echoes nothing that we said since a new program of the partner greeted us.

        `sent` would not tell: if the whole machine was started again, its clock began anew, and what the program before
        it said would count as newer than all that follows.
        """
        return echoed_sent < self._replaced_at

    def _is_of_the_past(self, echoed_sent: int) -> bool:
        """Whether a new program's greeting echoes only what we said before the present one greeted us.

        Then it was gone by that time. A true successor hears what we say now, and echoes that sooner or later.
        """
        return echoed_sent < self._met_at

    def _take_introduction(self, body: Hello | Refusal, envelope: Envelope, now: int) -> None:
        """Take a greeting or a refusal, which belong to no run.

        What is passed over is not echoed either: a program that hears its own words takes us for its partner, and would
        begin what we said READY for to another.
        """
        is_new = type(body) is Hello and (self._partner is None or self._partner.instance != body.instance)
        is_retired = type(body) is Hello and body.instance in self._retired
        is_old = is_retired or (
            self._is_of_the_past(envelope.echoed_sent) if is_new else envelope.sent < self._newest_sent
        )
        if not is_old:
            self.round_trips.echo = (envelope.sent, now)
        if not self.round_trips.has_sent(envelope.echoed_sent, now):
            return
        if is_old:
            self.strays += 1
            return
        self._newest_sent = envelope.sent
        self.round_trips.take(envelope.echoed_sent, envelope.echoed_received, envelope.sent, now)
        if type(body) is Refusal:
            self._refuse(body.lines, now)
        elif type(body) is Hello:
            self._greet(body, now, is_new=is_new)

    def _hear(self, episode: int, now: int) -> None:
        """The partner is there. While we play, only in this episode: one that is elsewhere will send no more inputs."""
        if self._played is None or episode == self._played.terms.episode:
            self._heard_at = now

    def _take_verdict(self, verdict: Verdict | None, seen: int) -> None:
        self._partner_seen = max(self._partner_seen, seen)
        if verdict is None:
            return
        episode = self.episode
        if episode is not None and verdict.episode == episode.terms.episode:
            episode.hear_verdict(verdict)
        self._seen = max(self._seen, verdict.episode)

    def _take_body(self, body: Body, index: int, now: int, *, is_newest: bool) -> None:
        episode = self.episode
        if type(body) is Goodbye:
            if is_newest:
                self._hear_goodbye(now)
        elif episode is None or index != episode.terms.episode:
            self.strays += type(body) is Play
            if is_newest and episode is not None and index > episode.terms.episode:
                episode.hear_departure()
        elif type(body) is Play:
            if self._played is None:
                self._start_countdown(self._times.countdown, now)
            episode.receive(body, self.round_trips.smoothed, now)
        elif type(body) is Ready:
            if is_newest:
                self._hear_ready(body, episode, now)
        elif type(body) is Divergence:
            episode.hear_divergence(body)

    def _greet(self, hello: Hello, now: int, *, is_new: bool) -> None:
        lines = differences(self._hello(), hello)
        if lines:
            self._refuse(tuple(lines), now)
            return
        if self.phase is not Phase.PLAYING:
            self._heard_at = now
        if is_new or self.phase in (Phase.GREETING, Phase.READYING):
            if is_new and self._partner is not None:
                self._retired.append(self._partner.instance)
                self._replaced_at = now
            if is_new:
                self._met_at = now
            self._partner = hello
            self._agreed = agree(self._hello(), hello)
            self._next_episode = max(self._next_episode, self._agreed.episode)
        if is_new and self.phase is not Phase.GREETING:
            self._welcome_restarted(now)
        elif self.phase is Phase.READYING and not self._is_readied:
            self._ready_next(now)

    @property
    def _is_readied(self) -> bool:
        """Whether the header that was built is the one that is agreed on by now."""
        episode, agreed = self.episode, self._agreed
        assert episode is not None, "readying means readying an episode"
        assert agreed is not None, "with a partner"
        return episode.terms == episode_terms(agreed, self.setup.terms, self._next_episode)

    def _welcome_restarted(self, now: int) -> None:
        """The partner's program is a new one: what it knew of the episode is gone, and the next one comes.

        An episode for which we have ever said READY is spent, even if we have not begun it, or have given the partner
        up since: the program that is gone may have begun, and then its rows lie in a file under that run and index.
        """
        self._partner_restarted = True
        self.partner_left = False
        if self.episode is not None:
            self._next_episode = max(self._next_episode, self.episode.terms.episode + 1)
        if self.phase in (Phase.READYING, Phase.COUNTDOWN):
            self._ready_next(now)

    def _refuse(self, lines: tuple[str, ...], now: int) -> None:
        if self.phase in (Phase.GREETING, Phase.READYING):
            self.refusal = lines
            self._enter(Phase.REFUSED, now)

    def _hear_ready(self, ready: Ready, episode: Episode[S], now: int) -> None:
        ours = header_hash(episode.header)
        if ready.header_hash != ours:
            self._refuse((f"header: ours {ours.hex()}, theirs {ready.header_hash.hex()}",), now)
        else:
            self._start_countdown(ready.countdown + self.round_trips.smoothed // 2 if ready.countdown else 0, now)

    def _start_countdown(self, elapsed: int, now: int) -> None:
        """The partner is ready: count down together, from where the partner's countdown already is."""
        if self.phase is Phase.READYING:
            self._countdown_from = now - min(elapsed, self._times.countdown)
            self._enter(Phase.COUNTDOWN, now)

    def _hear_goodbye(self, now: int) -> None:
        self.partner_left = True
        if self._played is not None:
            self._played.hear_departure()
        elif self.phase not in (Phase.FINISHED, Phase.REFUSED, Phase.CLOSED, Phase.RESULT):
            self._enter(Phase.FINISHED, now)

    # --- what this seat says --------------------------------------------------------------------------------------

    def packets(self, now: int) -> list[bytes]:
        """What to send now. In play every call speaks; elsewhere about ten times a second."""
        return [self._sealed(body, now) for body in self._bodies(now)]

    def _bodies(self, now: int) -> list[Body]:
        if self._played is not None:
            divergence = self._played.divergence
            play = self._played.packet(now)
            return [play] if divergence is None else [play, divergence]
        if self.phase is Phase.CLOSED or now - self._spoke_at < self._times.hello_every:
            return []
        self._spoke_at = now
        return self._slow_bodies(now)

    def _slow_bodies(self, now: int) -> list[Body]:
        episode = self.episode
        match self.phase:
            case Phase.GREETING:
                return [self._hello()]
            case Phase.READYING | Phase.COUNTDOWN if episode is not None:
                elapsed = now - self._countdown_from if self.phase is Phase.COUNTDOWN else 0
                ready = Ready(header_hash(episode.header), max(0, elapsed))
                return [self._hello(), ready] if self.phase is Phase.READYING else [ready]
            case Phase.WAITING:
                return [self._hello(), Beat()]
            case Phase.REFUSED:
                return [self._hello(), Refusal(self.refusal)]
            case Phase.FINISHED if self._left_at is not None:
                return [Goodbye(), *self._divergences()]
            case _:
                return [Beat(), *self._divergences()]

    def _divergences(self) -> list[Body]:
        divergence = self.episode.divergence if self.episode is not None else None
        return [] if divergence is None else [divergence]

    def _hello(self) -> Hello:
        setup, agreed = self.setup, self._agreed
        keeps = agreed is not None and self._started
        return Hello(
            setup.seat,
            setup.instance,
            keeps,
            agreed.run if keeps and agreed is not None else setup.proposed_run,
            agreed.seed if keeps and agreed is not None else setup.proposed_seed,
            self._next_episode,
            setup.episodes,
            setup.player.participant,
            setup.player.kind,
            terms_fields(setup.terms),
        )

    def _sealed(self, body: Body, now: int) -> bytes:
        run = self._agreed.run if self._agreed is not None else NO_RUN
        episode = self.episode
        verdict = (episode.verdict if episode is not None else None) or self._verdict
        index = episode.terms.episode if episode is not None else 0
        envelope = make(Envelope, (run, index, *self.round_trips.echo, now, verdict, self._seen))
        return encode(envelope, body)
