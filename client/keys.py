"""The keys of two seats: made once into a folder that both machines get a copy of. Each seat reads what it needs."""

from pathlib import Path

from data.certificates import CertificateError, load_certificate, make_pair
from games.contract import Seat
from netcode.link import Keys


class KeysError(Exception):
    """The folder of keys cannot be made or used; the text says why. The user's to mend."""


def make_keys(folder: Path) -> None:
    """Make a pair of keys for each seat. Existing keys are never replaced: a session may depend on them.

    Raises:
        KeysError: there are keys already, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = sorted(path.name for path in folder.glob("*.key*"))
        if found:
            raise KeysError(f"{folder} holds keys already ({', '.join(found)}): give an empty folder")
        for seat in Seat:
            make_pair(folder, seat.word)
    except OSError as error:
        raise KeysError(f"cannot make keys in {folder}: {error.strerror}") from error


def load_keys(folder: Path, seat: Seat) -> Keys:
    """The keys of one seat: its own pair, and its partner's public key.

    Raises:
        KeysError: a file is missing or is no key; the text names it.
    """
    public, secret = _load(folder / f"{seat.word}.key_secret")
    partner_public, _ = _load(folder / f"{seat.other.word}.key")
    if secret is None:
        raise KeysError(f"{folder / (seat.word + '.key_secret')}: expected a secret key, found only a public one")
    return Keys(public, secret, partner_public)


def _load(path: Path) -> tuple[bytes, bytes | None]:
    try:
        return load_certificate(path)
    except CertificateError as error:
        raise KeysError(f"{error}: make keys with `dyadgrid keys {path.parent}`") from error
