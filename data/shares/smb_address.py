"""The address of a folder on an SMB server, and where the password for it is found. No network; never a password in it.

smb://user@host:port/share/folder?password-file=/path/to/file
"""

import getpass
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode

from data.shares.share import ShareBlockedError

PASSWORD_VARIABLE: Final = "DYADGRID_SMB_PASSWORD"
"""Where the password is looked for if the address names no file. A command line would show it to everybody."""
PASSWORD_FILE: Final = "password-file"
SMB_PORT: Final = 445
PASSWORD_BYTES: Final = 4096
"""More than any password: a larger file was named by mistake."""


@dataclass(frozen=True, slots=True)
class SmbAddress:
    """A folder of a share of a server. `folder` holds the names on the way down from the share; it may be empty.

    An empty `user` means the one who runs this program. `LAB;ada` is the user ada of the domain LAB.
    """

    host: str
    port: int
    user: str
    share: str
    folder: tuple[str, ...]
    password_file: str

    @classmethod
    def of(cls, parts: SplitResult) -> "SmbAddress":
        """The address that a URL names.

        Raises:
            ValueError: it is not whole, or holds a password.
        """
        if parts.password is not None:
            raise ValueError(
                f"share smb://{parts.hostname}: a password does not belong into an address, where everybody reads it: "
                f"set {PASSWORD_VARIABLE}, or name a file (?{PASSWORD_FILE}=PATH)"
            )
        share, *folder = [unquote(name) for name in parts.path.split("/") if name] or [""]
        if not parts.hostname or not share:
            raise ValueError(f"share: expected smb://[user@]host[:port]/share/folder, got {parts.geturl()[:200]!r}")
        if any(set(name) & set('\\/:*?"<>|') or name in (".", "..") for name in (share, *folder)):
            raise ValueError(f"share: expected names of folders that a server can have, got {parts.path[:200]!r}")
        return cls(
            parts.hostname, parts.port or SMB_PORT, unquote(parts.username or ""), share, tuple(folder), _file_in(parts)
        )

    @property
    def url(self) -> str:
        """The address as items and receipts name it."""
        user = f"{quote(self.user, safe=';')}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port != SMB_PORT else ""
        path = "/".join(quote(name) for name in (self.share, *self.folder))
        query = f"?{urlencode({PASSWORD_FILE: self.password_file}, safe='/')}" if self.password_file else ""
        return f"smb://{user}{host}{port}/{path}{query}"

    @property
    def place(self) -> str:
        """The address for people: without where the password lies."""
        return self.url.partition("?")[0]

    @property
    def login(self) -> str:
        """The user's name as the server wants it, behind its domain if there is one."""
        return (self.user or getpass.getuser()).replace(";", "\\")

    def password(self) -> str:
        """The password, from its file or from the environment.

        Raises:
            ShareBlockedError: there is none, in words.
        """
        if self.password_file:
            return self._password_in(Path(self.password_file))
        password = os.environ.get(PASSWORD_VARIABLE, "")
        if not password:
            raise ShareBlockedError(
                f"share {self.place}: no password for {self.login}: set {PASSWORD_VARIABLE}, or name a file in the "
                f"address (?{PASSWORD_FILE}=PATH)"
            )
        return password

    def _password_in(self, file: Path) -> str:
        try:
            if os.name == "posix" and file.stat().st_mode & stat.S_IROTH:
                raise ShareBlockedError(
                    f"share {self.place}: everybody on this machine may read the password in {file}: chmod 600 it"
                )
            with file.open("rb") as opened:
                password = opened.read(PASSWORD_BYTES + 1).decode().rstrip("\r\n")
        except OSError as error:
            raise ShareBlockedError(f"share {self.place}: its password file: {error.strerror}: {file}") from error
        except UnicodeDecodeError as error:
            raise ShareBlockedError(f"share {self.place}: expected a line of text in {file}") from error
        if not password or len(password) > PASSWORD_BYTES or "\n" in password:
            raise ShareBlockedError(f"share {self.place}: expected one line, the password, in {file}")
        return password


def _file_in(parts: SplitResult) -> str:
    """The password file that a URL names; as text, because an item may be read on another machine."""
    fields = parse_qsl(parts.query, keep_blank_values=True)
    unknown = [name for name, _ in fields if name != PASSWORD_FILE]
    if unknown or len(fields) > 1 or parts.fragment:
        raise ValueError(f"share smb://{parts.hostname}: expected nothing after the folder but ?{PASSWORD_FILE}=PATH")
    return str(Path(fields[0][1]).absolute()) if fields else ""
