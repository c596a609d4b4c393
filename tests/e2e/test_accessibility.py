"""R12: every page against WCAG 2.2 A and AA, by axe-core; a radiologist's whole task by keys."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Page

from scripts.launcher.setup import ROOT
from tests.e2e import room
from tests.e2e.conftest import Site, Visit
from tests.e2e.test_desk import demonstration

pytestmark = pytest.mark.browser
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OTHERS = ("/studies/", "/studies/new/", "/reading/", "/planning/", "/detectors/", "/profile/")
STEPS = ("", "cases", "standard", "questions", "arms", "readers", "plan", "lock", "protocol",
         "progress", "reads", "results", "amend")  # fmt: skip


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


def problems(page: Page) -> list[str]:
    """What axe finds, as "rule: element". It is evaluated, not loaded: the CSP stays as it is."""
    page.evaluate(_axe())
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
    )
    return list(_lines(found["violations"]))


def _lines(violations: list[dict[str, Any]]) -> Iterator[str]:
    for each in violations:
        for node in each["nodes"]:
            yield f"{each['id']} ({each['impact']}): {node['target']} {node['html'][:160]}"


def test_r12_every_page_of_the_desk_meets_wcag(visit: Visit) -> None:
    page = visit("coordinator", "/studies/")
    base = demonstration(page)
    addresses = [f"{base}/{step}".rstrip("/") + "/" for step in STEPS] + list(OTHERS)
    found = {}
    for address in addresses:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        found[address] = problems(page)
    assert {address: each for address, each in found.items() if each} == {}


def test_r12_signing_in_and_an_error_page_meet_wcag(visit: Visit) -> None:
    page = visit(None, "/sign-in/")
    assert problems(page) == []
    page.goto("/studies/00000000-0000-0000-0000-000000000000/")
    assert problems(page) == []


def test_r12_the_reading_room_and_its_dialogs_meet_wcag_and_need_no_mouse(
    visit: Visit, site: Site
) -> None:
    code = "from readerstudy.demo import build; print(build.find().pk)"
    study = site.manage("shell", "-v", "0", "-c", code).strip()
    page = visit("reader", f"/reading/{study}/")
    room.until(page, lambda: room.sign(page, "phase") in {"display", "reading"}, "the room")
    found = {}
    if room.sign(page, "phase") == "display":
        found["display"] = problems(page)
        page.get_by_test_id("display-seen").press("Enter")
    room.enter_again(page)
    found["reading"] = problems(page)
    for keys, name in (("?", "keys"), ("Control+Enter", "submit")):
        page.keyboard.press(keys)
        page.locator("[role=dialog]").wait_for()
        found[name] = problems(page)
        page.keyboard.press("Escape")
    page.keyboard.press("b")
    found["break"] = problems(page)
    assert {name: each for name, each in found.items() if each} == {}
