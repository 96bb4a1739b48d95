"""What a seat was shown is computed again, picture for picture; what cannot be is said to be lost."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from client.replay.files import open_replay
from client.replay.playhead import Position
from client.replay.record import Record
from client.replay.scenes import Scenes
from client.replay.sights import LateSights, Seen, seen_by
from client.replay.strip import Choice
from client.texts import Texts
from data.episode_format import read_prefix
from data.inspection.files import Choice as Which
from data.inspection.files import find_records
from data.inspection.inspection import inspect_records
from data.local_format import Entry, Local, read_local
from games.contract import NEUTRAL_ACTION, Seat
from netcode.limits import MILLISECOND, SECOND
from netcode.timeline import Predicted, Timeline
from tests.support.lived import Absence, Freeze, Life, Lived
from tests.support.replayed import ROUGH, recorded

LIVES = {
    "a quiet network": Life(frames=120),
    "lag alone": Life(frames=120, tick_rate=30, lag_ns=90 * MILLISECOND),
    "rough": ROUGH,
    "rough, otherwise": replace(ROUGH, seed=4, delay_frames=3, tick_rate=60, window_frames=30),
    "a full window": replace(ROUGH, window_frames=4, seed=9),
    "lockstep": Life(frames=90, window_frames=0, lag_ns=20 * MILLISECOND),
    "stood still while away": Life(
        frames=200,
        jitter_ns=40 * MILLISECOND,
        absences=(Absence(Seat.LEFT, 40, 120),),
        freezes=(Freeze(Seat.LEFT, 60, SECOND),),
    ),
    "cut": replace(ROUGH, cut_at=100),
    "left": replace(ROUGH, quits_at=130),
}


def pictures(seen: Seen) -> list[tuple[int, object]]:
    """The new pictures of each frame."""
    drawn = [each for each in seen.moments if each is not None and each.is_new]
    return [(each.sight.count, each.sight.state) for each in drawn if each.sight is not None]


def flipped(lived: Lived, seen: Seen) -> list[tuple[int, object]]:
    """What the window really showed at the first drawing of each frame that the replay has."""
    frames = {each.tick.flip_ns for each in seen.moments if each is not None and each.is_new}
    assert lived.tape is not None
    ticks = [tick for tick in local_of(lived).of("tick") if tick["shown_digest"]]
    assert len(ticks) == len(lived.shown)
    pairs = zip(ticks, lived.shown, strict=True)
    return [(shown.frame, shown.state) for tick, shown in pairs if tick["flip_ns"] in frames]


def local_of(lived: Lived) -> Local:
    assert lived.tape is not None
    return read_local(b"".join(lived.tape.local))


def record_of(folder: Path) -> Record:
    return open_replay(folder).scenes.record


@pytest.mark.parametrize("name", LIVES)
def test_every_picture_of_both_seats_is_what_its_window_really_showed(name: str, tmp_path: Path) -> None:
    folder, seats = recorded(LIVES[name], tmp_path)
    record = record_of(folder)
    for lived in seats:
        seen = seen_by(record, local_of(lived))
        assert seen.lost_frames == ()
        assert pictures(seen) == flipped(lived, seen)


@pytest.mark.parametrize("name", ["rough", "a full window"])
def test_what_was_untrue_is_what_the_inspection_finds_untrue(name: str, tmp_path: Path) -> None:
    folder, _ = recorded(LIVES[name], tmp_path)
    tables = inspect_records(find_records((folder,), Which())).seats
    found = 0
    for seat, seen in open_replay(folder).scenes.seen.items():
        for frame, (moment, note) in enumerate(zip(seen.moments, tables[seat].frames, strict=True)):
            assert moment is not None
            assert note is not None
            is_new = note.truth != ""
            assert moment.is_new == is_new
            if moment.sight is not None and is_new:
                assert moment.sight.truth == note.truth, f"{seat.word} frame {frame}"
        found += len(seen.untrue_frames)
    assert found > 20, "these episodes are there to be untrue now and then"


def test_untrue_pictures_differ_from_the_truth_and_true_ones_do_not(tmp_path: Path) -> None:
    folder, _ = recorded(ROUGH, tmp_path)
    replay = open_replay(folder)
    record = replay.scenes.record
    for seen in replay.scenes.seen.values():
        for moment in seen.moments:
            if moment is not None and moment.sight is not None:
                is_true = moment.sight.state == record.states[moment.sight.count]
                assert moment.sight.truth == ("true" if is_true else "untrue")


def test_a_parked_seat_saw_the_frame_at_which_it_left_and_then_passed_quickly_through_the_rest(tmp_path: Path) -> None:
    folder, _ = recorded(ROUGH, tmp_path)
    moments = open_replay(folder).scenes.seen[Seat.LEFT].moments
    parked = [each.sight for each in moments[70:95] if each is not None]
    assert {sight.count for sight in parked if sight is not None} == {60}
    passing = [each.sight for each in moments[100:140] if each is not None and each.sight is not None]
    moving = [sight for sight in passing if sight.missed_frames]
    assert moving
    assert {sight.missed_frames for sight in moving} == {40}
    counts = [sight.count for sight in passing]
    assert counts == sorted(counts)
    assert passing[-1].is_live


def test_frames_that_a_seat_saw_behind_the_records_end_follow_it_as_what_nobody_confirmed(tmp_path: Path) -> None:
    folder, seats = recorded(LIVES["cut"], tmp_path)
    scenes = open_replay(folder).scenes
    assert scenes.record.frames == max(len(local_rows(lived)) for lived in seats), "the longer record is as true"
    frames = range(scenes.record.frames, scenes.frames)
    assert 0 < len(frames) <= ROUGH.window_frames + 1
    found = 0
    for frame in frames:
        for seat in Seat:
            choice = Choice(seat, is_shown=True, has_figures=True)
            moment = scenes.seen[seat].at(frame)
            verdict = scenes.strips.at(choice, at(frame), 4, is_playing=False).verdicts[0].key
            scenes.picture(choice, at(frame), Texts())
            if moment is None:
                assert verdict == "replay.shown.unknown"
            elif moment.is_new and moment.sight is not None and moment.sight.count > scenes.record.frames:
                found += 1
                assert verdict == "replay.shown.unconfirmed"
                shown = [each.state for each in seats[seat].shown if each.frame == moment.sight.count]
                assert moment.sight.state in shown
        true = scenes.picture(Choice(Seat.LEFT), at(frame), Texts())
        assert true.scene == scenes.record.game.scene(scenes.record.states[-1], Seat.LEFT)
        (told,) = scenes.strips.at(Choice(Seat.LEFT), at(frame), 4, is_playing=False).verdicts
        assert told == ("replay.beyond", (("frames", frame - frames.start + 1),))
    assert found


def test_gone_through_in_slices_a_seat_has_seen_the_same_as_at_once(tmp_path: Path) -> None:
    folder, seats = recorded(ROUGH, tmp_path)
    record, local = record_of(folder), local_of(seats[Seat.LEFT])
    sights, shares = LateSights(record, {Seat.LEFT: local}), [0.0]
    while shares[-1] < 1:
        shares.append(sights.go_on(Seat.LEFT, 50))
    assert len(shares) > 4
    assert shares == sorted(shares)
    assert sights[Seat.LEFT] == seen_by(record, local)
    assert sights.go_on(Seat.LEFT, 50) == 1.0


def local_rows(lived: Lived) -> tuple[bytes, ...]:
    assert lived.tape is not None
    return read_prefix(b"".join(lived.tape.canonical)).rows


def scenes_with(record: Record, seen: Seen) -> Scenes:
    return Scenes(record, {seen.seat: seen}, "")


def at(frame: int) -> Position:
    return Position(frame, 0.0, 0)


def with_digest(local: Local, frame: int) -> Local:
    """The record with another digest for what was shown in the tick of one frame."""
    entries = [
        Entry(entry.kind, (*entry.values[:13], b"\x00" * 8, *entry.values[14:]))
        if entry.kind == "tick" and entry.values[0] == frame + 1
        else entry
        for entry in local.entries
    ]
    return replace(local, entries=tuple(entries))


def test_a_picture_whose_digest_comes_of_no_computation_is_lost_and_never_made_up(tmp_path: Path) -> None:
    folder, seats = recorded(Life(frames=60), tmp_path)
    scenes = open_replay(folder).scenes
    seen = seen_by(scenes.record, with_digest(local_of(seats[0]), 30))
    assert seen.lost_frames == (30,)
    moment = seen.moments[30]
    assert moment is not None
    assert moment.sight is not None
    assert moment.sight.state is None
    told = scenes_with(scenes.record, seen)
    choice = Choice(Seat.LEFT, is_shown=True)
    assert told.picture(choice, at(30), Texts()).scene is None
    assert told.strips.at(choice, at(30), 4, is_playing=False).verdicts[0].key == "replay.shown.lost"
    assert told.picture(choice, at(31), Texts()).scene is not None


def test_behind_the_end_of_a_torn_local_record_nothing_is_known(tmp_path: Path) -> None:
    folder, seats = recorded(Life(frames=90), tmp_path)
    scenes = open_replay(folder).scenes
    local = local_of(seats[1])
    half = replace(local, entries=local.entries[: len(local.entries) // 2])
    told = scenes_with(scenes.record, seen_by(scenes.record, half))
    choice = Choice(Seat.RIGHT, is_shown=True)
    assert told.strips.at(choice, at(10), 4, is_playing=False).verdicts[0].key == "replay.shown.true"
    assert told.strips.at(choice, at(85), 4, is_playing=False).verdicts[0].key == "replay.shown.unknown"
    assert told.picture(choice, at(85), Texts()).scene is None


class NeverGuesses(Timeline[Any]):
    """A mutant: it takes a partner whose input is missing for one who does nothing."""

    def guesses(self, start: int, stop: int) -> list[int]:
        return [NEUTRAL_ACTION] * (stop - start)


class NeverRollsBack(Timeline[Any]):
    """A mutant: what was guessed once stays."""

    def _drop_tail(self) -> list[Predicted]:
        return list(self._tail)


@pytest.mark.parametrize("mutant", [NeverGuesses, NeverRollsBack])
def test_the_checks_catch_a_timeline_that_is_not_the_seats_own(
    mutant: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("client.replay.sights.Timeline", mutant)
    with pytest.raises((AssertionError, IndexError)):
        test_every_picture_of_both_seats_is_what_its_window_really_showed("rough", tmp_path)


ODD = (-(1 << 62), -5, -1, 0, 1, 7, 10**6, 1 << 62)


def spoilt(local: Local, random: Random) -> Local:
    """The record with some values that nobody would write, and some rows out of order."""
    entries = list(local.entries)
    for _ in range(40):
        index = random.randrange(len(entries))
        kind, values = entries[index]
        column = random.randrange(len(values))
        odd = {int: random.choice(ODD), bool: random.random() < 0.5, str: "fast_forward", bytes: b""}
        changed = odd[type(values[column])]
        entries[index] = Entry(kind, (*values[:column], changed, *values[column + 1 :]))
    for _ in range(random.randrange(3)):
        first, second = random.randrange(len(entries)), random.randrange(len(entries))
        entries[first], entries[second] = entries[second], entries[first]
    return replace(local, entries=tuple(entries))


def test_a_local_record_full_of_nonsense_breaks_nothing_and_is_never_taken_for_the_truth(tmp_path: Path) -> None:
    folder, seats = recorded(replace(ROUGH, frames=120), tmp_path)
    record, random = record_of(folder), Random(1)
    for number in range(40):
        seen = seen_by(record, spoilt(local_of(seats[number % 2]), random))
        scenes, choice = scenes_with(record, seen), Choice(seen.seat, is_shown=True, has_figures=True)
        for frame, moment in enumerate(seen.moments):
            sight = moment.sight if moment is not None else None
            assert sight is None or (sight.truth == "lost") == (sight.state is None)
            if sight is not None and sight.truth == "true":
                assert sight.state == record.states[sight.count]
            scenes.picture(choice, at(frame), Texts())
            scenes.strips.at(choice, at(frame), 4, is_playing=False)
