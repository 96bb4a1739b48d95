"""`dyadgrid share probe`: what a share can and cannot do, in words for an RA and for whoever runs the server."""

import json
import queue
import threading
from typing import Final

from rich.console import Console

from client.commands.terminal import open_console, say
from data.receipts import Level
from data.shares.examination import Ability, Examination, examine
from data.shares.share import Share, open_share, share_address

PROBE_SECONDS: Final = 60.0
"""A share that has not answered by then hangs: nobody can interrupt a call into a dead mount, only stop waiting."""

_LEVELS: Final = {
    Level.STORED: "level 1 (stored and read back)",
    Level.SETTLED: "level 2 (stored and read back now, and verified again in a later run)",
    Level.COLLECTED: "level 3 (a collector stores, checks and answers for it)",
}
_MARKS: Final = {True: ("yes", "green"), False: ("NO", "bold red"), None: ("-", "dim")}


def probe_share(address: str, *, as_json: bool, seconds: float = PROBE_SECONDS) -> int:
    """Try a share and say what came of it; the exit code.

    Raises:
        ValueError: no share can have this address.
    """
    share = open_share(share_address(address))
    console = open_console(stderr=as_json)
    with console.status("trying the share"):
        found = _examine_for(share, seconds)
    _show(found, console)
    if as_json:
        print(json.dumps(found.to_json()))  # noqa: T201  # one object on the standard output is what was asked for
    return 0 if found.is_usable else 1


def _examine_for(share: Share, seconds: float) -> Examination:
    """The examination, in a thread that is left behind if the share hangs."""
    told: queue.SimpleQueue[Examination | Exception] = queue.SimpleQueue()

    def look() -> None:
        try:
            told.put(examine(share))
        except Exception as error:  # raised again below, where somebody hears it
            told.put(error)

    threading.Thread(target=look, daemon=True).start()
    try:
        found = told.get(timeout=seconds)
    except queue.Empty:
        return Examination(share.url, "", trouble=f"it hangs: nothing came back within {seconds:g} s")
    if isinstance(found, Exception):
        raise found
    return found


def _show(found: Examination, console: Console) -> None:
    say(console, f"share {found.url.partition('?')[0]}", "bold")
    if found.kind:
        say(console, f"  {found.kind}")
    for ability in found.abilities:
        _show_ability(ability, console)
    if found.free_bytes is not None:
        say(console, f"  {found.free_bytes / 1e9:,.1f} GB are free")
    if found.pace is not None:
        pace = found.pace
        words = f"one flush takes {pace.flush:g} ms, one episode {pace.episode:g} ms (at most {pace.slowest_episode:g})"
        say(console, f"  {words}: about {pace.files_a_second:,.0f} episodes a second")
    if found.is_usable:
        say(console, f"Usable. It can reach {_LEVELS[found.level]}.", "bold green")
    else:
        say(console, f"Not usable: {found.trouble}", "bold red")
        say(console, "Episodes wait on the station meanwhile; nothing is lost.")


def _show_ability(ability: Ability, console: Console) -> None:
    word, style = _MARKS[ability.is_there]
    if ability.is_there is False and not ability.is_needed:
        style = "yellow"
    say(console, f"  {word:<4}{ability.words}", style)
