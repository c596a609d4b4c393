"""What a draft's readers will see and rate on: how images hang, what is explained, the scale."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.studies.definition import Definition
from readerstudy.studies.explanations import Explanations
from readerstudy.studies.hanging import Hanging
from readerstudy.studies.models import Study
from readerstudy.studies.scales import MarkScale
from readerstudy.studies.services.gate import changing, require_no_problems


def set_hanging(study: Study, *, hanging: Hanging, by: User) -> Study:
    """Set how images hang when a case opens.

    Raises
    ------
    Problem
        400 with every problem of the hanging protocol.
    """
    require_no_problems("studies.hanging", hanging.problems())
    value = Definition(name="", hanging=hanging).as_dict()["hanging"]
    return _set(study, "hanging", value, value, by=by)


def set_explanations(study: Study, *, explanations: Explanations, by: User) -> Study:
    """Set how much of an explanation readers of each experience are shown.

    Raises
    ------
    Problem
        400 for a level that there is not.
    """
    require_no_problems("studies.explanations", explanations.problems())
    value = asdict(explanations)
    return _set(study, "explanations", value, value, by=by)


def set_lesion_classification(study: Study, *, is_told: bool, by: User) -> Study:
    """Set whether readers are told, where proposals show, what kind of lesion each may be."""
    return _set(study, "lesion_classification", is_told, {"is_told": is_told}, by=by)


def set_mark_scale(study: Study, *, scale: MarkScale, by: User) -> Study:
    """Set what readers rate marks on.

    Raises
    ------
    Problem
        400 with every problem of the scale.
    """
    require_no_problems("studies.mark_scale", scale.problems())
    value = asdict(scale) | {"levels": list(scale.levels)}
    return _set(study, "mark_scale", value, value, by=by)


def _set(study: Study, name: str, value: Any, detail: Mapping[str, Any], *, by: User) -> Study:
    with changing(study, "edit", by=by):
        setattr(study, name, value)
        study.save(update_fields=[name])
        record(
            f"studies.set_{name}",
            subject=f"study:{study.pk}",
            by=by,
            study=study.pk,
            detail=dict(detail),
        )
    return study
