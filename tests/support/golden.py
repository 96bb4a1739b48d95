"""Golden files: bytes that every version must write and read alike. No game: integers of every size, by arithmetic.

`python -m tests.support.golden` writes those that do not exist yet; a file of a version, once released, never changes.
"""

from collections.abc import Callable
from pathlib import Path

from data.episode_format import EpisodeEncoder, encode_header, encode_row
from data.local_format import LocalEncoder, LocalHeader
from data.local_kinds import ending_values
from games.contract import Event
from netcode.vocabulary import AWAY, CATCHING_UP, Agreement, End, Ending, EpisodeTerms, Input, Player, Reason, Terms

FOLDER = Path(__file__).parent.parent / "data" / "golden"

EDGES = (0, 1, 127, 128, 255, 256, 65535, 65536, (1 << 32) - 1, 1 << 32, (1 << 63) - 1)
NEGATIVE_EDGES = (-1, -32, -33, -128, -129, -32768, -32769, -(1 << 31), -(1 << 31) - 1, -(1 << 63))


def golden_terms() -> EpisodeTerms:
    terms = Terms(
        study="größe-1",
        dyad="012",
        session="01",
        game="golden",
        game_version="3",
        source_hash="0123456789abcdef",
        config=(("depth", -5), ("frames", 70), ("größe", 1 << 40)),
        actions=("stay", "up", "right", "down", "left", "use"),
        event_kinds=("hit", "miss"),
        columns=(
            ("small", "int", "cells", "a value of one byte"),
            ("edge", "int", "", "the edges of each size"),
            ("below", "int", "", "the same below zero"),
            ("flag", "bool", "", "a truth value"),
        ),
        tick_rate=60,
        delay_frames=3,
        window_frames=30,
        guess_frames=8,
        away_limit_frames=600,
    )
    players = (Player("p-Ü", "human"), Player("p-2", "bot"))
    return EpisodeTerms(terms, players, "0123456789abcdef", 300, (1 << 63) - 1)


def golden_row(frame: int) -> bytes:
    left = Input(frame % 6, (0, AWAY, CATCHING_UP, AWAY | CATCHING_UP)[frame // 10 % 4])
    right = Input(frame * 5 % 6, 0, int(frame == 69))
    events = tuple(Event(index % 2, index - 1, EDGES[(frame + index) % len(EDGES)]) for index in range(frame % 4))
    facts = (frame % 100, EDGES[frame % len(EDGES)], NEGATIVE_EDGES[frame % len(NEGATIVE_EDGES)], frame % 3 == 0)
    digest = (frame * 0x9E3779B97F4A7C15 & (1 << 64) - 1).to_bytes(8, "big")
    return encode_row(frame, (left, right), (frame % 2, -frame), False, events, facts, digest)


def golden_episode() -> bytes:
    encoder = EpisodeEncoder(encode_header(golden_terms()))
    parts = [encoder.start(), *(encoder.add(golden_row(frame)) for frame in range(70))]
    return b"".join([*parts, encoder.end(End(Reason.ABORTED, 70, "quit", (1,)))])


def golden_local() -> bytes:
    header = LocalHeader(
        run="0123456789abcdef",
        study="größe-1",
        dyad="012",
        session="01",
        episode=300,
        seat=1,
        participant="p-2",
        machine=(("system", "none"), ("version", "0")),
        wall_ns=1_700_000_000_000_000_000,
        monotonic_ns=12_345_678_901,
    )
    encoder = LocalEncoder(header)
    parts = [encoder.start()]
    for frame in range(40):
        start = 10**10 + frame * 33_333_333
        head = (frame, start, start + 100, start + 900, start + 5000 if frame % 2 else -1)
        guess, shown = (frame % 6, frame.to_bytes(8, "big")) if frame % 3 else (-1, b"")
        known = (frame, frame, frame // 2, frame == 7, guess, frame % 4, frame % 2, frame, shown)
        sent = (frame + 3, -1 if frame == 7 else frame % 6, "window" if frame == 7 else "", frame % 3, 1)
        encoder.add("tick", *head, *known, *sent)
        if frame % 10 == 0:
            encoder.add("key", start, 80 + frame, frame % 20 == 0, frame)
            encoder.add("view", start, frame, "fast_forward", 12)
            parts.append(encoder.flush())
    encoder.add("focus", 5, False, 3)
    encoder.add("hold", 6, 3, 4, "partner's input is missing")
    encoder.add("pacing", 7, 3, 33_666_666)
    encoder.add("probe", 1, 2, 3, 4)
    encoder.add("wake", 8, 3, 1_500_000_000, 45)
    encoder.add("notice", 9, 3, "Gegenüber kurz weg")
    encoder.add("divergence", 4, b"state", b"row")
    ending = Ending(End(Reason.ABORTED, 70, "quit", (1,)), Agreement.MUTUAL, 70, 70, 2)
    encoder.add("ending", *ending_values(ending))
    return b"".join([*parts, encoder.end({"rollbacks": 4, "holds": 1})])


GOLDEN: dict[str, Callable[[], bytes]] = {"episode-1.dyad": golden_episode, "local-1b.dyadlog": golden_local}
"""What today's writers make. `local-1.dyadlog` is what they made before a tick said what was sent: it is only read."""

if __name__ == "__main__":
    for name, make in GOLDEN.items():
        if not (FOLDER / name).exists():
            (FOLDER / name).write_bytes(make())
            print(FOLDER / name)
