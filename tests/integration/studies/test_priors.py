"""A case's prior examination: who may be one, locked with the study, never a case itself."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from readerstudy.audit.models import Entry
from readerstudy.imaging import access
from readerstudy.imaging import selectors as imaging
from readerstudy.imaging.models import Examination, Instance
from readerstudy.proposals.models import Run
from readerstudy.proposals.services import sweep
from readerstudy.results.freeze import gather
from readerstudy.studies import integrity, readiness, services
from readerstudy.studies.models import Case, Study
from readerstudy.truth import selectors as truth
from readerstudy.truth.models import ReferenceStandard
from readerstudy.web.problems import Problem
from tests import factories, kept
from tests.cast import PASSWORD, People


@pytest.fixture
def study(people: People) -> Study:
    """A draft whose four main cases and training case could be locked."""
    return kept.draft_study(people)


@pytest.fixture
def case(study: Study) -> Case:
    """One of its main cases."""
    return study.cases.filter(kind="main").order_by("code")[0]


def _same_patient(case: Case, **fields: Any) -> Examination:
    return factories.examination(case.study.collection, patient=case.examination.patient, **fields)


def _refused(case: Case, examination: Examination, by: Any) -> str:
    with pytest.raises(Problem) as refused:
        services.set_prior(case, examination=examination, by=by)
    case.refresh_from_db()
    assert case.prior is None
    return refused.value.code


def _dated(monkeypatch: pytest.MonkeyPatch, days: dict[Any, date]) -> None:
    monkeypatch.setattr(imaging, "study_date", lambda examination: days.get(examination.pk))


def test_an_earlier_examination_of_the_patient_is_taken_and_recorded(
    people: People, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _same_patient(case)
    days = {before.pk: date(2019, 3, 1), case.examination_id: date(2019, 6, 1)}
    _dated(monkeypatch, days)
    services.set_prior(case, examination=before, by=people.cora)
    case.refresh_from_db()
    assert (case.prior, case.prior_days) == (before, 92)
    entry = Entry.objects.get(action="studies.set_prior")
    assert entry.detail == {"case": case.code, "prior": str(before.pk), "days": 92}
    services.set_prior(case, examination=None, by=people.cora)
    case.refresh_from_db()
    assert (case.prior, case.prior_days) == (None, None)


def test_without_dates_the_coordinators_word_counts(people: People, case: Case) -> None:
    factories.prior(case, by=people.cora)
    case.refresh_from_db()
    assert case.prior is not None
    assert case.prior_days is None


def test_what_is_no_prior_is_refused_with_the_reason(
    people: People, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = factories.examination(case.study.collection)
    assert _refused(case, stranger, people.cora) == "studies.prior_patient"
    assert _refused(case, case.examination, people.cora) == "studies.prior_same"
    elsewhere = factories.other_study(people).collection
    hidden = factories.examination(elsewhere, patient=case.examination.patient)
    assert _refused(case, hidden, people.cora) == "unknown"
    unready = _same_patient(case)
    Examination.objects.filter(pk=unready.pk).update(ready_at=None)
    unready.refresh_from_db()
    assert _refused(case, unready, people.cora) == "studies.prior_not_ready"
    later = _same_patient(case)
    for day in (date(2019, 6, 1), date(2019, 6, 2)):  # a prior of the same day is none
        _dated(monkeypatch, {case.examination_id: date(2019, 6, 1), later.pk: day})
        assert _refused(case, later, people.cora) == "studies.prior_date"


@pytest.mark.parametrize("content", [None, b"no DICOM at all"])
def test_a_prior_whose_file_is_lost_or_damaged_is_refused_with_words(
    people: People,
    case: Case,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    content: bytes | None,
) -> None:
    """Not with an error page: the form says what is wrong."""
    before, path = _same_patient(case), tmp_path / "slice.dcm"
    Instance.objects.create(series=before.series.all()[0], sop_uid="1.2.3", bytes=9)
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(imaging.store, "path_of", lambda _instance: path)
    client = Client()
    client.force_login(people.cora, backend="django.contrib.auth.backends.ModelBackend")
    change = f"/studies/{case.study_id}/cases/{case.pk}/"
    said = client.post(change, {"act": "prior", "prior": before.pk}, follow=True)
    assert said.status_code == 200
    assert "is missing or damaged" in said.content.decode()
    assert _refused(case, before, people.cora) == "imaging.unreadable"


def test_no_examination_is_both_a_case_and_a_prior(people: People, case: Case) -> None:
    read = _same_patient(case)
    taken = services.add_case(case.study, examination=read, by=people.cora)
    assert _refused(case, read, people.cora) == "studies.prior_is_case"
    services.withdraw_case(taken, reason="it is the prior", by=people.cora)
    services.set_prior(case, examination=read, by=people.cora)
    with pytest.raises(Problem) as refused:
        services.add_case(case.study, examination=read, by=people.cora)
    assert refused.value.code == "studies.case_is_prior"


def test_c2_it_is_locked_with_the_protocol_and_its_images_are_sealed(
    people: People, study: Study, case: Case
) -> None:
    before = factories.prior(case, by=people.cora)
    assert not access.is_sealed(before)
    version = services.lock(study, password=PASSWORD, by=people.cora)
    said = {each["code"]: each.get("prior") for each in version.document["cases"]}
    found = said.pop(case.code)
    assert found["days"] is None
    assert [each["role"] for each in found["series"]] == ["flair", "t1c"]
    assert set(said.values()) == {None}
    assert access.is_sealed(before)
    assert integrity.check(study) == []
    with pytest.raises(Problem) as refused:
        services.set_prior(case, examination=None, by=people.cora)
    assert refused.value.code == "studies.state"
    Case.objects.filter(pk=case.pk).update(prior=None)
    assert integrity.check(study) == [f"Changed since protocol version 1: case {case.code}."]


def test_a_prior_whose_images_are_not_ready_stops_the_lock(
    people: People, study: Study, case: Case
) -> None:
    before = factories.prior(case, by=people.cora)
    assert readiness.missing(study) == []
    Examination.objects.filter(pk=before.pk).update(ready_at=None)
    found = [each.code for each in readiness.missing(study)]
    assert found == ["studies.prior_not_ready"]


def test_no_detector_is_asked_about_a_prior(people: People, case: Case) -> None:
    before = factories.prior(case, by=people.cora)
    sweep()
    assert Run.objects.filter(examination=case.examination_id).exists()
    assert not Run.objects.filter(examination=before).exists()


@pytest.mark.fault("F8")
def test_f8_that_only_diseased_cases_have_priors_is_told(people: People, study: Study) -> None:
    assert truth.PRIOR not in {each.attribute for each in truth.case_set(study)}
    factories.cases(study, number=8, by=people.cora)
    for row in ReferenceStandard.objects.filter(case__kind="main", status="diseased"):
        factories.prior(row.case, by=people.cora)
    found = {each.attribute: each for each in truth.case_set(study)}
    assert found[truth.PRIOR].auc == 1.0
    assert found[truth.PRIOR].is_strong


def test_the_page_of_cases_offers_takes_and_takes_away(people: People, case: Case) -> None:
    before = _same_patient(case)
    client = Client()
    client.force_login(people.cora, backend="django.contrib.auth.backends.ModelBackend")
    page = f"/studies/{case.study_id}/cases/"
    assert f'value="{before.pk}"' in client.get(page).content.decode()
    change = f"{page}{case.pk}/"
    done = client.post(change, {"act": "prior", "prior": str(before.pk)}, follow=True)
    assert f"prior of {case.code}" in done.content.decode()
    assert "no case yet" not in done.content.decode()
    client.post(f"{page}take/", {})
    assert not Case.objects.filter(examination=before).exists()
    client.post(change, {"act": "prior", "prior": ""})
    case.refresh_from_db()
    assert case.prior is None
    for wrong in ("not-an-id", "00000000-0000-4000-8000-000000000000"):
        said = client.post(change, {"act": "prior", "prior": wrong}, follow=True)
        assert "There is nothing here" in said.content.decode()


def test_the_page_of_cases_offers_none_that_is_later_and_bears_a_damaged_file(
    people: People, study: Study, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, later, lost = (_same_patient(case) for _ in range(3))
    days = {first.pk: date(2019, 3, 1), case.examination_id: date(2019, 6, 1),
            later.pk: date(2019, 9, 1)}  # fmt: skip
    opened = []

    def dated(examination: Examination) -> date | None:
        opened.append(examination.pk)
        if examination.pk == lost.pk:
            raise Problem("imaging.unreadable", "Its file is lost.")
        return days.get(examination.pk)

    monkeypatch.setattr(imaging, "study_date", dated)
    client = Client()
    client.force_login(people.cora, backend="django.contrib.auth.backends.ModelBackend")
    page = f"/studies/{study.pk}/cases/"
    shown = client.get(page).content.decode()
    offered = [f'<option value="{each.pk}"' in shown for each in (first, later, lost)]
    assert offered == [True, False, True]  # of the lost one no date is known
    assert "92 days earlier" in shown
    assert set(opened) == {first.pk, later.pk, lost.pk, case.examination_id}
    opened.clear()
    services.lock(study, password=PASSWORD, by=people.cora)
    assert client.get(page).status_code == 200
    assert opened == []


def test_s1_the_frozen_data_say_which_cases_had_one(people: People, study: Study) -> None:
    columns = {each.name: each.columns for each in gather(study)}["reads"]
    assert {"prior", "prior_days"} <= set(columns)
