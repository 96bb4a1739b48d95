"""docs/wire-format.md and the code are one format: names, numbers, bounds and sizes are looked up in both."""

import re
from pathlib import Path

import pytest

from games import registry
from netcode import limits
from netcode.agreement import terms_fields
from netcode.inputs import INPUT_BYTES
from netcode.packets import (
    Beat,
    Body,
    Divergence,
    Envelope,
    Hello,
    Kind,
    Play,
    Ready,
    Refusal,
    Verdict,
    encode,
)
from tests.support.recorded import make_terms

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "wire-format.md").read_text()
NOW = 10**13


def _fields_under(heading: str) -> list[str]:
    """The first cells of the tables between a heading and the next."""
    section = DOCUMENT.split(heading, 1)[1].split("\n#", 1)[0]
    return [
        cell for cell in re.findall(r"^\| (?:\d+ \| )?(?:[A-Z]* \| )?([a-z_]+) \|", section, re.M) if cell != "field"
    ]


def test_every_kind_of_packet_is_documented_under_its_number() -> None:
    documented = re.findall(r"^\| (\d) \| ([A-Z]+) \|", DOCUMENT, re.M)
    assert documented == [(str(kind.value), kind.name) for kind in Kind]


def test_every_field_is_documented_in_its_place() -> None:
    envelope = _fields_under("### Envelope")
    assert envelope[:9] == ["kind", "protocol", "run", "episode", *Envelope._fields[2:]]
    assert tuple(envelope[9:]) == Verdict._fields
    hello = _fields_under("### HELLO")
    assert tuple(hello[: len(Hello._fields)]) == Hello._fields
    assert tuple(_fields_under("### READY")) == Ready._fields
    assert tuple(_fields_under("### PLAY")) == Play._fields
    section = DOCUMENT.split("### DIVERGENCE", 1)[1]
    rows = [f"| DIVERGENCE | {Divergence._fields[0]} |", *(f"| | {name} |" for name in Divergence._fields[1:])]
    for row in (*rows, f"| REFUSAL | {Refusal._fields[0]} |"):
        assert row in section


def test_every_term_that_both_seats_must_bring_alike_is_documented() -> None:
    section = DOCUMENT.split("| in `terms` |", 1)[1].split("\n\n", 1)[0]
    terms = terms_fields(make_terms(registry.find("foraging")).terms)
    assert set(re.findall(r"[a-z_]{4,}", section)) >= set(terms)


@pytest.mark.parametrize(
    "bound",
    [limits.MAX_PACKET_BYTES, limits.MAX_UNACKNOWLEDGED, INPUT_BYTES * limits.MAX_UNACKNOWLEDGED],
)
def test_every_bound_stands_in_the_document(bound: int) -> None:
    assert f"{bound:,}" in DOCUMENT


def _size(body: Body, verdict: Verdict | None = None) -> int:
    return len(encode(Envelope(bytes(8), 0, NOW, NOW, NOW, verdict, -1), body))


def test_the_sizes_are_those_of_real_packets() -> None:
    play = Play(1000, 998, bytes(2 * INPUT_BYTES), 997, 997, 990, bytes(16), -300)
    longest = play._replace(frame=100_000, inputs=bytes(INPUT_BYTES * limits.MAX_UNACKNOWLEDGED))
    hashes = Divergence(0, bytes(8 * 1024), 1024)
    for body in (play, longest, hashes):
        assert f"| {_size(body):,} |" in DOCUMENT
    assert f"| {_size(Beat())} to {_size(Ready(bytes(16), 0))} |" in DOCUMENT
    assert f"| {_size(Beat(), Verdict(0, False, 1800, bytes(16))) - _size(Beat())} more |" in DOCUMENT
