"""Deliberately broken rules."""
from contextlib import contextmanager
@contextmanager
def applied(name):
    yield
