"""A study of CT without MR, made past the pages; runs in the platform's shell.

Four heads of the tests' own and one to train on, one reader without proposals and one with those
of a detector that the site has brought.
"""

import tempfile
from pathlib import Path

from readerstudy.accounts import services as accounts
from readerstudy.accounts.models import Site
from readerstudy.demo.people import PASSWORD
from readerstudy.studies import plan, services
from readerstudy.studies.definition import ArmDraft, DesignDraft, brain_metastasis_questions
from readerstudy.studies.services import images
from tests import ct
from tests.e2e.drafted import coordinator, take_in

NAME, READERS, DETECTOR = "Study of CT", ("tomos", "tomas"), "ct-only@1"


def begin() -> None:
    """The draft with its cases; images and proposals are then made by the worker."""
    cora = coordinator()
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
        for number in range(5):  # every other one has a metastasis, the first is to train on
            head, is_diseased = Path(folder) / str(number), number % 2 == 0
            ct.written(head, uid=f"1.2.3.4.{number + 1}", is_diseased=is_diseased)
            lesions = [ct.LESION] if is_diseased else []
            take_in(study, head, lesions, is_training=number == 0)
