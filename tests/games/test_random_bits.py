"""The stream of bits is the published SplitMix64, and stays so."""

from games.random_bits import below, draw


def test_the_stream_is_the_published_one() -> None:
    state, stream = 1_234_567, []
    for _ in range(5):
        state, bits = draw(state)
        stream.append(bits)
    assert stream == [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
    ]


def test_states_and_bits_stay_within_64_bits_from_any_first_state() -> None:
    for first in (0, -1, 2**63, 2**64 - 1, 2**200):
        state, bits = draw(first)
        assert 0 <= state < 2**64
        assert 0 <= bits < 2**64


def test_every_value_below_a_bound_comes_about_equally_often() -> None:
    state, counts = 9, [0] * 7
    for _ in range(7_000):
        state, value = below(state, 7)
        counts[value] += 1
    assert min(counts) > 900
    assert max(counts) < 1_100
