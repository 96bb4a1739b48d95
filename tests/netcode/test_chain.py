from netcode.chain import SessionChain, first_difference, row_hash
from netcode.vocabulary import NEUTRAL, ConfirmedFrame


def frame(index: int, row: bytes = b"row") -> ConfirmedFrame:
    return ConfirmedFrame(index, (NEUTRAL, NEUTRAL), None, (0, 0), (), False, row + b"%d" % index)


def chain(rows: int, *, header: bytes = b"header", odd: int = -1) -> SessionChain:
    made = SessionChain(header)
    for index in range(rows):
        made.add(frame(index, b"other" if index == odd else b"row"))
    return made


def test_a_chain_covers_the_header_and_every_row() -> None:
    assert chain(3).value == chain(3).value
    assert len({chain(3).value, chain(2).value, chain(3, header=b"h").value, chain(3, odd=0).value}) == 4


def test_a_checkpoint_is_every_thirtieth_row() -> None:
    assert [chain(rows).latest.rows for rows in (0, 29, 30, 31, 60)] == [0, 0, 30, 30, 60]


def test_the_partners_checkpoint_waits_until_we_have_as_many_rows() -> None:
    ours, theirs = chain(20), chain(40)
    ours.hear(*theirs.latest)
    assert ours.agrees(), "not reached, so nothing is known"
    for index in range(20, 30):
        ours.add(frame(index))
    assert ours.agrees()
    assert not ours.unsettled


def test_a_row_that_differs_is_noticed_at_the_first_checkpoint_after_it() -> None:
    ours, theirs = chain(65), chain(65, odd=33)
    ours.hear(*chain(30).latest)
    assert ours.agrees()
    ours.hear(*theirs.latest)
    assert not ours.agrees()
    first, hashes = ours.row_hashes()
    assert (first, len(hashes)) == (30, 35), "the rows since the last equal checkpoint are still here"
    assert first_difference(hashes, first, theirs.row_hashes()[1], 0) == 33


def test_equal_checkpoints_settle_rows_and_old_ones_change_nothing() -> None:
    ours = chain(70)
    ours.hear(*chain(60).latest)
    assert ours.agrees()
    assert [kept.frame for kept in ours.unsettled] == list(range(60, 70))
    ours.hear(30, b"an old lie, too late")
    assert ours.agrees()
    assert ours.unsettled_frame(59) is None
    kept = ours.unsettled_frame(65)
    assert kept is not None
    assert kept.frame == 65
    assert ours.unsettled_frame(70) is None
    assert chain(0).unsettled_frame(0) is None, "where nothing is unsettled"


def test_a_flood_of_checkpoints_is_not_remembered() -> None:
    ours = chain(0)
    for rows in range(30, 30 * 1000, 30):
        ours.hear(rows, b"x")
    assert len(ours._theirs) <= 32


def test_only_common_rows_are_compared() -> None:
    ours = tuple(row_hash(b"%d" % index) for index in range(5))
    assert first_difference(ours, 0, ours[2:], 2) is None
    assert first_difference(ours, 0, ours[:2], 30) is None
    assert first_difference(ours, 0, (*ours[:4], b"?"), 0) == 4
