"""What a verification found, as values: an answer per file and per episode, and what they mean together. No file."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from data.parity import Difference
from netcode.vocabulary import End, EpisodeTerms


class Answer(StrEnum):
    """What `verify` says of a file or an episode, from the best to the worst."""

    GOOD = "good"
    """Finished or aborted, and every row follows from header and inputs."""
    PARTIAL = "good, partial"
    """Cut or recovered: what is there is as good, but it is not the whole episode."""
    CANNOT_RESIMULATE = "cannot re-simulate"
    """Another game or version: bytes, chain and structure are good, the rules could not be applied."""
    MISSING = "missing"
    """A seat claims a file that is not here."""
    MISNAMED = "misnamed"
    """The file is good, but it is not what its name says."""
    TORN = "torn"
    """No END and no mark of a recovery: `sync` on its station brings it to a legal state."""
    DIVERGED = "diverged"
    """The seats' records differ where they may not, or the session itself saw it."""
    DAMAGED = "damaged"
    """An episode file with wrong bytes, or rows that do not follow from header and inputs."""
    NO_EPISODE = "no episode"
    """Nothing that could be judged: no such path, unreadable, empty, or other bytes."""

    @property
    def severity(self) -> int:
        """Its place in the order above."""
        return list(Answer).index(self)

    @property
    def exit_code(self) -> int:
        """0 for what may be analysed, 1 for what may not, 2 for what is no episode at all.

        What cannot be re-simulated exits with 0: nothing speaks against it, and the words say what was not checked.
        """
        if self.severity <= Answer.CANNOT_RESIMULATE.severity:
            return 0
        return 2 if self is Answer.NO_EPISODE else 1


class Pairing(StrEnum):
    """What is known of the two seats' records of one episode."""

    EQUAL = "equal"
    """Both are here, or claimed, with the same bytes."""
    PREFIX = "prefix"
    """They differ in length only, and one of them at least is partial."""
    ONE_SEAT = "one seat"
    """Only one record is here, and no claim of the partner."""
    DIVERGED = "diverged"
    """They contradict each other."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is wrong, and what: `frame`, `record` and `offset` are -1 where they do not apply."""

    field: str
    expected: str
    came: str
    frame: int = -1
    record: int = -1
    offset: int = -1


@dataclass(frozen=True, slots=True)
class FileFinding:
    """The answer to one canonical file. `terms`, `end` and `sha256` are None and "" where they could not be read."""

    path: Path
    answer: Answer
    words: str
    place: Place | None = None
    terms: EpisodeTerms | None = None
    rows: int = 0
    end: End | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class EpisodeFinding:
    """The answer to one episode of one run, over all of its files."""

    terms: EpisodeTerms
    answer: Answer
    pairing: Pairing
    words: tuple[str, ...]
    files: tuple[FileFinding, ...]
    difference: Difference | None = None

    @property
    def rows(self) -> int:
        """Rows of the longest record."""
        return max(file.rows for file in self.files)

    @property
    def reason(self) -> str:
        """How the longest record ended, or nothing."""
        longest = max(self.files, key=lambda file: file.rows)
        return longest.end.reason.value if longest.end else ""

    @property
    def hashes(self) -> tuple[str, ...]:
        """The SHA-256 of each record that was found; one if all are equal."""
        return tuple(sorted({file.sha256 for file in self.files if file.sha256}))


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found. `strays` are files that belong to no episode; `local_files` were counted and passed over."""

    episodes: tuple[EpisodeFinding, ...]
    strays: tuple[FileFinding, ...]
    local_files: int = 0
    set_aside: int = 0

    @property
    def findings(self) -> tuple[FileFinding, ...]:
        """Every file's answer, by path."""
        files = [file for episode in self.episodes for file in episode.files]
        return tuple(sorted([*files, *self.strays], key=lambda file: str(file.path)))

    @property
    def answers(self) -> dict[Answer, int]:
        """How many episodes, or files without one, got each answer that was given; the best first."""
        counted = Counter([episode.answer for episode in self.episodes] + [stray.answer for stray in self.strays])
        return {answer: counted[answer] for answer in Answer if counted[answer]}

    @property
    def exit_code(self) -> int:
        """The worst of all answers: 0, 1 or 2. Of nothing at all: 2."""
        return max((answer.exit_code for answer in self.answers), default=2)

    def to_json(self) -> dict[str, object]:
        """The report as plain values."""
        return {
            "ok": self.exit_code == 0,
            "exit_code": self.exit_code,
            "answers": {answer.value: count for answer, count in self.answers.items()},
            "episodes": [_episode_json(episode) for episode in self.episodes],
            "strays": [_file_json(stray) for stray in self.strays],
            "local_files": self.local_files,
            "set_aside": self.set_aside,
        }


_PLACE_FIELDS: Final = ("field", "expected", "came", "frame", "record", "offset")


def _episode_json(episode: EpisodeFinding) -> dict[str, object]:
    terms = episode.terms
    return {
        "study": terms.terms.study,
        "dyad": terms.terms.dyad,
        "session": terms.terms.session,
        "run": terms.run,
        "episode": terms.episode,
        "answer": episode.answer.value,
        "pairing": episode.pairing.value,
        "end": episode.reason,
        "rows": episode.rows,
        "sha256": list(episode.hashes),
        "words": list(episode.words),
        "difference": episode.difference._asdict() if episode.difference else None,
        "files": [_file_json(file) for file in episode.files],
    }


def _file_json(file: FileFinding) -> dict[str, object]:
    place = file.place
    return {
        "path": str(file.path),
        "answer": file.answer.value,
        "words": file.words,
        "rows": file.rows,
        "end": file.end.reason.value if file.end else "",
        "sha256": file.sha256,
        "place": {name: getattr(place, name) for name in _PLACE_FIELDS} if place else None,
    }
