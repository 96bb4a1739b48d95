"""What stations and collectors say to each other: bounded, checked, and never a crash."""

import re
from pathlib import Path

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.collector import messages
from data.collector.desk import Desk, Order
from data.collector.messages import (
    CHUNK_BYTES,
    Ask,
    Blocked,
    Chunk,
    Conflict,
    Have,
    Hello,
    Holds,
    MessageError,
    Offer,
    Receipt,
    Refused,
    Welcome,
    decode_reply,
    decode_request,
    encode,
)
from tests.support.collecting import STATION, episode_files, played, whole

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/collector-protocol.md"
DIGEST = bytes(range(32))
FOLDER = "pilot/dyad-001/ses-01_run-0000000000000001/ep-001"
NAME = f"dyad-001_ses-01_run-0000000000000001_ep-001_canonical_{DIGEST.hex()[:8]}.dyad"
PATH = f"{FOLDER}/{NAME}"

REQUESTS = [
    Hello("ab" * 8, 3, 12345),
    Offer(PATH, DIGEST, 7, fresh=True),
    Chunk(PATH, DIGEST, CHUNK_BYTES, 0, bytes(CHUNK_BYTES)),
    Ask(PATH),
]
REPLIES = [
    Welcome("cd" * 8, 10**12),
    Have(5, DIGEST),
    Receipt(PATH, DIGEST, 3),
    Conflict("other bytes"),
    Blocked("it is full"),
    Refused("damaged"),
    Holds(b""),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: type(each).__name__)
def test_a_request_comes_back_as_it_was_sent(request_: messages.Request) -> None:
    assert decode_request(encode(request_, 9)) == (request_, 9)


@pytest.mark.parametrize("reply", REPLIES, ids=lambda each: type(each).__name__)
def test_a_reply_comes_back_as_it_was_sent(reply: messages.Reply) -> None:
    assert decode_reply(encode(reply, 2**62)) == (reply, 2**62)


def test_words_for_people_are_cut_before_they_are_too_long_to_be_read() -> None:
    assert decode_reply(encode(Blocked("x" * 5000), 1)) == (Blocked("x" * messages.MAX_WORDS_CHARACTERS), 1)


@given(st.binary(max_size=300))
def test_whatever_comes_is_a_message_or_refused_in_words(data: bytes) -> None:
    for decode in (decode_request, decode_reply):
        with pytest.raises(MessageError):
            decode(data)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)


@given(st.lists(_VALUES, max_size=10), st.integers(0, 9))
def test_a_desk_answers_or_drops_every_message_with_a_good_sum(values: list[object], kind: int) -> None:
    body = msgpack.packb([kind, 1, 7, *values])
    desk = Desk()
    answer = desk.take(STATION, b"r", body + messages._CRC.pack(messages.zlib.crc32(body)))
    assert isinstance(answer, Order) or desk.tallies[STATION].rejected == 1


@given(st.data())
def test_a_flipped_bit_is_never_taken(data: st.DataObject) -> None:
    good = bytearray(encode(REQUESTS[1], 9))
    position = data.draw(st.integers(0, len(good) * 8 - 1))
    good[position // 8] ^= 1 << position % 8
    with pytest.raises(MessageError):
        decode_request(bytes(good))


def test_more_bytes_than_a_message_may_have_are_not_unpacked() -> None:
    with pytest.raises(MessageError, match="at most"):
        decode_request(bytes(messages.MAX_MESSAGE_BYTES + 1))


def test_the_largest_message_fits_into_what_the_socket_takes() -> None:
    longest = Chunk("x" * messages.MAX_PATH_CHARACTERS, DIGEST, 2**28, 2**28, bytes(CHUNK_BYTES))
    assert len(encode(longest, 2**63 - 1)) <= messages.MAX_MESSAGE_BYTES


def test_another_version_is_answered_with_the_version_that_is_spoken_here() -> None:
    body = msgpack.packb([1, 2, 7, "owner", 0, 0])
    desk = Desk()
    answer = desk.take(STATION, b"r", body + messages._CRC.pack(messages.zlib.crc32(body)))
    assert isinstance(answer, bytes)
    reply, number = decode_reply(answer)
    assert number == 7
    assert isinstance(reply, Refused)
    assert "expected 1, got 2" in reply.words


BAD = {
    "leads out of the share": Ask("../../etc/passwd"),
    "is absolute": Ask(f"/{PATH}"),
    "has a dot folder": Ask(f"pilot/../ses/ep/{NAME}"),
    "has doubled slashes": Ask(PATH.replace("/ep", "//ep")),
    "is the collector's own": Ask(f".collector/a/b/c/{NAME}"),
    "is a Windows device": Ask(PATH.replace("pilot", "nul")),
    "is in another episode's folder": Ask(PATH.replace("ep-001/", "ep-002/")),
    "is no file of ours": Ask(f"{FOLDER}/notes.txt"),
    "has a name too long": Ask(PATH.replace("ep-001", "ep-" + "9" * 230)),
    "has another hash than its name": Offer(PATH, bytes(32), 5, fresh=False),
    "has no hash": Offer(PATH, b"", 5, fresh=False),
    "is too large": Offer(PATH, DIGEST, messages.MAX_FILE_BYTES + 1, fresh=False),
    "goes on behind its end": Chunk(PATH, DIGEST, 10, 5, bytes(6)),
    "brings nothing": Chunk(PATH, DIGEST, 10, 5, b""),
}


@pytest.mark.parametrize("request_", BAD.values(), ids=BAD.keys())
def test_a_desk_refuses_in_words_what_no_disk_may_hear_of(request_: messages.Request) -> None:
    desk = Desk()
    answer = desk.take(STATION, b"r", encode(request_, 3))
    assert isinstance(answer, bytes)
    reply, number = decode_reply(answer)
    assert (type(reply), number) == (Refused, 3)
    assert desk.tallies[STATION].rejected == 1
    assert desk.tallies[STATION].last_rejection == reply.words  # type: ignore[union-attr]  # Refused has words


def test_a_desk_keeps_a_station_s_own_word_on_its_backlog_and_counts_it_down(tmp_path: Path) -> None:
    desk = Desk()
    assert isinstance(desk.take(STATION, b"r", encode(Hello("ab", 2, 1000), 1)), Order)
    path, data = next(iter(episode_files(tmp_path, played()).items()))
    order = desk.take(STATION, b"r", encode(whole(path, data), 2))
    assert isinstance(order, Order)
    desk.answer(order, Receipt(path, whole(path, data).sha256, 3))
    tally = desk.tallies[STATION]
    assert (tally.waiting_files, tally.waiting_bytes, tally.receipts) == (1, max(0, 1000 - len(data)), 1)


def test_the_document_names_every_message_every_field_and_every_number() -> None:
    text = DOCUMENT.read_text()
    for table in (messages._REQUESTS, messages._REPLIES):
        for kind, made in table.items():
            row = re.search(rf"^\| {kind} \| {made.__name__.upper()} \|.*$", text, re.MULTILINE)
            assert row is not None, f"{made.__name__} has no row"
            assert all(f"`{name}`" in row[0] for name in made.__dataclass_fields__), row[0]
    for number in (CHUNK_BYTES, messages.MAX_MESSAGE_BYTES, messages.MAX_FILE_BYTES, messages.MAX_PATH_CHARACTERS):
        assert f"{number:,}" in text
