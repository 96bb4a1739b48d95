"""A game's configuration: which integers it may hold. No file and no default of any one game."""

from collections.abc import Mapping
from typing import Final

from games.contract import Config

Limits = Mapping[str, tuple[int, int]]
"""Smallest and largest legal value of every name in a configuration."""

TICK_RATES: Final = (10, 240)
"""Hz. Below 10 a move cannot be timed to a person's hand; no display in a lab shows more than 240."""
EPISODE_FRAMES: Final = (1, 10_000_000)
"""Half a day at 240 Hz; it also bounds what a file from a stranger can make us simulate."""
MOST_TICKS: Final = 65_535
"""The longest of a game's own times, so that it fits in two bytes."""


def episode_frames(tick_rate: int, frames: int | None, default_seconds: int) -> int:
    """An episode's length in frames: the one asked for, or `default_seconds` at this tick rate (Hz).

    Raises:
        ValueError: the tick rate or the length is outside the limits that every game shares.
    """
    _check("tick_rate", tick_rate, TICK_RATES)
    if frames is None:
        return default_seconds * tick_rate
    _check("frames", frames, EPISODE_FRAMES)
    return frames


def ticks(sixtieths: int, tick_rate: int) -> int:
    """A time given in sixtieths of a second as the nearest whole number of ticks, at least one."""
    return max(1, (sixtieths * tick_rate + 30) // 60)


def check(config: Config, limits: Limits) -> None:
    """Let a configuration pass that has exactly the names in `limits`, each with a value inside them.

    Raises:
        ValueError: a name is missing or unknown, or a value is outside; a configuration may come from a file or a peer.
    """
    if sorted(config) != sorted(limits):
        raise ValueError(
            f"configuration: expected the names {', '.join(sorted(limits))}, got {', '.join(sorted(config))}"
        )
    for name in limits:
        _check(name, config[name], limits[name])


def _check(name: str, value: int, limits: tuple[int, int]) -> None:
    low, high = limits
    if not low <= value <= high:
        raise ValueError(f"{name}: expected {low} to {high}, got {value}")
