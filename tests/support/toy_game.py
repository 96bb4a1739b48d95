"""A game of a few integers for netcode tests: every action of either seat changes every later state."""

from typing import NamedTuple

from games.contract import Column, Config, Event, GuideLine, Scene, Transition

_MASK = (1 << 61) - 1


class ToyState(NamedTuple):
    tick: int
    frames: int
    mix: int
    score: int
    goal: int


class ToyGame:
    """Ends after `frames` frames, or early when the score reaches `goal`: then a guess can be wrong about the end."""

    id = "toy"
    version = "1"
    actions = ("stay", "up", "right", "down", "left", "use")
    columns = (Column("mix", "int", "none", "all inputs so far"), Column("score", "int", "points", "agreements"))
    event_kinds = ("agree",)
    guide: tuple[GuideLine, ...] = ()

    def configure(self, *, tick_rate: int, frames: int | None = None) -> dict[str, int]:
        return {"frames": frames or 10 * tick_rate, "goal": 0}

    def initial(self, seed: int, config: Config) -> ToyState:
        return ToyState(0, config["frames"], seed & _MASK, 0, config.get("goal", 0))

    def step(self, state: ToyState, actions: tuple[int, int]) -> Transition:
        tick, frames, mix, score, goal = state
        left, right = actions
        mix = (mix * 6364136223846793005 + left * 31 + right + 1) & _MASK
        agrees = left == right != 0
        score += agrees
        done = tick + 1 >= frames or (goal > 0 and score >= goal)
        events = (Event(0, 0, left),) if agrees else ()
        return Transition(ToyState(tick + 1, frames, mix, score, goal), (left, right), events, done)

    def encode(self, state: ToyState) -> bytes:
        return b"%d/%d/%d/%d/%d" % state

    def facts(self, state: ToyState) -> tuple[int, ...]:
        return state.mix & 0xFFFF, state.score

    def scene(self, state: ToyState, seat: int) -> Scene:
        return Scene(1, 1, b"\0", (), (state.score, state.score), state.score, state.frames - state.tick)
