"""A share full of made-up episodes: real games played by bots, with local records and claims. No window, no network.

`python -m tests.support.synthetic DIR --episodes 200` by hand; every byte follows from the arguments. What a network
would do to a seat is imitated: every so often a guess is wrong for a few frames, is shown, and is rolled back.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from data.claims import Statistics, encode_claim, make_claim
from data.episode_format import EpisodeEncoder, decode_row, encode_header, encode_row, state_digest
from data.layout import Kind, canonical_name, episode_folder, seat_name
from data.local_format import LocalEncoder, LocalHeader
from data.local_kinds import ending_values
from data.provenance import source_hash
from data.resimulation import EndRule
from games import registry
from games.contract import Game, Seat
from netcode.vocabulary import AWAY, Agreement, End, Ending, EpisodeTerms, Input, Player, Reason, Terms

TICK_RATE = 30
PERIOD_NS = 1_000_000_000 // TICK_RATE
CLOCKS_NS = (5_000_000_000, 9_000_000_000_000)
"""Where each seat's monotonic clock stands at the first tick of an episode: the right one is far ahead."""
WALL_NS = 1_750_000_000_000_000_000
ONE_WAY_NS = 700_000
WRONG_EVERY, WRONG_FRAMES = 45, 3
"""Every so many frames a guess was wrong, and that many frames were shown from it."""
KEY_EVERY = 20
DELAY_FRAMES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of what: `episodes` in all, spread evenly over `dyads`, one session each."""

    episodes: int
    dyads: int = 1
    frames: int = 300
    games: tuple[str, ...] = ("foraging",)
    study: str = "pilot"


class Played(NamedTuple):
    """A whole canonical file and what it was made of."""

    terms: EpisodeTerms
    rows: list[bytes]
    end: End
    data: bytes


def synthetic_terms(plan: Plan, number: int) -> EpisodeTerms:
    """The terms of the `number`-th episode of a plan."""
    each = -(-plan.episodes // plan.dyads)
    dyad, episode = divmod(number, each)
    game = registry.find(plan.games[dyad % len(plan.games)])
    terms = Terms(
        study=plan.study,
        dyad=str(dyad + 1),
        session="1",
        game=game.id,
        game_version=game.version,
        source_hash=source_hash(game.id),
        config=tuple(sorted(game.configure(tick_rate=TICK_RATE, frames=plan.frames).items())),
        actions=game.actions,
        event_kinds=game.event_kinds,
        columns=tuple((column.name, column.type, column.unit, column.meaning) for column in game.columns),
        tick_rate=TICK_RATE,
        delay_frames=DELAY_FRAMES,
        window_frames=15,
        guess_frames=8,
        away_limit_frames=0,
    )
    players = (Player(f"P{2 * dyad + 1:03}", "human"), Player(f"P{2 * dyad + 2:03}", "bot"))
    return EpisodeTerms(terms, players, f"{dyad + 1:016x}", episode, 1000 + number)


def play_bots(terms: EpisodeTerms) -> Played:
    """An episode that two bots played to its end; the left seat is away for a while in its first half."""
    game: Game[Any] = registry.find(terms.terms.game)
    state = game.initial(terms.seed, dict(terms.terms.config))
    bots = [registry.bot(game.id, seat, terms.seed) for seat in Seat]
    away = range(terms.seed % 50 + 20, terms.seed % 50 + 50)
    rule, end = EndRule(0), None
    rows: list[bytes] = []
    encoder = EpisodeEncoder(encode_header(terms))
    parts = [encoder.start()]
    while end is None:
        frame = len(rows)
        left, right = (Input(0) if frame < DELAY_FRAMES else Input(bot.act(state)) for bot in bots)
        inputs = (Input(0, AWAY) if frame in away else left, right)
        state, rewards, events, done = game.step(state, (inputs[0].action, inputs[1].action))
        digest = state_digest(game.encode(state))
        rows.append(encode_row(frame, inputs, rewards, done, events, game.facts(state), digest))
        parts.append(encoder.add(rows[-1]))
        end = rule.end_at(frame, inputs, done=done)
    return Played(terms, rows, end, b"".join([*parts, encoder.end(end)]))


def write_episode(folder: Path, played: Played, seats: Sequence[Seat] = tuple(Seat)) -> list[Path]:
    """An episode as it lies on a share, with the files of `seats`; every path that was written, the canonical first."""
    terms = played.terms
    place = folder / episode_folder(terms)
    place.mkdir(parents=True, exist_ok=True)
    digest = sha256(played.data).hexdigest()
    canonical = place / canonical_name(terms, digest)
    canonical.write_bytes(played.data)
    written = [canonical]
    ending = Ending(played.end, _agreement(played.end), played.end.rows, played.end.rows)
    for seat in seats:
        local = local_bytes(played, seat, ending)
        local_digest = sha256(local).hexdigest()
        local_path = place / seat_name(terms, seat, Kind.LOCAL, local_digest)
        local_path.write_bytes(local)
        claim = encode_claim(
            make_claim(
                terms, seat, ending, (canonical.name, digest), (local_path.name, local_digest), statistics(played)
            )
        )
        claim_path = place / seat_name(terms, seat, Kind.CLAIM, sha256(claim).hexdigest())
        claim_path.write_bytes(claim)
        written += [local_path, claim_path]
    return written


def _agreement(end: End) -> Agreement:
    return Agreement.MUTUAL if end.reason.is_complete else Agreement.PARTNER_LOST


def statistics(played: Played) -> Statistics:
    wrong = len(range(WRONG_EVERY, played.end.rows, WRONG_EVERY))
    away = sum(bool(decode_row(row).inputs[0].flags & AWAY) for row in played.rows)
    return {"rollbacks": wrong, "wrong_guesses": wrong, "holds": 0, "away_frames": {"left": away, "right": 0}}


def was_untrue(frame: int) -> bool:
    """Whether both seats were shown something else in this frame than what was confirmed later."""
    return frame >= WRONG_EVERY and frame % WRONG_EVERY < WRONG_FRAMES


def local_bytes(played: Played, seat: Seat, ending: Ending) -> bytes:
    """One seat's local file."""
    terms = played.terms
    start = CLOCKS_NS[seat] + terms.episode * 600_000_000_000
    header = LocalHeader(
        run=terms.run,
        study=terms.terms.study,
        dyad=terms.terms.dyad,
        session=terms.terms.session,
        episode=terms.episode,
        seat=seat,
        participant=terms.players[seat].participant,
        machine=(("host", f"lab-{seat.word}"), ("system", "test")),
        wall_ns=WALL_NS + terms.episode * 600_000_000_000,
        monotonic_ns=start - 1_000_000_000,
    )
    encoder = LocalEncoder(header)
    parts = [encoder.start()]
    for frame, row in enumerate(played.rows):
        deadline = start + frame * PERIOD_NS
        encoder.add("tick", *_tick(frame, deadline, row, seat))
        if frame % KEY_EVERY == seat:
            encoder.add("key", deadline + 5_000, 79 + frame % 4, frame // KEY_EVERY % 2 == 0, frame + 1)
        if frame % TICK_RATE == 0:
            encoder.add("probe", *_probe(deadline, seat))
            parts.append(encoder.flush())
    encoder.add("focus", start + 7, False, 20)
    encoder.add("ending", *ending_values(ending))
    return b"".join([*parts, encoder.end({"rollbacks": 1})])


def _tick(frame: int, deadline: int, row: bytes, seat: Seat) -> Iterator[int | bool | str | bytes]:
    confirmed = decode_row(row)
    rolled_back = frame >= WRONG_EVERY and frame % WRONG_EVERY == WRONG_FRAMES
    shown = b"\xee" * 8 if was_untrue(frame) else confirmed.digest
    action, flags, command = confirmed.inputs[seat]
    late = frame * 7919 % 2_000_000
    yield from (frame + 1, deadline, deadline + late, deadline + late + 300_000, deadline + late + 900_000)
    yield from (frame, frame, max(0, frame - 1), False, confirmed.inputs[seat.other].action if frame % 2 else -1)
    yield from (WRONG_FRAMES if rolled_back else 0, int(rolled_back), frame, shown)
    yield from (frame + 1 + DELAY_FRAMES, action | flags << 16 | command << 20, "", 1, 1)


def _probe(sent: int, seat: Seat) -> tuple[int, int, int, int]:
    there = sent + ONE_WAY_NS + CLOCKS_NS[seat.other] - CLOCKS_NS[seat]
    return sent, there, there + 50_000, sent + 2 * ONE_WAY_NS + 50_000


def cut_short(played: Played, rows: int, reason: Reason = Reason.CUT) -> Played:
    """The same episode as a seat has it that stopped after so many rows."""
    encoder = EpisodeEncoder(encode_header(played.terms))
    parts = [encoder.start(), *(encoder.add(row) for row in played.rows[:rows])]
    end = End(reason, rows, frame=rows - 1 if reason is Reason.DIVERGED else -1)
    return Played(played.terms, played.rows[:rows], end, b"".join([*parts, encoder.end(end)]))


def write_share(folder: Path, plan: Plan) -> None:
    """All episodes of a plan."""
    for number in range(plan.episodes):
        write_episode(folder, play_bots(synthetic_terms(plan, number)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--dyads", type=int, default=2)
    parser.add_argument("--frames", type=int, default=1800)
    parser.add_argument("--games", default="foraging")
    given = parser.parse_args()
    games = tuple(given.games.split(","))
    write_share(given.folder, Plan(episodes=given.episodes, dyads=given.dyads, frames=given.frames, games=games))


if __name__ == "__main__":
    main()
