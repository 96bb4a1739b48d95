"""Games are found by name, and each brings a bot and the list of its sources."""

import pytest

from games import registry
from games.foraging import FORAGING


def test_the_default_game_is_foraging() -> None:
    assert registry.names()[0] == "foraging"
    assert registry.find("foraging") is FORAGING


@pytest.mark.parametrize("game_id", registry.names())
def test_a_game_is_found_under_its_own_id_and_brings_a_bot_for_each_seat(game_id: str) -> None:
    game = registry.find(game_id)
    assert game.id == game_id
    state = game.initial(5, game.configure(tick_rate=30))
    for seat in (0, 1):
        assert 0 <= registry.bot(game_id, seat, 5).act(state) < len(game.actions)


@pytest.mark.parametrize("ask", [registry.find, registry.source_files, lambda name: registry.bot(name, 0, 0)])
def test_an_unknown_name_is_answered_with_those_that_there_are(ask: object) -> None:
    with pytest.raises(LookupError, match=r"'chess'; there are foraging, crossing"):
        ask("chess")  # type: ignore[operator]  # three signatures that share only the first argument
