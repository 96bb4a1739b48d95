"""Text as surfaces: whatever is written, a surface comes of it."""

import pytest

from client.lettering import Lettering, Style
from client.theme import Theme

pytestmark = pytest.mark.usefixtures("fonts")


@pytest.mark.parametrize("words", ["", " ", "a\nb", "\N{GRINNING FACE}", "x" * 500, "a\0b", "a\udc80b"])
@pytest.mark.parametrize("pixels", [8, 60])
def test_any_text_becomes_a_surface_even_an_empty_one(words: str, pixels: int) -> None:
    """An empty one once ended the whole program by a segmentation fault."""
    lettering, style = Lettering(Theme()), Style(pixels, "bold", (255, 255, 255))
    assert min(lettering.text(words, style).get_size()) > 0
    assert lettering.fitted(words, style, 40).get_width() <= max(40, lettering.text("…", style).get_width() * 2)
    assert min(lettering.digits(words[:20], style).get_size()) > 0
