"""The local file: what one machine alone knows, written as it comes."""

from dataclasses import replace
from enum import IntEnum

import msgpack
import pytest

from data.framing import CHAIN_START, END, HEADER, LOG, MAGIC, SKIPPABLE, FormatError, TornError, frame_record, records
from data.local_format import (
    MAX_FLUSH_ROWS,
    Entry,
    LocalEncoder,
    LocalHeader,
    is_local,
    read_local,
    read_local_prefix,
)
from data.local_kinds import LOCAL_KINDS, ending_values
from netcode.vocabulary import Agreement, End, Ending, Reason
from tests.support.golden import golden_episode, golden_local

HEADER_VALUES = LocalHeader(
    run="0123456789abcdef",
    study="s",
    dyad="1",
    session="1",
    episode=0,
    seat=0,
    participant="p",
    machine=(("host", "lab-1"),),
    wall_ns=5,
    monotonic_ns=6,
)


def written(count: int) -> bytes:
    encoder = LocalEncoder(HEADER_VALUES)
    data = encoder.start()
    for number in range(count):
        encoder.add("focus", number, number % 2 == 0, number)
    return data + encoder.end({"rollbacks": 3})


def test_what_was_noted_is_read_back() -> None:
    local = read_local(written(3))
    assert local.header == HEADER_VALUES
    assert local.entries == tuple(Entry("focus", (number, number % 2 == 0, number)) for number in range(3))
    assert local.of("focus")[1] == {"t_ns": 1, "focused": False, "frame": 1}
    assert local.stats == (("rollbacks", 3),)
    assert local.fault is None


def test_an_ending_is_told_in_full() -> None:
    ending = Ending(End(Reason.FINISHED, 9, "away_limit", (0, 1)), Agreement.INPUTS_HELD, 8, 9, 2)
    encoder = LocalEncoder(HEADER_VALUES)
    data = encoder.start()
    encoder.add("ending", *ending_values(ending))
    (told,) = read_local(data + encoder.end({})).of("ending")
    assert told == {
        "reason": "finished",
        "rows": 9,
        "cause": "away_limit",
        "left_ended_it": True,
        "right_ended_it": True,
        "first_difference": -1,
        "agreement": "inputs_held",
        "held_rows": 8,
        "partner_rows": 9,
        "dropped_frames": 2,
    }


def test_a_flush_hands_out_what_waits_and_nothing_twice() -> None:
    encoder = LocalEncoder(HEADER_VALUES)
    encoder.start()
    assert encoder.flush() == b""
    encoder.add("focus", 1, True, 1)
    assert encoder.flush() != b""
    assert encoder.flush() == b""


def test_a_long_wait_becomes_several_records() -> None:
    data = written(2 * MAX_FLUSH_ROWS + 1)
    assert [record.count for record in records(data) if record.type == LOG] == [MAX_FLUSH_ROWS, MAX_FLUSH_ROWS, 1]
    assert len(read_local(data).entries) == 2 * MAX_FLUSH_ROWS + 1


class Action(IntEnum):
    UP = 1


def test_an_enum_or_a_truth_value_may_stand_for_an_integer() -> None:
    encoder = LocalEncoder(HEADER_VALUES)
    data = encoder.start()
    encoder.add("key", 1, Action.UP, True, True)
    assert read_local(data + encoder.end({})).entries == (Entry("key", (1, 1, True, 1)),)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("weather", (1,)),
        ("focus", (1, True)),
        ("focus", (1, 1, 1)),
        ("focus", ("1", True, 1)),
        ("notice", (1, 1, b"x")),
    ],
)
def test_values_that_are_not_those_of_the_kind_are_refused(kind: str, values: tuple[int | str | bytes, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        LocalEncoder(HEADER_VALUES).add(kind, *values)


def test_every_kind_has_named_typed_columns() -> None:
    assert len({kind.name for kind in LOCAL_KINDS}) == len(LOCAL_KINDS)
    for kind in LOCAL_KINDS:
        assert len({column.name for column in kind.columns}) == len(kind.columns)
        assert {column.type for column in kind.columns} <= {"int", "bool", "str", "bytes"}


def test_a_torn_local_file_gives_what_it_has() -> None:
    data = golden_local()
    for length in range(next(records(data)).end, len(data), 7):
        local = read_local_prefix(data[:length])
        assert local.fault is not None
        assert local.entries == read_local(data).entries[: len(local.entries)]
        with pytest.raises(TornError):
            read_local(data[:length])
    with pytest.raises(TornError):
        read_local_prefix(data[:30])


def test_a_flipped_bit_anywhere_is_detected() -> None:
    data = golden_local()
    for at in range(0, len(data), 11):
        with pytest.raises(FormatError):
            read_local(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def test_the_two_kinds_of_file_are_told_apart_by_their_headers() -> None:
    assert is_local(golden_local())
    assert not is_local(golden_episode())
    assert not is_local(b"")
    assert not is_local(golden_local()[:40])
    with pytest.raises(FormatError, match="header"):
        read_local(golden_episode())


def later_version() -> bytes:
    """A file of a later writer: a column more, a kind more, a skippable record."""
    original = next(records(written(0))).payload
    header = msgpack.unpackb(original)
    header["kinds"][2][2].append(["screen", "int", ""])
    header["kinds"].append(["pupil", "its size", [["mm", "int", "mm"]]])
    rows = msgpack.packb([2, 5, True, 6, 1]) + msgpack.packb([len(LOCAL_KINDS), 4])
    data, chain = MAGIC, CHAIN_START
    for type_, count, payload, flags in (
        (HEADER, 1, msgpack.packb(header), 0),
        (77, 1, b"?", SKIPPABLE),
        (LOG, 2, rows, 0),
    ):
        part, chain = frame_record(chain, type_, count, payload, flags)
        data += part
    return data


def test_what_a_later_version_added_is_passed_over() -> None:
    local = read_local_prefix(later_version())
    assert local.entries == (Entry("focus", (5, True, 6)),)
    assert isinstance(local.fault, TornError)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ([99, 1], "log kind"),
        ([-1, 1], "log kind"),
        ([True], "number of a kind"),
        ([2, 1, True], "3 values"),
        ([2, 1, 1, 1], "values of"),
        ([2, 1, True, "1"], "values of"),
        ([], "number of a kind"),
    ],
)
def test_a_wrong_row_is_named(row: list[object], words: str) -> None:
    encoder = LocalEncoder(HEADER_VALUES)
    data = encoder.start()
    encoder._waiting.append(msgpack.packb(row))
    encoder.rows += 1
    with pytest.raises(FormatError, match=words):
        read_local(data + encoder.end({}))


def test_a_wrong_number_of_rows_or_a_second_end_is_named() -> None:
    encoder = LocalEncoder(HEADER_VALUES)
    data = encoder.start()
    encoder.rows = 5
    with pytest.raises(FormatError, match="END: expected 0 rows"):
        read_local(data + encoder.end({}))
    whole = LocalEncoder(HEADER_VALUES)
    ended = whole.start() + whole.end({})
    with pytest.raises(FormatError, match="nothing after END"):
        read_local(ended + whole.end({}))


@pytest.mark.parametrize(
    "changes", [{"seat": True}, {"study": 1}, {"machine": {"a": 1}}, {"kinds": [[1, 2, 3]]}, {"format": 2}]
)
def test_a_wrong_header_is_named(changes: dict[str, object]) -> None:
    header = msgpack.unpackb(next(records(written(0))).payload)
    record, _ = frame_record(CHAIN_START, HEADER, 1, msgpack.packb({**header, **changes}))
    with pytest.raises(FormatError, match="header"):
        read_local_prefix(MAGIC + record)


@pytest.mark.parametrize(("count", "flags", "words"), [(2, 0, "count"), (1, SKIPPABLE, "flags")])
def test_a_header_with_a_count_or_a_flag_of_its_own_is_refused(count: int, flags: int, words: str) -> None:
    payload = next(records(written(0))).payload
    record, _ = frame_record(CHAIN_START, HEADER, count, payload, flags)
    with pytest.raises(FormatError, match=words):
        read_local_prefix(MAGIC + record)


def test_a_header_is_the_callers_word_and_nothing_is_looked_up() -> None:
    one, two = LocalEncoder(HEADER_VALUES), LocalEncoder(replace(HEADER_VALUES, machine=()))
    assert one.start() == LocalEncoder(HEADER_VALUES).start()
    assert read_local(two.start() + two.end({})).header.machine == ()
    assert [record.type for record in records(written(1))] == [HEADER, LOG, END]
