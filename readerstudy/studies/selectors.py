"""Queries about studies. Whoever may not know of a study is answered as if there were none."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from readerstudy.accounts.models import User
from readerstudy.imaging.models import Collection, Examination
from readerstudy.imaging.options import Options as Deidentification
from readerstudy.imaging.protocol import Protocol as ImagingProtocol
from readerstudy.studies.definition import (
    ArmDraft,
    Definition,
    DesignDraft,
    QuestionDraft,
    QuestionnaireDraft,
    questionnaire,
)
from readerstudy.studies.explanations import Explanations
from readerstudy.studies.hanging import Hanging
from readerstudy.studies.models import (
    Arm,
    Case,
    Membership,
    ProtocolVersion,
    Question,
    Reader,
    Study,
    WashoutOverride,
)
from readerstudy.studies.panels import panel_of
from readerstudy.studies.scales import MarkScale
from readerstudy.web.problems import Problem, Refused, Unknown

Role = Membership.Role
ADMINISTRATOR = "administrator"
_OPEN = (Study.State.DRAFT, Study.State.READY, Study.State.RUNNING)
DESK_ROLES = frozenset(Role.values) - {Role.READER}


def roles(user: User | AnonymousUser, study: Study) -> frozenset[str]:
    """What a user is in a study: values of `Membership.Role`, and "administrator"."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    held = set(study.memberships.filter(user=user).values_list("role", flat=True))
    return frozenset(held | ({ADMINISTRATOR} if user.is_staff else set()))


def is_coordinator(user: User | AnonymousUser, study: Study) -> bool:
    """Whether the user coordinates the study."""
    return Role.COORDINATOR in roles(user, study)


def is_statistician(user: User | AnonymousUser, study: Study) -> bool:
    """Whether the user is the study's unblinded statistician."""
    return Role.STATISTICIAN in roles(user, study)


def is_truth_reader(user: User | AnonymousUser, study: Study) -> bool:
    """Whether the user sets the study's reference standard."""
    return Role.TRUTH_READER in roles(user, study)


def visible_to(user: User | AnonymousUser) -> QuerySet[Study]:
    """The studies that a user may know of: their own, and all for an administrator."""
    if not isinstance(user, User) or not user.is_active:
        return Study.objects.none()
    if user.is_staff:
        return Study.objects.all()
    return Study.objects.filter(memberships__user=user).distinct()


def at_desk_of(user: User | AnonymousUser) -> QuerySet[Study]:
    """The studies in which a user has something to do at the desk, beyond reading."""
    if isinstance(user, User) and user.is_staff:
        return visible_to(user)
    desk = Q(memberships__user_id=user.pk, memberships__role__in=DESK_ROLES)
    return visible_to(user).filter(desk).distinct()


def study_for(user: User | AnonymousUser, study_id: UUID | str, *allowed: str) -> Study:
    """The study, for a user who has one of the roles `allowed` (any role when none is named).

    Raises
    ------
    Unknown
        404 when there is no such study or the user has no part in it: the two look the same.
    Refused
        403 for a member of the study who lacks the role.
    """
    study = visible_to(user).filter(pk=_uuid(study_id)).first()
    if study is None:
        raise Unknown
    if allowed and not roles(user, study) & set(allowed):
        raise Refused("studies.role", _refusal(allowed))
    return study


def _refusal(allowed: tuple[str, ...]) -> str:
    """What somebody without a role is told; where any role but a reader's would do, where to go."""
    if len(allowed) >= len(DESK_ROLES):
        return _("This is for those at the study's desk. What you read is under My reading.")
    needed = " or ".join(name.replace("_", " ") for name in allowed)
    return _("This needs the role of %s in the study.") % needed


def case_for(user: User, study_id: UUID | str, case_id: UUID | str, *allowed: str) -> Case:
    """A case of a study that the user may see; else as `study_for`."""
    study = study_for(user, study_id, *allowed)
    case = Case.objects.filter(study=study, pk=_uuid(case_id)).select_related("study").first()
    if case is None:
        raise Unknown
    return case


def names_of_chains() -> dict[str, str]:
    """The name of each study by its chain of the audit trail, which is called by its id."""
    return {str(pk): name for pk, name in Study.objects.values_list("pk", "name")}


def collection_of(study_id: UUID) -> Collection | None:
    """The collection that a study owns."""
    study = Study.objects.filter(pk=study_id).select_related("collection").first()
    return study.collection if study else None


def sealed(key: str) -> Exists:
    """Whether the examination that an outer query's field `key` names is of a locked study.

    A locked study's images, of cases and of their priors, change no more, whoever sends them (C2).
    """
    locked = Case.objects.exclude(study__state=Study.State.DRAFT)
    return Exists(locked.filter(Q(examination=OuterRef(key)) | Q(prior=OuterRef(key))))


def priors(study: Study) -> dict[UUID, str]:
    """The examinations that show beside a case as its prior, with a case's code each."""
    found = Case.objects.filter(study=study, prior__isnull=False)
    return dict(found.order_by("-code").values_list("prior_id", "code"))


def may_fill(user: User, collection: Collection) -> bool:
    """Whether a user may upload into a collection: its study's coordinators, administrators."""
    if user.is_staff:
        return True
    return Membership.objects.filter(
        study__collection=collection, user=user, role=Role.COORDINATOR
    ).exists()


def reader_of(user: User, study: Study) -> Reader | None:
    """The user as a reader of the study, if they read in it and have not withdrawn."""
    return Reader.objects.filter(user=user, study=study, withdrawn_at=None).first()


def mark_scale_of(version: UUID) -> MarkScale:
    """What marks are rated on under a protocol version; one query, of that member alone."""
    said = ProtocolVersion.objects.values_list("document__mark_scale", flat=True).get(pk=version)
    return MarkScale.from_dict(said or {})


def questions(study: Study) -> QuerySet[Question]:
    """The questions as they stand now."""
    return Question.objects.filter(study=study, last_version=None)


def questions_of(version: ProtocolVersion) -> QuerySet[Question]:
    """The questions of one protocol version: a read keeps those it was opened with (D1)."""
    return Question.objects.filter(
        Q(last_version=None) | Q(last_version__gte=version.number),
        study=version.study_id,
        first_version__lte=version.number,
    )


def current_version(study: Study) -> ProtocolVersion | None:
    """The newest protocol version: the one that a read opened now is made under."""
    return study.protocol_versions.order_by("-number").first()


def active_cases(study: Study, kind: str = Case.Kind.MAIN) -> QuerySet[Case]:
    """The cases of a kind that are not withdrawn."""
    return Case.objects.filter(study=study, kind=kind, withdrawn_at=None)


def active_readers(study: Study) -> QuerySet[Reader]:
    """The readers who have not withdrawn."""
    return Reader.objects.filter(study=study, withdrawn_at=None).select_related("user", "site")


def detectors_in_use() -> dict[str, set[UUID]]:
    """The detectors, by value, that arms of studies name whose reading is not over.

    Each with the ids of the collections that these studies take their cases from.
    """
    arms_in_use = Arm.objects.filter(study__state__in=_OPEN).exclude(detector="")
    found: dict[str, set[UUID]] = {}
    for detector, collection in arms_in_use.values_list("detector", "study__collection"):
        found.setdefault(detector, set()).add(collection)
    return found


def tells_kinds(examination: Examination, detector: str) -> bool:
    """Whether an open study tells its readers of the kinds of this detector's proposals."""
    arms_in_use = Arm.objects.filter(detector=detector, study__state__in=_OPEN)
    return arms_in_use.filter(
        study__lesion_classification=True, study__collection=examination.collection_id
    ).exists()


def drafts_that_tell_kinds() -> QuerySet[Study]:
    """Drafts whose readers are to be told of kinds of lesion."""
    return Study.objects.filter(state=Study.State.DRAFT, lesion_classification=True)


def has_washout_override(reader: Reader, period: int) -> bool:
    """Whether a coordinator let the reader begin the period before its washout ends."""
    return WashoutOverride.objects.filter(reader=reader, period=period).exists()


def require_served(study: Study) -> None:
    """Refuse to serve a study whose allocation or detector is not what was locked (A3).

    Raises
    ------
    Problem
        409 `studies.halted`.
    """
    if study.halted_reason:
        words = _(
            "Reading is stopped while the study is checked. Your coordinator knows; try later."
        )
        raise Problem("studies.halted", words)


def definition(study: Study) -> Definition:
    """The study's protocol as a value: to copy, to export, to lock."""
    return Definition(
        name=study.name,
        summary=study.summary,
        design=DesignDraft(
            kind=study.design,
            washout_days=study.washout_days,
            block_sizes=tuple(study.block_sizes),
            strata=tuple(study.strata),
            reader_blocks=study.reader_blocks,
            repeats=study.repeats,
        ),
        arms=arms(study),
        questions=tuple(map(question_draft, questions(study))),
        idle_limit_s=study.idle_limit_s,
        session_limit_min=study.session_limit_min,
        rest_min=study.rest_min,
        coordinator_blinded=study.coordinator_blinded,
        analysis_plan=study.analysis_plan,
        questionnaires=questionnaires(study),
        pass_mark_percent=study.pass_mark_percent,
        training_cases=study.training_cases,
        test_cases=study.test_cases,
        hanging=Hanging.from_dict(study.hanging),
        imaging_protocol=ImagingProtocol.of(study.collection.imaging_protocol),
        truth_panel=panel_of(study),
        explanations=Explanations.from_dict(study.explanations),
        lesion_classification=study.lesion_classification,
        deidentification=Deidentification.of(study.collection.deidentification),
        mark_scale=MarkScale.from_dict(study.mark_scale),
    )


def questionnaires(study: Study) -> tuple[QuestionnaireDraft, ...]:
    """What readers are asked about themselves, the room and the study."""
    return tuple(map(questionnaire, study.questionnaires))


def arms(study: Study) -> tuple[ArmDraft, ...]:
    """The arms, the control arms first."""
    rows = sorted(study.arms.all(), key=lambda arm: (arm.mode != "control", arm.key))
    return tuple(
        ArmDraft(key=arm.key, name=arm.name, mode=arm.mode, detector=arm.detector) for arm in rows
    )


def question_draft(question: Question) -> QuestionDraft:
    """A question as a value."""
    return QuestionDraft(
        key=question.key,
        text=question.text,
        kind=question.kind,
        help=question.help,
        choices=tuple(question.choices),
        low_label=question.low_label,
        high_label=question.high_label,
        minimum=question.minimum,
        maximum=question.maximum,
        is_required=question.is_required,
        is_primary=question.is_primary,
        shown_if=question.shown_if,
    )


def stratum(reader: Reader, strata: Iterable[str]) -> tuple[str, ...]:
    """A reader's stratum, as ("resident", "North Hospital")."""
    values = {"experience": reader.experience, "site": reader.site.name}
    return tuple(values[name] for name in strata)


def _uuid(value: UUID | str) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except ValueError:
        raise Unknown from None
