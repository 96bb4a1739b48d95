"""The settings of this machine: those of its file, and what the command line says instead. Makes no window."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import platformdirs

from client.controls import bindings_for
from client.settings import Settings, SettingsError, parse_keys, parse_size, read_settings, settings_of
from games import registry

FILE_NAME: Final = "settings.toml"


def settings_file() -> Path:
    """Where this user's settings lie, if there are any."""
    return platformdirs.user_config_path("dyadgrid", appauthor=False) / FILE_NAME


def gather_settings(
    file: Path | None,
    *,
    game: str,
    ignores_file: bool = False,
    size: str | None = None,
    keys: list[str] | None = None,
    **values: Any,  # noqa: ANN401 - settings by name, checked by their own module
) -> Settings:
    """The file's settings (this user's own, if none is named), changed by what is not None on the command line.

    Raises:
        SettingsError: one of them cannot be used, or the keys do not suit the game.
        LookupError: there is no such game.
        OSError: the file cannot be read.
    """
    settings = gather_looks(file, ignores_file=ignores_file, **values)
    try:
        if size is not None:
            settings = replace(settings, size=parse_size(size))
        named = dict(parse_keys(keys or ()))
    except SettingsError as error:
        raise _as_option(error) from error
    settings = replace(settings, keys=tuple({**dict(settings.keys), **named}.items()))
    try:
        bindings_for(registry.find(game).actions, settings.keys)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    return settings


def gather_looks(file: Path | None, *, ignores_file: bool = False, **values: Any) -> Settings:  # noqa: ANN401 - as above
    """The same for what needs no game: how a window looks.

    Raises:
        SettingsError: one of them cannot be used.
        OSError: the file cannot be read.
    """
    source, settings = file or settings_file(), Settings()
    if not ignores_file and (file is not None or source.exists()):
        settings = read_settings(source)
    try:
        return settings_of({name: value for name, value in values.items() if value is not None}, settings)
    except SettingsError as error:
        raise _as_option(error) from error


def _as_option(error: SettingsError) -> SettingsError:
    name, _, words = str(error).partition(":")
    return SettingsError(f"--{name.replace('_', '-')}:{words}")
