"""A4 in a real browser: two truth readers state a case apart, a third sees both and decides."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from readerstudy.demo import phantoms
from tests.e2e.axe import problems
from tests.e2e.conftest import CASES, TRAINING, Site, Visit
from tests.e2e.making import press, send
from tests.e2e.room import PASSWORD, shoot
from tests.heads import part_of_head

pytestmark = pytest.mark.browser
PEOPLE = ("truth1", "truth2", "truth3")
MAKE = f"""
from readerstudy.accounts import services as accounts
from readerstudy.accounts.models import User
from readerstudy.studies import services as studies
from readerstudy.studies.models import Study
study = Study.objects.get(name="Stated apart")
cora = User.objects.get(username="coordinator")
for name in {PEOPLE!r}:
    user = accounts.create_user(username=name, password={PASSWORD!r}, by=None)
    studies.grant_role(study, user=user, role="truth_reader", by=cora)
stan = User.objects.get(username="statistician")
studies.grant_role(study, user=stan, role="statistician", by=cora)
"""


def draft_with_a_case(page: Page, site: Site, folder: Path) -> str:
    """A draft of part of a head that asks for two opinions; its address."""
    page.goto("/studies/new/")
    page.get_by_label("Name").fill("Stated apart")
    press(page, "Create the study")
    base = page.url.rsplit("/cases", 1)[0]
    send(page, part_of_head(phantoms.orders(CASES, TRAINING)[0], folder))
    press(page, "Make cases of them")
    page.goto(f"{base}/standard/")
    page.get_by_label("Opinions of each case").select_option("2")
    page.locator("#panel").get_by_role("button", name="Save").click()
    expect(page.get_by_text("0 of 2 opinions")).to_be_visible()
    site.ask(MAKE)
    return base


def state(page: Page, base: str, *, at: tuple[float, float]) -> None:
    """Open the case from the list, click a lesion in the image, keep the opinion."""
    page.goto(f"{base}/truth/")
    page.get_by_role("link", name="State", exact=True).click()
    image = page.locator("#truth-image")
    expect(image).to_have_js_property("complete", value=True)
    page.locator("#truth-stage").hover()
    place = page.locator("#truth-place")
    before = place.inner_text()
    page.mouse.wheel(0, 100)
    expect(place).not_to_have_text(before)
    box = page.locator("#truth-stage").bounding_box()
    assert box is not None
    page.locator("#truth-stage").click(
        position={"x": box["width"] * at[0], "y": box["height"] * at[1]}
    )
    expect(page.locator("#truth-marks circle.is-own")).to_have_count(1)
    page.get_by_label("What it rests on").select_option("follow_up")


def test_a4_two_opinions_and_a_third_who_decides(visit: Visit, site: Site, tmp_path: Path) -> None:
    base = draft_with_a_case(visit("coordinator", "/studies/"), site, tmp_path)
    found = {}
    for name, at in zip(PEOPLE, ((0.4, 0.4), (0.6, 0.6)), strict=False):
        page = visit(name, f"{base}/truth/")
        found[f"list {name}"] = problems(page)
        shoot(page, f"truth-list-{name}")
        state(page, base, at=at)
        expect(page.locator("[data-opinion]")).to_have_count(0)
        found[f"state {name}"] = problems(page)
        shoot(page, f"truth-state-{name}")
        page.get_by_role("button", name="Keep this opinion").click()
        expect(page.get_by_text("is kept")).to_be_visible()
    for size in ("1920x1080", "1280x800"):
        page = visit("truth3", f"{base}/truth/", size)
        page.get_by_role("link", name="Decide").first.click()
        expect(page.locator("[data-opinion]")).to_have_count(2)
        page.locator("[data-lesion]").first.click()
        expect(page.locator("#truth-marks circle.is-opinion").first).to_be_attached()
        found[f"decide {size}"] = problems(page)
        shoot(page, f"truth-decide-{size}")
    page.get_by_label("No metastasis").check()
    page.get_by_label("What it rests on").select_option("follow_up")
    page.get_by_label("Why").fill("Both are vessels on the follow-up")
    page.get_by_role("button", name="Make it the standard").click()
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    page = visit("statistician", f"{base}/truth/agreement/", "1920x1080")
    expect(page.get_by_text("Adjudicated by a third")).to_be_visible()
    found["agreement"] = problems(page)
    shoot(page, "truth-agreement")
    page = visit("coordinator", f"{base}/standard/")
    found["standard"] = problems(page)
    shoot(page, "truth-standard")
    assert {where: each for where, each in found.items() if each} == {}
