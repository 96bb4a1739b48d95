"""A broken rule, put into the real classes of this process for the length of a block, and taken out again."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple


class Patch(NamedTuple):
    """One attribute of a class or module, and what stands there instead."""

    owner: Any
    name: str
    value: Any


@contextmanager
def patched(patches: Sequence[Patch]) -> Iterator[None]:
    """Break rules for as long as the block lasts."""
    kept = [patch.owner.__dict__[patch.name] for patch in patches]
    try:
        for patch in patches:
            setattr(patch.owner, patch.name, patch.value)
        yield
    finally:
        for patch, value in zip(patches, kept, strict=True):
            setattr(patch.owner, patch.name, value)
