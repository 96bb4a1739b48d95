"""How the window looks and listens on this machine, as a settings file or the command line says it.

Nothing of the study: whatever stands here changes no frame of a game and need not be the same on both machines.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from client.scancodes import NAMES, scancode_of
from client.texts import CATALOGUES

Mode = Literal["window", "borderless", "full-screen"]
MODES: Final = get_args(Mode)
SMALLEST_TEXT: Final = 0.8
LARGEST_TEXT: Final = 1.5
"""Beyond it, words no longer fit into the places that they belong in."""
SMALLEST: Final = (480, 360)
"""In a smaller window nothing on the board could be told apart."""
LARGEST_SIDE: Final = 16384
"""No display is wider, and a surface of that many pixels can still be made."""
MOST_KEYS: Final = 8
"""Keys for one action."""

Keys = tuple[tuple[str, tuple[int, ...]], ...]
"""Actions of a game by name, each with the scancodes that ask for it, instead of the usual ones."""


class SettingsError(ValueError):
    """A setting cannot be used; the text names it, what was expected and what came. The user's to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One machine's settings. `size` is the window's, in pixels; None for the usual one."""

    language: str = "en"
    text_size: float = 1.0
    reduced_motion: bool = False
    window: Mode = "window"
    size: tuple[int, int] | None = None
    keys: Keys = ()

    def to_arguments(self) -> list[str]:
        """The options with which a client of our own starts with the same settings, and no file's."""
        words = ["--language", self.language, "--text-size", f"{self.text_size:g}", "--window", self.window]
        words += ["--reduced-motion"] if self.reduced_motion else []
        words += ["--size", "{}x{}".format(*self.size)] if self.size is not None else []
        for action, scancodes in self.keys:
            words += ["--key", f"{action}={','.join(map(str, scancodes))}"]
        return [*words, "--no-settings"]

    def to_toml(self) -> str:
        """A settings file that says the same, with words for who edits it."""
        size = "" if self.size is None else "size = [{}, {}]\n".format(*self.size)
        keys = "".join(
            f"{action} = [{', '.join(_quoted(NAMES.get(scancode, scancode)) for scancode in scancodes)}]\n"
            for action, scancodes in self.keys
        )
        return TEMPLATE.format(
            languages=", ".join(_quoted(each) for each in CATALOGUES),
            language=_quoted(self.language),
            smallest=SMALLEST_TEXT,
            largest=LARGEST_TEXT,
            text_size=f"{self.text_size:g}",
            reduced_motion=str(self.reduced_motion).lower(),
            modes=", ".join(_quoted(each) for each in MODES),
            window=_quoted(self.window),
            size=size or "# size = [1280, 720]\n",
            keys=keys or '# up = ["up", "w"]\n# drop = ["space", 40]\n',
        )


TEMPLATE: Final = """\
# How dyadgrid's window looks and listens on this machine. Every line may be left out.

# One of {languages}.
language = {language}
# The size of all texts: {smallest} to {largest}.
text_size = {text_size}
# Nothing hops, pops or rises and falls.
reduced_motion = {reduced_motion}
# One of {modes}. F11 fills the screen at any time.
window = {window}
# The window's width and height in pixels.
{size}
# Keys by their places on a US keyboard, whatever is printed on them, or by scancode (USB HID usage). An action that
# is named here has these keys and no others; gamepads always work.
[keys]
{keys}"""


def _quoted(value: str | int) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def read_settings(path: Path) -> Settings:
    """The settings of a file.

    Raises:
        SettingsError: it is no TOML, or holds what cannot be used.
        OSError: it cannot be read.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: expected a TOML file: {error}") from error
    try:
        return settings_of(values)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error


def settings_of(values: Mapping[str, Any], base: Settings | None = None) -> Settings:
    """The settings that these values change from `base`.

    Raises:
        SettingsError: a name is unknown or a value cannot be used.
    """
    known = [field.name for field in fields(Settings)]
    for name in values:
        if name not in known:
            raise SettingsError(f"expected {_listed(known)}, got {name}")
    checked = {name: _CHECKS[name](value) for name, value in values.items()}
    return replace(base or Settings(), **checked)


def parse_size(text: str) -> tuple[int, int]:
    """`1280x720`.

    Raises:
        SettingsError: it is no such size.
    """
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise SettingsError(f"size: expected WIDTHxHEIGHT such as 1280x720, got {text!r}")
    return _size([int(width), int(height)])


def parse_keys(texts: Iterable[str]) -> Keys:
    """`drop=space,40`, once for each action.

    Raises:
        SettingsError: one of them is no such pair.
    """
    values = {}
    for text in texts:
        action, is_pair, words = text.partition("=")
        if not is_pair or not action or action in values:
            raise SettingsError(f"key: expected ACTION=KEY or ACTION=KEY,KEY, once for each action, got {text!r}")
        values[action] = words.split(",")
    return _keys(values)


def _language(value: object) -> str:
    if value not in CATALOGUES:
        raise SettingsError(f"language: expected {_listed(CATALOGUES)}, got {value!r}")
    return str(value)


def _text_size(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not SMALLEST_TEXT <= value <= LARGEST_TEXT:  # type: ignore[operator]  # a number by now
        raise SettingsError(f"text_size: expected a number from {SMALLEST_TEXT} to {LARGEST_TEXT}, got {value!r}")
    return float(value)  # type: ignore[arg-type]  # the same


def _reduced_motion(value: object) -> bool:
    if not isinstance(value, bool):
        raise SettingsError(f"reduced_motion: expected true or false, got {value!r}")
    return value


def _window(value: object) -> str:
    if value not in MODES:
        raise SettingsError(f"window: expected {_listed(MODES)}, got {value!r}")
    return str(value)


def _size(value: object) -> tuple[int, int]:
    match value:
        case [int() as width, int() as height] if min(width, height) > 0:
            if width >= SMALLEST[0] and height >= SMALLEST[1] and max(width, height) <= LARGEST_SIDE:
                return width, height
    least = "{}x{}".format(*SMALLEST)
    raise SettingsError(f"size: expected a width and a height from {least} up to {LARGEST_SIDE}, got {value!r}")


def _keys(value: object) -> Keys:
    if not isinstance(value, dict):
        raise SettingsError(f"keys: expected a table of actions and their keys, got {value!r}")
    return tuple((action, _scancodes(action, words)) for action, words in value.items())


def _scancodes(action: str, words: object) -> tuple[int, ...]:
    given: list[Any] = words if isinstance(words, list) else [words]
    if not 0 < len(given) <= MOST_KEYS or not all(type(word) in (int, str) for word in given):
        raise SettingsError(f'keys: {action}: expected 1 to {MOST_KEYS} keys, such as ["up", "w"], got {words!r}')
    try:
        return tuple(dict.fromkeys(scancode_of(word) for word in given))
    except ValueError as error:
        raise SettingsError(f"keys: {action}: {error}") from error


_CHECKS: Final[Mapping[str, Callable[[object], Any]]] = {
    "language": _language,
    "text_size": _text_size,
    "reduced_motion": _reduced_motion,
    "window": _window,
    "size": _size,
    "keys": _keys,
}


def _listed(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}"
