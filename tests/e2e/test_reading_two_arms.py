"""R2, R5, R6 in real browsers: one reader of each arm of a study; all that arrives is kept."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e import room
from tests.e2e.axe import problems as axe
from tests.e2e.conftest import Site
from tests.e2e.events import events_of
from tests.e2e.focus import unseen
from tests.e2e.frame import FRAME
from tests.e2e.known import see_known
from tests.e2e.making import READERS
from tests.e2e.sitting import (
    OF_THE_AI,
    Sitting,
    arms,
    bare,
    kept,
    read_whole,
    sign_and_go_on,
    sign_with_lesions,
    sit,
    take_over,
)

pytestmark = pytest.mark.browser


def _hangs_as_the_protocol_says(sitting: Sitting) -> None:
    """R9: in every arm two panes, FLAIR first, in the wide window (`making._hang`)."""
    hanging = sitting.packet()["hanging"]
    assert hanging == {
        "layout": "two",
        "roles": ["flair", "t1c", "t2", "t1", "ct", "other"],
        "window": "wide",
        "linked": ["position", "pan"],
        "questions": "below",
    }
    page = sitting.page
    assert page.locator("[data-testid^=pane-]").count() == 2
    assert "FLAIR" in (page.get_by_test_id("pane-0").get_attribute("aria-label") or "")
    page.get_by_test_id("more").click()
    wide = page.get_by_test_id("more-menu").get_by_role("button", name="wide")
    assert wide.get_attribute("aria-pressed") == "true"
    page.keyboard.press("Escape")


@pytest.fixture(scope="module")
def frames() -> list[dict[str, Any]]:
    """The frames of the rooms that were opened here."""
    return []


def _stands_alike(page: Page, frames: list[dict[str, Any]]) -> None:
    """R9: as in the other arms that were looked at, to the pixel."""
    room.until(page, lambda: _has_all_parts(page), "the parts that no picture waits for")
    frames.append(page.evaluate(FRAME))
    assert len(frames[-1]["places"]) == 8
    assert len(frames[-1]["files"]) > 2
    assert frames[-1] == frames[0]


def _has_all_parts(page: Page) -> bool:
    files = page.evaluate(FRAME)["files"]
    return all(any(f"/{part}-" in each for each in files) for part in ("rebuilt", "drawing"))


def test_nothing_of_the_ai_reaches_the_control_arm(
    browser: Browser, site: Site, second_study: str, frames: list[dict[str, Any]]
) -> None:
    """R2, R9: no body, no page, no script's state of a control reader holds a word of it."""
    who = arms(site, second_study)["control"]
    assert who in READERS
    sitting = sit(browser, site, second_study, who)
    room.shoot(sitting.page, "reading-room-control")
    _stands_alike(sitting.page, frames)
    _hangs_as_the_protocol_says(sitting)
    assert "ai" not in sitting.packet()
    assert sitting.page.get_by_test_id("proposals").count() == 0
    everything = " ".join(body for _url, body in sitting.heard) + sitting.page.content()
    assert not OF_THE_AI.search(bare(everything))
    read_whole(sitting, site, aided=False)
    sitting.page.context.close()


def test_a_second_reader_sees_proposals_after_their_own_read_is_locked(
    browser: Browser, site: Site, second_study: str
) -> None:
    """R6, R5: unaided and locked first; then accept and reject by a key, each kept."""
    who = arms(site, second_study)["second_reader"]
    sitting = sit(browser, site, second_study, who)
    page = sitting.page
    proposals = _to_proposals(sitting)
    _hangs_as_the_protocol_says(sitting)
    assert page.get_by_test_id("proposals").is_visible()
    assert page.get_by_text("synthetic", exact=False).count() > 0
    room.shoot(page, "reading-room-ai")
    assert axe(page) == []  # R12
    page.get_by_test_id("pane-0").hover()
    page.keyboard.press(".")
    take_over(page, "a", rating="9")
    kinds = ["accepted"]
    if len(proposals) > 1:
        page.keyboard.press(".")
        page.keyboard.press("r")
        kinds.append("rejected")
    read_id = sign_with_lesions(page, "9")
    assert kept(site, read_id) == [*kinds, "unaided", "0", "submitted", "aided", "1", "submitted"]
    page.context.close()


def test_an_on_demand_reader_is_sent_proposals_when_they_have_asked(
    browser: Browser, site: Site, second_study: str
) -> None:
    """R6: until then not a byte of them is in the traffic; offline that is said; then they stay."""
    who = arms(site, second_study)["concurrent"]
    _turn(site, second_study, "concurrent", "on_demand")
    try:
        sitting = sit(browser, site, second_study, who)
        page = sitting.page
        room.saved(page)
        assert sitting.packet()["ai"] == {"mode": "on_demand", "state": "not_asked"}
        assert [body for _url, body in sitting.heard if OF_THE_AI.search(bare(body))] == []
        page.context.set_offline(True)
        page.keyboard.press("s")
        page.get_by_test_id("notice").filter(has_text="did not answer").wait_for()
        page.context.set_offline(False)
        room.saved(page)
        page.keyboard.press("s")
        page.get_by_test_id("show-proposals").wait_for(state="detached")
        # The page may show what came before this process has heard of it.
        room.until(page, lambda: sitting.ai()["state"] == "ready", "the packet with proposals")
        ai = sitting.ai()
        room.saved(page)
        page.reload()
        room.enter_again(page)
        assert page.get_by_test_id("show-proposals").count() == 0
        assert page.get_by_test_id("proposals").locator("li.row").count() == len(ai["proposals"])
        page.context.close()
    finally:
        _turn(site, second_study, "on_demand", "concurrent")


def _turn(site: Site, base: str, before: str, mode: str) -> None:
    """Change an arm's mode behind the platform's back; its reader is in the middle of a case."""
    found = f"Arm.objects.filter(study='{base.rsplit('/', 1)[1]}', mode='{before}')"
    code = f"from readerstudy.studies.models import Arm\n{found}.update(mode='{mode}')"
    site.ask(code)


def test_a_concurrent_reader_has_proposals_from_the_start(
    browser: Browser, site: Site, second_study: str, frames: list[dict[str, Any]]
) -> None:
    """R6, R5, R9: with the case itself; one is taken over to be changed, and kept as an edit."""
    who = arms(site, second_study)["concurrent"]
    sitting = sit(browser, site, second_study, who)
    page = sitting.page
    _stands_alike(page, frames)
    while True:
        ai = sitting.packet()["ai"]
        assert isinstance(ai, dict)
        assert sitting.read()["stage"] == "only"
        assert page.get_by_test_id("proposals").count() == 1
        if ai["proposals"]:
            break
        sign_and_go_on(page)
    page.get_by_test_id("pane-0").hover()
    page.keyboard.press(".")
    kind = page.get_by_test_id("kind-of-lesion").first
    assert (kind.text_content() or "").startswith("If this is a lesion:")
    _is_in_sight(page)
    room.shoot(page, "kind-of-lesion-1280")
    see_known(page)
    _view_by_click(page, site)
    _see_heat(page)
    take_over(page, "e", rating="7")
    _hides_proposals_alone(page, site)
    read_id = sign_with_lesions(page, "8")
    assert kept(site, read_id)[:1] == ["edited"]
    page.context.close()


def _is_in_sight(page: Page) -> None:
    """What a decision needs is seen at once; the teaching text below it scrolls, also by keys."""
    panel, why = page.locator(".panel").bounding_box(), page.get_by_test_id("why")
    assert panel is not None
    for part in ("kind-of-lesion", "proposal-accept", "proposal-reject", "proposal-edit"):
        box = page.get_by_test_id(part).bounding_box()
        assert box is not None
        assert panel["y"] <= box["y"], part
        assert box["y"] + box["height"] <= panel["y"] + panel["height"], part
    assert axe(page) + unseen(page) == []  # R12
    first = page.get_by_test_id("pane-0")
    before = first.get_attribute("data-slice")
    why.focus()
    why.press("ArrowDown")
    hidden = why.evaluate("(each) => each.scrollHeight - each.clientHeight")
    assert hidden > 0
    room.until(page, lambda: why.evaluate("(each) => each.scrollTop") > 0, "the text to scroll")
    assert first.get_attribute("data-slice") == before
    why.blur()


def _view_by_click(page: Page, site: Site) -> None:
    """A click on a proposal in a picture is kept as looking at it, as one in the list is."""
    brackets = page.get_by_test_id("pane-0").locator(".proposal path.line").first
    box = brackets.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    room.saved(page)
    events = events_of(site, room.sign(page, "readId"))
    viewed = [each["payload"] for each in events if each["kind"] == "proposal_viewed"]
    assert len(viewed) == 2
    assert viewed[0] == viewed[1]
    assert room.sign(page, "marks") == "0"
    page.keyboard.down("h")
    room.until(page, lambda: page.locator(".proposal").count() == 0, "the overlays to be hidden")
    page.keyboard.up("h")
    room.until(page, lambda: page.locator(".proposal").count() > 0, "the overlays again")
    room.saved(page)
    assert _told_of_hiding(page, site)[-2:] == ["proposals_hidden", "proposals_shown"]


def _hides_proposals_alone(page: Page, site: Site) -> None:
    """By a held key own marks stay; it is over when the key is let go, Shift before it or not."""
    first = page.get_by_test_id("pane-0")
    room.until(page, lambda: first.locator(".proposal").count() > 0, "the proposal")
    page.keyboard.down("Shift")
    page.keyboard.down("h")
    room.until(page, lambda: page.locator(".proposal").count() == 0, "the proposals to be hidden")
    assert first.locator(".mark").count() > 0
    room.shoot(page, "proposals-hidden-1280")
    page.keyboard.up("Shift")
    page.keyboard.up("h")
    room.until(page, lambda: page.locator(".proposal").count() > 0, "the proposals again")
    room.saved(page)
    assert _told_of_hiding(page, site)[-4:] == 2 * ["proposals_hidden", "proposals_shown"]


def _told_of_hiding(page: Page, site: Site) -> list[str]:
    """In order, among whatever a clock has told between them."""
    kinds = [each["kind"] for each in events_of(site, room.sign(page, "readId"))]
    return [each for each in kinds if each in {"proposals_hidden", "proposals_shown"}]


def _see_heat(page: Page) -> None:
    """The fourth way of drawing proposals: over what the detector's answer rests on."""
    heat = page.locator(".heat path")
    assert heat.count() == 0
    for _ in ("box", "filled", "heat"):
        page.keyboard.press("Shift+S")
    room.until(page, lambda: heat.count() > 0, "the heat map")
    room.shoot(page, "heat-map")
    page.keyboard.press("v")  # three planes, through the proposal that is looked at
    shown = "[...document.querySelectorAll('.pane')].filter((e) => e.querySelector('.heat path'))"
    room.until(page, lambda: page.evaluate(f"{shown}.length") == 3, "the heat in each plane")
    room.shoot(page, "heat-map-planes")
    page.keyboard.press("v")
    room.until(page, lambda: page.locator(".pane").count() == 2, "the layout before")
    room.ready(page)
    page.keyboard.press("Shift+S")
    room.until(page, lambda: heat.count() == 0, "the outlines again")


def _to_proposals(sitting: Sitting) -> list[object]:
    """Read cases unaided until one has proposals; before the lock there is nothing of them."""
    page = sitting.page
    for _case in range(4):
        case = sitting.packet()["case"]
        assert sitting.read()["stage"] == "unaided"
        assert "ai" not in sitting.packet()
        assert page.get_by_test_id("proposals").count() == 0
        sign_and_go_on(page)
        assert sitting.read()["stage"] == "aided"
        assert sitting.packet()["case"] == case
        ai = sitting.packet()["ai"]
        assert isinstance(ai, dict)
        if ai["proposals"]:
            return list(ai["proposals"])
        sign_and_go_on(page)
    raise AssertionError("half of the phantoms have metastases that the detector finds")
