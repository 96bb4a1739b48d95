"""The command line of `dyadgrid outbox`: what waits on this station, and what a person may do about it."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from client.commands import options
from client.commands.blame import data_folder, fail

app = typer.Typer(help="What waits for the share, and why; try again, hold back, pack for a USB stick.")

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

OlderThan = Annotated[
    float | None,
    Option("--older-than", metavar="DAYS", min=0, help="Only what was received so long ago.", show_default="30"),
]
InTrash = Annotated[float, Option("--older-than", metavar="DAYS", min=0, help="Only what was pruned so long ago.")]
Really = Annotated[bool, Option("--yes", metavar="", help="Do it; without this it is only shown.")]


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


@app.command()
def check(context: typer.Context, home: Home = None) -> None:
    """Ask the share for every file that was ever received, and read all of them there."""
    from client.commands.outbox import check_receipts

    _run(context, home, check_receipts)


@app.command()
def prune(context: typer.Context, older_than: OlderThan = None, yes: Really = False, home: Home = None) -> None:
    """Make room: move to the trash what others have proof of, and still have now. Shows what would go, and why."""
    from client.commands.pruning import prune_files

    _run(context, home, lambda place: prune_files(place, older_than, is_dry=not yes))


@app.command()
def undo(context: typer.Context, names: Names, home: Home = None) -> None:
    """Bring pruned files back from the trash."""
    from client.commands.pruning import undo_pruning

    _run(context, home, lambda place: undo_pruning(place, names))


@app.command(name="empty-trash")
def empty_trash(context: typer.Context, older_than: InTrash = 30.0, yes: Really = False, home: Home = None) -> None:
    """Remove pruned files for good, after their share was asked once more. Shows what would go."""
    from client.commands.pruning import empty_trashes

    _run(context, home, lambda place: empty_trashes(place, older_than, is_dry=not yes))
