"""A study whose training ends with a test, made past the pages; runs in the platform's shell.

Three training cases, the last two of them the test, and four others, parts of heads; two control
arms, so that it waits for no detector. Marks are rated on levels, and questions stand beside the
images.
"""

import tempfile
from pathlib import Path

from readerstudy.accounts import services as accounts
from readerstudy.accounts.models import Site
from readerstudy.demo import phantoms
from readerstudy.demo.people import PASSWORD
from readerstudy.studies import plan, services
from readerstudy.studies.definition import ArmDraft, QuestionDraft, brain_metastasis_questions
from readerstudy.studies.hanging import Hanging
from readerstudy.studies.scales import MarkScale
from tests.e2e.drafted import coordinator, take_in
from tests.heads import of_another_patient, part_of_head

NAME, READER = "Study with a test", "newcomer"
CASES, TRAINING, TESTS = 4, 3, 2
LEVELS = ("unlikely", "possible", "probable", "certain")
QUALITY = QuestionDraft(
    key="quality",
    text="How good are the images?",
    kind="scale",
    choices=tuple(
        {"value": str(level), "label": words}
        for level, words in enumerate(("poor", "fair", "good", "excellent"), start=1)
    ),
    is_required=False,
)


def begin() -> None:
    """The draft with its cases; their images are then prepared by the worker."""
    cora = coordinator()
    study = services.create_study(name=NAME, is_simulated=True, by=cora)
    services.set_questions(study, questions=(*brain_metastasis_questions(), QUALITY), by=cora)
    services.set_mark_scale(study, scale=MarkScale(levels=LEVELS), by=cora)
    services.set_hanging(study, hanging=Hanging(questions="beside"), by=cora)
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
            lesions = phantoms.truth_of(heads[number % len(heads)])
            take_in(study, part, lesions, is_training=number < TRAINING)
