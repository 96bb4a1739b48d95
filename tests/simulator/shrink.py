"""Makes a failing plan smaller while it still fails: what is left is what the failure needs."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

from tests.simulator.plan import LinkPlan, MachinePlan, Plan

_MOST_TRIES = 400
_SMALLER: dict[str, Any] = {"frames": (20, 31, 45, 61, 90), "episodes": (1, 2, 3)}
_ORDINARY: dict[str, Any] = {"game": "toy", "goal": 0, "away_limit_frames": 0, "guess_frames": 8, "tick_rate": 30}


def shrink(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """The smallest plan that was found from `plan` on for which `fails` still holds. `fails(plan)` must hold."""
    tries = 0
    is_smaller = True
    while is_smaller and tries < _MOST_TRIES:
        is_smaller = False
        for candidate in _smaller(plan):
            tries += 1
            if fails(candidate):
                plan, is_smaller = candidate, True
                break
            if tries >= _MOST_TRIES:
                break
    return replace(plan, faults=())


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Plans with one thing less, those that drop most first."""
    for at in range(len(plan.outages)):
        yield replace(plan, outages=plan.outages[:at] + plan.outages[at + 1 :])
    for side in (0, 1):
        yield from (_with_link(plan, side, link) for link in _plainer(plan.links[side], LinkPlan()))
        yield from (_with_machine(plan, side, machine) for machine in _plainer(plan.machines[side], MachinePlan()))
    for name, values in _SMALLER.items():
        yield from (replace(plan, **{name: value}) for value in values if value < getattr(plan, name))
    for name, value in _ORDINARY.items():
        if getattr(plan, name) != value:
            yield replace(plan, **{name: value})


def _plainer(part: Any, plain: Any) -> Iterator[Any]:  # noqa: ANN401  # a part of a plan
    changed = [field.name for field in fields(part) if getattr(part, field.name) != getattr(plain, field.name)]
    if len(changed) > 1:
        yield plain
    for name in changed:
        yield replace(part, **{name: getattr(plain, name)})
        value = getattr(part, name)
        if isinstance(value, tuple) and len(value) > 1:
            yield from (replace(part, **{name: value[:at] + value[at + 1 :]}) for at in range(len(value)))


def _with_link(plan: Plan, side: int, link: LinkPlan) -> Plan:
    links = list(plan.links)
    links[side] = link
    return replace(plan, links=(links[0], links[1]))


def _with_machine(plan: Plan, side: int, machine: MachinePlan) -> Plan:
    machines = list(plan.machines)
    machines[side] = machine
    return replace(plan, machines=(machines[0], machines[1]))
