"""Text is data: each language says everything, with the same blanks to fill in, and the game's guide is among it."""

from string import Formatter

import pytest

from client.pictures import session_lines
from client.texts import CATALOGUES, ENGLISH, GERMAN, Texts, clock, guide_values
from games.contract import Seat
from games.foraging import FORAGING
from netcode.connection import LinkEvent
from netcode.session import Phase
from netcode.vocabulary import Reason
from tests.support.preview import FIGURES
from tests.support.stations import make_terms


def blanks(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name}


def test_every_language_says_the_same_things() -> None:
    assert set(ENGLISH) == set(GERMAN)
    assert {key: blanks(words) for key, words in ENGLISH.items()} == {
        key: blanks(words) for key, words in GERMAN.items()
    }


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_line_of_a_shipped_guide_can_be_said_with_the_games_own_numbers(language: str) -> None:
    values = guide_values(FORAGING.configure(tick_rate=60), 60)
    for line in FORAGING.guide:
        words = Texts(language)(line.text, **values)
        assert words != line.text
        assert "{" not in words
    assert "2 s" in Texts(language)("guide.foraging.join", **values)


def test_a_text_that_is_no_key_is_shown_as_it_is() -> None:
    assert Texts("de")("Push the box home") == "Push the box home"


def test_the_names_of_figures_are_words_of_every_language() -> None:
    for key, _ in FIGURES:
        assert ENGLISH[key]
        assert GERMAN[key] != key


@pytest.mark.parametrize("key", [f"phase.{phase.value}" for phase in Phase])
def test_every_phase_has_words_for_an_experimenter(key: str) -> None:
    assert key in ENGLISH


@pytest.mark.parametrize("key", [f"link.{event.name.lower()}" for event in LinkEvent])
def test_everything_that_happens_to_a_connection_has_words(key: str) -> None:
    assert key in ENGLISH


@pytest.mark.parametrize("key", [f"ending.{reason.value}" for reason in Reason] + ["ending.away_limit", "ending.none"])
def test_every_way_in_which_an_episode_ends_has_words(key: str) -> None:
    assert key in ENGLISH


def test_which_session_it_is_is_said_in_the_window_s_language() -> None:
    terms = make_terms(0).terms
    assert session_lines(Texts("de"), terms, Seat.LEFT, "")[:2] == (
        f"Studie {terms.study}, Dyade {terms.dyad}, Sitzung {terms.session}",
        "linker Platz, Lauf noch nicht vereinbart",
    )


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(KeyError):
        Texts("xx")


def test_the_clock_says_zero_only_at_the_end() -> None:
    assert [clock(seconds) for seconds in (84, 60.0, 59.01, 0.02, 0, -3)] == [
        "1:24",
        "1:00",
        "1:00",
        "0:01",
        "0:00",
        "0:00",
    ]


def test_ticks_become_seconds() -> None:
    assert guide_values({"join_ticks": 45, "gems": 7}, 30) == {"join_ticks": 45, "gems": 7, "join_seconds": "1.5"}
