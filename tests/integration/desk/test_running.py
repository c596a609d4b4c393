"""A locked study's exceptions through the pages: amend, suspend, void, describe a draft."""

from collections.abc import Callable

import pytest
from django.test import Client

from readerstudy.audit.models import Entry
from readerstudy.proposals import bridge
from readerstudy.reads.models import Read
from readerstudy.studies import services as studies
from readerstudy.studies.definition import DesignDraft
from readerstudy.studies.models import Study
from readerstudy.studies.selectors import questions
from tests import factories, kept, proposing
from tests.cast import PASSWORD, People
from tests.integration.reads.conftest import running, sit
from tests.scripted import Refused

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
PLAN = {
    "hypothesis": "superiority",
    "margin": "0",
    "alpha": "0.05",
    "covariance": "jackknife",
    "random": "readers+cases",
    "radius_mm": "10",
}


@pytest.fixture(autouse=True)
def _detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "card", lambda _detector: dict(proposing.CARD))
    monkeypatch.setattr(bridge, "default_detector", lambda: factories.DETECTOR)


@pytest.fixture
def study(people: People) -> Study:
    return running(people)


def form(study: Study, **more: str) -> dict[str, str]:
    """The amendment form as it opens, with a reason and the password."""
    asked = {
        f"{name}:{each.key}": value
        for each in questions(study)
        if not each.is_primary
        for name, value in (("text", each.text), ("help", each.help), ("ask", "on"))
    }
    fixed = {"summary": study.summary, "idle_limit_s": str(study.idle_limit_s)}
    return {**asked, **PLAN, **fixed, "reason": "Ethics board", "password": PASSWORD, **more}


def test_c2_an_amendment_is_a_new_version_with_a_reason(
    study: Study, people: People, sign_in: SignIn
) -> None:
    client, page = sign_in(people.cora), f"/studies/{study.pk}/amend/"
    opened = sit(people.rae, study)
    opened.open()
    first = next(each for each in questions(study) if not each.is_primary)
    change = {f"text:{first.key}": "What would you do next?", "idle_limit_s": "45"}
    answer = client.post(page, form(study, **change))
    assert answer.status_code == 200
    assert "The amendment is in force" in answer.content.decode()
    study.refresh_from_db()
    assert (study.idle_limit_s, study.protocol_versions.count()) == (45, 2)
    assert study.protocol_versions.get(number=2).reason == "Ethics board"
    assert next(q for q in questions(study) if q.key == first.key).text == "What would you do next?"
    assert Read.objects.get().protocol_version.number == 1  # the open read keeps its version
    after = sit(people.gus, study)
    after.open()
    assert Read.objects.get(reader__user=people.gus).protocol_version.number == 2
    listed = client.get(f"/studies/{study.pk}/reads/").content.decode()
    assert "1.0" in listed
    assert "2.0" in listed


def test_c2_a_question_can_be_dropped_and_one_added_but_the_primary_rating_stays(
    study: Study, people: People, sign_in: SignIn
) -> None:
    client, page = sign_in(people.cora), f"/studies/{study.pk}/amend/"
    first = next(each for each in questions(study) if not each.is_primary)
    changed = form(study, text="Is there oedema?", kind="choice", choices="Yes\nNo")
    del changed[f"ask:{first.key}"]
    client.post(page, changed)
    keys = [each.key for each in questions(study)]
    assert first.key not in keys
    assert "is-there-oedema" in keys
    assert sum(each.is_primary for each in questions(study)) == 1


@pytest.mark.parametrize(
    ("change", "words", "status"),
    [
        ({"reason": " "}, "Say why", 400),
        ({"password": "wrong"}, "password is not right", 403),
        ({"idle_limit_s": "soon"}, "whole number of seconds", 400),
        ({"alpha": "much"}, "are numbers", 400),
        ({}, "Nothing differs", 409),
    ],
)
def test_c2_a_refused_amendment_says_why_and_keeps_what_was_typed(
    study: Study, people: People, sign_in: SignIn, change: dict[str, str], words: str, status: int
) -> None:
    client = sign_in(people.cora)
    answer = client.post(f"/studies/{study.pk}/amend/", form(study, **change))
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert study.protocol_versions.count() == 1
    if change.get("reason") != " ":
        assert "Ethics board" in answer.content.decode()


def test_a3_a_suspended_study_serves_nothing_and_resumes_where_it_was(
    study: Study, people: People, sign_in: SignIn
) -> None:
    client, address = sign_in(people.cora), f"/studies/{study.pk}/suspend/"
    tab = sit(people.rae, study)
    tab.open()
    client.post(address, {"act": "suspend", "reason": ""})
    study.refresh_from_db()
    assert not study.halted_reason
    client.post(address, {"act": "suspend", "reason": "scanner recall"})
    assert "scanner recall" in client.get(f"/studies/{study.pk}/progress/").content.decode()
    with pytest.raises(Refused):
        sit(people.gus, study).open()
    client.post(address, {"act": "resume", "reason": "cleared"})
    assert sit(people.gus, study).open()["read"]["number"] == 1
    assert Entry.objects.get(action="studies.resume").reason == "cleared"


def test_c6_a_read_is_voided_through_the_page_with_a_reason(
    study: Study, people: People, sign_in: SignIn
) -> None:
    sit(people.rae, study).read_and_sign()
    client, read = sign_in(people.cora), Read.objects.get()
    address = f"/studies/{study.pk}/reads/{read.pk}/void/"
    client.post(address, {"reason": " "})
    assert Read.objects.get().state == "submitted"
    answer = client.post(address, {"reason": "phone rang"}, follow=True)
    assert "phone rang" in answer.content.decode()
    assert Read.objects.get().state == "voided"


def test_c6_a_second_readers_two_stages_are_one_line_and_are_voided_together(
    people: People, sign_in: SignIn
) -> None:
    """C4: two lines for a case would tell a blinded coordinator the arm."""
    arms = (factories.CONTROL, factories.SECOND_READER)
    study = running(people, arms=arms, design=DesignDraft(kind="sequential"))
    sit(people.rae, study).read_and_sign()
    aided = sit(people.rae, study)
    aided.open()
    client = sign_in(people.cora)
    page = client.get(f"/studies/{study.pk}/reads/").content.decode()
    case = Read.objects.first().case.code
    assert page.count(f"{case}</td>") == 1
    read = Read.objects.get(stage="aided")
    client.post(f"/studies/{study.pk}/reads/{read.pk}/void/", {"reason": "wrong hanging"})
    assert set(Read.objects.values_list("state", flat=True)) == {"voided"}


def test_c6_frozen_reads_are_not_voided(study: Study, people: People, sign_in: SignIn) -> None:
    sit(people.rae, study).read_and_sign()
    read = Read.objects.get()
    studies.close(study, by=people.cora)
    studies.move(study, "freeze", by=people.stan)
    client = sign_in(people.cora)
    answer = client.post(
        f"/studies/{study.pk}/reads/{read.pk}/void/", {"reason": "late"}, follow=True
    )
    assert "frozen data do not change" in answer.content.decode()
    assert Read.objects.get().state == "submitted"


def test_c1_a_drafts_name_and_idle_limit_are_set_on_its_page(
    people: People, sign_in: SignIn
) -> None:
    draft = kept.draft_study(people)
    client, address = sign_in(people.cora), f"/studies/{draft.pk}/describe/"
    said = {"name": "Renamed", "summary": "s", "idle_limit_s": "90"}
    assert "Renamed" in client.post(address, said, follow=True).content.decode()
    draft.refresh_from_db()
    assert (draft.name, draft.idle_limit_s, draft.coordinator_blinded) == ("Renamed", 90, False)
    refused = client.post(address, {**said, "idle_limit_s": "2"}, follow=True)
    assert "idle limit lies between" in refused.content.decode()


def test_c1_how_much_readers_are_told_is_set_on_the_protocols_page(
    people: People, sign_in: SignIn
) -> None:
    draft = kept.draft_study(people)
    client, address = sign_in(people.cora), f"/studies/{draft.pk}/describe/"
    told = {"resident": "short", "general": "none", "neuroradiologist": "full"}
    said = {f"explanation-{each}": level for each, level in told.items()}
    page = client.post(address, {"act": "explanations", **said}, follow=True).content.decode()
    draft.refresh_from_db()
    assert draft.explanations == told
    assert page.count("the whole text and heat maps</option>") == 3
    said["explanation-general"] = "all"
    refused = client.post(address, {"act": "explanations", **said}, follow=True)
    assert "one of none, short, full" in refused.content.decode()


def test_c1_whether_kinds_of_lesion_are_told_is_set_on_the_protocols_page(
    people: People, sign_in: SignIn
) -> None:
    draft = kept.draft_study(people)
    client, address = sign_in(people.cora), f"/studies/{draft.pk}/describe/"
    box = 'id="lesion_classification" name="lesion_classification" '
    for said in ({"lesion_classification": "on"}, {}):
        page = client.post(address, {"act": "kinds", **said}, follow=True).content.decode()
        draft.refresh_from_db()
        assert draft.lesion_classification == bool(said)
        assert (f"{box}checked" in page) == bool(said)


@pytest.mark.parametrize("who", ["stan", "rae", "mallory"])
@pytest.mark.parametrize("what", ["amend", "suspend", "describe"])
def test_a5_nobody_else_changes_a_running_study(
    study: Study, people: People, sign_in: SignIn, who: str, what: str
) -> None:
    answer = sign_in(getattr(people, who)).post(
        f"/studies/{study.pk}/{what}/", form(study, act="suspend")
    )
    assert answer.status_code in {403, 404}
