"""A reader's own pages in a real browser: home, training, what was done, the certificate."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import problems
from tests.e2e.conftest import CASES, TRAINING, Visit
from tests.e2e.room import shoot

pytestmark = pytest.mark.browser
SIZES = ("1280x800", "1920x1080")


def demonstration(page: Page) -> str:
    """The address of a reader's pages in the demonstration."""
    home = page.get_by_role("region", name="Demonstration: AI for brain metastases")
    address = home.get_by_role("link", name="What I have done").get_attribute("href")
    assert address is not None
    return address.removesuffix("history/")


@pytest.mark.parametrize("size", SIZES)
def test_r10_a_reader_who_is_done_sees_time_training_history_and_a_certificate(
    visit: Visit, size: str
) -> None:
    """Nothing of an outcome but in training; every page by WCAG."""
    page = visit("tanaka", "/reading/", size)
    base = demonstration(page)
    expect(page.get_by_text("You have read every case. Thank you.")).to_be_visible()
    found = {"home": problems(page)}
    shoot(page, f"reader-home-{size}")
    rows = {"history": 2 * CASES + TRAINING, "training": TRAINING}
    for name, count in rows.items():
        page.goto(f"{base}{name}/")
        expect(page.locator("tbody tr")).to_have_count(count)
        found[name] = problems(page)
        shoot(page, f"reader-{name}-{size}")
    page.goto(f"{base}history/")
    words = page.locator("main").inner_text().lower()
    assert not [each for each in ("right", "found", "present", "score") if each in words]
    page.goto(f"{base}certificate/")
    expect(page.get_by_text("Dr. Tanaka").last).to_be_visible()
    found["certificate"] = problems(page)
    page.emulate_media(media="print")
    expect(page.get_by_role("banner")).to_be_hidden()
    shoot(page, f"reader-certificate-{size}")
    assert {where: each for where, each in found.items() if each} == {}


def test_r12_the_way_into_the_room_is_done_by_keys(visit: Visit) -> None:
    page = visit("reader", "/reading/")
    asked = page.get_by_role("link", name="Answer a few questions first")
    if asked.count():
        asked.focus()
        page.keyboard.press("Enter")
        skip = page.get_by_role("button", name="Skip these questions")
        skip.focus()
        page.wait_for_load_state()
        assert problems(page) == []
        shoot(page, "reader-questions")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Skipped.")).to_be_visible()
    page.get_by_role("link", name="Start training").or_(
        page.get_by_role("link", name="Start session")
    ).or_(page.get_by_role("link", name="Continue the open case")).first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: not url.endswith("/reading/"))
    if page.url.endswith("/start/"):
        page.get_by_role("button", name="Enter the reading room").focus()
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: not url.endswith("/start/"))
    expect(page.locator("#reading-room")).to_be_attached()
