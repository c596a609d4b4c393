"""FROC and AFROC curves of readers and their averages, for display.

Definitions: Chakraborty, *Observer Performance Methods for Diagnostic Imaging* (CRC Press 2017),
chapter 13. Curves end at the last mark: beyond it nothing was observed. For AFROC and inferred
ROC areas the unmarked cases make the straight line to (1, 1), which is part of the area.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.freeresponse.data import FrocData
from analysis.tables import DataError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
CurveKind = Literal["froc", "afroc", "wafroc"]


@dataclass(frozen=True)
class Curve:
    """Operating points from the strictest threshold to the laxest, starting at (0, 0).

    Attributes
    ----------
    modality : str
    reader : str or None
        None for the average of the readers.
    x : (P,) array
        FROC: non-lesion localisations per case. AFROC: share of cases without disease that have
        one.
    y : (P,) array
        Share of lesions localised (weighted for wAFROC).
    threshold : (P,) array
        A mark counts from this rating on; NaN in an average.
    """

    modality: str
    reader: str | None
    x: Floats
    y: Floats
    threshold: Floats


def has_curve(data: FrocData, modality: str, reader: str, kind: CurveKind = "froc") -> bool:
    """Whether a reader read what a curve needs: a case with a lesion, and a case for the x axis.

    Raises
    ------
    DataError
        When a name is unknown.
    """
    i, j = _place(data.modalities, modality, "modality"), _place(data.readers, reader, "reader")
    return bool(_base(data, i, j, kind).any() and data.was_read[i, j, data.lesion_case].any())


def reader_curve(data: FrocData, modality: str, reader: str, kind: CurveKind = "froc") -> Curve:
    """One reader's curve in one modality.

    Raises
    ------
    DataError
        When the name is unknown, or the reader read nothing there.
    """
    i, j = _place(data.modalities, modality, "modality"), _place(data.readers, reader, "reader")
    base, seen = _base(data, i, j, kind), data.was_read[i, j, data.lesion_case]
    if not has_curve(data, modality, reader, kind):
        raise DataError(f"Reader {reader} read no usable case in modality {modality}.")
    false = _false_ratings(data, i, j, kind)
    weight = data.weight[seen] if kind == "wafroc" else np.ones(int(seen.sum()))
    hits = data.ll[i, j, seen]
    levels = np.unique(np.concatenate([false, hits[np.isfinite(hits)]]))[::-1]
    x = np.array([(false >= level).sum() for level in levels]) / base.sum()
    y = np.array([weight[hits >= level].sum() for level in levels]) / weight.sum()
    return Curve(
        modality, reader, np.r_[0.0, x], np.r_[0.0, y], np.r_[np.inf, levels].astype(float)
    )


def average_curve(curves: list[Curve], points: int = 201) -> Curve:
    """Vertical average over readers of one modality, up to the shortest curve's end.

    Raises
    ------
    DataError
        When there is no curve, or they are of different modalities.
    """
    modalities = {curve.modality for curve in curves}
    if len(modalities) != 1:
        raise DataError("Average the curves of one modality at a time.")
    end = min(float(curve.x[-1]) for curve in curves)
    x = np.linspace(0.0, end, points)
    y = np.mean([_interpolated(curve, x) for curve in curves], axis=0)
    return Curve(modalities.pop(), None, x, y, np.full(points, np.nan))


def sensitivity_at(curve: Curve, x: float) -> float:
    """Height of a curve at x; its last height beyond its end."""
    return float(_interpolated(curve, np.array([x]))[0])


def _interpolated(curve: Curve, x: Floats) -> Floats:
    """Linear between points; at a vertical step the upper end."""
    last = np.r_[np.diff(curve.x) > 0, True]  # of each run of equal x, the highest point
    return np.asarray(np.interp(x, curve.x[last], curve.y[last]), dtype=float)


def _base(data: FrocData, i: int, j: int, kind: CurveKind) -> Bools:
    """The cases that false positives are counted over."""
    was_read: Bools = data.was_read[i, j]
    return was_read if kind == "froc" else was_read & ~data.truth


def _false_ratings(data: FrocData, i: int, j: int, kind: CurveKind) -> Floats:
    if kind == "froc":
        mine = (data.nl_index[0] == i) & (data.nl_index[1] == j)
        return np.asarray(data.nl_rating[mine])
    highest = data.nl_max[i, j, data.was_read[i, j] & ~data.truth]
    return np.asarray(highest[np.isfinite(highest)])


def _place(names: tuple[str, ...], name: str, what: str) -> int:
    if name not in names:
        raise DataError(f"Unknown {what} {name!r}: there are {', '.join(names)}.")
    return names.index(name)
