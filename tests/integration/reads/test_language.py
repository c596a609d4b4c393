"""The readers' pages in Chinese: whole, whatever the state; the language goes with the user."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from readerstudy.accounts.models import User
from readerstudy.audit.models import Entry
from readerstudy.proposals import bridge, selectors
from readerstudy.reads.models import Read
from readerstudy.studies import services as studies
from readerstudy.studies.definition import QuestionDraft, QuestionnaireDraft
from readerstudy.studies.models import Study
from readerstudy.truth.models import ReferenceStandard
from tests import kept, proposing
from tests.cast import PASSWORD, People
from tests.integration.reads.conftest import sit

pytestmark = [pytest.mark.django_db, pytest.mark.once]
SPOKEN = {"alt", "aria-label", "title", "placeholder"}
# Names, and what Chinese writes in Latin letters.
LATIN = re.compile(
    r"Readerstudy|English|Rae|Resident|North|Hospital|SHA-256 [0-9a-f]+|PDF|Ctrl|JavaScript|UTC"
)


class Words(HTMLParser):
    """All that a page says, to the eye and to a screen reader."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in SPOKEN and value]


def in_english(page: str) -> list[str]:
    """What a page says in another language than Chinese."""
    return [each.strip() for each in Words(page).found
            if re.search(r"[A-Za-z]{3}", LATIN.sub("", each))]  # fmt: skip


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    yield
    translation.activate("en")


def chinese_study(people: People, *, n_training: int = 1, tests: int = 0) -> Study:
    """A study whose own words are Chinese, with a questionnaire and a pass mark."""
    made = kept.draft_study(people, n_training=n_training, with_proposals=True)
    Study.objects.filter(pk=made.pk).update(name="研究", washout_days=0)
    made.refresh_from_db()
    years = QuestionDraft(key="years", text="年限", kind="number", minimum=0)
    asked = QuestionnaireDraft(key="about", title="关于您", moment="before", questions=(years,))
    studies.set_questionnaires(made, questionnaires=(asked,), by=people.cora)
    studies.set_pass_mark(made, percent=100, tests=tests, by=people.cora)
    proposing.propose_for(made, proposing.found())
    studies.lock(made, password=PASSWORD, by=people.cora)
    return studies.start(Study.objects.get(pk=made.pk), by=people.cora)


def test_r10_no_readers_page_says_anything_untranslated(people: People) -> None:
    """From the first questions to the certificate; refusals and the sign-in page too."""
    study, client = chinese_study(people), Client(headers={"Accept-Language": "zh-CN"})
    pages = {"sign-in": client.get("/sign-in/")}
    wrong = {"username": "rae", "password": "wrong"}
    pages["not signed in"] = client.post("/sign-in/", wrong)
    client.force_login(people.rae, backend="django.contrib.auth.backends.ModelBackend")
    base = f"/reading/{study.pk}"
    pages |= {
        "home, asked": client.get("/reading/"),
        "asked": client.get(f"{base}/questions/about/"),
    }
    pages["badly answered"] = client.post(f"{base}/questions/about/", {"years": "x"})
    client.post(f"{base}/questions/about/", {"years": "4"})
    pages["home, training"] = client.get("/reading/")  # with the word of thanks
    pages["start of training"] = client.get(f"{base}/start/")
    pages["training to come"] = client.get(f"{base}/training/")
    for number in range(9):  # a training case, twice four cases
        sit(people.rae, study).read_and_sign()
        if number == 0:
            pages |= {"home, cases": client.get("/reading/"), "start": client.get(f"{base}/start/")}
            pages["certificate of training"] = client.get(f"{base}/certificate/")
    for name in ("training", "history", "certificate"):
        pages[name] = client.get(f"{base}/{name}/")
    pages |= {"home, done": client.get("/reading/"), "room": client.get(f"{base}/")}
    pages |= {"profile": client.get("/profile/"), "unknown": client.get("/studies/none/")}
    assert {page.status_code for page in pages.values()} <= {200, 400, 403, 404}
    found = {name: in_english(page.content.decode()) for name, page in pages.items()}
    assert {name: words for name, words in found.items() if words} == {}
    assert "您已读完全部病例" in pages["home, done"].content.decode()
    assert "参与证书" in pages["certificate"].content.decode()


@pytest.mark.parametrize("is_passed", [True, False])
@pytest.mark.parametrize("n_training", [2, 1])
def test_r10_pages_of_a_test_are_translated_before_and_after_it(
    people: People,
    is_passed: bool,  # noqa: FBT001 -- parametrized
    n_training: int,
) -> None:
    study = chinese_study(people, n_training=n_training, tests=1)
    client = Client(headers={"Accept-Language": "zh-CN"})
    client.force_login(people.rae, backend="django.contrib.auth.backends.ModelBackend")
    base = f"/reading/{study.pk}"
    pages: dict[str, Any] = {}
    client.post(f"{base}/questions/about/", {"years": "4"})
    for number in range(n_training + 1):
        pages |= {f"home, {number}": client.get("/reading/")}
        pages |= {f"{name}, {number}": client.get(f"{base}/{name}/")
                  for name in ("start", "training", "certificate")}  # fmt: skip
        if number < n_training:
            tab = sit(people.rae, study)
            tab.open()
            case = Read.objects.get(pk=tab.read_id).case
            is_diseased = ReferenceStandard.objects.get(case=case).status == "diseased"
            tab.read_case(marks=int(is_diseased == is_passed))
            tab.sign()
    found = {name: in_english(page.content.decode()) for name, page in pages.items()}
    assert {name: words for name, words in found.items() if words} == {}
    page = pages[f"training, {n_training}"].content.decode()
    assert f"您读对了 1 个测试病例中的 {int(is_passed)} 个" in page


def test_r10_what_was_not_translated_would_be_found() -> None:
    page = '<p>我的阅片</p><p>Not yet</p><img alt="QR code"><script>'
    assert in_english(page) == ["Not yet", "QR code"]


def test_r10_the_language_goes_with_the_user_to_another_machine(people: People) -> None:
    study = chinese_study(people)
    here = Client()
    here.force_login(people.rae, backend="django.contrib.auth.backends.ModelBackend")
    assert 'lang="en"' in here.get("/reading/").content.decode()
    chosen = here.post("/language/", {"language": "zh-hans", "next": "/reading/"})
    assert (chosen.status_code, chosen["Location"]) == (302, "/reading/")
    assert "我的阅片" in here.get("/reading/").content.decode()
    assert Entry.objects.get(action="accounts.set_language").detail == {"language": "zh-hans"}
    signing_in = {"username": "rae", "password": PASSWORD}
    by_page, by_program = Client(), Client()
    by_page.post("/sign-in/", signing_in)
    by_program.post("/api/sign-in", signing_in, content_type="application/json")
    for there in (by_page, by_program):
        assert 'lang="zh-hans"' in there.get("/reading/").content.decode()
        assert there.get("/api/me").json()["language"] == "zh-hans"
    refused = by_page.post(
        f"/api/studies/{study.pk}/reads", {"tab": str(study.pk), "session_id": None},
        content_type="application/json",
    )  # fmt: skip
    assert refused.json()["detail"].startswith("请先回答“关于您”")
    room = by_page.post("/api/me/language", {"language": "en"}, content_type="application/json")
    assert room.status_code == 204
    assert User.objects.get(pk=people.rae.pk).language == "en"
    assert "My reading" in by_page.get("/reading/").content.decode()


def test_a_language_that_there_is_not_changes_nothing(people: People) -> None:
    client = Client()
    assert client.post("/language/", {"language": "tlh", "next": "//elsewhere"})["Location"] == "/"
    assert "language" not in client.cookies
    client.force_login(people.rae, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post("/language/", {"language": "tlh"}).status_code == 400
    answer = client.post("/api/me/language", {"language": "tlh"}, content_type="application/json")
    assert answer.status_code == 400
    assert User.objects.get(pk=people.rae.pk).language == ""


def test_a_shipped_detectors_banner_is_in_the_readers_language(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()  # the real cards
    for name in bridge.known_detectors():
        english = selectors.banner(name)
        with translation.override("zh-hans"):
            assert selectors.banner(name) != english, name
            assert not in_english(selectors.banner(name))
            assert not in_english(selectors.banner("gone@1"))
