"""One seat, put together: from checked settings to a running client. It makes the parts; none of them makes another."""

import os
import platform
import secrets
import socket as host
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import msgpack
import pygame
import zmq

from client.app import Client, Parts
from client.clock import now_ns
from client.controls import Bindings, Controls, bindings_for, key_caps
from client.delivery_watch import DeliveryWatch
from client.desktop import desktop_size, half_of_desktop
from client.focus import Focus
from client.keys import load_keys
from client.painter import Painter
from client.pictures import Pictures
from client.player import BotPlayer, Person
from client.player import Player as InputSource
from client.reports import Reports
from client.script import Away, Freeze, Script
from client.settings import Settings
from client.sprites import Sprites
from client.texts import Texts, guide_values
from client.theme import Theme
from client.window import USUAL_SIZE, Window
from data.episode_header import encode_header
from data.episode_row import encode_row
from data.free_space import missing_space
from data.layout import check_id
from data.local_format import LocalHeader
from data.provenance import source_hash
from data.recorder import Recorder
from data.recovery import RecoveryReport, recover
from data.sessions import SessionPlan
from data.station import homes_of
from games import registry
from games.contract import Game, Seat
from netcode.bad_link import BadLink
from netcode.limits import GUESS_FRAMES, MILLISECOND, SECOND, Times
from netcode.link import Link, ZmqLink
from netcode.packets import INSTANCE_BYTES, RUN_BYTES
from netcode.pulse import Pulse
from netcode.session import Session, Setup
from netcode.vocabulary import Player, Terms

ICON_SIZE: Final = 64
SHEET_VERSIONS: Final = ("dyadgrid", "python", "pygame", "zmq", "msgpack")
"""What a session's sheet says of the machine: enough to play it again, and not whose it is."""
CLOSE_SECONDS: Final = 20.0
"""For the recorder's last files; what is not done by then, the next start recovers."""


LONGEST_SECONDS: Final = 20 * 60
"""How long an episode may last whose game names no limit: for the space that it may need."""
INVISIBLE_DRIVERS: Final = ("dummy", "offscreen")
"""What SDL falls back to, without a word, where there is no display: nobody would see the window."""


class DisplayError(Exception):
    """There is no display to open a window on; the text says what to do. The user's to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatPlan:
    """All that a seat needs to know, as the command line gives it. `address` is to listen on, or to connect to."""

    seat: str
    address: str
    keys: Path
    study: str
    dyad: str
    session: str
    participant: str
    home: Path
    second_home: Path | None
    share: str
    game: str
    tick_rate: int
    frames: int | None
    episodes: int
    delay_frames: int
    window_frames: int | None
    away_limit_seconds: float
    is_bot: bool
    seed: int | None
    headless: bool
    settings: Settings
    lag_ms: float
    jitter_ms: float
    loss: float
    aways: tuple[Away, ...]
    freezes: tuple[Freeze, ...]
    rejoin_seconds: float | None
    lost_seconds: float
    final_seconds: float
    run: str | None
    half: str | None
    reports: bool

    def __post_init__(self) -> None:
        """Refuse what cannot be played.

        Raises:
            ValueError: the text names what was expected and what came.
        """
        if self.seat not in ("left", "right"):
            raise ValueError(f"--seat: expected left or right, got {self.seat!r}")
        for option in ("study", "dyad", "session", "participant"):
            check_id(option, getattr(self, option))
        if self.second_home is not None and self.second_home.absolute() == self.home.absolute():
            raise ValueError(f"--second-home: expected another folder than {self.home}, best on another disk")
        if self.run is not None and len(bytes.fromhex(self.run)) != RUN_BYTES:
            raise ValueError(f"--run: expected {2 * RUN_BYTES} hex digits, got {self.run!r}")

    @property
    def homes(self) -> tuple[Path, ...]:
        """The station and its second place: this session's, and one that an earlier session may have used."""
        named = () if self.second_home is None else (self.second_home,)
        return tuple(dict.fromkeys((*homes_of(self.home), *named)))

    @property
    def place(self) -> Seat:
        """The seat as a place in every pair."""
        return Seat[self.seat.upper()]


def run_seat(plan: SeatPlan) -> int:
    """Play one seat to the end of its session; the exit code: 0, or 1 if something could not be played or recorded.

    Raises:
        ValueError, LookupError, OSError, KeysError, LinkError, DisplayError: the settings cannot be used; the text says
            why.
    """
    if not plan.headless:
        check_display()
    game = registry.find(plan.game)
    terms = terms_of(plan, game)
    recoveries = [recover(home) for home in plan.homes]
    _check_space(plan, terms)
    socket = ZmqLink(plan.place, plan.address, load_keys(plan.keys, plan.place))
    try:
        reports = Reports(sys.stdout.fileno() if plan.reports else None)
        for recovery in recoveries:
            _tell_recovery(recovery, reports)
        reports.tell("listening", address=socket.address)
        earlier = [
            f"An earlier recording could not be recovered: {one}" for recovery in recoveries for one in recovery.refused
        ]
        return _play(plan, game, terms, _link(plan, socket), reports, earlier)
    finally:
        socket.close()


def _check_space(plan: SeatPlan, terms: Terms) -> None:
    """Refuse a session that does not fit on the disk.

    Raises:
        ValueError: how much is free, and how much is needed.
    """
    frames = dict(terms.config).get("frames", LONGEST_SECONDS * terms.tick_rate)
    for home in dict.fromkeys((plan.home, plan.second_home or plan.home)):
        missing = missing_space(home, plan.episodes, frames)
        if missing:
            raise ValueError(missing)


def _tell_recovery(recovery: RecoveryReport, reports: Reports) -> None:
    """What an earlier session had left, for whoever listens."""
    found = {
        "published": recovery.published,
        "recovered": recovery.recovered,
        "sheets": recovery.sheets,
        "set_aside": recovery.set_aside,
        "refused": recovery.refused,
    }
    if any(found.values()):
        reports.tell("recovery", home=str(recovery.home), **found)


def check_display() -> None:
    """Refuse to go on where nobody would see a window.

    Raises:
        DisplayError: there is no display.
    """
    try:
        pygame.display.init()
        driver = pygame.display.get_driver()
    except pygame.error as error:
        raise DisplayError(f"no window can be opened here: {error}") from error
    if driver in INVISIBLE_DRIVERS and "SDL_VIDEODRIVER" not in os.environ:
        raise DisplayError("no window can be opened here: there is no display. Log in to a desktop, or add --headless")


def _link(plan: SeatPlan, socket: ZmqLink) -> Link:
    if not (plan.lag_ms or plan.jitter_ms or plan.loss):
        return socket
    return BadLink(
        socket,
        now_ns,
        lag_ns=round(plan.lag_ms * MILLISECOND),
        jitter_ns=round(plan.jitter_ms * MILLISECOND),
        loss=plan.loss,
        seed=plan.place if plan.seed is None else 2 * plan.seed + plan.place,
    )


def _play(plan: SeatPlan, game: Game[Any], terms: Terms, link: Link, reports: Reports, earlier: Sequence[str]) -> int:
    bindings = bindings_for(game.actions, plan.settings.keys)
    window = _window(plan)
    try:
        recorder = Recorder(
            plan.home,
            share_url=plan.share,
            seat=plan.place,
            second_place=plan.second_home,
            earlier=earlier,
            plan=SessionPlan(plan.episodes, tuple(pair for pair in _machine() if pair[0] in SHEET_VERSIONS)),
        )
        delivery = DeliveryWatch(plan.homes)
        try:
            parts = _parts(plan, game, terms, link, reports, window, recorder, delivery, bindings)
            delivery.start()
            Client(parts, final_seconds=plan.final_seconds).run()
        finally:
            window.vanish()
            delivery.close()
            all_recorded = recorder.close(CLOSE_SECONDS)
    finally:
        window.close()
    reports.tell("closed", recorded=all_recorded, alarms=list(recorder.alarms))
    return 0 if all_recorded and not parts.session.refusal else 1


def _window(plan: SeatPlan) -> Window:
    title, class_name = f"dyadgrid - {plan.seat} seat", f"dyadgrid-{plan.seat}"
    has_border = plan.settings.window != "borderless"
    position, size = None, USUAL_SIZE if has_border or plan.headless else desktop_size()
    if plan.half is not None:
        position, size = half_of_desktop(plan.half)
    return Window(
        title,
        headless=plan.headless,
        class_name=class_name,
        position=position,
        size=plan.settings.size or size,
        has_border=has_border,
    )


def _dress(window: Window, plan: SeatPlan) -> None:
    """The seat's own figure as the window's icon, and the size that was asked for."""
    window.set_icon(Sprites(Theme()).player(plan.place, ICON_SIZE))
    if plan.settings.window == "full-screen":
        window.toggle_full_screen()


def _painter(plan: SeatPlan, game: Game[Any], terms: Terms, bindings: Bindings, texts: Texts) -> Painter:
    settings = plan.settings
    return Painter(
        Theme(text_scale=settings.text_size, reduced_motion=settings.reduced_motion),
        texts,
        guide=game.guide,
        guide_values=guide_values(dict(terms.config), terms.tick_rate),
        keys=key_caps(game.actions, bindings),
    )


def _parts(
    plan: SeatPlan,
    game: Game[Any],
    terms: Terms,
    link: Link,
    reports: Reports,
    window: Window,
    recorder: Recorder,
    delivery: DeliveryWatch,
    bindings: Bindings,
) -> Parts:
    session = Session(_setup(plan, game, terms), now_ns())
    controls = Controls(bindings)
    title, texts = f"{plan.study} {plan.dyad}-{plan.session}", Texts(plan.settings.language)
    _dress(window, plan)
    return Parts(
        window=window,
        painter=_painter(plan, game, terms, bindings, texts),
        link=link,
        session=session,
        pulse=Pulse(session, now_ns()),
        player=_input_source(plan, controls),
        controls=controls,
        focus=Focus(obey_window=not plan.is_bot, now_ns=now_ns()),
        pictures=Pictures(session, plan.place, title, texts, is_person=not plan.is_bot),
        recorder=recorder,
        delivery=delivery,
        local_header=partial(_local_header, session, _machine()),
        script=Script(plan.aways, plan.freezes),
        reports=reports,
        clock=now_ns,
        takes_focus=not plan.is_bot and not plan.headless,
        waits_for_disk=not plan.headless,
    )


def _input_source(plan: SeatPlan, controls: Controls) -> InputSource:
    if not plan.is_bot:
        return Person(controls)
    seed = secrets.randbits(32) if plan.seed is None else plan.seed
    return BotPlayer(lambda episode: registry.bot(plan.game, plan.place, seed + episode))


def _setup(plan: SeatPlan, game: Game[Any], terms: Terms) -> Setup[Any]:
    rejoin = None if plan.rejoin_seconds is None else round(plan.rejoin_seconds * SECOND)
    lost = round(plan.lost_seconds * SECOND)
    return Setup(
        seat=plan.place,
        terms=terms,
        player=Player(plan.participant, "bot" if plan.is_bot else "human"),
        episodes=plan.episodes,
        game=game,
        build_header=encode_header,
        encode_row=encode_row,
        instance=secrets.token_bytes(INSTANCE_BYTES),
        proposed_run=secrets.token_bytes(RUN_BYTES) if plan.run is None else bytes.fromhex(plan.run),
        proposed_seed=secrets.randbits(62) if plan.seed is None else plan.seed,
        times=Times(lost=lost, fin_wait=lost, rejoin=rejoin),
    )


def _local_header(session: Session[Any], machine: tuple[tuple[str, str], ...]) -> LocalHeader:
    """What is this machine's own: its clocks, its versions, its name. Nothing of it stands in the canonical file."""
    setup, episode = session.setup, session.episode
    assert episode is not None, "a local file is begun with an episode"
    terms = setup.terms
    return LocalHeader(
        run=session.run,
        study=terms.study,
        dyad=terms.dyad,
        session=terms.session,
        episode=episode.terms.episode,
        seat=setup.seat,
        participant=setup.player.participant,
        machine=machine,
        wall_ns=time.time_ns(),
        monotonic_ns=now_ns(),
    )


def _machine() -> tuple[tuple[str, str], ...]:
    """Asked before the loop runs: finding out our own version reads files."""
    return (
        ("dyadgrid", metadata.version("dyadgrid")),
        ("host", host.gethostname()),
        ("system", platform.platform()),
        ("python", platform.python_version()),
        ("pygame", pygame.version.ver),
        ("sdl", ".".join(str(part) for part in pygame.get_sdl_version())),
        ("zmq", zmq.zmq_version()),
        ("msgpack", ".".join(str(part) for part in msgpack.version)),
    )


def terms_of(plan: SeatPlan, game: Game[Any]) -> Terms:
    """What this seat brings to the agreement."""
    config = game.configure(tick_rate=plan.tick_rate, frames=plan.frames)
    window = plan.tick_rate // 2 if plan.window_frames is None else plan.window_frames
    return Terms(
        study=plan.study,
        dyad=plan.dyad,
        session=plan.session,
        game=game.id,
        game_version=game.version,
        source_hash=source_hash(game.id),
        config=tuple(sorted(config.items())),
        actions=game.actions,
        event_kinds=game.event_kinds,
        columns=tuple((column.name, column.type, column.unit, column.meaning) for column in game.columns),
        tick_rate=plan.tick_rate,
        delay_frames=plan.delay_frames,
        window_frames=window,
        guess_frames=GUESS_FRAMES,
        away_limit_frames=round(plan.away_limit_seconds * plan.tick_rate),
    )
