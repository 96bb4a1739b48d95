"""Places on a keyboard by name: what a US keyboard has there, whatever the layout of the one that is used.

Numbers are USB HID usages, which pygame calls scancodes; they are the same on every system.
"""

from collections.abc import Mapping
from string import ascii_lowercase
from types import MappingProxyType
from typing import Final

_NAMED: Final = (
    *((name, 4 + index) for index, name in enumerate(ascii_lowercase)),
    *((name, 30 + index) for index, name in enumerate("1234567890")),
    *zip(("enter", "escape", "backspace", "tab", "space"), range(40, 45), strict=True),
    *zip(("minus", "equals", "left bracket", "right bracket", "backslash"), range(45, 50), strict=True),
    *zip(("semicolon", "quote", "backquote", "comma", "period", "slash"), range(51, 57), strict=True),
    *((f"f{index + 1}", 58 + index) for index in range(12)),
    *zip(("insert", "home", "page up", "delete", "end", "page down"), range(73, 79), strict=True),
    *zip(("right", "left", "down", "up"), range(79, 83), strict=True),
    *zip(
        ("keypad divide", "keypad multiply", "keypad minus", "keypad plus", "keypad enter"), range(84, 89), strict=True
    ),
    *((f"keypad {name}", 89 + index) for index, name in enumerate("1234567890")),
    *zip(("left ctrl", "left shift", "left alt"), range(224, 227), strict=True),
    *zip(("right ctrl", "right shift", "right alt"), range(228, 231), strict=True),
)
SCANCODES: Final[Mapping[str, int]] = MappingProxyType(dict(_NAMED))
NAMES: Final[Mapping[int, str]] = MappingProxyType({scancode: name for name, scancode in _NAMED})

RESERVED: Final = frozenset({SCANCODES["f1"], SCANCODES["f3"], SCANCODES["f11"]})
"""What the window itself listens to: details, figures, full screen."""
HIGHEST: Final = 255
"""What keyboards send lies below; above, this program counts gamepads."""


def scancode_of(word: str | int) -> int:
    """The scancode of a name, such as `w` or `keypad 8`, or of a number.

    Raises:
        ValueError: there is no such key, or the window needs it itself; the text says what was expected and what came.
    """
    number = word if isinstance(word, int) else SCANCODES.get(word.strip().lower())
    if isinstance(word, str) and number is None and word.strip().isdecimal():
        number = int(word)
    if number is None or not 0 < number <= HIGHEST:
        raise ValueError(
            f"expected a key by its place on a US keyboard (w, left, space, keypad 8, ...) "
            f"or its scancode (1 to {HIGHEST}), got {word!r}"
        )
    if number in RESERVED:
        raise ValueError(f"expected a key that the window does not need itself (F1, F3, F11), got {word!r}")
    return number
