"""Deliberately broken durability, each piece of which a power cut must bring to light. `applied` is the only way in.

A mutant either leaves calls out of the log (a program that does not flush: nothing else about it is different), or
patches the real code of this process.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

from data import (
    delivery,
    draft,
    draft_recovery,
    episode_writer,
    files,
    outbox,
    pruning,
    publishing,
    receipts,
    recovery,
    sessions,
    settlement,
    station,
    tape,
)
from data.claims import Statistics
from data.collector.vault import Vault
from data.draft import Draft
from data.draft_recovery import DraftOutcome, _DraftRecovery
from data.files import Disk
from data.outbox import Item
from data.publishing import WholeFile
from data.receipts import Level, Receipt
from data.shares import folder_batch, folder_share
from data.shares.folder_share import FolderShare
from data.shares.share import Probe, Share
from data.station import Station
from netcode.vocabulary import Ending
from tests.crash_states.platter import Call
from tests.support.patches import Patch, patched

Keep = Callable[[Call], bool]
NOTHING: Final[Call] = ("nothing", (Path(),))


class Mutant(NamedTuple):
    """One broken rule, and the protocols that keep it."""

    why: str
    protocols: tuple[str, ...]
    patches: Sequence[Patch] = ()
    keep: Keep = lambda call: True


def applied(name: str | None) -> AbstractContextManager[None]:
    """Break one rule in this process for as long as the block lasts; None breaks none."""
    return patched(MUTANTS[name].patches if name is not None else ())


def kept(name: str | None, log: Sequence[Call]) -> Sequence[Call]:
    """The calls that a mutant makes; one that it leaves out is nothing, so that all others keep their number."""
    keep = MUTANTS[name].keep if name is not None else None
    return log if keep is None else [call if keep(call) else NOTHING for call in log]


def without(*names: str, of: str = "") -> Keep:
    """Leaves these calls out, or those of them on a path with this in it."""
    return lambda call: call[0] not in names or (bool(of) and of not in call[1][0].as_posix())


# -- recording ---------------------------------------------------------------------------------------------------------


def _place_by_plain_rename(disk: Disk, source: Path, target: Path) -> None:
    disk.replace(source, target)


def _end_before_rows(self: tape.Tape, ending: Ending, statistics: Statistics) -> None:
    _SEAL(self, ending, statistics)
    if len(self.canonical) > 2:
        self.canonical[-2], self.canonical[-1] = self.canonical[-1], self.canonical[-2]


def _publish_before_flush(self: Draft, share_url: str) -> Path:
    """The last bytes are written, and nothing asks for them to be on the platter."""
    for part in self._parts:
        part.flush = lambda: None  # type: ignore[method-assign]  # that is the mutant
    return _PUBLISH_DRAFT(self, share_url)


def _keep_a_poisoned_draft(self: episode_writer.EpisodeWriter) -> None:
    """A flush that failed is asked again on the same file."""


def _queue_first(
    disk: Disk, home: Station, folder: PurePosixPath, whole: tuple[WholeFile, ...], share_url: str
) -> Path:
    publishing.queue(disk, home, folder, whole, share_url)
    return _PUBLISH(disk, home, folder, whole, share_url)


def _write_in_place(disk: Disk, target: Path, data: bytes) -> None:
    disk.unlink(target)
    files.write_flushed(disk, target, data)
    disk.flush_folder(target.parent)


def _replace_unflushed(disk: Disk, target: Path, data: bytes) -> None:
    temporary = files.temporary_name(target)
    descriptor = disk.create(temporary)
    files.write_all(disk, descriptor, data)
    disk.close(descriptor)
    disk.replace(temporary, target)
    disk.flush_folder(target.parent)


@contextmanager
def _unflushed_file(disk: Disk, target: Path, data: bytes) -> Iterator[Path]:
    temporary = files.temporary_name(target)
    disk.close(files.write_open(disk, temporary, data))
    yield temporary
    disk.unlink(temporary)


def _make_path_carelessly(disk: Disk, folder: Path) -> None:
    for path in reversed((folder, *folder.parents)):
        if not path.exists():
            disk.make_folder(path)
    disk.flush_folder(folder.parent)


# -- recovery ----------------------------------------------------------------------------------------------------------


def _delete_torn(self: _DraftRecovery, is_torn: bool) -> tuple[Path, ...]:
    self._clear_earlier_attempt()
    for path in sorted(self._folder.iterdir()):
        self._disk.unlink(path)
    self._disk.remove_folder(self._folder)
    self._disk.flush_folder(self._station.recording)
    return ()


def _put_away_first(self: _DraftRecovery, share_url: str) -> DraftOutcome:
    """The torn original moves away before the good rows of it have a place."""
    folder = self._folder
    aside = self._station.torn / folder.name
    self._disk.move_folder(folder, aside)
    self._disk.flush_folder(aside.parent)
    self._disk.flush_folder(folder.parent)
    self._folder = aside
    self._put_away = lambda is_torn: (aside,)  # type: ignore[method-assign]  # that is the mutant
    return _RUN_RECOVERY(self, share_url)


def _trust_the_writer(disk: Disk, path: Path) -> None:
    """What a dead writer left was surely flushed, was it not."""


def _recover_without_flush(disk: Disk, path: Path, data: bytes) -> None:
    descriptor = disk.create(path)
    files.write_all(disk, descriptor, data)
    disk.close(descriptor)


def _clear_torn_state(self: recovery._Recovery, path: Path) -> None:
    self._disk.unlink(path)
    self._report.set_aside.append(path.name)


# -- delivery ----------------------------------------------------------------------------------------------------------


def _receipt_first(self: delivery._Pass, batch: list[Item], where: Share, probe: Probe, owner: str) -> None:
    for item in batch:
        receipt = Receipt(item.file, item.sha256, item.size, where.url, probe.share_id, Level.STORED, self._now)
        self._receipts.write(receipt)
        where.store(item.file, self._station.episodes / item.file, item.sha256, owner)
        self._outbox.release(item)
        self._note_delivered(item, receipt)


def _release_first(self: delivery._Pass, batch: list[Item], where: Share, probe: Probe, owner: str) -> None:
    for item in batch:
        level = where.store(item.file, self._station.episodes / item.file, item.sha256, owner)
        self._disk.unlink(self._outbox.path(item.name))
        self._disk.flush_folder(self._outbox.path(item.name).parent)
        receipt = Receipt(item.file, item.sha256, item.size, where.url, probe.share_id, level, self._now)
        self._receipts.write(receipt)
        self._note_delivered(item, receipt)


def _store_in_place(self: FolderShare, temporary: Path, target: Path, data: bytes) -> None:
    files.write_flushed(self._disk, target, data)


def _flush_only_the_folder(self: FolderShare, target: Path) -> None:
    self._disk.flush_folder(target.parent)


def _refuse_nothing(self: folder_batch.Batch, folder: Path) -> None:
    return


def _flush_nothing(self: FolderShare, target: Path) -> None:
    """A read-back says that it is there."""


def _make_folders_unflushed(disk: Disk, root: Path, relative: PurePosixPath) -> Path:
    folder = root
    for part in relative.parts:
        folder = folder / part
        disk.make_folder(folder)
    return folder


def _withdraw_first(self: settlement._Round, receipt: Receipt, found: str) -> None:
    """The receipt is gone before its file waits again."""
    self._receipts.withdraw(receipt)
    self._outbox.queue(Item(receipt.file, receipt.sha256, receipt.size, receipt.share))
    self.revoked.append(receipt)


def _trash_before_tombstone(self: pruning.Pruning, receipt: Receipt, now: float) -> None:
    self._move_to_trash(receipt)
    self._bury(receipt, now)


def _trust_the_receipt(receipt: Receipt, where: Share) -> str:
    """It was there once."""
    return receipt.sha256


def _undo_tombstone_first(self: pruning.Pruning, tombstone: pruning.Tombstone) -> None:
    self._disk.unlink(self._tombstone_path(tombstone.name))
    self._disk.flush_folder(self._station.tombstones)
    _UNDO(self, tombstone)


def _forget_first(self: sessions.OpenSession, homes: Sequence[Path], share_url: str) -> None:
    sessions.remove_opening(self._disk, self._path)
    sessions.write_sheet(self._disk, self._station, homes, self._opening, share_url)
    self._lock.release()


_UNDO = pruning.Pruning.undo
_SEAL = tape.Tape.seal
_PUBLISH_DRAFT = Draft.publish
_PUBLISH = publishing.publish
_RUN_RECOVERY = _DraftRecovery.run

_RECORDING: Final = ("recording", "recording, two episodes")
_SEALED: Final = ("recovery of a sealed draft",)
_TORN: Final = ("recovery of a torn draft",)
_DELIVERY: Final = ("delivering",)

# -- collecting --------------------------------------------------------------------------------------------------------

_COLLECTING: Final = ("collecting", "collecting from both seats")
_MAKE_COLLECTED_FOLDERS: Final = Vault._make_folders


def _pass_over(self: Vault, work: object) -> None:
    """The step is left out."""


def _close_unflushed(self: Vault, work: Any) -> None:  # noqa: ANN401 - a private kind of value
    if work.descriptor is not None:
        self._disk.close(work.descriptor)
        work.descriptor = None


def _flush_no_folder(self: Vault, folder: str) -> str:
    return ""


def _make_folders_and_tell_the_last(self: Vault, parts: list[str]) -> set[str]:
    _MAKE_COLLECTED_FOLDERS(self, parts)
    return {"/".join(parts)}


MUTANTS: Final[dict[str, Mutant]] = {
    "no-file-flush": Mutant("no file is ever flushed", _RECORDING, keep=without("flush", "flush_data")),
    "no-data-flush": Mutant("the flush of each second is left out", _RECORDING, keep=without("flush_data")),
    "no-folder-flush": Mutant("no folder is ever flushed", _RECORDING, keep=without("flush_folder")),
    "no-flush-of-recording": Mutant(
        "the name of a draft's folder is not flushed", _RECORDING, keep=without("flush_folder", of="/recording")
    ),
    "no-flush-of-episodes": Mutant(
        "final names are not flushed", _RECORDING, keep=without("flush_folder", of="/episodes")
    ),
    "no-flush-of-outbox": Mutant("items are not flushed", _RECORDING, keep=without("flush_folder", of="/outbox")),
    "no-flush-of-parents": Mutant(
        "of a path that is new, only the last folder is flushed",
        ("opening a station deep down, and a recording",),
        [Patch(module, "make_path", _make_path_carelessly) for module in (station, folder_share)],
    ),
    "publish-before-fsync": Mutant(
        "final names come before the last flush", _RECORDING, [Patch(Draft, "publish", _publish_before_flush)]
    ),
    "end-before-rows": Mutant(
        "END is written before the last rows", _RECORDING, [Patch(tape.Tape, "seal", _end_before_rows)]
    ),
    "plain-rename": Mutant(
        "a final name is taken from whoever has it",
        ("recording, other bytes under the name",),
        [Patch(publishing, "place_new", _place_by_plain_rename)],
    ),
    "queue-before-publish": Mutant(
        "an item comes before its file", _RECORDING, [Patch(draft, "publish", _queue_first)]
    ),
    "repeated-flush": Mutant(
        "a flush that failed is asked again on the same file",
        ("recording, a flush refused", "recording, the last flush refused"),
        [Patch(episode_writer.EpisodeWriter, "_keep_or_discard", _keep_a_poisoned_draft)],
    ),
    "state-in-place": Mutant(
        "a state file is written over itself",
        ("opening with another share", "putting off"),
        [
            Patch(station, "replace_durably", _write_in_place),
            Patch(outbox, "replace_durably", _write_in_place),
        ],
    ),
    "state-without-flush": Mutant(
        "a state file gets its name before its bytes",
        ("opening with another share", "putting off"),
        [
            Patch(station, "replace_durably", _replace_unflushed),
            Patch(outbox, "replace_durably", _replace_unflushed),
        ],
    ),
    "recovery-deletes-torn": Mutant(
        "a recovery removes what it could not use",
        _TORN,
        [Patch(_DraftRecovery, "_put_away", _delete_torn)],
    ),
    "recovery-puts-away-first": Mutant(
        "a recovery moves the torn original before its rows are safe",
        _TORN,
        [Patch(_DraftRecovery, "run", _put_away_first)],
    ),
    "recovery-trusts-writer": Mutant(
        "a recovery publishes what the dead writer may not have flushed",
        ("killed at call 1 of sealing, recovered",),
        [Patch(draft_recovery, "flush_file", _trust_the_writer)],
    ),
    "publishing-trusts-a-name": Mutant(
        "a final name that is there is taken for a durable one",
        tuple(f"killed at call {number} of delivering, delivered" for number in (20, 28, 34, 40)),
        [Patch(FolderShare, "_flush_final", _flush_nothing)],
    ),
    "recovery-without-flush": Mutant(
        "a recovered file is published unflushed",
        _TORN,
        [Patch(draft_recovery, "write_flushed", _recover_without_flush)],
    ),
    "recovery-deletes-state": Mutant(
        "a recovery removes half-written items",
        ("recovery of torn items and receipts",),
        [Patch(recovery._Recovery, "_set_aside", _clear_torn_state)],
    ),
    "receipt-before-read-back": Mutant(
        "a receipt is written before the share was asked",
        _DELIVERY,
        [Patch(delivery._Pass, "_deliver_batch", _receipt_first)],
    ),
    "release-before-receipt": Mutant(
        "an item goes before its receipt is there", _DELIVERY, [Patch(delivery._Pass, "_deliver_batch", _release_first)]
    ),
    "no-flush-of-receipts": Mutant(
        "receipts are not flushed before items go", _DELIVERY, keep=without("flush_folder", of="/receipts")
    ),
    "receipt-in-place": Mutant(
        "a receipt that rises is written over itself",
        ("settling",),
        [Patch(receipts, "replace_durably", _write_in_place)],
    ),
    "withdraw-before-queue": Mutant(
        "a receipt that does not hold goes before its file is queued again",
        ("settling what the share has lost",),
        [Patch(settlement._Round, "_revoke", _withdraw_first)],
    ),
    "session-forgotten-first": Mutant(
        "a session's opening goes before its sheet is there",
        ("closing a session",),
        [Patch(sessions.OpenSession, "close", _forget_first)],
    ),
    "no-flush-of-sessions": Mutant(
        "a session's opening is not flushed", ("beginning a session",), keep=without("flush_folder", of="/sessions")
    ),
    "trash-before-tombstone": Mutant(
        "a file goes before it is written down who has it",
        ("pruning",),
        [Patch(pruning.Pruning, "_remove", _trash_before_tombstone)],
    ),
    "no-flush-of-trash": Mutant(
        "a file leaves its place before its place in the trash is durable",
        ("pruning",),
        keep=without("flush_folder", of="/trash"),
    ),
    "no-flush-of-tombstones": Mutant(
        "a file goes before its tombstone is durable", ("pruning",), keep=without("flush_folder", of="/tombstones")
    ),
    "prune-without-asking": Mutant(
        "a receipt is taken for what the share holds now",
        ("pruning what the share has lost",),
        [Patch(pruning, "hash_at", _trust_the_receipt)],
    ),
    "empty-without-asking": Mutant(
        "the trash is emptied although the share has lost the file",
        ("emptying the trash of what the share has lost",),
        [Patch(pruning, "hash_at", _trust_the_receipt)],
    ),
    "undo-tombstone-first": Mutant(
        "a tombstone goes before its file is back",
        ("undoing a pruning",),
        [Patch(pruning.Pruning, "undo", _undo_tombstone_first)],
    ),
    "share-in-place": Mutant(
        "a share's file grows under its final name", _DELIVERY, [Patch(FolderShare, "_place", _store_in_place)]
    ),
    "share-without-flush": Mutant(
        "a read-back is taken for an acknowledgement", _DELIVERY, [Patch(FolderShare, "_flush_final", _flush_nothing)]
    ),
    "share-without-second-flush": Mutant(
        "the file is not flushed under its final name: enough at home, and not behind a server",
        _DELIVERY,
        [Patch(FolderShare, "_flush_final", _flush_only_the_folder)],
    ),
    "backlog-unflushed": Mutant(
        "of many files at once no final name is flushed",
        ("delivering a backlog",),
        [Patch(folder_batch.Batch, "_flush_final", _flush_nothing)],
    ),
    "backlog-without-folders": Mutant(
        "of many files at once no folder is flushed",
        ("delivering a backlog",),
        [Patch(folder_batch.Batch, "_flush_folder", _refuse_nothing)],
    ),
    "backlog-receipts-unflushed": Mutant(
        "of many receipts at once none is flushed before items go",
        ("delivering a backlog",),
        keep=without("flush_folder", of="/receipts"),
    ),
    "backlog-sheaf-unflushed": Mutant(
        "the receipts of many files get their names before their bytes are flushed",
        ("delivering a backlog",),
        [Patch(receipts, "temporary_file", _unflushed_file)],
    ),
    "share-without-folders": Mutant(
        "the folders on the way down are not flushed",
        _DELIVERY,
        [Patch(folder_share, "make_folders", _make_folders_unflushed)],
    ),
    "share-plain-rename": Mutant(
        "the file that came second takes the name",
        ("storing a file in a race",),
        [Patch(folder_share, "place_new", _place_by_plain_rename)],
    ),
    "collector-without-flush": Mutant(
        "a file gets its name before its bytes are flushed", _COLLECTING, [Patch(Vault, "_flush_new", _close_unflushed)]
    ),
    "collector-without-second-flush": Mutant(
        "a file is not flushed under its final name", _COLLECTING, [Patch(Vault, "_flush_final", _pass_over)]
    ),
    "collector-without-folders": Mutant(
        "no folder is flushed", _COLLECTING, [Patch(Vault, "_flush_folder", _flush_no_folder)]
    ),
    "collector-forgets-folders": Mutant(
        "only the last folder is flushed, and not those above it that are new",
        _COLLECTING,
        [Patch(Vault, "_make_folders", _make_folders_and_tell_the_last)],
    ),
}
"""By name, for `--mutant`."""
