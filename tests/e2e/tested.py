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
from readerstudy.imaging.models import Examination
from readerstudy.studies import plan, services
from readerstudy.studies.definition import ArmDraft, brain_metastasis_questions
from readerstudy.studies.models import Study
from tests.heads import part_of_head

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
    orders = list(phantoms.make_all(phantoms.orders(CASES, TRAINING), workers=1))
    with tempfile.TemporaryDirectory() as folder:
        found = {order: _taken_in(study, order, Path(folder)) for order in orders}
    build.make_cases(study, found, training=TRAINING, by=cora)


def _taken_in(study: Study, order: phantoms.Order, folder: Path) -> Examination:
    there = set(study.collection.examinations.values_list("id", flat=True))
    head, cora = part_of_head(order, folder), User.objects.get(username="coordinator")
    imaging.import_folder(head, collection=study.collection, by=cora)
    return study.collection.examinations.exclude(id__in=there).get()


def missing() -> str:
    """What keeps it from being locked, in words: images that are still being prepared."""
    cora, study = User.objects.get(username="coordinator"), Study.objects.get(name=NAME)
    return " ".join(each.words for each in services.check(study, by=cora))


def start() -> str:
    """Lock it and open it for reading; answers its id."""
    study = Study.objects.get(name=NAME)
    return str(build.open_for_reading(study, by=User.objects.get(username="coordinator")).pk)
