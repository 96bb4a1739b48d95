"""Names: where an episode's files lie and what they are called, on a share and on a station alike. No file is touched.

    <study>/dyad-012/ses-01_run-<run>/ep-001/
        dyad-012_ses-01_run-<run>_ep-001_canonical_<sha8>.dyad      both seats' record: once, if it is equal
        dyad-012_ses-01_run-<run>_ep-001_left_local_<sha8>.dyadlog  what the left machine alone knows
        dyad-012_ses-01_run-<run>_ep-001_left_claim_<sha8>.json     what the left seat says of its record
    <study>/dyad-012/ses-01_run-<run>/
        dyad-012_ses-01_run-<run>_left_sheet_<sha8>.json            what the left seat played in this session
        SHA256SUMS_left_<sha8>                                      its files, as `sha256sum -c` reads them

A name ends in the start of the content's SHA-256: equal content has one name, other content has another one, so nothing
is ever overwritten and a disagreement lies there for everybody to see.
"""

import re
from enum import StrEnum
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from games.contract import Seat
from netcode.vocabulary import EpisodeTerms

DIGEST_NAME_DIGITS: Final = 8
"""Of the SHA-256, in a name: 32 bits tell the two or three files of one episode apart. Proof is the whole hash."""
WINDOWS_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))}
)
"""Names that no Windows machine can open as a folder."""

_ID: Final = re.compile(r"[A-Za-z0-9-]{1,40}")
_RUN: Final = re.compile(r"[0-9a-f]{16}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_STEM: Final = r"dyad-[A-Za-z0-9-]{1,40}_ses-[A-Za-z0-9-]{1,40}_run-[0-9a-f]{16}_ep-\d{3,}"
_FOLDER: Final = re.compile(r"[A-Za-z0-9-][A-Za-z0-9_-]*")
_FILE: Final = re.compile(
    rf"(?P<stem>{_STEM})_(?:(?P<canonical>canonical)|(?P<seat>left|right)_(?P<kind>local|claim))"
    r"_(?P<digest>[0-9a-f]{8})(?P<suffix>\.dyad|\.dyadlog|\.json)"
)
_SESSION_STEM: Final = r"dyad-[A-Za-z0-9-]{1,40}_ses-[A-Za-z0-9-]{1,40}_run-[0-9a-f]{16}"
_SHEET: Final = re.compile(rf"(?P<stem>{_SESSION_STEM})_(?P<seat>left|right)_sheet_(?P<digest>[0-9a-f]{{8}})\.json")
_SUMS: Final = re.compile(r"SHA256SUMS_(?P<seat>left|right)_(?P<digest>[0-9a-f]{8})")
_SUMS_PAPER: Final = re.compile(rf"(?P<stem>{_SESSION_STEM})_{_SUMS.pattern}")
_DRAFT: Final = re.compile(rf"(?P<study>[A-Za-z0-9-]{{1,40}})_(?P<stem>{_STEM})_(?P<seat>left|right)_try-\d+")


class Kind(StrEnum):
    """What a file of an episode holds; each kind has its suffix."""

    CANONICAL = "canonical"
    LOCAL = "local"
    CLAIM = "claim"

    @property
    def suffix(self) -> str:
        """The file name's ending, with its dot."""
        return _SUFFIXES[self]


_SUFFIXES: Final = {Kind.CANONICAL: ".dyad", Kind.LOCAL: ".dyadlog", Kind.CLAIM: ".json"}


class SessionKind(StrEnum):
    """What a file that lies beside a session's episodes holds."""

    SHEET = "sheet"
    SUMS = "sums"


class SessionFile(NamedTuple):
    """What the name of a session's file says. `stem` names the session; that of sums is empty: their folder has it."""

    stem: str
    kind: SessionKind
    seat: Seat
    digest: str


class EpisodeFile(NamedTuple):
    """What a file's name says. `stem` names the episode; a canonical file has no seat; `digest` begins its SHA-256."""

    stem: str
    kind: Kind
    seat: Seat | None
    digest: str


class DraftName(NamedTuple):
    """What the name of a folder under `recording/` says."""

    study: str
    stem: str
    seat: Seat


def check_id(word: str, value: str) -> str:
    """`value`, if it may stand in a file name; `word` says which id it is.

    Raises:
        ValueError: not 1 to 40 letters, digits and hyphens, or a name that Windows keeps for a device.
    """
    if not _ID.fullmatch(value):
        raise ValueError(f"{word}: expected 1 to 40 of A-Z, a-z, 0-9 and -, got {value[:60]!r}")
    if value.lower() in WINDOWS_DEVICES:
        raise ValueError(f"{word}: {value!r} cannot be a folder on Windows")
    return value


def episode_folder(terms: EpisodeTerms) -> PurePosixPath:
    """The folder of one episode, from the root of a share or of a station's `episodes/`.

    Raises:
        ValueError: an id that cannot be part of a name.
    """
    dyad, session, run, episode = _parts(terms)
    return PurePosixPath(check_id("study", terms.terms.study), dyad, f"{session}_{run}", episode)


def episode_stem(terms: EpisodeTerms) -> str:
    """What the names of all files of one episode begin with.

    Raises:
        ValueError: an id that cannot be part of a name.
    """
    return "_".join(_parts(terms))


def session_folder(terms: EpisodeTerms) -> PurePosixPath:
    """The folder that holds the episodes of one run of a session, from the root of a share.

    Raises:
        ValueError: an id that cannot be part of a name.
    """
    return episode_folder(terms).parent


def folder_of_session(study: str, dyad: str, session: str, run: str) -> PurePosixPath:
    """The same by its ids, which may have come from a file.

    Raises:
        ValueError: an id that cannot be part of a name.
    """
    dyad_part, session_part, run_part = _session_parts(dyad, session, run)
    return PurePosixPath(check_id("study", study), dyad_part, f"{session_part}_{run_part}")


def session_stem(folder: PurePosixPath) -> str:
    """What the names of a session's own files begin with, by the session's folder."""
    return "_".join(folder.parts[1:3])


def sheet_name(folder: PurePosixPath, seat: Seat, sha256: str) -> str:
    """The name of one seat's sheet of the session in this folder."""
    return f"{session_stem(folder)}_{seat.word}_{SessionKind.SHEET}_{_start(sha256)}.json"


def sums_name(seat: Seat, sha256: str) -> str:
    """The name of one seat's checksums of a session: short, because a person types it."""
    return f"SHA256SUMS_{seat.word}_{_start(sha256)}"


def _parts(terms: EpisodeTerms) -> tuple[str, str, str, str]:
    # Episodes count from 0 in data and from 1 in names, because people read names.
    return *_session_parts(terms.terms.dyad, terms.terms.session, terms.run), f"ep-{terms.episode + 1:03}"


def _session_parts(dyad: str, session: str, run: str) -> tuple[str, str, str]:
    if not _RUN.fullmatch(run):
        raise ValueError(f"run: expected 16 lower-case hex digits, got {run[:60]!r}")
    dyad, session = check_id("dyad", dyad), check_id("session", session)
    return f"dyad-{_padded(dyad, 3)}", f"ses-{_padded(session, 2)}", f"run-{run}"


def _padded(value: str, digits: int) -> str:
    return value.zfill(digits) if value.isdigit() else value


def canonical_name(terms: EpisodeTerms, sha256: str) -> str:
    """The name of a canonical file: it has no seat, so equal records of both seats have one name."""
    return f"{episode_stem(terms)}_{Kind.CANONICAL}_{_start(sha256)}{Kind.CANONICAL.suffix}"


def seat_name(terms: EpisodeTerms, seat: Seat, kind: Kind, sha256: str) -> str:
    """The name of one seat's local file or claim."""
    return f"{episode_stem(terms)}_{seat.word}_{kind}_{_start(sha256)}{kind.suffix}"


def _start(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"sha256: expected 64 lower-case hex digits, got {sha256[:80]!r}")
    return sha256[:DIGEST_NAME_DIGITS]


@lru_cache(maxsize=4096)  # each file's name is asked for several times on its way
def parse_name(name: str) -> EpisodeFile | None:
    """What a file's name says, or None if it is not one of ours."""
    match = _FILE.fullmatch(name)
    if match is None:
        return None
    kind = Kind(match["canonical"] or match["kind"])
    if match["suffix"] != kind.suffix:
        return None
    return EpisodeFile(match["stem"], kind, _seat(match["seat"]), match["digest"])


def parse_session_name(name: str) -> SessionFile | None:
    """What the name of a session's sheet or checksums says, or None if it is neither."""
    match = _SHEET.fullmatch(name)
    if match is not None:
        return SessionFile(match["stem"], SessionKind.SHEET, Seat[match["seat"].upper()], match["digest"])
    match = _SUMS.fullmatch(name)
    if match is not None:
        return SessionFile("", SessionKind.SUMS, Seat[match["seat"].upper()], match["digest"])
    return None


def digest_in(name: str) -> str | None:
    """The start of the SHA-256 that a file's name promises; None if the file is not one of ours."""
    parsed = parse_name(name) or parse_session_name(name)
    return None if parsed is None else parsed.digest


@lru_cache(maxsize=4096)
def paper_name(file: str) -> str:
    """What a file's item and receipt are called, by its path in the share: unique among all files of a station.

    Its own name holds run, episode, seat and hash. Only that of checksums does not: there the session's name comes
    first.
    """
    path = PurePosixPath(file)
    return f"{session_stem(path.parent)}_{path.name}" if _SUMS.fullmatch(path.name) else path.name


def is_paper_name(name: str) -> bool:
    """Whether an item or a receipt may be called so."""
    return parse_name(name) is not None or _SHEET.fullmatch(name) is not None or _SUMS_PAPER.fullmatch(name) is not None


def episode_key(name: str) -> tuple[str, int] | None:
    """Which run and episode (from 0) a file is of, by its name; None if it is not one of ours."""
    parsed = parse_name(name)
    if parsed is None:
        return None
    _, run, number = parsed.stem.rsplit("_", 2)
    return run.removeprefix("run-"), int(number.removeprefix("ep-")) - 1


def draft_name(terms: EpisodeTerms, seat: Seat, attempt: int) -> str:
    """The folder under `recording/` in which one seat writes one episode; a disk that fails costs one attempt."""
    return f"{check_id('study', terms.terms.study)}_{episode_stem(terms)}_{seat.word}_try-{attempt}"


def parse_draft_name(name: str) -> DraftName | None:
    """What a draft folder's name says, or None if it is not one of ours."""
    match = _DRAFT.fullmatch(name)
    return None if match is None else DraftName(match["study"], match["stem"], Seat[match["seat"].upper()])


def _seat(word: str | None) -> Seat | None:
    return None if word is None else Seat[word.upper()]


@lru_cache(maxsize=4096)  # an outbox is read again and again
def check_relative(path: str) -> PurePosixPath:
    """A path inside a share, as an item names it.

    Raises:
        ValueError: not four folders and an episode's file, nor three and a session's: it could lead anywhere.
    """
    parsed = PurePosixPath(path)
    parts = parsed.parts
    is_safe = all(_FOLDER.fullmatch(part) for part in parts[:-1])
    is_ours = (len(parts) == 5 and parse_name(parts[-1]) is not None) or (
        len(parts) == 4 and parse_session_name(parts[-1]) is not None
    )
    if not (is_safe and is_ours):
        raise ValueError(
            "path in a share: expected <study>/<dyad>/<session>/<episode>/<file> or <study>/<dyad>/<session>/<file>, "
            f"got {path[:200]!r}"
        )
    return parsed
