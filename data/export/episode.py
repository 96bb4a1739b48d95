"""One record of an episode as its row of `episodes`: what was agreed, how it ended, what both seats say. No file."""

import json
from collections.abc import Mapping
from typing import Final

from data.claims import Claim
from data.episode_format import Episode
from data.export.columns import Block, Cell, Same
from data.export.notes import Notes, SharedClock
from data.export.plan import ChosenEpisode, ChosenRecord
from data.export.rows import key_columns
from data.export.tables import STATISTICS
from games.contract import Seat
from netcode.vocabulary import AWAY, EpisodeTerms

_AGREED: Final = (
    "game",
    "game_version",
    "source_hash",
    "tick_rate",
    "delay_frames",
    "window_frames",
    "guess_frames",
    "away_limit_frames",
)
"""Columns that are named as in the header."""


def episode_block(
    chosen: ChosenEpisode, record: ChosenRecord, episode: Episode, notes: Mapping[Seat, Notes], clock: SharedClock
) -> Block:
    """The row of one record. `notes` are those of both seats, as far as they are here."""
    cells: dict[str, Cell] = {
        "record": record.label,
        "answer": chosen.finding.answer.value,
        "pairing": chosen.finding.pairing.value,
        **_ending_cells(episode),
        **_agreed_cells(episode.terms),
        "file": record.file.path.name,
        "sha256": episode.sha256,
        **_clock_cells(clock),
    }
    for seat in Seat:
        own = _played_cells(episode, seat) | _claim_cells(chosen.claims.get(seat))
        if seat in notes:
            own |= _notes_cells(notes[seat], chosen.local_files[seat].name)
        cells |= {f"{seat.word}_{name}": value for name, value in own.items()}
    return Block("episodes", 1, key_columns(episode.terms) | {name: Same(value) for name, value in cells.items()})


def _ending_cells(episode: Episode) -> dict[str, Cell]:
    end = episode.end
    return {
        "is_complete": end.reason.is_complete,
        "frames": end.rows,
        "duration_s": end.rows / episode.terms.terms.tick_rate,
        "reason": end.reason.value,
        "cause": end.cause or None,
        "ended_by": " and ".join(Seat(seat).word for seat in end.seats) or None,
    }


def _agreed_cells(terms: EpisodeTerms) -> dict[str, Cell]:
    rules = terms.terms
    cells: dict[str, Cell] = {name: getattr(rules, name) for name in _AGREED}
    return cells | {"config": _json(dict(rules.config)), "seed": terms.seed}


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _clock_cells(clock: SharedClock) -> dict[str, Cell]:
    line = clock.alignment
    if line is None:
        return {"clock_is_common": False}
    return {
        "clock_is_common": True,
        "clock_offset_ns": line.offset_ns,
        "clock_drift_ppb": line.drift_ppb,
        "clock_uncertainty_ns": line.uncertainty_ns,
    }


def _played_cells(episode: Episode, seat: Seat) -> dict[str, Cell]:
    player = episode.terms.players[seat]
    return {
        "participant": player.participant,
        "kind": player.kind,
        "points": sum(row.rewards[seat] for row in episode.frames),
        "away_frames": sum(row.inputs[seat].flags & AWAY != 0 for row in episode.frames),
    }


def _claim_cells(claim: Claim | None) -> dict[str, Cell]:
    if claim is None:
        return {}
    counts = {column.name: claim.statistics.get(column.name) for column in STATISTICS}
    return {
        "agreement": claim.agreement.value,
        "frames": claim.rows,
        "reason": claim.reason.value,
        "sha256": claim.sha256 or None,
        # A statistic is a count; what else a claim of another version may hold under its name is not.
        **{name: count if isinstance(count, int) else None for name, count in counts.items()},
    }


def _notes_cells(notes: Notes, file_name: str) -> dict[str, Cell]:
    header, first = notes.local.header, notes.first_deadline
    started = None if first is None else header.wall_ns + first - header.monotonic_ns
    return {
        "local_file": file_name,
        "local_is_whole": notes.local.fault is None,
        "started_utc_ns": started,
        "machine": _json(dict(header.machine)),
    }
