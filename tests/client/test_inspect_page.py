"""The page of an inspection: whole in itself, safe with any text, and alive in a real browser."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from client.commands.inspect_page import page
from data.inspection.files import Choice, find_records
from data.inspection.inspection import Inspection, inspect_records
from data.inspection.stretches import Stretch, stretches
from data.inspection.summary import summarize
from games.contract import Seat
from netcode.limits import MILLISECOND, SECOND
from tests.support.browser import Browser, reached_outside, serve
from tests.support.lived import Absence, Freeze, Life, live, write

LIFE = Life(
    frames=240,
    jitter_ns=40 * MILLISECOND,
    loss=0.1,
    freezes=(Freeze(Seat.RIGHT, 150, 3 * SECOND // 2),),
    absences=(Absence(Seat.LEFT, 60, 100),),
)
EVIL = "</script><script>document.title='pwned'</script><b>&"


def inspected(life: Life, folder: Path) -> tuple[Inspection, list[Stretch], str]:
    for lived in live(life):
        write(lived, folder)
    inspection = inspect_records(find_records([folder], Choice()))
    found = stretches(inspection)
    return inspection, found, page(inspection, summarize(inspection), found)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Inspection, list[Stretch], str]:
    return inspected(LIFE, tmp_path_factory.mktemp("share"))


def embedded(text: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    told = json.loads(found[1])
    assert isinstance(told, dict)
    return told


def test_the_page_names_nothing_outside_of_itself(troubled: tuple[Inspection, list[Stretch], str]) -> None:
    text = troubled[2]
    assert reached_outside(text) == []
    assert "default-src 'none'" in text
    assert "{{" not in text


def test_every_number_of_the_table_stands_in_the_page(troubled: tuple[Inspection, list[Stretch], str]) -> None:
    inspection, found, text = troubled
    data = embedded(text)
    assert data["frames"] == inspection.frames
    assert data["inputs"] == {
        seat.word: [played.action | played.flags << 16 | played.command << 20 for played in column]
        for seat, column in zip(Seat, zip(*(row.inputs for row in inspection.rows), strict=True), strict=True)
    }
    for seat, table in inspection.seats.items():
        side = data["seats"][seat.word]  # type: ignore[index]
        notes = [note for note in table.frames if note is not None]
        assert [note.tick.verified for note in notes] == [f + 1 - v for f, v in enumerate(side["verified"])]
        assert [note.tick.committed for note in notes] == [f + ahead for f, ahead in enumerate(side["committed"])]
        assert side["verdict"].count("w") == sum(note.guess == "wrong" for note in notes)
        assert side["truth"].count("u") == sum(note.truth == "untrue" for note in notes)
        assert [hold[1] for hold in side["holds"]] == [hold.ticks for hold in table.holds]
        assert abs(sum(side["t"]) * 10_000 - notes[-1].start_ns) < 20_000
    assert text.count("<tr data-topic=") == len(found)


def test_text_from_files_is_text_wherever_it_stands(troubled: tuple[Inspection, list[Stretch], str]) -> None:
    inspection = troubled[0]
    terms = inspection.terms
    rules = replace(terms.terms, actions=(EVIL, *terms.terms.actions[1:]), event_kinds=(EVIL,) * 6, study=EVIL)
    players = tuple(replace(player, participant=EVIL) for player in terms.players)
    evil = replace(inspection, terms=replace(terms, terms=rules, players=(players[0], players[1])))
    found = [Stretch("late", Seat.LEFT, 0, 1, 0, 1, EVIL)]
    text = page(evil, summarize(evil), found)
    assert "<script>document" not in text
    assert "<b>" not in text
    assert text.count("</script>") == 2
    assert embedded(text)["actions"][0] == EVIL  # type: ignore[index]


# -- in a browser ------------------------------------------------------------------------------------------------------


@pytest.fixture
def served(troubled: tuple[Inspection, list[Stretch], str]) -> Iterator[tuple[str, list[str]]]:
    with serve(troubled[2]) as told:
        yield told


@pytest.mark.processes
def test_a_browser_draws_the_page_and_fetches_nothing(browser: Browser, served: tuple[str, list[str]]) -> None:
    address, asked = served
    dom = browser.dom(address)
    assert 'data-ready="yes"' in dom
    assert 'data-fetched="0"' in dom
    assert asked == ["/"]
    assert re.search(r'<canvas id="lanes"[^>]*data-height="\d{3}"', dom)
    assert "guess was wrong" in dom, "the legend is made by the script"
    assert re.search(r"<button[^>]*>all \d+</button>", dom)


@pytest.mark.processes
@pytest.mark.parametrize("axis", ["", "&time"])
def test_a_frame_can_be_named_and_its_card_tells_both_seats(
    browser: Browser, troubled: tuple[Inspection, list[Stretch], str], tmp_path: Path, axis: str
) -> None:
    inspection, _, text = troubled
    file = tmp_path / "page.html"
    file.write_text(text, encoding="utf-8")
    (hold,) = [hold for hold in inspection.seats[Seat.LEFT].holds if hold.why == "window"]
    dom = browser.dom(f"{file.as_uri()}#frame={hold.frame}{axis}")
    assert 'data-ready="yes"' in dom
    card = re.search(r'<div id="card".*?</table>', dom, re.DOTALL)
    assert card is not None
    assert f"frame {hold.frame}" in card[0]
    assert f"{hold.ticks} ticks" in card[0]
    assert "window full" in card[0]
    assert card[0].count("partner's input") == 1
    assert "hidden" not in card[0].split(">", 1)[0]


HANDS = """<script>
const lanes = document.getElementById("lanes"), box = lanes.getBoundingClientRect(), said = [];
const range = () => document.getElementById("range").textContent;
const card = () => document.getElementById("card").hidden ? "none" : document.querySelector("#card h3").textContent;
const at = (x, y) => ({clientX: box.left + x, clientY: box.top + y, bubbles: true, cancelable: true, pointerId: 1});
const press = (key) => lanes.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
lanes.setPointerCapture = () => {};
said.push(range());
lanes.dispatchEvent(new WheelEvent("wheel", {...at(700, 60), deltaY: -300}));
said.push(range());
lanes.dispatchEvent(new PointerEvent("pointermove", at(700, 60)));
said.push(card());
press("0"); press("Escape");
said.push(range(), card());
document.querySelector("#stretches tr[data-topic=holds]").click();
said.push(card());
press("ArrowRight");
said.push(card());
document.getElementById("by-time").click();
said.push(range());
const shown = () => [...document.querySelectorAll("#stretches tr")].filter((row) => !row.hidden).length;
said.push(shown());
[...document.querySelectorAll("#topics button")].find((button) => button.textContent.startsWith("away")).click();
said.push(shown());
document.documentElement.dataset.said = JSON.stringify(said);
</script>"""


@pytest.mark.processes
def test_hands_zoom_step_and_choose(
    browser: Browser, troubled: tuple[Inspection, list[Stretch], str], tmp_path: Path
) -> None:
    _, found, text = troubled
    file = tmp_path / "page.html"
    file.write_text(text.replace("</body>", HANDS + "</body>"), encoding="utf-8")
    told = re.search(r'data-said="(.*?)"', browser.dom(file.as_uri()))
    assert told is not None
    whole, zoomed, hovered, again, gone, visited, stepped, timed, all_rows, away_rows = json.loads(unescape(told[1]))
    assert whole == again == "frames 0–239 of 240"  # noqa: RUF001 - a range
    assert zoomed != whole
    assert re.match(r"frame \d+ ", hovered)
    assert gone == "none"
    hold = next(stretch for stretch in found if stretch.topic == "holds")
    assert visited == f"frame {hold.first} pinned"
    assert stepped == f"frame {hold.first + 1} pinned"
    assert " of " in timed
    assert "frames" not in timed
    assert all_rows == len(found)
    assert away_rows == sum(stretch.topic == "away" for stretch in found)
