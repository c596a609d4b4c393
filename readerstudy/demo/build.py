"""Make the demonstration study through the services that a real study uses."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from readerstudy.accounts import services as accounts
from readerstudy.accounts.models import Site, User
from readerstudy.demo import people, phantoms
from readerstudy.demo.people import PASSWORD, Person
from readerstudy.imaging import selectors as images
from readerstudy.imaging import services as imaging
from readerstudy.imaging.models import Examination, Instance
from readerstudy.proposals import selectors as proposals
from readerstudy.reads.models import Read
from readerstudy.studies import plan as analysis_plan
from readerstudy.studies import services as studies
from readerstudy.studies.definition import (
    ArmDraft,
    DesignDraft,
    QuestionnaireDraft,
    brain_metastasis_questions,
)
from readerstudy.studies.models import Case, Membership, Study
from readerstudy.studies.question_sets import usual_questionnaires
from readerstudy.studies.services.images import set_deidentification
from readerstudy.truth import selectors as standards
from readerstudy.truth import services as truth
from readerstudy.truth.services import LesionDraft

NAME = "Demonstration: AI for brain metastases"
SUMMARY = (
    "A two-period crossover on synthetic phantoms, with a detector trained on other phantoms. "
    "Five of its six readers are an observer model. Nothing here is about patients."
)
BY_CHANCE = "Scanners were drawn for each phantom regardless of its lesions: this is chance."
WASHOUT_DAYS = 28
PASS_MARK_PERCENT = 50  # of the training cases: a newcomer passes, and sees that there is a mark
UNFINISHED = (Study.State.DRAFT, Study.State.READY)
STILL_OPEN = (Read.State.OPENED, Read.State.PAUSED)
SOURCE = "command"  # of the deliveries that `take_in` makes
SETTING_UP = timedelta(days=75)  # how long ago, on the simulated clock


def find() -> Study | None:
    """The demonstration study, if it was made."""
    return Study.objects.filter(name=NAME, is_simulated=True).first()


def reads_of_one(study: Study) -> int:
    """How many reads each reader has: training once, the others in either period."""
    return study.cases.count() + study.cases.filter(kind=Case.Kind.MAIN).count()


def is_made(study: Study) -> bool:
    """Whether nothing is left to make: it runs, and no simulated reader was interrupted.

    Reads are counted whatever became of them, so that what a user did later (voided one, withdrew
    a case or a reader, closed the study) makes nothing anew.
    """
    if study.state != Study.State.RUNNING:
        return study.state not in UNFINISHED
    mine = study.readers.filter(user__is_simulated=True, withdrawn_at=None)
    counted = mine.annotate(
        reads_count=Count("reads"), open_count=Count("reads", filter=Q(reads__state__in=STILL_OPEN))
    )
    wanted = reads_of_one(study)
    return not counted.filter(Q(reads_count__lt=wanted) | Q(open_count__gt=0)).exists()


def make_people() -> dict[str, User]:
    """The accounts of the demonstration, by username."""
    sites = {
        name: Site.objects.filter(name=name).first()
        or accounts.create_site(name=name, city=city, by=None)
        for name, city in people.SITES.items()
    }
    return {each.username: _user(each, sites) for each in (*people.DESK, *people.READERS)}


def _user(person: Person, sites: dict[str, Site]) -> User:
    there = User.objects.filter(username=person.username).first()
    return there or accounts.create_user(
        username=person.username,
        password=PASSWORD,
        display_name=person.display_name,
        site=sites.get(person.site),
        experience=person.experience,
        experience_years=person.years,
        creates_studies=person.work == "coordinator",
        is_administrator=person.work == "administrator",
        is_simulated=person.is_simulated,
        by=None,
    )


def is_begun(study: Study) -> bool:
    """Whether `begin` came to its end: its readers are last."""
    return study.readers.count() >= len(people.READERS)


def begin(users: dict[str, User]) -> Study:
    """The draft with its questions, roles, readers, design and plan; safe to repeat."""
    cora = users["coordinator"]
    study = find() or studies.create_study(name=NAME, summary=SUMMARY, is_simulated=True, by=cora)
    # Dates move by one span for each patient: the days between prior and current stay.
    set_deidentification(study, {"dates": "shift"}, by=cora)
    studies.set_questions(study, questions=brain_metastasis_questions(), by=cora)
    studies.set_questionnaires(study, questionnaires=(_about_readers(),), by=cora)
    studies.set_pass_mark(study, percent=PASS_MARK_PERCENT, by=cora)
    arms = (
        ArmDraft(key="A", name="Without AI", mode="control"),
        ArmDraft(key="B", name="With AI", mode="concurrent", detector=proposals.default_detector()),
    )
    studies.set_arms(study, arms=arms, by=cora)
    design = DesignDraft(
        kind="crossover", washout_days=WASHOUT_DAYS, block_sizes=(2, 4), strata=("experience",)
    )
    studies.set_design(study, design=design, by=cora)
    studies.set_analysis_plan(study, plan=analysis_plan.default(), by=cora)
    statistician = Membership.Role.STATISTICIAN
    studies.grant_role(study, user=users["statistician"], role=statistician, by=cora)
    for person in people.READERS:
        if not study.readers.filter(user=users[person.username]).exists():
            studies.add_reader(study, user=users[person.username], by=cora)
    return study


def _about_readers() -> QuestionnaireDraft:
    """The usual questions before the first case; none must be answered, so they can be skipped."""
    before = next(each for each in usual_questionnaires() if each.moment == "before")
    optional = tuple(replace(each, is_required=False) for each in before.questions)
    return replace(before, questions=optional)


def take_in(
    study: Study, made: Iterable[phantoms.Order], *, by: User, done: Callable[[], object]
) -> dict[phantoms.Order, Examination]:
    """Send each phantom through the intake that an upload uses; answer its examination.

    What an interrupted start took in is not sent again; its open deliveries are ended.
    """
    examinations: dict[phantoms.Order, Examination] = {}
    for order in made:
        there = _examination(study, order)
        if there is None or not _is_whole(there, order):
            folder = phantoms.folder_of(order) / "dicom"
            imaging.import_folder(folder, collection=study.collection, by=by, source=SOURCE)
            there = _examination(study, order)
        if there is None:
            raise ValueError(f"No examination came of {order}: see the study's Images page.")
        examinations[order] = there
        done()
    for upload in images.open_uploads(SOURCE).filter(collection=study.collection):
        imaging.finish_upload(upload)
    return examinations


def _examination(study: Study, order: phantoms.Order) -> Examination | None:
    uids = images.uids_of(study.collection, phantoms.study_uid(order))
    return study.collection.examinations.filter(study_uid__in=uids).first()


def _is_whole(examination: Examination, order: phantoms.Order) -> bool:
    files = sum(each.is_file() for each in (phantoms.folder_of(order) / "dicom").rglob("*"))
    there = Instance.objects.filter(series__examination=examination).count()
    return examination.ready_at is not None and there == files


def make_cases(
    study: Study,
    examinations: dict[phantoms.Order, Examination],
    *,
    training: int,
    by: User,
) -> None:
    """Take the examinations as cases and set each one's reference standard; safe to repeat.

    Earlier examinations show beside their cases as priors.
    """
    if study.cases.exclude(examination__in=[each.pk for each in examinations.values()]).exists():
        raise ValueError(
            "The demonstration was begun with other cases: start over with make demo-reset."
        )
    earlier = phantoms.priors(training)
    cases = [order for order in examinations if order not in earlier.values()]
    for number, order in enumerate(cases):
        kind = Case.Kind.TRAINING if number < training else Case.Kind.MAIN
        lesions = phantoms.truth_of(order)
        case = make_case(study, examinations[order], lesions, kind=kind, by=by)
        if case.prior is None and order in earlier and earlier[order] in examinations:
            studies.set_prior(case, examination=examinations[earlier[order]], by=by)


def make_case(
    study: Study,
    examination: Examination,
    lesions: Iterable[Mapping[str, Any]],
    *,
    kind: str,
    by: User,
) -> Case:
    """Take an examination as a case and set its standard, unless it is one and has one.

    `lesions` as in `phantoms.truth_of`.
    """
    case = study.cases.filter(examination=examination).first()
    case = case or studies.add_case(study, examination=examination, kind=kind, by=by)
    if standards.of_case(case) is None:
        drafts = [_lesion(each) for each in lesions]
        truth.set_standard(
            case,
            status="diseased" if drafts else "non_diseased",
            lesions=drafts,
            source="Known: synthetic phantom",
            by=by,
        )
    return case


def _lesion(known: Mapping[str, Any]) -> LesionDraft:
    x, y, z = known["centroid_mm"]
    return LesionDraft(x_mm=x, y_mm=y, z_mm=z, diameter_mm=known["diameter_mm"], kind=known["kind"])


def open_for_reading(study: Study, *, by: User) -> Study:
    """Lock the protocol, which makes the allocation, and start; safe to repeat."""
    if study.state == Study.State.DRAFT:
        if any(each.is_strong for each in standards.case_set(study)):
            words = BY_CHANCE
            truth.accept_case_set(study, reason=words, by=by)
        studies.lock(study, password=PASSWORD, by=by)
    return studies.start(study, by=by)


def long_ago() -> Any:
    """When the demonstration was set up, on its simulated clock."""
    return timezone.now() - SETTING_UP
