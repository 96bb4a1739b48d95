"""Templates of pages: text with slots. What fills a slot is not looked at again, whatever stands in it."""

import re
from collections.abc import Mapping
from typing import Final

_SLOT: Final = re.compile(r"\{\{(\w+)\}\}")


def fill_slots(template: str, slots: Mapping[str, str]) -> str:
    """The template with every slot filled, in one pass.

    Raises:
        KeyError: a slot has no filling.
    """
    return _SLOT.sub(lambda match: slots[match[1]], template)
