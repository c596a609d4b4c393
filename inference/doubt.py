"""How well a detector's uncertainty tells its wrong proposals from its right ones.

An uncertainty is worth showing when proposals that it doubts are wrong more often (Jungo et al.
2020 judge segmentations so). Its rank says how often: AUROC is the chance that of a wrong and a
right proposal the wrong one is the more doubted (Mann-Whitney, ties count half). A spread of
probabilities near 0 or 1 is small whatever the network thinks, so a probability alone knows much of
it already; its own AUROC stands beside, and the difference of both over the same cases.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from inference.metrics import interval

_DRAWS = 1000
_PARTS = 3

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Row = tuple[float, float, bool]  # probability, uncertainty, is wrong
Estimate = tuple[float, tuple[float, float]]  # with its interval of 95 % over cases


@dataclass(frozen=True)
class Doubted:
    """A case's proposals (n,): their probability, their uncertainty, and which are no lesions."""

    seed: int
    probability: Floats
    uncertainty: Floats
    is_wrong: Bools

    @classmethod
    def of(cls, seed: int, rows: Sequence[Row]) -> "Doubted":
        """From a row a proposal."""
        values = np.array(rows, dtype=np.float64).reshape(-1, 3)
        return cls(seed, values[:, 0], values[:, 1], values[:, 2] > 0)

    def at(self, probability: float) -> "Doubted":
        """Those of this probability and more."""
        some = self.probability >= probability
        return Doubted(
            self.seed, self.probability[some], self.uncertainty[some], self.is_wrong[some]
        )

    def to_json(self) -> dict[str, Any]:
        """A line of what is kept: `proposals` as [probability, uncertainty, is wrong (1) or 0]."""
        rows = zip(self.probability, self.uncertainty, self.is_wrong, strict=True)
        kept = [[round(float(p), 4), round(float(u), 4), int(wrong)] for p, u, wrong in rows]
        return {"seed": self.seed, "proposals": kept}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Doubted":
        """The reverse of `to_json`."""
        return cls.of(int(row["seed"]), [(p, u, bool(wrong)) for p, u, wrong in row["proposals"]])


@dataclass(frozen=True)
class Tertile:
    """A third of the proposals by uncertainty: up to which, how many, and the share wrong."""

    up_to: float
    proposals: int
    wrong: Estimate


@dataclass(frozen=True)
class Doubt:
    """What `doubt` found; None where all proposals are right, or all wrong."""

    cases: int
    proposals: int
    wrong: int
    auroc: Estimate | None
    auroc_of_probability: Estimate | None
    difference: Estimate | None
    tertiles: tuple[Tertile, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain values, to three digits."""
        found: dict[str, Any] = _rounded(asdict(self))
        return found


def doubt(cases: Sequence[Doubted], probability: float = 0.0) -> Doubt:
    """How well uncertainty separates wrong proposals, of a probability and more.

    Intervals are percentile bootstraps over cases; the tertiles' limits stay those of all cases.
    """
    some = [each.at(probability) for each in cases]
    uncertainty, wrong = _joined(some)
    is_mixed = bool(wrong.any() and not wrong.all())
    shares = np.arange(1, _PARTS + 1) / _PARTS
    limits = [float(each) for each in np.quantile(uncertainty, shares)] if len(wrong) else []
    return Doubt(
        len(some),
        len(wrong),
        int(wrong.sum()),
        _estimate(some, _by_uncertainty) if is_mixed else None,
        _estimate(some, _by_probability) if is_mixed else None,
        _estimate(some, lambda c: _by_uncertainty(c) - _by_probability(c)) if is_mixed else None,
        tuple(_tertiles(some, limits)),
    )


def auroc(doubts: Floats, is_wrong: Bools) -> float:
    """Chance that a wrong proposal is the more doubted; NaN without wrong or right ones."""
    n_wrong = int(is_wrong.sum())
    n_right = len(is_wrong) - n_wrong
    if not n_wrong or not n_right:
        return float("nan")
    above = rankdata(doubts)[is_wrong].sum() - n_wrong * (n_wrong + 1) / 2
    return float(above / (n_wrong * n_right))


def _joined(cases: Sequence[Doubted]) -> tuple[Floats, Bools]:
    return (
        np.concatenate([np.empty(0), *(each.uncertainty for each in cases)]),
        np.concatenate([np.empty(0, bool), *(each.is_wrong for each in cases)]),
    )


def _by_uncertainty(cases: Sequence[Doubted]) -> float:
    return auroc(*_joined(cases))


def _by_probability(cases: Sequence[Doubted]) -> float:
    _, wrong = _joined(cases)
    return auroc(np.concatenate([-each.probability for each in cases]), wrong)


def _tertiles(cases: Sequence[Doubted], limits: Sequence[float]) -> list[Tertile]:
    """Thirds by uncertainty. One whose limits are the same (ties) is left out: it is empty."""
    found, low = [], -np.inf
    for high in limits:

        def share(some: Sequence[Doubted], low: float = low, high: float = high) -> float:
            values, wrong = _joined(some)
            inside = (values > low) & (values <= high)
            return float(wrong[inside].mean()) if inside.any() else float("nan")

        values, _ = _joined(cases)
        count = int(((values > low) & (values <= high)).sum())
        if count:
            found.append(Tertile(high, count, _estimate(cases, share)))
        low = high
    return found


def _estimate(
    cases: Sequence[Doubted], statistic: Callable[[Sequence[Doubted]], float]
) -> Estimate:
    return statistic(cases), interval(cases, statistic, draws=_DRAWS)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return round(value, 3) if isinstance(value, float) else value
