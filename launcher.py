"""The command line and the composition root: it builds every part and hands it its clock, its socket, its folder.

Imports of the parts stand inside the commands: `dyadgrid --help` must not wait for a window library.
"""

import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

app = typer.Typer(
    name="dyadgrid",
    help="Real-time two-player grid games on two machines, with one provably identical record of every episode.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

USER_ERROR = 2
"""The exit code of everything that the user can mend: one clear line, no traceback."""
DELIVERY_SECONDS = 30.0
"""How long a finished session waits for its receipts; what is not delivered by then waits in the outbox."""

Hz = Annotated[int, typer.Option("--hz", min=10, max=240, help="Ticks per second.")]
Frames = Annotated[Optional[int], typer.Option(min=1, help="An episode's length in frames [default: 60 s].")]
Episodes = Annotated[int, typer.Option(min=1, max=1000, help="How many episodes.")]
GameName = Annotated[str, typer.Option("--game", help="Which game to play.")]
Seed = Annotated[Optional[int], typer.Option(min=0, max=2**62, help="Fixes layouts and bots (not network timing).")]
LagMs = Annotated[float, typer.Option(min=0, max=5000, help="Simulated delay of each packet, each way.")]
JitterMs = Annotated[float, typer.Option(min=0, max=5000, help="Simulated extra delay by chance, each way.")]
Loss = Annotated[float, typer.Option(min=0, max=0.95, help="Simulated share of lost packets, each way.")]
AwayText = Annotated[Optional[list[str]], typer.Option("--away", metavar="SEAT:FROM-TO", help="In every episode that seat loses its focus at tick FROM and has it back at tick TO. May be repeated.")]  # noqa: E501 - one option
FreezeText = Annotated[Optional[list[str]], typer.Option("--freeze", metavar="SEAT:FRAME:SECONDS", help="In every episode the process of that seat is stopped for so long. May be repeated.")]  # noqa: E501 - one option
Language = Annotated[str, typer.Option(help="Language of the window: en or de.")]


def main() -> None:
    """Run the command line. A mistake of the user's is one line and exit code 2; no traceback reaches anybody."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(text: object) -> typer.Exit:
    """Tell the user what to mend; raise what is returned."""
    typer.echo(f"dyadgrid: {text}", err=True)
    return typer.Exit(USER_ERROR)


def _data_folder() -> Path:
    import platformdirs

    return platformdirs.user_data_path("dyadgrid", appauthor=False)


@app.command()
def demo(
    headless: Annotated[bool, typer.Option("--headless", help="No window; bots on both seats.")] = False,
    bots: Annotated[Optional[str], typer.Option(metavar="left|right|both|none", help="Which seats a bot plays [default: right; both with --headless].")] = None,  # noqa: E501 - one option
    episodes: Episodes = 2,
    frames: Frames = None,
    hz: Hz = 30,
    game: GameName = "foraging",
    seed: Seed = None,
    home: Annotated[Optional[Path], typer.Option(help="Where this run's stations keep everything: HOME/left and HOME/right.")] = None,  # noqa: E501 - one option
    share: Annotated[Optional[Path], typer.Option(help="The folder that episodes are delivered to. It must exist.")] = None,  # noqa: E501 - one option
    lag_ms: LagMs = 0.0,
    jitter_ms: JitterMs = 0.0,
    loss: Loss = 0.0,
    away: AwayText = None,
    freeze: FreezeText = None,
    delivery_wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for receipts at the end.")] = 30.0,
    language: Language = "en",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")] = False,
) -> None:
    """Play two windows on this machine against each other: you on the left, a bot on the right."""
    from client.commands.demo import DemoError, DemoPlan, run_demo
    from client.commands.console import DemoConsole
    from client.script import Away, Freeze
    from data.share import FolderShare
    from games import registry

    try:
        config = registry.find(game).configure(tick_rate=hz, frames=frames)
        folder = _data_folder() / "demo"
        share_folder = share if share is not None else FolderShare.create(folder / "share").root
        plan = DemoPlan(
            home=(home or folder).absolute(),
            share=str(share_folder.absolute()),
            game=game,
            tick_rate=hz,
            frames=frames,
            episodes=episodes,
            seed=seed,
            headless=headless,
            bots=_bot_seats(bots or ("both" if headless else "right")),
            lag_ms=lag_ms,
            jitter_ms=jitter_ms,
            loss=loss,
            aways=tuple(Away.parse(text) for text in away or ()),
            freezes=tuple(Freeze.parse(text) for text in freeze or ()),
            delivery_wait_seconds=delivery_wait,
            language=language,
        )
        with DemoConsole(plan, config["frames"], quiet=json) as console:
            result = run_demo(plan, console.watch)
    except (ValueError, LookupError, OSError, DemoError) as error:
        raise _fail(error) from error
    console.show(result)
    if json:
        console.print_json(result)
    raise typer.Exit(0 if result.is_ok else 1)


def _bot_seats(word: str) -> tuple[Any, ...]:
    from games.contract import Seat

    seats = {"left": (Seat.LEFT,), "right": (Seat.RIGHT,), "both": tuple(Seat), "none": ()}
    if word not in seats:
        raise ValueError(f"--bots: expected left, right, both or none, got {word!r}")
    return seats[word]


@app.command()
def play(
    seat: Annotated[str, typer.Option(metavar="left|right", help="left listens, right connects.")],
    keys: Annotated[Path, typer.Option(help="The folder that `dyadgrid keys` made; the same on both machines.")],
    dyad: Annotated[str, typer.Option(help="The pair's id: letters, digits and dashes.")],
    session: Annotated[str, typer.Option(help="The session's id.")],
    participant: Annotated[str, typer.Option(help="The id of who sits at this machine.")],
    listen: Annotated[Optional[str], typer.Option(metavar="ADDR", help="left: tcp://ADDRESS:PORT of this machine.")] = None,  # noqa: E501 - one option
    partner: Annotated[Optional[str], typer.Option(metavar="ADDR", help="right: the left machine's tcp://ADDRESS:PORT.")] = None,  # noqa: E501 - one option
    study: Annotated[str, typer.Option(help="The study's id.")] = "study",
    home: Annotated[Optional[Path], typer.Option(help="Where this station keeps its recordings.")] = None,
    share: Annotated[Optional[Path], typer.Option(help="The folder that episodes are delivered to. It must exist.")] = None,  # noqa: E501 - one option
    game: GameName = "foraging",
    hz: Hz = 30,
    frames: Frames = None,
    episodes: Episodes = 2,
    delay_frames: Annotated[int, typer.Option(min=0, max=30, help="Input delay D.")] = 1,
    window_frames: Annotated[Optional[int], typer.Option(min=0, max=240, help="Prediction window W [default: half a second].")] = None,  # noqa: E501 - one option
    away_limit_seconds: Annotated[float, typer.Option(min=0, help="End an episode when a seat was away for so long; 0 never.")] = 0.0,  # noqa: E501 - one option
    bot: Annotated[bool, typer.Option("--bot", help="A bot plays this seat.")] = False,
    seed: Seed = None,
    headless: Annotated[bool, typer.Option("--headless", help="No window.")] = False,
    full_screen: Annotated[bool, typer.Option("--full-screen", help="Fill the screen, without a border.")] = False,
    language: Language = "en",
    lag_ms: LagMs = 0.0,
    jitter_ms: JitterMs = 0.0,
    loss: Loss = 0.0,
    away: AwayText = None,
    freeze: FreezeText = None,
    rejoin_seconds: Annotated[Optional[float], typer.Option(min=0, help="How long to wait for a restarted partner [default: as long as you want].")] = None,  # noqa: E501 - one option
    final_seconds: Annotated[float, typer.Option(min=0, help="How long the last screen stays.")] = 30.0,
    run: Annotated[Optional[str], typer.Option(hidden=True)] = None,
    half: Annotated[Optional[str], typer.Option(hidden=True)] = None,
    reports: Annotated[bool, typer.Option("--reports", hidden=True)] = False,
    no_courier: Annotated[bool, typer.Option("--no-courier", hidden=True)] = False,
) -> None:
    """Play one seat of a session on this machine, with a partner on another one."""
    from client.commands.courier_process import await_delivery, courier_for
    from client.keys import KeysError
    from client.script import Away, Freeze
    from client.seat import SeatPlan, run_seat
    from netcode.link import LinkError

    try:
        plan = SeatPlan(
            seat=seat,
            address=_address(seat, listen, partner),
            keys=keys,
            study=study,
            dyad=dyad,
            session=session,
            participant=participant,
            home=home or _data_folder() / "station",
            share=_share_or_own(share),
            game=game,
            tick_rate=hz,
            frames=frames,
            episodes=episodes,
            delay_frames=delay_frames,
            window_frames=window_frames,
            away_limit_seconds=away_limit_seconds,
            is_bot=bot,
            seed=seed,
            headless=headless,
            full_screen=full_screen,
            language=language,
            lag_ms=lag_ms,
            jitter_ms=jitter_ms,
            loss=loss,
            aways=tuple(Away.parse(text) for text in away or ()),
            freezes=tuple(Freeze.parse(text) for text in freeze or ()),
            rejoin_seconds=rejoin_seconds,
            final_seconds=final_seconds,
            run=run,
            half=half,
            reports=reports,
        )
        if no_courier:
            code = run_seat(plan)
        else:
            with courier_for([plan.home]):
                code = run_seat(plan)
                await_delivery([plan.home], DELIVERY_SECONDS)
    except (ValueError, LookupError, OSError, KeysError, LinkError) as error:
        raise _fail(error) from error
    raise typer.Exit(code)


def _address(seat: str, listen: str | None, partner: str | None) -> str:
    """The address that this seat needs, and no other.

    Raises:
        ValueError: it is missing, or the other one was given.
    """
    wanted, given, other = ("--listen", listen, partner) if seat == "left" else ("--partner", partner, listen)
    if given is None or other is not None:
        raise ValueError(f"the {seat} seat needs {wanted} tcp://ADDRESS:PORT, and only that")
    return given


def _share_or_own(share: Path | None) -> str:
    """The share that was named, or this machine's own folder, made if it is new."""
    from data.share import FolderShare

    if share is not None:
        return str(share.absolute())
    return str(FolderShare.create(_data_folder() / "share").root)


@app.command()
def keys(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")]) -> None:
    """Make the keys of one pair of machines. Copy the folder to both."""
    from client.keys import KeysError, make_keys

    try:
        make_keys(folder)
    except KeysError as error:
        raise _fail(error) from error
    typer.echo(f"Made the keys of both seats in {folder}. Copy this folder to both machines, and to no other.")


@app.command()
def verify(
    paths: Annotated[list[Path], typer.Argument(help="Episode files, folders, a share.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")] = False,
) -> None:
    """Read every episode strictly, play it again from its inputs, and compare the seats."""
    from client.commands.verify import run_verify

    raise typer.Exit(run_verify(paths, as_json=json))


@app.command()
def sync(
    home: Annotated[Optional[Path], typer.Option(help="A station, or a folder of stations [default: all of this user's].")] = None,  # noqa: E501 - one option
) -> None:
    """Recover what a crash left, then bring everything that waits to the share."""
    from client.commands.sync import run_sync

    try:
        code = run_sync((home or _data_folder()).absolute())
    except (ValueError, OSError) as error:
        raise _fail(error) from error
    raise typer.Exit(code)


@app.command(hidden=True)
def courier(
    home: Annotated[list[Path], typer.Option(help="A station; may be repeated.")],
    parent: Annotated[int, typer.Option(help="End when this process does.")],
) -> None:
    """Deliver from these stations until the parent ends. Runs as a process of its own: a hung share hangs only it."""
    from client.commands.courier_process import run_courier_process

    run_courier_process(home, parent)


if __name__ == "__main__":
    main()
