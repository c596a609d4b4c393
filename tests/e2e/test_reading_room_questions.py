"""Questions that hang on an answer, and the case after this one, in a real browser."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Response

from tests.e2e import room
from tests.e2e.conftest import Site, Visit
from tests.e2e.events import events_of
from tests.e2e.test_reading_room import open_room

pytestmark = pytest.mark.browser
QUESTION = "In how many weeks?"
IMAGES = re.compile(r"/imaging/[^/]+/series/([0-9a-f-]+)/pack")


@pytest.fixture
def asked_further(site: Site) -> Iterator[None]:
    """The demonstration also asks for weeks, of who wants a short-interval MRI.

    Put there past the platform: the desk's page has no form for it, a protocol file has.
    """
    find = (
        "from readerstudy.studies.models import Question\n"
        "q = Question.objects.get(key='management', study__name__startswith='Demonstration')\n"
    )
    site.ask(
        f"{find}q.pk, q.key, q.kind, q.text = None, 'weeks', 'number', {QUESTION!r}\n"
        "q.choices, q.minimum, q.maximum, q.position = [], 1, 52, q.position + 10\n"
        "q.shown_if = {'question': 'management', 'equals': 'short'}\n"
        "q._state.adding = True\nq.save(force_insert=True)"
    )
    yield
    site.ask(f"{find}q.study.questions.filter(key='weeks').delete()")


def _main_case(page: Page) -> None:
    """Into the first case that is no training; that one has no lesion and a pass mark."""
    room.enter_again(page)
    if page.get_by_test_id("where").get_by_text("Training").count():
        page.get_by_test_id("no-lesion").click()
        room.answer(page, "1")
        read_id = _sign(page)
        page.get_by_test_id("next-case").click()
        _next(page, read_id)


def _sign(page: Page) -> str:
    room.saved(page)
    read_id = room.sign(page, "readId")
    room.submit(page)
    return read_id


def _next(page: Page, read_id: str) -> None:
    room.until(page, lambda: room.sign(page, "readId") not in {"", read_id}, "the next case")
    room.ready(page)


def _clear(page: Page) -> None:
    """No mark of a test before: that there is none is said."""
    while int(room.sign(page, "marks")) > 0:
        page.keyboard.press("n")
        page.keyboard.press("Delete")
    if not page.get_by_test_id("no-lesion").is_checked():
        page.keyboard.press("o")


def _missing(page: Page) -> str:
    """What the summary says is missing; back to the case."""
    page.keyboard.press("Control+Enter")
    words = page.get_by_test_id("submit-gaps").inner_text()
    assert page.get_by_test_id("submit-password").count() == 0
    page.keyboard.press("Escape")
    page.get_by_test_id("submit-dialog").wait_for(state="detached")
    return words


def _type(page: Page, words: str) -> None:
    """Into the question that Q leads to: the first that has no fitting answer."""
    page.keyboard.press("q")
    page.keyboard.type(words)
    page.keyboard.press("Escape")


def test_r4_r12_a_question_that_hangs_on_an_answer_is_answered_by_keys(
    visit: Visit, site: Site, asked_further: None
) -> None:
    """It shows on its answer only; what is missing is said; hidden again, it is not signed."""
    page = open_room(visit, site)
    _main_case(page)
    _clear(page)
    page.get_by_test_id("answer-likelihood").press("2")
    page.keyboard.press("Escape")
    weeks = page.get_by_test_id("question-weeks")
    routine = page.get_by_test_id("answer-management-routine")
    routine.focus()
    page.keyboard.press("Space")
    assert weeks.count() == 0
    page.keyboard.press("ArrowRight")
    weeks.wait_for()
    room.shoot(page, "question-that-hangs-on-an-answer-1280")
    page.keyboard.press("Escape")
    assert QUESTION in _missing(page)
    _type(page, "99")
    assert weeks.get_attribute("data-answered") == "false"
    assert QUESTION in _missing(page)
    page.keyboard.press("q")
    page.keyboard.press("Control+a")
    page.keyboard.type("6")  # and the field is not left: what is typed is kept all the same (R7)
    room.until(page, lambda: weeks.get_attribute("data-answered") == "true", "the answer")
    room.saved(page)
    page.reload()
    room.enter_again(page)
    assert page.get_by_test_id("answer-weeks").input_value() == "6"
    page.get_by_test_id("answer-management-short").focus()
    page.keyboard.press("ArrowRight")
    weeks.wait_for(state="detached")
    page.keyboard.press("Escape")
    read_id = _sign(page)
    _next(page, read_id)
    code = "from readerstudy.reads.models import Read\n"
    code += f"a = Read.objects.get(pk='{read_id}').answers\n"
    code += "print(sorted(a.values_list('question__key', flat=True)))"
    assert site.ask(code).strip() == "['likelihood', 'management']"
    told = [each["payload"] for each in events_of(site, read_id) if each["kind"] == "answer_set"]
    # What was done stays in the read's events, and where.
    assert ("weeks", 6, 0) in [(e["key"], e["value"], e["view"]["pane"]) for e in told]


def test_r1_the_next_case_is_fetched_while_this_one_is_read(visit: Visit, site: Site) -> None:
    """All its images are here before the signature, and not one is asked for after it."""
    page = open_room(visit, site)
    _main_case(page)
    heard: list[dict[str, Any]] = []
    asked: list[str] = []
    whole: dict[str, int] = {}

    def on_answer(answer: Response) -> None:
        if answer.url.endswith("/next-images"):
            heard.append({"text": answer.text(), "status": answer.status})

    def on_whole(request: Request) -> None:
        if found := IMAGES.search(request.url):
            size = request.sizes()["responseBodySize"]
            whole[found[1]] = max(size, whole.get(found[1], 0))

    page.on("response", on_answer)
    page.on("requestfinished", on_whole)
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    room.enter_again(page)
    room.until(page, lambda: len(heard) > 0, "what the next case has to fetch")
    ahead = json.loads(heard[-1]["text"])
    series = {each["id"]: each["bytes"] for each in ahead["series"]}
    assert len(series) >= 3
    # A request that the reload cut short has come to its end, too, with a part.
    room.until(
        page,
        lambda: all(whole.get(each, 0) >= least for each, least in series.items()),
        "all of it to be fetched",
    )
    _tells_nothing(ahead)
    _clear(page)
    room.answer(page, "1")
    room.saved(page)
    asked.clear()
    _next(page, _sign(page))
    assert [each for each in asked if IMAGES.search(each) and _of(each) in series] == []
    assert any(each.endswith("/reads") for each in asked)  # the listener has not gone deaf
    shown = {each.get_attribute("data-role") for each in page.locator(".pane").all()}
    assert shown <= {each["role"] for each in ahead["series"]}


def _of(address: str) -> str:
    found = IMAGES.search(address)
    return found[1] if found else ""


def _tells_nothing(ahead: dict[str, Any]) -> None:
    """A token and series as the open case's own: not whose case, in which arm, with what truth."""
    assert ahead.keys() == {"token", "series"}
    named = {key for each in ahead["series"] for key in each}
    assert named == {
        "id", "role", "description", "frames", "bytes", "geometry", "acquisition", "encodings",
    }  # fmt: skip
