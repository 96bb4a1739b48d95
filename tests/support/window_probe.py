"""A window that writes what it sees, a line of JSON each: `python -m tests.support.window_probe CLASS X LOG`."""

import json
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

from client.controls import Controls, bindings_for
from client.events import CloseRequested, FocusEdge, KeyEdge, Uncovered
from client.focus import Focus
from client.window import Window
from games.foraging import FORAGING
from tests.support.preview import painter, pictures

TICK_SECONDS = 1 / 30


def main(class_name: str, left: int, log: Path) -> None:
    window = Window(class_name, headless=False, position=(left, 30), size=(640, 480), class_name=class_name)
    focus = Focus(obey_window=True, now_ns=time.monotonic_ns())
    controls, artist = Controls(bindings_for(FORAGING.actions)), painter()
    picture, last, closing, seen = pictures()["playing"], -1, False, (0, 0)
    with log.open("a", buffering=1) as lines:
        while not closing:
            now_ns = time.monotonic_ns()
            for event in window.poll(now_ns):
                lines.write(json.dumps({"event": type(event).__name__, **asdict(event)}) + "\n")
                if isinstance(event, KeyEdge):
                    controls.feed(event, now_ns)
                elif isinstance(event, FocusEdge):
                    focus.feed(event, now_ns)
                elif isinstance(event, Uncovered):
                    artist.forget()
                closing = closing or isinstance(event, CloseRequested)
            focus.watch(window.has_focus(), now_ns)
            if (edge := focus.take_edge()) is not None:
                controls.feed(edge, now_ns)
                lines.write(json.dumps({"away": focus.is_away}) + "\n")
            action = controls.sample()
            if action != last:
                lines.write(json.dumps({"action": action}) + "\n")
                last = action
            if (size := window.surface.get_size()) != seen:
                seen = size
                lines.write(json.dumps({"width": size[0], "height": size[1]}) + "\n")
            artist.paint(window.surface, replace(picture, now_ns=now_ns, is_away=focus.is_away))
            window.flip()
            time.sleep(TICK_SECONDS)
    window.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
