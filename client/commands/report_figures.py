"""The figures of one session: what was played, who was there, how the two machines stood to each other. No page.

A figure is a plot or a few, a legend, and a caption that says what is shown, over how much, and in which unit.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Final, NamedTuple

from client.commands import report_plots as plots
from client.commands.report_plots import BOTH, LEFT, RIGHT, SOFT, Axis, Chart, Key, axis_to, panel_row
from data.inspection.summary import ms
from data.reporting.clocks import SessionClock, session_clock
from data.reporting.life import Life, Stop
from data.reporting.play import Cell, Play
from data.reporting.reporting import EpisodeReport, Session
from games.contract import Seat
from netcode.limits import MILLISECOND, SECOND

COLOURS: Final = {Seat.LEFT: LEFT, Seat.RIGHT: RIGHT}
FAINT: Final = {Seat.LEFT: "#a9cfe6", Seat.RIGHT: "#f2c3a3"}
"""The same colours on the way to white: for what is less."""
_GROUND: Final = "#eceff3"
AWAY_COLOUR: Final = "#fff"
"""No ink where nobody was there."""
MOST_PANELS: Final = 60
"""Score plots of one session; more episodes than a session has."""
_PANEL: Final = (236.0, 158.0)
_EPISODE_PX: Final = 24
_HALF: Final = 0.36
"""Half of what two seats take beside each other, of the place of an episode."""


class Figure(NamedTuple):
    """One figure: a title, the drawing as HTML, and a caption as text."""

    title: str
    drawing: str
    caption: str


class Played(NamedTuple):
    """An episode that has figures; `number` counts from 1, `rate` is in frames a second."""

    number: int
    report: EpisodeReport
    play: Play
    rate: int

    @property
    def seconds(self) -> float:
        """Its length in time of the game."""
        return self.play.frames / self.rate


class Noted(NamedTuple):
    """An episode with the notes of one machine at least."""

    number: int
    report: EpisodeReport
    life: Life


def session_figures(session: Session) -> list[Figure]:
    """Every figure that the session's data allow, in the order in which one reads them."""
    played = [
        Played(episode.finding.terms.episode + 1, episode, episode.play, episode.finding.terms.terms.tick_rate)
        for episode in session.episodes
        if episode.play is not None and episode.play.frames
    ]
    noted = [
        Noted(episode.finding.terms.episode + 1, episode, episode.life)
        for episode in session.episodes
        if episode.life is not None
    ]
    made: list[Figure] = []
    if played:
        maps = heat_figure([each.play.positions for each in played], "of the session")
        made += [_scores(played), maps, _actions(played), _presence(played, noted)]
    if noted:
        made += [_guesses(noted), _lateness(noted), *_clocks([each.life for each in noted])]
    return made


# --- what was played --------------------------------------------------------------------------------------------------


def _scores(played: Sequence[Played]) -> Figure:
    shown = played[:MOST_PANELS]
    longest = max(each.seconds for each in shown)
    highest = [value for each in shown for curve in each.play.curves for _, value in curve.steps]
    lowest = min(0, *highest)
    unit = next((curve.unit for each in shown for curve in each.play.curves), "points")
    x, y = Axis("time (s)", 0, longest), replace(axis_to(f"score ({unit})", highest), low=lowest)
    panels = [_score_panel(each, x, y) for each in shown]
    names = dict.fromkeys((curve.name, curve.seat) for each in shown for curve in each.play.curves)
    keys = [Key(_STROKES[seat][2], _STROKES[seat][0], name.replace("_", " ")) for name, seat in names]
    left_out = f" {len(played) - MOST_PANELS} further episodes are not drawn." if len(played) > MOST_PANELS else ""
    caption = (
        "Each score as it was confirmed, one plot per episode, all on the same axes. "
        f"Time is time of the game, frame / tick rate.{left_out}"
    )
    return Figure("Scores over time", panel_row(*panels) + plots.legend(keys), caption)


_STROKES: Final = {
    Seat.LEFT: (LEFT, "", "line"),
    Seat.RIGHT: (RIGHT, "6 3", "dashed"),
    None: (BOTH, "1.5 2.5", "dotted"),
}


def _score_panel(each: Played, x: Axis, y: Axis) -> str:
    width, height = _PANEL
    chart = Chart(x, y, width, height, f"episode {each.number}", left=46)
    for curve in each.play.curves:
        colour, dash, _ = _STROKES[curve.seat]
        chart.stairs([(frame / each.rate, value) for frame, value in curve.steps], colour, dash=dash)
    return chart.svg()


def heat_figure(positions: Sequence[Mapping[Seat, Counter[Cell]]], where: str) -> Figure:
    """Where both seats were, over all of some episodes; `where` says of what."""
    title = "Positions"
    counts = {seat: _summed(each.get(seat, Counter()) for each in positions) for seat in Seat}
    if not all(counts.values()):
        columns = "columns left_x, left_y, right_x and right_y, in cells"
        return Figure(title, "", f"This game declares no positions ({columns}): there is no map to draw.")
    cells = [cell for seat in Seat for cell in counts[seat]]
    size = max(x for x, _ in cells) + 1, max(y for _, y in cells) + 1
    most = max(100 * count / counts[seat].total() for seat in Seat for count in counts[seat].values())
    maps = [plots.heat_map(f"{seat.word} seat", counts[seat], size, most) for seat in Seat]
    caption = (
        f"Share of all {counts[Seat.LEFT].total():,} confirmed frames {where} in which a seat was in a cell; (0, 0) is "
        "at the top left. White: never. Both maps have one scale, on which colour follows the root of the share. "
        "Boards of all episodes lie on each other."
    )
    return Figure(title, panel_row(*maps, plots.heat_bar(most)), caption)


def _summed(counters: Iterator[Counter[Cell]]) -> Counter[Cell]:
    total: Counter[Cell] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def _actions(played: Sequence[Played]) -> Figure:
    names = played[0].report.finding.terms.terms.actions
    alike = [each for each in played if each.report.finding.terms.terms.actions == names]
    named = names[: len(plots.OKABE_ITO) + 1]
    colours = dict(zip(named, (SOFT, *plots.OKABE_ITO), strict=False)) | {"other": BOTH, "away": AWAY_COLOUR}
    panels = [_action_panel(alike, seat, len(named), list(colours.values())) for seat in Seat]
    if not any(sum(counts[len(named) : -1]) for each in alike for seat in Seat for counts in each.play.actions[seat]):
        del colours["other"]
    keys = [Key("blank" if colour == AWAY_COLOUR else "box", colour, name) for name, colour in colours.items()]
    caption = (
        "Share of the frames of a stretch of the game in which a seat's confirmed input was this action, over all "
        "episodes of the session. White: the seat was away, and did nothing by rule."
    )
    return Figure("Inputs over time", panel_row(*panels) + plots.legend(keys), caption)


def _action_panel(played: Sequence[Played], seat: Seat, named: int, colours: Sequence[str]) -> str:
    longest = max(len(each.play.actions[seat]) for each in played)
    width = max(each.play.bin_frames / each.rate for each in played)
    end = max(each.seconds for each in played)
    chart = Chart(Axis("time (s)", 0, end), Axis("share of frames (%)", 0, 100), title=f"{seat.word} seat")
    for place in range(longest):
        bins = [each.play.actions[seat][place] for each in played if place < len(each.play.actions[seat])]
        sums = [sum(counts) for counts in zip(*bins, strict=True)]
        stacked = [*sums[:named], sum(sums[named:-1]), sums[-1]]
        below = 0.0
        for count, colour in zip(stacked, colours, strict=False):
            share = 100 * count / sum(sums)
            if share:
                chart.box((place * width, min(end, (place + 1) * width)), (below, below + share), colour, edge="#fff")
            below += share
    return chart.svg()


def _presence(played: Sequence[Played], noted: Sequence[Noted]) -> Figure:
    stops = {each.number: each.life.stops for each in noted}
    numbers = [each.number for each in played]
    marks = tuple((len(numbers) - 0.5 - place, f"{number}") for place, number in enumerate(numbers))
    y = Axis("episode", 0, len(numbers), ticks=marks)
    height = 62 + _EPISODE_PX * len(numbers)
    chart = Chart(Axis("time (s)", 0, max(each.seconds for each in played)), y, 940, height)
    for place, each in enumerate(played):
        _presence_lane(chart, each, len(numbers) - 1 - place, stops.get(each.number, ()))
    keys = [
        Key("box", _GROUND, "there (left above, right below)"),
        *(Key("box", COLOURS[seat], f"{seat.word} away") for seat in Seat),
        *(Key("box", FAINT[seat], f"{seat.word} catching up") for seat in Seat),
        Key("bar", BOTH, "held: the partner's inputs were missing"),
        Key("diamond", BOTH, "the program stood still"),
    ]
    caption = (
        "Away and catching up are flags of the confirmed inputs, the same on both machines. Marks of holds and "
        "standstills stand at their frame, as each machine noted them. Time is time of the game, which does not pass "
        "while a seat is held."
    )
    return Figure("Who was away when", chart.svg() + plots.legend(keys), caption)


def _presence_lane(chart: Chart, each: Played, bottom: int, stops: Sequence[Stop]) -> None:
    lanes = {Seat.LEFT: (bottom + 0.53, bottom + 0.88), Seat.RIGHT: (bottom + 0.12, bottom + 0.47)}
    for seat, lane in lanes.items():
        chart.box((0, each.seconds), lane, _GROUND)
        for absence in each.play.absences:
            if absence.seat is seat:
                colour = (COLOURS if absence.kind == "away" else FAINT)[seat]
                span = absence.first / each.rate, absence.end / each.rate
                chart.box(span, lane, colour, f"{seat.word} {absence.kind}: {span[0]:.1f} s to {span[1]:.1f} s")
        for stop in stops:
            if stop.seat is seat:
                at, words = (
                    stop.frame / each.rate,
                    f"{seat.word} {stop.kind} for {ms(stop.length_ns)} at frame {stop.frame}",
                )
                if stop.kind == "held":
                    chart.box((at, at), lane, BOTH, words)
                else:
                    chart.diamond(at, sum(lane) / 2, words)


# --- how the machines stood to each other -----------------------------------------------------------------------------


def _episode_axis(noted: Sequence[Noted]) -> Axis:
    numbers = [each.number for each in noted]
    return Axis("episode", min(numbers) - 0.5, max(numbers) + 0.5, ticks=plots.whole_ticks(numbers))


def _guesses(noted: Sequence[Noted]) -> Figure:
    shares = Chart(_episode_axis(noted), Axis("guessed frames (%)", 0, 100), title="guesses by episode")
    for each in noted:
        frames = max(1, each.life.summary.frames)
        for seat in Seat:
            told = each.life.summary.seats.get(seat.word)
            if told is not None:
                middle = each.number + (seat - 0.5) * _HALF
                span = middle - _HALF / 2, middle + _HALF / 2
                wrong, guessed = 100 * told.wrong_guesses / frames, 100 * told.guesses / frames
                shares.box(span, (0, wrong), COLOURS[seat])
                shares.box(span, (wrong, guessed), FAINT[seat])
    keys = [Key("box", COLOURS[seat], f"{seat.word}: guess was wrong") for seat in Seat]
    keys += [Key("box", FAINT[seat], f"{seat.word}: came true, or nobody will know") for seat in Seat]
    deepest = max((depth for each in noted for depths in each.life.depths.values() for depth in depths), default=0)
    drawing = panel_row(shares.svg(), _depths(noted, deepest) if deepest else "") + plots.legend(keys)
    caption = (
        "Left: share of an episode's frames that a seat first computed with a guess of its partner's action. "
        f"{_ROLLBACK_WORDS if deepest else 'There was no rollback.'}"
    )
    return Figure("Guesses and rollbacks", drawing, caption)


_ROLLBACK_WORDS: Final = "Right: how many frames each rollback dropped and computed again, over the session."


def _depths(noted: Sequence[Noted], deepest: int) -> str:
    counted = {
        seat: Counter(depth for each in noted for depth in each.life.depths.get(seat, Counter()).elements())
        for seat in Seat
    }
    most = max(count for counts in counted.values() for count in counts.values())
    x = Axis("depth (frames)", 0.5, deepest + 0.5, ticks=plots.whole_ticks(range(1, deepest + 1)))
    chart = Chart(x, axis_to("rollbacks", [most]), title="rollbacks by depth")
    for seat, counts in counted.items():
        for depth, count in counts.items():
            middle = depth + (seat - 0.5) * _HALF
            chart.box((middle - _HALF / 2, middle + _HALF / 2), (0, count), COLOURS[seat])
    return chart.svg()


_LEAST_LATE_MS: Final = 0.01


def _lateness(noted: Sequence[Noted]) -> Figure:
    told = [
        (each.number, seat, spread)
        for each in noted
        for seat in Seat
        if (side := each.life.summary.seats.get(seat.word)) is not None and (spread := side.late) is not None
    ]
    period = 1000 / noted[0].report.finding.terms.terms.tick_rate
    most = max([10 * period, *(2 * spread.most / MILLISECOND for *_, spread in told)])
    chart = Chart(_episode_axis(noted), Axis("late (ms, log scale)", _LEAST_LATE_MS, most, is_log=True), 940, 250)
    chart.line([(chart.x.low, period), (chart.x.high, period)], BOTH, width=1, dash="5 3")
    for number, seat, spread in told:
        at = number + (seat - 0.5) * _HALF
        half, hundredth, worst = (max(_LEAST_LATE_MS, value / MILLISECOND) for value in spread[1:])
        chart.line([(at, half), (at, hundredth)], COLOURS[seat])
        chart.dot(at, half, COLOURS[seat], 3.2)
        chart.cross(at, worst, COLOURS[seat])
    keys = [Key("dot", COLOURS[seat], f"{seat.word}: median, with a line to the 99th percentile") for seat in Seat]
    keys += [Key("cross", COLOURS[seat], f"{seat.word}: largest") for seat in Seat]
    keys += [Key("dashed", BOTH, f"one tick period ({period:.1f} ms)")]
    caption = (
        "How long after its deadline a seat's program woke up for a tick. A batch of owed ticks counts once. "
        f"What was less than {_LEAST_LATE_MS} ms late stands at the lower end."
    )
    return Figure("Lateness of ticks", chart.svg() + plots.legend(keys), caption)


def _clocks(lives: Sequence[Life]) -> Iterator[Figure]:
    clock = session_clock(lives)
    if not clock.points:
        return
    minutes = Axis("time since the first probe (min)", 0, max(0.1, clock.points[-1].at_seconds / 60))
    trips = Chart(minutes, axis_to("round trip (ms)", [p.round_trip_ns / MILLISECOND for p in clock.points]), 940, 220)
    offsets = [point.offset_ns / MILLISECOND for point in clock.points]
    reach = max(0.1, *map(abs, offsets)) * 1.1
    chart = Chart(minutes, Axis("offset − mean (ms)", -reach, reach), 940, 220)  # noqa: RUF001 - a minus sign
    for point in clock.points:
        at, colour = point.at_seconds / 60, COLOURS[point.seat]
        trips.dot(at, point.round_trip_ns / MILLISECOND, colour, faint=True)
        chart.dot(at, point.offset_ns / MILLISECOND, colour, faint=True)
    keys = [Key("dot", COLOURS[seat], f"noted by {seat.word}") for seat in Seat]
    caption = f"Round trips of {len(clock.points):,} probes, without the time that the partner took to answer."
    yield Figure("Round trip", trips.svg() + plots.legend(keys), caption)
    if clock.line is not None:
        chart.line(
            [(at, clock.offset_at(at * 60) / MILLISECOND) for at in (minutes.low, minutes.high)], BOTH, dash="5 3"
        )
        keys.append(Key("dashed", BOTH, "the line that times are aligned by"))
    yield Figure("Clock offset", chart.svg() + plots.legend(keys), _clock_words(clock))


def _clock_words(clock: SessionClock) -> str:
    line = clock.line
    what = "How far the right machine's clock was ahead of the left one's, by each probe. "
    if line is None:
        return what + "A clock began anew between episodes, so each episode's mean is taken off, and no drift is told."
    words = f"The mean, {line.offset_ns / SECOND:.6f} s (± {ms(line.uncertainty_ns)}), is taken off. "
    drift, error = line.drift_ppb / 1000, line.drift_error_ppb / 1000
    if line.drift_error_ppb < 0:
        return what + words + "Too short to tell a drift. A probe is off by at most half its round trip."
    told = f"Drift {drift:+.2f} ppm (± {error:.2f}, standard error)" if drift else f"No drift (± {error:.2f} ppm)"
    return (
        f"{what}{words}{told}, by the shorter half of the round trips. A probe is off by at most half its round trip."
    )


def figure_html(figure: Figure, number: str) -> str:
    """A figure as it stands in the page."""
    caption = f"<figcaption><b>Figure {number}. {escape(figure.title)}.</b> {escape(figure.caption)}</figcaption>"
    return f'<figure id="figure-{number}">{figure.drawing}{caption}</figure>'
