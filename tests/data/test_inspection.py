"""Two seats' records side by side, held against what the network and the machines really did to them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, cast

import msgpack
import pytest

from data.framing import CHAIN_START, LOG, MAGIC, frame_record, records
from data.inspection.clocks import Trip, align, one_way
from data.inspection.files import Choice, InspectionError, SeatRecord, find_records
from data.inspection.inspection import Inspection, LoggedTick, input_of, inspect_records, lay_side_by_side
from data.inspection.stretches import Stretch, heaviest, stretches
from data.inspection.summary import ms, spread, spread_text, summarize, summary_lines, wake_up_lateness
from data.layout import episode_folder
from data.local_kinds import LOCAL_KINDS
from games import registry
from games.contract import Game, Seat, Transition
from netcode.limits import MILLISECOND, SECOND
from netcode.vocabulary import AWAY, CATCHING_UP, Input
from tests.support.lived import Absence, Freeze, Life, Lived, files, live, write

BAD_NETWORK = Life(frames=240, jitter_ns=40 * MILLISECOND, loss=0.1)
TROUBLE = replace(
    BAD_NETWORK,
    freezes=(Freeze(Seat.RIGHT, 150, 3 * SECOND // 2),),
    absences=(Absence(Seat.LEFT, 60, 100),),
)
TICK_NS = SECOND // BAD_NETWORK.tick_rate


def inspected(pair: tuple[Lived, Lived], folder: Path) -> tuple[Inspection, dict[Seat, SeatRecord]]:
    for lived in pair:
        write(lived, folder)
    found = find_records([folder], Choice())
    return inspect_records(found), found


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Lived, Lived], Inspection]:
    pair = live(TROUBLE)
    return pair, inspected(pair, tmp_path_factory.mktemp("share"))[0]


def of(found: list[Stretch], topic: str, seat: Seat | None) -> list[Stretch]:
    return [stretch for stretch in found if (stretch.topic, stretch.seat) == (topic, seat)]


# -- the table ---------------------------------------------------------------------------------------------------------


def test_a_tick_has_the_columns_of_its_kind() -> None:
    assert LoggedTick._fields == tuple(column.name for column in LOCAL_KINDS[0].columns)


def test_every_frame_stands_there_once_for_each_seat(troubled: tuple[tuple[Lived, Lived], Inspection]) -> None:
    _, inspection = troubled
    assert inspection.frames == TROUBLE.frames == len(inspection.rows)
    assert inspection.is_equal
    assert inspection.difference is None
    for table in inspection.seats.values():
        assert [note is not None and note.tick.target for note in table.frames] == list(range(TROUBLE.frames))


def test_a_wrong_guess_was_computed_again_and_a_right_one_was_a_real_action(
    troubled: tuple[tuple[Lived, Lived], Inspection],
) -> None:
    _, inspection = troubled
    seen = set()
    for seat, table in inspection.seats.items():
        for note, row in zip(table.frames, inspection.rows, strict=True):
            assert note is not None
            seen.add(note.guess)
            if note.guess:
                came_true = row.inputs[seat.other].action == note.tick.guess
                assert note.guess == ("right" if came_true else "wrong")
            if note.guess == "wrong":
                assert note.computed > 1, f"frame {row.frame} was guessed wrong and never put right"
    assert seen == {"", "right", "wrong"}


def test_rollbacks_are_those_that_the_sessions_told(troubled: tuple[tuple[Lived, Lived], Inspection]) -> None:
    pair, inspection = troubled
    for lived in pair:
        table = inspection.seats[lived.seat]
        assert [rollback.frames for rollback in table.rollbacks] == [depth for _, depth in lived.depths]
        assert len(table.rollbacks) == lived.pulse.tally.rollbacks > 5
        assert max(rollback.frames for rollback in table.rollbacks) == lived.pulse.tally.max_rollback_frames
        for rollback in table.rollbacks:
            first = table.frames[rollback.first]
            assert first is not None
            assert first.confirmed_ns == rollback.t_ns, "the first dropped frame is the one whose real input came"


def test_holds_are_counted_as_the_pulse_counted_them(troubled: tuple[tuple[Lived, Lived], Inspection]) -> None:
    pair, inspection = troubled
    rows = len(inspection.rows)
    for lived in pair:
        table = inspection.seats[lived.seat]
        assert sum(hold.ticks for hold in table.holds) == sum(tick.held for tick in table.ticks)
        counted = [tick for tick in table.ticks if tick.held and not tick.is_retry and tick.verified < rows]
        assert len(counted) == lived.pulse.tally.held_ticks > 0
    (hold,) = [hold for hold in inspection.seats[Seat.LEFT].holds if hold.why == "window"]
    assert hold.frame - hold.received >= TROUBLE.window_frames
    ((frame, start, end),) = [tuple(still) for still in inspection.seats[Seat.RIGHT].standstills]
    assert frame in (150, 151)
    assert abs(end - start - 3 * SECOND // 2) < 2 * TICK_NS


def test_a_picture_is_true_unless_it_stood_on_a_guess(troubled: tuple[tuple[Lived, Lived], Inspection]) -> None:
    _, inspection = troubled
    seen = set()
    for table in inspection.seats.values():
        for tick, drawing in zip([t for t in table.ticks if t.flip_ns >= 0], table.drawings, strict=True):
            seen.add(drawing.truth)
            if drawing.shown_frame < tick.verified:
                assert drawing.truth == "true"
            else:
                assert tick.guess >= 0
    assert seen == {"true", "untrue"}


def test_the_committed_inputs_are_those_of_the_record(troubled: tuple[tuple[Lived, Lived], Inspection]) -> None:
    _, inspection = troubled
    for seat, table in inspection.seats.items():
        rows = inspection.rows[inspection.terms.terms.delay_frames :]
        assert [table.inputs[row.frame] for row in rows] == [row.inputs[seat] for row in rows]


def test_an_input_as_a_number_is_taken_apart() -> None:
    assert input_of(5 | (AWAY | CATCHING_UP) << 16 | 1 << 20) == Input(5, AWAY | CATCHING_UP, 1)


def test_a_constant_network_takes_its_lag_and_at_most_a_tick(tmp_path: Path) -> None:
    inspection, _ = inspected(live(Life(frames=120, lag_ns=25 * MILLISECOND, offset_ns=-3 * SECOND)), tmp_path)
    for table in inspection.seats.values():
        journeys = [note.journey_ns for note in table.frames[2:] if note is not None]
        assert min(journeys) >= 25 * MILLISECOND - MILLISECOND
        assert max(journeys) <= 25 * MILLISECOND + 2 * TICK_NS


def test_packets_are_counted_and_all_that_came_were_sent(troubled: tuple[tuple[Lived, Lived], Inspection]) -> None:
    _, inspection = troubled
    left, right = (summarize(inspection).seats[word] for word in ("left", "right"))
    assert 0 < left.received_packets <= right.sent_packets
    assert 0 < right.received_packets <= left.sent_packets
    assert left.sent_packets >= TROUBLE.frames


def test_frames_that_were_never_confirmed_are_told_as_such(tmp_path: Path) -> None:
    inspection, _ = inspected(live(Life(frames=200, cut_at=100)), tmp_path)
    assert len(inspection.rows) == max(table.ending["rows"] for table in inspection.seats.values()) < inspection.frames
    table = inspection.seats[Seat.LEFT]
    open_frames = [note for note in table.frames[len(inspection.rows) :] if note is not None]
    assert {note.guess for note in open_frames} == {"open"}
    assert {note.truth for note in open_frames} == {"unknown"}
    assert {note.confirmed_ns for note in open_frames} == {-1}
    assert set(range(len(inspection.rows), open_frames[-1].tick.target)) <= set(table.inputs)
    (hold,) = of(stretches(inspection), "holds", Seat.LEFT)
    assert "never came" in hold.words
    summary = summarize(inspection).seats["left"]
    assert (summary.ended, summary.agreement) == ("cut", "partner_lost")
    assert summary.dropped_frames == Life().window_frames


# -- clocks ------------------------------------------------------------------------------------------------------------


def test_two_clocks_are_aligned_within_what_the_probes_can_tell(
    troubled: tuple[tuple[Lived, Lived], Inspection],
) -> None:
    _, inspection = troubled
    alignment = inspection.alignment
    assert alignment is not None
    assert abs(alignment.offset_ns - TROUBLE.offset_ns) < alignment.uncertainty_ns < 60 * MILLISECOND
    assert (alignment.drift_ppb, alignment.drift_error_ppb) == (0, -1), "six seconds show no drift"


def trips(count: int, drift_ppm: int, seed: int = 1) -> Iterator[Trip]:
    """Probes once a second over a network with jitter; the partner's clock is 5 s ahead and faster."""
    random = Random(seed)
    for second in range(count):
        sent = second * SECOND
        there, back = (20 * MILLISECOND + random.randint(0, 10 * MILLISECOND) for _ in range(2))
        theirs = [time + 5 * SECOND + time * drift_ppm // 1_000_000 for time in (sent + there, sent + there + 1000)]
        yield Trip(sent, *theirs, sent + there + 1000 + back)


def test_a_drift_is_found_in_minutes_and_not_claimed_where_there_is_none() -> None:
    found = align({Seat.LEFT: list(trips(600, 50))})
    assert found is not None
    assert abs(found.drift_ppb - 50_000) < 4 * found.drift_error_ppb < 8_000
    for second in (0, 600):
        theirs = (5 + second) * SECOND + second * 50_000
        assert found.to_left(theirs, Seat.RIGHT) == pytest.approx(second * SECOND, abs=4 * MILLISECOND)
    none = align({Seat.LEFT: list(trips(600, 0))})
    assert none is not None
    assert abs(none.drift_ppb) <= 3 * none.drift_error_ppb


def test_both_seats_probes_give_the_same_line() -> None:
    left = list(trips(100, 0))
    mirrored = [
        Trip(t.partner_received, t.received, t.received + 5, t.partner_sent + t.received - t.sent) for t in left
    ]
    one, both = align({Seat.LEFT: left}), align({Seat.LEFT: left, Seat.RIGHT: mirrored})
    assert one is not None
    assert both is not None
    assert abs(one.offset_ns - both.offset_ns) < 11 * MILLISECOND
    assert align({Seat.LEFT: [], Seat.RIGHT: []}) is None


def test_the_two_ways_of_a_probe_add_up_to_its_round_trip() -> None:
    left = list(trips(20, 0))
    alignment = align({Seat.LEFT: left})
    assert alignment is not None
    for trip in left:
        assert sum(one_way(trip, Seat.LEFT, alignment)) == trip.round_trip
        assert one_way(trip, Seat.LEFT, alignment).there > 10 * MILLISECOND


# -- why ---------------------------------------------------------------------------------------------------------------


def test_a_partner_that_stood_still_is_named_as_the_cause(troubled: tuple[tuple[Lived, Lived], Inspection]) -> None:
    found = stretches(troubled[1])
    hold = next(stretch for stretch in of(found, "holds", Seat.LEFT) if "window" in stretch.words)
    assert "without right's input" in hold.words
    assert "right's program stood still for 1.5" in hold.words
    assert any("the program stood still" in stretch.words for stretch in of(found, "late", Seat.RIGHT))


def test_a_network_that_was_slow_is_named_as_the_cause(tmp_path: Path) -> None:
    life = Life(frames=90, window_frames=2, lag_ns=90 * MILLISECOND)
    inspection, _ = inspected(live(life), tmp_path)
    words = [stretch.words for stretch in of(stretches(inspection), "holds", Seat.LEFT) if "window" in stretch.words]
    assert words
    assert all("it was on its way" in text or "was on its way for" in text for text in words[1:-1])
    assert not any("stood still" in text for text in words)


def test_an_absence_says_why_and_what_the_view_did(troubled: tuple[tuple[Lived, Lived], Inspection]) -> None:
    found = stretches(troubled[1])
    (left,) = of(found, "away", Seat.LEFT)
    assert (left.first, "40 frames away" in left.words) == (61, True)
    assert all(words in left.words for words in ("focus was lost", "view parked", "focus came back", "catching up"))
    (right,) = of(found, "away", Seat.RIGHT)
    assert "woke after 1.5" in right.words
    assert "ticks owed" in right.words


def test_a_rollback_names_the_guess_and_what_really_came(troubled: tuple[tuple[Lived, Lived], Inspection]) -> None:
    _, inspection = troubled
    actions = inspection.terms.terms.actions
    table = inspection.seats[Seat.LEFT]
    told = of(stretches(inspection), "rollbacks", Seat.LEFT)
    assert told
    first = table.rollbacks[0].first
    note, row = table.frames[first], inspection.rows[first]
    assert note is not None
    guessed, real = actions[note.tick.guess], actions[row.inputs[1].action]
    assert f'was guessed "{guessed}" and was "{real}"' in told[0].words


def test_pictures_of_what_did_not_happen_are_differences(troubled: tuple[tuple[Lived, Lived], Inspection]) -> None:
    _, inspection = troubled
    for seat, table in inspection.seats.items():
        untrue = [drawing for drawing in table.drawings if drawing.truth == "untrue"]
        told = of(stretches(inspection), "differences", seat)
        assert untrue
        assert sum(int(stretch.words.split()[0]) for stretch in told) == len(untrue)


def test_the_heaviest_are_kept_in_order_and_a_difference_of_the_records_first() -> None:
    lengths = (5, 9, 1, 7)
    found = [Stretch("late", Seat.LEFT, at, at, 0, length, "") for at, length in enumerate(lengths)]
    parted = Stretch("differences", None, 4, 4, 0, 0, "")
    assert [stretch.first for stretch in heaviest([*found, parted], 3)] == [1, 3, 4]
    assert heaviest(found, 9) == found


class OneStepWrong:
    """The same game, but one step of it goes otherwise: what a bug on one machine looks like."""

    def __init__(self, game: Game[Any], frame: int) -> None:
        self._game, self._frame = game, frame

    def __getattr__(self, name: str) -> object:
        return getattr(self._game, name)

    def step(self, state: tuple[Any, ...], actions: tuple[int, int]) -> Transition:
        transition: Transition = self._game.step(state, actions)
        if state[0] != self._frame:
            return transition
        after = cast("tuple[Any, ...]", transition.state)
        return transition._replace(state=(*after[:4], after[4] + 1, *after[5:]))


def test_records_that_part_are_laid_side_by_side_field_by_field(tmp_path: Path) -> None:
    game = registry.find("foraging")
    inspection, found = inspected(live(Life(frames=120), (game, OneStepWrong(game, 70))), tmp_path)
    assert inspection.difference is not None
    assert (inspection.difference.frame, inspection.difference.field) == (70, "common")
    assert not inspection.is_equal
    pairs = lay_side_by_side(found, 70)
    differing = [pair.name for pair in pairs if pair.differs]
    assert differing == ["common", "digest", "bytes of the state", "bytes of the row"]
    assert [pair.name for pair in pairs[: len(differing)]] == differing
    assert (pairs[0].left, pairs[0].right) == ("0", "1")
    (parted,) = of(stretches(inspection), "differences", None)
    assert "frame 70, common: 0 in left's, 1 in right's" in parted.words
    assert "the records had been found to differ" in of(stretches(inspection), "holds", Seat.LEFT)[-1].words


# -- figures -----------------------------------------------------------------------------------------------------------


def test_a_spread_is_by_nearest_rank() -> None:
    assert spread([]) is None
    assert spread([7]) == (1, 7, 7, 7)
    assert spread(list(range(200, 0, -1))) == (200, 100, 198, 200)


def test_times_are_short_and_have_a_unit() -> None:
    assert [ms(time) for time in (60_000, 9_990_000, 12_300_000, 1_510_000_000)] == [
        "0.06 ms",
        "9.99 ms",
        "12 ms",
        "1.51 s",
    ]
    assert spread_text(spread([60_000, 1_510_000_000])) == "0.06 / 1510 / 1510 ms"
    assert spread_text(None) == "-"


def test_the_summary_counts_what_the_sessions_counted(troubled: tuple[tuple[Lived, Lived], Inspection]) -> None:
    pair, inspection = troubled
    summary = summarize(inspection)
    for lived in pair:
        seat, tally = summary.seats[lived.seat.word], lived.pulse.tally
        assert (seat.rollbacks, seat.deepest_rollback) == (tally.rollbacks, tally.max_rollback_frames)
        assert seat.owed_ticks == tally.owed_ticks
        assert seat.standstills == tally.standstills
        assert seat.ended == "finished"
        assert min(wake_up_lateness(inspection.seats[lived.seat])) > 0, "a tick let go by a packet is not late"
    assert summary.seats["left"].away_frames == 40
    assert summary.seats["left"].focus_losses == 1
    plain = summary.to_json()
    assert plain["seats"]["right"]["late"]["p50"] == 50_000  # type: ignore[index]
    assert [line.figures[Seat.LEFT] for line in summary_lines(summary) if line.name == "losses of focus"] == ["1"]


# -- which files -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def short() -> tuple[Lived, Lived]:
    return live(Life(frames=30))


def test_both_records_are_found_from_whatever_holds_them(tmp_path: Path, short: tuple[Lived, Lived]) -> None:
    for lived in short:
        write(lived, tmp_path / "share")
        write(lived, tmp_path / lived.seat.word / "episodes")
    assert short[0].tape is not None
    folder = tmp_path / "share" / episode_folder(short[0].tape.terms)
    logs = sorted(folder.glob("*.dyadlog"))
    (canonical,) = folder.glob("*.dyad")
    for paths in (
        [tmp_path / "share"],
        [folder],
        [canonical],
        logs,
        logs[::-1],
        [tmp_path / "left", tmp_path / "right"],
        [tmp_path / "right", logs[0]],
        [folder, tmp_path / "left"],
    ):
        found = find_records(paths, Choice())
        assert list(found) == [Seat.LEFT, Seat.RIGHT], paths
        assert all(record.canonical is not None for record in found.values())
    assert list(find_records([tmp_path / "right"], Choice())) == [Seat.RIGHT]


def test_one_seats_record_alone_can_be_inspected(tmp_path: Path, short: tuple[Lived, Lived]) -> None:
    write(short[1], tmp_path)
    inspection = inspect_records(find_records([tmp_path], Choice()))
    assert list(inspection.seats) == [Seat.RIGHT]
    assert {note.journey_ns for note in inspection.seats[Seat.RIGHT].frames if note is not None} == {-1}
    assert stretches(inspection)
    assert summarize(inspection).seats["right"].journey is None


def test_renamed_files_are_known_by_what_they_hold(tmp_path: Path, short: tuple[Lived, Lived]) -> None:
    for lived in short:
        held = dict(files(lived))
        for suffix in (".dyad", ".dyadlog"):
            name = next(name for name in held if name.endswith(suffix))
            (tmp_path / f"{lived.seat.word}{suffix}").write_bytes(held[name])
    (tmp_path / "stray.dyad").write_bytes(b"nothing")
    assert list(find_records([tmp_path], Choice())) == [Seat.LEFT, Seat.RIGHT]
    found = find_records([tmp_path / "left.dyadlog", tmp_path / "right.dyadlog"], Choice())
    assert all(record.canonical is not None for record in found.values())


def test_different_episodes_are_refused_and_both_are_named(tmp_path: Path, short: tuple[Lived, Lived]) -> None:
    other = live(Life(frames=30, run=b"\x01\x02" * 4))
    write(short[0], tmp_path / "one")
    write(other[1], tmp_path / "two")
    with pytest.raises(InspectionError) as caught:
        find_records([tmp_path / "one", tmp_path / "two"], Choice())
    for word in ("one", "two", "0dad0dad0dad0dad", "0102010201020102"):
        assert word in str(caught.value)


def test_two_records_of_one_seat_are_refused(tmp_path: Path, short: tuple[Lived, Lived]) -> None:
    for name in ("one", "two"):
        write(short[0], tmp_path / name)
    with pytest.raises(InspectionError, match="both records are of the left seat"):
        find_records([tmp_path / "one", tmp_path / "two"], Choice())


def test_of_several_runs_the_newest_is_taken_and_of_several_episodes_none(
    tmp_path: Path, short: tuple[Lived, Lived]
) -> None:
    newer = live(Life(frames=30, run=b"\xee\x02" * 4))
    for lived in (*short, *newer):
        write(lived, tmp_path)
    assert find_records([tmp_path], Choice())[Seat.LEFT].local.header.run == "ee02ee02ee02ee02"
    assert find_records([tmp_path], Choice(run="0d"))[Seat.LEFT].local.header.run == "0dad0dad0dad0dad"
    with pytest.raises(InspectionError, match=r"no episode of run ff here, but run 0dad0dad0dad0dad episode 1"):
        find_records([tmp_path], Choice(run="ff"))
    with pytest.raises(InspectionError, match="no episode 3 here"):
        find_records([tmp_path], Choice(episode=3))
    for log in tmp_path.rglob("*run-ee02*_left_local_*.dyadlog"):
        log.with_name(log.name.replace("ep-001", "ep-002")).write_bytes(log.read_bytes())
    with pytest.raises(InspectionError, match="choose with --episode"):
        find_records([tmp_path], Choice())


def test_what_is_not_there_or_no_record_is_refused_in_one_line(tmp_path: Path, short: tuple[Lived, Lived]) -> None:
    folder = write(short[0], tmp_path / "share")
    (log,) = folder.glob("*.dyadlog")
    garbage = tmp_path / "garbage.dyadlog"
    for content in (b"", b"garbage", MAGIC):
        garbage.write_bytes(content)
        with pytest.raises(InspectionError, match="garbage"):
            find_records([garbage], Choice())
    (tmp_path / "empty").mkdir()
    with pytest.raises(InspectionError, match="no local record"):
        find_records([tmp_path / "empty"], Choice())
    with pytest.raises(InspectionError, match="no such file"):
        find_records([tmp_path / "nowhere"], Choice())
    alone = tmp_path / "alone.dyadlog"
    alone.write_bytes(log.read_bytes())
    with pytest.raises(InspectionError, match="no canonical file"):
        inspect_records(find_records([alone], Choice()))


def test_a_record_without_a_tick_is_refused(tmp_path: Path, short: tuple[Lived, Lived]) -> None:
    folder = write(short[0], tmp_path)
    (log,) = folder.glob("*.dyadlog")
    log.write_bytes(log.read_bytes()[: next(records(log.read_bytes())).end])
    with pytest.raises(InspectionError, match="not one tick"):
        inspect_records(find_records([tmp_path], Choice()))


def test_a_torn_record_tells_what_it_has(tmp_path: Path) -> None:
    lived = live(Life(frames=60))
    assert lived[0].tape is not None
    for each in lived:
        folder = write(each, tmp_path)
    (log,) = folder.glob("*left*.dyadlog")
    whole = read_ticks(log.read_bytes())
    log.write_bytes(cut_in_half(log.read_bytes()))
    inspection = inspect_records(find_records([tmp_path], Choice()))
    table = inspection.seats[Seat.LEFT]
    assert 0 < len(table.ticks) < whole
    assert None in table.frames
    assert "file's end" in summarize(inspection).seats["left"].fault
    assert stretches(inspection)


def read_ticks(data: bytes) -> int:
    return sum(values[0] == 0 for record in records(data) if record.type == LOG for values in unpacked(record.payload))


def unpacked(payload: bytes) -> list[list[Any]]:
    unpacker = msgpack.Unpacker()
    unpacker.feed(payload)
    return list(unpacker)


def cut_in_half(data: bytes) -> bytes:
    """The same file with its LOG record cut into two, of which the second never came."""
    header, log = list(records(data))[:2]
    rows = unpacked(log.payload)
    half = b"".join(map(msgpack.packb, rows[: len(rows) // 2]))
    first, chain = frame_record(CHAIN_START, header.type, 1, header.payload)
    return MAGIC + first + frame_record(chain, LOG, len(rows) // 2, half)[0]


def before_the_new_columns(data: bytes) -> bytes:
    """The same file as a client wrote it before a tick said what was sent."""
    header, *logs, _ = records(data)
    values = msgpack.unpackb(header.payload)
    values["kinds"][0][2] = values["kinds"][0][2][:14]
    old, chain = frame_record(CHAIN_START, header.type, 1, msgpack.packb(values))
    written = MAGIC + old
    for log in logs:
        rows = [row[:15] if row[0] == 0 else row for row in unpacked(log.payload)]
        record, chain = frame_record(chain, LOG, len(rows), b"".join(map(msgpack.packb, rows)))
        written += record
    return written


def test_a_record_from_before_the_newer_columns_tells_the_same_holds(tmp_path: Path) -> None:
    pair = live(TROUBLE)
    new, _ = inspected(pair, tmp_path)
    for log in tmp_path.rglob("*.dyadlog"):
        log.write_bytes(before_the_new_columns(log.read_bytes()))
    old = inspect_records(find_records([tmp_path], Choice()))
    for seat, table in old.seats.items():
        assert table.holds == new.seats[seat].holds
        assert table.rollbacks == new.seats[seat].rollbacks
        assert table.inputs == {}
        assert table.ticks[5].committed == -1
    assert [stretch.words for stretch in stretches(old)] == [stretch.words for stretch in stretches(new)]
