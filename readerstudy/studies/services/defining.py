"""Make a study and set its questions, arms, design and plan while it is a draft."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.imaging.options import Options as Deidentification
from readerstudy.imaging.protocol import Protocol as ImagingProtocol
from readerstudy.imaging.services import create_collection
from readerstudy.studies import definition, protocol
from readerstudy.studies.definition import (
    ArmDraft,
    Definition,
    DesignDraft,
    PanelDraft,
    QuestionDraft,
    QuestionnaireDraft,
)
from readerstudy.studies.explanations import Explanations
from readerstudy.studies.hanging import Hanging
from readerstudy.studies.models import Arm, Membership, Question, Study
from readerstudy.studies.panels import set_panel_of
from readerstudy.studies.scales import MarkScale
from readerstudy.studies.selectors import ADMINISTRATOR, DESK_ROLES, study_for
from readerstudy.studies.selectors import definition as definition_of
from readerstudy.studies.services.gate import changing, require_no_problems
from readerstudy.studies.services.showing import (
    set_explanations,
    set_hanging,
    set_lesion_classification,
    set_mark_scale,
)
from readerstudy.web.problems import Invalid, Refused

MAX_NAME = 160
IDLE_LIMITS_S = (10, 3600)
SESSION_LIMITS_MIN, RESTS_MIN = (10, 480), (5, 720)


def create_study(
    *,
    name: str,
    summary: str = "",
    is_simulated: bool = False,
    imaging_protocol: ImagingProtocol | None = None,
    deidentification: Deidentification | None = None,
    by: User,
) -> Study:
    """Begin a study: a draft with an empty collection, coordinated by its maker.

    `imaging_protocol` is what it asks of its images, `deidentification` what stays of them; the
    usual when left out.

    Raises
    ------
    Problem
        403 for who may not create studies, 400 for a bad name.
    """
    if not (by.creates_studies or by.is_staff):
        words = "Your account does not create studies. An administrator can allow it."
        raise Refused("studies.may_not_create", words)
    name = _name(name)
    with transaction.atomic():
        study = Study.objects.create(
            name=name,
            summary=summary.strip(),
            is_simulated=is_simulated,
            block_sizes=list(DesignDraft().block_sizes),
            strata=list(DesignDraft().strata),
            collection=create_collection(
                name=name, protocol=imaging_protocol, options=deidentification
            ),
            created_by=by,
            created_at=timezone.now(),
        )
        Membership.objects.create(study=study, user=by, role=Membership.Role.COORDINATOR)
        detail: dict[str, Any] = {"name": name, "is_simulated": is_simulated}
        if imaging_protocol is not None:
            detail["imaging_protocol"] = imaging_protocol.as_dict()
        if deidentification is not None:
            detail["deidentification"] = deidentification.as_dict()
        _record("studies.create_study", study, by, detail)
    return study


def describe(
    study: Study,
    *,
    name: str,
    summary: str,
    idle_limit_s: int = 60,
    session_limit_min: int = 0,
    rest_min: int = 15,
    coordinator_blinded: bool = True,
    by: User,
) -> Study:
    """Set what a draft is called, its limits of time and whether coordinators are blinded.

    Parameters
    ----------
    idle_limit_s : int
        Seconds without any action after which active time stops.
    session_limit_min, rest_min : int
        Minutes after which a reader's session opens no further case (0: no limit), and minutes of
        rest before the next one (R10).
    """
    name = _name(name)
    low, high = IDLE_LIMITS_S
    if not low <= idle_limit_s <= high:
        raise Invalid("studies.idle_limit", f"The idle limit lies between {low} and {high} s.")
    _check_session(session_limit_min, rest_min)
    with changing(study, "edit", by=by):
        study.name, study.summary = name, summary.strip()
        study.idle_limit_s, study.coordinator_blinded = idle_limit_s, coordinator_blinded
        study.session_limit_min, study.rest_min = session_limit_min, rest_min
        detail = {
            "name": name, "idle_limit_s": idle_limit_s, "blinded": coordinator_blinded,
            "session_limit_min": session_limit_min, "rest_min": rest_min,
        }  # fmt: skip
        study.save(
            update_fields=[
                "name", "summary", "idle_limit_s", "coordinator_blinded", "session_limit_min",
                "rest_min",
            ]
        )  # fmt: skip
        _record("studies.describe", study, by, detail)
    return study


def set_questions(study: Study, *, questions: Sequence[QuestionDraft], by: User) -> Study:
    """Replace a draft's questions; their order is the order of the form.

    Raises
    ------
    Problem
        400 with every problem of the questions.
    """
    require_no_problems("studies.questions", definition.question_problems(questions))
    with changing(study, "edit", by=by):
        study.questions.all().delete()  # a draft's: no read refers to them
        add_question_rows(study, questions, version=1)
        detail = {"questions": [each.key for each in questions]}
        _record("studies.set_questions", study, by, detail)
    return study


def add_question_rows(
    study: Study,
    questions: Sequence[QuestionDraft],
    *,
    version: int,
    places: Mapping[str, int] | None = None,
) -> None:
    """Write the rows of a protocol version's questions, inside the caller's change.

    `places` gives the position by key; without it the questions stand in their own order.
    """
    places = places or {each.key: place for place, each in enumerate(questions, start=1)}
    Question.objects.bulk_create(
        Question(
            study=study,
            position=places[each.key],
            first_version=version,
            **(asdict(each) | {"choices": list(each.choices), "shown_if": dict(each.shown_if)}),
        )
        for each in questions
    )


def set_arms(study: Study, *, arms: Sequence[ArmDraft], by: User) -> Study:
    """Replace a draft's arms."""
    require_no_problems("studies.arms", definition.arm_problems(arms))
    with changing(study, "edit", by=by):
        study.arms.all().delete()  # a draft's: no allocation refers to them
        Arm.objects.bulk_create(Arm(study=study, **asdict(arm)) for arm in arms)
        _record("studies.set_arms", study, by, {"arms": [asdict(arm) for arm in arms]})
    return study


def set_design(study: Study, *, design: DesignDraft, by: User) -> Study:
    """Set how readers, cases and arms of a draft meet."""
    require_no_problems("studies.design", design.problems())
    with changing(study, "edit", by=by):
        study.design = design.kind
        study.washout_days = design.washout_days
        study.block_sizes, study.strata = list(design.block_sizes), list(design.strata)
        study.reader_blocks, study.repeats = design.reader_blocks, design.repeats
        study.save(
            update_fields=[
                "design", "washout_days", "block_sizes", "strata", "reader_blocks", "repeats",
            ]
        )  # fmt: skip
        _record("studies.set_design", study, by, asdict(design))
    return study


def set_analysis_plan(study: Study, *, plan: Mapping[str, Any], by: User) -> Study:
    """Set a draft's statistical analysis plan (`studies.plan` has its shape and a default)."""
    plan = dict(plan)
    require_no_problems("studies.plan", protocol.plan_problems(plan))
    with changing(study, "edit", by=by):
        study.analysis_plan = plan
        study.save(update_fields=["analysis_plan"])
        _record("studies.set_analysis_plan", study, by, {"plan": plan})
    return study


def set_questionnaires(
    study: Study, *, questionnaires: Sequence[QuestionnaireDraft], by: User
) -> Study:
    """Replace what a draft asks its readers about themselves, the room and the study.

    Raises
    ------
    Problem
        400 with every problem of the questionnaires.
    """
    found = definition.questionnaire_problems(questionnaires)
    require_no_problems("studies.questionnaires", found)
    with changing(study, "edit", by=by):
        values = Definition(name="", questionnaires=tuple(questionnaires)).as_dict()
        study.questionnaires = values["questionnaires"]
        study.save(update_fields=["questionnaires"])
        detail = {"questionnaires": [each.key for each in questionnaires]}
        _record("studies.set_questionnaires", study, by, detail)
    return study


def set_pass_mark(study: Study, *, percent: int, cases: int = 0, tests: int = 0, by: User) -> Study:
    """Set which part of the training cases a reader reads right before the study's own begin.

    Parameters
    ----------
    cases : int
        How many an attempt has, 0 for all: with fewer, who trains again meets others.
    tests : int
        How many of these, the last ones, are a test: without feedback, and they alone count.
        0: every case teaches and counts.

    Raises
    ------
    Problem
        400 with every problem of the three.
    """
    found = definition.training_problems(percent, cases, tests)
    require_no_problems("studies.pass_mark", found)
    with changing(study, "edit", by=by):
        study.pass_mark_percent, study.training_cases, study.test_cases = percent, cases, tests
        study.save(update_fields=["pass_mark_percent", "training_cases", "test_cases"])
        detail = {"percent": percent, "cases": cases, "tests": tests}
        _record("studies.set_pass_mark", study, by, detail)
    return study


def copy_study(study: Study, *, name: str, by: User) -> Study:
    """Make a new draft with the protocol of a study: no cases, no readers (C11)."""
    study_for(by, study.pk, Membership.Role.COORDINATOR, Membership.Role.STATISTICIAN)
    source = replace(definition_of(study), name=_name(name))
    return _from_definition(source, "studies.copy_study", {"copied_from": str(study.pk)}, by=by)


def import_protocol(*, text: str, name: str = "", by: User) -> Study:
    """Make a new draft from an exported protocol (C11).

    Raises
    ------
    Problem
        400 `studies.protocol_file` with every problem of the file.
    """
    try:
        source = protocol.from_yaml(text)
    except protocol.UnreadableError as unreadable:
        require_no_problems("studies.protocol_file", unreadable.problems)
        raise  # it has problems: the line above has refused
    if name.strip():
        source = replace(source, name=_name(name))
    detail = {"sha256": protocol.sha256(source.as_dict())}
    return _from_definition(source, "studies.import_protocol", detail, by=by)


def export_protocol(study: Study, *, by: User) -> str:
    """The study's protocol as one YAML file; equal protocols give equal bytes (C11)."""
    study = study_for(by, study.pk, *DESK_ROLES, ADMINISTRATOR)
    return protocol.to_yaml(definition_of(study))


def _from_definition(source: Definition, action: str, detail: dict[str, Any], *, by: User) -> Study:
    with transaction.atomic():
        study = create_study(
            name=source.name,
            summary=source.summary,
            imaging_protocol=source.imaging_protocol,
            deidentification=source.deidentification,
            by=by,
        )
        study = describe(
            study,
            name=source.name,
            summary=source.summary,
            idle_limit_s=source.idle_limit_s,
            session_limit_min=source.session_limit_min,
            rest_min=source.rest_min,
            coordinator_blinded=source.coordinator_blinded,
            by=by,
        )
        set_questions(study, questions=source.questions, by=by)
        set_arms(study, arms=source.arms, by=by)
        study = set_design(study, design=source.design, by=by)
        if source.analysis_plan:
            study = set_analysis_plan(study, plan=source.analysis_plan, by=by)
        if source.questionnaires:
            study = set_questionnaires(study, questionnaires=source.questionnaires, by=by)
        if source.pass_mark_percent or source.training_cases:
            study = set_pass_mark(
                study, percent=source.pass_mark_percent, cases=source.training_cases,
                tests=source.test_cases, by=by,
            )  # fmt: skip
        if source.hanging != Hanging():
            study = set_hanging(study, hanging=source.hanging, by=by)
        if source.truth_panel != PanelDraft():
            set_panel_of(study, source.truth_panel, by=by)
        if source.explanations != Explanations():
            study = set_explanations(study, explanations=source.explanations, by=by)
        if source.lesion_classification:
            study = set_lesion_classification(study, is_told=True, by=by)
        if source.mark_scale != MarkScale():
            study = set_mark_scale(study, scale=source.mark_scale, by=by)
        _record(action, study, by, detail)
    return study


def _check_session(limit_min: int, rest_min: int) -> None:
    low, high = SESSION_LIMITS_MIN
    if limit_min and not low <= limit_min <= high:
        words = f"A session's limit is 0 (none) or lies between {low} and {high} minutes."
        raise Invalid("studies.session_limit", words)
    low, high = RESTS_MIN
    if not low <= rest_min <= high:
        raise Invalid("studies.rest", f"The rest lies between {low} and {high} minutes.")


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= MAX_NAME:
        raise Invalid("studies.name", f"Give the study a name of at most {MAX_NAME} characters.")
    return name


def _record(action: str, study: Study, by: User, detail: Mapping[str, Any]) -> None:
    record(action, subject=f"study:{study.pk}", by=by, study=study.pk, detail=dict(detail))
