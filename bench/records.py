"""What recording costs the tick's side and the disk, and how fast recorded episodes are verified."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench.measure import Benchmark, quiet, summary
from bench.pair import bench_terms
from data.episode_format import EpisodeEncoder
from data.episode_header import encode_header
from data.episode_row import encode_row
from data.local_format import LocalHeader
from data.provenance import source_hash
from data.recorder import Recorder
from data.verification import verify_paths
from games import registry
from games.contract import Seat
from netcode.agreement import Agreed, episode_terms
from netcode.timeline import Timeline
from netcode.vocabulary import ConfirmedFrame, EpisodeTerms, Input, Player

FRAMES: Final = 36_000
EPISODES: Final = 4
GAME: Final = "foraging"


def run() -> Iterator[Benchmark]:
    """All budgets of records."""
    terms, frames, file = _episode(FRAMES)
    yield from _recording(terms, frames)
    yield Benchmark("canonical file, a frame", len(file) / FRAMES, len(file) / FRAMES, "B", 45.0)
    yield summary(
        "verify by re-simulation", [_verified_a_second(file) for _ in range(5)], "frames/s", 50_000, at_least=True
    )


def played_episode(count: int) -> bytes:
    """The file of an episode of two bots."""
    return _episode(count)[2]


def _episode(count: int) -> tuple[EpisodeTerms, list[ConfirmedFrame], bytes]:
    """An episode of two bots, as the timeline confirms it and as the encoder writes it."""
    terms = replace(bench_terms(GAME, count), source_hash=source_hash(GAME))
    agreed = Agreed(bytes(8), 5, 0, (Player("P1", "bot"), Player("P2", "bot")))
    episode = episode_terms(agreed, terms, 0)
    game, header = registry.find(GAME), encode_header(episode)
    state = game.initial(episode.seed, dict(terms.config))
    timeline = Timeline(game, state, Seat.LEFT, encode_row, delay_frames=0, guess_frames=8, away_limit_frames=0)
    bots = [registry.bot(GAME, seat, 5) for seat in Seat]
    encoder, frames = EpisodeEncoder(header), []
    chunks = [encoder.start()]
    for frame in range(count):
        timeline.own.append(Input(bots[0].act(timeline.head)))
        timeline.partner.append(Input(bots[1].act(timeline.head)))
        confirmed = timeline.advance(frame + 1).confirmed
        frames += confirmed
        chunks += [encoder.add(row.row) for row in confirmed]
        timeline.forget_settled_inputs()
    assert timeline.end is not None, "an episode ends after its frames"
    return episode, frames, b"".join([*chunks, encoder.end(timeline.end)])


def _recording(terms: EpisodeTerms, frames: list[ConfirmedFrame]) -> Iterator[Benchmark]:
    """What the tick pays to hand a frame over, while the recorder's thread writes to a real disk."""
    rules = terms.terms
    local = LocalHeader(
        run=terms.run,
        study=rules.study,
        dyad=rules.dyad,
        session=rules.session,
        episode=0,
        seat=0,
        participant="P1",
        machine=(),
        wall_ns=0,
        monotonic_ns=0,
    )
    samples = []
    with tempfile.TemporaryDirectory() as home, quiet():
        recorder = Recorder(Path(home), share_url=home, seat=Seat.LEFT)
        recorder.begin(terms, encode_header(terms), local)
        for frame in frames[:5_000]:
            start = time.perf_counter_ns()
            recorder.record([frame])
            samples.append((time.perf_counter_ns() - start) / 1000)
        recorder.close(10.0)
    yield summary("record, on the tick's side, a frame", samples, "us", 2.0)


def _verified_a_second(file: bytes) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "episode.dyad"
        path.write_bytes(file)
        start = time.perf_counter()
        report = verify_paths([path])
        seconds = time.perf_counter() - start
    assert report.exit_code == 0, [finding.words for finding in report.findings]
    return FRAMES / seconds
