"""Tidy tables with a codebook from raw files that are only read."""
