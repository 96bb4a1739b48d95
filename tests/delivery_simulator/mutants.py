"""Deliberately broken rules, each of which the simulation must catch, patched into the real classes of this process.

Each stands for a mistake that somebody who changes a rule is likely to make. `applied` is the only way in, and undoes
everything on its way out.
"""

# ruff: noqa: ANN001, ANN202  # a mutant stands in for methods of many classes

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from data import delivery, pruning
from data.collector.messages import Receipt
from data.collector.vault import Vault
from data.delivery import _Pass
from data.files import write_flushed
from data.outbox import Item
from data.receipts import Level
from data.settlement import _Round
from data.shares import folder_share, share
from data.shares.folder_batch import Batch
from data.shares.folder_share import FolderShare
from tests.support.patches import Patch, patched


class Mutant(NamedTuple):
    """One broken rule."""

    why: str
    patches: Sequence[Patch]


def applied(name: str | None) -> AbstractContextManager[None]:
    """Break one rule in this process for as long as the block lasts; None breaks none."""
    return patched(MUTANTS[name].patches if name is not None else ())


def _place_over(self, temporary: Path, target: Path, data: bytes) -> None:
    write_flushed(self._disk, temporary, data)
    self._disk.replace(temporary, target)


def _store_over(self, relative, data: bytes, digest: str, owner: str) -> Level:
    folder = folder_share.make_folders(self._disk, self.root, relative.parent)
    temporary = folder / folder_share.drawn(f".{relative.name}.{owner}")
    _place_over(self, temporary, folder / relative.name, data)
    self._flush_final(folder / relative.name)
    return Level.STORED


def _place_unread(self, temporary: Path, target: Path, data: bytes) -> None:
    write_flushed(self._disk, temporary, data)
    with suppress(FileExistsError):
        folder_share.place_new(self._disk, temporary, target)
    self._disk.unlink(temporary)


def _place_directly(self, temporary: Path, target: Path, data: bytes) -> None:
    write_flushed(self._disk, target, data)


_store = FolderShare._store


def _store_on_trust(self, relative, data: bytes, digest: str, owner: str) -> Level:
    try:
        return _store(self, relative, data, digest, owner)
    except share.ShareConflictError:
        return Level.STORED


def _trust_source(source: Path, digest: str) -> bytes:
    return source.read_bytes()


_deliver_batch = _Pass._deliver_batch


def _receipt_first(self, batch, there, probe, owner: str) -> None:
    for item in batch:
        self._receipts.write(_receipt(self, item, there, probe))
    _deliver_batch(self, batch, there, probe, owner)


def _release_first(self, batch, there, probe, owner: str) -> None:
    stored, blocked = self._store_batch(batch, there, owner)
    for item, _ in stored:
        self._disk.unlink(self._outbox.path(item.name))
        receipt = _receipt(self, item, there, probe)
        self._receipts.write(receipt)
        self._note_delivered(item, receipt)
    if blocked is not None:
        raise blocked


def _receipt(self, item: Item, there, probe) -> delivery.Receipt:
    level = Level.STORED
    return delivery.Receipt(item.file, item.sha256, item.size, there.url, probe.share_id, level, self._now, self._run)


_put_off_pass = _Pass._put_off


def _give_up(self, item: Item, state, reason: str) -> None:
    if item.attempts >= 2:
        self._disk.unlink(self._outbox.path(item.name))
        return
    _put_off_pass(self, item, state, reason)


def _trust_clock(self, now: float) -> bool:
    return not self.is_held and self.next_attempt <= now


_put_off = Item.put_off


def _wait_for_ever(self, state, reason: str, now: float) -> Item:
    return replace(_put_off(self, state, reason, now), next_attempt=now + 59.0 * 4.0**self.attempts)


def _trust_any_folder(self, there, owner: str):
    return there.probe(owner)


def _settle_blindly(self, receipt) -> str:
    return str(receipt.sha256)


def _revoke_only(self, receipt, found: str) -> None:
    self._receipts.withdraw(receipt)


def _prune_unasked(self, receipt) -> tuple[str, str]:
    return "trusted", ""


def _remove_at_once(self, receipt, now: float) -> None:
    self._disk.unlink(self._station.episodes / receipt.file)


# --- many files at once -------------------------------------------------------------------------------------------


def _prove_nothing(self, work) -> None:
    work.outcome = Level.STORED


def _place_batch_unread(self, work) -> None:
    if work.is_flushed:
        with suppress(FileExistsError):
            folder_share.place_new(self._disk, work.temporary, work.target)
        self._disk.unlink(work.temporary)


# --- the collector ------------------------------------------------------------------------------------------------


def _answer_unproven(self, work) -> None:
    work.reply = Receipt(work.candidate.path, work.candidate.sha256, Level.COLLECTED)


def _never_flushed(self, _) -> None:
    return


def _replace_conflict(self, work) -> None:
    if sha256(self._disk.read(work.target)).digest() != work.candidate.sha256:
        work.target.write_bytes(work.candidate.data)
    _answer_unproven(self, work)


def _answer_and_store_later(self, candidates):
    return [Receipt(each.path, each.sha256, Level.COLLECTED) for each in candidates], []


_MUTANTS: dict[str, Mutant] = {
    "overwrite": Mutant("a file replaces what has its name", [Patch(FolderShare, "_store", _store_over)]),
    "write-in-place": Mutant("a file grows under its final name", [Patch(FolderShare, "_place", _place_directly)]),
    "copy-unread": Mutant("a copy gets its name unread", [Patch(FolderShare, "_place", _place_unread)]),
    "no-final-flush": Mutant("the final name is not flushed", [Patch(FolderShare, "_flush_final", _never_flushed)]),
    "batch-no-final-flush": Mutant("of many files at once neither", [Patch(Batch, "_flush_final", _never_flushed)]),
    "batch-no-read-back": Mutant("many files at once are believed", [Patch(Batch, "_prove", _prove_nothing)]),
    "batch-unread": Mutant("many copies get their names unread", [Patch(Batch, "_place", _place_batch_unread)]),
    "no-read-back": Mutant("what has the name is believed", [Patch(FolderShare, "_store", _store_on_trust)]),
    "source-unchecked": Mutant(
        "what the station holds is sent as it is", [Patch(folder_share, "checked_source", _trust_source)]
    ),
    "receipt-first": Mutant("the receipt comes before the file", [Patch(_Pass, "_deliver_batch", _receipt_first)]),
    "release-first": Mutant("the item goes before the receipt", [Patch(_Pass, "_deliver_batch", _release_first)]),
    "give-up": Mutant("a courier gives up after three attempts", [Patch(_Pass, "_put_off", _give_up)]),
    "trust-clock": Mutant("a clock that was set back is waited for", [Patch(Item, "is_due", _trust_clock)]),
    "wait-for-ever": Mutant(
        "the pause grows without a bound", [Patch(Item, "put_off", _wait_for_ever), Patch(Item, "is_due", _trust_clock)]
    ),
    "fill-bare-folder": Mutant(
        "the folder below a lost mount is filled", [Patch(_Pass, "_trusted", _trust_any_folder)]
    ),
    "settle-blindly": Mutant("a later run believes the earlier one", [Patch(_Round, "found_at", _settle_blindly)]),
    "revoke-only": Mutant("a lost file is not queued again", [Patch(_Round, "_revoke", _revoke_only)]),
    "prune-unasked": Mutant("room is made without a fresh check", [Patch(pruning.Pruning, "_ask", _prune_unasked)]),
    "prune-unburied": Mutant("a pruned file has no tombstone", [Patch(pruning.Pruning, "_remove", _remove_at_once)]),
    "collector-answers-early": Mutant(
        "a collector acknowledges what it has not stored", [Patch(Vault, "store", _answer_and_store_later)]
    ),
    "collector-unproven": Mutant(
        "a collector acknowledges without reading back", [Patch(Vault, "_prove", _answer_unproven)]
    ),
    "collector-unflushed": Mutant(
        "a collector does not flush the final name", [Patch(Vault, "_flush_final", _never_flushed)]
    ),
    "collector-replaces": Mutant("a collector replaces what has the name", [Patch(Vault, "_prove", _replace_conflict)]),
}
"""By name, for `--mutant`."""

MUTANTS: Final = _MUTANTS
