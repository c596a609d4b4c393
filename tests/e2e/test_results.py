"""Journey 4 in a real browser: a statistician answers. Last of all, for it closes the studies."""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import problems
from tests.e2e.conftest import CASES, TRAINING, Site, Visit
from tests.e2e.making import PROPOSALS_MS, SIMULATED, press
from tests.e2e.room import PASSWORD, shoot, until
from tests.e2e.test_desk import demonstration

pytestmark = pytest.mark.browser
ANSWERED = (
    "(Obuchowski-Rockette)", "Difference in lesion sensitivity",
    "Difference in false positives per case", "with a mixed model of its logarithm",
)  # fmt: skip
PARTS = ("Lesions", "Use of the AI", "Accuracy")


def test_a_statistician_closes_freezes_unblinds_and_reads_the_answer(
    visit: Visit, tmp_path: Path
) -> None:
    """S1, S2: nothing before the freeze; two persons unblind; the report; the same bytes twice."""
    page = visit("statistician", "/studies/")
    base = demonstration(page)
    _answer(visit, page, base, "1280x800")
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
    assert _bundle(page, tmp_path / "1") == _bundle(page, tmp_path / "2")


def test_a_study_in_two_periods_is_answered_in_a_large_window(
    visit: Visit, site: Site, crossover_study: str, tmp_path: Path
) -> None:
    """The same on what was made and read here: two readers to the end, two have read one case."""
    study = crossover_study.rsplit("/", 1)[1]
    done = site.ask(f"from tests.e2e import finished; print(finished.read_all('{study}'))")
    assert int(done) == len(SIMULATED) * (2 * CASES + TRAINING)
    size = "1920x1080"
    page = visit("statistician", f"{crossover_study}/results/", size)
    _answer(visit, page, crossover_study, size)
    assert problems(page) == []  # R12
    _bundle(page, tmp_path / "bundle")
    with zipfile.ZipFile(tmp_path / "bundle") as bundle:
        assert {"data/reads.csv", "results/numbers.json"} <= set(bundle.namelist())


def _answer(visit: Visit, page: Page, base: str, size: str) -> None:
    """From the open study to the figures of its report."""
    page.goto(f"{base}/results/")
    shoot(page, f"results-blinded-{size}")
    press(page, "Close the reading")
    press(page, "Freeze the data")
    page.get_by_label("Reason").fill("The plan's analysis after the last read")
    page.get_by_role("button", name="Ask for unblinding").click()
    expect(page.get_by_text("another person must grant it")).to_be_visible()
    other = visit("coordinator", f"{base}/results/", size)
    other.get_by_label("Your password").fill(PASSWORD)
    press(other, "Unblind this study")
    page.goto(f"{base}/results/")
    page.get_by_role("button", name="Run the analysis").click()
    expect(page.get_by_role("link", name="Download data and report")).to_be_visible(
        timeout=PROPOSALS_MS
    )
    for words in ANSWERED:
        expect(page.get_by_text(words).first).to_be_visible()
    shoot(page, f"results-{size}")
    for part in PARTS:
        page.get_by_label("Parts of the report").get_by_role("link", name=part).click()
        figure = page.locator(".row.g-4 img").first
        figure.scroll_into_view_if_needed()
        until(page, lambda: figure.evaluate("(each) => each.naturalWidth > 0"), "the figure")  # noqa: B023
        shoot(page, f"results-{part.split()[0].lower()}-{size}")


def _bundle(page: Page, to: Path) -> bytes:
    """What the page's link downloads."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download data and report").click()
    waiting.value.save_as(to)
    return to.read_bytes()
