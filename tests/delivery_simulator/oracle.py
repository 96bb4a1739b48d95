"""What must be true of every delivery, at every moment and at its end. Each broken law is one sentence."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from data.claims import Pairing, compare_claims, read_claims
from data.outbox import Outbox, State
from data.pruning import Pruning
from games.contract import Seat
from tests.delivery_simulator.world import Files, Machine, World, digest
from tests.support.stations import files_under


class Oracle:
    """Looks at one world, again and again: what was there must stay as it was."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._first_seen: dict[str, str] = {}

    def now(self) -> Iterator[str]:
        """Every law that is broken in this moment."""
        there = self._world.at_share()
        yield from self._overwritten(there)
        yield from self._torn(there)
        yield from self._bare_folder()
        for name in self._world.unproven:
            yield f"{name} was pruned, and its share did not hold it"
        for machine in self._world.machines:
            yield from self._acknowledged(machine, there)
            yield from self._one_state(machine, there)

    def at_the_end(self) -> Iterator[str]:
        """Every law that is broken although all trouble has ended long ago."""
        yield from self.now()
        there = self._world.at_share()
        for machine in self._world.machines:
            excused = machine.rotten | set(self._world.foreign)
            for item in Outbox(machine.home).waiting():
                if item.file not in excused:
                    yield f"{machine.name} still waits with {item.file} ({item.state.value}: {item.reason})"
                elif item.state not in (State.CONFLICT, State.LOCAL_CORRUPT, State.BLOCKED):
                    yield f"{machine.name} says nothing of what is wrong with {item.file}"
            for name, sha in self._world.receipts(machine).items():
                if name in self._world.findable and digest(there.get(name, b"")) != sha:
                    yield f"{machine.name} never found out that {name} is not at the share any more"
        yield from self._unreported(there)

    def _overwritten(self, there: Files) -> Iterator[str]:
        """Nothing on a share is ever overwritten; what a power cut took before anybody was told may come again."""
        for name, data in there.items():
            found = digest(data)
            if self._first_seen.setdefault(name, found) != found:
                yield f"{name} was overwritten at the share"
        for name in [name for name in self._first_seen if name not in there]:
            del self._first_seen[name]

    def _torn(self, there: Files) -> Iterator[str]:
        for name, data in there.items():
            if name not in self._world.foreign and digest(data)[:8] not in name:
                yield f"{name} holds torn or altered bytes under its final name"
        for name, data in self._world.foreign.items():
            if name in there and there[name] != data:
                yield f"{name} was somebody else's, and was replaced"

    def _bare_folder(self) -> Iterator[str]:
        if not self._world.is_mounted and files_under(self._world.share_root):
            yield "the bare folder below a mount was filled"

    def _acknowledged(self, machine: Machine, there: Files) -> Iterator[str]:
        for name, sha in self._world.receipts(machine).items():
            if name not in self._world.forgotten and digest(there.get(name, b"")) != sha:
                yield f"{machine.name} holds a receipt for {name}, and the share does not hold its bytes"

    def _one_state(self, machine: Machine, there: Files) -> Iterator[str]:
        """Every finished file waits or was received; it is here, or a tombstone says who has it."""
        outbox = Outbox(machine.home)
        states = [item.file for item in outbox.items()]
        if len(states) != len(set(states)):
            yield f"{machine.name} has a file in two states"
        missing = set(machine.finished) - set(states)
        if missing and not machine.is_cut_short:
            yield f"{machine.name} has lost track of {sorted(missing)[0]}"
        here = files_under(machine.station.episodes)
        buried = {stone.file for stone in Pruning(machine.home).tombstones()}
        for name in set(machine.finished) - here:
            if name not in buried:
                yield f"{machine.name} has {name} no more, and no tombstone"
            is_kept = (machine.station.trash / PurePosixPath(name).name).exists() or name in self._world.forgotten
            if not is_kept and there.get(name) != machine.finished[name]:
                yield f"{machine.name} pruned {name}, and nobody has it"

    def _unreported(self, there: Files) -> Iterator[str]:
        """Two claims of one episode either pair, or say that they differ."""
        root = self._world.real_root
        for folder in sorted({PurePosixPath(name).parent for name in there}):
            claims = read_claims(root / folder)
            if len(claims) < len(Seat):
                continue
            differ = claims[Seat.LEFT].sha256 != claims[Seat.RIGHT].sha256
            pairing = compare_claims(claims[Seat.LEFT], claims[Seat.RIGHT]).pairing
            self._world.seen[f"pairing: {pairing.value}"] += 1
            if differ != (pairing is Pairing.DIVERGED):
                yield f"{folder}: the claims differ={differ}, and are called {pairing.value}"
