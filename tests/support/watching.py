"""Looking at a window until it shows something."""

from client.picture import Picture
from tests.support.desktop import wait_for
from tests.support.participants import Screen
from tests.support.sight import Shot, differences, says


def see(screen: Screen, picture: Picture, seconds: float) -> Shot:
    """A screenshot that shows just this, as soon as there is one."""

    def seen() -> Shot | None:
        shot = screen.look(picture.phase)
        return None if differences(shot, picture) else shot

    return wait_for(f"{picture}", seen, seconds)


def see_banner(screen: Screen, banner: str) -> Shot:
    """A screenshot that bears this banner, a key of `sight.BANNERS`."""

    def seen() -> Shot | None:
        shot = screen.look(banner.replace(" ", "-"))
        return shot if says(shot, banner) else None

    return wait_for(f"the banner {banner}", seen)
