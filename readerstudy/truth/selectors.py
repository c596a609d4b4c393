"""Queries about the reference standard, for those who set it and for the count of what is set."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from readerstudy.accounts.models import User
from readerstudy.audit.services import canonical
from readerstudy.imaging.geometry import grid_digest
from readerstudy.imaging.models import Series
from readerstudy.studies import plan as plans
from readerstudy.studies.models import Case, Study
from readerstudy.truth import caseset
from readerstudy.truth.caseset import Tell
from readerstudy.truth.models import (
    Adjudication,
    CaseSetReview,
    Opinion,
    Panel,
    ReferenceStandard,
    StandardVersion,
    TruthLesion,
)
from readerstudy.web.problems import Unknown

How = StandardVersion.How
BY_PANEL = (How.AGREEMENT, How.THIRD, How.CONSENSUS)

# What a reader can see of a case beside its images, and what a browser's network panel shows.
ORDER, UPLOADED, BYTES = "order of the cases' codes", "time of upload", "size in bytes"
SLICES, SERIES = "number of slices", "number of series"
PRIOR = "a prior examination"


def of_case(case: Case) -> ReferenceStandard | None:
    """A case's standard, if it was set."""
    return ReferenceStandard.objects.filter(case=case).select_related("set_by").first()


def lesions(standard: ReferenceStandard) -> QuerySet[TruthLesion]:
    """The standard's lesions, by number."""
    return TruthLesion.objects.filter(standard=standard)


def is_displaced(mask: Mapping[str, str] | None, geometry: Mapping[str, Any] | None) -> bool:
    """Whether a series no longer lies where it lay when this was drawn on it.

    Masks from before grids were kept have none, and are taken as they are.
    """
    if not mask or not mask.get("grid"):
        return False
    return not geometry or grid_digest(geometry) != mask["grid"]


def displaced(study: Study) -> list[str]:
    """The codes of cases whose standard was drawn on a grid that their series no longer has.

    Every page of a draft asks: no voxel is fetched, and a series' grid is summed up once.
    """
    drawn = TruthLesion.objects.filter(
        standard__case__study=study, standard__case__withdrawn_at=None, mask__grid__isnull=False
    )
    rows = set(drawn.values_list("standard__case__code", "mask__series", "mask__grid"))
    found = Series.objects.filter(pk__in={series for _, series, _ in rows})
    grids = {
        str(pk): grid_digest(geometry)
        for pk, geometry in found.values_list("pk", "geometry")
        if geometry
    }
    return sorted({code for code, series, grid in rows if grids.get(series) != grid})


def set_cases(study: Study) -> set[UUID]:
    """The ids of the cases whose standard is set: that it is, not what it says."""
    return set(
        ReferenceStandard.objects.filter(case__study=study).values_list("case_id", flat=True)
    )


def counts(study: Study) -> dict[str, int]:
    """How many main cases have which status, for the check that both classes are there."""
    standards = ReferenceStandard.objects.filter(
        case__study=study, case__withdrawn_at=None, case__kind=Case.Kind.MAIN
    )
    both = dict.fromkeys(ReferenceStandard.Status.values, 0)
    for status in standards.values_list("status", flat=True):
        both[status] += 1
    return both


def case_set(study: Study) -> list[Tell]:
    """How well what every reader sees of the main cases tells their status (F8)."""
    rows = ReferenceStandard.objects.filter(
        case__study=study, case__withdrawn_at=None, case__kind=Case.Kind.MAIN
    )
    rows = rows.select_related("case__examination", "case__prior").order_by("case__code")
    seen: dict[str, list[float]] = {name: [] for name in (ORDER, UPLOADED, BYTES, SLICES, SERIES)}
    priors = []
    diseased = []
    both = ("case__examination__series", "case__prior__series")
    for place, row in enumerate(rows.prefetch_related(*both)):
        prior = row.case.prior
        series = [*row.case.examination.series.all(), *(prior.series.all() if prior else ())]
        priors.append(float(prior is not None))
        diseased.append(row.status == ReferenceStandard.Status.DISEASED)
        seen[ORDER].append(place)
        seen[UPLOADED].append(row.case.examination.created_at.timestamp())
        seen[BYTES].append(sum(each.pack_bytes for each in series))
        slices = [len((each.geometry or {}).get("positions_mm", [])) for each in series]
        seen[SLICES].append(sum(slices))
        seen[SERIES].append(len(series))
    if any(priors):
        seen[PRIOR] = priors
    return caseset.tells(seen, diseased, drawn={ORDER})  # `studies.services.add_cases` draws codes


def digest_of(tells: Sequence[Tell]) -> str:
    """What an acceptance is bound to: the findings, as they were shown."""
    return hashlib.sha256(canonical([asdict(each) for each in tells])).hexdigest()


def review_of(study: Study, tells: Sequence[Tell]) -> CaseSetReview | None:
    """The acceptance of just these findings, if there is one."""
    return CaseSetReview.objects.filter(study=study, digest=digest_of(tells)).first()


def panel(study: Study) -> Panel:
    """How the study's standard comes about: one opinion unless it says otherwise."""
    return Panel.objects.filter(study=study).first() or Panel(study=study, opinions=1)


def opinions(case: Case) -> list[Opinion]:
    """The opinions of a case that stand, in the order they were stated."""
    return list(Opinion.objects.filter(case=case, withdrawn_at=None).select_related("by"))


def history(case: Case) -> QuerySet[StandardVersion]:
    """Every version of the case's standard, the newest first."""
    return StandardVersion.objects.filter(case=case).select_related("by")


def settled(study: Study) -> set[UUID]:
    """The ids of the cases whose standard came about as the study asks."""
    if panel(study).opinions == 1:
        return set_cases(study)
    return {case_id for case_id, how in _newest(study).items() if how in BY_PANEL}


def _newest(study: Study) -> dict[UUID, str]:
    """How the newest version of each case's standard came about."""
    rows = StandardVersion.objects.filter(case__study=study, case__withdrawn_at=None)
    return dict(rows.order_by("number").values_list("case_id", "how"))


@dataclass(frozen=True)
class Standing:
    """How far a case is; never what an opinion says."""

    case: Case
    given: int
    needed: int
    is_settled: bool
    is_mine_given: bool = False
    task: str = ""  # of the viewer: "state", "adjudicate", "confirm" or nothing

    @property
    def is_disputed(self) -> bool:
        """Whether all opinions are there and no standard came of them."""
        return not self.is_settled and self.needed > 1 and self.given >= self.needed


def standings(study: Study, viewer: User | None = None) -> list[Standing]:
    """How far each case is and, for a truth reader, what they do next of it."""
    rule, done = panel(study), settled(study)
    authors: dict[UUID, list[UUID]] = {}
    stand = Opinion.objects.filter(case__study=study, withdrawn_at=None)
    for case_id, author in stand.values_list("case_id", "by_id"):
        authors.setdefault(case_id, []).append(author)
    waiting = _proposed(study)
    found = []
    for case in Case.objects.filter(study=study, withdrawn_at=None):
        stated_by = authors.get(case.pk, [])
        is_mine = viewer is not None and viewer.pk in stated_by
        one = Standing(case, len(stated_by), rule.opinions, case.pk in done, is_mine)
        if viewer is not None:
            one = replace(one, task=_task(one, rule, waiting.get(case.pk), viewer))
        found.append(one)
    return found


def _proposed(study: Study) -> dict[UUID, UUID]:
    """Cases with a consensus that waits for the other: the case's id and who proposed it."""
    rows = Adjudication.objects.filter(
        first__case__study=study, confirmed_at=None,
        first__withdrawn_at=None, second__withdrawn_at=None,
    )  # fmt: skip
    return dict(rows.order_by("at").values_list("first__case_id", "by_id"))


def _task(one: Standing, rule: Panel, proposer: UUID | None, viewer: User) -> str:
    if one.is_settled:
        return ""
    if not one.is_disputed:
        return "" if one.is_mine_given else "state"
    if rule.adjudication == Panel.Adjudication.THIRD:
        return "" if one.is_mine_given else "adjudicate"
    if not one.is_mine_given:
        return ""
    if proposer is None:
        return "adjudicate"
    return "" if proposer == viewer.pk else "confirm"


def standing(case: Case, viewer: User) -> Standing:
    """As `standings`, of one case.

    Raises
    ------
    Unknown
        404 for a case that was withdrawn.
    """
    found = [each for each in standings(case.study, viewer) if each.case.pk == case.pk]
    if not found:
        raise Unknown
    return found[0]


def opinions_for(case: Case, viewer: User) -> list[Opinion]:
    """The opinions that a truth reader may see: their own, and both where they adjudicate.

    The one place that keeps the second opinion blind to the first.
    """
    given = opinions(case)
    if standing(case, viewer).task in ("adjudicate", "confirm"):
        return given
    return [each for each in given if each.by_id == viewer.pk]


def proposed_consensus(case: Case) -> Adjudication | None:
    """The consensus that waits for the other's word, if there is one."""
    rows = Adjudication.objects.filter(
        first__case=case, confirmed_at=None,
        first__withdrawn_at=None, second__withdrawn_at=None,
    )  # fmt: skip
    return rows.select_related("by", "first", "second").first()


def matching_rule(study: Study) -> dict[str, Any]:
    """The rule by which lesions are the same: the analysis plan's, or the default plan's."""
    rule: dict[str, Any] = study.analysis_plan.get("matching") or plans.default()["matching"]
    return rule


def agreement(study: Study) -> dict[str, Any] | None:
    """How far two opinions agree over the cases that have both; None where none has."""
    both: dict[UUID, list[Opinion]] = {}
    for each in Opinion.objects.filter(case__study=study, withdrawn_at=None):
        both.setdefault(each.case_id, []).append(each)
    rows = [(stated(given[0]), stated(given[1])) for given in both.values() if len(given) > 1]
    if not rows:
        return None
    from readerstudy.truth import bridge  # the web process needs no statistics to start

    return bridge.agreement(rows, matching_rule(study))


def stated(opinion: Opinion) -> tuple[bool, list[tuple[tuple[float, float, float], float]]]:
    """Whether it says diseased, and its lesions: centroid (LPS, mm) and diameter (mm)."""
    lesions = [
        ((each["x_mm"], each["y_mm"], each["z_mm"]), each["diameter_mm"])
        for each in opinion.lesions
    ]
    return opinion.status == ReferenceStandard.Status.DISEASED, lesions


def ways(study: Study) -> list[tuple[str, int]]:
    """How many cases' standards came about in which way, in words."""
    counted = Counter(_newest(study).values())
    return [(str(how.label), counted[how]) for how in How if counted[how]]
