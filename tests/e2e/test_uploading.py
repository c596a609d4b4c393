"""An archive and a folder sent by a browser whose connection fails and whose tab is closed."""

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests import dicom
from tests.e2e.axe import problems
from tests.e2e.conftest import Visit
from tests.e2e.room import shoot
from tests.integration.truth.test_datasets import ucsf

pytestmark = pytest.mark.browser
CHUNK = 8 * 1024 * 1024  # of frontend/src/desk/sending.ts
SLICES, ANY = re.compile("MPRAGE"), re.compile(".")
TAGS = "De-identification, tag by tag"


def archive(folder: Path) -> Path:
    """A ZIP of over two chunks."""
    dicom.series(folder / "series", count=8)
    made = folder / "Quirin.zip"
    with zipfile.ZipFile(made, "w") as packed:
        for path in (folder / "series").iterdir():
            packed.write(path, path.name)
        packed.writestr("padding.bin", b"\1" * (2 * CHUNK))
    return made


def new_cases(page: Page) -> str:
    """The Cases page of a study made here."""
    page.get_by_label("Name", exact=True).fill("Sent in pieces")
    page.get_by_role("button", name=re.compile("Create|Make|Begin|Start")).click()
    page.wait_for_url(re.compile(r"/studies/[0-9a-f-]{36}/"))
    found = re.search(r"/studies/[0-9a-f-]{36}/", page.url)
    assert found
    page.goto(f"{found[0]}cases/")
    return f"{found[0]}cases/"


def _lost(page: Page) -> None:
    """The connection, and the tab with it; a tab that closes lets go what its routes hold back."""
    page.context.set_offline(True)
    page.close()
    page.context.set_offline(False)


def test_a_closed_tab_and_a_lost_connection_cost_only_what_was_not_sent(
    visit: Visit, tmp_path: Path
) -> None:
    big = archive(tmp_path)
    page = visit("coordinator", "/studies/new/")
    cases, context = new_cases(page), page.context
    chunks: list[str] = []

    def fails_at_the_second(route: Route) -> None:
        if route.request.method == "PATCH":
            chunks.append(route.request.headers["upload-offset"])
            if len(chunks) > 1:
                route.abort()
                return
        route.continue_()

    page.route("**/parts/**", fails_at_the_second)
    page.locator("#files").set_input_files(str(big))
    half = page.get_by_text("Quirin.zip: 8.4 MB of 17 MB", exact=True)
    expect(half).to_be_visible()
    shoot(page, "upload-under-way")
    while len(chunks) < 2:
        page.wait_for_timeout(50)
    _lost(page)

    page = context.new_page()
    page.goto(cases)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    offsets: list[str] = []
    page.on("request", lambda request: offsets.append(request.headers.get("upload-offset", "")))
    page.locator("#files").set_input_files(str(big))
    expect(page.get_by_role("heading", name=TAGS)).to_be_visible(timeout=300_000)
    # Of the chunk that was held back the closing tab may have sent a part: that is not lost either.
    assert CHUNK <= int(next(filter(None, offsets))) < big.stat().st_size
    assert not [each for each in sent if each.startswith("POST") and each.endswith("/uploads")]
    expect(page.get_by_text("9 files: 8 stored, 0 there already, 1 refused")).to_be_visible()
    expect(page.get_by_text("It is not a DICOM file.").first).to_be_visible()
    assert "Quirin" not in page.evaluate("JSON.stringify(localStorage)")
    shoot(page, "upload-result")
    assert problems(page) == []  # R12

    page.goto(cases)
    sent.clear()
    _is_there_already(page, tmp_path / "series")
    assert not [each for each in sent if each.startswith("PUT")]


def _is_there_already(page: Page, folder: Path) -> None:
    """The same images as files: nothing of them is sent, and the page of the delivery says so."""
    page.locator("#files").set_input_files([str(path) for path in folder.iterdir()])
    page.wait_for_url("**/uploads/**", timeout=300_000)
    expect(page.get_by_text("8 files: 0 stored, 8 there already, 0 refused")).to_be_visible()
    row = page.get_by_role("row", name=re.compile("MPRAGE"))
    expect(row.get_by_role("cell")).to_have_text([SLICES, ANY, ANY, "0", "8", "packed"])


def test_a_published_data_set_comes_in_and_its_names_are_kept_nowhere(
    visit: Visit, tmp_path: Path
) -> None:
    ucsf(tmp_path / "set")
    page = visit("coordinator", "/studies/new/")
    new_cases(page)
    paths: list[str] = []
    page.on("request", lambda request: paths.append(request.headers.get("readerstudy-path", "")))
    page.locator("#folder").set_input_files(str(tmp_path / "set"))
    page.wait_for_url("**/uploads/**", timeout=300_000)
    expect(page.get_by_text("T1 with contrast: 10 slices stored").first).to_be_visible()
    expect(page.get_by_text("images and standard.")).to_have_count(2)  # of either class alike
    assert any("100101A_seg.nii.gz" in each for each in paths)
    assert "100101A" not in page.content()
    assert problems(page) == []
    shoot(page, "upload-volumes")
