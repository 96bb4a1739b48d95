"""The rules of `foraging`, each as a small scene on the board `courts`."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.contract import Event, Transition
from games.foraging import (
    BUMP,
    CARRIES,
    CELL,
    DELIVER,
    DOWN,
    DROP,
    DROPPED,
    FORAGING,
    JOIN,
    LEFT,
    NOBODY,
    PICKUP,
    RIGHT,
    SCORE,
    SPAWN,
    STAY,
    UP,
)
from games.foraging_layouts import LAYOUTS

AnyState = Any
"""To the contract a state is an object; here its fields are looked at."""
MOVE = 5
"""Ticks of a move at 30 Hz."""
RULED = settings(derandomize=True, database=None, deadline=None, max_examples=80)


def at(x: int, y: int) -> int:
    return y * 13 + x


def scene(
    left: int,
    right: int,
    *,
    carries: tuple[int, int] = (0, 0),
    gems: Iterable[int] = (),
    favoured: int = 0,
    **config: int,
) -> AnyState:
    """Both players at rest in their cells of the first layout; gems lie only where they are put."""
    configured = FORAGING.configure(tick_rate=30) | {"layout": 1, "respawn_ticks": 60_000} | config
    _, random, _, _, common, _, _, rules = FORAGING.initial(1, configured)
    players = (left, left, 0, 1, carries[0], 0, 0), (right, right, 0, 3, carries[1], 0, 0)
    return 0, random, favoured, players, common, bytes(sorted(gems)), (), rules


def play(state: AnyState, *frames: tuple[int, int]) -> tuple[AnyState, list[Event]]:
    """The state after these frames, and all their events."""
    events: list[Event] = []
    for actions in frames:
        transition = FORAGING.step(state, actions)
        state, events = transition.state, [*events, *transition.events]
    return state, events


def cells(state: AnyState) -> tuple[int, int]:
    return state[3][0][CELL], state[3][1][CELL]


def named(state: AnyState) -> dict[str, int]:
    return dict(zip((column.name for column in FORAGING.columns), FORAGING.facts(state), strict=True))


FAR = at(9, 9)
"""Where the partner stands when a rule is about one player."""


@pytest.mark.parametrize(("action", "goal"), [(UP, (6, 4)), (RIGHT, (7, 5)), (DOWN, (6, 6)), (LEFT, (5, 5))])
def test_a_key_turns_the_player_and_moves_it_where_no_wall_is(action: int, goal: tuple[int, int]) -> None:
    state, _ = play(scene(at(6, 5), FAR), (action, STAY))
    facts = named(state)
    is_wall = goal in ((6, 4), (6, 6))
    assert (facts["left_x"], facts["left_y"]) == ((6, 5) if is_wall else goal)
    assert facts["left_facing"] == action - UP


def test_a_move_takes_its_ticks_and_a_held_key_goes_on_without_a_pause() -> None:
    state = scene(at(1, 5), FAR)
    trail = []
    for _ in range(3 * MOVE):
        state, _ = play(state, (RIGHT, STAY))
        trail.append(named(state)["left_x"])
    assert trail == [2] * MOVE + [3] * MOVE + [4] * MOVE


def test_keys_during_a_move_do_nothing() -> None:
    state, _ = play(scene(at(1, 5), FAR), (RIGHT, STAY), (DOWN, STAY), (UP, STAY), (DROP, STAY), (LEFT, STAY))
    assert (named(state)["left_x"], named(state)["left_facing"]) == (2, RIGHT - UP)


def test_a_wall_stops_without_a_bump_or_a_pause() -> None:
    state, events = play(scene(at(6, 5), FAR), (UP, STAY), (UP, STAY), (LEFT, STAY))
    assert cells(state)[0] == at(5, 5)
    assert events == []


def test_a_gem_is_picked_up_when_its_cell_is_reached_not_when_the_move_begins() -> None:
    gem = at(2, 5)
    state, events = play(scene(at(1, 5), FAR, gems=[gem]), *[(RIGHT, STAY)] * MOVE)
    assert events == []
    state, events = play(state, (STAY, STAY))
    assert events == [Event(PICKUP, 0, gem)]
    assert (named(state)["left_carries"], named(state)["gems"]) == (1, 0)


def test_a_player_carries_one_gem_at_a_time() -> None:
    state, events = play(scene(at(1, 5), FAR, carries=(1, 0), gems=[at(2, 5)]), *[(RIGHT, STAY)] * (2 * MOVE))
    assert events == []
    assert state[5] == bytes([at(2, 5)])


def test_a_gem_on_the_own_pad_is_a_point_for_the_seat_and_one_for_the_pair() -> None:
    transitions: list[Transition] = []
    state = scene(at(2, 1), FAR, carries=(1, 0))
    for _ in range(MOVE + 1):
        transitions.append(FORAGING.step(state, (LEFT, STAY)))
        state = transitions[-1].state
    assert [transition.rewards for transition in transitions] == [(0, 0)] * MOVE + [(1, 0)]
    assert transitions[-1].events == (Event(DELIVER, 0, 1),)
    facts = named(state)
    assert (facts["left_score"], facts["right_score"], facts["common"], facts["left_carries"]) == (1, 0, 1, 0)


def test_the_partners_pad_is_closed() -> None:
    state = scene(FAR, at(2, 1), carries=(0, 1))
    state, events = play(state, *[(STAY, LEFT)] * (MOVE + 1))
    assert cells(state)[1] == at(2, 1)
    assert events == []


def test_a_delivered_gem_comes_back_after_its_time() -> None:
    state = scene(at(2, 1), FAR, carries=(1, 0), respawn_ticks=20)
    state, _ = play(state, *[(LEFT, STAY)] * (MOVE + 1))
    state, events = play(state, *[(STAY, STAY)] * 19)
    assert events == []
    state, events = play(state, (STAY, STAY))
    ((kind, seat, cell),) = events
    assert (kind, seat) == (SPAWN, NOBODY)
    assert cell in LAYOUTS[0].spawns
    assert state[5] == bytes([cell])


@pytest.mark.parametrize(("apart", "is_join"), [(0, True), (1, True), (60, True), (61, False)])
@pytest.mark.parametrize("first", [0, 1])
def test_two_deliveries_within_two_seconds_are_a_join(first: int, apart: int, is_join: bool) -> None:
    state = scene(at(2, 1), at(10, 1), carries=(1, 1))
    keys = (LEFT, RIGHT)

    def frame_keys(frame: int) -> tuple[int, int]:
        begins = [0 if seat == first else apart for seat in (0, 1)]
        return tuple(keys[seat] if frame == begins[seat] else STAY for seat in (0, 1))  # type: ignore[return-value]

    state, events = play(state, *[frame_keys(frame) for frame in range(apart + MOVE + 1)])
    assert (Event(JOIN, NOBODY, 3) in events) == is_join
    assert named(state)["common"] == (5 if is_join else 2)
    assert (named(state)["left_score"], named(state)["right_score"]) == (1, 1)
    if is_join:
        assert (named(state)["left_join"], named(state)["right_join"]) == (0, 0)


def test_one_delivery_counts_for_one_join() -> None:
    state = scene(at(2, 1), at(10, 1), carries=(1, 1))
    state, _ = play(state, *[(LEFT, RIGHT)] * (MOVE + 1))
    frame, random, favoured, (left, right), *rest = state
    again = (*left[:4], 1, *left[5:])
    state, events = play((frame, random, favoured, (again, right), *rest), *[(RIGHT, STAY)] * MOVE, *[(LEFT, STAY)] * 6)
    assert [event.kind for event in events] == [DELIVER]
    assert named(state)["left_join"] == 60


def test_a_gem_can_be_laid_down_and_taken_up_by_the_partner() -> None:
    state, events = play(scene(at(5, 5), at(8, 5), carries=(1, 0)), (DROP, STAY), *[(LEFT, LEFT)] * (3 * MOVE + 1))
    assert events == [Event(DROPPED, 0, at(5, 5)), Event(PICKUP, 1, at(5, 5))]
    assert (named(state)["left_carries"], named(state)["right_carries"]) == (0, 1)


def test_a_gem_laid_down_is_not_taken_up_again_in_place() -> None:
    _, events = play(scene(at(5, 5), at(6, 5), carries=(1, 0)), (DROP, STAY), *[(RIGHT, STAY)] * (2 * MOVE))
    assert [event.kind for event in events] == [DROPPED, BUMP, BUMP]


@pytest.mark.parametrize(
    ("why", "cell", "carries", "gems"),
    [("nothing held", at(5, 5), 0, []), ("a gem lies there", at(5, 5), 1, [at(5, 5)]), ("a pad", at(1, 1), 1, [])],
)
def test_a_drop_without_a_gem_or_a_place_does_nothing(why: str, cell: int, carries: int, gems: list[int]) -> None:
    before = scene(cell, FAR, carries=(carries, 0), gems=gems)
    after, events = play(before, (DROP, STAY))
    assert events == [], why
    assert after[1:] == before[1:]


def test_whoever_runs_into_a_standing_partner_stands_for_a_move() -> None:
    state, events = play(scene(at(5, 5), at(6, 5)), *[(RIGHT, STAY)] * MOVE)
    assert events == [Event(BUMP, 0, at(6, 5))]
    assert cells(state) == (at(5, 5), at(6, 5))
    state, _ = play(scene(at(5, 5), at(6, 5)), (RIGHT, STAY), *[(LEFT, STAY)] * (MOVE - 1))
    assert cells(state)[0] == at(5, 5)
    state, _ = play(state, (LEFT, STAY))
    assert cells(state)[0] == at(4, 5)


def test_two_who_meet_face_to_face_both_bump() -> None:
    state, events = play(scene(at(5, 5), at(6, 5)), (RIGHT, LEFT))
    assert cells(state) == (at(5, 5), at(6, 5))
    assert events == [Event(BUMP, 0, at(6, 5)), Event(BUMP, 1, at(5, 5))]


def test_one_may_follow_at_the_others_heels() -> None:
    state, events = play(scene(at(5, 5), at(6, 5)), *[(RIGHT, RIGHT)] * (2 * MOVE))
    assert cells(state) == (at(7, 5), at(8, 5))
    assert events == []


def test_a_cell_that_both_want_goes_to_each_by_turns() -> None:
    """By the parity of the frame one seat would win for ever: moves of an even length begin on even frames."""
    for favoured in (0, 1):
        state, events = play(scene(at(5, 5), at(7, 5), favoured=favoured), (RIGHT, LEFT))
        assert cells(state)[favoured] == at(6, 5)
        assert events == [Event(BUMP, 1 - favoured, at(6, 5))]
        assert state[2] == 1 - favoured


def test_every_gem_has_its_spawn_in_the_record() -> None:
    state = FORAGING.initial(3, FORAGING.configure(tick_rate=30))
    assert named(state)["gems"] == 0
    state, events = play(state, *[(STAY, STAY)] * 10)
    assert [event.kind for event in events] == [SPAWN] * 7
    assert state[5] == bytes(sorted(event.value for event in events))


def test_gems_that_are_due_together_appear_one_a_frame() -> None:
    state: AnyState = FORAGING.initial(3, FORAGING.configure(tick_rate=30))
    for _ in range(7):
        transition = FORAGING.step(state, (STAY, STAY))
        assert len(transition.events) == 1
        state = transition.state
    assert FORAGING.step(state, (STAY, STAY)).events == ()


def test_a_study_can_fix_the_layout() -> None:
    for layout in range(1, len(LAYOUTS) + 1):
        state = FORAGING.initial(0, {**FORAGING.configure(tick_rate=30), "layout": layout})
        assert named(state)["layout"] == layout
        assert FORAGING.scene(state, 0).tiles == LAYOUTS[layout - 1].board.tiles


def test_the_most_gems_find_a_place_on_every_layout() -> None:
    for layout in range(1, len(LAYOUTS) + 1):
        config = {**FORAGING.configure(tick_rate=30), "layout": layout, "gems": 16, "respawn_ticks": 0}
        state, _ = play(FORAGING.initial(0, config), *[(STAY, STAY)] * 20)
        assert named(state)["gems"] == 16
        assert len(dict.fromkeys(state[5])) == 16


def test_every_field_that_can_change_is_in_the_bytes() -> None:
    """A state that differs in one field alone has other bytes."""
    before = scene(at(5, 5), at(8, 5), gems=[at(2, 5)])
    frame, random, favoured, (left, right), common, gems, _, rules = before
    others = [
        (frame + 1, *before[1:]),
        (frame, random + 1, *before[2:]),
        (frame, random, 1 - favoured, *before[3:]),
        (frame, random, favoured, (left, right), common + 1, gems, (), rules),
        (frame, random, favoured, (left, right), common, gems + b"\x70", (), rules),
        (frame, random, favoured, (left, right), common, gems, (70,), rules),
        *(
            (frame, random, favoured, ((*left[:field], left[field] + 1, *left[field + 1 :]), right), *before[4:])
            for field in range(len(left))
        ),
        *(
            (frame, random, favoured, (left, (*right[:field], right[field] + 1, *right[field + 1 :])), *before[4:])
            for field in range(len(right))
        ),
        scene(at(5, 5), at(8, 5), gems=[at(2, 5)], layout=2),
        scene(at(5, 5), at(8, 5), gems=[at(2, 5)], move_ticks=6),
        scene(at(5, 5), at(8, 5), gems=[at(2, 5)], respawn_ticks=1),
        scene(at(5, 5), at(8, 5), gems=[at(2, 5)], join_ticks=1),
        scene(at(5, 5), at(8, 5), gems=[at(2, 5)], join_points=1),
        scene(at(5, 5), at(8, 5), gems=[at(2, 5)], frames=1),
    ]
    encoded = [FORAGING.encode(state) for state in (before, *others)]
    assert len(dict.fromkeys(encoded)) == len(encoded)


def test_a_drawn_gem_keeps_its_key_while_it_lies_and_no_other_sprite_has_it() -> None:
    state, _ = play(FORAGING.initial(3, FORAGING.configure(tick_rate=30)), *[(STAY, STAY)] * 10)
    drawn = FORAGING.scene(state, 0).sprites
    assert [sprite.kind for sprite in drawn] == ["gem"] * 7 + ["player"] * 2
    assert drawn[:7] == FORAGING.scene(play(state, (DOWN, DOWN))[0], 0).sprites[:7]


def mirrored(state: AnyState) -> AnyState:
    """The same situation in a looking glass, with the seats exchanged."""
    frame, random, favoured, (left, right), common, gems, due, rules = state
    players = tuple((glass(p[0]), glass(p[1]), p[2], (4 - p[3]) % 4, *p[4:]) for p in (right, left))
    gems = bytes(sorted(glass(gem) for gem in gems))
    return frame, random, 1 - favoured, players, common, gems, due, rules


def glass(cell: int) -> int:
    return cell // 13 * 13 + 12 - cell % 13


GLASS_ACTION = {STAY: STAY, UP: UP, DOWN: DOWN, LEFT: RIGHT, RIGHT: LEFT, DROP: DROP}
held_actions = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 8)), min_size=1, max_size=40)


@RULED
@given(
    places=st.lists(st.sampled_from(LAYOUTS[0].spawns), min_size=12, max_size=12, unique=True),
    carries=st.tuples(st.integers(0, 1), st.integers(0, 1)),
    favoured=st.integers(0, 1),
    held=held_actions,
)
def test_play_in_a_looking_glass_is_the_looking_glass_of_play(
    places: list[int], carries: tuple[int, int], favoured: int, held: list[tuple[int, int, int]]
) -> None:
    state = scene(places[0], places[1], carries=carries, favoured=favoured, gems=places[2:])
    for left, right, frames in held:
        for _ in range(frames):
            there = FORAGING.step(mirrored(state), (GLASS_ACTION[right], GLASS_ACTION[left]))
            here = FORAGING.step(state, (left, right))
            assert there.state == mirrored(here.state)
            assert there.rewards == here.rewards[::-1]
            assert sorted(event.kind for event in there.events) == sorted(event.kind for event in here.events)
            state = here.state


@RULED
@given(seed=st.integers(0, 2**63 - 1), held=held_actions)
def test_whatever_is_pressed_players_stay_apart_and_no_gem_is_lost(seed: int, held: list[tuple[int, int, int]]) -> None:
    state: AnyState = FORAGING.initial(seed, FORAGING.configure(tick_rate=30))
    points = 0
    for left, right, frames in held:
        for _ in range(frames):
            transition = FORAGING.step(state, (left, right))
            state, points = transition.state, points + sum(transition.rewards)
            _, _, _, (one, other), common, gems, due, rules = state
            assert one[CELL] != other[CELL]
            assert len(gems) + len(due) + one[CARRIES] + other[CARRIES] == rules.gems
            assert one[SCORE] + other[SCORE] == points <= common
