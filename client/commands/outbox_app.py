"""The command line of `dyadgrid outbox`: what waits on this station, and what a person may do about it."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer
from typer import Argument, Option

from client.commands import options
from client.commands.blame import data_folder, fail

app = typer.Typer(help="What waits for the share, and why; try again, hold back, pack for a USB stick.")

_DEFAULT_AGE: Final = "30 days"

Home = Annotated[
    Path | None,
    Option("--home", metavar="DIR", help="A station, or a folder of stations.", show_default="all of this user's"),
]
All = Annotated[bool, Option("--all", metavar="", help="Also list every file that was received.")]
Names = Annotated[
    list[str], Argument(metavar="NAME...", help="A file's name, or part of it: a run, ep-001, left_local.")
]
SomeNames = Annotated[
    list[str] | None, Argument(metavar="[NAME...]", help="A file's name, or part of it.", show_default="all that wait")
]
Archive = Annotated[Path, Argument(metavar="ARCHIVE", help="A new file, on a USB stick perhaps.")]
ReceiptsFile = Annotated[Path, Argument(metavar="FILE", help="What `collect --import` wrote: ARCHIVE.receipts.json.")]


def _run(context: typer.Context, home: Path | None, action: Callable[[Path], int]) -> None:
    """Act on the stations that were named, before or after the command's own word."""
    given = home or context.obj
    try:
        code = action((given or data_folder()).absolute())
    except (ValueError, OSError) as error:
        raise fail(error) from error
    raise typer.Exit(code)


@app.callback(invoke_without_command=True)
def outbox(context: typer.Context, home: Home = None, every: All = False, json: options.AsJson = False) -> None:
    """Show every file with its state, age, attempts, next attempt, and why it is not delivered yet."""
    context.obj = home
    if context.invoked_subcommand is None:
        from client.commands.outbox import show_outbox

        _run(context, home, lambda place: show_outbox(place, every=every, as_json=json))


@app.command()
def retry(context: typer.Context, names: SomeNames = None, home: Home = None) -> None:
    """Try again now, from the first attempt on; what is held back is let go if it is named."""
    from client.commands.outbox import retry_items

    _run(context, home, lambda place: retry_items(place, names or []))


@app.command()
def hold(context: typer.Context, names: Names, home: Home = None) -> None:
    """Hold files back until `release`: nothing delivers them, not even `sync`."""
    from client.commands.outbox import hold_items

    _run(context, home, lambda place: hold_items(place, names))


@app.command()
def release(context: typer.Context, names: Names, home: Home = None) -> None:
    """Let files go that were held back."""
    from client.commands.outbox import release_items

    _run(context, home, lambda place: release_items(place, names))


@app.command()
def export(context: typer.Context, archive: Archive, home: Home = None) -> None:
    """Pack everything undelivered of one station into one file. Nothing leaves the outbox by that."""
    from client.commands.outbox import export_archive

    _run(context, home, lambda place: export_archive(place, archive.absolute()))


@app.command()
def receipts(context: typer.Context, file: ReceiptsFile, home: Home = None) -> None:
    """Take the receipts of an archive that was imported at the share's end."""
    from client.commands.outbox import take_receipts_file

    _run(context, home, lambda place: take_receipts_file(place, file))
