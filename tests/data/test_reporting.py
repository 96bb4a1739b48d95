"""A study in figures: what they say is held against how its episodes were made."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from shutil import copytree

import pytest

from data.episode_format import Row, read_episode
from data.files import Disk
from data.findings import Answer, Pairing
from data.inspection.clocks import Trip
from data.local_format import LocalEncoder, read_local
from data.outbox import State
from data.recovery import recover
from data.reporting.clocks import session_clock
from data.reporting.delivery import Delivery
from data.reporting.exclusions import Thresholds, suggestions
from data.reporting.life import MOST_PROBES, Life, thinned
from data.reporting.play import MOST_STEPS, Play, bin_frames_for, play_of
from data.reporting.reporting import EpisodeReport, ReportingError, StudyReport, report_on
from data.search import find
from data.station import open_station
from games.contract import Seat
from netcode.limits import MILLISECOND, SECOND
from netcode.vocabulary import AWAY, CATCHING_UP, Input, Reason
from tests.support import lived
from tests.support.synthetic import (
    WRONG_EVERY,
    WRONG_FRAMES,
    Plan,
    Played,
    cut_short,
    play_bots,
    synthetic_terms,
    was_untrue,
    write_episode,
)

PLAN = Plan(episodes=6, dyads=2, frames=120)
EPISODES = [play_bots(synthetic_terms(PLAN, number)) for number in range(6)]


def rows_of(played: Played) -> tuple[Row, ...]:
    return read_episode(played.data).frames


def reported(folder: Path, **options: object) -> StudyReport:
    return report_on([folder], **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two dyads; the second episode of the first one was cut, and of the third only the left seat has delivered."""
    folder = tmp_path_factory.mktemp("study")
    write_episode(folder, EPISODES[0])
    write_episode(folder, cut_short(EPISODES[1], 50))
    write_episode(folder, EPISODES[2], [Seat.LEFT])
    for played in EPISODES[3:]:
        write_episode(folder, played)
    return folder


@pytest.fixture(scope="module")
def report(study: Path) -> StudyReport:
    return reported(study)


def only(folder: Path) -> EpisodeReport:
    (episode,) = reported(folder).episodes
    return episode


# --- what was played --------------------------------------------------------------------------------------------------


def test_a_score_ends_where_the_games_own_column_ends(report: StudyReport) -> None:
    for episode, played in zip(report.episodes, EPISODES, strict=True):
        assert episode.play is not None
        columns = [name for name, *_ in played.terms.terms.columns]
        facts = rows_of(played)[episode.play.frames - 1].facts
        assert {curve.name: curve.last for curve in episode.play.curves} == {
            name: facts[columns.index(name)] for name in ("left_score", "right_score", "common")
        }


def test_a_curve_has_every_change_of_a_score_and_nothing_else(report: StudyReport) -> None:
    play, rows = report.episodes[0].play, rows_of(EPISODES[0])
    assert play is not None
    place = [name for name, *_ in EPISODES[0].terms.terms.columns].index("common")
    values = [row.facts[place] for row in rows]
    (curve,) = [curve for curve in play.curves if curve.name == "common"]
    changes = [(frame, now) for frame, now in enumerate(values) if frame and now != values[frame - 1]]
    assert list(curve.steps) == [(0, values[0]), *changes, (len(rows) - 1, values[-1])]


def test_a_long_curve_is_thinned_and_keeps_its_end() -> None:
    base = rows_of(EPISODES[0])[0]
    place = [name for name, *_ in EPISODES[0].terms.terms.columns].index("common")
    rows = [
        base._replace(frame=frame, facts=(*base.facts[:place], frame, *base.facts[place + 1 :]))
        for frame in range(5000)
    ]
    curves = {curve.name: curve for curve in play_of(EPISODES[0].terms.terms, rows, 100).curves}
    assert len(curves["common"].steps) <= MOST_STEPS + 1
    assert curves["common"].last == 4999


def test_positions_count_each_frame_once_in_the_cell_that_the_record_names(report: StudyReport) -> None:
    play, rows = report.episodes[0].play, rows_of(EPISODES[0])
    assert play is not None
    names = [name for name, *_ in EPISODES[0].terms.terms.columns]
    for seat in Seat:
        x, y = (names.index(f"{seat.word}_{axis}") for axis in "xy")
        assert play.positions[seat] == Counter((row.facts[x], row.facts[y]) for row in rows)
        assert play.positions[seat].total() == 120


def test_a_game_without_places_or_scores_has_no_map_and_its_rewards_added_up() -> None:
    terms = replace(EPISODES[0].terms.terms, columns=(("phase", "int", "", "what is going on"),))
    rows = [row._replace(facts=(1,)) for row in rows_of(EPISODES[0])]
    play = play_of(terms, rows, 10)
    assert play.positions == {}
    assert {curve.name: curve.last for curve in play.curves} == {
        f"{seat.word} rewards": sum(row.rewards[seat] for row in rows) for seat in Seat
    }


def test_what_a_seat_did_not_choose_because_it_was_away_is_no_action_of_its(report: StudyReport) -> None:
    play, rows = report.episodes[0].play, rows_of(EPISODES[0])
    assert play is not None
    for seat in Seat:
        chosen = Counter(row.inputs[seat].action for row in rows if not row.inputs[seat].flags & AWAY)
        away = sum(bool(row.inputs[seat].flags & AWAY) for row in rows)
        sums = [sum(counts) for counts in zip(*play.actions[seat], strict=True)]
        assert sums == [*(chosen[action] for action in range(len(sums) - 2)), 0, away]
        assert play.away_frames[seat] == away
    assert play.away_frames[Seat.LEFT] == 30
    assert [counts[-1] for counts in play.actions[Seat.RIGHT]] == [0] * len(play.actions[Seat.RIGHT])


def test_an_action_that_the_game_does_not_name_is_counted_apart() -> None:
    base = rows_of(EPISODES[0])[0]
    play = play_of(EPISODES[0].terms.terms, [base._replace(inputs=(Input(99), Input(0)))], 1)
    assert play.actions[Seat.LEFT][0][-2:] == (1, 0)


def test_stretches_of_absence_have_their_first_frame_and_their_end() -> None:
    base = rows_of(EPISODES[0])[0]
    flags = [0, AWAY, AWAY | CATCHING_UP, CATCHING_UP, 0, AWAY]
    rows = [base._replace(frame=frame, inputs=(Input(0), Input(0, flag))) for frame, flag in enumerate(flags)]
    told = play_of(EPISODES[0].terms.terms, rows, 1).absences
    assert [tuple(absence) for absence in told] == [
        (Seat.RIGHT, "away", 1, 3),
        (Seat.RIGHT, "catching up", 3, 4),
        (Seat.RIGHT, "away", 5, 6),
    ]


def test_bins_follow_the_length_that_was_agreed_and_not_the_one_that_was_played() -> None:
    assert bin_frames_for({"frames": 2400}, 50) == 100
    assert bin_frames_for({}, 240) == 10
    assert bin_frames_for({}, 0) == 1


# --- how it was lived -------------------------------------------------------------------------------------------------


def test_rollbacks_guesses_and_untrue_pictures_are_those_that_were_noted(report: StudyReport) -> None:
    life = report.episodes[0].life
    assert life is not None
    told = life.summary.seats["left"]
    wrong = len(range(WRONG_EVERY + WRONG_FRAMES, 120, WRONG_EVERY))
    assert told.rollbacks == wrong
    assert life.depths[Seat.LEFT] == Counter({WRONG_FRAMES: wrong})
    assert told.untrue_drawings == sum(map(was_untrue, range(120)))
    assert life.began_ns == 1_750_000_000_000_000_000


def test_a_standstill_and_the_hold_it_made_stand_at_their_frames(tmp_path: Path) -> None:
    freeze = lived.Freeze(Seat.RIGHT, 100, 3 * SECOND // 2)
    for side in lived.live(lived.Life(frames=200, freezes=(freeze,))):
        lived.write(side, tmp_path)
    life = only(tmp_path).life
    assert life is not None
    kinds = {(stop.seat, stop.kind): stop for stop in life.stops}
    assert set(kinds) == {(Seat.RIGHT, "stood still"), (Seat.LEFT, "held")}
    assert abs(kinds[Seat.RIGHT, "stood still"].frame - 100) <= 1
    assert 100 < kinds[Seat.LEFT, "held"].frame <= 100 + 30 + 5


def test_probes_are_thinned_evenly() -> None:
    trips = [Trip(at, at, at, at) for at in range(1000)]
    kept = thinned(trips, MOST_PROBES)
    assert len(kept) <= MOST_PROBES
    assert {later.sent - earlier.sent for earlier, later in pairwise(kept)} == {5}
    assert thinned(trips[:3], MOST_PROBES) == tuple(trips[:3])


# --- clocks of a session ----------------------------------------------------------------------------------------------


def probed(life: Life, start_ns: int, offset_ns: int, drift_ppm: float, jitter_ns: int = 0) -> Life:
    """The same life with a probe of each seat every half second for 20 s, over a symmetric network."""

    def right(left_ns: int) -> int:
        return left_ns + offset_ns + round(drift_ppm * left_ns / 1_000_000)

    way = 2 * MILLISECOND
    probes = {}
    for seat in Seat:
        trips = []
        for number in range(40):
            t0 = start_ns + number * SECOND // 2
            # Now and then one way alone takes longer, which moves that probe's offset.
            t1 = t0 + way + (jitter_ns if number % 4 == 3 else 0)
            t2, t3 = t1 + MILLISECOND, t1 + MILLISECOND + way
            mine, other = (int, right) if seat is Seat.LEFT else (right, int)
            trips.append(Trip(mine(t0), other(t1), other(t2), mine(t3)))
        probes[seat] = tuple(trips)
    return replace(life, probes=probes)


@pytest.fixture(scope="module")
def a_life(report: StudyReport) -> Life:
    life = report.episodes[0].life
    assert life is not None
    return life


def test_a_drift_that_no_episode_can_show_is_seen_over_the_session(a_life: Life) -> None:
    clock = session_clock([probed(a_life, at * 60 * SECOND, 7 * SECOND, 12.0, 9 * MILLISECOND) for at in range(10)])
    assert clock.line is not None
    assert abs(clock.line.drift_ppb / 1000 - 12.0) < 0.5
    assert len(clock.points) == 10 * 80
    assert [point.at_seconds for point in clock.points] == sorted(point.at_seconds for point in clock.points)
    typical = [point for point in clock.points if point.round_trip_ns < 5 * MILLISECOND]
    assert all(abs(point.offset_ns - clock.offset_at(point.at_seconds)) < 50_000 for point in typical)


def test_a_machine_that_was_started_anew_breaks_the_line_and_hides_no_probe(a_life: Life) -> None:
    clock = session_clock([probed(a_life, 0, 7 * SECOND, 0.0), probed(a_life, 60 * SECOND, 9000 * SECOND, 0.0)])
    assert clock.line is None
    assert len(clock.points) == 2 * 80
    assert max(abs(point.offset_ns) for point in clock.points) < MILLISECOND


def test_without_probes_there_is_no_clock(a_life: Life) -> None:
    assert session_clock([replace(a_life, probes={})]).points == ()


# --- suggestions ------------------------------------------------------------------------------------------------------

LATE_P99_MS = sorted(frame * 7919 % 2_000_000 for frame in range(120))[118] / MILLISECOND
"""By nearest rank: the 119th of 120 ticks, as the notes were made up."""
NEVER = Thresholds(100.0, 100.0, 1e9, 1e9, 100.0)


def rules(episode: EpisodeReport, limits: Thresholds) -> list[str]:
    return [each.rule for each in suggestions(episode.finding, episode.play, episode.life, limits)]


def test_a_whole_equal_episode_that_is_over_no_limit_is_not_named(report: StudyReport) -> None:
    assert rules(report.episodes[0], NEVER) == []


@pytest.mark.parametrize(
    ("name", "least"),
    [("away_percent", 25.0), ("untrue_percent", 5.0), ("round_trip_ms", 1.4), ("late_ms", LATE_P99_MS)],
)
def test_a_limit_is_exceeded_by_more_and_not_by_as_much(report: StudyReport, name: str, least: float) -> None:
    at_limit, below = (replace(NEVER, **{name: least + more}) for more in (0.001, -0.001))
    assert rules(report.episodes[0], at_limit) == []
    assert set(rules(report.episodes[0], below)) == {name}


def test_holds_are_a_reason_of_their_own(tmp_path: Path) -> None:
    for side in lived.live(lived.Life(frames=200, freezes=(lived.Freeze(Seat.RIGHT, 100, 3 * SECOND // 2),))):
        lived.write(side, tmp_path)
    words = [each.words for each in only(tmp_path).suggestions if each.rule == "held_percent"]
    assert len(words) == 1
    assert words[0].startswith("left was held in ")


def test_an_episode_that_was_cut_is_named_with_its_length(report: StudyReport) -> None:
    told = {each.rule: each.words for each in report.episodes[1].suggestions}
    assert told["ended"] == "cut after 50 frames"
    assert told["verify"] == "good, partial"


def test_the_record_of_one_seat_alone_is_named_with_the_notes_that_are_missing(report: StudyReport) -> None:
    told = {each.rule: each.words for each in report.episodes[2].suggestions}
    assert told["records"] == "only one seat's record is here"
    assert told["notes"] == "no notes of the right machine"


# --- delivery ---------------------------------------------------------------------------------------------------------


def test_of_a_share_it_is_told_what_has_not_arrived(report: StudyReport) -> None:
    assert [episode.deliveries[0].is_received for episode in report.episodes] == [True, True, False, True, True, True]
    assert report.episodes[2].deliveries[0].words().endswith(": without right's claim and notes")
    assert report.episodes[0].deliveries[0].words().endswith(": all files of both seats")


def test_of_a_station_it_is_told_how_far_each_file_is(tmp_path: Path) -> None:
    disk = Disk()
    station = open_station(tmp_path / "lab-7", str(tmp_path / "share"), disk)
    write_episode(station.episodes, EPISODES[0], [Seat.LEFT])
    assert only(station.home).deliveries == (Delivery("station lab-7", {State.FINAL: 3}),)
    recover(station.home, disk=disk)
    (delivery,) = only(station.home).deliveries
    assert delivery.states == {State.QUEUED: 3}
    assert not delivery.is_received


# --- all of it --------------------------------------------------------------------------------------------------------


def test_sessions_stand_in_the_order_in_which_people_count(tmp_path: Path) -> None:
    plan = Plan(episodes=11, dyads=11, frames=10)
    for number in (10, 1, 0):
        write_episode(tmp_path, play_bots(synthetic_terms(plan, number)))
    assert [session.dyad for session in reported(tmp_path).sessions] == ["1", "2", "11"]


def test_a_report_is_the_same_for_any_number_of_processes_and_wherever_the_files_lie(
    study: Path, report: StudyReport, tmp_path: Path
) -> None:
    heard: list[tuple[int, int]] = []
    again = reported(study, jobs=2, told=lambda done, total: heard.append((done, total)))
    assert again == report
    assert heard == [(done, 6) for done in range(1, 7)]
    moved = reported(copytree(study, tmp_path / study.name))
    assert [episode.play for episode in moved.episodes] == [episode.play for episode in report.episodes]
    assert [episode.life for episode in moved.episodes] == [episode.life for episode in report.episodes]


def test_episodes_that_cannot_be_read_have_a_line_and_a_reason(tmp_path: Path) -> None:
    canonical, *_ = write_episode(tmp_path, EPISODES[0])
    canonical.write_bytes(EPISODES[0].data[:-9])
    episode = only(tmp_path)
    assert (episode.finding.answer, episode.play, episode.life) == (Answer.TORN, None, None)
    assert "then the file stops" in episode.words[0]


@pytest.mark.parametrize("ruin", [lambda data: b"junk", lambda data: data[:20]], ids=["junk", "no header"])
def test_notes_that_cannot_be_read_are_told_and_the_rows_are_reported(tmp_path: Path, ruin: object) -> None:
    _, left, *_ = write_episode(tmp_path, EPISODES[0])
    left.write_bytes(ruin(left.read_bytes()))  # type: ignore[operator]
    episode = only(tmp_path)
    assert episode.play is not None
    assert episode.life is not None
    assert list(episode.life.summary.seats) == ["right"]
    assert "a local file that cannot be read" in episode.words[0]


def renoted(data: bytes, *ticks: tuple[int, ...]) -> bytes:
    """A local file with sums of its own that holds nothing but ticks: (frame, frames that were verified by then)."""
    header = read_local(data).header
    encoder = LocalEncoder(header)
    parts = [encoder.start()]
    for frame, verified in ticks:
        encoder.add("tick", frame, 5, 5, 5, 5, verified, 0, 0, False, -1, 0, 0, -1, b"", 1, 0, "", 0, 0)
    return b"".join([*parts, encoder.end({})])


@pytest.mark.parametrize(
    ("ticks", "words"), [((), "not one tick was noted"), (((2**40, 0),), "frame 1099511627776 is named after 1 ticks")]
)
def test_notes_that_cannot_be_true_cost_the_other_seat_nothing(
    tmp_path: Path, ticks: tuple[tuple[int, ...], ...], words: str
) -> None:
    _, left, *_ = write_episode(tmp_path, EPISODES[0])
    left.write_bytes(renoted(left.read_bytes(), *ticks))
    episode = only(tmp_path)
    assert any(words in told for told in episode.words)
    assert episode.life is not None
    assert list(episode.life.summary.seats) == ["right"]


def test_a_tick_that_has_verified_more_than_was_played_fills_no_memory(tmp_path: Path) -> None:
    _, left, *_ = write_episode(tmp_path, EPISODES[0])
    left.write_bytes(renoted(left.read_bytes(), (1, 2**40)))
    life = only(tmp_path).life
    assert life is not None
    assert list(life.summary.seats) == ["left", "right"]


def test_a_local_file_under_another_episodes_name_is_not_believed(tmp_path: Path) -> None:
    _, left, *_ = write_episode(tmp_path, EPISODES[0])
    _, other, *_ = write_episode(tmp_path, EPISODES[1])
    left.write_bytes(other.read_bytes())
    episode = reported(tmp_path).episodes[0]
    assert "a local file of another episode or seat" in episode.words[0]
    assert episode.life is not None
    assert list(episode.life.summary.seats) == ["right"]


def test_of_records_that_part_the_longer_one_is_drawn_and_both_are_named(tmp_path: Path) -> None:
    write_episode(tmp_path, cut_short(EPISODES[0], 60, Reason.DIVERGED), [Seat.LEFT])
    write_episode(tmp_path, cut_short(EPISODES[0], 70, Reason.DIVERGED), [Seat.RIGHT])
    episode = only(tmp_path)
    assert episode.finding.answer is Answer.DIVERGED
    assert episode.finding.pairing in (Pairing.PREFIX, Pairing.DIVERGED)
    assert isinstance(episode.play, Play)
    assert episode.play.frames == 70


def test_nothing_to_report_on_is_a_mistake_with_words(tmp_path: Path) -> None:
    with pytest.raises(ReportingError, match="no such file or folder"):
        report_on([tmp_path / "nowhere"])
    with pytest.raises(ReportingError, match="no episode under"):
        report_on([tmp_path])
    assert find([tmp_path]).files == ()
