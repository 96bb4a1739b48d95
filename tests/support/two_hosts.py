"""Two hosts on one cable, as network namespaces of this machine: each has an address of its own and no other network.

Only the superuser of a Linux machine may make them, and not inside every container; `missing_permission` says why not.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from games.contract import Seat

ADDRESSES = ("10.77.0.1", "10.77.0.2")
_CABLE = "cable"


class TwoHosts:
    """The machine of each seat, and the cable between them."""

    def __init__(self, mark: str) -> None:
        self._names = (f"dyadgrid-{mark}-left", f"dyadgrid-{mark}-right")

    def inside(self, seat: Seat) -> tuple[str, ...]:
        """What a command begins with that runs on a seat's machine."""
        return ("ip", "netns", "exec", self._names[seat])

    def unplug(self) -> None:
        """Nothing passes, and neither machine's connections are told."""
        self._link(Seat.LEFT, "set", _CABLE, "down")

    def plug_in(self) -> None:
        """The cable is whole again."""
        self._link(Seat.LEFT, "set", _CABLE, "up")

    def shape(self, *discipline: str) -> str:
        """Have the kernel queue each host's packets so (words of `tc qdisc`); why it cannot, or nothing."""
        for name in self._names:
            done = _run("tc", "-n", name, "qdisc", "add", "dev", _CABLE, "root", *discipline)
            if done.returncode:
                return done.stderr.strip()
        return ""

    def dropped(self) -> int:
        """How many packets the queues have dropped so far, on both hosts."""
        told = [_run("tc", "-n", name, "-s", "qdisc", "show", "dev", _CABLE).stdout for name in self._names]
        return sum(int(count) for count in re.findall(r"dropped (\d+)", "".join(told)))

    def set_up(self) -> str:
        """Make the hosts; why that is not permitted here, or nothing."""
        left, right = self._names
        commands = (
            ("ip", "netns", "add", left),
            ("ip", "netns", "add", right),
            ("ip", "-n", left, "link", "add", _CABLE, "type", "veth", "peer", "name", _CABLE, "netns", right),
            *(("ip", "-n", name, "link", "set", "lo", "up") for name in self._names),
            *(
                ("ip", "-n", name, "address", "add", f"{address}/24", "dev", _CABLE)
                for name, address in zip(self._names, ADDRESSES, strict=True)
            ),
            *(("ip", "-n", name, "link", "set", _CABLE, "up") for name in self._names),
            ("ip", "netns", "exec", left, "true"),
        )
        for command in commands:
            done = _run(*command)
            if done.returncode:
                return f"{' '.join(command)}: {done.stderr.strip()}"
        return ""

    def remove(self) -> None:
        """The hosts are gone, and the cable with them."""
        for name in self._names:
            _run("ip", "netns", "delete", name)

    def _link(self, seat: Seat, *words: str) -> None:
        done = _run("ip", "-n", self._names[seat], "link", *words)
        assert done.returncode == 0, done.stderr


@contextmanager
def two_hosts(mark: str) -> Iterator[tuple[TwoHosts, str]]:
    """Two hosts for one test, and why this machine cannot have them (then nothing was made)."""
    hosts = TwoHosts(mark)
    problem = missing_permission() or hosts.set_up()
    try:
        yield hosts, problem
    finally:
        if not missing_permission():
            hosts.remove()


def missing_permission() -> str:
    """Why nobody need try here; empty if it is worth trying."""
    if shutil.which("ip") is None or shutil.which("tc") is None:
        return "iproute2 is not installed"
    return "" if os.geteuid() == 0 else "only root may make network namespaces"


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
