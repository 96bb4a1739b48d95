"""The simulated link: two queues of packets in flight, with every fault that a network has."""

import heapq
from collections import Counter
from random import Random

from netcode.inputs import ProtocolError
from netcode.limits import MAX_PACKET_BYTES, MILLISECOND
from netcode.packets import Play, decode, encode
from netcode.vocabulary import CHECKPOINT_FRAMES
from tests.simulator.plan import LinkPlan, Plan

_FIRST_REMEMBERED, _REMEMBERED, _MOST_REMEMBERED = 8, 0.1, 40
"""Old packets that wait to be replayed: the greetings, and a tenth of the rest."""
_LATEST_REPLAY = 2000 * MILLISECOND

Foreign = tuple[list[bytes], list[bytes]]
"""What left and right said in another session."""


class Network:
    """What is on its way between two machines. Each way is lossy in its own manner."""

    def __init__(self, plan: Plan, rng: Random, foreign: Foreign) -> None:
        self._links = plan.links
        self._outages = plan.outages
        self._rng = rng
        self._foreign = foreign
        self._flying: tuple[list[tuple[int, int, bytes]], ...] = ([], [])
        self._said: Foreign = ([], [])
        self._sent = 0
        self._last_arrival = [0, 0]
        self.counts: Counter[str] = Counter()
        self.made = 0
        """Packets that the sessions made; the network's own copies and forgeries do not count."""
        self.largest = 0
        """Bytes of the largest packet that a session made."""

    def send(self, sender: int, data: bytes, now: int) -> None:
        """Put a packet on the way to the other machine, and perhaps others with it."""
        link, rng = self._links[sender], self._rng
        self.largest = max(self.largest, len(data))
        self.made += 1
        self._carry(sender, data, now)
        if link.foreign and self._foreign[sender] and rng.random() < link.foreign:
            self.counts["foreign"] += 1
            self._carry(sender, rng.choice(self._foreign[sender]), now)
        if link.replayed:
            self._replay(sender, data, now)
        if link.boasted and rng.random() < link.boasted:
            boast = _boast(data, rng)
            if boast:
                self.counts["boasted"] += 1
                self._carry(sender, boast, now)

    def _replay(self, sender: int, data: bytes, now: int) -> None:
        """The first packets and some later ones are kept; some of the kept ones come again, after the newer ones."""
        rng, said = self._rng, self._said[sender]
        self._sent += 1
        if len(said) < _FIRST_REMEMBERED or rng.random() < _REMEMBERED:
            said.append(data)
            if len(said) > _MOST_REMEMBERED:
                said.pop(rng.randrange(_FIRST_REMEMBERED, _MOST_REMEMBERED))
        if said and rng.random() < self._links[sender].replayed:
            self.counts["replayed"] += 1
            heapq.heappush(
                self._flying[1 - sender], (now + rng.randrange(_LATEST_REPLAY), self._sent, rng.choice(said))
            )

    def _carry(self, sender: int, data: bytes, now: int) -> None:
        link, rng = self._links[sender], self._rng
        if any(outage.start <= now < outage.stop and outage.ways[sender] for outage in self._outages):
            self.counts["blocked"] += 1
            return
        in_burst = bool(link.burst_every) and now % link.burst_every < link.burst_length
        if in_burst or (link.loss and rng.random() < link.loss):
            self.counts["lost in a burst" if in_burst else "lost"] += 1
            return
        is_twice = bool(link.duplicate) and rng.random() < link.duplicate
        self.counts["duplicated"] += is_twice
        for _ in range(1 + is_twice):
            late = rng.randrange(link.jitter) if link.jitter else 0
            self._fly(1 - sender, self._damaged(data, link), now + link.delay + late, link)

    def _damaged(self, data: bytes, link: LinkPlan) -> bytes:
        rng = self._rng
        if not link.damage or rng.random() >= link.damage:
            return data
        if rng.random() < 0.5:
            self.counts["truncated"] += 1
            return data[: rng.randrange(len(data))]
        self.counts["flipped"] += 1
        at = rng.randrange(len(data))
        return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]

    def _fly(self, receiver: int, data: bytes, arrival: int, link: LinkPlan) -> None:
        if arrival < self._last_arrival[receiver]:
            if link.keeps_order:
                arrival = self._last_arrival[receiver]
            else:
                self.counts["reordered"] += 1
        self._last_arrival[receiver] = max(self._last_arrival[receiver], arrival)
        self._sent += 1
        heapq.heappush(self._flying[receiver], (arrival, self._sent, data))

    def next_arrival(self, receiver: int) -> int | None:
        """When the next packet reaches `receiver`."""
        flying = self._flying[receiver]
        return flying[0][0] if flying else None

    def arrived(self, receiver: int, now: int) -> list[bytes]:
        """Take what has reached `receiver` by now."""
        flying, packets = self._flying[receiver], []
        while flying and flying[0][0] <= now:
            packets.append(heapq.heappop(flying)[2])
        return packets


_BOASTS = {"received": 5000, "verified": 5000, "frame": 5000, "checkpoint_rows": CHECKPOINT_FRAMES}
"""What is added to a count that others bound. A checkpoint that is not reached yet is believed until it is."""


def _boast(data: bytes, rng: Random) -> bytes | None:
    """The same packet with a claim that cannot be, so all of it is worth nothing; None if it is no input packet."""
    try:
        envelope, body = decode(data)
    except ProtocolError:
        return None
    if type(body) is not Play:
        return None
    boasts = [body._replace(**{name: getattr(body, name) + excess}) for name, excess in _BOASTS.items()]
    if body.inputs:
        boasts.append(body._replace(inputs=body.inputs[:-3] + b"\xc8\0\0"))
        boasts.append(body._replace(inputs=body.inputs + body.inputs[-3:] * 400))
    boast = encode(envelope, rng.choice(boasts))
    return boast if len(boast) <= MAX_PACKET_BYTES else None
