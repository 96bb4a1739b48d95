"""Whose fault an error is, said once: a mistake of the user's is one clear line and exit code 2. No traceback."""

from pathlib import Path
from typing import Final

import typer

USER_ERROR: Final = 2
"""The exit code of everything that the user can mend: one clear line, no traceback."""


def say(text: object) -> None:
    """One line to the error output."""
    typer.echo(f"dyadgrid: {' '.join(str(text).split())}", err=True)


def fail(error: Exception) -> typer.Exit:
    """Tell the user what to mend; raise what is returned."""
    if isinstance(error, OSError) and error.filename is not None:
        say(f"{error.filename}: {error.strerror}")
    else:
        say(error)
    return typer.Exit(USER_ERROR)


def data_folder() -> Path:
    """The user's own folder for everything that was not given another place."""
    import platformdirs

    return platformdirs.user_data_path("dyadgrid", appauthor=False)
