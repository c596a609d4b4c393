"""What the forms about images say, as the values that services take."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from readerstudy.imaging.options import DATES
from readerstudy.imaging.protocol import CHECKS, NEEDS, ORIENTATIONS, ROLES, Protocol
from readerstudy.web.problems import Invalid

ROLE_NAMES = {"t1c": "T1c", "t1": "T1", "t2": "T2", "flair": "FLAIR", "ct": "CT"}
DEMANDS = {
    "max_thickness_mm": _("Thickness / mm, at most"),
    "max_gap_mm": _("Gap / mm, at most"),
    "min_matrix": _("Matrix, at least"),
    "max_pixel_mm": _("Pixel / mm, at most"),
    "min_coverage_mm": _("Coverage / mm, at least"),
}
LIMITS = {
    "min_field_t": _("Field / T, at least"),
    "max_field_t": _("Field / T, at most"),
    "min_delay_s": _("Seconds after contrast, at least"),
    "max_delay_s": _("Seconds after contrast, at most"),
    "min_slices": _("Slices, at least"),
    "max_tilt_degrees": _("Gantry tilt / degrees, at most"),
}
WHOLE = ("min_matrix", "min_slices")
ALWAYS = ("min_slices", "max_tilt_degrees")


def deidentification(form: Mapping[str, Any]) -> dict[str, Any]:
    """The options that the form describes."""
    when = form.get("dates", "")
    if when not in DATES:
        raise Invalid("imaging.options", "Dates are removed or shifted.")
    return {"dates": when} | {name: name in form for name in ("device", "descriptors", "private")}


def imaging_protocol(form: Mapping[str, Any]) -> dict[str, Any]:
    """The protocol that the form describes.

    Raises
    ------
    Invalid
        400 for a field that is not a number.
    """
    sequences: dict[str, Any] = {}
    for role in ROLES:
        words = form.get(f"{role}:words", "").split(",")
        sequences[role] = {
            "need": form.get(f"{role}:need", "optional"),
            "orientation": form.get(f"{role}:orientation", "any"),
            "words": [each.strip() for each in words if each.strip()],
            **{name: _number(form, f"{role}:{name}", name) for name in DEMANDS},
        }
    limits = {name: _number(form, name, name) for name in LIMITS}
    limits = {
        name: value for name, value in limits.items() if value is not None or name not in ALWAYS
    }
    return {
        "sequences": sequences,
        **limits,
        "needs_agent": "needs_agent" in form,
        "fails": [check for check in CHECKS if f"fails:{check}" in form],
    }


def _number(form: Mapping[str, Any], name: str, kind: str) -> float | int | None:
    text = form.get(name, "").strip().replace(",", ".")
    if not text:
        return None
    try:
        return int(text) if kind in WHOLE else float(text)
    except ValueError:
        raise Invalid("imaging.number", f"{text[:20]} is not a number.") from None


def protocol_context(protocol: Protocol) -> dict[str, Any]:
    """What the protocol's fields need to be drawn."""
    rows = [
        {
            "role": role,
            "name": ROLE_NAMES[role],
            "need": each.need,
            "orientation": each.orientation,
            "words": ", ".join(each.words),
            "demands": [
                (name, label, _shown(getattr(each, name))) for name, label in DEMANDS.items()
            ],
        }
        for role, each in protocol.sequences.items()
    ]
    return {
        "sequences": rows,
        "demand_labels": list(DEMANDS.values()),
        "limits": [
            (name, label, _shown(getattr(protocol, name))) for name, label in LIMITS.items()
        ],
        "needs_agent": protocol.needs_agent,
        "checks": [(name, words, name in protocol.fails) for name, words in CHECKS.items()],
        "needs": NEEDS,
        "orientations": ORIENTATIONS,
    }


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
