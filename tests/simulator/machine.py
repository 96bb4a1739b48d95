"""One simulated machine: a clock of its own, a person, a program that may stall or crash, and the real session."""

from random import Random
from typing import Any

from games import registry
from games.contract import Game, Seat
from netcode.episode import Held
from netcode.limits import HICCUP, SECOND
from netcode.pulse import Pulse
from netcode.session import Phase, Session, Setup
from netcode.vocabulary import AWAY, EpisodeTerms, Input, Player, Terms
from tests.simulator.network import Network
from tests.simulator.person import Person
from tests.simulator.plan import MachinePlan, Moment, Plan
from tests.simulator.tampering import Tampered
from tests.simulator.witness import Witness
from tests.support.rows import encode_header, encode_row

NEVER = 1 << 62
"""A virtual time that no run reaches."""
_MILLION = 1_000_000


class Machine:
    """Runs the same loop as the client: drain, run what is due, send."""

    def __init__(self, seat: Seat, plan: Plan, terms: Terms, game: Game[Any], boot_clock: int, rng: Random) -> None:
        mine: MachinePlan = plan.machines[seat]
        self.seat = seat
        self.plan = mine
        self.witness = Witness(terms)
        self.is_up = True
        self.lives = 0
        self.sampled: dict[tuple[str, int], list[Input]] = {}
        """What the person did in each episode of each run, one a tick that asked for it."""
        self.quit_at: int | None = None
        """This machine's clock when its person quit while it played, until the episode has ended."""
        self._plan, self._terms, self._rng, self._boot_clock = plan, terms, rng, boot_clock
        self._game = game if mine.tamper_frame is None else Tampered(game, mine.tamper_frame)
        self._asleep_until = 0
        self._stalls = list(mine.stalls)
        self._crash, self._quit, self._sleep = mine.crash, mine.quit, mine.sleep
        self._back_at: int | None = None
        self._last_local = 0
        self._boot(0)

    def _boot(self, now: int) -> None:
        self.witness.begin_life()
        rng, plan = self._rng, self._plan
        bot = registry.bot(plan.game, self.seat, rng.getrandbits(32)) if self.plan.player == "bot" else None
        self._person = Person(self.plan, len(self._game.actions), plan.frames, Random(rng.getrandbits(64)), bot)
        setup = Setup(
            seat=self.seat,
            terms=self._terms,
            player=Player(f"P{self.seat}", "human" if bot is None else "bot"),
            episodes=plan.episodes,
            game=self._game,
            build_header=self._build_header,
            encode_row=encode_row,
            instance=rng.randbytes(8),
            proposed_run=rng.randbytes(8),
            proposed_seed=rng.getrandbits(62),
            times=plan.times,
        )
        local = self.local(now)
        self.session = Session(setup, local)
        self.pulse = Pulse(self.session, local)
        self._phase, self._ticks_in_phase = self.session.phase, 0
        self._wakes_at = now
        self.is_up = True
        self.lives += 1

    def _start_clock(self, now: int) -> None:
        """The machine itself was started again, a moment ago."""
        self.witness.seen["reboots"] += 1
        self._boot_clock += self._rng.randrange(SECOND) - self.local(now)
        self._last_local = 0

    def _build_header(self, terms: EpisodeTerms) -> bytes:
        return encode_header(terms) + (b"!" if self.plan.differs == "header" else b"")

    def local(self, now: int) -> int:
        """This machine's clock at virtual time `now`."""
        return self._boot_clock + now + now * self.plan.skew_millionths // _MILLION

    def virtual(self, local: int) -> int:
        """The virtual time at which this machine's clock shows `local`, rounded up."""
        return -((self._boot_clock - local) * _MILLION // (_MILLION + self.plan.skew_millionths))

    def next_wake(self, arrival: int | None) -> int:
        """When this machine has something to do: its deadline, a packet, the end of a stall; or `NEVER`."""
        if not self.is_up:
            return NEVER if self._back_at is None else self._back_at
        wake = self._wakes_at
        if arrival is not None and arrival < wake != NEVER:
            wake = arrival
        return wake if wake > self._asleep_until else self._asleep_until

    def wake(self, now: int, network: Network) -> None:
        """Do what is to be done at `now`."""
        if not self.is_up:
            if self._back_at is not None and now >= self._back_at:
                self._back_at = None
                if self.plan.reboots:
                    self._start_clock(now)
                self._boot(now)
        elif self._stalls and now >= self._stalls[0][0]:
            when, length = self._stalls.pop(0)
            self._asleep_until = max(now, when + length)
            self.witness.seen["stalls"] += 1
        else:
            self._live(now, network)
        self._wakes_at = NEVER if self.session.phase is Phase.CLOSED else self.virtual(self.pulse.deadline)

    def give_up(self, now: int) -> None:
        """Nobody will ever come: whoever runs the session closes this window."""
        self.witness.seen["leavings"] += 1
        self.session.leave(self.local(now))

    def _live(self, now: int, network: Network) -> None:
        local, session, pulse = self.local(now), self.session, self.pulse
        assert local >= self._last_local, "a machine's clock never goes back"
        self._last_local = local
        is_due = local >= pulse.deadline
        if is_due:
            self._count_tick()
            if self._sleep is not None and self._has_reached(self._sleep):
                self._sleep = None
                self._asleep_until = now + self.plan.sleep_for
                return
            if self._crash is not None and self._has_reached(self._crash):
                self._die(now)
                return
            if self._quit is not None and self._has_reached(self._quit):
                self._leave(local)
        packets = network.arrived(self.seat, now)
        for packet in packets:
            session.receive(packet, local)
        ticks = pulse.retry(local) if packets else []
        is_due = local >= pulse.deadline
        ticks += self._run(now, local) if is_due else []
        self.witness.saw(session, pulse, ticks, local)
        self._watch_leaving(local)
        if is_due or ticks:
            for packet in session.packets(local):
                network.send(self.seat, packet, now)
            if self.plan.slow_step:
                self._asleep_until = max(self._asleep_until, now + self.plan.slow_step)

    def _run(self, now: int, local: int) -> list[Any]:
        """Run what is due. After a standstill it is no more than what the partner played on without us."""
        pulse, episode = self.pulse, self.session.episode
        if self.session.phase is not Phase.PLAYING or episode is None:
            return pulse.run(local, lambda: self._sample(now))
        due, before = pulse.metronome.due(local), episode.frame
        owed = max(1, episode.partner_frame - before)
        own, is_absent = episode.timeline.own, pulse.absent_ticks(local) > 0
        committed = own.count
        ticks = pulse.run(local, lambda: self._sample(now))
        if is_absent and any(own[frame][:2] != (0, AWAY) for frame in range(committed, own.count)):
            self.witness.faults.append("a seat whose program stood still did something meanwhile")
        if due > 1:
            self.witness.seen["late wakes"] += 1
            self.witness.seen["owed batches"] += owed > HICCUP * self._terms.tick_rate // SECOND
            if episode.frame - before > owed:
                self.witness.faults.append(f"ran {episode.frame - before} ticks and owed {owed}")
        return ticks

    def _sample(self, now: int) -> Input:
        episode = self.session.episode
        assert episode is not None, "sampled in play"
        sample = self._person.sample(now, episode.frame, episode.timeline.head)
        self.sampled.setdefault((episode.terms.run, episode.terms.episode), []).append(sample)
        return sample

    # --- crashing and leaving -------------------------------------------------------------------------------------

    def _count_tick(self) -> None:
        if self.session.phase is self._phase:
            self._ticks_in_phase += 1
        else:
            self._phase, self._ticks_in_phase = self.session.phase, 0

    def _has_reached(self, moment: Moment) -> bool:
        phase, episode = self.session.phase, self.session.episode
        if episode is not None and episode.terms.episode < moment.episode:
            return False
        if moment.phase == "held":
            return phase is Phase.PLAYING and episode is not None and episode.held is Held.WINDOW
        if phase.value != moment.phase:
            return False
        ticks = episode.frame if phase is Phase.PLAYING and episode is not None else self._ticks_in_phase
        return ticks >= moment.ticks

    def _die(self, now: int) -> None:
        assert self._crash is not None
        self.witness.seen[f"crash while {self._crash.phase}"] += 1
        self._crash = None
        self.is_up, self.quit_at = False, None
        if self.plan.restart_after is not None:
            self._back_at = now + self.plan.restart_after

    def _leave(self, local: int) -> None:
        assert self._quit is not None
        self.witness.seen[f"quit while {self._quit.phase}"] += 1
        self.witness.seen["leavings"] += 1
        self._quit = None
        if self.session.phase is Phase.PLAYING:
            self.quit_at = local
        self.session.leave(local)

    def _watch_leaving(self, local: int) -> None:
        """Someone who leaves does not wait: by an abort, or by a seal when nothing can be committed."""
        if self.quit_at is None:
            return
        patience = self._plan.times.leave + 2 * self.plan.slow_step + SECOND // 2
        if local - self.quit_at > patience and not self.plan.stalls:
            self.witness.faults.append("someone who left had to wait for longer than the leave time")
            self.quit_at = None
        elif self.session.phase is not Phase.PLAYING:
            self.quit_at = None
