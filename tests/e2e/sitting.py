"""A reader in the room of a study that was made through pages, and what their browser hears."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Locator, Page, Response

from tests.e2e import patient, room
from tests.e2e.conftest import PATIENCE_MS, SIZES, Site, sign_in
from tests.e2e.events import events_of

OF_THE_AI = re.compile(r"proposal|probability|detector|uncertainty")
READ = "from readerstudy.reads.models import Read"


@dataclass
class Sitting:
    """A reader in the room and what their browser heard from the server."""

    page: Page
    heard: list[tuple[str, str]] = field(default_factory=list)

    def listen(self) -> None:
        """Keep every answer of the API from here on."""
        self.page.on("response", self._keep)

    def _keep(self, answer: Response) -> None:
        kind = answer.headers.get("content-type") or ""
        if "/api/" in answer.url and "json" in kind:
            self.heard.append((answer.url, answer.text()))

    def packet(self) -> dict[str, object]:
        """The open case as it was sent; the page may show it before it is heard of here."""
        room.until(self.page, self._has_heard, "the answer with the case that is open")
        return self._newest()

    def _newest(self) -> dict[str, Any]:
        bodies = (body for _url, body in reversed(self.heard) if '"questions"' in body)
        found: dict[str, Any] = json.loads(next(bodies, "{}"))
        return found

    def _has_heard(self) -> bool:
        read = self._newest().get("read", {})
        return bool(read) and read["id"] == room.sign(self.page, "readId")

    def ai(self) -> dict[str, Any]:
        """What the open case's packet has of the AI; empty where it has nothing."""
        found = self.packet().get("ai", {})
        assert isinstance(found, dict)
        return found

    def read(self) -> dict[str, object]:
        """What the open case's packet says of the read itself."""
        found = self.packet()["read"]
        assert isinstance(found, dict)
        return found


def arms(site: Site, base: str, among: Sequence[str] = ()) -> dict[str, str]:
    """A reader (`among` these) of each arm's mode in the first period, by username.

    Read past the platform, as no page tells it.
    """
    code = (
        "import json\n"
        "from readerstudy.studies.allocation import Allocation\n"
        f"rows = Allocation.objects.filter(list__study='{base.rsplit('/', 1)[1]}', period=1)\n"
        f"rows = rows.filter(reader__user__username__in={among!r}) if {among!r} else rows\n"
        "print(json.dumps(dict(rows.values_list('arm__mode', 'reader__user__username'))))"
    )
    found: dict[str, str] = json.loads(site.ask(code))
    return found


def sit(browser: Browser, site: Site, base: str, username: str, size: str = "1280x800") -> Sitting:
    """Sign in and read the training case, so that the first main case is open."""
    width, height = SIZES[size]
    context = browser.new_context(
        base_url=site.url, viewport={"width": width, "height": height}, locale="en-GB"
    )
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(room.FAST_LINE)  # no arm differs by a codec that it had to load
    sitting = Sitting(context.new_page())
    sign_in(sitting.page, username)
    sitting.listen()
    sitting.page.goto(f"/reading/{base.rsplit('/', 1)[1]}/")
    room.enter_again(sitting.page)
    while sitting.read()["is_training"]:
        if sitting.read()["stage"] == "unaided":
            sign_and_go_on(sitting.page)  # feedback waits for the case's second half
        else:
            _sign(sitting.page)
            _next(sitting.page)
    return sitting


def _sign(page: Page) -> None:
    page.get_by_test_id("no-lesion").click()
    room.answer(page, "1")
    room.saved(page)
    room.submit(page)


def _next(page: Page) -> None:
    before = room.sign(page, "readId")
    room.until(page, lambda: page.get_by_test_id("next-case").is_visible(), "the way on")
    page.get_by_test_id("next-case").click()
    _opened(page, before)


def _opened(page: Page, before: str) -> None:
    room.until(page, lambda: room.sign(page, "readId") not in {"", before}, "the next case")
    room.ready(page)


def sign_and_go_on(page: Page) -> None:
    """Sign a case as one without a lesion; the next opens."""
    before = room.sign(page, "readId")
    _sign(page)
    _opened(page, before)


def bare(body: str) -> str:
    """Without a mark's member that every arm has."""
    return body.replace('"proposal":null', "")


def read_whole(sitting: Sitting, site: Site, *, aided: bool) -> None:
    """Journey 2 on the case that is open: look about, mark and rate, answer, sign, the next opens.

    With the AI the mark is made of a proposal, which the case must have; without it, by pointing.
    """
    page = sitting.page
    _look_about(page, site)
    if aided:
        page.keyboard.press(".")
        take_over(page, "a", rating="9")
    else:
        room.put_mark(page, "7")
    read_id = sign_with_lesions(page, "8")
    assert room.sign(page, "phase") == "reading"  # the next case, of itself
    room.ready(page)
    decisions = ["accepted"] if aided else []
    assert kept(site, read_id) == [*decisions, "only", "1", "submitted"]
    assert int(site.ask(f"{READ}\nprint(Read.objects.get(pk='{read_id}').active_ms)")) > 0


def _look_about(page: Page, site: Site) -> None:
    """Leaf, link, window and zoom: each shows in the panes, and each is kept as an event."""
    first, second = (page.get_by_test_id(f"pane-{number}") for number in (0, 1))

    def changes(pane: Locator, what: str, act: Callable[[], object], words: str) -> None:
        before = pane.get_attribute(what)
        act()
        room.until(page, lambda: pane.get_attribute(what) != before, words)

    def leaf(towards: int) -> None:
        there = int(first.get_attribute("data-slice") or 0) + 3 * towards
        for _ in range(3):  # a slice of FLAIR is several of T1c
            page.mouse.wheel(0, 300 * towards)
        room.until(page, lambda: first.get_attribute("data-slice") == str(there), "it to leaf")

    first.hover()
    room.until(page, lambda: patient.are_in_step(page, site), "both sequences at one place")
    page.keyboard.press("g")
    apart = second.get_attribute("data-slice")
    leaf(1)
    assert second.get_attribute("data-slice") == apart
    changes(second, "data-slice", lambda: page.keyboard.press("g"), "both to come together")
    room.until(page, lambda: patient.are_in_step(page, site), "both sequences at one place")
    changes(second, "data-slice", lambda: leaf(-1), "the other sequence to leaf too")
    room.until(page, lambda: patient.are_in_step(page, site), "both sequences at one place")
    changes(first, "data-window", lambda: page.keyboard.press("]"), "another window")
    ruler = first.locator(".ruler")
    before = ruler.inner_html()
    page.keyboard.press("+")
    room.until(page, lambda: ruler.inner_html() != before, "the picture to be larger")
    read_id, wanted = room.sign(page, "readId"), {"scroll", "link", "window", "zoom"}
    room.until(
        page, lambda: wanted <= {each["kind"] for each in events_of(site, read_id)}, "its events"
    )


def take_over(page: Page, key: str, *, rating: str) -> None:
    """Make a mark of the proposal that is shown, and rate it."""
    page.keyboard.press(key)
    room.until(page, lambda: room.sign(page, "marks") == "1", "the mark of the proposal")
    page.keyboard.press(rating)
    room.until(page, lambda: room.sign(page, "unrated") == "false", "its rating")


def sign_with_lesions(page: Page, likelihood: str) -> str:
    """Answer and sign a case that is the list's last or not; answers the read's id."""
    room.answer(page, likelihood)
    room.saved(page)
    read_id = room.sign(page, "readId")
    room.submit(page)
    room.until(
        page,
        lambda: room.sign(page, "readId") != read_id or room.sign(page, "phase") == "finished",
        "the next case, or the end of the list",
    )
    return read_id


def kept(site: Site, read_id: str) -> list[str]:
    """Decisions of the aided read; then of both reads of the case: stage, marks, state."""
    code = (
        f"{READ}\nr = Read.objects.get(pk='{read_id}')\n"
        "print(*sorted(r.decisions.values_list('kind', flat=True)))\n"
        "for each in Read.objects.filter(allocation=r.allocation).order_by('opened_at'):\n"
        "    print(each.stage, each.marks.filter(is_removed=False).count(), each.state)"
    )
    return site.ask(code).split()
