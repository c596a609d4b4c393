"""R12: every page of the desk against WCAG 2.2 A and AA; the room is checked where it is read.

Each is kept as a picture too (`test-results/pages/desk-*.png`), for whoever looks at them.
"""

import re
from uuid import UUID

import pytest

from tests.e2e.axe import problems
from tests.e2e.conftest import Visit
from tests.e2e.room import shoot
from tests.e2e.test_desk import demonstration

pytestmark = pytest.mark.browser
ID = re.compile(r"[0-9a-f-]{36}")
OTHERS = ("/studies/", "/studies/new/", "/reading/", "/planning/", "/detectors/", "/profile/")
STEPS = ("", "cases", "standard", "questions", "questionnaires", "arms", "readers", "plan", "lock",
         "images", "images/held", "protocol", "progress", "reads", "results", "amend")  # fmt: skip


def test_r12_every_page_of_the_desk_meets_wcag(visit: Visit) -> None:
    page = visit("coordinator", "/studies/")
    base = demonstration(page)
    page.goto(f"{base}/cases/")
    examination = page.locator("a[href*='/examinations/']").first.get_attribute("href")
    assert examination
    steps = [f"{base}/{step}".rstrip("/") + "/" for step in STEPS]
    addresses = [*steps, examination, *OTHERS]
    assert len(set(addresses)) == len(addresses)
    found = {}
    for address in addresses:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        shoot(page, _name(address))
        found[address] = problems(page)
    assert {address: each for address, each in found.items() if each} == {}


def test_r12_signing_in_and_an_error_page_meet_wcag(visit: Visit) -> None:
    page = visit(None, "/sign-in/")
    for name, address in (("sign-in", "/sign-in/"), ("nothing-here", f"/studies/{UUID(int=0)}/")):
        page.goto(address)
        shoot(page, f"desk-{name}")
        assert problems(page) == [], name


def _name(address: str) -> str:
    """As `desk-studies-one-images-held`."""
    return "-".join(["desk", *ID.sub("one", address).strip("/").split("/")])
