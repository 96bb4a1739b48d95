"""Keys of a collector and its stations: made, and what to do with each folder said."""

from pathlib import Path

from client.commands.terminal import open_console, say
from data.collector.keys import COLLECTOR, make_collector_keys


def make_and_tell(folder: Path, names: list[str], count: int) -> None:
    """Make keys for the named stations, or for `count` numbered ones (pc-1, pc-2, ...).

    Raises:
        ValueError: no station was named.
        CollectorKeysError: the keys cannot be made.
    """
    names = [*names, *(f"pc-{number}" for number in range(1, count + 1))]
    if not names:
        raise ValueError("name the machines that may deliver: --station left-pc --station right-pc, or --stations 2")
    made = make_collector_keys(folder, names)
    console = open_console(stderr=False)
    say(console, f"{folder / COLLECTOR} stays on the collector's machine:")
    say(console, f"  dyadgrid collect --dir SHARE --listen tcp://*:5560 --keys {folder / COLLECTOR}")
    for place in made:
        say(console, f"{place} goes to that one machine, and to no other:")
        say(console, f"  dyadgrid play ... --share 'collector://COLLECTOR:5560?keys={place.name}'")
    say(console, "A collector that runs with these keys lets a new station in within seconds.")
