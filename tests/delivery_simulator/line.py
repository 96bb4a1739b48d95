"""A collector in the simulation, and the line to it: messages are dropped, doubled, delayed, cut and flipped."""

import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

from data.collector.collector import Answer, Collector, Message
from data.collector.line import LineError
from data.collector.messages import MessageError, Reply, Request, decode_reply, encode
from data.collector.share import CollectorShare
from tests.delivery_simulator.disks import ServerDisk
from tests.support.disks import Died

MOST_ROUNDS = 3
"""How often somebody waits for an answer before it counts as silence."""


class Post:
    """The collector's machine, and what is under way to it and from it."""

    def __init__(self, root: Path, disk: ServerDisk, rng: Random, count: Callable[[str], None]) -> None:
        self._root = root
        self._disk = disk
        self._rng = rng
        self._count = count
        self._under_way: list[Message] = []
        self._answers: dict[bytes, list[bytes]] = {}
        self._collector: Collector | None = None
        self.badness = 0.0
        self.now = 0.0

    def start(self) -> None:
        """The collector's process begins."""
        if self._collector is None:
            with suppress(OSError):  # its disk may be full; somebody tries again
                self._collector = Collector(self._root, jobs=0, disk=self._disk).__enter__()

    def stop(self) -> None:
        """A polite end."""
        collector, self._collector = self._collector, None
        if collector is not None:
            collector.__exit__(None, None, None)

    def crash(self) -> None:
        """The process is gone: nothing of it runs on, and the system takes its lock back."""
        collector, self._collector = self._collector, None
        self._under_way.clear()
        if collector is not None:
            self._count("collector crashed")
            collector._vault.close()
            collector._index.close()
            collector._checks.close()
            assert collector._lock is not None
            collector._lock.release()

    @property
    def is_up(self) -> bool:
        return self._collector is not None

    def send(self, message: Message) -> None:
        """A message leaves a station."""
        self._under_way += [message._replace(data=data) for data in self._carried(message.data, "question")]
        if len(self._under_way) > 1 and self._rng.random() < self.badness:
            self._count("reordered")
            self._rng.shuffle(self._under_way)

    def turn(self) -> None:
        """The collector takes what has arrived and answers."""
        if self._collector is None:
            return
        arrived = [message for message in self._under_way if not self._is_delayed()]
        self._under_way = [message for message in self._under_way if message not in arrived]
        try:
            answers = self._collector.turn(arrived, self.now)
            self._collector.tend(self.now)
        except Died:
            self.crash()
            return
        for answer in answers:
            self._answer(answer)

    def _answer(self, answer: Answer) -> None:
        self._answers.setdefault(answer.route, []).extend(self._carried(answer.data, "answer"))

    def _is_delayed(self) -> bool:
        is_late = self._rng.random() < self.badness / 2
        if is_late:
            self._count("delayed")
        return is_late

    def take(self, route: bytes) -> bytes | None:
        """The next answer that has arrived there."""
        waiting = self._answers.get(route, [])
        return waiting.pop(0) if waiting else None

    def _carried(self, data: bytes, what: str) -> list[bytes]:
        """What arrives of a message: nothing, it, twice it, or something else."""
        if self._rng.random() >= self.badness:
            return [data]
        fate = self._rng.choice(("dropped", "doubled", "flipped", "cut"))
        self._count(f"{what} {fate}")
        if fate == "dropped":
            return []
        if fate == "doubled":
            return [data, data]
        if fate == "cut":
            return [data[: self._rng.randrange(len(data))]]
        wrong = bytearray(data)
        wrong[self._rng.randrange(len(wrong))] ^= 1 << self._rng.randrange(8)
        return [bytes(wrong)]


class SimulatedLine:
    """One connection of one station. As the real one it breaks when nobody answers, and another takes its place."""

    def __init__(self, post: Post, station: str, number: int) -> None:
        self._post = post
        self._station = station
        self._route = struct.pack(">I", number)
        self._number = 0

    def ask(self, request: Request, seconds: float = 0.0) -> Reply:
        number = self.send(request)
        while True:
            came, reply = self.receive()
            if came == number:
                return reply

    def send(self, request: Request) -> int:
        if not self._post.is_up:
            raise LineError("no collector listens there")
        self._number += 1
        self._post.send(Message(self._station, self._route, encode(request, self._number)))
        return self._number

    def receive(self, seconds: float = 0.0) -> tuple[int, Reply]:
        for _ in range(MOST_ROUNDS):
            data = self._post.take(self._route)
            if data is not None:
                try:
                    reply, number = decode_reply(data)
                except MessageError as error:
                    raise LineError(f"it answers in words that are not understood here: {error}") from error
                return number, reply
            self._post.turn()
        raise LineError("it is there, and does not answer")

    def close(self) -> None:
        return


class SimulatedCollectorShare(CollectorShare):
    """The real share, over the simulated line."""

    def __init__(self, url: str, post: Post, station: str, numbers: Callable[[], int]) -> None:
        super().__init__(url)
        self._post = post
        self._station = station
        self._numbers = numbers
        self._simulated: SimulatedLine | None = None

    def _open_line(self) -> SimulatedLine:  # type: ignore[override]  # the same calls
        if self._simulated is None:
            self._simulated = SimulatedLine(self._post, self._station, self._numbers())
        return self._simulated

    def _ask(self, request: Request) -> Reply:
        try:
            return super()._ask(request)
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """A broken line is not mended; answers to it go nowhere."""
        self._simulated = None
