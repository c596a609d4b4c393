"""From the worklist into the case and back, in one document, and what is left of a room."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import room
from tests.e2e.axe import problems as axe
from tests.e2e.conftest import Site, Visit
from tests.e2e.documents import Documents
from tests.e2e.events import events_of, gaps_in
from tests.e2e.test_reading_room import _study, open_room

pytestmark = pytest.mark.browser
# The contexts that pages paint in are kept, so that a test can ask whether they are given back.
CONTEXTS = """(() => {
  const make = HTMLCanvasElement.prototype.getContext;
  window.contexts = [];
  HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
    const made = make.call(this, kind, ...more);
    if (kind === "webgl2" && made && !window.contexts.includes(made)) window.contexts.push(made);
    return made;
  };
})()"""
# vtk.js makes one more, once, to see how textures are blended; nothing is painted in it.
LIVING = (
    "() => window.contexts.filter((each) => !each.isContextLost() && each.canvas.width > 1).length"
)
TABS = """async () => (await navigator.locks.query()).held.map((each) => each.name)
  .filter((each) => each.startsWith("readerstudy-tab-")).length"""
STYLES = """() => [...document.querySelectorAll("h1, .btn-primary, header")].map((each) => {
  const { font, color, backgroundColor } = getComputedStyle(each);
  return JSON.stringify([font, color, backgroundColor, each.getBoundingClientRect()]);
})"""


def _worklist(visit: Visit, site: Site) -> Page:
    """The worklist of a reader who has a case open; the contexts of its document are counted."""
    page = open_room(visit, site)
    room.enter_again(page)
    page.add_init_script(CONTEXTS)
    page.goto("/reading/")
    return page


def _go_on(page: Page) -> None:
    ours = page.get_by_role("region", name=re.compile("^Demonstration"))
    ours.get_by_role("link", name="Continue the open case").click()


def _leave(page: Page) -> None:
    page.get_by_role("link", name="My studies").click()
    _is_worklist(page)


def _is_worklist(page: Page) -> None:
    """The worklist stands, says so to who cannot see it, and of the room nothing is left."""
    heading = page.get_by_role("heading", name="My reading", level=1)
    expect(heading).to_be_focused()
    expect(page).to_have_title("My reading · Readerstudy")
    assert page.url.endswith("/reading/")
    assert room.sign(page, "phase") == ""
    assert page.locator("canvas, .room").count() == 0
    room.until(
        page, lambda: (page.evaluate(LIVING), page.evaluate(TABS)) == (0, 0), "all to be given back"
    )
    room.until(page, lambda: len(page.workers) == 0, "the worker's end to be known")


def _is_in_case(page: Page, read_id: str, marks: int) -> None:
    room.enter_again(page)
    assert room.sign(page, "readId") == read_id
    assert (room.sign(page, "readOnly"), int(room.sign(page, "marks"))) == ("false", marks)
    room.until(page, lambda: page.evaluate(TABS) == 1, "this room's lock, and no other")


def test_the_worklist_and_the_case_are_one_page_there_and_back(visit: Visit, site: Site) -> None:
    """R7, R8, R12: links, Back and Forward; a room that is left is shut, and lost nothing."""
    page = _worklist(visit, site)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    documents, looks = Documents(page), page.evaluate(STYLES)
    _go_on(page)
    room.enter_again(page)
    expect(page).to_have_title("Reading room · Readerstudy")
    read_id, marks = room.sign(page, "readId"), int(room.sign(page, "marks")) + 1
    room.put_mark(page, "5")
    first = page.get_by_test_id("pane-0")
    first.hover()
    slice_ = first.get_attribute("data-slice")
    page.mouse.wheel(0, 300)  # a movement that is not told yet
    room.until(page, lambda: first.get_attribute("data-slice") != slice_, "the wheel to leaf")
    _leave(page)
    room.until(page, lambda: page.evaluate(STYLES) == looks, "the worklist as it looked")
    assert axe(page) == []
    page.go_back()
    _is_in_case(page, read_id, marks)
    page.go_forward()
    _is_worklist(page)
    _go_on(page)
    _is_in_case(page, read_id, marks)
    assert axe(page) == []
    assert documents.is_one()
    assert problems == []
    room.saved(page)

    def last_words() -> list[str]:
        """Of the room that was left first; that the pointer moves is told now and then."""
        told = events_of(site, read_id)
        tab = next(each["tab"] for each in reversed(told) if each["kind"] == "mark_put")
        own = [each for each in told if each["tab"] == tab and "pointer" not in each["payload"]]
        return [each["kind"] for each in own][-2:]

    # A room that is left goes on sending where its server is slow.
    room.until(page, lambda: last_words() == ["scroll", "hidden"], "the last words of the first")
    assert gaps_in(events_of(site, read_id)) == {}


def test_a_room_that_was_loaded_itself_is_left_in_one_page(visit: Visit, site: Site) -> None:
    """The room's own address loads as ever; what the worklist needs comes when it is shown."""
    page = _worklist(visit, site)
    looks = page.evaluate(STYLES)
    page.goto(f"/reading/{_study(site)}/")
    room.enter_again(page)
    page.reload()
    room.enter_again(page)
    read_id, marks = room.sign(page, "readId"), int(room.sign(page, "marks"))
    documents = Documents(page)
    _leave(page)
    room.until(page, lambda: page.evaluate(STYLES) == looks, "the worklist as it looked")
    _go_on(page)
    _is_in_case(page, read_id, marks)
    assert documents.is_one()

    def how_it_was_opened() -> list[str]:
        kinds = [each["kind"] for each in events_of(site, read_id)]
        return [kind for kind in kinds if kind in {"reload", "crash_recovered"}]

    # The case opens before its first words are sent.
    room.until(
        page, lambda: how_it_was_opened()[-1:] == ["crash_recovered"], "the return to be told"
    )
    assert "reload" in how_it_was_opened()


def test_c12_an_expired_sign_in_is_asked_for_on_its_own_page(visit: Visit, site: Site) -> None:
    """What cannot be followed within the page the browser does as it always has."""
    page = _worklist(visit, site)
    documents = Documents(page)
    page.context.clear_cookies(name="session")
    _go_on(page)
    page.wait_for_url(lambda url: "/sign-in/" in url)
    assert not documents.is_one()
    page.get_by_label("Username").fill("reader")
    page.get_by_label("Password").fill(room.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    room.enter_again(page)


def test_a_page_that_does_not_come_is_gone_to_by_the_browser(visit: Visit, site: Site) -> None:
    """A cut line: what the reader sees is the browser's own page, and its Reload."""
    page = _worklist(visit, site)
    page.route("**/reading/*/", lambda route: route.abort())
    _go_on(page)
    room.until(page, lambda: "chrome-error" in page.url, "the browser's own page")
