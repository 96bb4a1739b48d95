"""The monitor's reports, in the orders in which libzmq 4.3.5 was seen to give them."""

import errno

import pytest
import zmq

from netcode.connection import Call, Knocks, LinkEvent, LinkTally

Reports = list[tuple[int, int]]

SUCCEEDED = (zmq.EVENT_HANDSHAKE_SUCCEEDED, 0)
REFUSED_KEY = (zmq.EVENT_HANDSHAKE_FAILED_AUTH, 400)
UNREADABLE = (zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL, zmq.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC)
NO_ENCRYPTION = (zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL, zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH)
HUNG_UP = (zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, errno.EPIPE)
TIMED_OUT = (zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, errno.EAGAIN)
CALLED = (zmq.EVENT_CONNECTED, 9)
RETRIED = (zmq.EVENT_CONNECT_RETRIED, 100)


def _accepted(descriptor: int) -> tuple[int, int]:
    return zmq.EVENT_ACCEPTED, descriptor


def _gone(descriptor: int = 9) -> tuple[int, int]:
    return zmq.EVENT_DISCONNECTED, descriptor


def _heard(view: Knocks | Call, reports: Reports) -> list[LinkEvent]:
    return [event for report in reports if (event := view.take(*report)) is not None]


# --- the seat that listens --------------------------------------------------------------------------------------------


def test_the_partner_that_comes_is_announced_and_is_no_refusal_when_it_goes() -> None:
    tally = LinkTally()
    assert _heard(Knocks(tally), [_accepted(7), SUCCEEDED, _gone(7)]) == [LinkEvent.CONNECTED]
    assert (tally.connects, tally.refused) == (1, 0)


@pytest.mark.parametrize(
    ("reports", "words"),
    [
        ([_accepted(8), REFUSED_KEY, _gone(8)], [LinkEvent.STRANGER_REFUSED]),
        ([_accepted(8), UNREADABLE, _gone(8)], [LinkEvent.STRANGER_REFUSED]),
        ([_accepted(8), NO_ENCRYPTION, _gone(8)], []),
        ([_accepted(8), _gone(8)], []),
    ],
    ids=["another key", "another key of ours", "no encryption", "garbage"],
)
def test_every_stranger_is_counted_and_only_one_with_a_key_is_worth_a_word(
    reports: Reports, words: list[LinkEvent]
) -> None:
    tally = LinkTally()
    view = Knocks(tally)
    _heard(view, [_accepted(7), SUCCEEDED])
    assert _heard(view, reports) == words
    assert (tally.connects, tally.refused) == (1, 1)


def test_a_broken_frame_of_the_partner_is_no_stranger() -> None:
    tally = LinkTally()
    assert _heard(Knocks(tally), [_accepted(7), SUCCEEDED, UNREADABLE, _gone(7)]) == [LinkEvent.CONNECTED]
    assert tally.refused == 0


def test_a_stranger_who_waits_while_the_partner_comes_is_counted_once() -> None:
    tally = LinkTally()
    view = Knocks(tally)
    _heard(view, [_accepted(7), _accepted(8), SUCCEEDED, _gone(7), _gone(8)])
    assert (tally.connects, tally.refused) == (1, 1)


# --- the seat that calls ----------------------------------------------------------------------------------------------


def test_a_call_that_is_answered_and_lost_says_both() -> None:
    tally = LinkTally()
    view = Call(tally)
    assert _heard(view, [CALLED, SUCCEEDED, _gone(), RETRIED]) == [LinkEvent.CONNECTED, LinkEvent.DISCONNECTED]
    assert (tally.connects, tally.refused) == (1, 0)
    assert not view.is_given_up


@pytest.mark.parametrize(
    ("reports", "word"),
    [
        ([CALLED, REFUSED_KEY, _gone()], LinkEvent.WRONG_KEY),
        ([CALLED, UNREADABLE, _gone()], LinkEvent.WRONG_KEY),
        ([CALLED, HUNG_UP, _gone(), RETRIED, CALLED, HUNG_UP, _gone()], LinkEvent.WRONG_KEY),
        ([CALLED, NO_ENCRYPTION, _gone()], LinkEvent.NO_ANSWER),
        ([CALLED, TIMED_OUT, _gone()], LinkEvent.NO_ANSWER),
        ([CALLED, _gone()], LinkEvent.NO_ANSWER),
        ([(zmq.EVENT_CLOSED, 9), RETRIED], LinkEvent.NOBODY_LISTENS),
    ],
    ids=["refused", "another machine", "hung up twice", "no encryption", "mute", "another program", "nobody"],
)
def test_a_call_that_comes_to_nothing_says_why(reports: Reports, word: LinkEvent) -> None:
    assert _heard(Call(LinkTally()), reports) == [word]


def test_a_partner_that_hangs_up_once_may_just_be_leaving() -> None:
    assert _heard(Call(LinkTally()), [CALLED, HUNG_UP, _gone(), RETRIED]) == []


def test_who_was_let_in_before_has_the_right_key_however_often_somebody_hangs_up() -> None:
    view = Call(LinkTally())
    _heard(view, [CALLED, SUCCEEDED, _gone()])
    assert _heard(view, [RETRIED, CALLED, HUNG_UP, _gone()] * 5) == []


def test_a_call_is_given_up_until_libzmq_says_that_it_tries_again() -> None:
    view = Call(LinkTally())
    _heard(view, [CALLED, SUCCEEDED, UNREADABLE, _gone()])
    assert view.is_given_up
    _heard(view, [RETRIED])
    assert not view.is_given_up
