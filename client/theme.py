"""How everything looks: colours, type sizes and the settings a participant may need. Values only; draws nothing.

The two players' colours are Okabe and Ito's sky blue and orange. They are equally bright, so the players differ in
shape and label too: nothing on the screen is told by colour alone.
"""

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, Literal

Colour = tuple[int, int, int]
Weight = Literal["medium", "bold"]

FONT_FILES: Final[dict[Weight, str]] = {"medium": "Inter-Medium.otf", "bold": "Inter-Bold.otf"}


@dataclass(frozen=True, slots=True)
class PlayerColours:
    """One seat's colour, in the lights and shades that give its figure depth."""

    base: Colour
    light: Colour
    dark: Colour
    outline: Colour
    ink: Colour
    """For text on `base`."""


@dataclass(frozen=True, slots=True)
class Theme:
    """One look. `text_scale` enlarges every text; `reduced_motion` keeps everything still that need not move."""

    text_scale: float = 1.0
    reduced_motion: bool = False

    backdrop_top: Colour = (24, 28, 44)
    backdrop_bottom: Colour = (11, 13, 23)
    card: Colour = (30, 35, 54)
    card_edge: Colour = (51, 58, 84)
    well: Colour = (18, 21, 34)
    """Sunk into a card: bars, key caps' shadows."""

    text: Colour = (238, 241, 250)
    text_quiet: Colour = (160, 169, 196)
    text_faint: Colour = (122, 131, 160)

    floor: Colour = (52, 59, 83)
    floor_odd: Colour = (56, 63, 88)
    floor_seam: Colour = (42, 48, 69)
    wall_top: Colour = (126, 139, 180)
    wall_light: Colour = (176, 188, 224)
    wall_panel: Colour = (133, 146, 187)
    wall_front: Colour = (80, 91, 130)
    wall_seam: Colour = (69, 79, 115)
    wall_foot: Colour = (57, 65, 96)

    gem: Colour = (240, 228, 66)
    gem_light: Colour = (255, 250, 190)
    gem_dark: Colour = (178, 150, 22)
    gem_outline: Colour = (92, 74, 8)

    players: tuple[PlayerColours, PlayerColours] = (
        PlayerColours((86, 180, 233), (170, 222, 250), (38, 119, 178), (14, 52, 84), (6, 30, 50)),
        PlayerColours((230, 159, 0), (255, 209, 102), (176, 104, 0), (82, 44, 0), (46, 25, 0)),
    )

    calm: Colour = (0, 158, 115)
    """All is well (bluish green)."""
    notice: Colour = (230, 159, 0)
    """Something waits (orange)."""
    alarm: Colour = (213, 94, 0)
    """Something is wrong (vermilion)."""
    news: Colour = (86, 180, 233)
    """Something passes by itself (sky blue)."""

    def font_file(self, weight: Weight) -> Traversable:
        """The open font that ships with the client: system fonts differ from machine to machine."""
        return files("client") / "fonts" / FONT_FILES[weight]


def blend(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of the second colour (0 to 1) in the first."""
    return (
        round(first[0] + (second[0] - first[0]) * share),
        round(first[1] + (second[1] - first[1]) * share),
        round(first[2] + (second[2] - first[2]) * share),
    )
