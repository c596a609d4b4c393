"""Set a case's reference standard."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.proposals import delivered
from readerstudy.proposals.bridge import Found
from readerstudy.proposals.delivered import Located, Outcome
from readerstudy.reads import masks
from readerstudy.studies.models import Case, Membership, Study
from readerstudy.studies.services.gate import changing
from readerstudy.truth import selectors
from readerstudy.truth.models import (
    CaseSetReview,
    ReferenceStandard,
    StandardVersion,
    TruthLesion,
)
from readerstudy.web.problems import Invalid, Problem

MAX_MM = 10_000.0
MAX_DIAMETER_MM = 250.0
SOURCE_CHARACTERS = 200  # the column's width
_SAY_HOW = f"Say in at most {SOURCE_CHARACTERS} characters how it was established."
SETTERS = (Membership.Role.COORDINATOR, Membership.Role.TRUTH_READER)
Status = ReferenceStandard.Status


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionDraft:
    """A lesion to be: centroid (LPS, mm), diameter (mm), type, weight (None: equal weights).

    `mask` is what was drawn of it, {"series", "voxels"} as `reads.masks` has them, if anything;
    with "grid" (`imaging.geometry.grid_digest`) where it was drawn elsewhere.
    """

    x_mm: float
    y_mm: float
    z_mm: float
    diameter_mm: float
    kind: str = ""
    weight: float | None = None
    mask: dict[str, str] | None = None


def set_standard(
    case: Case, *, status: str, lesions: Sequence[LesionDraft] = (), source: str, by: User
) -> ReferenceStandard:
    """Set or replace the reference standard of a draft's case, where one opinion is enough.

    Parameters
    ----------
    status : str
        A value of `ReferenceStandard.Status`.
    lesions : sequence of LesionDraft
        At least one exactly when the status is diseased. Weights, when given, are scaled to
        add up to 1.
    source : str
        How it was established, as "histology" or "consensus of three neuroradiologists".

    Raises
    ------
    Problem
        400 with everything that is wrong; 409 once the study is locked, or when its standard
        comes from two opinions (`panel`).
    """
    if found := problems(status, lesions, source):
        raise Invalid("truth.standard", " ".join(found), problems=found)
    with changing(case.study, "edit", by=by, roles=SETTERS):
        _require_no_panel(case.study)
        standard = write(case, status=status, lesions=lesions, source=source.strip(), by=by)
        # The audit names the case, not what its standard says: coordinators read the audit.
        record(
            "truth.set_standard",
            subject=f"case:{case.pk}",
            by=by,
            study=case.study_id,
            detail={"case": case.code},
        )
    return standard


def set_from_files(
    study: Study,
    *,
    files: Sequence[Path],
    names: Mapping[Path, str] | None = None,
    source: str,
    by: User,
) -> list[Outcome]:
    """Set the standard of many cases from what was drawn elsewhere (`proposals.delivered`).

    Segmentations, RT Structure Sets, NIfTI masks, reports, tables: each examination's lesions
    become its case's standard; a mask, report or table that names none says that there is no
    metastasis.

    Raises
    ------
    Problem
        400 for no files, or when nobody says how it was established; 403, 404, 409 as
        `set_standard`.
    """
    with changing(study, "edit", by=by, roles=SETTERS):
        _require_no_panel(study)  # refuse before anything is read
    if not source.strip() or len(source) > SOURCE_CHARACTERS:
        raise Invalid("truth.source", _SAY_HOW)
    located, outcomes = delivered.read(study, files, names=names)
    cases = {case.examination_id: case for case in study.cases.select_related("study")}
    for each in located:
        case = cases.get(each.examination.pk)
        if case is None:
            words = "Not taken: it is no case yet; make a case of it first."
            outcomes.append(Outcome(each.what, is_taken=False, words=words))
            continue
        lesions = [_drawn(one, each) for one in each.found]
        status = Status.DISEASED if lesions else Status.NON_DISEASED
        set_standard(case, status=status, lesions=lesions, source=source, by=by)
        outcomes.append(Outcome(case.code, is_taken=True, words="Standard set."))
    return outcomes


def accept_case_set(study: Study, *, reason: str, by: User) -> CaseSetReview:
    """Accept, with a reason, what readers could tell the classes by (F8).

    The acceptance holds for the findings as they are: cases or standards that change void it.

    Raises
    ------
    Problem
        400 without a reason; 403, 404, 409 as `changing`.
    """
    with changing(study, "edit", by=by):
        if not reason.strip():
            raise Invalid("truth.reason", "Say why the study may start all the same.")
        tells = selectors.case_set(study)
        review = CaseSetReview.objects.create(
            study=study,
            digest=selectors.digest_of(tells),
            reason=reason.strip(),
            by=by,
            at=timezone.now(),
        )
        record(
            "truth.accept_case_set",
            subject=f"study:{study.pk}",
            by=by,
            study=study.pk,
            detail={each.attribute: [each.auc, each.p] for each in tells},
            reason=review.reason,
        )
    return review


def _drawn(found: Found, on: Located) -> LesionDraft:
    """A lesion that came from a file; with its voxels where it was drawn, and their grid.

    Voxels are kept by the number of their frame: a slice that comes later may shift them all.
    """
    x, y, z = found.centroid_mm
    voxels = masks.written(*found.voxels) if found.voxels else None
    return LesionDraft(
        x_mm=x, y_mm=y, z_mm=z, diameter_mm=found.diameter_mm,
        mask={"series": on.series, "grid": on.grid, "voxels": voxels} if voxels else None,
    )  # fmt: skip


def _require_no_panel(study: Study) -> None:
    if selectors.panel(study).opinions > 1:
        words = "This study's standard comes from two independent opinions: truth readers state"
        raise Problem("truth.panel", words + " each case, and what differs is adjudicated.")


def write(
    case: Case,
    *,
    status: str,
    lesions: Sequence[LesionDraft],
    source: str,
    by: User,
    how: str = StandardVersion.How.SET,
    rule: dict[str, Any] | None = None,
) -> ReferenceStandard:
    """Write a standard that was found right, and its version; the caller has the study's lock."""
    now = timezone.now()
    standard = _replace(case, status, source, by)
    total = sum(_weight(each) for each in lesions)
    TruthLesion.objects.bulk_create(
        TruthLesion(
            standard=standard,
            number=number,
            x_mm=each.x_mm,
            y_mm=each.y_mm,
            z_mm=each.z_mm,
            diameter_mm=each.diameter_mm,
            weight=_weight(each) / total,
            kind=each.kind[:40],
            mask=each.mask,
        )
        for number, each in enumerate(lesions, start=1)
    )
    StandardVersion.objects.create(
        case=case,
        number=StandardVersion.objects.filter(case=case).count() + 1,
        status=status,
        source=source,
        lesions=[asdict(each) for each in lesions],
        how=how,
        rule=rule or {},
        by=by,
        at=now,
    )
    return standard


def _weight(lesion: LesionDraft) -> float:
    return 1.0 if lesion.weight is None else lesion.weight


@transaction.atomic
def _replace(case: Case, status: str, source: str, by: User) -> ReferenceStandard:
    standard, _ = ReferenceStandard.objects.update_or_create(
        case=case,
        defaults={"status": status, "source": source, "set_by": by, "set_at": timezone.now()},
    )
    TruthLesion.objects.filter(standard=standard).delete()  # a draft's: no read was scored by it
    return standard


def problems(status: str, lesions: Sequence[LesionDraft], source: str) -> list[str]:
    """All that is wrong with a reference standard to be, in words."""
    found = []
    if status not in Status.values:
        found.append(f"The status is one of {', '.join(Status.values)}.")
    if status == Status.DISEASED and not lesions:
        found.append("A case with metastases needs at least one lesion.")
    if status == Status.NON_DISEASED and lesions:
        found.append("A case without metastasis has no lesions.")
    if not source.strip() or len(source) > SOURCE_CHARACTERS:
        found.append(_SAY_HOW)
    for number, each in enumerate(lesions, start=1):
        found += [f"Lesion {number}: {words}" for words in _lesion_problems(each)]
    return found


def _lesion_problems(lesion: LesionDraft) -> list[str]:
    found = []
    if any(not abs(value) <= MAX_MM for value in (lesion.x_mm, lesion.y_mm, lesion.z_mm)):
        found.append("its centroid is not a place in patient millimetres (LPS).")
    if not 0 < lesion.diameter_mm <= MAX_DIAMETER_MM:
        found.append(f"its diameter lies between 0 and {MAX_DIAMETER_MM:.0f} mm.")
    if lesion.weight is not None and not 0 < lesion.weight <= MAX_MM:
        found.append("its weight is above 0.")
    return found
