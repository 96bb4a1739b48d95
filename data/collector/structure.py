"""What a collector looks at in a file before it answers for it: is it whole, and is it of the episode that it says?

Records from the first byte to END, END's hash over everything before it, and whose episode the header says it is. So no
byte is another one than its writer wrote. That he wrote what he should (each record's own sum and chain, the tables of
the header, the rows, and what comes of playing them) takes a hundred times longer, and follows after the answer. A file
of a later format version is taken as it is.
"""

import json
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Final, NamedTuple

import msgpack

from data import framing
from data.claims import CLAIM_FORMAT, decode_claim
from data.episode_header import FORMAT_VERSION
from data.framing import FormatError, TornError, check_span, first_and_last
from data.layout import EpisodeFile, Kind, SessionKind, folder_of_session, parse_name, parse_session_name
from data.local_format import LOCAL_FORMAT_VERSION
from data.packing import is_int, unpack_map
from data.session_sheet import SHEET_FORMAT, decode_sheet
from data.state_file import MAX_BYTES
from games.contract import Seat

_KNOWN: Final = {Kind.CANONICAL: FORMAT_VERSION, Kind.LOCAL: LOCAL_FORMAT_VERSION}

NO_EPISODE: Final = -1


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
        _check_identity(path, _Identity(opening.study, opening.dyad, opening.session, opening.run, NO_EPISODE))
        _check_seat(name.seat, opening.seat)


def _check_claim(name: EpisodeFile, path: str, data: bytes) -> None:
    if not _is_later_state(data, CLAIM_FORMAT):
        claim = decode_claim(data)
        _check_identity(path, _Identity(claim.study, claim.dyad, claim.session, claim.run, claim.episode))
        _check_seat(name.seat, claim.seat)


def _is_later_state(data: bytes, known: int) -> bool:
    """Whether a later version of this program wrote a state file."""
    if len(data) > MAX_BYTES:
        return False
    fields = json.loads(data)
    return isinstance(fields, dict) and is_int(fields.get("format")) and fields["format"] > known


def _check_records(name: EpisodeFile, path: str, data: bytes) -> None:
    found = first_and_last(data)
    if found is None or found[0].type != framing.HEADER:
        raise FormatError("record", "HEADER first", "none" if found is None else f"a record of type {found[0].type}")
    first, last = found
    header = _header(data[first.payload_offset : first.payload_end])
    version = header.get("format")
    if is_int(version) and version > _KNOWN[name.kind]:
        return
    if last.type != framing.END:
        raise TornError("record", "END", "the file's end", offset=len(data))
    check_span(data, last)
    end = unpack_map(data[last.payload_offset : last.payload_end], "END")
    if end.get("sha256") != sha256(memoryview(data)[: last.offset]).digest():
        raise FormatError("END sha256", "that of all before END", "another one")
    _check_identity(path, _identity(header))
    if name.kind is Kind.LOCAL:
        _check_seat(name.seat, Seat(int(str(header.get("seat")))))


def _header(payload: bytes) -> dict[str, object]:
    """The names of a header, without the care with which a reader takes them: that is half the work of all of this."""
    try:
        header = msgpack.unpackb(payload)
    except (ValueError, msgpack.UnpackException) as error:
        raise FormatError("header", "one msgpack value", type(error).__name__) from error
    if not isinstance(header, dict):
        raise FormatError("header", "a map", type(header).__name__)
    return header


class _Identity(NamedTuple):
    """Whose a file is, as it says itself; `episode` counts from 0, and is `NO_EPISODE` of a session's file."""

    study: str
    dyad: str
    session: str
    run: str
    episode: int


def _identity(header: dict[str, object]) -> _Identity:
    study, dyad, session, run, episode = (header.get(name) for name in _Identity._fields)
    is_text = isinstance(study, str) and isinstance(dyad, str) and isinstance(session, str) and isinstance(run, str)
    if not is_text or not is_int(episode) or episode < 0:
        raise FormatError("header", "texts for study, dyad, session and run, a count for episode", "something else")
    return _Identity(str(study), str(dyad), str(session), str(run), episode)


def _check_identity(path: str, own: _Identity) -> None:
    """Whether a file lies where it says; a session's own file has no episode's folder."""
    folder = folder_of_session(own.study, own.dyad, own.session, own.run)
    whole, found = folder / f"ep-{own.episode + 1:03}", PurePosixPath(path).parent
    if found not in (folder, whole) or (found == folder) != (own.episode < 0):
        raise ValueError(f"it is of {folder if own.episode < 0 else whole}, and its path says {found}")


def _check_seat(named: Seat | None, seat: Seat) -> None:
    if named is not seat:
        raise ValueError(f"it is of the {seat.word} seat, and its name says otherwise")
