"""One CSV for each player and episode, in the column convention of browser-based pair studies: `{subject}_ep{N}.csv`.

Each player's file is made from that seat's own record, so a script that compares two players' files cell by cell checks
our parity and not a copy. All files lie in one folder, as such scripts expect.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from data.episode_format import Episode
from data.export.columns import Table, columns_of
from data.export.plan import ChosenEpisode
from games.contract import Seat
from netcode.vocabulary import EpisodeTerms

PAIRS: Final = Table(
    "pairs",
    "One file for each player and episode, made from that player's own record; one row per confirmed frame. The left "
    "seat is player 0, the right seat player 1.",
    columns_of("""
        t                   | int  | frames | frame of the episode, from 0
        episode_num         | int  |        | episode of the run, from 0, as in the file's name
        actions.0           | int  |        | what player 0 did, an id
        actions.1           | int  |        | what player 1 did, an id
        rewards.0           | int  | points | what player 0 gained in this frame
        rewards.1           | int  | points | what player 1 gained in this frame
        terminateds.0       | bool |        | the game itself ended with this frame
        terminateds.1       | bool |        | the same: a game ends for both
        terminateds.__all__ | bool |        | the same
        truncateds.0        | bool |        | the record ends with this frame, and not by the game
        truncateds.1        | bool |        | the same: a record ends for both
        truncateds.__all__  | bool |        | the same
        player_subjects.0   | str  |        | who player 0 is; in the first row only
        player_subjects.1   | str  |        | who player 1 is; in the first row only
    """),
)


class Subjects:
    """What players are called in files: their participant id, as long as that names one seat of one run."""

    def __init__(self, episodes: Sequence[ChosenEpisode]) -> None:
        seats = {(*_seat_of_run(episode.finding.terms, seat),) for episode in episodes for seat in Seat}
        self._uses = Counter(participant.casefold() for participant, *_ in seats)

    def name(self, terms: EpisodeTerms, seat: Seat) -> str:
        """The subject of a seat. Who sits in several runs, or in both seats of one, is told apart by all ids."""
        participant, *rest = _seat_of_run(terms, seat)
        return participant if self._uses[participant.casefold()] == 1 else "-".join((participant, *rest))


def _seat_of_run(terms: EpisodeTerms, seat: Seat) -> tuple[str, str, str, str, str, str]:
    rules = terms.terms
    return terms.players[seat].participant, rules.study, rules.dyad, rules.session, terms.run, seat.word


def file_name(subject: str, episode: int) -> str:
    """The name of a player's file; what cannot stand in a name is percent-encoded."""
    return f"{quote(subject, safe='')}_ep{episode}.csv"


def write_player(folder: Path, name: str, episode: Episode, subjects: tuple[str, str]) -> None:
    """One player's file, from that player's own record.

    Raises:
        FileExistsError: the name is taken.
    """
    with (folder / name).open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in PAIRS.columns])
        writer.writerows(_rows(episode, subjects))


def _rows(episode: Episode, subjects: tuple[str, str]) -> Iterator[tuple[object, ...]]:
    """The game's own end terminates both players; every other end (a quit, an absence, a cut) truncates both."""
    number, last = episode.terms.episode, len(episode.frames) - 1
    names: tuple[str, str] = subjects
    for row in episode.frames:
        left, right = row.inputs
        terminated, truncated = row.done, row.frame == last and not row.done
        yield (
            row.frame,
            number,
            left.action,
            right.action,
            *row.rewards,
            *(terminated,) * 3,
            *(truncated,) * 3,
            *names,
        )
        names = ("", "")
