"""A case over a slow line comes compressed, and shows what it shows when it comes raw.

And what no picture needs comes after the case is whole, or is said to be missing.
"""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route

from benchmarks.viewer.slow_link import slow_link
from tests.e2e import room
from tests.e2e.conftest import MADE_WITHIN_S, Site, Visit
from tests.e2e.test_reading_room import _skip_questions, _study, open_room

pytestmark = pytest.mark.browser
PLACES = (0.4, 0.5, 0.6)  # of a series' slices
PARTS = ("rebuilt", "drawing")
# When every pane first showed a picture, by the page's clock.
PICTURED = """new MutationObserver(() => {
  const panes = [...document.querySelectorAll('.pane')];
  const isWhole = panes.length > 0 && panes.every((each) => each.dataset.slice);
  if (isWhole) window.__pictured ??= performance.now();
}).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-slice'] })"""
CAME = """() => Object.fromEntries(performance.getEntriesByType('resource')
  .map((each) => [each.name.match(/(\\w+)-[\\w-]{8}\\.js$/)?.[1], each.startTime]))"""
OUTLINES = "document.querySelectorAll('[data-testid=pane-0] .mark path.line').length"


def _compressed(site: Site) -> None:
    """Wait until the worker has compressed what there is."""
    code = "from readerstudy.imaging import selectors as s; print(s.uncompressed().count())"
    end = time.monotonic() + MADE_WITHIN_S
    while site.ask(code).strip() != "0":
        assert time.monotonic() < end, "the worker did not compress the demonstration"
        time.sleep(1)


def _picture(page: Page, pane: int, place: float) -> bytes:
    """A pane, once it has painted the slice at a place of its series."""
    shown = page.get_by_test_id(f"pane-{pane}")
    shown.focus()
    fives = int(place * int(shown.get_attribute("data-slices") or 0)) // 5
    for key in ["Home", *["PageDown"] * fives]:
        page.keyboard.press(key)
    slice_ = str(1 + 5 * fives)
    room.until(page, lambda: shown.get_attribute("data-slice") == slice_, "the slice")
    return shown.screenshot()


def _read(page: Page, address: str) -> tuple[list[str], list[bytes]]:
    """What was fetched for the case that is open there, and what its panes show."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    room.enter_again(page)
    page.mouse.move(2, 2)  # no pane tells of what is under the pointer
    page.keyboard.press("g")  # each is leafed by itself
    shown = [_picture(page, pane, place) for place in PLACES for pane in range(2)]
    packs = [each.rpartition("=")[2] for each in asked if "/pack?" in each]
    return packs + [each.rpartition(".")[2] for each in asked if each.endswith(".wasm")], shown


def test_a_case_over_a_slow_line_is_compressed_and_the_same(visit: Visit, site: Site) -> None:
    _compressed(site)
    page = open_room(visit, site)
    room.enter(page)
    here = page.context.new_page()
    port = urlsplit(site.url).port
    assert port
    with slow_link(port, mbit_s=100, round_trip_ms=20) as slow:
        page.close()
        address = f"http://127.0.0.1:{slow}/reading/{_study(site)}/"
        fetched, shown = _read(here, address)
        assert set(fetched) == {"raw", "jpeg-ls", "wasm"}, "raw until its first megabyte has told"
        here.close()
    there = visit("reader", "/")
    there.add_init_script(room.FAST_LINE)
    fetched, raw = _read(there, f"/reading/{_study(site)}/")
    assert set(fetched) == {"raw"}, "on a fast line nothing is decoded, and no codec fetched"
    assert shown == raw


def _at_the_door(visit: Visit, site: Site) -> Page:
    """The room's address is next; what is asked before the first case is done."""
    page = visit("reader", f"/reading/{_study(site)}/questions/about-you/")
    _skip_questions(page)
    return page


def _panes(page: Page, count: int) -> Callable[[], bool]:
    return lambda: page.locator(".pane").count() == count


def _cut(page: Page) -> str:
    return page.get_by_test_id("pane-1").locator(".top-left").inner_text()


def _grown(page: Page) -> None:
    """A mark drawn from the picture, or by the brush where nothing stands out there."""
    room.put_mark(page)
    page.keyboard.press("Shift+M")
    room.takes_in_hand(page, "Shift+K", "paint")
    page.get_by_test_id("pane-0").click(position={"x": 300, "y": 300})
    room.until(page, lambda: page.evaluate(OUTLINES) > 0, "the lesion's outline")
    page.keyboard.press("Escape")


def test_r1_planes_and_drawing_come_after_the_first_picture_and_work_without_a_line(
    visit: Visit, site: Site
) -> None:
    page = _at_the_door(visit, site)
    page.add_init_script(PICTURED)
    page.goto(f"/reading/{_study(site)}/")
    room.enter_again(page)
    room.until(page, lambda: set(PARTS) <= set(page.evaluate(CAME)), "the parts by themselves")
    came, pictured = page.evaluate(CAME), page.evaluate("window.__pictured")
    assert came["stage"] < pictured
    assert min(came[each] for each in PARTS) > pictured
    usual = page.locator(".pane").count()
    page.context.set_offline(True)
    page.keyboard.press("v")
    room.until(page, _panes(page, 3), "three planes without a line")
    room.until(page, lambda: "sagittal" in _cut(page), "the second plane")
    page.keyboard.press("v")
    room.until(page, _panes(page, usual), "the way back")
    room.ready(page)
    _grown(page)
    page.context.set_offline(False)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    room.saved(page)


def test_r1_a_part_that_does_not_come_is_said_and_asked_for_again(visit: Visit, site: Site) -> None:
    page = _at_the_door(visit, site)
    held: list[Route] = []
    refused = ["**/rebuilt-*.js", "**/drawing-*.js"]
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    for each in refused:
        page.route(each, refuse)
    page.goto(f"/reading/{_study(site)}/")
    room.enter_again(page)
    room.until(page, lambda: len(set(asked)) == len(refused), "both to be asked for by themselves")
    notice, usual = page.get_by_test_id("notice"), page.locator(".pane").count()
    for key in ("v", "Shift+K"):
        page.keyboard.press(key)
        room.until(page, lambda: "could not be loaded" in notice.inner_text(), "word of it")
        assert page.locator(".pane").count() == usual
        page.keyboard.press("ArrowDown")
    room.shoot(page, "part-not-loaded")
    for each in refused:
        page.unroute(each)
        page.route(each, lambda route: held.append(route))  # noqa: PLW0108 -- it marks its handlers
    page.keyboard.press("v")
    page.keyboard.press("v")
    room.until(page, lambda: len(held) > 0, "it to be asked for again")
    room.until(page, lambda: "loading" in notice.inner_text(), "word that it takes long")
    page.keyboard.press("ArrowDown")  # the reading goes on
    room.shoot(page, "part-on-its-way")
    held.pop().continue_()
    room.until(page, _panes(page, 3), "three planes, once")
    room.until(page, lambda: "sagittal" in _cut(page), "the second plane")
    assert notice.count() == 0
    page.keyboard.press("v")
    room.until(page, _panes(page, usual), "the way back")
    page.keyboard.press("Shift+K")
    room.until(page, lambda: len(held) > 0, "the brush to be asked for again")
    page.keyboard.press("z")  # taken in hand meanwhile: it stays there
    with page.expect_response("**/drawing-*.js"):
        held.pop().continue_()
    page.wait_for_timeout(500)
    assert page.get_by_test_id("tool-zoom").get_attribute("aria-pressed") == "true"
    page.keyboard.press("Escape")
    room.saved(page)
