"""R12: the room by finger and by pen, and on a page that is zoomed up to 200 %."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Locator, Page

from tests.e2e import room
from tests.e2e.conftest import PATIENCE_MS, Site, Visit, sign_in
from tests.e2e.test_reading_room import open_room

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
TRIES, AGAIN_S = 3, 20
# A finger that is lifted as it moves throws the page: a tap right after it only stops that.
STOPPED_MS = 100
LEAST_PX = 24  # WCAG 2.2, 2.5.8
SCROLL_PX = 4  # of frontend/src/reading/pointer.ts
# What can be operated and is under 24 px in a direction; a label makes its field's target larger.
SMALL = """() => [...document.querySelectorAll(
    'button, input, textarea, select, summary, a[href]')].filter((each) =>
    each.checkVisibility({ visibilityProperty: true }) && !each.closest('[inert]')
  ).map((each) => [each, (each.closest('label') ?? each).getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && (box.width < LEAST || box.height < LEAST))
  .map(([each, box]) => `${each.dataset.testid ?? each.className} ${box.width}x${box.height}`)
""".replace("LEAST", str(LEAST_PX - 0.5))
# What cannot be brought under the pointer by scrolling, or lies under something else.
HIDDEN = """() => [...document.querySelectorAll(
    '.case :is(button, input, textarea, a[href], .pane)')]
  .filter((each) => each.checkVisibility({ visibilityProperty: true })
    && !each.disabled && !each.closest('[popover]:not(:popover-open)'))
  .filter((each) => {
    each.scrollIntoView({ block: 'center', inline: 'center' });
    const target = each.closest('label') ?? each;
    const { left, top, width, height } = target.getBoundingClientRect();
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    return !hit || !(target.contains(hit) || hit.contains(target));
  }).map((each) => each.dataset.testid ?? each.className)
"""
# A pen over the glass moves all the time: here it does before each finger, however slow a machine.
PEN_STAYS = """() => addEventListener("pointerdown", ({ pointerType }) => {
  const moves = new PointerEvent("pointermove", { pointerType: "pen" });
  if (pointerType === "touch") document.dispatchEvent(moves);
}, { capture: true })"""
WIDER = """() => ['.case', '.bar', '.foot', '.panel'].filter((each) => {
    const found = document.querySelector(each);
    return found.scrollWidth > found.clientWidth + 1;
  })
"""


@pytest.fixture
def opened(browser: Browser, site: Site) -> Iterator[Open]:
    """The reader's room in a context of its own: `opened(width=640, height=400, ...)`."""
    contexts: list[Any] = []

    def make(width: int, height: int, **options: Any) -> Page:
        context = browser.new_context(
            base_url=site.url, viewport={"width": width, "height": height}, locale="en-GB",
            **options,
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)

        def visit(username: str, path: str, _size: str) -> Page:
            sign_in(page, username)
            page.goto(path)
            return page

        open_room(visit, site)
        return page

    yield make
    for context in contexts:
        context.close()


class Fingers:
    """Fingers on the first pane, as the browser's own input pipeline makes them."""

    def __init__(self, page: Page) -> None:
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        box = page.get_by_test_id("pane-0").bounding_box()
        assert box is not None
        self.left, self.top = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page = page

    def send(self, kind: str, *places: tuple[float, float], radius: float = 10) -> None:
        """Fingers at these places, from the pane's middle, each this large on the glass (px)."""
        size = {"radiusX": radius, "radiusY": radius}
        points = [
            {"x": self.left + x, "y": self.top + y, "id": number, **size}
            for number, (x, y) in enumerate(places)
        ]
        self.cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """One finger, in steps; it stops before it is lifted."""
        self.send("touchStart", start)
        for step in range(1, 6):
            part = step / 5
            x, y = (a + (b - a) * part for a, b in zip(start, end, strict=True))
            self.send("touchMove", (x, y))
        self.page.wait_for_timeout(STOPPED_MS)
        self.send("touchEnd")

    def pinch(self, apart: float, to: float) -> None:
        """Two fingers beside each other, moving apart or together."""
        self.send("touchStart", (-apart, 0))
        self.send("touchStart", (-apart, 0), (apart, 0))
        for step in range(1, 6):
            now = apart + (to - apart) * step / 5
            self.send("touchMove", (-now, 0), (now, 0))
        self.send("touchEnd")

    def rest(self, place: tuple[float, float]) -> None:
        """A long press: as long as the pane takes to see that the finger rests."""
        self.send("touchStart", place)
        held = self.page.get_by_test_id("pane-0").locator(".is-held")
        try:
            room.until(self.page, lambda: held.count() > 0, "it to rest", patience_s=AGAIN_S)
        finally:
            self.send("touchEnd")

    def lie(self, place: tuple[float, float], radius: float = 10) -> None:
        """A hand, for as long as a finger would rest."""
        self.send("touchStart", place, radius=radius)
        self.page.wait_for_timeout(800)
        self.send("touchEnd")


def _enter(page: Page) -> None:
    """Into the case, with nothing in its pictures that tests before have left there."""
    room.enter_again(page)
    remove = page.locator("[data-testid^='remove-mark-'], [data-testid='remove-measure']")
    while left := remove.count():
        remove.first.click()
        room.until(page, lambda: remove.count() < left, "it to be removed")
    page.locator(".overlay :is(.mark, .measure)").first.wait_for(state="detached")


def _mark(page: Page, fingers: Fingers, place: tuple[float, float]) -> None:
    """Put one by a long press."""
    marks = int(room.sign(page, "marks"))
    _does(
        page, lambda: fingers.rest(place),
        until=lambda: int(room.sign(page, "marks")) == marks + 1, what="the long press to mark",
    )  # fmt: skip


def _shown(page: Page, name: str) -> str:
    return str(page.get_by_test_id("pane-0").get_attribute(f"data-{name}"))


def _is_in_hand(page: Page, tool: str) -> bool:
    button = page.get_by_test_id(f"tool-{tool}").first  # the bar's: the sheet has some too
    return button.get_attribute("aria-pressed") == "true"


def _ruler(page: Page) -> float:
    """Screen pixels a millimetre, by the ruler of the first pane."""
    ruler = page.get_by_test_id("pane-0").locator(".ruler")
    length = re.search(r"[\d.]+", ruler.inner_text())
    width = ruler.locator("div").evaluate("each => each.getBoundingClientRect().width")
    assert length is not None
    return float(width) / float(length[0])


def _does(page: Page, act: Callable[[], None], *, until: Callable[[], bool], what: str) -> None:
    """What fingers do, again where the machine held its parts apart.

    A tap is a long press then, a finger that rests or begins to drag is a hand that lies there.
    """
    for _ in range(TRIES - 1):
        try:
            act()
            room.until(page, until, what, patience_s=AGAIN_S)
        except AssertionError:
            continue
        return
    act()
    room.until(page, until, what)


def _tap(target: Locator, *, until: Callable[[], bool], what: str) -> None:
    _does(target.page, target.tap, until=until, what=what)


def test_r12_fingers_leaf_window_enlarge_and_mark_and_a_palm_does_nothing(opened: Open) -> None:
    page = opened(1180, 820, has_touch=True)  # a tablet
    _enter(page)
    fingers = Fingers(page)
    room.until(page, lambda: _shown(page, "window") != "", "the first window")
    window, slice_ = _shown(page, "window"), _shown(page, "slice")
    leafed = str(int(slice_) + 122 // SCROLL_PX)
    _does(
        page, lambda: fingers.drag((0, -60), (0, 62)),
        until=lambda: _shown(page, "slice") == leafed, what="the finger to leaf",
    )  # fmt: skip
    assert _shown(page, "window") == window
    assert _is_in_hand(page, "scroll")
    tool = page.get_by_test_id("tool-window")
    _tap(tool, until=lambda: _is_in_hand(page, "window"), what="the tool in hand")
    _does(
        page, lambda: fingers.drag((0, 0), (90, 40)),
        until=lambda: _shown(page, "window") != window, what="the finger to window",
    )  # fmt: skip
    assert _shown(page, "slice") == leafed
    before = _ruler(page)
    fingers.pinch(60, 120)
    room.until(page, lambda: _ruler(page) > 1.9 * before, "the pinch to enlarge")
    _mark(page, fingers, (30, 40))
    rating = page.get_by_test_id("rating").get_by_test_id("mark-rating")
    _tap(rating, until=lambda: room.sign(page, "unrated") == "false", what="the tap to rate")
    room.shoot(page, "touch-1180")
    _palm_does_nothing(page, fingers)
    assert page.evaluate(SMALL) == []
    page.get_by_test_id("more").tap()
    assert page.evaluate(SMALL) == []
    room.shoot(page, "touch-more-1180")
    room.saved(page)


def _circle(page: Page) -> tuple[float, float, float]:
    """The selected mark in the first pane: from the pane's middle, and its radius; pixels."""
    pane = page.get_by_test_id("pane-0")
    box = pane.bounding_box()
    assert box is not None
    circle = pane.locator(".mark.is-selected circle.line")
    x, y, radius = (float(circle.get_attribute(name) or "nan") for name in ("cx", "cy", "r"))
    return x - box["width"] / 2, y - box["height"] / 2, radius


def test_r12_fingers_move_and_size_a_mark_and_take_back_hide_and_remove(opened: Open) -> None:
    page = opened(1180, 820, has_touch=True)
    _enter(page)
    fingers = Fingers(page)
    marks = int(room.sign(page, "marks"))
    _mark(page, fingers, (-40, -20))
    rating = page.get_by_test_id("rating").get_by_test_id("mark-rating")
    _tap(rating, until=lambda: room.sign(page, "unrated") == "false", what="the tap to rate")
    x, y, _ = _circle(page)
    _does(
        page, lambda: fingers.drag((x, y), (x + 60, y + 20)),
        until=lambda: abs(_circle(page)[0] - x - 60) < 4, what="the finger to move the mark",
    )  # fmt: skip
    undo, redo = page.get_by_test_id("undo"), page.get_by_test_id("redo")
    _tap(undo, until=lambda: abs(_circle(page)[0] - x) < 1, what="the way back")
    _tap(redo, until=lambda: abs(_circle(page)[0] - x - 60) < 4, what="the way forth")
    before = _ruler(page)
    for _ in range(2):  # of a circle as small as a fingertip only the whole can be meant
        fingers.pinch(60, 140)
    # All of both: where the circle stands then it stays.
    room.until(page, lambda: _ruler(page) > 0.98 * (140 / 60) ** 2 * before, "both pinches")
    room.until(page, lambda: _circle(page)[2] > 40, "a circle that a finger finds the edge of")
    x, y, radius = _circle(page)
    _does(
        page, lambda: fingers.drag((x + radius, y), (x + radius + 40, y)),
        until=lambda: _circle(page)[2] > radius + 20, what="the finger to size the mark",
    )  # fmt: skip
    room.shoot(page, "touch-sized-1180")
    _hides_and_removes(page, fingers, marks)
    room.saved(page)


def _hides_and_removes(page: Page, fingers: Fingers, marks: int) -> None:
    drawn = page.locator(".overlay *")
    hide = page.get_by_test_id("hide-overlays")
    _tap(hide, until=lambda: drawn.count() == 0, what="the pictures alone")
    _tap(hide, until=lambda: drawn.count() > 0, what="what is drawn again")
    rows = page.get_by_test_id("measures").locator(".row")
    there = rows.count()
    length = page.get_by_test_id("tool-length").first
    _tap(length, until=lambda: _is_in_hand(page, "length"), what="the tool in hand")
    _does(
        page, lambda: fingers.drag((-150, -120), (-60, -120)),
        until=lambda: rows.count() == there + 1, what="the length",
    )  # fmt: skip
    remove = rows.last.get_by_test_id("remove-measure")
    _tap(remove, until=lambda: rows.count() == there, what="the length to be removed")
    row = page.locator("[data-testid^='mark-'].row")
    row.locator(".row-main").tap()
    _tap(
        row.locator("[data-testid^='remove-mark-']"),
        until=lambda: int(room.sign(page, "marks")) == marks,
        what="the mark to be removed",
    )


def test_r12_a_pen_marks_draws_and_windows(visit: Visit, site: Site) -> None:
    page = open_room(visit, site)
    _enter(page)
    fingers = Fingers(page)

    def pen(kind: str, x: float, y: float, button: str = "left", buttons: int = 1) -> None:
        place = {"x": fingers.left + x, "y": fingers.top + y, "pointerType": "pen"}
        pressed = {"button": button, "buttons": buttons, "clickCount": 1}
        fingers.cdp.send("Input.dispatchMouseEvent", {"type": kind, **place, **pressed})

    marks = int(room.sign(page, "marks"))
    room.takes_in_hand(page, "k", "mark")
    pen("mousePressed", -40, 50)
    pen("mouseReleased", -40, 50, buttons=0)
    room.until(page, lambda: int(room.sign(page, "marks")) == marks + 1, "the pen to mark")
    page.keyboard.press("7")
    room.takes_in_hand(page, "Shift+K", "paint")
    pen("mousePressed", -50, 50)
    for x in range(-50, -20, 5):
        pen("mouseMoved", x, 50)
    pen("mouseReleased", -20, 50, buttons=0)
    outlines = "document.querySelectorAll('[data-testid=pane-0] .mark path.line').length"
    room.until(page, lambda: page.evaluate(outlines) > 0, "the pen to draw")
    page.keyboard.press("Escape")
    window = _shown(page, "window")
    pen("mousePressed", 20, -60)
    pen("mouseMoved", 60, -40)
    pen("mouseReleased", 80, -30, buttons=0)
    room.until(page, lambda: _shown(page, "window") != window, "the pen to window")
    room.saved(page)


def _palm_does_nothing(page: Page, fingers: Fingers) -> None:
    """By its size on the glass; beside a pen, whatever touches is the hand that holds it."""
    before = _shown(page, "slice"), room.sign(page, "marks")
    fingers.lie((-60, 60), radius=60)
    page.wait_for_timeout(300)  # a finger's mark would be there by now
    assert (_shown(page, "slice"), room.sign(page, "marks")) == before
    page.keyboard.press("y")  # what a finger's drag would do now is to leaf
    pen = {"x": fingers.left, "y": fingers.top, "pointerType": "pen"}
    fingers.cdp.send("Input.dispatchMouseEvent", {"type": "mouseMoved", **pen})
    page.evaluate(PEN_STAYS)
    fingers.drag((-60, -60), (-60, 60))
    fingers.lie((-60, 60))
    page.wait_for_timeout(300)
    assert (_shown(page, "slice"), room.sign(page, "marks")) == before


def _finds_nothing(page: Page, script: str, what: str) -> None:
    """Once the room has heard of its new size."""
    room.until(page, lambda: page.evaluate(script) == [], what)


# Pages of 1280 x 800 at 125, 150 and 200 % zoom, and of 1920 x 1080 at 200 %.
ZOOMED = [(1024, 640, 1.25), (853, 533, 1.5), (640, 400, 2), (960, 540, 2)]


def test_r12_a_zoomed_page_hides_nothing(opened: Open) -> None:
    page = opened(640, 400, device_scale_factor=2)
    room.enter_again(page)
    for width, height, zoom in ZOOMED:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("document.querySelector('.case').scrollTo(0, 0)")
        room.shoot(page, f"zoom-{round(100 * zoom)}-{width}")
        _finds_nothing(page, HIDDEN, f"all to be seen on {width}")
        _finds_nothing(page, WIDER, f"nothing to be wider than {width}")
    page.set_viewport_size({"width": 640, "height": 400})
    for keys, name in (("?", "keys"), ("Control+Enter", "submit")):
        page.keyboard.press(keys)
        dialog = page.locator("dialog[open]")
        dialog.wait_for()
        box = dialog.bounding_box()
        assert box is not None
        assert box["x"] >= 0 and box["x"] + box["width"] <= 640  # noqa: PT018 -- both ends
        assert box["height"] <= 400
        room.shoot(page, f"zoom-200-{name}")
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
