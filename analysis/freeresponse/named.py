"""Figures of merit of marks by name, as a protocol writes them: ``wafroc``, ``froc:fp=1``, ..."""

import math
from collections.abc import Callable
from types import MappingProxyType

from analysis.freeresponse.foms import FOMS, Fom, lesion_fraction, of_size
from analysis.freeresponse.points import sensitivity_at
from analysis.tables import DataError

ALIASES = MappingProxyType({"jafroc": "afroc", "jafroc1": "afroc1"})


def fom_named(text: str) -> Fom:
    """The figure of merit of that name.

    Parameters
    ----------
    text
        A name of `NAMES`; ``froc`` and ``lesion_sensitivity`` have a number after a colon:
        ``froc:fp=1`` (lesion sensitivity at 1 false positive per case),
        ``lesion_sensitivity:mm=3..5`` (of lesions from 3 to below 5 mm; ``mm=10..`` from 10 mm).

    Raises
    ------
    DataError
        With the names there are.
    """
    name, _, rest = text.strip().lower().partition(":")
    name = ALIASES.get(name, name)
    if name in FAMILIES:
        return FAMILIES[name](rest)
    if name not in FOMS or rest:
        raise DataError(f"Unknown figure of merit {text!r}: use one of {', '.join(NAMES)}.")
    return FOMS[name]


def _point(rest: str) -> Fom:
    option, _, text = rest.partition("=")
    at = _number(text)
    if option != "fp" or not (math.isfinite(at) and at >= 0):
        raise DataError("froc needs false positives per case, as froc:fp=1.")
    title = f"Lesion sensitivity at {at:g} false positives per case"
    return Fom(f"froc:fp={at:g}", title, lambda marks: sensitivity_at(marks, at))


def _sized(rest: str) -> Fom:
    option, _, text = rest.partition("=")
    low_text, dots, high_text = text.partition("..")
    low, high = _number(low_text or "0"), _number(high_text or "inf")
    if option != "mm" or not dots or not 0 <= low < high:
        raise DataError("lesion_sensitivity needs diameters, as lesion_sensitivity:mm=3..5.")
    words = f"from {low:g} mm" if math.isinf(high) else f"from {low:g} to below {high:g} mm"
    return Fom(
        f"lesion_sensitivity:mm={low:g}..{'' if math.isinf(high) else f'{high:g}'}",
        f"Lesion sensitivity, {words}",
        lambda marks: lesion_fraction(marks, of_size(marks.diameter_mm, (low, high))),
        "diseased",
        size_mm=(low, high),
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


FAMILIES: MappingProxyType[str, Callable[[str], Fom]] = MappingProxyType(
    {"froc": _point, "lesion_sensitivity": _sized}
)
NAMES = (*FOMS, *FAMILIES)
