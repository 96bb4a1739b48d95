"""Every time and every bound of the protocol, named once, with its reason. Nanoseconds unless the name says more."""

from dataclasses import dataclass
from typing import Final

SECOND: Final = 1_000_000_000
MILLISECOND: Final = 1_000_000

MAX_PACKET_BYTES: Final = 16_384
"""A HELLO with its columns takes about 3 kB; anything larger than this is not ours and is not even parsed."""
MAX_DELAY_FRAMES: Final = 30
"""Half a second at 60 Hz: beyond it a participant plays against their own past."""
MAX_WINDOW_FRAMES: Final = 240
"""Four seconds at 60 Hz: a longer guess is a different game. Memory sets no limit, packet size does."""
MAX_UNACKNOWLEDGED: Final = 2 * (MAX_WINDOW_FRAMES + MAX_DELAY_FRAMES + 1)
"""A seat commits at most W + D + 1 frames past what it has of the partner, who may be as far past what it has of us."""
MAX_EPISODE_FRAMES: Final = 1 << 31
GUESS_FRAMES: Final = 8
"""A partner who holds a key usually still holds it a quarter of a second later; after a longer silence, who knows."""
HICCUP: Final = 100 * MILLISECOND
"""Owed ticks up to this are played with the sampled input: nobody can tell them from a slow frame."""
HANDSHAKE_PROBES: Final = 3
"""Round trips before READY: enough for a first round-trip time, too few to be noticed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The clocks of a session. Each is a choice of the lab; the defaults and their reasons stand here."""

    hello_every: int = 100 * MILLISECOND
    """Greetings and beats between episodes: ten a second start quickly and cost nothing."""
    countdown: int = 3 * SECOND
    """Three, two, one: long enough to put the fingers on the keys."""
    result: int = 3 * SECOND
    """How long a round's result stays on the screen."""
    hold_notice: int = 300 * MILLISECOND
    """A shorter hold is felt as a hitch and needs no words."""
    silence_notice: int = 2 * SECOND
    """Then "waiting" becomes "not reachable": heartbeats notice a dead link within one second."""
    lost: int = 15 * SECOND
    """The reconnect grace: an unplugged cable or a laptop's wireless comes back within it."""
    fin_wait: int = 15 * SECOND
    """At the end, as patient as anywhere else: the partner may be inside its own grace."""
    linger: int = 2 * SECOND
    """After the last episode, go on answering for a few resends of the partner."""
    leave: int = 2 * SECOND
    """Someone who leaves while nothing can be confirmed does not wait longer than this."""
    rejoin: int | None = None
    """After a partner was lost, how long to wait for a restarted one; None waits as long as the RA wants."""
    standstill: int = 250 * MILLISECOND
    """A longer gap between two ticks of our own is our standstill, and is no silence of the partner."""
