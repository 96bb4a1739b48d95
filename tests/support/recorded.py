"""Episodes as files, made without a network: terms, inputs and rows of a game played straight through."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from data.episode_format import EpisodeEncoder, encode_header, encode_row, state_digest
from data.provenance import source_hash
from data.resimulation import EndRule
from games import registry
from games.contract import Game
from netcode.vocabulary import NEUTRAL, End, EpisodeTerms, Input, Player, Reason, Terms

Inputs = tuple[Input, Input]
InputSource = Callable[[int], Inputs]

RUN = "00c0ffee00c0ffee"


def make_terms(
    game: Game[Any],
    *,
    frames: int = 75,
    delay_frames: int = 2,
    away_limit_frames: int = 0,
    episode: int = 0,
    run: str = RUN,
    seed: int = 7,
    source: str | None = None,
) -> EpisodeTerms:
    config = game.configure(tick_rate=30, frames=frames)
    terms = Terms(
        study="pilot",
        dyad="12",
        session="1",
        game=game.id,
        game_version=game.version,
        source_hash=source_hash(game.id) if source is None else source,
        config=tuple(sorted(config.items())),
        actions=game.actions,
        event_kinds=game.event_kinds,
        columns=tuple((column.name, column.type, column.unit, column.meaning) for column in game.columns),
        tick_rate=30,
        delay_frames=delay_frames,
        window_frames=15,
        guess_frames=8,
        away_limit_frames=away_limit_frames,
    )
    return EpisodeTerms(terms, (Player("p-one", "human"), Player("p-two", "bot")), run, episode, seed)


def wandering(game: Game[Any], terms: EpisodeTerms, seed: int = 1) -> InputSource:
    """Both seats walk at random, changing their minds now and then; neutral for the first `delay` frames."""
    random = Random(seed)
    held = [0, 0]

    def at(frame: int) -> Inputs:
        if frame < terms.terms.delay_frames:
            return NEUTRAL, NEUTRAL
        for seat in range(2):
            if random.random() < 0.2:
                held[seat] = random.randrange(len(game.actions))
        return Input(held[0]), Input(held[1])

    return at


def with_inputs(source: InputSource, changed: dict[int, Inputs]) -> InputSource:
    """The same inputs but for some frames."""
    return lambda frame: changed.get(frame, source(frame))


def play(game: Game[Any], terms: EpisodeTerms, source: InputSource, *, most: int = 1 << 30) -> tuple[list[bytes], End]:
    """The rows up to the episode's own end, or up to `most`: then it was cut."""
    state = game.initial(terms.seed, dict(terms.terms.config))
    rule = EndRule(terms.terms.away_limit_frames)
    rows: list[bytes] = []
    end: End | None = None
    while end is None and len(rows) < most:
        frame = len(rows)
        inputs = source(frame)
        state, rewards, events, done = game.step(state, (inputs[0].action, inputs[1].action))
        digest = state_digest(game.encode(state))
        rows.append(encode_row(frame, inputs, rewards, done, events, game.facts(state), digest))
        end = rule.end_at(frame, inputs, done=done)
    return rows, end or End(Reason.CUT, len(rows))


def file_bytes(terms: EpisodeTerms, rows: Sequence[bytes], end: End | None) -> bytes:
    """A whole file; without an end, what a crash leaves: whole blocks only."""
    encoder = EpisodeEncoder(encode_header(terms))
    parts = [encoder.start(), *(encoder.add(row) for row in rows)]
    return b"".join(parts if end is None else [*parts, encoder.end(end)])


def finished(game_id: str = "foraging", *, episode: int = 0, seed: int = 7, frames: int = 75) -> bytes:
    """A whole, complete episode file of a registered game."""
    game = registry.find(game_id)
    terms = make_terms(game, episode=episode, seed=seed, frames=frames)
    return file_bytes(terms, *play(game, terms, wandering(game, terms)))
