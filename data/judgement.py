"""One canonical file judged: read strictly, played again, its name compared with its content. Its partner is not asked.

`read` says what bytes are, `judge` what they are worth; only `judge_file` touches a disk, and it never writes.
"""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from data.episode_format import Episode, FormatError, Prefix, TornError, read_episode, read_prefix
from data.findings import Answer, FileFinding, Place
from data.framing import MAGIC
from data.layout import DIGEST_NAME_DIGITS, Kind, episode_folder, episode_stem, parse_name
from data.provenance import source_hash
from data.resimulation import Mismatch, resimulate
from games import registry
from netcode.vocabulary import EpisodeTerms, Reason, Terms

MAX_FILE_BYTES: Final = 1 << 30
"""A day at 240 Hz; a larger file is none of ours, and is not read into memory to find that out."""

FORMAT_FIELD: Final = "header format"
"""What a file of a later format version differs in: it is not damaged, but nothing of it can be judged here."""

_ANSWERS: Final = {
    Reason.FINISHED: Answer.GOOD,
    Reason.ABORTED: Answer.GOOD,
    Reason.CUT: Answer.PARTIAL,
    Reason.RECOVERED: Answer.PARTIAL,
    Reason.DIVERGED: Answer.DIVERGED,
}
_FOLDERS: Final = (re.compile(r"dyad-.+"), re.compile(r"ses-.+_run-.+"), re.compile(r"ep-\d+"))


def judge_file(path: Path) -> FileFinding:
    """The answer to one file. Whatever is wrong with it is in the answer; nothing is raised."""
    try:
        data = read_bytes(path)
    except OSError as error:
        return FileFinding(path, Answer.NO_EPISODE, f"cannot be read: {error.strerror or error}")
    return judge(path, data)


def read_bytes(path: Path) -> bytes:
    """The content of a regular file; of one that cannot be an episode, no more than shows it.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    if not path.exists():
        raise FileNotFoundError(2, "no such file or folder")
    if not path.is_file():
        raise OSError("no regular file")
    with path.open("rb") as file:
        start = file.read(len(MAGIC))
        return start + file.read(MAX_FILE_BYTES) if start == MAGIC else start


def judge(path: Path, data: bytes) -> FileFinding:
    """The answer to the bytes of a file; `path` is only a name here."""
    try:
        episode = read_episode(data)
    except FormatError as error:
        return _judge_broken(path, data, error)
    finding = FileFinding(
        path,
        Answer.GOOD,
        "",
        terms=episode.terms,
        rows=len(episode.rows),
        end=episode.end,
        sha256=episode.sha256,
    )
    return _judge_name(_judge_play(finding, episode), path, episode)


def _judge_broken(path: Path, data: bytes, error: FormatError) -> FileFinding:
    """Torn, damaged, or no episode at all: what has no whole header names no episode."""
    try:
        prefix = read_prefix(data)
    except FormatError:
        is_ours = data.startswith(MAGIC) and not isinstance(error, TornError) and error.field != FORMAT_FIELD
        answer = Answer.DAMAGED if is_ours else Answer.NO_EPISODE
        return FileFinding(path, answer, str(error) if data else "the file is empty", place=_place(error))
    answer = Answer.TORN if isinstance(error, TornError) else Answer.DAMAGED
    finding = FileFinding(path, answer, str(error), _place(error), prefix.terms, len(prefix.rows), prefix.end)
    return _judge_torn_play(finding, prefix) if answer is Answer.TORN else finding


def _judge_torn_play(finding: FileFinding, prefix: Prefix) -> FileFinding:
    """What is there of a torn file must still be right: a recovery will keep it."""
    mismatch = None if unplayable(prefix.terms.terms) else resimulate(prefix, registry.find(prefix.terms.terms.game))
    return finding if mismatch is None else _damaged(finding, mismatch)


def _judge_play(finding: FileFinding, episode: Episode) -> FileFinding:
    """Play the episode again, if the game that it was played with is here."""
    reason, terms = episode.end.reason, episode.terms.terms
    why_not = unplayable(terms)
    if why_not:
        answer = Answer.DIVERGED if reason is Reason.DIVERGED else Answer.CANNOT_RESIMULATE
        return replace(finding, answer=answer, words=f"{_end_words(episode)}; {why_not}; bytes and chain are good")
    mismatch = resimulate(episode, registry.find(terms.game))
    if mismatch is not None:
        return _damaged(finding, mismatch)
    return replace(finding, answer=_ANSWERS[reason], words=_end_words(episode))


def _judge_name(finding: FileFinding, path: Path, episode: Episode) -> FileFinding:
    """Whether a good file is where and what its name says; a worse answer stands."""
    wrong = misnamed(path, episode.terms, episode.sha256)
    if wrong is None:
        return finding
    answer = max(finding.answer, Answer.MISNAMED, key=lambda answer: answer.severity)
    words = f"{wrong.field}: says {wrong.expected}, holds {wrong.came}"
    return replace(finding, answer=answer, words=f"{words} ({finding.words})", place=finding.place or wrong)


def misnamed(path: Path, terms: EpisodeTerms, sha256: str) -> Place | None:
    """Where a path says something else than the file's content; None where it fits or says nothing."""
    try:
        stem, folders = episode_stem(terms), episode_folder(terms).parts[1:]
    except ValueError as error:
        stem, folders = f"an id that fits no name ({error})", ()
    name = parse_name(path.name)
    if name is not None and name.stem != stem:
        return Place("file name", name.stem, stem)
    if name is not None and (name.kind is not Kind.CANONICAL or name.digest != sha256[:DIGEST_NAME_DIGITS]):
        said, held = f"{name.kind} {name.digest}", f"{Kind.CANONICAL} {sha256[:DIGEST_NAME_DIGITS]}"
        return Place("file name", said, held)
    around = path.absolute().parts[-4:-1]
    in_layout = len(around) == len(_FOLDERS) and all(map(re.Pattern.fullmatch, _FOLDERS, around))
    if in_layout and folders and around != folders:
        return Place("folder", "/".join(around), "/".join(folders))
    return None


@cache
def unplayable(terms: Terms) -> str:
    """Why an episode cannot be played again here, or "" if it can."""
    if terms.game not in registry.names():
        return f"cannot re-simulate: the game {terms.game!r} is not installed"
    version = registry.find(terms.game).version
    if terms.game_version != version:
        return f"cannot re-simulate: version {terms.game_version} of {terms.game}, here is {version}"
    source = source_hash(terms.game)
    if terms.source_hash != source:
        return f"cannot re-simulate: source {terms.source_hash} of {terms.game}, here is {source}"
    return ""


def _damaged(finding: FileFinding, mismatch: Mismatch) -> FileFinding:
    place = Place(mismatch.field, mismatch.expected, mismatch.came, frame=mismatch.frame)
    return replace(finding, answer=Answer.DAMAGED, words=mismatch.words(), place=place)


def _place(error: FormatError) -> Place:
    return Place(error.field, error.expected, error.came, error.frame, error.record, error.offset)


def _end_words(episode: Episode) -> str:
    end = episode.end
    by = " and ".join(("left", "right")[seat] for seat in end.seats)
    cause = f" ({end.cause}{f' by {by}' if by else ''})" if end.cause else ""
    at = f" at frame {end.frame}" if end.reason is Reason.DIVERGED else ""
    return f"{end.reason.value}{cause}{at} after {end.rows} frames"
