"""Driving the reading room as a radiologist would: by keys, and by what the page says of itself."""

import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Error, Page

PASSWORD = "demo-reading-room"
PATIENCE_S = 120.0
# The line as a page has learnt it, so that no case comes compressed: on a busy machine even the own
# one is slow at times. Bytes a second, of the line and of what decodes.
FAST_LINE = "sessionStorage.setItem('readerstudy.line', '1e12,1')"
IMAGES = Path(__file__).resolve().parents[2] / "test-results" / "pages"


def sign(page: Page, name: str) -> str:
    """One of the page's signs (`data-*` of its root): phase, ready, marks, saved, readId ...

    Empty between two pages, when a document has no root yet, or goes as it is asked.
    """
    try:
        return str(page.evaluate(f"document.documentElement?.dataset.{name} ?? ''"))
    except Error as error:
        if "Execution context was destroyed" not in error.message:
            raise
        return ""


def until(page: Page, holds: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait without `wait_for_function`, which the content security policy forbids."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if holds():
            return
        page.wait_for_timeout(100)
    shoot(page, "waited-in-vain")
    raise AssertionError(f"waited {patience_s:.0f} s for {what}")


def enter(page: Page) -> None:
    """Through the display check to a case whose every slice is decoded."""
    until(page, lambda: sign(page, "phase") in {"display", "reading"}, "the room to open")
    if sign(page, "phase") == "display":
        page.get_by_test_id("display-seen").click()
    ready(page)


def ready(page: Page) -> None:
    """Wait until the case is whole on the screen; the tour of the first use is skipped."""
    until(page, lambda: sign(page, "ready") == "true", "every slice decoded")
    if sign(page, "tour"):
        page.get_by_test_id("tour-skip").click()
        until(page, lambda: not sign(page, "tour"), "the tour to end")


def put_mark(page: Page, rating: str = "8") -> None:
    """Point at the middle of the first pane, M, a digit."""
    before = int(sign(page, "marks"))
    page.get_by_test_id("pane-0").hover()
    page.keyboard.press("m")
    until(page, lambda: int(sign(page, "marks")) == before + 1, "the mark")
    assert sign(page, "unrated") == "true"
    page.keyboard.press(rating)
    until(page, lambda: sign(page, "unrated") == "false", "the mark's rating")


def takes_in_hand(page: Page, key: str, tool: str) -> None:
    """Press a tool's key, and wait until it is in hand: what draws may have to be loaded first."""
    page.keyboard.press(key)
    shown = page.locator(f".pane.tool-{tool}")
    until(page, lambda: shown.count() > 0, f"the tool {tool} in hand")


def answer(page: Page, likelihood: str = "8") -> None:
    """Answer what the demonstration asks."""
    page.get_by_test_id("answer-likelihood").press(likelihood)
    page.get_by_test_id("answer-management-treat").click()


def saved(page: Page) -> None:
    """Wait until the server has everything."""
    until(page, lambda: sign(page, "saved") == "saved", "everything saved")


def submit(page: Page) -> None:
    """Summary, password, signature."""
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")
    page.get_by_test_id("submit-password").fill(PASSWORD)
    page.get_by_test_id("sign").click()


def enter_again(page: Page) -> None:
    """Enter where another window may still hold the case: take it over."""
    until(
        page,
        lambda: (
            sign(page, "phase") in {"display", "reading"}
            or page.get_by_test_id("take-over").count() > 0
        ),
        "the room to open",
    )
    if sign(page, "phase") == "display":
        page.get_by_test_id("display-seen").click()
    ready(page)
    if sign(page, "readOnly") == "true":
        page.get_by_test_id("take-over").click()
        until(page, lambda: sign(page, "readOnly") == "false", "the case to be ours")
        ready(page)  # it is hung anew


def shoot(page: Page, name: str) -> None:
    """A screenshot of the page, kept in `test-results/pages` for whoever looks at them."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=IMAGES / f"{name}.png")
