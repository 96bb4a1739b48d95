"""What two peers say to each other, as values and as bytes. `docs/wire-format.md` is the same thing as tables.

Every packet is one msgpack array and its CRC-32: an envelope that is alike for all kinds, then the body of its kind.
Whatever does not fit exactly (a checksum, a kind, a type, a range, a length) raises `ProtocolError`; sizes are bounded
before anything is allocated. The checksum is there because a flipped bit in an input is still an input: without it a
transport that does not authenticate would make the seats diverge.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, Final, NamedTuple, TypeAlias
from zlib import crc32

import msgpack

from netcode.chain import CHAIN_BYTES, ROW_HASH_BYTES
from netcode.inputs import INPUT_BYTES, ProtocolError
from netcode.limits import MAX_EPISODE_FRAMES, MAX_PACKET_BYTES, MAX_UNACKNOWLEDGED
from netcode.tuples import make
from netcode.vocabulary import PROTOCOL_VERSION

RUN_BYTES: Final = 8
NO_RUN: Final = bytes(RUN_BYTES)
INSTANCE_BYTES: Final = 8
NO_EPISODE: Final = -1
_MAX_EPISODES: Final = 1 << 16
_MAX_TIME: Final = (1 << 63) - 1
_MAX_INPUT_BYTES: Final = MAX_UNACKNOWLEDGED * INPUT_BYTES
_MAX_TEXT: Final = 1024
_MAX_ROWS_NAMED: Final = 1024
_MAX_FIELDS: Final = 64
_MAX_NAME: Final = 64
_MAX_PROTOCOL: Final = 1 << 16
_CHECKSUM_BYTES: Final = 4


class OtherProtocolError(ProtocolError):
    """A whole packet of another version of the protocol: whoever sent it and we cannot even read our greetings."""

    def __init__(self, theirs: int) -> None:
        super().__init__(f"expected protocol {PROTOCOL_VERSION}, got {theirs}")
        self.theirs = theirs


class Kind(IntEnum):
    """What a packet is; its first element."""

    HELLO = 1
    READY = 2
    PLAY = 3
    BEAT = 4
    DIVERGENCE = 5
    REFUSAL = 6
    GOODBYE = 7


class Verdict(NamedTuple):
    """A seat's last word on an episode: FIN with the hash over header and rows, or SEAL with the rows it kept."""

    episode: int
    is_seal: bool
    rows: int
    digest: bytes


class Envelope(NamedTuple):
    """What stands on every packet.

    The times are three of the four of a round trip, in ns of the clock of whoever took them; the receiver has the
    fourth. `seen` is the last episode for which the sender holds the receiver's verdict.
    """

    run: bytes
    episode: int
    echoed_sent: int
    echoed_received: int
    sent: int
    verdict: Verdict | None
    seen: int


class Hello(NamedTuple):
    """Who I am, what I bring, and what I propose.

    `established` says that run and seed belong to a session in progress. `instance` is new for every started program.
    """

    seat: int
    instance: bytes
    established: bool
    proposed_run: bytes
    proposed_seed: int
    next_episode: int
    episodes: int
    participant: str
    player_kind: str
    terms: dict[str, Any]


class Ready(NamedTuple):
    """I have built the header of this episode, and this is its hash. `countdown` is how long (ns) mine already runs."""

    header_hash: bytes
    countdown: int


class Play(NamedTuple):
    """All that repairs any loss: my inputs that you have not acknowledged, from frame `first` on, and where I stand.

    `frame` is my present, `received` are your inputs that I have (the cumulative acknowledgement), `verified` my
    confirmed rows, `checkpoint` my chain after `checkpoint_rows`, `advantage` how far (1/1000 frame) I think I am ahead
    of you.
    """

    frame: int
    first: int
    inputs: bytes
    received: int
    verified: int
    checkpoint_rows: int
    checkpoint: bytes
    advantage: int


class Beat(NamedTuple):
    """Nothing but the envelope: between episodes it keeps the line warm and repeats the verdict."""


class Divergence(NamedTuple):
    """The hashes of my rows from frame `first` on, because our chains differ; and how many rows I have."""

    first: int
    row_hashes: bytes
    rows: int


class Refusal(NamedTuple):
    """We cannot play together: each line names `field: ours, theirs`, as the sender sees it."""

    lines: tuple[str, ...]


class Goodbye(NamedTuple):
    """I leave before the first frame or between two episodes."""


Body: TypeAlias = Hello | Ready | Play | Beat | Divergence | Refusal | Goodbye


class Packet(NamedTuple):
    """One packet: where it belongs, and what it says."""

    envelope: Envelope
    body: Body


_KIND_OF: Final[dict[type[Any], Kind]] = {
    Hello: Kind.HELLO,
    Ready: Kind.READY,
    Play: Kind.PLAY,
    Beat: Kind.BEAT,
    Divergence: Kind.DIVERGENCE,
    Refusal: Kind.REFUSAL,
    Goodbye: Kind.GOODBYE,
}
_pack: Final = msgpack.Packer(use_bin_type=True, autoreset=True).pack


def encode(envelope: Envelope, body: Body) -> bytes:
    """The bytes of a packet."""
    data: bytes = _pack((_KIND_OF[type(body)], PROTOCOL_VERSION) + envelope + body)  # noqa: RUF005  # unpacked: slower
    return data + crc32(data).to_bytes(_CHECKSUM_BYTES, "big")


def decode(data: bytes) -> Packet:
    """The packet in `data`.

    Raises:
        ProtocolError: anything that this version of the protocol does not send; the text names what was expected.
    """
    fields = _unpack(data)
    if len(fields) < _ENVELOPE_FIELDS:
        raise ProtocolError(f"expected at least {_ENVELOPE_FIELDS} fields, got {len(fields)}")
    kind, protocol = fields[0], fields[1]
    if type(protocol) is not int or protocol != PROTOCOL_VERSION:
        raise OtherProtocolError(_integer("protocol", protocol, _MAX_PROTOCOL))
    parse = _PARSERS.get(kind) if type(kind) is int else None
    if parse is None:
        raise ProtocolError(f"expected a packet kind from 1 to {len(_PARSERS)}, got {kind!r:.40}")
    return make(Packet, (_envelope(fields[2:_ENVELOPE_FIELDS]), parse(fields[_ENVELOPE_FIELDS:])))


_ENVELOPE_FIELDS: Final = 2 + len(Envelope._fields)


def _unpack(data: bytes) -> Sequence[Any]:
    if len(data) > MAX_PACKET_BYTES:
        raise ProtocolError(f"expected at most {MAX_PACKET_BYTES} bytes, got {len(data)}")
    content, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    if crc32(content).to_bytes(_CHECKSUM_BYTES, "big") != checksum:
        raise ProtocolError(f"expected a packet with its checksum, got {len(data)} other bytes")
    try:
        fields = msgpack.unpackb(content, use_list=False, strict_map_key=True)
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise ProtocolError(f"expected one msgpack array, got {len(data)} other bytes ({error})") from error
    if type(fields) is not tuple:
        raise ProtocolError(f"expected an array, got {type(fields).__name__}")
    return fields


class _Bounds(NamedTuple):
    """What a field may be: of an integer its value, of bytes their length, lies between `least` and `most`."""

    name: str
    kind: type
    least: int
    most: int


def _wrong(fields: Sequence[Any], bounds: Sequence[_Bounds]) -> ProtocolError:
    """The error that names the first field out of its bounds. Every tick brings an envelope and a PLAY: they are
    checked whole, and taken apart only when something is wrong.
    """
    for value, (name, kind, least, most) in zip(fields, bounds, strict=True):
        size = len(value) if type(value) is bytes else value
        if type(value) is not kind or not least <= size <= most:
            words = "an integer" if kind is int else "bytes, as many as"
            return ProtocolError(f"{name}: expected {words} from {least} to {most}, got {value!r:.40}")
    raise AssertionError("what was refused is out of some bounds")


def _envelope(fields: Sequence[Any]) -> Envelope:
    run, episode, echoed_sent, echoed_received, sent, verdict, seen = fields
    if verdict is not None:
        verdict = _verdict(verdict)
    if not (
        type(run) is bytes
        and type(episode) is type(echoed_sent) is type(echoed_received) is type(sent) is type(seen) is int
        and len(run) == RUN_BYTES
        and 0 <= episode <= _MAX_EPISODES
        and 0 <= echoed_sent <= _MAX_TIME
        and 0 <= echoed_received <= _MAX_TIME
        and 0 <= sent <= _MAX_TIME
        and NO_EPISODE <= seen <= _MAX_EPISODES
    ):
        raise _wrong((run, episode, echoed_sent, echoed_received, sent, seen), _ENVELOPE_BOUNDS)
    return make(Envelope, (run, episode, echoed_sent, echoed_received, sent, verdict, seen))


_ENVELOPE_BOUNDS: Final = (
    _Bounds("run", bytes, RUN_BYTES, RUN_BYTES),
    _Bounds("episode", int, 0, _MAX_EPISODES),
    _Bounds("echoed send time", int, 0, _MAX_TIME),
    _Bounds("echoed receive time", int, 0, _MAX_TIME),
    _Bounds("send time", int, 0, _MAX_TIME),
    _Bounds("seen", int, NO_EPISODE, _MAX_EPISODES),
)


def _verdict(value: object) -> Verdict:
    if type(value) is not tuple or len(value) != len(Verdict._fields):
        raise ProtocolError(f"verdict: expected {len(Verdict._fields)} fields, got {value!r:.40}")
    episode, is_seal, rows, digest = value
    return Verdict(
        _integer("verdict's episode", episode, _MAX_EPISODES),
        _flag("verdict's seal", is_seal),
        _integer("verdict's rows", rows, MAX_EPISODE_FRAMES),
        _bytes("verdict's digest", digest, CHAIN_BYTES),
    )


def _hello(fields: Sequence[Any]) -> Hello:
    _expect(fields, len(Hello._fields))
    seat, instance, established, run, seed, next_episode, episodes, participant, kind, terms = fields
    if (
        type(terms) is not dict
        or len(terms) > _MAX_FIELDS
        or not all(type(name) is str and len(name) <= _MAX_NAME for name in terms)
    ):
        raise ProtocolError(f"terms: expected a map of at most {_MAX_FIELDS} names, got {type(terms).__name__}")
    return Hello(
        _integer("seat", seat, 1),
        _bytes("instance", instance, INSTANCE_BYTES),
        _flag("established", established),
        _bytes("proposed run", run, RUN_BYTES),
        _integer("proposed seed", seed, _MAX_TIME),
        _integer("next episode", next_episode, _MAX_EPISODES),
        _integer("episodes", episodes, _MAX_EPISODES),
        _text("participant", participant),
        _text("kind of player", kind),
        terms,
    )


def _ready(fields: Sequence[Any]) -> Ready:
    _expect(fields, len(Ready._fields))
    return Ready(_bytes("header hash", fields[0], CHAIN_BYTES), _integer("countdown", fields[1], _MAX_TIME))


def _play(fields: Sequence[Any]) -> Play:
    _expect(fields, len(_PLAY_BOUNDS))
    frame, first, inputs, received, verified, rows, value, advantage = fields
    if not (
        type(frame) is type(first) is type(received) is type(verified) is type(rows) is type(advantage) is int
        and type(inputs) is type(value) is bytes
        and 0 <= frame <= MAX_EPISODE_FRAMES
        and 0 <= first <= MAX_EPISODE_FRAMES
        and 0 <= received <= MAX_EPISODE_FRAMES
        and 0 <= verified <= MAX_EPISODE_FRAMES
        and 0 <= rows <= MAX_EPISODE_FRAMES
        and len(inputs) <= _MAX_INPUT_BYTES
        and len(value) == CHAIN_BYTES
        and -_MAX_TIME <= advantage <= _MAX_TIME
    ):
        raise _wrong(fields, _PLAY_BOUNDS)
    return make(Play, fields)


_PLAY_BOUNDS: Final = (
    _Bounds("frame", int, 0, MAX_EPISODE_FRAMES),
    _Bounds("first input", int, 0, MAX_EPISODE_FRAMES),
    _Bounds("inputs", bytes, 0, _MAX_INPUT_BYTES),
    _Bounds("received", int, 0, MAX_EPISODE_FRAMES),
    _Bounds("verified", int, 0, MAX_EPISODE_FRAMES),
    _Bounds("checkpoint rows", int, 0, MAX_EPISODE_FRAMES),
    _Bounds("checkpoint", bytes, CHAIN_BYTES, CHAIN_BYTES),
    _Bounds("advantage", int, -_MAX_TIME, _MAX_TIME),
)


def _beat(fields: Sequence[Any]) -> Beat:
    _expect(fields, 0)
    return Beat()


def _divergence(fields: Sequence[Any]) -> Divergence:
    _expect(fields, len(Divergence._fields))
    first, hashes, rows = fields
    if type(hashes) is not bytes or len(hashes) % ROW_HASH_BYTES or len(hashes) > _MAX_ROWS_NAMED * ROW_HASH_BYTES:
        raise ProtocolError(f"row hashes: expected up to {_MAX_ROWS_NAMED} times {ROW_HASH_BYTES} bytes")
    return Divergence(
        _integer("first frame", first, MAX_EPISODE_FRAMES), hashes, _integer("rows", rows, MAX_EPISODE_FRAMES)
    )


def _refusal(fields: Sequence[Any]) -> Refusal:
    _expect(fields, len(Refusal._fields))
    lines = fields[0]
    if type(lines) is not tuple or len(lines) > _MAX_FIELDS:
        raise ProtocolError(f"refusal: expected at most {_MAX_FIELDS} lines")
    return Refusal(tuple(_text("refusal", line) for line in lines))


def _goodbye(fields: Sequence[Any]) -> Goodbye:
    _expect(fields, 0)
    return Goodbye()


_PARSERS: Final[dict[int, Callable[[Sequence[Any]], Body]]] = {
    Kind.HELLO: _hello,
    Kind.READY: _ready,
    Kind.PLAY: _play,
    Kind.BEAT: _beat,
    Kind.DIVERGENCE: _divergence,
    Kind.REFUSAL: _refusal,
    Kind.GOODBYE: _goodbye,
}


def _expect(fields: Sequence[Any], count: int) -> None:
    if len(fields) != count:
        raise ProtocolError(f"expected {count} fields behind the envelope, got {len(fields)}")


def _integer(name: str, value: object, most: int, *, least: int = 0) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ProtocolError(f"{name}: expected an integer from {least} to {most}, got {value!r:.40}")
    return value


def _bytes(name: str, value: object, length: int) -> bytes:
    if type(value) is not bytes or len(value) != length:
        raise ProtocolError(f"{name}: expected {length} bytes, got {value!r:.40}")
    return value


def _flag(name: str, value: object) -> bool:
    if type(value) is not bool:
        raise ProtocolError(f"{name}: expected true or false, got {value!r:.40}")
    return value


def _text(name: str, value: object) -> str:
    if type(value) is not str or len(value) > _MAX_TEXT:
        raise ProtocolError(f"{name}: expected a text of at most {_MAX_TEXT} characters, got {value!r:.40}")
    return value
