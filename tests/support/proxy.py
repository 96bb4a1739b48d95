"""A TCP proxy that stands between two seats and does what networks do: delays, stalls, breaks, half-breaks, repeats.

It knows bytes only. It runs on a thread of its own, on a loopback port of its own, and every command has been carried
out when it returns.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar

T = TypeVar("T")
Direction = Literal["to_left", "to_right"]
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Chunks = asyncio.Queue[tuple[float, bytes]]

CHUNK_BYTES: Final = 65_536
COMMAND_SECONDS: Final = 10.0
_ABORTIVE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on, with no time: closing sends RST, as a machine does that knows nothing of the connection."""


@dataclass(eq=False, slots=True)
class _Call:
    """One connection of the right seat, and the one to the left seat that belongs to it."""

    task: "asyncio.Task[None]"
    right: Stream
    left: Stream | None = None
    is_halved: bool = False


class Proxy:
    """Listens where the right seat calls, and passes its bytes on to the left seat's `target` (`tcp://host:port`)."""

    def __init__(self, target: str) -> None:
        host, _, port = target.removeprefix("tcp://").rpartition(":")
        self._target = (host, int(port))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._flows = asyncio.Event()
        self._flows.set()
        self._calls: set[_Call] = set()
        self._spoilers: dict[Direction, Callable[[bytes], bytes]] = {}
        self.delay_seconds = 0.0
        """How long every byte takes, each way."""
        self.accepted = 0
        """Connections that were made to the proxy."""
        self.carried: dict[Direction, int] = {"to_left": 0, "to_right": 0}
        """Bytes passed on."""
        self.spoiled = 0
        """Chunks that were changed on their way."""

    @property
    def address(self) -> str:
        """Where the right seat has to call."""
        return f"tcp://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(COMMAND_SECONDS)
        self._loop.close()

    # --- what can go wrong ----------------------------------------------------------------------------------------

    def stall(self) -> None:
        """From now on no byte passes, and every connection stays open."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def resume(self) -> None:
        """What was stalled goes on, and nothing is lost."""
        self._loop.call_soon_threadsafe(self._flows.set)

    def reset(self) -> None:
        """Both seats' connections are torn down with RST; new ones are welcome."""
        self._do(self._reset())

    def half_open(self) -> None:
        """The right seat's connection is torn down, and the left seat hears nothing of it: its own stays open."""
        self._do(self._halve())

    def cut(self) -> None:
        """Everything is torn down, and nobody listens any more."""
        self._do(self._close())

    def heal(self) -> None:
        """Listen again, at the same address."""
        self._do(self._listen())

    def flip(self, direction: Direction) -> None:
        """The next chunk has one bit changed, in its middle."""
        self._spoilers[direction] = _flipped

    def repeat(self, direction: Direction) -> None:
        """The next chunk passes twice: somebody replays what was recorded on the wire."""
        self._spoilers[direction] = lambda data: data + data

    # --- on the proxy's own thread --------------------------------------------------------------------------------

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(COMMAND_SECONDS)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._reset()

    async def _reset(self) -> None:
        tasks = [call.task for call in self._calls]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _halve(self) -> None:
        for call in self._calls:
            call.is_halved = True
            _abort(call.right)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.accepted += 1
        call = _Call(task, (reader, writer))
        self._calls.add(call)
        try:
            call.left = await asyncio.open_connection(*self._target)
            await self._carry_both_ways(call.left, call.right)
            if call.is_halved:
                await asyncio.Event().wait()  # until somebody resets or closes the proxy
        except OSError:
            pass  # the left seat does not listen: the right seat is told by the end of its connection
        finally:
            self._calls.discard(call)
            _abort(call.right)
            if call.left is not None:
                _abort(call.left)

    async def _carry_both_ways(self, left: Stream, right: Stream) -> None:
        """Until one side has ended and everything that it said before was passed on."""
        ways = [
            asyncio.ensure_future(self._carry("to_left", right[0], left[1])),
            asyncio.ensure_future(self._carry("to_right", left[0], right[1])),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _carry(self, direction: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        chunks: Chunks = asyncio.Queue()
        sender = asyncio.ensure_future(self._pass_on(direction, chunks, writer))
        try:
            while data := await _read(reader):
                chunks.put_nowait((self._loop.time() + self.delay_seconds, data))
            chunks.put_nowait((self._loop.time() + self.delay_seconds, b""))
            await sender
        finally:
            sender.cancel()

    async def _pass_on(self, direction: Direction, chunks: Chunks, writer: asyncio.StreamWriter) -> None:
        """Give each chunk to its receiver when it is due, unless everything stands still; an empty one is the end."""
        while True:
            due, data = await chunks.get()
            await asyncio.sleep(due - self._loop.time())
            await self._flows.wait()
            if not data:
                return
            data = self._spoil(direction, data)
            self.carried[direction] += len(data)
            writer.write(data)
            await writer.drain()

    def _spoil(self, direction: Direction, data: bytes) -> bytes:
        spoil = self._spoilers.pop(direction, None)
        if spoil is None:
            return data
        self.spoiled += 1
        return spoil(data)


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(CHUNK_BYTES)
    except ConnectionError:
        return b""  # the seat tore it down: an end like any other


def _abort(stream: Stream) -> None:
    """Close with RST."""
    writer = stream[1]
    handle = writer.get_extra_info("socket")
    if handle is not None and not writer.is_closing():
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORTIVE)
        writer.transport.abort()


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :]
