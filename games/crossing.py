"""The game `crossing`: two players walk from bank to bank and meet on two narrow bridges. The smallest real game."""

from struct import Struct
from typing import Final

from games.configuration import EPISODE_FRAMES, MOST_TICKS, check, episode_frames, ticks
from games.contract import Column, Config, Event, GuideLine, Scene, Transition
from games.grid import Pair, board, give_way, player_sprite

Walker = tuple[int, int, int, int, int]
"""cell, the cell it came from, the first frame in which it may act again, facing, score."""
State = tuple[int, int, tuple[Walker, Walker], int, int]
"""frames played, the seat favoured in the next contest, walkers, and the rules: frames, move_ticks."""

BOARD: Final = board(("#########", "#.......#", "#...#...#", "#L..#..R#", "#...#...#", "#.......#", "#########"))
CROSS, BUMP = range(2)
_STATE = Struct("<IB BBIBI BBIBI IH")
_WALKER_COLUMNS: Final = (("x", "cells"), ("y", "cells"), ("facing", ""), ("score", "points"))


class Crossing:
    """A point for entering the partner's bank column and one for coming back to one's own: each walks there and back.

    A walker whose score is even is on its way out. The columns are those of the pads; a pad admits its owner alone.
    Whoever runs into the partner stands for `move_ticks`. An action outside the list does nothing.
    """

    id = "crossing"
    version = "1"
    actions = ("stay", "up", "right", "down", "left")
    event_kinds = ("cross", "bump")
    columns = tuple(
        Column(f"{seat}_{name}", "int", unit, f"{name} of the {seat} walker, as on the board")
        for seat in ("left", "right")
        for name, unit in _WALKER_COLUMNS
    )
    guide = (GuideLine(("player",), "guide.crossing.cross"),)

    def configure(self, *, tick_rate: int, frames: int | None = None) -> dict[str, int]:
        """Six moves a second and half a minute of play at any tick rate."""
        return {"frames": episode_frames(tick_rate, frames, default_seconds=30), "move_ticks": ticks(10, tick_rate)}

    def initial(self, seed: int, config: Config) -> State:
        """Both walkers on their pads; the seed's lowest bit says who is favoured first. Raises as `check` does."""
        check(config, {"frames": EPISODE_FRAMES, "move_ticks": (1, MOST_TICKS)})
        left, right = BOARD.pads
        return 0, seed & 1, ((left, left, 0, 1, 0), (right, right, 0, 3, 0)), config["frames"], config["move_ticks"]

    def step(self, state: State, actions: Pair) -> Transition[State]:
        """Who is free moves; both moves are decided together. A point comes with the start of the last move."""
        frame, favoured, walkers, frames, move_ticks = state
        cells = walkers[0][0], walkers[1][0]
        goals, after, rewards, events = list(cells), list(walkers), [0, 0], []
        for seat, (cell, origin, free_at, _, score) in enumerate(walkers):
            if free_at <= frame and 1 <= actions[seat] <= 4:
                goals[seat] = BOARD.exits[seat][cell * 4 + actions[seat] - 1]
                after[seat] = (cell, origin, free_at, actions[seat] - 1, score)
        reached, favoured = give_way(cells, (goals[0], goals[1]), favoured)
        for seat, (_, _, _, facing, score) in enumerate(after):
            if goals[seat] == cells[seat]:
                continue
            bank = BOARD.xy(BOARD.pads[seat if score % 2 else 1 - seat])[0]
            rewards[seat] = int(BOARD.xy(reached[seat])[0] == bank)
            after[seat] = (reached[seat], cells[seat], frame + move_ticks, facing, score + rewards[seat])
            if rewards[seat] or reached[seat] == cells[seat]:
                events.append(Event(CROSS if rewards[seat] else BUMP, seat, goals[seat]))
        changed = frame + 1, favoured, (after[0], after[1]), frames, move_ticks
        return Transition(changed, (rewards[0], rewards[1]), tuple(events), frame + 1 >= frames)

    def encode(self, state: State) -> bytes:
        """Every field of `State` in order."""
        frame, favoured, (left, right), frames, move_ticks = state
        return _STATE.pack(frame, favoured, *left, *right, frames, move_ticks)

    def facts(self, state: State) -> tuple[int, ...]:
        """See `columns`."""
        return tuple(fact for walker in state[2] for fact in (*BOARD.xy(walker[0]), *walker[3:]))

    def scene(self, state: State, seat: int) -> Scene:  # noqa: ARG002  # both seats see the whole board alike
        """The walkers on their board; the pair's score is the sum of both."""
        frame, _, walkers, frames, move_ticks = state
        sprites = tuple(player_sprite(BOARD, who, walkers[who][:4], 0, frame, move_ticks) for who in (0, 1))
        scores = walkers[0][4], walkers[1][4]
        left = max(0, frames - frame)
        return Scene(BOARD.columns, BOARD.rows, BOARD.tiles, sprites, scores, sum(scores), left)


CROSSING: Final = Crossing()
