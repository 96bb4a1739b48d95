"""A collector at the share's own machine, and a station's line to it."""
