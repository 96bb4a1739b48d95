"""What a collector looks at in a file before it answers for it: is it whole, and is it of the episode that it says?

Records, sums and chain from the first byte to END, the header, and the name against the header. Rows are not decoded
and nothing is played again here: that takes a hundred times longer, and follows after the answer. A file of a later
format version is taken as it is.
"""

import json
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Final

from data import framing
from data.claims import CLAIM_FORMAT, decode_claim
from data.episode_format import decode_end, decode_header
from data.episode_header import FORMAT_VERSION
from data.framing import FormatError, Record, TornError, records
from data.layout import (
    EpisodeFile,
    Kind,
    SessionKind,
    episode_folder,
    episode_key,
    episode_stem,
    parse_name,
    parse_session_name,
)
from data.local_format import LOCAL_FORMAT_VERSION, decode_local_header
from data.packing import is_int, pack, unpack_map
from data.session_sheet import SHEET_FORMAT, decode_sheet
from data.state_file import MAX_BYTES
from games.contract import Seat

_KNOWN: Final = {Kind.CANONICAL: FORMAT_VERSION, Kind.LOCAL: LOCAL_FORMAT_VERSION}

_LEADING_BYTES: Final = 16
"""Of a header: its map's size, and its first name and value."""


def structure_fault(path: str, data: bytes) -> str:
    """What is wrong with a file that is to lie at `path` in a share, in words; empty if nothing is."""
    name = parse_name(PurePosixPath(path).name)
    try:
        if name is None:
            _check_session_file(path, data)
        elif name.kind is Kind.CLAIM:
            _check_claim(name, path, data)
        else:
            _check_records(name, path, data)
    except (FormatError, ValueError, RecursionError) as error:
        return f"damaged: {error}"
    return ""


def _check_session_file(path: str, data: bytes) -> None:
    """A sheet is decoded; checksums are lines of text, and are compared by whoever runs `sha256sum`."""
    name = parse_session_name(PurePosixPath(path).name)
    if name is None:
        raise ValueError("its name is none of ours")
    if name.kind is SessionKind.SUMS:
        data.decode()
    elif not _is_later_state(data, SHEET_FORMAT):
        opening = decode_sheet(data).opening
        run = path.split("/")[2].rpartition("_run-")[2]
        if (opening.study, opening.run, opening.seat) != (path.split("/")[0], run, name.seat):
            raise ValueError(
                f"it is of study {opening.study}, run {opening.run}, {opening.seat.word}; its path: {path}"
            )


def _check_claim(name: EpisodeFile, path: str, data: bytes) -> None:
    if not _is_later_state(data, CLAIM_FORMAT):
        claim = decode_claim(data)
        _check_episode(path, claim.study, claim.run, claim.episode)
        _check_seat(name, claim.seat)


def _is_later_state(data: bytes, known: int) -> bool:
    """Whether a later version of this program wrote a state file."""
    if len(data) > MAX_BYTES:
        return False
    fields = json.loads(data)
    return isinstance(fields, dict) and is_int(fields.get("format")) and fields["format"] > known


def _check_records(name: EpisodeFile, path: str, data: bytes) -> None:
    header: Record | None = None
    last: Record | None = None
    for record in records(data):
        header, last = header or record, record
    if header is None or header.type != framing.HEADER:
        raise FormatError("record", "HEADER first", "none" if header is None else f"a record of type {header.type}")
    if _is_later(header, _KNOWN[name.kind]):
        return
    if last is None or last.type != framing.END:
        raise TornError("record", "END", "the file's end", offset=len(data))
    if name.kind is Kind.CANONICAL:
        _check_canonical(path, data, header, last)
    else:
        _check_local(name, path, data, header, last)


def _is_later(header: Record, known: int) -> bool:
    """Whether a later version of this program wrote the file. The format is the first name of every header."""
    if pack("format") + pack(known) in header.payload[:_LEADING_BYTES]:
        return False
    version = unpack_map(header.payload, "header").get("format")
    return is_int(version) and version > known


def _check_canonical(path: str, data: bytes, header: Record, last: Record) -> None:
    terms = decode_header(header.payload)
    folder, stem = PurePosixPath(path).parent, episode_stem(terms)
    if episode_folder(terms) != folder or not PurePosixPath(path).name.startswith(f"{stem}_"):
        raise ValueError(f"its header says {episode_folder(terms)}, its path {folder}")
    _, total = decode_end(last.payload)
    _check_sum(data, last, total)


def _check_local(name: EpisodeFile, path: str, data: bytes, header: Record, last: Record) -> None:
    told, _ = decode_local_header(header.payload)
    _check_episode(path, told.study, told.run, told.episode)
    _check_seat(name, Seat(told.seat))
    _check_sum(data, last, unpack_map(last.payload, "END").get("sha256"))


def _check_sum(data: bytes, last: Record, total: object) -> None:
    if total != sha256(data[: last.offset]).digest():
        raise FormatError("END sha256", "that of all before END", "another one")


def _check_episode(path: str, study: str, run: str, episode: int) -> None:
    parts = PurePosixPath(path).parts
    if (study, (run, episode)) != (parts[0], episode_key(parts[-1])):
        raise ValueError(f"it is of study {study}, run {run}, episode {episode + 1}; its path says {path}")


def _check_seat(name: EpisodeFile, seat: Seat) -> None:
    if name.seat is not seat:
        raise ValueError(f"it is of the {seat.word} seat, and its name says otherwise")
