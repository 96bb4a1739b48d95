"""Leaving, and being left, with real windows: by button, signal and chord, by a crash, while nobody is there yet."""

import signal
from collections.abc import Callable

import pytest

from client.keys import make_keys
from client.picture import Picture
from games.contract import Seat
from netcode.vocabulary import Command, Reason
from tests.support.desktop import Desktop
from tests.support.participants import Client, Table
from tests.support.sight import assert_shows
from tests.support.watching import see, see_banner

pytestmark = [pytest.mark.window, pytest.mark.processes]

CHORD = ("Control_L", "Shift_L", "q")
SEEN_SECONDS = 15
"""A last screen that stays long enough to be looked at."""


def leave_by_button(place: Desktop, client: Client) -> None:
    place.close(client.window)


def leave_by_signal(_place: Desktop, client: Client) -> None:
    client.signal(signal.SIGTERM)


def leave_by_chord(place: Desktop, client: Client) -> None:
    client.focus()
    with place.holding(*CHORD):
        client.hear("leave", by="chord")


@pytest.mark.parametrize(
    ("leave", "seat"), [(leave_by_button, Seat.RIGHT), (leave_by_signal, Seat.LEFT), (leave_by_chord, Seat.LEFT)]
)
def test_who_leaves_ends_the_round_for_both_at_one_frame_under_their_own_name(
    table: Table, place: Desktop, leave: Callable[[Desktop, Client], None], seat: Seat
) -> None:
    pair = table.start_pair("--episodes", 2, "--frames", 1800, "--final-seconds", SEEN_SECONDS)
    clients = tuple(pair)
    leaver, other = clients[seat], clients[seat.other]
    pair.play()
    pair.left.focus()
    leaver.reach(15)
    leave(place, leaver)
    other.hear("phase", phase="closed")
    shot = other.look(f"left-by-{leave.__name__}")
    pair.dismiss(other)

    assert pair.left.canonical_bytes() == pair.right.canonical_bytes()
    record = other.canonical()
    assert record.end is not None
    assert (record.end.reason, record.end.cause, record.end.seats) == (Reason.ABORTED, "quit", (seat,))
    assert record.frames[-1].inputs[seat].command == Command.ABORT
    for client in pair:
        assert client.hear("episode")["agreement"] == "mutual"
    sighted = other.sighted(rounds=2)
    assert_shows(shot, [sighted.over(outcome_key="outcome.aborted_partner", is_early=True)])


def test_a_client_whose_partner_never_comes_says_whom_it_waits_for_and_can_be_left(
    table: Table, place: Desktop
) -> None:
    left, _ = table.start_left()
    right = table.start(Seat.RIGHT, "--partner", "tcp://127.0.0.1:9")
    right.hear("link", what="nobody listens")
    see(left, waiting(left, ""), SEEN_SECONDS)
    see(right, waiting(right, "trouble.nobody_listens"), SEEN_SECONDS)
    leave_by_chord(place, left)
    leave_by_button(place, right)
    for client in (left, right):
        assert client.wait() == 0, client.errors
        assert not list(client.home.glob("episodes/**/*.*")), "nothing was played, and nothing is recorded"


def test_wrong_keys_are_said_on_both_windows(table: Table) -> None:
    left, address = table.start_left()
    make_keys(table.terminal.folder / "other")
    right = table.start(Seat.RIGHT, "--partner", address, "--keys", table.terminal.folder / "other")
    right.hear("link", what="wrong key")
    left.hear("link", what="stranger refused")
    see(left, waiting(left, "trouble.stranger"), SEEN_SECONDS)
    see(right, waiting(right, "trouble.wrong_key"), SEEN_SECONDS)
    for client in (left, right):
        client.signal(signal.SIGTERM)
        assert client.wait() == 0, client.errors


def test_seats_that_were_set_up_differently_refuse_and_name_the_field(table: Table) -> None:
    pair = table.start_pair("--final-seconds", SEEN_SECONDS, left=("--delay-frames", 1), right=("--delay-frames", 2))
    for client, words in zip(pair, ("delay_frames: ours 1, theirs 2", "delay_frames: ours 2, theirs 1"), strict=True):
        assert client.hear("phase", phase="refused")["refusal"] == [words]
        client.hear("phase", phase="closed")
        see(client, blank(client, phase="refused", error=(words,)), SEEN_SECONDS)
        client.signal(signal.SIGTERM)
    assert [client.wait() for client in pair] == [1, 1]


def test_when_one_side_is_killed_the_other_says_so_and_ends_by_itself(table: Table) -> None:
    pair = table.start_pair("--frames", 1800, "--lost-seconds", 4, "--final-seconds", SEEN_SECONDS)
    pair.play()
    pair.left.focus()
    pair.left.reach(15)
    pair.right.signal(signal.SIGKILL)
    see_banner(pair.left, "waiting for partner")
    see_banner(pair.left, "partner not reachable")
    pair.left.hear("episode", reason="cut", agreement="partner_lost")
    pair.left.hear("phase", phase="closed")
    end = pair.left.look("cut")
    pair.left.signal(signal.SIGTERM)
    assert pair.left.wait() == 0
    assert_shows(end, [pair.left.sighted().over(outcome_key="outcome.cut", is_early=True)])
    outcome = table.terminal.run("sync", "--home", pair.right.home)
    assert outcome.code == 0, outcome.text
    rows, recovered = pair.left.canonical().rows, pair.right.canonical().rows
    shorter = min(len(rows), len(recovered))
    assert rows[:shorter] == recovered[:shorter]


def waiting(client: Client, trouble: str) -> Picture:
    return blank(client, phase="waiting", trouble_key=trouble)


def blank(client: Client, **signs: object) -> Picture:
    """A window before anything was played."""
    own = f"P{client.seat + 1}"
    labels = (own, "") if client.seat is Seat.LEFT else ("", own)
    return Picture(seat=client.seat, now_ns=0, labels=labels, session="study 1-1", **signs)  # type: ignore[arg-type]
