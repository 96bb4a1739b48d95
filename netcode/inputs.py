"""The inputs of one seat, in frame order. No gaps, nothing written twice; forgotten when nobody needs them any more."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from netcode.vocabulary import AWAY, CATCHING_UP, NEUTRAL, Command, Input

INPUT_BYTES: Final = 3
"""On the wire an input is three bytes: action, flags, command."""
_KNOWN_FLAGS: Final = AWAY | CATCHING_UP
_INPUTS_CACHED: Final = 4096
"""Distinct inputs: a game's actions times the flags times the commands, with room."""
_TRIM_AT: Final = 512
"""Forgotten inputs are deleted in lots, so that trimming costs nothing a frame."""


class ProtocolError(Exception):
    """The partner (or a stranger) sent something that the protocol does not allow. Counted and shown, never fatal."""


@lru_cache(_INPUTS_CACHED)
def encode_input(item: Input) -> bytes:
    """The three bytes of an input."""
    return bytes(item)


def decode_inputs(data: bytes, action_count: int) -> list[Input]:
    """The inputs in `data`.

    Raises:
        ProtocolError: an action, flag or command that does not exist, or a length that is no multiple of three.
    """
    if len(data) % INPUT_BYTES:
        raise ProtocolError(f"expected {INPUT_BYTES} bytes an input, got {len(data)} bytes")
    inputs = []
    for at in range(0, len(data), INPUT_BYTES):
        item = _input(data[at : at + INPUT_BYTES])
        if item.action >= action_count:
            raise ProtocolError(f"expected an action below {action_count}, got {item.action}")
        inputs.append(item)
    return inputs


@lru_cache(_INPUTS_CACHED)
def _input(data: bytes) -> Input:
    action, flags, command = data
    if flags & ~_KNOWN_FLAGS or command > Command.ABORT:
        raise ProtocolError(
            f"expected flags within {_KNOWN_FLAGS} and a command up to {Command.ABORT:d}, got {flags} and {command}"
        )
    return Input(action, flags, command)


class InputQueue:
    """One seat's inputs of one episode, counted from frame 0. The first `delay_frames` are neutral by rule."""

    __slots__ = ("_first", "_inputs", "count")

    def __init__(self, delay_frames: int) -> None:
        self._first = 0
        self._inputs = [NEUTRAL] * delay_frames
        self.count = delay_frames
        """Inputs that are here without a gap: the next one belongs to this frame."""

    def __getitem__(self, frame: int) -> Input:
        return self._inputs[frame - self._first]

    def between(self, start: int, stop: int) -> list[Input]:
        """The inputs of the frames from `start` to `stop`."""
        return self._inputs[start - self._first : stop - self._first]

    def append(self, item: Input) -> None:
        """Commit the input of frame `count`."""
        self._inputs.append(item)
        self.count += 1

    def extend(self, items: Iterable[Input]) -> None:
        """Commit the inputs of the frames from `count` on."""
        self._inputs.extend(items)
        self.count = self._first + len(self._inputs)

    def forget_before(self, frame: int) -> None:
        """Let go of the inputs of frames that nobody will ask for again."""
        if frame - self._first >= _TRIM_AT:
            del self._inputs[: frame - self._first]
            self._first = frame
