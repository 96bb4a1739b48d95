"""What a participant sees and touches: the imperative shell, and the only folder that knows pygame."""

import os

# pygame greets on stdout when it is imported; the last line there is ours to write (`--json`).
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
