"""What one runs from a terminal: the demo, sync, the courier, and what they print. No window, no pygame."""
