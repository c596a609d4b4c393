"""Pictures of known lesions under a proposal."""

from playwright.sync_api import Page

from tests.e2e import room
from tests.e2e.axe import problems as axe
from tests.e2e.focus import unseen


def see_known(page: Page) -> None:
    """Pictures of the training's lesions most like the proposal, fetched once asked for."""
    button, pictures = page.get_by_test_id("known-lesions"), page.locator(".known img")
    assert pictures.count() == 0
    with page.expect_response("**/known-lesions") as answered:
        button.click()
    assert answered.value.status == 200
    room.until(page, lambda: pictures.count() == 10, "the pictures")
    widths = "(all) => all.map((each) => each.naturalWidth)"
    room.until(  # each is let in by the policy, and decoded
        page, lambda: pictures.evaluate_all(widths) == [36] * 10, "each picture to be decoded"
    )
    page.locator(".known").scroll_into_view_if_needed()
    room.shoot(page, "known-lesions-1280")
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.locator(".known").scroll_into_view_if_needed()
    room.shoot(page, "known-lesions-1920")
    page.set_viewport_size({"width": 1280, "height": 800})
    assert axe(page) + unseen(page) == []  # R12
    button.click()
    room.until(page, lambda: pictures.count() == 0, "the pictures to go")
