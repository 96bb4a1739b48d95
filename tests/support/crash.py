"""A real station process that is really killed: `python -m tests.support.crash HOME SHARE CALL EPISODES ROWS`.

It records whole episodes and sends itself SIGKILL just before its disk call number CALL; it delivers too, so that the
call may as well be one of a courier's. Each episode that it knows to be sealed is said on stdout.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from data.delivery import deliver
from games.contract import Seat
from tests.support.disks import WatchedDisk
from tests.support.stations import make_frames, make_recorder, make_terms, record_episode


def main(home: str, share: str, call: str, episodes: str, rows: str) -> None:
    def before(number: int, name: str, arguments: tuple[Any, ...]) -> None:
        if number == int(call):
            os.kill(os.getpid(), signal.SIGKILL)

    disk = WatchedDisk(before)
    recorder = make_recorder(Path(home), share, Seat.LEFT, disk)
    for episode in range(int(episodes)):
        record_episode(recorder, make_terms(episode), make_frames(int(rows)))
        while len(recorder.sealed) <= episode:
            os.sched_yield()
        print("sealed", recorder.sealed[-1].sha256, flush=True)
        for receipt in deliver(Path(home), now=0.0, disk=disk).delivered:
            print("received", receipt.file, flush=True)
    recorder.close(20)
    print("calls", len(disk.log), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
