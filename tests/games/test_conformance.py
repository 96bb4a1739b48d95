"""Every registered game keeps every law; nothing here names a game."""

import pytest

from games import registry
from tests.games.conformance import LAWS, Law


@pytest.mark.parametrize("game_id", registry.names())
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_every_game_keeps_every_law(law: Law, game_id: str) -> None:
    law(registry.find(game_id))
