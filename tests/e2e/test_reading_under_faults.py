"""Faults in a real browser: killed, left, frozen, without its storage, after the other arm."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, Request, Route

from tests.e2e import room
from tests.e2e.conftest import Site, Visit, sign_in
from tests.e2e.events import events_of, gaps_in, settled
from tests.e2e.machine import Machine
from tests.e2e.sitting import arms
from tests.e2e.test_reading_room import _skip_questions, _study

pytestmark = pytest.mark.browser
CANARY = "c0ffee00-dead-4bad-8bad-000000000001"
WORDS = "canary-words-91827"
# All that a script of a later page can find on the device.
DUMP = """async () => {
  const found = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie,
                 document.documentElement.outerHTML, location.href, JSON.stringify(history.state)];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      found.push(request.url, await (await cache.match(request)).text());
    }
  }
  const whole = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  for (const { name } of await indexedDB.databases()) {
    const database = await whole(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      const rows = database.transaction(store).objectStore(store).getAll();
      found.push(store, JSON.stringify(await whole(rows)));
    }
    database.close();
  }
  return found.join("\\n");
}"""

KEPT = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("readerstudy-outbox");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const counting = opening.result.transaction("events").objectStore("events").count();
    counting.onsuccess = () => { opening.result.close(); resolve(counting.result); };
  };
})"""


@pytest.fixture
def machine(playwright: Playwright, tmp_path: Path) -> Iterator[Machine]:
    """A browser that may be killed."""
    made = Machine(playwright, tmp_path / "profile")
    yield made
    made.kill()


def _enter(page: Page, site: Site) -> None:
    """Into the demonstration's room; signing in where the browser has no session any more."""
    home = f"{site.url}/reading/{_study(site)}"
    page.goto(f"{home}/questions/about-you/")
    if "/sign-in" in page.url:
        sign_in(page, "reader", base=site.url)
        page.goto(f"{home}/questions/about-you/")
    _skip_questions(page)
    page.goto(f"{home}/")
    room.enter_again(page)


@pytest.mark.fault("C1")
@pytest.mark.fault("C14")
def test_c1_a_killed_browser_goes_on_with_what_it_had_not_sent(
    machine: Machine, site: Site
) -> None:
    page = machine.start()
    _enter(page, site)
    room.saved(page)
    read_id, marks = room.sign(page, "readId"), int(room.sign(page, "marks"))
    _mark_without_network(page, "6")
    machine.kill()

    page = machine.start()
    _enter(page, site)
    assert room.sign(page, "readId") == read_id
    assert int(room.sign(page, "marks")) == marks + 1
    assert room.sign(page, "unrated") == "false"
    room.saved(page)
    events = events_of(site, read_id)
    assert "crash_recovered" in {each["kind"] for each in events}
    assert gaps_in(events) == {}
    # The browser writes its local storage seconds later: without it, it cannot know of a loss.
    room.until(page, lambda: _is_noted(machine), "the outbox to be noted on the disk")
    machine.kill()

    _spoil(machine)  # C14: its database is broken, which never heals by itself
    page = machine.start()
    _enter(page, site)
    assert int(room.sign(page, "marks")) == marks + 1
    room.put_mark(page, "3")
    room.saved(page)
    events = events_of(site, read_id)
    (lost,) = [each for each in events if each["kind"] == "outbox_lost"]
    assert lost["payload"] == {"server_last": 0}  # of the new tab: its own are all here
    assert gaps_in(events) == {}


def _mark_without_network(page: Page, rating: str) -> int:
    """Put a mark that cannot be sent; answers how many events are kept on the disk for it."""
    page.context.set_offline(True)
    room.put_mark(page, rating)
    room.until(page, lambda: room.sign(page, "saved") == "kept", "the word that it is kept here")
    unsent = int(room.sign(page, "unsent"))
    assert unsent >= 2
    room.until(page, lambda: page.evaluate(KEPT) >= unsent, "all of it on the disk")
    return unsent


def _is_noted(machine: Machine) -> bool:
    return any("Local Storage" in each for each in machine.files_with("readerstudy.outbox"))


def _spoil(machine: Machine) -> None:
    """Overwrite what the browser keeps of its databases."""
    files = [each for each in machine.profile.glob("Default/IndexedDB/*/*") if each.is_file()]
    assert files
    for each in files:
        each.write_bytes(b"\0broken" * 64)


@pytest.mark.fault("C2")
def test_c2_a_page_that_is_left_hands_in_its_last_words(visit: Visit, site: Site) -> None:
    page = visit("reader", "/reading/")
    _enter(page, site)
    room.saved(page)
    read_id = room.sign(page, "readId")
    page.route("**/events", lambda route: route.abort())
    room.put_mark(page, "4")
    room.until(page, lambda: room.sign(page, "saved") == "kept", "a failure")
    page.wait_for_timeout(8_000)  # further tries are seconds apart by now
    unsent, before = int(room.sign(page, "unsent")), len(events_of(site, read_id))
    page.unroute("**/events")
    page.goto("about:blank")
    room.until(page, lambda: len(events_of(site, read_id)) >= before + unsent, "the last words")
    assert gaps_in(events_of(site, read_id)) == {}


@pytest.mark.fault("C2")
def test_c2_a_frozen_page_goes_on_and_one_out_of_the_cache_asks_anew(
    visit: Visit, site: Site
) -> None:
    page = visit("reader", "/reading/")
    _enter(page, site)
    read_id, marks = room.sign(page, "readId"), int(room.sign(page, "marks"))
    lifecycle = page.context.new_cdp_session(page)
    lifecycle.send("Page.setWebLifecycleState", {"state": "frozen"})
    time.sleep(3)
    lifecycle.send("Page.setWebLifecycleState", {"state": "active"})
    room.put_mark(page, "5")
    room.saved(page)
    with page.expect_navigation():
        page.evaluate("setTimeout(() => dispatchEvent("
                      "new PageTransitionEvent('pageshow', { persisted: true })))")  # fmt: skip
    room.enter_again(page)
    assert (room.sign(page, "readId"), int(room.sign(page, "marks"))) == (read_id, marks + 1)
    room.saved(page)
    events = events_of(site, read_id)
    assert "reload" in {each["kind"] for each in events}
    assert gaps_in(events) == {}


@pytest.mark.fault("C14")
def test_c14_without_a_database_all_goes_to_the_server_at_once(visit: Visit, site: Site) -> None:
    page = visit("reader", "/reading/")
    page.add_init_script(
        "IDBFactory.prototype.open = () => { throw new DOMException('private', 'SecurityError'); }"
    )
    _enter(page, site)
    assert page.get_by_text("This browser keeps nothing").count() == 1
    room.shoot(page, "room-keeps-nothing")
    marks = int(room.sign(page, "marks"))
    room.put_mark(page, "5")
    room.saved(page)
    read_id = room.sign(page, "readId")
    page.reload()
    room.enter_again(page)
    assert (room.sign(page, "readId"), int(room.sign(page, "marks"))) == (read_id, marks + 1)


@pytest.mark.fault("D3")
def test_d3_a_closed_windows_last_words_come_in_on_the_page_for_signing_in(
    visit: Visit, site: Site
) -> None:
    """The account ended while the browser had no network, and was closed then."""
    page = visit("reader", "/reading/")
    _enter(page, site)
    room.saved(page)
    read_id = room.sign(page, "readId")
    page.context.set_offline(True)
    room.put_mark(page, "4")
    room.until(page, lambda: room.sign(page, "saved") == "kept", "the word that it is kept here")
    _account(site, "deactivate")
    page.goto("about:blank")  # its last words come from nobody who is signed in
    before = len(events_of(site, read_id))
    page.context.set_offline(False)
    try:
        page.goto(f"{site.url}/sign-in/")
        page.get_by_label("Username").fill("reader")
        page.get_by_label("Password").fill(room.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        room.until(page, lambda: int(room.sign(page, "handedIn") or 0) >= 2, "the hand-in")
        late = events_of(site, read_id)[before:]
        assert {"mark_put", "mark_rated"} <= {each["kind"] for each in late}
        assert gaps_in(events_of(site, read_id)) == {}
    finally:
        _account(site, "reactivate")


@pytest.mark.fault("C12")
def test_c12_another_user_of_the_machine_neither_sends_nor_sees_what_the_first_had_not_sent(
    machine: Machine, site: Site, second_study: str
) -> None:
    """The first one's session ended without network; once they are back, what waited comes in."""
    page = machine.start()
    _enter(page, site)
    room.saved(page)
    read_id, marks = room.sign(page, "readId"), int(room.sign(page, "marks"))
    unsent = _mark_without_network(page, "8")
    # Before the page is left: its last words may reach the server, network or not, and are then
    # no longer kept here.
    page.context.clear_cookies()
    page.goto("about:blank")
    page.context.set_offline(False)
    before = settled(site, read_id)

    sent: list[str] = []
    page.on("request", lambda each: sent.append(f"{each.url} {each.post_data or ''}"))
    # Of the control arm: tests before this one may have had the others read every case.
    sign_in(page, arms(site, second_study)["control"], base=site.url)
    page.goto(f"{site.url}/reading/{second_study.rsplit('/', 1)[1]}/")
    room.enter_again(page)
    room.saved(page)
    assert room.sign(page, "readId") not in {"", read_id}
    assert [each for each in sent if read_id in each] == []
    assert read_id not in page.content()
    assert int(page.evaluate(KEPT)) >= unsent
    assert len(events_of(site, read_id)) == before

    page.goto("about:blank")
    page.context.clear_cookies()
    _enter(page, site)
    assert (room.sign(page, "readId"), int(room.sign(page, "marks"))) == (read_id, marks + 1)
    room.saved(page)
    assert len(events_of(site, read_id)) >= before + unsent
    assert gaps_in(events_of(site, read_id)) == {}


def _account(site: Site, act: str) -> None:
    """End the reader's account, or open it again."""
    site.ask(
        "from readerstudy.accounts import services\n"
        "from readerstudy.accounts.models import User\n"
        f"services.{act}(User.objects.get(username='reader'), reason='a test',"
        " by=User.objects.filter(is_staff=True).first())"
    )


@pytest.mark.fault("F9")
def test_f9_nothing_of_a_session_with_ai_stays_on_the_device(machine: Machine, site: Site) -> None:
    """R6: a packet with canaries, on demand; then one without, in the same browser."""
    page = machine.start()
    canaries = Canaries()
    page.on("request", canaries.notice)
    for address in ("**/api/studies/*/reads", "**/api/reads/*?tab=*"):
        page.route(address, canaries.answer)
    _enter(page, site)
    assert page.get_by_test_id("proposals").is_visible()
    page.get_by_test_id("pane-0").hover()
    row = page.get_by_test_id("proposal-A")
    page.keyboard.press(".")  # nothing can be done with what was not asked for
    page.keyboard.press("r")
    assert row.count() == 0
    assert page.get_by_test_id("show-proposals").is_visible()
    room.shoot(page, "proposals-on-demand")
    page.keyboard.press("s")
    row.wait_for()
    page.keyboard.press(".")
    page.keyboard.press("r")
    room.saved(page)
    events = events_of(site, room.sign(page, "readId"))
    # Of this page: tests before this one may have opened the read in an arm with proposals.
    events = [each for each in events if each["tab"] == events[-1]["tab"]]
    about = [each for each in events if each["kind"].startswith("proposal")]
    kinds = [each["kind"] for each in about if each["payload"].get("at") != "hold"]
    assert kinds[:3] == ["proposals_asked", "proposals_shown", "proposal_viewed"]
    assert "proposal_rejected" in kinds
    shown = next(each for each in events if each["kind"] == "proposals_shown")
    assert shown["payload"] == {"at": "asked"}
    assert CANARY in page.evaluate("document.documentElement.outerHTML") or WORDS in page.content()
    page.unroute_all()
    page.reload()
    room.enter_again(page)
    room.saved(page)
    # What nothing holds any more is collected in its time.
    room.until(page, lambda: _canaries_in(page) == [], "nothing of it to be on the device")
    _what_is_left_is_found(page)
    room.until(page, lambda: bool(machine.files_with("left-in-cache")), "the cache's own file")
    machine.kill()
    # What a database's log keeps of removed rows no page can read.
    kept = {*machine.files_with(CANARY), *machine.files_with(WORDS)}
    assert {each for each in kept if not each.startswith("Default/IndexedDB/")} == set()


def _canaries_in(page: Page) -> list[str]:
    found = page.evaluate(DUMP) + _heap(page)
    assert "readerstudy-outbox" not in found or "holders" in found
    return [each for each in (CANARY, WORDS) if each in found]


# F14: where a page might leave something; each is looked for above.
PLACES = {
    "page": "(word) => { document.body.dataset.left = word; }",
    "local-storage": "(word) => { localStorage.setItem('left', word); }",
    "session-storage": "(word) => { sessionStorage.setItem('left', word); }",
    "history": "(word) => { history.replaceState(word, ''); }",
    "cache": "async (word) => (await caches.open('left')).put('/left', new Response(word))",
    "variable": "(word) => { window.left = [word]; }",
}  # fmt: skip


def _what_is_left_is_found(page: Page) -> None:
    """The search itself: something is left in each place, and found."""
    for place, leave in PLACES.items():
        page.evaluate(leave, f"left-in-{place}")
    found = page.evaluate(DUMP) + _heap(page)
    assert [each for each in PLACES if f"left-in-{each}" not in found] == []


NOT_ASKED = {"mode": "on_demand", "state": "not_asked"}
SENT = {
    "mode": "on_demand",
    "detector": {"name": WORDS, "version": "1", "banner": ""},
    "state": "ready",
    "explanations": "short",
    "proposals": [
        {"id": CANARY, "label": "A", "centroid_mm": [0.0, 0.0, 0.0], "diameter_mm": 5.0,
         "volume_mm3": 65.0, "probability": 0.9, "uncertainty": None, "contours_mm": [],
         "explanation": WORDS, "has_heat_map": False},
    ],
    "decisions": {},
}  # fmt: skip


class Canaries:
    """Proposals that the platform never had, sent once the page has asked for them."""

    is_asked = False

    def notice(self, request: Request) -> None:
        """Look whether the page asks."""
        self.is_asked |= "proposals_asked" in (request.post_data or "")

    def answer(self, route: Route) -> None:
        """The platform's own answer, with them."""
        answer = route.fetch()
        body = answer.json()
        if "read" in body:
            body["ai"] = SENT if self.is_asked else NOT_ASKED
        route.fulfill(response=answer, json=body)


def _heap(page: Page) -> str:
    """Every string that the page's program holds."""
    session = page.context.new_cdp_session(page)
    parts: list[str] = []
    session.on("HeapProfiler.addHeapSnapshotChunk", lambda event: parts.append(event["chunk"]))
    session.send("HeapProfiler.collectGarbage")
    session.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    found = "".join(parts)
    assert len(found) > 100_000
    return found
