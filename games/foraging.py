"""The game `foraging`: two players carry gems to their pads, and gain more together if both deliver at about one time.

The state is a plain immutable tuple. Its rules are functions from one state to the next, each called only in a frame in
which it has something to do; times are kept as the frame at which they end, so that an idle frame changes one integer.
"""

from struct import Struct
from typing import Final, NamedTuple

from games.configuration import EPISODE_FRAMES, MOST_TICKS, Limits, check, episode_frames, ticks
from games.contract import Column, Config, Event, GuideLine, Scene, Sprite, Transition
from games.foraging_layouts import LAYOUTS
from games.grid import Pair, give_way, player_sprite
from games.random_bits import BITS_64, below

Player = tuple[int, int, int, int, int, int, int]
"""cell, the cell it came from, the first frame in which it may act again, facing, gems carried, score, and the frame at
which its last delivery stops counting for a join (0: none open)."""

State = tuple[int, int, int, tuple[Player, Player], int, bytes, tuple[int, ...], "Rules"]
"""frames played, random bits, the seat favoured in the next contest, players, common score, cells of the gems on the
floor (ascending), frames at which the gems that are away come back (ascending), rules."""

CELL: Final = 0
FREE_AT: Final = 2
CARRIES: Final = 4
SCORE: Final = 5
FRAME: Final = 0
PLAYERS: Final = 3
DUE: Final = 6
RULES: Final = 7

STAY, UP, RIGHT, DOWN, LEFT, DROP = range(6)
PICKUP, DROPPED, DELIVER, JOIN, BUMP, SPAWN = range(6)
NOBODY: Final = -1
"""The seat of an event that no single seat did."""

MOST_GEMS: Final = 16
"""Half of the cells where gems may appear on the tightest layout stay free, so that a gem always finds one."""
LAYOUT_BY_SEED: Final = 0

_LIMITS: Final[Limits] = {
    "frames": EPISODE_FRAMES,
    "layout": (LAYOUT_BY_SEED, len(LAYOUTS)),
    "gems": (1, MOST_GEMS),
    "move_ticks": (1, MOST_TICKS),
    "respawn_ticks": (0, MOST_TICKS),
    "join_ticks": (0, MOST_TICKS),
    "join_points": (0, 255),
}
_RULES = Struct("<I3B3HB")
_STATE = Struct("<IQBIBB BBIBBII BBIBBII")
_DUE = tuple(Struct(f"<{count}I") for count in range(MOST_GEMS + 1))


class Rules(NamedTuple):
    """What does not change during an episode. `layout` counts from 1; `packed` is all of it as canonical bytes."""

    frames: int
    layout: int
    gems: int
    move_ticks: int
    respawn_ticks: int
    join_ticks: int
    join_points: int
    pads: Pair
    exits: tuple[tuple[int, ...], tuple[int, ...]]
    packed: bytes


def _rules(config: Config, layout: int) -> Rules:
    ticks_and_points = (config["move_ticks"], config["respawn_ticks"], config["join_ticks"], config["join_points"])
    board = LAYOUTS[layout - 1].board
    packed = _RULES.pack(config["frames"], config["layout"], layout, config["gems"], *ticks_and_points)
    return Rules(config["frames"], layout, config["gems"], *ticks_and_points, board.pads, board.exits, packed)


def _arrive(state: State, events: list[Event]) -> tuple[State, Pair]:
    """Let whoever reaches a cell in this frame pick up or deliver; the state, and each seat's points."""
    frame, random, favoured, players, common, gems, due, rules = state
    after, points = list(players), [0, 0]
    for seat, (cell, origin, free_at, facing, carries, score, window) in enumerate(players):
        if free_at != frame or cell == origin:
            continue
        if carries and cell == rules.pads[seat]:
            events.append(Event(DELIVER, seat, 1))
            points[seat] = 1
            due = (*due, frame + rules.respawn_ticks)
            after[seat] = (cell, origin, free_at, facing, 0, score + 1, frame + rules.join_ticks + 1)
        elif not carries and cell in gems:
            events.append(Event(PICKUP, seat, cell))
            gems = gems.replace(bytes((cell,)), b"")
            after[seat] = (cell, origin, free_at, facing, 1, score, window)
    left, right = after
    scored = points[0], points[1]
    if any(scored):
        left, right, bonus = _join(left, right, frame, rules.join_points, events)
        common += sum(scored) + bonus
    return (frame, random, favoured, (left, right), common, gems, due, rules), scored


def _join(left: Player, right: Player, frame: int, points: int, events: list[Event]) -> tuple[Player, Player, int]:
    """Close both windows and give the bonus, if both are open: one delivery counts for one join."""
    if left[-1] <= frame or right[-1] <= frame:
        return left, right, 0
    events.append(Event(JOIN, NOBODY, points))
    return (*left[:-1], 0), (*right[:-1], 0), points


def _act(state: State, actions: Pair, events: list[Event]) -> State:
    """Let whoever is free turn, move or drop; both moves are decided together."""
    frame, random, favoured, players, common, gems, due, rules = state
    cells = players[0][CELL], players[1][CELL]
    after, wishes = list(players), list(cells)
    for seat in (0, 1):
        cell, origin, free_at, facing, carries, score, window = players[seat]
        action = actions[seat]
        if frame < free_at:
            continue
        if UP <= action <= LEFT:
            wishes[seat] = rules.exits[seat][cell * 4 + action - UP]
            after[seat] = (cell, origin, free_at, action - UP, carries, score, window)
        elif action == DROP and carries and cell not in gems and cell not in rules.pads:
            events.append(Event(DROPPED, seat, cell))
            gems = bytes(sorted((*gems, cell)))
            after[seat] = (cell, origin, free_at, facing, 0, score, window)
    goals, favoured = give_way(cells, (wishes[0], wishes[1]), favoured)
    for seat in (0, 1):
        if wishes[seat] != cells[seat]:
            after[seat] = (goals[seat], cells[seat], frame + rules.move_ticks, *after[seat][3:])
            if goals[seat] == cells[seat]:
                events.append(Event(BUMP, seat, wishes[seat]))
    return frame, random, favoured, (after[0], after[1]), common, gems, due, rules


def _spawn(state: State, events: list[Event]) -> State:
    """Put the gem that has waited longest on a free cell; never more than one a frame, which bounds a frame's cost."""
    frame, random, favoured, players, common, gems, due, rules = state
    taken = (*gems, players[0][CELL], players[1][CELL])
    free = [cell for cell in LAYOUTS[rules.layout - 1].spawns if cell not in taken]
    random, place = below(random, len(free))
    events.append(Event(SPAWN, NOBODY, free[place]))
    gems = bytes(sorted((*gems, free[place])))
    return frame, random, favoured, players, common, gems, due[1:], rules


def _player_columns(seat: str) -> tuple[Column, ...]:
    return (
        Column(
            f"{seat}_x", "int", "cells", f"column of the {seat} player's cell, from 0; during a move, where it leads"
        ),
        Column(f"{seat}_y", "int", "cells", f"row of the {seat} player's cell, from 0 at the top"),
        Column(f"{seat}_facing", "int", "", f"where the {seat} player looks: 0 up, 1 right, 2 down, 3 left"),
        Column(f"{seat}_busy", "int", "ticks", f"until the {seat} player may act again: in a move or after a bump"),
        Column(f"{seat}_carries", "bool", "", f"whether the {seat} player holds a gem"),
        Column(f"{seat}_score", "int", "points", f"gems the {seat} player has delivered"),
        Column(f"{seat}_join", "int", "ticks", f"how long the {seat} player's last delivery still counts for a join"),
    )


def _player_facts(player: Player, frame: int, columns: int) -> tuple[int, ...]:
    cell, _, free_at, facing, carries, score, window = player
    busy, join = free_at - frame, window - frame
    return cell % columns, cell // columns, facing, busy if busy > 0 else 0, carries, score, join if join > 0 else 0


class Foraging:
    """Carry gems to the own pad: a point of one's own and one for the pair, and more for the pair if both do at once.

    A gem is picked up by walking over it, one at a time, and laid down by `drop` on a floor cell without one; it is
    delivered by walking onto the own pad, which the partner cannot enter. A move takes `move_ticks`; whoever runs into
    the partner stands for as long. Two deliveries by different seats at most `join_ticks` frames apart are a join, and
    each delivery counts for one. A delivered gem comes back `respawn_ticks` later on a random free cell.

    The reward of a seat is what its own score gained. An action outside the list does nothing: inputs are judged where
    they enter, not here. Events have these values: `pickup`, `drop` and `spawn` their cell (y * 13 + x), `bump` the
    cell that was wanted, `deliver` and `join` the points; `join` and `spawn` belong to no seat (-1).
    """

    id = "foraging"
    version = "1"
    actions = ("stay", "up", "right", "down", "left", "drop")
    event_kinds = ("pickup", "drop", "deliver", "join", "bump", "spawn")
    columns = (
        Column("layout", "int", "", "number of the board, from 1"),
        *_player_columns("left"),
        *_player_columns("right"),
        Column("common", "int", "points", "score of the pair: every delivery, and the bonus of every join"),
        Column("gems", "int", "gems", "gems on the floor"),
    )
    guide = (
        GuideLine(("gem",), "guide.foraging.carry"),
        GuideLine(("pad_own",), "guide.foraging.own"),
        GuideLine(("pad_left", "pad_right"), "guide.foraging.join"),
    )

    def configure(self, *, tick_rate: int, frames: int | None = None) -> dict[str, int]:
        """Six moves a second and a minute of play at any tick rate; `layout` 0 lets the seed choose the board."""
        return {
            "frames": episode_frames(tick_rate, frames, default_seconds=60),
            "layout": LAYOUT_BY_SEED,
            "gems": 7,
            "move_ticks": ticks(10, tick_rate),
            "respawn_ticks": ticks(60, tick_rate),
            "join_ticks": ticks(120, tick_rate),
            "join_points": 3,
        }

    def initial(self, seed: int, config: Config) -> State:
        """Both players on their pads, and every gem yet to appear, one a frame: each has its `spawn` in the record.

        Raises:
            ValueError: the configuration is not one of this game's.
        """
        check(config, _LIMITS)
        random, layout = below(seed & BITS_64, len(LAYOUTS))
        random, favoured = below(random, 2)
        rules = _rules(config, config["layout"] or layout + 1)
        left, right = rules.pads
        players = (left, left, 0, RIGHT - UP, 0, 0, 0), (right, right, 0, LEFT - UP, 0, 0, 0)
        return 0, random, favoured, players, 0, b"", (0,) * rules.gems, rules

    def step(self, state: State, actions: Pair) -> Transition[State]:
        """Arrivals, then actions, then at most one new gem."""
        events: list[Event] = []
        rewards = 0, 0
        frame, (left, right) = state[FRAME], state[PLAYERS]
        left_free_at, right_free_at = left[FREE_AT], right[FREE_AT]
        if frame in (left_free_at, right_free_at):
            state, rewards = _arrive(state, events)
        if (actions[0] and left_free_at <= frame) or (actions[1] and right_free_at <= frame):
            state = _act(state, actions, events)
        if state[DUE] and state[DUE][0] <= frame:
            state = _spawn(state, events)
        _, random, favoured, players, common, gems, due, rules = state
        after = frame + 1, random, favoured, players, common, gems, due, rules
        return Transition(after, rewards, tuple(events), frame + 1 >= rules.frames)

    def encode(self, state: State) -> bytes:
        """The rules, the fields of `State` in order, then the gems and the frames at which the others come back."""
        frame, random, favoured, (left, right), common, gems, due, rules = state
        fixed = _STATE.pack(frame, random, favoured, common, len(gems), len(due), *left, *right)
        return rules.packed + fixed + gems + _DUE[len(due)].pack(*due)

    def facts(self, state: State) -> tuple[int, ...]:
        """See `columns`."""
        frame, _, _, (left, right), common, gems, _, rules = state
        columns = LAYOUTS[rules.layout - 1].board.columns
        return (
            rules.layout,
            *_player_facts(left, frame, columns),
            *_player_facts(right, frame, columns),
            common,
            len(gems),
        )

    def scene(self, state: State, seat: int) -> Scene:  # noqa: ARG002  # both seats see the whole board alike
        """Gems, then players. A player's key is its seat; a gem, which never moves, is known by 2 + its cell."""
        frame, _, _, (left, right), common, gems, _, rules = state
        board = LAYOUTS[rules.layout - 1].board
        lying = (Sprite("gem", 2 + cell, NOBODY, *board.xy(cell), *board.xy(cell), 0, 0, 0, 0) for cell in gems)
        players = (
            player_sprite(board, owner, player[:4], player[CARRIES], frame, rules.move_ticks)
            for owner, player in enumerate((left, right))
        )
        return Scene(
            board.columns,
            board.rows,
            board.tiles,
            (*lying, *players),
            (left[SCORE], right[SCORE]),
            common,
            max(0, rules.frames - frame),
        )


FORAGING: Final = Foraging()
