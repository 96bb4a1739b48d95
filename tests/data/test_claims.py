import json
from dataclasses import replace
from pathlib import Path

import pytest

from data.claims import Claim, Pairing, compare_claims, decode_claim, encode_claim, make_claim, read_claims
from data.layout import Kind, seat_name
from data.state_file import StateFileError
from games.contract import Seat
from netcode.vocabulary import Agreement, End, Ending, Reason
from tests.support.stations import STATISTICS, finished, make_terms

SHA = "ab" * 32


def a_claim(seat: Seat = Seat.LEFT, ending: Ending | None = None, sha256: str = SHA, episode: int = 0) -> Claim:
    names = ("canonical", sha256), ("local", "cd" * 32)
    return make_claim(make_terms(episode), seat, ending or finished(75), *names, STATISTICS)


def partial(rows: int, reason: Reason = Reason.CUT) -> Ending:
    return Ending(End(reason, rows), Agreement.PARTNER_LOST)


def test_a_claim_is_read_back_as_it_was_written_with_its_statistics() -> None:
    claim = a_claim()
    assert decode_claim(encode_claim(claim)) == claim
    assert json.loads(encode_claim(claim))["statistics"] == STATISTICS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", 2),
        ("seat", "middle"),
        ("rows", "75"),
        ("rows", True),
        ("reason", "bored"),
        ("statistics", {"x": [1]}),
        ("statistics", {"x": {"y": "z"}}),
        ("ended_by", [1]),
        ("run", None),
    ],
)
def test_a_claim_with_a_wrong_field_is_refused_by_its_name(name: str, value: object) -> None:
    fields = json.loads(encode_claim(a_claim()))
    with pytest.raises(StateFileError, match=name):
        decode_claim(json.dumps(fields | {name: value}).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b"{}", b"[" * 100_000, b"0" * ((1 << 20) + 1)])
def test_what_is_no_claim_is_refused_with_our_own_error(data: bytes) -> None:
    with pytest.raises(StateFileError):
        decode_claim(data)


def test_equal_files_are_a_pair() -> None:
    compared = compare_claims(a_claim(Seat.LEFT), a_claim(Seat.RIGHT))
    assert compared.pairing is Pairing.PAIRED


def test_one_claim_waits_for_the_other_by_name() -> None:
    assert compare_claims(a_claim(), None).pairing is Pairing.WAITING_PEER
    assert "right" in compare_claims(a_claim(), None).words
    assert "left" in compare_claims(None, a_claim(Seat.RIGHT)).words


def test_two_complete_records_that_differ_have_diverged() -> None:
    compared = compare_claims(a_claim(), a_claim(Seat.RIGHT, sha256="ef" * 32))
    assert compared.pairing is Pairing.DIVERGED


@pytest.mark.parametrize("reason", [Reason.CUT, Reason.RECOVERED])
def test_a_partial_record_is_a_prefix_until_its_rows_say_otherwise(reason: Reason) -> None:
    left, right = a_claim(), a_claim(Seat.RIGHT, partial(2, reason), sha256="ef" * 32)
    assert compare_claims(left, right).pairing is Pairing.PREFIX
    assert compare_claims(left, right, ([b"a", b"b", b"c"], [b"a", b"b"])).pairing is Pairing.PREFIX
    differing = compare_claims(left, right, ([b"a", b"b", b"c"], [b"a", b"x"]))
    assert differing.pairing is Pairing.DIVERGED
    assert "frame 1" in differing.words


def test_a_seat_that_saw_a_difference_is_believed_and_its_frame_named() -> None:
    saw = Ending(End(Reason.DIVERGED, 60, frame=61), Agreement.DIVERGED)
    compared = compare_claims(a_claim(), a_claim(Seat.RIGHT, saw, sha256="ef" * 32))
    assert compared.pairing is Pairing.DIVERGED
    assert "61" in compared.words


def test_claims_of_different_episodes_are_no_pair() -> None:
    assert compare_claims(a_claim(), a_claim(Seat.RIGHT, episode=1)).pairing is Pairing.DIVERGED


def write_claim(folder: Path, claim: Claim, digest: str) -> None:
    name = seat_name(make_terms(), claim.seat, Kind.CLAIM, digest * 64)
    (folder / name).write_bytes(encode_claim(claim))


def test_of_two_claims_of_a_seat_its_own_word_beats_a_recovered_one(tmp_path: Path) -> None:
    recovered = replace(a_claim(ending=partial(90, Reason.RECOVERED)), sha256="11" * 32)
    write_claim(tmp_path, recovered, "9")
    write_claim(tmp_path, a_claim(), "1")
    write_claim(tmp_path, a_claim(Seat.RIGHT), "2")
    (tmp_path / "notes.json").write_text("{}")
    (tmp_path / seat_name(make_terms(), Seat.LEFT, Kind.CLAIM, "f" * 64)).write_text("torn")
    assert read_claims(tmp_path) == {Seat.LEFT: a_claim(), Seat.RIGHT: a_claim(Seat.RIGHT)}
