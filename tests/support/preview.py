"""Renders every state of the window to PNG files, for people to look at: `python -m tests.support.preview OUT_DIR`."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pygame

from client.painter import Painter
from client.picture import Picture
from client.texts import Texts, guide_values
from client.theme import Theme
from games.contract import Scene
from games.foraging import FORAGING

HZ = 30
SIZES = ((800, 600), (1000, 760), (1280, 720), (1920, 1080))
FIGURES = (
    ("figure.frame", "1832"),
    ("figure.confirmed", "1829"),
    ("figure.ahead", "+0.4"),
    ("figure.rollbacks", "3 (4)"),
    ("figure.holds", "0 (0)"),
    ("figure.round_trip", "2.1 ms"),
)
DETAILS = (
    "run 4fd0a91c22b7e610",
    "study pilot, dyad 012, session 01",
    "partner 127.0.0.1:40123",
    "record /home/lab/dyadgrid/left/outbox",
    "delivery: 1 waiting, 3 received",
)


def scene_after(frames: int, seat: int = 0, seed: int = 5) -> Scene:
    """A scene of a real game in which both players wander about."""
    state = FORAGING.initial(seed, FORAGING.configure(tick_rate=HZ))
    for frame in range(frames):
        actions = (1 + (frame // 40 + 1) % 4, 1 + (frame // 30 + 2) % 4)
        state = FORAGING.step(state, actions).state  # type: ignore[assignment]  # the contract says `object`
    return FORAGING.scene(state, seat)


def pictures() -> dict[str, Picture]:
    scene = scene_after(433)
    sprites = tuple(
        sprite._replace(carries=1) if sprite.kind == "player" and sprite.seat == 0 else sprite
        for sprite in scene.sprites
    )
    scene = scene._replace(sprites=sprites, scores=(7, 5), common=18)
    playing = Picture(
        phase="playing",
        seat=0,
        now_ns=2_000_000_000,
        scene=scene,
        tick_rate=HZ,
        episode_ticks=1800,
        round=2,
        rounds=4,
        labels=("P017", "P018"),
        session="Session 01",
        progress=0.4,
    )
    last = scene._replace(ticks_left=0)
    return {
        "waiting": replace(playing, phase="waiting", scene=None, round=1),
        "countdown": replace(playing, phase="countdown", scene=scene_after(0), seconds_to_go=2.3),
        "playing": playing,
        "playing_right": replace(playing, seat=1),
        "last_seconds": replace(playing, scene=scene._replace(ticks_left=200)),
        "partner_away": replace(playing, is_partner_away=True),
        "holding": replace(playing, is_holding=True),
        "silent": replace(playing, silent_seconds=4.2, gives_up_seconds=5.8),
        "away": replace(playing, is_away=True),
        "fast_forward": replace(playing, missed_seconds=12.0, travelled=0.6),
        "figures": replace(playing, figures=FIGURES),
        "details": replace(playing, details=DETAILS, alarms=("The record cannot be written: no space left on device",)),
        "details_figures": replace(playing, details=DETAILS, figures=FIGURES),
        "alarm": replace(playing, alarms=("disk full",)),
        "result": replace(playing, phase="result", scene=last, seconds_to_go=4.0),
        "result_aborted": replace(playing, phase="result", scene=last, outcome_key="outcome.aborted_partner"),
        "finished": replace(playing, phase="finished", scene=last, round=4, totals=(23, 19, 61)),
        "cut": replace(
            playing, phase="finished", scene=last, outcome_key="outcome.cut", is_early=True, totals=(7, 5, 18)
        ),
        "refused": replace(
            playing,
            phase="refused",
            scene=None,
            error=("The two computers do not agree on the tick rate.", "tick_rate: 30 here, 60 there"),
        ),
    }


def painter(language: str = "en", theme: Theme | None = None) -> Painter:
    values = guide_values(FORAGING.configure(tick_rate=HZ), HZ)
    return Painter(theme or Theme(), Texts(language), guide=FORAGING.guide, guide_values=values)


def main(out: Path) -> None:
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()
    pygame.font.init()
    pygame.display.set_mode((64, 64))
    out.mkdir(parents=True, exist_ok=True)
    for language in ("en", "de"):
        for size in SIZES:
            artist = painter(language)
            surface = pygame.Surface(size)
            for name, picture in pictures().items():
                if size != (1000, 760) and name not in (
                    "playing",
                    "partner_away",
                    "result",
                    "details_figures",
                    "countdown",
                ):
                    continue
                artist.paint(surface, picture)
                pygame.image.save(surface, out / f"{name}_{language}_{size[0]}x{size[1]}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
