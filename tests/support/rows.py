"""Encoders for tests of netcode alone: as injective as the real ones, and readable in a failure."""

from games.contract import Event
from netcode.vocabulary import EpisodeTerms, Input


def encode_header(terms: EpisodeTerms) -> bytes:
    return repr(terms).encode()


def encode_row(
    frame: int,
    inputs: tuple[Input, Input],
    rewards: tuple[int, int],
    done: bool,
    events: tuple[Event, ...],
    facts: tuple[int, ...],
    digest: bytes,
) -> bytes:
    return repr((frame, tuple(inputs[0]), tuple(inputs[1]), rewards, done, events, facts, digest)).encode()
