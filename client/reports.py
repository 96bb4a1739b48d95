"""What a client tells whoever started it: one JSON object a line on its standard output. Nothing if nobody listens."""

import json
import os


class Reports:
    """The line to the parent process, by its file descriptor; None if nobody listens.

    It never blocks: what a parent does not read in time is not said. A line is shorter than what a pipe takes whole.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self.is_broken = False
        """Whether the parent is gone: it listened once, and its end of the line was closed."""
        if descriptor is not None:
            os.set_blocking(descriptor, False)

    def tell(self, event: str, **values: object) -> None:
        """Say one thing."""
        if self._descriptor is None:
            return
        try:
            os.write(self._descriptor, json.dumps({"event": event, **values}).encode() + b"\n")
        except BlockingIOError:
            return  # the pipe is full: the parent stands still, and this loop must not
        except BrokenPipeError:
            self._descriptor = None
            self.is_broken = True
