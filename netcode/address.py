"""Where a seat listens or whom it calls, checked before a socket sees it: libzmq takes port 99999 for 34463."""

from typing import Final, NamedTuple

ANY: Final = "*"
"""As a host: every interface of this machine. As a port: whichever is free. Only a listener can mean that."""
_SCHEME: Final = "tcp://"
_MOST_PORT: Final = 65_535


class Address(NamedTuple):
    """A host (name, IPv4, or IPv6 without its brackets) and a port (decimal, or `ANY`)."""

    host: str
    port: str

    @property
    def is_ipv6(self) -> bool:
        """Whether the host is a literal IPv6 address."""
        return ":" in self.host

    def __str__(self) -> str:
        return f"{_SCHEME}[{self.host}]:{self.port}" if self.is_ipv6 else f"{_SCHEME}{self.host}:{self.port}"


def parse_address(text: str, *, listens: bool) -> Address:
    """The address that `text` names.

    Raises:
        ValueError: it names none; the text says what was expected.
    """
    host, colon, port = text.removeprefix(_SCHEME).rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if is_bracketed else host
    is_host = bool(host) and is_bracketed == (":" in host) and not set(host) & set("/@;[] ")
    if not text.startswith(_SCHEME) or not colon or not is_host:
        raise ValueError("expected tcp://ADDRESS:PORT, such as tcp://192.168.1.20:5555")
    if ANY in (host, port) and not listens:
        raise ValueError("expected one address and one port; * stands for any only where somebody listens")
    if port != ANY and not (port.isascii() and port.isdecimal() and 1 <= int(port) <= _MOST_PORT):
        raise ValueError(f"expected a port from 1 to {_MOST_PORT}, got {port!r}")
    return Address(host, port)
