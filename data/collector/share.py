"""A collector as a share: `collector://HOST:PORT?keys=DIR`. What it answers for is worth level 3.

A small file is one question and one answer. A large one is offered first, and goes on where the collector durably has
it, after both have compared the SHA-256 of that beginning.
"""

from collections import deque
from hashlib import sha256 as hash_sha256
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from data.collector.keys import CollectorKeysError, load_station_keys
from data.collector.line import Line, LineError
from data.collector.messages import (
    CHUNK_BYTES,
    MAX_FILE_BYTES,
    Ask,
    Blocked,
    Chunk,
    Conflict,
    Have,
    Hello,
    Holds,
    Offer,
    Receipt,
    Refused,
    Reply,
    Request,
    Welcome,
)
from data.layout import check_relative
from data.receipts import Level
from data.shares.share import Identity, Probe, ShareBlockedError, ShareConflictError, checked_source
from netcode.address import parse_address

SCHEME: Final = "collector"
CHUNKS_UNDER_WAY: Final = 4
"""One is written while the next ones travel."""
MOST_TRIES: Final = 3
"""Of one large file in one go: each ends with the collector saying that it has other bytes than were sent."""


class CollectorShare:
    """The share that a collector keeps. Nothing is touched before the first question; every wait is bounded.

    Raises:
        ValueError: the URL is not one of a collector.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        if parts.scheme != SCHEME or parts.path not in ("", "/") or set(options) != {"keys"}:
            raise ValueError(f"share: expected collector://HOST:PORT?keys=DIR, got {url[:200]!r}")
        self._address = parse_address(f"tcp://{parts.netloc}", listens=False)
        self._keys = Path(options["keys"]).absolute()
        self._line: Line | None = None
        self._backlog = (0, 0)

    @property
    def url(self) -> str:
        """The address with the keys' absolute folder."""
        host = str(self._address).removeprefix("tcp://")
        return f"{SCHEME}://{host}?keys={quote(str(self._keys))}"

    def tell_backlog(self, files: int, size: int) -> None:
        """What waits in this station's outbox: said at the next `probe`, for the experimenter's eyes."""
        self._backlog = (files, size)

    def identify(self) -> Identity:
        """Who the collector is."""
        return Identity(self._greet("").share_id, is_mount=False)

    def probe(self, owner: str) -> Probe:
        """Ask for its id and its space; what its disk can do it has tried itself."""
        welcome = self._greet(owner)
        return Probe(welcome.share_id, Level.COLLECTED, welcome.free_bytes)

    def _greet(self, owner: str) -> Welcome:
        reply = self._ask(Hello(owner, *self._backlog))
        if not isinstance(reply, Welcome):
            raise self._unexpected(reply)
        return reply

    def store(self, relative: str, source: Path, sha256: str, owner: str) -> Level:  # noqa: ARG002 - its key names it
        """Bring a file there, and have the collector's word for it."""
        check_relative(relative)
        data = checked_source(source, sha256)
        if len(data) > MAX_FILE_BYTES:
            raise ShareBlockedError(f"{self._name}: it takes files of at most {MAX_FILE_BYTES} bytes: {source}")
        reply = self._deliver(relative, data, bytes.fromhex(sha256))
        if isinstance(reply, Conflict):
            raise ShareConflictError(f"{self._name}: {reply.words}")
        if not isinstance(reply, Receipt) or (reply.path, reply.sha256.hex()) != (relative, sha256):
            raise self._unexpected(reply)
        return Level(reply.level)

    def sha256_of(self, relative: str) -> str | None:
        """The hash of what lies there now, read by the collector."""
        reply = self._ask(Ask(check_relative(relative).as_posix()))
        if not isinstance(reply, Holds):
            raise self._unexpected(reply)
        return reply.sha256.hex() or None

    def close(self) -> None:
        """Give the connection back; the next question makes another one."""
        if self._line is not None:
            self._line.close()

    def _deliver(self, path: str, data: bytes, digest: bytes) -> Reply:
        if len(data) <= CHUNK_BYTES:
            return self._ask(Chunk(path, digest, len(data), 0, data))
        for attempt in range(MOST_TRIES):
            reply = self._ask(Offer(path, digest, len(data), fresh=attempt > 0))
            if isinstance(reply, Have) and reply.sha256 == hash_sha256(data[: reply.offset]).digest():
                reply = self._send_rest(path, data, digest, reply.offset)
            if not isinstance(reply, Have):
                return reply
        raise ShareBlockedError(f"{self._name}: it loses the beginning of a large file: {path}")

    def _send_rest(self, path: str, data: bytes, digest: bytes, offset: int) -> Reply:
        """Every chunk from `offset` on, a few under way; the answer to the last, or to the first that failed."""
        starts = deque(range(offset, len(data), CHUNK_BYTES))
        awaited: deque[int] = deque()
        reply: Reply = Have(offset, b"")
        while starts or awaited:
            while starts and len(awaited) < CHUNKS_UNDER_WAY:
                start = starts.popleft()
                part = data[start : start + CHUNK_BYTES]
                awaited.append(start + len(part))
                self._send(Chunk(path, digest, len(data), start, part))
            reply = self._receive()
            end = awaited.popleft()
            if not isinstance(reply, Have) or reply.offset != end:
                self.close()  # answers to what is under way must not be taken for those to something else
                return reply
        return reply

    @property
    def _name(self) -> str:
        return f"collector {str(self._address).removeprefix('tcp://')}"

    def _open_line(self) -> Line:
        if self._line is None:
            try:
                keys = load_station_keys(self._keys)
            except CollectorKeysError as error:
                raise ShareBlockedError(str(error)) from error
            self._line = Line(self._address, keys)
        return self._line

    def _ask(self, request: Request) -> Reply:
        try:
            return self._open_line().ask(request)
        except LineError as error:
            raise ShareBlockedError(f"{self._name}: {error}") from error

    def _send(self, request: Request) -> None:
        try:
            self._open_line().send(request)
        except LineError as error:
            raise ShareBlockedError(f"{self._name}: {error}") from error

    def _receive(self) -> Reply:
        try:
            return self._open_line().receive()[1]
        except LineError as error:
            raise ShareBlockedError(f"{self._name}: {error}") from error

    def _unexpected(self, reply: Reply) -> ShareBlockedError:
        words = reply.words if isinstance(reply, Blocked | Refused | Conflict) else f"it answered {reply}"
        return ShareBlockedError(f"{self._name}: {words}")
