"""A settings file says what it says, and every mistake in it is named with what was expected and what came."""

from dataclasses import replace
from pathlib import Path

import pytest

from client.commands.own_settings import gather_settings
from client.scancodes import NAMES, SCANCODES
from client.settings import Settings, SettingsError, parse_keys, parse_size, read_settings

FULL = Settings(
    language="de",
    text_size=1.25,
    reduced_motion=True,
    window="borderless",
    size=(1280, 720),
    keys=(("up", (SCANCODES["e"], SCANCODES["up"])), ("drop", (SCANCODES["keypad 0"], 135))),
)


def written(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("settings", [Settings(), FULL])
def test_what_is_printed_to_be_edited_is_read_back_as_it_was(settings: Settings, tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, settings.to_toml())) == settings


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, "")) == Settings()


@pytest.mark.parametrize(
    ("text", "expected", "came"),
    [
        ('language = "fr"', "language: expected en or de", "'fr'"),
        ("text_size = 3", "text_size: expected a number from 0.8 to 1.5", "3"),
        ("text_size = true", "text_size: expected a number", "True"),
        ('reduced_motion = "yes"', "reduced_motion: expected true or false", "'yes'"),
        ('window = "big"', "window: expected window, borderless or full-screen", "'big'"),
        ("size = [1280]", "size: expected a width and a height from 480x360", "[1280]"),
        ("size = [479, 800]", "size: expected a width and a height from 480x360", "[479, 800]"),
        ("keys = 5", "keys: expected a table", "5"),
        ("keys = { up = [] }", "keys: up: expected 1 to 8 keys", "[]"),
        ('keys = { up = "umlaut" }', "keys: up: expected a key by its place", "'umlaut'"),
        ("keys = { up = 1024 }", "its scancode (1 to 255)", "1024"),
        ('keys = { up = "F3" }', "a key that the window does not need itself", "'F3'"),
        ("textsize = 1", "expected language, text_size, reduced_motion, window, size or keys", "textsize"),
        ("language = de", "expected a TOML file", "line 1"),
    ],
)
def test_a_mistake_is_named_with_its_file(text: str, expected: str, came: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    assert str(path) in str(caught.value)
    assert expected in str(caught.value)
    assert came in str(caught.value)


def test_the_command_line_counts_more_than_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, FULL.to_toml())
    gathered = gather_settings(path, game="foraging", size="800x600", keys=["up=w"], text_size=None, language="en")
    keys = (("up", (SCANCODES["w"],)), ("drop", (SCANCODES["keypad 0"], 135)))
    assert gathered == replace(FULL, language="en", size=(800, 600), keys=keys)


def test_keys_that_do_not_suit_the_game_are_refused_before_anything_starts() -> None:
    with pytest.raises(SettingsError, match=r"this game \(up, right, down, left\), got 'drop'"):
        gather_settings(None, game="crossing", ignores_file=True, keys=["drop=space"])


@pytest.mark.parametrize("text", ["1280", "1280x", "x720", "1280*720", "0x0"])
def test_a_size_is_two_numbers(text: str) -> None:
    with pytest.raises(SettingsError, match="size: expected"):
        parse_size(text)


@pytest.mark.parametrize("texts", [["up"], ["=w"], ["up=w", "up=e"], ["up="]])
def test_a_key_is_an_action_and_its_keys_once(texts: list[str]) -> None:
    with pytest.raises(SettingsError, match="expected"):
        parse_keys(texts)


def test_every_place_on_the_keyboard_has_one_name() -> None:
    assert len(NAMES) == len(SCANCODES)
    assert (SCANCODES["a"], SCANCODES["z"], SCANCODES["0"], SCANCODES["space"]) == (4, 29, 39, 44)
    assert (SCANCODES["slash"], SCANCODES["f12"], SCANCODES["keypad 0"], SCANCODES["right alt"]) == (56, 69, 98, 230)
