"""A folder mounted through FUSE that fails on purpose: `python -m tests.support.faulty_mount MOUNT BACKING CONTROL`.

Each folder directly below the mount is a share with a fault of its own. CONTROL is a JSON file that names it by the
folder: `[kind, phase]`. A fault begins with the first call of its phase and stays until CONTROL no longer names it.

kinds   eio, full, read-only, gone: every call that they concern is refused; hang: none is answered; slow: each takes
        a while; lie: flushing is acknowledged and not done
phases  probe, write, place, flush, read: of the delivery, told apart by the names of its files
"""

# ruff: noqa: ANN401, PTH102, PTH104, PTH106, PTH108, PTH208  # file calls by their numbers and names, as FUSE hands them over, without types

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

KINDS = ("fine", "eio", "full", "read-only", "hang", "slow", "gone", "lie")
PHASES = ("probe", "write", "place", "flush", "read")
SLOW_SECONDS = 0.005
POLL_SECONDS = 0.01
MOUNT_SECONDS = 20.0
_CHANGING = frozenset({"create", "write", "link", "rename", "unlink", "mkdir", "rmdir", "truncate"})
_GROWING = frozenset({"create", "write", "link", "mkdir"})


def _phase(call: str, path: str) -> str | None:
    """Which step of a delivery this call belongs to."""
    name = path.rpartition("/")[2]
    if name.startswith(".probe-"):
        return "probe"
    if name.endswith(".tmp"):
        return {"create": "write", "write": "write"}.get(call)
    if "_" in name and "." in name:
        return {"link": "place", "rename": "place", "fsync": "flush", "read": "read"}.get(call)
    return None


class Faults:
    """What CONTROL says, and which faults have begun."""

    def __init__(self, control: Path) -> None:
        self._control = control
        self._begun: set[str] = set()
        self._lock = Lock()

    def meet(self, call: str, path: str) -> str:
        """The kind of fault that this call meets; the call of a hanging share returns when CONTROL lets it go."""
        case = path.split("/")[1]
        while True:
            kind = self._kind(case, call, path)
            if kind != "hang":
                return kind
            time.sleep(POLL_SECONDS)

    def _kind(self, case: str, call: str, path: str) -> str:
        kind, phase = json.loads(self._control.read_text()).get(case, ("fine", ""))
        with self._lock:
            if kind == "fine":
                self._begun.discard(case)
            elif _phase(call, path) == phase and case not in self._begun:
                self._begun.add(case)
                (self._control.parent / f"begun-{case}").touch()
            return kind if case in self._begun else "fine"


def _error(kind: str, call: str, depth: int) -> int:
    """The error number of a call, 0 if it may go on. `depth` 1 is the share's own folder."""
    if kind == "eio" and (depth > 1 or call != "getattr"):
        return errno.EIO
    if kind == "gone":
        return errno.ENOENT
    if kind == "full" and call in _GROWING:
        return errno.ENOSPC
    if kind == "read-only" and call in _CHANGING:
        return errno.EROFS
    return 0


def _guarded(
    name: str, call: Callable[..., Any], faults: Faults, error_type: Callable[[int], Exception]
) -> Callable[..., Any]:
    """The call, with the fault that may be in its way."""
    word = "fsync" if name == "fsyncdir" else name

    def guarded(self: Any, path: str, *arguments: Any) -> Any:
        kind = faults.meet(word, path)
        if kind == "slow":
            time.sleep(SLOW_SECONDS)
        code = _error(kind, word, path.rstrip("/").count("/"))
        if code:
            raise error_type(code)
        if kind == "lie" and word == "fsync":
            return 0
        try:
            return call(self, path, *arguments)
        except OSError as error:
            raise error_type(error.errno or errno.EIO) from error

    return guarded


def _serve(mount: Path, backing: Path, control: Path) -> None:
    import mfusepy  # needs libfuse, which only this process must have

    faults = Faults(control)

    class Through(mfusepy.Operations):  # type: ignore[misc]  # it has no types
        """Every call goes to the folder below, unless a fault is in its way."""

        use_ns = True

        def _there(self, path: str) -> str:
            return str(backing) + path

        def getattr(self, path: str, handle: int | None = None) -> dict[str, int]:
            found = os.lstat(self._there(path))
            names = ("mode", "nlink", "uid", "gid", "size", "atime", "mtime", "ctime")
            times = {f"st_{name}": getattr(found, f"st_{name}_ns") for name in names[5:]}
            return {**{f"st_{name}": getattr(found, f"st_{name}") for name in names[:5]}, **times}

        def readdir(self, path: str, handle: int) -> list[str]:
            return [".", "..", *os.listdir(self._there(path))]

        def create(self, path: str, mode: int, info: Any = None) -> int:
            return os.open(self._there(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)

        def open(self, path: str, flags: int) -> int:
            return os.open(self._there(path), flags & ~(os.O_CREAT | os.O_EXCL))

        def read(self, path: str, size: int, offset: int, handle: int) -> bytes:
            return os.pread(handle, size, offset)

        def write(self, path: str, data: bytes, offset: int, handle: int) -> int:
            return os.pwrite(handle, data, offset)

        def truncate(self, path: str, length: int, handle: int | None = None) -> int:
            os.truncate(self._there(path), length)
            return 0

        def flush(self, path: str, handle: int) -> int:
            return 0

        def release(self, path: str, handle: int) -> int:
            os.close(handle)
            return 0

        def fsync(self, path: str, is_data: int, handle: int) -> int:
            os.fsync(handle)
            return 0

        def fsyncdir(self, path: str, is_data: int, handle: int) -> int:
            return 0

        def link(self, target: str, source: str) -> int:
            os.link(self._there(source), self._there(target))
            return 0

        def rename(self, old: str, new: str) -> int:
            os.rename(self._there(old), self._there(new))
            return 0

        def unlink(self, path: str) -> int:
            os.unlink(self._there(path))
            return 0

        def mkdir(self, path: str, mode: int) -> int:
            os.mkdir(self._there(path), mode)
            return 0

        def rmdir(self, path: str) -> int:
            os.rmdir(self._there(path))
            return 0

        def statfs(self, path: str) -> dict[str, int]:
            found = os.statvfs(self._there(path))
            names = ("bsize", "frsize", "blocks", "bfree", "bavail", "files", "ffree", "favail", "namemax")
            return {f"f_{name}": getattr(found, f"f_{name}") for name in names}

    for name in [name for name in vars(Through) if not name.startswith("_") and name != "use_ns"]:
        setattr(Through, name, _guarded(name, getattr(Through, name), faults, mfusepy.FuseOSError))
    mfusepy.FUSE(
        Through(),
        str(mount),
        foreground=True,
        direct_io=True,  # a page cache would answer what the share is asked
        attr_timeout=0,
        entry_timeout=0,
        negative_timeout=0,
        default_permissions=False,
        fsname="faulty",
    )


class FaultyMount:
    """The mount, from the side of a test."""

    def __init__(self, folder: Path) -> None:
        self.mount = folder / "mount"
        self.backing = folder / "backing"
        self._control = folder / "control.json"
        self._faults: dict[str, tuple[str, str]] = {}

    def share(self, case: str) -> Path:
        """A share's folder below the mount; it exists."""
        (self.backing / case).mkdir(exist_ok=True)
        return self.mount / case

    def break_share(self, case: str, kind: str, phase: str) -> None:
        """From the first call of this phase on."""
        self._faults[case] = (kind, phase)
        self._write()

    def mend(self, *cases: str) -> None:
        """These shares are fine from now on."""
        for case in cases:
            self._faults.pop(case, None)
        self._write()

    def mend_all(self) -> None:
        """Every share is fine from now on."""
        self.mend(*tuple(self._faults))

    def has_begun(self, case: str) -> bool:
        """Whether the share has met the call that its fault waits for."""
        return (self._control.parent / f"begun-{case}").exists()

    def _write(self) -> None:
        whole = self._control.with_suffix(".new")
        whole.write_text(json.dumps(self._faults))
        whole.replace(self._control)


class NoMountError(Exception):
    """A FUSE file system is not possible here; the text says why."""


@contextmanager
def faulty_mount(folder: Path) -> Iterator[FaultyMount]:
    """Mount it, and take it away; a skip with its reason where that is not permitted."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(open_mount(folder))
        except NoMountError as error:
            pytest.skip(f"a FUSE file system is not possible here: {error}")
        yield found


@contextmanager
def open_mount(folder: Path) -> Iterator[FaultyMount]:
    """Mount it, and take it away.

    Raises:
        NoMountError: that is not permitted.
    """
    found = FaultyMount(folder)
    for path in (found.mount, found.backing):
        path.mkdir()
    found.mend()
    command = [sys.executable, "-m", "tests.support.faulty_mount", found.mount, found.backing, folder / "control.json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        _await_mount(process, found.mount)
        yield found
    finally:
        found.mend_all()
        subprocess.run(["umount", "-l", found.mount], check=False, capture_output=True)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _await_mount(process: "subprocess.Popen[bytes]", mount: Path) -> None:
    deadline = time.monotonic() + MOUNT_SECONDS
    while not os.path.ismount(mount):
        if process.poll() is not None:
            assert process.stdout is not None
            told = process.stdout.read().decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise NoMountError(told[-1])
        assert time.monotonic() < deadline, "the FUSE file system did not come up"
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    _serve(*(Path(word) for word in sys.argv[1:4]))
