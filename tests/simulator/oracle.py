"""What must be true of every run, whatever went wrong in it. Each broken law is one sentence."""

from collections.abc import Iterator
from hashlib import blake2b
from itertools import pairwise

from games.contract import Game
from netcode.limits import MAX_PACKET_BYTES, SECOND
from netcode.session import Phase
from netcode.vocabulary import (
    AWAY,
    CHECKPOINT_FRAMES,
    NEUTRAL,
    Agreement,
    Command,
    End,
    Ending,
    Input,
    Reason,
    Terms,
)
from tests.simulator.machine import Machine
from tests.simulator.plan import Plan
from tests.simulator.witness import Record
from tests.simulator.world import Outcome
from tests.support.rows import encode_row

Pair = tuple[Record, Record]
_SEATS = ("left", "right")
_PACKETS_A_TICK = 6
"""Of both seats: one a tick, a second one when a hold ends early, and a third while row hashes are exchanged."""
_GREETINGS = 100


def judge(outcome: Outcome) -> list[str]:
    """The laws that this run broke."""
    broken = [f"{_SEATS[machine.seat]}: {fault}" for machine in outcome.machines for fault in machine.witness.faults]
    broken += _progress(outcome)
    broken += _chatter(outcome)
    for machine in outcome.machines:
        for record in machine.witness.records:
            whose = f"{_SEATS[machine.seat]} episode {record.episode}"
            broken += [f"{whose}: {fault}" for fault in _record(outcome, machine, record)]
        broken += _order(machine)
    for pair in pairs(outcome):
        broken += [f"episode {pair[0].episode}: {fault}" for fault in _pair(outcome.plan, pair)]
    broken += _refusals(outcome)
    if outcome.plan.is_calm:
        broken += _all_is_repaired(outcome)
    if outcome.plan.is_calm_but_for_a_restart:
        broken += _a_restart_is_survived(outcome)
    return broken


def pairs(outcome: Outcome) -> list[Pair]:
    """The records that both seats have of the same episode of the same run."""
    left, right = (
        {(record.run, record.episode): record for record in machine.witness.records} for machine in outcome.machines
    )
    return [(left[key], right[key]) for key in left if key in right]


def _chatter(outcome: Outcome) -> list[str]:
    """Every tick may speak, and so may a hold that ends: a bound in time, whatever arrives."""
    network, plan = outcome.network, outcome.plan
    elapsed = plan.time_limit if outcome.finished_at is None else outcome.finished_at
    bound = _PACKETS_A_TICK * (1 + elapsed * plan.tick_rate // SECOND) + _GREETINGS
    broken = [] if network.made <= bound else [f"{network.made} packets were sent, expected at most {bound}"]
    if network.largest > MAX_PACKET_BYTES:
        broken.append(f"a packet of {network.largest} bytes was sent")
    return broken


def _progress(outcome: Outcome) -> list[str]:
    if outcome.finished_at is not None:
        return []
    where = [machine.session.phase.value for machine in outcome.machines]
    return [f"hang: not done after {outcome.plan.time_limit / 1e9:.1f} s, left is {where[0]}, right is {where[1]}"]


def _order(machine: Machine) -> list[str]:
    records = machine.witness.records
    if len({record.seed for record in records}) < len({(record.run, record.episode) for record in records}):
        return [f"{_SEATS[machine.seat]}: two episodes were played with the same seed"]
    if any(first.run == second.run and first.episode >= second.episode for first, second in pairwise(records)):
        return [f"{_SEATS[machine.seat]}: episodes came out of order"]
    return []


# --- one record alone ---------------------------------------------------------------------------------------------


def _record(outcome: Outcome, machine: Machine, record: Record) -> Iterator[str]:
    ending, rows = record.ending, len(record.rows)
    if ending is not None and ending.end.rows != rows:
        yield f"it ended with {ending.end.rows} rows and has {rows}"
    if ending is not None and rows != record.rows_at_ending:
        yield f"it had {record.rows_at_ending} rows when it ended and has {rows}"
    delay = outcome.terms.delay_frames
    if any(item != NEUTRAL for both in record.inputs[:delay] for item in both):
        yield f"one of the first {delay} frames is not neutral"
    if ending is not None and ending.agreement is Agreement.LEFT and not machine.witness.seen["leavings"]:
        yield "it ended because somebody left, and nobody did"
    yield from _meant(machine, record, [both[machine.seat] for both in record.inputs[delay:]])
    if machine.plan.tamper_frame is None:
        yield from _replayed(outcome.game, outcome.terms, record)
    if ending is not None:
        yield from _ending(outcome.terms, record, ending)


def _meant(machine: Machine, record: Record, recorded: list[Input]) -> Iterator[str]:
    """What a person did is recorded once and in order, and nothing else is but the absence of a program that stood
    still, and a quit.
    """
    sampled = iter(machine.sampled.get((record.run, record.episode), ()))
    sample = next(sampled, None)
    for at, item in enumerate(recorded):
        if sample is not None and item[:2] == sample[:2]:
            sample = next(sampled, None)
        elif item[:2] != (0, AWAY):
            yield f"the own input {at} is {item[:2]}, and {sample} was meant"
            return
        if item.command and not machine.witness.seen["leavings"]:
            yield f"the own input {at} quits, and nobody did"


def _replayed(game: Game[object], terms: Terms, record: Record) -> Iterator[str]:
    """Play the recorded inputs again: every row must come out the same, and the end where the record says."""
    state = game.initial(record.seed, dict(terms.config))
    end = None
    away = [0, 0]
    for frame, inputs in enumerate(record.inputs):
        if end is not None:
            yield f"frame {frame} comes after the end, which was frame {frame - 1}"
            return
        state, rewards, events, done = game.step(state, (inputs[0].action, inputs[1].action))
        digest = blake2b(game.encode(state), digest_size=8).digest()
        row = encode_row(frame, inputs, rewards, done, events, game.facts(state), digest)
        if row != record.rows[frame]:
            yield f"re-simulation gives another row {frame}"
            return
        away = [run + 1 if item.flags & AWAY else 0 for run, item in zip(away, inputs, strict=True)]
        end = _end_at(frame, inputs, done, away, terms.away_limit_frames)
    claimed = record.ending.end if record.ending is not None else None
    if claimed is not None and claimed.reason.is_complete and claimed != end:
        yield f"it claims {claimed} and the rows say {end}"
    if claimed is not None and claimed.reason is Reason.CUT and end is not None:
        yield f"it claims to be cut and the rows say {end}"


def _end_at(frame: int, inputs: tuple[Input, Input], done: bool, away: list[int], limit: int) -> End | None:
    """The rule of the ending, written a second time."""
    if done:
        return End(Reason.FINISHED, frame + 1, "game")
    quitters = tuple(seat for seat in (0, 1) if inputs[seat].command == Command.ABORT)
    if quitters:
        return End(Reason.ABORTED, frame + 1, "quit", quitters)
    absent = tuple(seat for seat in (0, 1) if limit and away[seat] >= limit)
    return End(Reason.FINISHED, frame + 1, "away_limit", absent) if absent else None


_FITS: dict[Reason, tuple[Agreement, ...]] = {
    Reason.FINISHED: (Agreement.MUTUAL, Agreement.INPUTS_HELD, Agreement.ONE_SIDED),
    Reason.ABORTED: (Agreement.MUTUAL, Agreement.INPUTS_HELD, Agreement.ONE_SIDED),
    Reason.CUT: (Agreement.PARTNER_SEALED, Agreement.PARTNER_LOST, Agreement.LEFT),
    Reason.DIVERGED: (Agreement.DIVERGED,),
}


def _ending(terms: Terms, record: Record, ending: Ending) -> Iterator[str]:
    end, agreement = ending.end, ending.agreement
    if agreement not in _FITS[end.reason]:
        yield f"it ended {end.reason} and claims {agreement}"
    if agreement is Agreement.INPUTS_HELD and ending.held_rows < end.rows:
        yield f"it claims that all inputs are held, and that {ending.held_rows} of {end.rows} are"
    if agreement is Agreement.ONE_SIDED and ending.held_rows >= end.rows:
        yield "it claims one-sided although it knows that the partner holds all inputs"
    if ending.dropped_frames > terms.window_frames + terms.delay_frames + 1:
        yield f"it dropped {ending.dropped_frames} predicted frames"


# --- both records of an episode -----------------------------------------------------------------------------------


def _pair(plan: Plan, pair: Pair) -> Iterator[str]:
    left, right = pair
    if left.header != right.header:
        yield "the headers differ"
    tampered = [machine.tamper_frame for machine in plan.machines if machine.tamper_frame is not None]
    common = min(len(left.rows), len(right.rows))
    allowed = min([common, *tampered])
    for frame in range(allowed):
        if left.rows[frame] != right.rows[frame]:
            yield f"prefix law: row {frame} is {left.rows[frame]!r} and {right.rows[frame]!r}"
            break
    are_unlike = tampered and common > allowed
    if are_unlike:
        yield from _named(pair, allowed)
    elif left.reason.is_complete and right.reason.is_complete and left.rows != right.rows:
        yield f"both are complete, with {len(left.rows)} and {len(right.rows)} rows"
    elif Reason.DIVERGED in (left.reason, right.reason) and not tampered:
        yield "it is said to have diverged, and has not"
    ends = [record.ending.end for record in pair if record.ending is not None and record.reason.is_complete]
    if len(ends) == 2 and ends[0] != ends[1] and not are_unlike:
        yield f"left ended {ends[0]} and right {ends[1]}"
    for record, partner in (pair, pair[::-1]):
        if record.ending is not None:
            yield from _claim(record.ending, record, partner)


def _named(pair: Pair, frame: int) -> Iterator[str]:
    """The seats differ from `frame` on: nobody may call that equal, and whoever names a frame names this one."""
    for record in pair:
        ending = record.ending
        if ending is None:
            continue
        if ending.agreement is Agreement.MUTUAL:
            yield "the records differ and are said to be equal"
        if ending.end.reason is Reason.DIVERGED and ending.end.frame not in (frame, -1):
            yield f"it diverged at frame {frame}, and {ending.end.frame} is named"


def _claim(ending: Ending, record: Record, partner: Record) -> Iterator[str]:
    """What a seat says of its partner must be true of the partner."""
    agreement, rows = ending.agreement, ending.end.rows
    if agreement is Agreement.MUTUAL and partner.rows != record.rows:
        yield "mutual, and the partner holds another record"
    if agreement is Agreement.INPUTS_HELD and min(partner.own_inputs, partner.partner_inputs) < rows:
        yield f"inputs held, and the partner holds {partner.own_inputs} and {partner.partner_inputs} of {rows}"
    if min(partner.own_inputs, partner.partner_inputs) < ending.held_rows:
        yield f"M = {ending.held_rows}, and the partner holds {partner.own_inputs} and {partner.partner_inputs}"
    if agreement is Agreement.PARTNER_SEALED:
        if partner.ending is None:
            yield "the partner is said to have sealed, and crashed"
        elif ending.partner_rows != len(partner.rows):
            yield f"the partner sealed {len(partner.rows)} rows, and {ending.partner_rows} are named"


# --- the session as a whole ---------------------------------------------------------------------------------------


def _refusals(outcome: Outcome) -> Iterator[str]:
    named = {"term": "guess_frames: ours ", "header": "header: ours "}
    unlike = [machine.differs for machine in outcome.plan.machines if machine.differs]
    for machine in outcome.machines:
        lines = machine.session.refusal
        if lines and not unlike:
            yield f"{_SEATS[machine.seat]} refused: {lines[0]}"
        if unlike and machine.witness.records:
            yield f"{_SEATS[machine.seat]} played with a partner that was set up differently"
        if lines and unlike and not lines[0].startswith(named[unlike[0]]):
            yield f"{_SEATS[machine.seat]} refused for {lines[0]}"


def _all_is_repaired(outcome: Outcome) -> Iterator[str]:
    """Nobody left and no silence came near the grace: every episode is complete, and known to be if FIN came."""
    plan = outcome.plan
    tampered = [machine.tamper_frame for machine in plan.machines if machine.tamper_frame is not None]
    for machine in outcome.machines:
        records = machine.witness.records
        seat = _SEATS[machine.seat]
        if not records or (len(records) < plan.episodes and not tampered):
            yield f"calm: {seat} has {len(records)} of {plan.episodes} episodes"
        for record in records:
            claim = record.ending.agreement if record.ending is not None else None
            if record.reason is Reason.DIVERGED and tampered:
                yield from _found_in_time(plan, record, min(tampered), seat)
            elif claim is not Agreement.MUTUAL and (plan.hears_the_last_word or not record.reason.is_complete):
                yield f"calm: {seat} episode {record.episode} is {record.reason}, {claim}"
            elif tampered and len(record.rows) > min(tampered):
                yield f"calm: {seat} episode {record.episode} was altered at {min(tampered)} and is called {claim}"
        if machine.session.phase is not Phase.CLOSED:
            yield f"calm: {seat} is {machine.session.phase.value}"


def _a_restart_is_survived(outcome: Outcome) -> Iterator[str]:
    """A program that was started again plays on with the one that stayed, and nothing old gets in the way."""
    for machine in outcome.machines:
        for record in machine.witness.records[machine.witness.records_before_this_life :] if machine.lives > 1 else ():
            claim = record.ending.agreement if record.ending is not None else None
            if claim is not Agreement.MUTUAL and (outcome.plan.hears_the_last_word or not record.reason.is_complete):
                yield f"rejoin: {_SEATS[machine.seat]} episode {record.episode} is {record.reason}, {claim}"


def _found_in_time(plan: Plan, record: Record, frame: int, seat: str) -> Iterator[str]:
    """At the first checkpoint after it happened, and by name."""
    assert record.ending is not None
    if record.ending.end.frame != frame:
        yield f"calm: {seat} names frame {record.ending.end.frame}, and {frame} was altered"
    checkpoint = -(-(frame + 1) // CHECKPOINT_FRAMES) * CHECKPOINT_FRAMES
    latest = checkpoint + plan.window_frames + 2 * plan.delay_frames + 2 + 60 * plan.tick_rate // 30
    if len(record.rows) > latest:
        yield f"calm: {seat} went on to row {len(record.rows)} after frame {frame} was altered"
