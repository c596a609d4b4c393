"""R10 in a real browser: training that ends with a test, from the first case to the result."""

import json

import pytest
from playwright.sync_api import Page, Response, expect

from tests.e2e import room
from tests.e2e.axe import problems as axe
from tests.e2e.conftest import Site, Visit
from tests.e2e.tested import LEVELS, NAME, READER

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def study(site: Site) -> str:
    """The address of a reader's pages in a study whose training ends with two test cases."""
    return f"/reading/{site.study_of('tested')}/"


def _sign(page: Page) -> str:
    """Read the open case as one without metastases, and sign; answers the read's id."""
    room.ready(page)
    read_id = room.sign(page, "readId")
    page.get_by_test_id("no-lesion").click()
    room.answer(page, "1")
    room.saved(page)
    room.submit(page)
    return read_id


def _opened(page: Page, before: str) -> None:
    room.until(page, lambda: room.sign(page, "readId") not in {"", before}, "the next case")
    room.ready(page)


def _look(page: Page, name: str) -> None:
    """Keep a picture of the page; nothing is wrong with it by WCAG."""
    room.shoot(page, f"test-cases-{name}")
    assert axe(page) == [], name


def _rates_on_levels(page: Page) -> None:
    """Marks and a question on the study's levels, by keys (R3); the mark is taken back then."""
    page.keyboard.press("m")
    levels = page.get_by_test_id("mark-rating")
    expect(levels.locator("label")).to_have_text([f"{n}{each}" for n, each in enumerate(LEVELS, 1)])
    _look(page, "levels")
    page.keyboard.press("7")  # no level of four
    expect(levels).to_be_visible()
    page.keyboard.press("3")
    expect(levels).to_have_count(0)
    mark = page.get_by_test_id("mark-1")
    expect(mark).to_have_attribute("data-rating", "3")
    expect(mark.locator(".rating")).to_have_attribute("title", "3 probable")
    page.get_by_test_id("answer-quality-1").press("4")
    expect(page.get_by_test_id("answer-quality-4")).to_be_checked()
    room.saved(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")
    summary = page.get_by_test_id("submit-dialog")
    expect(summary).to_contain_text("3 probable")
    expect(summary).to_contain_text("4 excellent")
    page.keyboard.press("Escape")
    page.keyboard.press("Delete")


def _is_taught(page: Page) -> None:
    """The first case: feedback as ever."""
    room.enter(page)
    foot = page.locator(".foot").bounding_box()
    assert foot is not None
    assert foot["x"] > 900, "the questions stand beside the images"
    _rates_on_levels(page)
    assert page.get_by_test_id("test-notice").count() == 0
    taught = _sign(page)
    room.until(page, lambda: page.get_by_test_id("feedback").is_visible(), "the feedback")
    page.get_by_test_id("next-case").click()
    _opened(page, taught)


def _is_tested(page: Page) -> None:
    """The next one opens by itself, with nothing to look at."""
    notice = page.get_by_test_id("test-notice")
    expect(notice).to_contain_text("Test case 1 of 2: no feedback")
    _look(page, "room")
    first = _sign(page)
    _opened(page, first)
    assert page.get_by_test_id("feedback").count() == 0
    expect(notice).to_contain_text("Test case 2 of 2: no feedback")


def _sees_what_is_left(page: Page, study: str) -> None:
    page.goto("/reading/")
    home = page.get_by_role("region", name=NAME)
    expect(home.get_by_text("1 of 2", exact=True)).to_be_visible()
    _look(page, "home")
    page.goto(f"{study}training/")
    expect(page.get_by_text("(2 test cases, 1 left)")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
    _look(page, "training")


def _sees_the_result(page: Page, said: list[str]) -> None:
    last = _sign(page)
    result = page.get_by_test_id("test-result")
    room.until(page, result.is_visible, "what the test came to")
    assert page.get_by_test_id("feedback").count() == 0
    room.until(page, lambda: len(said) == 3, "what the server said")  # the page may be sooner
    right = json.loads(said[-1])["test_result"]["right"]
    expect(result).to_contain_text(f"You read {right} of 2 test cases right")
    expect(result).to_contain_text("Test passed")
    _look(page, "result")
    page.get_by_test_id("next-case").click()
    _opened(page, last)
    assert page.get_by_test_id("test-notice").count() == 0


def test_r10_test_cases_follow_each_other_without_feedback_to_a_result(
    visit: Visit, study: str
) -> None:
    page, said = visit(READER, f"{study}start/"), list[str]()

    def keep(answer: Response) -> None:
        if answer.url.endswith("/submit"):
            said.append(answer.text())

    page.on("response", keep)
    expect(page.get_by_text("The last cases (2) are a test")).to_be_visible()
    _look(page, "start")
    page.get_by_role("button", name="Enter the reading room").click()
    _is_taught(page)
    _is_tested(page)
    _sees_what_is_left(page, study)
    page.goto(study)
    room.enter_again(page)
    _sees_the_result(page, said)
    members = [set(json.loads(each)) & {"feedback", "test_result"} for each in said]
    assert members == [{"feedback"}, set(), {"test_result"}]
    for name in ("training", "certificate"):
        page.goto(f"{study}{name}/")
        _look(page, f"{name}-after")
    page.goto("/reading/")
    _look(page, "home-after")
    desk = visit("coordinator", f"/studies/{study.split('/')[2]}/questionnaires/")
    expect(desk.get_by_label("Test cases at its end")).to_have_value("2")
    _look(desk, "desk")
