"""The result of a multi-reader multi-case analysis: numbers, table, sentence, figure, JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimates import Comparison, EqualityTest, Estimate
from analysis.version import VERSION

if TYPE_CHECKING:
    from matplotlib.figure import Figure


__all__ = ["FomEstimate", "MarginTest", "MrmcResult", "finite", "to_json_text"]


@dataclass(frozen=True, slots=True)
class FomEstimate:
    """The figure of merit of one reader in one modality, with its variance given the reader."""

    reader: str
    modality: str
    estimate: float
    variance: float = math.nan


@dataclass(frozen=True, slots=True)
class MarginTest:
    """Non-inferiority, superiority and equivalence of `test` to `reference` by a margin.

    The difference is test minus reference. `p_noninferior` is the one-sided p-value of
    H0: difference <= -margin (>= margin where a lower figure of merit is better), `p_equivalent`
    the larger of the two one-sided p-values (TOST). `superior` is in the better direction.
    """

    test: str
    reference: str
    margin: float
    estimate: float
    ci_low: float
    ci_high: float
    p_noninferior: float
    p_equivalent: float
    noninferior: bool
    superior: bool
    equivalent: bool


@dataclass(frozen=True)
class MrmcResult:
    """What `analysis.mrmc` and `analysis.froc` return.

    `to_json` has the layout of the command line's --json; `frame` the pandas views; `statement`
    the sentence for a paper's results section; `plot` the figure.
    """

    fom: str
    label: str
    readers: tuple[str, ...]
    modality_names: tuple[str, ...]
    foms: tuple[FomEstimate, ...]
    modalities: tuple[Estimate, ...]
    components: Mapping[str, float]
    test: EqualityTest
    differences: tuple[Comparison, ...]
    design: str
    method: str
    covariance: str
    random: str
    n_cases: int
    alpha: float = 0.05
    adjusted: tuple[float, ...] = ()
    adjustment: str = "none"
    within_readers: Mapping[int, tuple[Comparison, ...]] = field(default_factory=dict)
    margins: tuple[MarginTest, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    version: str = VERSION

    @property
    def n_readers(self) -> int:
        """How many readers the analysis used."""
        return len(self.readers)

    @property
    def n_modalities(self) -> int:
        """How many modalities were compared."""
        return len(self.modality_names)

    def to_json(self) -> dict[str, Any]:
        """Return the result as a tree of plain values; None where a number is not finite."""
        tree = {
            "foms": [asdict(each) for each in self.foms],
            "modalities": [
                {"modality": name, **asdict(each)}
                for name, each in zip(self.modality_names, self.modalities, strict=True)
            ],
            "components": dict(self.components),
            "test": asdict(self.test),
            "differences": self._differences(),
            "design": self.design,
            "method": self.method,
            "covariance": self.covariance,
            "random": self.random,
            "n_readers": self.n_readers,
            "n_cases": self.n_cases,
            "warnings": list(self.warnings),
            "version": self.version,
            "fom": self.fom,
            "alpha": self.alpha,
            "reader_differences": [
                {"reader": self.readers[j], **self._named(each)}
                for j, pairs in self.within_readers.items()
                for each in pairs
            ],
            "margins": [asdict(each) for each in self.margins],
            "adjustment": self.adjustment,
            **self.extra,
        }
        return {name: finite(value) for name, value in tree.items()}

    def frame(
        self, view: Literal["differences", "modalities", "foms", "readers"] = "differences"
    ) -> pd.DataFrame:
        """Return one of the result's tables: a row a pair, a modality, a figure of merit."""
        key = "reader_differences" if view == "readers" else view
        return pd.DataFrame(self.to_json()[key])

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table of the result by its heading, for a page; some may be empty."""
        return {
            "Differences (A less B)": self.frame("differences"),
            "Modalities": self.frame("modalities"),
            "Intervals of each modality, both kinds": self.intervals(),
            "Margins": pd.DataFrame([asdict(each) for each in self.margins]),
            "Readers, each modality": self.frame("foms"),
            "Differences within readers": self.frame("readers"),
            "Components of variance": pd.DataFrame([self.components]),
        }

    def intervals(self) -> pd.DataFrame:
        """Default and logit intervals of each modality side by side; empty where there are none."""
        return pd.DataFrame(finite(list(self.extra.get("intervals", ()))))

    def statement(self) -> str:
        """Say the result in a paragraph, as a paper's results section would."""
        from analysis.statements import mrmc_statement

        return mrmc_statement(self)

    def plot(self) -> "Figure":
        """Draw readers' figures of merit by modality beside the differences' intervals."""
        from analysis.multireader.plot import plot

        return plot(self)

    def _differences(self) -> list[dict[str, Any]]:
        adjusted = self.adjusted or (None,) * len(self.differences)
        return [
            {**self._named(each), "p_adjusted": p}
            for each, p in zip(self.differences, adjusted, strict=True)
        ]

    def _named(self, each: Comparison) -> dict[str, Any]:
        row = asdict(each)
        names = {
            "modality_a": self.modality_names[row.pop("a")],
            "modality_b": self.modality_names[row.pop("b")],
        }
        return {**names, **row}


def fom_estimates(
    foms: NDArray[np.float64],
    modalities: Sequence[str],
    readers: Sequence[str],
    variances: NDArray[np.float64] | None = None,
) -> tuple[FomEstimate, ...]:
    """Name an (I, J) table of figures of merit; NaN entries (not estimable) are left out."""
    return tuple(
        FomEstimate(
            reader,
            modality,
            float(foms[i, j]),
            math.nan if variances is None else float(variances[i, j]),
        )
        for i, modality in enumerate(modalities)
        for j, reader in enumerate(readers)
        if not np.isnan(foms[i, j])
    )


def finite(value: Any) -> Any:
    """Make a tree of plain values for JSON: no NumPy types, None for NaN and infinity."""
    if isinstance(value, Mapping):
        return {str(key): finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    if isinstance(value, np.ndarray):
        return finite(value.tolist())
    if isinstance(value, np.generic):
        return finite(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def to_json_text(tree: Mapping[str, Any]) -> str:
    """JSON text of a result's tree; the same numbers give the same bytes."""
    return json.dumps(finite(tree), indent=2, allow_nan=False) + "\n"
