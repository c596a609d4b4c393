"""Agreement of delineations lesion by lesion.

A mask's lesions are its connected components (26 neighbours), or the numbers of a label map. Each
is paired with at most one lesion of the other mask, so that the pairs' Dice add up to the most
(Hungarian algorithm); any overlap may pair. The lesion-wise Dice counts lesions without a partner
as 0, as the BraTS metastases challenge does (Moawad et al., 2023, arXiv:2306.00838), though that
pairs lesions another way.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage, stats
from scipy.optimize import linear_sum_assignment

from analysis.agreement.masks import Overlap, compare_masks, majority, staple
from analysis.results import finite
from analysis.tables import DataError, check_alpha
from analysis.words import interval_text, level_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Labels = NDArray[np.int32]
Box = tuple[slice, ...]
Panel = Literal["majority", "staple"]
NEIGHBOURS = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True)
class LesionPair:
    """A lesion of each mask that are the same lesion, by number."""

    a: int
    b: int
    overlap: Overlap


@dataclass(frozen=True)
class LesionOverlap:
    """Two masks lesion by lesion.

    Attributes
    ----------
    pairs : tuple of LesionPair
    only_a_mm3, only_b_mm3 : tuple of float
        Volumes of the lesions that the other mask does not have.
    """

    pairs: tuple[LesionPair, ...]
    only_a_mm3: tuple[float, ...]
    only_b_mm3: tuple[float, ...]

    @property
    def lesion_dice(self) -> float:
        """Mean Dice over all lesions, 0 for those without a partner; 1 for two empty masks."""
        number = len(self.pairs) + len(self.only_a_mm3) + len(self.only_b_mm3)
        return sum(each.overlap.dice for each in self.pairs) / number if number else 1.0

    @property
    def f1(self) -> float:
        """Share of lesions that both masks have: 2 pairs / (lesions of a + lesions of b)."""
        both = 2 * len(self.pairs)
        total = both + len(self.only_a_mm3) + len(self.only_b_mm3)
        return both / total if total else 1.0

    def to_json(self) -> dict[str, Any]:
        """The numbers; None for an infinite distance."""
        return {
            "lesion_dice": self.lesion_dice,
            "f1": self.f1,
            "pairs": [{"a": each.a, "b": each.b, **each.overlap.to_json()} for each in self.pairs],
            "only_a_mm3": list(self.only_a_mm3),
            "only_b_mm3": list(self.only_b_mm3),
        }


def compare_lesions(
    a: ArrayLike, b: ArrayLike, *, spacing_mm: Sequence[float], tolerance_mm: float = 1.0
) -> LesionOverlap:
    """Pair the lesions of two masks and compare each pair.

    Parameters
    ----------
    a, b : (Z, Y, X) arrays
        Of bool (lesions are connected components) or of numbers (0 outside, a number a lesion).
    spacing_mm : three floats
    tolerance_mm : float
        Of the surface Dice.

    Raises
    ------
    DataError
        For masks of different shapes or not of three dimensions.
    """
    one, other = _labels(a), _labels(b)
    if one.shape != other.shape or one.ndim != 3 or len(spacing_mm) != 3:
        raise DataError(f"Masks of shapes {one.shape} and {other.shape} cannot be compared.")
    sizes_a, sizes_b = np.bincount(one.ravel()), np.bincount(other.ravel())
    shared = np.zeros((sizes_a.size, sizes_b.size))
    np.add.at(shared, (one[one > 0], other[one > 0]), 1)
    dice = 2 * shared[1:, 1:] / (sizes_a[1:, None] + sizes_b[None, 1:])
    chosen = zip(*linear_sum_assignment(-dice), strict=True)
    found = [(int(i) + 1, int(j) + 1) for i, j in chosen if dice[i, j] > 0]
    boxes = ndimage.find_objects(one), ndimage.find_objects(other)
    pairs = []
    for i, j in found:
        box = _around(boxes[0][i - 1], boxes[1][j - 1])
        overlap = compare_masks(
            one[box] == i, other[box] == j, spacing_mm=spacing_mm, tolerance_mm=tolerance_mm
        )
        pairs.append(LesionPair(i, j, overlap))
    voxel = float(np.prod(spacing_mm))
    alone = [
        tuple(
            float(size) * voxel
            for number, size in enumerate(sizes)
            if number and size and number not in taken
        )
        for sizes, taken in (
            (sizes_a, {i for i, _ in found}),
            (sizes_b, {j for _, j in found}),
        )
    ]
    return LesionOverlap(tuple(pairs), *alone)


def _labels(mask: ArrayLike) -> Labels:
    array = np.asarray(mask)
    if array.dtype == bool:
        structure = NEIGHBOURS if array.ndim == 3 else None
        return np.asarray(ndimage.label(array, structure)[0], dtype=np.int32)
    _, numbers = np.unique(array, return_inverse=True)
    ranks = numbers.reshape(array.shape).astype(np.int32)
    return ranks + np.int32(1) if array.size and array.min() > 0 else ranks


def _around(a: Box, b: Box) -> Box:
    return tuple(
        slice(min(x.start, y.start), max(x.stop, y.stop)) for x, y in zip(a, b, strict=True)
    )


@dataclass(frozen=True)
class Delineations:
    """Pairs of delineations over cases.

    Attributes
    ----------
    rows : tuple of dict
        A row a case and pair: case, a, b, the numbers of `Overlap`, lesion_dice, f1, pairs,
        only_a, only_b.
    summary : tuple of dict
        A row a pair: the mean over cases of dice, lesion_dice, surface_dice, f1, each with its t
        interval over cases (none for one case); median HD95; mean volume difference.
    """

    rows: tuple[dict[str, Any], ...]
    summary: tuple[dict[str, Any], ...]
    reference: str | None
    tolerance_mm: float
    alpha: float
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return {name: finite(value) for name, value in asdict(self).items()}

    def frame(self) -> pd.DataFrame:
        """A row a case and pair."""
        return pd.DataFrame(list(self.rows))

    def statement(self) -> str:
        """The means of each pair in a sentence."""
        parts = []
        for each in self.summary:
            interval = ""
            if each["lesion_dice_ci_low"] is not None:
                ends = interval_text(each["lesion_dice_ci_low"], each["lesion_dice_ci_high"])
                interval = f" ({level_text(self.alpha)} {ends})"
            parts.append(
                f"{each['b']} against {each['a']} in {each['cases']} "
                f"case{'s' if each['cases'] > 1 else ''}: Dice {each['dice']:.3f}, lesion-wise "
                f"Dice {each['lesion_dice']:.3f}{interval}, surface Dice at "
                f"{self.tolerance_mm:g} mm {each['surface_dice']:.3f}, median HD95 "
                f"{each['hd95_mm']:.1f} mm, volume {each['volume_difference_mm3']:+z.0f} mm³; "
                f"lesions of both {each['pairs']}, of {each['a']} only {each['only_a']}, of "
                f"{each['b']} only {each['only_b']}."
            )
        notes = [f"Note: {'; '.join(self.warnings)}."] if self.warnings else []
        return " ".join([*parts, *notes])

    def plot(self) -> "Figure":
        """Lesion-wise Dice of each pair, with its interval over cases."""
        from analysis.figures import ForestRow, forest_figure

        rows = [
            ForestRow(
                f"{each['b']} against {each['a']}",
                each["lesion_dice"],
                *(
                    each["lesion_dice"] if each[name] is None else each[name]
                    for name in ("lesion_dice_ci_low", "lesion_dice_ci_high")
                ),
            )
            for each in self.summary
        ]
        return forest_figure(rows, words="Lesion-wise Dice")


@dataclass(frozen=True, eq=False)
class DelineatedCase:
    """A case's masks by who made them, on one grid."""

    case: str
    masks: Mapping[str, NDArray[Any]]
    spacing_mm: Sequence[float]


def delineations(
    cases: Sequence[DelineatedCase],
    *,
    reference: str | None = None,
    panel: Panel | None = None,
    tolerance_mm: float = 1.0,
    alpha: float = 0.05,
) -> Delineations:
    """Compare everybody's masks with each other, or with a reference.

    Parameters
    ----------
    cases : sequence of DelineatedCase
    reference : str, optional
        Whose masks the others are compared with; every pair when neither this nor a panel is
        given.
    panel : {"majority", "staple"}, optional
        Compare each reader with the consensus of the others (two others at least), so that
        nobody is compared with themselves.
    tolerance_mm : float
        Of the surface Dice.
    alpha : float
        Intervals over cases are two-sided 1 - alpha.

    Raises
    ------
    DataError
        For no case, a case with one mask, or a reference that a case does not have.
    """
    check_alpha(alpha)
    if not cases:
        raise DataError("give one case at least")
    if not tolerance_mm >= 0:
        raise DataError(f"the tolerance is {tolerance_mm} mm; it must be 0 or above")
    rows: list[dict[str, Any]] = []
    for each in cases:
        for a, b, first, second in _compared(each, reference, panel):
            rows.append(_row(each, (a, b), first, second, tolerance_mm))
    table = pd.DataFrame(rows)
    summary = [_summary(str(a), str(b), part, alpha) for (a, b), part in table.groupby(["a", "b"])]
    endless = int(np.isinf(table["hd95_mm"]).sum())
    words = f"HD95 is infinite in {endless} of {len(table)} comparisons: one mask only is empty"
    return Delineations(
        tuple(rows), tuple(summary), reference if panel is None else panel, tolerance_mm, alpha,
        (words,) if endless else (),
    )  # fmt: skip


Compared = tuple[str, str, NDArray[Any], NDArray[Any]]


def _compared(each: DelineatedCase, reference: str | None, panel: Panel | None) -> list[Compared]:
    masks, names = each.masks, list(each.masks)
    if panel is not None:
        if len(names) < 3:
            raise DataError(f"case {each.case}: a panel needs three masks at least")
        return [(panel, name, _panel(each, name, panel), masks[name]) for name in names]
    if reference is None:
        if len(names) < 2:
            raise DataError(f"case {each.case} has one mask: there is nothing to compare")
        return [(a, b, masks[a], masks[b]) for a, b in itertools.combinations(names, 2)]
    if reference not in masks or len(names) < 2:
        raise DataError(f"case {each.case}: nothing to compare with {reference!r}")
    return [(reference, b, masks[reference], masks[b]) for b in names if b != reference]


def _panel(each: DelineatedCase, left_out: str, panel: Panel) -> NDArray[np.bool_]:
    others = [np.asarray(mask) > 0 for name, mask in each.masks.items() if name != left_out]
    if panel == "majority":
        return majority(others)
    if not any(mask.any() for mask in others):
        return np.zeros_like(others[0])
    return staple(others).mask


def _row(
    each: DelineatedCase,
    names: tuple[str, str],
    first: NDArray[Any],
    second: NDArray[Any],
    tolerance_mm: float,
) -> dict[str, Any]:
    try:
        whole = compare_masks(
            first > 0, second > 0, spacing_mm=each.spacing_mm, tolerance_mm=tolerance_mm
        )
        lesions = compare_lesions(
            first, second, spacing_mm=each.spacing_mm, tolerance_mm=tolerance_mm
        )
    except DataError as error:
        raise DataError(f"case {each.case}, {names[0]} and {names[1]}: {error}") from error
    return {
        "case": each.case, "a": names[0], "b": names[1], **asdict(whole),
        "lesion_dice": lesions.lesion_dice, "f1": lesions.f1, "pairs": len(lesions.pairs),
        "only_a": len(lesions.only_a_mm3), "only_b": len(lesions.only_b_mm3),
    }  # fmt: skip


def _summary(a: str, b: str, part: pd.DataFrame, alpha: float) -> dict[str, Any]:
    found: dict[str, Any] = {"a": a, "b": b, "cases": len(part)}
    for name in ("dice", "lesion_dice", "surface_dice", "f1"):
        mean, number = float(part[name].mean()), len(part)
        found |= {name: mean, f"{name}_ci_low": None, f"{name}_ci_high": None}
        if number > 1:
            error = float(part[name].std(ddof=1)) / np.sqrt(number)
            half = float(stats.t.isf(alpha / 2, number - 1)) * error
            found |= {f"{name}_ci_low": mean - half, f"{name}_ci_high": mean + half}
    found["hd95_mm"] = float(part["hd95_mm"].median())
    found["volume_difference_mm3"] = float(part["volume_difference_mm3"].mean())
    return found | {name: int(part[name].sum()) for name in ("pairs", "only_a", "only_b")}
