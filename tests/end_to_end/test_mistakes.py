"""A person's mistakes at the command line: one line that says what to mend, exit code 2, and no traceback."""

import signal
import socket
import sys
from pathlib import Path

import pygame
import pytest

import launcher
from tests.support.command_line import CommandLine

PLAY = ("play", "--keys", "keys", "--dyad", "1", "--session", "1", "--participant", "P1", "--headless")
LEFT = (*PLAY, "--seat", "left")
RIGHT = (*PLAY, "--seat", "right")
ANY_PORT = ("--listen", "tcp://127.0.0.1:*")

MISTAKES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("No such command", ("dmeo",)),
    ("No such option", ("--verbose",)),
    ("No such option", ("demo", "--episode", "3")),
    ("extra argument", ("demo", "left")),
    ("--episodes", ("demo", "--episodes", "0")),
    ("--episodes", ("demo", "--episodes", "many")),
    ("--frames", ("demo", "--frames", "0")),
    ("--frames", ("demo", "--frames", "-5")),
    ("frames: expected", ("demo", "--headless", "--frames", "99999999999")),
    ("--hz", ("demo", "--hz", "9")),
    ("--hz", ("demo", "--hz", "1000")),
    ("no game is called 'chess'", ("demo", "--game", "chess")),
    ("--seed", ("demo", "--seed", "-1")),
    ("--bots", ("demo", "--bots", "up")),
    ("--language", ("demo", "--language", "fr")),
    ("--loss", ("demo", "--loss", "1.5")),
    ("--lag-ms", ("demo", "--lag-ms", "-1")),
    ("--jitter-ms", ("demo", "--jitter-ms", "nan")),
    ("--delivery-wait", ("demo", "--delivery-wait", "-1")),
    ("SEAT:FROM-TO", ("demo", "--away", "left")),
    ("SEAT:FROM-TO", ("demo", "--away", "middle:1-2")),
    ("the first below the second", ("demo", "--away", "left:20-10")),
    ("SEAT:FRAME:SECONDS", ("demo", "--freeze", "left:10")),
    ("SEAT:FRAME:SECONDS", ("demo", "--freeze", "left:10:-1")),
    ("Not a directory", ("demo", "--headless", "--home", "a-file")),
    ("Missing option", ("play",)),
    ("--seat", (*PLAY, "--seat", "middle", *ANY_PORT)),
    ("needs --listen", LEFT),
    ("needs --listen", (*LEFT, "--partner", "tcp://127.0.0.1:5000")),
    ("needs --partner", (*RIGHT, *ANY_PORT)),
    ("cannot listen on", (*LEFT, "--listen", "left-machine")),
    ("cannot listen on", (*LEFT, "--listen", "tcp://192.0.2.1:5000")),
    ("cannot call tcp://", (*RIGHT, "--partner", "tcp://")),
    ("cannot read the key", (*LEFT, *ANY_PORT, "--keys", "no-keys")),
    ("cannot read the key", (*LEFT, *ANY_PORT, "--keys", "a-file")),
    ("dyad: expected", (*LEFT, *ANY_PORT, "--dyad", "../../etc")),
    ("session: expected", (*LEFT, *ANY_PORT, "--session", "a/b")),
    ("participant: expected", (*LEFT, *ANY_PORT, "--participant", "")),
    ("study: expected", (*LEFT, *ANY_PORT, "--study", "a b")),
    ("a-file", (*LEFT, *ANY_PORT, "--home", "a-file")),
    ("Missing argument", ("keys",)),
    ("holds keys already", ("keys", "keys")),
    ("cannot make keys", ("keys", "a-file/keys")),
    ("Missing argument", ("verify",)),
    ("no station in", ("sync", "--home", "nowhere")),
    ("no station in", ("sync", "--home", "a-file")),
    ("no station in", ("sync",)),
    ("no station in", ("outbox", "--home", "nowhere")),
    ("no station in", ("outbox",)),
    ("no station in", ("outbox", "--home", "a-file", "retry")),
    ("Missing argument", ("outbox", "hold")),
    ("No such command", ("outbox", "deliver")),
    ("an archive is of one station", ("outbox", "export", "stick.tar", "--home", "nowhere")),
    ("expected JSON", ("outbox", "receipts", "a-file", "--home", "nowhere")),
    ("No such file", ("outbox", "receipts", "no-file")),
    ("--older-than", ("outbox", "prune", "--older-than", "-1")),
    ("Missing argument", ("status",)),
    ("expected a folder", ("status", "nowhere")),
    ("expected a folder", ("status", "a-file")),
    ("no session in", ("status", "keys")),
)


def _call(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of the command line, called in this process: fifty processes would take a minute."""
    monkeypatch.setattr(sys, "argv", ["dyadgrid", *arguments])
    with pytest.raises(SystemExit) as ended:
        launcher.main()
    return int(ended.value.code or 0)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder to work in, with keys and a file that is no folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "a-file").write_text("text\n")
    assert _call(("keys", "keys"), monkeypatch) == 0
    capsys.readouterr()
    return tmp_path


@pytest.mark.parametrize(("words", "arguments"), MISTAKES, ids=[" ".join(mistake) for _, mistake in MISTAKES])
def test_a_mistake_is_one_line_that_says_what_to_mend(
    desk: Path,
    words: str,
    arguments: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert _call(arguments, monkeypatch) == 2
    assert not pygame.display.get_init(), "no window is left"
    assert signal.getsignal(signal.SIGTERM) == before
    output, errors = capsys.readouterr()
    assert output == ""
    (line,) = errors.splitlines()
    assert line.startswith("dyadgrid: ")
    assert words in line
    assert (desk / "a-file").read_text() == "text\n"


def test_a_port_that_is_taken_is_named(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        assert _call((*LEFT, "--listen", address), monkeypatch) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"cannot listen on {address}" in line


@pytest.mark.processes
def test_help_loads_no_window_and_no_socket_and_a_client_no_rich(terminal: CommandLine) -> None:
    """What is not loaded takes no time. Seconds are not tested, because a busy machine has its own."""
    terminal.environment["PYTHONPROFILEIMPORTTIME"] = "1"
    loaded = _modules(terminal.run("--help").errors)
    assert "typer" in loaded
    assert not loaded & {"pygame", "zmq", "msgpack", "platformdirs", "data", "netcode"}
    loaded = _modules(terminal.run(*LEFT, *ANY_PORT, "--keys", "no-keys", "--no-courier").errors)
    assert {"pygame", "zmq"} <= loaded
    assert "rich" not in loaded


def _modules(trace: str) -> set[str]:
    """The top-level names in what Python tells about its imports."""
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in trace.splitlines() if "|" in line}


@pytest.mark.parametrize(
    "command",
    [(), ("demo",), ("play",), ("keys",), ("verify",), ("inspect",), ("sync",)],
    ids=lambda words: " ".join(words) or "dyadgrid",
)
def test_every_command_explains_itself_within_80_columns(
    desk: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _call((*command, "--help"), monkeypatch) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"Usage: {' '.join(('dyadgrid', *command))} " in "\n".join(lines)
    assert max(map(len, lines)) <= 80


def test_without_a_command_the_help_is_shown(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _call((), monkeypatch) == 0
    assert "Try it on this machine" in capsys.readouterr().out
