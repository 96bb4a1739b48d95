"""Short stories: things that must meet for a rule to matter, and seldom do by chance. Nothing else happens in them."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from netcode.limits import MILLISECOND, SECOND
from netcode.vocabulary import CHECKPOINT_FRAMES
from tests.simulator.plan import LinkPlan, MachinePlan, Moment, Outage, Plan

Story = Callable[[Plan, Random], Plan]

_BEGINS = 560 * MILLISECOND
"""About when two quick machines on a quick link have greeted and counted down."""


def _on_both(plan: Plan, *, link: LinkPlan | None = None, machine: MachinePlan | None = None) -> Plan:
    """Both ways of the link alike, both machines alike but for the people at them."""
    if link is not None:
        plan = replace(plan, links=(link, link))
    if machine is not None:
        left, right = (replace(machine, player=mine.player) for mine in plan.machines)
        plan = replace(plan, machines=(left, right))
    return plan


def _with(plan: Plan, side: int, machine: MachinePlan) -> Plan:
    """Another machine on one side, with the same person at it."""
    machines = list(plan.machines)
    machines[side] = replace(machine, player=machines[side].player)
    return replace(plan, machines=(machines[0], machines[1]))


def _long_play(plan: Plan, rng: Random) -> Plan:
    """An episode that is longer than what is kept of its inputs, with a partner who is far away."""
    plan = _on_both(plan, link=LinkPlan(delay=rng.choice((20, 50, 100)) * MILLISECOND))
    frames = rng.randrange(560, 640)
    return replace(plan, goal=0, tick_rate=60, frames=frames, episodes=1, window_frames=30, away_limit_frames=0)


def _short_absences(plan: Plan, rng: Random) -> Plan:
    """Somebody looks away again and again: never for as long as the limit, and for longer in sum."""
    start, spans = rng.randrange(600, 900) * MILLISECOND, []
    for _ in range(4):
        stop = start + rng.randrange(200, 330) * MILLISECOND
        spans.append((start, stop))
        start = stop + rng.randrange(100, 400) * MILLISECOND
    plan = _with(plan, rng.randrange(2), MachinePlan(aways=tuple(spans)))
    return replace(plan, tick_rate=30, frames=max(plan.frames, 70), away_limit_frames=12)


def _alone_with_a_difference(plan: Plan, rng: Random) -> Plan:
    """One side's state is altered, and the other program is gone after it told its checkpoint and before its rows.

    It is started again, or whoever is left alone leaves: neither waits for the rows as long as one may.
    """
    plan = _on_both(plan, link=LinkPlan(delay=200 * MILLISECOND))
    side, trip = rng.randrange(2), 7
    told_at = CHECKPOINT_FRAMES + trip - plan.delay_frames
    crash = Moment("playing", 0, told_at + 1 + rng.randrange(trip - 3))
    comes_back = rng.random() < 0.5
    leaves = None if comes_back else Moment("playing", 0, told_at)
    plan = _with(plan, side, MachinePlan(crash=crash, restart_after=SECOND if comes_back else None))
    plan = _with(plan, 1 - side, MachinePlan(tamper_frame=rng.randrange(CHECKPOINT_FRAMES), quit=leaves))
    return replace(plan, goal=0, tick_rate=30, frames=90, window_frames=30, guess_frames=8, away_limit_frames=0)


def _asleep_at_the_end(plan: Plan, rng: Random) -> Plan:
    """Both programs stand still when the last frame is there and the partner's word on it may be lost."""
    sleep_for = plan.grace + rng.randrange(500, 3000) * MILLISECOND
    asleep = MachinePlan(sleep=Moment("playing", 0, plan.frames), sleep_for=sleep_for)
    link = LinkPlan(loss=0.4, delay=rng.choice((1, 60)) * MILLISECOND)
    return replace(_on_both(plan, link=link, machine=asleep), window_frames=30)


def _restarted_machine(plan: Plan, rng: Random) -> Plan:
    """A machine starts again, so that its clock begins anew, while what it said before may still come in."""
    crash = Moment("playing", 0, rng.randrange(1, 12))
    machine = MachinePlan(crash=crash, restart_after=rng.randrange(50, 1500) * MILLISECOND, reboots=True)
    plan = _on_both(plan, link=LinkPlan(replayed=rng.choice((0.0, 0.6))))
    return replace(_with(plan, rng.randrange(2), machine), episodes=2, frames=max(plan.frames, 150), goal=0)


def _unknown_program(plan: Plan, rng: Random) -> Plan:
    """A seat begins unheard and crashes. Of its next program the partner hears only what was said before that program
    had heard anything; then the other way is open for a while: the partner is as ready as it was, for the one before.
    """
    side = rng.randrange(2)
    from_it, to_it = (side == 0, side == 1), (side == 1, side == 0)
    ready = rng.randrange(301, 334) * MILLISECOND  # between the last greeting and READY
    back = rng.randrange(1300, 1500) * MILLISECOND
    turn = back + rng.randrange(150, 400) * MILLISECOND
    healed = turn + rng.randrange(500, 1500) * MILLISECOND
    crash = Moment("playing", 0, rng.randrange(2, 6))
    plan = _with(plan, side, MachinePlan(crash=crash, restart_after=rng.randrange(50, 150) * MILLISECOND))
    outages = (
        Outage(ready, back, from_it),
        Outage(500 * MILLISECOND, turn, to_it),
        Outage(turn, healed, from_it),
    )
    delay, window = max(plan.delay_frames, 1), max(plan.window_frames, 6)
    plan = replace(plan, outages=outages, tick_rate=30, delay_frames=delay, window_frames=window)
    return replace(plan, episodes=max(plan.episodes, 2), goal=0, away_limit_frames=0)


def _names_lost(plan: Plan, rng: Random) -> Plan:
    """One side's state is altered in the last frames, and half of what names the frame is lost, one way."""
    plan = _with(plan, rng.randrange(2), MachinePlan(tamper_frame=plan.frames - 1 - rng.randrange(4)))
    lossy, side = LinkPlan(loss=rng.choice((0.4, 0.6))), rng.randrange(2)
    links = (lossy, LinkPlan()) if side == 0 else (LinkPlan(), lossy)
    return replace(plan, links=links, episodes=1, goal=0, away_limit_frames=0)


def _quit(plan: Plan, rng: Random) -> Plan:
    """One quits, or both in the same frame, while the partner may be so far away that much is guessed."""
    quitting = MachinePlan(quit=Moment("playing", rng.randrange(plan.episodes), rng.randrange(max(1, plan.frames - 6))))
    link = LinkPlan(delay=rng.choice((1, 100, 300)) * MILLISECOND)
    quitters = _on_both(plan, machine=quitting) if rng.random() < 0.5 else _with(plan, rng.randrange(2), quitting)
    return replace(_on_both(quitters, link=link), goal=0, away_limit_frames=0)


def _absence_too_long(plan: Plan, rng: Random) -> Plan:
    """Somebody looks away for longer than the limit, and the partner plays on before it knows."""
    start = rng.randrange(700, 1500) * MILLISECOND
    plan = _with(plan, rng.randrange(2), MachinePlan(aways=((start, start + SECOND),)))
    plan = _on_both(plan, link=LinkPlan(delay=rng.choice((100, 200)) * MILLISECOND))
    return replace(plan, tick_rate=30, frames=90, goal=0, window_frames=30, away_limit_frames=12)


def _end_unheard(plan: Plan, rng: Random) -> Plan:
    """In the last frames one seat is heard no more: its partner gives up while it holds everything."""
    side = rng.randrange(2)
    end = _BEGINS + plan.frames * SECOND // plan.tick_rate
    start = end - rng.randrange(0, 300) * MILLISECOND
    ways = (side == 0, side == 1)
    silence = Outage(start, start + plan.grace + rng.randrange(1000, 2500) * MILLISECOND, ways)
    return replace(plan, outages=(silence,), episodes=1, goal=0, window_frames=30, away_limit_frames=0)


def _boasts(plan: Plan, _rng: Random) -> Plan:
    """Every third packet is followed by one like it that claims what cannot be, or has it in its place."""
    return _on_both(plan, link=LinkPlan(boasted=0.3, loss=0.2))


STORIES: dict[str, Story] = {
    "long-play": _long_play,
    "short-absences": _short_absences,
    "alone-with-a-difference": _alone_with_a_difference,
    "asleep-at-the-end": _asleep_at_the_end,
    "restarted-machine": _restarted_machine,
    "unknown-program": _unknown_program,
    "names-lost": _names_lost,
    "quit-far-away": _quit,
    "absence-too-long": _absence_too_long,
    "end-unheard": _end_unheard,
    "boasts": _boasts,
}
"""Every story by its name in the coverage counters."""
