"""R12: what is done by keys alone, and by keys of one's own, in a real browser."""

from itertools import groupby
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e import room
from tests.e2e.axe import problems as axe
from tests.e2e.conftest import Site, Visit
from tests.e2e.events import events_of
from tests.e2e.test_reading_room import open_room

pytestmark = pytest.mark.browser
MOST_PRESSES = 600
# Presses of a key, one at once after the other: a machine that is busy would let a burst rest.
BURST = """([times, key, more]) => {
  for (let at = 0; at < times; at += 1) {
    const press = { key, bubbles: true, cancelable: true, ...more };
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", press));
  }
}"""


def _centre(page: Page, what: str) -> tuple[float, float]:
    box = page.get_by_test_id("pane-0").locator(what).last.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _cursor_left(page: Page) -> float:
    """How far right of the pane's left edge the keys' cursor is, in pixels."""
    cursor = page.get_by_test_id("key-cursor")
    return float(cursor.evaluate("(each) => parseFloat(each.style.left)"))


def test_r12_a_mark_is_put_where_keys_lead_the_cursor(visit: Visit, site: Site) -> None:
    """The whole of it without a mouse; enlarged, the picture goes along at the pane's edge."""
    page = open_room(visit, site)
    room.enter_again(page)
    page.get_by_test_id("pane-0").focus()
    for key in ["Control+ArrowLeft"] * 12 + ["Control+ArrowUp"] * 8:
        page.keyboard.press(key)
    where = _centre(page, "[data-testid=key-cursor]")
    before = int(room.sign(page, "marks"))
    page.keyboard.press("m")
    room.until(page, lambda: int(room.sign(page, "marks")) == before + 1, "the mark")
    room.shoot(page, "cursor-by-keys-1280")
    page.keyboard.press("7")
    assert _centre(page, ".mark.is-selected circle.line") == pytest.approx(where, abs=3)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    room.until(page, lambda: int(room.sign(page, "marks")) == before, "the mark to be taken back")
    read_id = room.sign(page, "readId")

    def pans() -> int:
        room.saved(page)
        return sum(each["kind"] == "pan" for each in events_of(site, read_id))

    earlier = pans()
    page.keyboard.press("+")
    # Two pixels a press where the machine is so slow that no key seems to be held.
    for _ in range(MOST_PRESSES // 10):
        _press(page, "Control+ArrowLeft", 10)
        if _cursor_left(page) == 0:
            break
    page.keyboard.press("Control+ArrowLeft")
    room.until(page, lambda: pans() > earlier, "the picture to move along at the pane's edge")
    page.keyboard.press("f")


def _deeds(page: Page, site: Site, kind: str) -> list[dict[str, Any]]:
    room.saved(page)
    events = events_of(site, room.sign(page, "readId"))
    return [each["payload"] for each in events if each["kind"] == kind]


def _press(page: Page, key: str, times: int = 1) -> None:
    for _ in range(times):
        page.keyboard.press(key)


def _burst(page: Page, times: int, key: str, **more: bool) -> None:
    page.evaluate(BURST, [times, key, more])


def test_r12_a_mark_is_moved_across_slices_and_sized_by_keys(visit: Visit, site: Site) -> None:
    """Each burst of presses is one event, which names where it was done, and one step back."""
    page = open_room(visit, site)
    room.enter_again(page)
    first = page.get_by_test_id("pane-0")
    first.focus()
    before = int(room.sign(page, "marks"))
    _press(page, "Control+ArrowLeft", 4)
    _press(page, "m")
    room.until(page, lambda: int(room.sign(page, "marks")) == before + 1, "the mark")
    _press(page, "7")
    room.until(page, lambda: room.sign(page, "unrated") == "false", "its rating")
    moved, sized = (len(_deeds(page, site, kind)) for kind in ("mark_moved", "mark_sized"))
    circle = ".mark.is-selected circle.line"
    x, y = _centre(page, circle)
    _burst(page, 5, "ArrowRight", ctrlKey=True, shiftKey=True)
    right_x, right_y = _centre(page, circle)
    assert right_x > x + 1
    assert right_y == pytest.approx(y, abs=1)
    _burst(page, 2, ">", shiftKey=True)
    room.until(page, lambda: len(_deeds(page, site, "mark_sized")) > sized, "the size to be told")
    assert len(_deeds(page, site, "mark_moved")) == moved + 1
    assert [each["diameter_mm"] for each in _deeds(page, site, "mark_sized")[sized:]] == [10]
    slice_ = int(first.get_attribute("data-slice") or 0)
    _burst(page, 2, "PageDown", shiftKey=True)
    room.until(page, lambda: first.get_attribute("data-slice") == str(slice_ + 2), "the slice")
    assert first.locator(circle).count() == 1
    room.until(
        page, lambda: len(_deeds(page, site, "mark_moved")) > moved + 1, "the move to be told"
    )
    last = _deeds(page, site, "mark_moved")
    assert len(last) == moved + 2
    assert last[-1]["view"] == {"pane": 0, "series": last[-1]["series"], "slice": slice_ + 1}
    room.shoot(page, "mark-by-keys-1280")
    _press(page, "Control+z", 5)  # across, sized, moved, rated and put are one each, or two
    room.until(page, lambda: int(room.sign(page, "marks")) == before, "all of it to be undone")


def test_r12_a_length_is_measured_by_keys_and_undone_by_buttons(visit: Visit, site: Site) -> None:
    page = open_room(visit, site)
    room.enter_again(page)
    page.get_by_test_id("pane-0").focus()
    _press(page, "Escape")
    measured = len(_deeds(page, site, "measure_put"))
    rows = page.get_by_test_id("measures").locator(".row")
    there = rows.count()  # tests before have measured on this case
    _press(page, "t")
    _press(page, "Control+ArrowLeft", 3)
    _press(page, "Enter")
    _press(page, "Control+ArrowRight", 20)
    _press(page, "Enter")
    room.until(page, lambda: len(_deeds(page, site, "measure_put")) == measured + 1, "the length")
    listed = page.get_by_test_id("measures")
    assert "Length" in (listed.text_content() or "")
    room.shoot(page, "measured-by-keys-1280")
    assert axe(page) == []
    _press(page, "Enter")
    assert page.locator(".measure").count() > 0
    _press(page, "Escape")  # what was begun is gone, what was made stays
    assert len(_deeds(page, site, "measure_put")) == measured + 1
    undo, redo = page.get_by_test_id("undo"), page.get_by_test_id("redo")
    assert redo.is_disabled()
    undo.click()
    room.until(page, lambda: rows.count() == there, "the length to be undone")
    redo.click()
    room.until(page, lambda: rows.count() == there + 1, "the length again")
    hide = page.get_by_test_id("hide-overlays")
    hide.click()
    room.until(page, lambda: page.locator(".overlay *").count() == 0, "the pictures alone")
    assert hide.get_attribute("aria-pressed") == "true"
    hide.click()
    rows.last.hover()
    rows.last.get_by_test_id("remove-measure").click()
    room.until(page, lambda: rows.count() == there, "the length to be removed")
    room.saved(page)


# Which part of the room has the keys: the pictures where nothing else has.
PLACE = """() => {
  const found = document.activeElement.closest('.bar, .panel, .foot');
  return found ? found.className.split(' ')[0] : 'pictures';
}"""
MOST_STOPS = 150


def test_r12_keys_lead_out_of_the_pictures_and_through_the_whole_room(
    visit: Visit, site: Site
) -> None:
    """WCAG 2.2, 2.1.2: the way out is said, in the key sheet and to who listens."""
    page = open_room(visit, site)
    room.enter_again(page)
    _press(page, "Escape")
    active = page.locator(".pane.is-active")
    before = active.get_attribute("data-testid")
    _press(page, "Tab")
    room.until(page, lambda: active.get_attribute("data-testid") != before, "another pane")
    assert page.evaluate(PLACE) == "pictures"
    assert "F6" in (page.locator("#pictures-keys").text_content() or "")
    places = []
    for _ in range(4):
        _press(page, "F6")
        places.append(page.evaluate(PLACE))
    assert places == ["panel", "foot", "bar", "pictures"]
    _press(page, "Shift+F6")
    reached = [page.evaluate(PLACE)]
    submit = page.get_by_test_id("submit")
    while not submit.evaluate("each => each === document.activeElement"):
        assert len(reached) < MOST_STOPS, "Tab does not come to the end of the room"
        _press(page, "Tab")
        reached.append(page.evaluate(PLACE))
    assert [each for each, _ in groupby(reached)] == ["bar", "panel", "foot"]
    _press(page, "Escape")
    assert page.evaluate(PLACE) == "pictures"
    _press(page, "?")
    assert "F6" in page.get_by_test_id("key-sheet").inner_text()
    room.shoot(page, "keys-1280")
    page.set_viewport_size({"width": 1920, "height": 1080})
    room.shoot(page, "keys-1920")
    _press(page, "Escape")


def test_r12_a_reader_chooses_their_own_keys(visit: Visit, site: Site) -> None:
    """A free key is taken, one that does something else is refused; it is there after a reload."""
    page = open_room(visit, site)
    room.enter_again(page)
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()  # it takes the focus as it opens
    page.get_by_test_id("key-window.invert").press("Enter")
    page.keyboard.press("m")
    word = page.get_by_test_id("keys-word")
    room.until(page, lambda: "Mark at the cursor" in (word.text_content() or ""), "who has M")
    page.keyboard.press("5")
    room.until(page, lambda: "Digits" in (word.text_content() or ""), "what digits are for")
    page.keyboard.press("\\")
    room.until(page, lambda: "\\" in (word.text_content() or ""), "the key to be kept")
    room.shoot(page, "keys-own-1280")
    page.reload()
    room.enter_again(page)
    first = page.get_by_test_id("pane-0")
    before = first.screenshot()
    page.keyboard.press("\\")
    room.until(page, lambda: first.screenshot() != before, "the picture to be inverted")
    page.keyboard.press("?")
    page.get_by_test_id("keys-reset").click()
    room.until(page, lambda: "usual" in (word.text_content() or ""), "the usual keys")
