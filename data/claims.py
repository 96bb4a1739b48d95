"""Claims: what one seat says of its record of an episode, and what two of them mean together. No share is asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from data.layout import Kind, parse_name
from data.state_file import Fields, StateFileError, encode_state
from games.contract import Seat
from netcode.vocabulary import Agreement, Ending, EpisodeTerms, Reason

CLAIM_FORMAT: Final = 1

Statistics = Mapping[str, int | str | Mapping[str, int]]
"""Counts of one seat's episode by name; kept as they were given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One seat's word on one episode. `file` and `local_file` are names in the episode's folder; no local file is "".

    `held_rows`, `partner_rows` and `dropped_frames` are those of `Ending`; `frame` is the first that differs, or -1.
    """

    study: str
    dyad: str
    session: str
    run: str
    episode: int
    seat: Seat
    participant: str
    reason: Reason
    cause: str
    ended_by: tuple[str, ...]
    rows: int
    frame: int
    file: str
    sha256: str
    local_file: str
    local_sha256: str
    agreement: Agreement
    held_rows: int
    partner_rows: int
    dropped_frames: int
    statistics: Statistics

    @property
    def is_complete(self) -> bool:
        """Whether the partner must hold an equal file."""
        return self.reason.is_complete


def make_claim(
    terms: EpisodeTerms,
    seat: Seat,
    ending: Ending,
    canonical: tuple[str, str],
    local: tuple[str, str],
    statistics: Statistics,
) -> Claim:
    """What a seat says after sealing: `canonical` and `local` are (file name, SHA-256), two empty texts for none."""
    return Claim(
        study=terms.terms.study,
        dyad=terms.terms.dyad,
        session=terms.terms.session,
        run=terms.run,
        episode=terms.episode,
        seat=seat,
        participant=terms.players[seat].participant,
        reason=ending.end.reason,
        cause=ending.end.cause,
        ended_by=tuple(Seat(number).word for number in ending.end.seats),
        rows=ending.end.rows,
        frame=ending.end.frame,
        file=canonical[0],
        sha256=canonical[1],
        local_file=local[0],
        local_sha256=local[1],
        agreement=ending.agreement,
        held_rows=ending.held_rows,
        partner_rows=ending.partner_rows,
        dropped_frames=ending.dropped_frames,
        statistics=statistics,
    )


def encode_claim(claim: Claim) -> bytes:
    """The bytes of a claim: equal claims give equal bytes."""
    return encode_state(
        {
            "format": CLAIM_FORMAT,
            "study": claim.study,
            "dyad": claim.dyad,
            "session": claim.session,
            "run": claim.run,
            "episode": claim.episode,
            "seat": claim.seat.word,
            "participant": claim.participant,
            "reason": claim.reason.value,
            "cause": claim.cause,
            "ended_by": list(claim.ended_by),
            "rows": claim.rows,
            "frame": claim.frame,
            "file": claim.file,
            "sha256": claim.sha256,
            "local_file": claim.local_file,
            "local_sha256": claim.local_sha256,
            "agreement": claim.agreement.value,
            "held_rows": claim.held_rows,
            "partner_rows": claim.partner_rows,
            "dropped_frames": claim.dropped_frames,
            "statistics": claim.statistics,
        }
    )


def decode_claim(data: bytes) -> Claim:
    """The claim that these bytes hold.

    Raises:
        StateFileError: they hold something else.
    """
    fields = Fields(data, CLAIM_FORMAT)
    return Claim(
        study=fields.text("study"),
        dyad=fields.text("dyad"),
        session=fields.text("session"),
        run=fields.text("run"),
        episode=fields.integer("episode"),
        seat=Seat[fields.word("seat", tuple(seat.word for seat in Seat)).upper()],
        participant=fields.text("participant"),
        reason=Reason(fields.word("reason", tuple(Reason))),
        cause=fields.text("cause"),
        ended_by=fields.words("ended_by"),
        rows=fields.integer("rows"),
        frame=fields.integer("frame"),
        file=fields.text("file"),
        sha256=fields.text("sha256"),
        local_file=fields.text("local_file"),
        local_sha256=fields.text("local_sha256"),
        agreement=Agreement(fields.word("agreement", tuple(Agreement))),
        held_rows=fields.integer("held_rows"),
        partner_rows=fields.integer("partner_rows"),
        dropped_frames=fields.integer("dropped_frames"),
        statistics=_statistics(fields),
    )


def _statistics(fields: Fields) -> Statistics:
    checked: dict[str, int | str | Mapping[str, int]] = {}
    for name, value in fields.mapping("statistics").items():
        if not isinstance(value, int | str | dict) or (isinstance(value, dict) and not _are_counts(value)):
            raise StateFileError(f"statistics {name}: expected a count, a text or counts by name, got {value!r:.60}")
        checked[name] = value
    return checked


def _are_counts(values: Mapping[str, object]) -> bool:
    return all(isinstance(count, int) for count in values.values())


def read_claims(episode_folder: Path) -> dict[Seat, Claim]:
    """The claims that lie in an episode's folder, on a share or on a station: by seat, the best of each.

    A recovered claim gives way to the one that its seat wrote itself. What is no claim is passed over: `verify` reads
    strictly.
    """
    claims = []
    for path in sorted(episode_folder.glob(f"*{Kind.CLAIM.suffix}")):
        name = parse_name(path.name)
        if name is None or name.kind is not Kind.CLAIM:
            continue
        try:
            claims.append(decode_claim(path.read_bytes()))
        except StateFileError:
            continue
    return best_claims(claims)


def best_claims(claims: Iterable[Claim]) -> dict[Seat, Claim]:
    """Of several claims of one episode the best of each seat: its own before a recovered one, then the longest."""
    best: dict[Seat, Claim] = {}
    for claim in claims:
        standing = best.get(claim.seat)
        if standing is None or _worth(claim) > _worth(standing):
            best[claim.seat] = claim
    return best


def _worth(claim: Claim) -> tuple[bool, int]:
    return claim.reason is not Reason.RECOVERED, claim.rows


class Pairing(StrEnum):
    """What the claims of both seats mean together."""

    PAIRED = "PAIRED"
    """Both seats hold the same bytes."""
    WAITING_PEER = "WAITING_PEER"
    """One seat has not spoken yet."""
    PREFIX = "PREFIX"
    """At least one record is partial, and nothing speaks against one being the beginning of the other."""
    DIVERGED = "DIVERGED"
    """The records differ where they may not."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two claims mean, and why, in words."""

    pairing: Pairing
    words: str


def compare_claims(
    left: Claim | None,
    right: Claim | None,
    rows: tuple[Sequence[bytes], Sequence[bytes]] | None = None,
) -> Comparison:
    """What the claims of one episode mean together.

    `rows` are the encoded rows of both canonical files, if the caller has read them: a claim names a hash, and only the
    rows show whether one record is a prefix of the other.
    """
    if left is None or right is None:
        return _waiting(left, right)
    if _episode(left) != _episode(right):
        return Comparison(Pairing.DIVERGED, "the claims are of different episodes")
    if left.sha256 == right.sha256:
        return Comparison(Pairing.PAIRED, f"equal, {left.rows} frames, {left.reason}")
    for claim in (left, right):
        if claim.reason is Reason.DIVERGED:
            return Comparison(Pairing.DIVERGED, f"{claim.seat.word} saw the records differ at frame {claim.frame}")
    if rows is not None:
        return _compare_rows(left, right, *rows)
    if left.is_complete and right.is_complete:
        return Comparison(
            Pairing.DIVERGED, f"both seats say complete, but left holds {_short(left)}, right {_short(right)}"
        )
    return Comparison(Pairing.PREFIX, _partial(left, right))


def _episode(claim: Claim) -> tuple[str, str, str, str, int]:
    return claim.study, claim.dyad, claim.session, claim.run, claim.episode


def _waiting(left: Claim | None, right: Claim | None) -> Comparison:
    missing = [seat.word for seat, claim in zip(Seat, (left, right), strict=True) if claim is None]
    return Comparison(Pairing.WAITING_PEER, f"nothing from {' and '.join(missing)} yet")


def _short(claim: Claim) -> str:
    return f"{claim.rows} frames ({claim.reason}, {claim.sha256[:8]})"


def _partial(left: Claim, right: Claim) -> str:
    return f"partial: left holds {_short(left)}, right {_short(right)}"


def _compare_rows(left: Claim, right: Claim, left_rows: Sequence[bytes], right_rows: Sequence[bytes]) -> Comparison:
    pairs = enumerate(zip(left_rows, right_rows, strict=False))  # the shorter one may be a prefix
    differing = next((frame for frame, (ours, theirs) in pairs if ours != theirs), None)
    if differing is not None:
        return Comparison(Pairing.DIVERGED, f"the records differ first at frame {differing}")
    if left.is_complete and right.is_complete:
        return Comparison(
            Pairing.DIVERGED, f"both seats say complete, but left holds {_short(left)}, right {_short(right)}"
        )
    return Comparison(Pairing.PREFIX, _partial(left, right))
