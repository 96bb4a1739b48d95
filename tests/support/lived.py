"""An episode that two seats lived through in virtual time: real sessions, views, logbooks and files, a bad network.

Both machines have clocks of their own. What the network and the machines did to them is known, so an inspection can be
held against it.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from client.logbook import Logbook
from client.player import make_input
from client.view import Shown, View
from data.episode_header import encode_header
from data.episode_row import encode_row
from data.layout import episode_folder
from data.local_format import LocalHeader
from data.provenance import source_hash
from data.tape import Tape
from games import registry
from games.contract import Game, Seat
from netcode.limits import MILLISECOND, SECOND
from netcode.pulse import Pulse
from netcode.session import Phase, Session, Setup
from netcode.vocabulary import Input, Player, Terms

_BOOTED = 10**12
_WAKES_LATE = 50_000
"""A poller never wakes on the very nanosecond."""


class Freeze(NamedTuple):
    """The program of a seat stands still from a frame on, for some time."""

    seat: Seat
    frame: int
    length_ns: int


class Absence(NamedTuple):
    """A seat has no focus from one frame to another."""

    seat: Seat
    first: int
    until: int


@dataclass(frozen=True, kw_only=True)
class Life:
    """What happens. The right machine's clock is `offset_ns` ahead at its start and goes faster by `drift_ppm`."""

    frames: int = 200
    tick_rate: int = 60
    delay_frames: int = 1
    window_frames: int = 30
    lag_ns: int = 30 * MILLISECOND
    jitter_ns: int = 0
    loss: float = 0.0
    offset_ns: int = 7 * SECOND
    drift_ppm: int = 0
    freezes: Sequence[Freeze] = ()
    absences: Sequence[Absence] = ()
    quits_at: int | None = None
    cut_at: int | None = None
    """The network is cut when a seat comes to this frame."""
    picture_ns: int = 4 * MILLISECOND
    seed: int = 1
    episode: int = 0
    run: bytes = b"\x0d\xad" * 4


@dataclass
class Lived:
    """One seat: its session and what it notes. `depths` are its rollbacks as its own ticks told them, `shown` is every
    picture that was flipped, in order.
    """

    seat: Seat
    life: Life
    game: Game[Any]
    session: Session[Any]
    pulse: Pulse[Any]
    bot: Any
    tape: Tape | None = None
    view: View | None = None
    logbook: Logbook | None = None
    depths: list[tuple[int, int]] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    asleep_until: int = 0
    ran_at: int = 0
    now: int = 0
    is_away: bool = False
    is_drawn: bool = True
    frozen: set[Freeze] = field(default_factory=set)

    def local(self, now: int) -> int:
        if self.seat is Seat.LEFT:
            return _BOOTED + now
        return _BOOTED + self.life.offset_ns + now + now * self.life.drift_ppm // 1_000_000

    def virtual(self, local: int) -> int:
        if self.seat is Seat.LEFT:
            return local - _BOOTED
        since = local - _BOOTED - self.life.offset_ns
        return -(-since * 1_000_000 // (1_000_000 + self.life.drift_ppm))

    def note(self, kind: str, *values: int | bool | str | bytes) -> None:
        """What a recorder does with a note."""
        assert self.tape is not None
        self.tape.note(kind, values)

    def live(self, now: int, packets: list[bytes]) -> list[bytes]:
        """One turn of the client's loop; what it sends."""
        local, session, pulse = self.local(now), self.session, self.pulse
        self.now = local
        for packet in packets:
            session.receive(packet, local)
        if packets and self.logbook is not None:
            self.logbook.carried(received=len(packets))
        ticks = pulse.retry(local) if packets else []
        if ticks:
            self._after(ticks, local, local)
        sent: list[bytes] = session.packets(local) if ticks else []
        if local >= pulse.deadline:
            deadline = pulse.deadline
            absent = pulse.absent_ticks(local)
            if absent and self.view is not None and self.logbook is not None:
                self.view.standstill(absent, local)
                self.logbook.view("fast_forward", absent, session.episode.frame, local)
                self.logbook.woke(local - self.ran_at, absent, session.episode.frame, local)
            ran = pulse.run(local, self._sample)
            sent += session.packets(local)
            if self.logbook is not None:
                self.logbook.carried(sent=len(sent))
            self._after(ran, deadline, local)
            self._turn(local)
            self.ran_at = local
        return sent

    def _sample(self) -> Input:
        episode = self.session.episode
        if self.life.quits_at == episode.frame:
            self.session.leave(self.now)
        assert self.view is not None
        return make_input(self, episode.timeline.head, is_away=self.is_away, is_live=self.view.is_live)

    def act(self, state: object) -> int:
        return self.bot.act(state)

    def begin(self, episode: int) -> None:
        """As a player: nothing to do."""

    def _after(self, ticks: list[Any], deadline: int, start: int) -> None:
        if not ticks or self.logbook is None:
            return
        assert self.view is not None
        assert self.tape is not None
        end = start + MILLISECOND // 2
        for tick in ticks:
            self.tape.add(tick.confirmed)
            self.view.confirmed(tick.confirmed)
            if tick.rollback_frames:
                self.depths.append((tick.frame, tick.rollback_frames))
        self.view.live(ticks[-1].shown_frame, ticks[-1].state, end)
        self.logbook.ticked(ticks, self.session.episode.timeline.own, deadline, start, end)
        self.logbook.probed(self.session.round_trips.last)
        self.logbook.paced(self.session.episode.pacing.stretch, ticks[-1].frame, end)
        if not self.is_away:
            shown = self.view.shown(end)
            self.shown.append(shown)
            self.logbook.flipped(shown, start + self.life.picture_ns)
        self._follow_focus(ticks[-1].frame, end)

    def _follow_focus(self, frame: int, now: int) -> None:
        assert self.view is not None
        assert self.logbook is not None
        is_away = any(each.seat is self.seat and each.first <= frame < each.until for each in self.life.absences)
        if is_away != self.is_away:
            self.is_away = is_away
            self.logbook.focus(focused=not is_away, frame=frame, now=now)
            missed = self.view.fast_forwarded_frames
            (self.view.park if is_away else self.view.resume)(now)
            missed = self.view.fast_forwarded_frames - missed
            self.logbook.view("park" if is_away else "fast_forward", missed, frame, now)

    def _turn(self, local: int) -> None:
        session, episode = self.session, self.session.episode
        if session.phase is Phase.PLAYING and self.tape is None and episode is not None:
            self.tape = Tape(episode.terms, self.seat, episode.header, self._header(local))
            self.view = View(self.life.tick_rate)
            self.view.live(0, episode.timeline.head, local)
            self.logbook = Logbook(self, self.game, session.setup.terms)  # type: ignore[arg-type]
        elif session.ending is not None and self.logbook is not None:
            assert self.tape is not None
            self.logbook.flipped(None, local)
            differing = episode.chain.unsettled_frame(session.ending.end.frame)
            if differing is not None:
                self.logbook.diverged(differing)
            self.tape.seal(session.ending, {"rollbacks": self.pulse.tally.rollbacks})
            self.logbook = None

    def _header(self, local: int) -> LocalHeader:
        terms = self.session.setup.terms
        return LocalHeader(
            run=self.session.run,
            study=terms.study,
            dyad=terms.dyad,
            session=terms.session,
            episode=0,
            seat=self.seat,
            participant=self.session.setup.player.participant,
            machine=(("host", f"lab-{self.seat.word}"),),
            wall_ns=1_700_000_000_000_000_000 + int.from_bytes(self.life.run[:2], "big"),
            monotonic_ns=local,
        )

    @property
    def is_done(self) -> bool:
        return self.tape is not None and self.tape.sealed is not None

    def wake_at(self, arrival: int | None) -> int:
        wake = self.virtual(self.pulse.deadline + _WAKES_LATE)
        return max(self.asleep_until, wake if arrival is None else min(wake, arrival))

    def falls_asleep(self, now: int) -> bool:
        """Whether the program is stopped just now."""
        episode = self.session.episode
        for freeze in self.life.freezes:
            is_playing = self.tape is not None and episode is not None
            if freeze.seat is self.seat and freeze not in self.frozen and is_playing and episode.frame >= freeze.frame:
                self.frozen.add(freeze)
                self.asleep_until = now + freeze.length_ns
                return True
        return False


class _Wire:
    """Packets on their way to each seat."""

    def __init__(self, life: Life) -> None:
        self._life, self._random = life, Random(life.seed)
        self._waiting: tuple[list[tuple[int, int, bytes]], ...] = ([], [])
        self._count = 0
        self.is_cut = False

    def send(self, sender: Seat, packets: list[bytes], now: int) -> None:
        for packet in packets:
            due = now + self._life.lag_ns + self._random.randint(0, self._life.jitter_ns)
            self._count += 1
            if self._random.random() >= self._life.loss and not self.is_cut:
                heapq.heappush(self._waiting[sender.other], (due, self._count, packet))

    def next_arrival(self, seat: Seat) -> int | None:
        return self._waiting[seat][0][0] if self._waiting[seat] else None

    def arrived(self, seat: Seat, now: int) -> list[bytes]:
        waiting, packets = self._waiting[seat], []
        while waiting and waiting[0][0] <= now:
            packets.append(heapq.heappop(waiting)[2])
        return packets


def live(life: Life, games: Sequence[Game[Any]] = ()) -> tuple[Lived, Lived]:
    """Let both seats play one episode to its end. `games` are the game of each seat, if one of them is to be wrong."""
    game = registry.find("foraging")
    seats = tuple(_born(seat, life, (*games, game, game)[seat]) for seat in Seat)
    wire, now = _Wire(life), 0
    while not all(seat.is_done for seat in seats):
        wakes = [lived.wake_at(wire.next_arrival(lived.seat)) for lived in seats]
        lived = seats[wakes.index(min(wakes))]
        now = max(now, min(wakes))
        if lived.falls_asleep(now):
            continue
        wire.send(lived.seat, lived.live(now, wire.arrived(lived.seat, now)), now)
        episode = lived.session.episode
        wire.is_cut = wire.is_cut or (life.cut_at is not None and episode is not None and episode.frame >= life.cut_at)
    return seats[0], seats[1]


def _born(seat: Seat, life: Life, game: Game[Any]) -> Lived:
    config = game.configure(tick_rate=life.tick_rate, frames=life.frames)
    terms = Terms(
        study="pilot",
        dyad="12",
        session="1",
        game=game.id,
        game_version=game.version,
        source_hash=source_hash(game.id),
        config=tuple(sorted(config.items())),
        actions=game.actions,
        event_kinds=game.event_kinds,
        columns=tuple((column.name, column.type, column.unit, column.meaning) for column in game.columns),
        tick_rate=life.tick_rate,
        delay_frames=life.delay_frames,
        window_frames=life.window_frames,
        guess_frames=8,
        away_limit_frames=0,
    )
    setup = Setup(
        seat=seat,
        terms=terms,
        player=Player(f"P{seat + 1}", "bot"),
        episodes=1,
        game=game,
        build_header=encode_header,
        encode_row=encode_row,
        instance=bytes([seat + 1]) * 8,
        proposed_run=life.run,
        proposed_seed=life.seed,
    )
    start = _BOOTED + (life.offset_ns if seat else 0)
    session = Session(setup, start)
    return Lived(seat, life, game, session, Pulse(session, start), registry.bot("foraging", seat, life.seed))


def files(lived: Lived) -> Iterator[tuple[str, bytes]]:
    """The files of one seat by name: canonical, local, claim."""
    assert lived.tape is not None
    sealed = lived.tape.sealed
    assert sealed is not None
    yield sealed.canonical_name, b"".join(lived.tape.canonical)
    yield sealed.local_name, b"".join(lived.tape.local)
    yield sealed.claim_name, sealed.claim


def write(lived: Lived, root: Path) -> Path:
    """Write one seat's files into a share or into a station's `episodes/`; the episode's folder."""
    assert lived.tape is not None
    folder = root / episode_folder(lived.tape.terms)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files(lived):
        (folder / name).write_bytes(data)
    return folder
