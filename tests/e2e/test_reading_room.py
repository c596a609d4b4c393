"""Journey 2: a radiologist reads, in a real browser, on real series from the platform."""

import re
from io import BytesIO

import numpy as np
import pytest
from django_otp.oath import totp
from PIL import Image
from playwright.sync_api import Page

from tests.e2e import room
from tests.e2e.axe import problems as axe
from tests.e2e.conftest import Site, Visit
from tests.e2e.documents import Documents
from tests.e2e.focus import unseen

pytestmark = pytest.mark.browser


def _study(site: Site) -> str:
    code = "from readerstudy.demo import build; print(build.find().pk)"
    return site.ask(code).strip()


def open_room(visit: Visit, site: Site, size: str = "1280x800") -> Page:
    """The demonstration's room; what is asked before the first case is skipped, if it is due."""
    study = _study(site)
    page = visit("reader", f"/reading/{study}/questions/about-you/", size)
    _skip_questions(page)
    page.goto(f"/reading/{study}/")
    return page


def _skip_questions(page: Page) -> None:
    """Skip them, here or behind the home's button, where they are due."""
    skip = page.get_by_role("button", name="Skip these questions")
    if (asked := page.get_by_role("link", name="Answer a few questions first")).count():
        asked.click()
        skip.wait_for()
    if skip.count():
        skip.click()
        page.wait_for_url(lambda url: "/questions/" not in url)


def _read(site: Site, fields: str, read_id: str) -> str:
    code = "from readerstudy.reads.models import Read\n"
    code += f"r = Read.objects.get(pk='{read_id}'); print({fields})"
    return site.ask(code).strip()


def _display(page: Page) -> list[str]:
    """Through the display check by the keyboard, and what is wrong with it."""
    room.until(page, lambda: room.sign(page, "phase") in {"display", "reading"}, "the room")
    if room.sign(page, "phase") != "display":
        return []
    _shows_the_pattern(page)
    found = axe(page) + unseen(page)
    page.get_by_test_id("display-seen").press("Enter")
    room.until(page, lambda: room.sign(page, "phase") != "display", "the way on")
    return found


def _shows_the_pattern(page: Page) -> None:
    """R11: to the pixel: steps of grey, lines one and two pixels apart, both ways."""
    greys = np.asarray(Image.open(BytesIO(page.locator("svg.pattern").screenshot())).convert("L"))
    steps = [int(greys[41, 31 + 34 * at]) for at in range(18)]
    assert steps == [round(8 + 240 * at / 17) for at in range(18)]
    for left, thick in ((30, 1), (540, 2)):
        lines = ([255] * thick + [0] * thick) * (20 // thick)
        assert greys[150, left : left + 40].tolist() == lines
        assert "".join(map(chr, lines)) in "".join(map(chr, greys[:, left + 64].tolist()))


def _tour(page: Page) -> list[str]:
    """The tour of the first use, by the keyboard: every stop; what is wrong with it."""
    room.until(page, lambda: room.sign(page, "tour") == "pictures", "the tour")
    found = axe(page)
    stops = []
    while stop := room.sign(page, "tour"):
        stops.append(stop)
        room.shoot(page, f"tour-{stop}-1280")
        page.get_by_test_id("tour-next").press("Enter")
    assert stops == ["pictures", "marks", "answers", "keys"] or "proposals" in stops
    return found


def _reading(page: Page) -> dict[str, list[str]]:
    """What is wrong with the room as it opens, and with its keys."""
    found = {"reading": axe(page) + unseen(page)}
    room.shoot(page, "reading-room-1280")
    page.keyboard.press("?")
    return found | {"keys": _in_dialog(page)}


def _in_dialog(page: Page) -> list[str]:
    page.locator("[role=dialog], dialog[open]").first.wait_for()
    found = axe(page) + unseen(page)
    page.keyboard.press("Escape")
    return found


def test_a_radiologist_reads_the_training_case_and_is_shown_the_truth(
    visit: Visit, site: Site
) -> None:
    """R3, R4, R10, R11, R12: a mark, rated; answers, signature; feedback in training only."""
    code = "from tests.e2e import demonstration; print(*demonstration.first_read())"
    assert site.ask(code).split() == ["concurrent", "C-101"]  # no test here meets another by chance
    page = visit("reader", "/reading/")
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    documents = Documents(page)
    room.shoot(page, "reading-home-1280")
    found = {"home": axe(page)}
    found["start"] = _start(page)
    found["display"] = _display(page)
    found["tour"] = _tour(page)
    room.ready(page)
    found |= _reading(page)
    _compares_with_the_prior(page)
    room.put_mark(page)
    found["marked"] = axe(page)
    _take_back(page)
    room.answer(page)
    room.saved(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")
    found["submit"] = _in_dialog(page)
    read_id = room.sign(page, "readId")
    room.submit(page)
    room.until(page, lambda: page.get_by_test_id("feedback").is_visible(), "the feedback")
    room.shoot(page, "training-feedback")
    found["feedback"] = axe(page)
    assert {where: each for where, each in found.items() if each} == {}  # R12
    state, active = _read(site, "r.state, r.active_ms > 0", read_id).split()
    assert (state, active) == ("submitted", "True")
    page.get_by_test_id("next-case").click()
    room.until(page, lambda: room.sign(page, "readId") not in {"", read_id}, "the next case")
    room.ready(page)
    assert room.sign(page, "tour") == ""  # it is taken once
    assert documents.is_one()  # from the worklist by the start of the session to the second case
    assert problems == []
    _has_certificate(page, site)


def _compares_with_the_prior(page: Page) -> None:
    """R1: side by side, linked where the reader says; nothing is marked on the prior."""
    now, before = page.get_by_test_id("pane-0"), page.get_by_test_id("pane-1")
    assert [each.get_attribute("data-examination") for each in (now, before)] == [
        "current", "prior",
    ]  # fmt: skip
    assert before.get_by_text("92 days earlier").count() == 1
    assert before.get_attribute("data-tie") == "none"  # another frame of reference
    room.shoot(page, "prior-1280")
    slice_ = before.get_attribute("data-slice")
    now.hover()
    page.keyboard.press("PageDown")
    assert before.get_attribute("data-slice") == slice_
    page.keyboard.press("Shift+G")
    room.until(page, lambda: before.get_attribute("data-tie") == "here", "the link")
    page.keyboard.press("PageDown")
    room.until(page, lambda: before.get_attribute("data-slice") != slice_, "both to leaf")
    before.hover()
    page.keyboard.press("m")
    word = page.get_by_test_id("notice")
    room.until(page, lambda: "comparison only" in (word.text_content() or ""), "the refusal")
    assert room.sign(page, "marks") == "0"
    page.get_by_test_id("layout-prior_four").click()
    room.until(page, lambda: page.locator("[data-examination=prior]").count() == 2, "two of each")
    room.ready(page)
    room.shoot(page, "prior-four-1280")
    page.get_by_test_id("layout-main").click()
    room.until(page, lambda: page.locator("[data-examination=prior]").count() == 0, "no prior")
    page.get_by_test_id("turn-prior").click()
    room.until(page, lambda: page.locator("[data-examination=prior]").count() == 1, "it again")
    page.get_by_test_id("turn-prior").click()
    room.until(page, lambda: page.locator("[data-examination=prior]").count() == 0, "back")
    room.ready(page)


def _start(page: Page) -> list[str]:
    """From the home through the page before a session, and what is wrong with that."""
    _skip_questions(page)
    ours = page.get_by_role("region", name=re.compile("^Demonstration"))
    ours.get_by_role("link", name=re.compile("Start|Continue")).click()
    enter = page.get_by_role("button", name="Enter the reading room")
    enter.wait_for()
    room.shoot(page, "reading-start-1280")
    found = axe(page)
    enter.press("Enter")
    page.wait_for_url(lambda url: not url.endswith("/start/"))
    return found


def _take_back(page: Page) -> None:
    """The training case has no lesion, and training has a pass mark."""
    page.keyboard.press("Control+z")
    room.until(page, lambda: room.sign(page, "marks") == "0", "the mark to be taken back")
    page.get_by_test_id("no-lesion").click()


def _has_certificate(page: Page, site: Site) -> None:
    page.goto(f"/reading/{_study(site)}/certificate/")
    assert "has passed the training of the study" in page.locator("main").inner_text()
    assert axe(page) == []
    room.shoot(page, "certificate-of-training")


def _is_aided(site: Site, read_id: str) -> bool:
    """Whether the allocation has this read with the AI: known past the platform only."""
    return _read(site, "r.arm.mode", read_id) == "concurrent"


def test_a_read_goes_on_after_the_browser_was_killed(visit: Visit, site: Site) -> None:
    """R7, C1: same case, same marks; the gap is a gap. R6: proposals where the arm has them."""
    first = open_room(visit, site, "1920x1080")
    room.enter_again(first)
    room.shoot(first, "reading-room-1920")
    shown = first.get_by_test_id("proposals").count() == 1
    assert shown == _is_aided(site, room.sign(first, "readId"))
    room.put_mark(first, "6")
    room.saved(first)
    read_id, marks = room.sign(first, "readId"), room.sign(first, "marks")
    first.context.close()
    second = open_room(visit, site)
    room.enter_again(second)
    assert (room.sign(second, "readId"), room.sign(second, "marks")) == (read_id, marks)
    try:
        _signs_in_over_the_case(second, site)
    finally:  # the tests after this one sign in by the password alone
        site.manage("reset_second_factor", "reader", "--reason", "the test is over")
    assert (room.sign(second, "readId"), room.sign(second, "marks")) == (read_id, marks)


KEY = "3132333435363738393031323334353637383930"  # of RFC 6238, appendix B


def _signs_in_over_the_case(page: Page, site: Site) -> None:
    """C12: the session ended; who has a second factor gives its code too, over the case."""
    code = (
        "from readerstudy.accounts import services\nfrom readerstudy.accounts.models import User\n"
        "from django_otp.oath import totp\nu = User.objects.get(username='reader')\n"
        f"services.enrol(u, key='{KEY}', code=f'{{totp(bytes.fromhex(\"{KEY}\")):06d}}', by=u)"
    )
    site.ask(code)
    page.context.clear_cookies(name="session")
    page.keyboard.press("ArrowDown")
    dialog = page.get_by_test_id("sign-in")
    dialog.get_by_label("Password").fill(room.PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    asked = dialog.get_by_label("Code of your app")
    asked.wait_for()
    assert axe(page) == []
    room.shoot(page, "sign-in-over-the-case")
    asked.press_sequentially(f"{totp(bytes.fromhex(KEY), t0=-30):06d}")  # the next half minute's
    asked.press("Enter")
    dialog.wait_for(state="detached")
    room.saved(page)
