"""What was played in an episode, in figures small enough to keep for a whole study. Pure: rows in, values out.

Columns are found by what a game declares: `left_x`, `left_y`, `right_x`, `right_y` are where the seats are, in cells;
`left_score`, `right_score` and every column without a seat whose unit is `points` are scores. A game without scores
has its rewards added up; one without positions has no positions.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Final, NamedTuple

from data.episode_format import Row
from games.contract import Seat
from netcode.vocabulary import AWAY, CATCHING_UP, Terms

ACTION_BINS: Final = 24
"""Bins of an episode's time: a minute of play in bins of 2.5 s."""
MOST_STEPS: Final = 600
"""Points of a score's curve that are kept: more than a plot has pixels."""
MOST_CELLS: Final = 100
"""Columns or rows of a board; what is larger, or negative, is no place on a grid of cells."""
_SEATED: Final = tuple(f"{seat.word}_" for seat in Seat)

Cell = tuple[int, int]


class Curve(NamedTuple):
    """A score over time: (frame, value) at the start, at each change and at the end. `seat` is None of the pair's."""

    name: str
    seat: Seat | None
    unit: str
    steps: tuple[tuple[int, int], ...]

    @property
    def last(self) -> int:
        """What it came to."""
        return self.steps[-1][1]


class Absence(NamedTuple):
    """Frames from `first` up to `end` in which a seat was `away` or `catching up`."""

    seat: Seat
    kind: str
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Play:
    """One episode by its canonical rows. `positions` counts frames by (x, y), and is empty of a game without places.

    `actions` are, per seat and bin of the episode's time, the frames of each action, then of ids that the game does not
    name, then those in which the seat was away: it did nothing by rule, which is not the same as choosing to.
    """

    frames: int
    curves: tuple[Curve, ...]
    positions: Mapping[Seat, Counter[Cell]]
    actions: Mapping[Seat, tuple[tuple[int, ...], ...]]
    bin_frames: int
    absences: tuple[Absence, ...]
    away_frames: Mapping[Seat, int]


def play_of(terms: Terms, rows: Sequence[Row], bin_frames: int) -> Play:
    """The figures of an episode; `bin_frames` are the frames of a bin of `actions`."""
    return Play(
        len(rows),
        tuple(_curves(terms, rows)) if rows else (),
        _positions(terms, rows),
        {seat: _actions(len(terms.actions), rows, seat, bin_frames) for seat in Seat},
        bin_frames,
        tuple(absence for seat in Seat for absence in _absences(rows, seat)),
        {seat: sum(row.inputs[seat].flags & AWAY != 0 for row in rows) for seat in Seat},
    )


def bin_frames_for(config: Mapping[str, int], frames: int) -> int:
    """The frames of a bin: by the length that was agreed, so that episodes of a session have the same bins."""
    return max(1, -(-config.get("frames", frames) // ACTION_BINS))


def _curves(terms: Terms, rows: Sequence[Row]) -> Iterator[Curve]:
    columns = enumerate(terms.columns)
    scores = [(place, name, unit, _seat_of(name)) for place, (name, _, unit, _) in columns if _is_score(name, unit)]
    if all(of is None for *_, of in scores):
        for seat in Seat:
            sums = list(accumulate(row.rewards[seat] for row in rows))
            yield Curve(f"{seat.word} rewards", seat, "points", _steps(rows, sums))
    for place, name, unit, of in scores:
        yield Curve(name, of, unit, _steps(rows, [int(row.facts[place]) for row in rows]))


def _is_score(name: str, unit: str) -> bool:
    return name in ("left_score", "right_score") or (unit == "points" and not name.startswith(_SEATED))


def _seat_of(name: str) -> Seat | None:
    return next((seat for seat in Seat if name.startswith(f"{seat.word}_")), None)


def _steps(rows: Sequence[Row], values: Sequence[int]) -> tuple[tuple[int, int], ...]:
    steps = [(0, values[0])]
    steps += [(row.frame, now) for row, before, now in zip(rows[1:], values, values[1:], strict=False) if now != before]
    every = -(-len(steps) // MOST_STEPS)
    return (*steps[::every], (rows[-1].frame, values[-1]))


def _positions(terms: Terms, rows: Sequence[Row]) -> dict[Seat, Counter[Cell]]:
    names = {name: place for place, (name, *_) in enumerate(terms.columns)}
    if not all(f"{seat.word}_{axis}" in names for seat in Seat for axis in "xy"):
        return {}
    counted = {}
    for seat in Seat:
        x, y = names[f"{seat.word}_x"], names[f"{seat.word}_y"]
        counted[seat] = Counter((int(row.facts[x]), int(row.facts[y])) for row in rows)
    cells = [value for counts in counted.values() for cell in counts for value in cell]
    return counted if all(0 <= value < MOST_CELLS for value in cells) else {}


def _actions(known: int, rows: Sequence[Row], seat: Seat, bin_frames: int) -> tuple[tuple[int, ...], ...]:
    bins: list[list[int]] = [[0] * (known + 2) for _ in range(-(-len(rows) // bin_frames))]
    for place, row in enumerate(rows):
        played = row.inputs[seat]
        bins[place // bin_frames][known + 1 if played.flags & AWAY else min(played.action, known)] += 1
    return tuple(map(tuple, bins))


def _absences(rows: Sequence[Row], seat: Seat) -> Iterator[Absence]:
    """Stretches of frames; who is away is not also told to be catching up."""

    def kind(row: Row) -> str:
        flags = row.inputs[seat].flags
        return "away" if flags & AWAY else "catching up" if flags & CATCHING_UP else ""

    told: Callable[[Row], str] = kind
    for word, group in groupby(rows, key=told):
        frames = [row.frame for row in group]
        if word:
            yield Absence(seat, word, frames[0], frames[-1] + 1)
