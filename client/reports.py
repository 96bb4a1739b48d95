"""What a client tells whoever started it: one JSON object a line on its standard output. Nothing if nobody listens."""

import json
import sys
from typing import TextIO


class Reports:
    """The line to the parent process; a closed pipe only means that nobody listens any more."""

    def __init__(self, stream: TextIO | None = sys.stdout) -> None:
        self._stream = stream

    def tell(self, event: str, **values: object) -> None:
        """Say one thing."""
        if self._stream is None:
            return
        try:
            self._stream.write(json.dumps({"event": event, **values}) + "\n")
            self._stream.flush()
        except (BrokenPipeError, ValueError):
            self._stream = None
