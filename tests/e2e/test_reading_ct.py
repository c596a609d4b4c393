"""CT without MR in a real browser: a site's own detector, its proposals on the slices of the CT."""

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e import room
from tests.e2e.axe import problems as axe
from tests.e2e.conftest import Site
from tests.e2e.sitting import OF_THE_AI, arms, bare, sign_and_go_on, sit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def study(site: Site) -> str:
    """The study's id, once the worker has made its images and proposals."""
    return site.study_of("ct_alone")


def _sees_ct(page: Page) -> None:
    label = page.get_by_test_id("pane-0").get_attribute("aria-label") or ""
    assert "CT" in label, label
    assert axe(page) == []  # R12


def test_r2_r5_proposals_of_ct_alone_show_on_the_ct_in_their_arm_alone(
    browser: Browser, site: Site, study: str
) -> None:
    address = f"/{study}"
    readers = arms(site, address)
    control = sit(browser, site, address, readers["control"])
    _sees_ct(control.page)
    assert "ai" not in control.packet()
    assert not [body for _url, body in control.heard if OF_THE_AI.search(bare(body))]
    control.page.context.close()
    aided = sit(browser, site, address, readers["concurrent"])
    page = aided.page
    _sees_ct(page)
    while not aided.ai()["proposals"]:  # every other head has no metastasis
        sign_and_go_on(page)
    page.get_by_test_id("pane-0").hover()
    page.keyboard.press(".")
    outline = page.get_by_test_id("pane-0").locator(".proposal path.line")
    room.until(page, lambda: outline.count() > 0, "the outline on the slice of the CT")
    assert "its surroundings on CT." in (page.get_by_test_id("why").text_content() or "")
    room.shoot(page, "reading-room-ct")
    page.keyboard.press("a")
    room.until(page, lambda: room.sign(page, "marks") == "1", "the mark of the proposal")
    page.keyboard.press("8")
    room.until(page, lambda: room.sign(page, "unrated") == "false", "its rating")
    room.saved(page)
    page.context.close()
