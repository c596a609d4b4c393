"""`analysis.roc_curves`: the ROC curves of a study, empirical or fitted, and their averages.

For display and description; inference on areas is `analysis.mrmc`'s.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.dataset import Dataset
from analysis.fits.binormal import Binormal, fit_binormal
from analysis.fits.contaminated import Contaminated, fit_contaminated
from analysis.fits.likelihood import Fit
from analysis.fom import averages
from analysis.fom.levels import RatingLevels, roc_points
from analysis.results import finite
from analysis.tables import DataError
from analysis.version import VERSION
from analysis.words import count_text, list_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Kind = Literal["empirical", "binormal", "contaminated"]
Average = Literal["vertical", "diagonal", "pooled"]
FITS: dict[str, tuple[Callable[[Floats, Floats], Fit], Binormal | Contaminated]] = {
    "binormal": (fit_binormal, Binormal()),
    "contaminated": (fit_contaminated, Contaminated()),
}
# Deviates of FPF that a fitted curve is drawn at: to 1e-7 from either end.
DRAWN_AT = np.linspace(-5.2, 5.2, 209)


@dataclass(frozen=True)
class RocCurve:
    """A curve from (0, 0) to (1, 1), its area, and the fit behind it.

    Parameters
    ----------
    modality, reader
        `reader` is None for the average of a modality.
    fpf, tpf
        (n,) points; joined by straight lines.
    auc, std_error
        Area of the empirical or fitted curve; the standard error is the fit's own (cases random),
        None without a fit.
    parameters, std_errors
        Of the fit, by name: a and b, or mu and alpha; empty without a fit.
    warnings
        What kept the fit from being an ordinary one.
    """

    modality: str
    reader: str | None
    fpf: tuple[float, ...]
    tpf: tuple[float, ...]
    auc: float
    std_error: float | None = None
    parameters: dict[str, float] = field(default_factory=dict)
    std_errors: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class RocCurves:
    """The curves of every reader in every modality and an average a modality."""

    kind: Kind
    average: Average
    modality_names: tuple[str, ...]
    curves: tuple[RocCurve, ...]
    averages: tuple[RocCurve, ...]
    version: str = VERSION

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is said of single curves, with the curve's name."""
        return tuple(
            f"{_name(each)}: {words}"
            for each in (*self.curves, *self.averages)
            for words in each.warnings
        )

    def to_json(self) -> dict[str, Any]:
        """Every point and parameter as plain values; None where a number is not finite."""
        tree = {
            "kind": self.kind,
            "average": self.average,
            "curves": [asdict(each) for each in self.curves],
            "averages": [asdict(each) for each in self.averages],
            "warnings": list(self.warnings),
            "version": self.version,
        }
        return {name: finite(value) for name, value in tree.items()}

    def frame(self, view: Literal["areas", "points"] = "areas") -> pd.DataFrame:
        """A row a curve with its area and parameters, or a row a point."""
        if view == "points":
            return pd.concat([_points(each) for each in (*self.curves, *self.averages)])
        return pd.DataFrame([_area(each) for each in (*self.curves, *self.averages)])

    def statement(self) -> str:
        """The averages' areas and how they were come by, in a paragraph."""
        areas = [f"{each.auc:.3f} with {each.modality}" for each in self.averages]
        readers = len({each.reader for each in self.curves})
        fitted = "" if self.kind == "empirical" else f" fitted by the {self.kind} model"
        notes = f" Note: {'; '.join(self.warnings)}." if self.warnings else ""
        return (
            f"ROC curves of {count_text(readers, 'reader')}{fitted}; the area under the "
            f"{self.average} average was {list_text(areas)}.{notes}"
        )

    def plot(self) -> "Figure":
        """Readers thin, each modality's average thick."""
        from analysis.figures.roc import curves_figure

        groups = {
            name: (
                [_line(each) for each in self.curves if each.modality == name],
                [_line(each) for each in self.averages if each.modality == name],
            )
            for name in self.modality_names
        }
        return curves_figure(groups)


def roc_curves(
    table: pd.DataFrame | Dataset, *, kind: Kind = "empirical", average: Average = "vertical"
) -> RocCurves:
    """ROC curves of every reader in every modality, and their average.

    Parameters
    ----------
    table
        One row a read: reader, modality, case, truth (0/1), rating; or a `Dataset`.
    kind
        ``empirical``, or fitted by maximum likelihood: ``binormal`` (conventional) or
        ``contaminated`` (proper).
    average
        ``vertical`` (mean TPF at each FPF) or ``diagonal``, whose areas are the readers' mean
        area; ``pooled``: one curve of all readers' ratings taken for one reader's.

    Raises
    ------
    DataError
        For a table that cannot be used, or a modality in which nobody rated both classes.

    Examples
    --------
    >>> from analysis.io.tables import read_table
    >>> found = roc_curves(read_table("tests/data/reference/vandyke.csv"), kind="binormal")
    >>> round(found.curves[0].parameters["a"], 3)
    1.702
    """
    for what, value, known in (
        ("kind", kind, get_args(Kind)),
        ("average", average, get_args(Average)),
    ):
        if value not in known:
            raise DataError(f"{what} is {value!r}; it must be one of {', '.join(known)}")
    dataset = table if isinstance(table, Dataset) else Dataset.from_table(table)
    curves, means = [], []
    for i, modality in enumerate(dataset.modalities):
        own = [
            _curve(dataset.ratings[i, j], dataset.truth, kind, (modality, reader))
            for j, reader in enumerate(dataset.readers)
            if _both_classes(dataset, i, j)
        ]
        if not own:
            raise DataError(f"modality {modality}: no reader rated cases of both classes")
        curves += own
        means.append(_average(dataset, i, own, kind, average))
    return RocCurves(kind, average, dataset.modalities, tuple(curves), tuple(means))


def _both_classes(dataset: Dataset, i: int, j: int) -> bool:
    truth = dataset.truth[dataset.read[i, j]]
    return bool(truth.any() and not truth.all())


def _curve(
    ratings: Floats, truth: NDArray[np.bool_], kind: Kind, name: tuple[str, str | None]
) -> RocCurve:
    """The curve of some ratings (NaN: not read), fitted or not."""
    positive, negative = RatingLevels.of(ratings, truth).counts()
    if kind != "empirical":
        fit_it, model = FITS[kind]
        fit = fit_it(positive, negative)
        theta = np.array(list(fit.parameters.values()))
        if np.isfinite(theta).all():
            tpf = model.tpf(DRAWN_AT, theta)[0]
            return _fitted(name, fit, np.r_[0, ndtr(DRAWN_AT), 1], np.r_[0, tpf, 1])
        fpf, tpf = (each[0] for each in roc_points(positive, negative))
        return _fitted(name, fit, fpf, tpf)
    fpf, tpf = (each[0] for each in roc_points(positive, negative))
    return _of_points(name, (fpf, tpf))


def _fitted(name: tuple[str, str | None], fit: Fit, fpf: Floats, tpf: Floats) -> RocCurve:
    return RocCurve(
        *name,
        tuple(fpf.tolist()),
        tuple(tpf.tolist()),
        fit.auc,
        None if math.isnan(fit.std_error) else fit.std_error,
        fit.parameters,
        fit.std_errors,
        fit.warnings,
    )


def _of_points(name: tuple[str, str | None], points: averages.Curve) -> RocCurve:
    fpf, tpf = points
    area = float(np.trapezoid(tpf, fpf))
    return RocCurve(*name, tuple(fpf.tolist()), tuple(tpf.tolist()), area)


def _average(
    dataset: Dataset, i: int, own: Sequence[RocCurve], kind: Kind, average: Average
) -> RocCurve:
    modality = dataset.modalities[i]
    if average == "pooled":
        truth = np.tile(dataset.truth, len(dataset.readers))
        found = _curve(dataset.ratings[i].ravel(), truth, kind, (modality, None))
        # Readers share cases: what the likelihood takes for independent ratings is not.
        return replace(found, std_error=None, std_errors={})
    make = averages.vertical if average == "vertical" else averages.diagonal
    return _of_points((modality, None), make([_line(each) for each in own]))


def _line(curve: RocCurve) -> averages.Curve:
    return np.array(curve.fpf), np.array(curve.tpf)


def _name(curve: RocCurve) -> str:
    who = "average" if curve.reader is None else f"reader {curve.reader}"
    return f"{who}, modality {curve.modality}"


def _points(curve: RocCurve) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "modality": curve.modality,
            "reader": curve.reader,
            "fpf": curve.fpf,
            "tpf": curve.tpf,
        }
    )


def _area(curve: RocCurve) -> dict[str, Any]:
    errors = {f"{name}_std_error": value for name, value in curve.std_errors.items()}
    return {
        "modality": curve.modality,
        "reader": curve.reader or "average",
        "auc": curve.auc,
        "std_error": math.nan if curve.std_error is None else curve.std_error,
        **curve.parameters,
        **errors,
    }
