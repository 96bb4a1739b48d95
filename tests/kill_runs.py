"""Kill real clients at any moment, recover, deliver, and look at what is left.

    python -m tests.kill_runs --runs 10             10 pairs, as .ci/run does; half a minute on two cores
    python -m tests.kill_runs --runs 1 --seed 37    the one that failed
    python -m tests.kill_runs --runs 200 --parallel 4   by hand, some ten minutes

Each run is a pair of real processes over a real link, bots at both seats, short episodes at 60 Hz. One seat or both get
SIGKILL at a drawn moment: while they meet, count down, play, seal, or rest between two episodes. The survivor ends by
itself. Then `sync` (in every third run itself killed and started again) and `verify` run as a person would run them.

What must hold: what lay on the disk at the kill is there, byte for byte; what the window had shown more than a second
before it is recorded; the rows of one seat are a prefix of the other's; everything reaches the share; a second `sync`
finds nothing to do. Exit code 0 if all of it does; 1 names the seeds, and keeps their folders.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from data.draft import PART_NAMES
from data.episode_format import BLOCK_FRAMES, FormatError, read_episode, read_prefix
from data.layout import Kind, parse_draft_name, parse_name
from games.contract import Seat
from tests.support.command_line import CommandLine, Outcome
from tests.support.pair import TICK_RATE, Pair, Player

FRAMES = 150
EPISODES = 2
EARLY = 0.2
EARLY_SECONDS = 3.0
"""Of so many runs the kill comes while they start and meet; of the others, from the countdown on."""
LONGEST_SECONDS = 14.0
"""From the countdown to the last word on an idle machine; a later kill hits a pair that has ended, which it may."""
GRACE_SECONDS = 1.0
"""What is older than this at the kill must be there."""
UNCONFIRMED_FRAMES = TICK_RATE // 2 + 1
"""At most so many frames of what a window shows are guesses: the window of prediction, and the input delay."""
POLL_SECONDS = 0.05
LOST_SECONDS = 3
"""A survivor gives its partner so long; a run of a busy machine in which nobody was killed may end so too."""
SURVIVOR_SECONDS = 90.0
"""A busy machine takes its time."""
SYNC_KILLS = 3
"""In one of so many runs the first `sync` is killed as well."""

Rows = tuple[bytes, ...]
Records = dict[tuple[str, int], Rows]
"""The longest record of each seat and episode."""


class Seen(NamedTuple):
    """What a seat's window had reached at a moment."""

    at: float
    episode: int
    frame: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a victim had on its disk when it was killed, and what its window had shown for longer than the grace."""

    seat: Seat
    rows: Records
    files: dict[Path, bytes]
    seen: dict[int, int]
    moment: str


def run(seed: int, folder: Path) -> str:
    """One pair, killed and recovered; which moment it was, in words.

    Raises:
        AssertionError: something that must hold did not.
    """
    draw = random.Random(seed)
    terminal = CommandLine(folder)
    try:
        return _Run(terminal, draw, seed).run()
    finally:
        terminal.kill_all()


class _Run:
    def __init__(self, terminal: CommandLine, draw: random.Random, seed: int) -> None:
        self._terminal = terminal
        self._draw = draw
        self._seed = seed
        self._share = terminal.folder / "share"
        self._share.mkdir()
        self._seen: dict[Seat, list[Seen]] = {seat: [] for seat in Seat}

    def run(self) -> str:
        players = self._start()
        victims = self._draw.choice([(Seat.LEFT,), (Seat.RIGHT,), tuple(Seat)])
        if self._draw.random() < EARLY:
            self._watch(players, self._draw.uniform(0.0, EARLY_SECONDS))
        else:
            players[Seat.RIGHT].await_word("phase", phase="countdown")
            self._watch(players, self._draw.uniform(0.0, LONGEST_SECONDS))
        snapshots = []
        for seat in victims:
            players[seat].process.kill()
            players[seat].process.wait()
            snapshots.append(self._snapshot(players[seat]))
            self._watch(players, self._draw.choice((0.0, 0.0, 0.4)))
        for player in players.values():
            _await_end(player)
        self._sync()
        records = _records(self._terminal.folder)
        for snapshot in snapshots:
            _check_kept(snapshot, records)
        _check_prefix(records)
        self._check_share()
        return f"{'both' if len(victims) == 2 else victims[0].word}, {snapshots[0].moment}"

    def _start(self) -> dict[Seat, Player]:
        pair = Pair(self._terminal, frames=FRAMES, episodes=EPISODES)
        more = ("--share", self._share, "--rejoin-seconds", 0, "--lost-seconds", LOST_SECONDS)
        left, address = pair.start_left(*more)
        return {Seat.LEFT: left, Seat.RIGHT: pair.start(Seat.RIGHT, address, *more)}

    def _watch(self, players: dict[Seat, Player], seconds: float) -> None:
        """Read the windows until it is time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(min(POLL_SECONDS, max(0.0, deadline - time.monotonic())))
            for seat, player in players.items():
                told = [line for line in player.said() if line["event"] in ("frame", "episode")]
                if told:
                    self._seen[seat].append(_seen(told[-1]))

    def _snapshot(self, player: Player) -> Snapshot:
        """What is there now that the process is dead: a SIGKILL takes nothing from the disk."""
        home, now = player.home, time.monotonic()
        rows: Records = {}
        for path in home.glob(f"recording/*/{PART_NAMES[Kind.CANONICAL]}"):
            name = parse_draft_name(path.parent.name)
            assert name is not None
            rows[player.seat.word, _episode_of(name.stem)] = _rows_of_part(path)
        files = {path: path.read_bytes() for path in home.glob("episodes/**/*") if path.is_file()}
        seen = {one.episode: one.frame for one in self._seen[player.seat] if one.at <= now - GRACE_SECONDS}
        return Snapshot(player.seat, rows, files, seen, _moment(player, rows))

    # --- afterwards -----------------------------------------------------------------------------------------------

    def _sync(self) -> None:
        """Recover and deliver as a person would."""
        if not any(self._terminal.folder.glob("*/station.json")):
            return  # killed before there was a station
        if self._seed % SYNC_KILLS == 0:
            first = self._terminal.start("sync", "--home", self._terminal.folder)
            time.sleep(self._draw.uniform(0.2, 2.0))
            first.kill()
            first.communicate()
        outcome = self._terminal.run("sync", "--home", self._terminal.folder)
        _expect(outcome.code == 0 and "nothing waits" in outcome.output, f"sync: {outcome.text}")
        again = self._terminal.run("sync", "--home", self._terminal.folder)
        _expect(again.code == 0 and _did_nothing(again), f"a second sync found something to do: {again.text}")

    def _check_share(self) -> None:
        """What the stations published is on the share, and a strict reader finds nothing wrong."""
        for path in self._terminal.folder.glob("*/episodes/**/*"):
            if path.is_file():
                there = self._share / path.relative_to(self._terminal.folder).relative_to(_home_part(path))
                _expect(there.exists() and there.read_bytes() == path.read_bytes(), f"not delivered: {path}")
        if any(self._share.rglob("*.dyad")):
            outcome = self._terminal.run("verify", self._share, "--json")
            _expect(outcome.code == 0, f"verify: {outcome.text}")


def _await_end(survivor: Player) -> None:
    """It ends by itself once it has played; one that never met its partner waits for it until it is asked to leave."""
    if not any(line["phase"] == "playing" for line in survivor.said("phase")):
        survivor.process.terminate()
    survivor.process.wait(SURVIVOR_SECONDS)


def _home_part(path: Path) -> Path:
    """`left/episodes`, of a file below it."""
    place = path.parts.index("episodes")
    return Path(path.parts[place - 1], "episodes")


def _seen(told: dict[str, Any]) -> Seen:
    if told["event"] == "episode":
        return Seen(time.monotonic(), int(told["index"]), int(told["rows"]))
    return Seen(time.monotonic(), int(told["episode"]), int(told["frame"]))


def _episode_of(stem: str) -> int:
    """Counted from 0, of names that count from 1."""
    return int(stem.rpartition("ep-")[2]) - 1


def _rows_of_part(path: Path) -> Rows:
    try:
        return read_prefix(path.read_bytes()).rows
    except FormatError:
        return ()


def _moment(player: Player, rows: Records) -> str:
    """When it was, as the victim saw it."""
    phases = [line["phase"] for line in player.said("phase")]
    if any(line["event"] == "closed" for line in player.said()):
        return "after its end"
    return f"{phases[-1] if phases else 'starting'}{', a draft open' if rows else ''}"


def _records(folder: Path) -> Records:
    records: Records = {}
    for seat in Seat:
        for path in (folder / seat.word).glob("episodes/**/*.dyad"):
            name = parse_name(path.name)
            assert name is not None
            key, rows = (seat.word, _episode_of(name.stem)), read_episode(path.read_bytes()).rows
            records[key] = max(records.get(key, ()), rows, key=len)
    return records


def _check_kept(snapshot: Snapshot, records: Records) -> None:
    for path, data in snapshot.files.items():
        _expect(path.read_bytes() == data, f"changed after it was published: {path}")
    for key, rows in snapshot.rows.items():
        _expect(records.get(key, ())[: len(rows)] == rows, f"lost of {key}: {len(rows)} rows lay on the disk")
    for episode, frame in snapshot.seen.items():
        promised = max(0, frame - UNCONFIRMED_FRAMES) // BLOCK_FRAMES * BLOCK_FRAMES
        found = len(records.get((snapshot.seat.word, episode), ()))
        words = f"{snapshot.seat.word} had shown frame {frame} of episode {episode}, and {found} rows are there"
        _expect(found >= promised, words)


def _check_prefix(records: Records) -> None:
    for episode in range(EPISODES):
        shorter, longer = sorted((records.get((seat.word, episode), ()) for seat in Seat), key=len)
        _expect(longer[: len(shorter)] == shorter, f"episode {episode}: no seat's rows begin the other's")


def _did_nothing(outcome: Outcome) -> bool:
    words = ("recovered:", "published:", "queued:", "set aside:", "delivered:")
    return not any(word in outcome.output for word in words)


def _expect(holds: bool, words: str) -> None:
    if not holds:
        raise AssertionError(words)


def _run_in_folder(seed: int) -> tuple[int, str, str]:
    """A run in a folder of its own, which stays if it failed."""
    folder = Path(tempfile.mkdtemp(prefix=f"dyadgrid-kill-{seed}-"))
    try:
        moment = run(seed, folder)
    except Exception as error:  # a run that breaks is told like one that fails
        return seed, "", f"{type(error).__name__}: {error} (see {folder})"
    shutil.rmtree(folder, ignore_errors=True)
    return seed, moment, ""


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m tests.kill_runs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the first run")
    parser.add_argument("--parallel", type=int, default=2)
    options = parser.parse_args()
    started, moments, failures = time.monotonic(), Counter[str](), 0
    with ThreadPoolExecutor(options.parallel) as pool:
        for seed, moment, failure in pool.map(_run_in_folder, range(options.seed, options.seed + options.runs)):
            moments[moment] += not failure
            failures += bool(failure)
            if failure:
                print(f"seed {seed} FAILED: {failure}", flush=True)
    for moment, count in sorted((+moments).items()):
        print(f"{count:6} killed: {moment}")
    print(f"{options.runs} runs, {failures} failed, {time.monotonic() - started:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
