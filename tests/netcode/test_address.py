import pytest

from netcode.address import Address, parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tcp://192.168.1.20:5555", Address("192.168.1.20", "5555")),
        ("tcp://lab-pc-3.local:1", Address("lab-pc-3.local", "1")),
        ("tcp://[fe80::1]:65535", Address("fe80::1", "65535")),
    ],
)
def test_an_address_is_a_host_and_a_port_and_reads_as_it_was_written(text: str, expected: Address) -> None:
    assert parse_address(text, listens=False) == parse_address(text, listens=True) == expected
    assert str(expected) == text


def test_only_who_listens_may_leave_host_or_port_open() -> None:
    for text in ("tcp://*:5555", "tcp://127.0.0.1:*", "tcp://*:*"):
        assert str(parse_address(text, listens=True)) == text
        with pytest.raises(ValueError, match="only where somebody listens"):
            parse_address(text, listens=False)


@pytest.mark.parametrize("port", ["0", "65536", "99999", "-1", "+80", "80.", "http", "٣", " 80", ""])
def test_a_port_that_cannot_be_is_refused_before_a_socket_takes_it_for_another(port: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_address(f"tcp://127.0.0.1:{port}", listens=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1:5555",
        "tcp://127.0.0.1",
        "tcp://:5555",
        "tcp://[]:5555",
        "tcp://[10.0.0.1]:5555",
        "tcp://::1:5555",
        "tcp://me@host:5555",
        "tcp://host/path:5555",
        "tcp://a b:5555",
        "tcp://10.0.0.2;10.0.0.1:5555",
        "ipc:///tmp/somewhere:1",
        "TCP://127.0.0.1:5555",
    ],
)
def test_what_is_no_address_is_refused_with_an_example_of_one(text: str) -> None:
    with pytest.raises(ValueError, match="such as tcp://192"):
        parse_address(text, listens=True)
