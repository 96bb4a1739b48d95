from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from data.layout import (
    Kind,
    SessionKind,
    canonical_name,
    check_id,
    check_relative,
    draft_name,
    episode_folder,
    episode_key,
    is_paper_name,
    paper_name,
    parse_draft_name,
    parse_name,
    parse_session_name,
    seat_name,
    session_folder,
    sheet_name,
    sums_name,
)
from games.contract import Seat
from tests.support.stations import make_terms

SHA = "0123456789abcdef" * 4
STEM = "dyad-012_ses-01_run-00c0ffee00c0ffee_ep-001"
SUMS = "SHA256SUMS_left_01234567"


def test_an_episode_lies_where_a_person_would_look_for_it() -> None:
    assert episode_folder(make_terms()) == PurePosixPath("pilot/dyad-012/ses-01_run-00c0ffee00c0ffee/ep-001")


def test_names_say_whose_file_it_is_and_begin_its_hash() -> None:
    terms = make_terms()
    assert canonical_name(terms, SHA) == f"{STEM}_canonical_01234567.dyad"
    assert seat_name(terms, Seat.LEFT, Kind.LOCAL, SHA) == f"{STEM}_left_local_01234567.dyadlog"
    assert seat_name(terms, Seat.RIGHT, Kind.CLAIM, SHA) == f"{STEM}_right_claim_01234567.json"


def test_ids_that_are_no_numbers_stay_as_they_are_and_long_numbers_too() -> None:
    terms = make_terms(episode=1233, dyad="A-7", session="pre")
    assert episode_folder(terms).parts[1:] == ("dyad-A-7", "ses-pre_run-00c0ffee00c0ffee", "ep-1234")
    assert episode_folder(make_terms(dyad="12345")).parts[1] == "dyad-12345"


@pytest.mark.parametrize("value", ["", "a" * 41, "..", "a/b", "a\\b", "a b", "a_b", "ü", "a\n", "con", "LPT1", "a.b"])
def test_an_id_that_could_harm_a_path_is_refused_in_words(value: str) -> None:
    with pytest.raises(ValueError, match="study"):
        check_id("study", value)
    with pytest.raises(ValueError, match="study"):
        episode_folder(make_terms(study=value))


@pytest.mark.parametrize("run", ["", "00C0FFEE00C0FFEE", "00c0ffee", "../../../../etc/a"])
def test_a_run_of_another_shape_is_refused(run: str) -> None:
    with pytest.raises(ValueError, match="run"):
        episode_folder(replace(make_terms(), run=run))


def test_names_are_read_back() -> None:
    terms = make_terms()
    for seat in Seat:
        for kind in (Kind.LOCAL, Kind.CLAIM):
            assert parse_name(seat_name(terms, seat, kind, SHA)) == (STEM, kind, seat, SHA[:8])
        assert parse_draft_name(draft_name(terms, seat, 2)) == ("pilot", STEM, seat)
    assert parse_name(canonical_name(terms, SHA)) == (STEM, Kind.CANONICAL, None, SHA[:8])


@pytest.mark.parametrize(
    "name", ["notes.txt", f"{STEM}_canonical_01234567.json", f"{STEM}_left_local_01234567.dyad", f".{STEM}_canonical"]
)
def test_a_strange_name_is_none_of_ours(name: str) -> None:
    assert parse_name(name) is None
    assert parse_draft_name(name) is None


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        f"../a/b/c/{STEM}_canonical_01234567.dyad",
        f"a/b/c/{STEM}_canonical_01234567.dyad",
        f"a/../c/d/{STEM}_canonical_01234567.dyad",
        f"/a/b/c/{STEM}_canonical_01234567.dyad",
        "a/b/c/d/.dyadgrid-share",
    ],
)
def test_a_path_that_could_lead_out_of_a_share_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path in a share"):
        check_relative(path)


def test_a_sessions_own_files_lie_beside_its_episodes_and_are_read_back() -> None:
    folder = session_folder(make_terms())
    stem = "dyad-012_ses-01_run-00c0ffee00c0ffee"
    for seat in Seat:
        sheet, sums = sheet_name(folder, seat, SHA), sums_name(seat, SHA)
        assert (sheet, sums) == (f"{stem}_{seat.word}_sheet_01234567.json", f"SHA256SUMS_{seat.word}_01234567")
        assert parse_session_name(sheet) == (stem, SessionKind.SHEET, seat, SHA[:8])
        assert parse_session_name(sums) == ("", SessionKind.SUMS, seat, SHA[:8])
        for name in (sheet, sums):
            assert check_relative(f"{folder}/{name}") == folder / name
            assert is_paper_name(paper_name(f"{folder}/{name}"))
            assert parse_name(name) is None


def test_checksums_of_two_sessions_have_two_items_though_they_have_one_name() -> None:
    first, second = (session_folder(replace(make_terms(), run=run)) for run in ("1" * 16, "2" * 16))
    name = sums_name(Seat.LEFT, SHA)
    assert paper_name(f"{first}/{name}") != paper_name(f"{second}/{name}")
    assert not is_paper_name(name)


@pytest.mark.parametrize(
    "path", ["a/b/c/d/SHA256SUMS_left_01234567", "a/b/SHA256SUMS_left_01234567", "a/b/c/SHA256SUMS"]
)
def test_a_sessions_file_lies_nowhere_else(path: str) -> None:
    with pytest.raises(ValueError, match="path in a share"):
        check_relative(path)


def test_a_file_names_its_run_and_its_episode_from_0() -> None:
    terms = make_terms(episode=1233)
    assert episode_key(canonical_name(terms, SHA)) == (terms.run, 1233)
    assert episode_key(seat_name(terms, Seat.LEFT, Kind.LOCAL, SHA)) == (terms.run, 1233)
    assert episode_key("notes.txt") is None
