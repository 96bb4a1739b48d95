"""What must hold in whatever a power cut leaves: before anybody looks, after a recovery, and after a delivery."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from data.delivery import deliver
from data.draft_recovery import RECOVERED_PREFIX
from data.episode_format import Episode, read_episode
from data.files import TEMPORARY_SUFFIX
from data.framing import FormatError
from data.layout import Kind, digest_in, paper_name, parse_draft_name
from data.outbox import ITEM_SUFFIX, Outbox, decode_item
from data.pruning import TOMBSTONE_SUFFIX, Tombstone, decode_tombstone
from data.receipts import RECEIPT_SUFFIX, Receipts, decode_receipts
from data.recovery import RecoveryReport, recover
from data.session_sheet import decode_opening, decode_sheet
from data.shares.folder_share import MARK_FORMAT, MARK_NAME, FolderShare
from data.state_file import Fields, StateFileError
from data.station import Station, read_identity
from tests.crash_states.platter import Tree, fingerprint, materialise, read_tree
from tests.crash_states.trace import Begun, Known, Marked, Promise, Rows, Sealed, Stored
from tests.support.disks import QuickDisk
from tests.support.stations import make_frames

MOST_ROWS = 400
TRUTH = {episode: tuple(frame.row for frame in make_frames(MOST_ROWS, salt=episode)) for episode in range(3)}
"""The rows of every episode that a protocol records, by its index."""
FOREIGN = b"what somebody else has put under this name"
"""Bytes that no name promises, and that nobody of ours may touch."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a state is judged by: what lay there before, and what had been promised.

    `may_lose_torn` if not even a rename is one thing: then a torn original can be lost while it is put away.
    """

    before: Tree
    promises: tuple[Promise, ...]
    homes: tuple[str, ...]
    delivers: bool
    may_lose_torn: bool
    has_locks: bool
    """Whether the dead writers' lock files are still there."""


def judge(tree: Tree, case: Case, work: Path, settled: set[bytes]) -> str:
    """The first law that a state breaks, in words; empty if it breaks none. `work` does not exist yet.

    Thousands of states recover to the same few homes. What a second recovery and a delivery make of such a home is
    asked once: `settled` are the homes that were found good.
    """
    broken = next(_judge_raw(tree, case), "")
    if broken:
        return broken
    materialise(tree, work)
    if case.has_locks:
        _leave_locks(tree, work)
    for home in case.homes:
        report = recover(work / home, disk=QuickDisk())
        broken = broken or _judge_report(report, case.before)
    after = read_tree(work)
    broken = broken or next(_judge_recovered(tree, after, case, work), "")
    key = fingerprint({path: data for path, data in after.items() if "/torn/" not in path})  # nobody looks in there
    if not broken and key not in settled:
        broken = next(_judge_settled(after, case, work), "")
        settled.add(key)
    return broken


# -- before anybody looks ----------------------------------------------------------------------------------------------


def _judge_raw(tree: Tree, case: Case) -> Iterator[str]:
    for path, data in tree.items():
        if data is not None and _is_final(path) and case.before.get(path) != data and not _is_whole(path, data):
            yield f"torn bytes under a final name: {path}"
    for path, data in case.before.items():
        if _is_final(path) and path in tree and tree[path] != data and data not in tree.values():
            yield f"overwritten: {path}"
        if _is_final(path) and path.startswith("share/") and path not in tree:
            yield f"gone from the share: {path}"
    for home in case.homes:
        yield from _judge_state_files(tree, home, case.before)
        yield from _judge_pruned(tree, home, case.before)
    for promise in case.promises:
        if isinstance(promise, Sealed) and not _is_covered(tree, promise):
            yield f"left the outbox without a receipt: {promise.file}"
        if isinstance(promise, Stored) and not _is_there(tree, promise.file, promise.sha256):
            yield f"acknowledged, and not on the share: {promise.file}"
        if isinstance(promise, Marked) and _mark_of(tree) != promise.share_id:
            yield f"the share was known by another mark: {promise.share_id}"


def _is_final(path: str) -> bool:
    return digest_in(path.rpartition("/")[2]) is not None and ("/episodes/" in path or path.startswith("share/"))


def _is_whole(path: str, data: bytes) -> bool:
    digest = digest_in(path.rpartition("/")[2])
    return data == FOREIGN or (digest is not None and sha256(data).hexdigest().startswith(digest))


def _judge_state_files(tree: Tree, home: str, before: Tree) -> Iterator[str]:
    for path, data in tree.items():
        if data is None or path.endswith(TEMPORARY_SUFFIX) or before.get(path) == data:
            continue  # what a share has lost before the protocol began is for the protocol to find out
        try:
            if path.startswith(f"{home}/outbox/"):
                item = decode_item(data)
                if not _is_there(tree, f"{home}/episodes/{item.file}", item.sha256):
                    yield f"an item for a file that is not there: {path}"
            elif path.startswith(f"{home}/receipts/"):
                name = path.rpartition("/")[2].removesuffix(RECEIPT_SUFFIX)
                several = decode_receipts(data)
                receipt = next((each for each in several if each.name == name), several[0])
                if not _is_there(tree, f"share/{receipt.file}", receipt.sha256):
                    yield f"a receipt for a file that the share does not hold: {path}"
        except StateFileError:
            continue  # torn before the protocol began; a recovery sets it aside


def _judge_pruned(tree: Tree, home: str, before: Tree) -> Iterator[str]:
    """What is gone from its place was freshly verified: the share has it, and its tombstone says so.

    It is in the trash then, unless it was there before this protocol began. A damaged file that made way for a whole
    one was not pruned: a recovery has set it aside.
    """
    buried = _buried(tree, home)
    for path, data in before.items():
        name, is_trashed = path.rpartition("/")[2], path.startswith(f"{home}/trash/")
        if (
            path in tree
            or data is None
            or not (is_trashed or (path.startswith(f"{home}/episodes/") and _is_final(path)))
        ):
            continue
        if not is_trashed and not _is_whole(path, data):
            continue
        digest = sha256(data).hexdigest()
        is_back = any(_is_there(tree, other, digest) for other in tree if other.startswith(f"{home}/episodes/"))
        if is_trashed and is_back:
            continue
        if name not in buried:
            yield f"pruned without a tombstone: {path}"
        elif not _is_there(tree, f"share/{buried[name].file}", digest):
            yield f"pruned, and the share does not hold it: {path}"
        elif not is_trashed and not _is_there(tree, f"{home}/trash/{name}", digest):
            yield f"pruned, and not in the trash: {path}"
    for path, data in before.items():  # what lies in the trash, or is back, is known by its tombstone
        name = path.rpartition("/")[2].removesuffix(TOMBSTONE_SUFFIX)
        if path.startswith(f"{home}/tombstones/") and path not in tree and data is not None:
            tombstone = decode_tombstone(data)
            if not _is_there(tree, f"{home}/episodes/{tombstone.file}", tombstone.sha256):
                yield f"a tombstone is gone, and its file is not back: {name}"


def _buried(tree: Tree, home: str) -> dict[str, Tombstone]:
    found = {}
    for path, data in tree.items():
        if path.startswith(f"{home}/tombstones/") and data is not None and not path.endswith(TEMPORARY_SUFFIX):
            tombstone = decode_tombstone(data)
            found[tombstone.name] = tombstone
    return found


def _is_queued_whole(path: str, data: bytes) -> bool:
    return data != FOREIGN and _is_whole(path, data)


def _is_there(tree: Tree, path: str, digest: str) -> bool:
    data = tree.get(path)
    return data is not None and sha256(data).hexdigest() == digest


def _is_covered(tree: Tree, sealed: Sealed) -> bool:
    """Whether the file is there, and an item or a receipt says so."""
    home, name = sealed.file.partition("/episodes/")[0], _paper(sealed.file)
    papers = tree.get(f"{home}/outbox/{name}{ITEM_SUFFIX}"), tree.get(f"{home}/receipts/{name}{RECEIPT_SUFFIX}")
    return _is_there(tree, sealed.file, sealed.sha256) and any(papers)


def _paper(path: str) -> str:
    """What the item and the receipt of a published file are called."""
    return paper_name(path.partition("/episodes/")[2])


def _mark_of(tree: Tree) -> str:
    try:
        return Fields(tree.get(f"share/{MARK_NAME}") or b"", MARK_FORMAT).text("share")
    except StateFileError:
        return ""


# -- after a recovery --------------------------------------------------------------------------------------------------


def _leave_locks(tree: Tree, work: Path) -> None:
    """The lock files that dead processes leave: names only, which nobody holds."""
    for path, data in tree.items():
        if data is None and parse_draft_name(path.rpartition("/")[2]) is not None and "/recording/" in path:
            (work / f"{path}.lock").touch()


def _judge_report(report: RecoveryReport, before: Tree) -> str:
    strangers = [words for words in report.unknown if f"{report.home.name}/{words.split(':')[0]}" not in before]
    if strangers:
        return f"a recovery did not know what this is: {strangers}"
    return f"a recovery found somebody living: {report.living}" if report.living else ""


def _judge_recovered(tree: Tree, after: Tree, case: Case, work: Path) -> Iterator[str]:
    yield from _judge_files(after, case)
    for promise in case.promises:
        if isinstance(promise, Rows) and _rows_of(after, promise.episode) < promise.rows:
            yield f"lost: {promise.rows} rows of episode {promise.episode} were promised"
        if isinstance(promise, Begun) and _episodes_on_sheets(after, promise.home) < promise.episodes:
            yield f"a session of {promise.home} has no sheet of {promise.episodes} episodes"
        if isinstance(promise, Known):
            identity = read_identity(Station(work / promise.home))
            if identity is None or identity.station != promise.station:
                yield f"{promise.home} forgot who it is"
            elif identity.share not in promise.shares:
                yield f"{promise.home} forgot its share"
    if not case.may_lose_torn:
        yield from _judge_deletions(tree, after)


def _is_opening(data: bytes) -> bool:
    try:
        decode_opening(data)
    except StateFileError:
        return False
    return True


def _episodes_on_sheets(after: Tree, home: str) -> int:
    published = [path for path in after if path.startswith(f"{home}/episodes/") and "_sheet_" in path]
    sheets = [after[path] or b"" for path in published if not path.endswith(TEMPORARY_SUFFIX)]
    return max((len(decode_sheet(data).episodes) for data in sheets), default=0)


def _judge_settled(after: Tree, case: Case, work: Path) -> Iterator[str]:
    for home in case.homes:
        if not recover(work / home, disk=QuickDisk()).did_nothing:
            yield f"a second recovery of {home} found something to do"
    if read_tree(work) != after:
        yield "a second recovery changed something"
    if case.delivers:
        yield from _judge_delivery(case, work)


def _judge_files(after: Tree, case: Case) -> Iterator[str]:
    for home in case.homes:
        published = [path for path in after if path.startswith(f"{home}/episodes/") and _is_final(path)]
        for path in published:
            yield from _judge_file(path, after, case)
        states = _states(after, home)
        if len(states) != len(set(states)):
            yield f"a file of {home} is in two states"
        expected = {_paper(path) for path in published if _is_queued_whole(path, after[path] or b"")}
        stated = set(states) - (_buried(after, home).keys() - expected)
        if stated != expected:
            yield f"a file of {home} is in no state: {sorted(expected ^ stated)}"


def _states(after: Tree, home: str) -> list[str]:
    received = [path for path in after if path.startswith(f"{home}/receipts/")]
    names = [path.rpartition("/")[2].removesuffix(RECEIPT_SUFFIX) for path in received]
    waiting = [
        path.rpartition("/")[2].removesuffix(ITEM_SUFFIX) for path in after if path.startswith(f"{home}/outbox/")
    ]
    return [*names, *(name for name in waiting if name not in names)]  # a receipt ends what an item began


def _judge_file(path: str, after: Tree, case: Case) -> Iterator[str]:
    data = after[path]
    if case.before.get(path) == data:
        return  # what lay there before, and may be damaged on purpose
    assert data is not None
    if not _is_whole(path, data):
        yield f"torn bytes under a final name: {path}"
    elif path.endswith(Kind.CANONICAL.suffix):
        episode = _read(data)
        if episode is None:
            yield f"published, and no reader takes it: {path}"
        elif episode.rows != TRUTH[episode.terms.episode][: len(episode.rows)]:
            yield f"published, and not what was played: {path}"


def _rows_of(after: Tree, episode: int) -> int:
    files = [data for path, data in after.items() if data and "/episodes/" in path and path.endswith(".dyad")]
    found = [_read(data) for data in files if data != FOREIGN]
    return max((len(one.rows) for one in found if one is not None and one.terms.episode == episode), default=-1)


@lru_cache(64)
def _read(data: bytes) -> Episode | None:
    """What a reader takes of a file; the same few files are read in thousands of states."""
    try:
        return read_episode(data)
    except FormatError:
        return None


def _judge_deletions(tree: Tree, after: Tree) -> Iterator[str]:
    """Every byte that lay there lies there still, somewhere."""
    kept = [data for data in after.values() if data]
    whole = set(kept)
    for path, data in tree.items():
        if not data or data in whole or path.rpartition("/")[2].startswith(RECOVERED_PREFIX):
            continue  # what a crashed recovery itself had made is made again
        if "/sessions/" in path and _is_opening(data):
            continue  # it is forgotten once its sheet is there, which is a law of its own
        if not any(other.startswith(data) for other in kept):
            yield f"deleted: {path}"


# -- after a delivery --------------------------------------------------------------------------------------------------


def _judge_delivery(case: Case, work: Path) -> Iterator[str]:
    """When faults stop, everything is acknowledged, and the share holds what the receipts say."""
    share = FolderShare(work / "share", QuickDisk())
    for home in case.homes:
        report = deliver(work / home, share.url, now=0.0, at_once=True, disk=QuickDisk(), open_share=lambda url: share)
        if report.waiting:
            yield f"{home} could not deliver: {report.trouble}"
        if Outbox(work / home).waiting():
            yield f"the outbox of {home} is not empty"
        for receipt in Receipts(work / home).all():
            if share.sha256_of(receipt.file) != receipt.sha256:
                yield f"received, and not there: {receipt.file}"


def summary(broken: Iterable[str]) -> list[str]:
    """Each law once, with its path cut off: many states break the same one."""
    return sorted({words.split(":")[0] for words in broken})
