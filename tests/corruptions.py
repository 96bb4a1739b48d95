"""Corrupted episode files: each is detected or identical, by both readers, and raises nothing but their own errors.

`python -m tests.corruptions --count 20000 --start 0` runs more of them by hand. One number is one corruption.
"""

import argparse
import struct
import zlib
from collections import Counter
from collections.abc import Callable
from random import Random

from data.episode_format import BLOCK_FRAMES, Episode, FormatError, read_episode, read_prefix
from data.framing import CHAIN_START, FRAMES, MAGIC, frame_record, records
from tests.support.recorded import finished
from tests.support.second_reader import IllegalError, read_play

FRAMES_PLAYED = 2 * BLOCK_FRAMES + 20
"""Two full blocks and a short one: every kind of record stands beside every other."""

Corruption = Callable[[bytes, bytes, Random], bytes]


def cut_into_records(data: bytes) -> list[bytes]:
    return [data[record.offset : record.end] for record in records(data)]


def flipped_bit(data: bytes, other: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def cut(data: bytes, other: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data))]


def cut_out(data: bytes, other: bytes, random: Random) -> bytes:
    start, stop = sorted(random.sample(range(len(data) + 1), 2))
    return data[:start] + data[stop:]


def zeroed(data: bytes, other: bytes, random: Random) -> bytes:
    """A copy that "succeeded" with zeros inside."""
    start, stop = sorted(random.sample(range(len(data) + 1), 2))
    return data[:start] + bytes(stop - start) + data[stop:]


def inserted(data: bytes, other: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.randbytes(random.randrange(1, 40)) + data[at:]


def spliced(data: bytes, other: bytes, random: Random) -> bytes:
    at = random.randrange(len(MAGIC), min(len(data), len(other)))
    return data[:at] + other[at:]


def spliced_between_records(data: bytes, other: bytes, random: Random) -> bytes:
    """Every record is whole; only the chain shows that they are of two files."""
    mine, theirs = cut_into_records(data), cut_into_records(other)
    at = random.randrange(1, len(mine))
    return MAGIC + b"".join(mine[:at] + theirs[at:])


def swapped_records(data: bytes, other: bytes, random: Random) -> bytes:
    parts = cut_into_records(data)
    one, two = random.sample(range(len(parts)), 2)
    parts[one], parts[two] = parts[two], parts[one]
    return MAGIC + b"".join(parts)


def doubled_record(data: bytes, other: bytes, random: Random) -> bytes:
    parts = cut_into_records(data)
    at = random.randrange(len(parts))
    return MAGIC + b"".join([*parts[: at + 1], *parts[at:]])


def dropped_record(data: bytes, other: bytes, random: Random) -> bytes:
    parts = cut_into_records(data)
    del parts[random.randrange(len(parts))]
    return MAGIC + b"".join(parts)


def foreign_header(data: bytes, other: bytes, random: Random) -> bytes:
    return MAGIC + b"".join([cut_into_records(other)[0], *cut_into_records(data)[1:]])


def huge_length(data: bytes, other: bytes, random: Random) -> bytes:
    record = random.choice(list(records(data)))
    length = random.choice((1 << 20, (1 << 20) + 1, 1 << 24, (1 << 31) - 1, (1 << 32) - 1))
    return data[: record.offset + 4] + struct.pack(">I", length) + data[record.offset + 8 :]


def huge_value(data: bytes, other: bytes, random: Random) -> bytes:
    """A payload that announces millions of values, in a record whose sums are right."""
    bomb = random.choice((b"\xdd\xff\xff\xff\xff", b"\xdf\x7f\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\x91" * 5000))
    return rechained(data, random.randrange(4), lambda _: bomb)


def resummed_flip(data: bytes, other: bytes, random: Random) -> bytes:
    """A bit of a payload flipped before the sum was taken: only the chain is wrong."""
    record = random.choice(list(records(data)))
    payload = flipped_bit(record.payload, b"", random)
    body = data[record.offset : record.payload_offset] + payload + record.chain
    return data[: record.offset] + body + struct.pack(">I", zlib.crc32(body)) + data[record.end :]


def flipped_sum(data: bytes, other: bytes, random: Random) -> bytes:
    """A sum that does not fit a record which is good."""
    at = random.choice(list(records(data))).end - random.randrange(1, 5)
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def rechained_flip(data: bytes, other: bytes, random: Random) -> bytes:
    """A bit flipped before sums and chain were taken: only what the payload means, or END's hash, can show it."""
    return rechained(data, random.randrange(4), lambda payload: flipped_bit(payload, b"", random))


def rechained(data: bytes, index: int, change: Callable[[bytes], bytes]) -> bytes:
    """The file with one payload changed, and sums and chain of every record taken anew."""
    parts, chain = [MAGIC], CHAIN_START
    for record in records(data):
        payload = change(record.payload) if record.index == index else record.payload
        part, chain = frame_record(chain, record.type, record.count, payload, record.flags)
        parts.append(part)
    return b"".join(parts)


CORRUPTIONS: tuple[Corruption, ...] = (
    flipped_bit,
    cut,
    cut_out,
    zeroed,
    inserted,
    spliced,
    spliced_between_records,
    swapped_records,
    doubled_record,
    dropped_record,
    foreign_header,
    huge_length,
    huge_value,
    resummed_flip,
    flipped_sum,
    rechained_flip,
)
FORGED = {huge_value, rechained_flip}
"""Their chain is right, so a good prefix may hold what they changed; END's hash is what shows it."""


class Originals:
    """Two episodes of one run, and what they read as: a splice before the first difference is the other one, whole."""

    def __init__(self) -> None:
        self.data = finished(frames=FRAMES_PLAYED)
        self.other = finished(frames=FRAMES_PLAYED, seed=8, episode=1)
        self.episode: Episode = read_episode(self.data)
        self.legal = (self.episode, read_episode(self.other))
        assert [record.type for record in records(self.data)].count(FRAMES) == 3


def corrupted(number: int, originals: Originals) -> bytes:
    """The bytes of one corruption."""
    return CORRUPTIONS[number % len(CORRUPTIONS)](originals.data, originals.other, Random(number))


def run(number: int, originals: Originals) -> str:
    """One corruption; what came of it. An AssertionError or any error but the readers' own is a finding."""
    corruption, data = CORRUPTIONS[number % len(CORRUPTIONS)], corrupted(number, originals)
    is_legal = _first_reader_takes(data, originals)
    assert is_legal == _second_reader_takes(data), f"{number} {corruption.__name__}: the readers disagree"
    if corruption not in FORGED:
        _check_prefix(data, originals, number)
    return f"{corruption.__name__} {'identical' if is_legal else 'detected'}"


def _first_reader_takes(data: bytes, originals: Originals) -> bool:
    try:
        episode = read_episode(data)
    except FormatError:
        return False
    assert episode in originals.legal, "altered data was read as good"
    return True


def _second_reader_takes(data: bytes) -> bool:
    try:
        read_play(data)
    except IllegalError:
        return False
    return True


def _check_prefix(data: bytes, originals: Originals, number: int) -> None:
    """What a recovery would keep is a beginning of the truth: of this episode, or of the one whose header it has."""
    try:
        prefix = read_prefix(data)
    except FormatError:
        return
    truths = [episode for episode in originals.legal if episode.header == prefix.header]
    assert truths, f"{number}: a header that never was"
    assert prefix.rows == truths[0].rows[: len(prefix.rows)], f"{number}: a prefix that never was"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--start", type=int, default=0)
    options = parser.parse_args()
    originals = Originals()
    outcomes = Counter(run(number, originals) for number in range(options.start, options.start + options.count))
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:8} {outcome}")


if __name__ == "__main__":
    main()
