"""One simulated machine: a clock of its own, a person, a program that may stall or crash, and the real session."""

from dataclasses import dataclass, field
from random import Random

from games.contract import Game, Seat
from netcode.episode import Tick
from netcode.limits import Times
from netcode.pulse import Pulse, Tally
from netcode.session import Phase, Session, Setup
from netcode.vocabulary import AWAY, Ending, Input, Player, Reason, Terms
from tests.simulator.plan import MachinePlan
from tests.support.rows import encode_header, encode_row

_MILLION = 1_000_000


@dataclass(slots=True)
class Record:
    """What one seat recorded of one episode."""

    episode: int
    header: bytes
    seed: int
    rows: list[bytes] = field(default_factory=list)
    inputs: list[tuple[Input, Input]] = field(default_factory=list)
    ending: Ending | None = None
    recovered: bool = False
    tally: Tally = field(default_factory=Tally)

    @property
    def reason(self) -> Reason:
        """How the record says it ended; a crash leaves a recovered one."""
        return self.ending.end.reason if self.ending is not None else Reason.RECOVERED


class Machine:
    """Runs the same loop as the client: drain, run what is due, send."""

    def __init__(
        self, seat: Seat, terms: Terms, game: Game, episodes: int, plan: MachinePlan, times: Times, rng: Random
    ) -> None:
        self.seat = seat
        self.plan = plan
        self.records: list[Record] = []
        self.is_up = True
        self.ticks: list[Tick] = []
        self.restarts = 0
        self.refusal: tuple[str, ...] = ()
        self._terms, self._game, self._episodes, self._times, self._rng = terms, game, episodes, times, rng
        self._asleep_until = 0
        self._stalls = list(plan.stalls)
        self._crash_at = plan.crash_at
        self._back_at: int | None = None
        self._quit_at = plan.quit_at
        self._held_key = 0
        self._held_for = 0
        self._boot(0)

    def _boot(self, now: int) -> None:
        setup = Setup(
            seat=self.seat,
            terms=self._terms,
            player=Player(f"P{self.seat}", "human"),
            episodes=self._episodes,
            game=self._game,
            build_header=encode_header,
            encode_row=encode_row,
            instance=self._rng.randbytes(8),
            proposed_run=self._rng.randbytes(8),
            proposed_seed=self._rng.getrandbits(62),
            times=self._times,
        )
        local = self.local(now)
        self.session = Session(setup, local)
        self.pulse = Pulse(self.session, local)
        self.is_up = True

    def local(self, now: int) -> int:
        """This machine's clock at virtual time `now`."""
        return self.plan.clock_offset + now + now * self.plan.skew_millionths // _MILLION

    def virtual(self, local: int) -> int:
        """The virtual time at which this machine's clock shows `local`, rounded up."""
        return -((self.plan.clock_offset - local) * _MILLION // (_MILLION + self.plan.skew_millionths))

    @property
    def is_done(self) -> bool:
        """Whether nothing will happen here any more."""
        if not self.is_up:
            return self._back_at is None
        return self.session.phase is Phase.CLOSED

    def next_wake(self, arrival: int | None) -> int | None:
        """When this machine has something to do: its deadline, a packet, or the end of a stall."""
        if not self.is_up:
            return self._back_at
        if self.session.phase is Phase.CLOSED:
            return None
        wake = self.virtual(self.pulse.deadline)
        if arrival is not None:
            wake = min(wake, arrival)
        return max(wake, self._asleep_until)

    def wake(self, now: int, packets: list[bytes]) -> list[bytes]:
        """Do what is to be done at `now`; the packets to send."""
        if not self.is_up:
            self._back_at = None
            self.restarts += 1
            self._boot(now)
        elif self._crash_at is not None and now >= self._crash_at:
            self._crash(now)
            return []
        elif self._stalls and now >= self._stalls[0][0]:
            self._asleep_until = now + self._stalls.pop(0)[1]
            return self._live(now, packets)
        return self._live(now, packets)

    def _crash(self, now: int) -> None:
        self._crash_at = None
        self.is_up = False
        if self.records and self.records[-1].ending is None:
            self.records[-1].recovered = True
        if self.plan.restart_after is not None:
            self._back_at = now + self.plan.restart_after

    def _live(self, now: int, packets: list[bytes]) -> list[bytes]:
        local, session = self.local(now), self.session
        for packet in packets:
            session.receive(packet, local)
        if self._quit_at is not None and now >= self._quit_at:
            self._quit_at = None
            session.leave(local)
        ticks = self.pulse.retry(local) if packets else []
        ran = local >= self.pulse.deadline
        ticks += self.pulse.run(local, lambda: self._sample(now))
        self._note(ticks)
        if ran and self.plan.slow_step:
            self._asleep_until = max(self._asleep_until, now + self.plan.slow_step)
        return session.packets(local) if ran or ticks else []

    def _note(self, ticks: list[Tick]) -> None:
        session = self.session
        episode = session.episode
        if episode is None:
            return
        index = episode.terms.episode
        if session.phase is Phase.PLAYING or ticks:
            if not self.records or self.records[-1].episode != index:
                self.records.append(Record(index, episode.header, episode.terms.seed))
        if not self.records or self.records[-1].episode != index:
            return
        record = self.records[-1]
        for tick in ticks:
            for frame in tick.confirmed:
                assert frame.frame == len(record.rows), "rows come in order, each once"
                record.rows.append(frame.row)
                record.inputs.append(frame.inputs)
        record.tally = self.pulse.tally
        if record.ending is None and episode.ending is not None:
            record.ending = episode.ending

    def _sample(self, now: int) -> Input:
        if any(start <= now < stop for start, stop in self.plan.aways):
            self._held_key = 0
            return Input(0, AWAY)
        return Input(self._action())

    def _action(self) -> int:
        count = len(self._game.actions)
        match self.plan.player:
            case "still":
                return 0
            case "taps":
                return self._rng.randrange(count)
            case _:
                if self._held_for == 0:
                    self._held_for = self._rng.randrange(1, 20)
                    self._held_key = self._rng.randrange(count)
                self._held_for -= 1
                return self._held_key
