"""The session sheet: what one seat played in one session, told at its end; and its files' checksums. No disk.

A sheet follows from what was written down when the session began and from the seat's claims, and from nothing else: a
recovery that makes one again makes the same bytes, so it has the same name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from data.claims import Claim
from data.state_file import Fields, StateFileError, encode_state
from games.contract import Seat
from netcode.vocabulary import Agreement, EpisodeTerms, Reason

SHEET_FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is known of a session when its first episode begins. `participants` are by seat; `planned` 0 is unknown."""

    study: str
    dyad: str
    session: str
    run: str
    seat: Seat
    participants: tuple[str, str]
    planned: int
    versions: tuple[tuple[str, str], ...]


class FiledClaim(NamedTuple):
    """A claim as it lies in an episode's folder: the folder's name, its own name and hash."""

    folder: str
    name: str
    sha256: str
    claim: Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetEpisode:
    """One episode as one seat has it. Files are paths from the session's folder; no local file is ""."""

    episode: int
    reason: Reason
    cause: str
    agreement: Agreement
    rows: int
    file: str
    sha256: str
    local_file: str
    local_sha256: str
    claim_file: str
    claim_sha256: str

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """Path and hash of each of its files."""
        files = (
            (self.file, self.sha256),
            (self.local_file, self.local_sha256),
            (self.claim_file, self.claim_sha256),
        )
        return tuple(file for file in files if file[0])


@dataclass(frozen=True, slots=True)
class SessionSheet:
    """A session as one seat has it, its episodes in order."""

    opening: Opening
    episodes: tuple[SheetEpisode, ...]

    @property
    def worth(self) -> tuple[int, int]:
        """Of several sheets of one seat and run the largest is the last: episodes are only ever added."""
        return len(self.episodes), sum(episode.rows for episode in self.episodes)


def make_opening(terms: EpisodeTerms, seat: Seat, planned: int, versions: tuple[tuple[str, str], ...]) -> Opening:
    """What there is to say at a session's first episode."""
    return Opening(
        study=terms.terms.study,
        dyad=terms.terms.dyad,
        session=terms.terms.session,
        run=terms.run,
        seat=seat,
        participants=(terms.players[0].participant, terms.players[1].participant),
        planned=planned,
        versions=versions,
    )


def make_sheet(opening: Opening, claims: Iterable[FiledClaim]) -> SessionSheet:
    """The sheet of a session whose best claims these are, one for each episode."""
    episodes = [_sheet_episode(filed) for filed in claims]
    return SessionSheet(opening, tuple(sorted(episodes, key=lambda episode: episode.episode)))


def _sheet_episode(filed: FiledClaim) -> SheetEpisode:
    claim = filed.claim
    return SheetEpisode(
        episode=claim.episode,
        reason=claim.reason,
        cause=claim.cause,
        agreement=claim.agreement,
        rows=claim.rows,
        file=f"{filed.folder}/{claim.file}",
        sha256=claim.sha256,
        local_file=f"{filed.folder}/{claim.local_file}" if claim.local_file else "",
        local_sha256=claim.local_sha256,
        claim_file=f"{filed.folder}/{filed.name}",
        claim_sha256=filed.sha256,
    )


def encode_sums(files: Mapping[str, str]) -> bytes:
    """Checksums of files by their path from the session's folder, as `sha256sum -c` reads them there."""
    return "".join(f"{sha256}  {path}\n" for path, sha256 in sorted(files.items())).encode()


def opening_fields(opening: Opening) -> dict[str, object]:
    """An opening as plain values."""
    left, right = opening.participants
    return {
        "study": opening.study,
        "dyad": opening.dyad,
        "session": opening.session,
        "run": opening.run,
        "seat": opening.seat.word,
        "participants": {"left": left, "right": right},
        "planned_episodes": opening.planned,
        "versions": dict(opening.versions),
    }


def encode_opening(opening: Opening) -> bytes:
    """The bytes of an opening."""
    return encode_state({"format": SHEET_FORMAT, **opening_fields(opening)})


def decode_opening(data: bytes) -> Opening:
    """The opening that these bytes hold.

    Raises:
        StateFileError: they hold something else.
    """
    return _opening(Fields(data, SHEET_FORMAT))


def _opening(fields: Fields) -> Opening:
    players, versions = fields.mapping("participants"), fields.mapping("versions")
    if not all(isinstance(value, str) for value in (*players.values(), *versions.values())):
        raise StateFileError("participants and versions: expected texts by name")
    return Opening(
        study=fields.text("study"),
        dyad=fields.text("dyad"),
        session=fields.text("session"),
        run=fields.text("run"),
        seat=Seat[fields.word("seat", tuple(seat.word for seat in Seat)).upper()],
        participants=(str(players.get("left", "")), str(players.get("right", ""))),
        planned=fields.integer("planned_episodes"),
        versions=tuple((name, str(value)) for name, value in versions.items()),
    )


def encode_sheet(sheet: SessionSheet) -> bytes:
    """The bytes of a sheet: equal sheets give equal bytes."""
    episodes = [
        {
            "episode": one.episode,
            "reason": one.reason.value,
            "cause": one.cause,
            "agreement": one.agreement.value,
            "rows": one.rows,
            "file": one.file,
            "sha256": one.sha256,
            "local_file": one.local_file,
            "local_sha256": one.local_sha256,
            "claim_file": one.claim_file,
            "claim_sha256": one.claim_sha256,
        }
        for one in sheet.episodes
    ]
    return encode_state({"format": SHEET_FORMAT, **opening_fields(sheet.opening), "episodes": episodes})


def decode_sheet(data: bytes) -> SessionSheet:
    """The sheet that these bytes hold.

    Raises:
        StateFileError: they hold something else.
    """
    fields = Fields(data, SHEET_FORMAT)
    return SessionSheet(_opening(fields), tuple(_episode(one) for one in fields.objects("episodes")))


def _episode(fields: Fields) -> SheetEpisode:
    return SheetEpisode(
        episode=fields.integer("episode"),
        reason=Reason(fields.word("reason", tuple(Reason))),
        cause=fields.text("cause"),
        agreement=Agreement(fields.word("agreement", tuple(Agreement))),
        rows=fields.integer("rows"),
        file=_inside(fields.text("file")),
        sha256=fields.text("sha256"),
        local_file=_inside(fields.text("local_file")),
        local_sha256=fields.text("local_sha256"),
        claim_file=_inside(fields.text("claim_file")),
        claim_sha256=fields.text("claim_sha256"),
    )


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if path and (len(parts) != 2 or not set(parts).isdisjoint({"/", "..", "."}) or "\\" in path):
        raise StateFileError(f"expected a path such as ep-001/FILE, got {path[:100]!r}")
    return path
