"""What two greetings agree on: the differences that refuse a session; the run, seed and episode that both derive."""

from collections.abc import Mapping
from dataclasses import fields
from hashlib import blake2b
from typing import Any, Literal, NamedTuple, cast

from games.contract import Seat
from netcode.inputs import ProtocolError
from netcode.packets import Hello
from netcode.vocabulary import EpisodeTerms, Player, Terms

_HASHED_BYTES = 16


class Agreed(NamedTuple):
    """What follows from both greetings, computed alike on both seats."""

    run: bytes
    seed: int
    episode: int
    players: tuple[Player, Player]


def terms_fields(terms: Terms) -> dict[str, Any]:
    """The terms as the map that travels in a greeting."""
    return {field.name: getattr(terms, field.name) for field in fields(terms)}


def differences(own: Hello, partner: Hello) -> list[str]:
    """Why these two cannot play: lines `field: ours, theirs`, empty if they can."""
    lines = []
    if own.seat == partner.seat:
        lines.append(f"seat: ours {Seat(own.seat).word}, theirs {Seat(partner.seat).word}")
    if own.episodes != partner.episodes:
        lines.append(f"episodes: ours {own.episodes}, theirs {partner.episodes}")
    if own.participant == partner.participant:
        lines.append(f"participant: ours {own.participant}, theirs {partner.participant} (expected two different ids)")
    lines += _field_differences(own.terms, partner.terms)
    return lines


def _field_differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    return [
        f"{name}: ours {_short(ours.get(name))}, theirs {_short(theirs.get(name))}"
        for name in [*ours, *(name for name in theirs if name not in ours)]
        if ours.get(name) != theirs.get(name)
    ]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def agree(own: Hello, partner: Hello) -> Agreed:
    """Run, seed, next episode and players. A session in progress goes on; otherwise the left seat's proposal stands.

    Raises:
        ProtocolError: the partner calls its player neither human nor bot.
    """
    left, right = (own, partner) if own.seat == Seat.LEFT else (partner, own)
    source = right if right.established and not left.established else left
    return Agreed(
        source.proposed_run,
        source.proposed_seed,
        max(own.next_episode, partner.next_episode),
        (_player(left), _player(right)),
    )


def _player(hello: Hello) -> Player:
    if hello.player_kind not in ("human", "bot"):
        raise ProtocolError(f"kind of player: expected human or bot, got {hello.player_kind!r:.40}")
    return Player(hello.participant, cast(Literal["human", "bot"], hello.player_kind))


def episode_terms(agreed: Agreed, terms: Terms, episode: int) -> EpisodeTerms:
    """What the header of `episode` says. Every episode has a seed of its own, derived from the session's."""
    digest = blake2b(b"%d/%d" % (agreed.seed, episode), digest_size=8).digest()
    seed = int.from_bytes(digest, "big") >> 1
    return EpisodeTerms(terms, agreed.players, agreed.run.hex(), episode, seed)


def header_hash(header: bytes) -> bytes:
    """What READY carries, so that unequal headers refuse each other."""
    return blake2b(header, digest_size=_HASHED_BYTES).digest()
