"""Plans that once failed, each with its story; a test plays them all. Nothing is ever taken out of it by a program."""

import json
from pathlib import Path
from typing import NamedTuple

from tests.simulator.plan import Plan, plan_from_json

FILE = Path(__file__).with_name("corpus.json")


class Entry(NamedTuple):
    """A plan that must pass. With `mutant` set, it is also known to fail under that mutant."""

    story: str
    mutant: str
    plan: Plan


def read(file: Path = FILE) -> list[Entry]:
    """All entries, oldest first; none if there is no such file."""
    if not file.exists():
        return []
    entries = json.loads(file.read_text(encoding="utf-8"))
    return [Entry(entry["story"], entry["mutant"], plan_from_json(entry["plan"])) for entry in entries]


def keep(entry: Entry, file: Path = FILE) -> bool:
    """Add an entry, unless its plan is there already. Whether it was added."""
    entries = read(file)
    if any(known.plan == entry.plan and known.mutant == entry.mutant for known in entries):
        return False
    lines = [
        json.dumps({"story": known.story, "mutant": known.mutant, "plan": known.plan.to_json()})
        for known in [*entries, entry]
    ]
    file.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    return True
