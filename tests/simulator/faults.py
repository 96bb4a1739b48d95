"""Draws the plan of a seed: always the same one. Every fault class of the network, the machines, people and games."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from netcode.limits import MILLISECOND, SECOND
from tests.simulator.plan import MachinePlan, Moment, Outage, Plan
from tests.simulator.stories import STORIES

Fault = Callable[[Plan, Random], Plan]

_LONGEST_PLAY = 25 * SECOND
"""Virtual time of play in one run: slow links get fewer frames, so that every run costs some milliseconds."""


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    rng = Random(seed)
    plan = _setting(seed, rng)
    if rng.random() < _STORY_CHANCE:
        story = rng.choice(_ALONE)
        return _within_time(replace((STORIES | FAULTS)[story](plan, rng), faults=(story,)))
    names = [name for name in FAULTS if rng.random() < _CHANCES.get(name, _CHANCE)]
    rng.shuffle(names)
    for name in names[: rng.choice((0, 1, 2, 3, 4, 5, 8))]:
        changed = FAULTS[name](plan, rng)
        plan = replace(changed, faults=(*plan.faults, name)) if changed != plan else plan
    return _within_time(replace(plan, faults=tuple(sorted(plan.faults))))


def _within_time(plan: Plan) -> Plan:
    most_frames = max(20, _LONGEST_PLAY // (plan.frame_time * plan.episodes))
    return replace(plan, frames=min(plan.frames, most_frames))


def _setting(seed: int, rng: Random) -> Plan:
    """The study: what is played, how long, by whom, and with which delay, window and guess rule."""
    frames = rng.choice((20, 29, 30, 31, 45, 61, 70, 90)) if rng.random() < 0.9 else rng.randrange(90, 601)
    game = rng.choice(("toy",) * 8 + ("foraging", "crossing"))
    players = ("walk", "walk", "taps", "boundary", "still") if game == "toy" else ("bot", "bot", "walk")
    goal = rng.randrange(2, 8) if game == "toy" and rng.random() < 0.35 else 0
    return Plan(
        seed,
        game=game,
        tick_rate=rng.choice((10, 30, 30, 30, 60)),
        frames=frames,
        goal=goal,
        episodes=rng.choice((1, 1, 2, 3)),
        delay_frames=rng.choice((0, 1, 1, 2, 3, 4)),
        window_frames=rng.choice((0, 1, 4, 15, 15, 15, 30, 60)),
        guess_frames=rng.choice((0, 8, 8, 1000)),
        away_limit_frames=rng.choice((0, 0, 0, 12)),
        machines=(_machine(rng, players), _machine(rng, players)),
    )


def _machine(rng: Random, players: tuple[Any, ...]) -> MachinePlan:
    return MachinePlan(player=rng.choice(players))


# --- the link -----------------------------------------------------------------------------------------------------


def _on_links(plan: Plan, rng: Random, **changes: Callable[[], Any]) -> Plan:
    """Change one way of the link or both."""
    ways = rng.choice(((True, True), (True, True), (True, False), (False, True)))
    links = [
        replace(link, **{name: value() for name, value in changes.items()}) if hit else link
        for link, hit in zip(plan.links, ways, strict=True)
    ]
    return replace(plan, links=(links[0], links[1]))


def _loss(plan: Plan, rng: Random) -> Plan:
    return _on_links(plan, rng, loss=lambda: rng.choice((0.01, 0.1, 0.3, 0.5)))


def _bursts(plan: Plan, rng: Random) -> Plan:
    return _on_links(
        plan,
        rng,
        burst_every=lambda: rng.randrange(1000, 3000) * MILLISECOND,
        burst_length=lambda: rng.randrange(50, 600) * MILLISECOND,
    )


def _duplicates(plan: Plan, rng: Random) -> Plan:
    return _on_links(plan, rng, duplicate=lambda: rng.choice((0.05, 0.5)))


def _reordering(plan: Plan, rng: Random) -> Plan:
    return _on_links(plan, rng, keeps_order=lambda: False, jitter=lambda: rng.randrange(30, 400) * MILLISECOND)


def _delay(plan: Plan, rng: Random) -> Plan:
    return _on_links(plan, rng, delay=lambda: rng.choice((20, 50, 100, 200, 400)) * MILLISECOND)


def _jitter(plan: Plan, rng: Random) -> Plan:
    return _on_links(plan, rng, jitter=lambda: rng.randrange(5, 200) * MILLISECOND)


def _damage(plan: Plan, rng: Random) -> Plan:
    return _on_links(plan, rng, damage=lambda: rng.choice((0.02, 0.3)))


def _foreign(plan: Plan, rng: Random) -> Plan:
    return _on_links(plan, rng, foreign=lambda: rng.choice((0.02, 0.2)))


def _replayed(plan: Plan, rng: Random) -> Plan:
    return _on_links(plan, rng, replayed=lambda: rng.choice((0.05, 0.3)))


def _boasted(plan: Plan, rng: Random) -> Plan:
    return _on_links(plan, rng, boasted=lambda: rng.choice((0.02, 0.2)))


_PARTS_OF_A_RUN = ("start", "end", "anywhere", "anywhere")
"""Greetings and partings are short, and most of the protocol's words are in them."""


def _when(plan: Plan, rng: Random) -> int:
    """A time inside the run: from the greeting to a little after the last frame."""
    play = plan.frames * SECOND // plan.tick_rate
    last = SECOND + plan.episodes * (play + SECOND // 2)
    match rng.choice(_PARTS_OF_A_RUN):
        case "start":
            return rng.randrange(0, SECOND)
        case "end":
            return rng.randrange(last - SECOND, last + SECOND // 2)
    return rng.randrange(0, last)


def _outage(plan: Plan, rng: Random, length: int, ways: tuple[bool, bool]) -> Plan:
    start = _when(plan, rng)
    return replace(plan, outages=(*plan.outages, Outage(start, start + length, ways)))


def _cut_and_heal(plan: Plan, rng: Random) -> Plan:
    return _outage(plan, rng, rng.randrange(100, 2000) * MILLISECOND, (True, True))


def _one_way_outage(plan: Plan, rng: Random) -> Plan:
    length = rng.choice((700 * MILLISECOND, 1500 * MILLISECOND, plan.grace, plan.grace + SECOND))
    return _outage(plan, rng, length, rng.choice(((True, False), (False, True))))


def _cut(plan: Plan, rng: Random) -> Plan:
    return _outage(plan, rng, plan.grace + rng.randrange(0, 4000) * MILLISECOND, (True, True))


# --- machines -----------------------------------------------------------------------------------------------------


def _on_machine(plan: Plan, rng: Random, **changes: Any) -> Plan:  # noqa: ANN401  # any of a plan's fields
    """Change one machine."""
    machines = list(plan.machines)
    side = rng.randrange(2)
    machines[side] = replace(machines[side], **changes)
    return replace(plan, machines=(machines[0], machines[1]))


def _stall(plan: Plan, rng: Random) -> Plan:
    lengths = (100, 150, 300, 700, 1500, 3000, 10_000)
    stalls = sorted((_when(plan, rng), rng.choice(lengths) * MILLISECOND) for _ in range(rng.choice((1, 1, 3))))
    return _on_machine(plan, rng, stalls=tuple(stalls))


def _last_word(plan: Plan, rng: Random) -> Plan:
    """A seat falls silent for a while at every turn, and sleeps while it should answer for the last time."""
    side = rng.randrange(2)
    links, machines = list(plan.links), list(plan.machines)
    links[side] = replace(
        links[side], burst_every=rng.randrange(900, 1200) * MILLISECOND, burst_length=450 * MILLISECOND
    )
    sleep_for = plan.times.linger + rng.randrange(50) * MILLISECOND
    machines[side] = replace(machines[side], sleep=Moment("finished"), sleep_for=sleep_for)
    plan = replace(plan, links=(links[0], links[1]), machines=(machines[0], machines[1]))
    return _tamper(plan, rng) if rng.random() < 0.4 else plan


def _both_stall(plan: Plan, rng: Random) -> Plan:
    """Both machines sleep at the same time, longer than the grace: no silence of a partner is in it."""
    stall = (_when(plan, rng), plan.grace + rng.randrange(500, 4000) * MILLISECOND)
    machines = [replace(machine, stalls=(stall,)) for machine in plan.machines]
    return replace(plan, machines=(machines[0], machines[1]))


def _skew(plan: Plan, rng: Random) -> Plan:
    machines = [replace(machine, skew_millionths=rng.randrange(-20_000, 20_001)) for machine in plan.machines]
    return replace(plan, machines=(machines[0], machines[1]))


def _slow_steps(plan: Plan, rng: Random) -> Plan:
    """A machine whose ticks are slow, some of them slower than what counts as a standstill."""
    return _on_machine(plan, rng, slow_step=rng.choice((5, 40, 120)) * MILLISECOND)


def _slow_alone(plan: Plan, rng: Random) -> Plan:
    """Every tick of one seat is as long as a standstill, and its partner goes for good."""
    slow, gone = plan.machines[0], plan.machines[1]
    slow, gone = replace(slow, slow_step=400 * MILLISECOND), replace(gone, crash=_moment(plan, rng), restart_after=None)
    return replace(plan, machines=(slow, gone) if rng.random() < 0.5 else (gone, slow))


_PHASES = ("greeting", "readying", "countdown", "playing", "playing", "playing", "playing", "held", "result")


def _moment(plan: Plan, rng: Random) -> Moment:
    phase = rng.choice(_PHASES)
    ticks = _frame(plan, rng) if phase == "playing" else rng.randrange(4)
    return Moment(phase, rng.randrange(plan.episodes) if phase != "greeting" else 0, ticks)


def _frame(plan: Plan, rng: Random) -> int:
    """A frame in which something happens; often so that an input sampled then belongs to the last frame."""
    return max(0, plan.frames - 1 - plan.delay_frames) if rng.random() < 0.3 else rng.randrange(plan.frames)


def _crash(plan: Plan, rng: Random) -> Plan:
    return _on_machine(plan, rng, crash=_moment(plan, rng), restart_after=None)


def _rejoin(plan: Plan, rng: Random) -> Plan:
    """A crash and a new start; now and then, what the program that is gone said still comes in."""
    plan = replace(plan, episodes=max(plan.episodes, 2))
    if rng.random() < 0.4:
        plan = replace(plan, links=(replace(plan.links[0], replayed=0.3), replace(plan.links[1], replayed=0.3)))
    back = rng.choice((50, 400, 1000, 3000, 6000)) * MILLISECOND
    return _on_machine(plan, rng, crash=_moment(plan, rng), restart_after=back)


def _reboot(plan: Plan, rng: Random) -> Plan:
    """The machine as well is started again, so that its clock begins anew; often, old packets still come in."""
    plan = _rejoin(plan, rng)
    machines = [replace(machine, reboots=machine.restart_after is not None) for machine in plan.machines]
    return replace(plan, machines=(machines[0], machines[1]))


def _lost_start(plan: Plan, rng: Random) -> Plan:
    """One seat begins while the other does not hear it, crashes in its first frames, and comes back: at once, or when
    the other has given it up.
    """
    side = rng.randrange(2)
    start = rng.randrange(301, 334) * MILLISECOND  # between the last greeting and READY
    length, back = rng.randrange(500, 1500) * MILLISECOND, rng.randrange(50, 400) * MILLISECOND
    if rng.random() < 0.4:
        length, back = length + plan.grace, back + plan.grace + SECOND
    silent = Outage(start, start + length, (side == 0, side == 1))
    crash = Moment("playing", 0, rng.randrange(6))
    machines = list(plan.machines)
    machines[side] = replace(machines[side], crash=crash, restart_after=back)
    plan = replace(plan, outages=(*plan.outages, silent), machines=(machines[0], machines[1]))
    # It can reach that frame, and confirm one that is neutral by rule.
    window, delay = max(plan.window_frames, 6), max(plan.delay_frames, 1)
    return replace(plan, episodes=max(plan.episodes, 2), window_frames=window, delay_frames=delay)


def _late_crash(plan: Plan, rng: Random) -> Plan:
    """A seat is gone in its last frames: nothing of it is missing but its word, and it may hold everything too."""
    plan = replace(plan, delay_frames=max(plan.delay_frames, 3))
    last = Moment("playing", rng.randrange(plan.episodes), max(0, plan.frames - 1 - rng.randrange(2)))
    return _on_machine(plan, rng, crash=last, restart_after=rng.choice((None, 3 * SECOND)))


# --- the moments that last short ------------------------------------------------------------------------------------


def _gone_while(plan: Plan, rng: Random, side: int, phase: str) -> Plan:
    """Whoever sits at this machine quits in that phase, or the program crashes, for good or for a while."""
    moment = Moment(phase, rng.randrange(plan.episodes), rng.randrange(3))
    machines = list(plan.machines)
    if rng.random() < 0.6:
        machines[side] = replace(machines[side], quit=moment)
    else:
        back = rng.choice((None, 400 * MILLISECOND, 3 * SECOND))
        machines[side] = replace(machines[side], crash=moment, restart_after=back)
    return replace(plan, machines=(machines[0], machines[1]))


def _while_held(plan: Plan, rng: Random) -> Plan:
    """A seat goes while it waits: its window is short, and its partner is not heard for longer than that."""
    side = rng.randrange(2)
    window = min(plan.window_frames, plan.tick_rate // 4)
    start = rng.randrange(600, 600 + 1000 * plan.frames // plan.tick_rate) * MILLISECOND
    stop = start + rng.choice((800 * MILLISECOND, 2 * SECOND, plan.grace + SECOND))
    ways = rng.choice(((True, True), (side == 1, side == 0)))
    plan = replace(plan, window_frames=window, outages=(*plan.outages, Outage(start, stop, ways)))
    return _gone_while(plan, rng, side, "held")


def _while_readying(plan: Plan, rng: Random) -> Plan:
    """A seat goes between the greeting and the countdown, which a slow link makes longer."""
    plan = _delay(plan, rng)
    return _gone_while(plan, rng, rng.randrange(2), "readying")


# --- people -------------------------------------------------------------------------------------------------------


def _aways(plan: Plan, rng: Random) -> tuple[tuple[int, int], ...]:
    spans = []
    for _ in range(rng.choice((1, 1, 3))):
        start = _when(plan, rng)
        spans.append((start, start + rng.randrange(30, 2500) * MILLISECOND))
    return tuple(sorted(spans))


def _focus(plan: Plan, rng: Random) -> Plan:
    return _on_machine(plan, rng, aways=_aways(plan, rng))


def _both_away(plan: Plan, rng: Random) -> Plan:
    spans = _aways(plan, rng)
    machines = [replace(machine, aways=spans) for machine in plan.machines]
    return replace(plan, machines=(machines[0], machines[1]))


def _quit(plan: Plan, rng: Random) -> Plan:
    return _on_machine(plan, rng, quit=_moment(plan, rng))


def _both_quit(plan: Plan, rng: Random) -> Plan:
    """Both quit in the same frame, or nearly."""
    moment = Moment("playing", rng.randrange(plan.episodes), _frame(plan, rng))
    later = replace(moment, ticks=min(plan.frames - 1, moment.ticks + rng.choice((0, 0, 1, 2))))
    first, second = plan.machines
    return replace(plan, machines=(replace(first, quit=moment), replace(second, quit=later)))


# --- game and setup -----------------------------------------------------------------------------------------------


def _tamper(plan: Plan, rng: Random) -> Plan:
    """One side's state is altered, on a link that is often bad: both must name the frame all the same."""
    if any(machine.tamper_frame is not None for machine in plan.machines):
        return plan  # the same bug on both sides makes no difference between them
    plan = _loss(plan, rng) if rng.random() < 0.6 else plan
    return _on_machine(plan, rng, tamper_frame=_frame(plan, rng))


def _unlike(plan: Plan, rng: Random) -> Plan:
    return _on_machine(plan, rng, differs=rng.choice(("term", "header")))


FAULTS: dict[str, Fault] = {
    "loss": _loss,
    "bursts": _bursts,
    "duplicates": _duplicates,
    "reordering": _reordering,
    "delay": _delay,
    "jitter": _jitter,
    "damage": _damage,
    "foreign": _foreign,
    "replayed": _replayed,
    "boasted": _boasted,
    "cut-and-heal": _cut_and_heal,
    "one-way-outage": _one_way_outage,
    "cut": _cut,
    "stall": _stall,
    "both-stall": _both_stall,
    "last-word": _last_word,
    "skew": _skew,
    "slow-steps": _slow_steps,
    "slow-alone": _slow_alone,
    "crash": _crash,
    "rejoin": _rejoin,
    "reboot": _reboot,
    "lost-start": _lost_start,
    "late-crash": _late_crash,
    "while-held": _while_held,
    "while-readying": _while_readying,
    "focus": _focus,
    "both-away": _both_away,
    "quit": _quit,
    "both-quit": _both_quit,
    "tamper": _tamper,
    "unlike": _unlike,
}
"""Every fault by its name in the coverage counters."""

_ALONE = (*STORIES, "lost-start", "last-word", "unlike")
"""What now and then comes without any other fault, which would cover it up."""
_STORY_CHANCE = 0.3
_CHANCE = 0.2
_CHANCES = {
    "unlike": 0.08,
    "cut": 0.15,
    "both-quit": 0.08,
    "tamper": 0.15,
    "lost-start": 0.12,
    "reboot": 0.1,
    "slow-alone": 0.08,
    "late-crash": 0.08,
    "while-held": 0.08,
    "while-readying": 0.05,
    "last-word": 0.15,
}
"""What ends a session early hides what comes after it, so it is drawn less often."""
