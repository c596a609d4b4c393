"""What `studies` itself asks of a draft before it is locked; registered in `apps`."""

from django.db.models import Q, QuerySet

from readerstudy.imaging.models import Verdict
from readerstudy.studies import assembly, protocol, randomisation
from readerstudy.studies.definition import arm_problems, question_problems
from readerstudy.studies.models import Arm, Case, Study
from readerstudy.studies.readiness import Missing, Step, check
from readerstudy.studies.scales import call_problems
from readerstudy.studies.selectors import (
    active_cases,
    active_readers,
    arms,
    question_draft,
    questions,
)

SHOWN = 5  # codes named in one line


@check
def cases(study: Study) -> list[Missing]:
    """Main cases, a training case, all of them ready to be shown and of accepted quality."""
    found = []
    if not active_cases(study).exists():
        found.append(Missing("studies.no_case", "No case: add examinations.", Step.CASES))
    if not active_cases(study, Case.Kind.TRAINING).exists():
        words = "No training case: mark one case or more as training."
        found.append(Missing("studies.no_training_case", words, Step.CASES))
    found += _training(study)
    active = Case.objects.filter(study=study, withdrawn_at=None)
    if codes := _codes(active.filter(examination__ready_at=None)):
        words = f"Images are still being prepared: {codes}."
        found.append(Missing("studies.case_not_ready", words, Step.CASES))
    failed = Q(examination__verdict=Verdict.FAIL, examination__accepted_by=None)
    if codes := _codes(active.filter(failed)):
        words = f"Quality check failed: {codes}. Accept with a note, or withdraw."
        found.append(Missing("studies.case_quality", words, Step.CASES))
    return [*found, *_priors(active.filter(prior__isnull=False))]


def _training(study: Study) -> list[Missing]:
    """As many training cases as an attempt has, and as its test has."""
    there = active_cases(study, Case.Kind.TRAINING).count()
    asked, of = study.training_cases, "An attempt at training"
    if study.test_cases > asked:
        asked, of = study.test_cases, "The test at the end of training"
    if not asked > there > 0:
        return []
    words = f"{of} has {asked} cases, and fewer are marked as training: mark more, or ask fewer."
    return [Missing("studies.too_few_training_cases", words, Step.CASES)]


def _priors(active: QuerySet[Case]) -> list[Missing]:
    """Prior examinations that cannot be shown; their quality is as it was years ago."""
    codes = _codes(active.filter(prior__ready_at=None))
    words = f"Images of the prior are still being prepared: {codes}."
    return [Missing("studies.prior_not_ready", words, Step.CASES)] if codes else []


@check
def form(study: Study) -> list[Missing]:
    """Questions without contradictions, one of them the primary rating."""
    drafts = [question_draft(each) for each in questions(study)]
    found = [
        Missing("studies.question", words, Step.QUESTIONS) for words in question_problems(drafts)
    ]
    if not drafts:
        found.append(Missing("studies.no_question", "No question: add them.", Step.QUESTIONS))
    elif not any(each.is_primary for each in drafts):
        words = "No primary rating: mark the rating question that the ROC analysis uses."
        found.append(Missing("studies.no_primary_question", words, Step.QUESTIONS))
    return found


@check
def comparison(study: Study) -> list[Missing]:
    """Two arms or more, one of them control, that fit the design."""
    drafts = arms(study)
    found = [Missing("studies.arm", words, Step.ARMS) for words in arm_problems(drafts)]
    modes = [arm.mode for arm in drafts]
    if len(drafts) < 2:  # noqa: PLR2004 -- a comparison
        found.append(Missing("studies.too_few_arms", "Add a second arm.", Step.ARMS))
    if Arm.Mode.CONTROL not in modes:
        found.append(Missing("studies.no_control_arm", "Add a control arm.", Step.ARMS))
    if study.design == Study.Design.SEQUENTIAL and sorted(modes) != ["control", "second_reader"]:
        words = "A sequential design has a control arm and one second-reader arm."
        found.append(Missing("studies.sequential_arms", words, Step.ARMS))
    if study.lesion_classification and set(modes) <= {Arm.Mode.CONTROL}:
        words = (
            "Readers are to be told of kinds of lesion, and no arm shows proposals: add an arm"
            " with AI, or take the kinds back on the Protocol page."
        )
        found.append(Missing("studies.kinds_without_ai", words, Step.ARMS))
    return found


@check
def readers(study: Study) -> list[Missing]:
    """Readers, each with an account that can sign in."""
    active = list(active_readers(study))
    if not active:
        return [Missing("studies.no_reader", "No reader: add them.", Step.READERS)]
    dead = [reader.code for reader in active if not reader.user.is_active]
    if dead:
        words = f"No longer able to sign in: {', '.join(dead)}. Withdraw them."
        return [Missing("studies.reader_inactive", words, Step.READERS)]
    return []


@check
def allocation(study: Study) -> list[Missing]:
    """The allocation can be made (C7: a stratum or group that cannot be filled is said now)."""
    plan = assembly.plan(study)
    if not (plan.cases and plan.readers and len(study.arms.all()) > 1):
        return []  # said above
    return [
        Missing("studies.design_impossible", words, Step.ARMS)
        for words in randomisation.problems(plan)
    ]


@check
def analysis_plan(study: Study) -> list[Missing]:
    """An analysis plan, complete and consistent."""
    if not study.analysis_plan:
        return [Missing("studies.no_plan", "No analysis plan: set one.", Step.PLAN)]
    found = protocol.plan_problems(study.analysis_plan)
    found += call_problems(study.analysis_plan, questions(study))
    return [Missing("studies.plan", words, Step.PLAN) for words in found]


def _codes(cases_found: QuerySet[Case]) -> str:
    codes = list(cases_found.values_list("code", flat=True))
    more = f" and {len(codes) - SHOWN} more" if len(codes) > SHOWN else ""
    return ", ".join(codes[:SHOWN]) + more
