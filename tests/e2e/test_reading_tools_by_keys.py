"""R12: what is done by keys alone, and by keys of one's own, in a real browser."""

import pytest
from playwright.sync_api import Page

from tests.e2e import room
from tests.e2e.conftest import Site, Visit
from tests.e2e.events import events_of
from tests.e2e.test_reading_room import open_room

pytestmark = pytest.mark.browser


def _centre(page: Page, what: str) -> tuple[float, float]:
    box = page.get_by_test_id("pane-0").locator(what).last.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


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
    for _ in range(60):
        page.keyboard.press("Control+ArrowLeft")
    room.until(page, lambda: pans() > earlier, "the picture to move along at the pane's edge")
    page.keyboard.press("f")


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
