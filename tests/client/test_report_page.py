"""The page of a report: whole in itself, safe with any text, and drawn in a real browser."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from client.commands import report_page
from client.commands.report_page import attention_points, page
from client.commands.report_plots import heat_colour, log_ticks, nice_ticks, whole_ticks
from data.reporting.reporting import EpisodeReport, StudyReport, report_on
from games.contract import Seat
from netcode.limits import MILLISECOND, SECOND
from tests.support.browser import Browser, reached_outside, serve
from tests.support.lived import Absence, Freeze, Life, live, write
from tests.support.synthetic import Plan, cut_short, play_bots, synthetic_terms, write_episode

TROUBLE = Life(
    frames=240,
    jitter_ns=40 * MILLISECOND,
    loss=0.1,
    freezes=(Freeze(Seat.RIGHT, 150, 3 * SECOND // 2),),
    absences=(Absence(Seat.LEFT, 60, 100),),
)
FIGURES = (
    "Scores over time",
    "Positions",
    "Inputs over time",
    "Who was away when",
    "Guesses and rollbacks",
    "Lateness of ticks",
    "Round trip",
    "Clock offset",
)
EVIL = "</style></title><script>document.title='pwned'</script><b>&\"'"


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> StudyReport:
    """A session of one episode with everything that can happen to two machines."""
    folder = tmp_path_factory.mktemp("session")
    for seat in live(TROUBLE):
        write(seat, folder)
    return report_on([folder], jobs=1)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyReport:
    """Three sessions; an episode was cut, one is torn, and one of another dyad has not come whole."""
    folder = tmp_path_factory.mktemp("study")
    plan = Plan(episodes=6, dyads=3, frames=90)
    played = [play_bots(synthetic_terms(plan, number)) for number in range(6)]
    write_episode(folder, played[0])
    write_episode(folder, cut_short(played[1], 50))
    canonical, *_ = write_episode(folder, played[2])
    canonical.write_bytes(played[2].data[:-9])
    write_episode(folder, played[3])
    write_episode(folder, played[4], [Seat.LEFT])
    write_episode(folder, played[5])
    return report_on([folder], jobs=1)


def figures_of(text: str) -> list[str]:
    return re.findall(r"<figcaption><b>Figure [\d.]+\. (.*?)\.</b>", text)


def svgs_of(text: str) -> list[str]:
    return re.findall(r"<svg .*?</svg>", text, re.DOTALL)


# --- the page as text -------------------------------------------------------------------------------------------------


def test_the_page_names_nothing_outside_of_itself_and_has_no_script(study: StudyReport, troubled: StudyReport) -> None:
    for report in (study, troubled):
        text = page(report)
        assert reached_outside(text) == []
        assert "<script" not in text
        assert "default-src 'none'" in text
        assert "{{" not in text


def test_a_session_has_every_figure(troubled: StudyReport) -> None:
    assert tuple(figures_of(page(troubled))) == FIGURES


def test_a_study_has_its_own_figures_and_those_of_each_session(study: StudyReport) -> None:
    found = figures_of(page(study))
    assert found[:3] == ["Scores by session", "Positions", "What the limits are about"]
    assert found[3:] == [*FIGURES, *FIGURES, *FIGURES]


def test_every_axis_says_what_it_measures_and_in_which_unit(study: StudyReport, troubled: StudyReport) -> None:
    plots = [svg for report in (study, troubled) for svg in svgs_of(page(report)) if "aria-label" in svg]
    assert len(plots) > 20
    names = {unescape(found[1]) for svg in plots if (found := re.search(r'aria-label="(.*?)"', svg)) is not None}
    axes = {axis for name in names if " over " in name for axis in name.split(": ")[-1].split(" over ")}
    counted = {"episode", "rollbacks"}
    assert counted < axes
    assert all(re.search(r"\(.+\)$", axis) for axis in axes - counted), axes


def test_marks_of_a_plot_lie_within_it(study: StudyReport, troubled: StudyReport) -> None:
    for report in (study, troubled):
        for svg in svgs_of(page(report)):
            found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
            assert found is not None
            width, height = map(float, found.groups())
            for points in re.findall(r'<polyline points="(.*?)"', svg):
                for point in points.split():
                    x, y = map(float, point.split(","))
                    assert 0 <= x <= width
                    assert 0 <= y <= height
            for x, y, wide, high in re.findall(r'<rect x="(.*?)" y="(.*?)" width="(.*?)" height="(.*?)"', svg):
                assert -0.1 <= float(x) <= float(x) + float(wide) <= width + 1
                assert -0.1 <= float(y) <= float(y) + float(high) <= height + 1


def test_heat_maps_add_up_to_all_frames(troubled: StudyReport) -> None:
    maps = [svg for svg in svgs_of(page(troubled)) if "share of frames by cell" in svg]
    assert len(maps) == len(Seat)
    for drawn in maps:
        shares = [float(share) for share in re.findall(r"<title>\(\d+, \d+\): ([\d.]+) %", drawn)]
        assert abs(sum(shares) - 100) < 0.005 * len(shares) + 1e-9


def test_what_is_over_a_limit_is_marked_where_it_stands(troubled: StudyReport) -> None:
    text = page(troubled)
    (episode,) = troubled.episodes
    assert {each.rule for each in episode.suggestions} >= {"away_percent", "held_percent", "round_trip_ms"}
    assert re.search(r'<td class="n over">16\.7</td>', text), "40 of 240 frames"
    for each in episode.suggestions:
        assert each.words.replace("'", "&#x27;") in text


def test_a_session_in_which_nothing_is_amiss_says_so(tmp_path: Path) -> None:
    write_episode(tmp_path, play_bots(synthetic_terms(Plan(episodes=1, frames=40), 0)))
    report = report_on([tmp_path], jobs=1)
    assert attention_points(report) == ()
    assert '<div class="verdict good">' in page(report)


def test_what_needs_attention_stands_first_and_the_worst_of_it_before_the_rest(study: StudyReport) -> None:
    points = attention_points(study)
    assert points[0].startswith("dyad 2, session 1, episode 1: torn (")
    assert points[1].startswith("dyad 1, session 1, episode 2: good, partial (")
    assert any("dyad 3, session 1, episode 1: not received" in point for point in points)
    text = page(study)
    assert text.index('<div class="verdict bad">') < text.index("<table")
    for point in points:
        assert point.replace("'", "&#x27;") in text


def test_every_record_stands_there_with_its_whole_hash(study: StudyReport) -> None:
    text = page(study)
    for episode in study.episodes:
        for file in episode.finding.files:
            assert file.path.name in text
            assert file.sha256 in text


def evil(episode: EpisodeReport) -> EpisodeReport:
    terms = episode.finding.terms
    rules = replace(terms.terms, study=EVIL, dyad=EVIL, session=EVIL, game=EVIL, actions=(EVIL,) * 3)
    players = tuple(replace(player, participant=EVIL) for player in terms.players)
    files = tuple(replace(file, path=Path(f"x{EVIL.replace('/', '_')}"), words=EVIL) for file in episode.finding.files)
    finding = replace(episode.finding, terms=replace(terms, terms=rules, players=players), files=files, words=(EVIL,))
    reasons = tuple(each._replace(words=EVIL) for each in episode.suggestions)
    places = tuple(each._replace(place=EVIL) for each in episode.deliveries)
    assert episode.play is not None
    curves = tuple(curve._replace(name=EVIL, unit=EVIL) for curve in episode.play.curves)
    play = replace(episode.play, curves=curves)
    return replace(episode, finding=finding, suggestions=reasons, deliveries=places, words=(EVIL,), play=play)


def test_text_from_files_is_text_wherever_it_stands(troubled: StudyReport, study: StudyReport) -> None:
    (session,) = troubled.sessions
    bad = session._replace(study=EVIL, dyad=EVIL, session=EVIL, run=EVIL, episodes=tuple(map(evil, session.episodes)))
    gaps = tuple(gap._replace(run=EVIL) for gap in study.gaps)
    strays = tuple(replace(file, words=EVIL) for file in study.episodes[0].finding.files)
    for sessions in ((bad,), (bad, bad)):
        text = page(StudyReport(sessions, strays, gaps, troubled.limits))
        assert "pwned" in text
        assert "<script" not in text
        assert "<b>&" not in text
        assert text.count("</style>") == text.count("</title>") - len(re.findall("<title>", text)) + 1 == 1


def test_of_very_many_sessions_each_has_a_line_and_none_its_figures(
    study: StudyReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_page, "MOST_SESSIONS", 2)
    text = page(study)
    assert len(figures_of(text)) == 3
    assert "More than 2 sessions are not shown one by one" in text


# --- plots ------------------------------------------------------------------------------------------------------------


def test_ticks_are_round_and_within_their_span() -> None:
    assert [text for _, text in nice_ticks(0, 450)] == ["0", "100", "200", "300", "400"]
    assert [text for _, text in nice_ticks(-1.1, 1.1)] == ["−1", "−0.5", "0", "0.5", "1"]  # noqa: RUF001 - minus signs
    assert [text for _, text in log_ticks(0.01, 3000)] == ["0.01", "0.1", "1", "10", "100", "1000"]
    assert nice_ticks(3, 3) == [(3, "3")]
    assert len(whole_ticks(range(1, 334))) <= 20


def test_the_heat_scale_only_gets_darker() -> None:
    def light(share: float) -> int:
        return sum(int(heat_colour(share)[at : at + 2], 16) for at in (1, 3, 5))

    lights = [light(step / 100) for step in range(101)]
    assert lights == sorted(lights, reverse=True)
    assert (heat_colour(0), heat_colour(1)) == ("#ffffff", "#002244")
    assert heat_colour(2) == heat_colour(1)


# --- in a browser -----------------------------------------------------------------------------------------------------

LOOK = """<script>
const box = (node) => node.getBoundingClientRect();
const svgs = [...document.querySelectorAll("figure svg[role=img]")];
const texts = [...document.querySelectorAll("figure svg text")];
const outside = texts.filter((text) => {
  const own = box(text), plot = box(text.ownerSVGElement);
  const sides = [plot.left - own.left, own.right - plot.right, plot.top - own.top, own.bottom - plot.bottom];
  return Math.max(...sides) > 1;
}).map((text) => text.textContent);
document.documentElement.dataset.said = JSON.stringify({
  plots: svgs.filter((svg) => box(svg).width > 60 && box(svg).height > 60).length, all: svgs.length,
  outside, wide: document.documentElement.scrollWidth - innerWidth,
  font: getComputedStyle(document.querySelector("figure svg text")).fontSize,
  policy: document.querySelectorAll("meta[http-equiv]").length,
});
</script>"""


@pytest.fixture
def served(troubled: StudyReport) -> Iterator[tuple[str, list[str]]]:
    with serve(page(troubled)) as told:
        yield told


@pytest.mark.processes
def test_a_browser_shows_the_page_and_fetches_nothing(browser: Browser, served: tuple[str, list[str]]) -> None:
    address, asked = served
    dom = browser.dom(address)
    assert asked == ["/"]
    assert dom.count("<figcaption>") == len(FIGURES)


@pytest.mark.processes
def test_every_plot_is_drawn_and_no_text_leaves_it(browser: Browser, study: StudyReport, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    # The page forbids scripts: the eyes of this test need the one that it adds.
    text = page(study).replace("style-src 'unsafe-inline'", "style-src 'unsafe-inline'; script-src 'unsafe-inline'")
    file.write_text(text.replace("</body>", LOOK + "</body>"), encoding="utf-8")
    told = re.search(r'data-said="(.*?)"', browser.dom(file.as_uri()))
    assert told is not None
    said = json.loads(unescape(told[1]))
    assert said["outside"] == []
    assert said["plots"] == said["all"] > 30
    assert said["wide"] <= 0, "the page is not wider than its window"
    assert said["font"] == "11px", "the page's own style is applied"


@pytest.mark.processes
def test_it_prints(browser: Browser, troubled: StudyReport, tmp_path: Path) -> None:
    file, paper = tmp_path / "page.html", tmp_path / "page.pdf"
    file.write_text(page(troubled), encoding="utf-8")
    browser.pdf(file.as_uri(), paper)
    pages = len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))
    assert 2 <= pages <= 8
