"""The whole platform, as `make demo` starts it, and a real browser in front of it."""

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from readerstudy.demo import phantoms
from scripts.launcher.setup import ROOT
from scripts.launcher.tools import find_chromium
from tests.e2e.making import make_study
from tests.e2e.platform import CASES, TRAINING, Site, shared_site

SIZES = {"1280x800": (1280, 800), "1920x1080": (1920, 1080)}
SHOTS = ROOT / "test-results"
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A small demonstration study, served by the real web server and worker."""
    if not (ROOT / "frontend" / "dist" / ".vite" / "manifest.json").exists():
        pytest.fail("The frontend is not built: run the tests by `make test`.")
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with shared_site(folder) as shared:
        yield shared


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The system's Chromium, with WebGL in software."""
    path = os.environ.get("CHROMIUM") or find_chromium()
    with playwright.chromium.launch(executable_path=path, args=FLAGS) as chromium:
        yield chromium


@pytest.fixture(scope="session")
def second_study(browser: Browser, site: Site) -> str:
    """The address of a parallel study that a coordinator made through pages, open for reading."""
    page = browser.new_context(
        base_url=site.url, viewport={"width": 1280, "height": 800}, locale="en-GB"
    ).new_page()
    sign_in(page, "coordinator")
    try:
        base = make_study(page, phantoms.orders(CASES, TRAINING))
    except Exception:
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SHOTS / "second-study.png")
        raise
    page.context.close()
    return base


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Open a page in a context of its own: `visit("coordinator", "/studies/")`.

    A page whose test fails leaves its screenshot in `test-results/`.
    """
    contexts: list[BrowserContext] = []
    pages: list[Page] = []

    def opened(username: str | None, path: str = "/", size: str = "1280x800") -> Page:
        width, height = SIZES[size]
        context = browser.new_context(
            base_url=site.url, viewport={"width": width, "height": height}, locale="en-GB"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        pages.append(page)
        if username:
            sign_in(page, username)
        page.goto(path)
        return page

    yield opened
    failed = getattr(request.node, "rep_call", None)
    if failed is not None and failed.failed:
        SHOTS.mkdir(exist_ok=True)
        for number, page in enumerate(pages):
            if not page.is_closed():
                page.screenshot(path=SHOTS / f"{request.node.name}-{number}.png")
    for context in contexts:
        context.close()


def sign_in(
    page: Page, username: str, password: str = "demo-reading-room", *, base: str = ""
) -> None:
    """Sign in through the page; `base` is the platform's address where the page knows none."""
    page.goto(f"{base}/sign-in/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let the fixture know whether the test failed."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    setattr(item, f"rep_{report.when}", report)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two browsers at once: one in the demonstration, one in the studies that tests make.

    The first tests also make a platform and a study: on a busy machine, many minutes.
    """
    ours = [item for item in items if "tests/e2e" in str(item.path)]
    for item in ours:
        item.add_marker(pytest.mark.timeout(1800))
        item.add_marker(pytest.mark.xdist_group("made" if _is_made(item) else "demonstration"))
    # Parts by themselves come last: they make phantoms that the platform's start has made by then.
    last = [item for item in ours if item.path.stem == "test_production_parts"]
    items[:] = [item for item in items if item not in last] + last


def _is_made(item: pytest.Item) -> bool:
    """Whether a test is about another study than the demonstration."""
    alone = {"test_production_parts", "test_truth_readers", "test_uploading"}
    return item.path.stem in alone or "second_study" in getattr(item, "fixturenames", ())
