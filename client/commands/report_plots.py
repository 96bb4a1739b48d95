"""Plots as inline SVG: axes with units, legends, colours that a colour-blind reader tells apart. No data of ours.

Everything is text made here; what comes from outside (titles, names) is escaped. Sizes are in px of the SVG, which
scales to its column and prints as sharp as the paper.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final, NamedTuple

OKABE_ITO: Final = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")
"""Colours of Okabe and Ito: distinct for the common kinds of colour blindness. Black and grey go with them."""
LEFT, RIGHT, BOTH, SOFT = "#0072b2", "#d55e00", "#000000", "#bdbdbd"
MOST_TICKS: Final = 6
_ROOM_ABOVE: Final = 1.05
"""The highest value of a plot does not touch its frame."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: what it measures with its unit, and its span. `ticks` replaces the usual ones: (value, text)."""

    label: str
    low: float
    high: float
    is_log: bool = False
    ticks: tuple[tuple[float, str], ...] | None = None

    def place(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high one; outside of it, at the end."""
        low, high, at = self.low, self.high, value
        if self.is_log:
            low, high, at = math.log10(low), math.log10(high), math.log10(max(value, low))
        return min(1.0, max(0.0, (at - low) / (high - low))) if high > low else 0.0

    def marks(self) -> Sequence[tuple[float, str]]:
        """Its ticks and their texts."""
        if self.ticks is not None:
            return self.ticks
        return log_ticks(self.low, self.high) if self.is_log else nice_ticks(self.low, self.high)


def axis_to(label: str, values: Iterable[float], *, least: float = 1.0) -> Axis:
    """An axis from 0 to a little above the largest value, and at least to `least`."""
    return Axis(label, 0.0, max([least, *values]) * _ROOM_ABOVE)


def nice_ticks(low: float, high: float, most: int = MOST_TICKS) -> list[tuple[float, str]]:
    """Round values within a span, at most `most` and some: steps of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [(low, _number(low))]
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(number * step, _number(number * step)) for number in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Powers of ten within a span."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    return [(10.0**power, _number(10.0**power)) for power in range(first, last + 1)]


def whole_ticks(numbers: Sequence[int], most: int = 20) -> tuple[tuple[float, str], ...]:
    """Every so many of some counted things, so that no more than `most` are named."""
    every = -(-len(numbers) // most) or 1
    return tuple((float(number), str(number)) for number in numbers[::every])


def _number(value: float) -> str:
    text = f"{round(value, 9):.6g}"
    return text.replace("-", "−")  # noqa: RUF001 - a minus sign, as in print


class Key(NamedTuple):
    """One entry of a legend: `kind` is line, dashed, dotted, box, blank, dot, cross, bar or diamond."""

    kind: str
    colour: str
    text: str


@dataclass(slots=True)
class Chart:
    """A plot that marks are added to, and that is then written once. `title` stands above it."""

    x: Axis
    y: Axis
    width: float = 460
    height: float = 230
    title: str = ""
    left: float = 52
    bottom: float = 38
    right: float = 12
    _marks: list[str] = field(default_factory=list)

    @property
    def top(self) -> float:
        """Room for the title."""
        return 22 if self.title else 10

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies in the SVG."""
        across, up = self.x.place(x), self.y.place(y)
        wide, high = self.width - self.left - self.right, self.height - self.top - self.bottom
        return self.left + across * wide, self.top + (1 - up) * high

    def line(self, points: Iterable[tuple[float, float]], colour: str, *, width: float = 1.8, dash: str = "") -> None:
        """A line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.at(*point) for point in points))
        style = f' stroke-dasharray="{dash}"' if dash else ""
        self._marks.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{style}/>')

    def stairs(self, points: Sequence[tuple[float, float]], colour: str, *, width: float = 1.8, dash: str = "") -> None:
        """A value that stands until its next change."""
        path: list[tuple[float, float]] = []
        for x, y in points:
            path += [(x, path[-1][1]), (x, y)] if path else [(x, y)]
        self.line(path, colour, width=width, dash=dash)

    def box(self, x: tuple[float, float], y: tuple[float, float], colour: str, words: str = "", edge: str = "") -> None:
        """A filled rectangle; it is never too narrow to be seen."""
        (x0, y0), (x1, y1) = self.at(x[0], y[1]), self.at(x[1], y[0])
        style = f' stroke="{edge}" stroke-width="0.5"' if edge else ""
        inner = f"<title>{escape(words)}</title>" if words else ""
        self._marks.append(
            f'<rect x="{x0:.1f}" y="{y0:.1f}" width="{max(0.8, x1 - x0):.1f}" height="{max(0.0, y1 - y0):.1f}" '
            f'fill="{colour}"{style}>{inner}</rect>'
        )

    def dot(self, x: float, y: float, colour: str, radius: float = 2.2, *, faint: bool = False) -> None:
        """A point."""
        across, down = self.at(x, y)
        style = ' fill-opacity="0.45"' if faint else ""
        self._marks.append(f'<circle cx="{across:.1f}" cy="{down:.1f}" r="{radius}" fill="{colour}"{style}/>')

    def cross(self, x: float, y: float, colour: str, size: float = 3) -> None:
        """A point of another shape."""
        across, down = self.at(x, y)
        start, side = f"M{across - size:.1f} {down - size:.1f}", f"{2 * size:g}"
        path = f"{start}l{side} {side}m-{side} 0l{side} -{side}"
        self._marks.append(f'<path d="{path}" stroke="{colour}" stroke-width="1.3" fill="none"/>')

    def diamond(self, x: float, y: float, words: str = "") -> None:
        """A black mark with a white edge, which stands out of anything."""
        across, down = self.at(x, y)
        inner = f"<title>{escape(words)}</title>" if words else ""
        self._marks.append(
            f'<path d="M{across:.1f} {down - 5:.1f}l5 5l-5 5l-5 -5z" fill="#000" stroke="#fff">{inner}</path>'
        )

    def svg(self) -> str:
        """The whole plot."""
        name = escape(f"{self.title}: {self.y.label} over {self.x.label}".removeprefix(": "))
        parts = [*self._grid(), *self._marks, *self._frame()]
        return (
            f'<svg viewBox="0 0 {self.width:g} {self.height:g}" width="{self.width:g}" height="{self.height:g}" '
            f'role="img" aria-label="{name}">{"".join(parts)}</svg>'
        )

    def _grid(self) -> Iterable[str]:
        for value, _ in self.y.marks():
            x, y = self.at(self.x.low, value)
            yield f'<line class="grid" x1="{x:.1f}" y1="{y:.1f}" x2="{self.width - self.right:.1f}" y2="{y:.1f}"/>'

    def _frame(self) -> Iterable[str]:
        x0, y0 = self.at(self.x.low, self.y.low)
        x1, y1 = self.width - self.right, float(self.top)
        yield f'<path class="axis" d="M{x0:.1f} {y1:.1f}V{y0:.1f}H{x1:.1f}"/>'
        for value, text in self.x.marks():
            x, _ = self.at(value, self.y.low)
            yield f'<path class="axis" d="M{x:.1f} {y0:.1f}v4"/>'
            yield f'<text x="{x:.1f}" y="{y0 + 15:.1f}" text-anchor="middle">{escape(text)}</text>'
        for value, text in self.y.marks():
            _, y = self.at(self.x.low, value)
            yield f'<text x="{x0 - 6:.1f}" y="{y + 3.5:.1f}" text-anchor="end">{escape(text)}</text>'
        middle = (x0 + x1) / 2
        yield f'<text x="{middle:.1f}" y="{self.height - 5:.1f}" text-anchor="middle">{escape(self.x.label)}</text>'
        if self.y.label:
            down = (y0 + y1) / 2
            yield (
                f'<text transform="translate(12 {down:.1f}) rotate(-90)" text-anchor="middle">'
                f"{escape(self.y.label)}</text>"
            )
        if self.title:
            yield f'<text class="title" x="{x0:.1f}" y="13">{escape(self.title)}</text>'


def panel_row(*plots: str) -> str:
    """Plots beside each other, as many as there is room for."""
    return f'<div class="panels">{"".join(plots)}</div>'


# --- legends ----------------------------------------------------------------------------------------------------------

_KEYS: Final = {
    "line": '<path d="M1 7H25" stroke="{}" stroke-width="2.2"/>',
    "dashed": '<path d="M1 7H25" stroke="{}" stroke-width="2.2" stroke-dasharray="5 3"/>',
    "dotted": '<path d="M1 7H25" stroke="{}" stroke-width="2.2" stroke-dasharray="1.5 2.5"/>',
    "box": '<rect x="5" y="2" width="15" height="10" fill="{}"/>',
    "blank": '<rect x="5.5" y="2.5" width="14" height="9" fill="{}" stroke="#8a919c"/>',
    "dot": '<circle cx="13" cy="7" r="3.4" fill="{}"/>',
    "cross": '<path d="M9 3l8 8m0 -8l-8 8" stroke="{}" stroke-width="1.6"/>',
    "bar": '<path d="M13 1v12" stroke="{}" stroke-width="2.4"/>',
    "diamond": '<path d="M13 2l5 5l-5 5l-5 -5z" fill="{}"/>',
}


def legend(keys: Iterable[Key]) -> str:
    """The legend of a figure: a list of what each mark means."""
    items = "".join(
        f'<li><svg viewBox="0 0 26 14" width="26" height="14" aria-hidden="true">{_KEYS[key.kind].format(key.colour)}'
        f"</svg>{escape(key.text)}</li>"
        for key in keys
    )
    return f'<ul class="legend">{items}</ul>'


# --- heat maps --------------------------------------------------------------------------------------------------------

CELL_PX: Final = 18
MOST_HEAT_PX: Final = 420
_HEAT: Final = ((255, 255, 255), (158, 202, 225), (0, 114, 178), (0, 34, 68))
"""From nothing to the most: ever darker, so that it also reads in grey."""
BAR_STEPS: Final = 24


def heat_colour(share: float) -> str:
    """The colour of a share of the most, 0 to 1. Its root is taken: rare cells are seen beside frequent ones."""
    place = math.sqrt(min(1.0, max(0.0, share))) * (len(_HEAT) - 1)
    index = min(int(place), len(_HEAT) - 2)
    mixed = (
        round(low + (high - low) * (place - index)) for low, high in zip(_HEAT[index], _HEAT[index + 1], strict=True)
    )
    return f"#{''.join(f'{value:02x}' for value in mixed)}"


def heat_map(title: str, counts: Mapping[tuple[int, int], int], size: tuple[int, int], most: float) -> str:
    """Counts by cell as shares in per cent of their sum, on a scale from 0 to `most` per cent."""
    columns, rows = size
    cell = min(CELL_PX, MOST_HEAT_PX / max(columns, rows))
    left, top = 40.0, 22.0
    width, height = left + columns * cell + 14, top + rows * cell + 38
    total = sum(counts.values()) or 1
    parts = [f'<text class="title" x="{left}" y="13">{escape(title)}</text>']
    for (x, y), count in sorted(counts.items()):
        percent = 100 * count / total
        parts.append(
            f'<rect x="{left + x * cell:.1f}" y="{top + y * cell:.1f}" width="{cell:.1f}" height="{cell:.1f}" '
            f'fill="{heat_colour(percent / most)}"><title>({x}, {y}): {percent:.2f} %</title></rect>'
        )
    parts.append(f'<rect class="axis" x="{left}" y="{top}" width="{columns * cell:.1f}" height="{rows * cell:.1f}"/>')
    every = max(1, -(-max(columns, rows) // 8))
    for x in range(0, columns, every):
        at = left + (x + 0.5) * cell
        parts.append(f'<text x="{at:.1f}" y="{top + rows * cell + 14:.1f}" text-anchor="middle">{x}</text>')
    parts += [
        f'<text x="{left - 5}" y="{top + (y + 0.5) * cell + 3.5:.1f}" text-anchor="end">{y}</text>'
        for y in range(0, rows, every)
    ]
    middle, down = left + columns * cell / 2, top + rows * cell / 2
    parts.append(f'<text x="{middle:.1f}" y="{height - 6:.1f}" text-anchor="middle">x (cells)</text>')
    parts.append(f'<text transform="translate(12 {down:.1f}) rotate(-90)" text-anchor="middle">y (cells)</text>')
    name = escape(f"{title}: share of frames by cell")
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img" '
        f'aria-label="{name}">{"".join(parts)}</svg>'
    )


def heat_bar(most: float, height: float = 200) -> str:
    """The scale of heat maps, in per cent of frames."""
    top, step = 22.0, height / BAR_STEPS
    parts = [
        f'<rect x="6" y="{top + (BAR_STEPS - 1 - at) * step:.1f}" width="14" height="{step + 0.5:.1f}" '
        f'fill="{heat_colour(((at + 0.5) / BAR_STEPS) ** 2)}"/>'
        for at in range(BAR_STEPS)
    ]
    parts.append(f'<rect class="axis" x="6" y="{top}" width="14" height="{height}"/>')
    for share in (0.0, 0.1, 0.25, 0.5, 1.0):
        y = top + height * (1 - math.sqrt(share))
        parts.append(f'<text x="25" y="{y + 3.5:.1f}">{share * most:.2g}</text>')
    parts.append('<text class="title" x="4" y="13">% of frames</text>')
    return (
        f'<svg viewBox="0 0 78 {height + 34:.0f}" width="78" height="{height + 34:.0f}" role="img" '
        f'aria-label="colour scale, per cent of frames">{"".join(parts)}</svg>'
    )
