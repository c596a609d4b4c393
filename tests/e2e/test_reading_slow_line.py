"""A case over a slow line comes compressed, and shows what it shows when it comes raw."""

import time
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from benchmarks.viewer.slow_link import slow_link
from tests.e2e import room
from tests.e2e.conftest import Site, Visit
from tests.e2e.test_reading_room import _study, open_room

pytestmark = pytest.mark.browser
FAST = "sessionStorage.setItem('readerstudy.line', '1e12,60e6')"
STEPS = 3


def _compressed(site: Site) -> None:
    """Wait until the worker has compressed what there is."""
    code = "from readerstudy.imaging import selectors as s; print(s.uncompressed().count())"
    end = time.monotonic() + room.PATIENCE_S
    while site.ask(code).strip() != "0":
        assert time.monotonic() < end, "the worker did not compress the demonstration"
        time.sleep(1)


def _read(page: Page, address: str) -> tuple[list[str], list[bytes]]:
    """What was fetched for the case that is open there, and what its panes show."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    room.enter_again(page)
    shown = []
    page.mouse.move(2, 2)  # no pane tells of what is under the pointer
    for _ in range(STEPS):
        page.wait_for_timeout(1000)
        shown += [page.get_by_test_id(f"pane-{each}").screenshot() for each in range(2)]
        page.keyboard.press("ArrowDown")
    packs = [each.rpartition("=")[2] for each in asked if "/pack?" in each]
    return packs + [each.rpartition(".")[2] for each in asked if each.endswith(".wasm")], shown


def test_a_case_over_a_slow_line_is_compressed_and_the_same(visit: Visit, site: Site) -> None:
    _compressed(site)
    page = open_room(visit, site)
    room.enter(page)
    here = page.context.new_page()
    port = urlsplit(site.url).port
    assert port
    with slow_link(port, mbit_s=100, round_trip_ms=20) as slow:
        page.close()
        address = f"http://127.0.0.1:{slow}/reading/{_study(site)}/"
        fetched, shown = _read(here, address)
        assert set(fetched) == {"raw", "jpeg-ls", "wasm"}, "raw until its first megabyte has told"
        here.close()
    there = visit("reader", "/")
    there.add_init_script(FAST)
    fetched, raw = _read(there, f"/reading/{_study(site)}/")
    assert set(fetched) == {"raw"}, "on a fast line nothing is decoded, and no codec fetched"
    assert shown == raw
