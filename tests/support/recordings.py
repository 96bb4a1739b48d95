"""What the two records of a seat say about its participant: absences, keys, and the inputs that came of them."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from data.episode_format import Prefix
from data.local_format import Local
from netcode.vocabulary import AWAY, CATCHING_UP, NEUTRAL, Input

DOWN, UP = True, False


def inputs_of(record: Prefix, seat: int) -> list[Input]:
    """What a seat did in each frame."""
    return [row.inputs[seat] for row in record.frames]


def absences(local: Local, frames: int) -> list[range]:
    """The ticks in which the seat had no focus, one range an absence; the last may last to the end."""
    found, lost = [], -1
    for edge in local.of("focus"):
        frame = int(edge["frame"])
        if not edge["focused"]:
            lost = frame
        elif lost >= 0:
            found.append(range(lost, frame))
            lost = -1
    return [*found, range(lost, frames)] if lost >= 0 else found


def spans(inputs: Sequence[Input], flag: int) -> list[range]:
    """Stretches of frames whose inputs carry a flag."""

    def stretches() -> Iterator[range]:
        frame = 0
        for is_set, run in groupby(inputs, key=lambda each: bool(each.flags & flag)):
            length = len(list(run))
            if is_set:
                yield range(frame, frame + length)
            frame += length

    return list(stretches())


def presses(local: Local, scancode: int) -> list[int]:
    """The ticks that the presses of a key landed in."""
    return [int(edge["frame"]) for edge in local.of("key") if edge["scancode"] == scancode and edge["down"]]


def assert_away_as_told(record: Prefix, local: Local) -> None:
    """Who had no focus did nothing and is marked as away; so is who stood still, and nobody else.

    Sampled at tick t, an input belongs to frame t + D. A held tick has taken its input already, so a turn may come to
    count one tick later.
    """
    seat, delay = local.header.seat, record.terms.terms.delay_frames
    inputs, rows = inputs_of(record, seat), len(record.frames)
    told = absences(local, rows)
    expected = {tick + delay for absence in told for tick in absence if tick + delay < rows}
    turns = {end + delay for absence in told for end in (absence.start, absence.stop)}
    marked = {frame for frame, each in enumerate(inputs) if each.flags & AWAY}
    assert expected - marked <= turns, f"away, and not marked: {sorted(expected - marked - turns)}"
    excess = marked - expected - turns
    assert len(excess) <= dict(local.stats)["owed_ticks"], f"marked, and not away: {sorted(excess)}"
    assert all(inputs[frame]._replace(flags=0, command=0) == NEUTRAL for frame in marked)
    assert not any(each.flags == AWAY | CATCHING_UP for each in inputs)


def is_troubled(local: Local, frame: int, ticks: int = 5) -> bool:
    """Whether the machine stood still or waited about that tick, so that a key came to count later than in it."""
    near = range(frame - ticks, frame + ticks + 1)
    return any(int(entry["frame"]) in near for kind in ("wake", "hold") for entry in local.of(kind))
