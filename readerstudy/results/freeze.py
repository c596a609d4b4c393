"""Gather a study's data into tables: with `reads.disclosure`, the only reader of the vaults.

Nothing here writes. `services.freeze` keeps what this module gathers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from readerstudy.proposals.lesions import ProposedLesion
from readerstudy.reads import disclosure
from readerstudy.reads.models import Answer, Batch, Decision, Mark, Read
from readerstudy.results import about_readers, about_reads, drawings
from readerstudy.results.models import EmergencyUnblinding
from readerstudy.results.tables import OF_READS, Table, table
from readerstudy.studies.allocation import Allocation
from readerstudy.studies.models import Case, Study
from readerstudy.studies.randomisation import repeat_number
from readerstudy.truth.models import ReferenceStandard, TruthLesion

if TYPE_CHECKING:
    from readerstudy.results.bridge import Lesion

Row = dict[str, Any]


@dataclass
class Gathering:
    """What the tables are made from, fetched once."""

    study: Study
    rule: dict[str, Any]  # of matching, from the analysis plan
    standards: dict[Any, ReferenceStandard] = field(default_factory=dict)
    lesions: "dict[Any, list[Lesion]]" = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)
    repeats: list[Read] = field(default_factory=list)  # of cases read before (R13)
    control_key: str = ""


def gather(study: Study) -> list[Table]:
    """All tables of a study as they are now.

    Main reads that are submitted count; training, withdrawn and voided reads stay in the
    allocation table with their status. Cases that were read again have tables of their own, so
    that a reader has one read of a case and arm in the tables that the analysis starts from.
    """
    data = _fetch(study)
    makers: dict[str, Callable[[Gathering], Iterator[Row]]] = {
        "reads": _reads,
        "marks": _marks,
        "truth": _truth,
        "grids": lambda given: drawings.grids(
            [*given.reads, *given.repeats], list(given.standards.values())
        ),
        "answers": _answers,
        "decisions": _decisions,
        "proposals": _proposals,
        "readers": lambda given: about_readers.readers(given.study),
        "allocation": _allocation,
        "events": _events,
    }
    again = replace(data, reads=data.repeats)
    return [
        *(table(name, make(data)) for name, make in makers.items()),
        *(table(f"repeat_{name}", makers[name](again)) for name in OF_READS if study.repeats),
        *about_readers.tables(study),
    ]


def interim_rows(study: Study) -> list[Row]:
    """Ratings and times of the signed reads in the study's own arms, for a blinded look.

    Nothing that tells arms apart but their key: no period, order, marks or decisions.
    """
    data = _fetch(study)
    keys = set(study.arms.values_list("key", flat=True))
    rated = Answer.objects.filter(read__in=data.reads, question__is_primary=True)
    ratings = dict(rated.values_list("read_id", "value"))
    return [
        {
            **_names(data, read),
            "truth": int(_is_diseased(data, read.case_id)),
            "rating": float(ratings[read.id]),
            "active_s": (read.active_ms or 0) / 1000,
        }
        for read in data.reads
        if modality(read, data.control_key) in keys and ratings.get(read.id) is not None
    ]


def _fetch(study: Study) -> Gathering:
    from readerstudy.results.bridge import Lesion  # the web process needs no statistics to start

    data = Gathering(study, study.analysis_plan.get("matching", {}))
    cases = Case.objects.filter(study=study, kind=Case.Kind.MAIN, withdrawn_at=None)
    for standard in ReferenceStandard.objects.filter(case__in=cases).select_related("case"):
        data.standards[standard.case_id] = standard
        data.lesions[standard.case_id] = []
    for lesion in TruthLesion.objects.filter(standard__case__in=cases).select_related("standard"):
        data.lesions[lesion.standard.case_id].append(
            Lesion(lesion.number, (lesion.x_mm, lesion.y_mm, lesion.z_mm), lesion.diameter_mm)
        )
    signed = list(
        Read.objects.filter(case__in=cases, state=Read.State.SUBMITTED)
        .select_related("reader__site", "case", "arm", "allocation", "protocol_version")
        .order_by("reader__code", "allocation__position", "stage")
    )
    for read in signed:
        is_repeat = repeat_number(read.period, read.allocation.sequence)
        (data.repeats if is_repeat else data.reads).append(read)
    control = study.arms.filter(mode="control").first()
    data.control_key = control.key if control else "U"
    return data


def modality(read: Read, control_key: str) -> str:
    """The name of the read's arm in the statistics.

    The unaided stage of a second-reader arm is a read without AI: in a sequential design it is
    the control arm's read; elsewhere it has a name of its own.
    """
    if read.stage != Read.Stage.UNAIDED:
        return str(read.arm.key)
    if read.reader.study.design == Study.Design.SEQUENTIAL:
        return control_key
    return f"{read.arm.key}-unaided"


def _names(data: Gathering, read: Read) -> Row:
    return {
        "reader": read.reader.code,
        "modality": modality(read, data.control_key),
        "case": read.case.code,
    }


def _reads(data: Gathering) -> Iterator[Row]:
    ratings = dict(
        Answer.objects.filter(read__in=data.reads, question__is_primary=True).values_list(
            "read_id", "value"
        )
    )
    scanners = about_reads.scanners(data.reads)
    told = set(
        EmergencyUnblinding.objects.filter(
            reader__study=data.study, granted_at__isnull=False
        ).values_list("reader_id", "case_id", "period")
    )
    orders: dict[Any, int] = {}
    sessions: dict[Any, dict[Any, int]] = {}
    for read in data.reads:
        orders[read.reader_id] = orders.get(read.reader_id, 0) + 1
        sittings = sessions.setdefault(read.reader_id, {})
        session = sittings.setdefault(read.session_id, len(sittings) + 1)
        yield {
            **_names(data, read),
            "truth": int(_is_diseased(data, read.case_id)),
            "rating": _number(ratings.get(read.id)),
            "period": read.period,
            "sequence": read.allocation.sequence,
            "order": orders[read.reader_id],
            "session": session,
            "site": read.reader.site.name,
            "experience": read.reader.experience,
            "scanner": scanners.get(read.case.examination_id),
            "prior": int(read.case.prior_id is not None),
            "prior_days": read.case.prior_days,
            "active_s": (read.active_ms or 0) / 1000,
            **about_reads.other_times(read),
            "elapsed_s": ((read.timing or {}).get("elapsed_ms") or 0) / 1000,
            "opened_at": read.opened_at.isoformat(),
            "submitted_at": read.submitted_at.isoformat() if read.submitted_at else None,
            "protocol_version": read.protocol_version.number,
            "simulated": int(read.is_simulated),
            "emergency": int((read.reader_id, read.case_id, read.period) in told),
            **about_reads.asked(read),
        }


def _is_diseased(data: Gathering, case_id: Any) -> bool:
    return data.standards[case_id].status == ReferenceStandard.Status.DISEASED


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _marks(data: Gathering) -> Iterator[Row]:
    from readerstudy.results.bridge import localise

    kept = Mark.objects.filter(read__in=data.reads, is_removed=False).order_by("read", "number")
    by_read: dict[Any, list[Mark]] = {}
    for mark in kept:
        by_read.setdefault(mark.read_id, []).append(mark)
    for read in data.reads:
        marks = by_read.get(read.id, [])
        points = [(mark.x_mm, mark.y_mm, mark.z_mm) for mark in marks]
        ratings = [mark.rating or 0.0 for mark in marks]
        found = localise(points, ratings, data.lesions[read.case_id], data.rule)
        for mark, point, rating, hit in zip(marks, points, ratings, found, strict=True):
            yield {
                **_names(data, read),
                "mark": mark.number,
                **_xyz(point),
                "diameter_mm": mark.diameter_mm,
                "rating": rating,
                "from_proposal": int(mark.proposal is not None),
                "lesion": hit.lesion,
                "distance_mm": hit.distance_mm,
                **drawings.cells(mark.mask),
            }


def _xyz(point: tuple[float, float, float]) -> Row:
    return dict(zip(("x_mm", "y_mm", "z_mm"), map(float, point), strict=True))


def _truth(data: Gathering) -> Iterator[Row]:
    weights = {
        (lesion.standard.case_id, lesion.number): lesion
        for lesion in TruthLesion.objects.filter(
            standard__in=data.standards.values()
        ).select_related("standard")
    }
    for standard in sorted(data.standards.values(), key=lambda each: each.case.code):
        shared = {"case": standard.case.code, "source": standard.source}
        lesions = data.lesions[standard.case_id]
        if not lesions:
            empty = dict.fromkeys(("weight", "x_mm", "y_mm", "z_mm", "diameter_mm"))
            yield {
                **shared, "truth": int(_is_diseased(data, standard.case_id)),
                "lesion": 0, **empty, "kind": "", **drawings.cells(None),
            }  # fmt: skip
        for lesion in lesions:
            row = weights[standard.case_id, lesion.number]
            yield {
                **shared,
                "truth": 1,
                "lesion": lesion.number,
                "weight": row.weight,
                **_xyz(lesion.centroid_mm),
                "diameter_mm": lesion.diameter_mm,
                "kind": row.kind,
                **drawings.cells_of_standard(row.mask),
            }


def _answers(data: Gathering) -> Iterator[Row]:
    by_read: dict[Any, list[Answer]] = {}
    answers = Answer.objects.filter(read__in=data.reads).select_related("question")
    for answer in answers.order_by("question__position", "question__key"):
        by_read.setdefault(answer.read_id, []).append(answer)
    for read in data.reads:
        for answer in by_read.get(read.id, []):
            yield {**_names(data, read), "question": answer.question.key, "value": answer.value}


def _hits(data: Gathering) -> list[tuple[Case, ProposedLesion, int]]:
    """Every finished proposal of the study's detectors, with the lesion that it hits (0: none)."""
    from readerstudy.results.bridge import localise

    detectors = set(data.study.arms.exclude(detector="").values_list("detector", flat=True))
    found = []
    for standard in sorted(data.standards.values(), key=lambda each: each.case.code):
        case = standard.case
        lesions = list(
            ProposedLesion.objects.filter(
                run__examination=case.examination_id, run__detector__in=detectors, run__state="done"
            )
            .select_related("run")
            .order_by("run__detector", "label")
        )
        points = [tuple(each.centroid_mm) for each in lesions]
        # Marks are matched by falling score; without probabilities, by the order they came in.
        scores = [each.probability or 0.0 for each in lesions]
        hits = localise(points, scores, data.lesions[case.id], data.rule)
        found += [(case, one, hit.lesion) for one, hit in zip(lesions, hits, strict=True)]
    return found


def _proposals(data: Gathering) -> Iterator[Row]:
    for case, lesion, hit in _hits(data):
        yield {
            "case": case.code,
            "detector": lesion.run.detector,
            "proposal": lesion.label,
            **_xyz(tuple(lesion.centroid_mm)),
            "diameter_mm": lesion.diameter_mm,
            "probability": lesion.probability,
            **_kind(lesion),
            "lesion": hit,
        }


def _kind(lesion: ProposedLesion) -> Row:
    """What kind of lesion it may be, as its head answered; a head that was asked is named alone."""
    probabilities = lesion.classification.get("probabilities")
    named = {"kind_head": lesion.run.kinds_head, "kind_head_sha256": lesion.run.kinds_sha256}
    return {"kind_probabilities": probabilities, **named}


def _decisions(data: Gathering) -> Iterator[Row]:
    made = {
        (decision.read_id, decision.proposal): decision.kind
        for decision in Decision.objects.filter(read__in=data.reads)
    }
    shown: dict[tuple[Any, str], list[tuple[ProposedLesion, int]]] = {}
    for case, lesion, hit in _hits(data):
        shown.setdefault((case.id, lesion.run.detector), []).append((lesion, hit))
    for read in data.reads:
        if read.stage == Read.Stage.UNAIDED or not read.arm.detector:
            continue
        for lesion, hit in shown.get((read.case_id, read.arm.detector), []):
            yield {
                **_names(data, read),
                "proposal": lesion.label,
                "shown": int(disclosure.sees_proposals(read)),
                "decision": made.get((read.id, lesion.id), "none"),
                "probability": lesion.probability,
                "kind_told": disclosure.kind_told(read, lesion),
                "lesion": hit,
            }


def _allocation(data: Gathering) -> Iterator[Row]:
    states: dict[Any, str] = {}
    # Of a second reader's two stages the aided one, which comes later here, tells the row's state.
    # Of training that was done again, the last time.
    reads = Read.objects.filter(reader__study=data.study)
    for read in reads.order_by("attempt", "-stage"):
        states[read.allocation_id] = read.state
    rows = (
        Allocation.objects.filter(reader__study=data.study)
        .select_related("reader", "case", "arm")
        .order_by("reader__code", "position")
    )
    for row in rows:
        yield {
            "reader": row.reader.code,
            "case": row.case.code,
            "arm": row.arm.key,
            "period": row.period,
            "sequence": row.sequence,
            "position": row.position,
            "status": _status(row, states.get(row.id, "not read")),
        }


def _status(row: Allocation, state: str) -> str:
    """What became of a row; what a withdrawal of case or reader took away is withdrawn."""
    if row.case.withdrawn_at or (state == "not read" and row.reader.withdrawn_at):
        return str(Read.State.WITHDRAWN)
    return str(Read.State.OPENED) if state == Read.State.PAUSED else state


def _events(data: Gathering) -> Iterator[Row]:
    for read in data.reads:
        tabs: dict[Any, int] = {}
        came = sorted(Batch.objects.filter(read=read), key=lambda each: each.pk)
        for batch in came:  # sorted here: a database asked for this order may walk every read's
            tab = tabs.setdefault(batch.tab, len(tabs) + 1)
            for event in batch.events():
                yield {
                    **_names(data, read),
                    "tab": tab,
                    "seq": event.seq,
                    "kind": event.kind,
                    "mono_ms": event.mono_ms,
                    "wall_ms": event.wall_ms,
                    "received_at": batch.received_at.isoformat(),
                    "used": int(batch.is_applied),
                    "payload": event.payload,
                }
