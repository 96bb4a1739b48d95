"""Real sockets on loopback, on ports of their own. Nothing here waits for a time, only for something to happen."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import zmq

from games.contract import Seat
from netcode.limits import MAX_PACKET_BYTES, MILLISECOND
from netcode.link import QUEUE_PACKETS, UNREAD_PACKETS, Keys, LinkError, LinkEvent, ZmqLink

PATIENCE_SECONDS = 20.0
ANY_PORT = "tcp://127.0.0.1:*"


class Ring:
    """The keys of both seats, and of somebody else."""

    def __init__(self) -> None:
        self.left, self.right, self.stranger = (zmq.curve_keypair() for _ in range(3))

    def of(self, seat: Seat) -> Keys:
        own, other = (self.left, self.right) if seat is Seat.LEFT else (self.right, self.left)
        return Keys(*own, other[0])


class Place:
    """Opens links, hears what they say, and closes them when the test is over."""

    def __init__(self, stack: ExitStack) -> None:
        self.ring = Ring()
        self._stack = stack
        self._links: list[ZmqLink] = []
        self.heard: dict[ZmqLink, list[LinkEvent]] = {}
        self.got: dict[ZmqLink, list[bytes]] = {}

    def open(self, seat: Seat, address: str = ANY_PORT, keys: Keys | None = None) -> ZmqLink:
        link = ZmqLink(seat, address, keys or self.ring.of(seat))
        self._stack.callback(link.close)
        self._links.append(link)
        self.heard[link], self.got[link] = [], []
        return link

    def close(self, link: ZmqLink) -> None:
        self._links.remove(link)
        link.close()

    def open_pair(self) -> tuple[ZmqLink, ZmqLink]:
        """Both seats, connected."""
        left = self.open(Seat.LEFT)
        right = self.open(Seat.RIGHT, left.address)
        self.until(lambda: self._are_connected(left, right))
        return left, right

    def _are_connected(self, *links: ZmqLink) -> bool:
        return all(LinkEvent.CONNECTED in self.heard[link] for link in links)

    def until(self, is_so: Callable[[], bool]) -> None:
        """Run every link as a client does until something is so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert time.monotonic() < deadline, (self.heard, [link.tally for link in self._links])
            for link in self._links:
                link.wait(MILLISECOND)
                self.got[link] += link.drain()
                self.heard[link] += link.events()

    def until_it_passes(self, sender: ZmqLink, receiver: ZmqLink, data: bytes = b"are you there?") -> None:
        """Send until it arrives, as a session does: a packet that nobody could take is lost."""

        def arrived() -> bool:
            sender.send(data)
            return data in self.got[receiver]

        self.until(arrived)


@pytest.fixture
def place() -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(stack)


def _host_and_port(link: ZmqLink) -> tuple[str, int]:
    host, port = link.address.removeprefix("tcp://").split(":")
    return host, int(port)


# --- packets ----------------------------------------------------------------------------------------------------------


def test_packets_travel_both_ways_whole_and_in_order(place: Place) -> None:
    left, right = place.open_pair()
    packets = [os.urandom(size) for size in (1, 0, 60, MAX_PACKET_BYTES)]
    for packet in packets:
        left.send(packet)
        right.send(packet)
    place.until(lambda: place.got[left] == place.got[right] == packets)
    assert left.tally.unsent == right.tally.unsent == left.tally.oddities == right.tally.oddities == 0


@pytest.mark.parametrize("seat", Seat, ids=lambda seat: seat.word)
def test_a_seat_without_a_partner_sends_into_nothing_counts_it_and_never_waits(place: Place, seat: Seat) -> None:
    link = place.open(seat, ANY_PORT if seat is Seat.LEFT else "tcp://127.0.0.1:1")
    for _ in range(1000):
        link.send(b"hello?")
    assert link.tally.unsent == 1000
    assert link.drain() == []
    assert not link.wait(0)


def test_packets_for_a_partner_who_takes_none_are_lost_at_a_bound(place: Place) -> None:
    left, _right = place.open_pair()
    buffered = (64 << 20) // MAX_PACKET_BYTES  # a system may keep some 40 MB between two sockets
    for _ in range(UNREAD_PACKETS + QUEUE_PACKETS + buffered + 1_000):
        left.send(bytes(MAX_PACKET_BYTES))
    assert left.tally.unsent >= 1_000, "what waits is bounded, by the queues and by what the system buffers"


def test_a_packet_that_would_cost_the_connection_is_not_sent(place: Place) -> None:
    left, right = place.open_pair()
    for link in (left, right):
        with pytest.raises(ValueError, match="at most"):
            link.send(bytes(MAX_PACKET_BYTES + 1))
    place.until_it_passes(left, right)
    assert left.tally.connects == 1


def test_a_wait_ends_when_a_packet_is_here(place: Place) -> None:
    left, right = place.open_pair()
    right.send(b"now")
    assert left.wait(int(PATIENCE_SECONDS * 1e9))
    assert left.drain() == [b"now"]


def test_a_message_of_several_parts_or_under_another_name_is_dropped_and_counted(place: Place) -> None:
    left, right = place.open_pair()
    with _odd_right(place.ring, left.address, b"someone else") as odd:
        odd.send(b"a whole packet")
        place.until(lambda: left.tally.oddities == 1)
        odd.send_multipart([b"two", b"parts"])
        place.until(lambda: left.tally.oddities == 2)
    place.until_it_passes(right, left)
    assert set(place.got[left]) == {b"are you there?"}


def test_a_message_of_several_parts_of_the_partner_itself_is_dropped_and_counted(place: Place) -> None:
    left = place.open(Seat.LEFT)
    with _odd_right(place.ring, left.address, b"right") as odd:
        odd.send_multipart([b"two", b"parts"])
        odd.send(b"a whole packet")
        place.until(lambda: bool(place.got[left]))
    assert (place.got[left], left.tally.oddities) == ([b"a whole packet"], 1)


def test_a_partner_is_let_in_by_a_seat_that_only_waits(place: Place) -> None:
    left = ZmqLink(Seat.LEFT, ANY_PORT, place.ring.of(Seat.LEFT))
    right = place.open(Seat.RIGHT, left.address)
    try:
        place.until(lambda: left.wait(0) or LinkEvent.CONNECTED in place.heard[right])
    finally:
        left.close()


# --- who is let in ----------------------------------------------------------------------------------------------------


def test_a_stranger_with_a_key_of_its_own_is_refused_and_both_windows_can_say_so(place: Place) -> None:
    left, right = place.open_pair()
    keys = Keys(*place.ring.stranger, place.ring.left[0])
    stranger = place.open(Seat.RIGHT, left.address, keys)
    place.until(lambda: left.tally.refused >= 3)
    assert place.heard[stranger] == [LinkEvent.WRONG_KEY], "a trouble that goes on is one event"
    assert place.heard[left] == [LinkEvent.CONNECTED, LinkEvent.STRANGER_REFUSED]
    assert place.heard[right] == [LinkEvent.CONNECTED]
    stranger.send(b"let me in")
    place.until_it_passes(right, left)
    assert b"let me in" not in place.got[left]
    assert stranger.tally.unsent == 1


def test_a_seat_that_holds_a_wrong_key_of_its_partner_learns_it_from_being_hung_up_on(place: Place) -> None:
    left = place.open(Seat.LEFT)
    right = place.open(Seat.RIGHT, left.address, Keys(*place.ring.right, place.ring.stranger[0]))
    place.until(lambda: bool(place.heard[left]) and bool(place.heard[right]))
    assert place.heard[right] == [LinkEvent.WRONG_KEY]
    assert place.heard[left] == [LinkEvent.STRANGER_REFUSED]


def test_a_seat_that_was_refused_gets_in_as_soon_as_the_other_machine_has_its_key(place: Place) -> None:
    left = place.open(Seat.LEFT, keys=Keys(*place.ring.left, place.ring.stranger[0]))
    right = place.open(Seat.RIGHT, left.address)
    place.until(lambda: LinkEvent.WRONG_KEY in place.heard[right])
    address = left.address
    place.close(left)
    left = place.open(Seat.LEFT, address)
    place.until_it_passes(right, left)
    place.until_it_passes(left, right)
    assert place.heard[right][-1] is LinkEvent.CONNECTED


def test_who_does_not_encrypt_is_no_partner(place: Place) -> None:
    left, right = place.open_pair()
    with zmq.Context() as context, context.socket(zmq.DEALER) as plain:
        plain.setsockopt(zmq.ROUTING_ID, b"right")
        plain.linger = 0
        plain.connect(left.address)
        plain.send(b"in the clear")
        place.until(lambda: left.tally.refused == 1)
    place.until_it_passes(right, left)
    assert b"in the clear" not in place.got[left]
    assert place.heard[left] == [LinkEvent.CONNECTED]


_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n",
        bytes(range(256)) * 20,
        _GREETING + b"CURVE".ljust(20, b"\0") + bytes(32) + bytes(range(256)),
        _GREETING + b"CURVE".ljust(20, b"\0") + bytes(32) + b"\x06\x7f" + b"\xff" * 7 + bytes(500),
    ],
    ids=["port scan", "HTTP", "garbage", "garbage after a greeting", "a huge length"],
)
def test_whoever_knocks_is_counted_and_the_partner_does_not_notice(place: Place, said: bytes) -> None:
    left, right = place.open_pair()

    def visit(count: int) -> None:
        with socket.create_connection(_host_and_port(left)) as visitor:
            visitor.sendall(said)
        place.until(lambda: left.tally.refused == count)
        place.until_it_passes(right, left, b"%d" % count)
        place.until_it_passes(left, right, b"%d" % count)

    for count in range(1, 6):
        visit(count)
    assert place.heard == {left: [LinkEvent.CONNECTED], right: [LinkEvent.CONNECTED]}
    assert left.tally.connects == right.tally.connects == 1
    assert left.tally.unsent == right.tally.unsent == 0


def test_visitors_that_nobody_looks_at_stop_no_packet_however_many(place: Place) -> None:
    left, right = place.open_pair()
    for _ in range(1500):
        with socket.create_connection(_host_and_port(left)):
            pass
    right.send(b"still here")
    assert left.wait(int(PATIENCE_SECONDS * 1e9))
    assert left.drain() == [b"still here"]
    place.until(lambda: left.tally.refused == 1500)


# --- a partner who is not there, or comes back ------------------------------------------------------------------------


def test_a_seat_that_calls_is_told_that_nobody_listens(place: Place) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        right = place.open(Seat.RIGHT, f"tcp://127.0.0.1:{reserved.getsockname()[1]}")
        place.until(lambda: place.heard[right] != [])
    assert place.heard[right] == [LinkEvent.NOBODY_LISTENS]


def test_another_program_in_the_partners_place_is_named_and_given_up_as_soon_as_the_partner_is_there(
    place: Place,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        right = place.open(Seat.RIGHT, address)
        visitor, _ = server.accept()
        with visitor:
            visitor.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            place.until(lambda: LinkEvent.NO_ANSWER in place.heard[right])
    left = place.open(Seat.LEFT, address)
    place.until_it_passes(right, left)
    assert place.heard[right][-1] is LinkEvent.CONNECTED


def test_a_partner_that_ends_and_comes_back_is_reported_to_the_seat_that_listens(place: Place) -> None:
    left, right = place.open_pair()
    place.close(right)

    def is_missed() -> bool:
        left.send(b"anybody?")
        return LinkEvent.DISCONNECTED in place.heard[left]

    place.until(is_missed)
    again = place.open(Seat.RIGHT, left.address)
    place.until_it_passes(left, again)
    place.until_it_passes(again, left)
    assert place.heard[left] == [LinkEvent.CONNECTED, LinkEvent.DISCONNECTED, LinkEvent.CONNECTED]
    assert left.tally.connects == 2


def test_a_partner_that_ends_and_comes_back_is_reported_to_the_seat_that_calls(place: Place) -> None:
    left, right = place.open_pair()
    address = left.address
    place.close(left)
    place.until(lambda: LinkEvent.NOBODY_LISTENS in place.heard[right])
    left = place.open(Seat.LEFT, address)
    place.until_it_passes(right, left)
    assert place.heard[right] == [
        LinkEvent.CONNECTED,
        LinkEvent.DISCONNECTED,
        LinkEvent.NOBODY_LISTENS,
        LinkEvent.CONNECTED,
    ]


def test_the_partner_takes_its_seat_again_though_its_old_connection_is_still_there(place: Place) -> None:
    left, _old = place.open_pair()
    new = place.open(Seat.RIGHT, left.address)
    place.until_it_passes(new, left)
    place.until_it_passes(left, new)
    assert place.heard[left] == [LinkEvent.CONNECTED, LinkEvent.CONNECTED]
    assert left.tally.unsent == 0


def test_an_oversized_message_of_the_right_seat_costs_it_the_connection_and_nothing_else(place: Place) -> None:
    left = place.open(Seat.LEFT)
    with _odd_right(place.ring, left.address, b"right") as odd:
        odd.send(bytes(MAX_PACKET_BYTES))
        odd.send(bytes(MAX_PACKET_BYTES + 1))
        place.until(lambda: left.tally.connects == 2)
    assert place.got[left] == [bytes(MAX_PACKET_BYTES)]
    assert left.tally.refused == 0


def test_an_oversized_message_of_the_left_seat_is_followed_by_a_new_call(place: Place) -> None:
    with zmq.Context() as context, context.socket(zmq.ROUTER) as odd:
        odd.linger = 0
        odd.curve_server = True
        odd.curve_publickey, odd.curve_secretkey = place.ring.left
        odd.router_mandatory = True
        odd.bind(ANY_PORT)
        right = place.open(Seat.RIGHT, odd.getsockopt_string(zmq.LAST_ENDPOINT))
        place.until(lambda: right.tally.connects == 1)
        odd.send_multipart([b"right", bytes(MAX_PACKET_BYTES)])
        odd.send_multipart([b"right", bytes(MAX_PACKET_BYTES + 1)])
        place.until(lambda: right.tally.connects == 2)
    assert place.got[right] == [bytes(MAX_PACKET_BYTES)]
    assert place.heard[right] == [LinkEvent.CONNECTED, LinkEvent.DISCONNECTED, LinkEvent.CONNECTED]


@contextmanager
def _odd_right(ring: Ring, address: str, name: bytes) -> Iterator["zmq.Socket[bytes]"]:
    """A program that holds the right seat's keys and is not ours."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as odd:
        odd.setsockopt(zmq.ROUTING_ID, name)
        odd.linger = 0
        odd.curve_publickey, odd.curve_secretkey = ring.right
        odd.curve_serverkey = ring.left[0]
        odd.connect(address)
        yield odd


# --- opening and closing ----------------------------------------------------------------------------------------------


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_hundred_sessions_leave_no_file_and_no_thread_and_none_hangs(place: Place) -> None:
    files, threads = _descriptors(), len(list(Path("/proc/self/task").iterdir()))
    is_done = threading.Event()

    def work() -> None:
        for _ in range(100):
            left = ZmqLink(Seat.LEFT, ANY_PORT, place.ring.of(Seat.LEFT))
            right = ZmqLink(Seat.RIGHT, left.address, place.ring.of(Seat.RIGHT))
            left.send(b"too early")
            right.close()
            left.close()
        is_done.set()

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(PATIENCE_SECONDS)
    assert is_done.is_set(), "closing hangs"
    worker.join()
    # A thread is still listed for a moment after it was joined.
    place.until(lambda: len(list(Path("/proc/self/task").iterdir())) == threads)
    assert _descriptors() == files


def test_a_link_may_be_closed_twice_and_with_packets_that_nobody_takes(place: Place) -> None:
    left, _right = place.open_pair()
    for _ in range(5000):
        left.send(bytes(MAX_PACKET_BYTES))
    left.close()
    left.close()


def test_the_port_is_free_as_soon_as_the_link_is_closed(place: Place) -> None:
    left, _right = place.open_pair()
    address = left.address
    place.close(left)
    assert place.open(Seat.LEFT, address).address == address


@pytest.mark.parametrize(
    ("seat", "address", "words"),
    [
        (Seat.LEFT, "tcp://203.0.113.7:5555", "cannot listen on tcp://203.0.113.7:5555: this is no address of this"),
        (Seat.LEFT, "tcp://127.0.0.1:99999", "expected a port from 1 to 65535"),
        (Seat.LEFT, "", "an empty address: expected tcp://ADDRESS:PORT"),
        (Seat.RIGHT, "tcp://127.0.0.1:*", "only where somebody listens"),
        (Seat.RIGHT, "tcp://no-such-machine.invalid:5555", "no machine of that name"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_in_words(place: Place, seat: Seat, address: str, words: str) -> None:
    with pytest.raises(LinkError, match=words.replace("*", r"\*")):
        place.open(seat, address)


def test_a_port_that_is_taken_is_refused_in_words(place: Place) -> None:
    left = place.open(Seat.LEFT)
    with pytest.raises(LinkError, match=f"cannot listen on {left.address}: another program listens there"):
        place.open(Seat.LEFT, left.address)


@pytest.mark.parametrize("wrong", [b"", b"short", b"~" * 40])
def test_a_key_that_is_none_is_refused(wrong: bytes) -> None:
    public, secret = zmq.curve_keypair()
    for keys in ((wrong, secret, public), (public, wrong, public), (public, secret, wrong)):
        with pytest.raises(ValueError, match="40 Z85 characters"):
            Keys(*keys)
    assert str(secret) not in repr(Keys(public, secret, public))


def test_a_machine_may_be_called_by_its_name(place: Place) -> None:
    left = place.open(Seat.LEFT)
    right = place.open(Seat.RIGHT, left.address.replace("127.0.0.1", "localhost"))
    place.until_it_passes(right, left)


@pytest.mark.parametrize("order", [1, -1])
def test_a_name_that_has_two_addresses_means_the_older_kind(
    place: Place, monkeypatch: pytest.MonkeyPatch, order: int
) -> None:
    """A seat that listens on all of its addresses listens on those of IPv4.

    Only the look-up is ours: a machine's name server cannot be told, without being root, what a name means and in which
    order. The call goes to a real socket, and would come to nothing at the other address.
    """
    left = place.open(Seat.LEFT, ANY_PORT)
    ways = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ways[::order])
    right = place.open(Seat.RIGHT, left.address.replace("127.0.0.1", "left-machine"))
    place.until_it_passes(right, left)


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")
def test_a_pair_may_meet_over_ipv6(place: Place) -> None:
    left = place.open(Seat.LEFT, "tcp://[::1]:*")
    right = place.open(Seat.RIGHT, left.address)
    place.until_it_passes(right, left)
