"""The codec: what is said is what is heard, and whatever else comes raises a ProtocolError and nothing else."""

from random import Random
from typing import Any
from zlib import crc32

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games import registry
from netcode.agreement import terms_fields
from netcode.chain import CHAIN_BYTES, ROW_HASH_BYTES
from netcode.inputs import INPUT_BYTES, ProtocolError, decode_inputs
from netcode.limits import MAX_DELAY_FRAMES, MAX_PACKET_BYTES, MAX_UNACKNOWLEDGED, MAX_WINDOW_FRAMES
from netcode.packets import (
    INSTANCE_BYTES,
    NO_EPISODE,
    RUN_BYTES,
    Beat,
    Body,
    Divergence,
    Envelope,
    Goodbye,
    Hello,
    Packet,
    Play,
    Ready,
    Refusal,
    Verdict,
    decode,
    encode,
)
from netcode.vocabulary import Input, Terms
from tests.simulator.plan import Plan
from tests.simulator.world import terms_of
from tests.support.two_seats import toy_terms

times = st.integers(0, (1 << 63) - 1)
counts = st.integers(0, 1 << 31)
chains = st.binary(min_size=CHAIN_BYTES, max_size=CHAIN_BYTES)
verdicts = st.none() | st.builds(Verdict, st.integers(0, 1 << 16), st.booleans(), counts, chains)
envelopes = st.builds(
    Envelope,
    st.binary(min_size=RUN_BYTES, max_size=RUN_BYTES),
    st.integers(0, 1 << 16),
    times,
    times,
    times,
    verdicts,
    st.integers(NO_EPISODE, 1 << 16),
)
plays = st.builds(
    Play,
    counts,
    counts,
    st.binary(max_size=30 * INPUT_BYTES).map(lambda data: data[: len(data) // 3 * 3]),
    counts,
    counts,
    counts,
    chains,
    st.integers(-(1 << 63) + 1, (1 << 63) - 1),
)
hellos = st.builds(
    Hello,
    st.integers(0, 1),
    st.binary(min_size=INSTANCE_BYTES, max_size=INSTANCE_BYTES),
    st.booleans(),
    st.binary(min_size=RUN_BYTES, max_size=RUN_BYTES),
    times,
    st.integers(0, 1 << 16),
    st.integers(0, 1 << 16),
    st.text(max_size=20),
    st.text(max_size=20),
    st.dictionaries(st.text(max_size=10), st.integers(0, 99) | st.text(max_size=9), max_size=5),
)
bodies = (
    hellos
    | st.builds(Ready, chains, times)
    | plays
    | st.just(Beat())
    | st.builds(Divergence, counts, st.just(b"12345678" * 3), counts)
    | st.builds(Refusal, st.lists(st.text(max_size=30), max_size=4).map(tuple))
    | st.just(Goodbye())
)

ENVELOPE = Envelope(b"runrunru", 2, 1, 2, 3, Verdict(1, True, 40, b"c" * CHAIN_BYTES), 1)
PLAY = Play(5, 3, b"\1\0\0" * 4, 4, 3, 0, b"v" * CHAIN_BYTES, -7)


def hello(terms: Terms) -> Hello:
    return Hello(0, b"i" * 8, True, b"r" * 8, 1, 0, 1, "P1", "human", terms_fields(terms))


def hello_with(**changes: Any) -> Hello:  # noqa: ANN401  # any of its fields
    return hello(toy_terms())._replace(**changes)


SAMPLES: tuple[Body, ...] = (
    hello(toy_terms()),
    Ready(b"h" * 16, 5),
    PLAY,
    Beat(),
    Divergence(30, b"12345678" * 4, 50),
    Refusal(("seat: ours left, theirs left",)),
    Goodbye(),
)


def sealed(content: bytes) -> bytes:
    """`content` with the checksum that makes it a packet."""
    return content + crc32(content).to_bytes(4, "big")


def fields(body: Body) -> list[Any]:
    """The msgpack array of a packet, to be tampered with."""
    return list(msgpack.unpackb(encode(ENVELOPE, body)[:-4], use_list=False))


@settings(max_examples=120, derandomize=True, deadline=None)
@given(st.builds(Packet, envelopes, bodies))
def test_what_is_said_is_what_is_heard(packet: Packet) -> None:
    assert decode(encode(*packet)) == packet


def test_a_flipped_bit_anywhere_is_noticed() -> None:
    data = encode(ENVELOPE, PLAY)
    for at in range(len(data)):
        for bit in range(8):
            with pytest.raises(ProtocolError):
                decode(data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :])


def test_a_packet_cut_anywhere_is_noticed() -> None:
    data = encode(ENVELOPE, hello(toy_terms()))
    for length in range(len(data)):
        with pytest.raises(ProtocolError):
            decode(data[:length])


def test_twenty_thousand_hostile_packets_raise_only_protocol_errors() -> None:
    rng = Random(20)
    kinds = [encode(ENVELOPE, body)[:-4] for body in SAMPLES]
    refused = 0
    for _ in range(20_000):
        data = bytearray(rng.choice(kinds))
        for _ in range(rng.randrange(1, 4)):
            _damage(data, rng)
        content = bytes(data)
        try:
            decode(sealed(content) if rng.random() < 0.9 else content)
        except ProtocolError:
            refused += 1
    assert refused > 15_000, "most damage is not a packet any more; the rest is another packet"


def _damage(data: bytearray, rng: Random) -> None:
    at = rng.randrange(len(data)) if data else 0
    match rng.randrange(4):
        case 0 if data:
            data[at] = rng.randrange(256)
        case 1:
            del data[at:]
        case 2:
            data[at:at] = rng.randbytes(rng.randrange(1, 9))
        case _:
            data[at : at + rng.randrange(1, 9)] = rng.choice(
                (b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xc7\x0c\xff", b"\xc1")
            )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xc0",
        msgpack.packb({"a": 1}),
        msgpack.packb([]),
        msgpack.packb([3] * 8),
        msgpack.packb([b"\xff"] * 9),
        b"\x91" * 2000,
        msgpack.packb([msgpack.Timestamp(1)] * 9),
        b"\xdc\xff\xff",
    ],
    ids=["empty", "nil", "map", "no field", "few fields", "bytes", "deep", "extension", "short array"],
)
def test_what_is_no_packet_at_all_is_refused(content: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(sealed(content))


def test_every_field_of_every_kind_refuses_what_does_not_fit() -> None:
    wrong = (None, -2, 1 << 63, True, "x" * 2000, b"x" * 9000, ("x",) * 70, 1.5, {1: 2}, {"x" * 65: 1})
    for body in SAMPLES:
        whole = fields(body)
        for at in range(len(whole)):
            refused = 0
            for value in wrong:
                content = msgpack.packb([*whole[:at], value, *whole[at + 1 :]], use_bin_type=True)
                try:
                    decode(sealed(content))
                except ProtocolError:
                    refused += 1
            assert refused >= 4, f"field {at} of {type(body).__name__} takes nearly anything"
        for count in (len(whole) - 1, len(whole) + 1):
            content = msgpack.packb((*whole, 0)[:count], use_bin_type=True)
            with pytest.raises(ProtocolError, match="expected"):
                decode(sealed(content))


@pytest.mark.parametrize(
    ("body", "at", "name", "least", "most"),
    [
        (Beat(), 3, "episode", 0, 1 << 16),
        (Beat(), 4, "echoed send time", 0, (1 << 63) - 1),
        (Beat(), 5, "echoed receive time", 0, (1 << 63) - 1),
        (Beat(), 6, "send time", 0, (1 << 63) - 1),
        (Beat(), 8, "seen", -1, 1 << 16),
        (PLAY, 9, "frame", 0, 1 << 31),
        (PLAY, 10, "first input", 0, 1 << 31),
        (PLAY, 12, "received", 0, 1 << 31),
        (PLAY, 13, "verified", 0, 1 << 31),
        (PLAY, 14, "checkpoint rows", 0, 1 << 31),
        (PLAY, 16, "advantage", -(1 << 63) + 1, (1 << 63) - 1),
    ],
)
def test_a_number_is_taken_up_to_its_bounds_and_named_beyond_them(
    body: Body, at: int, name: str, least: int, most: int
) -> None:
    whole = fields(body)
    for value in (least, most):
        assert decode(sealed(msgpack.packb([*whole[:at], value, *whole[at + 1 :]], use_bin_type=True)))
    for wrong in (least - 1, most + 1, True, 1.0, None, "1", b"1", [1]):
        with pytest.raises(ProtocolError, match=f"^{name}: expected an integer from {least} to {most}, got "):
            decode(sealed(msgpack.packb([*whole[:at], wrong, *whole[at + 1 :]], use_bin_type=True)))


@pytest.mark.parametrize(
    ("body", "at", "name", "least", "most"),
    [
        (Beat(), 2, "run", RUN_BYTES, RUN_BYTES),
        (PLAY, 11, "inputs", 0, MAX_UNACKNOWLEDGED * INPUT_BYTES),
        (PLAY, 15, "checkpoint", CHAIN_BYTES, CHAIN_BYTES),
    ],
)
def test_bytes_are_taken_up_to_their_bounds_and_named_beyond_them(
    body: Body, at: int, name: str, least: int, most: int
) -> None:
    whole = fields(body)
    for length in (least, most):
        assert decode(sealed(msgpack.packb([*whole[:at], bytes(length), *whole[at + 1 :]], use_bin_type=True)))
    for wrong in (bytes(most + 1), bytes(max(least - 1, 0)) if least else None, "x" * least, 5, None, [b"x"] * least):
        with pytest.raises(ProtocolError, match=f"^{name}: expected bytes, as many as from {least} to {most}, got "):
            decode(sealed(msgpack.packb([*whole[:at], wrong, *whole[at + 1 :]], use_bin_type=True)))


@pytest.mark.parametrize(
    ("largest", "larger"),
    [
        (hello_with(terms={f"{at:02}": 0 for at in range(64)}), hello_with(terms={f"{at:02}": 0 for at in range(65)})),
        (hello_with(terms={"x" * 64: 0}), hello_with(terms={"x" * 65: 0})),
        (hello_with(participant="x" * 1024), hello_with(participant="x" * 1025)),
        (Refusal(("x",) * 64), Refusal(("x",) * 65)),
        (Divergence(0, bytes(8 * 1024), 0), Divergence(0, bytes(8 * 1025), 0)),
    ],
    ids=["names", "a name", "a text", "lines", "row hashes"],
)
def test_a_size_is_taken_up_to_its_bound(largest: Body, larger: Body) -> None:
    assert decode(encode(ENVELOPE, largest)).body == largest
    with pytest.raises(ProtocolError, match="expected"):
        decode(encode(ENVELOPE, larger))


def test_a_packet_of_another_protocol_is_named() -> None:
    whole = fields(Beat())
    whole[1] = 99
    with pytest.raises(ProtocolError, match="expected protocol 1, got 99"):
        decode(sealed(msgpack.packb(whole)))


def test_an_oversized_packet_is_not_even_looked_at() -> None:
    with pytest.raises(ProtocolError, match=f"at most {MAX_PACKET_BYTES} bytes"):
        decode(b"\0" * (MAX_PACKET_BYTES + 1))


def test_the_largest_packets_of_the_protocol_fit() -> None:
    inputs = bytes(MAX_UNACKNOWLEDGED * INPUT_BYTES)
    rows = 2 * (MAX_WINDOW_FRAMES + MAX_DELAY_FRAMES + 1) + 60
    large = [PLAY._replace(inputs=inputs), Divergence(0, bytes(rows * ROW_HASH_BYTES), rows)]
    large += [hello(terms_of(Plan(0, game=game), registry.find(game))) for game in registry.names()]
    for body in large:
        data = encode(ENVELOPE, body)
        assert len(data) <= MAX_PACKET_BYTES // 1.5
        assert decode(data).body == body


@pytest.mark.parametrize("data", [b"\1\0", b"\6\0\0", b"\0\4\0", b"\0\0\2", b"\0\0\0\377\0\0"])
def test_an_input_that_does_not_exist_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="expected"):
        decode_inputs(data, 6)


def test_inputs_come_in_order_with_their_flags_and_command() -> None:
    assert decode_inputs(b"\5\0\0\0\3\1", 6) == [Input(5), Input(0, 3, 1)]
