"""Turn a study into what is locked: the plan of its allocation and its protocol document."""

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet

from readerstudy import __version__
from readerstudy.imaging.models import Series
from readerstudy.studies import protocol, randomisation
from readerstudy.studies.models import Arm, Case, Reader, Study
from readerstudy.studies.selectors import active_cases, active_readers, definition, stratum

# Upper apps that know a stratum of the cases (truth: the status) say it here, by case id. It
# balances the blocks of a split-plot design and is never shown.
CaseStrata = Callable[[Study], dict[Any, str]]
_case_strata: list[CaseStrata] = []


def register_case_strata(function: CaseStrata) -> CaseStrata:
    """Register what divides cases into strata."""
    if function not in _case_strata:
        _case_strata.append(function)
    return function


def plan(study: Study) -> randomisation.Plan:
    """What the study's randomisation starts from, named by codes."""
    main = list(active_cases(study))
    return randomisation.Plan(
        design=study.design,
        readers=tuple(
            randomisation.ReaderSlot(reader.code, stratum(reader, study.strata))
            for reader in active_readers(study)
        ),
        cases=tuple(case.code for case in main),
        arms=_allocated_arms(study),
        training=tuple(case.code for case in active_cases(study, Case.Kind.TRAINING)),
        block_sizes=tuple(study.block_sizes),
        reader_blocks=study.reader_blocks,
        case_strata=_strata(study, main),
        repeats=study.repeats,
    )


def _allocated_arms(study: Study) -> tuple[str, ...]:
    """Arm keys, control first. In a sequential design the aided arm's read has both stages."""
    arms = sorted(study.arms.all(), key=lambda arm: (arm.mode != Arm.Mode.CONTROL, arm.key))
    if study.design == Study.Design.SEQUENTIAL:
        arms = [arm for arm in arms if arm.mode == Arm.Mode.SECOND_READER]
    return tuple(arm.key for arm in arms)


def _strata(study: Study, main: list[Case]) -> dict[str, str]:
    """Each case's stratum under a name that tells nothing, where cases are divided."""
    if study.design != Study.Design.SPLIT_PLOT and not study.repeats:
        return {}
    labels = [function(study) for function in _case_strata]
    of_case = {case.code: tuple(each.get(case.pk, "") for each in labels) for case in main}
    names: dict[tuple[str, ...], str] = {}
    for code in sorted(of_case):
        names.setdefault(of_case[code], f"stratum {len(names) + 1}")
    return {code: names[stratum] for code, stratum in of_case.items()}


def document(study: Study) -> dict[str, Any]:
    """The protocol document: the definition, cases with their pixels' hashes, readers, software."""
    return {
        "format": protocol.FORMAT,
        "study": str(study.pk),
        **definition(study).as_dict(),
        "cases": cases(study.cases.filter(withdrawn_at=None)),
        "readers": readers(active_readers(study)),
        "randomisation": randomisation.METHOD,
        "software": __version__,
    }


def readers(rows: QuerySet[Reader]) -> list[dict[str, Any]]:
    """Readers as the protocol document names them."""
    return [
        {
            "code": reader.code,
            "experience": reader.experience,
            "experience_years": reader.experience_years,
            "site": reader.site.name,
        }
        for reader in rows.select_related("site").order_by("code")
    ]


def cases(rows: QuerySet[Case]) -> list[dict[str, Any]]:
    """Cases as the protocol document names them, bound to their pixels by hashes."""
    rows = rows.order_by("code")
    series: dict[Any, list[dict[str, Any]]] = {}
    of_cases, of_priors = (rows.order_by().values(name) for name in ("examination", "prior"))
    found = Series.objects.filter(Q(examination__in=of_cases) | Q(examination__in=of_priors))
    for each in found.order_by("role", "pack_sha256"):
        series.setdefault(each.examination_id, []).append(
            {"role": each.role, "pack_sha256": each.pack_sha256}
        )
    return [
        {
            "code": case.code,
            "kind": case.kind,
            "declared_without_proposals": case.declared_without_proposals,
            "series": series.get(case.examination_id, []),
            **_prior(case, series),
        }
        for case in rows
    ]


def _prior(case: Case, series: dict[Any, list[dict[str, Any]]]) -> dict[str, Any]:
    """A case's prior; a case without one says nothing, as in documents of earlier releases."""
    if case.prior_id is None:
        return {}
    return {"prior": {"days": case.prior_days, "series": series.get(case.prior_id, [])}}
