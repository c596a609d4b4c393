"""Queries about runs and detectors. What was found is behind `lesions`."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.db.models import Case as Either
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, When
from django.utils.translation import gettext as _

from readerstudy.imaging.models import Examination, Series
from readerstudy.proposals import bridge
from readerstudy.proposals.models import Run, VendorDetector
from readerstudy.studies.models import Case, Study
from readerstudy.studies.selectors import detectors_in_use

DETECTORS, GPU = "detectors", "gpu"  # queues
NOT_STARTED = "not started"


def default_detector() -> str:
    """The detector that comes with the platform, by value."""
    return bridge.default_detector()


def detectors() -> list[str]:
    """Every detector that can be named in an arm: those that run here, then other makers'."""
    return bridge.known_detectors() + vendor_detectors()


def vendor_detectors() -> list[str]:
    """Other makers' detectors, whose results are delivered as files, by value."""
    return [str(each) for each in VendorDetector.objects.all()]


def vendor_detector(detector: str) -> VendorDetector | None:
    """Another maker's detector by value; None for one that runs here or is not known."""
    name, _, version = detector.partition("@")
    return VendorDetector.objects.filter(name=name, version=version).first()


def banner(detector: str) -> str:
    """What a reader is told about the detector, wherever its output shows.

    In the reader's language where the words are in the catalogue, as those of the shipped ones.
    """
    try:
        return _(str(card(detector)["banner"]))
    except KeyError:
        return _("This detector's card is missing: nothing is known about its performance.")


def card(detector: str) -> dict[str, Any]:
    """The whole model card; of another maker's detector, what was written down about it."""
    vendor = vendor_detector(detector)
    if vendor is None:
        return bridge.card(detector)
    return {
        "banner": f"{vendor.name} {vendor.version} by {vendor.maker}. {vendor.statement}",
        "description": "Runs elsewhere; its results are delivered as files and shown as they are.",
        "limits": ["Nothing about it was measured here."],
    }


def reliability_figure(detector: str, theme: Literal["light", "dark"]) -> bytes | None:
    """The reliability diagram of a detector's card as SVG; None where it was not measured."""
    try:
        bins = (card(detector).get("performance") or {}).get("reliability")
    except KeyError:
        return None
    return bridge.reliability_figure(bins, theme) if bins else None


def known_rows(explanation: Mapping[str, Any]) -> list[int]:
    """The known lesions with a picture that an explanation compares with, the nearest first."""
    return bridge.known_rows(explanation.get("alike", {}))


def known_lesion(explanation: Mapping[str, Any], row: int) -> tuple[str, float, bytes]:
    """One of an explanation's `known_rows`: its kind, diameter in mm, and picture as PNG."""
    return bridge.known_lesion(explanation["alike"]["table"], row)


def queue_of(detector: str) -> str:
    """The queue of a detector's runs: "gpu" where its card asks for one, else "detectors".

    It asks for one by its device, or by more memory than `DETECTOR_MEMORY_MIB`, what the workers
    of the other queue have. A detector whose card is missing fails wherever it runs.
    """
    try:
        found = bridge.card(detector)
    except KeyError:
        return DETECTORS
    most = settings.DETECTOR_MEMORY_MIB
    is_large = bool(most and (found.get("memory_mib") or 0) > most)
    return GPU if found.get("device") == "cuda" or is_large else DETECTORS


def wanted() -> dict[str, QuerySet[Examination]]:
    """The detectors that run here and are wanted, each with the ready examinations that it is for.

    A detector in use is for all of the studies that name it: one that lacks a series is told as a
    failure. The default begins before anyone has named it, where no study has arms yet: on what
    has the series that it needs. Examinations that only show as a case's prior need none:
    proposals are of the case's own.
    """
    ready = Examination.objects.exclude(ready_at=None)
    ready = ready.exclude(pk__in=Case.objects.exclude(prior=None).values("prior"))
    in_use, default, vendors = detectors_in_use(), default_detector(), set(vendor_detectors())
    found = {
        detector: ready.filter(collection__in=collections)
        for detector, collections in in_use.items()
        if detector not in vendors
    }
    packed = Series.objects.filter(examination=OuterRef("pk")).exclude(pack_sha256="")
    apt = ready.filter(*(Exists(packed.filter(role=role)) for role in bridge.needs(default)))
    apt = apt.exclude(collection__in=Study.objects.exclude(arms=None).values("collection"))
    is_used = Q(collection__in=in_use.get(default, ()))
    found[default] = ready.filter(is_used | Q(pk__in=apt.values("pk")))
    return found


def done_run(examination_id: UUID, detector: str) -> Run | None:
    """The finished run of a detector on an examination, if there is one."""
    return Run.objects.filter(
        examination=examination_id, detector=detector, state=Run.State.DONE
    ).first()


def states(examination_ids: Iterable[UUID], detector: str) -> dict[UUID, str]:
    """The run's state by examination; examinations without a run are left out."""
    runs = Run.objects.filter(examination__in=list(examination_ids), detector=detector)
    return dict(runs.values_list("examination_id", "state"))


def detectors_of(study: Study) -> list[str]:
    """The detectors that the study's arms name."""
    return sorted(set(study.arms.exclude(detector="").values_list("detector", flat=True)))


def unknown_detectors(study: Study) -> list[str]:
    """Those of them that are not known here."""
    known = set(detectors())
    return [each for each in detectors_of(study) if each not in known]


def weights_of(detector: str) -> str:
    """The hash of a detector's weights by its card; empty for a detector without one."""
    try:
        return str(card(detector).get("weights_sha256", ""))
    except KeyError:
        return ""


def weights_used(study: Study, detector: str) -> set[str]:
    """The hashes of the weights that made the proposals of a study's cases."""
    examinations = Case.objects.filter(study=study, withdrawn_at=None).values("examination")
    done = Run.objects.filter(detector=detector, state=Run.State.DONE, examination__in=examinations)
    return set(done.order_by().values_list("weights_sha256", flat=True))


def runs_of_detectors(study: Study) -> QuerySet[Run]:
    """The finished runs of the study's detectors on its examinations, other makers' left out."""
    return Run.objects.filter(
        examination__collection=study.collection_id,
        detector__in=detectors_of(study),
        source="detector",
        state=Run.State.DONE,
    )


def kinds_of_cases(study: Study) -> list[tuple[Case, Run]]:
    """Cases with the finished runs whose proposals they show, where kinds are told of them."""
    cases = Case.objects.filter(study=study, withdrawn_at=None, declared_without_proposals=False)
    of = {each.examination_id: each for each in cases}
    done = Run.objects.filter(
        examination__in=of, detector__in=detectors_of(study), state=Run.State.DONE
    )
    return [(of[run.examination_id], run) for run in done] if study.lesion_classification else []


def without_proposals(study: Study) -> list[tuple[Case, str, str]]:
    """Cases of AI arms whose proposals are not there, with detector and state (C8)."""
    cases = Case.objects.filter(study=study, withdrawn_at=None, declared_without_proposals=False)
    found = []
    for detector in detectors_of(study):
        there = states(cases.values_list("examination_id", flat=True), detector)
        found += [
            (case, detector, there.get(case.examination_id, NOT_STARTED))
            for case in cases
            if there.get(case.examination_id) != Run.State.DONE
        ]
    return found


def runs_of(study: Study) -> QuerySet[Run]:
    """The runs on a study's examinations, newest first."""
    return Run.objects.filter(examination__collection=study.collection_id).select_related(
        "examination"
    )


def troubled_first(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Runs that were set aside, then those that failed, then the others; each newest first."""
    rank = Either(
        When(state=Run.State.QUARANTINED, then=0), When(state=Run.State.FAILED, then=1), default=2
    )
    return runs.order_by(rank, "-queued_at", "pk")


def counts() -> dict[str, int]:
    """How many runs are in which state, for the operations page."""
    return dict(Run.objects.values_list("state").annotate(Count("id")))
