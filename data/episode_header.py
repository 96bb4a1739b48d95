"""The HEADER of an episode file: what two seats agreed to play, as a map in a fixed order. No rows, no file, no clock.

Nothing in it says who wrote it, when, or on what machine: both seats build it from the terms, and it must be equal.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal, cast

from data.framing import FormatError
from data.packing import is_int, kind_of, pack, unpack_map
from netcode.vocabulary import EpisodeTerms, Player, Terms

FORMAT_VERSION: Final = 1
KIND: Final = "canonical"

ROW_COLUMNS: Final = (
    ("frame", "int", "frame"),
    ("left_input", "int", "action + (flags << 16) + (command << 20)"),
    ("right_input", "int", "action + (flags << 16) + (command << 20)"),
    ("left_reward", "int", "game points"),
    ("right_reward", "int", "game points"),
    ("done", "bool", ""),
    ("events", "array", "[index into event_kinds, seat, value] each"),
    ("facts", "array", "one value per entry of columns"),
    ("digest", "bytes", "8 bytes of the state after the frame"),
)
"""What a row is made of, in order: name, type, unit. A later version may add columns at the end."""

MAX_ACTIONS: Final = 1 << 16
"""An input is one integer, whose lowest 16 bits are the action."""

_RUN: Final = re.compile(r"[0-9a-f]{16}")
_SEED_LIMIT: Final = 1 << 63
_COLUMN_TYPES: Final = ("int", "bool")


def encode_header(terms: EpisodeTerms) -> bytes:
    """The HEADER payload of an episode: equal terms give equal bytes.

    Raises:
        FormatError: terms that no reader would take back, such as a run id of another shape.
    """
    session = terms.terms
    payload = pack(
        {
            "format": FORMAT_VERSION,
            "kind": KIND,
            "protocol": session.protocol,
            "study": session.study,
            "dyad": session.dyad,
            "session": session.session,
            "run": terms.run,
            "episode": terms.episode,
            "seed": terms.seed,
            "players": [[player.participant, player.kind] for player in terms.players],
            "game": session.game,
            "game_version": session.game_version,
            "source_hash": session.source_hash,
            "config": dict(sorted(session.config)),
            "tick_rate": session.tick_rate,
            "delay_frames": session.delay_frames,
            "window_frames": session.window_frames,
            "guess_frames": session.guess_frames,
            "away_limit_frames": session.away_limit_frames,
            "actions": session.actions,
            "event_kinds": session.event_kinds,
            "columns": session.columns,
            "row": ROW_COLUMNS,
        }
    )
    decode_header(payload)
    return payload


def decode_header(payload: bytes) -> EpisodeTerms:
    """What a HEADER payload says. Names after the known ones are of a later writer, and are passed over.

    Raises:
        FormatError: a name missing, out of order, of another type or out of its range.
    """
    fields = _Fields(payload)
    fields.exactly("format", FORMAT_VERSION)
    fields.exactly("kind", KIND)
    protocol = fields.integer("protocol", least=1)
    study, dyad, session = fields.text("study"), fields.text("dyad"), fields.text("session")
    run, episode, seed = fields.run(), fields.integer("episode"), fields.integer("seed", below=_SEED_LIMIT)
    players = fields.players()
    terms = Terms(
        study=study,
        dyad=dyad,
        session=session,
        protocol=protocol,
        game=fields.text("game"),
        game_version=fields.text("game_version"),
        source_hash=fields.text("source_hash"),
        config=fields.config(),
        tick_rate=fields.integer("tick_rate", least=1),
        delay_frames=fields.integer("delay_frames"),
        window_frames=fields.integer("window_frames"),
        guess_frames=fields.integer("guess_frames"),
        away_limit_frames=fields.integer("away_limit_frames"),
        actions=fields.texts("actions"),
        event_kinds=fields.texts("event_kinds"),
        columns=fields.columns(),
    )
    fields.row_columns()
    return EpisodeTerms(terms=terms, players=players, run=run, episode=episode, seed=seed)


class _Fields:
    """The names of a header, taken one after the other in their fixed order."""

    def __init__(self, payload: bytes) -> None:
        self._pairs: Iterator[tuple[str, object]] = iter(unpack_map(payload, "header").items())

    def _take(self, name: str) -> object:
        came = next(self._pairs, None)
        if came is None or came[0] != name:
            raise FormatError("header", f"the name {name!r}", "its end" if came is None else repr(came[0]))
        return came[1]

    def exactly(self, name: str, expected: object) -> None:
        came = self._take(name)
        if type(came) is not type(expected) or came != expected:
            raise FormatError(f"header {name}", repr(expected), kind_of(came))

    def text(self, name: str) -> str:
        return _text(name, self._take(name))

    def texts(self, name: str, most: int = MAX_ACTIONS) -> tuple[str, ...]:
        came = tuple(_text(name, item) for item in _array(name, self._take(name)))
        if len(came) > most:
            raise FormatError(f"header {name}", f"at most {most}", len(came))
        return came

    def integer(self, name: str, least: int = 0, below: int = 1 << 32) -> int:
        came = self._take(name)
        if not is_int(came) or not least <= came < below:
            raise FormatError(f"header {name}", f"an integer from {least} to below {below}", kind_of(came))
        return came

    def run(self) -> str:
        came = self.text("run")
        if not _RUN.fullmatch(came):
            raise FormatError("header run", "16 lower-case hex digits", kind_of(came))
        return came

    def players(self) -> tuple[Player, Player]:
        left, right = _array("players", self._take("players"), size=2)
        return _player(left), _player(right)

    def config(self) -> tuple[tuple[str, int], ...]:
        came = self._take("config")
        if not isinstance(came, dict) or not all(is_int(value) for value in came.values()):
            raise FormatError("header config", "a map of names to integers", kind_of(came))
        pairs = tuple(came.items())
        if pairs != tuple(sorted(pairs)):
            raise FormatError("header config", "names in order", kind_of(list(came)))
        return pairs

    def columns(self) -> tuple[tuple[str, str, str, str], ...]:
        return tuple(_column(item) for item in _array("columns", self._take("columns")))

    def row_columns(self) -> None:
        came = tuple(
            tuple(_text("row", part) for part in _array("row", item)) for item in _array("row", self._take("row"))
        )
        if came[: len(ROW_COLUMNS)] != ROW_COLUMNS:
            raise FormatError("header row", "the columns of a row, and perhaps added ones after them", kind_of(came))


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise FormatError(f"header {name}", "text", kind_of(value))
    return value


def _array(name: str, value: object, size: int | None = None) -> list[object]:
    if not isinstance(value, list) or size not in (None, len(value)):
        raise FormatError(f"header {name}", "an array" if size is None else f"an array of {size}", kind_of(value))
    return value


def _player(value: object) -> Player:
    participant, kind = (_text("players", part) for part in _array("players", value, size=2))
    if kind not in ("human", "bot"):
        raise FormatError("header players", "human or bot", kind_of(kind))
    return Player(participant, cast("Literal['human', 'bot']", kind))


def _column(value: object) -> tuple[str, str, str, str]:
    name, type_, unit, meaning = (_text("columns", part) for part in _array("columns", value, size=4))
    if type_ not in _COLUMN_TYPES:
        raise FormatError("header columns", " or ".join(_COLUMN_TYPES), kind_of(type_))
    return name, type_, unit, meaning
