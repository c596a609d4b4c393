"""Journeys 1 and 3 in a real browser: a study is made through pages, the AI proposes unasked."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.room import PASSWORD, shoot

pytestmark = pytest.mark.browser
SIZES = ("1280x800", "1920x1080")


def demonstration(page: Page) -> str:
    page.goto("/studies/")
    page.get_by_role("link", name=re.compile("^Demonstration")).click()
    page.wait_for_url(re.compile(r"/studies/[0-9a-f-]{36}/"))
    found = re.search(r"/studies/([0-9a-f-]{36})/", page.url)
    assert found
    return f"/studies/{found[1]}"


@pytest.mark.parametrize("size", SIZES)
def test_a_coordinator_sees_progress_by_reader_and_site_and_the_protocol(
    visit: Visit, size: str
) -> None:
    page = visit("coordinator", "/studies/", size)
    shoot(page, f"studies-{size}")
    base = demonstration(page)
    expect(page.get_by_text("Northfield Hospital").first).to_be_visible()
    expect(page.get_by_text("simulated", exact=False).first).to_be_visible()
    for step in ("progress", "cases", "standard", "questions", "arms", "readers", "plan", "lock",
                 "protocol"):  # fmt: skip
        page.goto(f"{base}/{step}/")
        shoot(page, f"{step}-{size}")
    expect(
        page.get_by_text("AI, concurrent").or_(page.get_by_text("concurrent")).first
    ).to_be_visible()


@pytest.mark.parametrize(
    ("size", "made"), [(SIZES[0], "second_study"), (SIZES[1], "crossover_study")]
)
def test_a_coordinator_makes_a_study_through_pages_only(
    visit: Visit, request: pytest.FixtureRequest, size: str, made: str
) -> None:
    """C1: from a name and DICOM folders to a locked, running study; the worker proposes unasked."""
    page = visit("coordinator", f"{request.getfixturevalue(made)}/progress/", size)
    expect(page.get_by_text("not started").first).to_be_visible()
    shoot(page, f"progress-{made}")


@pytest.mark.parametrize("size", SIZES)
def test_a_coordinator_amends_suspends_and_voids_with_reasons(
    visit: Visit, second_study: str, size: str
) -> None:
    """C2, C6: a new version, a halt and its end, each with its reason on the page."""
    page = visit("coordinator", f"{second_study}/amend/", size)
    shoot(page, f"amend-{size}")
    page.get_by_label("Idle limit / s").fill("90" if size == SIZES[0] else "120")
    page.get_by_label("Reason", exact=True).fill("The ethics board asked for it")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name=re.compile("in force")).click()
    expect(page.get_by_text("The amendment is in force")).to_be_visible()
    page.goto(f"{second_study}/protocol/")
    expect(page.get_by_text("The ethics board asked for it").first).to_be_visible()
    page.goto(f"{second_study}/progress/")
    page.get_by_text("Suspend the study").click()
    page.get_by_label("Reason", exact=True).fill("Display recalled")
    page.get_by_role("button", name="Suspend", exact=True).click()
    expect(page.get_by_text("Display recalled").first).to_be_visible()
    shoot(page, f"suspended-{size}")
    page.locator("summary", has_text="Let readers go on").click()
    page.get_by_label("Reason", exact=True).fill("Display replaced")
    page.get_by_role("button", name="Let readers go on").click()
    expect(page.get_by_text("Readers can go on")).to_be_visible()
    page.goto(demonstration(page) + "/reads/")
    shoot(page, f"reads-{size}")


@pytest.mark.parametrize("size", SIZES)
def test_detectors_and_audit_have_their_pages(visit: Visit, size: str) -> None:
    page = visit("admin", "/detectors/", size)
    expect(page.get_by_text("synthetic phantoms", exact=False).first).to_be_visible()
    shoot(page, f"detectors-{size}")
    page.goto("/audit/")
    page.get_by_role("link", name="Verify every chain").click()
    expect(page.get_by_text("Every chain is whole")).to_be_visible()
    shoot(page, f"audit-{size}")
