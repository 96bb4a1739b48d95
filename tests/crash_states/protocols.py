"""Every protocol that promises durability, run once on a disk that writes everything down.

A protocol is what lies there before (all of it durable), and what the real code then does. It says what it promises,
and when, by what the code has returned: never by what it is about to do.
"""

import errno
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

from data import crew, delivery
from data.delivery import deliver
from data.draft import PART_NAMES
from data.episode_format import encode_header, read_episode
from data.episode_writer import RETRY_SECONDS, EpisodeWriter
from data.files import Disk
from data.layout import Kind, episode_folder, paper_name, session_folder
from data.outbox import Outbox, State
from data.pruning import Pruning
from data.publishing import queue, whole_file
from data.receipts import Level, Receipt, Receipts
from data.recovery import recover
from data.sessions import OpenSession, SessionPlan
from data.settlement import Settlement
from data.shares.folder_share import MARK_NAME, FolderShare
from data.shares.share import Share, ShareConflictError
from data.state_file import encode_state
from data.station import Identity, Station, make_station_folders, open_station, read_identity
from data.tape import Tape
from games.contract import Seat
from tests.crash_states import collecting
from tests.crash_states.oracle import FOREIGN
from tests.crash_states.trace import Begun, Known, Marked, Refusal, Rows, Sealed, Stored, Trace, nobody_else
from tests.support.disks import Died, QuickDisk
from tests.support.stations import STATISTICS, finished, local_header, make_frames, make_terms

BLOCK: Final = 30
SHARE_URL: Final = "/share"
"""Where stations that never deliver in a protocol think they would."""
STATION_ID: Final = "0123456789abcdef"
SHARE_ID: Final = "00ff00ff00ff00ff"
OTHER_ID: Final = "fedcba9876543210"


class Protocol(NamedTuple):
    """What lies there before, what is done, and who takes part. `delivers`: in the end all of it must reach a share."""

    prepare: Callable[[Path], object]
    act: Callable[[Trace], None]
    homes: tuple[str, ...] = ("left",)
    delivers: bool = False


# -- what lies there before --------------------------------------------------------------------------------------------


def nothing(root: Path) -> None:
    pass


def station(root: Path, name: str = "left", identity: str = STATION_ID, share: str = SHARE_URL) -> Path:
    """A home whose id is the same in every run, so that equal states are equal."""
    home = root / name
    home.mkdir()
    make_station_folders(Station(home), QuickDisk())
    write_identity(home, identity, share)
    return home


def write_identity(home: Path, identity: str, share: str) -> None:
    fields = {"format": 1, "station": identity, "share": share}
    Station(home).identity_file.write_bytes(encode_state(fields))


def two_stations(root: Path) -> None:
    station(root)
    station(root, "right", OTHER_ID)


def make_share(root: Path) -> FolderShare:
    (root / "share").mkdir()
    return FolderShare(root / "share", QuickDisk())


def marked_share(root: Path) -> FolderShare:
    share = make_share(root)
    (root / "share" / MARK_NAME).write_bytes(encode_state({"format": 1, "share": SHARE_ID}))
    return share


def tape_of(episode: int = 0, seat: Seat = Seat.LEFT, rows: int = 0) -> Tape:
    terms = make_terms(episode)
    tape = Tape(terms, seat, encode_header(terms), local_header(terms, seat))
    tape.add(make_frames(rows, salt=episode))
    return tape


def grow(tape: Tape, rows: int) -> None:
    tape.add(make_frames(rows, start=tape.rows, salt=tape.terms.episode))
    tape.note("focus", (tape.rows, True, tape.rows))
    tape.collect_notes()


def recorded(home: Path, episode: int = 0, seat: Seat = Seat.LEFT, rows: int = 45) -> dict[Kind, Path]:
    """A finished episode, published and queued."""
    tape = tape_of(episode, seat, rows)
    tape.seal(finished(rows), STATISTICS)
    writer = EpisodeWriter(QuickDisk(), (home,), tape, _share_of(home))
    writer.publish(0.0)
    assert writer.published is not None
    return published(home, episode)


def published(home: Path, episode: int = 0) -> dict[Kind, Path]:
    folder = Station(home).episodes / episode_folder(make_terms(episode))
    suffixes = {kind.suffix: kind for kind in Kind}
    return {suffixes[path.suffix]: path for path in sorted(folder.iterdir())}


def _share_of(home: Path) -> str:
    identity = read_identity(Station(home))
    return "" if identity is None else identity.share


def torn_draft(home: Path, episode: int = 0, rows: int = 75, *, is_sealed: bool = False) -> Path:
    """What a killed writer leaves: its folder under `recording/`."""
    tape = tape_of(episode)
    writer = EpisodeWriter(QuickDisk(), (home,), tape, _share_of(home))
    writer.sync(0.0)
    for _ in range(rows // BLOCK):
        grow(tape, BLOCK)
    grow(tape, rows % BLOCK)
    writer.sync(1.0)
    assert writer._draft is not None
    folder = writer._draft.folder
    if is_sealed:
        tape.seal(finished(rows), STATISTICS)
        writer.write(2.0)
        assert tape.sealed is not None
        (folder / PART_NAMES[Kind.CLAIM]).write_bytes(tape.sealed.claim)
    writer.abandon()
    return folder


# -- recording ---------------------------------------------------------------------------------------------------------


def record(
    trace: Trace,
    steps: tuple[int, ...] = (30, 30, 15),
    *,
    episode: int = 0,
    seat: Seat = Seat.LEFT,
    homes: tuple[str, ...] = ("left",),
    writes_between: int = 0,
    seals: bool = True,
) -> None:
    """One episode: so many rows before each flush, perhaps in several writes; sealed, or left open."""
    tape = tape_of(episode, seat)
    writer = EpisodeWriter(trace.disk, tuple(trace.root / home for home in homes), tape, SHARE_URL)
    now = 0.0
    _sync(trace, writer, now)
    for step in steps:
        for _ in range(writes_between):
            grow(tape, step)
            writer.write(now)
        grow(tape, step)
        now += RETRY_SECONDS  # a writer that is refused everywhere tries again at each step
        _sync(trace, writer, now)
    if not seals:
        writer.abandon()
        return
    tape.seal(finished(tape.rows), STATISTICS)
    writer.publish(now + RETRY_SECONDS)
    if writer.published is None:
        writer.abandon()
        return
    promise_sealed(trace, writer.published.parent)
    trace.promise(Rows(episode, tape.rows))


def _sync(trace: Trace, writer: EpisodeWriter, now: float) -> None:
    """A flush, and what it promises if it succeeded: a block in the file is a promise, a row in memory is none."""
    writer.sync(now)
    draft = writer._draft
    if draft is not None and draft.durable_bytes == draft._canonical.size:
        trace.promise(Rows(writer.tape.terms.episode, writer.tape.rows // BLOCK * BLOCK))


def promise_sealed(trace: Trace, folder: Path) -> None:
    """Every file of an episode's folder is published and queued now."""
    for path in sorted(folder.iterdir()):
        digest = whole_file(path, path.name, path.read_bytes()).sha256
        trace.promise(Sealed(path.relative_to(trace.root).as_posix(), digest))


def record_two_episodes(trace: Trace) -> None:
    record(trace, (45,))
    record(trace, (31,), episode=1)


def record_both_seats(trace: Trace) -> None:
    """Two writers in one home, step by step: what one flushes may carry what the other has not."""
    tapes = [tape_of(0, seat) for seat in Seat]
    writers = [EpisodeWriter(trace.disk, (trace.home,), tape, SHARE_URL) for tape in tapes]
    for now in range(3):
        for tape, writer in zip(tapes, writers, strict=True):
            grow(tape, 25)
            writer.write(float(now))
        _sync(trace, writers[now % 2], float(now))
    for tape, writer in zip(tapes, writers, strict=True):
        tape.seal(finished(tape.rows), STATISTICS)
        writer.publish(9.0)
        assert writer.published is not None, writer.words
        promise_sealed(trace, writer.published.parent)


def record_refused(trace: Trace, refusal: Callable[[], Refusal], homes: tuple[str, ...] = ("left",)) -> None:
    """The same on a disk that refuses calls: the episode goes on in another file, or in another place.

    Refusals count calls, so `refusal` makes a new one for each run.
    """
    trace.disk.refuse = refusal()
    record(trace, homes=homes)


class RefusingOnce:
    """The call of this number is refused, once."""

    def __init__(self, number: int, code: int = errno.EIO) -> None:
        self._left = number
        self._code = code

    def __call__(self, name: str, arguments: tuple[Any, ...]) -> int:
        self._left -= 1
        return self._code if self._left == -1 else 0


class RefusingFrom(RefusingOnce):
    """Every writing call under one home is refused from this number on."""

    def __call__(self, name: str, arguments: tuple[Any, ...]) -> int:
        self._left -= 1
        paths = [path for path in arguments if isinstance(path, Path) and "left" in path.parts]
        is_writing = name not in ("close", "unlink", "remove_folder")
        return self._code if self._left < 0 and paths and is_writing else 0


class RefusingFlush(RefusingOnce):
    """The flush of a file of this number is refused, once."""

    def __call__(self, name: str, arguments: tuple[Any, ...]) -> int:
        return super().__call__(name, arguments) if name in ("flush", "flush_data") else 0


class RefusingLinks:
    """A file system without hard links."""

    def __call__(self, name: str, arguments: tuple[Any, ...]) -> int:
        return errno.EPERM if name == "link" else 0


def record_over_other_bytes(trace: Trace) -> None:
    """Somebody else's bytes have the name: they stay, and the episode is kept in its draft."""
    record(trace, (45,))


def other_bytes(root: Path) -> None:
    home = station(root)
    path = recorded(home)[Kind.CANONICAL]
    for other in published(home).values():
        Outbox(home).path(other.name).unlink()
        other.unlink()
    path.write_bytes(FOREIGN)


def close_session(trace: Trace, *, closes: bool = True) -> None:
    """The end of a session: opening, sheet and checksums; or only its beginning, before the process dies."""
    session = OpenSession(trace.disk, Station(trace.home), make_terms(), Seat.LEFT, SessionPlan(2))
    trace.promise(Begun("left", 2))
    if not closes:
        session.abandon()
        return
    session.close([trace.home], SHARE_URL)
    folder = Station(trace.home).episodes / session_folder(make_terms())
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        digest = whole_file(path, path.name, path.read_bytes()).sha256
        trace.promise(Sealed(path.relative_to(trace.root).as_posix(), digest))


def played(root: Path) -> None:
    home = station(root)
    recorded(home)
    recorded(home, 1)


def begun(root: Path) -> None:
    played(root)
    OpenSession(QuickDisk(), Station(root / "left"), make_terms(), Seat.LEFT, SessionPlan(2)).abandon()


# -- publishing and queueing -------------------------------------------------------------------------------------------


def queued(root: Path) -> None:
    recorded(station(root))


def unqueued(root: Path) -> None:
    home = station(root)
    for path in recorded(home).values():
        Outbox(home).path(path.name).unlink()


def queue_all(trace: Trace) -> None:
    home, folder = Station(trace.home), PurePosixPath(episode_folder(make_terms()))
    files = tuple(whole_file(path, path.name, path.read_bytes()) for path in published(trace.home).values())
    queue(trace.disk, home, folder, files, SHARE_URL)
    promise_sealed(trace, home.episodes / folder)


def put_off_all(trace: Trace) -> None:
    """Attempts that failed are written down; the items stay items."""
    promise_sealed(trace, published(trace.home)[Kind.CANONICAL].parent)
    outbox = Outbox(trace.home, trace.disk)
    for attempt in range(2):
        for item in outbox.waiting():
            outbox.update(item.put_off(State.BLOCKED, f"attempt {attempt}", 1000.0))


# -- recovery ----------------------------------------------------------------------------------------------------------


def recover_all(trace: Trace, promises: tuple[Rows, ...] = ()) -> None:
    trace.promise(*promises)
    for home in sorted(path for path in trace.root.iterdir() if (path / "recording").is_dir()):
        recover(home, disk=trace.disk)
        for path in sorted(Station(home).episodes.rglob("*")):
            paper = paper_name(path.relative_to(Station(home).episodes).as_posix())
            if path.is_file() and Outbox(home).path(paper).exists():
                digest = whole_file(path, path.name, path.read_bytes()).sha256
                trace.promise(Sealed(path.relative_to(trace.root).as_posix(), digest))


def torn(root: Path) -> None:
    torn_draft(station(root))


def sealed_draft(root: Path) -> None:
    torn_draft(station(root), is_sealed=True)


def sealed_without_claim(root: Path) -> None:
    (torn_draft(station(root), is_sealed=True) / PART_NAMES[Kind.CLAIM]).write_bytes(b"{")


def sealed_with_torn_local(root: Path) -> None:
    path = torn_draft(station(root), is_sealed=True) / PART_NAMES[Kind.LOCAL]
    path.write_bytes(path.read_bytes()[:-7])


def torn_without_local(root: Path) -> None:
    (torn_draft(station(root)) / PART_NAMES[Kind.LOCAL]).unlink()


def without_header(root: Path) -> None:
    path = torn_draft(station(root)) / PART_NAMES[Kind.CANONICAL]
    path.write_bytes(path.read_bytes()[:40])


def superseded(root: Path) -> None:
    home = station(root)
    recorded(home, rows=75)
    torn_draft(home)


def damaged_final(root: Path) -> None:
    home = station(root)
    files = recorded(home, rows=75)
    for path in files.values():
        Outbox(home).path(path.name).unlink()
    files[Kind.CANONICAL].write_bytes(b"damaged")
    files[Kind.LOCAL].unlink()
    files[Kind.CLAIM].unlink()
    torn_draft(home, is_sealed=True)


def two_drafts(root: Path) -> None:
    home = station(root)
    torn_draft(home)
    torn_draft(home, 1, 40, is_sealed=True)


def torn_again(root: Path) -> None:
    """The same draft's name was put away before."""
    torn(root)
    recover(root / "left", disk=QuickDisk())
    torn_draft(root / "left", rows=61)


def lost_identity(root: Path) -> None:
    torn_draft(station(root))
    Station(root / "left").identity_file.write_bytes(b"{")


def torn_papers(root: Path) -> None:
    """An item and a receipt that are half there, and temporary files of both."""
    home = station(root)
    first, second, third = recorded(home).values()
    Outbox(home).path(first.name).write_bytes(b"half an item")
    Outbox(home).path(second.name).rename(Station(home).outbox / f".{second.name}.json.00aa11bb.tmp")
    Receipts(home).path(third.name).write_bytes(b"half a receipt")


# -- a share -----------------------------------------------------------------------------------------------------------


def opener(trace: Trace, disk: Disk | None = None) -> Callable[[str], Share]:
    """Opens the trace's share with the disk that writes down, whatever address is asked for."""
    return lambda url: FolderShare(trace.share, disk or trace.disk)


def with_share(root: Path, episodes: int = 1, seats: tuple[Seat, ...] = (Seat.LEFT,)) -> None:
    share = marked_share(root)
    for seat, identity in zip(seats, (STATION_ID, OTHER_ID), strict=False):
        home = station(root, seat.word, identity, share.url)
        for episode in range(episodes):
            recorded(home, episode, seat)


def with_collector(root: Path, seats: tuple[Seat, ...] = (Seat.LEFT,)) -> None:
    with_share(root, seats=seats)
    collecting.prepare(root)


def with_unmarked_share(root: Path) -> None:
    with_share(root)
    (root / "share" / MARK_NAME).unlink()


def deliver_all(trace: Trace, homes: tuple[str, ...] = ("left",)) -> None:
    for name in homes:
        home = trace.root / name
        for episode in range(2):
            folder = Station(home).episodes / episode_folder(make_terms(episode))
            if folder.is_dir():
                promise_sealed(trace, folder)
        report = deliver(home, now=0.0, at_once=True, disk=trace.disk, open_share=opener(trace))
        assert not report.waiting, report.trouble
        for receipt in report.delivered:
            trace.promise(Stored(f"share/{receipt.file}", receipt.sha256), Marked(receipt.share_id))


def deliver_backlog(trace: Trace) -> None:
    """Many files at once; two are many here, and one thread makes the same calls in every run."""
    patches = [(delivery, "BACKLOG_FILES", 2), (crew, "FLUSHES_AT_ONCE", 1)]
    kept = [getattr(module, name) for module, name, _ in patches]
    try:
        for module, name, value in patches:
            setattr(module, name, value)
        deliver_all(trace)
    finally:
        for (module, name, _), value in zip(patches, kept, strict=True):
            setattr(module, name, value)


def received_earlier(root: Path, *, lost: bool = False, level: Level = Level.STORED, episodes: int = 1) -> None:
    """Delivered by an earlier run; the share may have lost a file since."""
    with_share(root, episodes)
    home, share = root / "left", root / "share"
    receipts, outbox = Receipts(home, QuickDisk()), Outbox(home, QuickDisk())
    for item in outbox.waiting():
        (share / item.file).parent.mkdir(parents=True, exist_ok=True)
        (share / item.file).write_bytes((Station(home).episodes / item.file).read_bytes())
        receipts.write(Receipt(item.file, item.sha256, item.size, "share", SHARE_ID, level, 0.0, "earlier"))
        outbox.release(item)
    if lost:
        next(share.rglob("*.dyad")).unlink()


def settle_all(trace: Trace) -> None:
    """Verified again: a receipt rises, or gives way to an item, and is never torn or gone."""
    for path in published(trace.home).values():
        digest = whole_file(path, path.name, path.read_bytes()).sha256
        trace.promise(Sealed(path.relative_to(trace.root).as_posix(), digest))
    settlement = Settlement(Station(trace.home), "later")
    settled = settlement.settle(None, 1.0, trace.disk, opener(trace), lambda: True)
    assert len(settled.settled) + len(settled.revoked) == 3


MONTHS: Final = 100 * 86_400.0


def pruned_earlier(root: Path, *, lost: bool = False) -> None:
    received_earlier(root, level=Level.SETTLED, episodes=2)
    share = root / "share"
    Pruning(root / "left", QuickDisk(), lambda url: FolderShare(share, QuickDisk())).prune(MONTHS, is_dry=False)
    if lost:
        next(share.rglob("*.dyad")).unlink()


def prune_all(trace: Trace) -> None:
    """What others have proof of goes to the trash; what it was, and who has it, stays known."""
    assert Pruning(trace.home, trace.disk, opener(trace)).prune(MONTHS, is_dry=False).gone


def prune_killed_prune(trace: Trace, number: int) -> None:
    dying_at(trace, number)
    with suppress(Died):
        prune_all(trace)
    trace.disk.before = nobody_else
    recover(trace.home, disk=trace.disk)
    Pruning(trace.home, trace.disk, opener(trace)).prune(2 * MONTHS, is_dry=False)


def undo_all(trace: Trace) -> None:
    pruning = Pruning(trace.home, trace.disk, opener(trace))
    for tombstone in list(pruning.tombstones()):
        pruning.undo(tombstone)
        trace.promise(Sealed(f"left/episodes/{tombstone.file}", tombstone.sha256))


def empty_trash(trace: Trace) -> None:
    Pruning(trace.home, trace.disk, opener(trace)).empty_trash(2 * MONTHS, is_dry=False)


def store_file(trace: Trace) -> None:
    """The share's own promise: what `store` returned is there."""
    path = published(trace.home)[Kind.CANONICAL]
    _store(trace, path, path.relative_to(Station(trace.home).episodes).as_posix(), STATION_ID)


def _store(trace: Trace, path: Path, relative: str, owner: str) -> None:
    digest = whole_file(path, path.name, path.read_bytes()).sha256
    FolderShare(trace.share, trace.disk).store(relative, path, digest, owner)
    trace.promise(Stored(f"share/{relative}", digest))


def store_after_crash(root: Path) -> None:
    """A temporary file of an earlier attempt lies there."""
    with_share(root)
    path = published(root / "left")[Kind.CANONICAL]
    folder = root / "share" / path.parent.relative_to(Station(root / "left").episodes)
    folder.mkdir(parents=True)
    (folder / f".{path.name}.{STATION_ID}.tmp").write_bytes(path.read_bytes()[:50])


def store_in_a_race(trace: Trace) -> None:
    """The partner's station places other bytes under the same name, just before we do."""
    path = published(trace.home)[Kind.CANONICAL]
    relative = path.relative_to(Station(trace.home).episodes).as_posix()
    other = trace.root / "other"
    other.write_bytes(FOREIGN)

    def before(name: str, arguments: tuple[Any, ...]) -> None:
        if name in ("link", "replace") and arguments[1] == trace.share / relative:
            trace.disk.before = nobody_else
            _store(trace, other, relative, OTHER_ID)

    trace.disk.before = before
    with suppress(ShareConflictError):
        _store(trace, path, relative, STATION_ID)
    assert trace.disk.before is nobody_else


def write_receipts(trace: Trace) -> None:
    """The receipt first, then the item goes: after what the share holds already."""
    promise_sealed(trace, published(trace.home)[Kind.CANONICAL].parent)
    outbox, receipts = Outbox(trace.home, trace.disk), Receipts(trace.home, trace.disk)
    for item in outbox.waiting():
        receipts.write(Receipt(item.file, item.sha256, item.size, "share", "id", Level.STORED, 0.0))
        outbox.release(item)


def already_stored(root: Path) -> None:
    with_share(root)
    home = root / "left"
    for path in published(home).values():
        target = root / "share" / path.relative_to(Station(home).episodes)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())


# -- killed first, cut afterwards: what a dead process wrote may not be on the platter when the next one looks ---------


def dying_at(trace: Trace, number: int) -> None:
    """The process dies just before this call from now on."""
    left = number

    def before(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Died(name)

    trace.disk.before = before


def record_killed_recover(trace: Trace, number: int) -> None:
    """A process dies while it seals; the next one recovers; then the power goes."""
    tape = tape_of()
    writer = EpisodeWriter(trace.disk, (trace.home,), tape, SHARE_URL)
    grow(tape, BLOCK)
    _sync(trace, writer, 0.0)
    grow(tape, 45)
    writer.write(0.0)
    tape.seal(finished(tape.rows), STATISTICS)
    dying_at(trace, number)
    with suppress(Died):
        writer.publish(0.0)
    trace.disk.before = nobody_else
    if writer._draft is not None:
        writer._draft._lock.release()  # as the system does for the dead
    recover_all(trace)
    rows = [len(read_episode(path.read_bytes()).rows) for path in Station(trace.home).episodes.rglob("*.dyad")]
    trace.promise(Rows(0, max(rows)))


def deliver_killed_deliver(trace: Trace, number: int) -> None:
    dying_at(trace, number)
    with suppress(Died):
        deliver(trace.home, now=0.0, at_once=True, disk=trace.disk, open_share=opener(trace))
    trace.disk.before = nobody_else
    recover(trace.home, disk=trace.disk)
    deliver_all(trace)


# -- stations and shares themselves ------------------------------------------------------------------------------------


def open_new(trace: Trace, name: str = "left") -> None:
    home = trace.root / name
    opened = open_station(home, SHARE_URL, trace.disk)
    identity = read_identity(opened)
    assert identity is not None
    trace.promise(Known(name, identity.station, (SHARE_URL, "another")))


def open_deep_and_record(trace: Trace) -> None:
    """The first session of a machine: no folder on the way down exists yet."""
    open_new(trace, "deep/down/left")
    record(trace, (30,), homes=("deep/down/left",))


def open_with_another_share(trace: Trace) -> None:
    before: Identity | None = read_identity(Station(trace.home))
    assert before is not None
    trace.promise(Known("left", before.station, (SHARE_URL, "another")))
    open_station(trace.home, "another", trace.disk)
    trace.promise(Known("left", before.station, ("another",)))


def create_share(trace: Trace) -> None:
    share = FolderShare.create(trace.root / "share", trace.disk)
    trace.promise(Marked(share.identify().share_id))


REFUSED: Final = {
    f"recording, call {number} refused": Protocol(
        station, partial(record_refused, refusal=partial(RefusingOnce, number))
    )
    for number in (2, 9, 20, 27, 33, 41, 48, 55)
}
KILLED: Final = {
    f"killed at call {number} of sealing, recovered": Protocol(station, partial(record_killed_recover, number=number))
    for number in (1, 4, 8, 12, 16, 20, 25, 30, 35, 40)
} | {
    f"killed at call {number} of delivering, delivered": Protocol(
        with_share, partial(deliver_killed_deliver, number=number), delivers=True
    )
    for number in (5, 20, 28, 34, 40, 48, 56, 70)
}
RECOVERED: Final[Mapping[str, tuple[Callable[[Path], object], tuple[Rows, ...]]]] = {
    "recovery of a torn draft": (torn, (Rows(0, 60),)),
    "recovery of a sealed draft": (sealed_draft, (Rows(0, 75),)),
    "recovery of a sealed draft without its claim": (sealed_without_claim, (Rows(0, 75),)),
    "recovery of a sealed draft with a torn local file": (sealed_with_torn_local, (Rows(0, 75),)),
    "recovery of a torn draft without a local file": (torn_without_local, (Rows(0, 60),)),
    "recovery of a draft without a header": (without_header, ()),
    "recovery of a draft that was sealed elsewhere": (superseded, (Rows(0, 75),)),
    "recovery beside a damaged final file": (damaged_final, (Rows(0, 75),)),
    "recovery of two drafts": (two_drafts, (Rows(0, 60), Rows(1, 40))),
    "recovery of a second torn draft of one name": (torn_again, (Rows(0, 60),)),
    "recovery of a home without identity": (lost_identity, (Rows(0, 60),)),
    "recovery of torn items and receipts": (torn_papers, (Rows(0, 45),)),
    "recovery of what was never queued": (unqueued, (Rows(0, 45),)),
}
"""By name: what lies there, and what of it may not get lost."""

PROTOCOLS: Final[Mapping[str, Protocol]] = {
    "opening a station": Protocol(nothing, open_new),
    "opening a station deep down, and a recording": Protocol(nothing, open_deep_and_record, ("deep/down/left",)),
    "opening with another share": Protocol(station, open_with_another_share),
    "recording": Protocol(station, record),
    "recording, many flushes": Protocol(station, partial(record, steps=(30,) * 6)),
    "recording, several writes to a flush": Protocol(station, partial(record, steps=(31, 17), writes_between=2)),
    "recording, a long wait for a disk": Protocol(station, partial(record, steps=(30,), writes_between=5)),
    "recording, no frame": Protocol(station, partial(record, steps=())),
    "recording, left open": Protocol(station, partial(record, seals=False)),
    "recording, two episodes": Protocol(station, record_two_episodes),
    "recording, both seats in one home": Protocol(station, record_both_seats),
    "recording, no hard links": Protocol(station, partial(record_refused, refusal=RefusingLinks)),
    "recording, a flush refused": Protocol(station, partial(record_refused, refusal=partial(RefusingFlush, 3))),
    "recording, the last flush refused": Protocol(station, partial(record_refused, refusal=partial(RefusingFlush, 9))),
    "recording, other bytes under the name": Protocol(other_bytes, record_over_other_bytes),
    **REFUSED,
    **KILLED,
    "recording, the second place": Protocol(
        two_stations,
        partial(record_refused, refusal=partial(RefusingFrom, 24), homes=("left", "right")),
        ("left", "right"),
    ),
    "recording, the second place from the start": Protocol(
        two_stations,
        partial(record_refused, refusal=partial(RefusingFrom, 0), homes=("left", "right")),
        ("left", "right"),
    ),
    "recording, the second place while sealing": Protocol(
        two_stations,
        partial(record_refused, refusal=partial(RefusingFrom, 40), homes=("left", "right")),
        ("left", "right"),
    ),
    "recording, a disk that stays full": Protocol(
        station, partial(record_refused, refusal=partial(RefusingFrom, 24, errno.ENOSPC))
    ),
    "queueing": Protocol(unqueued, queue_all),
    "putting off": Protocol(queued, put_off_all),
    **{
        name: Protocol(prepare, partial(recover_all, promises=promises))
        for name, (prepare, promises) in RECOVERED.items()
    },
    "closing a session": Protocol(played, close_session),
    "beginning a session": Protocol(played, partial(close_session, closes=False)),
    "recovery of a session": Protocol(begun, partial(recover_all, promises=(Begun("left", 2),))),
    "storing a file": Protocol(with_share, store_file, delivers=True),
    "storing a file after a crash": Protocol(store_after_crash, store_file, delivers=True),
    "storing a file in a race": Protocol(with_share, store_in_a_race),
    "delivering": Protocol(with_share, deliver_all, delivers=True),
    "delivering to a share without a mark": Protocol(with_unmarked_share, deliver_all, delivers=True),
    "delivering two episodes": Protocol(partial(with_share, episodes=2), deliver_all, delivers=True),
    "delivering a backlog": Protocol(with_share, deliver_backlog, delivers=True),
    "delivering from both seats": Protocol(
        partial(with_share, seats=tuple(Seat)), partial(deliver_all, homes=("left", "right")), ("left", "right"), True
    ),
    "delivering what is there already": Protocol(already_stored, deliver_all, delivers=True),
    "writing receipts": Protocol(already_stored, write_receipts, delivers=True),
    "settling": Protocol(received_earlier, settle_all, delivers=True),
    "settling what the share has lost": Protocol(partial(received_earlier, lost=True), settle_all),
    "pruning": Protocol(partial(received_earlier, level=Level.SETTLED), prune_all),
    "pruning what the share has lost": Protocol(partial(received_earlier, level=Level.SETTLED, lost=True), prune_all),
    **{
        f"killed at call {number} of pruning, pruned": Protocol(
            partial(received_earlier, level=Level.SETTLED), partial(prune_killed_prune, number=number)
        )
        for number in (9, 13)
    },
    "undoing a pruning": Protocol(pruned_earlier, undo_all),
    "emptying the trash": Protocol(pruned_earlier, empty_trash),
    "emptying the trash of what the share has lost": Protocol(partial(pruned_earlier, lost=True), empty_trash),
    "making a share": Protocol(nothing, create_share, ()),
    "collecting": Protocol(with_collector, collecting.collect),
    "collecting from both seats": Protocol(
        partial(with_collector, seats=tuple(Seat)), collecting.collect_from_both, ("left", "right")
    ),
    "collecting in chunks": Protocol(with_collector, collecting.collect_chunks),
    **{
        f"killed at call {number} of collecting, collected": Protocol(
            with_collector, partial(collecting.collect_killed_collect, number=number)
        )
        for number in (3, 11, 19)
    },
}
