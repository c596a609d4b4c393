"""R12: every page of the desk against WCAG 2.2 A and AA; the room is checked where it is read."""

import pytest

from tests.e2e.axe import problems
from tests.e2e.conftest import Visit
from tests.e2e.test_desk import demonstration

pytestmark = pytest.mark.browser
OTHERS = ("/studies/", "/studies/new/", "/reading/", "/planning/", "/detectors/", "/profile/")
STEPS = ("", "cases", "standard", "questions", "questionnaires", "arms", "readers", "plan", "lock",
         "images", "images/held", "protocol", "progress", "reads", "results", "amend")  # fmt: skip


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
