"""What a participant sees and touches: the imperative shell, and the only place with pygame."""
