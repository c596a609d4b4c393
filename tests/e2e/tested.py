"""A study whose training ends with a test, made past the pages; runs in the platform's shell.

Three training cases, the last two of them the test, and four others, parts of heads; two control
arms, so that it waits for no detector.
"""

import tempfile
from pathlib import Path

from readerstudy.accounts import services as accounts
from readerstudy.accounts.models import Site, User
from readerstudy.demo import build, phantoms
from readerstudy.demo.people import PASSWORD
from readerstudy.imaging import services as imaging
from readerstudy.studies import plan, services
from readerstudy.studies.definition import ArmDraft, brain_metastasis_questions
from readerstudy.studies.models import Study
from readerstudy.truth import services as truth
from readerstudy.truth.services import LesionDraft
from tests.heads import of_another_patient, part_of_head

NAME, READER = "Study with a test", "newcomer"
CASES, TRAINING, TESTS = 4, 3, 2


def begin() -> None:
    """The draft with its cases; their images are then prepared by the worker."""
    cora = User.objects.get(username="coordinator")
    study = services.create_study(name=NAME, is_simulated=True, by=cora)
    services.set_questions(study, questions=brain_metastasis_questions(), by=cora)
    arms = [ArmDraft(key=key, name=f"Unaided {key}", mode="control") for key in "AB"]
    services.set_arms(study, arms=arms, by=cora)
    services.set_analysis_plan(study, plan=plan.default(), by=cora)
    services.set_pass_mark(study, percent=50, tests=TESTS, by=cora)
    site = Site.objects.order_by("name")[0]
    for username in (READER, "another"):  # a crossover has two groups
        reader = accounts.create_user(
            username=username, password=PASSWORD, display_name=f"Dr. {username.title()}",
            site=site, experience="resident", experience_years=1, by=None,
        )  # fmt: skip
        services.add_reader(study, user=reader, by=cora)
    # The demonstration's heads, which are made; those that lack are some of them again.
    heads = list(phantoms.make_all(phantoms.orders(CASES, 1), workers=1))
    for number in range(TRAINING + CASES):
        with tempfile.TemporaryDirectory() as folder:
            part = part_of_head(heads[number % len(heads)], Path(folder))
            if number >= len(heads):
                part = of_another_patient(part, Path(folder) / "again")
            kind = "training" if number < TRAINING else "main"
            _case(study, part, heads[number % len(heads)], kind, by=cora)


def _case(study: Study, head: Path, order: phantoms.Order, kind: str, *, by: User) -> None:
    there = set(study.collection.examinations.values_list("id", flat=True))
    imaging.import_folder(head, collection=study.collection, by=by)
    found = study.collection.examinations.exclude(id__in=there).get()
    case = services.add_case(study, examination=found, kind=kind, by=by)
    lesions = [
        LesionDraft(
            x_mm=each["centroid_mm"][0], y_mm=each["centroid_mm"][1], z_mm=each["centroid_mm"][2],
            diameter_mm=each["diameter_mm"],
        )
        for each in phantoms.truth_of(order)
    ]  # fmt: skip
    truth.set_standard(
        case,
        status="diseased" if lesions else "non_diseased",
        lesions=lesions,
        source="Known: synthetic phantom",
        by=by,
    )


def missing() -> str:
    """What keeps it from being locked, in words: images that are still being prepared."""
    cora, study = User.objects.get(username="coordinator"), Study.objects.get(name=NAME)
    return " ".join(each.words for each in services.check(study, by=cora))


def start() -> str:
    """Lock it and open it for reading; answers its id."""
    study = Study.objects.get(name=NAME)
    return str(build.open_for_reading(study, by=User.objects.get(username="coordinator")).pk)
