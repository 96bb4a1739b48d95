"""What goes wrong in one run, as values. No randomness here: `faults` draws them, a corpus keeps them as JSON."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from netcode.limits import MILLISECOND, SECOND, Times

SIDES = (0, 1)


@dataclass(frozen=True, slots=True)
class Outage:
    """Nothing (or, in one direction only, nothing that way) passes between two virtual times (ns)."""

    start: int
    stop: int
    ways: tuple[bool, bool] = (True, True)


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """One way of the link. Probabilities are per packet, times in ns.

    `foreign`: a packet of another session comes along. `replayed`: an old packet of this session does. `boasted`: a
    packet that claims what cannot be comes along; it must be refused whole.
    """

    loss: float = 0.0
    duplicate: float = 0.0
    damage: float = 0.0
    foreign: float = 0.0
    replayed: float = 0.0
    boasted: float = 0.0
    delay: int = MILLISECOND
    jitter: int = 0
    keeps_order: bool = True
    burst_every: int = 0
    burst_length: int = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in a program's life: so many ticks after it entered a phase with an episode index of at least this one.

    While it plays, ticks are frames. `held` is a phase of its own: a tick that waits for the partner.
    """

    phase: str
    episode: int = 0
    ticks: int = 0


@dataclass(frozen=True, slots=True)
class MachinePlan:
    """One machine and the person (or bot) at it. Times are virtual ns."""

    skew_millionths: int = 0
    slow_step: int = 0
    """Every tick takes so long."""
    stalls: tuple[tuple[int, int], ...] = ()
    """(when, for how long): the program stands still."""
    sleep: Moment | None = None
    sleep_for: int = 0
    """A standstill that begins at a moment."""
    aways: tuple[tuple[int, int], ...] = ()
    """(from, to): the window has no focus."""
    crash: Moment | None = None
    restart_after: int | None = None
    reboots: bool = False
    """The whole machine starts again after its crash: its clock begins anew."""
    quit: Moment | None = None
    tamper_frame: int | None = None
    """In every episode this machine's state is altered in this frame: the seats must be found to diverge there."""
    differs: Literal["", "term", "header"] = ""
    """What this seat was set up with that the other was not: both must refuse."""
    player: Literal["walk", "taps", "still", "boundary", "bot"] = "walk"
    """`walk`: keys held for a random while; `taps`: another key every tick; `boundary`: changes at the first frames,
    the last ones and around checkpoints; `bot`: the game's own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. `disturbed_until` is the virtual time of the last timed fault."""

    seed: int
    game: str = "toy"
    tick_rate: int = 30
    frames: int = 60
    goal: int = 0
    episodes: int = 1
    delay_frames: int = 1
    window_frames: int = 15
    guess_frames: int = 8
    away_limit_frames: int = 0
    grace: int = 5 * SECOND
    """LOST and the wait for FIN: shorter than in a lab, so that most runs are short."""
    links: tuple[LinkPlan, LinkPlan] = (LinkPlan(), LinkPlan())
    machines: tuple[MachinePlan, MachinePlan] = (MachinePlan(), MachinePlan())
    outages: tuple[Outage, ...] = ()
    faults: tuple[str, ...] = ()
    """The names of what was drawn, for the coverage counters."""

    @property
    def times(self) -> Times:
        """The session's times: what a participant only looks at is shortened."""
        return Times(
            countdown=SECOND // 5,
            result=SECOND // 5,
            lost=self.grace,
            fin_wait=self.grace,
            leave=SECOND,
            rejoin=self.grace + 4 * SECOND,
        )

    @property
    def disturbed_until(self) -> int:
        """When the last fault that has a time is over, and as long as those without one last."""
        ends = [outage.stop for outage in self.outages]
        ends += [when + length for machine in self.machines for when, length in machine.stalls]
        ends += [stop for machine in self.machines for _, stop in machine.aways]
        return max(ends, default=0) + sum(machine.sleep_for for machine in self.machines)

    @property
    def is_calm(self) -> bool:
        """Whether everything that goes wrong must be repaired: nobody goes, and no silence comes near the grace."""
        if any(machine.crash or machine.quit or machine.differs for machine in self.machines):
            return False
        return self.longest_silence <= self.grace - 2 * SECOND

    @property
    def is_calm_but_for_a_restart(self) -> bool:
        """Whether one program crashes, comes back, and nothing else goes wrong that could not be repaired."""
        crashed = [machine for machine in self.machines if machine.crash]
        if len(crashed) != 1 or crashed[0].restart_after is None:
            return False
        if any(machine.quit or machine.differs or machine.tamper_frame is not None for machine in self.machines):
            return False
        return self.longest_silence <= self.grace - 2 * SECOND

    @property
    def hears_the_last_word(self) -> bool:
        """Whether no silence of the link comes near the linger: whoever is done answers for so long.

        Its own standstill is no part of it: who slept in that time answers when it wakes.
        """
        return self._link_silence <= self.times.linger - SECOND

    @property
    def longest_silence(self) -> int:
        """The sum of all that can keep one seat from hearing the other; both asleep at once count for nothing."""
        stalls = [set(machine.stalls) for machine in self.machines]
        alone = (stalls[0] | stalls[1]) - (stalls[0] & stalls[1])
        asleep = sum(machine.sleep_for for machine in self.machines)
        return asleep + sum(length for _, length in alone) + self._link_silence

    @property
    def _link_silence(self) -> int:
        bursts = max(link.burst_length for link in self.links)
        return sum(outage.stop - outage.start for outage in self.outages) + 2 * bursts

    @property
    def frame_time(self) -> int:
        """How long (ns) one frame takes at worst: a window that is shorter than a round trip slows play down."""
        steps = [machine.slow_step for machine in self.machines]
        period = SECOND // self.tick_rate + max(steps)
        trip = sum(link.delay + link.jitter for link in self.links) + 2 * period
        delivered = min(1 - link.loss for link in self.links)
        return max(period, int(trip / (delivered * delivered)) // (self.window_frames + self.delay_frames + 1)) * 5 // 4

    @property
    def time_limit(self) -> int:
        """By when every machine must be done: progress within a bound after the last fault."""
        times = self.times
        assert times.rejoin is not None, "a simulated session does not wait for ever"
        waits = 3 * self.grace + times.leave + times.linger + 4 * SECOND
        restarts = sum((machine.restart_after or 0) + 2 * self.grace for machine in self.machines if machine.crash)
        episodes = (self.episodes + 1) * (self.frames * self.frame_time + 2 * SECOND)
        return self.disturbed_until + episodes + 2 * waits + restarts + times.rejoin

    def to_json(self) -> dict[str, Any]:
        """A plan as JSON values."""
        return asdict(self)


def plan_from_json(data: dict[str, Any]) -> Plan:
    """The plan that `Plan.to_json` wrote."""
    values = dict(data)
    values["links"] = tuple(LinkPlan(**link) for link in data["links"])
    values["machines"] = tuple(_machine(machine) for machine in data["machines"])
    values["outages"] = tuple(Outage(out["start"], out["stop"], tuple(out["ways"])) for out in data["outages"])
    values["faults"] = tuple(data["faults"])
    return Plan(**values)


def _machine(data: dict[str, Any]) -> MachinePlan:
    values = dict(data)
    for name in ("stalls", "aways"):
        values[name] = tuple((first, second) for first, second in data[name])
    for name in ("crash", "quit", "sleep"):
        values[name] = Moment(**data[name]) if data[name] else None
    return MachinePlan(**values)
