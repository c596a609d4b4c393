"""What a draft's coordinator decides about its images: `imaging` knows no studies and no roles."""

from collections.abc import Mapping
from typing import Any

from readerstudy.accounts.models import User
from readerstudy.imaging import services as imaging
from readerstudy.imaging.models import Examination, Series, Upload
from readerstudy.studies.models import Study
from readerstudy.studies.services.gate import changing
from readerstudy.web.problems import Unknown


def set_deidentification(study: Study, options: Mapping[str, Any], *, by: User) -> None:
    """Choose what de-identification retains (`imaging.services.set_deidentification`)."""
    with changing(study, "edit", by=by):
        study.collection = imaging.set_deidentification(study.collection, options, by=by)


def set_imaging_protocol(study: Study, protocol: Mapping[str, Any], *, by: User) -> Upload | None:
    """Set what the study asks of its images, and have those that are there checked again.

    Returns
    -------
    Upload or None
        The job that checks, where there is anything to check.
    """
    with changing(study, "edit", by=by):
        imaging.set_imaging_protocol(study.collection, protocol, by=by)
    return imaging.check_again(study.collection, by=by)


def release_held(study: Study, *, series_uid: str, reason: str, by: User) -> Upload:
    """Take in what was held, after a person has looked (`imaging.services.release_held`)."""
    with changing(study, "edit", by=by):
        pass  # refused before anything is done; what follows has transactions of its own
    return imaging.release_held(study.collection, series_uid=series_uid, reason=reason, by=by)


def discard_held(study: Study, *, series_uid: str, reason: str, by: User) -> int:
    """Throw away what was held (`imaging.services.discard_held`)."""
    with changing(study, "edit", by=by):
        return imaging.discard_held(study.collection, series_uid=series_uid, reason=reason, by=by)


def deface(study: Study, examination: Examination, *, by: User) -> list[str]:
    """Take the face out of an examination's series; answers which have none that was found."""
    _own(study, examination)
    with changing(study, "edit", by=by):
        pass
    return imaging.deface(examination, by=by)


def set_series_role(study: Study, series: Series, *, role: str, by: User) -> None:
    """Say what a series is, and check its examination again."""
    _own(study, series.examination)
    with changing(study, "edit", by=by):
        imaging.set_role(series, role=role, by=by)
    imaging.make_ready(series.examination)


def _own(study: Study, examination: Examination) -> None:
    if examination.collection_id != study.collection_id:
        raise Unknown
