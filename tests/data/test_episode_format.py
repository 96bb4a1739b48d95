"""The canonical file: what goes in comes out, and what may not stand in it is refused by name."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import msgpack
import pytest

from data.episode_format import (
    BLOCK_FRAMES,
    EpisodeEncoder,
    FormatError,
    TornError,
    decode_header,
    decode_row,
    encode_header,
    encode_row,
    read_episode,
    read_prefix,
)
from data.framing import CHAIN_START, END, FRAMES, HEADER, LOG, MAGIC, SKIPPABLE, frame_record, records
from games.contract import Event, Seat
from netcode.vocabulary import AWAY, CATCHING_UP, End, EpisodeTerms, Input, Reason
from tests.support.golden import golden_episode, golden_local, golden_row, golden_terms
from tests.support.recorded import file_bytes
from tests.support.second_reader import IllegalError, read_play

TERMS = golden_terms()
ROWS = [golden_row(frame) for frame in range(65)]
CUT = End(Reason.CUT, 65)


def reframed(change: Callable[[int, int, bytes], list[tuple[int, int, bytes, int]]], data: bytes) -> bytes:
    """The file with each record replaced by what `change` (type, count, payload) makes of it, all sums right."""
    out, chain = MAGIC, CHAIN_START
    for record in records(data):
        original = record.payload
        if record.type == END:
            original = msgpack.packb({**msgpack.unpackb(original), "sha256": sha256(out).digest()})
        for type_, count, payload, flags in change(record.type, record.count, original):
            part, chain = frame_record(chain, type_, count, payload, flags)
            out += part
    return out


def test_what_was_encoded_is_read_back() -> None:
    episode = read_episode(file_bytes(TERMS, ROWS, CUT))
    assert episode.terms == TERMS
    assert episode.rows == tuple(ROWS)
    assert episode.frames == tuple(map(decode_row, ROWS))
    assert episode.end == CUT


@pytest.mark.parametrize("count", [0, 1, 29, 30, 31, 60, 65])
def test_blocks_are_cut_by_frame_index(count: int) -> None:
    data = file_bytes(TERMS, ROWS[:count], End(Reason.CUT, count))
    blocks = [record.count for record in records(data) if record.type == FRAMES]
    assert blocks == [BLOCK_FRAMES] * (count // BLOCK_FRAMES) + ([count % BLOCK_FRAMES] if count % BLOCK_FRAMES else [])
    assert len(read_episode(data).rows) == count


def test_a_torn_file_is_a_byte_prefix_of_the_partners_file() -> None:
    whole = file_bytes(TERMS, ROWS, CUT)
    for count in (0, 30, 59, 64):
        assert whole.startswith(file_bytes(TERMS, ROWS[:count], None))


def test_a_block_is_handed_out_when_its_last_frame_is_added() -> None:
    encoder = EpisodeEncoder(encode_header(TERMS))
    encoder.start()
    handed = [bool(encoder.add(row)) for row in ROWS]
    assert [frame for frame, block in enumerate(handed) if block] == [29, 59]
    assert encoder.rows == 65


# --- header ---------------------------------------------------------------------------------------------------------


CHANGED_TERMS: dict[str, Any] = {
    "study": "x", "dyad": "x", "session": "x", "game": "x", "game_version": "x", "source_hash": "x",
    "config": (("frames", 71),), "actions": ("stay",), "event_kinds": (), "columns": (), "tick_rate": 1,
    "delay_frames": 0, "window_frames": 0, "guess_frames": 0, "away_limit_frames": 0, "protocol": 2,
}  # fmt: skip


def test_equal_terms_give_equal_headers_and_each_field_changes_them() -> None:
    assert encode_header(golden_terms()) == encode_header(golden_terms())
    changed = [
        replace(TERMS, run="f" * 16),
        replace(TERMS, episode=301),
        replace(TERMS, seed=0),
        replace(TERMS, players=(TERMS.players[1], TERMS.players[0])),
        *(replace(TERMS, terms=replace(TERMS.terms, **{name: value})) for name, value in CHANGED_TERMS.items()),
    ]
    headers = {encode_header(terms) for terms in changed}
    assert len(headers) == len(changed)
    assert encode_header(TERMS) not in headers
    assert all(decode_header(encode_header(terms)) == terms for terms in changed)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (replace(TERMS, run="F" * 16), "header run"),
        (replace(TERMS, run=""), "header run"),
        (replace(TERMS, seed=1 << 63), "header seed"),
        (replace(TERMS, seed=-1), "header seed"),
        (replace(TERMS, episode=-1), "header episode"),
        (replace(TERMS, terms=replace(TERMS.terms, tick_rate=0)), "header tick_rate"),
        (replace(TERMS, terms=replace(TERMS.terms, columns=(("x", "float", "", ""),))), "header columns"),
    ],
)
def test_terms_that_no_reader_would_take_back_are_not_encoded(terms: EpisodeTerms, field: str) -> None:
    with pytest.raises(FormatError) as caught:
        encode_header(terms)
    assert caught.value.field == field


def changed_header(changes: dict[str, Any]) -> bytes:
    return packed({**msgpack.unpackb(encode_header(TERMS)), **changes})


def packed(value: object) -> bytes:
    data: bytes = msgpack.packb(value)
    return data


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"format": 2}, "header format"),
        ({"kind": "local"}, "header kind"),
        ({"study": 5}, "header study"),
        ({"seed": True}, "header seed"),
        ({"players": [["a", "human"]]}, "header players"),
        ({"players": [["a", "human"], ["b", "robot"]]}, "header players"),
        ({"config": {"b": 1, "a": 2}}, "header config"),
        ({"config": {"a": "1"}}, "header config"),
        ({"row": [["frame", "int", "frame"]]}, "header row"),
        ({"actions": ["a"] * 65537}, "header actions"),
        ({"tick_rate": 1.5}, "header"),
        ({"study": None}, "header"),
    ],
)
def test_a_wrong_header_names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_header(changed_header(changes))
    assert caught.value.field == field


def test_a_header_out_of_order_or_doubled_or_not_shortest_is_refused() -> None:
    values = msgpack.unpackb(encode_header(TERMS))
    backwards = msgpack.packb(dict(reversed(values.items())))
    with pytest.raises(FormatError, match="the name 'format'"):
        decode_header(backwards)
    with pytest.raises(FormatError, match="names that are text and differ"):
        decode_header(b"\x82\xa1a\x01\xa1a\x02")
    with pytest.raises(FormatError, match="shortest"):
        decode_header(b"\xde\x00\x01\xa1a\x01")
    with pytest.raises(FormatError, match="expected a map"):
        decode_header(b"\x05")
    with pytest.raises(FormatError, match="nested"):
        decode_header(b"\x91" * 100 + b"\x01")


def test_a_name_that_a_later_writer_added_is_passed_over() -> None:
    assert decode_header(changed_header({"weather": "fine"})) == TERMS


# --- rows -----------------------------------------------------------------------------------------------------------


def test_every_part_of_a_row_comes_back() -> None:
    inputs = Input(65535, AWAY | CATCHING_UP, 1), Input(0)
    events = (Event(1, -1, -5), Event(0, 1, 1 << 40))
    row = decode_row(encode_row(70000, inputs, (-3, 200), True, events, (1, -2, True), b"12345678"))
    assert (row.frame, row.inputs, row.rewards, row.done) == (70000, inputs, (-3, 200), True)
    assert (row.events, row.facts, row.digest) == (events, (1, -2, True), b"12345678")


def test_a_seat_or_an_action_as_an_enum_is_the_same_bytes() -> None:
    plain = encode_row(1, (Input(1), Input(0)), (0, 0), False, (Event(0, 1, 0),), (1,), bytes(8))
    assert (
        encode_row(1, (Input(Seat.RIGHT), Input(0)), (0, 0), False, (Event(0, Seat.RIGHT, 0),), (1,), bytes(8)) == plain
    )


GOOD_ROW = [5, 1, 2, 0, 0, False, [], [1, 2], bytes(8)]


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        (0, -1, "frame"),
        (0, 1 << 31, "frame"),
        (0, True, "frame"),
        (1, -1, "left_input"),
        (1, 4 << 16, "left_input"),
        (2, 2 << 20, "right_input"),
        (2, "1", "right_input"),
        (3, 1.0, "left_reward"),
        (4, None, "right_reward"),
        (5, 1, "done"),
        (6, [[1, 2]], "events"),
        (6, [[1, 2, True]], "events"),
        (6, {}, "events"),
        (7, [1.5], "facts"),
        (7, ["x"], "facts"),
        (8, bytes(7), "digest"),
        (8, "12345678", "digest"),
    ],
)
def test_a_wrong_row_names_the_column(place: int, value: object, field: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_row(msgpack.packb([*GOOD_ROW[:place], value, *GOOD_ROW[place + 1 :]]))
    assert caught.value.field in (field, "row")  # a float, a nil or a map is refused before any column is looked at


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x05",
        msgpack.packb(GOOD_ROW)[:-1],
        msgpack.packb(GOOD_ROW) + b"\x00",
        msgpack.packb(GOOD_ROW[:-1]),
    ],
)
def test_what_is_no_row_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        decode_row(data)


def test_an_integer_in_a_longer_form_is_refused() -> None:
    data = msgpack.packb(GOOD_ROW)
    assert data[1] == 5
    with pytest.raises(FormatError, match="shortest"):
        decode_row(data[:1] + b"\xcc\x05" + data[2:])


def test_a_column_that_a_later_writer_added_is_passed_over() -> None:
    longer = [msgpack.packb([*msgpack.unpackb(row), "added", 5]) for row in ROWS]
    assert decode_row(longer[3]) == decode_row(ROWS[3])
    data = file_bytes(TERMS, longer, CUT)
    assert read_episode(data).frames == tuple(map(decode_row, ROWS))
    assert len(read_play(data).rows) == 65


# --- files that a correct framing does not save -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rows": 64}, "END rows"),
        ({"reason": "won"}, "END reason"),
        ({"reason": "finished"}, "END cause"),
        ({"reason": "finished", "cause": "tired"}, "END cause"),
        ({"reason": "aborted", "cause": "quit"}, "END seats"),
        ({"reason": "finished", "cause": "game", "seats": [0]}, "END seats"),
        ({"seats": [1, 0]}, "END seats"),
        ({"seats": [True]}, "END seats"),
        ({"frame": 3}, "END frame"),
        ({"frame": "3"}, "END"),
        ({"sha256": bytes(32)}, "sha256"),
        ({"sha256": b""}, "END sha256"),
    ],
)
def test_a_wrong_end_names_the_field(changes: dict[str, Any], field: str) -> None:
    def change(type_: int, count: int, payload: bytes) -> list[tuple[int, int, bytes, int]]:
        return [(type_, count, packed({**msgpack.unpackb(payload), **changes}) if type_ == END else payload, 0)]

    with pytest.raises(FormatError) as caught:
        read_episode(reframed(change, file_bytes(TERMS, ROWS, CUT)))
    assert caught.value.field == field


@pytest.mark.parametrize(
    "end",
    [
        End(Reason.CUT, 65),
        End(Reason.RECOVERED, 65),
        End(Reason.FINISHED, 65, "game"),
        End(Reason.FINISHED, 65, "away_limit", (Seat.LEFT, Seat.RIGHT)),
        End(Reason.ABORTED, 65, "quit", (Seat.RIGHT,)),
        End(Reason.DIVERGED, 65, frame=64),
        End(Reason.DIVERGED, 65, frame=-1),
    ],
)
def test_every_end_that_a_session_can_reach_comes_back(end: End) -> None:
    assert read_episode(file_bytes(TERMS, ROWS, end)).end == end


def test_an_end_of_another_number_of_rows_is_not_written() -> None:
    with pytest.raises(FormatError, match="END rows: expected 65"):
        file_bytes(TERMS, ROWS, End(Reason.CUT, 64))


RAW: dict[str, tuple[Callable[[int, int, bytes], list[tuple[int, int, bytes, int]]], str]] = {
    "no header": (lambda t, c, p: [] if t == HEADER else [(t, c, p, 0)], "HEADER first"),
    "two headers": (lambda t, c, p: [(t, c, p, 0)] * (2 if t == HEADER else 1), "one HEADER"),
    "two ends": (lambda t, c, p: [(t, c, p, 0)] * (2 if t == END else 1), "nothing after END"),
    "no end": (lambda t, c, p: [] if t == END else [(t, c, p, 0)], "expected END"),
    "a flag on a known record": (lambda t, c, p: [(t, c, p, SKIPPABLE)], "0 for a known record"),
    "a wrong count in a block": (lambda t, c, p: [(t, c - 1 if t == FRAMES else c, p, 0)], "bytes more"),
    "a count beyond the rows": (lambda t, c, p: [(t, min(c + 1, 30) if t == FRAMES else c, p, 0)], "a msgpack value"),
    "an empty block": (lambda t, c, p: [(FRAMES, 0, b"", 0), (t, c, p, 0)] if t == END else [(t, c, p, 0)], "1 to 30"),
    "a block of 31": (lambda t, c, p: [(t, 31 if t == FRAMES else c, p, 0)], "1 to 30"),
    "a header count": (lambda t, c, p: [(t, 2 if t == HEADER else c, p, 0)], "expected 1"),
    "an end count": (lambda t, c, p: [(t, 0 if t == END else c, p, 0)], "expected 1"),
    "an unknown record": (lambda t, c, p: [(77, 1, b"x", 0)] * (t == END) + [(t, c, p, 0)], "skippable"),
    "a log in an episode": (lambda t, c, p: [(LOG, 1, b"x", 0)] * (t == END) + [(t, c, p, 0)], "skippable"),
    "a short block in the middle": (
        lambda t, c, p: [(t, c, p, 0), (FRAMES, 1, golden_row(65), 0)] if t == FRAMES and c == 5 else [(t, c, p, 0)],
        "END after a short block",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RAW)
def test_a_well_framed_file_with_a_wrong_structure_is_refused_in_words(name: str) -> None:
    change, words = RAW[name]
    data = reframed(change, file_bytes(TERMS, ROWS, CUT))
    with pytest.raises(FormatError, match=words):
        read_episode(data)
    with pytest.raises(IllegalError):
        read_play(data)


def test_rows_that_are_not_in_frame_order_are_refused_with_the_frame() -> None:
    with pytest.raises(FormatError) as caught:
        read_episode(file_bytes(TERMS, [*ROWS[:40], *ROWS[41:]], End(Reason.CUT, 64)))
    assert (caught.value.field, caught.value.frame, caught.value.came) == ("frame", 40, "41")


def test_an_action_or_a_number_of_facts_that_the_header_does_not_know_is_refused() -> None:
    row = decode_row(ROWS[0])
    too_far = encode_row(0, (Input(6), Input(0)), row.rewards, row.done, row.events, row.facts, row.digest)
    with pytest.raises(FormatError, match="left_action: expected below 6, came 6"):
        read_episode(file_bytes(TERMS, [too_far], End(Reason.CUT, 1)))
    too_few = encode_row(0, row.inputs, row.rewards, row.done, row.events, row.facts[:-1], row.digest)
    with pytest.raises(FormatError, match="facts: expected 4 values, came 3"):
        read_episode(file_bytes(TERMS, [too_few], End(Reason.CUT, 1)))


def with_skippable_records(type_: int, count: int, payload: bytes) -> list[tuple[int, int, bytes, int]]:
    added = [(99, 3, b"of a later version", SKIPPABLE)]
    return [*(added if type_ == END else []), (type_, count, payload, 0), *(added if type_ == HEADER else [])]


def test_unknown_skippable_records_are_passed_over_by_both_readers() -> None:
    data = resealed(reframed(with_skippable_records, file_bytes(TERMS, ROWS, CUT)))
    assert [record.type for record in records(data)].count(99) == 2
    assert read_episode(data).rows == tuple(ROWS)
    assert len(read_play(data).rows) == 65
    changed = data.replace(b"of a later version", b"of a later versioN", 1)
    with pytest.raises(FormatError, match="crc32"):
        read_episode(changed)


def resealed(data: bytes) -> bytes:
    """The same records, END's hash taken once more: they were added after it was computed."""
    return reframed(lambda type_, count, payload: [(type_, count, payload, SKIPPABLE if type_ == 99 else 0)], data)


# --- prefixes --------------------------------------------------------------------------------------------------------


def test_the_good_prefix_of_a_cut_at_any_byte_is_whole_blocks_of_the_truth() -> None:
    data = file_bytes(TERMS, ROWS, CUT)
    boundaries = [record.end for record in records(data)]
    for length in range(boundaries[0], len(data)):
        prefix = read_prefix(data[:length])
        assert prefix.length == max(end for end in boundaries if end <= length)
        assert prefix.rows == tuple(ROWS[: len(prefix.rows)])
        assert (prefix.end, prefix.is_whole) == (None, False)
        assert (prefix.fault is None) == (length in boundaries)
    whole = read_prefix(data)
    assert (whole.is_whole, whole.rows, whole.end, whole.length) == (True, tuple(ROWS), CUT, len(data))


def test_a_cut_before_the_end_of_the_header_leaves_nothing_to_recover() -> None:
    data = file_bytes(TERMS, ROWS, CUT)
    for length in (0, 4, len(MAGIC), len(MAGIC) + 5, next(records(data)).end - 1):
        with pytest.raises(TornError):
            read_prefix(data[:length])


def test_what_a_recovery_makes_of_a_prefix_is_a_legal_partial_episode() -> None:
    prefix = read_prefix(file_bytes(TERMS, ROWS, CUT)[:-300])
    recovered = file_bytes(prefix.terms, prefix.rows, End(Reason.RECOVERED, len(prefix.rows)))
    assert read_episode(recovered).rows == prefix.rows
    assert recovered.startswith(file_bytes(TERMS, ROWS, CUT)[: prefix.length])


def test_a_canonical_reader_refuses_a_local_file_and_names_the_kind() -> None:
    with pytest.raises(FormatError, match="header kind: expected 'canonical', came str 'local'"):
        read_episode(golden_local())


def test_a_file_says_nothing_of_the_machine_that_wrote_it() -> None:
    words = msgpack.unpackb(next(records(golden_episode())).payload)
    assert not set(words) & {"host", "user", "os", "time", "clock", "seat", "python", "wall_ns", "machine"}
