"""Playing an episode again finds whatever does not follow from its header and inputs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from data.episode_format import Row, decode_row, encode_row, read_episode, state_digest
from data.resimulation import Mismatch, resimulate
from games import registry
from games.contract import Event
from netcode.vocabulary import AWAY, CATCHING_UP, NEUTRAL, Command, End, EpisodeTerms, Input, Reason
from tests.support.recorded import InputSource, file_bytes, make_terms, play, wandering, with_inputs

GAME = registry.find("foraging")
ABORT = Input(1, 0, Command.ABORT)


def judged(terms: EpisodeTerms, rows: Sequence[bytes], end: End) -> Mismatch | None:
    return resimulate(read_episode(file_bytes(terms, rows, end)), GAME)


def played(source: Callable[[InputSource], InputSource] = lambda plain: plain, *, frames: int = 75, limit: int = 0,
           most: int = 1000) -> tuple[EpisodeTerms, list[bytes], End]:  # fmt: skip
    terms = make_terms(GAME, frames=frames, away_limit_frames=limit)
    return terms, *play(GAME, terms, source(wandering(GAME, terms)), most=most)


@pytest.mark.parametrize("game_id", registry.names())
def test_what_was_played_plays_again(game_id: str) -> None:
    game = registry.find(game_id)
    terms = make_terms(game, frames=200)
    rows, end = play(game, terms, wandering(game, terms))
    assert end == End(Reason.FINISHED, 200, "game")
    assert resimulate(read_episode(file_bytes(terms, rows, end)), game) is None


def test_the_states_on_the_way_are_those_of_the_rows_that_came_out_as_recorded() -> None:
    terms, rows, end = played()
    states: list[Any] = []
    assert resimulate(read_episode(file_bytes(terms, rows, end)), GAME, into=states) is None
    assert states[0] == GAME.initial(terms.seed, dict(terms.terms.config))
    assert [state_digest(GAME.encode(state)) for state in states[1:]] == [decode_row(row).digest for row in rows]
    states.clear()
    rows[40] = rewritten(rows[40], digest=bytes(8))
    assert resimulate(read_episode(file_bytes(terms, rows, end)), GAME, into=states) is not None
    assert len(states) == 41, "the first state, and those of frames 0 to 39"


def rewritten(row: bytes, **changes: object) -> bytes:
    values: Row = decode_row(row)._replace(**changes)  # type: ignore[arg-type]  # each caller changes one field
    return encode_row(*values)


CHANGES: dict[str, Callable[[Row], dict[str, object]]] = {
    "left_reward": lambda row: {"rewards": (row.rewards[0] + 1, row.rewards[1])},
    "right_reward": lambda row: {"rewards": (row.rewards[0], row.rewards[1] - 1)},
    "done": lambda row: {"done": True},
    "events": lambda row: {"events": (*row.events, Event(0, 0, 5))},
    "left_x": lambda row: {"facts": (row.facts[0], row.facts[1] + 1, *row.facts[2:])},
    "gems": lambda row: {"facts": (*row.facts[:-1], row.facts[-1] + 1)},
    "digest": lambda row: {"digest": bytes(8)},
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_value_that_does_not_follow_is_named_with_its_frame(field: str) -> None:
    terms, rows, end = played()
    rows[40] = rewritten(rows[40], **CHANGES[field](decode_row(rows[40])))
    mismatch = judged(terms, rows, end)
    assert mismatch is not None
    assert (mismatch.frame, mismatch.field) == (40, field)
    assert mismatch.words().startswith(f"frame 40, {field}: expected ")


def test_an_input_that_was_not_played_shows_at_the_latest_in_the_digest() -> None:
    terms, rows, end = played(lambda plain: lambda frame: (NEUTRAL, NEUTRAL))
    rows[40] = rewritten(rows[40], inputs=(Input(2), NEUTRAL))
    mismatch = judged(terms, rows, end)
    assert mismatch is not None
    assert mismatch.frame in (40, 41)


def test_a_seed_or_a_configuration_that_was_not_played_shows() -> None:
    terms, rows, end = played()
    assert judged(replace(terms, seed=8), rows, end) is not None
    config = dict(terms.terms.config) | {"gems": 3}
    other = replace(terms, terms=replace(terms.terms, config=tuple(sorted(config.items()))))
    assert judged(other, rows, end) is not None


def test_a_configuration_that_the_game_refuses_is_a_finding_and_no_crash() -> None:
    terms, rows, end = played()
    other = replace(terms, terms=replace(terms.terms, config=(("frames", 75),)))
    mismatch = judged(other, rows, end)
    assert mismatch is not None
    assert (mismatch.frame, mismatch.field) == (-1, "config")
    assert "ValueError" in mismatch.came


@pytest.mark.parametrize("name", ["actions", "event_kinds", "columns"])
def test_tables_that_are_not_the_games_are_named(name: str) -> None:
    terms, rows, end = played()
    table = getattr(terms.terms, name)
    changes: dict[str, Any] = {name: (*table[1:], table[0])}
    other = replace(terms, terms=replace(terms.terms, **changes))
    mismatch = judged(other, rows, end)
    assert mismatch is not None
    assert (mismatch.frame, mismatch.field) == (-1, name)


@pytest.mark.parametrize("played_in_delay", [Input(1), Input(0, AWAY), Input(0, CATCHING_UP), ABORT])
def test_the_first_frames_are_neutral_in_every_part(played_in_delay: Input) -> None:
    terms, rows, end = played(lambda plain: with_inputs(plain, {1: (NEUTRAL, played_in_delay)}))
    mismatch = judged(terms, rows, end)
    assert mismatch is not None
    assert (mismatch.frame, mismatch.field) == (1, "right input")


# --- ends ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quits", "seats"), [((ABORT, NEUTRAL), (0,)), ((NEUTRAL, ABORT), (1,)), ((ABORT, ABORT), (0, 1))]
)
def test_a_quit_ends_the_episode_at_its_frame(quits: tuple[Input, Input], seats: tuple[int, ...]) -> None:
    terms, rows, end = played(lambda plain: with_inputs(plain, {33: quits}))
    assert end == End(Reason.ABORTED, 34, "quit", seats)
    assert judged(terms, rows, end) is None


def test_the_games_own_end_beats_a_quit_in_the_same_frame() -> None:
    terms, rows, end = played(lambda plain: with_inputs(plain, {74: (ABORT, ABORT)}))
    assert end == End(Reason.FINISHED, 75, "game")
    assert judged(terms, rows, end) is None
    assert judged(terms, rows, End(Reason.ABORTED, 75, "quit", (0, 1))) is not None


def away_from(first: int, last: int) -> Callable[[InputSource], InputSource]:
    gone = {frame: (Input(0, AWAY), NEUTRAL) for frame in range(first, last + 1)}
    return lambda plain: with_inputs(plain, gone)


def test_an_absence_ends_the_episode_at_the_frame_that_reaches_the_limit() -> None:
    terms, rows, end = played(away_from(10, 60), limit=20)
    assert end == End(Reason.FINISHED, 30, "away_limit", (0,))
    assert judged(terms, rows, end) is None


def test_only_consecutive_frames_count_as_one_absence() -> None:
    terms, rows, end = played(lambda plain: away_from(10, 28)(away_from(30, 48)(plain)), limit=20)
    assert end == End(Reason.FINISHED, 75, "game")
    assert judged(terms, rows, end) is None


def test_no_row_follows_an_end() -> None:
    terms, rows, _ = played()
    longer_terms = replace(terms, terms=replace(terms.terms, away_limit_frames=0))
    quits = with_inputs(wandering(GAME, terms), {33: (ABORT, NEUTRAL)})
    plain = with_inputs(quits, {33: (Input(1), NEUTRAL)})
    rows, _ = play(GAME, longer_terms, plain, most=50)
    rows[33] = rewritten(rows[33], inputs=(ABORT, NEUTRAL))
    mismatch = judged(longer_terms, rows, End(Reason.CUT, 50))
    assert mismatch is not None
    assert (mismatch.frame, mismatch.field) == (34, "row")


@pytest.mark.parametrize(
    ("end", "field"),
    [
        (End(Reason.CUT, 75), "END reason"),
        (End(Reason.ABORTED, 75, "quit", (0,)), "END reason"),
        (End(Reason.FINISHED, 75, "away_limit", (0,)), "END cause"),
    ],
)
def test_an_end_that_its_rows_do_not_bear_out_is_named(end: End, field: str) -> None:
    terms, rows, _ = played()
    mismatch = judged(terms, rows, end)
    assert mismatch is not None
    assert (mismatch.frame, mismatch.field) == (74, field)


def test_a_wrong_seat_in_an_end_is_named() -> None:
    terms, rows, _ = played(lambda plain: with_inputs(plain, {33: (ABORT, NEUTRAL)}))
    mismatch = judged(terms, rows, End(Reason.ABORTED, 34, "quit", (1,)))
    assert mismatch is not None
    assert mismatch.field == "END seats"


def test_an_unfinished_episode_cannot_say_that_it_finished() -> None:
    terms, rows, _ = played(most=50)
    mismatch = judged(terms, rows, End(Reason.FINISHED, 50, "game"))
    assert mismatch is not None
    assert mismatch.field == "END reason"


@pytest.mark.parametrize("end", [End(Reason.CUT, 50), End(Reason.RECOVERED, 50), End(Reason.DIVERGED, 50, frame=49)])
def test_a_partial_episode_may_stop_anywhere(end: End) -> None:
    terms, rows, _ = played(most=50)
    assert judged(terms, rows, end) is None


def test_a_crash_after_the_last_row_leaves_a_recovered_episode_with_an_end_in_it() -> None:
    terms, rows, _ = played()
    assert judged(terms, rows, End(Reason.RECOVERED, 75)) is None
