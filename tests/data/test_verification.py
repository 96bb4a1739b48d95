"""`verify`: every answer, with what it names and the exit code that it gives."""

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgpack
import pytest

from data.claims import encode_claim, make_claim
from data.episode_format import decode_row, encode_row
from data.findings import Answer, FileFinding, Pairing, Report
from data.framing import CHAIN_START, END, HEADER, MAGIC, frame_record, records
from data.layout import Kind, canonical_name, episode_folder, seat_name
from data.verification import verify_paths
from data.verification_report import print_report
from games import registry
from games.contract import Seat
from netcode.vocabulary import Agreement, End, Ending, EpisodeTerms, Input, Reason
from tests.support.golden import golden_local
from tests.support.recorded import file_bytes, make_terms, play, wandering

GAME = registry.find("foraging")
TERMS = make_terms(GAME)
ROWS, FINISHED = play(GAME, TERMS, wandering(GAME, TERMS))
WHOLE = file_bytes(TERMS, ROWS, FINISHED)
CUT = file_bytes(TERMS, ROWS[:40], End(Reason.CUT, 40))
OTHER_TERMS = make_terms(GAME, episode=1, seed=8)
OTHER = file_bytes(OTHER_TERMS, *play(GAME, OTHER_TERMS, wandering(GAME, OTHER_TERMS)))


def differing(frame: int) -> list[bytes]:
    """The rows of a seat that saw another state at `frame`, and does not know it."""
    row = decode_row(ROWS[frame])
    other = encode_row(frame, row.inputs, row.rewards, row.done, row.events, row.facts, b"\xff" * 8)
    return [*ROWS[:frame], other, *ROWS[frame + 1 :]]


def put(folder: Path, data: bytes, terms: EpisodeTerms = TERMS, *, named: bytes | None = None) -> Path:
    """The file where a share or a station has it; `named` gives it the name of other content."""
    path = folder / episode_folder(terms) / canonical_name(terms, sha256(named or data).hexdigest())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def put_claim(folder: Path, seat: Seat, data: bytes, end: End) -> Path:
    digest = sha256(data).hexdigest()
    claim = make_claim(
        TERMS, seat, Ending(end, Agreement.MUTUAL), (canonical_name(TERMS, digest), digest), ("", ""), {}
    )
    encoded = encode_claim(claim)
    path = folder / episode_folder(TERMS) / seat_name(TERMS, seat, Kind.CLAIM, sha256(encoded).hexdigest())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded)
    return path


def verify_one(path: Path, answer: Answer, exit_code: int) -> FileFinding:
    report = verify_paths([path])
    (finding,) = report.findings
    assert (finding.answer, report.exit_code) == (answer, exit_code), finding.words
    return finding


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


# --- one file: every answer -------------------------------------------------------------------------------------------


def test_a_finished_episode_that_plays_again_is_good(tmp_path: Path) -> None:
    finding = verify_one(put(tmp_path, WHOLE), Answer.GOOD, 0)
    assert finding.words == "finished (game) after 75 frames"
    assert (finding.rows, finding.sha256) == (75, sha256(WHOLE).hexdigest())


@pytest.mark.parametrize("reason", [Reason.CUT, Reason.RECOVERED])
def test_a_cut_or_recovered_episode_is_good_but_partial(tmp_path: Path, reason: Reason) -> None:
    finding = verify_one(put(tmp_path, file_bytes(TERMS, ROWS[:40], End(reason, 40))), Answer.PARTIAL, 0)
    assert finding.words == f"{reason} after 40 frames"


def test_an_episode_that_the_session_called_diverged_stays_diverged(tmp_path: Path) -> None:
    data = file_bytes(TERMS, ROWS[:40], End(Reason.DIVERGED, 40, frame=31))
    assert verify_one(put(tmp_path, data), Answer.DIVERGED, 1).words == "diverged at frame 31 after 40 frames"


@pytest.mark.parametrize("length", [len(WHOLE) - 1, len(WHOLE) // 2])
def test_a_cut_file_is_torn_and_says_where_it_stops(tmp_path: Path, length: int) -> None:
    finding = verify_one(write(tmp_path / "cut.dyad", WHOLE[:length]), Answer.TORN, 1)
    assert "then the file stops" in finding.words
    assert finding.place is not None
    assert finding.place.frame >= 0


def test_a_file_without_an_end_is_torn_even_between_two_records(tmp_path: Path) -> None:
    end = next(record.offset for record in records(WHOLE) if record.type == END)
    assert "expected END" in verify_one(write(tmp_path / "x.dyad.part", WHOLE[:end]), Answer.TORN, 1).words


def test_a_torn_file_whose_rows_are_wrong_is_damaged(tmp_path: Path) -> None:
    verify_one(write(tmp_path / "x.dyad.part", file_bytes(TERMS, differing(10), None)), Answer.DAMAGED, 1)


@pytest.mark.parametrize("at", [len(WHOLE) // 2, len(WHOLE) - 1, 60])
def test_a_flipped_byte_is_damage_with_its_place(tmp_path: Path, at: int) -> None:
    data = WHOLE[:at] + bytes([WHOLE[at] ^ 0x10]) + WHOLE[at + 1 :]
    finding = verify_one(put(tmp_path, data, named=WHOLE), Answer.DAMAGED, 1)
    assert finding.place is not None
    assert (finding.place.field, finding.place.offset >= 0, finding.place.record >= 0) == ("crc32", True, True)


def test_a_swapped_block_is_damage_although_every_record_is_whole(tmp_path: Path) -> None:
    parts = [WHOLE[record.offset : record.end] for record in records(WHOLE)]
    parts[1], parts[2] = parts[2], parts[1]
    finding = verify_one(write(tmp_path / "x.dyad", WHOLE[:8] + b"".join(parts)), Answer.DAMAGED, 1)
    assert finding.place is not None
    assert (finding.place.field, finding.place.frame) == ("chain", 0)


def test_a_digest_that_does_not_follow_is_damage_with_frame_field_expected_and_came(tmp_path: Path) -> None:
    finding = verify_one(put(tmp_path, file_bytes(TERMS, differing(31), FINISHED)), Answer.DAMAGED, 1)
    expected = decode_row(ROWS[31]).digest.hex()
    assert finding.words == f"frame 31, digest: expected {expected}, came {'f' * 16}"
    assert finding.place is not None
    assert (finding.place.frame, finding.place.field, finding.place.came) == (31, "digest", "f" * 16)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"game": "lantern"}, "the game 'lantern' is not installed"),
        ({"game_version": "0"}, "version 0 of foraging, here is"),
        ({"source_hash": "0" * 16}, "source 0000000000000000 of foraging, here is"),
    ],
)
def test_another_version_of_the_game_is_a_class_of_its_own(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    terms = replace(TERMS, terms=replace(TERMS.terms, **changes))
    finding = verify_one(put(tmp_path, file_bytes(terms, ROWS, FINISHED), terms), Answer.CANNOT_RESIMULATE, 0)
    assert words in finding.words


def test_of_another_version_the_bytes_are_still_checked(tmp_path: Path) -> None:
    terms = replace(TERMS, terms=replace(TERMS.terms, game_version="0"))
    data = bytearray(file_bytes(terms, ROWS, FINISHED))
    data[-200] ^= 1
    verify_one(write(tmp_path / "x.dyad", bytes(data)), Answer.DAMAGED, 1)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x89", b"junk that is no episode", WHOLE[:8], WHOLE[:12], WHOLE[:500], b"\x89PNG\r\n\x1a\n" + bytes(99)],
)
def test_garbage_and_cuts_inside_the_header_are_no_episode(tmp_path: Path, data: bytes) -> None:
    verify_one(write(tmp_path / "x.dyad", data), Answer.NO_EPISODE, 2)


def test_a_copy_in_text_mode_is_no_episode_and_says_why(tmp_path: Path) -> None:
    path = write(tmp_path / "x.dyad", WHOLE.replace(b"\r\n", b"\n"))
    assert "line endings" in verify_one(path, Answer.NO_EPISODE, 2).words


def test_a_missing_path_or_what_is_no_file_is_no_episode(tmp_path: Path) -> None:
    assert "no such file" in verify_one(tmp_path / "nothing.dyad", Answer.NO_EPISODE, 2).words
    verify_one(tmp_path / ("n" * 5000), Answer.NO_EPISODE, 2)
    os.mkfifo(tmp_path / "pipe.dyad")
    assert "no regular file" in verify_one(tmp_path / "pipe.dyad", Answer.NO_EPISODE, 2).words


def test_a_folder_without_an_episode_is_no_episode(tmp_path: Path) -> None:
    write(tmp_path / "notes.txt", b"hello")
    assert verify_one(tmp_path, Answer.NO_EPISODE, 2).words == "none in this folder"


def test_a_local_file_is_counted_whatever_it_is_called(tmp_path: Path) -> None:
    report = verify_paths([write(tmp_path / "x.dyad", golden_local())])
    assert (report.local_files, report.findings) == (1, ())


def test_a_format_of_the_future_is_refused_by_its_number(tmp_path: Path) -> None:
    header = msgpack.unpackb(next(records(WHOLE)).payload)
    record, _ = frame_record(CHAIN_START, HEADER, 1, msgpack.packb({**header, "format": 2}))
    finding = verify_one(write(tmp_path / "x.dyad", MAGIC + record), Answer.NO_EPISODE, 2)
    assert "header format: expected 1, came int 2" in finding.words


# --- names ------------------------------------------------------------------------------------------------------------


def test_a_file_under_another_episodes_name_is_misnamed(tmp_path: Path) -> None:
    taken = tmp_path / episode_folder(TERMS) / canonical_name(TERMS, sha256(WHOLE).hexdigest())
    taken.parent.mkdir(parents=True)
    finding = verify_one(write(taken, OTHER), Answer.MISNAMED, 1)
    assert "ep-001" in finding.words
    assert "ep-002" in finding.words


def test_other_content_of_the_same_episode_under_a_name_is_misnamed(tmp_path: Path) -> None:
    finding = verify_one(put(tmp_path, CUT, named=WHOLE), Answer.MISNAMED, 1)
    assert sha256(WHOLE).hexdigest()[:8] in finding.words
    assert sha256(CUT).hexdigest()[:8] in finding.words


def test_a_file_in_another_episodes_folder_is_misnamed(tmp_path: Path) -> None:
    path = tmp_path / episode_folder(TERMS) / canonical_name(OTHER_TERMS, sha256(OTHER).hexdigest())
    path.parent.mkdir(parents=True)
    assert verify_one(write(path, OTHER), Answer.MISNAMED, 1).words.startswith("folder: says ")


def test_a_name_of_ones_own_says_nothing_wrong(tmp_path: Path) -> None:
    verify_one(write(tmp_path / "my copy.dyad", WHOLE), Answer.GOOD, 0)
    verify_one(write(tmp_path / "attachment.bin", WHOLE), Answer.GOOD, 0)


def test_ids_that_no_folder_can_carry_do_not_fit_a_name_of_ours(tmp_path: Path) -> None:
    terms = replace(TERMS, terms=replace(TERMS.terms, dyad="a/b"))
    data = file_bytes(terms, ROWS, FINISHED)
    verify_one(write(tmp_path / "x.dyad", data), Answer.GOOD, 0)
    finding = verify_one(put(tmp_path, data), Answer.MISNAMED, 1)
    assert "an id that fits no name" in finding.words


def test_damage_is_worse_than_a_wrong_name(tmp_path: Path) -> None:
    verify_one(put(tmp_path, file_bytes(TERMS, differing(31), FINISHED), named=WHOLE), Answer.DAMAGED, 1)


# --- two seats --------------------------------------------------------------------------------------------------------


def verify_pair(tmp_path: Path, left: bytes, right: bytes) -> Report:
    return verify_paths([put(tmp_path / "left", left).parent, put(tmp_path / "right", right).parent])


def test_equal_records_of_both_seats_are_equal(tmp_path: Path) -> None:
    report = verify_pair(tmp_path, WHOLE, WHOLE)
    (episode,) = report.episodes
    assert (episode.answer, episode.pairing, report.exit_code) == (Answer.GOOD, Pairing.EQUAL, 0)
    assert (episode.rows, episode.reason, len(episode.hashes)) == (75, "finished", 1)


@pytest.mark.parametrize("end", [End(Reason.CUT, 40), End(Reason.RECOVERED, 40)])
def test_a_partial_record_beside_a_longer_one_is_its_prefix(tmp_path: Path, end: End) -> None:
    report = verify_pair(tmp_path, file_bytes(TERMS, ROWS[:40], end), WHOLE)
    (episode,) = report.episodes
    assert (episode.answer, episode.pairing, report.exit_code) == (Answer.PARTIAL, Pairing.PREFIX, 0)


def test_records_that_differ_are_diverged_with_frame_field_and_both_values(tmp_path: Path) -> None:
    report = verify_pair(tmp_path, file_bytes(TERMS, differing(31)[:40], End(Reason.CUT, 40)), WHOLE)
    (episode,) = report.episodes
    assert (episode.pairing, report.exit_code) == (Pairing.DIVERGED, 1)
    assert episode.difference is not None
    assert (episode.difference.frame, episode.difference.field) == (31, "digest")
    assert {episode.difference.ours, episode.difference.theirs} == {decode_row(ROWS[31]).digest.hex(), "f" * 16}


def test_records_that_differ_are_found_without_the_game(tmp_path: Path) -> None:
    """Both are legal bytes of a version that cannot be played here: only their parity can be judged."""
    old = replace(TERMS, terms=replace(TERMS.terms, game_version="0"))
    left, right = file_bytes(old, ROWS, FINISHED), file_bytes(old, differing(31), FINISHED)
    report = verify_paths([put(tmp_path / "left", left, old), put(tmp_path / "right", right, old)])
    (episode,) = report.episodes
    assert (episode.answer, episode.pairing) == (Answer.DIVERGED, Pairing.DIVERGED)


def test_another_header_of_the_same_episode_is_diverged(tmp_path: Path) -> None:
    terms = replace(TERMS, terms=replace(TERMS.terms, window_frames=9))
    report = verify_pair(tmp_path, WHOLE, file_bytes(terms, ROWS, FINISHED))
    difference = report.episodes[0].difference
    assert difference is not None
    assert (difference.frame, difference.field) == (-1, "window_frames")
    assert {difference.ours, difference.theirs} == {"15", "9"}


def test_a_torn_file_is_compared_too(tmp_path: Path) -> None:
    report = verify_pair(tmp_path, WHOLE[:-10], WHOLE)
    (episode,) = report.episodes
    assert (episode.answer, episode.pairing, report.exit_code) == (Answer.TORN, Pairing.PREFIX, 1)


def test_episodes_of_other_runs_are_not_partners(tmp_path: Path) -> None:
    other = make_terms(GAME, run="f" * 16)
    put(tmp_path, WHOLE)
    put(tmp_path, file_bytes(other, ROWS[:10], End(Reason.CUT, 10)), other)
    assert [episode.pairing for episode in verify_paths([tmp_path]).episodes] == [Pairing.ONE_SEAT, Pairing.ONE_SEAT]


# --- shares and stations ----------------------------------------------------------------------------------------------


def test_on_a_share_two_claims_of_one_file_make_it_equal(tmp_path: Path) -> None:
    put(tmp_path, WHOLE)
    put_claim(tmp_path, Seat.LEFT, WHOLE, FINISHED)
    assert verify_paths([tmp_path]).episodes[0].pairing is Pairing.ONE_SEAT
    put_claim(tmp_path, Seat.RIGHT, WHOLE, FINISHED)
    report = verify_paths([tmp_path])
    assert report.episodes[0].pairing is Pairing.EQUAL
    assert report.exit_code == 0


def test_a_claimed_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    put(tmp_path, WHOLE)
    put_claim(tmp_path, Seat.RIGHT, CUT, End(Reason.CUT, 40))
    report = verify_paths([tmp_path])
    (episode,) = report.episodes
    assert (episode.answer, report.exit_code) == (Answer.MISSING, 1)
    assert "right claims" in episode.words[0]


def test_a_claim_without_any_file_is_missing(tmp_path: Path) -> None:
    put_claim(tmp_path, Seat.RIGHT, CUT, End(Reason.CUT, 40))
    report = verify_paths([tmp_path])
    assert [stray.answer for stray in report.strays] == [Answer.MISSING]
    assert report.exit_code == 1


def test_a_damaged_claim_is_named(tmp_path: Path) -> None:
    put(tmp_path, WHOLE)
    claim = put_claim(tmp_path, Seat.LEFT, WHOLE, FINISHED)
    claim.write_bytes(claim.read_bytes()[:50])
    report = verify_paths([tmp_path])
    assert [(stray.path, stray.answer) for stray in report.strays] == [(claim, Answer.DAMAGED)]
    assert report.exit_code == 1


def test_local_files_are_counted_and_what_a_recovery_set_aside_too(tmp_path: Path) -> None:
    put(tmp_path / "episodes", WHOLE)
    for place, data in {
        "episodes/x.dyadlog": golden_local(),
        "recording/draft/local.dyadlog.part": golden_local(),
        "recording/draft/claim.json.part": b"{}",
        "torn/draft/canonical.dyad.part": WHOLE[:-10],
        "station.json": b"{}",
    }.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(data)
    report = verify_paths([tmp_path])
    assert (report.local_files, report.set_aside, report.exit_code) == (2, 1, 0)
    verify_one(tmp_path / "torn/draft/canonical.dyad.part", Answer.TORN, 1)


def test_a_part_that_is_still_written_is_torn(tmp_path: Path) -> None:
    part = tmp_path / "recording" / "draft" / "canonical.dyad.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(file_bytes(TERMS, ROWS, None))
    assert verify_paths([tmp_path]).exit_code == 1


def test_a_share_below_a_folder_called_torn_is_not_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "torn", WHOLE)
    assert verify_paths([tmp_path / "torn"]).set_aside == 0


def test_a_file_that_is_named_twice_is_judged_once(tmp_path: Path) -> None:
    path = put(tmp_path, WHOLE)
    report = verify_paths([path, tmp_path, path.parent])
    assert len(report.findings) == 1
    assert report.episodes[0].pairing is Pairing.ONE_SEAT


@pytest.mark.parametrize(("codes", "worst"), [((WHOLE,), 0), ((WHOLE, b"junk"), 2), ((WHOLE[:-9], b"junk"), 2)])
def test_the_exit_code_is_the_largest(tmp_path: Path, codes: Sequence[bytes], worst: int) -> None:
    paths = [write(tmp_path / f"{index}.dyad", data) for index, data in enumerate(codes)]
    assert verify_paths(paths).exit_code == worst


def test_nothing_at_all_is_no_episode() -> None:
    assert verify_paths([]).exit_code == 2


def test_progress_is_told_file_by_file(tmp_path: Path) -> None:
    put(tmp_path, WHOLE)
    put(tmp_path, OTHER, OTHER_TERMS)
    told: list[tuple[int, int, Path]] = []
    verify_paths([tmp_path], progress=lambda done, total, path: told.append((done, total, path)))
    assert [(done, total) for done, total, _ in told] == [(1, 2), (2, 2)]


def test_verification_changes_nothing(tmp_path: Path) -> None:
    put(tmp_path, WHOLE)
    put(tmp_path, WHOLE[:-5], named=WHOLE)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*") if path.is_file()}
    verify_paths([tmp_path])
    assert before == {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*") if path.is_file()
    }


# --- the report -------------------------------------------------------------------------------------------------------


def test_the_report_is_plain_json(tmp_path: Path) -> None:
    report = verify_pair(tmp_path, file_bytes(TERMS, differing(31), FINISHED), WHOLE)
    told = json.loads(json.dumps(report.to_json()))
    assert (told["ok"], told["exit_code"]) == (False, 1)
    (episode,) = told["episodes"]
    assert (episode["run"], episode["episode"], episode["pairing"]) == (TERMS.run, 0, "diverged")
    assert (episode["difference"]["frame"], episode["difference"]["field"]) == (31, "digest")
    assert {file["answer"] for file in episode["files"]} == {"damaged", "good"}


def test_every_problem_names_file_frame_field_ours_and_theirs(tmp_path: Path) -> None:
    report = verify_pair(tmp_path, file_bytes(TERMS, differing(31), FINISHED), WHOLE)
    computed = decode_row(ROWS[31]).digest.hex()
    alone, between = report.problems
    assert (alone.answer, alone.frame, alone.field) == (Answer.DAMAGED, 31, "digest")
    assert (alone.ours, alone.theirs, alone.against) == (computed, "f" * 16, None)
    assert (between.answer, between.frame, between.field) == (Answer.DIVERGED, 31, "digest")
    held = {between.file: between.ours, between.against: between.theirs}
    assert held[alone.file] == "f" * 16
    assert sorted(held.values()) == sorted([computed, "f" * 16])
    told = json.loads(json.dumps(report.to_json()))["problems"]
    assert [problem["field"] for problem in told] == ["digest", "digest"]
    assert told[0]["against"] is None


def test_what_is_good_or_partial_is_no_problem(tmp_path: Path) -> None:
    assert verify_pair(tmp_path, CUT, WHOLE).problems == ()


def test_a_session_has_a_line_of_its_own(tmp_path: Path) -> None:
    put(tmp_path, WHOLE)
    put(tmp_path, OTHER[:-5], OTHER_TERMS)
    table = print_report(verify_paths([tmp_path]))
    (row,) = table.session_rows
    assert row.exit_code == 1
    assert row.cells == ("pilot", "12", "1", TERMS.run, "2", "150", "2 one seat", "1 good, 1 torn")


def test_the_table_has_a_line_per_episode_and_words_for_what_is_wrong(tmp_path: Path) -> None:
    put(tmp_path, WHOLE)
    put(tmp_path, OTHER[:-5], OTHER_TERMS)
    junk = write(tmp_path / "junk.dyad", b"junk")
    table = print_report(verify_paths([tmp_path]))
    assert [row.exit_code for row in table.rows] == [0, 1]
    assert all(len(row.cells) == len(table.columns) for row in table.rows)
    assert table.rows[0].cells[:8] == ("pilot", "12", "1", "1", "75", "finished", "one seat", "good")
    assert any(str(junk) in line for line in table.details)
    assert any("torn" in line for line in table.details)
    assert table.summary == "1 good, 1 torn, 1 no episode"


def test_what_could_not_be_played_again_is_told_although_it_exits_with_0(tmp_path: Path) -> None:
    terms = replace(TERMS, terms=replace(TERMS.terms, game_version="0"))
    put(tmp_path, file_bytes(terms, ROWS, FINISHED), terms)
    table = print_report(verify_paths([tmp_path]))
    assert table.rows[0].exit_code == 0
    assert any("version 0 of foraging" in line for line in table.details)


def test_an_input_that_the_game_does_not_know_is_damage(tmp_path: Path) -> None:
    row = decode_row(ROWS[20])
    rows = list(ROWS)
    rows[20] = encode_row(20, (Input(6), Input(0)), row.rewards, row.done, row.events, row.facts, row.digest)
    finding = verify_one(put(tmp_path, file_bytes(TERMS, rows, FINISHED)), Answer.DAMAGED, 1)
    assert "left_action: expected below 6, came 6" in finding.words
