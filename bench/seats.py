"""Two real clients played by bots: what they tell while they play, and what their local files say of their ticks."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from client.keys import make_keys
from data.local_format import read_local
from games.contract import Seat

WARM_UP_TICKS: Final = 30
SEAT_SECONDS: Final = 60.0
"""How long a client may take for anything before the benchmark gives up."""
POLL_SECONDS: Final = 0.01


@contextmanager
def playing(
    folder: Path,
    homes: Mapping[Seat, Path],
    share: Path,
    frames: int,
    options: Sequence[str],
    environment: Mapping[str, str] | None = None,
) -> Iterator[tuple["SeatProcess", ...]]:
    """Two clients that meet and play one episode. `options` are both seats'; what they tell goes into `folder`."""
    make_keys(folder / "keys")
    with ExitStack() as stack:
        clients: list[SeatProcess] = []
        address = ["--listen", "tcp://127.0.0.1:*"]
        for seat in Seat:
            values = {"--home": homes[seat], "--share": share, "--frames": frames}
            words = [str(word) for pair in values.items() for word in pair]
            client = SeatProcess(folder, seat, [*address, *words, *options], environment)
            stack.callback(client.end)
            clients.append(client)
            if seat is Seat.LEFT:
                address = ["--partner", client.hear(lambda told: told["event"] == "listening")["address"]]
        yield tuple(clients)


class SeatProcess:
    """One seat, played by a bot, and what it tells."""

    def __init__(
        self, folder: Path, seat: Seat, options: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self._told = folder / f"{seat.word}.told"
        values = {
            "--seat": seat.word,
            "--keys": str(folder / "keys"),
            "--dyad": "1",
            "--session": "1",
            "--participant": f"P{seat + 1}",
            "--episodes": "1",
            "--seed": "5",
            "--rejoin-seconds": "0",
            "--final-seconds": "0",
        }
        words = [word for pair in values.items() for word in pair]
        command = [sys.executable, "launcher.py", "play", *words, *options, "--bot", "--reports", "--no-settings"]
        with self._told.open("w") as told:
            self._process = subprocess.Popen(command, stdout=told, stderr=subprocess.DEVNULL, env=environment)

    def hear(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until it has told something."""
        deadline = time.monotonic() + SEAT_SECONDS
        while time.monotonic() < deadline:
            whole = self._told.read_text().rpartition("\n")[0]
            for line in whole.splitlines():
                told: dict[str, Any] = json.loads(line)
                if is_it(told):
                    return told
            time.sleep(POLL_SECONDS)
        raise AssertionError(f"a client said nothing for {SEAT_SECONDS:g} s")

    def cpu_seconds(self) -> float | None:
        """What it has used so far, all threads together; None where the system does not tell."""
        with suppress(OSError):
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return None

    def end(self) -> None:
        """Leave no process behind."""
        self._process.terminate()
        self._process.wait()


def lateness_of(path: Path) -> list[float]:
    """How late (us) the ticks of a local file began, but for the first ones."""
    ticks = read_local(path.read_bytes()).of("tick")
    return [(int(tick["start_ns"]) - int(tick["deadline_ns"])) / 1000 for tick in ticks[WARM_UP_TICKS:]]
