import threading

import pytest

from data.crew import FLUSHES_AT_ONCE, Crew


@pytest.mark.parametrize("count", [0, 1, FLUSHES_AT_ONCE - 1, FLUSHES_AT_ONCE, 3 * FLUSHES_AT_ONCE + 1])
def test_a_crew_answers_for_every_piece_in_order(count: int) -> None:
    with Crew("test") as crew:
        assert crew.each(lambda number: number * number, range(count)) == [number * number for number in range(count)]


def test_pieces_wait_beside_each_other() -> None:
    together = threading.Barrier(FLUSHES_AT_ONCE)
    with Crew("test") as crew:
        crew.each(lambda _: together.wait(30), range(FLUSHES_AT_ONCE))


def test_what_a_piece_raises_is_raised() -> None:
    def refuse(number: int) -> None:
        if number == 3:
            raise OSError("injected")

    with Crew("test") as crew, pytest.raises(OSError, match="injected"):
        crew.each(refuse, range(20))


def test_short_calls_are_made_by_as_few_threads_as_were_asked_for() -> None:
    seen = set()

    def call(number: int) -> int:
        seen.add(threading.get_ident())
        return number

    with Crew("test") as crew:
        assert crew.each(call, range(200), 3) == list(range(200))
    assert len(seen) <= 3
