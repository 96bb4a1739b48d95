"""The simulated link: two queues of packets in flight, with every fault that a network has."""

import heapq
from random import Random

from tests.simulator.plan import LinkPlan, Outage


class Network:
    """What is on its way between two machines. Each way is lossy in its own manner."""

    def __init__(self, links: tuple[LinkPlan, LinkPlan], outages: tuple[Outage, ...], rng: Random) -> None:
        self._links = links
        self._outages = outages
        self._rng = rng
        self._flying: tuple[list[tuple[int, int, bytes]], ...] = ([], [])
        self._sent = 0
        self._last_arrival = [0, 0]
        self.counts = {"lost": 0, "duplicated": 0, "damaged": 0, "reordered": 0, "blocked": 0}

    def send(self, sender: int, data: bytes, now: int) -> None:
        """Put a packet on the way to the other machine."""
        link, rng, receiver = self._links[sender], self._rng, 1 - sender
        if any(outage.start <= now < outage.stop and outage.ways[sender] for outage in self._outages):
            self.counts["blocked"] += 1
            return
        in_burst = bool(link.burst_every) and now % link.burst_every < link.burst_length
        if in_burst or rng.random() < link.loss:
            self.counts["lost"] += 1
            return
        copies = 1 + (rng.random() < link.duplicate)
        self.counts["duplicated"] += copies - 1
        for _ in range(copies):
            self._fly(receiver, self._damaged(data, link), now + link.delay + rng.randrange(link.jitter + 1), link)

    def _damaged(self, data: bytes, link: LinkPlan) -> bytes:
        rng = self._rng
        if rng.random() >= link.damage:
            return data
        self.counts["damaged"] += 1
        if rng.random() < 0.5:
            return data[: rng.randrange(len(data))]
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
