"""The prefix law between two records, and the words for where it is broken."""

from dataclasses import replace
from typing import NamedTuple

import pytest

from data.episode_format import decode_row, encode_header, encode_row
from data.parity import first_difference
from netcode.vocabulary import End, EpisodeTerms, Input, Reason
from tests.support.golden import golden_row, golden_terms

TERMS = golden_terms()
ROWS = tuple(golden_row(frame) for frame in range(40))
FINISHED = End(Reason.FINISHED, 40, "game")


class Held(NamedTuple):
    terms: EpisodeTerms
    header: bytes
    rows: tuple[bytes, ...]
    end: End | None


def held(rows: tuple[bytes, ...], end: End | None, terms: EpisodeTerms = TERMS) -> Held:
    return Held(terms, encode_header(terms), rows, end)


def altered(frame: int) -> tuple[bytes, ...]:
    row = decode_row(ROWS[frame])
    other = encode_row(frame, (row.inputs[0], Input(4)), row.rewards, row.done, row.events, row.facts, row.digest)
    return (*ROWS[:frame], other, *ROWS[frame + 1 :])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (held(ROWS, FINISHED), held(ROWS, FINISHED)),
        (held(ROWS, FINISHED), held(ROWS[:30], End(Reason.CUT, 30))),
        (held(ROWS, FINISHED), held(ROWS[:30], End(Reason.RECOVERED, 30))),
        (held(ROWS, FINISHED), held(ROWS[:30], None)),
        (held(ROWS[:10], End(Reason.CUT, 10)), held(ROWS[:30], End(Reason.CUT, 30))),
        (held((), None), held(ROWS, FINISHED)),
        (held(ROWS, FINISHED), held(ROWS, End(Reason.RECOVERED, 40))),
    ],
)
def test_a_prefix_is_no_difference_whichever_side_it_is_on(ours: Held, theirs: Held) -> None:
    assert first_difference(ours, theirs) is None
    assert first_difference(theirs, ours) is None


def test_the_first_differing_frame_and_column_are_named_with_both_values() -> None:
    difference = first_difference(held(ROWS, FINISHED), held(altered(17), FINISHED))
    assert difference is not None
    row = decode_row(ROWS[17])
    assert difference == (17, "right_action", str(row.inputs[1].action), "4")
    assert difference.words() == f"frame 17, right_action: {row.inputs[1].action} here, 4 there"


def test_a_partial_record_that_differs_is_no_prefix() -> None:
    difference = first_difference(held(ROWS, FINISHED), held(altered(17)[:20], End(Reason.CUT, 20)))
    assert difference is not None
    assert difference.frame == 17


def test_two_headers_that_differ_are_named_by_their_field() -> None:
    other = replace(TERMS, terms=replace(TERMS.terms, tick_rate=30))
    difference = first_difference(held(ROWS, FINISHED), held(ROWS, FINISHED, other))
    assert difference == (-1, "tick_rate", "60", "30")
    assert difference is not None
    assert difference.words().startswith("header, tick_rate")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (held(ROWS, FINISHED), held(ROWS[:30], End(Reason.ABORTED, 30, "quit", (0,)))),
        (held(ROWS, FINISHED), held(ROWS, End(Reason.ABORTED, 40, "quit", (0,)))),
        (held(ROWS[:30], End(Reason.FINISHED, 30, "game")), held(ROWS, End(Reason.CUT, 40))),
    ],
)
def test_a_record_cannot_end_where_the_other_goes_on(ours: Held, theirs: Held) -> None:
    for one, other in ((ours, theirs), (theirs, ours)):
        difference = first_difference(one, other)
        assert difference is not None
        assert difference.field == "END"


def test_a_difference_in_what_only_a_later_version_knows_is_still_one() -> None:
    added = bytes([ROWS[3][0] + 1]) + ROWS[3][1:] + b"\x05"
    difference = first_difference(held(ROWS, FINISHED), held((*ROWS[:3], added, *ROWS[4:]), FINISHED))
    assert difference is not None
    assert (difference.frame, difference.field) == (3, "added columns")
