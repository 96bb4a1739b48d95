"""Named tuples that every tick makes. Nothing of the protocol."""

from typing import Final

make: Final = tuple.__new__
"""`make(Kind, (field, ...))` is `Kind(field, ...)`, with all fields and in their order, for a third of the time: a
NamedTuple's own constructor is a Python function that the interpreter calls by way of C.
"""
