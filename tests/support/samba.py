"""A real Samba server of a test's own: on loopback, on a high port, with a private configuration, ended by its pid."""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

USER, PASSWORD = "root", "open sesame 7"
START_SECONDS = 20.0
_SHARE = """
[{name}]
path = {path}
read only = no
force user = root
{more}
"""
_CONFIGURATION = """
[global]
server role = standalone server
interfaces = lo
bind interfaces only = yes
disable netbios = yes
smb ports = {port}
private dir = {state}
state directory = {state}
cache directory = {state}
lock directory = {state}
pid directory = {state}
ncalrpc dir = {state}/ncalrpc
log file = {state}/log
passdb backend = tdbsam:{state}/passdb.tdb
load printers = no
printcap name = /dev/null
rpc start on demand helpers = no
restrict anonymous = 2
"""


class Samba:
    """The server. `shares` are folders by the names of their shares; its process may be killed and started again."""

    def __init__(self, state: Path, shares: dict[str, Path], more: dict[str, str] | None = None) -> None:
        if shutil.which("smbd") is None:
            pytest.skip("needs a Samba server (Debian: samba)")
        if os.geteuid() != 0:
            pytest.skip("smbd runs only as root")
        self.state = state
        self.port = _free_port()
        self._configuration = state / "smb.conf"
        state.mkdir()
        text = _CONFIGURATION.format(port=self.port, state=state)
        text += "".join(
            _SHARE.format(name=name, path=path, more=(more or {}).get(name, "")) for name, path in shares.items()
        )
        self._configuration.write_text(text)
        subprocess.run(
            ["smbpasswd", "-c", self._configuration, "-L", "-s", "-a", USER],
            input=f"{PASSWORD}\n{PASSWORD}\n",
            text=True,
            capture_output=True,
            check=True,
        )
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, share: str, folder: str = "", user: str = USER) -> str:
        """The address of a folder on it."""
        return f"smb://{user}@127.0.0.1:{self.port}/{share}" + (f"/{folder}" if folder else "")

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen(
            ["smbd", "--foreground", "--no-process-group", f"--configfile={self._configuration}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = self.state / "log"
                pytest.fail(f"smbd did not start: {log.read_text()[-2000:] if log.exists() else 'no log'}")
            time.sleep(0.02)

    @property
    def is_running(self) -> bool:
        """Whether it was started and not killed."""
        return self._process is not None

    def freeze(self) -> None:
        """It stands still, with every connection open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """It is gone, with all that serve a connection of it."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
