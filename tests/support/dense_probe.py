"""A window on whatever display there is, and what it says of itself as JSON: `python -m tests.support.dense_probe`."""

import json
import time

import pygame

from client.events import PointerEdge, PointerMoved
from client.window import Window

SIZE = (640, 480)
CLICK = (10, 20)
"""In the desktop's units."""


def main() -> None:
    window = Window("dense", headless=False, size=SIZE, class_name="dense", has_pointer=True)
    for _ in range(10):  # a compositor tells its scale when the window is there
        window.poll(time.monotonic_ns())
        window.surface.fill("black")
        window.flip()
        time.sleep(0.02)
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=CLICK))
    pygame.event.post(pygame.event.Event(pygame.MOUSEMOTION, pos=CLICK))
    pointed = [event for event in window.poll(time.monotonic_ns()) if isinstance(event, PointerEdge | PointerMoved)]
    print(json.dumps({"surface": window.surface.get_size(), "pointed": [(event.x, event.y) for event in pointed]}))
    window.close()


if __name__ == "__main__":
    main()
