"""Figures of merit by name, as a protocol writes them: ``auc``, ``pauc:fpf=0..0.3``, ...

A figure of merit is a function of a ROC curve; everything else (jackknife, bootstrap, inference)
is the same for all of them.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.fits.areas import binormal_area, contaminated_area
from analysis.fom import on_curves
from analysis.tables import DataError

Floats = NDArray[np.float64]
Curves = Callable[[Floats, Floats, Floats], Floats]
Counts = Callable[[Floats, Floats], Floats]
Options = Mapping[str, str]


@dataclass(frozen=True)
class FigureOfMerit:
    """A figure of merit of one reader in one modality.

    Parameters
    ----------
    name
        As given to `parse`; two equal names are the same figure of merit.
    label
        For sentences and axes.
    bounds
        The range of possible values; intervals of one modality are cut to it.
    on_curves
        From level values (L,), fpf (D, L + 1) and tpf (D, L + 1) to (D,) values.
    on_counts
        Instead of `on_curves`: from counts per level with and without disease, (D, L) each.
    half_case
        Count half a case of each class as rated above, and half as rated below everything, so
        that no fraction is 0 or 1 (Haldane, Ann Hum Genet 20:309-311, 1956).
    corrected
        The figure of merit to take where this one is not a finite number.
    """

    name: str
    label: str
    bounds: tuple[float, float]
    on_curves: Curves | None = None
    on_counts: Counts | None = None
    half_case: bool = False
    corrected: "FigureOfMerit | None" = None

    @property
    def higher_is_better(self) -> bool:
        """Whether more is better: for all but the negative likelihood ratio."""
        return not self.name.startswith("log_lr_negative")

    @property
    def is_auc(self) -> bool:
        """Whether this is the empirical AUC, which has closed forms throughout."""
        return self.name == "auc"


def parse(text: "str | FigureOfMerit") -> FigureOfMerit:
    """Return the figure of merit called `text`: a name, then options after a colon.

    Raises
    ------
    DataError
        For an unknown name or option, with the list of what there is.

    Examples
    --------
    >>> parse("pauc:fpf=0..0.3").label
    'partial AUC (FPF 0 to 0.3, normalised)'
    """
    if isinstance(text, FigureOfMerit):
        return text
    name, _, rest = text.strip().partition(":")
    if name not in _MAKERS:
        raise DataError(
            f"unknown figure of merit {name!r}; there are {', '.join(_MAKERS)} "
            "(options after a colon, as in pauc:fpf=0..0.3)"
        )
    options = dict(part.partition("=")[::2] for part in rest.split(",") if part)
    make, known = _MAKERS[name]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise DataError(
            f"figure of merit {name} has no option {', '.join(unknown)}; "
            f"it takes {', '.join(known) or 'none'}"
        )
    return make(text.strip(), options)


def _auc(text: str, _: Options) -> FigureOfMerit:
    return FigureOfMerit(text, "AUC", (0, 1), lambda _v, fpf, tpf: on_curves.area(fpf, tpf))


def _partial(text: str, options: Options) -> FigureOfMerit:
    if ("fpf" in options) == ("tpf" in options):
        raise DataError("pauc needs one range, as pauc:fpf=0..0.3 or pauc:tpf=0.8..1")
    axis = "fpf" if "fpf" in options else "tpf"
    low, high = _range(options[axis], axis)
    compute = on_curves.partial_area if axis == "fpf" else on_curves.partial_area_right
    raw = options.get("normalise", "yes") == "no"
    scale = 1.0 if raw else high - low
    words = f"partial AUC ({axis.upper()} {low:g} to {high:g}{'' if raw else ', normalised'})"
    top = high - low if raw else 1.0
    return FigureOfMerit(
        text, words, (0, top), lambda _v, fpf, tpf: compute(fpf, tpf, low, high) / scale
    )


def _sensitivity_at(text: str, options: Options) -> FigureOfMerit:
    at = _fraction(options, "spec", text)
    along = _along(options)
    compute = on_curves.sensitivity_at if along else on_curves.sensitivity_between
    words = f"sensitivity at specificity {at:g}"
    return FigureOfMerit(text, words, (0, 1), lambda _v, fpf, tpf: compute(fpf, tpf, at))


def _specificity_at(text: str, options: Options) -> FigureOfMerit:
    at = _fraction(options, "sens", text)
    along = _along(options)
    compute = on_curves.specificity_at if along else on_curves.specificity_between
    words = f"specificity at sensitivity {at:g}"
    return FigureOfMerit(text, words, (0, 1), lambda _v, fpf, tpf: compute(fpf, tpf, at))


def _sensitivity(text: str, options: Options) -> FigureOfMerit:
    threshold = _threshold(options)
    return FigureOfMerit(
        text,
        f"sensitivity{_at(threshold)}",
        (0, 1),
        lambda values, _f, tpf: tpf[:, _calls(values, threshold)],
    )


def _specificity(text: str, options: Options) -> FigureOfMerit:
    threshold = _threshold(options)
    return FigureOfMerit(
        text,
        f"specificity{_at(threshold)}",
        (0, 1),
        lambda values, fpf, _t: 1 - fpf[:, _calls(values, threshold)],
    )


def _youden(text: str, _: Options) -> FigureOfMerit:
    return FigureOfMerit(
        text, "Youden index", (0, 1), lambda _v, fpf, tpf: on_curves.expected_utility(fpf, tpf)
    )


def _utility(text: str, options: Options) -> FigureOfMerit:
    slope = _number(options.get("slope", "1"), "slope")
    return FigureOfMerit(
        text,
        f"expected utility (slope {slope:g})",
        (0, 1),
        lambda _v, fpf, tpf: on_curves.expected_utility(fpf, tpf, slope),
    )


def _net_benefit(text: str, options: Options) -> FigureOfMerit:
    threshold = _threshold(options)
    prevalence = _fraction(options, "prevalence", text)
    probability = _fraction(options, "probability", text)
    if probability == 1:
        raise DataError(f"{text}: probability must be below 1")

    def compute(values: Floats, fpf: Floats, tpf: Floats) -> Floats:
        m = _calls(values, threshold)
        return on_curves.net_benefit(tpf[:, m], fpf[:, m], prevalence, probability)

    words = f"net benefit (prevalence {prevalence:g}, threshold probability {probability:g})"
    return FigureOfMerit(text, words, (-math.inf, prevalence), compute)


def _log_ratio_positive(text: str, options: Options) -> FigureOfMerit:
    threshold = _threshold(options)

    def compute(values: Floats, fpf: Floats, tpf: Floats) -> Floats:
        m = _calls(values, threshold)
        return _log_ratio(tpf[:, m], fpf[:, m])

    words = f"log positive likelihood ratio{_at(threshold)}"
    return _correctable(text, words, compute, options)


def _log_ratio_negative(text: str, options: Options) -> FigureOfMerit:
    threshold = _threshold(options)

    def compute(values: Floats, fpf: Floats, tpf: Floats) -> Floats:
        m = _calls(values, threshold)
        return _log_ratio(1 - tpf[:, m], 1 - fpf[:, m])

    words = f"log negative likelihood ratio{_at(threshold)}"
    return _correctable(text, words, compute, options)


def _correctable(text: str, words: str, compute: Curves, options: Options) -> FigureOfMerit:
    """A figure of merit on the whole real line that half a case makes finite."""
    correction = options.get("correction", "none")
    if correction not in ("none", "half"):
        raise DataError(f"correction={correction}: must be none or half")
    line = (-math.inf, math.inf)
    corrected = FigureOfMerit(text, words, line, compute, half_case=True)
    if correction == "half":
        return corrected
    return FigureOfMerit(text, words, line, compute, corrected=corrected)


def _binormal(text: str, _: Options) -> FigureOfMerit:
    return FigureOfMerit(text, "binormal AUC", (0, 1), on_counts=binormal_area)


def _contaminated(text: str, _: Options) -> FigureOfMerit:
    return FigureOfMerit(text, "contaminated binormal AUC", (0, 1), on_counts=contaminated_area)


_MAKERS: dict[str, tuple[Callable[[str, Options], FigureOfMerit], tuple[str, ...]]] = {
    "auc": (_auc, ()),
    "pauc": (_partial, ("fpf", "tpf", "normalise")),
    "sens_at_spec": (_sensitivity_at, ("spec", "ties")),
    "spec_at_sens": (_specificity_at, ("sens", "ties")),
    "sensitivity": (_sensitivity, ("threshold",)),
    "specificity": (_specificity, ("threshold",)),
    "youden": (_youden, ()),
    "utility": (_utility, ("slope",)),
    "net_benefit": (_net_benefit, ("threshold", "prevalence", "probability")),
    "log_lr_positive": (_log_ratio_positive, ("threshold", "correction")),
    "log_lr_negative": (_log_ratio_negative, ("threshold", "correction")),
    "binormal_auc": (_binormal, ()),
    "cbm_auc": (_contaminated, ()),
}
NAMES = tuple(_MAKERS)


def _calls(values: Floats, threshold: float | None) -> int:
    """How many levels count as a positive call: those at or above the threshold."""
    if threshold is None:
        if not np.isin(values[np.isfinite(values)], (0.0, 1.0)).all():
            raise DataError(
                "ratings are not binary calls (0/1): give a threshold, as sensitivity:threshold=3"
            )
        threshold = 1.0
    return int(np.sum(values >= threshold))


def _log_ratio(above: Floats, below: Floats) -> Floats:
    """log(above / below); +-inf where a fraction is 0, NaN where both are."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(above) - np.log(below)


def _threshold(options: Options) -> float | None:
    return _number(options["threshold"], "threshold") if "threshold" in options else None


def _along(options: Options) -> bool:
    """Whether to interpolate along the curve (ties=curve) or as MRMCaov does (ties=max)."""
    ties = options.get("ties", "max")
    if ties not in ("max", "curve"):
        raise DataError(f"ties={ties}: must be max (as MRMCaov) or curve")
    return ties == "curve"


def _at(threshold: float | None) -> str:
    return "" if threshold is None else f" at rating {threshold:g} or more"


def _fraction(options: Options, name: str, text: str) -> float:
    if name not in options:
        raise DataError(f"{text} needs {name}, as {text.partition(':')[0]}:{name}=0.8")
    value = _number(options[name], name)
    if not 0 <= value <= 1:
        raise DataError(f"{name} is {value:g}; it must lie between 0 and 1")
    return value


def _range(text: str, name: str) -> tuple[float, float]:
    low_text, dots, high_text = text.partition("..")
    low, high = _number(low_text, name), _number(high_text, name)
    if not dots or not 0 <= low < high <= 1:
        raise DataError(f"{name}={text}: a range is written low..high, within 0 to 1")
    return low, high


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DataError(f"{name}={text}: not a number") from None
