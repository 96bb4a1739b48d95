"""What came of a demo, read from its stations' files: values, and words for what is missing. No process."""

import signal
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from data.claims import Claim, read_claims
from data.outbox import Item, Outbox
from data.station import Station
from games.contract import Seat


@dataclass(frozen=True, slots=True)
class SeatResult:
    """One seat's part of one episode, as its station's files tell it."""

    claim: Claim
    path: Path
    is_received: bool

    def to_json(self) -> dict[str, Any]:
        """The seat's object in the demo's last line."""
        claim, statistics = self.claim, self.claim.statistics
        counts = {name: statistics.get(name, 0) for name in _COUNTS}
        away = statistics.get("away_frames", {"left": 0, "right": 0})
        return {
            "end": claim.reason.value,
            "rows": claim.rows,
            "agreement": claim.agreement.value,
            "sha256": claim.sha256,
            "file": str(self.path),
            **counts,
            "away_frames": away,
            "received": self.is_received,
        }


_COUNTS: Final = (
    "rollbacks",
    "wrong_guesses",
    "max_rollback_frames",
    "holds",
    "held_ticks",
    "owed_ticks",
    "fast_forwarded_frames",
    "late_p50_us",
    "late_p99_us",
    "drawings",
    "dropped_drawings",
)


@dataclass(frozen=True, slots=True)
class EpisodeResult:
    """One episode of both seats; a seat that has nothing of it is None."""

    index: int
    seats: tuple[SeatResult | None, SeatResult | None]

    @property
    def is_equal(self) -> bool:
        """Whether both seats hold the same bytes."""
        left, right = self.seats
        return left is not None and right is not None and left.claim.sha256 == right.claim.sha256

    @property
    def is_complete(self) -> bool:
        """Whether both seats say that they have all of it."""
        return all(seat is not None and seat.claim.is_complete for seat in self.seats)

    def to_json(self) -> dict[str, Any]:
        """The episode's object in the demo's last line."""
        rows = max((seat.claim.rows for seat in self.seats if seat is not None), default=0)
        values = {
            word: None if seat is None else seat.to_json()
            for word, seat in zip(("left", "right"), self.seats, strict=True)
        }
        return {"index": self.index, "frames": rows, "equal": self.is_equal, **values}


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What came of a demo. `missing` says in words what is not as it should be; it is empty if all is well.

    `waiting_files` of this run are still in the outboxes.
    """

    run: str
    share: str
    home: Path
    episodes: tuple[EpisodeResult, ...]
    missing: tuple[str, ...]
    waiting_files: int

    @property
    def is_ok(self) -> bool:
        """Every episode complete, equal on both seats, and received."""
        return not self.missing

    def to_json(self) -> dict[str, Any]:
        """The demo's last line."""
        episodes = [episode.to_json() for episode in self.episodes]
        return {"ok": self.is_ok, "run": self.run, "share": self.share, "episodes": episodes}


def read_result(
    home: Path,
    share: str,
    run: str,
    wanted: int,
    exits: Mapping[Seat, int],
    received: Mapping[Path, Container[str]],
) -> DemoResult:
    """What the stations `home/left` and `home/right` hold of a run of so many episodes.

    `exits` are the exit codes of the clients, negative for a signal. `received` are the names of the files of each
    station that are at the share: this asks no share, which may hang.
    """
    left, right = (_claims(home / seat.word, seat, run, received[home / seat.word]) for seat in Seat)
    episodes = tuple(EpisodeResult(index, (left.get(index), right.get(index))) for index in sorted({*left, *right}))
    missing = [*_played_words(len(episodes), wanted), *_exit_words(exits)]
    missing += [words for episode in episodes for words in _episode_words(episode)]
    waiting = {seat: [item for item in Outbox(home / seat.word).waiting() if run in item.name] for seat in Seat}
    missing += [_waiting_words(seat, items) for seat, items in waiting.items() if items]
    return DemoResult(run, share, home, episodes, tuple(missing), sum(map(len, waiting.values())))


def _claims(home: Path, seat: Seat, run: str, received: Container[str]) -> dict[int, SeatResult]:
    results = {}
    for folder in sorted(Station(home).episodes.glob(f"*/*/*_run-{run}/*")):
        claim = read_claims(folder).get(seat)
        if claim is not None:
            results[claim.episode] = SeatResult(claim, folder / claim.file, claim.file in received)
    return results


def _played_words(played: int, wanted: int) -> Iterable[str]:
    if played < wanted:
        yield f"{played} of {wanted} episodes were played"


def _exit_words(exits: Mapping[Seat, int]) -> Iterable[str]:
    for seat, code in exits.items():
        if code < 0:
            yield f"the {seat.word} client was ended by {signal.Signals(-code).name}"
        elif code:
            yield f"the {seat.word} client ended with exit code {code}"


def _episode_words(episode: EpisodeResult) -> Iterable[str]:
    number = episode.index + 1
    for seat, result in zip(Seat, episode.seats, strict=True):
        if result is None:
            yield f"episode {number}: the {seat.word} seat has no record"
        elif not result.claim.is_complete:
            ended, agreement = result.claim.reason.value, result.claim.agreement.value
            yield f"episode {number}: {seat.word} is {ended}" + (f" ({agreement})" if agreement != ended else "")
        elif not result.is_received:
            yield f"episode {number}: the record of the {seat.word} seat is not received"
    if episode.is_complete and not episode.is_equal:
        yield f"episode {number}: the two records differ"


def _waiting_words(seat: Seat, waiting: Sequence[Item]) -> str:
    reason = next((item.reason for item in waiting if item.reason), "the share did not answer in time")
    return f"{len(waiting)} files wait in the outbox of {seat.word}: {reason}"
