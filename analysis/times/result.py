"""The result of a comparison of reading times."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from analysis.results import finite
from analysis.times.accelerated import AcceleratedRatio
from analysis.times.censored import HazardRatio
from analysis.times.reml import WaldTest
from analysis.version import VERSION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Interval = Literal["satterthwaite", "bootstrap"]


@dataclass(frozen=True, slots=True)
class TimeRatio:
    """Geometric-mean time in modality b over that in modality a (below 1: b is faster).

    `log_estimate` and `std_error` are on the natural log scale. `group` is "all", or the
    experience level that the ratio is of.
    """

    modality_a: str
    modality_b: str
    group: str
    ratio: float
    ci_low: float
    ci_high: float
    log_estimate: float
    std_error: float
    df: float
    statistic: float
    p_value: float


@dataclass(frozen=True)
class TimeResult:
    """What `analysis.reading_time` returns.

    Attributes
    ----------
    ratios : tuple of TimeRatio
        A pair of modalities each, then each by experience level.
    means : tuple of dict
        modality, reads, geometric_mean_s adjusted for the other effects, its interval, median_s
        as observed.
    effects : tuple of dict
        The fixed effects on the log scale.
    sd : mapping
        Standard deviations of the random effects on the log scale.
    interaction : WaldTest or None
        Of arm and experience.
    seconds : mapping of modality to observed seconds, for plots.
    by : str
        What the groups of `ratios` are levels of.
    hazards : tuple of HazardRatio
        A Cox model's, where reads were cut off.
    accelerated : tuple of AcceleratedRatio
        Ratios of times by accelerated failure time, where reads were cut off.
    """

    ratios: tuple[TimeRatio, ...]
    means: tuple[dict[str, Any], ...]
    effects: tuple[dict[str, Any], ...]
    sd: Mapping[str, float]
    interaction: WaldTest | None
    n_reads: int
    n_readers: int
    n_cases: int
    alpha: float
    interval: Interval
    warnings: tuple[str, ...]
    seconds: Mapping[str, tuple[float, ...]] = field(repr=False)
    method: str = "REML, log active time; reader, case, reader x arm random"
    version: str = VERSION
    by: str = "experience"
    hazards: tuple[HazardRatio, ...] = ()
    accelerated: tuple[AcceleratedRatio, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The result as plain values; None where a number is not finite."""
        tree = {
            "ratios": [asdict(each) for each in self.ratios],
            "means": list(self.means),
            "effects": list(self.effects),
            "sd": dict(self.sd),
            "interaction": None if self.interaction is None else asdict(self.interaction),
            "n_reads": self.n_reads,
            "n_readers": self.n_readers,
            "n_cases": self.n_cases,
            "alpha": self.alpha,
            "interval": self.interval,
            "by": self.by,
            "hazards": [each.to_json() for each in self.hazards],
            "accelerated": [each.to_json() for each in self.accelerated],
            "method": self.method,
            "warnings": list(self.warnings),
            "version": self.version,
        }
        return {name: finite(value) for name, value in tree.items()}

    def frame(self, view: Literal["ratios", "means", "effects"] = "ratios") -> pd.DataFrame:
        """One of the result's tables."""
        return pd.DataFrame(self.to_json()[view])

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table of the result by its heading, for a page; some may be empty."""
        spread = [{"what": name, "sd_log": value} for name, value in self.sd.items()]
        return {
            "Ratios of times (B / A)": self.frame("ratios"),
            "Times": self.frame("means"),
            "Rates of finishing, B / A (Cox)": pd.DataFrame(
                [each.to_json() for each in self.hazards]
            ),
            "Ratios of times (B / A) with reads cut off, by distribution": pd.DataFrame(
                [each.to_json() for each in self.accelerated]
            ),
            "Effects": self.frame("effects"),
            "Spread": pd.DataFrame(spread),
        }

    def statement(self) -> str:
        """The result in a paragraph, as a paper's results section would say it."""
        from analysis.times.words import statement

        return statement(self)

    def plot(self) -> "Figure":
        """Observed times by modality beside the ratios and their intervals."""
        from analysis.figures import time_figure

        return time_figure(self)
