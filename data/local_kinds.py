"""What a local file can tell: each kind of entry with its columns, declared once. No bytes."""

from typing import Final, NamedTuple

from netcode.vocabulary import Ending


class LocalColumn(NamedTuple):
    """One value of a kind: its name, `int`, `bool`, `str` or `bytes`, and its unit."""

    name: str
    type: str
    unit: str


class LocalKind(NamedTuple):
    """One kind of entry: what it tells, and its columns in order. Its number is its place in `LOCAL_KINDS`."""

    name: str
    meaning: str
    columns: tuple[LocalColumn, ...]


def _kind(name: str, meaning: str, *columns: str) -> LocalKind:
    """A kind from columns written as `name:type:unit`."""
    return LocalKind(name, meaning, tuple(LocalColumn(*column.split(":")) for column in columns))


LOCAL_KINDS: Final = (
    _kind(
        "tick",
        "one tick of this seat, whether it computed its frame or was held",
        "frame:int:frames, the present after the tick",
        "deadline_ns:int:ns",
        "start_ns:int:ns",
        "end_ns:int:ns",
        "flip_ns:int:ns, -1 if nothing was drawn",
        "verified:int:frames, V",
        "received:int:frames, R",
        "acked:int:frames, K",
        "held:bool:",
        "guess:int:action, -1 if the partner's input was here",
        "rollback_frames:int:frames",
        "wrong_guesses:int:frames",
        "shown_frame:int:frame on the screen, -1 if none",
        "shown_digest:bytes:8 bytes of the state shown, empty if none",
        "committed:int:frames, L",
        "input:int:the input committed in this tick, as in a canonical row, -1 if none",
        "held_why:str:window or end, empty if computed",
        "received_packets:int:packets taken since the row before",
        "sent_packets:int:packets handed to the link since the row before",
    ),
    _kind(
        "key", "a raw key edge", "t_ns:int:ns", "scancode:int:scancode", "down:bool:", "frame:int:frame it landed in",
    ),
    _kind("focus", "the window gained or lost focus", "t_ns:int:ns", "focused:bool:", "frame:int:frame"),
    _kind(
        "hold", "ticks that computed nothing, when they ended", "t_ns:int:ns", "frame:int:frame",
        "held_ticks:int:ticks", "why:str:",
    ),
    _kind("pacing", "the tick period was changed", "t_ns:int:ns", "frame:int:frame", "period_ns:int:ns"),
    _kind(
        "probe", "one round trip", "t0_ns:int:ns, sent here", "t1_ns:int:ns, received there, partner's clock",
        "t2_ns:int:ns, answered there, partner's clock", "t3_ns:int:ns, received here",
    ),
    _kind(
        "wake", "this program stood still", "t_ns:int:ns", "frame:int:frame", "standstill_ns:int:ns",
        "owed_ticks:int:ticks",
    ),
    _kind(
        "view", "the view left or found the live frame", "t_ns:int:ns", "frame:int:frame",
        "what:str:park, fast_forward or live", "frames:int:frames",
    ),
    _kind("notice", "words on the window", "t_ns:int:ns", "frame:int:frame", "text:str:"),
    _kind(
        "divergence", "what this seat holds at the first frame that differs", "frame:int:frame",
        "state:bytes:canonical state", "row:bytes:canonical row",
    ),
    _kind(
        "ending", "how the episode ended for this seat", "reason:str:", "rows:int:frames", "cause:str:",
        "left_ended_it:bool:", "right_ended_it:bool:", "first_difference:int:frame, -1 if none", "agreement:str:",
        "held_rows:int:frames, M", "partner_rows:int:frames, -1 if not named", "dropped_frames:int:frames",
    ),
)  # fmt: skip
"""Every kind of entry. A later version adds kinds at the end, and columns at the end of a kind."""


def ending_values(ending: Ending) -> tuple[int | bool | str, ...]:
    """An ending as the values of the kind `ending`."""
    end = ending.end
    return (
        end.reason.value,
        end.rows,
        end.cause,
        0 in end.seats,
        1 in end.seats,
        end.frame,
        ending.agreement.value,
        ending.held_rows,
        ending.partner_rows,
        ending.dropped_frames,
    )
