from collections.abc import Sequence

from netcode.bad_link import BadLink
from netcode.limits import MILLISECOND
from netcode.link import LinkEvent, LinkTally

PACKETS = [bytes([number]) for number in range(200)]


class Wire:
    """A link that notes when what was sent, and has what it was given. Its clock goes on when somebody waits."""

    def __init__(self, arrives: Sequence[bytes] = ()) -> None:
        self.now = 0
        self.sent: list[tuple[int, bytes]] = []
        self.arrives = list(arrives)
        self.is_closed = False
        self.tally = LinkTally(connects=3)

    def send(self, data: bytes) -> None:
        self.sent.append((self.now, data))

    def drain(self) -> list[bytes]:
        arrived, self.arrives = self.arrives, []
        return arrived

    def wait(self, timeout_ns: int) -> bool:
        self.now += timeout_ns
        return bool(self.arrives)

    def events(self) -> list[LinkEvent]:
        return [LinkEvent.CONNECTED]

    def close(self) -> None:
        self.is_closed = True

    @property
    def packets(self) -> list[bytes]:
        return [data for _, data in self.sent]


def _bad(wire: Wire, *, lag_ms: int = 0, jitter_ms: int = 0, loss: float = 0.0, seed: int = 1) -> BadLink:
    lag, jitter = lag_ms * MILLISECOND, jitter_ms * MILLISECOND
    return BadLink(wire, lambda: wire.now, lag_ns=lag, jitter_ns=jitter, loss=loss, seed=seed)


def _pass_time(link: BadLink, wire: Wire, ns: int) -> None:
    end = wire.now + ns
    while wire.now < end:
        link.wait(end - wire.now)


def _send_all(link: BadLink, wire: Wire) -> None:
    """A packet a millisecond; then wait until everything has left."""
    for packet in PACKETS:
        link.send(packet)
        _pass_time(link, wire, MILLISECOND)
    _pass_time(link, wire, 100 * MILLISECOND)


def test_a_packet_leaves_when_its_lag_has_passed_and_not_before() -> None:
    wire = Wire()
    link = _bad(wire, lag_ms=40)
    link.send(b"a")
    link.wait(39 * MILLISECOND)
    link.drain()
    assert wire.sent == []
    link.wait(MILLISECOND)
    assert wire.sent == [(40 * MILLISECOND, b"a")]


def test_a_wait_is_no_longer_than_until_the_next_packet_has_to_leave() -> None:
    wire = Wire()
    link = _bad(wire, lag_ms=5)
    link.send(b"a")
    link.wait(1000 * MILLISECOND)
    assert wire.sent == [(5 * MILLISECOND, b"a")]


def test_lag_alone_keeps_the_order_and_jitter_does_not() -> None:
    wire = Wire()
    _send_all(_bad(wire, lag_ms=20), wire)
    assert wire.packets == PACKETS
    shaken = Wire()
    _send_all(_bad(shaken, lag_ms=20, jitter_ms=30), shaken)
    assert sorted(shaken.packets) == PACKETS
    assert shaken.packets != PACKETS
    delays = [at - MILLISECOND * PACKETS.index(data) for at, data in shaken.sent]
    assert min(delays) >= 20 * MILLISECOND
    assert max(delays) <= 51 * MILLISECOND


def test_a_seed_fixes_which_packets_are_lost() -> None:
    def survivors(seed: int) -> list[bytes]:
        wire = Wire()
        _send_all(_bad(wire, loss=0.3, seed=seed), wire)
        return wire.packets

    assert survivors(1) == survivors(1) != survivors(2)
    assert 0.55 < len(survivors(1)) / len(PACKETS) < 0.85


def test_no_more_packets_wait_than_may_ever_have_to() -> None:
    wire = Wire()
    link = _bad(wire, lag_ms=5000)
    for _ in range(10_000):
        link.send(b"x")
    link.wait(6000 * MILLISECOND)
    assert len(wire.sent) == 4096


def test_only_what_goes_out_is_spoiled() -> None:
    wire = Wire(PACKETS)
    link = _bad(wire, lag_ms=5000, loss=0.9)
    assert link.wait(MILLISECOND)
    assert link.drain() == PACKETS
    assert link.events() == [LinkEvent.CONNECTED]
    assert link.tally.connects == 3
    link.close()
    assert wire.is_closed
