"""The command line and the composition root: it builds every part and hands it its clock, its socket, its folder.

Imports of the parts stand inside the commands: `dyadgrid --help` must not wait for a window library.
"""

import sys
from pathlib import Path
from typing import Any

import typer

from client.commands import options, outbox_app, share_app
from client.commands.blame import USER_ERROR
from client.commands.blame import data_folder as _data_folder
from client.commands.blame import fail as _fail
from client.commands.blame import say as _say

app = typer.Typer(
    name="dyadgrid",
    help="Real-time two-player grid games on two machines, with one provably identical record of every episode.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(outbox_app.app, name="outbox")
app.add_typer(share_app.app, name="share")

INTERRUPTED = 130
DELIVERY_SECONDS = 30.0
"""How long a finished session waits for its receipts; what is not delivered by then waits in the outbox."""
LARGEST_SEED = 2**62
"""A session's seed travels as a signed integer of 64 bits."""


def main() -> None:
    """Run the command line. A mistake of the user's is one line and exit code 2; no traceback reaches anybody."""
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], prog_name="dyadgrid", standalone_mode=False))
    except typer.TyperException as error:  # an option that does not exist, or a value out of its range
        _say(f"{error.format_message()} (see `{_command_line()} --help`)")
        sys.exit(USER_ERROR)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(INTERRUPTED)


def _command_line() -> str:
    """What was asked for, without its options."""
    known = [command.callback.__name__ for command in app.registered_commands if command.callback is not None]
    known += [group.name for group in app.registered_groups if group.name]
    return " ".join(["dyadgrid", *(word for word in sys.argv[1:2] if word in known)])


@app.command()
def demo(
    episodes: options.Episodes = 2,
    frames: options.Frames = None,
    hz: options.Hz = 30,
    game: options.Game = "foraging",
    seed: options.Seed = None,
    bots: options.BotSeats = None,
    headless: options.Headless = False,
    language: options.OwnLanguage = None,
    text_size: options.TextSize = None,
    reduced_motion: options.ReducedMotion = None,
    key: options.KeyTexts = None,
    settings: options.SettingsPath = None,
    home: options.DemoHome = None,
    share: options.ShareAddress = None,
    delivery_wait: options.DeliveryWait = DELIVERY_SECONDS,
    lag_ms: options.LagMs = 0.0,
    jitter_ms: options.JitterMs = 0.0,
    loss: options.Loss = 0.0,
    away: options.AwayTexts = None,
    freeze: options.FreezeTexts = None,
    json: options.AsJson = False,
) -> None:
    """Try it on this machine: two windows side by side, you play the left one, a bot the right one."""
    from client.commands.console import DemoConsole
    from client.commands.demo import DemoError, DemoPlan, run_demo
    from client.commands.own_settings import gather_settings
    from client.keys import KeysError
    from client.script import Away, Freeze
    from games import registry

    try:
        config = registry.find(game).configure(tick_rate=hz, frames=frames)
        folder = _data_folder() / "demo"
        plan = DemoPlan(
            home=(home or folder).absolute(),
            share=_share_or_own(share, folder),
            game=game,
            tick_rate=hz,
            frames=frames,
            episodes=episodes,
            seed=_checked_seed(seed),
            headless=headless,
            bots=_bot_seats(bots or ("both" if headless else "right")),
            lag_ms=lag_ms,
            jitter_ms=jitter_ms,
            loss=loss,
            aways=tuple(Away.parse(text) for text in away or ()),
            freezes=tuple(Freeze.parse(text) for text in freeze or ()),
            delivery_wait_seconds=delivery_wait,
            settings=gather_settings(
                settings, game=game, keys=key, language=language, text_size=text_size, reduced_motion=reduced_motion
            ),
        )
        with DemoConsole(plan, config["frames"], quiet=json) as console:
            result = run_demo(plan, console)
    except (ValueError, LookupError, OSError, KeysError, DemoError) as error:
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


def _checked_seed(seed: int | None) -> int | None:
    if seed is not None and not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"--seed: expected 0 to {LARGEST_SEED}, got {seed}")
    return seed


@app.command()
def play(
    seat: options.SeatWord,
    keys: options.Keys,
    dyad: options.Dyad,
    session: options.SessionId,
    participant: options.Participant,
    listen: options.Listen = None,
    partner: options.Partner = None,
    study: options.Study = "study",
    episodes: options.Episodes = 2,
    frames: options.Frames = None,
    hz: options.Hz = 30,
    game: options.Game = "foraging",
    seed: options.Seed = None,
    bot: options.IsBot = False,
    delay_frames: options.DelayFrames = 1,
    window_frames: options.WindowFrames = None,
    away_limit_seconds: options.AwayLimit = 0.0,
    rejoin_seconds: options.Rejoin = None,
    lost_seconds: options.LostSeconds = 15.0,
    headless: options.Headless = False,
    full_screen: options.FullScreen = False,
    window: options.WindowMode = None,
    size: options.WindowSize = None,
    language: options.OwnLanguage = None,
    text_size: options.TextSize = None,
    reduced_motion: options.ReducedMotion = None,
    key: options.KeyTexts = None,
    settings: options.SettingsPath = None,
    no_settings: options.NoSettings = False,
    final_seconds: options.FinalSeconds = 30.0,
    home: options.StationHome = None,
    second_home: options.SecondHome = None,
    share: options.ShareAddress = None,
    lag_ms: options.LagMs = 0.0,
    jitter_ms: options.JitterMs = 0.0,
    loss: options.Loss = 0.0,
    away: options.AwayTexts = None,
    freeze: options.FreezeTexts = None,
    run: options.RunId = None,
    half: options.DesktopHalf = None,
    reports: options.TellsReports = False,
    no_courier: options.NoCourier = False,
) -> None:
    """Play one seat of a session on this machine, with a partner on another one."""
    from client.commands.courier_process import await_delivery, courier_for
    from client.commands.own_settings import gather_settings
    from client.keys import KeysError
    from client.script import Away, Freeze
    from client.seat import DisplayError, SeatPlan, run_seat
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
            second_home=second_home and second_home.absolute(),
            share=_share_or_own(share, _data_folder()),
            game=game,
            tick_rate=hz,
            frames=frames,
            episodes=episodes,
            delay_frames=delay_frames,
            window_frames=window_frames,
            away_limit_seconds=away_limit_seconds,
            is_bot=bot,
            seed=_checked_seed(seed),
            headless=headless,
            settings=gather_settings(
                settings,
                game=game,
                ignores_file=no_settings,
                size=size,
                keys=key,
                language=language,
                text_size=text_size,
                reduced_motion=reduced_motion,
                window="full-screen" if full_screen else window,
            ),
            lag_ms=lag_ms,
            jitter_ms=jitter_ms,
            loss=loss,
            aways=tuple(Away.parse(text) for text in away or ()),
            freezes=tuple(Freeze.parse(text) for text in freeze or ()),
            rejoin_seconds=rejoin_seconds,
            lost_seconds=lost_seconds,
            final_seconds=final_seconds,
            run=run,
            half=half,
            reports=reports,
        )
        if no_courier:
            code = run_seat(plan)
        else:
            with courier_for(plan.homes):
                code = run_seat(plan)
                await_delivery(plan.homes, DELIVERY_SECONDS)
    except (ValueError, LookupError, OSError, KeysError, LinkError, DisplayError) as error:
        raise _fail(error) from error
    raise typer.Exit(code)


def _address(seat: str, listen: str | None, partner: str | None) -> str:
    """The address that this seat needs, and no other.

    Raises:
        ValueError: there is no such seat, its address is missing, or the other one was given.
    """
    if seat not in ("left", "right"):
        raise ValueError(f"--seat: expected left or right, got {seat!r}")
    wanted, given, other = ("--listen", listen, partner) if seat == "left" else ("--partner", partner, listen)
    if given is None or other is not None:
        raise ValueError(f"the {seat} seat needs {wanted} tcp://ADDRESS:PORT, and only that")
    return given


def _share_or_own(share: str | None, folder: Path) -> str:
    """The share that was named, or one in this folder of the user's own, made if it is new.

    Raises:
        ValueError: what was named is no share's address.
    """
    from data.shares.folder_share import FolderShare
    from data.shares.share import share_address

    return share_address(share) if share is not None else str(FolderShare.create(folder / "share").root)


@app.command()
def keys(
    folder: options.KeysFolder,
    collector: options.ForCollector = False,
    station: options.StationNames = None,
    stations: options.StationCount = None,
) -> None:
    """Make the keys of one pair of machines, or with --collector those of a collector and its stations."""
    from client.commands.collector_keys import make_and_tell
    from client.keys import KeysError, make_keys
    from data.collector.keys import CollectorKeysError

    try:
        if collector:
            make_and_tell(folder, station or [], stations or 0)
            return
        if station or stations:
            raise ValueError("--station and --stations need --collector: a pair's keys have no stations")
        make_keys(folder)
    except (ValueError, KeysError, CollectorKeysError) as error:
        raise _fail(error) from error
    typer.echo(f"Made the keys of both seats in {folder}. Copy this folder to both machines, and to no other.")


@app.command(name="settings")
def show_settings(file: options.SettingsPath = None) -> None:
    """Print this machine's settings as a file to edit, and say on the error output where it belongs."""
    from client.commands.own_settings import settings_file
    from client.settings import Settings, read_settings

    path = file or settings_file()
    try:
        found = read_settings(path) if file is not None or path.exists() else Settings()
    except (ValueError, OSError) as error:
        raise _fail(error) from error
    _say(f"these settings belong into {path}")
    typer.echo(found.to_toml(), nl=False)


@app.command()
def collect(
    folder: options.CollectorFolder,
    listen: options.CollectorListen = None,
    keys: options.CollectorKeysFolder = None,
    archives: options.ImportArchives = None,
    rebuild: options.Rebuild = False,
    jobs: options.CheckJobs = 1,
) -> None:
    """Receive episodes from the stations of a lab, check them, and answer for every file."""
    from client.commands.collect import CollectPlan, run_collect
    from data.collector.archive import ArchiveError
    from data.collector.collector import CollectorError
    from data.collector.keys import CollectorKeysError
    from data.collector.router import CollectorSocketError

    try:
        code = run_collect(CollectPlan(folder, listen, keys, tuple(archives or ()), rebuild, jobs))
    except (ValueError, OSError, CollectorError, ArchiveError, CollectorKeysError, CollectorSocketError) as error:
        raise _fail(error) from error
    raise typer.Exit(code)


@app.command()
def verify(
    paths: options.EpisodePaths,
    jobs: options.Jobs = None,
    every_episode: options.EveryEpisode = False,
    json: options.AsJson = False,
) -> None:
    """Read every episode strictly, play it again from its inputs, and compare the seats."""
    from client.commands.verify import run_verify

    try:
        code = run_verify(paths, jobs=jobs, every_episode=every_episode, as_json=json)
    except OSError as error:
        raise _fail(error) from error
    raise typer.Exit(code)


@app.command()
def status(paths: options.StatusPaths, json: options.AsJson = False) -> None:
    """Do I have everything? What was played, what is here, and what is missing on which machine."""
    from client.commands.status import run_status

    try:
        code = run_status(paths, as_json=json)
    except (ValueError, OSError) as error:
        raise _fail(error) from error
    raise typer.Exit(code)


@app.command()
def inspect(
    left: options.LeftRecord,
    right: options.RightRecord = None,
    episode: options.EpisodeNumber = None,
    run: options.RunPrefix = "",
    frames: options.FrameSpan = "",
    only: options.OnlyTopic = "",
    html: options.HtmlFile = None,
    json: options.AsJson = False,
) -> None:
    """Lay both seats' local records side by side: why did a frame look the way it did?"""
    from client.commands.inspect import Wishes, run_inspect

    paths = (left,) if right is None else (left, right)
    try:
        code = run_inspect(
            Wishes(paths=paths, episode=episode, run=run, frames=frames, only=only, html=html, as_json=json)
        )
    except (ValueError, OSError) as error:
        raise _fail(error) from error
    raise typer.Exit(code)


@app.command()
def replay(
    file: options.ReplayFile,
    local: options.ReplayLocal = None,
    seat: options.ReplaySeat = None,
    shown: options.AsShown = False,
    frame: options.StartFrame = 0,
    png: options.Png = None,
    full_screen: options.FullScreen = False,
    language: options.OwnLanguage = None,
    text_size: options.TextSize = None,
    reduced_motion: options.ReducedMotion = None,
    settings: options.SettingsPath = None,
) -> None:
    """Show a recorded episode: what is true, and what a seat was shown at that moment."""
    from client.clock import now_ns
    from client.commands.own_settings import gather_looks
    from client.commands.replay import Wishes, prepare
    from client.replay.show import show_window, write_png

    try:
        looks = gather_looks(settings, language=language, text_size=text_size, reduced_motion=reduced_motion)
        opened, choice = prepare(Wishes(path=file, local=local, seat=seat, is_shown=shown, frame=frame))
        if png is not None:
            write_png(opened.scenes, choice, png[0], png[1], looks)
        else:
            show_window(opened, choice, frame, looks, full_screen=full_screen, clock=now_ns)
    except (ValueError, OSError) as error:
        raise _fail(error) from error


@app.command()
def export(
    sources: options.ExportSources,
    to: options.ExportTarget,
    layout: options.ExportFormat = "parquet",
    include_partial: options.IncludePartial = False,
    include_divergent: options.IncludeDivergent = False,
    jobs: options.Jobs = None,
    json: options.AsJson = False,
) -> None:
    """Make tidy tables (Parquet or CSV) with a codebook from recorded episodes, which are only read."""
    from client.commands.export import run_export
    from data.export.export import Order, layout_of
    from data.export.plan import Wishes

    try:
        wishes = Wishes(partial=include_partial, divergent=include_divergent)
        order = Order(tuple(sources), to, layout_of(layout), wishes, jobs)
        code = run_export(order, as_json=json)
    except (ValueError, OSError) as error:
        raise _fail(error) from error
    raise typer.Exit(code)


@app.command()
def report(
    sources: options.ReportSources,
    to: options.ReportFile = None,
    limit: options.Limits = None,
    jobs: options.Jobs = None,
    json: options.AsJson = False,
) -> None:
    """Write one HTML page about a session or a study: scores, absences, rollbacks, clocks, delivery, exclusions."""
    from client.commands.report import Wishes, run_report

    try:
        code = run_report(Wishes(sources=tuple(sources), to=to, limits=tuple(limit or ()), jobs=jobs, as_json=json))
    except (ValueError, OSError) as error:
        raise _fail(error) from error
    raise typer.Exit(code)


@app.command()
def sync(home: options.SyncHome = None) -> None:
    """Recover what a crash left, then bring everything that waits to the share."""
    from client.commands.sync import run_sync

    try:
        code = run_sync((home or _data_folder()).absolute())
    except (ValueError, OSError) as error:
        raise _fail(error) from error
    raise typer.Exit(code)


@app.command(hidden=True)
def courier(home: options.CourierHomes, parent: options.ParentPid) -> None:
    """Deliver from these stations until the parent ends. Runs as a process of its own: a hung share hangs only it."""
    from client.commands.courier_process import run_courier_process

    run_courier_process(home, parent)


@app.command(hidden=True)
def errand(parent: options.ParentPid) -> None:
    """Ask a share for somebody at a terminal. Runs as a process of its own: a hung share hangs only it."""
    from client.commands.errand import run_errand

    run_errand(parent)


@app.command(hidden=True)
def received(home: options.CourierHomes, run: options.GivenRun) -> None:
    """Say what of a run these stations' share holds. Runs as a process of its own: a hung share hangs only it."""
    from client.commands.courier_process import tell_received

    tell_received(home, run)


if __name__ == "__main__":
    main()
