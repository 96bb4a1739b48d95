"""Key files: a pair of CURVE keys (Z85) made and read back, each checked. Whose they are is the caller's to know."""

import os
import struct
from pathlib import Path
from typing import Final

import zmq.auth
from zmq.utils import z85

KEY_BYTES: Final = 32


class CertificateError(ValueError):
    """A file that is not there, or holds no key."""


def make_pair(folder: Path, name: str) -> None:
    """Make `name.key` and `name.key_secret` in a folder; the secret is for its owner's eyes from the start.

    Raises:
        OSError: the folder cannot be written.
    """
    before = os.umask(0o077) if os.name == "posix" else 0
    try:
        zmq.auth.create_certificates(folder, name)
    finally:
        if os.name == "posix":
            os.umask(before)


def load_certificate(path: Path) -> tuple[bytes, bytes | None]:
    """The public key of a file, and the secret one if it holds that.

    Raises:
        CertificateError: it cannot be read, or is cut short or altered.
    """
    try:
        public, secret = zmq.auth.load_certificate(path)
        lengths = {len(z85.decode(key)) for key in (public, secret) if key is not None}
    except (OSError, ValueError, LookupError, struct.error) as error:  # of pyzmq, which checks little
        raise CertificateError(f"cannot read the key {path}") from error
    if lengths != {KEY_BYTES}:
        raise CertificateError(f"cannot read the key {path}")
    return public, secret
