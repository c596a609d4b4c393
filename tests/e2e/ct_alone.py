"""A study of CT without MR, made past the pages; runs in the platform's shell.

Four heads of the tests' own and one to train on, one reader without proposals and one with those
of a detector that the site has brought.
"""

import tempfile
from pathlib import Path

from readerstudy.accounts import services as accounts
from readerstudy.accounts.models import Site, User
from readerstudy.demo import build
from readerstudy.demo.people import PASSWORD
from readerstudy.imaging import services as imaging
from readerstudy.imaging.models import Examination
from readerstudy.studies import plan, services
from readerstudy.studies.definition import ArmDraft, DesignDraft, brain_metastasis_questions
from readerstudy.studies.models import Study
from readerstudy.studies.services import images
from readerstudy.truth import services as truth
from readerstudy.truth.services import LesionDraft
from tests import ct

NAME, READERS, DETECTOR = "Study of CT", ("tomos", "tomas"), "ct-only@1"


def begin() -> None:
    """The draft with its cases; images and proposals are then made by the worker."""
    cora = User.objects.get(username="coordinator")
    study = services.create_study(name=NAME, is_simulated=True, by=cora)
    sequences = {role: {"need": "optional"} for role in ("t1c", "t1", "t2", "flair")}
    images.set_imaging_protocol(
        study, {"sequences": {**sequences, "ct": {"need": "required"}}}, by=cora
    )
    services.set_questions(study, questions=brain_metastasis_questions(), by=cora)
    aided = ArmDraft(key="B", name="With AI", mode="concurrent", detector=DETECTOR)
    services.set_arms(
        study, arms=(ArmDraft(key="A", name="Unaided", mode="control"), aided), by=cora
    )
    services.set_design(study, design=DesignDraft(kind="parallel", block_sizes=(2,)), by=cora)
    services.set_analysis_plan(study, plan=plan.default(), by=cora)
    for username in READERS:
        reader = accounts.create_user(
            username=username, password=PASSWORD, display_name=f"Dr. {username.title()}",
            site=Site.objects.order_by("name")[0], experience="resident", experience_years=1,
            by=None,
        )  # fmt: skip
        services.add_reader(study, user=reader, by=cora)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(5):
            _case(study, number, Path(folder) / str(number), by=cora)


def _case(study: Study, number: int, folder: Path, *, by: User) -> None:
    """Taken in from files; every other one has a metastasis, the first is to train on."""
    is_diseased = number % 2 == 0
    ct.written(folder, uid=f"1.2.3.4.{number + 1}", is_diseased=is_diseased)
    there = set(study.collection.examinations.values_list("id", flat=True))
    imaging.import_folder(folder, collection=study.collection, by=by)
    found = Examination.objects.exclude(id__in=there).get(collection=study.collection)
    case = services.add_case(study, examination=found, kind="main" if number else "training", by=by)
    x, y, z = map(float, ct.LESION_MM)
    truth.set_standard(
        case,
        status="diseased" if is_diseased else "non_diseased",
        lesions=[LesionDraft(x_mm=x, y_mm=y, z_mm=z, diameter_mm=16)] if is_diseased else [],
        source="Known: made for a test",
        by=by,
    )


def missing() -> str:
    """What keeps it from being locked, in words: images and proposals that are being made."""
    cora, study = User.objects.get(username="coordinator"), Study.objects.get(name=NAME)
    return " ".join(each.words for each in services.check(study, by=cora))


def start() -> str:
    """Lock it and open it for reading; answers its id."""
    study = Study.objects.get(name=NAME)
    return str(build.open_for_reading(study, by=User.objects.get(username="coordinator")).pk)
