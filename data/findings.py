"""What a verification found, as values: an answer per file and per episode, and what they mean together. No file."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

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
    compared: tuple[Path, Path] | None = None
    """The files that differ, in the order in which the difference names their values."""

    @property
    def rows(self) -> int:
        """Rows of the longest record."""
        return max(file.rows for file in self.files)

    @property
    def reason(self) -> str:
        """How the longest record ended, or nothing."""
        longest = max(self.files, key=lambda file: file.rows)
        return longest.end.reason.value if longest.end else ""

    def words_for_people(self) -> str:
        """Which episode it is, in one line; people count from 1."""
        rules = self.terms.terms
        where = f"study {rules.study}, dyad {rules.dyad}, session {rules.session}, run {self.terms.run}"
        return f"{where}, episode {self.terms.episode + 1}"

    @property
    def hashes(self) -> tuple[str, ...]:
        """The SHA-256 of each record that was found; one if all are equal."""
        return tuple(sorted({file.sha256 for file in self.files if file.sha256}))


class Gap(NamedTuple):
    """Episodes of a run that are not here, although later ones are: a warning, because nothing says they were played.

    `missing` count from 0, as in data; `last` is the last episode that is here.
    """

    study: str
    dyad: str
    session: str
    run: str
    last: int
    missing: tuple[int, ...]

    def words(self) -> str:
        """The gap in one line."""
        which = f"episode {_numbers(self.missing)} of 1 to {self.last + 1} is"
        if len(self.missing) > 1:
            which = f"episodes {_numbers(self.missing)} of 1 to {self.last + 1} are"
        return f"run {self.run}: {which} not here, and nothing here says that it was recorded"


def _numbers(episodes: Sequence[int]) -> str:
    """Numbers as people count them, from 1, with `a to b` for those that follow each other."""
    return ", ".join(
        f"{first + 1} to {last + 1}" if last > first else str(first + 1) for first, last in _runs(episodes)
    )


def _runs(episodes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The first and the last of each run of numbers that follow each other; `episodes` are in order."""
    first = last = episodes[0]
    for episode in episodes[1:]:
        if episode != last + 1:
            yield first, last
            first = episode
        last = episode
    yield first, last


class Problem(NamedTuple):
    """One thing that keeps a file from being good: where, and what each side says.

    Of a file by itself, `ours` is what follows from its header, inputs and name, `theirs` what it holds. Of two seats,
    `ours` is what `file` says, `theirs` what `against` says. `frame` is -1 where no frame is meant.
    """

    answer: Answer
    file: Path
    against: Path | None
    frame: int
    field: str
    ours: str
    theirs: str
    words: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found. `strays` are files that belong to no episode; `local_files` were counted and passed over.

    `gaps` are warnings: they do not change the exit code. `pruned` names, for each file that was removed here on
    purpose, the share that has given a receipt for it.
    """

    episodes: tuple[EpisodeFinding, ...]
    strays: tuple[FileFinding, ...]
    local_files: int = 0
    set_aside: int = 0
    gaps: tuple[Gap, ...] = ()
    pruned: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[FileFinding, ...]:
        """Every file's answer, by path."""
        files = [file for episode in self.episodes for file in episode.files]
        return tuple(sorted([*files, *self.strays], key=lambda file: str(file.path)))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that speaks against a file: what is wrong in it, then what is between the seats."""
        return (
            *(_file_problem(file) for file in self.findings if file.answer.exit_code),
            *(_seat_problem(episode) for episode in self.episodes if episode.difference is not None),
        )

    @property
    def frames(self) -> int:
        """Rows that were read, of all files."""
        return sum(file.rows for file in self.findings)

    @property
    def answers(self) -> dict[Answer, int]:
        """How many episodes, or files without one, got each answer that was given; the best first."""
        counted = Counter([episode.answer for episode in self.episodes] + [stray.answer for stray in self.strays])
        return {answer: counted[answer] for answer in Answer if counted[answer]}

    @property
    def pairings(self) -> dict[Pairing, int]:
        """How many episodes stand in each relation of their seats."""
        counted = Counter(episode.pairing for episode in self.episodes)
        return {pairing: counted[pairing] for pairing in Pairing if counted[pairing]}

    @property
    def exit_code(self) -> int:
        """The worst of all answers: 0, 1 or 2. Of nothing at all: 2."""
        return max((answer.exit_code for answer in self.answers), default=2)

    def to_json(self) -> dict[str, object]:
        """The report as plain values: no clock and no machine in them, so equal files give equal reports."""
        return {
            "ok": self.exit_code == 0,
            "exit_code": self.exit_code,
            "answers": {answer.value: count for answer, count in self.answers.items()},
            "pairings": {pairing.value: count for pairing, count in self.pairings.items()},
            "frames": self.frames,
            "episodes": [_episode_json(episode) for episode in self.episodes],
            "strays": [_file_json(stray) for stray in self.strays],
            "problems": [_problem_json(problem) for problem in self.problems],
            "gaps": [gap._asdict() | {"words": gap.words()} for gap in self.gaps],
            "local_files": self.local_files,
            "set_aside": self.set_aside,
            "pruned": len(self.pruned),
        }


def _file_problem(file: FileFinding) -> Problem:
    place = file.place or Place("", "", "")
    return Problem(file.answer, file.path, None, place.frame, place.field, place.expected, place.came, file.words)


def _seat_problem(episode: EpisodeFinding) -> Problem:
    difference, compared = episode.difference, episode.compared
    assert difference is not None
    assert compared is not None
    frame, field, ours, theirs = difference
    return Problem(Answer.DIVERGED, *compared, frame, field, ours, theirs, difference.words())


def _problem_json(problem: Problem) -> dict[str, object]:
    against = None if problem.against is None else str(problem.against)
    return problem._asdict() | {"answer": problem.answer.value, "file": str(problem.file), "against": against}


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
