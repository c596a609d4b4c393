"""A reference standard that was drawn elsewhere comes in as DICOM, case by case."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from readerstudy.imaging import services as imaging
from readerstudy.imaging.geometry import grid_digest
from readerstudy.imaging.models import Examination, Series
from readerstudy.studies import services as studies
from readerstudy.studies.models import Study
from readerstudy.truth import selectors, services
from readerstudy.web.problems import Invalid, Problem, Refused
from tests import dicom, factories, kept
from tests.cast import People

pytestmark = [pytest.mark.django_db, pytest.mark.once]
SignIn = Callable[..., Client]
SOURCE = "Contours of radiosurgery planning"


@pytest.fixture
def study(people: People) -> Study:
    return kept.draft_study(people, n_cases=0, n_training=0)


@pytest.fixture
def examination(study: Study, people: People, tmp_path: Path) -> Examination:
    imaging.import_folder(
        dicom.examination(tmp_path / "in"), collection=study.collection, by=people.cora
    )
    return Examination.objects.get(collection=study.collection)


@pytest.fixture
def drawn(examination: Examination, tmp_path: Path) -> Path:
    path = tmp_path / "drawn.dcm"
    dicom.segmentation(tmp_path / "in" / "T1-MPRAGE-post-KM", path)
    return path


def test_a_segmentation_of_the_hospitals_files_becomes_the_cases_standard(
    study: Study, examination: Examination, drawn: Path, people: People, sign_in: SignIn
) -> None:
    case = studies.add_cases(study, examinations=[examination], by=people.cora)[0]
    answer = sign_in(people.cora).post(
        f"/studies/{study.pk}/standard/drawn/",
        {"source": SOURCE, "drawn": [SimpleUploadedFile("x.dcm", drawn.read_bytes())]},
    )
    assert "Standard set." in answer.content.decode()
    standard = selectors.of_case(case)
    assert standard is not None
    assert (standard.status, standard.source) == ("diseased", SOURCE)
    (lesion,) = selectors.lesions(standard).values()
    assert (lesion["x_mm"], lesion["y_mm"], lesion["z_mm"]) == pytest.approx((8.25, 3.6, 9.0))
    assert 2 < lesion["diameter_mm"] < 4
    assert lesion["mask"] is not None
    series = Series.objects.get(pk=lesion["mask"]["series"])
    assert lesion["mask"]["grid"] == grid_digest(series.geometry or {})


def test_what_is_no_case_yet_is_said_and_nothing_is_set(
    study: Study, examination: Examination, drawn: Path, people: People
) -> None:
    outcomes = services.set_from_files(study, files=[drawn], source=SOURCE, by=people.cora)
    assert [each.is_taken for each in outcomes] == [False]
    assert "make a case of it first" in outcomes[0].words
    assert selectors.set_cases(study) == set()


def test_a_table_says_where_there_is_none(study: Study, people: People, tmp_path: Path) -> None:
    case = factories.cases(study, number=1, by=people.cora)[0]
    table = tmp_path / "a.csv"
    table.write_text(f"case,x_mm,y_mm,z_mm,diameter_mm\n{case.code},,,,\n")
    services.set_from_files(study, files=[table], source=SOURCE, by=people.cora)
    standard = selectors.of_case(case)
    assert standard is not None
    assert standard.status == "non_diseased"


def test_who_may_not_set_it_and_what_is_missing_is_refused_before_anything_is_read(
    people: People, tmp_path: Path
) -> None:
    study = kept.draft_study(people)
    missing = [tmp_path / "is-never-opened"]
    with pytest.raises(Refused):
        services.set_from_files(study, files=missing, source=SOURCE, by=people.rae)
    with pytest.raises(Invalid, match="how it was established"):
        services.set_from_files(study, files=missing, source=" ", by=people.cora)
    running = kept.running_study(people, name="Locked")
    with pytest.raises(Problem) as locked:
        services.set_from_files(running, files=missing, source=SOURCE, by=people.cora)
    assert locked.value.status == 409
