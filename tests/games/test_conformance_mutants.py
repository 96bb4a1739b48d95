"""Every law can fail: for each, a game that breaks it and that it catches."""

import pytest

from games.contract import Config, Scene, Transition
from games.foraging import FRAME, PLAYERS, Foraging, State
from tests.games import conformance
from tests.games.conformance import LAWS, Law


class CountsOutsideTheState(Foraging):
    """Its step counter is an attribute: an earlier step changes what a later one gives."""

    steps = 0

    def step(self, state: State, actions: tuple[int, int]) -> Transition:
        self.steps += 1
        return super().step(state, actions)._replace(rewards=(self.steps % 2, 0))


class KeepsAList(Foraging):
    """A saved state of it changes afterwards."""

    def initial(self, seed: int, config: Config) -> State:
        state = super().initial(seed, config)
        return (*state[:6], list(state[6]), state[7])  # type: ignore[return-value]  # the mutant's point


class RollsBackHalfWay(Foraging):
    """What it picks depends on how often it was asked, so a frame computed again comes out otherwise."""

    asked = 0

    def step(self, state: State, actions: tuple[int, int]) -> Transition:
        self.asked += 1
        return super().step(state, actions if self.asked % 5 else (0, 0))


class ForgetsFacing(Foraging):
    """Two states that differ only in where somebody looks have the same bytes."""

    def encode(self, state: State) -> bytes:
        left, right = state[PLAYERS]
        blind = (*left[:3], 0, *left[4:]), (*right[:3], 0, *right[4:])
        return super().encode((*state[:3], blind, *state[4:]))


class LosesAFact(Foraging):
    """It fills one column less than it declares."""

    def facts(self, state: State) -> tuple[int, ...]:
        return super().facts(state)[1:]


class PaysHalfPoints(Foraging):
    """A reward that is no integer."""

    def step(self, state: State, actions: tuple[int, int]) -> Transition:
        return super().step(state, actions)._replace(rewards=(0.5, 0))  # type: ignore[arg-type]  # the mutant's point


class DrawsOutside(Foraging):
    """A sprite that stands in a wall."""

    def scene(self, state: State, seat: int) -> Scene:
        scene = super().scene(state, seat)
        return scene._replace(sprites=(scene.sprites[-2]._replace(x=0), *scene.sprites[-1:]))


class Jumps(Foraging):
    """A move that is drawn at its beginning until it is over."""

    def scene(self, state: State, seat: int) -> Scene:
        scene = super().scene(state, seat)
        return scene._replace(sprites=tuple(sprite._replace(moved_ticks=0) for sprite in scene.sprites))


class EndsLate(Foraging):
    """It plays one frame more than it was configured for."""

    def step(self, state: State, actions: tuple[int, int]) -> Transition:
        return super().step(state, actions)._replace(done=state[FRAME] >= state[7].frames)


class TakesAnyTickRate(Foraging):
    """It does not mind its limits."""

    def configure(self, *, tick_rate: int, frames: int | None = None) -> dict[str, int]:
        config = super().configure(tick_rate=30, frames=frames)
        return config if frames else {**config, "frames": 60 * tick_rate}


class TakesAnyConfiguration(Foraging):
    """It plays by defaults when a file or a partner says something else."""

    def initial(self, seed: int, config: Config) -> State:
        return super().initial(seed, self.configure(tick_rate=30, frames=max(1, config.get("frames", 1) % 1000)))


class NeverRests(Foraging):
    """Its neutral action walks."""

    def step(self, state: State, actions: tuple[int, int]) -> Transition:
        return super().step(state, (actions[0] or 2, actions[1]))


class WrapsActions(Foraging):
    """An action outside the list is taken for another one."""

    def step(self, state: State, actions: tuple[int, int]) -> Transition:
        return super().step(state, (actions[0] % 6, actions[1] % 6))


class LamesTheRight(Foraging):
    """One seat may act only in four of five moments."""

    def step(self, state: State, actions: tuple[int, int]) -> Transition:
        return super().step(state, (actions[0], actions[1] if state[FRAME] % 15 < 12 else 0))


MUTANTS: dict[Law, type[Foraging]] = {
    conformance.step_is_a_pure_function: CountsOutsideTheState,
    conformance.states_are_immutable_values_of_whole_numbers: KeepsAList,
    conformance.a_saved_state_resumes_where_it_was_saved: RollsBackHalfWay,
    conformance.encode_is_canonical_and_tells_states_apart: ForgetsFacing,
    conformance.facts_fit_the_columns: LosesAFact,
    conformance.rewards_and_events_are_declared_integers: PaysHalfPoints,
    conformance.a_scene_is_a_valid_picture: DrawsOutside,
    conformance.motion_has_no_jumps: Jumps,
    conformance.an_episode_ends_exactly_at_its_last_frame: EndsLate,
    conformance.configure_fills_every_name_and_keeps_its_limits: TakesAnyTickRate,
    conformance.initial_refuses_a_configuration_that_is_not_its_own: TakesAnyConfiguration,
    conformance.the_neutral_action_moves_nobody: NeverRests,
    conformance.an_action_outside_the_list_does_nothing: WrapsActions,
    conformance.the_seats_are_equally_good: LamesTheRight,
}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_every_law_catches_a_game_that_breaks_it(law: Law) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):  # the second where the law itself expects an error
        law(MUTANTS[law]())


def test_a_trace_digest_notices_a_changed_rule() -> None:
    assert conformance.trace_digest(NeverRests()) != conformance.trace_digest(Foraging())
