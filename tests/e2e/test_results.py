"""Journey 4 in a real browser: a statistician answers. Last of all, for it closes the study."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.axe import problems
from tests.e2e.conftest import Site, Visit
from tests.e2e.room import PASSWORD, shoot
from tests.e2e.test_desk import demonstration

pytestmark = pytest.mark.browser


def test_a_statistician_closes_freezes_unblinds_and_reads_the_answer(
    visit: Visit, site: Site, tmp_path: Path
) -> None:
    """S1, S2: nothing before the freeze; two persons unblind; the report; the same bytes twice."""
    page = visit("statistician", "/studies/")
    base = demonstration(page)
    page.goto(f"{base}/results/")
    shoot(page, "results-blinded")
    page.get_by_role("button", name="Close the reading").click()
    page.get_by_role("button", name="Freeze the data").click()
    page.get_by_label("Reason").fill("The plan's analysis after the last read")
    page.get_by_role("button", name="Ask for unblinding").click()
    expect(page.get_by_text("another person must grant it")).to_be_visible()
    other = visit("coordinator", f"{base}/results/")
    other.get_by_label("Your password").fill(PASSWORD)
    other.get_by_role("button", name="Unblind this study").click()
    page.goto(f"{base}/results/")
    page.get_by_role("button", name="Run the analysis").click()
    expect(page.get_by_role("link", name="Download data and report")).to_be_visible(timeout=120_000)
    expect(page.get_by_text("AUC").first).to_be_visible()
    for size, (width, height) in {"1280x800": (1280, 800), "1920x1080": (1920, 1080)}.items():
        page.set_viewport_size({"width": width, "height": height})
        shoot(page, f"results-{size}")
        for part in ("Lesions", "Use of the AI", "Accuracy"):
            page.get_by_label("Parts of the report").get_by_role("link", name=part).click()
            page.wait_for_timeout(500)
            shoot(page, f"results-{part.split()[0].lower()}-{size}")
    page.goto(f"{base}/results/detectors/")
    expect(page.get_by_role("heading", name="Detectors").first).to_be_visible()
    found = problems(page)
    shoot(page, "results-detectors")
    page.goto(f"{base}/results/sending/")
    expect(page.get_by_role("heading", name="PACS").first).to_be_visible()
    found += problems(page)
    shoot(page, "results-sending")
    page.goto(f"{base}/results/")
    page.get_by_text("How was this computed?").click()
    expect(page.get_by_text("Obuchowski and Rockette, Commun Stat")).to_be_visible()
    assert found + problems(page) == []  # R12
    bundles = []
    for number in range(2):
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Download data and report").click()
        waiting.value.save_as(tmp_path / f"{number}.zip")
        bundles.append((tmp_path / f"{number}.zip").read_bytes())
    assert bundles[0] == bundles[1]
