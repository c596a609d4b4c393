"""R1: how images hang and move together; two windows of one case."""

import pytest
from playwright.sync_api import Page

from tests.e2e import patient, placed, room
from tests.e2e.conftest import SIZES, Site, Visit
from tests.e2e.test_reading_room import open_room

pytestmark = pytest.mark.browser

PANES = {"one": 1, "two": 2, "four": 4, "main": 4, "planes": 3, "prior": 2, "prior_four": 4}
# Words over a picture that lie over each other, or past its edge. The slice's number is a part of
# the picture: a place is kept for it.
COLLISIONS = """() => [...document.querySelectorAll('.pane')].flatMap((pane) => {
  const whole = pane.getBoundingClientRect();
  const words = [...pane.querySelectorAll('.corner, .letter, .ruler')]
    .filter((each) => each.checkVisibility() && each.textContent.trim())
    .map((each) => [each.className, each.getBoundingClientRect()]);
  words.push(['slice', { left: whole.right - 78, right: whole.right - 18,
    top: whole.top + 8, bottom: whole.top + 24 }]);
  const name = pane.dataset.testid;
  const out = words.filter(([, a]) => a.left < whole.left || a.right > whole.right
    || a.top < whole.top || a.bottom > whole.bottom).map(([each]) => `${name} ${each} out`);
  return out.concat(words.flatMap(([one, a], at) => words.slice(at + 1)
    .filter(([, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
    .map(([other]) => `${name} ${one} over ${other}`)));
})"""

# Panes that do not begin and end at whole pixels: their pictures would be scaled by a share of one.
UNEVEN = """() => [...document.querySelectorAll('.pane')].flatMap((pane) => {
  const { left, top, right, bottom } = pane.getBoundingClientRect();
  const apart = [left, top, right, bottom].filter((each) => !Number.isInteger(each));
  return apart.map((each) => `${pane.dataset.testid} ${each}`);
})"""


def _slice(page: Page, pane: int) -> int:
    return int(page.get_by_test_id(f"pane-{pane}").get_attribute("data-slice") or 0)


def _marks(page: Page) -> list[int]:
    """How many marks each pane draws."""
    found: list[int] = page.evaluate(
        "[...document.querySelectorAll('.pane')].map((e) => e.querySelectorAll('.mark').length)"
    )
    return found


def _ruler(page: Page, pane: int) -> str:
    return page.get_by_test_id(f"pane-{pane}").locator(".ruler").inner_html()


def test_r1_every_layout_has_its_panes_and_words_do_not_collide(visit: Visit, site: Site) -> None:
    """R3: at both sizes; then panes move together, or not, and a mark shows in each."""
    page = open_room(visit, site)
    room.enter_again(page)
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        for name, count in PANES.items():
            button = page.get_by_test_id(f"layout-{name}")
            if button.count() == 0:  # of a prior, which this case has not
                assert name.startswith("prior")
                continue
            button.click()
            room.until(page, lambda n=count: page.locator(".pane").count() == n, name)  # type: ignore[misc]
            room.ready(page)
            room.shoot(page, f"layout-{name}-{width}")
            assert page.evaluate(COLLISIONS) == [], (name, width)
            assert page.evaluate(UNEVEN) == [], (name, width)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_test_id("layout-two").click()
    room.until(page, lambda: page.locator(".pane").count() == 2, "two panes")
    room.ready(page)
    _moves_together(page, site)
    _shows_a_mark_everywhere(page)
    placed.in_slices(page, site)
    _is_told_of_another_window(page)
    room.saved(page)


def _moves_together(page: Page, site: Site) -> None:
    """By the wheel and by keys; by the patient's place, for the series are of other thickness."""
    room.until(page, lambda: patient.are_in_step(page, site), "both at one place")
    before = _slice(page, 0), _slice(page, 1)
    page.get_by_test_id("pane-0").hover()
    for _ in range(6):
        page.mouse.wheel(0, 120)
    room.until(page, lambda: _slice(page, 0) == before[0] + 6, "the wheel to leaf")
    room.until(page, lambda: patient.are_in_step(page, site), "the other to follow")
    assert 0 < _slice(page, 1) - before[1] < 6  # in its own
    page.keyboard.press("g")
    alone = _slice(page, 1)
    page.keyboard.press("PageDown")
    room.until(page, lambda: _slice(page, 0) == before[0] + 11, "the key to leaf")
    assert _slice(page, 1) == alone
    page.keyboard.press("g")
    rulers = [_ruler(page, 0), _ruler(page, 1)]
    page.keyboard.press("+")
    room.until(page, lambda: all(_ruler(page, at) != rulers[at] for at in (0, 1)), "both to grow")
    page.keyboard.press("f")
    room.until(page, lambda: [_ruler(page, 0), _ruler(page, 1)] == rulers, "both to fit")


def _shows_a_mark_everywhere(page: Page) -> None:
    """Drawn in both; gone a few slices on; there again by a click in the list."""
    here = _slice(page, 0) - 5
    page.keyboard.press("PageUp")
    room.until(page, lambda: _slice(page, 0) == here, "the key to leaf back")
    marks = int(room.sign(page, "marks"))
    room.put_mark(page, "7")
    room.until(page, lambda: min(_marks(page)) > 0, "the mark in both panes")
    for _ in range(8):
        page.keyboard.press("PageDown")
    room.until(page, lambda: _marks(page) == [0, 0], "the mark to be left behind")
    page.get_by_test_id(f"mark-{marks + 1}").click()
    room.until(page, lambda: _slice(page, 0) == here and min(_marks(page)) > 0, "the way back")
    page.keyboard.press("Control+z")
    room.until(page, lambda: int(room.sign(page, "marks")) == marks, "it to be taken back")


def _is_told_of_another_window(page: Page) -> None:
    """C10: a second window of the same browser may look; what it does is not taken."""
    room.saved(page)
    second = page.context.new_page()
    second.goto(page.url, wait_until="commit")

    def is_open() -> bool:
        page.keyboard.press("ArrowDown")  # a window that is silent for a minute gives the read up
        return room.sign(second, "phase") in {"display", "reading"}

    room.until(page, is_open, "the second window to open")
    room.enter(second)
    assert room.sign(second, "readOnly") == "true"
    second.get_by_test_id("other-window").wait_for()
    second.get_by_test_id("pane-0").hover()
    second.keyboard.press("m")
    second.keyboard.press("PageDown")
    assert room.sign(second, "marks") == room.sign(page, "marks")
    second.close()
    assert room.sign(page, "readOnly") == "false"
