"""Records: what each check says, where."""

import pytest

from data.framing import (
    CHAIN_START,
    FRAMES,
    HEADER,
    MAGIC,
    MAX_PAYLOAD_BYTES,
    SKIPPABLE,
    FormatError,
    TornError,
    frame_record,
    records,
)

PAYLOADS = (b"one", b"", b"three" * 100)


def build(payloads: tuple[bytes, ...] = PAYLOADS) -> bytes:
    data, chain = MAGIC, CHAIN_START
    for payload in payloads:
        record, chain = frame_record(chain, FRAMES, 7, payload, SKIPPABLE)
        data += record
    return data


def test_records_come_back_as_they_were_framed() -> None:
    found = list(records(build()))
    assert [record.payload for record in found] == list(PAYLOADS)
    assert {(record.type, record.flags, record.count) for record in found} == {(FRAMES, SKIPPABLE, 7)}
    assert [record.index for record in found] == [0, 1, 2]
    assert found[-1].end == len(build())


def test_a_record_costs_28_bytes_beside_its_payload() -> None:
    assert len(frame_record(CHAIN_START, HEADER, 1, b"abc")[0]) == 28 + 3


def test_what_stands_before_the_damage_is_given_out() -> None:
    data = bytearray(build())
    second = next(record for record in records(bytes(data)) if record.index == 1)
    data[second.offset + 2] ^= 1
    found = records(bytes(data))
    assert next(found).payload == b"one"
    with pytest.raises(FormatError) as caught:
        next(found)
    assert (caught.value.field, caught.value.record, caught.value.offset) == ("crc32", 1, second.offset)
    assert not isinstance(caught.value, TornError)


@pytest.mark.parametrize("length", range(len(build((b"payload",)))))
def test_a_cut_at_any_byte_is_torn_or_ends_between_records(length: int) -> None:
    data = build((b"payload",))[:length]
    if length == len(MAGIC):
        assert list(records(data)) == []
        return
    with pytest.raises(TornError):
        list(records(data))


def test_a_length_is_bounded_before_anything_is_taken() -> None:
    data = bytearray(build())
    data[len(MAGIC) + 4 : len(MAGIC) + 8] = (MAX_PAYLOAD_BYTES + 1).to_bytes(4, "big")
    with pytest.raises(FormatError, match="length: expected at most 1048576, came 1048577"):
        list(records(bytes(data)))


def test_a_payload_that_no_reader_would_take_is_not_framed() -> None:
    with pytest.raises(FormatError, match="length"):
        frame_record(CHAIN_START, FRAMES, 1, bytes(MAX_PAYLOAD_BYTES + 1))


def test_a_whole_record_in_another_place_breaks_the_chain_and_not_the_sum() -> None:
    first, second, third = [build()[record.offset : record.end] for record in records(build())]
    with pytest.raises(FormatError) as caught:
        list(records(MAGIC + first + third + second))
    assert (caught.value.field, caught.value.record) == ("chain", 1)


def test_a_copy_in_text_mode_is_called_by_its_name() -> None:
    with pytest.raises(FormatError, match="line endings changed"):
        list(records(build().replace(b"\r\n", b"\n")))


@pytest.mark.parametrize("data", [b"PK\x03\x04 a zip", b"\x89PNG\r\n\x1a\n"])
def test_other_files_are_refused_by_their_first_bytes(data: bytes) -> None:
    with pytest.raises(FormatError, match="magic"):
        list(records(data))


def test_an_error_says_byte_record_frame_expectation_and_what_came() -> None:
    error = FormatError("crc32", "aa", "bb").at(offset=8, record=0).at(offset=99, frame=3)
    assert str(error) == "byte 8, record 0, frame 3: crc32: expected aa, came bb"
