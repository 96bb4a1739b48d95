"""The tables of an export: every column with its type, unit and meaning, declared once. No file, no library.

Codebook, Parquet schema and CSV heads all follow from here. A game's own columns join `frames` when an export is
planned, because they stand in the headers of the episodes.
"""

from collections.abc import Iterable
from typing import Final

from data.export.columns import TYPES, Table, TableColumn, columns_of, seat_columns_of
from netcode.vocabulary import Terms

PARTITION: Final = ("study", "dyad")
"""What a Parquet export makes folders of."""

KEY: Final = columns_of("""
    study   | str | | id of the study, as the lab gave it
    dyad    | str | | id of the pair
    session | str | | id of the session
    run     | str | | 16 hex digits, drawn when the two machines met: tells repeated sessions apart
    episode | int | | episode of the run, from 0 (names of raw files count from 1)
""")

_RECORD: Final = columns_of("""
    record | str | | whose record the row is from: `both` if the seats hold the same bytes, else `left` or `right`;
    the start of the file's SHA-256 if nothing says whose it is
""")

_SEAT: Final = columns_of("""
    seat | str | | whose machine noted it: left or right
""")


_EPISODE_HEAD: Final = columns_of("""
    answer         | str   |        | what `dyadgrid verify` says of the episode, such as good
    pairing        | str   |        | what is known of the two seats' records: equal, prefix, one seat, diverged
    is_complete    | bool  |        | whether the record goes to the episode's own end
    frames         | int   | frames | rows of this record in `frames`
    duration_s     | float | s      | frames divided by tick_rate
    reason         | str   |        | how the record ends: finished, aborted, cut, diverged, recovered
    cause          | str   |        | the rule that ended a complete one: game, quit, away_limit
    ended_by       | str   |        | the seat, or both, whose quit or absence ended it
    game           | str   |        | id of the game
    game_version   | str   |        | version of its rules
    source_hash    | str   |        | start of a SHA-256 over the game's source
    config         | str   | JSON   | the game's whole configuration
    seed           | int   |        | seed of the episode
    tick_rate      | int   | Hz     | frames a second
    delay_frames   | int   | frames | input delay D: the first D frames are neutral for both seats, by rule
    window_frames  | int   | frames | how far a seat may run ahead of its partner's inputs
    guess_frames   | int   | frames | for how long a missing input is guessed as the last one
    away_limit_frames | int | frames | consecutive away frames that end the episode; 0: none
    file           | str   |        | name of the canonical file
    sha256         | str   |        | SHA-256 of the canonical file
    clock_is_common | bool |        | whether t_s of both seats counts on one clock: the left machine's
    clock_offset_ns | int  | ns     | how far the right machine's monotonic clock was ahead of the left one's
    clock_drift_ppb | int  | ppb    | how much faster the right clock ran; 0 if it could not be told from none
    clock_uncertainty_ns | int | ns | half the shortest round trip: by how much the offset may be wrong
""")  # fmt: skip

_EPISODE_SEATS: Final = seat_columns_of("""
    SEAT_participant    | str |        | who sat in the SEAT seat
    SEAT_kind           | str |        | human or bot
    SEAT_points         | int | points | sum of the SEAT seat's rewards
    SEAT_away_frames    | int | frames | frames in which the SEAT seat was away
    SEAT_agreement      | str |        | what the SEAT seat knows of its partner's record, such as mutual
    SEAT_frames         | int | frames | rows of the SEAT seat's own record, as it claims
    SEAT_reason         | str |        | how the SEAT seat's own record ends, as it claims
    SEAT_sha256         | str |        | SHA-256 of the SEAT seat's own record, as it claims
    SEAT_local_file     | str |        | name of the SEAT seat's local file; null: not here
    SEAT_local_is_whole | bool |       | whether that file has its END
    SEAT_started_utc_ns | int | ns     | wall clock of the SEAT machine at its first tick, since 1970
    SEAT_machine        | str | JSON   | versions, host and system of the SEAT machine
""")  # fmt: skip

STATISTICS: Final = columns_of("""
    rollbacks             | int | times   | corrections of frames that had been guessed wrong
    wrong_guesses         | int | frames  | frames whose guess was wrong
    max_rollback_frames   | int | frames  | deepest rollback
    holds                 | int | times   | stretches in which it waited for its partner
    held_ticks            | int | ticks   | ticks in all of them
    owed_ticks            | int | ticks   | ticks run after a standstill
    standstills           | int | times   | times its program stood still
    paced_ticks           | int | ticks   | ticks stretched or shortened
    fast_forwarded_frames | int | frames  | frames that its view replayed
    rejected_packets      | int | packets | packets that were no legal ones
    stray_packets         | int | packets | packets of another run
    round_trip_us         | int | us      | last smoothed round trip
""")
"""What a claim counts, by name; in `episodes` once for each seat."""

_EPISODE_STATISTICS: Final = tuple(
    column._replace(name=f"{seat}_{column.name}", meaning=f"the {seat} seat: {column.meaning}")
    for seat in ("left", "right")
    for column in STATISTICS
)

_FRAME_HEAD: Final = columns_of("""
    game    | str   |        | id of the game: tells which of the games' own columns are filled
    frame   | int   | frames | from 0
    time_s  | float | s      | frame divided by tick_rate: time in the game
""")

_FRAME_SEATS: Final = seat_columns_of("""
    SEAT_action      | int  |        | what the SEAT seat did, an id
    SEAT_action_name | str  |        | the same by name
    SEAT_away        | bool |        | the SEAT window had no focus, or its program stood still: the action is neutral
    SEAT_catching_up | bool |        | the SEAT view was not live
    SEAT_quit        | bool |        | the SEAT seat quit in this frame
    SEAT_reward      | int  | points | what the SEAT seat gained in this frame
""")

_FRAME_TAIL: Final = columns_of("""
    done        | bool | | the game itself ended with this frame
    event_count | int  | | rows of this frame in `events`
    digest      | str  | | 16 hex digits of the state after the frame
""")

_MOMENT: Final = columns_of("""
    frame | int   | frames | present when it happened: frames computed so far
    t_ns  | int   | ns     | on this machine's monotonic clock
    t_s   | float | s      | seconds since the first tick of the episode; on the left machine's clock if clock_is_common
""")

EPISODES: Final = Table(
    "episodes",
    "One row per record of an episode: what was agreed, how it ended, what both seats say of it.",
    (*KEY, *_RECORD, *_EPISODE_HEAD, *_EPISODE_SEATS, *_EPISODE_STATISTICS),
)
FRAMES: Final = Table(
    "frames",
    "One row per confirmed frame: the inputs of both seats, rewards, and the game's own columns after the frame.",
    (*KEY, *_RECORD, *_FRAME_HEAD, *_FRAME_SEATS, *_FRAME_TAIL),
)
EVENTS: Final = Table(
    "events",
    "One row per thing that happened in a confirmed frame, in order.",
    (
        *KEY,
        *_RECORD,
        *columns_of("""
            game   | str | | id of the game
            frame  | int | frames | frame in which it happened
            number | int | | place in the order of the frame, from 0
            kind   | str | | what happened, in the game's words
            seat   | str | | who did it: left, right; null: nobody
            value  | int | | as the game defines it for this kind
        """),
    ),
)
INPUTS: Final = Table(
    "inputs",
    "One row per raw key edge, as one machine noted it. A bot has none.",
    (
        *KEY,
        *_SEAT,
        *_MOMENT,
        *columns_of("""
            scancode | int  | USB HID usage | the key by its place: 79 right, 80 left, 81 down, 82 up, 44 space,
                4 A, 7 D, 22 S, 26 W
            down     | bool |               | pressed (true) or released
        """),
    ),
)
VIEWS: Final = Table(
    "views",
    "One row per picture that one seat was shown: which frame, and whether it was what was confirmed later.",
    (
        *KEY,
        *_SEAT,
        *columns_of("""
            tick          | int   |        | row of this tick in `timing`
            frame         | int   | frames | present of the seat after the tick: frames computed so far
            shown_frame   | int   | frames | frame on the screen; -1: the state before the first
            behind_frames | int   | frames | by how much the picture was behind the present: 0 live, more while parked
            t_ns          | int   | ns     | when the picture was flipped, on this machine's monotonic clock
            t_s           | float | s      | the same since the first tick; see t_s in inputs
            shown_digest  | str   |        | 16 hex digits of the state shown
            true_digest   | str   |        | those of the confirmed state; null: the frame was never confirmed
            differs       | bool  |        | whether something else was shown than what was confirmed; null: not known
        """),
    ),
)
TIMING: Final = Table(
    "timing",
    "One row per tick of one seat: when it was due, when it ran, what it guessed and corrected.",
    (
        *KEY,
        *_SEAT,
        *columns_of("""
            tick             | int   |         | from 0, held ticks too
            frame            | int   | frames  | present after the tick: frames computed so far
            deadline_ns      | int   | ns      | when it was due, on this machine's monotonic clock
            start_ns         | int   | ns      | when it began
            end_ns           | int   | ns      | when it was done
            flip_ns          | int   | ns      | when its picture was flipped; null: none was
            t_s              | float | s       | its start since the first tick; see t_s in inputs
            late_ns          | int   | ns      | start minus deadline
            held             | bool  |         | it could not compute its frame
            held_why         | str   |         | window: too far ahead; end: the episode may be over; null: not held
            guess            | int   |         | action guessed for the partner, an id; null: the real one was here
            rollback_frames  | int   | frames  | frames that were computed again
            wrong_guesses    | int   | frames  | frames among them whose guess was wrong
            verified         | int   | frames  | V: frames confirmed so far
            received         | int   | frames  | R: inputs of the partner that are here without a gap
            acked            | int   | frames  | K: own inputs that the partner has acknowledged
            committed        | int   | frames  | L: own inputs committed; null in records from before it was noted
            committed_action | int   |         | action committed in this tick, an id; null: none
            received_packets | int   | packets | packets taken since the row before; null as for committed
            sent_packets     | int   | packets | packets handed over since the row before; null as for committed
        """),
    ),
)
CLOCK: Final = Table(
    "clock",
    "One row per noted round trip of one seat. t0 and t3 are on its own clock, t1 and t2 on its partner's.",
    (
        *KEY,
        *_SEAT,
        *columns_of("""
            probe     | int   |    | from 0
            t_s       | float | s  | when it was sent, since the first tick; see t_s in inputs
            t0_ns     | int   | ns | sent
            t1_ns     | int   | ns | received there
            t2_ns     | int   | ns | answered there
            t3_ns     | int   | ns | received back
            rtt_ns    | int   | ns | (t3 - t0) - (t2 - t1): time on the wire, there and back
            offset_ns | int   | ns | ((t1 - t0) + (t2 - t3)) / 2: by how much the partner's clock is ahead
        """),
    ),
)
MARKS: Final = Table(
    "marks",
    "One row per other thing that one machine noted: focus, holds, pacing, standstills, the view, words on the window.",
    (
        *KEY,
        *_SEAT,
        *_MOMENT,
        *columns_of("""
            kind   | str | | focus, hold, pacing, wake, view or notice
            what   | str | | of focus: gained, lost; hold: window, end; view: park, fast_forward, live; notice: words
            amount | int | | hold: ticks; pacing: the new period in ns; wake: ns without a tick; view: frames
        """),
    ),
)
TABLES: Final = (EPISODES, FRAMES, EVENTS, INPUTS, VIEWS, TIMING, CLOCK, MARKS)

FACT_PREFIX: Final = "fact_"
"""Before the name of a game's column that would otherwise be one of ours."""


def exact_name(column: str) -> str:
    """The column in a Parquet file that repeats a folder's id as text: readers take a folder's `007` for a number."""
    return f"{column}_id"


def fact_name(column: str) -> str:
    """What a game's own column is called in `frames`."""
    taken = {ours.name for ours in FRAMES.columns} | set(map(exact_name, PARTITION))
    return FACT_PREFIX + column if column in taken else column


def tables_for(rules: Iterable[Terms]) -> tuple[Table, ...]:
    """All tables for episodes that were played by these rules: `frames` gets the columns of every game among them.

    Games share a column if they give it the same name. One that is a truth value for one game and a number for another
    is a number for both.
    """
    facts: dict[str, TableColumn] = {}
    for terms in sorted(set(rules), key=lambda terms: (terms.game, terms.game_version, terms.columns)):
        for name, type_, unit, meaning in terms.columns:
            own = TableColumn(fact_name(name), TYPES[type_], unit, meaning, (terms.game,))
            facts[own.name] = _merged(facts[own.name], own) if own.name in facts else own
    frames = FRAMES._replace(columns=(*FRAMES.columns, *facts.values()))
    return tuple(frames if table is FRAMES else table for table in TABLES)


def _merged(first: TableColumn, second: TableColumn) -> TableColumn:
    """One column for two games' columns of one name; what they say differently stands side by side."""
    type_ = first.type if first.type == second.type else "int"
    unit = first.unit if first.unit == second.unit else f"{first.unit or 'none'} / {second.unit or 'none'}"
    meaning = first.meaning
    if second.meaning not in meaning.split(" / "):
        meaning = f"{meaning} / {second.meaning}"
    games = tuple(dict.fromkeys((*first.games, *second.games)))
    return TableColumn(first.name, type_, unit, meaning, games)
