"""Which one thing a window says when several are so, and in how many words."""

from dataclasses import replace

import pytest

from client.notices import SAID, notice_for, notice_key
from client.picture import Picture
from client.texts import CATALOGUES, Texts
from client.theme import Theme

PLAYING = Picture(phase="playing", seat=0, now_ns=0)
SIGNS: list[tuple[str, dict[str, object]]] = [
    ("away", {"is_away": True}),
    ("notice.fast_forward", {"missed_seconds": 2.4}),
    ("notice.silent", {"silent_seconds": 3.0, "gives_up_seconds": 12.0}),
    ("notice.holding", {"is_holding": True}),
    ("notice.partner_away", {"is_partner_away": True}),
]


def picture_with(*signs: dict[str, object]) -> Picture:
    fields = {name: value for sign in signs for name, value in sign.items()}
    return replace(PLAYING, **fields)  # type: ignore[arg-type]  # names of a picture's fields


def test_an_ordinary_frame_says_nothing() -> None:
    assert notice_key(PLAYING) == ""
    assert SAID[""] == ""


@pytest.mark.parametrize("first", range(len(SIGNS)))
def test_of_several_things_the_one_that_matters_most_is_said(first: int) -> None:
    assert notice_key(picture_with(*(signs for _, signs in SIGNS[first:]))) == SIGNS[first][0]


def test_nothing_is_said_over_a_card() -> None:
    everything = picture_with(*(signs for _, signs in SIGNS))
    assert notice_key(replace(everything, phase="result")) == ""


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_notice_has_its_banner_but_the_overlay(language: str) -> None:
    for key, signs in SIGNS:
        notice = notice_for(picture_with(signs), Texts(language), Theme())
        assert (notice is None) == (key == "away")
        assert notice is None or not {notice.title, notice.more} & {key, f"{key}.more"}


def test_a_fast_forward_says_in_its_first_line_how_much_was_missed() -> None:
    notice = notice_for(picture_with({"missed_seconds": 2.4}), Texts(), Theme())
    assert notice is not None
    assert "2 s" in notice.title


def test_less_than_a_second_is_told_as_one() -> None:
    notice = notice_for(picture_with({"missed_seconds": 0.5}), Texts(), Theme())
    assert notice is not None
    assert "1 s" in notice.title


def test_every_notice_has_its_word_in_the_record() -> None:
    assert set(SAID) == {"", *(key for key, _ in SIGNS)}
