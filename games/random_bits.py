"""Random bits from a seed: SplitMix64, whose whole state is one integer that a game keeps in its own state.

Not `random`: its state is large, and what it draws from a seed has changed between versions of Python.
"""

from typing import Final

BITS_64: Final = (1 << 64) - 1
_GAMMA: Final = 0x9E3779B97F4A7C15


def draw(state: int) -> tuple[int, int]:
    """The next state of the generator, and 64 random bits. Any integer may be the first state: 64 bits of it count."""
    state = (state + _GAMMA) & BITS_64
    bits = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & BITS_64
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & BITS_64
    return state, bits ^ (bits >> 31)


def below(state: int, bound: int) -> tuple[int, int]:
    """The next state, and an integer in 0 <= n < `bound`; for a bound under 2**32 its bias is under 2**-32."""
    state, bits = draw(state)
    return state, bits % bound
