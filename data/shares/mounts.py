"""What a folder lies on: a disk of this machine, or something mounted from elsewhere. Linux tells, others do not."""

import re
import sys
from pathlib import Path
from typing import Final, NamedTuple

MOUNTINFO: Final = Path("/proc/self/mountinfo")
REMOTE_KINDS: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "virtiofs"})
"""File systems whose disk is another machine's; those of user space (`fuse.sshfs`) count as such too."""


class Mount(NamedTuple):
    """A mounted file system: where it is, which kind, and from where."""

    folder: Path
    kind: str
    source: str

    @property
    def is_remote(self) -> bool:
        """Whether its disk is somewhere else."""
        return self.kind in REMOTE_KINDS or self.kind.startswith("fuse.")

    def __str__(self) -> str:
        """For people."""
        if self.is_remote:
            return f"a folder mounted from {self.source} ({self.kind})"
        return f"a folder of this machine ({self.kind} on {self.source})"


def mount_of(folder: Path, mountinfo: Path = MOUNTINFO) -> Mount | None:
    """The file system that a folder lies on, or None where the system does not tell."""
    if sys.platform != "linux" or not mountinfo.exists():
        return None
    ways = (folder.resolve(), *folder.resolve().parents)
    mounts = [_read(line) for line in mountinfo.read_text().splitlines()]
    on_the_way = [mount for mount in mounts if mount.folder in ways]
    # Of several at one place the last one lies on top.
    return max(reversed(on_the_way), key=lambda mount: len(mount.folder.parts), default=None)


def _read(line: str) -> Mount:
    fields, _, rest = line.partition(" - ")
    kind, source, *_ = rest.split(" ")
    return Mount(Path(_unescaped(fields.split(" ")[4])), kind, _unescaped(source))


def _unescaped(text: str) -> str:
    """Spaces and their like stand there as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), text)
