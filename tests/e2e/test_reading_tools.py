"""What a radiologist does with the pictures, in a real browser: measuring, slabs, planes, cine."""

import re
from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Page

from tests.e2e import placed, room
from tests.e2e.conftest import Site, Visit
from tests.e2e.test_reading_room import open_room

pytestmark = pytest.mark.browser

MEASURES = (
    "[...document.querySelectorAll('[data-testid=pane-0] [data-measure]')]"
    ".map((each) => each.dataset.measure)"
)
OUTLINES = "document.querySelectorAll('[data-testid=pane-0] .mark path.line').length"

LIVE = (
    "[...new Set(window.__contexts)].filter((each) => !each.isContextLost())"
    ".map((each) => each.getContextAttributes().antialias)"
)


def _drag(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    box = page.get_by_test_id("pane-0").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + start[0], box["y"] + start[1])
    page.mouse.down()
    page.mouse.move(box["x"] + end[0] - 9, box["y"] + end[1] - 9)
    page.mouse.move(box["x"] + end[0], box["y"] + end[1])
    page.mouse.up()


def _measured(page: Page, *tools: str) -> None:
    room.until(page, lambda: page.evaluate(MEASURES) == list(tools), f"{tools} to be drawn")


def _measure(page: Page) -> None:
    """A length and two diameters; the second is taken back."""
    page.keyboard.press("t")
    _drag(page, (200, 200), (280, 240))
    page.keyboard.press("d")
    _drag(page, (320, 180), (380, 220))
    page.keyboard.press("Escape")
    _measured(page, "length", "bidirectional")
    words = page.get_by_test_id("pane-0").locator("[data-measure=bidirectional] text")
    longest, shortest = map(float, re.findall(r"[\d.]+", words.text_content() or ""))
    assert longest > shortest > 0
    page.keyboard.press("Control+z")
    _measured(page, "length")
    page.keyboard.press("Control+y")
    _measured(page, "length", "bidirectional")
    page.keyboard.press("Control+z")
    _measured(page, "length")


def _draw_mark(page: Page) -> None:
    """A mark, and what the brush draws of it in place of its circle."""
    room.put_mark(page)
    room.takes_in_hand(page, "Shift+K", "paint")
    _drag(page, (300, 300), (340, 320))
    page.keyboard.press("Escape")
    room.until(page, lambda: page.evaluate(OUTLINES) == 1, "the mark's outline")


def _brightness(page: Page, pane: int) -> float:
    """The mean grey (0-255) of a pane's middle: a pane that was never drawn is black."""
    picture = Image.open(BytesIO(page.get_by_test_id(f"pane-{pane}").screenshot())).convert("L")
    width, height = picture.size
    middle = picture.crop((width // 4, height // 4, 3 * width // 4, 3 * height // 4))
    return float(ImageStat.Stat(middle).mean[0])


def test_r12_image_tools_are_behind_keys_and_every_use_is_an_event(
    visit: Visit, site: Site
) -> None:
    """R1, R3: lengths, an ellipse; undo; magnifier, slab, three planes, cine; language."""
    page = open_room(visit, site)
    room.enter_again(page)
    first = page.get_by_test_id("pane-0")
    _measure(page)
    page.keyboard.down("j")
    first.hover(position={"x": 210, "y": 210})
    room.until(page, lambda: page.get_by_test_id("loupe").count() == 1, "the magnifier")
    page.keyboard.up("j")
    room.until(page, lambda: page.get_by_test_id("loupe").count() == 0, "the magnifier to go")
    page.keyboard.press("u")
    room.until(page, lambda: first.get_by_text("5 mm").count() > 0, "a slab of 5 mm")
    page.keyboard.press("v")
    lines = "document.querySelectorAll('[data-testid=pane-0] .cut').length"
    room.until(page, lambda: page.evaluate(lines) == 2, "the other planes' lines")
    room.until(page, lambda: min(_brightness(page, pane) for pane in range(3)) > 10, "pictures")
    room.shoot(page, "three-planes")
    placed.in_planes(page, site)
    page.keyboard.press("v")
    room.ready(page)
    before = first.get_attribute("data-slice")
    page.keyboard.press(" ")
    room.until(page, lambda: first.get_attribute("data-slice") != before, "the cine to run")
    page.keyboard.press(" ")
    page.get_by_test_id("more").click()
    page.get_by_test_id("language-zh").click()
    room.until(page, lambda: "提交" in (page.get_by_test_id("submit").text_content() or ""), "中文")
    menu = page.get_by_test_id("more-menu")
    assert [menu.get_by_role("button", name=each).count() for each in ("宽窗", "wide")] == [1, 0]
    room.shoot(page, "more-menu-zh")
    page.get_by_test_id("language-en").click()
    page.keyboard.press("Escape")
    room.saved(page)
    code = (
        "from readerstudy.reads.models import Batch\n"
        f"rows = Batch.objects.filter(read='{room.sign(page, 'readId')}')\n"
        "kinds = ('tool', 'measure_put')\n"
        "tools = [each for row in rows for each in row.events() if each.kind in kinds]\n"
        "print(sorted({key for each in tools for key in each.payload}))"
    )
    told = site.ask(code)
    for key in ("cine", "crosshair", "language", "magnifier", "slab_mm", "values"):
        assert f"'{key}'" in told, key


def _around(picture: Image.Image, x: int, y: int, side: int) -> Image.Image:
    """A square of a picture about a place, enlarged to 150 pixels a side."""
    half = side // 2
    square = picture.crop((x - half, y - half, x + half, y + half))
    return square.resize((150, 150), Image.Resampling.BILINEAR)


def _difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures' greys (0-255)."""
    return float(ImageStat.Stat(ImageChops.difference(one, other)).mean[0])


def test_r12_the_magnifier_shows_the_place_under_the_pointer_larger(
    visit: Visit, site: Site
) -> None:
    """Two and a half times: compared with that place, with places beside it, with it as it was."""
    page = open_room(visit, site)
    room.enter_again(page)
    first = page.get_by_test_id("pane-0")
    page.keyboard.down("h")  # marks lie over the picture, and are not in the magnifier
    room.until(page, lambda: page.locator(".overlay *").count() == 0, "the picture alone")
    plain = Image.open(BytesIO(first.screenshot())).convert("L")
    page.keyboard.up("h")
    places = [(x, y) for x in range(220, 420, 25) for y in range(220, 420, 25)]
    x, y = max(places, key=lambda at: ImageStat.Stat(_around(plain, at[0], at[1], 60)).stddev[0])
    first.hover(position={"x": x, "y": y})
    beside = [(x + dx, y + dy) for dx, dy in ((12, 0), (-12, 0), (0, 12), (0, -12))]

    def is_larger() -> bool:
        seen = Image.open(BytesIO(page.get_by_test_id("loupe").screenshot())).convert("L")
        middle = _around(seen, seen.width // 2, seen.height // 2, 150)
        others = [_difference(middle, _around(plain, *place, 60)) for place in beside]
        others.append(_difference(middle, _around(plain, x, y, 150)))
        return _difference(middle, _around(plain, x, y, 60)) < min(others) / 2

    page.keyboard.down("j")
    room.until(page, is_larger, "the place under the pointer, larger")  # drawn after it is shown
    page.keyboard.up("j")


@pytest.mark.fault("C16")
def test_r7_lost_graphics_are_said_at_once(visit: Visit, site: Site) -> None:
    """R7, R8: wrong pictures are covered, marks and measurements come back; a break is black."""
    page = open_room(visit, site)
    lose = (
        "window.__contexts = [];"
        "const old = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        " const made = old.call(this, kind, ...more);"
        " if (kind === 'webgl2' && made) window.__contexts.push(made); return made; };"
    )
    page.add_init_script(lose)
    page.reload()
    room.enter_again(page)
    _draw_mark(page)
    page.keyboard.press("t")
    _drag(page, (220, 240), (280, 280))
    room.until(page, lambda: "length" in page.evaluate(MEASURES), "a length")
    room.saved(page)
    measures = page.evaluate(MEASURES)
    # The large pane's and the small ones'; and no edge of a picture is smoothed.
    assert page.evaluate(LIVE) == [False] * 2
    page.evaluate(
        "window.__contexts.filter((each) => !each.isContextLost())"
        ".forEach((each) => each.getExtension('WEBGL_lose_context')?.loseContext())"
    )
    room.until(page, lambda: page.get_by_test_id("graphics-lost").count() == 1, "the word")
    marks = room.sign(page, "marks")
    page.get_by_test_id("graphics-lost").get_by_role("button").click()
    room.enter_again(page)
    assert room.sign(page, "marks") == marks
    room.until(page, lambda: page.evaluate(MEASURES) == measures, "what was measured")
    room.until(page, lambda: page.evaluate(OUTLINES) == 1, "what was drawn")
    _take_a_break(page, site)


def _take_a_break(page: Page, site: Site) -> None:
    """R8: nothing of the case is to be seen, no key does anything, and the clock stands still."""
    marks = room.sign(page, "marks")
    page.get_by_test_id("pane-0").hover()
    page.keyboard.press("b")
    screen = page.get_by_test_id("break-screen")
    screen.wait_for()
    room.shoot(page, "break")
    seen = ImageStat.Stat(Image.open(BytesIO(page.screenshot())).convert("L"))
    assert seen.mean[0] < 30  # a few words on black
    page.keyboard.press("m")
    assert room.sign(page, "marks") == marks
    page.get_by_test_id("end-break").click()
    screen.wait_for(state="detached")
    room.saved(page)
    code = (
        "from readerstudy.reads.models import Batch\n"
        f"rows = Batch.objects.filter(read='{room.sign(page, 'readId')}').order_by('id')\n"
        "print([e.kind for row in rows for e in row.events() if e.kind in ('pause', 'resume')])"
    )
    assert site.ask(code).strip().endswith("'pause', 'resume']")


def test_r11_a_browser_without_graphics_is_refused_with_the_reason(
    visit: Visit, site: Site
) -> None:
    page = open_room(visit, site)
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.reload()
    refused = page.get_by_test_id("refused")
    refused.wait_for()
    assert "WebGL" in refused.inner_text()
    assert room.sign(page, "readId") == ""
    room.shoot(page, "refused-without-graphics")


def _choose(page: Page, tool: str) -> None:
    page.get_by_test_id("more").click()
    page.get_by_test_id(f"tool-{tool}").click()
    page.get_by_test_id("more").click()  # Escape would lay the tool down


def _measures_of_all_kinds(page: Page) -> None:
    """An ellipse with its statistics, an angle, a probe: each by mouse, each in words."""
    pane = page.get_by_test_id("pane-0")
    box = pane.bounding_box()
    assert box is not None
    there = page.evaluate(MEASURES)  # what tests before this one left on the case
    _choose(page, "ellipse")
    _drag(page, (200, 180), (260, 230))
    _measured(page, *there, "ellipse")
    words = pane.locator("[data-measure=ellipse] text").all_text_contents()
    assert re.search(r"-?\d+\.\d ± \d+\.\d.*mm²", " ".join(words)), words
    _choose(page, "angle")
    _drag(page, (300, 300), (340, 300))
    page.mouse.move(box["x"] + 340, box["y"] + 340)
    page.mouse.click(box["x"] + 340, box["y"] + 340)
    _measured(page, *there, "ellipse", "angle")
    assert pane.locator("[data-measure=angle] text").text_content() == "90.0°"
    _choose(page, "probe")
    page.mouse.click(box["x"] + 220, box["y"] + 320)
    _measured(page, *there, "ellipse", "angle", "probe")
    assert re.fullmatch(r"-?\d+", pane.locator("[data-measure=probe] text").text_content() or "")


def _mark_by_mouse(page: Page) -> None:
    """A mark is dragged to another place, deleted, and brought back by undoing."""
    before = int(room.sign(page, "marks"))
    x, y = 150, 420  # where no other mark lies
    page.get_by_test_id("pane-0").hover(position={"x": x, "y": y})
    page.keyboard.press("m")
    room.until(page, lambda: room.sign(page, "unrated") == "true", "the mark")
    page.keyboard.press("7")
    room.until(page, lambda: room.sign(page, "unrated") == "false", "the mark's rating")
    page.keyboard.press("Escape")
    circle = page.get_by_test_id("pane-0").locator(".mark").last
    at = circle.bounding_box()
    assert at is not None
    _drag(page, (x, y), (x + 60, y + 40))

    def moved() -> bool:
        now = circle.bounding_box()
        return now is not None and now["x"] - at["x"] > 40

    room.until(page, moved, "the mark to be elsewhere")
    page.keyboard.press("Delete")
    room.until(page, lambda: int(room.sign(page, "marks")) == before, "the mark to go")
    page.keyboard.press("Control+z")
    room.until(page, lambda: int(room.sign(page, "marks")) == before + 1, "the mark to be back")
    page.keyboard.press("Delete")


def test_r3_a_mouse_pans_measures_and_moves_marks(visit: Visit, site: Site) -> None:
    """What R3 and the list of image tools promise, by mouse; the facts of the acquisition."""
    page = open_room(visit, site)
    room.enter_again(page)
    first = page.get_by_test_id("pane-0")
    _measures_of_all_kinds(page)
    page.keyboard.press("Escape")
    _mark_by_mouse(page)
    page.keyboard.press("p")
    before = first.screenshot()
    _drag(page, (200, 200), (290, 260))
    room.until(page, lambda: first.screenshot() != before, "the picture to move")
    page.keyboard.press("f")
    page.get_by_role("button", name="About the images").click()
    facts = page.get_by_test_id("facts-dialog")
    assert re.search(r"Echo time\s+\d[\d.]* ms", facts.inner_text())
    assert re.search(r"Field strength\s+[\d.]+ T", facts.inner_text())
    assert "SYNTHETIC" not in facts.inner_text()
    room.shoot(page, "facts-1280")
    page.keyboard.press("Escape")
    room.saved(page)


def _mark_at(page: Page, x: int, y: int) -> str:
    """Put and rate a mark in the first pane; answers its id."""
    page.get_by_test_id("pane-0").hover(position={"x": x, "y": y})
    page.keyboard.press("m")
    room.until(page, lambda: room.sign(page, "unrated") == "true", "the mark")
    page.keyboard.press("6")
    room.until(page, lambda: room.sign(page, "unrated") == "false", "the mark's rating")
    page.keyboard.press("Escape")
    newest = page.get_by_test_id("pane-0").locator(".mark").last
    return newest.get_attribute("data-mark") or ""


def _middle(page: Page, mark: str) -> float:
    """Where a mark stands in the first pane, from its left (px)."""
    circle = page.get_by_test_id("pane-0").locator(f"[data-mark='{mark}'] circle.line")
    return float(circle.get_attribute("cx") or "nan")


def _comes_between(page: Page, mark: str, low: float, high: float) -> None:
    room.until(page, lambda: low <= _middle(page, mark) <= high, "the mark to be there")


def test_r3_of_marks_that_overlap_the_selected_one_is_meant(visit: Visit, site: Site) -> None:
    """By a drag the selected one, whichever was put first; by a click beside it the nearest."""
    page = open_room(visit, site)
    room.enter_again(page)
    before = int(room.sign(page, "marks"))
    first, second = _mark_at(page, 150, 440), _mark_at(page, 158, 440)
    selected = page.get_by_test_id("pane-0").locator(".mark.is-selected")
    for mark, other in ((second, first), (first, second)):
        assert selected.get_attribute("data-mark") == mark
        there, stays = _middle(page, mark), _middle(page, other)
        _drag(page, (154, 440), (214, 480))
        _comes_between(page, mark, there + 40, there + 80)
        assert _middle(page, other) == stays
        page.keyboard.press("Control+z")
        _comes_between(page, mark, there - 0.1, there + 0.1)
        radius = page.get_by_test_id("pane-0").locator(f"[data-mark='{first}'] circle.line")
        edge = float(radius.get_attribute("r") or "nan")
        page.get_by_test_id("pane-0").click(position={"x": 150 - edge, "y": 440})  # only the first
        page.keyboard.press("Escape")
    for _ in range(2):
        page.keyboard.press("Shift+N")
        page.keyboard.press("Delete")
    room.until(page, lambda: int(room.sign(page, "marks")) == before, "the marks to go")
    room.saved(page)


def test_r10_a_reader_reports_a_problem_and_the_coordinator_sees_it(
    visit: Visit, site: Site
) -> None:
    page = open_room(visit, site)
    room.enter_again(page)
    page.get_by_test_id("report-problem").click()
    dialog = page.get_by_test_id("problem-dialog")
    dialog.get_by_role("textbox").fill("The last slices are dark.")
    dialog.get_by_role("button", name="Send the report").click()
    dialog.get_by_role("status").wait_for()
    page.keyboard.press("Escape")
    base = f"/studies/{page.url.split('/reading/')[1].strip('/')}"
    desk = visit("coordinator", f"{base}/progress/")
    assert "The last slices are dark." in desk.content()
