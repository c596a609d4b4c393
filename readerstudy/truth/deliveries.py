"""NIfTI volumes of a delivery from a browser: cases and their reference standard."""

from functools import partial
from pathlib import Path
from typing import Any

import structlog
from django.db import DatabaseError

from readerstudy.accounts.models import User
from readerstudy.imaging import layouts
from readerstudy.imaging.models import Series, Upload
from readerstudy.imaging.refusals import Reason
from readerstudy.imaging.services import Beat, refuse_files, register_importer, take_folder
from readerstudy.studies.models import Study
from readerstudy.truth.datasets import import_case
from readerstudy.web.problems import Problem

log = structlog.get_logger(__name__)
Counts = dict[str, dict[str, int]]


@register_importer
def import_delivered(upload: Upload, root: Path, beat: Beat) -> list[dict[str, Any]]:
    """Import each examination under a folder into the delivery's study; safe to repeat.

    Examinations are told by their place in the order of their folders, and by their case's code:
    the names they came with may name a patient, and are kept nowhere.
    """
    study = Study.objects.filter(collection=upload.collection_id).first()
    if study is None or upload.by is None:
        refuse_files(upload, Reason.NO_STUDY, layouts.unclaimed(root, ()))
        return []
    found = layouts.recognise(root)
    told = []
    for number, (layout, case) in enumerate(found, start=1):
        told.append({"number": number, **_import(study, upload, layout, case, upload.by)})
        beat(number, len(found))
    refuse_files(upload, Reason.NO_LAYOUT, layouts.unclaimed(root, [case for _, case in found]))
    return told


def _import(
    study: Study, upload: Upload, layout: str, case: layouts.Case, by: User
) -> dict[str, Any]:
    """What became of one examination, volume by volume."""
    before = _counts(upload)
    try:
        outcome = import_case(study, layout, case, take=partial(take_folder, upload), by=by)
        is_taken, words = outcome.is_taken, outcome.words
    except (DatabaseError, Problem, OSError, MemoryError):
        raise  # tried again with the whole delivery
    except Exception:
        log.exception("volumes could not be imported", job=str(upload.pk))
        is_taken, words = False, "Not taken: its volumes cannot be used."
    return {"is_taken": is_taken, "words": words, "volumes": _volumes(before, _counts(upload))}


def _counts(upload: Upload) -> Counts:
    counts: Counts = Upload.objects.values_list("report", flat=True).get(pk=upload.pk)["series"]
    return counts


def _volumes(before: Counts, after: Counts) -> list[dict[str, Any]]:
    """Of each series that slices went to meanwhile: its sequence, how many are new or known."""
    none = {"stored": 0, "repeated": 0}
    new = {
        key: {what: count - before.get(key, none)[what] for what, count in counts.items()}
        for key, counts in after.items()
    }
    series = Series.objects.filter(
        pk__in=[key for key, counts in new.items() if any(counts.values())]
    )
    return [
        {"sequence": each.get_role_display(), "series": str(each.pk), **new[str(each.pk)]}
        for each in series
    ]
