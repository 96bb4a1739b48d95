"""A real browser without a window, a server that notes what is asked of it, and what a page reaches for."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_SECONDS = 120.0
_QUIET = (
    "--headless",
    "--no-sandbox",  # as root it would not start otherwise
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)


def find_browser() -> str | None:
    """A browser's program, if there is one."""
    return next((found for name in PROGRAMS if (found := shutil.which(name)) is not None), None)


class Browser:
    """Opens one address, in a profile of its own, and says what became of the page."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder = program, folder

    def dom(self, address: str, *options: str) -> str:
        """The page as it stands after its scripts have run."""
        return self._run(address, "--virtual-time-budget=5000", "--dump-dom", *options)

    def pdf(self, address: str, target: Path) -> None:
        """The page as it is printed."""
        self._run(address, f"--print-to-pdf={target}", "--no-pdf-header-footer")

    def _run(self, address: str, *options: str) -> str:
        profile = f"--user-data-dir={self._folder}"
        command = [self._program, *_QUIET, profile, "--window-size=1440,1200", *options, address]
        result = subprocess.run(command, capture_output=True, text=True, timeout=BROWSER_SECONDS, check=False)
        assert result.returncode == 0, result.stderr[-2000:]
        return result.stdout


@contextmanager
def serve(page: str) -> Iterator[tuple[str, list[str]]]:
    """The page's address behind a server, and a list of every path that is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = page.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the server uses
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/", asked
        finally:
            server.shutdown()
            thread.join()


class _Outside(HTMLParser):
    """Every attribute and element through which a page reaches for something outside of it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.reached += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "srcset", "action", "data")]
        self.reached += [tag] if tag in ("link", "img", "iframe", "object", "embed", "base") else []


def reached_outside(page: str) -> list[str]:
    """What a page would fetch or lead to, by its elements and by words in it."""
    parser = _Outside()
    parser.feed(page)
    words = ("http://", "https://", "url(", "@import", "fetch(", "XMLHttpRequest", "import(")
    return [*parser.reached, *(word for word in words if word in page)]
