"""Runs one plan: the machines and the network in one virtual time, until both are done or time is up."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from games import registry
from games.contract import Game, Seat
from netcode.session import Phase
from netcode.vocabulary import Terms
from tests.simulator.machine import NEVER, Machine
from tests.simulator.network import Foreign, Network
from tests.simulator.plan import LinkPlan, MachinePlan, Plan
from tests.support.toy_game import ToyGame

_BOOTED = 10**15
"""About what the clocks of these machines show when a run begins; of the session before it, a good deal less."""
_NOBODY: Foreign = ([], [])


@dataclass(slots=True)
class Outcome:
    """What came of a run. `finished_at` is the virtual time when both machines were done; None if they never were."""

    plan: Plan
    game: Game[Any]
    terms: Terms
    machines: tuple[Machine, Machine]
    network: Network
    finished_at: int | None


def game_of(plan: Plan) -> Game[Any]:
    """The game that a plan plays."""
    return ToyGame() if plan.game == "toy" else registry.find(plan.game)


def terms_of(plan: Plan, game: Game[Any]) -> Terms:
    """What both seats bring to the session."""
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
        columns=tuple((name, kind, unit, meaning) for name, kind, unit, meaning in game.columns),
        tick_rate=plan.tick_rate,
        delay_frames=plan.delay_frames,
        window_frames=plan.window_frames,
        guess_frames=plan.guess_frames,
        away_limit_frames=plan.away_limit_frames,
    )


def run(plan: Plan) -> Outcome:
    """Play the plan to its end."""
    foreign = _said_before(plan) if any(link.foreign for link in plan.links) else _NOBODY
    return _play(plan, foreign, _BOOTED)


def _said_before(plan: Plan) -> Foreign:
    """What the same two machines said in a session before: as like to this one's packets as another's can be."""
    quiet = replace(
        plan,
        seed=plan.seed ^ 0xF0E1,
        frames=24,
        episodes=2,
        outages=(),
        links=(LinkPlan(), LinkPlan()),
        machines=(MachinePlan(), MachinePlan()),
    )
    kept: Foreign = ([], [])
    _play(quiet, _NOBODY, _BOOTED // 2, kept)
    return kept


class _Recorder(Network):
    """A network that also writes down what each seat says."""

    kept: Foreign = _NOBODY

    def send(self, sender: int, data: bytes, now: int) -> None:
        self.kept[sender].append(data)
        super().send(sender, data, now)


def _play(plan: Plan, foreign: Foreign, boot_clock: int, kept: Foreign | None = None) -> Outcome:
    rng = Random(plan.seed ^ 0x5EED)
    game = game_of(plan)
    terms = terms_of(plan, game)
    left, right = (
        Machine(seat, plan, _brought(plan, seat, terms), game, boot_clock + rng.getrandbits(40), _fork(rng))
        for seat in Seat
    )
    network = Network(plan, rng, foreign) if kept is None else _Recorder(plan, rng, foreign)
    if kept is not None and isinstance(network, _Recorder):
        network.kept = kept
    finished_at = _until_done(plan, (left, right), network)
    return Outcome(plan, game, terms, (left, right), network, finished_at)


def _fork(rng: Random) -> Random:
    return Random(rng.getrandbits(64))


def _brought(plan: Plan, seat: Seat, terms: Terms) -> Terms:
    is_unlike = plan.machines[seat].differs == "term"
    return replace(terms, guess_frames=terms.guess_frames + 1) if is_unlike else terms


def _until_done(plan: Plan, machines: tuple[Machine, Machine], network: Network) -> int | None:
    now, limit = 0, plan.time_limit
    left, right = machines
    while now < limit:
        wake_left, wake_right = left.next_wake(network.next_arrival(0)), right.next_wake(network.next_arrival(1))
        machine, wake = (left, wake_left) if wake_left <= wake_right else (right, wake_right)
        if wake == NEVER:
            return now
        now = max(now, wake)
        machine.wake(now, network)
        if NEVER in (wake_left, wake_right) and machine.session.phase is Phase.GREETING:
            machine.give_up(now)  # nobody will ever come: whoever runs the session closes this window
    return None
