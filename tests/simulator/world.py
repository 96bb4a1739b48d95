"""Runs one plan: the machines and the network in one virtual time, until both are done or time is up."""

from dataclasses import dataclass
from random import Random

from games.contract import Game, Seat
from netcode.limits import SECOND, Times
from netcode.vocabulary import Terms
from tests.simulator.machine import Machine
from tests.simulator.network import Network
from tests.simulator.plan import Plan
from tests.support.toy_game import ToyGame

QUICK = Times(countdown=SECOND // 5, result=SECOND // 5, rejoin=20 * SECOND, linger=SECOND)
"""The default grace and patience; only what a participant looks at is shortened."""
_LONGEST_RUN = 300 * SECOND


@dataclass(slots=True)
class Outcome:
    """What came of a run."""

    plan: Plan
    machines: tuple[Machine, Machine]
    network: Network
    finished_at: int | None
    """Virtual time at which both machines were done; None if they never were."""


def terms_of(plan: Plan, game: Game) -> Terms:
    config = {**game.configure(tick_rate=plan.tick_rate, frames=plan.frames)}
    if plan.game == "toy":
        config["goal"] = plan.goal
    return Terms(
        study="sim",
        dyad="1",
        session="1",
        game=game.id,
        game_version=game.version,
        source_hash="-",
        config=tuple(sorted(config.items())),
        actions=game.actions,
        event_kinds=game.event_kinds,
        columns=tuple(tuple(column) for column in game.columns),
        tick_rate=plan.tick_rate,
        delay_frames=plan.delay_frames,
        window_frames=plan.window_frames,
        guess_frames=plan.guess_frames,
        away_limit_frames=plan.away_limit_frames,
    )


def run(plan: Plan, times: Times = QUICK) -> Outcome:
    """Play the plan to its end."""
    rng = Random(plan.seed ^ 0x5EED)
    game = ToyGame()
    terms = terms_of(plan, game)
    machines = tuple(
        Machine(seat, terms, game, plan.episodes, plan.machines[seat], times, Random(rng.getrandbits(64)))
        for seat in Seat
    )
    network = Network(plan.links, plan.outages, rng)
    now, finished_at = 0, None
    while now < _LONGEST_RUN:
        wakes = [(machine.next_wake(network.next_arrival(machine.seat)), machine.seat) for machine in machines]
        due = [(wake, seat) for wake, seat in wakes if wake is not None]
        if all(machine.is_done for machine in machines) or not due:
            finished_at = now
            break
        wake, seat = min(due)
        now = max(now, wake)
        for packet in machines[seat].wake(now, network.arrived(seat, now)):
            network.send(seat, packet, now)
    return Outcome(plan, (machines[0], machines[1]), network, finished_at)
