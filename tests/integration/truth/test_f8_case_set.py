"""F8: a case set that tells the truth is not locked before somebody accepts it with a reason."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from readerstudy.audit.models import Entry
from readerstudy.demo import build
from readerstudy.imaging.models import Examination
from readerstudy.studies import services as studies
from readerstudy.studies.models import Study
from readerstudy.truth import selectors, services
from readerstudy.web.problems import Problem
from tests import factories, kept
from tests.cast import PASSWORD, People


@pytest.fixture
def in_two_batches(people: People) -> Study:
    """Twelve cases; those with metastases were uploaded a week later."""
    study = kept.draft_study(people, n_cases=12)
    for case in study.cases.all():
        standard = selectors.of_case(case)
        assert standard is not None
        late = timedelta(days=7 if standard.status == "diseased" else 0)
        Examination.objects.filter(pk=case.examination_id).update(
            created_at=factories.LONG_AGO + late
        )
    return study


def refusals(study: Study, by: Any) -> set[str]:
    try:
        studies.lock(study, password=PASSWORD, by=by)
    except Problem as problem:
        return {each["code"] for each in problem.more["missing"]}
    return set()


@pytest.mark.fault("F8")
def test_f8_uploads_in_two_batches_stop_the_lock_until_accepted(
    people: People, in_two_batches: Study
) -> None:
    study = in_two_batches
    strong = [each for each in selectors.case_set(study) if each.is_strong]
    assert [(each.attribute, each.auc) for each in strong] == [(selectors.UPLOADED, 1.0)]
    assert refusals(study, people.cora) == {"truth.case_set_tells"}
    with pytest.raises(Problem):
        services.accept_case_set(study, reason=" ", by=people.cora)
    with pytest.raises(Problem):
        services.accept_case_set(study, reason="so", by=people.tess)
    services.accept_case_set(study, reason="Readers see no time of upload.", by=people.cora)
    entry = Entry.objects.get(action="truth.accept_case_set")
    assert entry.detail[selectors.UPLOADED][0] == 1
    assert refusals(study, people.cora) == set()


@pytest.mark.fault("F8")
def test_f8_an_acceptance_is_void_when_the_cases_change(
    people: People, in_two_batches: Study
) -> None:
    study = in_two_batches
    services.accept_case_set(study, reason="known", by=people.cora)
    case = factories.cases(study, number=1, by=people.cora)[0]
    Examination.objects.filter(pk=case.examination_id).update(
        created_at=factories.LONG_AGO + timedelta(days=7)
    )
    assert refusals(study, people.cora) == {"truth.case_set_tells"}


@pytest.mark.fault("F8")
def test_f8_the_page_shows_what_tells_and_takes_the_reason(
    people: People, in_two_batches: Study
) -> None:
    client = Client()
    client.force_login(people.cora, backend="django.contrib.auth.backends.ModelBackend")
    address = f"/studies/{in_two_batches.pk}/standard/"
    page = client.get(address).content.decode()
    assert "time of upload" in page
    assert "Accept with this reason" in page
    client.post(f"{address}case-set/", {"reason": "Readers see no time of upload."})
    assert "Readers see no time of upload." in client.get(address).content.decode()


def test_a_balanced_case_set_locks(people: People) -> None:
    study = kept.draft_study(people, n_cases=12)
    assert not any(each.is_strong for each in selectors.case_set(study))
    assert refusals(study, people.cora) == set()


def test_the_demonstration_accepts_with_a_reason_what_its_phantoms_tell(
    people: People, in_two_batches: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "PASSWORD", PASSWORD)
    build.open_for_reading(in_two_batches, by=people.cora)
    assert Study.objects.get(pk=in_two_batches.pk).state == Study.State.RUNNING
    assert Entry.objects.get(action="truth.accept_case_set").reason
