"""Key files: whole ones are read back, anything else is an error that names the file."""

from pathlib import Path

import pytest

from data.certificates import CertificateError, load_certificate, make_pair


def test_a_pair_that_was_made_is_read_back_and_its_public_half_alone(tmp_path: Path) -> None:
    make_pair(tmp_path, "left")
    public, secret = load_certificate(tmp_path / "left.key_secret")
    assert len(public) == len(secret or b"") == 40
    assert load_certificate(tmp_path / "left.key") == (public, None)


@pytest.mark.parametrize(
    "alter",
    [
        lambda text: "",
        lambda text: text[: text.index('key = "') + 12],  # the first five letters are a number, too
        lambda text: text.replace('key = "', 'key = "~~~~~'),
        lambda text: text.replace('key = "', 'key = "#####'),
        lambda text: text.replace("=", ""),
        lambda text: text.replace('key = "', 'key = "\u00e9'),
    ],
    ids=["empty", "cut short", "no Z85", "too large a number", "no equals sign", "not ASCII"],
)
def test_what_is_no_key_is_named(tmp_path: Path, alter: object) -> None:
    assert callable(alter)
    make_pair(tmp_path, "left")
    path = tmp_path / "left.key_secret"
    path.write_text(alter(path.read_text()), "utf-8")
    with pytest.raises(CertificateError, match=r"cannot read the key .*left\.key_secret"):
        load_certificate(path)


def test_a_folder_in_the_place_of_a_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "left.key").mkdir()
    with pytest.raises(CertificateError, match=r"left\.key"):
        load_certificate(tmp_path / "left.key")
