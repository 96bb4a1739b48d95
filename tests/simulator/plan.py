"""What goes wrong in one run, as values drawn from one seed. Times are virtual nanoseconds."""

from dataclasses import dataclass, field
from random import Random

from netcode.limits import MILLISECOND, SECOND


@dataclass(frozen=True, slots=True)
class Outage:
    """Nothing (or, in one direction only, nothing that way) passes between two times."""

    start: int
    stop: int
    ways: tuple[bool, bool] = (True, True)


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """One way of the link. Probabilities are per packet, times in ns."""

    loss: float = 0.0
    duplicate: float = 0.0
    damage: float = 0.0
    foreign: float = 0.0
    delay: int = MILLISECOND
    jitter: int = 0
    keeps_order: bool = True
    burst_every: int = 0
    burst_length: int = 0


@dataclass(frozen=True, slots=True)
class MachinePlan:
    """One machine and the person (or bot) at it."""

    skew_millionths: int = 0
    clock_offset: int = 0
    slow_step: int = 0
    """Every tick takes so long (ns)."""
    stalls: tuple[tuple[int, int], ...] = ()
    """(when, for how long): the program stands still."""
    aways: tuple[tuple[int, int], ...] = ()
    """(from, to): the window has no focus."""
    crash_at: int | None = None
    restart_after: int | None = None
    quit_at: int | None = None
    flip_state_at_frame: int | None = None
    """In the first episode this machine's state is altered after so many frames: the runs must be found to diverge."""
    player: str = "walk"
    """`walk`: keys held for a random while; `taps`: a change every tick; `bot`; `still`; `boundary`: the first and last
    frames only."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    seed: int
    tick_rate: int = 30
    frames: int = 120
    goal: int = 0
    episodes: int = 2
    delay_frames: int = 1
    window_frames: int = 15
    guess_frames: int = 8
    away_limit_frames: int = 0
    game: str = "toy"
    links: tuple[LinkPlan, LinkPlan] = (LinkPlan(), LinkPlan())
    machines: tuple[MachinePlan, MachinePlan] = (MachinePlan(), MachinePlan())
    outages: tuple[Outage, ...] = ()
    faults: tuple[str, ...] = field(default=())
    """The names of what was drawn, for the coverage counters."""


def draw(seed: int) -> Plan:
    """The plan of a seed: always the same one."""
    rng = Random(seed)  # noqa: S311 - a simulation, not a secret
    return Plan(seed, episodes=rng.choice((1, 2, 3)), frames=rng.randrange(20, 200), delay_frames=rng.randrange(4))


_LONGEST_GRACE = 15 * SECOND
