"""The command line of `dyadgrid share`: what a person may ask about a share."""

from typing import Annotated

import typer
from typer import Argument

from client.commands import options
from client.commands.blame import fail

app = typer.Typer(help="Ask about a share: may episodes be delivered there?")

Address = Annotated[str, Argument(metavar="DIR|URL", help="A folder, or a URL as for --share.")]


@app.callback()
def share() -> None:
    """Ask about a share: may episodes be delivered there?"""


@app.command()
def probe(address: Address, json: options.AsJson = False) -> None:
    """Try all that delivery relies on, and say it so that whoever runs the server can mend it. Exit code 0: usable."""
    from client.commands.share import probe_share

    try:
        code = probe_share(address, as_json=json)
    except ValueError as error:
        raise fail(error) from error
    raise typer.Exit(code)
