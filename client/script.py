"""What a rehearsal does to a client at given frames: take its focus away, or stop its process. No window, no clock."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from games.contract import Seat


@dataclass(frozen=True, slots=True)
class Away:
    """In every episode `seat` loses its focus at tick `start` and has it back at tick `stop`."""

    seat: Seat
    start: int
    stop: int

    @classmethod
    def parse(cls, text: str) -> "Away":
        """`left:100-220`.

        Raises:
            ValueError: the text says what was expected and what came.
        """
        seat, span = _seat_and_rest(text, "SEAT:FROM-TO, such as left:100-220")
        start, _, stop = span.partition("-")
        if not (start.isdecimal() and stop.isdecimal() and int(start) < int(stop)):
            raise ValueError(f"expected SEAT:FROM-TO with two frames, the first below the second, got {text!r}")
        return cls(seat, int(start), int(stop))

    def __str__(self) -> str:
        return f"{self.seat.word}:{self.start}-{self.stop}"


@dataclass(frozen=True, slots=True)
class Freeze:
    """In every episode the process of `seat` is stopped at tick `frame` for so many seconds."""

    seat: Seat
    frame: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> "Freeze":
        """`right:150:1.5`.

        Raises:
            ValueError: the text says what was expected and what came.
        """
        seat, rest = _seat_and_rest(text, "SEAT:FRAME:SECONDS, such as right:150:1.5")
        frame, _, seconds = rest.partition(":")
        try:
            duration = float(seconds)
        except ValueError:
            duration = -1.0
        if not frame.isdecimal() or not 0 < duration <= _LONGEST_FREEZE_SECONDS:
            limit = f"0 < SECONDS <= {_LONGEST_FREEZE_SECONDS}"
            raise ValueError(f"expected SEAT:FRAME:SECONDS with a frame and {limit}, got {text!r}")
        return cls(seat, int(frame), duration)

    def __str__(self) -> str:
        return f"{self.seat.word}:{self.frame}:{self.seconds}"


_LONGEST_FREEZE_SECONDS = 600


def _seat_and_rest(text: str, expected: str) -> tuple[Seat, str]:
    word, _, rest = text.partition(":")
    if word not in ("left", "right") or not rest:
        raise ValueError(f"expected {expected}, got {text!r}")
    return Seat[word.upper()], rest


class Script:
    """The scripted mishaps of one seat, each once in every episode."""

    def __init__(self, aways: tuple[Away, ...], freezes: tuple[Freeze, ...]) -> None:
        self._aways = aways
        self._freezes = freezes
        self._frozen: set[Freeze] = set()
        self._is_away = False

    def begin_episode(self) -> None:
        """Everything may happen again."""
        self._frozen.clear()

    def focus_edge(self, frame: int) -> bool | None:
        """The focus edge that is due before tick `frame` is sampled: False lost, True gained, None neither."""
        is_away = any(away.start <= frame < away.stop for away in self._aways)
        if is_away == self._is_away:
            return None
        self._is_away = is_away
        return not is_away

    def freeze(self, frame: int) -> Freeze | None:
        """The freeze that is due at tick `frame`."""
        for freeze in self._freezes:
            if frame >= freeze.frame and freeze not in self._frozen:
                self._frozen.add(freeze)
                return freeze
        return None


def stop_own_process(announce: Callable[[], None]) -> None:
    """Really stop this process. Whoever was told by `announce` must wake it with SIGCONT.

    Raises:
        ValueError: this system cannot stop a process.
    """
    if not hasattr(signal, "SIGSTOP"):
        raise ValueError("--freeze needs a system that can stop a process (SIGSTOP); this one cannot")
    announce()
    os.kill(os.getpid(), signal.SIGSTOP)
