"""Two real sessions at one table, ticked by hand: a test says what passes between them, and when."""

from collections.abc import Callable
from typing import Any

from games.contract import Game, Seat
from netcode.episode import Episode, Tick
from netcode.limits import SECOND, Times
from netcode.packets import Packet, decode
from netcode.session import Phase, Session, Setup
from netcode.vocabulary import ConfirmedFrame, EpisodeTerms, Input, Player, Terms
from tests.support.rows import encode_header, encode_row
from tests.support.toy_game import ToyGame

TIMES = Times(
    hello_every=SECOND // 10,
    countdown=SECOND // 10,
    result=SECOND // 10,
    lost=3 * SECOND,
    fin_wait=3 * SECOND,
    linger=SECOND,
    leave=SECOND,
    rejoin=5 * SECOND,
)
"""Short times, in the proportions of the real ones."""
_MOST_TICKS = 3000
STAY = Input(0)
Sampler = Callable[[int], Input]


def toy_terms(*, goal: int = 0, frames: int = 40, **changes: Any) -> Terms:  # noqa: ANN401  # any field of the terms
    """Terms for the toy game; every field can be given."""
    game = ToyGame()
    values: dict[str, Any] = {
        "study": "test",
        "dyad": "1",
        "session": "1",
        "game": game.id,
        "game_version": game.version,
        "source_hash": "-",
        "config": (("frames", frames), ("goal", goal)),
        "actions": game.actions,
        "event_kinds": game.event_kinds,
        "columns": tuple((name, kind, unit, meaning) for name, kind, unit, meaning in game.columns),
        "tick_rate": 30,
        "delay_frames": 1,
        "window_frames": 15,
        "guess_frames": 8,
        "away_limit_frames": 0,
    }
    return Terms(**{**values, **changes})


class Chair:
    """One seat: its session, what it samples, and what it has confirmed and recorded."""

    def __init__(self, seat: Seat, terms: Terms, episodes: int, times: Times, game: Game[Any], now: int) -> None:
        self.seat, self.terms, self.episodes, self.times, self.game = seat, terms, episodes, times, game
        self.sampler: Sampler = lambda _frame: STAY
        self.instances = 0
        self.participant = f"P{seat}"
        self.build_header: Callable[[EpisodeTerms], bytes] = encode_header
        self.is_running = True
        self.booted_at = 0
        """When its machine was started: its own clock counts from there."""
        self.start(now)

    def start(self, now: int) -> None:
        """Start the program, for the first time or again."""
        self.instances += 1
        name = b"%d%07d" % (self.seat, self.instances)
        setup = Setup(
            seat=self.seat,
            terms=self.terms,
            player=Player(self.participant, "human"),
            episodes=self.episodes,
            game=self.game,
            build_header=lambda terms: self.build_header(terms),
            encode_row=encode_row,
            instance=name,
            proposed_run=name[::-1],
            proposed_seed=1000 * self.instances + self.seat,
            times=self.times,
        )
        self.session: Session[Any] = Session(setup, now)
        self.is_running = True
        self.ticks: list[Tick] = []
        self.confirmed: dict[int, list[ConfirmedFrame]] = {}
        self.endings: dict[int, Any] = {}

    @property
    def episode(self) -> Episode[Any]:
        """The episode that is on."""
        assert self.session.episode is not None
        return self.session.episode

    def rows(self, index: int = 0) -> list[bytes]:
        """The encoded rows of an episode."""
        return [frame.row for frame in self.confirmed.get(index, [])]

    def tick(self, now: int) -> list[bytes]:
        """One turn of the loop; what is to be sent."""
        session = self.session
        sample = self.sampler(self.episode.frame) if session.wants_input else None
        tick = session.advance(sample, now)
        if tick is not None:
            self.ticks.append(tick)
            self.confirmed.setdefault(self.episode.terms.episode, []).extend(tick.confirmed)
        if session.episode is not None and session.ending is not None:
            self.endings[self.episode.terms.episode] = session.ending
        return session.packets(now)


class TwoSeats:
    """The table. `carries[0]` is whether left's packets reach right, `carries[1]` the other way."""

    def __init__(
        self,
        terms: Terms | None = None,
        *,
        right_terms: Terms | None = None,
        episodes: int = 1,
        times: Times = TIMES,
        right_game: Game[Any] | None = None,
        trip_ticks: int = 1,
    ) -> None:
        terms = terms or toy_terms()
        self.now = SECOND
        self.period = SECOND // terms.tick_rate
        self.carries = [True, True]
        self.trip_ticks = trip_ticks
        self.loses: Callable[[Seat, Packet], bool] = lambda _sender, _packet: False
        self.said: tuple[list[bytes], list[bytes]] = ([], [])
        self.left = Chair(Seat.LEFT, terms, episodes, times, ToyGame(), self.now)
        self.right = Chair(Seat.RIGHT, right_terms or terms, episodes, times, right_game or ToyGame(), self.now)
        self._flying: list[tuple[int, int, bytes]] = []
        self._turns = 0

    @property
    def chairs(self) -> tuple[Chair, Chair]:
        """Left and right."""
        return self.left, self.right

    def tick(self, count: int = 1, *, only: Seat | None = None) -> None:
        """Let both seats (or only one: the other stands still) run `count` turns of their loops."""
        for _ in range(count):
            self.now += self.period
            self._turns += 1
            for chair in self.chairs:
                if chair.is_running and only in (None, chair.seat):
                    self._turn(chair)

    def _turn(self, chair: Chair) -> None:
        mine = [item for item in self._flying if item[1] == chair.seat and item[0] <= self._turns]
        self._flying = [item for item in self._flying if item not in mine]
        now = self.now - chair.booted_at
        for _, _, data in mine:
            chair.session.receive(data, now)
        for data in chair.tick(now):
            self.said[chair.seat].append(data)
            if self.carries[chair.seat] and not self.loses(chair.seat, decode(data)):
                self._flying.append((self._turns + self.trip_ticks, chair.seat.other, data))

    def until(self, is_so: Callable[[], bool]) -> None:
        """Tick until `is_so`."""
        for _ in range(_MOST_TICKS):
            if is_so():
                return
            self.tick()
        raise AssertionError(f"never came: left {self.left.session.phase}, right {self.right.session.phase}")

    def until_playing(self, index: int = 0) -> None:
        """Tick until both play this episode."""
        self.until(
            lambda: all(
                chair.session.phase is Phase.PLAYING and chair.episode.terms.episode == index for chair in self.chairs
            )
        )

    def until_closed(self) -> None:
        """Tick until both sessions are closed."""
        self.until(lambda: all(chair.session.phase is Phase.CLOSED for chair in self.chairs if chair.is_running))

    def newest(self, seat: Seat, kind: type[Any]) -> Packet:
        """The last packet of a kind that a seat has said."""
        packets = (decode(data) for data in reversed(self.said[seat]))
        return next(packet for packet in packets if type(packet.body) is kind)
