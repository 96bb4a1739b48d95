"""The collector's desk: bytes of stations in, orders for the disk out, and the disk's word as bytes back. No socket.

Everything that a station says is judged here before any disk hears of it: names, sizes, offsets. What is wrong is
counted for that station and answered in words; nothing that comes can end the program.
"""

from dataclasses import dataclass
from typing import Final

from data.collector.messages import (
    DIGEST_BYTES,
    MAX_FILE_BYTES,
    Ask,
    Chunk,
    Hello,
    MessageError,
    Offer,
    Receipt,
    Refused,
    Reply,
    Request,
    decode_request,
    encode,
)
from data.layout import check_id, check_relative, digest_in, parse_name, parse_session_name, session_stem

MAX_NAME_BYTES: Final = 255
"""What file systems take for one name."""


@dataclass(frozen=True, slots=True)
class Order:
    """A request that is in order, the station that it came from, and where its answer goes."""

    station: str
    route: bytes
    number: int
    request: Request


@dataclass(slots=True)
class StationTally:
    """What one station has said so far. `waiting_files` and `waiting_bytes` are its own word on its outbox."""

    requests: int = 0
    receipts: int = 0
    rejected: int = 0
    last_rejection: str = ""
    waiting_files: int = 0
    waiting_bytes: int = 0
    last_words: str = ""


class Desk:
    """Takes what stations send and answers it. `tallies` is what a person may see of each of them."""

    def __init__(self) -> None:
        self.tallies: dict[str, StationTally] = {}

    def take(self, station: str, route: bytes, data: bytes) -> Order | bytes | None:
        """An order for the disk, or the answer at once, or None for what cannot even be answered."""
        tally = self.tallies.setdefault(station, StationTally())
        number = -1
        try:
            request, number = decode_request(data)
            _check(request)
        except (MessageError, ValueError) as error:
            tally.rejected += 1
            tally.last_rejection = str(error)
            number = error.request if isinstance(error, MessageError) else number
            return encode(Refused(str(error)), number) if number >= 0 else None
        tally.requests += 1
        if isinstance(request, Hello):
            tally.waiting_files, tally.waiting_bytes = request.files, request.size
        return Order(station, route, number, request)

    def answer(self, order: Order, reply: Reply) -> bytes:
        """The bytes of the disk's word on an order."""
        tally = self.tallies[order.station]
        if isinstance(reply, Receipt):
            tally.receipts += 1
            tally.last_words = ""
            if tally.waiting_files:
                tally.waiting_files -= 1
                size = order.request.size if isinstance(order.request, Offer | Chunk) else 0
                tally.waiting_bytes = max(0, tally.waiting_bytes - size)
        elif hasattr(reply, "words"):
            tally.last_words = reply.words
        return encode(reply, order.number)


def check_place(path: str) -> None:
    """Refuse a path that could lead anywhere but to the place in a share that the file's own name says.

    Raises:
        ValueError: what was expected and what came.
    """
    relative = check_relative(path)
    parts, folder = relative.parts, relative.parent
    check_id("study", parts[0])
    episode, session = parse_name(relative.name), parse_session_name(relative.name)
    fits = (episode is None or episode.stem == "_".join(parts[1:4])) and (
        session is None or session.stem in ("", session_stem(folder))
    )
    if not fits:
        raise ValueError(f"path in a share: the file {relative.name} does not belong into {folder}")
    if "/".join(parts) != path or any(len(part.encode()) > MAX_NAME_BYTES for part in parts):
        raise ValueError(f"path in a share: expected names of at most {MAX_NAME_BYTES} bytes, got {path[:200]!r}")


def check_digest(path: str, sha256: bytes) -> None:
    """Refuse a SHA-256 that is not the one in the file's name.

    Raises:
        ValueError: what was expected and what came.
    """
    said = digest_in(path.rpartition("/")[2])
    if said is None or len(sha256) != DIGEST_BYTES or not sha256.hex().startswith(said):
        raise ValueError(f"sha256: the file's name says {said}, got {sha256.hex()[:16]}...")


def _check(request: Request) -> None:
    if isinstance(request, Hello):
        return
    check_place(request.path)
    if isinstance(request, Ask):
        return
    check_digest(request.path, request.sha256)
    if request.size > MAX_FILE_BYTES:
        raise ValueError(f"size: expected at most {MAX_FILE_BYTES} bytes, got {request.size}")
    if isinstance(request, Chunk) and request.offset + len(request.data) > request.size:
        raise ValueError(f"chunk: expected to end by byte {request.size}, got {request.offset + len(request.data)}")
    if isinstance(request, Chunk) and not request.data and request.size:
        raise ValueError("chunk: expected bytes, got none")
