"""The whole platform, as `make demo` starts it, and a real browser in front of it."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from filelock import FileLock
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from readerstudy.demo import phantoms
from scripts.launcher.serve import Platform
from scripts.launcher.setup import PYTHON, ROOT, static_files
from scripts.launcher.tools import CHROMIUM_FLAGS, find_chromium
from tests.e2e import room
from tests.e2e.making import make_crossover, make_parallel
from tests.e2e.shell import Shell
from tests.heads import of_another_patient, part_of_head

SIZES = {"1280x800": (1280, 800), "1920x1080": (1920, 1080)}
SHOTS = ROOT / "test-results"
MADE_WITHIN_S = 900.0
# Of a page, an element or what is expected of it: the machine does other things as well.
PATIENCE_MS = 1000 * room.PATIENCE_S
expect.set_options(timeout=PATIENCE_MS)
CASES, TRAINING = 4, 1  # fewer cannot be locked: an analysis needs two of each kind
SMALL_MM = 25.0  # to either side of a lesion, where a study's size is not the point


@dataclass(frozen=True)
class Site:
    """The running platform: its address and its data folder."""

    url: str
    var: Path
    platform: Platform
    shell: Shell

    def manage(self, *arguments: str) -> str:
        """Run one of Django's commands on the running platform's data."""
        command = [str(PYTHON), "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def ask(self, code: str) -> str:
        """What code prints that runs on the running platform's data."""
        return self.shell.run(code)

    def study_of(self, module: str) -> str:
        """The id of a study that a module here begins, once the worker has done its part."""
        tell = f"from tests.e2e import drafted, {module}; print({{}}({module}.NAME))"
        self.ask(f"from tests.e2e import {module}; {module}.begin()")
        deadline = time.monotonic() + MADE_WITHIN_S
        while missing := self.ask(tell.format("drafted.missing")).strip():
            assert time.monotonic() < deadline, missing
            time.sleep(0.5)
        return self.ask(tell.format("drafted.start")).strip()

    def signed_in(self, username: str) -> str:
        """The session of a user who has just signed in, without the page and its password."""
        return self.ask(
            "from django.test import Client\n"
            "from readerstudy.accounts.models import User\n"
            f"client, user = Client(), User.objects.get(username={username!r})\n"
            "client.force_login(user, 'django.contrib.auth.backends.ModelBackend')\n"
            "print(client.cookies['session'].value)"
        ).strip()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A small demonstration study, served by the real web server and worker."""
    if not (ROOT / "frontend" / "dist" / ".vite" / "manifest.json").exists():
        pytest.fail("The frontend is not built: run the tests by `make test`.")
    static_files()
    var = tmp_path_factory.mktemp("platform")
    environment = {
        "READERSTUDY_VAR": str(var),
        "READERSTUDY_CACHE": os.environ.get("READERSTUDY_CACHE", str(ROOT / "var" / "cache")),
        "READERSTUDY_DETECTORS": str(var / "detectors"),
        "SWEEP_SECONDS": "2",
        "DATABASE_URL": "",
        "BROKER_URL": "",
    }
    kept = {name: os.environ.get(name) for name in environment}
    os.environ.update({name: value for name, value in environment.items() if value})
    for name, value in environment.items():
        if not value:
            os.environ.pop(name, None)
    shell = Shell()
    platform: Platform | None = None
    try:
        (var / "static").symlink_to(settings.STATIC_ROOT)
        shell.run(f"from pathlib import Path; from tests import ct; ct.brought(Path({str(var)!r})"
                  " / 'detectors', ('ct',), 'ct-only')")  # fmt: skip
        settings.CACHE_DIR.mkdir(parents=True, exist_ok=True)
        with FileLock(settings.CACHE_DIR / "phantoms.lock"):  # production's tests make the same
            shell.run(f"from tests.e2e import demonstration as d; d.make({CASES}, {TRAINING})")
        port = _free_port()  # only now: a port that is free may be taken the next minute
        platform = Platform(port)
        platform.start()
        yield Site(f"http://127.0.0.1:{port}", var, platform, shell)
    finally:
        shell.stop()
        if platform:
            platform.stop(seconds=1)  # its folder goes with it
        for name, before in kept.items():
            if before is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = before
        shutil.rmtree(var, ignore_errors=True)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The system's Chromium, with WebGL in software."""
    path = os.environ.get("CHROMIUM") or find_chromium()
    with playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS)) as chromium:
        yield chromium


Make = Callable[[Page, list[Path]], str]


def _made(browser: Browser, site: Site, size: str, make: Make, heads: list[Path]) -> str:
    """The address of a study that a coordinator makes through pages of a size."""
    width, height = SIZES[size]
    page = browser.new_context(
        base_url=site.url, viewport={"width": width, "height": height}, locale="en-GB"
    ).new_page()
    page.set_default_timeout(PATIENCE_MS)
    sign_in(page, "coordinator")
    try:
        base = make(page, heads)
    except Exception:
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SHOTS / f"study-{size}.png")
        raise
    page.context.close()
    return base


@pytest.fixture(scope="session")
def second_study(browser: Browser, site: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a parallel study that a coordinator made through pages, open for reading.

    Of parts of heads; the demonstration's beside it are whole.
    """
    parts = tmp_path_factory.mktemp("parts")
    heads = [part_of_head(order, parts) for order in phantoms.orders(CASES, TRAINING)]
    return _made(browser, site, "1280x800", make_parallel, heads)


@pytest.fixture(scope="session")
def crossover_study(browser: Browser, site: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of one in two periods, made in a large window; every head has a metastasis."""
    folder = tmp_path_factory.mktemp("smaller-parts")
    diseased = [each for each in phantoms.orders(CASES, TRAINING) if each.n_lesions]
    heads = [part_of_head(order, folder, half_mm=SMALL_MM) for order in diseased]
    for number in range(CASES + TRAINING - len(heads)):  # proposals for the same lesions again
        heads.append(of_another_patient(heads[number], folder / f"again-{number}"))
    return _made(browser, site, "1920x1080", make_crossover, heads)


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Open a page in a context of its own: `visit("coordinator", "/studies/")`.

    Who made the second study, and whom faults have signed out, sign in through the page.
    A page whose test fails leaves its screenshot in `test-results/`. No page may do what its
    content security policy forbids.
    """
    contexts: list[BrowserContext] = []
    forbidden: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        if "Content Security Policy" in said.text:
            forbidden.append(f"{said.page.url if said.page else ''}: {said.text}")

    pages: list[Page] = []

    def opened(username: str | None, path: str = "/", size: str = "1280x800") -> Page:
        width, height = SIZES[size]
        context = browser.new_context(
            base_url=site.url, viewport={"width": width, "height": height}, locale="en-GB"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", hear)
        pages.append(page)
        if username:
            session = site.signed_in(username)
            context.add_cookies([{"name": "session", "value": session, "url": site.url}])
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
    assert not forbidden


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first tests also make a platform and a study: on a busy machine, many minutes."""
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.timeout(5400))
